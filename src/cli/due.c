/* `fsops run --if-due`, for what can only wake a run too often. Invariants: a time zone that is not
 * known is an error, not UTC: else a run would be at the wrong time, or never. For one due time a run
 * begins once: who looks whether it did keeps all others from looking until it has begun itself.
 *
 * A run is started for a time when its run.started says so (`due`), with the same mode, steps and
 * variables on the command line: a line in a crontab is such a thing. Those that a person started at
 * that time do not count, nor those that were refused before they began: they left no journal. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "fsops/clock.h"
#include "fsops/history.h"
#include "fsops/journal.h"
#include "fsops/mem.h"
#include "fsops/schedule.h"
#include "fsops/sha256.h"
#include "fsops/state.h"
#include "fsops/value.h"

/* Who has it only looks and begins; who takes over a lock waits longer, and has begun all but that. */
#define DUE_LOOK_NSEC 20000000
#define DUE_LOOKS     250
/* Clocks may have been set back a bit since the other run began. */
#define DUE_EARLIER ((msec)60 * 60 * 1000)

struct due {
	int64_t at; /* seconds since 1970 */
	int fd;     /* locked while it is about to begin; -1 */
};

/* ---- is it time? ---- */

static void tell_when(const struct runbook *runbook, const struct zone *zone, int64_t now)
{
	char next[CLOCK_TEXT_MAX];

	clock_format_local(schedule_next(&runbook->schedule, zone, now) * 1000, now * 1000, next);
	complain("'%s' is not due: its schedule is %s (%s), next %s", runbook->name,
	    runbook->schedule.text, zone_name(zone), next);
}

static int is_due(struct cli *cli, const struct runbook *runbook, const char *name, bool *due)
{
	int64_t now = clock_system.wall(clock_system.ctx) / 1000;
	struct zone *zone = zone_open(name, strlen(name));
	int64_t at;

	if (!zone) {
		complain(
		    "the time zone '%s' is not known to this machine: is tzdata installed?", name);
		return EXIT_FAILED;
	}
	*due = schedule_due(&runbook->schedule, zone, now, &at);
	if (*due) {
		cli->due = mem_alloc(sizeof(*cli->due));
		*cli->due = (struct due){.at = at, .fd = -1};
	} else if (!cli->options.quiet) {
		tell_when(runbook, zone, now);
	}
	zone_free(zone);
	return EXIT_OK;
}

int cli_due(struct cli *cli, const struct runbook *runbook, bool *due)
{
	struct err err;
	char *name;
	int status;

	if (runbook->schedule.kind == SCHEDULE_NONE) {
		err_set(&err, ERR_USAGE, "--if-due: '%s' has no schedule", runbook->name);
		return complain_err(&err);
	}
	name = zone_of_process(&err);
	if (!name)
		return complain_err(&err);
	status = is_due(cli, runbook, name, due);
	free(name);
	return status;
}

/* ---- was it started? ---- */

struct looking {
	const struct plan *plan;
	const char *mode;
	const char *at;
	char
	    *found; /* the run that was started for that time; NULL: none was, or it is not known */
	struct err
	    unread; /* why a journal that may be such a run's was not read; ERR_NONE: all were */
};

/* What was typed and what it stands for; secrets are masked in both. */
static bool same_asked(const struct plan *plan, const json_t *started)
{
	static const char *const keys[] = {"given", "from", "only"};
	size_t i;
	json_t *name;

	for (i = 0; i < COUNT_OF(keys); i++) {
		const json_t *ours = json_object_get(plan->chosen, keys[i]);
		const json_t *theirs = json_object_get(started, keys[i]);

		if ((ours || theirs) && !json_equal(ours, theirs))
			return false;
	}
	json_array_foreach(json_object_get(plan->chosen, "given"), i, name) {
		const char *key = json_string_value(name);
		json_t *ours = redact_value(plan->redact, json_object_get(plan->vars, key));
		bool same =
		    json_equal(ours, json_object_get(json_object_get(started, "vars"), key));

		json_decref(ours);
		if (!same)
			return false;
	}
	return true;
}

static bool is_for_it(const struct looking *looking, const json_t *started)
{
	const char *at = value_get_text(started, "due");
	const char *mode = value_get_text(started, "mode");

	return at && strcmp(at, looking->at) == 0 && mode && strcmp(mode, looking->mode) == 0 &&
	       same_asked(looking->plan, started);
}

