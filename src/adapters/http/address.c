/*
 * Puts values into URLs. Invariant: a value that was found is one part of the address, whatever it holds: it adds
 * no segment and no parameter, takes none away, and leads to no other host. Only at the very beginning, where it
 * is the whole address or the base of it, it is what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/web.h"

#include "http.h"

/* What RFC 3986 lets stand anywhere, as tr(1) takes it. */
#define PLAIN "A-Za-z0-9._~-"

/* What would end a host, or hide an end of it. */
#define HOST_ENDS "/\\@?#%"

#define SHOWN 200

enum part {
	BEGINNING,
	SCHEME, /* or a base that is not known yet */
	AUTHORITY,
	PATH,
	REST, /* query and fragment */
};

struct address {
	struct buf *out;
	enum part part; /* that OUT ends in */
	size_t segment; /* where in OUT the path's last segment begins */
	bool found;     /* something was found that is in it */
	bool unknown;   /* it is not known yet as a whole */
	struct err *err;
};

static bool ends_with(const struct buf *out, const char *end)
{
	size_t len = strlen(end);

	return out->len >= len && strcmp(out->data + out->len - len, end) == 0;
}

/* What a slash leads to. */
static enum part behind_slash(const struct address *a)
{
	if (a->part == SCHEME && ends_with(a->out, ":"))
		return SCHEME;
	return a->part == SCHEME && ends_with(a->out, ":/") ? AUTHORITY : PATH;
}

static enum part next_part(const struct address *a, char c)
{
	if (a->part == REST || (a->part != BEGINNING && strchr("?#", c)))
		return REST;
	if (c == '/')
		return behind_slash(a);
	return a->part == BEGINNING ? SCHEME : a->part;
}

/* "." or "..", in any way that a server may read it: escaped, or with parameters behind it. */
static bool is_dots(const char *segment)
{
	size_t dots = 0;

	for (; *segment && *segment != ';'; dots++) {
		if (*segment == '.')
			segment++;
		else if (strncmp(segment, "%2e", 3) == 0 || strncmp(segment, "%2E", 3) == 0)
			segment += 3;
		else
			return false;
	}
	return dots == 1 || dots == 2;
}

static int wrong_segment(const struct address *a, const char *segment)
{
	return err_set(a->err, ERR_INPUT,
	    "%s%s%s was filled in as a whole part of the path, after '%.*s', so that another thing "
	    "would be asked for than is meant: leave the action out then (`when:`), or look for "
	    "where the value comes from",
	    *segment ? "the value '" : "an empty value", segment, *segment ? "'" : "",
	    (int)(a->segment < SHOWN ? a->segment : SHOWN), a->out->data);
}

/* The segment at the end of OUT is whole. */
static int end_segment(struct address *a)
{
	const char *segment = a->out->data + a->segment;
	bool judged = a->part == PATH && a->found && !a->unknown;

	a->found = a->unknown = false;
	if (judged && (!*segment || *segment == ';' || is_dots(segment)))
		return wrong_segment(a, segment);
	return 0;
}

/* Add what means what it says, and see where it leads. */
static int read_on(struct address *a, const char *text)
{
	for (; *text; text++) {
		if (strchr("/?#", *text) && end_segment(a) < 0)
			return -1;
		a->part = next_part(a, *text);
		buf_addc(a->out, *text);
		if (*text == '/')
			a->segment = a->out->len;
	}
	return 0;
}

/* The base of the address. */
static int add_base(struct address *a, const char *text, bool alone)
{
	if (!*text && !alone)
		return err_set(a->err, ERR_INPUT,
		    "an empty value was filled in where the address begins: leave the action out "
		    "then (`when:`), or look for where the value comes from");
	return read_on(a, text);
}

static int add_host(struct address *a, const char *text)
{
	if (strpbrk(text, HOST_ENDS))
		return err_set(a->err, ERR_INPUT,
		    "the value '%.*s' was filled in as a part of the host, in '%.*s…', and would "
		    "end it: it must be without any of %s",
		    SHOWN, text, SHOWN, a->out->data, HOST_ENDS);
	return read_on(a, text);
}

static int add_part(struct address *a, const char *text)
{
	char *encoded = web_encode(text, "");

	buf_adds(a->out, encoded);
	free(encoded);
	a->found = true;
	return 0;
}

static int add_found(struct address *a, const struct embed_piece *piece, bool alone)
{
	switch (a->part) {
	case BEGINNING:
		return add_base(a, piece->text, alone);
	case SCHEME:
	case AUTHORITY:
		return add_host(a, piece->text);
	default:
		return add_part(a, piece->text);
	}
}

static void add_unknown(struct address *a, struct embed_piece *piece)
{
	if (piece->from == EMBED_FOUND && a->part != BEGINNING)
		piece->plain = PLAIN;
	buf_adds(a->out, piece->text);
	a->part = a->part == BEGINNING ? SCHEME : a->part;
	a->unknown = true;
}

int http_embed(struct embed_piece *pieces, size_t count, struct buf *out, struct err *err)
{
	struct address a = {.out = out, .err = err};
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		if (!pieces[i].known)
			add_unknown(&a, &pieces[i]);
		else if (pieces[i].from == EMBED_FOUND)
			result = add_found(&a, &pieces[i], count == 1);
		else
			result = read_on(&a, pieces[i].text);
	}
	return result < 0 ? -1 : end_segment(&a);
}
