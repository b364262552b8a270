/* Versions. Invariant: the identifiers of a struct semver have been checked. */
#include "semver.h"

#include <string.h>

/* What is left to read. */
struct scan {
	const char *at;
	const char *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static int scan_number(struct scan *s, bool lenient, int64_t *out)
{
	const char *start = s->at;

	*out = 0;
	for (; s->at < s->end && is_digit(*s->at); s->at++)
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, *s->at - '0', out))
			return -1;
	if (s->at == start || (!lenient && *start == '0' && s->at - start > 1))
		return -1;
	return 0;
}

/* A part between dots; a number of a prerelease has no zeros in front. */
static bool is_identifier(const char *text, size_t len, bool zeros)
{
	bool number = true;

	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]) && !is_letter(text[i]))
			return false;
		number &= is_digit(text[i]);
	}
	return len > 0 && (zeros || !number || text[0] != '0' || len == 1);
}

/* One identifier; the dot after it is skipped. */
static size_t next_identifier(struct scan *s, const char **out)
{
	const char *dot = memchr(s->at, '.', (size_t)(s->end - s->at));
	size_t len = (size_t)((dot ? dot : s->end) - s->at);

	*out = s->at;
	s->at = dot ? dot + 1 : s->end;
	return len;
}

static bool are_identifiers(const char *text, size_t len, bool zeros)
{
	struct scan s = {text, text + len};
	const char *part;

	if (len == 0 || text[len - 1] == '.')
		return false;
	while (s.at < s.end) {
		size_t part_len = next_identifier(&s, &part);

		if (!is_identifier(part, part_len, zeros))
			return false;
	}
	return true;
}

/* "-alpha.1+build" */
static int scan_rest(struct scan *s, struct semver *out)
{
	const char *plus = memchr(s->at, '+', (size_t)(s->end - s->at));
	const char *end = plus ? plus : s->end;

	if (plus) {
		out->build = plus + 1;
		out->build_len = (size_t)(s->end - out->build);
		if (!are_identifiers(out->build, out->build_len, true))
			return -1;
	}
	if (s->at == end)
		return 0;
	if (*s->at != '-')
		return -1;
	out->prerelease = s->at + 1;
	out->prerelease_len = (size_t)(end - out->prerelease);
	return are_identifiers(out->prerelease, out->prerelease_len, false) ? 0 : -1;
}

int semver_parse(const char *text, size_t len, bool lenient, struct semver *out)
{
	struct scan s = {text, text + len};

	*out = (struct semver){.prerelease = "", .build = ""};
	if (lenient && len > 0 && text[0] == 'v')
		s.at++;
	for (int i = 0; i < 3; i++) {
		if (i > 0 && lenient && s.at == s.end)
			return 0;
		if (i > 0 && (s.at == s.end || *s.at++ != '.'))
			return -1;
		if (scan_number(&s, lenient, &out->numbers[i]) < 0)
			return -1;
	}
	return scan_rest(&s, out);
}

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static bool is_number(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

/* Numbers go before words, by their value: none has zeros in front. */
static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
	bool a_number = is_number(a, a_len);
	bool b_number = is_number(b, b_len);
	int order;

	if (a_number != b_number)
		return a_number ? -1 : 1;
	if (a_number && a_len != b_len)
		return a_len < b_len ? -1 : 1;
	order = memcmp(a, b, a_len < b_len ? a_len : b_len);
	if (order == 0)
		return compare_numbers((int64_t)a_len, (int64_t)b_len);
	return order < 0 ? -1 : 1;
}

/* A version without a prerelease is after those with one; of more identifiers after fewer. */
static int compare_prereleases(const struct semver *a, const struct semver *b)
{
	struct scan left = {a->prerelease, a->prerelease + a->prerelease_len};
	struct scan right = {b->prerelease, b->prerelease + b->prerelease_len};
	const char *x, *y;
	int order = 0;

	if (!a->prerelease_len || !b->prerelease_len)
		return !a->prerelease_len - !b->prerelease_len;
	while (order == 0 && left.at < left.end && right.at < right.end) {
		size_t x_len = next_identifier(&left, &x);
		size_t y_len = next_identifier(&right, &y);

		order = compare_identifiers(x, x_len, y, y_len);
	}
	return order ? order : (left.at < left.end) - (right.at < right.end);
}

int semver_compare(const struct semver *a, const struct semver *b)
{
	for (int i = 0; i < 3; i++)
		if (a->numbers[i] != b->numbers[i])
			return compare_numbers(a->numbers[i], b->numbers[i]);
	return compare_prereleases(a, b);
}
