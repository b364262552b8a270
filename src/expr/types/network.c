/* Addresses as bytes. Invariant: bytes behind `count` are 0, so that equal ones are equal in memory. */
#include "network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define GROUPS 8 /* of 16 bits, in an IPv6 address */

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}; /* ::ffff:0:0/96 is IPv4 */

static bool is_mapped(const struct network *network)
{
	return network->count == 16 && memcmp(network->bytes, mapped, sizeof(mapped)) == 0;
}

static void unmap(struct network *network)
{
	memmove(network->bytes, network->bytes + sizeof(mapped), 4);
	memset(network->bytes + 4, 0, NETWORK_BYTES_MAX - 4);
	network->count = 4;
}

/* The address alone; inet_pton() refuses zeros in front of a part, as Go does. */
static const char *parse(const char *text, size_t len, struct network *out)
{
	char copy[NETWORK_TEXT_MAX];
	bool v6;

	if (len >= sizeof(copy) || memchr(text, '\0', len))
		return "it is no IP address";
	if (memchr(text, '%', len))
		return "an address with a zone is not allowed";
	v6 = memchr(text, ':', len) != NULL;
	*out = (struct network){.count = v6 ? 16 : 4, .bits = v6 ? 128 : 32};
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, out->bytes) != 1)
		return "it is no IP address";
	if (is_mapped(out) && strchr(copy, '.'))
		return "an IPv4 address inside of an IPv6 one is not allowed";
	return NULL;
}

const char *network_parse_ip(const char *text, size_t len, struct network *out)
{
	const char *why = parse(text, len, out);

	if (why || !is_mapped(out))
		return why;
	unmap(out);
	out->bits = 32;
	return NULL;
}

/* "0" to "128", without zeros in front. */
static int parse_bits(const char *text, size_t len)
{
	int bits = 0;

	if (len == 0 || len > 3 || (text[0] == '0' && len > 1))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		bits = bits * 10 + text[i] - '0';
	}
	return bits;
}

const char *network_parse_cidr(const char *text, size_t len, struct network *out)
{
	const char *slash = memchr(text, '/', len < NETWORK_TEXT_MAX ? len : NETWORK_TEXT_MAX);
	const char *why;
	int bits;

	if (!slash)
		return "it has no '/' with the length of a prefix";
	why = parse(text, (size_t)(slash - text), out);
	if (why)
		return why;
	if (is_mapped(out))
		return "an IPv4 address inside of an IPv6 one is not allowed";
	bits = parse_bits(slash + 1, len - (size_t)(slash + 1 - text));
	if (bits < 0 || bits > out->bits)
		return "the length of its prefix is wrong";
	out->bits = (uint8_t)bits;
	return NULL;
}

static unsigned group(const struct network *network, size_t index)
{
	return (unsigned)network->bytes[2 * index] << 8 | network->bytes[2 * index + 1];
}

/* The longest row of two or more groups that are 0, the first of them; 0 when there is none. */
static size_t longest_zeros(const struct network *network, size_t *start)
{
	size_t longest = 1;

	for (size_t i = 0; i < GROUPS; i++) {
		size_t end = i;

		while (end < GROUPS && group(network, end) == 0)
			end++;
		if (end - i > longest) {
			longest = end - i;
			*start = i;
		}
	}
	return longest > 1 ? longest : 0;
}

/* inet_ntop() writes the last groups of some addresses as IPv4. */
static size_t format_v6(const struct network *network, char out[NETWORK_TEXT_MAX])
{
	size_t start = GROUPS;
	size_t zeros = longest_zeros(network, &start);
	size_t len = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		if (i == start && zeros) {
			len += (size_t)snprintf(out + len, NETWORK_TEXT_MAX - len, "::");
			i += zeros - 1;
			continue;
		}
		len += (size_t)snprintf(out + len, NETWORK_TEXT_MAX - len, "%s%x",
		    i == 0 || i == start + zeros ? "" : ":", group(network, i));
	}
	return len;
}

size_t network_format_ip(const struct network *network, char out[NETWORK_TEXT_MAX])
{
	const uint8_t *b = network->bytes;

	if (network->count == 16)
		return format_v6(network, out);
	return (size_t)snprintf(out, NETWORK_TEXT_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

size_t network_format_cidr(const struct network *network, char out[NETWORK_TEXT_MAX])
{
	size_t len = network_format_ip(network, out);

	return len + (size_t)snprintf(out + len, NETWORK_TEXT_MAX - len, "/%u", network->bits);
}

bool network_equal(const struct network *a, const struct network *b)
{
	return a->count == b->count && a->bits == b->bits &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool network_same_prefix(const struct network *a, const struct network *other, unsigned bits)
{
	unsigned whole = bits / 8;
	uint8_t mask = (uint8_t)(0xFF00 >> bits % 8);

	if (a->count != other->count || memcmp(a->bytes, other->bytes, whole) != 0)
		return false;
	return bits % 8 == 0 || (a->bytes[whole] & mask) == (other->bytes[whole] & mask);
}

void network_mask(struct network *network)
{
	for (unsigned bit = network->bits; bit < 8u * network->count; bit++)
		network->bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}
