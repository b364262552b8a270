/* The runs that there were. Invariant: a run is given out once, newest first, and one of which nothing
 * says that it has ended is never shown as if it had. */
#include "fsops/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "history_file.h"
#include "history_lines.h"
#include "reader.h"

/* ---- for the journal ---- */

static int add(const struct buf *line, struct err *err)
{
	int lock = history_lock(err);
	int result = lock < 0 ? -1 : history_append(line, err);

	if (lock >= 0)
		close(lock);
	return result;
}

int history_begin(const struct history_entry *entry, struct err *err)
{
	struct buf line;
	int result;

	buf_init(&line, BUF_TEXT_MAX);
	history_add_began(&line, entry);
	result = add(&line, err);
	buf_release(&line);
	return result;
}

int history_end(const struct history_entry *entry, struct err *err)
{
	struct buf line;
	int result;

	buf_init(&line, BUF_TEXT_MAX);
	history_add_ended(&line, entry);
	result = add(&line, err);
	buf_release(&line);
	return result;
}

/* ---- going through it, newest first ---- */

/* Ends whose beginning has not been met yet, going backwards: in a file of runs that follow each other
 * there is hardly ever more than one. */
struct ends {
	struct history_entry *items;
	size_t count;
};

static struct history_entry *find_end(const struct ends *ends, const char *run)
{
	for (size_t i = ends->count; i-- > 0;)
		if (strcmp(ends->items[i].run, run) == 0)
			return &ends->items[i];
	return NULL;
}

static void keep_end(struct ends *ends, const struct history_entry *end)
{
	if (find_end(ends, end->run))
		return; /* a newer one is known */
	MEM_PUSH_ROOM(ends->items, ends->count);
	ends->items[ends->count] = *end;
	ends->items[ends->count++].run = mem_text(end->run); /* its line will be gone */
}

static void take_end(struct ends *ends, struct history_entry *entry)
{
	struct history_entry *end = find_end(ends, entry->run);

	if (!end)
		return;
	entry->finished = end->finished;
	entry->level = end->level;
	entry->exit = end->exit;
	entry->resumable = end->resumable;
	memcpy(entry->last, end->last, sizeof(entry->last));
	free((char *)end->run);
	*end = ends->items[--ends->count];
}

static void ends_release(struct ends *ends)
{
	for (size_t i = 0; i < ends->count; i++)
		free((char *)ends->items[i].run);
	free(ends->items);
}

/* Nothing said that it ended, or it may have been gone on with: its journal tells. */
static void look(struct history_entry *entry)
{
	struct journal_reader *reader;

	if (entry->finished && !entry->resumable)
		return;
	reader = journal_open(entry->run, NULL);
	entry->live = reader && journal_is_live(reader);
	entry->resumable = entry->resumable && reader;
	if (reader && (entry->live || !history_take_end(entry, reader))) {
		entry->finished = 0;
		entry->resumable = !entry->live;
	}
	journal_close(reader);
}

static bool is_wanted(const struct history_filter *filter, const struct history_entry *entry)
{
	return (!filter->runbook || strcmp(filter->runbook, entry->runbook) == 0) &&
	       (!filter->platform || strcmp(filter->platform, entry->platform) == 0) &&
	       entry->started >= filter->since;
}

static bool is_failed(const struct history_entry *entry)
{
	return entry->finished ? entry->exit != 0 : !entry->live;
}

static bool give(
    const struct history_filter *filter, struct history_entry *entry, history_fn *fn, void *ctx)
{
	if (!is_wanted(filter, entry))
		return true;
	look(entry);
	return (filter->failed && !is_failed(entry)) || fn(ctx, entry);
}

static void each_line(
    struct history_lines *lines, const struct history_filter *filter, history_fn *fn, void *ctx)
{
	struct ends ends = {0};
	bool more = true;
	char *text;
	size_t len;

