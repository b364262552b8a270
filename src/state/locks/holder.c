/* The holder of a lock. Invariant: what a lock file says is believed only when every field is what
 * this program writes; then its run id names a file in the folder of runs and nothing else. */
#include "holder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/clock.h"
#include "fsops/journal.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "fsops/whoami.h"

#define RUN_ID_MAX 200
/* A step's title is the runbook's: so much of it is enough to know it by. */
#define TITLE_SHOWN 100

json_t *holder_self(const char *run, json_int_t epoch)
{
	char since[CLOCK_TEXT_MAX];
	json_t *self = json_pack("{s:s}", "run", run);

	clock_format_rfc3339(clock_system.wall(clock_system.ctx), since);
	json_object_update_new(self, whoami());
	json_object_set_new(self, "since", json_string(since));
	json_object_set_new(self, "epoch", json_integer(epoch));
	return self;
}

bool holder_is_here(const json_t *holder)
{
	const char *host = value_get_text(holder, "host");
	json_t *self = whoami();
	const char *here = value_get_text(self, "host");
	bool same = host && here && *here && strcmp(host, here) == 0;

	json_decref(self);
	return same;
}

/* ---- the line ---- */

static bool is_run_id(const char *text)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return text && *text && *text != '.' && strlen(text) <= RUN_ID_MAX &&
	       text[strspn(text, letters)] == '\0';
}

json_int_t holder_epoch(const json_t *holder)
{
	return json_integer_value(json_object_get(holder, "epoch"));
}

static bool is_holder(const json_t *holder)
{
	const char *since = value_get_text(holder, "since");
	msec wall;

	return is_run_id(value_get_text(holder, "run")) && holder_epoch(holder) > 0 &&
	       value_get_text(holder, "user") && value_get_text(holder, "host") &&
	       json_integer_value(json_object_get(holder, "pid")) > 0 && since &&
	       clock_parse_rfc3339(since, &wall) == 0;
}

enum holder_state holder_parse(const char *text, size_t len, json_t **holder)
{
	const char *end = len ? memchr(text, '\n', len) : NULL;

	*holder = NULL;
	if (!len)
		return HOLDER_NONE;
	if (!end)
		return len >= HOLDER_LINE_MAX ? HOLDER_STRANGE : HOLDER_PARTIAL;
	*holder = json_loadb(text, (size_t)(end - text), JSON_REJECT_DUPLICATES, NULL);
	if (is_holder(*holder))
		return HOLDER_KNOWN;
	json_decref(*holder);
	*holder = NULL;
	return HOLDER_STRANGE;
}

char *holder_line(const json_t *holder, struct err *err)
{
	char *json = json_dumps(holder, JSON_COMPACT);
	char *line = json ? mem_printf("%s\n", json) : NULL;

	free(json);
	if (line && strlen(line) <= HOLDER_LINE_MAX)
		return line;
	free(line);
	err_set(err, ERR_LIMIT,
	    "the line that says who holds a lock is over %d bytes: the name of the user, the host "
	    "or the run is too long",
	    HOLDER_LINE_MAX);
	return NULL;
}

/* ---- for people ---- */

void holder_add_name(struct buf *out, const json_t *holder)
{
	const char *run = value_get_text(holder, "run");

	if (!run) {
		buf_adds(out, "a process that does not say who it is");
		return;
	}
	buf_addf(out, "run %s of %s@%s (pid %" JSON_INTEGER_FORMAT ")", run,
	    value_get_text(holder, "user"), value_get_text(holder, "host"),
	    json_integer_value(json_object_get(holder, "pid")));
}

void holder_add_age(struct buf *out, const json_t *holder)
{
	const char *since = value_get_text(holder, "since");
	char age[CLOCK_TEXT_MAX];
	msec wall;

	if (!since || clock_parse_rfc3339(since, &wall) < 0)
		return;
	wall = clock_system.wall(clock_system.ctx) - wall;
	clock_format_span(wall > 0 ? wall : 0, age);
	buf_addf(out, ", for %s (since %s)", age, since);
}

/* The newest step.started of its journal, a new reference. NULL: it has none yet, or no journal. */
static json_t *newest_step(const char *run)
{
	struct err err;
	struct journal_reader *reader = journal_open(run, &err);
	json_t *newest = NULL;
	json_t *event;
	int got;

	while (reader && (got = journal_next(reader, &event, &err)) != 0) {
		const char *type = got > 0 ? value_get_text(event, "type") : NULL;

		if (type && strcmp(type, "step.started") == 0) {
			json_decref(newest);
			newest = json_incref(event);
		}
		if (got > 0)
			json_decref(event);
	}
	journal_close(reader);
	return newest;
}

void holder_add_step(struct buf *out, const json_t *holder)
{
	const char *run = value_get_text(holder, "run");
	json_t *step = run ? newest_step(run) : NULL;
	const char *title = value_get_text(step, "title");

	if (title)
		buf_addf(out, ", at step %.0f/%.0f '%.*s'", value_get_number(step, "number", 0),
		    value_get_number(step, "of", 0), TITLE_SHOWN, title);
	json_decref(step);
}

void holder_add_watch(struct buf *out, const json_t *holder)
{
	const char *run = value_get_text(holder, "run");

	if (run)
		buf_addf(out, "; to watch it: fsops log %s --follow", run);
}
