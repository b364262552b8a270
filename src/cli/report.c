/* What goes to stderr, and the one way to stdout. Invariant: nothing that a file or a server said
 * reaches stderr with a control character in it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "fsops/mem.h"

/* BEFORE and TEXT in one line: an end of line in TEXT may be somebody else's, who would have another
 * line believed. */
static void complain_text(const char *before, const char *text)
{
	struct out out;
	struct buf safe;

	out_init(&out, STDERR_FILENO);
	buf_init(&safe, UI_TEXT_MAX);
	buf_adds(&safe, before);
	print_safe(&safe, text, strlen(text));
	buf_addc(&safe, '\n');
	out_write(&out, safe.data, safe.len);
	buf_release(&safe);
}

void complain_lines(const char *text)
{
	const char *before = "fsops: ";

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_textn(text, len);

		complain_text(before, line);
		free(line);
		before = "";
		text += len + (text[len] != '\0');
	}
}

void complain(const char *fmt, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	complain_text("fsops: ", text.data);
	buf_release(&text);
}

static const int statuses[] = {
    [ERR_USAGE] = EXIT_WRONG_USE,
    [ERR_INPUT] = EXIT_BAD_FILE,
    [ERR_SYSTEM] = EXIT_FAILED,
    [ERR_REMOTE] = EXIT_FAILED,
    [ERR_TIMEOUT] = EXIT_FAILED,
    [ERR_LIMIT] = EXIT_FAILED,
    [ERR_LOCKED] = EXIT_LOCKED,
    [ERR_REFUSED] = EXIT_REFUSED,
    [ERR_UNKNOWN] = EXIT_UNKNOWN,
    [ERR_INTERRUPTED] = 130,
    [ERR_TERMINATED] = 143,
};

int complain_err(const struct err *err)
{
	if (err->pos.file)
		complain("%s:%d:%d: %s", err->pos.file, err->pos.line, err->pos.col, err->text);
	else if (err->kind == ERR_REFUSED)
		complain_lines(err->text); /* what was refused, a line each */
	else
		complain("%s", err->text);
	if (err->kind == ERR_NONE || (size_t)err->kind >= COUNT_OF(statuses))
		return EXIT_FAILED;
	return statuses[err->kind];
}

static void complain_problem(const struct problem *problem)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, *problem->file ? problem->file : "fsops");
	if (problem->line)
		buf_addf(&text, ":%d:%d", problem->line, problem->col);
	buf_addf(
	    &text, ": %s%s", problem->level == PROBLEM_WARNING ? "warning: " : "", problem->text);
	complain_text("", text.data);
	buf_release(&text);
}

void complain_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		complain_problem(&problems->items[i]);
	if (problems->errors)
		complain("%zu problem%s", problems->errors, problems->errors == 1 ? "" : "s");
}

int cli_print(struct cli *cli, struct buf *text, int status)
{
	bool full = text->full;

	out_write(&cli->out, text->data, text->len);
	buf_release(text);
	if (!full)
		return status;
	complain("the output is over %zu MiB, the most that is printed: it is incomplete",
	    UI_TEXT_MAX >> 20);
	return EXIT_FAILED;
}

bool cli_format(const struct cli *cli, const char *name)
{
	return cli->options.format && strcmp(cli->options.format, name) == 0;
}
