/*
 * What a command printed and how it ended, as an action's result: the same for a child process and for what is
 * done in its place (kubectl's reads, without a kubectl).
 *
 *	command_output_init(&output, call, telling, hints);
 *	… command_output_add(&output, CHILD_STDOUT, data, len)   // false: too much, see there
 *	command_output_end(&output, status, 0);                  // call_done()
 *	command_output_release(&output);
 */
#ifndef FSOPS_ADAPTERS_OUTPUT_H
#define FSOPS_ADAPTERS_OUTPUT_H

#include "clip.h"
#include "command.h"

struct command_output {
	struct call *call;
	struct clip out;
	struct clip err;
	bool whole;      /* `out` must not be clipped: json or lines are wanted */
	const char *via; /* for the field of this name; NULL: there is none */
	bool unverified; /* the same */
	const char *const *telling;
	const struct command_hint *hints;
};

/* TELLING and HINTS are borrowed, as in struct command_spec. */
void command_output_init(struct command_output *output, struct call *call,
    const char *const *telling, const struct command_hint *hints);
void command_output_release(struct command_output *output);

/* Goes to call_output(), too. False: it is over the most that is kept whole: end the command, and then say so
 * with command_output_over(). */
bool command_output_add(
    struct command_output *output, enum child_stream stream, const char *data, size_t len);

/* call_done() with the exit STATUS, or 128 + SIGNO when a signal ended it (else SIGNO is 0). */
void command_output_end(const struct command_output *output, int status, int signo);
/* call_fail(): there was too much of it. */
void command_output_over(const struct command_output *output);

#endif
