/*
 * Questions to a person. The engine asks through this and knows no terminal;
 * ui/terminal/prompt.c answers from a TTY, ui/terminal/nobody.c when there is none.
 */
#ifndef FSOPS_QUESTION_H
#define FSOPS_QUESTION_H

#include <stddef.h>

enum question_kind {
	QUESTION_CHANGE,  /* [y]es [s]kip [a]bort [?] */
	QUESTION_DESTROY, /* the name typed in full means yes; "skip" and "abort" are words too */
	QUESTION_FAILED,  /* [r]etry [s]kip [a]bort */
	QUESTION_INTERRUPTED, /* [r]un again (ANSWER_RETRY), [d]one (ANSWER_YES), [a]bort */
	QUESTION_CHANGED,     /* [y]es [a]bort */
	QUESTION_MANUAL,      /* [d]one [n]o [s]kip */
};

enum answer {
	ANSWER_NOBODY,
	ANSWER_YES,
	ANSWER_SKIP,
	ANSWER_ABORT,
	ANSWER_RETRY,
	ANSWER_NO,
	ANSWER_GONE, /* the terminal is lost: nobody has answered */
};

/* A person has written TEXT, one line and not empty, beside the question, which stays open. */
typedef void note_fn(void *ctx, const char *text);

struct question {
	enum question_kind kind;
	const char *platform; /* its name, or NULL */
	const char *color;    /* the platform's: "red" …; or NULL */
	const char *step;     /* title; NULL: it is about none */
	const char *command;  /* masked; NULL for manual */
	const char *where;    /* "context prod, namespace flight-search-prod" or NULL */
	const char *name;     /* destroy: what must be typed */
	const char
	    *text; /* what it is for, why it failed, what is known of it, or what is to be done by
	                     hand; or NULL */
	const char *const *checklist; /* manual: one tick each */
	size_t checklist_count;
	note_fn *
	    note; /* called with the CTX of the answer; NULL: there is no record yet to write into */
};

typedef void answer_fn(void *ctx, enum answer answer);

struct asker;
struct asker_ops {
	/* Ask; FN is called once from the loop. The end of input means ANSWER_ABORT, or ANSWER_GONE
	 * when the terminal is; an unknown answer asks again, and none ever means yes. QUESTION is
	 * borrowed until FN is called. */
	void (*ask)(struct asker *asker, const struct question *question, answer_fn *fn, void *ctx);
	/* The question is withdrawn (the run is being stopped): FN will not be called. */
	void (*withdraw)(struct asker *asker);
	void (*close)(struct asker *asker);
};
/* An asker's own struct begins with this. */
struct asker {
	const struct asker_ops *ops;
};

#endif
