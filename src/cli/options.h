/*
 * Options: one table for all commands, so that an option means the same everywhere.
 * Each command names the ones it takes; help is made from the same table.
 *
 *	struct options options;
 *	if (options_parse(&options, argc - 1, argv + 1, &err) < 0) …    // ERR_USAGE
 *	if (options_allowed(&options, set, "fsops list", &err) < 0) …
 *	options_release(&options);
 *
 * Options may stand anywhere; "--" ends them; "--name=value" and "--name value";
 * short ones bundle ("-qv", "-Pfile").
 */
#ifndef FSOPS_CLI_OPTIONS_H
#define FSOPS_CLI_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fsops/err.h"

enum option_id {
	OPTION_PLATFORM,
	OPTION_RUNBOOKS,
	OPTION_FORMAT,
	OPTION_PLAIN,
	OPTION_NO_COLOR,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_DRY_RUN,
	OPTION_CHECK,
	OPTION_YES,
	OPTION_YES_DESTROY,
	OPTION_TAKE_OVER,
	OPTION_VAR,
	OPTION_FROM,
	OPTION_ONLY,
	OPTION_CONTEXT,
	OPTION_RULES,
	OPTION_RUN,
	OPTION_PROMETHEUS_RULES,
	OPTION_IF_DUE,
	OPTION_CRON,
	OPTION_SYSTEMD,
	OPTION_KUBERNETES,
	OPTION_ZONE,
	OPTION_INTO,
	OPTION_IMAGE,
	OPTION_AT,
	OPTION_SINCE,
	OPTION_NOTIFY,
	OPTION_FAILED,
	OPTION_LIMIT,
	OPTION_PRUNE,
	OPTION_KEEP,
	OPTION_FOLLOW,
	OPTION_VERIFY,
	OPTION_REPORT,
	OPTION_OUTPUT,
	OPTION_MARKDOWN,
	OPTION_HTML,
	OPTION_JUNIT,
	OPTION_JSON,
	OPTION_PROM,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COUNT
};
/* A set of options is one number. */
#define OPTION_BIT(id) ((uint64_t)1 << (id))
_Static_assert(OPTION_COUNT <= 64, "a set of options is a uint64_t");

/* What every command takes. */
#define OPTIONS_COMMON                                                                             \
	(OPTION_BIT(OPTION_PLATFORM) | OPTION_BIT(OPTION_RUNBOOKS) | OPTION_BIT(OPTION_PLAIN) |    \
	    OPTION_BIT(OPTION_NO_COLOR) | OPTION_BIT(OPTION_QUIET) | OPTION_BIT(OPTION_VERBOSE) |  \
	    OPTION_BIT(OPTION_HELP))

struct text_list {
	const char **items; /* borrowed texts */
	size_t count;
};

/* Texts are borrowed from argv. */
struct options {
	const char *platform;
	const char *runbooks;
	const char *format;
	const char *dry_run; /* "text", "sh", "json"; NULL: not a dry run */
	const char *from;
	const char *context;
	const char *at;
	const char *since;
	const char *limit;
	const char *keep;
	const char *output;
	const char *junit; /* "": as the flag of `fsops report` */
	const char *prom;
	struct text_list reports;
	const char *zone;
	const char *into;
	const char *image;
	struct text_list vars;
	const json_t *found; /* names of VARS that an alert gave; NULL: none */
	struct text_list only;
	bool plain;
	bool no_color;
	bool quiet;
	bool verbose;
	bool check;
	bool yes;
	bool yes_destroy;
	bool take_over;
	bool notify;
	bool failed;
	bool prune;
	bool follow;
	bool verify;
	bool rules;
	bool markdown;
	bool html;
	bool json;
	bool run;
	bool prometheus_rules;
	bool if_due;
	bool cron;
	bool systemd;
	bool kubernetes;
	bool help;
	bool version;
	uint64_t given;        /* OPTION_BITs */
	struct text_list args; /* what is no option, in order; the command first */
};

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,     /* one value; the last wins */
	OPTION_LIST,     /* may be given again */
	OPTION_OPTIONAL, /* "--name" or "--name=value" */
};

struct option_spec {
	char letter;      /* '\0': none */
	const char *name; /* without "--" */
	enum option_kind kind;
	size_t offset;         /* into struct options */
	const char *value;     /* what help calls its value */
	const char *otherwise; /* OPTION_OPTIONAL: the value when none is given */
	const char *choices
	    [6]; /* the values allowed, then NULL; empty: any. The command may allow fewer. */
	const char *help;
	const char *flag_of; /* the command that takes it without a value; NULL: none */
};
extern const struct option_spec option_table[OPTION_COUNT];

int options_parse(struct options *out, int argc, char **argv, struct err *err);
void options_release(struct options *options);

/* Does COMMAND take the option without a value, though others take it with one? */
bool option_is_flag_of(const struct option_spec *spec, const char *command);

/* Every option given must be in ALLOWED; WHO ("fsops list") is for the message. */
int options_allowed(
    const struct options *options, uint64_t allowed, const char *who, struct err *err);

#endif
