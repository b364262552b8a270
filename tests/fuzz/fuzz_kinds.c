/*
 * Fuzzing of the values that are read from text: IP addresses, ranges, URLs, versions,
 * quantities, times, and the named formats. The input is the text.
 *
 * Invariant: whatever the text is, nothing crashes or leaks, each condition below holds, and
 * what can't be said is an error of the kind EXPR_ERROR_EVAL.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const conditions[] = {
    "!isIP(s) || (ip(string(ip(s))) == ip(s) && ip.isCanonical(string(ip(s))))",
    "!isIP(s) || !ip(s).isGlobalUnicast() || !(ip(s).isLoopback() || ip(s).isUnspecified() || "
    "ip(s).isLinkLocalUnicast() || ip(s).isLinkLocalMulticast())",
    "!isCIDR(s) || cidr(string(cidr(s))) == cidr(s)",
    "!isCIDR(s) || (cidr(s).masked().isMask() && cidr(s).masked().containsCIDR(cidr(s)) && "
    "cidr(s).containsIP(cidr(s).ip()) && cidr(s).masked().masked() == cidr(s).masked())",
    "!isURL(s) || cel.bind(u, url(s), u == url(s) && u.getHost().contains(u.getHostname()) && "
    "u.getHost().endsWith(u.getPort()) && u.getEscapedPath().size() >= 0 && "
    "u.getQuery().all(k, v, v.size() > 0))",
    "isURL(s) == !format.uri().validate(s).hasValue()",
    "!isSemver(s) || (semver(string(semver(s))) == semver(s) && isSemver(s, true) && "
    "semver(s, true) == semver(s))",
    "!isSemver(s, true) || isSemver(string(semver(s, true)))",
    "!isQuantity(s) || quantity(string(quantity(s))) == quantity(s)",
    "!isQuantity(s) || (quantity(s) - quantity(s)).sign() == 0",
    "!isQuantity(s) || !quantity(s).isInteger() || "
    "quantity(string(quantity(s).asInteger())) == quantity(s)",
    "timestamp(string(timestamp(s))) == timestamp(s)",
    "duration(string(duration(s))) == duration(s)",
    "['dns1123Label', 'dns1123Subdomain', 'dns1035Label', 'qualifiedName', 'dns1123LabelPrefix', "
    "'dns1123SubdomainPrefix', 'dns1035LabelPrefix', 'labelValue', 'uuid', 'byte', 'date', "
    "'datetime'].all(f, format.named(f).value().validate(s).orValue(['x']).size() > 0)",
    "format.dns1123Label().validate(s).hasValue() || "
    "(!format.dns1123Subdomain().validate(s).hasValue() && "
    "!format.labelValue().validate(s).hasValue() && s.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'))",
};

#define CONDITIONS (sizeof(conditions) / sizeof(conditions[0]))

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	(void)name;
	(void)why;
	(void)why_size;
	*out = expr_value_json(ctx);
	return 0;
}

static struct expr *compiled(size_t index)
{
	static struct expr *made[CONDITIONS];
	struct expr_error error;

	if (!made[index])
		made[index] =
		    expr_compile(conditions[index], strlen(conditions[index]), NULL, &error);
	if (!made[index]) {
		fprintf(stderr, "%s: %s\n", conditions[index], error.text);
		abort();
	}
	return made[index];
}

static void check(size_t index, json_t *text)
{
	struct expr_scope scope = {.lookup = lookup, .ctx = text};
	struct expr_error error;
	bool holds = false;

	if (expr_eval_bool(compiled(index), &scope, &holds, &error) < 0) {
		if (error.kind != EXPR_ERROR_EVAL && error.kind != EXPR_ERROR_LIMIT)
			abort();
		return;
	}
	if (!holds) {
		fprintf(stderr, "does not hold: %s\n", conditions[index]);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *text = json_stringn((const char *)data, size);

	if (!text)
		return 0; /* not UTF-8 */
	for (size_t i = 0; i < CONDITIONS; i++)
		check(i, text);
	json_decref(text);
	return 0;
}
