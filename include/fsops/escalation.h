/*
 * Escalation: from what broke, how severe it is and how long ago it began to whom to call now and
 * when the next level comes. Pure calculation over platform.yaml's `escalation:`; no clock.
 *
 *	struct escalation_state state = escalation_at(platform, runbook, severity, elapsed);
 *	if (state.level) …                      // 0: the platform has no levels
 *	escalation_add_who(&text, platform, state.level);
 *	if (state.next) …                       // set a timer for state.next_at - elapsed
 *
 * Where it starts, in this order (the document's matrix goes by what is broken, not by how badly):
 *   1. at the level whose `runbooks:` name the runbook: "complete outages" start at level 3, at
 *      once, and a high error rate at level 1 though it is critical;
 *   2. at the highest level whose `severity:` is at most the severity;
 *   3. at the lowest level.
 * From there a level's `after` is how long until it is taken to the next one; a level without it
 * is taken further at once. What is only `info` is for business hours: it begins at its level and
 * never goes up by itself.
 */
#ifndef FSOPS_ESCALATION_H
#define FSOPS_ESCALATION_H

#include "fsops/buf.h"
#include "fsops/model.h"

struct escalation_state {
	int start;    /* the level that it began at; 0: there are no levels */
	int level;    /* the level now: everybody from `start` to here is called */
	msec since;   /* when `level` was reached, counted from the start */
	int next;     /* the level that comes next; 0: none does by itself */
	msec next_at; /* when it comes, counted from the start; always over the elapsed time */
};

/* RUNBOOK may be NULL: of something that has none. ELAPSED below 0 counts as 0. */
struct escalation_state escalation_at(const struct platform *platform,
    const struct runbook *runbook, enum level severity, msec elapsed);

/* Whether a level names RUNBOOK (or an alias of it) as beginning there. */
bool escalation_names(const struct platform *platform, const struct runbook *runbook);

/* The level above LEVEL (0: the lowest); 0: there is none. */
int escalation_above(const struct platform *platform, int level);
/* How long until LEVEL is taken to the next; 0: at once. The shortest, when its entries differ. */
msec escalation_after(const struct platform *platform, int level);

/* The entries of one level, in the file's order: NULL begins; NULL: no more. Borrowed. */
const struct escalation *escalation_next(
    const struct platform *platform, int level, const struct escalation *last);

/* A contact's title, or else its key. Borrowed. */
const char *contact_title(const struct platform *platform, const char *key);
/* How to reach it: "phone +1-555, email dba@example.org"; "" when nothing is said. */
void contact_add_how(struct buf *out, const struct platform *platform, const char *key);
/* {"name": KEY, "title", "how": {"phone": …}}, a new reference. */
json_t *contact_object(const struct platform *platform, const char *key);
/* Everybody of a level: "DBA (phone +1-555), Security Team (email …)". */
void escalation_add_who(struct buf *out, const struct platform *platform, int level);
/* "call DBA (phone +1); level 2 follows at 14:35 CET, in 30m: Team Lead (email …)", for a STATE of
 * ELAPSED; NOW is by the wall clock. */
void escalation_add_text(struct buf *out, const struct platform *platform,
    const struct escalation_state *state, msec elapsed, msec now);

#endif
