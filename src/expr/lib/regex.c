/* Regular expressions: matches, find, findAll. */
#include "expr/function.h"
#include "expr/regex/cache.h"
#include "expr/regex/regex.h"
#include "expr/utf8.h"

#define VISITS_PER_STEP 128 /* states of the search that one step pays for */

/* Search, paying with the evaluation's steps. */
static int search(struct calc *calc, const struct regex *regex, const struct expr_value *text,
    size_t from, struct regex_match *match, bool *found)
{
	size_t paid = calc->steps * VISITS_PER_STEP;
	size_t left = paid;
	enum regex_result result = regex_search(
	    regex, &calc->arena, text->as.text.data, text->as.text.len, from, &left, match);

	if (result == REGEX_LIMIT)
		return calc_step(calc, calc->steps);
	*found = result == REGEX_FOUND;
	return calc_step(calc, (paid - left) / VISITS_PER_STEP);
}

static int matches(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct regex *regex = regex_cache_get(calc, &args[1]);
	bool found = false;

	(void)count;
	if (!regex || search(calc, regex, &args[0], 0, NULL, &found) < 0)
		return -1;
	*out = cel_bool(found);
	return 0;
}

static struct expr_value part(const struct expr_value *text, struct regex_match match)
{
	return cel_string(text->as.text.data + match.start, match.end - match.start);
}

static int find(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct regex *regex = regex_cache_get(calc, &args[1]);
	struct regex_match match = {0};
	bool found = false;

	(void)count;
	if (!regex || search(calc, regex, &args[0], 0, &match, &found) < 0)
		return -1;
	*out = found ? part(&args[0], match) : cel_string("", 0);
	return 0;
}

/* Where to go on after MATCH: behind it, and over a character when it is empty. */
static size_t behind(const struct expr_value *text, struct regex_match match)
{
	size_t step = 1;

	if (match.end > match.start)
		return match.end;
	if (match.end < text->as.text.len)
		utf8_decode(text->as.text.data + match.end, text->as.text.len - match.end, &step);
	return match.end + step;
}

static int find_all(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	const struct regex *regex = regex_cache_get(calc, &args[1]);
	const struct expr_value *text = &args[0];
	int64_t left = count == 3 && args[2].as.number >= 0 ? args[2].as.number : INT64_MAX;
	struct list_build list = {0};
	struct regex_match match = {0};
	size_t last_end = SIZE_MAX;
	bool found = regex != NULL;

	if (!regex)
		return -1;
	for (size_t at = 0; left > 0 && at <= text->as.text.len; at = behind(text, match)) {
		if (calc_step(calc, 1) < 0 || search(calc, regex, text, at, &match, &found) < 0)
			return -1;
		if (!found)
			break;
		/* An empty match right behind the last one is none of its own, as in Go. */
		if (match.end == match.start && match.start == last_end)
			continue;
		if (list_add(calc, &list, part(text, match)) < 0)
			return -1;
		last_end = match.end;
		left--;
	}
	return list_take(calc, &list, out);
}

const struct overload lib_regex[] = {
    {"matches", "s.x", matches, "whether a regular expression (RE2) matches somewhere in a string"},
    {"matches", "sx", matches, NULL},
    {"find", "s.x", find, "the first match of a regular expression, '' when there is none"},
    {"findAll", "s.x", find_all, "all matches of a regular expression, or the first n"},
    {"findAll", "s.xi", find_all, NULL},
    {0},
};
