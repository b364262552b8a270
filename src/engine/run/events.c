/* The event stream: numbers, stamps and masks each event, then hands it to every sink.
 * Invariants: `seq` grows by one an event, each sink sees each event once, and none sees a text that
 * was not masked, but for names. */
#include "fsops/event.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>

#include "fsops/mem.h"
#include "fsops/text.h"

struct events {
	const struct clock *clock;
	const struct redact *redact;
	char *run_id;
	json_t *run, *version; /* as they stand in each event */
	json_int_t seq;
	struct sink **sinks;
	size_t sink_count;
};

struct events *events_new(
    const struct clock *clock, const char *run_id, const struct redact *redact)
{
	struct events *events = mem_alloc(sizeof(*events));

	events->clock = clock;
	events->redact = redact;
	events->run_id = mem_text(run_id);
	events->run = json_string(run_id);
	events->version = json_integer(EVENT_VERSION);
	return events;
}

void events_add_sink(struct events *events, struct sink *sink)
{
	MEM_PUSH_ROOM(events->sinks, events->sink_count);
	events->sinks[events->sink_count++] = sink; /* transferred */
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < events->sink_count; i++)
		events->sinks[i]->ops->close(events->sinks[i]);
	free(events->sinks);
	free(events->run_id);
	json_decref(events->run);
	json_decref(events->version);
	free(events);
}

const char *events_run_id(const struct events *events)
{
	return events->run_id;
}

json_t *event_time(const struct events *events)
{
	char text[CLOCK_TEXT_MAX];

	clock_format_rfc3339(events->clock->wall(events->clock->ctx), text);
	return json_string(text);
}

/* What a run and its parts are called, and words of this program: a secret that happens to be part of one
 * is not given away by it, and masked they would be other names. */
static const char *const plain[] = {"v", "seq", "time", "run", "type", "runbook", "platform",
    "mode", "step", "action", "adapter", "effect", "section", "outcome", "stop", "level",
    "severity", "stream", "question", "answer", "name", "when", "from", "only", "given", "found"};
/* Their keys are names. */
static const char *const named[] = {"vars", "files", "captured"};

static bool is_one_of(const char *key, const char *const *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_same(keys[i], key))
			return true;
	return false;
}

static json_t *mask_members(const struct redact *redact, const json_t *object)
{
	json_t *masked = json_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)object, key, member) {
		json_object_set_new(masked, key, redact_value(redact, member));
	}
	return masked;
}

/* A new reference. */
static json_t *mask(const struct redact *redact, const char *key, json_t *member)
{
	if (is_one_of(key, plain, COUNT_OF(plain)))
		return json_incref(member);
	if (json_is_object(member) && is_one_of(key, named, COUNT_OF(named)))
		return mask_members(redact, member);
	return redact_value(redact, member);
}

/* The common fields come first, so that a line can be read by eye. */
static const char *const common[] = {"v", "seq", "time", "run", "type"};

static json_t *make_event(struct events *events, const char *type, json_t *fields)
{
	json_t *time = json_incref(json_object_get(fields, "time"));
	json_t *event = json_object();
	const char *key;
	json_t *member;

	json_object_set(event, "v", events->version);
	json_object_set_new(event, "seq", json_integer(++events->seq));
	json_object_set_new(event, "time", time ? time : event_time(events));
	json_object_set(event, "run", events->run);
	json_object_set_new(event, "type", json_string(type));
	json_object_foreach(fields, key, member)
		if (!is_one_of(key, common, COUNT_OF(common)))
			json_object_set_new(event, key, mask(events->redact, key, member));
	return event;
}

/* Hand EVENT to the sinks that take events as they happen, or to the others. */
static void hand_out(struct events *events, const json_t *event, bool as_it_happens)
{
	for (size_t i = 0; i < events->sink_count; i++)
		if (events->sinks[i]->ops->as_it_happens == as_it_happens)
			events->sinks[i]->ops->event(events->sinks[i], event);
}

json_t *event_hold(struct events *events, const char *type, json_t *fields)
{
	json_t *event = make_event(events, type, fields);

	json_decref(fields);
	hand_out(events, event, true);
	return event;
}

void event_release(struct events *events, json_t *event)
{
	hand_out(events, event, false);
	json_decref(event);
}

void event_emit(struct events *events, const char *type, json_t *fields)
{
	event_release(events, event_hold(events, type, fields));
}

int events_secure(struct events *events, struct err *err)
{
	for (size_t i = 0; i < events->sink_count; i++) {
		struct sink *sink = events->sinks[i];

		if (sink->ops->secure && sink->ops->secure(sink, err) < 0)
			return -1;
	}
	return 0;
}

bool event_is_aftermath(const json_t *event)
{
	const char *type = json_string_value(json_object_get(event, "type"));

	return type && strcmp(type, "notification") == 0;
}

void events_continue(struct events *events, json_int_t seq)
{
	events->seq = seq;
}

/* Two characters tell apart runs of one runbook that start in the same second. Processes that start close
 * together have other numbers, so the first draw is never the same for two of them. */
static void make_suffix(char suffix[3], int draw)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	const unsigned base = sizeof(letters) - 1;
	unsigned number = (unsigned)getpid();

	if (draw > 0 && getentropy(&number, sizeof(number)) < 0)
		number += (unsigned)draw;
	suffix[0] = letters[number / base % base];
	suffix[1] = letters[number % base];
	suffix[2] = '\0';
}

char *run_id_new(const struct clock *clock, const char *runbook, int draw)
{
	time_t seconds = (time_t)(clock->wall(clock->ctx) / 1000);
	char stamp[32];
	char suffix[3];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	make_suffix(suffix, draw);
	return mem_printf("%s-%s-%s", stamp, runbook, suffix);
}
