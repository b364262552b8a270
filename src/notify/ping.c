/* ping: tells a watchdog (healthchecks and the like) when a run began and how it ended, so that
 * somebody hears of a run that never came. Invariant: the beginning and the end of a run carry the same
 * `rid`. */
#include "kinds.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"

static const struct node_key keys[] = {
    CHANNEL_KEY_KIND,
    CHANNEL_KEY_SEVERITY,
    {"url", WANT_TEXT, true, "the check's address; /start and /EXIT-STATUS are added"},
    {"runs", WANT_TEXT, false,
        "scheduled: of runbooks with a `schedule` (default); all: of every runbook"},
    {NULL, WANT_ANY, false, NULL},
};

/* What is added to the address: "/start", "/0" … "/255"; "/log" of what is neither. */
static void add_signal(struct buf *out, const json_t *message)
{
	const json_t *status = json_object_get(message, "exit");

	if (json_is_integer(status))
		buf_addf(out, "/%d", (int)(json_integer_value(status) & 0xFF));
	else if (strcmp(said(message, "event"), told_names[TOLD_STARTED]) == 0)
		buf_adds(out, "/start");
	else
		buf_adds(out, "/log");
}

static json_t *write_letter(const json_t *config, const json_t *message, struct err *err)
{
	const char *base = said(config, "url");
	size_t len = strcspn(base, "?#");
	const char *query = base[len] == '?' ? base + len + 1 : "";
	json_t *letter;
	struct buf url;

	(void)err;
	buf_init(&url, BUF_TEXT_MAX);
	while (len && base[len - 1] == '/')
		len--;
	buf_add(&url, base, len);
	add_signal(&url, message);
	buf_addf(&url, "?%.*s%srid=%s", (int)strcspn(query, "#"), query, *query ? "&" : "",
	    said(message, "rid"));
	letter = json_pack("{s:s, s:s, s:[s], s:s}", "method", "POST", "url", url.data, "headers",
	    "Content-Type: text/plain; charset=utf-8", "body", said(message, "text"));
	buf_release(&url);
	return letter;
}

static void check(const struct node *map, struct problems *list)
{
	const struct node *runs = node_get(map, "runs");

	check_url(map, "url", list);
	if (runs && strcmp(runs->text, "scheduled") != 0 && strcmp(runs->text, "all") != 0)
		NODE_PROBLEM(list, runs, "'runs' must be scheduled or all, not '%s'", runs->text);
}

static const struct secret_key secrets[] = {{"url", SECRET_ADDRESS}, {NULL, SECRET_TEXT}};

const struct channel_kind channel_ping = {
    .name = "ping",
    .help = "a watchdog that is told of the beginning and the end of each scheduled run",
    .keys = keys,
    .secrets = secrets,
    .pings = true,
    .check = check,
    .write = write_letter,
};
