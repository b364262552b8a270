/*
 * Channels: where messages to people go. A kind of channel is one const table entry in its own file
 * of src/notify/ and one line in kinds.c; the loader, the schema and lint follow from the table.
 *
 * The way of a message:
 *
 *	a channel of platform.yaml       its keys, `${…}` still in them
 *	channel_letter()                 fills them in for one message and writes the letter
 *	delivery_start()                 one attempt to deliver it (delivery.h)
 *
 * A message is a JSON object; templates of a channel name its fields as `message.…`:
 *	event      "run.started", "failed", "budget.exceeded", "escalated", "run.finished";
 *	           "notify": of a step; "acknowledged": a person is at it
 *	action     "trigger", "acknowledge" or "resolve": what it means for an incident
 *	title      one line
 *	text       all of it, several lines
 *	level      "ok", "info", "warning", "critical", "unknown"
 *	run, runbook, platform, severity
 *	exit       the run's exit status; null before its end
 *	rid        a UUID, the same for all messages of a run
 *	time       RFC 3339
 *
 * A letter is a JSON object: {method, url, headers: ["Name: value"], body}; of mail {url, from,
 * to: [address], user, password, starttls, body}, the last three NULL or missing when not used.
 */
#ifndef FSOPS_CHANNEL_H
#define FSOPS_CHANNEL_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/model.h"
#include "fsops/redact.h"
#include "fsops/secret_key.h"

/* What a channel can be told of by itself: its `on:`. */
enum told {
	TOLD_STARTED,
	TOLD_FAILED,
	TOLD_BUDGET,
	TOLD_ESCALATED,
	TOLD_FINISHED,
	TOLD_COUNT,
};
extern const char *const told_names[TOLD_COUNT]; /* as in `on:` and in message.event */

/* All fields of a message, for the loader; ends with NULL. */
extern const struct adapter_field message_fields[];

/* The most of a text that is sent; what is over is cut, and the text says so. */
#define MESSAGE_TEXT_MAX 8192

struct channel_kind {
	const char *name; /* `kind:`, and what a channel may be called without saying it */
	const char *help; /* one line */
	const struct node_key *keys; /* CHANNEL_KEYS among them */
	/* Keys whose values are masked wherever anything is shown; ends with a NULL. */
	const struct secret_key *secrets;
	bool
	    pings; /* told of the beginning and the end of runs, whatever their outcome; no `on:` */
	bool incidents; /* opens and closes incidents: acknowledge and resolve mean something */
	/* MUST. More than the keys say; adds problems. MAP has passed node_check_map(). */
	void (*check)(const struct node *map, struct problems *list);
	/* MUST. The letter for MESSAGE; CONFIG has every `${…}` filled in. NULL: ERR. */
	json_t *(*write)(const json_t *config, const json_t *message, struct err *err);
};

#define CHANNEL_KEY_KIND                                                                           \
	{                                                                                          \
		"kind", WANT_TEXT, false, "what it is; default: its name, when that is one"        \
	}
#define CHANNEL_KEY_SEVERITY                                                                       \
	{                                                                                          \
		"severity", WANT_TEXT, false,                                                      \
		    "only of runs of runbooks that are at least that severe"                       \
	}
#define CHANNEL_KEYS                                                                               \
	CHANNEL_KEY_KIND, CHANNEL_KEY_SEVERITY,                                                    \
	{                                                                                          \
		"on", WANT_WORDS, false,                                                           \
		    "what of a run it is told by itself: run.started, failed, budget.exceeded, "   \
		    "escalated, run.finished; default: nothing, only `notify` sends to it"         \
	}

/* All kinds; ends with NULL. kinds.c */
extern const struct channel_kind *const channel_kinds[];
const struct channel_kind *channel_kind_find(const char *name);

/* Whether CHANNEL is told of TOLD by itself, of runs of RUNBOOK; CHECK: of one that only looks. */
bool channel_is_told(
    const struct channel *channel, const struct runbook *runbook, enum told told, bool check);

/* What a channel's `${…}` may name besides `message` and `run`; all borrowed. */
struct channel_names {
	const struct platform *platform;
	const json_t *names; /* of a plan: variables, env, links, contacts */
	struct redact *redact;
};

/* engine/host/letter.c: fill CHANNEL in for MESSAGE and write the letter; a new reference. Its secrets are
 * masked from now on. NULL: ERR_UNKNOWN, it is not configured (an environment variable that it names is
 * not set; ERR names it); else it cannot be used as it is. */
json_t *channel_letter(const struct channel_names *with, const struct channel *channel,
    const json_t *message, struct err *err);

/* The same as far as it can be told without a message: NULL when it is configured, else why not; a
 * new string. */
char *channel_missing(const struct channel_names *with, const struct channel *channel);

/* Mask the secrets of every channel of the platform, as far as they are known before a run. */
void channels_mask(const struct channel_names *with);

/* The names and secrets for messages that belong to no run; for channel_names_release(), also after a
 * failure. */
int channel_names_init(
    struct channel_names *with, const struct platform *platform, struct err *err);
void channel_names_release(struct channel_names *with);

#endif
