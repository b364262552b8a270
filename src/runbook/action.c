/*
 * Actions: their keys, their one adapter, and what follows from it.
 *
 * After action_finish() an action has an adapter with arguments, a target when the adapter
 * wants one, and an effect; or a problem was added.
 */
#include <stdlib.h>
#include <string.h>

#include "fsops/inherit.h"
#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/text.h"
#include "runbook/catalog/catalog.h"

#define EVERY_DEFAULT ((msec)5000)
#define NAMES_MAX     64

static const struct choice on_failures[] = {
    {"continue", ON_FAILURE_CONTINUE}, {"stop", ON_FAILURE_STOP}, {0}};
const struct type type_on_failure = {"continue or stop", decode_choice, on_failures, NULL};

static const struct choice effects[] = {
    {"read", EFFECT_READ}, {"change", EFFECT_CHANGE}, {"destroy", EFFECT_DESTROY}, {0}};

static void decode_effect(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct action *action = out;
	size_t errors = d->list->errors;

	decode_choice(d, field, value, &action->effect);
	action->effect_stated = d->list->errors == errors;
}

static const struct type type_effect = {"read, change or destroy", decode_effect, effects, NULL};

static const struct field retry_fields[] = {
    {"times", &type_count, offsetof(struct action, retry_times), "how many tries after the first",
        true, NULL},
    {"every", &type_span, offsetof(struct action, retry_every), "how long between them; default 5s",
        false, NULL},
    {0},
};

/* `retry: 3` or `retry: {times: 3, every: 5s}`. */
static void decode_retry(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct action *action = out;
	size_t errors = d->list->errors;

	if (value->kind == NODE_MAP)
		decode_map(d, value, retry_fields, "'retry'", NULL, action);
	else if (node_check(value, WANT_COUNT, field->key, d->list) == 0)
		action->retry_times = (int)strtol(value->text, NULL, 10);
	if (d->list->errors == errors && !action->retry_times)
		NODE_PROBLEM(d->list, value, "'retry' must be at least once");
	if (!action->retry_every)
		action->retry_every = EVERY_DEFAULT;
}

static const struct type type_retry = {"a number of times, or {times, every}", decode_retry, NULL,
    SCHEMA_LONG_OR("{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 1}, {\"type\": \"string\", "
                   "\"pattern\": \"^[0-9]{0,8}[1-9][0-9]{0,8}$\"}]}")};

/* `hold_for: 30m`, or a template that gives a duration when the action starts. */
static void decode_hold_for(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct action *action = out;

	if (value->kind == NODE_SCALAR && template_any(value->text))
		action->hold_for_text = mem_text(value->text);
	else
		type_span.decode(d, field, value, &action->hold_for);
}

static const struct type type_hold_for = {"a duration up to 366d, such as 90s, 5m or 1h30m",
    decode_hold_for, NULL,
    "{\"anyOf\": [" SCHEMA_SPAN ", {\"type\": \"string\", \"pattern\": \"[$][{]\"}]}"};

static const struct field capture_fields[] = {
    {"value", &type_expr, offsetof(struct capture, value), "what the variable becomes", true, NULL},
    {"secret", &type_bool, offsetof(struct capture, secret),
        "the value is masked wherever it is shown", false, NULL},
    {0},
};

static void decode_capture(
    struct decode *d, const struct node *name, const struct node *value, struct capture *capture)
{
	capture->name = mem_text(name->text);
	if (value->kind == NODE_MAP)
		decode_map(d, value, capture_fields, "a captured variable", NULL, capture);
	else
		decode_expr(d, value, name->text, &capture->value);
}

static void decode_captures(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct action *action = out;

	if (!decode_is_map(d, field, value))
		return;
	action->captures = mem_alloc((value->count + 1) * sizeof(*action->captures));
	for (size_t i = 0; i < value->count; i++)
		if (check_variable_name(d, value->keys[i], "a captured variable") == 0)
			decode_capture(d, value->keys[i], value->items[i],
			    &action->captures[action->capture_count++]);
}

