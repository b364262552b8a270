/* What a killed process left running. Invariant: only what is known to have ended counts as ended;
 * a process that was started before the note was taken is never taken for one of it. */
#include "fsops/traces.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/value.h"
#include "proctree.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define NS_FILE   "/proc/self/ns/pid"
#define BOOT_MAX  64
/* A change starts a command, perhaps one after another; more of them are known by their marks. */
#define GROUPS_MAX 16
/* So many are named to people. */
#define NAMED_MAX 2

/* ---- where we are ---- */

static void read_boot(char text[BOOT_MAX + 1])
{
	int fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, BOOT_MAX) : -1;

	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

/* Read once: as long as a process lives it is of one boot. */
static json_t *boot(void)
{
	static char text[BOOT_MAX + 1];

	if (!*text)
		read_boot(text);
	return *text ? json_string(text) : NULL;
}

static json_t *read_ns(void)
{
	struct stat info;

	return stat(NS_FILE, &info) == 0 ? json_integer((json_int_t)info.st_ino) : NULL;
}

json_t *traces_here(void)
{
	json_t *here = json_pack(
	    "{s:o*, s:o*, s:I}", "boot", boot(), "ns", read_ns(), "pid", (json_int_t)getpid());

	return here;
}

/* How many commands we have started; a mark of whoever started us tells nothing of that. */
static uint64_t count_so_far(void)
{
	uint64_t mark = proctree_mark_of(getpid());

	return mark >> PROCTREE_MARK_BITS == (uint64_t)getpid() ? mark & PROCTREE_MARK_MASK : 0;
}

json_t *traces_begin(void)
{
	json_t *traces = traces_here();

	json_object_set_new(traces, "mark", json_integer((json_int_t)count_so_far()));
	json_object_set_new(traces, "ticks", json_integer((json_int_t)proctree_ticks()));
	json_object_set_new(traces, "groups", json_array());
	return traces;
}

void traces_add(json_t *traces, int pid)
{
	json_t *groups = json_object_get(traces, "groups");

	if (json_array_size(groups) < GROUPS_MAX)
		json_array_append_new(groups, json_integer(pid));
}

/* Both sides tell, and tell the same. */
static bool same(const json_t *traces, const json_t *here, const char *key)
{
	const json_t *theirs = json_object_get(traces, key);

	return theirs && json_equal(theirs, json_object_get(here, key));
}

bool traces_same_boot(const json_t *traces)
{
	json_t *here = traces_here();
	bool is_same = same(traces, here, "boot");

	json_decref(here);
	return is_same;
}

bool traces_rebooted(const json_t *traces, bool same_host)
{
	json_t *here = traces_here();
	bool told = json_object_get(traces, "boot") && json_object_get(here, "boot");
	bool is_same = same(traces, here, "boot");

	json_decref(here);
	return same_host && told && !is_same;
}

/* ---- what still runs ---- */

struct note {
	int pid;
	uint64_t mark;
	uint64_t ticks;
	const json_t *groups;
};

/* Marks and calls of one process are numbered; the numbers wrap. */
static bool is_later(const struct note *note, uint64_t number)
{
	uint64_t ahead = (number - note->mark) & PROCTREE_MARK_MASK;

	return ahead > 0 && ahead <= PROCTREE_MARK_MASK / 2;
}

static bool by_mark(const struct note *note, int pid)
{
	uint64_t mark = proctree_mark_of(pid);

	return mark >> PROCTREE_MARK_BITS == (uint64_t)note->pid && is_later(note, mark);
}

/* FSOPS_CALL of a process inside several of ours is ":PID.TICKS.NUMBER:" of each. */
static bool by_call(const struct note *note, int pid)
{
	char *calls = proctree_env_get(pid, "FSOPS_CALL");
	char head[32];
	bool found = false;

	snprintf(head, sizeof(head), ":%d.", note->pid);
	for (const char *at = calls; at && !found; at = at ? at + 1 : NULL) {
		const char *number;

		at = strstr(at, head);
		number = at ? strchr(at + strlen(head), '.') : NULL;
		found = number && is_later(note, strtoull(number + 1, NULL, 10));
	}
	free(calls);
	return found;
}

static bool by_group(const struct note *note, int group)
{
	size_t i;
	json_t *item;

	json_array_foreach(note->groups, i, item)
		if (json_integer_value(item) == group)
			return true;
	return false;
}

static bool is_left(const struct note *note, const struct process *process)
{
	if (process->dead || process->start < note->ticks || process->pid == getpid())
		return false;
	return by_group(note, process->group) || by_mark(note, process->pid) ||
	       by_call(note, process->pid);
}

static void name_it(struct buf *out, int pid)
{
	buf_addf(out, "%spid %d: ", out->len ? ", " : "", pid);
	proctree_command(pid, out);
}

static enum traces_left look_around(const struct note *note, struct buf *out)
{
	struct proctree tree;
	size_t found = 0;

	if (proctree_read(&tree) < 0)
		return TRACES_UNSEEN;
	for (size_t i = 0; i < tree.count; i++)
		if (is_left(note, &tree.items[i]) && ++found <= NAMED_MAX)
			name_it(out, tree.items[i].pid);
	proctree_release(&tree);
	return found ? TRACES_SOME : TRACES_NONE;
}

enum traces_left traces_look(const json_t *traces, struct buf *out)
{
	const struct note note = {
	    .pid = (int)json_integer_value(json_object_get(traces, "pid")),
	    .mark = (uint64_t)json_integer_value(json_object_get(traces, "mark")),
	    .ticks = (uint64_t)json_integer_value(json_object_get(traces, "ticks")),
	    .groups = json_object_get(traces, "groups"),
	};
	json_t *here = traces_here();
	bool seen = same(traces, here, "boot") && same(traces, here, "ns") && note.pid > 0;

	json_decref(here);
	return seen ? look_around(&note, out) : TRACES_UNSEEN;
}
