/* `fsops resume`: go on with a run that was interrupted. Invariant: the plan is made again from the
 * same wishes and values, and whatever is another in it than it was is said before anything is run. */
#include <stdlib.h>
#include <string.h>

#include "cli/run_plan.h"
#include "fsops/history.h"
#include "fsops/mem.h"
#include "fsops/value.h"

static int run_resume(struct cli *cli);

const struct command command_resume = {
    .name = "resume",
    .usage = "[RUN] [OPTIONS]",
    .help = "go on with a run that was interrupted",
    .about =
        "Goes on with a run that was killed, stopped by a signal, or lost its terminal, its lock "
        "or\n"
        "its disk: with the first step that had not ended, and the same variables. What is done "
        "is\n"
        "not done again. A change that had begun, and of which nobody knows how it ended, is "
        "shown:\n"
        "run it again, take it as done, or abort. RUN is a run's id, the beginning of one, or a\n"
        "runbook's name; without it, the last run that can be gone on with.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_YES) |
               OPTION_BIT(OPTION_YES_DESTROY) | OPTION_BIT(OPTION_TAKE_OVER) |
               OPTION_BIT(OPTION_VAR) | OPTION_BIT(OPTION_REPORT) | OPTION_BIT(OPTION_JUNIT),
    .formats = "text or json (one event a line)",
    .args_max = 1,
    .examples = "fsops resume\tgo on with the last run that was interrupted\n"
                "fsops resume 20261123-09 -y\tthat run; changes that are left are approved\n",
    .statuses = "0-3\tas the run ends: ok, warning, critical, unknown\n"
                "64\tno such run, or it has ended\n"
                "65\tits journal is damaged\n"
                "75\tit is alive, or another run may change the same things\n"
                "77\tthere is nobody to ask about an interrupted change\n",
    .run = run_resume,
};

/* ---- which run ---- */

static bool take_resumable(void *ctx, const struct history_entry *entry)
{
	char **run = ctx;

	if (!entry->resumable || entry->live)
		return true;
	*run = mem_text(entry->run);
	return false;
}

static char *last_resumable(struct err *err)
{
	const struct history_filter all = {0};
	char *run = NULL;

	if (history_each(&all, take_resumable, &run, err) == 0 && !run)
		err_set(err, ERR_USAGE,
		    "no run was interrupted: there is nothing to go on with; `fsops history` shows "
		    "the runs that there were");
	return run;
}

/* ---- what is on record ---- */

static int read_all(struct journal_reader *reader, struct record *record, struct err *err)
{
	json_t *event;
	int got;

	while ((got = journal_next(reader, &event, err)) > 0) {
		record_add(record, event);
		json_decref(event);
	}
	return got;
}

/* Can it be gone on with at all? */
static int check_record(const struct earlier *earlier, struct err *err)
{
	const struct journal_facts *facts = journal_facts(earlier->reader);
	const struct record *record = earlier->record;
	const char *path = journal_path(earlier->reader);
	const char *outcome = value_get_text(record->finished, "outcome");
	const char *time = value_get_text(record->finished, "time");

	if (journal_is_live(earlier->reader))
		return err_set(err, ERR_LOCKED,
		    "run '%s' is alive: watch it with `fsops log %s --follow`", earlier->run,
		    earlier->run);
	if (facts->bad_line)
		return err_set(err, ERR_INPUT,
		    "%s:%zu: %s: a run is not gone on with on the word of a damaged journal", path,
		    facts->bad_line, facts->why);
	if (!record->started)
		return err_set(err, ERR_INPUT,
		    "%s: the run had not begun: nothing was done; start it anew", path);
	if (record->finished && !json_is_true(json_object_get(record->finished, "resumable")))
		return err_set(err, ERR_USAGE,
		    "run '%s' has ended (%s, at %s): there is nothing to go on with; start a new "
		    "one with `fsops run %s`",
		    earlier->run, outcome ? outcome : "?", time ? time : "?",
		    value_get_text(record->started, "runbook"));
	return 0;
}

static int open_earlier(struct earlier *earlier, struct record *record, struct err *err)
{
	earlier->record = record;
	earlier->reader = journal_open(earlier->run, err);
	if (!earlier->reader || read_all(earlier->reader, record, err) < 0)
		return -1;
	return check_record(earlier, err);
}

/* ---- the same plan again ---- */

/* What the new plan is made from: texts that plan_options points into. */
struct wishes {
	char **vars; /* "NAME=VALUE" */
	size_t var_count;
	const char **only;
	size_t only_count;
};