static const struct type type_captures = {"a map of names and expressions", decode_captures, NULL,
    SCHEMA_MAP(SCHEMA_IDENTIFIER, SCHEMA_LONG_OR(SCHEMA_TEXT))};

static const char look_name[] = "'look'";

static void decode_look(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	struct action *action = out;

	action->look = mem_alloc(sizeof(*action->look));
	read_decode(d, field, value, look_name, action->look);
}

static const struct type type_look = {
    "a read such as {http: GET /jobs/1}", decode_look, NULL, "{\"$ref\": \"#/definitions/look\"}"};

static const struct field expectation_fields[] = {
    {"expression", &type_expr, offsetof(struct expectation, holds), "what must hold", true, NULL},
    {"message", &type_text, offsetof(struct expectation, message),
        "the reason that is shown when it does not hold", false, NULL},
    {0},
};

/* `expression`, or {expression, message}, as in Kubernetes' validation rules. */
static int item_expectation(
    struct decode *d, const struct field *field, const struct node *value, void *item)
{
	struct expectation *expectation = item;

	if (value->kind != NODE_MAP)
		return decode_expr(d, value, field->key, &expectation->holds);
	/* With a mistake in it, too, it is an item: what was read of it is freed with the action. */
	decode_map(d, value, expectation_fields, "an 'expect'", NULL, expectation);
	return 0;
}

static void decode_expects(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	decode_items_or_one(d, field, value, sizeof(struct expectation), item_expectation, out);
}

static const struct type type_expects = {"an expression or a list of them", decode_expects, NULL,
    SCHEMA_LONG_OR("{\"anyOf\": [" SCHEMA_TEXT ", {\"type\": \"array\", \"minItems\": 1, "
                   "\"items\": " SCHEMA_LONG_OR(SCHEMA_TEXT) "}]}")};

static const struct choice accepts[] = {{"any", true}, {0}};

static void decode_accept(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	int any = false;

	decode_choice(d, field, value, &any);
	*(bool *)out = any;
}

static void decode_inherit(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	json_t *inherit = json_object();

	(void)field;
	inherit_parse(value, inherit, d->list);
	*(json_t **)out = inherit; /* transferred */
}

static const struct type type_inherit = {"a list of names of environment variables", decode_inherit,
    NULL, SCHEMA_LIST("{\"type\": \"string\", \"pattern\": \"^[A-Za-z_*][A-Za-z0-9_*]*$\"}")};

const struct type type_accept = {"any", decode_accept, accepts, NULL};

#define AT(member) offsetof(struct action, member)
const struct field action_fields[] = {
    {"id", &type_id, AT(id), "the name to refer to it by: results.ID", false, NULL},
    {"title", &type_text, AT(title),
        "what it is for, in a few words: the question about a change shows it", false, NULL},
    {"target", &type_checked, 0,
        "which target of the platform; default: the only or first one for the adapter", false,
        NULL},
    {"when", &type_expr, AT(when), "condition; when false the action is skipped", false, NULL},
    {"expect", &type_expects, AT(expects),
        "what must hold of the result besides success, one condition or a list; one that names "
        "what decides (exit, status, reply …) judges in its place",
        false, expectation_fields},
    {"accept", &type_accept, AT(judged_by_expect),
        "any: only expect and until judge, not the exit or HTTP status, an error reply …", false,
        NULL},
    {"capture", &type_captures, 0, "new variables from the result: {name: expression}", false,
        capture_fields},
    {"timeout", &type_span, AT(timeout), "how long one attempt may take", false, NULL},
    {"retry", &type_retry, 0, "how often to try again after a failure: {times: 3, every: 5s}",
        false, retry_fields},
    {"until", &type_expr, AT(until), "repeat until it succeeds and this holds, or the time is up",
        false, NULL},
    {"look", &type_look, 0, "of a change, which is made once: the read whose result 'until' judges",
        false, read_fields},
    {"every", &type_span, AT(every), "how long between two looks; default 5s", false, NULL},
    {"hold_for", &type_hold_for, 0, "expect must hold at every look for that long", false, NULL},
    {"effect", &type_effect, 0,
        "read, change or destroy: raises the effect, or states what cannot be derived", false,
        NULL},
    {"severity", &type_level, AT(severity), "level of a failure of this read; default critical",
        false, NULL},
    {"on_failure", &type_on_failure, AT(on_failure), "continue or stop when it failed", false,
        NULL},
    {"for_each", &type_expr, AT(for_each),
        "a list; once for each item: a read for all at once, else one after another", false, NULL},
    {"as", &type_variable, AT(as), "the item's name; default item", false, NULL},
    {"save", &type_text, AT(save), "write the full output to this file, mode 0600", false, NULL},
    {"stdin", &type_text, AT(stdin_text), "text for the command's standard input", false, NULL},
    {"inherit", &type_inherit, AT(inherit),
        "the environment variables that the command gets besides PATH, HOME and the like; default: "
        "all",
        false, NULL},
    {0},
};
#undef AT

