/* Base64, by libcrypto. Invariant: what base64_encode() makes, base64_decode() takes back. */
#include "fsops/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"

/* So many bytes are encoded at once: EVP_EncodeBlock() counts in int. */
#define PIECE      3072
#define PIECE_TEXT (PIECE / 3 * 4)

void base64_encode(struct buf *out, const void *data, size_t len)
{
	unsigned char text[PIECE_TEXT + 1];

	for (const unsigned char *at = data; len > 0;) {
		size_t piece = len < PIECE ? len : PIECE;

		buf_add(out, text, (size_t)EVP_EncodeBlock(text, at, (int)piece));
		at += piece;
		len -= piece;
	}
}

/* Digits only, with the padding that belongs to so many of them or with none: EVP_DecodeBlock() would let
 * blanks pass around them. The number of digits, or -1. */
static ptrdiff_t count_digits(const char *text, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t padding = 0;

	while (len > 0 && padding < 2 && text[len - 1] == '=') {
		len--;
		padding++;
	}
	if (len % 4 == 1 || (padding && (len + padding) % 4 != 0))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (!text[i] || !strchr(digits, text[i]))
			return -1;
	}
	return (ptrdiff_t)len;
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
	ptrdiff_t count = count_digits(text, len);
	unsigned char four[4], three[3];

	if (count < 0)
		return -1;
	for (size_t at = 0; at < (size_t)count; at += sizeof(four)) {
		size_t left = (size_t)count - at;
		size_t used = left < sizeof(four) ? left : sizeof(four);

		memset(four, '=', sizeof(four));
		memcpy(four, text + at, used);
		if (EVP_DecodeBlock(three, four, sizeof(four)) < 0)
			return -1;
		buf_add(out, three, used * 3 / 4);
	}
	return 0;
}