static void wishes_release(struct wishes *wishes)
{
	for (size_t i = 0; i < wishes->var_count; i++)
		free(wishes->vars[i]);
	free(wishes->vars);
	free(wishes->only);
}

static void add_wish(struct wishes *wishes, char *text)
{
	MEM_PUSH_ROOM(wishes->vars, wishes->var_count);
	wishes->vars[wishes->var_count++] = text;
}

static const struct var *find_var(
    const struct catalog *catalog, const struct runbook *runbook, const char *name)
{
	const struct platform *platform = catalog->platform;

	for (size_t i = 0; i < runbook->var_count; i++)
		if (strcmp(runbook->vars[i].name, name) == 0)
			return &runbook->vars[i];
	for (size_t i = 0; i < platform->var_count; i++)
		if (strcmp(platform->vars[i].name, name) == 0)
			return &platform->vars[i];
	return NULL;
}

static const char *given_now(const struct cli *cli, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = cli->options.vars.count; i-- > 0;)
		if (strncmp(cli->options.vars.items[i], name, len) == 0 &&
		    cli->options.vars.items[i][len] == '=')
			return cli->options.vars.items[i] + len + 1;
	return NULL;
}

static bool is_listed(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));

		if (item && strcmp(item, name) == 0)
			return true;
	}
	return false;
}

static bool is_random(const struct var *var)
{
	char *text = var->value ? value_to_text(var->value) : NULL;
	bool random = text && strstr(text, "random_");

	free(text);
	return random;
}

/* A secret is not on record. One that comes from the environment is there again; one that was given
 * must be given again; one that the run itself made is lost, and what used it cannot be finished. */
static int take_secret(const struct cli *cli, const struct earlier *earlier, const struct var *var,
    struct wishes *wishes, struct err *err)
{
	const char *now = given_now(cli, var->name);

	if (now)
		add_wish(wishes, mem_printf("%s=%s", var->name, now));
	else if (is_listed(json_object_get(earlier->record->started, "given"), var->name))
		return err_set(err, ERR_USAGE,
		    "variable '%s' is secret and was not kept: give it again with --var %s=…",
		    var->name, var->name);
	else if (is_random(var))
		return err_set(err, ERR_USAGE,
		    "variable '%s' was a secret that the run itself made, and it was not kept: "
		    "what was done with it cannot be finished; start a new run",
		    var->name);
	return 0;
}

static int take_var(const struct cli *cli, const struct earlier *earlier, const struct var *var,
    const json_t *value, struct wishes *wishes, struct err *err)
{
	const char *now = given_now(cli, var->name);
	char *text = value_to_text(value);
	int result = 0;

	if (strstr(text, REDACT_MASK))
		result = take_secret(cli, earlier, var, wishes, err);
	else if (now && strcmp(now, text) != 0)
		result = err_set(err, ERR_USAGE,
		    "variable '%s' was '%s' when the run began, and stays so: start a new run for "
		    "another value",
		    var->name, text);
	else
		add_wish(wishes, mem_printf("%s=%s", var->name, text));
	free(text);
	return result;
}

static int take_vars(const struct cli *cli, const struct earlier *earlier,
    const struct catalog *catalog, const struct runbook *runbook, struct wishes *wishes,
    struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(earlier->record->started, "vars"), name, value) {
		const struct var *var = find_var(catalog, runbook, name);

		/* One that is not there any more is among what has changed. */
		if (var && !json_is_null(value) &&
		    take_var(cli, earlier, var, value, wishes, err) < 0)
			return -1;
	}
	return 0;
}

static struct plan *plan_again(const struct cli *cli, const struct earlier *earlier,
    const struct catalog *catalog, const struct runbook *runbook, struct err *err)
{
	const json_t *started = earlier->record->started;
	const json_t *only = json_object_get(started, "only");
	struct wishes wishes = {0};
	struct plan *plan = NULL;

	for (size_t i = 0; i < json_array_size(only); i++) {
		const char *step = json_string_value(json_array_get(only, i));

		MEM_PUSH_ROOM(wishes.only, wishes.only_count);
		wishes.only[wishes.only_count++] = step ? step : ""; /* no step's name */
	}
	if (take_vars(cli, earlier, catalog, runbook, &wishes, err) == 0) {
		const struct plan_options options = {
		    .vars = (const char *const *)wishes.vars,
		    .var_count = wishes.var_count,
		    .found = json_object_get(started, "found"),
		    .from = value_get_text(started, "from"),
		    .only = wishes.only,
		    .only_count = wishes.only_count,
		};

		plan = plan_new(catalog, runbook, &options, err);
	}
	wishes_release(&wishes);
	return plan;
}

