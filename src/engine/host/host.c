/* Services for adapters. Invariant: a task has at most one service under way; its `done` or, after
 * give_up, its `gone` is called exactly once, from the loop. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "engine/run/approval.h"
#include "engine/run/attempt.h"
#include "engine/run/measure.h"
#include "engine/run/run_state.h"
#include "engine/run/task/task.h"
#include "fsops/mem.h"
#include "fsops/notices.h"
#include "fsops/question.h"
#include "fsops/value.h"

struct service {
	struct call *call;
	const struct place *place;
	struct loop_timer *timer;
	void (*gone)(struct call *call);
	/* ask */
	struct question question;
	char *title; /* the question's text */
	bool asking;
	void (*answered)(struct call *call, const char *answer);
	/* measure */
	struct measure *measure;
	void (*measured)(struct call *call, const char *level, const json_t *metrics);
	/* run */
	struct run *inner;
	struct plan *plan;
	void (*ran)(struct call *call, const char *level, const char *why);
	char *why;
	/* notify */
	struct notices_call *notice;
	void (*told)(struct call *call, const json_t *channels, const char *why);
};

static struct service *service_new(struct call *call)
{
	struct task *task = attempt_owner(call);
	struct service *service = mem_alloc(sizeof(*service));

	service->call = call;
	service->place = task_place(task);
	*task_service(task) = service;
	return service;
}

static void service_free(struct service *service)
{
	*task_service(attempt_owner(service->call)) = NULL;
	loop_cancel(service->timer);
	run_free(service->inner);
	plan_free(service->plan);
	free((void *)service->question.checklist);
	free(service->title);
	free(service->why);
	free(service);
}

static struct world *world_of(const struct service *service)
{
	return service->place->world;
}

static void emit(const struct service *service, const char *type, json_t *fields)
{
	service->place->emit(service->place->ctx, type, fields);
}

/* ---- asking a person ---- */

static void answered(struct service *service, const char *answer)
{
	struct call *call = service->call;
	void (*done)(struct call *, const char *) = service->answered;

	json_t *fields = json_pack("{s:s, s:s, s:s}", "question", "manual", "answer",
	    answer ? answer : "none", "by", answer ? "person" : "nobody");

	if (world_of(service)->options->check)
		json_object_set_new(fields, "check", json_true());
	emit(service, "approval.given", fields);
	service_free(service);
	done(call, answer);
}

static void on_nobody(void *ctx)
{
	struct service *service = ctx;

	service->timer = NULL;
	answered(service, NULL);
}

static void on_answer(void *ctx, enum answer answer)
{
	struct service *service = ctx;

	if (answer == ANSWER_GONE) {
		world_of(service)->tools.terminal_lost(world_of(service)->tools.ctx);
		return;
	}
	service->asking = false;
	budget_resume(service->place->budget);
	if (answer == ANSWER_ABORT)
		tally_stop(&world_of(service)->tally, STOP_ABORT, "the person said abort");
	answered(service, answer == ANSWER_YES      ? "done"
	                  : answer == ANSWER_NO     ? "no"
	                  : answer == ANSWER_NOBODY ? NULL
	                                            : "skip");
}

static void on_note(void *ctx, const char *text)
{
	struct service *service = ctx;

	approval_note(service->place, text);
}

static void fill_question(struct service *service, const json_t *checklist)
{
	const struct platform *platform = world_of(service)->plan->catalog->platform;
	size_t count = json_array_size(checklist);
	const char **items = mem_alloc((count + 1) * sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = json_string_value(json_array_get(checklist, i));
	service->title = task_title(attempt_owner(service->call));
	service->question = (struct question){
	    .kind = QUESTION_MANUAL,
	    .platform = platform->name,
	    .color = platform_color(platform),
	    .step = service->place->title,
	    .text = service->title,
	    .checklist = items,
	    .checklist_count = count,
	    .note = on_note,
	};
}

static void ask(
    struct call *call, const json_t *checklist, void (*done)(struct call *call, const char *answer))
{
	struct service *service = service_new(call);
	struct world *world = world_of(service);

	service->answered = done;
	emit(service, "approval.asked",
	    json_pack("{s:s, s:s, s:O, s:s}", "question", "manual", "platform",
	        world->plan->catalog->platform->name, "checklist", checklist, "effect", "read"));
	if (!world->tools.asker || !world->options->interactive || world->options->check) {
		service->timer = loop_after(world->tools.loop, 0, on_nobody, service);
		return;
	}
	fill_question(service, checklist);
	service->asking = true;
	budget_pause(service->place->budget);
	world->tools.asker->ops->ask(world->tools.asker, &service->question, on_answer, service);
}

/* ---- measuring ---- */

static void on_measured(void *ctx, const json_t *metrics, enum level worst)
{
	struct service *service = ctx;
	struct world *world = world_of(service);
	struct call *call = service->call;
	void (*done)(struct call *, const char *, const json_t *) = service->measured;

	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *fields = json_copy(json_array_get(metrics, i));

		world_set_metric(world, json_array_get(metrics, i));
		json_object_set_new(fields, "when", json_string("step"));
		emit(service, "metric.measured", fields);
	}
	service_free(service);
	done(call, level_name(worst), metrics);
}

static void on_wrong_names(void *ctx)
{
	struct service *service = ctx;
	struct call *call = service->call;
	char *why = mem_text(service->why);

	service->timer = NULL;
	service_free(service);
	call_fail(call, ERR_INPUT, "%s", why);
	free(why);
}

