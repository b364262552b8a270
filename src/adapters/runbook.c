/* runbook: another runbook, run inside this one. Invariant: it brings its own effects, which the
 * plan counts; as an action it is a read, so nobody is asked twice. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "share.h"

static const struct node_key keys[] = {
    {"name", WANT_TEXT, true, "the runbook's name or alias"},
    {"vars", WANT_MAP, false, "variables for it"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *parse(const struct node *value, struct problems *list)
{
	const struct node *vars = node_get(value, "vars");
	const char *name;

	if (value->kind != NODE_MAP) {
		name = node_want_text(value, "a runbook's name", list);
		return name ? json_pack("{s:s, s:{}}", "name", name, "vars") : NULL;
	}
	if (node_check_map(value, keys, "runbook", list) > 0)
		return NULL;
	return json_pack("{s:s, s:o}", "name", node_get(value, "name")->text, "vars",
	    vars ? node_as_written(vars) : json_object());
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char *name = value_to_text(json_object_get(args, "name"));
	const char *key;
	json_t *value;

	(void)target;
	(void)effect;
	buf_adds(out, "fsops run ");
	buf_add_shell_word(out, name);
	free(name);
	json_object_foreach(json_object_get(args, "vars"), key, value) {
		char *text = value_to_text(value);
		char *pair = mem_printf("%s=%s", key, text);

		buf_adds(out, " --var ");
		buf_add_shell_word(out, pair);
		free(pair);
		free(text);
	}
}

static void on_ran(struct call *call, const char *level, const char *why)
{
	call_done(call, json_pack("{s:s}", "level", level), why);
}

static void start(struct call *call)
{
	const char *name = value_get_text(call->args, "name");

	call->host->run(call, name ? name : "", json_object_get(call->args, "vars"), on_ran);
}

static const struct adapter_field fields[] = {
    {"level", "string", "how it ended: ok, info, warning, critical or unknown"},
    {NULL, NULL, NULL},
};

const struct adapter adapter_runbook = {
    .name = "runbook",
    .help = "run another runbook inside this one",
    .forms = "a name, or {name, vars}",
    .fields = fields,
    .succeeds = "it passes",
    .decides = "level",
    .takes = ADAPTER_TEXT,
    .keys = keys,
    .alone = true,
    .hosted = true,
    .parse = parse,
    .effect = effect_read,
    .describe = describe,
    .start = start,
    .cancel = host_cancel,
    .release = release_nothing,
};
