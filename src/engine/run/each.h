/* What a for_each goes through: of a step, or of an action. Without one it goes through nothing, once. */
#ifndef FSOPS_ENGINE_EACH_H
#define FSOPS_ENGINE_EACH_H

#include "world.h"

struct each {
	json_t *items; /* NULL without a for_each */
	json_t *told;  /* the same as events tell them: masked */
	size_t at;     /* the one that runs */
	size_t repeat; /* how many that are told the same came before it */
	json_t *names; /* what is over the scope around it */
};

/* Work out the items of FOR_EACH in SCOPE, or take those that are on record, and tell them. WHOSE (taken): as of
 * past_items(). On an error nothing is told. */
int each_list(struct each *each, struct world *world, const struct scope *scope,
    const struct condition *for_each, json_t *whose, struct err *err);

/* The item that runs now lies as AS over OUTER in SCOPE. */
void each_begin(struct each *each, const char *as, const struct scope *outer, struct scope *scope);

/* Go on to the next item; false: there is none. */
bool each_next(struct each *each);

/* The one that runs, as it is told; NULL without a for_each. */
const json_t *each_told(const struct each *each);

void each_release(struct each *each);

#endif