static void measure(struct call *call, const json_t *names,
    void (*done)(struct call *call, const char *level, const json_t *metrics))
{
	struct service *service = service_new(call);
	struct world *world = world_of(service);
	size_t count;
	struct err err;
	const struct metric **metrics =
	    measure_select(world->plan->catalog->platform, names, &count, &err);

	service->measured = done;
	if (!metrics) { /* a name that a `${…}` made */
		service->why = mem_text(err.text);
		service->timer = loop_after(world->tools.loop, 0, on_wrong_names, service);
		return;
	}
	service->measure = measure_start(&(struct measure_spec){
	    .loop = world->tools.loop,
	    .children = world->tools.children,
	    .tunnels = world->tools.tunnels,
	    .plan = world->plan,
	    .scope = service->place->scope,
	    .metrics = metrics,
	    .count = count,
	    .done = on_measured,
	    .ctx = service,
	});
	free(metrics);
}

/* ---- running another runbook ---- */

/* A change failed inside, or was not seen to its end. */
static bool is_change_undone(const struct run *inner)
{
	return inner->world.tally.stop == STOP_FAILED ||
	       (inner->world.tally.stop == STOP_SIGNAL && inner->world.tally.changed);
}

/* A finding inside is one outside: NULL only when the inner run would end with status 0. */
static char *why_not_well(const struct run *inner)
{
	if (inner->world.tally.why || level_exit_status(inner->world.tally.level) == 0)
		return mem_text(inner->world.tally.why);
	return mem_printf("runbook '%s' ended with level %s", inner->world.plan->runbook->name,
	    level_name(inner->world.tally.level));
}

static void on_run_ended(void *ctx, struct run *inner)
{
	struct service *service = ctx;
	struct call *call = service->call;
	void (*done)(struct call *, const char *, const char *) = service->ran;
	void (*gone)(struct call *) = service->gone;
	const char *level = level_name(inner->world.tally.level);
	char *why = why_not_well(inner);

	tally_add_inner(&world_of(service)->tally, &inner->world.tally);
	if (is_change_undone(inner))
		task_note_inner_stop(attempt_owner(call));
	service_free(service);
	if (gone)
		gone(call);
	else
		done(call, level, why);
	free(why);
}

static void on_no_plan(void *ctx)
{
	struct service *service = ctx;
	struct call *call = service->call;
	void (*done)(struct call *, const char *, const char *) = service->ran;
	char *why = mem_text(service->why);

	service->timer = NULL;
	service_free(service);
	done(call, level_name(LEVEL_UNKNOWN), why);
	free(why);
}

static void run(struct call *call, const char *name, const json_t *vars,
    void (*done)(struct call *call, const char *level, const char *why))
{
	struct service *service = service_new(call);
	struct world *outer = world_of(service);
	struct err err;

	service->ran = done;
	service->plan = plan_nested(outer->plan, service->place->action->action, name, vars, &err);
	if (!service->plan) {
		service->why = mem_text(err.text);
		service->timer = loop_after(outer->tools.loop, 0, on_no_plan, service);
		return;
	}
	service->inner = run_create_inside(
	    service->plan, service->place, !task_is_first_attempt(attempt_owner(call)));
	run_on_end(service->inner, on_run_ended, service);
	run_begin(service->inner);
}

/* ---- telling people ---- */

static void on_told(void *ctx, const json_t *channels, const char *why)
{
	struct service *service = ctx;
	struct call *call = service->call;
	void (*done)(struct call *, const json_t *, const char *) = service->told;

	service->notice = NULL;
	service_free(service);
	done(call, channels, why);
}

static void on_untold(void *ctx)
{
	struct service *service = ctx;

	service->timer = NULL;
	on_told(service, NULL, NULL);
}

static void notify(struct call *call, const json_t *asked,
    void (*done)(struct call *call, const json_t *channels, const char *why))
{
	struct service *service = service_new(call);
	struct world *world = world_of(service);

	service->told = done;
	if (world->options->check || !world->options->notices)
		service->timer = loop_after(world->tools.loop, 0, on_untold, service);
	else
		service->notice = notices_send(world->options->notices, asked, on_told, service);
}

/* ---- giving up ---- */

static void on_gone(void *ctx)
{
	struct service *service = ctx;
	struct call *call = service->call;
	void (*gone)(struct call *) = service->gone;

	service->timer = NULL;
	service_free(service);
	gone(call);
}

static void withdraw_notice(struct service *service)
{
	char *why = notices_why(service->notice);

	if (*why)
		call_waiting(service->call, why);
	free(why);
	notices_withdraw(service->notice);
}

static void give_up(struct call *call, void (*gone)(struct call *call))
{
	struct service *service = *task_service(attempt_owner(call));

	service->gone = gone;
	if (service->measure) {
		measure_cancel(service->measure, on_gone, service);
		return;
	}
	if (service->inner) {
		run_interrupt(service->inner, 0);
		return;
	}
	if (service->asking) {
		world_of(service)->tools.asker->ops->withdraw(world_of(service)->tools.asker);
		budget_resume(service->place->budget);
	}
	if (service->notice)
		withdraw_notice(service);
	service->notice = NULL;
	loop_cancel(service->timer);
	service->timer = loop_after(call->loop, 0, on_gone, service);
}

const struct call_host host_services = {
    .ask = ask,
    .measure = measure,
    .run = run,
    .notify = notify,
    .give_up = give_up,
};
