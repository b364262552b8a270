/*
 * Notices: what people are told of a run through the platform's channels, by itself and by `notify:`
 * steps. All of it goes on the run's own loop beside the run, which neither waits for it nor fails
 * because of it; what became of each message is an event `notification`.
 *
 *	struct notices *notices = notices_new(plan, past, check);
 *	events_add_sink(events, notices_sink(notices, events));
 *	notices_on_loop(notices, loop);       // NULL before the loop is gone
 *	notices_finish(notices, false);       // after run.finished
 *	notices_free(notices);                // after the events
 *
 * A run that only looks (CHECK) tells nobody; but pings are sent, which say only that it ran.
 */
#ifndef FSOPS_NOTICES_H
#define FSOPS_NOTICES_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/event.h"
#include "fsops/loop.h"
#include "fsops/plan.h"
#include "fsops/record.h"

/* So long a run that has ended waits for what is still to be told; then it is not delivered. */
#define NOTICES_GRACE ((msec)5 * 1000)

/* So long a `notify:` step waits to hear that its message was delivered; then it goes on without. */
#define NOTICES_STEP_WAIT ((msec)15 * 1000)

struct notices;
struct notices_call;

/* PAST: what was told of the run before it was interrupted; NULL: it is new. */
struct notices *notices_new(const struct plan *plan, const struct record *past, bool check);
void notices_free(struct notices *notices); /* NULL is allowed */

/* Does not free NOTICES when it is closed. */
struct sink *notices_sink(struct notices *notices, struct events *events);
void notices_on_loop(struct notices *notices, struct loop *loop);

/* Nothing more will happen: runs the loop until all is told, at most NOTICES_GRACE; HURRY: not at all.
 * What is left then is told of as not delivered. loop_stop() ends it, too. */
void notices_finish(struct notices *notices, bool hurry);

/*
 * A `notify:` step: tell each channel of ASKED["to"] (a name or a list of them) "text", under "title",
 * with "action". DONE gets {channel: "delivered" or why not}, borrowed, and why it is not all well, or
 * NULL; never from inside, and at most NOTICES_STEP_WAIT later: what is not delivered by then is tried
 * again beside the run.
 */
typedef void notices_done_fn(void *ctx, const json_t *channels, const char *why);
struct notices_call *notices_send(
    struct notices *notices, const json_t *asked, notices_done_fn *done, void *ctx);
void notices_withdraw(struct notices_call *call); /* DONE never comes */
/* Why it is not done yet: a new string. */
char *notices_why(const struct notices_call *call);

/*
 * Without a run: tell the channels that are told of escalations, and wait, at most NOTICES_GRACE. FACTS:
 * {run (what the incident is known by), runbook, title, severity}; EVENT: as `escalated`, with `time`.
 * Returns [{channel, kind, delivered, why, …}] as the event `notification` has it, masked, a new
 * reference; NULL: ERR, nothing was sent.
 */
json_t *notices_by_hand(
    const struct platform *platform, const json_t *facts, const json_t *event, struct err *err);

#endif
