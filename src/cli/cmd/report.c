/* `fsops report`: a run told from its journal. Invariant: one form is printed; the journal is only
 * read. */
#include "cli/command.h"

#include <stdlib.h>

#include "cli/report_files.h"
#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/record.h"

static int report_run(struct cli *cli);

const struct command command_report = {
    .name = "report",
    .usage = "[RUN] [OPTIONS]",
    .help = "what a run did, for a postmortem, CI or Prometheus",
    .about =
        "Tells a run from its journal: how it ended, the metrics before and after, who approved\n"
        "what, every command with its output, and what to do next. RUN is its id, the\n"
        "beginning of one, or a runbook for its newest run; without it the newest of all. It\n"
        "may be alive still.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_MARKDOWN) | OPTION_BIT(OPTION_HTML) |
               OPTION_BIT(OPTION_JUNIT) | OPTION_BIT(OPTION_JSON) | OPTION_BIT(OPTION_PROM) |
               OPTION_BIT(OPTION_OUTPUT),
    .args_max = 1,
    .examples = "fsops report\tthe newest run, as Markdown\n"
                "fsops report high-error-rate -o incident.html\tits newest run, as HTML\n",
    .statuses = "0\tprinted or written\n"
                "2\tthe journal or the file cannot be read or written\n"
                "64\tno such run, or two forms at once\n"
                "65\tnothing in the journal can be read\n",
    .run = report_run,
};

/* A name that says another form than the one that is asked for is a mistake in one of the two. */
static int check_name(const char *path, const struct report_format *format, struct err *err)
{
	const struct report_format *named = report_format_of(path, NULL);

	if (!named || named == format)
		return 0;
	return err_set(err, ERR_USAGE,
	    "'%s' is the name of a report as %s, and it was asked for as %s: leave one of the two "
	    "out",
	    path, named->name, format->name);
}

/* The form that the options ask for, or the file's name. NULL and no ERR: only --prom. */
static int pick_format(
    const struct options *options, const struct report_format **format, struct err *err)
{
	const struct {
		bool given;
		enum report_format_id id;
	} forms[] = {
	    {options->markdown, REPORT_MARKDOWN},
	    {options->html, REPORT_HTML},
	    {options->junit, REPORT_JUNIT},
	    {options->json, REPORT_JSON},
	};

	*format = NULL;
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (forms[i].given && *format)
			return err_set(err, ERR_USAGE,
			    "a report is printed in one form, not as %s and as %s: run it twice",
			    (*format)->name, report_formats[forms[i].id].name);
		if (forms[i].given)
			*format = &report_formats[forms[i].id];
	}
	if (*format && options->output)
		return check_name(options->output, *format, err);
	if (*format || (options->prom && !options->output))
		return 0;
	*format = options->output ? report_format_of(options->output, err)
	                          : &report_formats[REPORT_MARKDOWN];
	return *format ? 0 : -1;
}

static int print_report(
    struct cli *cli, const struct report_format *format, const struct record *record)
{
	struct buf text;
	struct err err;

	if (cli->options.output)
		return report_write(format, record, cli->options.output, &err) < 0
		           ? complain_err(&err)
		           : EXIT_OK;
	buf_init(&text, UI_TEXT_MAX);
	format->print(&text, record);
	return cli_print(cli, &text, EXIT_OK);
}

/* What is wrong with the journal is in the reports for people; programs are told here. */
static void warn_problems(const struct cli *cli, const struct record *record)
{
	json_t *text;
	size_t i;

	json_array_foreach(record->problems, i, text) {
		if (!cli->options.quiet)
			complain("warning: the journal is not as it was written: %s",
			    json_string_value(text));
	}
}

static int report_run(struct cli *cli)
{
	const struct report_format *format;
	struct record *record = NULL;
	struct err err;
	char *run = NULL;
	int status;

	if (pick_format(&cli->options, &format, &err) < 0)
		return complain_err(&err);
	run = history_find(cli->arg_count ? cli->args[0] : NULL, &err);
	record = run ? record_read(run, &err) : NULL;
	free(run);
	if (!record)
		return complain_err(&err);
	warn_problems(cli, record);
	status = format ? print_report(cli, format, record) : EXIT_OK;
	if (cli->options.prom &&
	    report_write(&report_formats[REPORT_PROM], record, cli->options.prom, &err) < 0)
		status = complain_err(&err);
	record_free(record);
	return status;
}
