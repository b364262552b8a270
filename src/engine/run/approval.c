/* Asks for consent. Invariant: approval.given with `yes` is emitted before anything that needs it
 * starts, and only for an explicit yes of a person or an option. */
#include "approval.h"

#include <stdlib.h>
#include <string.h>

#include "engine/resume/past.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* So many changes are named when a run is refused. */
#define NAMED_MAX 10

bool approval_needed(const struct run_options *options, enum effect effect)
{
	return (effect == EFFECT_CHANGE && !options->yes) ||
	       (effect == EFFECT_DESTROY && !options->yes_destroy);
}

/* Changes that need approval. */
struct needing {
	const struct run_options *options;
	struct buf names;
	size_t count;
	bool destroys;
};

static void name_changes(struct needing *needing, const struct plan *plan, const struct past *past);

/* "STEP (EFFECT): COMMAND" in one line: a value in the command cannot begin another. EFFECT may be NULL. */
static void add_name(struct buf *names, const char *step, const char *effect, const char *command)
{
	size_t len = strcspn(command, "\n");

	buf_addf(names, "\n  %s", step);
	if (effect)
		buf_addf(names, " (%s)", effect);
	buf_addf(names, ": %.*s%s", (int)len, command, command[len] ? " …" : "");
}

/* Which of the items of a for_each it was that ran the runbook inside is not looked into. */
static struct past *look_inside(
    const struct past *past, const struct plan_step *step, const struct plan_action *action)
{
	char *id = past_step_id(past, step);
	char *prefix = mem_printf("%s/", id);
	struct past *inside = NULL;

	if (!step->step->for_each.expr && !action->action->for_each.expr)
		inside = past_inside(past, id, action->id, action->nested, prefix);
	free(prefix);
	free(id);
	return inside;
}

static void name_change(struct needing *needing, const struct past *past,
    const struct plan_step *step, const struct plan_action *action)
{
	if (past && past_is_done(past, step, action))
		return;
	if (action->nested) {
		struct past *inside = look_inside(past, step, action);

		name_changes(needing, action->nested, inside);
		past_free(inside);
		return;
	}
	if (!approval_needed(needing->options, action->effect))
		return;
	needing->destroys |= action->effect == EFFECT_DESTROY;
	if (++needing->count <= NAMED_MAX)
		add_name(&needing->names, step->id, effect_name(action->effect), action->command);
}

static void name_changes(struct needing *needing, const struct plan *plan, const struct past *past)
{
	for (size_t s = 0; s < plan->step_count; s++)
		for (size_t i = 0; plan->steps[s].selected && i < plan->steps[s].action_count; i++)
			name_change(needing, past, &plan->steps[s], &plan->steps[s].actions[i]);
}

/* -y says yes to what is to be done, not to what may be done already. */
static int check_interrupted(const struct record *past, struct err *err)
{
	json_t *list = record_interrupted(past);
	size_t count = json_array_size(list);
	struct buf names;

	buf_init(&names, BUF_TEXT_MAX);
	for (size_t i = 0; i < count && i < NAMED_MAX; i++) {
		const json_t *change = json_array_get(list, i);

		add_name(&names, value_get_text(change, "step"), NULL,
		    value_get_text(change, "command"));
	}
	if (count > NAMED_MAX)
		buf_addf(&names, "\n  and %zu more", count - NAMED_MAX);
	if (count)
		err_set(err, ERR_REFUSED,
		    "%zu change%s had begun when the run was interrupted, and nobody knows how %s "
		    "ended: look, then resume on a terminal and say whether to run it again:%s",
		    count, count == 1 ? "" : "s", count == 1 ? "it" : "they", names.data);
	buf_release(&names);
	json_decref(list);
	return count ? -1 : 0;
}

int approval_check(const struct plan *plan, const struct run_options *options, struct err *err)
{
	struct needing needing = {.options = options};
	struct past *past;
	size_t count;

	if (options->check || options->interactive)
		return 0;
	if (options->past && check_interrupted(options->past, err) < 0)
		return -1;
	buf_init(&needing.names, BUF_TEXT_MAX);
	past = past_new(options->past, plan, options->check);
	name_changes(&needing, plan, past);
	past_free(past);
	count = needing.count;
	if (count > NAMED_MAX)
		buf_addf(&needing.names, "\n  and %zu more", count - NAMED_MAX);
	if (count)
		err_set(err, ERR_REFUSED,
		    "%zu change%s need%s approval and there is nobody to ask: run it on a "
		    "terminal, approve with %s, or look only with --check:%s",
		    count, count == 1 ? "" : "s", count == 1 ? "s" : "",
		    !needing.destroys ? "-y"
		    : options->yes    ? "--yes-destroy"
		                      : "-y and --yes-destroy",
		    needing.names.data);
	buf_release(&needing.names);
	return count ? -1 : 0;
}

struct asking {
	struct slot *slot;
	answer_fn *fn;
	void *ctx;
	const char *kind;
	struct question question;
	char *command;
	char *where;
	char *name;
	char *text;
	struct loop_timer *nobody;
};

static const char *const answer_names[] = {
    [ANSWER_NOBODY] = "none",
    [ANSWER_YES] = "yes",
    [ANSWER_SKIP] = "skip",
    [ANSWER_ABORT] = "abort",
    [ANSWER_RETRY] = "retry",
    [ANSWER_NO] = "no",
};

static void emit_given(struct slot *slot, const char *kind, enum answer answer, const char *by)
{
	bool done = answer == ANSWER_YES && strcmp(kind, "interrupted") == 0;

	slot_emit(slot, "approval.given",
	    json_pack("{s:s, s:s, s:s}", "question", kind, "answer",
	        done ? "done" : answer_names[answer], "by", by));
}

