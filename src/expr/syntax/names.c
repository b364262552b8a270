/*
 * What Kubernetes' API server asks of names, labels and some values.
 *
 * Invariant: pure; each check looks at each byte a bounded number of times.
 */
#include "names.h"

#include <string.h>

#include "expr/time/time.h"
#include "expr/types/url.h"

#define LABEL_MAX     63
#define SUBDOMAIN_MAX 253

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* TEXT has FIRST at its beginning, LAST at its end, and those or one of MIDDLE between. */
struct pattern {
	bool (*first)(char c);
	bool (*rest)(char c);
	const char *middle;
};

static bool is_lower_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

static const struct pattern label1123 = {is_lower_alnum, is_lower_alnum, "-"};
static const struct pattern label1035 = {is_lower, is_lower_alnum, "-"};
static const struct pattern qualified = {is_alnum, is_alnum, "-_."};

static bool fits(const struct pattern *pattern, const char *text, size_t len)
{
	if (len == 0 || !pattern->first(text[0]) || !pattern->rest(text[len - 1]))
		return false;
	for (size_t i = 1; i + 1 < len; i++)
		if (!pattern->rest(text[i]) && !(text[i] && strchr(pattern->middle, text[i])))
			return false;
	return true;
}

/* Labels with dots between them. */
static bool is_subdomain(const char *text, size_t len)
{
	const char *end = text + len;

	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));

		if (!fits(&label1123, text, (size_t)((dot ? dot : end) - text)))
			return false;
		if (!dot)
			return true;
		text = dot + 1;
	}
}

static const char wrong_1123[] = "a label has small letters, digits and '-' only, and begins and "
                                 "ends with a letter or digit";
static const char wrong_1035[] = "a label has small letters, digits and '-' only, begins with a "
                                 "letter and ends with a letter or digit";
static const char wrong_subdomain[] =
    "a subdomain has small letters, digits, '-' and '.' only, and "
    "each part begins and ends with a letter or digit";
static const char wrong_qualified[] =
    "a name has letters, digits, '-', '_' and '.' only, and begins "
    "and ends with a letter or digit";
static const char too_long[] = "there are more than 63 characters";
static const char too_long_subdomain[] = "there are more than 253 characters";

static size_t label(const struct pattern *pattern, const char *wrong, const char *text, size_t len,
    const char **out)
{
	size_t count = 0;

	if (len > LABEL_MAX)
		out[count++] = too_long;
	if (!fits(pattern, text, len))
		out[count++] = wrong;
	return count;
}

static size_t dns1123_label(const char *text, size_t len, const char **out)
{
	return label(&label1123, wrong_1123, text, len, out);
}

static size_t dns1035_label(const char *text, size_t len, const char **out)
{
	return label(&label1035, wrong_1035, text, len, out);
}

static size_t dns1123_subdomain(const char *text, size_t len, const char **out)
{
	size_t count = 0;

	if (len > SUBDOMAIN_MAX)
		out[count++] = too_long_subdomain;
	if (!is_subdomain(text, len))
		out[count++] = wrong_subdomain;
	return count;
}

typedef size_t check_fn(const char *text, size_t len, const char **out);

/* Of what something will follow, a '-' at the end is no mistake. As Kubernetes does it: an 'a' stands
 * for the '-' and the character before it. */
static size_t prefix(check_fn *check, const char *text, size_t len, const char **out)
{
	char copy[SUBDOMAIN_MAX + 2];

	if (len < 2 || len > sizeof(copy) || text[len - 1] != '-')
		return check(text, len, out);
	memcpy(copy, text, len - 2);
	copy[len - 2] = 'a';
	return check(copy, len - 1, out);
}

static size_t dns1123_label_prefix(const char *text, size_t len, const char **out)
{
	return prefix(dns1123_label, text, len, out);
}

static size_t dns1123_subdomain_prefix(const char *text, size_t len, const char **out)
{
	return prefix(dns1123_subdomain, text, len, out);
}

static size_t dns1035_label_prefix(const char *text, size_t len, const char **out)
{
	return prefix(dns1035_label, text, len, out);
}

static size_t qualified_name(const char *text, size_t len, const char **out)
{
	const char *slash = len ? memchr(text, '/', len) : NULL;
	size_t before = slash ? (size_t)(slash - text) : 0;
	size_t count = 0;

	if (slash && before == 0)
		out[count++] = "there is nothing before '/'";
	else if (slash)
		count = dns1123_subdomain(text, before, out);
	if (slash)
		before++;
	return count + label(&qualified, wrong_qualified, text + before, len - before, out + count);
}

static size_t label_value(const char *text, size_t len, const char **out)
{
	return len ? label(&qualified, wrong_qualified, text, len, out) : 0;
}

static size_t uri(const char *text, size_t len, const char **out)
{
	out[0] = url_check(text, len);
	return out[0] != NULL;
}

static size_t verdict(bool right, const char *wrong, const char **out)
{
	out[0] = wrong;
	return !right;
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* 32 hex digits; a '-' may stand before the 9th, 13th, 17th and 21st. */
static size_t uuid(const char *text, size_t len, const char **out)
{
	size_t digits = 0;
	bool dash = false;

	for (size_t i = 0; i < len; i++) {
		bool place = digits >= 8 && digits <= 20 && digits % 4 == 0 && !dash;

		dash = text[i] == '-' && place;
		if (!dash && !is_hex(text[i]))
			return verdict(false, "it is no UUID", out);
		digits += !dash;
	}
	return verdict(digits == 32 && !dash, "it is no UUID", out);
}

static size_t base64(const char *text, size_t len, const char **out)
{
	size_t end = len;

	while (end > 0 && len - end < 2 && text[end - 1] == '=')
		end--;
	for (size_t i = 0; i < end; i++)
		if (!is_alnum(text[i]) && text[i] != '+' && text[i] != '/')
			end = 0;
	return verdict(end > 0 && len % 4 == 0, "it is no base64", out);
}

static bool is_moment(const char *text, size_t len)
{
	int64_t seconds;
	int32_t nanos;

	return time_parse(text, len, &seconds, &nanos) == TIME_OK;
}

static size_t date(const char *text, size_t len, const char **out)
{
	char moment[] = "YYYY-MM-DDT00:00:00Z";
	bool right = len == 10;

	if (right)
		memcpy(moment, text, len);
	return verdict(
	    right && is_moment(moment, strlen(moment)), "it is no date (2026-11-23)", out);
}

static size_t datetime(const char *text, size_t len, const char **out)
{
	bool right = len > 10 && (text[10] == 'T' || text[10] == 't') && is_moment(text, len);

	return verdict(right, "it is no date and time (2026-11-23T09:00:00Z)", out);
}

const struct name_format name_formats[] = {
    {"dns1123Label", dns1123_label},
    {"dns1123Subdomain", dns1123_subdomain},
    {"dns1035Label", dns1035_label},
    {"qualifiedName", qualified_name},
    {"dns1123LabelPrefix", dns1123_label_prefix},
    {"dns1123SubdomainPrefix", dns1123_subdomain_prefix},
    {"dns1035LabelPrefix", dns1035_label_prefix},
    {"labelValue", label_value},
    {"uri", uri},
    {"uuid", uuid},
    {"byte", base64},
    {"date", date},
    {"datetime", datetime},
    {0},
};

const struct name_format *name_format_find(const char *name, size_t len)
{
	for (const struct name_format *f = name_formats; f->name; f++)
		if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
			return f;
	return NULL;
}
