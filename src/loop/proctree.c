/* Reads /proc. Invariant: whatever is gone between two looks is simply not there; no look fails
 * because of it. Elsewhere than on Linux there is nothing to read, and all of it says so. */
#include "proctree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fsops/mem.h"

void proctree_release(struct proctree *tree)
{
	free(tree->items);
	*tree = (struct proctree){0};
}

static int by_pid(const void *left, const void *right)
{
	const struct process *a = left;
	const struct process *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

const struct process *proctree_find(const struct proctree *tree, int pid)
{
	struct process key = {.pid = pid};

	return tree->count ? bsearch(&key, tree->items, tree->count, sizeof(key), by_pid) : NULL;
}

#ifdef __linux__

#include <sys/prctl.h>
#include <sys/resource.h>

#define STAT_MAX    1024
#define COMMAND_MAX 4096
#define ENV_MAX     (2 * 1024 * 1024)
#define MARK_BASE   (UINT64_C(1) << 62)

/* Opens /proc/PID/NAME; -1 when the process is gone or someone else's. */
static int open_of(int pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static size_t read_of(int pid, const char *name, char *data, size_t size)
{
	int fd = open_of(pid, name);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return 0;
	while (got > 0 && len < size) {
		got = read(fd, data + len, size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	return len;
}

/* "PID (any text) S PPID PGRP … THREADS(20) … START(22)": proc(5). */
static int parse_stat(const char *text, struct process *process)
{
	const char *after = strrchr(text, ')');
	int threads;

	if (!after)
		return -1;
	if (sscanf(after + 1,
	        " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d "
	        "%" SCNu64,
	        &process->state, &process->parent, &process->group, &threads, &process->start) != 5)
		return -1;
	/* A first thread that has ended shows as Z too, while the others go on. */
	process->dead = strchr("ZXx", process->state) && threads <= 1;
	return 0;
}

static int read_process(int pid, struct process *process)
{
	char text[STAT_MAX];
	size_t len = read_of(pid, "stat", text, sizeof(text) - 1);

	text[len] = '\0';
	process->pid = pid;
	return parse_stat(text, process);
}

int proctree_read(struct proctree *tree)
{
	DIR *dir = mem_opendir("/proc");
	const struct dirent *entry;

	*tree = (struct proctree){0};
	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		struct process process;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    read_process((int)strtol(entry->d_name, NULL, 10), &process) < 0)
			continue;
		MEM_PUSH_ROOM(tree->items, tree->count);
		tree->items[tree->count++] = process;
	}
	closedir(dir);
	if (!tree->count)
		return -1;
	qsort(tree->items, tree->count, sizeof(*tree->items), by_pid);
	return 0;
}

uint64_t proctree_ticks(void)
{
	struct timespec now;
	uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * hertz + (uint64_t)now.tv_nsec * hertz / 1000000000;
}

void proctree_adopt_orphans(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void proctree_mark_self(uint64_t mark)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTTIME, &limit) < 0)
		return;
	limit.rlim_cur = MARK_BASE + mark;
	setrlimit(RLIMIT_RTTIME, &limit);
}

uint64_t proctree_mark_of(int pid)
{
	struct rlimit limit;

	if (prlimit(pid, RLIMIT_RTTIME, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur <= MARK_BASE)
		return 0;
	return limit.rlim_cur - MARK_BASE;
}

char *proctree_env_get(int pid, const char *name)
{
	char *data = mem_alloc(ENV_MAX + 1);
	size_t len = read_of(pid, "environ", data, ENV_MAX);
	size_t name_len = strlen(name);
	char *value = NULL;

	for (size_t i = 0; i < len && !value; i += strlen(data + i) + 1)
		if (strncmp(data + i, name, name_len) == 0 && data[i + name_len] == '=')
			value = mem_text(data + i + name_len + 1);
	free(data);
	return value;
}

bool proctree_env_has(int pid, const char *name, const char *text)
{
	char *value = proctree_env_get(pid, name);
	bool has = value && strstr(value, text);

	free(value);
	return has;
}

void proctree_command(int pid, struct buf *out)
{
	char data[COMMAND_MAX + 1];
	size_t len = read_of(pid, "cmdline", data, COMMAND_MAX);

	data[len] = '\0';
	for (size_t i = 0; i < len; i += strlen(data + i) + 1) {
		if (i)
			buf_addc(out, ' ');
		buf_add_shell_word(out, data + i);
	}
	if (len)
		return;
	len = read_of(pid, "comm", data, COMMAND_MAX);
	data[len] = '\0';
	buf_addf(out, "[%.*s]", (int)strcspn(data, "\n"), data);
}

#else

int proctree_read(struct proctree *tree)
{
	*tree = (struct proctree){0};
	return -1;
}

uint64_t proctree_ticks(void)
{
	return 0;
}

void proctree_adopt_orphans(void)
{
}

void proctree_mark_self(uint64_t mark)
{
	(void)mark;
}

uint64_t proctree_mark_of(int pid)
{
	(void)pid;
	return 0;
}

bool proctree_env_has(int pid, const char *name, const char *text)
{
	(void)pid;
	(void)name;
	(void)text;
	return false;
}

char *proctree_env_get(int pid, const char *name)
{
	(void)pid;
	(void)name;
	return NULL;
}

void proctree_command(int pid, struct buf *out)
{
	buf_addf(out, "[process %d]", pid);
}

#endif
