/* The table that is made of the record; shared by past.c (looking things up), table.c (making it), give.c
 * (what is taken over) and left.c (what is left) only. */
#ifndef FSOPS_ENGINE_PAST_PRIVATE_H
#define FSOPS_ENGINE_PAST_PRIVATE_H

#include "past.h"

/* Of each action and item the newest, in the order in which they were first heard of. */
struct past_rows {
	const struct record_action **items;
	size_t count;
	json_t *places; /* of each in ITEMS, by past_key() */
};

struct past_step {
	char *id;
	const struct plan_step *plan;
	const struct record_step *last; /* as it was begun last; NULL: it never was */
	struct past_rows said;          /* those that began or ended by themselves */
	struct past_rows ended;         /* those that ended, however */
	json_int_t last_change;         /* the number of its last change's first event */
	json_t *lists;                  /* all of its items.listed */
	bool taken;                     /* it is taken over whole */
};

struct past {
	const struct record *record;
	const struct plan *plan;
	bool check;
	char *prefix;
	json_int_t since;        /* what was told up to here is another run's of the same runbook */
	struct past_step *steps; /* as many as the plan has */
};

/* Make the table of a run of PLAN; table.c. */
struct past *past_table(const struct record *record, const struct plan *plan, bool check,
    const char *prefix, json_int_t since);

/* Is it STEP, and not that of another run of the same runbook? */
bool past_is_round(const struct past *past, const struct record_step *round, const char *step);

/* The row of STEP; NULL: PAST is NULL, or the plan has no such step. */
const struct past_step *past_row(const struct past *past, const char *step);

/* What tells the action and the item that EVENT names from others of its step, as a text: a new one. */
char *past_key(const json_t *event);

json_int_t past_seq(const json_t *event);

/* It may have changed something, itself or in a runbook inside. */
bool past_is_change(const struct record_action *action);

/* Is a secret in it, which is not on record? */
bool past_is_masked(const json_t *value);

/* Something of ENTRY that later steps look at is not in the record. */
bool past_is_lossy(
    const struct past *past, const struct plan_action *action, const struct record_action *entry);

/* The newest that is known of the action and item that KEY names; NULL: nothing. */
const struct record_action *past_newest(const struct past_step *step, const json_t *key);

#endif
