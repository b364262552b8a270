/*
 * Where a run's output goes, and the terminal on which a person can be asked, if there is one.
 */
#ifndef FSOPS_CLI_STAGE_H
#define FSOPS_CLI_STAGE_H

#include "command.h"
#include "fsops/question.h"

struct stage {
	struct out *out;
	struct screen *screen;
	struct sink *terminal; /* the sink that draws on it, or NULL */
	struct sink *plain;    /* in its place, without one */
	struct prompt_place prompt;
	int tty; /* -1: none; a person is there when standard input is a terminal */
};

void stage_open(struct stage *stage, struct cli *cli);

/* Signals have their usual effect again: Ctrl-C ends the wait for a reader that has stopped. */
void stage_close(struct stage *stage);

/* The sink that tells people, or programs with --format json. */
struct sink *stage_sink(struct stage *stage, struct cli *cli);
/* The one beside it, for what cannot wait for its turn; NULL: there is none. */
struct sink *stage_early_sink(struct stage *stage);

/* Nothing that is written during the run may hold up the run's deadlines: LOOP writes it. NULL before
 * the loop is gone. */
void stage_on_loop(struct stage *stage, struct loop *loop);

/* Ask outside of a run, and wait for the answer. Without a terminal: ANSWER_NOBODY. */
enum answer stage_ask(struct stage *stage, const struct question *question);

#endif
