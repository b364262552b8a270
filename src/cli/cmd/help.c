/* `fsops help` and --help. Invariant: all of it is made from the tables of commands and options,
 * so that help cannot name what is not there. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static int help_run(struct cli *cli);

const struct command command_help = {
    .name = "help",
    .usage = "[COMMAND]",
    .help = "this list, or a command's options, examples and exit statuses",
    .about = "Prints the list of commands, or one command's own help.",
    .options = OPTIONS_COMMON,
    .args_max = 1,
    .examples = "fsops help\tthe commands\n"
                "fsops help run\thow to run a runbook\n",
    .statuses = "0\tprinted\n"
                "64\tno such command\n",
    .run = help_run,
};

static int help_run(struct cli *cli)
{
	const struct command *command = NULL;
	struct err err;
	struct buf text;

	if (cli->arg_count) {
		command = command_pick(cli->args[0], &err);
		if (!command)
			return complain_err(&err);
	}
	buf_init(&text, BUF_TEXT_MAX);
	if (command)
		help_command(&text, command);
	else
		help_overview(&text);
	return cli_print(cli, &text, EXIT_OK);
}

/* "LEFT\tRIGHT\n" lines as two columns, WIDTH for the left. */
static void add_pairs(struct buf *out, const char *pairs, int width)
{
	while (pairs && *pairs) {
		size_t left = strcspn(pairs, "\t");
		size_t right = strcspn(pairs + left, "\n");

		buf_addf(out, "  %-*.*s  %.*s\n", width, (int)left, pairs, (int)right - 1,
		    pairs + left + 1);
		pairs += left + right + 1;
	}
}

static int pairs_width(const char *pairs)
{
	size_t width = 0;

	while (pairs && *pairs) {
		size_t left = strcspn(pairs, "\t");

		width = left > width ? left : width;
		pairs += strcspn(pairs, "\n") + 1;
	}
	return (int)width;
}

/* "-P, --platform=FILE" */
static void option_name(
    char *text, size_t size, const struct option_spec *spec, const char *command)
{
	const char *value = option_is_flag_of(spec, command) ? NULL : spec->value;
	const char *open = spec->kind == OPTION_OPTIONAL ? "[=" : "=";
	const char *close = spec->kind == OPTION_OPTIONAL ? "]" : "";

	snprintf(text, size, "%s%c%s--%s%s%s%s", spec->letter ? "-" : " ",
	    spec->letter ? spec->letter : ' ', spec->letter ? ", " : "  ", spec->name,
	    value ? open : "", value ? value : "", value ? close : "");
}

static void add_options(struct buf *out, const struct command *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_spec *spec = &option_table[i];
		char name[64];

		if (!(command->options & OPTION_BIT(i)))
			continue;
		option_name(name, sizeof(name), spec, command->name);
		buf_addf(out, "  %-26s  %s\n", name,
		    i == OPTION_FORMAT && command->formats ? command->formats : spec->help);
	}
}

void help_command(struct buf *out, const struct command *command)
{
	buf_addf(out, "Usage: fsops %s %s\n\n%s\n\nOptions:\n", command->name, command->usage,
	    command->about);
	add_options(out, command);
	buf_adds(out, "\nExamples:\n");
	add_pairs(out, command->examples, pairs_width(command->examples));
	buf_adds(out, "\nExit status:\n");
	add_pairs(out, command->statuses, 3);
}

void help_overview(struct buf *out)
{
	buf_adds(out, "fsops runs incident runbooks: it looks, asks before it changes anything,\n"
	              "and says how it went.\n\nUsage: fsops COMMAND [ARGUMENTS] [OPTIONS]\n\n"
	              "Commands:\n");
	for (size_t i = 0; commands[i]; i++)
		buf_addf(out, "  %-10s  %s\n", commands[i]->name, commands[i]->help);
	buf_adds(out, "\n`fsops COMMAND --help` says more. `fsops --version` prints the version.\n"
	              "Start with `fsops list`, then `fsops run RUNBOOK --dry-run`.\n");
}
