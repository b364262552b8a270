/*
 * YAML that does not parse: what is wrong and what to do about it.
 *
 * libyaml tells a problem, its place, and what it was reading then; the table below
 * turns the usual ones into advice. What is not in the table is told in libyaml's words.
 */
#include "advice.h"

#include <string.h>

#include "fsops/mem.h"
#include "place.h"

static const struct advice {
	const char *problem; /* libyaml's text begins with this */
	const char *context; /* and what it was doing with this; NULL: anything */
	const char *at;      /* and the file goes on with this at the place; NULL: anything */
	bool begin;          /* report the place where what it was reading began */
	const char *text;
} table[] = {
    {"found character that cannot start", NULL, "\t", false,
        "a tab cannot be used for indentation; use spaces"},
    {"found a tab character", NULL, NULL, false,
        "a tab cannot be used for indentation; use spaces"},
    {"found character that cannot start", NULL, NULL, false,
        "a text cannot begin with this character unless it is quoted"},
    {"mapping values are not allowed", NULL, NULL, false,
        "': ' is not allowed here: quote the text if it belongs to it, else check the indentation"},
    {"block sequence entries are not allowed", NULL, NULL, false,
        "a list cannot begin here: put '- ' on a line of its own"},
    {"did not find expected key", NULL, NULL, false,
        "this is not a key of the map that it stands in: check the indentation and the quotes "
        "before it"},
    {"did not find expected '-' indicator", NULL, NULL, false,
        "the list ends here, but this is not a key beside it: check the indentation"},
    {"could not find expected ':'", NULL, NULL, true,
        "a key needs ': ' after it: add the colon and a blank, or check the indentation"},
    {"found unexpected end of stream", "while scanning a quoted scalar", NULL, true,
        "this quote is never closed"},
    {"found unknown escape character", NULL, NULL, false,
        "no such escape in a \"…\" text: write '\\\\' for a backslash, or use '…' quotes"},
    {"did not find expected ',' or ']'", NULL, "{", false,
        "a text with '{' inside […] must be quoted, as in \"${name}\""},
    {"did not find expected ',' or '}'", NULL, "{", false,
        "a text with '{' inside {…} must be quoted, as in \"${name}\""},
    {"did not find expected ',' or ']'", NULL, "[", false,
        "a text with '[' inside […] must be quoted, as in \"items[0]\""},
    {"did not find expected ',' or '}'", NULL, "[", false,
        "a text with '[' inside {…} must be quoted, as in \"items[0]\""},
    {"did not find expected ',' or ']'", NULL, NULL, false,
        "the list that '[' began is not closed with ']' before this"},
    {"did not find expected ',' or '}'", NULL, NULL, false,
        "the map that '{' began is not closed with '}' before this"},
    {"found unexpected ':'", NULL, NULL, false,
        "a key in {…} or […] needs a blank after its ':'; quote the text when the ':' belongs to "
        "it"},
    {"did not find expected comment or line break", "while scanning a block scalar", NULL, true,
        "a text that begins with '>' or '|' must be quoted, as in \"> 5%\""},
    {"did not find expected alphabetic", "while scanning an anchor", NULL, true,
        "a text that begins with '&' must be quoted"},
    {"did not find expected alphabetic", "while scanning an alias", NULL, true,
        "a text that begins with '*' must be quoted"},
    {"did not find", "while scanning a tag", NULL, true,
        "a text that begins with '!' must be quoted"},
    {"did not find", "while parsing a tag", NULL, true,
        "a text that begins with '!' must be quoted"},
    {"found undefined tag handle", NULL, NULL, false, "a text that begins with '!' must be quoted"},
    {"found un", "while scanning a directive", NULL, true,
        "a line that begins with '%' must be quoted"},
    {"did not find expected <document start>", NULL, NULL, false,
        "a second document begins here; a file holds one"},
    {"did not find expected node content", NULL, NULL, false, "there is no value here"},
};

static bool begins(const char *text, const char *with)
{
	return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

static const struct advice *find(const yaml_parser_t *parser, const char *rest)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (begins(parser->problem, table[i].problem) &&
		    begins(parser->context, table[i].context) && begins(rest, table[i].at))
			return &table[i];
	return NULL;
}

static struct pos pos_of(const struct document *document, yaml_mark_t mark)
{
	return (struct pos){document->file, (int)mark.line + 1, (int)mark.column + 1};
}

/* Bytes that are no text: libyaml gives their offset, not their line. */
static void add_unreadable(
    const yaml_parser_t *parser, const struct document *document, struct problems *list)
{
	struct pos pos = place_of_offset(document, parser->problem_offset);

	if (begins(parser->problem, "control characters"))
		problem_add(list, PROBLEM_ERROR, pos,
		    "a control character (code %d) is not allowed here; remove it",
		    parser->problem_value);
	else
		problem_add(list, PROBLEM_ERROR, pos,
		    "this is not UTF-8 (%s); save the file as UTF-8", parser->problem);
}

void advice_add(const yaml_parser_t *parser, const struct document *document, struct problems *list)
{
	struct pos at = pos_of(document, parser->problem_mark);
	const struct advice *advice;

	if (parser->error == YAML_READER_ERROR) {
		add_unreadable(parser, document, list);
		return;
	}
	advice = find(parser, place_text(document, at));
	if (advice)
		problem_add(list, PROBLEM_ERROR,
		    advice->begin ? pos_of(document, parser->context_mark) : at, "%s",
		    advice->text);
	else
		problem_add(list, PROBLEM_ERROR, at, "the YAML does not parse: %s%s%s",
		    parser->problem ? parser->problem : "no reason given",
		    parser->context ? " " : "", parser->context ? parser->context : "");
}
