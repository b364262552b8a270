/* base64, and randomness for secrets. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "expr/function.h"
#include "fsops/base64.h"

#define RANDOM_MAX 1024 /* bytes in one go */

static int encode(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct buf text;

	(void)count;
	calc_buf(&text);
	base64_encode(&text, args[0].as.text.data, args[0].as.text.len);
	return calc_take(calc, &text, VALUE_STRING, out);
}

static int decode(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct buf bytes;

	(void)count;
	calc_buf(&bytes);
	if (base64_decode(&bytes, args[0].as.text.data, args[0].as.text.len) == 0)
		return calc_take(calc, &bytes, VALUE_BYTES, out);
	buf_release(&bytes);
	return calc_fail(calc, "the string is not base64");
}

static int fill_random(char *bytes, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = getrandom(bytes + have, len - have, 0);

		if (got < 0 && errno != EINTR)
			return -1;
		have += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

static int random_base64(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	char bytes[RANDOM_MAX] = {0};
	int64_t len = args[0].as.number;
	struct expr_value value = cel_bytes(bytes, (size_t)len);
	int result;

	if (len < 1 || len > RANDOM_MAX)
		return calc_fail(calc, "random_base64() makes 1 to %d bytes", RANDOM_MAX);
	if (fill_random(bytes, (size_t)len) < 0)
		return calc_fail(calc, "the system gives no random bytes");
	result = encode(calc, &value, count, out);
	explicit_bzero(bytes, sizeof(bytes));
	out->secret = true;
	return result;
}

const struct overload lib_encode[] = {
    {"base64.encode", "y", encode, "bytes as base64"},
    {"base64.encode", "s", encode, NULL},
    {"base64.decode", "s", decode, "the bytes of base64"},
    {"random_base64", "i", random_base64, "n random bytes as base64: a new secret"},
    {0},
};
