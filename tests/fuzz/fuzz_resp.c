/*
 * Fuzzing what a Redis server sends: the input's first byte is the size of the pieces that it arrives in.
 *
 * Invariant: a reply becomes JSON and text whatever is in it, no more is held than the ceilings allow, and what is
 * printed of a list holds no control character that could talk to a terminal.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis.h"
#include "fsops/buf.h"
#include "fsops/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printed(const redisReply *reply)
{
	struct buf out;

	buf_init(&out, REDIS_REPLY_MAX);
	redis_reply_print(reply, &out);
	if (reply->type == REDIS_REPLY_ARRAY)
		for (size_t i = 0; i < out.len; i++)
			if ((unsigned char)out.data[i] < ' ' && out.data[i] != '\n')
				abort();
	buf_release(&out);
}

static void check_reply(const redisReply *reply)
{
	json_t *value = redis_reply_value(reply);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	if (!text)
		abort();
	free(text);
	json_decref(value);
	check_printed(reply);
	if (reply->type == REDIS_REPLY_STRING)
		json_decref(redis_info(reply->str));
}

/* False: the reader has given up, as it does at what is no RESP. */
static bool take_replies(redisReader *reader)
{
	void *reply = NULL;

	while (redisReaderGetReply(reader, &reply) == REDIS_OK) {
		if (!reply)
			return true;
		check_reply(reply);
		freeReplyObject(reply);
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	redisReader *reader = redisReaderCreate();
	struct redis_limit limit;
	size_t piece = size && data[0] ? data[0] : SIZE_MAX;

	redis_limit_reader(&limit, reader);
	limit.sent = 2;
	for (size_t at = 1; at < size; at += piece) {
		size_t len = size - at < piece ? size - at : piece;

		if (redisReaderFeed(reader, (const char *)data + at, len) != REDIS_OK ||
		    redis_limit_full(&limit, reader) || !take_replies(reader))
			break;
		if (piece == SIZE_MAX)
			break;
	}
	redisReaderFree(reader);
	return 0;
}
