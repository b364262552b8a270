/* What plain text stands for. Invariant: what plain_as_written() gives becomes, by
 * value_to_text(), the text that it was made of. */
#include "fsops/plain.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define DIGITS "0123456789"

static bool is_digits(const char *text)
{
	return *text && text[strspn(text, DIGITS)] == '\0';
}

static const char *after_sign(const char *text)
{
	return text + (*text == '-' || *text == '+');
}

/* The digits and the base of 0x… and 0o…; whatever else is decimal. */
static int base_of(const char **digits)
{
	const char *text = *digits;

	if (strncmp(text, "0x", 2) == 0 && text[2] &&
	    !text[2 + strspn(text + 2, DIGITS "abcdefABCDEF")]) {
		*digits += 2;
		return 16;
	}
	if (strncmp(text, "0o", 2) == 0 && text[2] && !text[2 + strspn(text + 2, "01234567")]) {
		*digits += 2;
		return 8;
	}
	return 10;
}

static json_t *read_int(const char *text)
{
	int base = base_of(&text);
	long long number;

	if (base == 10 && !is_digits(after_sign(text)))
		return NULL;
	errno = 0;
	number = strtoll(text, NULL, base);
	return errno ? NULL : json_integer(number);
}

/* JSON has no infinities: those stay text, and so does what a double has no room for. */
static json_t *read_real(const char *text)
{
	const char *at = after_sign(text);
	size_t whole = strspn(at, DIGITS);
	size_t part = at[whole] == '.' ? strspn(at + whole + 1, DIGITS) : 0;
	double real;

	at += whole + (at[whole] == '.' ? part + 1 : 0);
	if (whole + part == 0)
		return NULL;
	if (*at == 'e' || *at == 'E') {
		at = after_sign(at + 1);
		if (!is_digits(at))
			return NULL;
		at += strlen(at);
	}
	if (*at || is_digits(after_sign(text)))
		return NULL; /* whole numbers that no integer holds keep all their digits as text */
	real = strtod(text, NULL);
	return isfinite(real) ? json_real(real) : NULL;
}

json_t *plain_number(const char *text)
{
	json_t *number = read_int(text);

	return number ? number : read_real(text);
}

bool plain_truth(const char *text, bool *out)
{
	static const char *const words[] = {"false", "true", "False", "True", "FALSE", "TRUE"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i], text) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}

json_t *plain_as_written(const char *text)
{
	bool truth;
	json_t *value = plain_truth(text, &truth) ? json_boolean(truth) : plain_number(text);
	char *again = value ? value_to_text(value) : NULL;
	bool same = again && strcmp(again, text) == 0;

	free(again);
	if (same)
		return value;
	json_decref(value);
	return value_text(text, strlen(text));
}
