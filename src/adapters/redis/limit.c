/*
 * Ceilings of a reply while hiredis reads it, which has none of its own.
 *
 * Invariant: what a server sends never makes this process hold more than REDIS_REPLY_MAX, nor read a
 * reply that nobody asked for.
 */
#include "redis.h"

/* What may have been read behind a whole reply. */
#define READ_AHEAD ((size_t)64 * 1024)

/*
 * Called by hiredis for each item of a reply as it is read. NULL makes it give up with an error. A reply
 * that nobody asked for must not get further: hiredis 0.14 ends the process (assert) when it meets one.
 */
static bool may_make(const redisReadTask *task, size_t len)
{
	struct redis_limit *limit = task->privdata;

	if (!task->parent) {
		limit->weight = 0;
		if (++limit->replies > limit->sent)
			return false;
	}
	limit->weight += len + REDIS_ITEM_WEIGHT;
	limit->over |= limit->weight > REDIS_REPLY_MAX;
	return !limit->over;
}

static const redisReplyObjectFunctions *own; /* hiredis' functions: the same for all connections */

static void *make_string(const redisReadTask *task, char *text, size_t len)
{
	return may_make(task, len) ? own->createString(task, text, len) : NULL;
}

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static void *make_array(const redisReadTask *task, element_count count)
{
	/* The whole list is allocated at once: weigh it before. */
	return may_make(task, (size_t)count * sizeof(void *)) ? own->createArray(task, count)
	                                                      : NULL;
}

static void *make_integer(const redisReadTask *task, long long value)
{
	return may_make(task, 0) ? own->createInteger(task, value) : NULL;
}

static void *make_nil(const redisReadTask *task)
{
	return may_make(task, 0) ? own->createNil(task) : NULL;
}

void redis_limit_reader(struct redis_limit *limit, redisReader *reader)
{
	if (!own)
		own = reader->fn;
	*limit = (struct redis_limit){.makers = *own};
	limit->makers.createString = make_string;
	limit->makers.createArray = make_array;
	limit->makers.createInteger = make_integer;
	limit->makers.createNil = make_nil;
	reader->fn = &limit->makers;
	reader->privdata = limit;
}

bool redis_limit_full(struct redis_limit *limit, const redisReader *reader)
{
	limit->over |= reader->len > REDIS_REPLY_MAX + READ_AHEAD;
	return limit->over;
}
