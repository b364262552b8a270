/* IP addresses and CIDR ranges: cel-spec's network library, which is Kubernetes' too. */
#include <string.h>

#include "expr/function.h"
#include "expr/types/network.h"

static int make(
    struct calc *calc, enum value_type type, const struct network *from, struct expr_value *out)
{
	struct network *kept = calc_alloc(calc, sizeof(*kept));

	if (!kept)
		return -1;
	*kept = *from;
	*out = (struct expr_value){.type = type, .as.network = kept};
	return 0;
}

typedef const char *network_parse_fn(const char *text, size_t len, struct network *out);

static int read_text(
    struct calc *calc, const struct expr_value *text, network_parse_fn *parse, struct network *out)
{
	const char *why = parse(text->as.text.data, text->as.text.len, out);

	if (!why)
		return 0;
	return calc_fail(calc, "'%.*s' cannot be parsed: %s", CALC_SHOWN(calc, text), why);
}

static int ip_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network network;

	(void)count;
	if (read_text(calc, &args[0], network_parse_ip, &network) < 0)
		return -1;
	return make(calc, VALUE_IP, &network, out);
}

static int cidr_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network network;

	(void)count;
	if (read_text(calc, &args[0], network_parse_cidr, &network) < 0)
		return -1;
	return make(calc, VALUE_CIDR, &network, out);
}

static int is_ip(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network ignored;

	(void)calc;
	(void)count;
	*out = cel_bool(!network_parse_ip(args[0].as.text.data, args[0].as.text.len, &ignored));
	return 0;
}

static int is_cidr(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network ignored;

	(void)calc;
	(void)count;
	*out = cel_bool(!network_parse_cidr(args[0].as.text.data, args[0].as.text.len, &ignored));
	return 0;
}

static int is_canonical(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	char text[NETWORK_TEXT_MAX];
	struct network network;
	size_t len;

	(void)count;
	if (read_text(calc, &args[0], network_parse_ip, &network) < 0)
		return -1;
	len = network_format_ip(&network, text);
	*out = cel_bool(len == args[0].as.text.len && memcmp(text, args[0].as.text.data, len) == 0);
	return 0;
}

static int family(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.network->count == 4 ? 4 : 6);
	return 0;
}

/* What an address is for, by its first bits: RFC 1122, 3927, 4291, 5771. */
static const struct network unspecified4 = {.count = 4, .bits = 32};
static const struct network unspecified6 = {.count = 16, .bits = 128};
static const struct network broadcast4 = {{255, 255, 255, 255}, 4, 32};
static const struct network loopback4 = {{127}, 4, 8};
static const struct network loopback6 = {{[15] = 1}, 16, 128};
static const struct network multicast4 = {{224}, 4, 4};
static const struct network multicast6 = {{0xFF}, 16, 8};
static const struct network link_multicast4 = {{224}, 4, 24};
static const struct network link_unicast4 = {{169, 254}, 4, 16};
static const struct network link_unicast6 = {{0xFE, 0x80}, 16, 10};

static bool is_in(const struct network *address, const struct network *range)
{
	return network_same_prefix(address, range, range->bits);
}

static bool unspecified(const struct network *a)
{
	return is_in(a, &unspecified4) || is_in(a, &unspecified6);
}

static bool loopback(const struct network *a)
{
	return is_in(a, &loopback4) || is_in(a, &loopback6);
}

/* Of IPv6 the four bits of flags do not matter. */
static bool link_multicast(const struct network *a)
{
	if (a->count == 4)
		return is_in(a, &link_multicast4);
	return a->bytes[0] == 0xFF && (a->bytes[1] & 0x0F) == 2;
}

static bool link_unicast(const struct network *a)
{
	return is_in(a, &link_unicast4) || is_in(a, &link_unicast6);
}

static bool global_unicast(const struct network *a)
{
	return !unspecified(a) && !is_in(a, &broadcast4) && !loopback(a) && !link_unicast(a) &&
	       !is_in(a, &multicast4) && !is_in(a, &multicast6);
}

static int is_unspecified(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(unspecified(args[0].as.network));
	return 0;
}

static int is_loopback(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(loopback(args[0].as.network));
	return 0;
}

static int is_link_multicast(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(link_multicast(args[0].as.network));
	return 0;
}

static int is_link_unicast(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(link_unicast(args[0].as.network));
	return 0;
}

static int is_global_unicast(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_bool(global_unicast(args[0].as.network));
	return 0;
}

static int contains_ip(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct expr_value address = args[1];

	if (address.type == VALUE_STRING && ip_of(calc, &args[1], count, &address) < 0)
		return -1;
	*out = cel_bool(is_in(address.as.network, args[0].as.network));
	return 0;
}

static int contains_cidr(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct expr_value inner = args[1];

	if (inner.type == VALUE_STRING && cidr_of(calc, &args[1], count, &inner) < 0)
		return -1;
	*out = cel_bool(inner.as.network->bits >= args[0].as.network->bits &&
	                is_in(inner.as.network, args[0].as.network));
	return 0;
}

static int ip_of_cidr(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network address = *args[0].as.network;

	(void)count;
	address.bits = (uint8_t)(8 * address.count);
	return make(calc, VALUE_IP, &address, out);
}

static int masked(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network network = *args[0].as.network;

	(void)count;
	network_mask(&network);
	return make(calc, VALUE_CIDR, &network, out);
}

static int is_mask(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct network network = *args[0].as.network;

	(void)calc;
	(void)count;
	network_mask(&network);
	*out = cel_bool(network_equal(&network, args[0].as.network));
	return 0;
}

static int prefix_length(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.network->bits);
	return 0;
}

const struct overload lib_network[] = {
    {"ip", "!s", ip_of, "an IP address: ip('10.0.0.1'); of a CIDR range, its address: range.ip()"},
    {"ip", "c.", ip_of_cidr, NULL},
    {"isIP", "s", is_ip, "whether a string is an IP address, without a zone"},
    {"ip.isCanonical", "s", is_canonical, "whether an IP address is written in its one right form"},
    {"family", "p.", family, "of an IP address: 4 or 6"},
    {"isUnspecified", "p.", is_unspecified, "whether an IP address is 0.0.0.0 or ::"},
    {"isLoopback", "p.", is_loopback, "whether it is in 127.0.0.0/8, or ::1"},
    {"isLinkLocalMulticast", "p.", is_link_multicast, "whether it is in 224.0.0.0/24 or ff02::/16"},
    {"isLinkLocalUnicast", "p.", is_link_unicast, "whether it is in 169.254.0.0/16 or fe80::/10"},
    {"isGlobalUnicast", "p.", is_global_unicast,
        "whether it is one of a host that is not only here: private ones, too"},
    {"cidr", "!s", cidr_of, "a range of IP addresses: cidr('10.0.0.0/8')"},
    {"isCIDR", "s", is_cidr, "whether a string is such a range"},
    {"containsIP", "c.s", contains_ip, "whether a range has an address, a string or ip(), in it"},
    {"containsIP", "c.p", contains_ip, NULL},
    {"containsCIDR", "c.s", contains_cidr,
        "whether a range has another, a string or cidr(), in it"},
    {"containsCIDR", "c.c", contains_cidr, NULL},
    {"prefixLength", "c.", prefix_length, "the bits of a range's prefix: 8 of 10.0.0.0/8"},
    {"masked", "c.", masked, "the range with 0 for the bits after its prefix"},
    {"isMask", "c.", is_mask, "whether the bits of a range after its prefix are 0"},
    {0},
};
