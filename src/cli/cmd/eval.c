/* `fsops eval`: try an expression. Invariant: every expression gives its value on standard output
 * or a mistake with its place on standard error, never both. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/eval_context.h"
#include "fsops/expr.h"

static int eval_run(struct cli *cli);

const struct command command_eval = {
    .name = "eval",
    .usage = "[EXPR] [OPTIONS]",
    .help = "try an expression; prints its value as JSON",
    .about =
        "Compiles and evaluates an expression (CEL) and prints its value as JSON: timestamps\n"
        "and durations as CEL writes them, bytes as base64. Names are the members of the\n"
        "JSON object in --context, which may be a pipe; \"now\" is always there, and a \"now\"\n"
        "in the context replaces it. A mistake is shown with a caret under its place.\n"
        "\n"
        "Without EXPR, a terminal gets a prompt with a history; Ctrl-D ends it. Otherwise\n"
        "each line of standard input is an expression, as for bc: a value a line, and a\n"
        "mistake does not end it. After \"--\" an EXPR may begin with \"-\".",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_CONTEXT),
    .args_max = 1,
    .examples = "fsops eval \"duration('1h30m') > duration('90s')\"\twithout any data\n"
                "fsops eval 'items.filter(p, !ready(p)).map(p, p.metadata.name)' "
                "--context pods.json\twith data\n",
    .statuses = "0\tevaluated\n"
                "2\ta mistake found when evaluating: no such key, division by zero, ...\n"
                "64\twrong usage, or the context cannot be read\n"
                "65\ta mistake found when compiling: syntax, no such name or function, ...\n",
    .run = eval_run,
};

struct eval {
	struct cli *cli;
	struct eval_context context;
	bool compact; /* a value a line */
};

static int show_value(struct eval *eval, json_t *value)
{
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	print_value(&text, value, eval->compact, &eval->cli->look);
	json_decref(value);
	return cli_print(eval->cli, &text, EXIT_OK);
}

static int show_mistake(
    struct pos begin, const char *text, size_t len, const struct expr_error *error, int status)
{
	struct look look = look_for(STDERR_FILENO, true);
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	print_mistake(&out, begin, text, len, error, &look);
	complain_lines(out.data);
	buf_release(&out);
	return status;
}

/* LEN bytes of TEXT, the first of them at BEGIN. Returns the exit status. */
static int evaluate(struct eval *eval, struct pos begin, const char *text, size_t len)
{
	const struct expr_names names = eval_context_names(&eval->context);
	const struct expr_scope scope = eval_context_scope(&eval->context);
	struct expr_error error = {0};
	struct expr *expr = expr_compile(text, len, &names, &error);
	json_t *value;
	int result;

	if (!expr)
		return show_mistake(begin, text, len, &error, EXIT_BAD_FILE);
	result = expr_eval(expr, &scope, &value, &error);
	expr_free(expr);
	if (result < 0)
		return show_mistake(begin, text, len, &error, EXIT_FAILED);
	return show_value(eval, value);
}

static bool is_blank(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len == 0;
}

/* ---- a line each ---- */

/* One line of standard input; a byte more than an expression may have is enough to be told so.
 * False at the end. */
static bool read_line(struct buf *line)
{
	int c = getc(stdin);

	buf_clear(line);
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc(stdin))
		buf_addc(line, (char)c);
	return true;
}

/* The status is that of the gravest mistake: one that can never work before one of the values. */
static int eval_lines(struct eval *eval)
{
	struct buf line;
	int status = EXIT_OK;

	eval->compact = true;
	buf_init(&line, EXPR_SOURCE_MAX + 1);
	for (int number = 1; read_line(&line) && !eval->cli->out.gone; number++) {
		struct pos begin = {"standard input", number, 1};
		int one =
		    is_blank(line.data, line.len) ? 0 : evaluate(eval, begin, line.data, line.len);

		status = one > status ? one : status;
	}
	buf_release(&line);
	return status;
}

/* ---- the prompt ---- */

static int eval_prompt(struct eval *eval, struct line *line)
{
	const char *text;

	complain("an expression a line; Ctrl-D ends");
	while ((text = line_read(line, "> ")) && !eval->cli->out.gone)
		if (!is_blank(text, strlen(text)))
			evaluate(eval, (struct pos){"line", 1, 1}, text, strlen(text));
	line_free(line);
	return EXIT_OK;
}

static int eval_input(struct eval *eval)
{
	int drawn = isatty(STDOUT_FILENO) ? STDOUT_FILENO : STDERR_FILENO;
	struct line *line = eval->cli->options.plain ? NULL : line_new(STDIN_FILENO, drawn);

	return line ? eval_prompt(eval, line) : eval_lines(eval);
}

static int eval_run(struct cli *cli)
{
	const char *path = cli->options.context;
	struct eval eval = {.cli = cli};
	struct err err;
	int status;

	if (path && strcmp(path, "-") == 0 && !cli->arg_count) {
		err_set(&err, ERR_USAGE,
		    "standard input cannot be both the context and the expressions: give EXPR");
		return complain_err(&err);
	}
	if (eval_context_load(&eval.context, path, &err) < 0)
		return complain_err(&err);
	if (cli->arg_count)
		status = evaluate(
		    &eval, (struct pos){"expression", 1, 1}, cli->args[0], strlen(cli->args[0]));
	else
		status = eval_input(&eval);
	eval_context_release(&eval.context);
	return status;
}
