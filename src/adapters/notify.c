/* notify: a message to people, through channels of the platform. Invariant: it never changes what is
 * operated on, a run that only looks sends nothing, and that people were not told is a warning at most. */
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "share.h"

static const struct node_key keys[] = {
    {"to", WANT_WORDS, true, "a channel of the platform, or a list of them"},
    {"text", WANT_TEXT, true, "what is said"},
    {"title", WANT_TEXT, false, "one line; default: the runbook's title and the platform"},
    {"action", WANT_TEXT, false,
        "what it means for an incident: trigger (default), acknowledge or resolve"},
    {NULL, WANT_ANY, false, NULL},
};

static const char *const actions[] = {"trigger", "acknowledge", "resolve"};

static void check_action(const struct node *map, struct problems *list)
{
	const struct node *action = node_get(map, "action");

	for (size_t i = 0; action && i < COUNT_OF(actions); i++)
		if (strcmp(actions[i], action->text) == 0)
			return;
	if (action)
		NODE_PROBLEM(list, action,
		    "'action' must be trigger, acknowledge or resolve, not '%s'", action->text);
}

static json_t *parse(const struct node *value, struct problems *list)
{
	size_t errors = list->errors;
	json_t *args;

	if (value->kind != NODE_MAP) {
		NODE_PROBLEM(list, value,
		    "notify must be a map such as {to: slack, text: …}, not %s",
		    node_kind_name(value));
		return NULL;
	}
	if (node_check_map(value, keys, "notify", list) == 0)
		check_action(value, list);
	if (list->errors != errors)
		return NULL;
	args = json_object();
	for (size_t i = 0; i < value->count; i++) {
		const struct node *item = value->items[i];

		json_object_set_new(args, value->keys[i]->text,
		    item->kind == NODE_SCALAR ? json_stringn(item->text, item->len)
		                              : node_to_json(item));
	}
	return args;
}

static void add_channels(struct buf *out, const json_t *to)
{
	if (!json_is_array(to)) {
		buf_add_shell_word(out, json_string_value(to));
		return;
	}
	for (size_t i = 0; i < json_array_size(to); i++) {
		buf_adds(out, i ? " " : "");
		buf_add_shell_word(out, json_string_value(json_array_get(to, i)));
	}
}

/* No command sends it by hand, so it is one that does nothing and shows what is said. */
static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	(void)target;
	(void)effect;
	buf_adds(out, ": notify ");
	add_channels(out, json_object_get(args, "to"));
	buf_addc(out, ' ');
	buf_add_shell_word(out, value_get_text(args, "text"));
}

static void on_told(struct call *call, const json_t *channels, const char *why)
{
	json_t *result;

	if (!channels) {
		call_done(call,
		    json_pack("{s:s, s:b, s:s}", "status", "not sent", "skipped", 1, "reason",
		        "a check tells nobody"),
		    NULL);
		return;
	}
	result = json_pack(
	    "{s:s, s:O}", "status", why ? "not delivered" : "delivered", "channels", channels);
	if (why)
		json_object_set_new(result, "level", json_string("warning"));
	call_done(call, result, why);
}

static void start(struct call *call)
{
	call->host->notify(call, call->args, on_told);
}

static const struct adapter_field fields[] = {
    {"status", "string", "delivered; else not delivered, or not sent"},
    {"channels", "map", "of each channel: delivered, or why not"},
    {"level", "string", "warning when it was not delivered"},
    {"skipped", "bool", "true when the run only looks"},
    {"reason", "string", "why it was skipped"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_notify = {
    .name = "notify",
    .help = "tell people, through channels of the platform",
    .forms = "{to, text}: channels, and what is said",
    .fields = fields,
    .succeeds = "delivered",
    .decides = "status",
    .keys = keys,
    .hosted = true,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .start = start,
    .cancel = host_cancel,
    .release = release_nothing,
};