static bool look(void *ctx, const struct history_entry *entry)
{
	struct looking *looking = ctx;
	struct err err = {0};
	struct journal_reader *reader = journal_open(entry->run, &err);
	json_t *started = NULL;
	int got = reader ? journal_next(reader, &started, &err) : -1;

	if (got < 0)
		looking->unread = err;
	else if (got > 0 && is_for_it(looking, started))
		looking->found = mem_text(entry->run);
	json_decref(started);
	journal_close(reader);
	return !looking->found;
}

/* ---- one at a time ---- */

static int open_lock(const struct plan *plan, struct err *err)
{
	const char *platform = plan->catalog->platform->name;
	char *both = mem_printf("%s\n%s", platform, plan->runbook->name);
	char digest[SHA256_TEXT];
	char *name, *path;
	int fd = -1;

	sha256_text(both, strlen(both), digest);
	name = mem_printf("due/%s", digest);
	path = state_make_folder("due", err) < 0 ? NULL : state_path(name, err);
	if (path)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (path && fd < 0)
		err_set(err, ERR_SYSTEM, "unable to open '%s': %s", path, strerror(errno));
	free(both);
	free(name);
	free(path);
	return fd;
}

/* 1: got; 0: another is about to begin, and stays so. */
static int enter(struct due *due, const struct plan *plan, struct err *err)
{
	due->fd = open_lock(plan, err);
	if (due->fd < 0)
		return -1;
	for (int i = 0; i < DUE_LOOKS; i++) {
		if (flock(due->fd, LOCK_EX | LOCK_NB) == 0)
			return 1;
		if (errno != EWOULDBLOCK)
			return err_set(err, ERR_SYSTEM, "unable to lock it: %s", strerror(errno));
		nanosleep(&(struct timespec){.tv_nsec = DUE_LOOK_NSEC}, NULL);
	}
	return 0;
}

static void tell_begun(const struct cli *cli, const struct plan *plan, const char *run)
{
	char when[CLOCK_TEXT_MAX];

	if (cli->options.quiet)
		return;
	clock_format_local(cli->due->at * 1000, clock_system.wall(clock_system.ctx), when);
	if (run)
		complain("'%s' was started for %s already: run %s", plan->runbook->name, when, run);
	else
		complain(
		    "'%s' is being started for %s by another process", plan->runbook->name, when);
}

/* 1: this process may start it; 0: it was started; -1: that cannot be known. */
static int search(
    struct due *due, const struct plan *plan, struct looking *looking, struct err *err)
{
	struct history_filter filter = {.runbook = plan->runbook->name,
	    .platform = plan->catalog->platform->name,
	    .since = due->at * 1000 - DUE_EARLIER};
	int got = enter(due, plan, err);

	if (got > 0 && history_each(&filter, look, looking, err) < 0)
		return -1;
	if (got <= 0 || looking->found)
		return got < 0 ? -1 : 0;
	if (looking->unread.kind == ERR_NONE)
		return 1;
	*err = looking->unread;
	return -1;
}

/* What only looks had better do so twice than never; what changes things had not. */
static int begin_unknown(
    const struct cli *cli, const struct plan *plan, const char *why, bool *begin)
{
	*begin = cli->options.check || plan->changes + plan->destroys == 0;
	complain("whether '%s' was started for its time already cannot be known%s: %s",
	    plan->runbook->name, *begin ? "" : ", so it changes nothing and does not begin", why);
	return *begin ? EXIT_OK : EXIT_FAILED;
}

int cli_due_begin(struct cli *cli, struct plan *plan, bool *begin)
{
	char at[CLOCK_TEXT_MAX];
	struct looking looking = {
	    .plan = plan, .mode = cli->options.check ? "check" : "run", .at = at};
	int status = EXIT_OK;
	struct err err;
	int got;

	*begin = true;
	if (!cli->due)
		return EXIT_OK;
	clock_format_rfc3339(cli->due->at * 1000, at);
	got = search(cli->due, plan, &looking, &err);
	*begin = got > 0;
	if (got < 0)
		status = begin_unknown(cli, plan, err.text, begin);
	else if (got == 0)
		tell_begun(cli, plan, looking.found);
	if (*begin)
		json_object_set_new(plan->chosen, "due", json_string(at));
	free(looking.found);
	return status;
}

void cli_due_end(struct cli *cli)
{
	if (!cli->due)
		return;
	if (cli->due->fd >= 0)
		close(cli->due->fd);
	free(cli->due);
	cli->due = NULL;
}