static bool take_adapter(
    struct decode *d, const struct node *key, const struct node *value, void *object)
{
	struct action *action = object;
	const struct adapter *adapter = adapter_find(key->text);

	if (!adapter)
		return false;
	if (action->adapter && action->adapter != adapter)
		NODE_PROBLEM(d->list, key,
		    "an action does one thing, but '%s' and '%s' both say what; make two actions "
		    "of it",
		    action->adapter->name, adapter->name);
	if (action->adapter)
		return true;
	action->adapter = adapter;
	action->args_node = value;
	return true;
}

static size_t adapter_names(const char **names, size_t max)
{
	size_t count = 0;

	while (count < max && adapters[count]) {
		names[count] = adapters[count]->name;
		count++;
	}
	return count;
}

const struct decode_rest action_adapters = {take_adapter, adapter_names};

/* What an action without an adapter could have. */
static void no_adapter(struct decode *d, const struct action *action)
{
	const char *names[NAMES_MAX];
	size_t count = adapter_names(names, NAMES_MAX);
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i]);
	NODE_PROBLEM(
	    d->list, action->node, "there is nothing to do here: one key must be %s", text.data);
	buf_release(&text);
}

void no_such(struct decode *d, const struct node *node, const char *what, const char *const *names,
    size_t count)
{
	const char *near = text_nearest(node->text, names, count);

	NODE_PROBLEM(d->list, node, "there is no %s '%s'%s%s%s", what, node->text,
	    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void no_such_target(struct decode *d, const struct node *node)
{
	const struct platform *platform = d->catalog->platform;
	const char **names = mem_alloc((platform->target_count + 1) * sizeof(*names));

	for (size_t i = 0; i < platform->target_count; i++)
		names[i] = platform->targets[i].name;
	no_such(d, node, "target", names, platform->target_count);
	free(names);
}

static const struct target *default_target(struct decode *d, const struct action *action)
{
	const struct platform *platform = d->catalog->platform;
	const char *kind = action->adapter->target_kind;

	for (size_t i = 0; i < platform->target_count; i++)
		if (platform->targets[i].adapter == adapter_for_target(kind))
			return &platform->targets[i];
	if (action->adapter->target_needed && !platform->broken)
		NODE_PROBLEM(d->list, action->node,
		    "%s needs a target: add one to 'targets' of the platform, as in "
		    "'name: {%s: …}'",
		    action->adapter->name, kind);
	return NULL;
}

static void resolve_target(struct decode *d, struct action *action)
{
	const struct node *node = node_get(action->node, "target");
	const char *kind = action->adapter->target_kind;
	const struct target *target;

	if (node && (node->kind != NODE_SCALAR || node_is_null(node)))
		return; /* reported */
	if (!kind && node)
		NODE_PROBLEM(d->list, node, "%s uses no target", action->adapter->name);
	if (!kind)
		return;
	if (!node) {
		action->target = default_target(d, action);
		return;
	}
	target = names_get(&d->catalog->index->targets, node->text);
	if (!target)
		no_such_target(d, node);
	else if (target->adapter && target->adapter != adapter_for_target(kind))
		NODE_PROBLEM(d->list, node, "the target '%s' is for %s, not for %s", target->name,
		    target->adapter->name, action->adapter->name);
	else
		action->target = target;
}

static void derive_effect(struct decode *d, struct action *action)
{
	enum effect derived =
	    action->args ? action->adapter->effect(action->args) : EFFECT_UNSTATED;

	action->derived = derived;
	if (!action->effect_stated) {
		action->effect = derived == EFFECT_UNSTATED ? EFFECT_CHANGE : derived;
		return;
	}
	if (derived == EFFECT_UNSTATED || action->effect >= derived)
		return;
	NODE_PROBLEM(d->list, node_get(action->node, "effect"),
	    "'effect: %s' is less than what this does (%s); it can only be raised",
	    effect_name(action->effect), effect_name(derived));
	action->effect = derived;
}

void action_bind(struct decode *d, struct action *action, bool unknown_key)
{
	if (!action->adapter) {
		if (!unknown_key)
			no_adapter(d, action);
		return;
	}
	action->args = action->adapter->parse(action->args_node, d->list);
	resolve_target(d, action);
	if (action->inherit && !action->adapter->command)
		NODE_PROBLEM(d->list, node_get(action->node, "inherit"),
		    "'inherit' is for commands (exec, shell, kubectl): %s starts none",
		    action->adapter->name);
	derive_effect(d, action);
	if (action->look)
		read_bind(d, action->look, look_name);
}

const char action_relations[] =
    "{\"as\": [\"for_each\"], \"look\": [\"until\"], \"until\": {\"not\": {\"required\": "
    "[\"hold_for\"]}}, "
    "\"every\": {\"anyOf\": [{\"required\": [\"until\"]}, {\"required\": [\"hold_for\"]}]}, "
    "\"hold_for\": {\"anyOf\": [{\"required\": [\"expect\"]}, {\"required\": [\"metrics\"]}]}}";

/* A change is made once, whatever is waited for. */
static void check_repeated(struct decode *d, const struct action *action)
{
	const struct node *hold_for = node_get(action->node, "hold_for");
	const struct node *until = node_get(action->node, "until");
	const struct node *look = node_get(action->node, "look");
	bool change = action->adapter && action->args && action->effect != EFFECT_READ;

	if (look && !until)
		NODE_PROBLEM(d->list, look, "'look' needs an 'until' to say what is waited for");
	else if (look && action->adapter && action->args && !change)
		NODE_PROBLEM(d->list, look, "a read looks by itself: 'look' belongs to a change");
	if (until && !look && change)
		NODE_PROBLEM(d->list, until,
		    "'until' would make this change again at every look: say with 'look' which "
		    "read tells whether it holds%s",
		    action->derived == EFFECT_UNSTATED ? ", or 'effect: read' when this is one"
		                                       : "");
	if (hold_for && change)
		NODE_PROBLEM(d->list, hold_for,
		    "'hold_for' would make this change again at every look: look with an action of "
		    "its own%s",
		    action->derived == EFFECT_UNSTATED ? ", or say 'effect: read' when this is one"
		                                       : "");
}

/* Keys that mean nothing, or the opposite, without or with another one: action_relations says the
 * same in the schema. */
static void check_keys(struct decode *d, const struct action *action)
{
	const struct node *hold_for = node_get(action->node, "hold_for");
	const struct node *until = node_get(action->node, "until");
	const struct node *every = node_get(action->node, "every");
	bool levels = action->adapter && strcmp(action->adapter->name, "metrics") == 0;

	if (until && hold_for)
		NODE_PROBLEM(d->list, hold_for,
		    "'until' ends when something holds, 'hold_for' when it does not; give one of "
		    "them");
	if (hold_for && !until && !action->expect_count && !levels)
		NODE_PROBLEM(
		    d->list, hold_for, "'hold_for' needs an 'expect' to say what must hold");
	check_repeated(d, action);
	if (every && !until && !hold_for)
		NODE_PROBLEM(d->list, every, "'every' needs 'until' or 'hold_for'");
}

void action_finish(struct decode *d, struct action *action)
{
	if (action->severity == LEVEL_OK)
		action->severity = LEVEL_CRITICAL;
	if (!action->every)
		action->every = EVERY_DEFAULT;
	if (!action->as)
		action->as = mem_text("item");
	check_keys(d, action);
}
