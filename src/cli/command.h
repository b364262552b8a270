/*
 * Commands: one const entry each, at the top of its file, and one line in
 * commands.c. Help is made from the entries.
 */
#ifndef FSOPS_CLI_COMMAND_H
#define FSOPS_CLI_COMMAND_H

#include "fsops/model.h"
#include "fsops/plan.h"
#include "fsops/ui.h"
#include "options.h"

/* sysexits(3), as product.md lists them. */
#define EXIT_OK        0
#define EXIT_FAILED    2
#define EXIT_UNKNOWN   3
#define EXIT_WRONG_USE 64
#define EXIT_BAD_FILE  65
#define EXIT_LOCKED    75
#define EXIT_REFUSED   77

/* What a command works with. */
struct cli {
	struct options options;
	struct out out;          /* stdout */
	struct look look;        /* of stdout */
	const char *const *args; /* after the command's name */
	size_t arg_count;
	struct due *due; /* due.c, with --if-due; else NULL */
};

struct command {
	const char *name;
	const char *
	    usage; /* after "fsops NAME "; completion knows the words in capitals (complete_values.c) */
	const char *help;    /* one line */
	const char *about;   /* a paragraph or more */
	uint64_t options;    /* OPTION_BITs it takes */
	const char *formats; /* of --format, as help says them; NULL: it has none but text */
	size_t args_min;
	size_t args_max;
	const char *examples;        /* two, a line each: "COMMAND\tWHAT IT DOES" */
	const char *statuses;        /* that matter, a line each */
	int (*run)(struct cli *cli); /* returns the exit status */
};

extern const struct command command_list;
extern const struct command command_show;
extern const struct command command_run;
extern const struct command command_resume;
extern const struct command command_history;
extern const struct command command_log;
extern const struct command command_check;
extern const struct command command_alert;
extern const struct command command_schedule;
extern const struct command command_contacts;
extern const struct command command_links;
extern const struct command command_escalate;
extern const struct command command_report;
extern const struct command command_lint;
extern const struct command command_eval;
extern const struct command command_config;
extern const struct command command_schema;
extern const struct command command_completion;
extern const struct command command_help;

/* In the order that help shows them; ends with NULL. */
extern const struct command *const commands[];
/* By name; NULL: ERR says "did you mean …?". */
const struct command *command_pick(const char *name, struct err *err); /* by its beginning, too */
const struct command *command_find(const char *name, struct err *err);

/* help.c */
void help_overview(struct buf *out);
void help_command(struct buf *out, const struct command *command);

/* report.c: what goes to stderr, made harmless, in one line after "fsops: ". */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Lines that are our own, such as a mistake with its caret; the first one after "fsops: ". */
void complain_lines(const char *text);
/* ERR as a complaint; returns the exit status of its kind. */
int complain_err(const struct err *err);
/* Every problem, "file:line:col: message", and how many there are. */
void complain_problems(const struct problems *problems);

/* Print TEXT on stdout and release it. Returns STATUS, or EXIT_FAILED when TEXT is incomplete. */
int cli_print(struct cli *cli, struct buf *text, int status);
/* Is --format NAME given? */
bool cli_format(const struct cli *cli, const char *name);

/*
 * files.c: load the catalog that -P and -R name. WANTED: a runbook's name that must be usable, or
 * NULL. On a mistake that stops the command everything is printed and STATUS set, and NULL
 * returned; other runbooks' mistakes are one warning. RUNBOOK may be NULL.
 */
struct catalog *cli_load(
    struct cli *cli, const char *wanted, const struct runbook **runbook, int *status);

/* cmd/run.c: plan RUNBOOK as the options say, and run it or print its dry run; returns the exit status. */
int cli_run(struct cli *cli, const struct catalog *catalog, const struct runbook *runbook);

/* due.c: --if-due. Does RUNBOOK's schedule say now? Else it says when, unless -q. Returns EXIT_OK, or
 * the status after a complaint: it has no schedule, or the time zone is not known. */
int cli_due(struct cli *cli, const struct runbook *runbook, bool *due);
/* Has PLAN been started for that time already? Else the time is put into what PLAN asks for, and nobody
 * else can start it for that time until cli_due_end(): when the run has begun, and is in the history,
 * or is not going to begin. Returns EXIT_OK; EXIT_FAILED after a complaint, when that cannot be known and
 * PLAN would change things. *BEGIN is true, and nothing is done, without --if-due. */
int cli_due_begin(struct cli *cli, struct plan *plan, bool *begin);
void cli_due_end(struct cli *cli);

/* The key of MAP (contacts, links) that the first argument means, borrowed; NULL without one. -1
 * after a complaint: there is no such key. WHAT is for the message: "contact". */
int cli_pick_key(const struct cli *cli, const json_t *map, const char *what, const char **key);

#endif
