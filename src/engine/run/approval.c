/* Asks for consent. Invariant: approval.given with `yes` is emitted before anything that needs it
 * starts, and only for an explicit yes of a person or an option. */
#include "approval.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/value.h"

bool approval_needed(const struct run_options *options, enum effect effect)
{
	return (effect == EFFECT_CHANGE && !options->yes) ||
	       (effect == EFFECT_DESTROY && !options->yes_destroy);
}

struct asking {
	const struct place *place;
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

static void emit_given(
    const struct place *place, const char *kind, enum answer answer, const char *by)
{
	bool done = answer == ANSWER_YES && strcmp(kind, "interrupted") == 0;

	place->emit(place->ctx, "approval.given",
	    json_pack("{s:s, s:s, s:s}", "question", kind, "answer",
	        done ? "done" : answer_names[answer], "by", by));
}

void approval_note(const struct place *place, const char *text)
{
	place->emit(place->ctx, "note",
	    json_pack("{s:s, s:o}", "by", "person", "text", value_text(text, strlen(text))));
}

static void on_note(void *ctx, const char *text)
{
	struct asking *asking = ctx;

	approval_note(asking->place, text);
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
	const struct tools *tools = &asking->place->world->tools;

	if (answer == ANSWER_GONE) { /* the question is withdrawn with everything else */
		tools->terminal_lost(tools->ctx);
		return;
	}
	budget_resume(asking->place->budget);
	emit_given(
	    asking->place, asking->kind, answer, answer == ANSWER_NOBODY ? "nobody" : "person");
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

static char *masked(const struct world *world, const char *text)
{
	return text ? redact_text(world->plan->redact, text, strlen(text)) : NULL;
}

static char *destroyed_name(const struct place *place, const struct prepared *prepared)
{
	const struct action *action = place->action->action;
	char *name = action->adapter->object ? action->adapter->object(prepared->args) : NULL;

	return name ? name : mem_text(place->world->plan->catalog->platform->name);
}

static struct asking *ask(struct asking *asking, enum effect effect)
{
	const struct place *place = asking->place;
	struct world *world = place->world;
	struct question *question = &asking->question;
	const struct platform *platform = world->plan->catalog->platform;

	question->platform = platform->name;
	question->color = platform_color(platform);
	question->command = asking->command;
	question->where = asking->where;
	question->name = asking->name;
	question->text = asking->text;
	place->emit(place->ctx, "approval.asked",
	    json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?}", "question", asking->kind, "platform",
	        platform->name, "command", asking->command, "effect", effect_name(effect), "text",
	        asking->text, "where", asking->where));
	budget_pause(place->budget);
	if (world->tools.asker)
		world->tools.asker->ops->ask(world->tools.asker, question, on_answer, asking);
	else
		asking->nobody = loop_after(world->tools.loop, 0, on_nobody, asking);
	return asking;
}

static struct asking *ask_about(struct asking *asking, const struct prepared *prepared)
{
	asking->command = masked(asking->place->world, prepared->line);
	asking->where = target_text(asking->place->action->action, prepared);
	return ask(asking, prepared->effect);
}

static struct asking *asking_new(const struct place *place, enum question_kind kind,
    const char *kind_name, answer_fn *fn, void *ctx)
{
	struct asking *asking = mem_alloc(sizeof(*asking));

	asking->place = place;
	asking->kind = kind_name;
	asking->fn = fn;
	asking->ctx = ctx;
	asking->question.kind = kind;
	asking->question.step = place->title;
	asking->question.note = on_note;
	return asking;
}

struct asking *approval_ask(
    const struct place *place, const struct prepared *prepared, answer_fn *fn, void *ctx)
{
	bool destroy = prepared->effect == EFFECT_DESTROY;
	struct asking *asking = asking_new(place, destroy ? QUESTION_DESTROY : QUESTION_CHANGE,
	    destroy ? "destroy" : "change", fn, ctx);

	asking->text = masked(place->world, prepared->title);
	if (destroy)
		asking->name = destroyed_name(place, prepared);
	return ask_about(asking, prepared);
}

struct asking *approval_ask_failed(const struct place *place, const struct prepared *prepared,
    const char *why, answer_fn *fn, void *ctx)
{
	struct asking *asking = asking_new(place, QUESTION_FAILED, "failed", fn, ctx);

	asking->text = masked(place->world, why);
	return ask_about(asking, prepared);
}

struct asking *approval_ask_interrupted(
    const struct place *place, const char *command, const char *text, answer_fn *fn, void *ctx)
{
	struct asking *asking = asking_new(place, QUESTION_INTERRUPTED, "interrupted", fn, ctx);

	asking->command = masked(place->world, command);
	asking->text = mem_text(text);
	return ask(asking, place->action->effect);
}

void approval_withdraw(struct asking *asking)
{
	struct asker *asker = asking ? asking->place->world->tools.asker : NULL;

	if (!asking)
		return;
	if (asker)
		asker->ops->withdraw(asker);
	budget_resume(asking->place->budget);
	asking_free(asking);
}

void approval_by_option(const struct place *place, const struct prepared *prepared)
{
	emit_given(
	    place, prepared->effect == EFFECT_DESTROY ? "destroy" : "change", ANSWER_YES, "option");
}
