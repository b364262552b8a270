/* Reading alerts. Invariant: each alert of a payload is counted once: as a notice, as resolved or as
 * quiet; none is lost because of another one. */
#include "alert_payload.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alert_match.h"
#include "fsops/buf.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/text.h"
#include "fsops/value.h"

#define INPUT "standard input"

/* Bytes of a name that is made of labels. */
#define MADE_NAME_MAX 200

/* ---- text that is not quite JSON ---- */

/* The code of the escape \uXXXX at TEXT, of LEFT bytes; -1: it is none. */
static long unicode_escape(const char *text, size_t left)
{
	char digits[5] = "";

	if (left < 6 || text[0] != '\\' || text[1] != 'u')
		return -1;
	memcpy(digits, text + 2, 4);
	for (size_t i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)digits[i]))
			return -1;
	return strtol(digits, NULL, 16);
}

static bool is_surrogate(long code, long first)
{
	return code >= first && code < first + 0x400;
}

/* How many bytes at TEXT are an escape that no text of jansson's can hold: NUL, half a pair. */
static size_t odd_escape(const char *text, size_t left, size_t *good)
{
	long code = unicode_escape(text, left);

	*good = 0;
	if (code == 0 || is_surrogate(code, 0xDC00))
		return 6;
	if (!is_surrogate(code, 0xD800))
		return 0;
	if (is_surrogate(unicode_escape(text + 6, left - 6), 0xDC00)) {
		*good = 12;
		return 0;
	}
	return 6;
}

/* Well-formed UTF-8 in which U+FFFD stands for what a JSON text cannot hold. */
static void clean(struct buf *out, const char *text, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i < len;) {
		size_t good;
		size_t odd = quoted ? odd_escape(text + i, len - i, &good) : 0;

		if (odd) {
			buf_adds(out, "\\ufffd");
			i += odd;
		} else if (quoted && text[i] == '\\' && i + 1 < len) {
			size_t step = good ? good : 2;

			buf_add(out, text + i, step);
			i += step;
		} else {
			quoted ^= text[i] == '"';
			buf_addc(out, text[i++]);
		}
	}
}

static json_t *parse(const char *text, size_t len, struct err *err)
{
	json_t *whole = value_text(text, len); /* UTF-8 */
	struct buf cleaned;
	json_t *root;

	buf_init(&cleaned, PAYLOAD_MAX * 4);
	clean(&cleaned, json_string_value(whole), json_string_length(whole));
	root = json_read_last(INPUT, cleaned.data, cleaned.len, PAYLOAD_MAX * 4, err);
	buf_release(&cleaned);
	json_decref(whole);
	return root;
}

/* ---- one alert ---- */

enum state { STATE_FIRING, STATE_RESOLVED, STATE_QUIET, STATE_UNKNOWN };

static msec time_of(const json_t *item, const char *key)
{
	const char *text = value_get_text(item, key);
	msec now = clock_system.wall(clock_system.ctx);
	msec wall;

	return text && clock_parse_time(text, now, &wall) == 0 ? wall : 0;
}

static msec started(const json_t *item)
{
	msec now = clock_system.wall(clock_system.ctx);
	msec wall = time_of(item, "startsAt");

	if (!wall)
		wall = time_of(item, "activeAt");
	return wall && wall <= now ? wall : now;
}

/* "status": "firing" of a webhook, {"state": "active"} of an API, "state": "firing" of Prometheus. */
static const char *state_word(const json_t *item)
{
	const json_t *status = json_object_get(item, "status");

	if (json_is_object(status))
		return value_get_text(status, "state");
	return json_is_string(status) ? json_string_value(status) : value_get_text(item, "state");
}

static enum state state_of(const json_t *item)
{
	static const struct {
		const char *word;
		enum state state;
	} states[] = {{"firing", STATE_FIRING}, {"active", STATE_FIRING},
	    {"alerting", STATE_FIRING}, {"unprocessed", STATE_FIRING}, {"resolved", STATE_RESOLVED},
	    {"inactive", STATE_RESOLVED}, {"suppressed", STATE_QUIET}, {"pending", STATE_QUIET}};
	const char *word = state_word(item);
	msec ended = time_of(item, "endsAt");

