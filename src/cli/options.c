/* The option table and its parser. Invariant: what is not in the table is an error, and no value
 * is ever taken from a place where an option stands ("--from --yes" is a mistake, not a step). */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"

#define AT(field) offsetof(struct options, field)

const struct option_spec option_table[OPTION_COUNT] = {
    [OPTION_PLATFORM] = {'P', "platform", OPTION_TEXT, AT(platform), "FILE", NULL, {0},
        "the platform file (default: platform.yaml beside the runbooks)"},
    [OPTION_RUNBOOKS] = {'R', "runbooks", OPTION_TEXT, AT(runbooks), "DIR", NULL, {0},
        "where the runbooks are (default: $FSOPS_RUNBOOKS, ./runbooks, …)"},
    [OPTION_FORMAT] = {0, "format", OPTION_TEXT, AT(format), "FORMAT", NULL,
        {"text", "json", "nagios", "github"}, "text or json"},
    [OPTION_PLAIN] = {0, "plain", OPTION_FLAG, AT(plain), NULL, NULL, {0},
        "no colour and no moving line, as in a pipe"},
    [OPTION_NO_COLOR] = {0, "no-color", OPTION_FLAG, AT(no_color), NULL, NULL, {0},
        "no colour (the variable NO_COLOR does the same)"},
    [OPTION_QUIET] = {'q', "quiet", OPTION_FLAG, AT(quiet), NULL, NULL, {0},
        "print only what is not well"},
    [OPTION_VERBOSE] = {'v', "verbose", OPTION_FLAG, AT(verbose), NULL, NULL, {0},
        "print everything in full"},
    [OPTION_DRY_RUN] = {0, "dry-run", OPTION_OPTIONAL, AT(dry_run), "FORMAT", "text",
        {"text", "sh", "json"},
        "print what would be done and touch nothing; sh: as a shell script"},
    [OPTION_CHECK] = {0, "check", OPTION_FLAG, AT(check), NULL, NULL, {0},
        "run the reads, only show the changes"},
    [OPTION_YES] = {'y', "yes", OPTION_FLAG, AT(yes), NULL, NULL, {0},
        "approve every change beforehand"},
    [OPTION_YES_DESTROY] = {0, "yes-destroy", OPTION_FLAG, AT(yes_destroy), NULL, NULL, {0},
        "approve destruction beforehand too"},
    [OPTION_TAKE_OVER] = {0, "take-over", OPTION_FLAG, AT(take_over), NULL, NULL, {0},
        "take the place of another run that may change the same things"},
    [OPTION_VAR] = {0, "var", OPTION_LIST, AT(vars), "NAME=VALUE", NULL, {0},
        "set a variable of the runbook; may be given again"},
    [OPTION_FROM] = {0, "from", OPTION_TEXT, AT(from), "STEP", NULL, {0},
        "begin at this step (its id, title or number)"},
    [OPTION_ONLY] = {0, "only", OPTION_LIST, AT(only), "STEP", NULL, {0},
        "run only this step; may be given again"},
    [OPTION_CONTEXT] = {0, "context", OPTION_TEXT, AT(context), "FILE", NULL, {0},
        "a JSON object whose members are the names; \"-\": standard input"},
    [OPTION_RULES] = {0, "rules", OPTION_FLAG, AT(rules), NULL, NULL, {0},
        "list the rules of the advice"},
    [OPTION_RUN] = {0, "run", OPTION_FLAG, AT(run), NULL, NULL, {0},
        "run the runbooks: their reads, and with -y their changes too"},
    [OPTION_PROMETHEUS_RULES] = {0, "prometheus-rules", OPTION_FLAG, AT(prometheus_rules), NULL,
        NULL, {0}, "print alerting rules for Prometheus, made from the metrics"},
    [OPTION_IF_DUE] = {0, "if-due", OPTION_FLAG, AT(if_due), NULL, NULL, {0},
        "only when its schedule says now (zone: $TZ), else do nothing"},
    [OPTION_CRON] = {0, "cron", OPTION_FLAG, AT(cron), NULL, NULL, {0},
        "lines for a crontab (the default)"},
    [OPTION_SYSTEMD] = {0, "systemd", OPTION_FLAG, AT(systemd), NULL, NULL, {0},
        "units and timers for systemd"},
    [OPTION_KUBERNETES] = {0, "kubernetes", OPTION_FLAG, AT(kubernetes), NULL, NULL, {0},
        "cron jobs for Kubernetes, with accounts that may do just what the runbooks need"},
    [OPTION_ZONE] = {0, "zone", OPTION_TEXT, AT(zone), "ZONE", NULL, {0},
        "the time zone of the schedules, such as Europe/Berlin (default: $TZ, else this "
        "machine's)"},
    [OPTION_INTO] = {0, "into", OPTION_TEXT, AT(into), "DIR", NULL, {0},
        "with --systemd: write the units into this folder"},
    [OPTION_IMAGE] = {0, "image", OPTION_TEXT, AT(image), "IMAGE", NULL, {0},
        "with --kubernetes: the container image that has fsops and kubectl"},
    [OPTION_AT] = {0, "at", OPTION_TEXT, AT(at), "TIME", NULL, {0},
        "when it began: 14:05, \"2026-11-25 14:05\", or with a zone as in RFC 3339"},
    [OPTION_SINCE] = {0, "since", OPTION_TEXT, AT(since), "SPAN", NULL, {0},
        "how long ago it began: 40m, 1h30m"},
    [OPTION_NOTIFY] = {0, "notify", OPTION_FLAG, AT(notify), NULL, NULL, {0},
        "tell the channels that are told of escalations"},
    [OPTION_FAILED] = {0, "failed", OPTION_FLAG, AT(failed), NULL, NULL, {0},
        "only runs that did not end with status 0"},
    [OPTION_LIMIT] = {0, "limit", OPTION_TEXT, AT(limit), "N", NULL, {0},
        "at most so many, the newest; 0: all"},
    [OPTION_PRUNE] = {0, "prune", OPTION_FLAG, AT(prune), NULL, NULL, {0},
        "remove old runs for good; needs --keep"},
    [OPTION_KEEP] = {0, "keep", OPTION_TEXT, AT(keep), "SPAN", NULL, {0},
        "remove no run that is younger: 90d"},
    [OPTION_FOLLOW] = {0, "follow", OPTION_FLAG, AT(follow), NULL, NULL, {0},
        "go on as the run does, until it ends"},
    [OPTION_VERIFY] = {0, "verify", OPTION_FLAG, AT(verify), NULL, NULL, {0},
        "was it written by the run, and nothing changed since?"},
    [OPTION_REPORT] = {0, "report", OPTION_LIST, AT(reports), "FILE", NULL, {0},
        "a report at the end, failed or not: .md .html .json .xml .prom"},
    [OPTION_OUTPUT] = {'o', "output", OPTION_TEXT, AT(output), "FILE", NULL, {0},
        "write to this file, whole or not at all, instead of printing"},
    [OPTION_MARKDOWN] = {0, "markdown", OPTION_FLAG, AT(markdown), NULL, NULL, {0},
        "as Markdown, for a postmortem (the default)"},
    [OPTION_HTML] = {0, "html", OPTION_FLAG, AT(html), NULL, NULL, {0},
        "as one HTML file without references to others"},
    [OPTION_JUNIT] = {0, "junit", OPTION_TEXT, AT(junit), "FILE", NULL, {0}, "as JUnit XML, for CI",
        "report"},
    [OPTION_JSON] = {0, "json", OPTION_FLAG, AT(json), NULL, NULL, {0},
        "the events, one JSON object a line"},
    [OPTION_PROM] = {0, "prom", OPTION_TEXT, AT(prom), "FILE", NULL, {0},
        "write metrics for the textfile collector of Prometheus"},
    [OPTION_HELP] = {'h', "help", OPTION_FLAG, AT(help), NULL, NULL, {0}, "print this help"},
    [OPTION_VERSION] = {0, "version", OPTION_FLAG, AT(version), NULL, NULL, {0},
        "print the version"},
};

