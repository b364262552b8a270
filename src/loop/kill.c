/*
 * Ending a command and all that came of it.
 *
 * Because we are a subreaper, every descendant is below us in the process tree, however often it
 * forked and whatever it did to its session, group and environment. So each look reads the whole
 * tree, tells whose each process is, and signals those of the children that are being killed:
 * TERM once, KILL at every look after CHILD_GRACE. A child is gone after two looks in a row
 * that found nothing: during the first one a parent may have died whose new child it had passed.
 *
 * Invariant: as long as a child is being killed a look is planned.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child_private.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "proctree.h"

#define LOOK_DELAY_MAX ((msec)100)
/* After the first KILL: then what can't be ended is reported, and nobody waits any longer. */
#define KILL_TIME ((msec)800)
/* Looks in one go as long as each finds processes that the one before had not seen; no more than
 * this in number and time, since other timers wait. */
#define LOOKS_AT_ONCE 50
#define LOOKS_TIME    ((msec)100)

/* At the exit: a second in all. */
#define LOOKS_AT_EXIT   200
#define LOOK_PAUSE_NSEC 5000000

#define COMMAND_TEXT_MAX 8192

/* What is known of one process at this look. */
struct known {
	bool ours;
	struct child *owner;
};

struct look {
	struct children *children;
	struct proctree tree;
	struct known *known; /* of tree.items[i] */
	msec now;
	bool found_new;
};

/* Whose is it? */

static struct child *by_call(const struct children *children, int pid)
{
	for (struct child *child = children->first; child; child = child->next)
		if (proctree_env_has(pid, "FSOPS_CALL", child->call))
			return child;
	return NULL;
}

/* A child, or the fact that the mark is another child's, one that ended and may leave things. */
static bool by_mark(const struct children *children, int pid, struct child **owner)
{
	uint64_t mark = proctree_mark_of(pid);

	*owner = NULL;
	for (struct child *child = children->first; child && mark; child = child->next)
		if (child->mark == mark)
			*owner = child;
	return mark >> PROCTREE_MARK_BITS == (uint64_t)getpid();
}

/* An orphan without any sign on it: only when nobody else can have made it. */
static struct child *by_elimination(const struct children *children, const struct process *process)
{
	struct child *only = children->first;

	return only && !only->next && process->start >= children->changed_at ? only : NULL;
}

static struct child *owner_of(
    const struct children *children, const struct process *process, struct child *parents_owner)
{
	struct child *owner = NULL;

	for (struct child *child = children->first; child; child = child->next)
		if ((process->pid == child->pid && !child->reaped) || process->group == child->pid)
			return child;
	if (by_mark(children, process->pid, &owner))
		return owner;
	if (parents_owner || process->parent != getpid())
		return parents_owner;
	owner = by_call(children, process->pid);
	return owner ? owner : by_elimination(children, process);
}

/* Parents first: a process is known to be ours once its parent is. One pass does it unless the
 * process numbers have wrapped around. */
static bool spread(struct look *look)
{
	bool changed = false;

	for (size_t i = 0; i < look->tree.count; i++) {
		const struct process *process = &look->tree.items[i];
		const struct process *parent = proctree_find(&look->tree, process->parent);
		const struct known *above = parent ? &look->known[parent - look->tree.items] : NULL;

		if (look->known[i].ours || !((above && above->ours) || process->parent == getpid()))
			continue;
		look->known[i].ours = true;
		look->known[i].owner =
		    owner_of(look->children, process, above ? above->owner : NULL);
		changed = true;
	}
	return changed;
}

/* Signalling. */

static bool see(struct child *child, const struct process *process)
{
	for (size_t i = 0; i < child->seen_count; i++)
		if (child->seen[i].pid == process->pid && child->seen[i].start == process->start)
			return false;
	MEM_PUSH_ROOM(child->seen, child->seen_count);
	child->seen[child->seen_count++] =
	    (struct seen){.pid = process->pid, .start = process->start};
	return true;
}

static void report(struct child *child, int pid, const char *trouble)
{
	struct buf command;

	if (!child->spec.killed || child->reports >= CHILD_REPORTS_MAX)
		return;
	child->reports++;
	buf_init(&command, COMMAND_TEXT_MAX);
	proctree_command(pid, &command);
	buf_adds(&command, trouble);
	child->spec.killed(child->spec.ctx, pid, command.data);
	buf_release(&command);
}

static bool past_grace(const struct child *child, msec now)
{
	return now - child->killed_at >= CHILD_GRACE;
}

/* After the first TERM, what a living parent starts is its clean-up, which has until the end of
 * the grace; an orphan was being forked when the TERM came, and has missed it. */
static bool wants_term(const struct child *child, const struct process *process)
{
	return !child->told || process->parent == getpid();
}

static void signal_one(struct look *look, struct child *child, const struct process *process)
{
	bool past = past_grace(child, look->now);
	bool is_new = (past || wants_term(child, process)) && see(child, process);

	if (is_new)
		report(child, process->pid, "");
	if (past)
		kill(process->pid, SIGKILL);
	else if (is_new)
		kill(process->pid, SIGTERM);
	look->found_new |= past && is_new;
	/* A stopped process takes its TERM only when it goes on. */
	if (strchr("Tt", process->state))
		kill(process->pid, SIGCONT);
}

static void signal_all(struct look *look)
{
	for (size_t i = 0; i < look->tree.count; i++) {
		struct child *owner = look->known[i].owner;

		if (!owner || owner->state != CHILD_KILLING)
			continue;
		owner->found = true;
		if (!look->tree.items[i].dead)
			signal_one(look, owner, &look->tree.items[i]);
	}
}