	for (size_t i = 0; word && i < COUNT_OF(states); i++)
		if (strcmp(states[i].word, word) == 0)
			return states[i].state;
	if (word || json_object_get(item, "status"))
		return STATE_UNKNOWN;
	return ended > 0 && ended <= clock_system.wall(clock_system.ctx) ? STATE_RESOLVED
	                                                                 : STATE_FIRING;
}

/* {service="backup", severity="warning"}, as Prometheus writes a series without a name. */
static char *name_of_labels(const json_t *labels)
{
	struct buf text;
	const char *key;
	json_t *value;

	buf_init(&text, BUF_TEXT_MAX);
	json_object_foreach((json_t *)labels, key, value) {
		if (text.len < MADE_NAME_MAX && json_is_string(value))
			buf_addf(&text, "%s%.50s=\"%.50s\"", text.len ? ", " : "{", key,
			    json_string_value(value));
	}
	if (!text.len)
		buf_addc(&text, '{');
	buf_addc(&text, '}');
	value_clean(text.data); /* both were cut anywhere */
	return buf_detach(&text);
}

static void check_labels(struct notice *notice, const json_t *labels)
{
	const char *key;
	json_t *value;

	if (!json_is_object(labels) || !json_object_size(labels))
		alert_add_problem(notice, "it has no labels, so nobody knows what it is about");
	json_object_foreach((json_t *)labels, key, value) {
		if (!json_is_string(value))
			alert_add_problem(notice, "its label '%.100s' is no text", key);
	}
}

static void add_notice(struct payload *payload, const json_t *item, size_t at, enum state state,
    const struct catalog *catalog)
{
	struct notice *notice = &payload->notices[payload->count++];
	const json_t *labels = json_object_get(item, "labels");
	const char *name = value_get_text(labels, "alertname");

	if (!name || !*name)
		notice->made = json_object_size(labels) ? name_of_labels(labels)
		                                        : mem_printf("alerts[%zu]", at);
	notice->name = notice->made ? notice->made : name;
	notice->severity = LEVEL_UNKNOWN;
	notice->since = started(item);
	if (!json_is_object(item)) {
		alert_add_problem(notice, "it is no object");
		return;
	}
	if (json_object_get(item, "alerts"))
		alert_add_problem(notice, "it is a group of alerts: give what GET /api/v2/alerts "
		                          "answers, a list without groups");
	check_labels(notice, labels);
	if (state == STATE_UNKNOWN)
		alert_add_problem(notice, "it is neither 'firing' nor 'resolved'");
	if (!notice->problem)
		alert_match(notice, catalog, labels, json_object_get(item, "annotations"));
}

static void add_alerts(struct payload *payload, const json_t *list, const struct catalog *catalog)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) {
		enum state state = state_of(item);

		if (state == STATE_RESOLVED)
			payload->resolved++;
		else if (state == STATE_QUIET)
			payload->quiet++;
		else {
			add_notice(payload, item, i, state, catalog);
			alert_count_problems(&payload->notices[payload->count - 1]);
		}
	}
}

/* ---- the whole ---- */

/* A webhook says its version; that of what an API answers is in its URL. 3 is of Alertmanager before
 * 0.6: what is read of it is the same. */
static int check_version(const json_t *root, struct err *err)
{
	const json_t *version = json_object_get(root, "version");
	char *text = version ? value_to_text(version) : NULL; /* "4", and the number 4 */
	int result = 0;

	if (!text)
		result = err_set(err, ERR_INPUT,
		    "%s: the payload has no 'version', and only 4 (Alertmanager) and 1 (Grafana) "
		    "are known",
		    INPUT);
	else if (!text_has_word("4 3 1", text))
		result = err_set(err, ERR_INPUT,
		    "%s: the payload's version is '%.20s', and only 4 (Alertmanager) and 1 "
		    "(Grafana) are known",
		    INPUT, text);
	free(text);
	return result;
}

