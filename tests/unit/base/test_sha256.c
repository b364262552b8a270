/* SHA-256 against the vectors of FIPS 180-4 and its examples, HMAC against RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/sha256.h"

static const struct vector {
	const char *text;
	const char *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void test_vectors(void **state)
{
	char text[SHA256_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		sha256_text(vectors[i].text, strlen(vectors[i].text), text);
		assert_string_equal(text, vectors[i].hex);
	}
}

/* A million times 'a', in pieces of every size, so that every way of filling a block is seen. */
static void test_million_in_pieces(void **state)
{
	unsigned char digest[SHA256_SIZE];
	char piece[200];
	char text[SHA256_TEXT];
	struct sha256 *hash = sha256_new();
	size_t left = 1000000;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	for (size_t step = 0; left; step = (step + 1) % sizeof(piece)) {
		size_t len = step < left ? step : left;

		sha256_update(hash, piece, len);
		left -= len;
	}
	sha256_end(hash, digest);
	sha256_hex(digest, text);
	assert_string_equal(
	    text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void check_hmac(const void *key, size_t key_len, const char *data, const char *hex)
{
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_TEXT];

	hmac_sha256(key, key_len, data, strlen(data), digest);
	sha256_hex(digest, text);
	assert_string_equal(text, hex);
}

static void test_hmac(void **state)
{
	unsigned char key[131];

	(void)state;
	memset(key, 0x0b, 20);
	check_hmac(key, 20, "Hi There",
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check_hmac("Jefe", 4, "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131);
	check_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_million_in_pieces),
	    cmocka_unit_test(test_hmac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
