/*
 * URLs: what is accepted as one, and putting them together.
 * Invariant: a URL that passed web_url_check() can be put into a request line and
 * into a message as it is: no blanks, no control characters, no password.
 */
#include "fsops/web.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* The end of the year 9999, seconds since the epoch: a date of HTTP has four digits for its year. */
#define DATE_MAX ((time_t)253402300799)

bool web_is_template(const char *text)
{
	return strstr(text, "${") != NULL;
}

static bool has_blank(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool found = curl_url_get(url, part, &text, 0) == CURLUE_OK && *text;

	curl_free(text);
	return found;
}

static bool starts_http(const char *url)
{
	return strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;
}

int web_url_check(const char *url, struct err *err)
{
	CURLU *parsed = NULL;
	CURLUcode code;
	int result = -1;

	if (has_blank(url)) {
		err_set(err, ERR_INPUT,
		    "the URL holds a blank, a line break or a control character: "
		    "write it percent-encoded (%%20)");
		goto out;
	}
	if (!starts_http(url)) {
		err_set(
		    err, ERR_INPUT, "'%s' is no URL: it must begin with http:// or https://", url);
		goto out;
	}
	parsed = curl_url();
	code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
	if (code != CURLUE_OK) {
		err_set(err, ERR_INPUT, "'%s' is no URL: %s", url, curl_url_strerror(code));
		goto out;
	}
	if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD)) {
		err_set(err, ERR_INPUT,
		    "the URL holds a user name or password, which would be shown: give the target "
		    "a `basic` or `bearer`, or send a header, from a variable");
		goto out;
	}
	result = 0;
out:
	curl_url_cleanup(parsed);
	return result;
}

int web_base_check(const char *url, struct err *err)
{
	if (strpbrk(url, "?#"))
		return err_set(err, ERR_INPUT,
		    "'%s' ends in a query or fragment: paths are added to it, so it must not", url);
	return web_url_check(url, err);
}

int web_smtp_check(const char *url, struct err *err)
{
	const char *host = strncmp(url, "smtp://", 7) == 0    ? url + 7
	                   : strncmp(url, "smtps://", 8) == 0 ? url + 8
	                                                      : NULL;
	CURLU *parsed;
	CURLUcode code;

	if (!host)
		return err_set(err, ERR_INPUT,
		    "'%s' is no mail server: it must begin with smtp:// or smtps://", url);
	if (has_blank(url) || strpbrk(host, "/?#@") || !*host)
		return err_set(err, ERR_INPUT,
		    "a mail server is a name and a port, such as smtp://mail.example.org:587, and "
		    "nothing else");
	parsed = curl_url();
	code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
	curl_url_cleanup(parsed);
	if (code != CURLUE_OK)
		return err_set(
		    err, ERR_INPUT, "'%s' is no mail server: %s", url, curl_url_strerror(code));
	return 0;
}

char *web_url_join(const char *base, const char *path)
{
	size_t len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	return mem_printf("%.*s%s", (int)len, base, path);
}

bool web_url_place(const char *url, char **host, char **port)
{
	CURLU *parsed = curl_url();
	char *name = NULL;
	char *number = NULL;

	if (parsed && !web_is_template(url) &&
	    curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_HOST, &name, 0) == CURLUE_OK &&
	    curl_url_get(parsed, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) == CURLUE_OK) {
		*host = mem_text(name);
		*port = mem_text(number);
	}
	curl_free(name);
	curl_free(number);
	curl_url_cleanup(parsed);
	return *host != NULL;
}

static bool parsed_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	CURLU *first = curl_url();
	CURLU *second = curl_url();
	bool same = first && second && curl_url_set(first, CURLUPART_URL, a, 0) == CURLUE_OK &&
	            curl_url_set(second, CURLUPART_URL, b, 0) == CURLUE_OK;

	for (size_t i = 0; same && i < sizeof(parts) / sizeof(*parts); i++) {
		char *one = NULL;
		char *other = NULL;

		same = curl_url_get(first, parts[i], &one, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       curl_url_get(second, parts[i], &other, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       strcasecmp(one, other) == 0;
		curl_free(one);
		curl_free(other);
	}
	curl_url_cleanup(first);
	curl_url_cleanup(second);
	return same;
}

/* How long "https://host:port" is at the beginning of URL when it is that and nothing else; 0: look closer. */
static size_t plain_origin(const char *url)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
	size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
	                : strncmp(url, "http://", 7) == 0 ? 7
	                                                  : 0;
	size_t host = strspn(url + scheme, plain);

	return scheme && host && strchr("/?#", url[scheme + host]) ? scheme + host : 0;
}

/* Both as a rule are the same to the letter. */
bool web_same_origin(const char *a, const char *b)
{
	size_t length = plain_origin(a);

	return (length && plain_origin(b) == length && memcmp(a, b, length) == 0) ||
	       parsed_same_origin(a, b);
}

char *web_through(const char *url, const json_t *target)
{
	const char *address = value_get_text(target, "hostaddr");
	const char *at = value_get_text(target, "port");
	char *host = NULL;
	char *port = NULL;
	char *through = NULL;

	if (!address || !at || !url)
		return NULL;
	if (web_url_place(url, &host, &port))
		through = mem_printf(strchr(address, ':') ? "%s:%s:[%s]:%s" : "%s:%s:%s:%s", host,
		    port, address, at);
	free(host);
	free(port);
	return through;
}

void web_through_show(const json_t *target, struct buf *out)
{
	char *through = web_through(value_get_text(target, "url"), target);

	if (through) {
		buf_adds(out, " --connect-to ");
		buf_add_shell_word(out, through);
	}
	free(through);
}

bool web_place(const json_t *args, const json_t *target, char **host, char **port)
{
	const char *url = value_get_text(target, "url");

	(void)args;
	if (url)
		web_url_place(url, host, port);
	return true;
}

char *web_encode(const char *text, const char *keep)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	struct buf out;

	buf_init(&out, strlen(text) * 3);
	for (; *text; text++) {
		if (strchr(plain, *text) || strchr(keep, *text))
			buf_addc(&out, *text);
		else
			buf_addf(&out, "%%%02X", (unsigned char)*text);
	}
	return buf_detach(&out);
}

int web_date(const char *text, char out[CLOCK_TEXT_MAX])
{
	time_t when = curl_getdate(text, NULL);

	if (when < 0 || when > DATE_MAX)
		return -1;
	clock_format_rfc3339((msec)when * 1000, out);
	return 0;
}