static void asking_free(struct asking *asking)
{
	loop_cancel(asking->nobody);
	free(asking->command);
	free(asking->where);
	free(asking->name);
	free(asking->text);
	free(asking);
}

static void on_answer(void *ctx, enum answer answer)
{
	struct asking *asking = ctx;
	answer_fn *fn = asking->fn;
	void *fn_ctx = asking->ctx;

	if (answer == ANSWER_GONE) { /* the question is withdrawn with everything else */
		run_lost_terminal(slot_run(asking->slot));
		return;
	}
	slot_resume_budget(asking->slot);
	emit_given(
	    asking->slot, asking->kind, answer, answer == ANSWER_NOBODY ? "nobody" : "person");
	asking_free(asking);
	fn(fn_ctx, answer);
}

static void on_nobody(void *ctx)
{
	struct asking *asking = ctx;

	asking->nobody = NULL;
	on_answer(asking, ANSWER_NOBODY);
}

/* "cluster: context prod, namespace flight-search-prod": what of the target is in the command. An
 * absolute URL goes elsewhere, whatever the target; then there is nothing to say. */
static char *target_text(const struct action *action, const struct prepared *prepared)
{
	struct buf text;
	const char *key;
	json_t *value;
	char *parts;
	char *whole;

	if (!action->target || !prepared->target)
		return NULL;
	buf_init(&text, BUF_TEXT_MAX);
	json_object_foreach(prepared->target, key, value) {
		const char *part = json_string_value(value);

		if (part && *part && strstr(prepared->line, part))
			buf_addf(&text, "%s%s %s", text.len ? ", " : ": ", key, part);
	}
	if (!text.len)
		return NULL;
	parts = buf_detach(&text);
	whole = mem_printf("%s%s", action->target->name, parts);
	free(parts);
	return whole;
}

static char *masked(const struct run *run, const char *text)
{
	return text ? redact_text(run->plan->redact, text, strlen(text)) : NULL;
}

static char *destroyed_name(const struct slot *slot, const struct prepared *prepared)
{
	const struct action *action = slot_action(slot)->action;
	char *name = action->adapter->object ? action->adapter->object(prepared->args) : NULL;

	return name ? name : mem_text(slot_run(slot)->plan->catalog->platform->name);
}

static struct asking *ask(struct asking *asking, enum effect effect)
{
	struct slot *slot = asking->slot;
	struct run *run = slot_run(slot);
	struct question *question = &asking->question;
	const struct platform *platform = run->plan->catalog->platform;

	question->platform = platform->name;
	question->color = platform_color(platform);
	question->command = asking->command;
	question->where = asking->where;
	question->name = asking->name;
	question->text = asking->text;
	slot_emit(slot, "approval.asked",
	    json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?}", "question", asking->kind, "platform",
	        platform->name, "command", asking->command, "effect", effect_name(effect), "text",
	        asking->text, "where", asking->where));
	slot_pause_budget(slot);
	if (run->asker)
		run->asker->ops->ask(run->asker, question, on_answer, asking);
	else
		asking->nobody = loop_after(run->loop, 0, on_nobody, asking);
	return asking;
}

static struct asking *ask_about(struct asking *asking, const struct prepared *prepared)
{
	asking->command = masked(slot_run(asking->slot), prepared->line);
	asking->where = target_text(slot_action(asking->slot)->action, prepared);
	return ask(asking, prepared->effect);
}

static struct asking *asking_new(
    struct slot *slot, enum question_kind kind, const char *kind_name, answer_fn *fn, void *ctx)
{
	struct asking *asking = mem_alloc(sizeof(*asking));

	asking->slot = slot;
	asking->kind = kind_name;
	asking->fn = fn;
	asking->ctx = ctx;
	asking->question.kind = kind;
	asking->question.step = slot_title(slot);
	return asking;
}

struct asking *approval_ask(
    struct slot *slot, const struct prepared *prepared, answer_fn *fn, void *ctx)
{
	bool destroy = prepared->effect == EFFECT_DESTROY;
	struct asking *asking = asking_new(slot, destroy ? QUESTION_DESTROY : QUESTION_CHANGE,
	    destroy ? "destroy" : "change", fn, ctx);

	asking->text = masked(slot_run(slot), prepared->title);
	if (destroy)
		asking->name = destroyed_name(slot, prepared);
	return ask_about(asking, prepared);
}

struct asking *approval_ask_failed(
    struct slot *slot, const struct prepared *prepared, const char *why, answer_fn *fn, void *ctx)
{
	struct asking *asking = asking_new(slot, QUESTION_FAILED, "failed", fn, ctx);

	asking->text = masked(slot_run(slot), why);
	return ask_about(asking, prepared);
}

struct asking *approval_ask_interrupted(
    struct slot *slot, const char *command, const char *text, answer_fn *fn, void *ctx)
{
	struct asking *asking = asking_new(slot, QUESTION_INTERRUPTED, "interrupted", fn, ctx);

	asking->command = masked(slot_run(slot), command);
	asking->text = mem_text(text);
	return ask(asking, slot_action(slot)->effect);
}

void approval_withdraw(struct asking *asking)
{
	struct run *run = asking ? slot_run(asking->slot) : NULL;

	if (!asking)
		return;
	if (run->asker)
		run->asker->ops->withdraw(run->asker);
	slot_resume_budget(asking->slot);
	asking_free(asking);
}

void approval_by_option(struct slot *slot, const struct prepared *prepared)
{
	emit_given(
	    slot, prepared->effect == EFFECT_DESTROY ? "destroy" : "change", ANSWER_YES, "option");
}
