/*
 * SHA-256 and HMAC. Invariant: between calls `block` holds the bytes of the last,
 * unfinished block, and `state` is the hash of all blocks before it.
 */
#include "fsops/sha256.h"

#include <string.h>

#define BLOCK 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98,
    0x71374491,
    0xb5c0fbcf,
    0xe9b5dba5,
    0x3956c25b,
    0x59f111f1,
    0x923f82a4,
    0xab1c5ed5,
    0xd807aa98,
    0x12835b01,
    0x243185be,
    0x550c7dc3,
    0x72be5d74,
    0x80deb1fe,
    0x9bdc06a7,
    0xc19bf174,
    0xe49b69c1,
    0xefbe4786,
    0x0fc19dc6,
    0x240ca1cc,
    0x2de92c6f,
    0x4a7484aa,
    0x5cb0a9dc,
    0x76f988da,
    0x983e5152,
    0xa831c66d,
    0xb00327c8,
    0xbf597fc7,
    0xc6e00bf3,
    0xd5a79147,
    0x06ca6351,
    0x14292967,
    0x27b70a85,
    0x2e1b2138,
    0x4d2c6dfc,
    0x53380d13,
    0x650a7354,
    0x766a0abb,
    0x81c2c92e,
    0x92722c85,
    0xa2bfe8a1,
    0xa81a664b,
    0xc24b8b70,
    0xc76c51a3,
    0xd192e819,
    0xd6990624,
    0xf40e3585,
    0x106aa070,
    0x19a4c116,
    0x1e376c08,
    0x2748774c,
    0x34b0bcb5,
    0x391c0cb3,
    0x4ed8aa4a,
    0x5b9cca4f,
    0x682e6ff3,
    0x748f82ee,
    0x78a5636f,
    0x84c87814,
    0x8cc70208,
    0x90befffa,
    0xa4506ceb,
    0xbef9a3f7,
    0xc67178f2,
};

static uint32_t rotate(uint32_t word, int bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t load(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The message schedule: 16 words of the block, 48 made from them. */
static void expand(const unsigned char *block, uint32_t words[64])
{
	for (int i = 0; i < 16; i++)
		words[i] = load(block + i * 4);
	for (int i = 16; i < 64; i++) {
		uint32_t a = words[i - 15];
		uint32_t b = words[i - 2];

		words[i] = words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + words[i - 7] +
		           (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
	}
}

static void take_block(struct sha256 *hash, const unsigned char *block)
{
	uint32_t words[64];
	uint32_t s[8];

	expand(block, words);
	memcpy(s, hash->state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t big1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
		uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
		uint32_t first = s[7] + big1 + choice + round_constants[i] + words[i];
		uint32_t big0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
		uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += first;
		s[0] = first + big0 + majority;
	}
	for (int i = 0; i < 8; i++)
		hash->state[i] += s[i];
}

void sha256_init(struct sha256 *hash)
{
	/* The same of the square roots of the first 8 primes. */
	*hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_update(struct sha256 *hash, const void *data, size_t len)
{
	const unsigned char *at = data;
	size_t used = hash->total % BLOCK;

	hash->total += len;
	while (len) {
		size_t step = BLOCK - used < len ? BLOCK - used : len;

		if (step == BLOCK) {
			take_block(hash, at);
		} else {
			memcpy(hash->block + used, at, step);
			if (used + step == BLOCK)
				take_block(hash, hash->block);
		}
		used = (used + step) % BLOCK;
		at += step;
		len -= step;
	}
}

/* A one bit, zeros, and the length in bits fill the last block. */
static void pad(struct sha256 *hash)
{
	static const unsigned char padding[BLOCK] = {0x80};
	uint64_t bits = hash->total * 8;
	size_t used = hash->total % BLOCK;
	unsigned char length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - i * 8));
	sha256_update(hash, padding, used < 56 ? 56 - used : BLOCK + 56 - used);
	sha256_update(hash, length, sizeof(length));
}

void sha256_final(struct sha256 *hash, unsigned char digest[SHA256_SIZE])
{
	pad(hash);
	for (int i = 0; i < SHA256_SIZE; i++)
		digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - i % 4 * 8));
}

void sha256_hex(const unsigned char digest[SHA256_SIZE], char text[SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < SHA256_SIZE; i++) {
		text[i * 2] = digits[digest[i] >> 4];
		text[i * 2 + 1] = digits[digest[i] & 15];
	}
	text[SHA256_TEXT - 1] = '\0';
}

void sha256_text(const void *data, size_t len, char text[SHA256_TEXT])
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, data, len);
	sha256_final(&hash, digest);
	sha256_hex(digest, text);
}

/* One of HMAC's two passes: the hash of the key, every byte XORed with MASK, and DATA. */
static void hmac_pass(const unsigned char key[BLOCK], unsigned char mask, const void *data,
    size_t len, unsigned char digest[SHA256_SIZE])
{
	unsigned char masked[BLOCK];
	struct sha256 hash;

	for (int i = 0; i < BLOCK; i++)
		masked[i] = key[i] ^ mask;
	sha256_init(&hash);
	sha256_update(&hash, masked, BLOCK);
	sha256_update(&hash, data, len);
	sha256_final(&hash, digest);
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
    unsigned char digest[SHA256_SIZE])
{
	unsigned char block[BLOCK] = {0};
	unsigned char inner[SHA256_SIZE];
	struct sha256 hash;

	if (key_len > BLOCK) {
		sha256_init(&hash);
		sha256_update(&hash, key, key_len);
		sha256_final(&hash, block);
	} else if (key_len) {
		memcpy(block, key, key_len);
	}
	hmac_pass(block, 0x36, data, len, inner);
	hmac_pass(block, 0x5c, inner, sizeof(inner), digest);
}
