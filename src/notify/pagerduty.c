/* pagerduty: incidents, by the Events API v2. Invariant: all events of a run carry one
 * dedup_key, the run's id, so that what opened an incident also closes it. */
#include "kinds.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

#define ENQUEUE     "https://events.pagerduty.com/v2/enqueue"
#define SUMMARY_MAX 1024 /* the API's own limits, in characters; counted in bytes here */
#define DEDUP_MAX   255

static const struct node_key keys[] = {
    CHANNEL_KEYS,
    {"routing_key", WANT_TEXT, true, "the integration key of the service"},
    {"url", WANT_TEXT, false, "where events go; default: " ENQUEUE},
    {NULL, WANT_ANY, false, NULL},
};

/* PagerDuty knows no "unknown"; nobody knows that it is well, so it is an error. */
static const char *severity(const char *level)
{
	static const char *const pairs[][2] = {
	    {"critical", "critical"}, {"warning", "warning"}, {"ok", "info"}, {"info", "info"}};

	for (size_t i = 0; i < COUNT_OF(pairs); i++)
		if (strcmp(pairs[i][0], level) == 0)
			return pairs[i][1];
	return "error";
}

static json_t *payload(const json_t *message)
{
	struct buf summary;
	json_t *made;

	buf_init(&summary, BUF_TEXT_MAX);
	add_cut(&summary, *said(message, "title") ? said(message, "title") : said(message, "text"),
	    SUMMARY_MAX);
	made = json_pack("{s:o, s:s, s:s, s:{s:s, s:s, s:s, s:s}}", "summary",
	    value_text(summary.data, summary.len), "source", said(message, "platform"), "severity",
	    severity(said(message, "level")), "custom_details", "text", said(message, "text"),
	    "runbook", said(message, "runbook"), "run", said(message, "run"), "event",
	    said(message, "event"));
	buf_release(&summary);
	return made;
}

static json_t *write_letter(const json_t *config, const json_t *message, struct err *err)
{
	const char *url = value_get_text(config, "url");
	const char *action = said(message, "action");
	struct buf key;
	json_t *event;

	(void)err;
	buf_init(&key, BUF_TEXT_MAX);
	add_cut(&key, said(message, "run"), DEDUP_MAX);
	event = json_pack("{s:s, s:s, s:o}", "routing_key", said(config, "routing_key"),
	    "event_action", action, "dedup_key", value_text(key.data, key.len));
	buf_release(&key);
	if (strcmp(action, "trigger") == 0)
		json_object_set_new(event, "payload", payload(message));
	return json_letter("POST", url ? url : ENQUEUE, event);
}

static void check(const struct node *map, struct problems *list)
{
	check_url(map, "url", list);
}

static const struct secret_key secrets[] = {{"routing_key", SECRET_TEXT}, {NULL, SECRET_TEXT}};

const struct channel_kind channel_pagerduty = {
    .name = "pagerduty",
    .help = "PagerDuty incidents, by Events v2",
    .keys = keys,
    .secrets = secrets,
    .incidents = true,
    .check = check,
    .write = write_letter,
};