static void list_push(struct text_list *list, const char *text)
{
	MEM_PUSH_ROOM(list->items, list->count);
	list->items[list->count++] = text;
}

static const struct option_spec *find_long(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strncmp(option_table[i].name, name, len) == 0 &&
		    option_table[i].name[len] == '\0')
			return &option_table[i];
	return NULL;
}

static const struct option_spec *find_letter(char letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].letter && option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

static int unknown_long(const char *text, size_t len, struct err *err)
{
	const char *names[OPTION_COUNT];
	char *name = mem_textn(text, len);
	const char *near;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		names[i] = option_table[i].name;
	near = text_nearest(name, names, OPTION_COUNT);
	if (near)
		err_set(err, ERR_USAGE, "unknown option '--%s'; did you mean '--%s'?", name, near);
	else
		err_set(err, ERR_USAGE, "unknown option '--%s'", name);
	free(name);
	return -1;
}

static int check_choice(const struct option_spec *spec, const char *value, struct err *err)
{
	const char *const *choices = spec->choices;
	char known[128] = "";
	size_t count = 0;
	size_t len = 0;
	const char *near;

	for (; choices[count]; count++) {
		if (strcmp(choices[count], value) == 0)
			return 0;
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s",
		    count == 0           ? ""
		    : choices[count + 1] ? ", "
		                         : " or ",
		    choices[count]);
	}
	if (count == 0)
		return 0;
	near = text_nearest(value, choices, count);
	return err_set(err, ERR_USAGE, "--%s is %s, not '%s'%s%s%s", spec->name, known, value,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int set_value(
    struct options *out, const struct option_spec *spec, const char *value, struct err *err)
{
	void *field = (char *)out + spec->offset;

	out->given |= OPTION_BIT(spec - option_table);
	if (spec->kind == OPTION_FLAG) {
		*(bool *)field = true;
		return 0;
	}
	if (check_choice(spec, value, err) < 0)
		return -1;
	if (spec->kind == OPTION_LIST)
		list_push(field, value);
	else
		*(const char **)field = value;
	return 0;
}

/* The arguments, and where the parser stands in them. */
struct parser {
	struct options *out;
	char **argv;
	int argc;
	int at;
	struct err *err;
};

/* The value that the next argument is. No option is a digit: "-1" is a value, and whoever wanted another
 * says so. */
static int take_next(struct parser *p, const struct option_spec *spec, const char **value)
{
	const char *next = p->at < p->argc ? p->argv[p->at] : NULL;

	if (!next || (next[0] == '-' && next[1] && (next[1] < '0' || next[1] > '9')))
		return err_set(p->err, ERR_USAGE, "option '--%s' needs a value: --%s=%s",
		    spec->name, spec->name, spec->value);
	*value = next;
	p->at++;
	return 0;
}

bool option_is_flag_of(const struct option_spec *spec, const char *command)
{
	return command && spec->flag_of && strcmp(spec->flag_of, command) == 0;
}

/* The command, as far as it is known here: it has been seen, or it comes next. */
static const char *command_of(const struct parser *p)
{
	if (p->out->args.count)
		return p->out->args.items[0];
	return p->at < p->argc ? p->argv[p->at] : NULL;
}

static int take_long(struct parser *p, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	const struct option_spec *spec = find_long(text, len);
	const char *value = equals ? equals + 1 : NULL;

	if (!spec)
		return unknown_long(text, len, p->err);
	if (spec->kind == OPTION_FLAG && value)
		return err_set(p->err, ERR_USAGE, "option '--%s' takes no value", spec->name);
	if (spec->kind == OPTION_OPTIONAL && !value)
		value = spec->otherwise;
	if (option_is_flag_of(spec, command_of(p))) {
		if (value)
			return err_set(p->err, ERR_USAGE,
			    "option '--%s' takes no value here: name the file with --output",
			    spec->name);
		value = "";
	}
	if (spec->kind != OPTION_FLAG && !value && take_next(p, spec, &value) < 0)
		return -1;
	return set_value(p->out, spec, value, p->err);
}

/* "-qv", "-Pfile", "-P file" */
static int take_letters(struct parser *p, const char *text)
{
	for (; *text; text++) {
		const struct option_spec *spec = find_letter(*text);
		const char *value = text[1] ? text + 1 : NULL;

		if (!spec)
			return err_set(p->err, ERR_USAGE, "unknown option '-%c'", *text);
		if (spec->kind == OPTION_FLAG) {
			set_value(p->out, spec, NULL, p->err);
			continue;
		}
		if (!value && take_next(p, spec, &value) < 0)
			return -1;
		return set_value(p->out, spec, value, p->err);
	}
	return 0;
}

int options_parse(struct options *out, int argc, char **argv, struct err *err)
{
	struct parser p = {.out = out, .argv = argv, .argc = argc, .err = err};
	bool ended = false;

	*out = (struct options){0};
	while (p.at < argc) {
		const char *text = argv[p.at++];
		int result = 0;

		if (ended || text[0] != '-' || text[1] == '\0')
			list_push(&out->args, text);
		else if (strcmp(text, "--") == 0)
			ended = true;
		else if (text[1] == '-')
			result = take_long(&p, text + 2);
		else
			result = take_letters(&p, text + 1);
		if (result < 0)
			return -1;
	}
	return 0;
}

void options_release(struct options *options)
{
	free(options->reports.items);
	free(options->vars.items);
	free(options->only.items);
	free(options->args.items);
	*options = (struct options){0};
}

int options_allowed(
    const struct options *options, uint64_t allowed, const char *who, struct err *err)
{
	uint64_t wrong = options->given & ~allowed;

	for (unsigned i = 0; i < OPTION_COUNT; i++)
		if (wrong & OPTION_BIT(i))
			return err_set(err, ERR_USAGE,
			    "'%s' takes no option '--%s': `%s --help` lists its options", who,
			    option_table[i].name, who);
	return 0;
}
