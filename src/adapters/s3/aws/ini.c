/*
 * ~/.aws/config and ~/.aws/credentials, as Python's configparser.RawConfigParser reads them with its
 * defaults (strict), and botocore.configloader on top of it.
 *
 * Invariant: a text that configparser refuses is refused here, and one that it reads has the same
 * sections, keys and values here. (Python 3.11, Lib/configparser.py, RawConfigParser._read)
 */
#include "aws.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

/* A file has at most a megabyte, so has a value. */
#define VALUE_MAX ((size_t)1024 * 1024)

struct ini {
	const char *name;
	int line;
	json_t *sections;
	json_t *defaults; /* [DEFAULT]: for every section that does not say otherwise */
	json_t *section;  /* the one that is open, borrowed; NULL: none yet */
	char *option;     /* the key that lines may be added to; NULL: none */
	struct buf value; /* its value so far */
	size_t indent;    /* of the line that began it */
};

/* A line or a part of one. */
struct span {
	const char *at;
	size_t len;
};

/* White space that is longer than a byte, as Python's str.isspace() knows it. */
static const char *const wide_blanks[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80",
    "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
    "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};

static bool is_narrow_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
}

/* How many bytes of white space TEXT begins with: of one character. */
static size_t blank_at_start(struct span text)
{
	if (text.len && is_narrow_blank(*text.at))
		return 1;
	for (size_t i = 0; i < COUNT_OF(wide_blanks); i++) {
		size_t len = strlen(wide_blanks[i]);

		if (text.len >= len && memcmp(text.at, wide_blanks[i], len) == 0)
			return len;
	}
	return 0;
}

static size_t blank_at_end(struct span text)
{
	if (text.len && is_narrow_blank(text.at[text.len - 1]))
		return 1;
	for (size_t i = 0; i < COUNT_OF(wide_blanks); i++) {
		size_t len = strlen(wide_blanks[i]);

		if (text.len >= len && memcmp(text.at + text.len - len, wide_blanks[i], len) == 0)
			return len;
	}
	return 0;
}

static struct span strip_end(struct span text)
{
	size_t blank;

	while ((blank = blank_at_end(text)))
		text.len -= blank;
	return text;
}

static struct span strip(struct span text)
{
	size_t blank;

	while ((blank = blank_at_start(text))) {
		text.at += blank;
		text.len -= blank;
	}
	return strip_end(text);
}

/* The characters of white space before the text: a wide one counts as one. */
static size_t indent_of(struct span line)
{
	size_t count = 0, blank;

	while ((blank = blank_at_start(line))) {
		line.at += blank;
		line.len -= blank;
		count++;
	}
	return count;
}

/* The next line of TEXT, which loses it: the ends of all systems are ends. */
static struct span next_line(struct span *text)
{
	struct span line = {text->at, 0};

	while (line.len < text->len && line.at[line.len] != '\n' && line.at[line.len] != '\r')
		line.len++;
	text->at += line.len;
	text->len -= line.len;
	if (text->len) {
		size_t end = text->len > 1 && text->at[0] == '\r' && text->at[1] == '\n' ? 2 : 1;

		text->at += end;
		text->len -= end;
	}
	return line;
}

static int refuse(const struct ini *ini, const char *why, struct span what, struct err *err)
{
	return err_set(err, ERR_INPUT, "%s:%d: %s%s%.*s%s: the aws command does not read it either",
	    ini->name, ini->line, why, what.len ? " '" : "", (int)(what.len < 60 ? what.len : 60),
	    what.at, what.len ? "'" : "");
}

/* --- a value of several lines, each "key = value" --- */

/* str.splitlines() ends lines at more than next_line() does. */
static bool ends_line(struct span text, size_t *len)
{
	static const char *const ends[] = {
	    "\v", "\f", "\x1c", "\x1d", "\x1e", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\n"};

	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		*len = strlen(ends[i]);
		if (text.len >= *len && memcmp(text.at, ends[i], *len) == 0)
			return true;
	}
	return false;
}

static json_t *text_of(struct span text)
{
	return json_stringn(text.at, text.len);
}

static int set_nested(const struct ini *ini, json_t *out, struct span line, struct err *err)
{
	const char *equals;
	struct span key;
	char *name;

	line = strip(line);
	if (!line.len)
		return 0;
	equals = memchr(line.at, '=', line.len);
	if (!equals)
		return refuse(
		    ini, "nested, but no 'key = value' before this line, here of", line, err);
	key = strip((struct span){line.at, (size_t)(equals - line.at)});
	name = mem_textn(key.at, key.len);
	json_object_set_new(out, name,
	    text_of(strip((struct span){equals + 1, line.len - (size_t)(equals - line.at) - 1})));
	free(name);
	return 0;
}