	while (more && history_lines_next(lines, &text, &len)) {
		struct history_line line;

		if (history_parse(text, len, &line) < 0)
			continue;
		if (line.ended) {
			keep_end(&ends, &line.entry);
		} else {
			take_end(&ends, &line.entry);
			more = give(filter, &line.entry, fn, ctx);
		}
	}
	ends_release(&ends);
}

static void each_of_file(int fd, const struct history_filter *filter, history_fn *fn, void *ctx)
{
	struct history_lines lines;

	history_lines_of_file(&lines, fd);
	each_line(&lines, filter, fn, ctx);
	history_lines_release(&lines);
}

static void each_of_text(
    struct buf *text, const struct history_filter *filter, history_fn *fn, void *ctx)
{
	struct history_lines lines;

	history_lines_of_text(&lines, text);
	each_line(&lines, filter, fn, ctx);
	history_lines_release(&lines);
}

int history_each(const struct history_filter *filter, history_fn *fn, void *ctx, struct err *err)
{
	struct buf lines;
	int fd = history_open();
	int result;

	if (fd >= 0) {
		each_of_file(fd, filter, fn, ctx);
		return 0;
	}
	buf_init(&lines, HISTORY_MAX);
	result = history_read(&lines, false, err);
	if (result == 0)
		each_of_text(&lines, filter, fn, ctx);
	buf_release(&lines);
	return result;
}

/* ---- which run a person means ---- */

#define NAMED_MAX 5

struct finding {
	const char *name;
	char *newest;     /* of the runbook of that name, or of all when NAME is NULL */
	char *beginning;  /* the newest of the runbook whose name begins with it, */
	char *runbook;    /* that runbook, */
	bool several;     /* and it is not the only one */
	char *by_id;      /* the newest whose id begins with it */
	size_t count;     /* of those */
	struct buf named; /* some of them */
};

static bool look_at(void *ctx, const struct history_entry *entry)
{
	struct finding *finding = ctx;
	const char *name = finding->name;

	if (!finding->newest && (!name || strcmp(entry->runbook, name) == 0))
		finding->newest = mem_text(entry->run);
	if (name && strncmp(entry->runbook, name, strlen(name)) == 0) {
		finding->several |=
		    finding->runbook && strcmp(finding->runbook, entry->runbook) != 0;
		if (!finding->beginning) {
			finding->beginning = mem_text(entry->run);
			finding->runbook = mem_text(entry->runbook);
		}
	}
	if (name && strncmp(entry->run, name, strlen(name)) == 0) {
		if (!finding->by_id)
			finding->by_id = mem_text(entry->run);
		if (++finding->count <= NAMED_MAX)
			buf_addf(
			    &finding->named, "%s%s", finding->count > 1 ? ", " : "", entry->run);
	}
	return name || !finding->newest;
}

static bool has_journal(const char *run)
{
	char *path = journal_path_of(run, NULL);
	bool there = path && access(path, F_OK) == 0;

	free(path);
	return there;
}

static char *choose(struct finding *finding, struct err *err)
{
	if (finding->count == 1)
		return mem_text(finding->by_id);
	if (finding->count > 1)
		err_set(err, ERR_USAGE, "%zu runs begin with '%s': type more of it: %s%s",
		    finding->count, finding->name, finding->named.data,
		    finding->count > NAMED_MAX ? ", …" : "");
	else if (finding->newest)
		return mem_text(finding->newest);
	else if (finding->beginning && !finding->several)
		return mem_text(finding->beginning);
	else if (finding->beginning)
		err_set(err, ERR_USAGE,
		    "'%s' begins the names of several runbooks that were run; say which",
		    finding->name);
	else if (finding->name)
		err_set(err, ERR_USAGE,
		    "there is no run '%s', and none of a runbook of that name: `fsops history` "
		    "lists the runs that there were",
		    finding->name);
	else
		err_set(err, ERR_USAGE, "there was no run yet");
	return NULL;
}

