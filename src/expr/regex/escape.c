/* Escapes and group openings. Invariant: the cursor never goes behind the end. */
#include "escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expr/utf8.h"
#include "fsops/mem.h"

int pattern_fail(struct pattern *p, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(p->error->text, sizeof(p->error->text), fmt, args);
	va_end(args);
	return -1;
}

bool pattern_starts(const struct pattern *p, const char *text)
{
	return strncmp(p->at, text, strlen(text)) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* \x41 or \x{1F600}; the cursor is behind the x. */
static int escape_hex(struct pattern *p, uint32_t *out)
{
	bool braces = *p->at == '{';
	int digits = 0;

	p->at += braces;
	*out = 0;
	for (; hex_value(*p->at) >= 0 && digits < (braces ? 8 : 2); digits++, p->at++)
		*out = *out << 4 | (uint32_t)hex_value(*p->at);
	if (digits == 0 || (!braces && digits < 2) || (braces && *p->at != '}') || *out > UTF8_LAST)
		return pattern_fail(p, "\\x needs two digits, or a code point in braces");
	p->at += braces;
	return 0;
}

/* \0, \012, \377; the cursor is behind the backslash. A single digit that is not 0
 * would be a backreference. */
static int escape_octal(struct pattern *p, uint32_t *out)
{
	int digits = 0;

	if (*p->at != '0' && (p->at[1] < '0' || p->at[1] > '7'))
		return pattern_fail(p, "there are no backreferences (\\%c)", *p->at);
	*out = 0;
	for (; *p->at >= '0' && *p->at <= '7' && digits < 3; digits++, p->at++)
		*out = *out << 3 | (uint32_t)(*p->at - '0');
	return 0;
}

/* Letters for control characters, in pairs. */
static const char controls[] = "a\af\fn\nr\rt\tv\v";

static int escape_letter(struct pattern *p, uint32_t *out)
{
	char c = *p->at;

	for (size_t i = 0; controls[i]; i += 2)
		if (controls[i] == c) {
			*out = (uint8_t)controls[i + 1];
			p->at++;
			return 0;
		}
	if (c == 'x') {
		p->at++;
		return escape_hex(p, out);
	}
	if (c >= '0' && c <= '7')
		return escape_octal(p, out);
	if (!c)
		return pattern_fail(p, "the pattern ends with a backslash");
	return pattern_fail(p, "unknown escape \\%c", c);
}

int escape_char(struct pattern *p, uint32_t *out)
{
	size_t step;

	if (*p->at == '\\') {
		char c = *++p->at;
		bool letter = hex_value(c) >= 0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (letter || !c)
			return escape_letter(p, out);
		if ((uint8_t)c >= 0x80)
			return pattern_fail(p, "an unknown escape");
	}
	if (p->at >= p->end)
		return pattern_fail(p, "the pattern ends too early");
	*out = utf8_decode(p->at, (size_t)(p->end - p->at), &step);
	p->at += step;
	return 0;
}

int escape_category(struct pattern *p, struct class_build *build)
{
	struct class_build inner = {0};
	bool negated = p->at[1] == 'P';
	bool braces = p->at[2] == '{';
	const char *name = p->at + 2 + braces;
	const char *end = braces ? strchr(name, '}') : name + (*name != '\0');
	bool found;

	if (end && *name == '^') {
		negated = !negated;
		name++;
	}
	found = end && end > name && class_add_category(&inner, name, (size_t)(end - name));
	if (found) {
		p->at = end + braces;
		class_normalize(&inner);
		for (size_t i = 0; i < inner.count && !negated; i++)
			class_add(build, inner.ranges[i].low, inner.ranges[i].high);
		if (negated)
			class_add_others(build, &inner);
	}
	class_release(&inner);
	if (!found)
		return pattern_fail(p,
		    "unknown category after \\p; there are L, Lu, Ll, Lt, Lm, Lo, M, N, "
		    "Nd, P, S, Z, Zs, and no scripts");
	return 0;
}

/* <name> of a group: letters, digits, '_'. */
static int group_name(struct pattern *p)
{
	const char *start = p->at;

	while (*p->at == '_' || (*p->at >= '0' && *p->at <= '9') ||
	       (*p->at >= 'a' && *p->at <= 'z') || (*p->at >= 'A' && *p->at <= 'Z'))
		p->at++;
	if (p->at == start || *p->at != '>')
		return pattern_fail(p, "the name of a group is not valid");
	p->at++;
	return GROUP_OPENED;
}

static unsigned flag_of(char letter)
{
	static const char letters[] = "imsU";
	const char *found = letter ? strchr(letters, letter) : NULL;

	return found ? 1u << (found - letters) : 0;
}

/* "i-s:" or "i-s)"; the cursor is behind "(?". */
static int group_flags(struct pattern *p)
{
	unsigned flags = p->flags;
	bool off = false;

	for (; flag_of(*p->at) || (*p->at == '-' && !off); p->at++) {
		if (*p->at == '-')
			off = true;
		else if (off)
			flags &= ~flag_of(*p->at);
		else
			flags |= flag_of(*p->at);
	}
	if (*p->at != ':' && *p->at != ')')
		return pattern_fail(p, "unknown group (?%c; there is no look-ahead or look-behind",
		    *p->at ? *p->at : ' ');
	p->flags = flags;
	return *p->at++ == ':' ? GROUP_OPENED : GROUP_FLAGS_ONLY;
}

int group_open(struct pattern *p)
{
	p->at++;
	if (*p->at != '?')
		return GROUP_OPENED;
	p->at++;
	if (pattern_starts(p, "P<")) {
		p->at += 2;
		return group_name(p);
	}
	if (*p->at == '<' && p->at[1] != '=' && p->at[1] != '!') {
		p->at++;
		return group_name(p);
	}
	return group_flags(p);
}
