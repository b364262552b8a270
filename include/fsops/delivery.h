/*
 * One attempt to deliver a letter (channel.h), on the loop.
 *
 *	me->delivery = delivery_start(loop, "channel 'slack'", letter, on_end, me);
 *	… on_end() once, from the loop; the delivery is freed after it
 *	delivery_cancel(me->delivery);      // or this, and nothing more comes
 */
#ifndef FSOPS_DELIVERY_H
#define FSOPS_DELIVERY_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/clock.h"
#include "fsops/loop.h"

/* So long one attempt may take. */
#define DELIVERY_TIMEOUT ((msec)10 * 1000)

struct delivery_end {
	bool delivered;
	bool again;      /* not delivered, but another attempt may do it */
	msec after;      /* not before so long: what the server asked for; 0: it did not */
	const char *why; /* a sentence that begins with what delivery_start() was told; NULL when
	                    delivered. Not masked. */
};

typedef void delivery_fn(void *ctx, const struct delivery_end *end);

struct delivery;

/* Never NULL, never calls back from inside. WHAT begins every sentence. LETTER is borrowed. */
struct delivery *delivery_start(
    struct loop *loop, const char *what, const json_t *letter, delivery_fn *done, void *ctx);
/* Has the server said already that it has the message (NULL: no)? */
bool delivery_is_taken(const struct delivery *delivery);
void delivery_cancel(struct delivery *delivery); /* NULL is allowed */

#endif
