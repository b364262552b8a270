/* What notices.c and notices_call.c share, and nobody else sees. */
#ifndef FSOPS_NOTIFY_NOTICES_PRIVATE_H
#define FSOPS_NOTIFY_NOTICES_PRIVATE_H

#include "fsops/notices.h"
#include "fsops/post.h"
#include "notice_text.h"

/* Of one channel, in the platform's order. */
struct notice_state {
	bool missing;      /* it lacks what it needs: a note says so */
	bool opened;       /* it was told of something that an end can close */
	bool acknowledged; /* … and that somebody is at it */
};

struct notices {
	const struct plan *plan;
	struct channel_names names;
	struct post *post;     /* while there is a loop, and a channel */
	struct events *events; /* borrowed; NULL: closed */
	struct loop *loop;
	struct loop_timer *first;
	struct loop_timer *grace;
	struct notice_state *states;
	struct notice_run run;
	struct buf untold; /* which channels lack what they need, until it is told */
	bool check;        /* the run only looks */
	bool person;       /* somebody has answered a question */
	bool closing;      /* the run has ended */
};

#endif