/* An API that fails says so in the same form, and may still have a list in it. A webhook's status is that of
 * its alerts. */
static int check_answer(const json_t *root, struct err *err)
{
	const char *status = value_get_text(root, "status");
	const char *type = value_get_text(root, "errorType");
	const char *text = value_get_text(root, "error");
	bool failed = status && strcmp(status, "error") == 0;

	if (!failed && !type && !text)
		return 0;
	return err_set(err, ERR_INPUT, "%s: who was asked for the alerts failed (%.100s): %.500s",
	    INPUT, type ? type : "error", text ? text : "it does not say why");
}

/* Borrowed; NULL with ERR when there is none. */
static const json_t *list_of(const json_t *root, struct err *err)
{
	const json_t *data = json_object_get(root, "data");
	const json_t *list = json_is_array(root) ? root : json_object_get(root, "alerts");

	if (json_is_array(list))
		return json_is_array(root) || check_version(root, err) == 0 ? list : NULL;
	list = json_is_array(data) ? data : json_object_get(data, "alerts");
	if (json_is_array(list))
		return list;
	err_set(err, ERR_INPUT,
	    "%s is no webhook payload of Alertmanager or Grafana, and no list of alerts: it must "
	    "be an object with 'alerts', or a list",
	    INPUT);
	return NULL;
}

static void find_warnings(struct payload *payload)
{
	const json_t *given = json_object_get(payload->root, "warnings");

	if (json_array_size(given) || json_string_length(given))
		payload->warnings = given;
	payload->partial =
	    payload->warnings || json_is_true(json_object_get(payload->root, "isPartial"));
}

/* The most severe first, otherwise in the payload's order; what was not matched comes last. */
static void sort_by_severity(struct notice *notices, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct notice notice = notices[i];
		size_t at = i;

		for (; at > 0 && notices[at - 1].severity < notice.severity; at--)
			notices[at] = notices[at - 1];
		notices[at] = notice;
	}
}

int payload_parse(struct payload *payload, const char *text, size_t len,
    const struct catalog *catalog, struct err *err)
{
	const json_t *list;
	double truncated;

	*payload = (struct payload){.root = parse(text, len, err)};
	if (!payload->root || check_answer(payload->root, err) < 0)
		goto out;
	list = list_of(payload->root, err);
	if (!list)
		goto out;
	if (json_array_size(list) > PAYLOAD_ALERTS_MAX) {
		err_set(err, ERR_LIMIT, "%s: %zu alerts are over %d, the most in one payload",
		    INPUT, json_array_size(list), PAYLOAD_ALERTS_MAX);
		goto out;
	}
	truncated = value_get_number(payload->root, "truncatedAlerts", 0);
	payload->truncated = truncated >= 1 && truncated < 1e9 ? (size_t)truncated : 0;
	find_warnings(payload);
	payload->notices = mem_alloc((json_array_size(list) + 1) * sizeof(*payload->notices));
	add_alerts(payload, list, catalog);
	sort_by_severity(payload->notices, payload->count);
	return 0;
out:
	payload_release(payload);
	return -1;
}

int payload_read(struct payload *payload, int fd, const struct catalog *catalog, struct err *err)
{
	struct buf text;
	int result;

	*payload = (struct payload){0};
	buf_init(&text, PAYLOAD_MAX);
	result = buf_read_fd(&text, fd, INPUT, err);
	if (result == 0)
		result = payload_parse(payload, text.data ? text.data : "", text.len, catalog, err);
	buf_release(&text);
	return result;
}

void notice_release(struct notice *notice)
{
	json_decref(notice->vars);
	free(notice->problem);
	free(notice->note);
	free(notice->made);
}

void payload_release(struct payload *payload)
{
	for (size_t i = 0; i < payload->count; i++)
		notice_release(&payload->notices[i]);
	free(payload->notices);
	json_decref(payload->root);
	*payload = (struct payload){0};
}
