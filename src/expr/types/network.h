/* IP addresses and ranges of them (CIDR), as cel-spec's network library means them. */
#ifndef EXPR_NETWORK_H
#define EXPR_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_BYTES_MAX 16
#define NETWORK_TEXT_MAX  48

struct network {
	uint8_t bytes[NETWORK_BYTES_MAX]; /* most significant first; zero after `count` */
	uint8_t count;                    /* 4 or 16 */
	uint8_t bits;                     /* of the prefix; all of an address */
};

/* An address; what is IPv4 written as IPv6 (::ffff:c0a8:1) is IPv4. NULL, or what is wrong. */
const char *network_parse_ip(const char *text, size_t len, struct network *out);

/* "10.1.2.3/8": the bits after the prefix are kept. NULL, or what is wrong. */
const char *network_parse_cidr(const char *text, size_t len, struct network *out);

/* The canonical text (RFC 5952) without, or with, the length of the prefix; returns its length. */
size_t network_format_ip(const struct network *network, char out[NETWORK_TEXT_MAX]);
size_t network_format_cidr(const struct network *network, char out[NETWORK_TEXT_MAX]);

bool network_equal(const struct network *a, const struct network *b);

/* Whether the first BITS bits are those of OTHER, of the same family. */
bool network_same_prefix(const struct network *a, const struct network *other, unsigned bits);

/* Set the bits after the prefix to 0. */
void network_mask(struct network *network);

#endif
