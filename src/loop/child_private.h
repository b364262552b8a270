/* What child.c (starting, reading, ending) and kill.c (ending all of it) share. */
#ifndef FSOPS_LOOP_CHILD_PRIVATE_H
#define FSOPS_LOOP_CHILD_PRIVATE_H

#include <stdint.h>

#include "fsops/child.h"
#include "sigpipe.h"

#define CALL_TEXT_MAX 96

enum child_state {
	CHILD_RUNNING, /* from child_start() until ended() */
	CHILD_KILLING, /* from child_kill() until gone() */
	CHILD_OVER,    /* inside ended() or gone() */
};

/* One of the command's pipes; fd -1 when it is closed. */
struct child_pipe {
	int fd;
	struct loop_watch *watch;
};

/* A process that was told to end already. */
struct seen {
	int pid;
	uint64_t start;
};

struct child {
	struct children *children;
	struct child *next;
	enum child_state state;
	struct child_spec spec; /* only the functions and ctx; the rest was used at the start */
	int pid;                /* also its process group */
	bool reaped;
	int wait_status;
	uint64_t mark;            /* proctree.h; ours alone */
	char call[CALL_TEXT_MAX]; /* this child's part of FSOPS_CALL */
	struct child_pipe in;
	struct child_pipe out[2]; /* standard output and error */
	char *feed;               /* what standard input gets */
	size_t feed_len;
	size_t feed_at;
	struct loop_timer *drain;

	/* While it is being killed. */
	msec killed_at;
	bool told; /* all that was there at the first look got a TERM */
	struct seen *seen;
	size_t seen_count;
	size_t reports;
	int empty_looks; /* in a row, in which nothing of it was there */
	bool found;      /* something was there at this look */
	bool over;       /* to be reported as gone after this look */
};

struct children {
	char **withheld; /* names of variables; or NULL */
	struct loop *loop;
	struct sigpipe *sigpipe;
	struct child *first;
	uint64_t made;       /* how many so far: the last part of a mark */
	uint64_t changed_at; /* ticks: since then the set of children is as it is */
	char *read_buf;
	void (*started)(void *ctx, int pid);
	void *started_ctx;

	struct loop_timer *look; /* the next look at what is being killed */
	msec look_delay;
};

/* Collect the zombies; children that ended by themselves are reported from here. */
void children_reap(struct children *children);
/* Take CHILD out of the list and close what it has. */
void child_unlink(struct child *child);
void child_free(struct child *child);
/* Nothing more goes into its standard input, and no drain time runs. */
void child_stop_feeding(struct child *child);

/* kill.c: look now (again, after DELAY) at what is to be killed. */
void kill_look_soon(struct children *children, msec delay);
/* Kill everything at once and wait for it, at most for a second. */
void kill_all_now(struct children *children);

#endif
