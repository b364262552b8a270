/* From argv to an exit status. Invariant: what is wrong with the command line is said before
 * anything is loaded or touched, and a full disk on stdout is never a success. */
#include "fsops/mem.h"
#include "fsops/cli.h"

#include <string.h>
#include <unistd.h>

#include "command.h"

static int print_version(struct cli *cli)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, "fsops " FSOPS_VERSION "\n");
	return cli_print(cli, &text, EXIT_OK);
}

static int print_help(struct cli *cli, const struct command *command, int status)
{
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	if (command)
		help_command(&text, command);
	else
		help_overview(&text);
	return cli_print(cli, &text, status);
}

/* --format is one option with one meaning, but not every command has every format. */
static int check_format(
    const struct options *options, const struct command *command, struct err *err)
{
	if (!options->format || strcmp(options->format, "text") == 0 ||
	    strstr(command->formats, options->format))
		return 0;
	return err_set(err, ERR_USAGE, "'fsops %s' has no format '%s': it is %s", command->name,
	    options->format, command->formats);
}

static int check_args(const struct cli *cli, const struct command *command, struct err *err)
{
	if (cli->arg_count >= command->args_min && cli->arg_count <= command->args_max)
		return 0;
	if (cli->arg_count < command->args_min)
		return err_set(
		    err, ERR_USAGE, "what is missing: fsops %s %s", command->name, command->usage);
	return err_set(err, ERR_USAGE, "'%s' is one argument too many: fsops %s %s",
	    cli->args[command->args_max], command->name, command->usage);
}

static int run_command(struct cli *cli, const struct command *command)
{
	struct err err;
	char who[64] = "fsops ";

	strncat(who, command->name, sizeof(who) - strlen(who) - 1);
	mem_doing("running '%s'", who);
	if (cli->options.help)
		return print_help(cli, command, EXIT_OK);
	if (options_allowed(&cli->options, command->options, who, &err) < 0 ||
	    check_format(&cli->options, command, &err) < 0 || check_args(cli, command, &err) < 0)
		return complain_err(&err);
	return command->run(cli);
}

static int dispatch(struct cli *cli)
{
	const struct options *options = &cli->options;
	const struct command *command;
	struct err err;

	if (options->version)
		return print_version(cli);
	if (options->args.count == 0)
		return print_help(cli, NULL, options->help ? EXIT_OK : EXIT_WRONG_USE);
	command = command_find(options->args.items[0], &err);
	if (!command)
		return complain_err(&err);
	cli->args = options->args.items + 1;
	cli->arg_count = options->args.count - 1;
	return run_command(cli, command);
}

/* What could not be printed cannot have been read. A reader that went away is no fault. */
static int check_stdout(const struct cli *cli, int status)
{
	if (!cli->out.error)
		return status;
	complain("unable to write to standard output: %s", out_why(&cli->out));
	return EXIT_FAILED;
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {0};
	struct err err;
	int status;

	out_init(&cli.out, STDOUT_FILENO);
	if (options_parse(&cli.options, argc > 0 ? argc - 1 : 0, argv + 1, &err) < 0) {
		status = complain_err(&err);
	} else {
		if (!cli.options.plain)
			cli.look = look_for(STDOUT_FILENO, cli.options.no_color);
		if (cli.options.verbose)
			cli.look.width = 0; /* all of it, on a terminal too */
		status = check_stdout(&cli, dispatch(&cli));
	}
	options_release(&cli.options);
	out_release(&cli.out);
	return status;
}
