/* manual: something that a person does. Invariant: `done` is true only when a person said so. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "share.h"

static json_t *parse(const struct node *value, struct problems *list)
{
	size_t errors = list->errors;
	json_t *items = json_array();

	for (size_t i = 0; value->kind == NODE_LIST && i < value->count; i++) {
		const char *text = node_want_text(value->items[i], "an item of a checklist", list);

		if (text)
			json_array_append_new(items, json_string(text));
	}
	if (value->kind != NODE_LIST) {
		const char *text = node_want_text(value, "what is to be done by hand", list);

		if (text)
			json_array_append_new(items, json_string(text));
	} else if (value->count == 0) {
		NODE_PROBLEM(list, value, "a checklist must not be empty");
	}
	if (list->errors == errors)
		return json_pack("{s:o}", "checklist", items);
	json_decref(items);
	return NULL;
}

/* Each line is a comment, so that it is a shell script whatever the text holds. */
static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	const json_t *items = json_object_get(args, "checklist");

	(void)target;
	(void)effect;
	for (size_t i = 0; i < json_array_size(items); i++) {
		char *text = value_to_text(json_array_get(items, i));
		char *rest = text;
		const char *line;

		for (line = strsep(&rest, "\r\n"); line; line = strsep(&rest, "\r\n"))
			if (*line)
				buf_addf(out, "%s# %s%s", out->len ? "\n" : "",
				    line == text ? "by hand: " : "  ", line);
		free(text);
	}
}

static const struct reply {
	const char *answer; /* NULL: there was nobody */
	bool done;
	const char *also; /* one more field that is true */
	const char *unexpected;
} replies[] = {
    {"done", true, NULL, NULL},
    {"no", false, NULL, "a person answered no"},
    {"skip", false, "skipped", NULL},
    {NULL, false, "left", NULL},
};

static void on_answer(struct call *call, const char *answer)
{
	const struct reply *reply = replies;
	json_t *result;

	while (reply->answer && (!answer || strcmp(reply->answer, answer) != 0))
		reply++;
	result = json_pack("{s:b}", "done", reply->done);
	if (reply->also)
		json_object_set_new(result, reply->also, json_true());
	call_done(call, result, reply->unexpected);
}

static void start(struct call *call)
{
	call->host->ask(call, json_object_get(call->args, "checklist"), on_answer);
}

static const struct adapter_field fields[] = {
    {"done", "bool", "whether a person said that it is done"},
    {"skipped", "bool", "true when a person skipped it"},
    {"left", "bool", "true when there was nobody to ask"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_manual = {
    .name = "manual",
    .help = "ask a person to do something, and whether it is done",
    .forms = "a text, or a checklist (a list of texts)",
    .fields = fields,
    .succeeds = "a person says done",
    .decides = "done",
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .alone = true,
    .hosted = true,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .start = start,
    .cancel = host_cancel,
    .release = release_nothing,
};