/* ---- what has changed ---- */

static void add_changed_files(json_t *changed, const json_t *before, const json_t *now)
{
	const char *file;
	json_t *digest;

	json_object_foreach((json_t *)now, file, digest) {
		json_t *was = json_object_get(before, file);
		char *text;

		if (was && json_equal(was, digest))
			continue;
		text = mem_printf(was ? "%s has been edited" : "%s was not part of it", file);
		json_array_append_new(changed, value_text(text, strlen(text)));
		free(text);
	}
}

/* Runs of the same runbook that began later: what they found and changed this one does not know. */
struct later {
	const char *run;
	char *newest;
	size_t count;
};

static bool take_later(void *ctx, const struct history_entry *entry)
{
	struct later *later = ctx;

	if (strcmp(entry->run, later->run) == 0)
		return false; /* newest first: the others are older */
	if (entry->check)
		return true;
	if (!later->newest)
		later->newest = mem_text(entry->run);
	later->count++;
	return true;
}

static void add_later_runs(json_t *changed, const struct plan *plan, const char *run)
{
	const struct history_filter filter = {
	    .runbook = plan->runbook->name, .platform = plan->catalog->platform->name};
	struct later later = {.run = run};
	char *text;

	/* A history that cannot be read is no reason not to go on. */
	if (plan->changes + plan->destroys == 0 ||
	    history_each(&filter, take_later, &later, NULL) < 0 || !later.newest) {
		free(later.newest);
		return;
	}
	text = mem_printf(
	    "%zu run%s of the same runbook began since, the last is %s: what this one measured "
	    "before may not be so any more, and it is not measured again",
	    later.count, later.count == 1 ? "" : "s", later.newest);
	json_array_append_new(changed, value_text(text, strlen(text)));
	free(text);
	free(later.newest);
}

static json_t *what_changed(const struct plan *plan, const char *run, const json_t *started)
{
	json_t *files = plan_files(plan);
	json_t *whole = plan_json(plan);
	json_t *now = redact_value(plan->redact, whole); /* as it is on record */
	json_t *changed = json_array();
	json_t *differences = plan_diff(json_object_get(started, "plan"), now);

	add_changed_files(changed, json_object_get(started, "files"), files);
	if (json_array_size(changed) && !json_array_size(differences))
		json_array_append_new(changed,
		    json_string("no command is another: comments, conditions or texts may be"));
	json_array_extend(changed, differences);
	add_later_runs(changed, plan, run);
	json_decref(differences);
	json_decref(now);
	json_decref(whole);
	json_decref(files);
	return changed;
}

/* ---- the command ---- */

static int check_platform(
    const struct catalog *catalog, const struct earlier *earlier, struct err *err)
{
	const char *platform = value_get_text(earlier->record->started, "platform");

	if (platform && strcmp(platform, catalog->platform->name) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
	    "run '%s' is one of platform '%s', and this is '%s': name its file with -P",
	    earlier->run, platform ? platform : "?", catalog->platform->name);
}

static int resume(struct cli *cli, struct earlier *earlier)
{
	const json_t *started = earlier->record->started;
	const char *mode = value_get_text(started, "mode");
	const char *name = value_get_text(started, "runbook");
	const struct runbook *runbook;
	struct plan *plan = NULL;
	int status;
	struct err err;
	struct catalog *catalog = cli_load(cli, name ? name : "", &runbook, &status);

	if (!catalog)
		return status;
	cli->options.check = mode && strcmp(mode, "check") == 0;
	if (check_platform(catalog, earlier, &err) == 0)
		plan = plan_again(cli, earlier, catalog, runbook, &err);
	if (plan) {
		earlier->changed = what_changed(plan, earlier->run, started);
		status = cli_run_plan(cli, plan, earlier);
		json_decref(earlier->changed);
		plan_free(plan);
	} else {
		status = complain_err(&err);
	}
	catalog_free(catalog);
	return status;
}

static int run_resume(struct cli *cli)
{
	struct err err;
	struct record *record = record_new();
	char *run = cli->arg_count ? history_find(cli->args[0], &err) : last_resumable(&err);
	struct earlier earlier = {.run = run};
	int status;

	if (run && open_earlier(&earlier, record, &err) == 0)
		status = resume(cli, &earlier);
	else
		status = complain_err(&err);
	journal_close(earlier.reader);
	record_free(record);
	free(run);
	return status;
}