char *history_find(const char *name, struct err *err)
{
	const struct history_filter all = {0};
	struct finding finding = {.name = name};
	char *run = NULL;

	if (name && !*name) { /* every id begins with it */
		err_set(err, ERR_USAGE, "the name of the run is empty");
		return NULL;
	}
	if (name && has_journal(name))
		return mem_text(name);
	buf_init(&finding.named, BUF_TEXT_MAX);
	if (history_each(&all, look_at, &finding, err) == 0)
		run = choose(&finding, err);
	buf_release(&finding.named);
	free(finding.newest);
	free(finding.beginning);
	free(finding.runbook);
	free(finding.by_id);
	return run;
}

/* ---- forgetting ---- */

struct pruning {
	msec before;
	history_fn *fn;
	void *ctx;
	struct history_pruned *pruned;
	struct buf kept; /* lines, newest run first */
	size_t failed;   /* could not be removed */
	struct err *err;
};

/* Under its lock, so that nobody begins to go on with it meanwhile. 1: it is gone; 0: it is alive; -1. */
static int remove_journal(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	int result = 0;

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		result = unlink(path) == 0 ? 1 : -1;
	if (fd >= 0)
		close(fd);
	return result;
}

static bool forget(struct pruning *pruning, const char *run)
{
	char *path = journal_path_of(run, NULL);
	int result = path ? remove_journal(path) : 1; /* there is no journal of such a name */

	if (result < 0 && pruning->failed++ == 0)
		err_set(
		    pruning->err, ERR_SYSTEM, "unable to remove '%s': %s", path, strerror(errno));
	free(path);
	return result > 0;
}

static bool prune_one(void *ctx, const struct history_entry *entry)
{
	struct pruning *pruning = ctx;

	if (entry->started < pruning->before && !entry->live && forget(pruning, entry->run)) {
		pruning->pruned->removed++;
		pruning->pruned->resumable += entry->resumable;
		if (pruning->fn)
			pruning->fn(pruning->ctx, entry);
		return true;
	}
	if (entry->finished || entry->last[0])
		history_add_ended(&pruning->kept, entry);
	history_add_began(&pruning->kept, entry);
	return true;
}

/* The lines in the other order. */
static void turn_round(struct buf *text, struct buf *out)
{
	struct history_lines lines;
	char *line;
	size_t len;

	history_lines_of_text(&lines, text);
	while (history_lines_next(&lines, &line, &len))
		buf_add(out, line, len + 1);
	history_lines_release(&lines);
}

static int prune(struct pruning *pruning, struct err *err)
{
	const struct history_filter all = {0};
	struct buf lines, kept;
	int result;

	buf_init(&lines, HISTORY_MAX);
	buf_init(&kept, HISTORY_MAX);
	result = history_read(&lines, true, err);
	if (result == 0) {
		each_of_text(&lines, &all, prune_one, pruning);
		turn_round(&pruning->kept, &kept);
		result = lines.len ? history_replace(&kept, err) : 0;
	}
	buf_release(&lines);
	buf_release(&kept);
	return result;
}

int history_prune(
    msec before, history_fn *fn, void *ctx, struct history_pruned *pruned, struct err *err)
{
	struct err failed;
	struct pruning pruning = {
	    .before = before, .fn = fn, .ctx = ctx, .pruned = pruned, .err = &failed};
	int lock, result;

	*pruned = (struct history_pruned){0};
	if (!history_is_any())
		return 0;
	lock = history_lock(err);
	if (lock < 0)
		return -1;
	buf_init(&pruning.kept, HISTORY_MAX);
	result = prune(&pruning, err);
	if (result == 0 && pruning.failed)
		result = err_set(err, failed.kind, "%zu journals are still there: %s",
		    pruning.failed, failed.text);
	buf_release(&pruning.kept);
	close(lock);
	return result;
}