/* Where the tree can't be read, the process group is all that can be reached. */
static void signal_groups(struct look *look)
{
	for (struct child *child = look->children->first; child; child = child->next) {
		if (child->state != CHILD_KILLING)
			continue;
		child->found = kill(-child->pid, 0) == 0 || errno == EPERM;
		if (!child->found)
			continue;
		if (see(child, &(struct process){.pid = child->pid}))
			report(child, child->pid, "");
		kill(-child->pid, past_grace(child, look->now) ? SIGKILL : SIGTERM);
		kill(-child->pid, SIGCONT);
	}
}

/* A whole group at once leaves none of it the time to fork. */
static void kill_groups(const struct look *look)
{
	for (struct child *child = look->children->first; child; child = child->next)
		if (child->state == CHILD_KILLING && !child->reaped && past_grace(child, look->now))
			kill(-child->pid, SIGKILL);
}

static const char *trouble_of(const struct process *process)
{
	if (kill(process->pid, 0) < 0 && errno == EPERM)
		return " (could not be ended: it runs as another user)";
	return process->state == 'D' ? " (could not be ended: it is stuck in the kernel)"
	                             : " (could not be ended)";
}

static void report_left(const struct look *look, struct child *child)
{
	child->reports = 0;
	for (size_t i = 0; i < look->tree.count; i++)
		if (look->known[i].owner == child && !look->tree.items[i].dead)
			report(child, look->tree.items[i].pid, trouble_of(&look->tree.items[i]));
}

/* One look. */

static bool is_over(const struct look *look, struct child *child)
{
	if (child->state != CHILD_KILLING)
		return false;
	child->told = true;
	child->empty_looks = child->found ? 0 : child->empty_looks + 1;
	if (child->empty_looks >= 2)
		return true;
	if (look->now - child->killed_at < CHILD_GRACE + KILL_TIME)
		return false;
	report_left(look, child);
	return true;
}

/* gone() may start and kill others, so the search begins anew after each. */
static void report_gone(struct child *child)
{
	child_unlink(child);
	if (child->spec.gone)
		child->spec.gone(child->spec.ctx);
	child_free(child);
}

static void look_once(struct look *look)
{
	for (struct child *child = look->children->first; child; child = child->next)
		child->found = false;
	look->found_new = false;
	kill_groups(look);
	children_reap(look->children);
	if (proctree_read(&look->tree) < 0) {
		signal_groups(look);
		return;
	}
	look->known = mem_alloc((look->tree.count + 1) * sizeof(*look->known));
	while (spread(look))
		;
	signal_all(look);
}

static void look_release(struct look *look)
{
	proctree_release(&look->tree);
	free(look->known);
	look->known = NULL;
}

/* Processes that were forked meanwhile are looked for at once when it is time for KILL. */
static void look_until_quiet(struct look *look)
{
	msec begin = loop_now(look->children->loop);

	for (int i = 0; i < LOOKS_AT_ONCE; i++) {
		look_release(look);
		look_once(look);
		if (!look->found_new || loop_now(look->children->loop) - begin > LOOKS_TIME)
			return;
	}
}

static struct child *next_over(const struct children *children)
{
	struct child *child = children->first;

	while (child && !child->over)
		child = child->next;
	return child;
}

/* 0 when the second look of two is due, -1 when nothing is being killed any more. */
static msec next_delay(struct children *children, msec now)
{
	msec delay = -1;

	for (const struct child *child = children->first; child; child = child->next) {
		msec grace = child->killed_at + CHILD_GRACE - now;

		if (child->state != CHILD_KILLING)
			continue;
		if (child->empty_looks)
			return 0;
		if (delay < 0)
			delay = children->look_delay;
		if (grace > 0 && grace < delay)
			delay = grace;
	}
	if (children->look_delay < LOOK_DELAY_MAX)
		children->look_delay *= 2;
	return delay;
}

static void on_look(void *ctx)
{
	struct children *children = ctx;
	struct look look = {.children = children, .now = loop_now(children->loop)};
	struct child *over;
	msec delay;

	children->look = NULL;
	look_until_quiet(&look);
	for (struct child *child = children->first; child; child = child->next)
		child->over = is_over(&look, child);
	look_release(&look);
	while ((over = next_over(children)))
		report_gone(over);
	delay = next_delay(children, look.now);
	if (delay >= 0)
		kill_look_soon(children, delay);
}

void kill_look_soon(struct children *children, msec delay)
{
	loop_cancel(children->look);
	children->look = loop_after(children->loop, delay, on_look, children);
}

void child_kill(struct child *child)
{
	struct children *children = child->children;

	if (child->state != CHILD_RUNNING)
		return;
	child->state = CHILD_KILLING;
	child->killed_at = loop_now(children->loop);
	child_stop_feeding(child);
	children->look_delay = 1;
	kill_look_soon(children, 0);
}

void kill_all_now(struct children *children)
{
	struct look look = {.children = children, .now = CHILD_GRACE};
	int quiet = 0;

	for (struct child *child = children->first; child; child = child->next) {
		child_stop_feeding(child);
		child->state = CHILD_KILLING;
		child->killed_at = 0;
	}
	for (int i = 0; children->first && i < LOOKS_AT_EXIT && quiet < 2; i++) {
		bool found = false;

		look_until_quiet(&look);
		for (struct child *child = children->first; child; child = child->next)
			found |= child->found;
		quiet = found ? 0 : quiet + 1;
		if (found)
			nanosleep(&(struct timespec){.tv_nsec = LOOK_PAUSE_NSEC}, NULL);
	}
	look_release(&look);
}
