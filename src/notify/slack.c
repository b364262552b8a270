/* slack: an incoming webhook. Invariant: what stands in a message is shown as it is: no text from
 * a log can call a whole channel or make a link. */
#include "kinds.h"

#include "fsops/value.h"

static const struct node_key keys[] = {
    CHANNEL_KEYS,
    {"webhook", WANT_TEXT, true, "the address of the incoming webhook"},
    {NULL, WANT_ANY, false, NULL},
};

/* Slack's own three: https://api.slack.com/reference/surfaces/formatting, "Escaping text". */
static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_adds(out, "&amp;");
		else if (*text == '<')
			buf_adds(out, "&lt;");
		else if (*text == '>')
			buf_adds(out, "&gt;");
		else
			buf_addc(out, *text);
	}
}

static json_t *write_letter(const json_t *config, const json_t *message, struct err *err)
{
	struct buf text;
	json_t *letter;

	(void)err;
	buf_init(&text, BUF_TEXT_MAX);
	if (*said(message, "title")) {
		buf_addc(&text, '*');
		add_escaped(&text, said(message, "title"));
		buf_adds(&text, "*\n");
	}
	add_escaped(&text, said(message, "text"));
	letter = json_letter("POST", said(config, "webhook"),
	    json_pack("{s:o}", "text", value_text(text.data, text.len)));
	buf_release(&text);
	return letter;
}

static void check(const struct node *map, struct problems *list)
{
	check_url(map, "webhook", list);
}

static const struct secret_key secrets[] = {{"webhook", SECRET_ADDRESS}, {NULL, SECRET_TEXT}};

const struct channel_kind channel_slack = {
    .name = "slack",
    .help = "a Slack channel, by an incoming webhook",
    .keys = keys,
    .secrets = secrets,
    .check = check,
    .write = write_letter,
};
