/* The lines of a script in the making. Invariant: literal text is one quoted word, a comment is
 * one line: nothing of a runbook can become a command by itself. */
#include "sh_script.h"

#include <stdarg.h>
#include <string.h>

#include "fsops/expr.h"
#include "fsops/plan.h"
#include "ui/safe.h"

#define BIT(helper) (1u << (helper))

/* What a helper calls in turn. */
static const unsigned needs[HELPER_COUNT] = {
    [HELPER_CONFIRM] = BIT(HELPER_ASK),
    [HELPER_JUDGED] = BIT(HELPER_CONFIRM) | BIT(HELPER_ASK),
    [HELPER_CONFIRM_DESTROY] = BIT(HELPER_ASK),
    [HELPER_NEXT] = BIT(HELPER_ASK),
    [HELPER_WAIT] = BIT(HELPER_ASK) | BIT(HELPER_SAY),
    [HELPER_LOOK] = BIT(HELPER_SHOW) | BIT(HELPER_NOTE),
    [HELPER_TUNNEL] = BIT(HELPER_SHOW) | BIT(HELPER_NOTE),
    [HELPER_CHANGE] = BIT(HELPER_SHOW) | BIT(HELPER_ASK) | BIT(HELPER_CONFIRM) | BIT(HELPER_STOP) |
                      BIT(HELPER_SAY),
    [HELPER_DESTROY] = BIT(HELPER_SHOW) | BIT(HELPER_ASK) | BIT(HELPER_CONFIRM_DESTROY) |
                       BIT(HELPER_STOP) | BIT(HELPER_SAY),
};

void sh_use(struct script *s, enum helper helper)
{
	s->used |= BIT(helper) | needs[helper];
}

static void indent(struct script *s)
{
	for (int i = 0; i < s->depth; i++)
		buf_addc(s->out, '\t');
}

void sh_line(struct script *s, const char *fmt, ...)
{
	va_list args;

	indent(s);
	va_start(args, fmt);
	buf_vaddf(s->out, fmt, args);
	va_end(args);
	buf_addc(s->out, '\n');
}

void sh_comment(struct script *s, const char *label, const char *text)
{
	if (!text)
		return;
	indent(s);
	buf_addf(s->out, "# %s", label);
	safe_adds(s->out, text);
	buf_addc(s->out, '\n');
}

void sh_call(
    struct script *s, enum helper helper, const char *name, const char *after, const char *fmt, ...)
{
	struct buf text;
	va_list args;

	sh_use(s, helper);
	buf_init(&text, BUF_TEXT_MAX);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	indent(s);
	buf_addf(s->out, "%s ", name);
	buf_add_shell_word(s->out, text.data);
	buf_addf(s->out, "%s\n", after);
	buf_release(&text);
}

/* Looking for a name in commands. */
struct wanted {
	const char *name;
	bool found;
};

static void look_for_name(void *ctx, const char *expr, size_t len)
{
	struct wanted *wanted = ctx;

	if (strlen(wanted->name) == len && strncmp(expr, wanted->name, len) == 0)
		wanted->found = true;
}

bool sh_plan_wants(const struct plan *plan, const char *name)
{
	struct wanted wanted = {.name = name};

	for (size_t i = 0; i < plan->step_count; i++)
		for (size_t k = 0; k < plan->steps[i].action_count; k++) {
			const struct plan_action *action = &plan->steps[i].actions[k];

			if (action->command && !action->action->adapter->literal)
				sh_each_hole(action->command, look_for_name, &wanted);
			if (action->look && !action->action->look->adapter->literal)
				sh_each_hole(action->look, look_for_name, &wanted);
			if (action->action->stdin_text)
				sh_each_text_hole(
				    action->action->stdin_text, look_for_name, &wanted);
			if (action->nested && sh_plan_wants(action->nested, name))
				return true;
		}
	return wanted.found;
}

static void note_other(void *ctx, const char *const *parts, size_t count)
{
	unsigned *named = ctx;
	bool check = count == 2 && strcmp(parts[0], "run") == 0 && strcmp(parts[1], "check") == 0;

	*named |= check ? 1u : 2u;
}

/* Does it look at `run.check`, and at nothing else? */
static bool is_about_check(const struct condition *when)
{
	unsigned named = 0;

	if (when->expr)
		expr_each_path(when->expr, note_other, &named);
	return named == 1;
}

/* What a condition may name in a script without asking: whoever runs it makes the changes. */
static int lookup_fact(
    void *facts, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	json_t *value = json_object_get(facts, name);

	(void)why;
	(void)why_size;
	if (!value)
		return -1;
	*out = expr_value_json(value);
	return 0;
}

static enum sh_when told_by_facts(const struct condition *when)
{
	json_t *facts = json_pack("{s:{s:b}}", "run", "check", false);
	struct expr_scope scope = {.lookup = lookup_fact, .ctx = facts};
	struct expr_error error;
	enum sh_when told = SH_WHEN_ASKED;
	bool holds;

	if (is_about_check(when) && expr_eval_bool(when->expr, &scope, &holds, &error) == 0)
		told = holds ? SH_WHEN_ALWAYS : SH_WHEN_NEVER;
	json_decref(facts);
	return told;
}

enum sh_when sh_open_when(struct script *s, const struct condition *when)
{
	enum sh_when told;

	if (!when->text)
		return SH_WHEN_ALWAYS;
	told = told_by_facts(when);
	if (told == SH_WHEN_NEVER)
		sh_comment(s, "left out, it is only for a check: when ", when->text);
	if (told != SH_WHEN_ASKED)
		return told;
	sh_call(
	    s, HELPER_CONFIRM, "if confirm", "; then", "only when %s: does it hold?", when->text);
	s->depth++;
	return told;
}

/* Does EXPR begin with the loop's name ("node", "node.metadata.name")? */
static bool of_loop(const char *expr, const char *as)
{
	size_t len = as ? strlen(as) : 0;

	return len && strncmp(expr, as, len) == 0 && (expr[len] == '.' || expr[len] == '[');
}

/* What a loop's item is asked for anew in each round. */
static void forget_items(struct script *s, const char *as)
{
	for (size_t i = 0; i < s->names.count; i++)
		if (of_loop(s->names.items[i].expr, as))
			sh_line(s, "%s=", s->names.items[i].name);
}

bool sh_open_loop(struct script *s, const struct condition *for_each, const char *as, bool at_once)
{
	const struct sh_name *name;

	if (!for_each->text)
		return false;
	as = as ? as : "item";
	if (at_once)
		sh_line(s, "# fsops runs up to %d of these at once", RUN_READS_MAX);
	sh_call(s, HELPER_NEXT, "while next", "; do", "%s of %s", as, for_each->text);
	s->depth++;
	if (sh_plan_wants(s->plan, as)) {
		name = sh_name_of(&s->names, as, strlen(as));
		sh_line(s, "%s=$answer", name->name);
	}
	return true;
}

void sh_close(struct script *s, bool opened, const char *word)
{
	if (!opened)
		return;
	s->depth--;
	sh_line(s, "%s", word);
}

void sh_close_loop(struct script *s, bool opened, const char *as)
{
	if (opened)
		forget_items(s, as ? as : "item");
	sh_close(s, opened, "done");
}

void sh_gap(struct script *s)
{
	if (s->out->len < 2 || strcmp(s->out->data + s->out->len - 2, "{\n") != 0)
		buf_addc(s->out, '\n');
}
