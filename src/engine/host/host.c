/* Services for adapters. Invariant: a task has at most one service under way; its `done` or, after
 * give_up, its `gone` is called exactly once, from the loop. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "engine/resume/past.h"
#include "engine/run/attempt.h"
#include "engine/run/measure.h"
#include "engine/run/step_run.h"
#include "engine/run/task/task.h"
#include "fsops/mem.h"
#include "fsops/notices.h"
#include "fsops/question.h"
#include "fsops/value.h"

struct service {
	struct call *call;
	struct slot *slot;
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
	service->slot = task_slot(task);
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

static struct run *run_of(const struct service *service)
{
	return slot_run(service->slot);
}

/* ---- asking a person ---- */

static void answered(struct service *service, const char *answer)
{
	struct call *call = service->call;
	void (*done)(struct call *, const char *) = service->answered;

	json_t *fields = json_pack("{s:s, s:s, s:s}", "question", "manual", "answer",
	    answer ? answer : "none", "by", answer ? "person" : "nobody");

	if (run_of(service)->options->check)
		json_object_set_new(fields, "check", json_true());
	slot_emit(service->slot, "approval.given", fields);
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
		run_lost_terminal(run_of(service));
		return;
	}
	service->asking = false;
	slot_resume_budget(service->slot);
	if (answer == ANSWER_ABORT)
		run_stop(run_of(service), STOP_ABORT, "the person said abort");
	answered(service, answer == ANSWER_YES      ? "done"
	                  : answer == ANSWER_NO     ? "no"
	                  : answer == ANSWER_NOBODY ? NULL
	                                            : "skip");
}

static void fill_question(struct service *service, const json_t *checklist)
{
	const struct platform *platform = run_of(service)->plan->catalog->platform;
	size_t count = json_array_size(checklist);
	const char **items = mem_alloc((count + 1) * sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = json_string_value(json_array_get(checklist, i));
	service->title = task_title(attempt_owner(service->call));
	service->question = (struct question){
	    .kind = QUESTION_MANUAL,
	    .platform = platform->name,
	    .color = platform_color(platform),
	    .step = slot_title(service->slot),
	    .text = service->title,
	    .checklist = items,
	    .checklist_count = count,
	};
}

static void ask(
    struct call *call, const json_t *checklist, void (*done)(struct call *call, const char *answer))
{
	struct service *service = service_new(call);
	struct run *run = run_of(service);

	service->answered = done;
	slot_emit(service->slot, "approval.asked",
	    json_pack("{s:s, s:s, s:O, s:s}", "question", "manual", "platform",
	        run->plan->catalog->platform->name, "checklist", checklist, "effect", "read"));
	if (!run->asker || !run->options->interactive || run->options->check) {
		service->timer = loop_after(run->loop, 0, on_nobody, service);
		return;
	}
	fill_question(service, checklist);
	service->asking = true;
	slot_pause_budget(service->slot);
	run->asker->ops->ask(run->asker, &service->question, on_answer, service);
}

/* ---- measuring ---- */

static void on_measured(void *ctx, const json_t *metrics, enum level worst)
{
	struct service *service = ctx;
	struct run *run = run_of(service);
	struct call *call = service->call;
	void (*done)(struct call *, const char *, const json_t *) = service->measured;

	for (size_t i = 0; i < json_array_size(metrics); i++) {
		json_t *fields = json_copy(json_array_get(metrics, i));

		json_object_set(
		    run->metrics, value_get_text(fields, "name"), json_array_get(metrics, i));
		json_object_set_new(fields, "when", json_string("step"));
		slot_emit(service->slot, "metric.measured", fields);
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
	struct run *run = run_of(service);
	size_t count;
	struct err err;
	const struct metric **metrics =
	    measure_select(run->plan->catalog->platform, names, &count, &err);

	service->measured = done;
	if (!metrics) { /* a name that a `${…}` made */
		service->why = mem_text(err.text);
		service->timer = loop_after(run->loop, 0, on_wrong_names, service);
		return;
	}
	service->measure = measure_start(&(struct measure_spec){
	    .loop = run->loop,
	    .children = run->children,
	    .tunnels = run->tunnels,
	    .plan = run->plan,
	    .scope = slot_scope(service->slot),
	    .metrics = metrics,
	    .count = count,
	    .done = on_measured,
	    .ctx = service,
	});
	free(metrics);
}

/* ---- running another runbook ---- */

/* What happened inside counts outside too. */
static void add_to_outer(struct run *outer, const struct run *inner)
{
	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		outer->counts[i] += inner->counts[i];
	outer->findings += inner->findings;
	outer->untold += inner->untold;
	json_array_extend(outer->left, inner->left);
	/* A signal stops the outer one first: an inner one that was stopped alone was out of time. */
	if (inner->stop != STOP_NONE && inner->stop != STOP_FAILED && inner->stop != STOP_SIGNAL)
		run_stop(outer, inner->stop, inner->why);
}

/* A change failed inside, or was not seen to its end. */
static bool is_change_undone(const struct run *inner)
{
	return inner->stop == STOP_FAILED || (inner->stop == STOP_SIGNAL && inner->changed);
}

/* A finding inside is one outside: NULL only when the inner run would end with status 0. */
static char *why_not_well(const struct run *inner)
{
	if (inner->why || level_exit_status(inner->level) == 0)
		return mem_text(inner->why);
	return mem_printf("runbook '%s' ended with level %s", inner->plan->runbook->name,
	    level_name(inner->level));
}

static void on_run_ended(void *ctx, struct run *inner)
{
	struct service *service = ctx;
	struct call *call = service->call;
	void (*done)(struct call *, const char *, const char *) = service->ran;
	void (*gone)(struct call *) = service->gone;
	const char *level = level_name(inner->level);
	char *why = why_not_well(inner);

	add_to_outer(run_of(service), inner);
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
	struct run *outer = run_of(service);
	struct err err;

	service->ran = done;
	service->plan =
	    plan_nested(outer->plan, slot_action(service->slot)->action, name, vars, &err);
	if (!service->plan) {
		service->why = mem_text(err.text);
		service->timer = loop_after(outer->loop, 0, on_no_plan, service);
		return;
	}
	service->inner = run_create(service->plan, outer);
	service->inner->ended = on_run_ended;
	service->inner->ctx = service;
	if (task_is_first_attempt(attempt_owner(call)) && slot_past(service->slot)->inner)
		service->inner->past = past_inside(outer->past, step_id(slot_step(service->slot)),
		    slot_action(service->slot)->id, service->plan, service->inner->prefix);
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
	struct run *run = run_of(service);

	service->told = done;
	if (run->options->check || !run->options->notices)
		service->timer = loop_after(run->loop, 0, on_untold, service);
	else
		service->notice = notices_send(run->options->notices, asked, on_told, service);
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
		run_of(service)->asker->ops->withdraw(run_of(service)->asker);
		slot_resume_budget(service->slot);
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
