/* URLs, as Kubernetes' library has them: url('https://a:8443/b').getPort() == '8443'. */
#include <string.h>

#include "expr/compare.h"
#include "expr/function.h"
#include "expr/types/url.h"
#include "expr/utf8.h"

static int url_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct url *url = calc_alloc(calc, sizeof(*url));
	const char *text = args[0].as.text.data;
	size_t len = args[0].as.text.len;
	const char *why;

	(void)count;
	if (!url || url_parse(calc, text, len, url, &why) < 0)
		return -1;
	if (why)
		return calc_fail(calc, "'%.*s' is no URL: %s", CALC_SHOWN(calc, &args[0]), why);
	*out = (struct expr_value){.type = VALUE_URL, .as.url = url};
	return 0;
}

static int is_url(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_bool(!url_check(args[0].as.text.data, args[0].as.text.len));
	return calc_step_bytes(calc, args[0].as.text.len);
}

static struct expr_value text_of(struct url_part part)
{
	return cel_string(part.len ? part.data : "", part.len);
}

static int get_scheme(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = text_of(args[0].as.url->scheme);
	return calc_step_bytes(calc, args[0].as.url->scheme.len);
}

static int get_host(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = text_of(args[0].as.url->host);
	return calc_step_bytes(calc, args[0].as.url->host.len);
}

static int get_hostname(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = text_of(url_hostname(args[0].as.url));
	return calc_step_bytes(calc, args[0].as.url->host.len);
}

static int get_port(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = text_of(url_port(args[0].as.url));
	return calc_step_bytes(calc, args[0].as.url->host.len);
}

static int get_path(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = text_of(args[0].as.url->path);
	return calc_step_bytes(calc, args[0].as.url->path.len);
}

/* A name or value of a query: *WRONG when it is none, as of a wrong %XX. */
static int decode(struct calc *calc, struct url_part part, struct expr_value *out, bool *wrong)
{
	char *text = calc_alloc(calc, part.len + 1);
	ssize_t len;

	if (!text)
		return -1;
	len = url_decode(part, true, text);
	*wrong |= len < 0 || !utf8_valid(text, (size_t)len);
	if (!*wrong)
		text[len] = '\0';
	*out = cel_string(text, *wrong ? 0 : (size_t)len);
	return 0;
}

/* One "name=value"; nothing when it cannot be read. */
static int read_pair(struct calc *calc, struct url_part pair, struct value_entry *out, bool *wrong)
{
	const char *equal = memchr(pair.data, '=', pair.len);
	struct url_part name = {pair.data, equal ? (size_t)(equal - pair.data) : pair.len};
	struct url_part value = {pair.data + pair.len, 0};

	if (equal)
		value = (struct url_part){equal + 1, pair.len - name.len - 1};
	*wrong = memchr(pair.data, ';', pair.len) != NULL;
	if (decode(calc, name, &out->key, wrong) < 0)
		return -1;
	return decode(calc, value, &out->value, wrong);
}

/* The pairs that can be read, in their order; as Go does, the others are passed over. */
static int read_pairs(struct calc *calc, struct url_part query, struct map_build *out)
{
	size_t at = 0;

	while (at < query.len) {
		const char *end = memchr(query.data + at, '&', query.len - at);
		size_t len = end ? (size_t)(end - query.data) - at : query.len - at;
		struct url_part pair = {query.data + at, len};
		struct value_entry entry;
		bool wrong;

		at += len + 1;
		if (len == 0)
			continue;
		if (calc_step(calc, 1) < 0 || read_pair(calc, pair, &entry, &wrong) < 0 ||
		    (!wrong && map_add(calc, out, entry) < 0))
			return -1;
	}
	return 0;
}

/* The values of the pairs from FIRST on that have its name. */
static int values_of(
    struct calc *calc, const struct map_build *pairs, size_t first, struct expr_value *out)
{
	const struct expr_value *key = &pairs->entries[first].key;
	struct list_build list = {0};

	if (calc_step(calc, (pairs->count - first) / 8) < 0)
		return -1;
	for (size_t i = first; i < pairs->count; i++)
		if (compare_keys(&pairs->entries[i].key, key) &&
		    list_add(calc, &list, pairs->entries[i].value) < 0)
			return -1;
	return list_take(calc, &list, out);
}

static int get_query(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct map_build pairs = {0}, map = {0};

	(void)count;
	if (calc_step_bytes(calc, args[0].as.url->query.len) < 0 ||
	    read_pairs(calc, args[0].as.url->query, &pairs) < 0 || map_take(calc, &map, out) < 0)
		return -1;
	for (size_t i = 0; i < pairs.count; i++) {
		struct value_entry entry = {.key = pairs.entries[i].key};
		bool known = false;

		if (calc_find(calc, out, &entry.key, &entry.value, &known) < 0)
			return -1;
		if (known)
			continue;
		if (values_of(calc, &pairs, i, &entry.value) < 0 ||
		    map_add(calc, &map, entry) < 0 || map_take(calc, &map, out) < 0)
			return -1;
	}
	return 0;
}

const struct overload lib_url[] = {
    {"url", "!s", url_of, "a URL or absolute path, to be taken apart: url('https://a:8443/b?c=d')"},
    {"isURL", "s", is_url, "whether a string is a URL or an absolute path"},
    {"getScheme", "h.", get_scheme, "of a URL: 'https', or '' without one"},
    {"getHost", "h.", get_host, "of a URL: host and port, 'a:8443'"},
    {"getHostname", "h.", get_hostname, "of a URL: the host without the port, 'a'"},
    {"getPort", "h.", get_port, "of a URL: the port, '8443', or '' without one"},
    {"getEscapedPath", "h.", get_path, "of a URL: the path, escaped where it must be: '/b'"},
    {"getQuery", "h.", get_query, "of a URL: a map of each name to its values: {'c': ['d']}"},
    {0},
};
