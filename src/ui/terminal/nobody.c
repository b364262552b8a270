/* Nobody to ask. Invariant: the answer is ANSWER_NOBODY, and it comes from the loop, never from
 * inside ask(). */
#include <stdlib.h>

#include "fsops/loop.h"
#include "fsops/mem.h"
#include "fsops/ui.h"

struct nobody {
	struct asker base;
	struct loop *loop;
	struct loop_timer *timer;
	answer_fn *fn;
	void *ctx;
};

static void on_time(void *ctx)
{
	struct nobody *nobody = ctx;

	nobody->timer = NULL;
	nobody->fn(nobody->ctx, ANSWER_NOBODY);
}

static void nobody_ask(
    struct asker *base, const struct question *question, answer_fn *fn, void *ctx)
{
	struct nobody *nobody = (struct nobody *)base;

	(void)question;
	nobody->fn = fn;
	nobody->ctx = ctx;
	nobody->timer = loop_after(nobody->loop, 0, on_time, nobody);
}

static void nobody_withdraw(struct asker *base)
{
	struct nobody *nobody = (struct nobody *)base;

	loop_cancel(nobody->timer);
	nobody->timer = NULL;
}

static void nobody_close(struct asker *base)
{
	nobody_withdraw(base);
	free(base);
}

static const struct asker_ops nobody_ops = {nobody_ask, nobody_withdraw, nobody_close};

struct asker *nobody_new(struct loop *loop, void *ctx)
{
	struct nobody *nobody = mem_alloc(sizeof(*nobody));

	(void)ctx;
	nobody->base.ops = &nobody_ops;
	nobody->loop = loop;
	return &nobody->base;
}
