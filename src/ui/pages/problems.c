/*
 * What lint found: for people, as JSON, as annotations of GitHub.
 *
 * Invariant: a problem is one line in each form, whatever characters its file's name has.
 */
#include <string.h>

#include "ui/look.h"
#include "ui/safe.h"

static const char *level_word(const struct problem *problem)
{
	return problem->level == PROBLEM_ERROR ? "error" : "warning";
}

/* "file:line:col: message" of an error, "file:line:col: warning: message [rule]". */
static void add_text(struct buf *out, const struct problem *problem, const struct look *look)
{
	safe_adds(out, *problem->file ? problem->file : "fsops");
	if (problem->line)
		buf_addf(out, ":%d:%d", problem->line, problem->col);
	buf_adds(out, ": ");
	if (problem->level == PROBLEM_WARNING) {
		look_add(out, look, ROLE_WARNING, "warning:");
		buf_addc(out, ' ');
	}
	safe_adds(out, problem->text);
	if (problem->rule) {
		buf_addc(out, ' ');
		look_on(out, look, ROLE_DIM);
		buf_addf(out, "[%s]", problem->rule);
		look_off(out, look, ROLE_DIM);
	}
	buf_addc(out, '\n');
}

void print_problems_text(struct buf *out, const struct platform *platform,
    const struct problems *problems, const struct look *look)
{
	if (platform)
		print_source(out, platform, look);
	for (size_t i = 0; i < problems->count; i++)
		add_text(out, &problems->items[i], look);
}

void print_problems_json(struct buf *out, const struct problems *problems)
{
	json_t *list = json_array();

	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *item = &problems->items[i];

		json_array_append_new(
		    list, json_pack("{s:s, s:i, s:i, s:s, s:s, s:s}", "file", item->file, "line",
		              item->line, "col", item->col, "level", level_word(item), "rule",
		              item->rule ? item->rule : "load", "message", item->text));
	}
	print_json(out, list);
	json_decref(list);
}

/* TEXT with the characters in SPECIAL as "%25": a message must not end the command or begin one. */
static void add_escaped(struct buf *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			buf_addf(out, "%%%02X", (unsigned char)*text);
		else
			buf_addc(out, *text);
	}
}

void print_problems_github(struct buf *out, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *item = &problems->items[i];

		buf_addf(out, "::%s file=", level_word(item));
		add_escaped(out, item->file, "%\r\n:,");
		if (item->line)
			buf_addf(out, ",line=%d,col=%d", item->line, item->col);
		buf_adds(out, "::");
		add_escaped(out, item->text, "%\r\n");
		if (item->rule)
			buf_addf(out, " [%s]", item->rule);
		buf_addc(out, '\n');
	}
}