/* A new object; NULL: one of the lines is none. */
static json_t *nested(const struct ini *ini, struct span text, struct err *err)
{
	json_t *out = json_object();
	struct span line = {text.at, 0};

	for (size_t i = 0; i <= text.len;) {
		struct span rest = {text.at + i, text.len - i};
		size_t end = 1;

		if (i < text.len && !ends_line(rest, &end)) {
			line.len++;
			i++;
			continue;
		}
		if (set_nested(ini, out, line, err) < 0) {
			json_decref(out);
			return NULL;
		}
		i += end;
		line = (struct span){text.at + i, 0};
	}
	return out;
}

/* --- sections, keys and their lines --- */

/* The key that lines were added to is whole. */
static int close_option(struct ini *ini, struct err *err)
{
	struct span value = strip_end((struct span){ini->value.data, ini->value.len});
	json_t *item;

	if (!ini->option)
		return 0;
	item = value.len && *value.at == '\n' ? nested(ini, value, err) : text_of(value);
	if (item)
		json_object_set_new(ini->section, ini->option, item);
	free(ini->option);
	ini->option = NULL;
	buf_clear(&ini->value);
	return item ? 0 : -1;
}

static int open_section(struct ini *ini, struct span header, struct err *err)
{
	char *name = mem_textn(header.at, header.len);
	int result = 0;

	if (json_object_get(ini->sections, name)) {
		result = refuse(ini, "a second section", header, err);
	} else if (strcmp(name, "DEFAULT") == 0) {
		ini->section = ini->defaults;
	} else {
		ini->section = json_object();
		json_object_set_new(ini->sections, name, ini->section);
	}
	free(name);
	return result;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

static int open_option(struct ini *ini, struct span line, struct err *err)
{
	size_t len = 0;
	struct span key, value;

	while (len < line.len && line.at[len] != '=' && line.at[len] != ':')
		len++;
	key = strip_end((struct span){line.at, len});
	if (len == line.len || !key.len)
		return refuse(ini, "this is neither '[profile]' nor 'key = value'",
		    (struct span){"", 0}, err);
	value = strip((struct span){line.at + len + 1, line.len - len - 1});
	ini->option = mem_textn(key.at, key.len);
	lower(ini->option);
	if (json_object_get(ini->section, ini->option))
		return refuse(ini, "a second", key, err);
	buf_add(&ini->value, value.at, value.len);
	return 0;
}

/* "[header]", with anything behind the last bracket. */
static bool is_header(struct span line, struct span *header)
{
	const char *end =
	    line.len > 2 && *line.at == '[' ? memrchr(line.at + 2, ']', line.len - 2) : NULL;

	if (end)
		*header = (struct span){line.at + 1, (size_t)(end - line.at) - 1};
	return end;
}

static int begin_line(struct ini *ini, struct span line, struct err *err)
{
	struct span header;

	if (close_option(ini, err) < 0)
		return -1;
	if (is_header(line, &header))
		return open_section(ini, header, err);
	if (!ini->section)
		return refuse(ini, "there is no '[profile]' before", line, err);
	return open_option(ini, line, err);
}

static int read_line(struct ini *ini, struct span whole, struct err *err)
{
	struct span line = strip(whole);
	size_t indent = indent_of(whole);

	if (line.len && (*line.at == '#' || *line.at == ';'))
		return 0;
	if (!line.len) {
		if (ini->option)
			buf_addc(&ini->value, '\n');
		return 0;
	}
	if (ini->option && indent > ini->indent) {
		buf_addc(&ini->value, '\n');
		buf_add(&ini->value, line.at, line.len);
		return 0;
	}
	ini->indent = indent;
	return begin_line(ini, line, err);
}

static void add_defaults(struct ini *ini)
{
	const char *name, *key;
	json_t *section, *value;

	json_object_foreach(ini->sections, name, section)
		json_object_foreach(ini->defaults, key, value)
			if (!json_object_get(section, key))
				json_object_set(section, key, value);
}

/* What no line tells: bytes that are no text. */
static int check_bytes(const struct ini *ini, struct span text, struct err *err)
{
	json_t *valid = text_of(text);

	json_decref(valid);
	if (!valid || memchr(text.at, '\0', text.len))
		return err_set(err, ERR_INPUT, "'%s' is not text in UTF-8", ini->name);
	if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
		return err_set(err, ERR_INPUT,
		    "'%s' begins with a byte order mark, which the aws command does not read "
		    "either: save "
		    "it as UTF-8 without one",
		    ini->name);
	return 0;
}

json_t *aws_ini_parse(const char *name, const char *text, size_t len, struct err *err)
{
	struct span rest = {text, len};
	struct ini ini = {.name = name, .sections = json_object(), .defaults = json_object()};
	int result = check_bytes(&ini, rest, err);

	buf_init(&ini.value, VALUE_MAX);
	while (result == 0 && rest.len) {
		struct span line = next_line(&rest);

		ini.line++;
		result = read_line(&ini, line, err);
	}
	if (result == 0)
		result = close_option(&ini, err);
	if (result == 0)
		add_defaults(&ini);
	aws_wipe(ini.value.data, ini.value.len);
	buf_release(&ini.value);
	free(ini.option);
	json_decref(ini.defaults);
	if (result == 0)
		return ini.sections;
	json_decref(ini.sections);
	return NULL;
}
