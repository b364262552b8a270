/*
 * The engine, from a runbook's text to its events: each case is a small runbook over exec, shell,
 * manual and runbook actions, run for real, and what the events must say.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/value.h"

#define PLATFORM                                                                                   \
	"platform: test\n"                                                                         \
	"targets:\n  cluster: {kubectl: {context: none, namespace: none}}\n"

/* ---- a sink that keeps every event ---- */

struct keeper {
	struct sink sink;
	json_t *events; /* borrowed: the case's */
};

static void keep(struct sink *sink, const json_t *event)
{
	json_array_append(((struct keeper *)sink)->events, (json_t *)event);
}

static void keeper_close(struct sink *sink)
{
	free(sink);
}

static const struct sink_ops keeper_ops = {.event = keep, .close = keeper_close};

/* ---- an asker that answers from a list ---- */

struct scripted {
	struct asker asker;
	struct loop *loop;
	const enum answer *answers;
	answer_fn *fn;
	void *ctx;
	struct loop_timer *timer;
	size_t *asked;
};

static msec answer_delay = 1;

static void answer_now(void *ctx)
{
	struct scripted *scripted = ctx;

	scripted->timer = NULL;
	scripted->fn(scripted->ctx, scripted->answers[(*scripted->asked)++]);
}

static void scripted_ask(
    struct asker *asker, const struct question *question, answer_fn *fn, void *ctx)
{
	struct scripted *scripted = (struct scripted *)asker;

	(void)question;
	scripted->fn = fn;
	scripted->ctx = ctx;
	scripted->timer = loop_after(scripted->loop, answer_delay, answer_now, scripted);
}

static void scripted_withdraw(struct asker *asker)
{
	struct scripted *scripted = (struct scripted *)asker;

	loop_cancel(scripted->timer);
	scripted->timer = NULL;
}

static void scripted_close(struct asker *asker)
{
	scripted_withdraw(asker);
	free(asker);
}

static const struct asker_ops scripted_ops = {
    .ask = scripted_ask, .withdraw = scripted_withdraw, .close = scripted_close};

static const enum answer *script;
static size_t asked;

static struct asker *scripted_new(struct loop *loop, void *ctx)
{
	struct scripted *scripted = mem_alloc(sizeof(*scripted));

	(void)ctx;
	scripted->asker.ops = &scripted_ops;
	scripted->loop = loop;
	scripted->answers = script;
	scripted->asked = &asked;
	return &scripted->asker;
}

/* ---- a case ---- */

struct ran {
	json_t *events;
	struct run_result result;
	struct err err;
	int status; /* of run_plan() */
};

static char folder[] = "/tmp/fsops-test-run-XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static struct catalog *load(const char *platform, const char *runbook)
{
	char *paths[] = {write_file("platform.yaml", platform), write_file("book.yaml", runbook)};
	struct catalog_paths where = {.runbooks = folder};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&where, &problems);

	for (size_t i = 0; i < problems.count; i++)
		print_error("%s:%d:%d: %s\n", problems.items[i].file, problems.items[i].line,
		    problems.items[i].col, problems.items[i].text);
	assert_int_equal(problems.errors, 0);
	problems_release(&problems);
	free(paths[0]);
	free(paths[1]);
	return catalog;
}

static struct ran run_with(const char *platform, const char *text,
    const struct plan_options *plan_options, struct run_options options)
{
	struct ran ran = {.events = json_array()};
	struct catalog *catalog = load(platform, text);
	struct keeper *keeper = mem_alloc(sizeof(*keeper));
	const struct runbook *runbook = catalog_find(catalog, "book", &ran.err);
	struct plan *plan;
	struct events *events;

	assert_non_null(runbook);
	plan = plan_new(catalog, runbook, plan_options, &ran.err);
	if (!plan)
		fail_msg("plan: %s", ran.err.text);
	events = events_new(&clock_system, "test-run", plan->redact);
	keeper->sink.ops = &keeper_ops;
	keeper->events = ran.events;
	events_add_sink(events, &keeper->sink);
	ran.status = run_plan(plan, &options, events, &ran.result, &ran.err);
	events_free(events);
	plan_free(plan);
	catalog_free(catalog);
	return ran;
}

static struct ran run(const char *steps, struct run_options options)
{
	char *text = mem_printf("runbook: book\ntitle: Book\nseverity: info\n%s", steps);
	struct ran ran = run_with(PLATFORM, text, &(struct plan_options){0}, options);

	free(text);
	return ran;
}

/* Events of a type, as "action=outcome …", for a short look at a whole run. */
static char *outcomes(const struct ran *ran)
{
	struct buf text;
	size_t i;
	json_t *event;

	buf_init(&text, BUF_TEXT_MAX);
	json_array_foreach(ran->events, i, event) {
		if (strcmp(value_get_text(event, "type"), "action.finished") == 0)
			buf_addf(&text, "%s%s=%s", text.len ? " " : "",
			    value_get_text(event, "action"), value_get_text(event, "outcome"));
	}
	return buf_detach(&text);
}

static json_t *find_event(const struct ran *ran, const char *type, const char *action)
{
	size_t i;
	json_t *event;

	json_array_foreach(ran->events, i, event) {
		const char *of = value_get_text(event, "action");

		if (strcmp(value_get_text(event, "type"), type) == 0 &&
		    (!action || (of && strcmp(of, action) == 0)))
			return event;
	}
	return NULL;
}

static char *output_of(const struct ran *ran, const char *action)
{
	struct buf text;
	size_t i;
	json_t *event;

	buf_init(&text, BUF_TEXT_MAX);
	json_array_foreach(ran->events, i, event) {
		if (strcmp(value_get_text(event, "type"), "action.output") == 0 &&
		    strcmp(value_get_text(event, "action"), action) == 0)
			buf_adds(&text, value_get_text(event, "text"));
	}
	return buf_detach(&text);
}

static void check_outcomes(struct ran *ran, const char *expected, int status)
{
	char *text = outcomes(ran);

	if (ran->status < 0)
		fail_msg("refused: %s", ran->err.text);
	assert_string_equal(text, expected);
	assert_int_equal(ran->result.exit, status);
	free(text);
	json_decref(ran->events);
}

static void check_output(const struct ran *ran, const char *action, const char *expected)
{
	char *text = output_of(ran, action);

	assert_string_equal(text, expected);
	free(text);
}

/* ---- cases ---- */

static void steps_run_in_order(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, exec: echo one, effect: read}\n"
	                     "  - {step: Two, id: b, exec: echo two, effect: read}\n",
	    (struct run_options){0});

	(void)state;
	check_output(&ran, "a", "one\n");
	check_outcomes(&ran, "a=passed b=passed", 0);
}

/* Its place among the events as they were told. */
static size_t place_of(const struct ran *ran, const char *type, const char *action)
{
	const json_t *event = find_event(ran, type, action);
	size_t i = 0;

	while (i < json_array_size(ran->events) && json_array_get(ran->events, i) != event)
		i++;
	return i;
}

static void reads_run_at_once_and_are_told_in_order(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - step: Both\n"
	                     "    actions:\n"
	                     "      - {id: slow, exec: sleep 2, effect: read}\n"
	                     "      - {id: fast, exec: 'true', effect: read}\n"
	                     "      - {id: also, exec: sleep 2, effect: read}\n",
	    (struct run_options){0});
	double seconds = value_get_number(find_event(&ran, "step.finished", NULL), "seconds", 99);

	(void)state;
	assert_true(seconds < 3.8); /* one after another: 4 s */
	/* That it begins is told at once; how it ended, after what is declared before it. */
	assert_true(
	    place_of(&ran, "action.started", "also") < place_of(&ran, "action.finished", "slow"));
	assert_true(
	    place_of(&ran, "action.finished", "slow") < place_of(&ran, "action.finished", "fast"));
	check_outcomes(&ran, "slow=passed fast=passed also=passed", 0);
}

static void a_read_waits_for_what_it_refers_to(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - step: Both\n"
	        "    actions:\n"
	        "      - {id: first, exec: echo 7, effect: read, capture: {n: 'int(lines[0])'}}\n"
	        "      - {id: second, exec: 'echo n=${n} m=${results.first.exit}', effect: read}\n",
	        (struct run_options){0});

	(void)state;
	check_output(&ran, "second", "n=7 m=0\n");
	check_outcomes(&ran, "first=passed second=passed", 0);
}

static void a_failed_read_is_a_finding(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - {step: One, id: a, exec: 'false', effect: read, severity: warning}\n"
	        "  - {step: Two, id: b, exec: 'true', effect: read}\n",
	        (struct run_options){0});

	(void)state;
	check_outcomes(&ran, "a=failed b=passed", 1);
}

static void a_failed_change_stops_the_run(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, exec: 'false', effect: change}\n"
	                     "  - {step: Two, id: b, exec: 'true', effect: read}\n"
	                     "on_failure:\n"
	                     "  - {step: Undo, id: c, exec: 'true', effect: change}\n"
	                     "always:\n"
	                     "  - {step: Clean, id: d, exec: 'true', effect: read}\n",
	    (struct run_options){.yes = true});

	(void)state;
	check_outcomes(&ran, "a=failed c=passed d=passed", 2);
}

static void on_failure_continue_goes_on(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - {step: One, id: a, exec: 'false', effect: change, on_failure: continue}\n"
	        "  - {step: Two, id: b, exec: 'true', effect: read}\n",
	        (struct run_options){.yes = true});

	(void)state;
	check_outcomes(&ran, "a=failed b=passed", 2);
}

static void changes_without_anybody_are_refused(void **state)
{
	struct ran ran = run("steps:\n  - {step: One, id: a, exec: touch x, effect: change}\n",
	    (struct run_options){0});

	(void)state;
	assert_int_equal(ran.status, -1);
	assert_int_equal(ran.err.kind, ERR_REFUSED);
	assert_non_null(strstr(ran.err.text, "touch x"));
	assert_int_equal(json_array_size(ran.events), 0);
	json_decref(ran.events);
}

static void destruction_needs_more_than_yes(void **state)
{
	struct ran ran = run("steps:\n  - {step: One, id: a, exec: touch x, effect: destroy}\n",
	    (struct run_options){.yes = true});

	(void)state;
	assert_int_equal(ran.status, -1);
	assert_non_null(strstr(ran.err.text, "--yes-destroy"));
	json_decref(ran.events);
}

static void a_person_says_yes_skip_abort(void **state)
{
	static const enum answer answers[] = {ANSWER_YES, ANSWER_SKIP, ANSWER_ABORT};
	struct ran ran;

	(void)state;
	script = answers;
	asked = 0;
	ran = run("steps:\n"
	          "  - {step: One, id: a, exec: 'true', effect: change}\n"
	          "  - {step: Two, id: b, exec: 'true', effect: change}\n"
	          "  - {step: Three, id: c, exec: 'true', effect: change}\n"
	          "  - {step: Four, id: d, exec: 'true', effect: change}\n"
	          "always:\n"
	          "  - {step: Five, id: e, exec: 'true', effect: read}\n",
	    (struct run_options){.interactive = true, .asker_new = scripted_new});
	assert_int_equal(asked, 3);
	check_outcomes(&ran, "a=passed b=skipped c=cancelled e=passed", 2);
}

static void a_failed_change_is_tried_again(void **state)
{
	static const enum answer answers[] = {ANSWER_YES, ANSWER_RETRY, ANSWER_SKIP};
	struct ran ran;

	(void)state;
	script = answers;
	asked = 0;
	ran = run("steps:\n"
	          "  - {step: One, id: a, exec: 'false', effect: change}\n"
	          "  - {step: Two, id: b, exec: 'true', effect: read}\n",
	    (struct run_options){.interactive = true, .asker_new = scripted_new});
	assert_int_equal(
	    value_get_number(find_event(&ran, "action.finished", "a"), "attempts", 0), 2);
	check_outcomes(&ran, "a=failed b=passed", 2);
}

static void check_shows_changes_and_runs_reads(void **state)
{
	struct ran ran = run(
	    "steps:\n"
	    "  - {step: One, id: a, exec: echo 3, effect: read, capture: {n: 'int(lines[0])'}}\n"
	    "  - {step: Two, id: b, when: n > 2, exec: 'false', effect: change}\n",
	    (struct run_options){.check = true});

	(void)state;
	check_outcomes(&ran, "a=passed b=skipped", 0);
}

static void a_false_condition_skips(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, when: 1 > 2, exec: 'false', effect: change}\n"
	                     "  - step: Two\n"
	                     "    actions:\n"
	                     "      - {id: b, when: '1 > 2', exec: 'false', effect: read}\n"
	                     "      - {id: c, when: '2 > 1', exec: 'true', effect: read}\n",
	    (struct run_options){.yes = true});

	(void)state;
	check_outcomes(&ran, "b=skipped c=passed", 0);
}

static void a_condition_that_cannot_be_told_is_no_pass(void **state)
{
	struct ran ran = run(
	    "steps:\n"
	    "  - {step: One, id: a, exec: 'true', effect: read}\n"
	    "  - {step: Two, id: b, when: 'results.a.json.x == 1', exec: 'true', effect: change}\n"
	    "  - {step: Three, id: c, exec: 'true', effect: read}\n",
	    (struct run_options){.yes = true});

	(void)state;
	assert_int_equal(ran.result.exit, 2);
	json_decref(ran.events);
}

static void expect_takes_the_place_of_the_default(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - {step: One, id: a, exec: 'false', effect: read, expect: exit == 1}\n"
	        "  - {step: Two, id: b, exec: 'true', effect: read, expect: ['exit == 0', 'exit == "
	        "5']}\n",
	        (struct run_options){0});
	const char *why = value_get_text(find_event(&ran, "action.finished", "b"), "why");

	(void)state;
	assert_non_null(strstr(why, "exit == 5"));
	check_outcomes(&ran, "a=passed b=failed", 2);
}

static void retry_tries_again(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - step: One\n"
	                     "    budget: 20s\n"
	                     "    actions:\n"
	                     "      - id: a\n"
	                     "        shell: 'f=$(mktemp -u); test -e once-$PPID && rm once-$PPID "
	                     "|| { touch once-$PPID; exit 1; }'\n"
	                     "        effect: read\n"
	                     "        retry: {times: 2, every: 10ms}\n",
	    (struct run_options){0});

	(void)state;
	assert_int_equal(
	    value_get_number(find_event(&ran, "action.finished", "a"), "attempts", 0), 2);
	check_outcomes(&ran, "a=passed", 0);
}

static void until_waits_for_the_condition(void **state)
{
	struct ran ran = run("vars: {file: ''}\n"
	                     "steps:\n"
	                     "  - step: One\n"
	                     "    budget: 20s\n"
	                     "    actions:\n"
	                     "      - id: a\n"
	                     "        shell: 'f=until-$PPID; echo x >>$f; cat $f; test $(wc -l "
	                     "<$f) -lt 3 || rm $f'\n"
	                     "        effect: read\n"
	                     "        until: size(lines) == 3\n"
	                     "        every: 10ms\n",
	    (struct run_options){0});

	(void)state;
	assert_int_equal(
	    value_get_number(find_event(&ran, "action.finished", "a"), "attempts", 0), 3);
	check_outcomes(&ran, "a=passed", 0);
}

static void a_check_looks_once(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, budget: 60s, exec: 'true', effect: read, "
	                     "until: exit == 1, every: 1s}\n"
	                     "  - {step: Two, id: b, budget: 60s, exec: 'true', effect: read, "
	                     "expect: exit == 0, hold_for: 50s}\n",
	    (struct run_options){.check = true});

	(void)state;
	check_outcomes(&ran, "a=skipped b=passed", 0);
}

static void hold_for_fails_at_the_first_bad_look(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, budget: 20s, exec: 'true', effect: read, "
	                     "expect: exit == 0, hold_for: 100ms, every: 20ms}\n"
	                     "  - {step: Two, id: b, budget: 20s, exec: 'false', effect: read, "
	                     "expect: exit == 0, hold_for: 5s, every: 20ms}\n",
	    (struct run_options){0});

	(void)state;
	assert_true(value_get_number(find_event(&ran, "action.finished", "a"), "attempts", 0) >= 3);
	check_outcomes(&ran, "a=passed b=failed", 2);
}

static void the_budget_ends_what_runs(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - step: One\n"
	                     "    budget: 200ms\n"
	                     "    sequential: true\n"
	                     "    actions:\n"
	                     "      - {id: a, exec: sleep 60, effect: read}\n"
	                     "      - {id: b, exec: 'true', effect: read}\n"
	                     "  - {step: Two, id: c, exec: 'true', effect: read}\n",
	    (struct run_options){0});
	json_t *exceeded = find_event(&ran, "budget.exceeded", NULL);

	(void)state;
	assert_non_null(find_event(&ran, "budget.warned", NULL));
	assert_non_null(exceeded);
	assert_true(json_array_size(json_object_get(exceeded, "ended")) >= 1);
	check_outcomes(&ran, "a=timed_out b=cancelled c=passed", 2);
}

static void an_action_has_a_timeout_of_its_own(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, exec: sleep 60, effect: read, timeout: 100ms, "
	                     "severity: warning}\n"
	                     "  - {step: Two, id: b, exec: 'true', effect: read}\n",
	    (struct run_options){0});

	(void)state;
	check_outcomes(&ran, "a=timed_out b=passed", 2);
}

static void for_each_goes_through_a_list(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, for_each: '[\"x\", \"y\"]', as: one, exec: "
	                     "'echo ${one}', effect: read}\n"
	                     "  - step: Two\n"
	                     "    for_each: '[1, 2]'\n"
	                     "    as: n\n"
	                     "    actions:\n"
	                     "      - {id: b, exec: 'echo ${n}', effect: change}\n"
	                     "      - {id: c, exec: 'echo then ${n}', effect: change}\n",
	    (struct run_options){.yes = true});

	(void)state;
	check_output(&ran, "c", "then 1\nthen 2\n");
	check_outcomes(&ran, "a=passed a=passed b=passed c=passed b=passed c=passed", 0);
}

static void manual_steps_without_a_person_are_left(void **state)
{
	struct ran ran =
	    run("steps:\n  - {step: Tell people, id: a, manual: Write to the customers}\n",
	        (struct run_options){0});
	json_t *left = json_object_get(find_event(&ran, "run.finished", NULL), "left");

	(void)state;
	assert_int_equal(json_array_size(left), 1);
	check_outcomes(&ran, "a=left", 0);
}

static void values_stay_one_argument(void **state)
{
	struct ran ran =
	    run("vars: {name: 'a b; $(touch pwned) \"x\"'}\n"
	        "steps:\n"
	        "  - {step: One, id: a, exec: 'printf <%s> ${name} end', effect: read}\n"
	        "  - {step: Two, id: b, shell: 'printf \"<%s>\" \"$name\"', effect: read}\n",
	        (struct run_options){0});

	(void)state;
	check_output(&ran, "a", "<a b; $(touch pwned) \"x\"><end>");
	check_output(&ran, "b", "<a b; $(touch pwned) \"x\">");
	check_outcomes(&ran, "a=passed b=passed", 0);
}

static void secrets_are_masked_everywhere(void **state)
{
	struct ran ran = run(
	    "vars: {token: {value: s3cr3t-value, secret: true}}\n"
	    "steps:\n"
	    "  - {step: One, id: a, exec: 'echo ${token}', effect: read}\n"
	    "  - {step: Two, id: b, exec: 'sh -c \"echo ${token} >&2; exit 3\"', effect: read}\n",
	    (struct run_options){0});
	char *all = json_dumps(ran.events, 0);

	(void)state;
	assert_null(strstr(all, "s3cr3t-value"));
	free(all);
	check_output(&ran, "a", "***\n");
	check_outcomes(&ran, "a=passed b=failed", 2);
}

static void only_and_from_choose_steps(void **state)
{
	static const char *const only[] = {"two"};
	const char *text = "runbook: book\ntitle: Book\nseverity: info\n"
	                   "steps:\n"
	                   "  - {step: One, exec: 'true', effect: read}\n"
	                   "  - {step: Two, exec: 'true', effect: read}\n"
	                   "  - {step: Three, exec: 'true', effect: read}\n";
	struct ran ran = run_with(PLATFORM, text,
	    &(struct plan_options){.only = only, .only_count = 1}, (struct run_options){0});

	(void)state;
	check_outcomes(&ran, "two=passed", 0);
	ran =
	    run_with(PLATFORM, text, &(struct plan_options){.from = "2"}, (struct run_options){0});
	check_outcomes(&ran, "two=passed three=passed", 0);
}

static void a_runbook_runs_another(void **state)
{
	char *inner = write_file("inner.yaml",
	    "runbook: inner\ntitle: Inner\nseverity: info\n"
	    "vars: {word: none}\n"
	    "steps:\n"
	    "  - {step: Say, id: say, exec: 'echo ${word}', effect: read}\n");
	struct ran ran =
	    run("steps:\n  - {step: Outer, id: o, runbook: {name: inner, vars: {word: hello}}}\n",
	        (struct run_options){0});

	(void)state;
	check_output(&ran, "say", "hello\n");
	check_outcomes(&ran, "say=passed o=passed", 0);
	unlink(inner);
	free(inner);
}

static void a_change_that_fails_inside_stops_the_outside(void **state)
{
	char *inner =
	    write_file("inner.yaml", "runbook: inner\ntitle: Inner\nseverity: info\n"
	                             "steps:\n"
	                             "  - {step: Break, id: b, exec: 'false', effect: change}\n");
	struct ran ran = run("steps:\n"
	                     "  - {step: Outer, id: o, runbook: inner}\n"
	                     "  - {step: After, id: a, exec: 'true', effect: read}\n",
	    (struct run_options){.yes = true});

	(void)state;
	check_outcomes(&ran, "b=failed o=failed", 2);
	unlink(inner);
	free(inner);
}

static void a_huge_output_is_cut_in_the_middle(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - {step: One, id: a, exec: head -c 3000000 /dev/zero, effect: read}\n",
	        (struct run_options){0});
	char *text = output_of(&ran, "a");

	(void)state;
	assert_true(strlen(text) < 1024 * 1024);
	free(text);
	check_outcomes(&ran, "a=passed", 0);
}

static void an_output_is_saved_once(void **state)
{
	char *text = mem_printf(
	    "runbook: book\ntitle: Book\nseverity: info\nsteps:\n"
	    "  - {step: One, id: a, exec: echo evidence, effect: read, save: '%s/out.log'}\n"
	    "  - {step: Two, id: b, exec: echo other, effect: read, save: '%s/out.log'}\n",
	    folder, folder);
	struct ran ran =
	    run_with(PLATFORM, text, &(struct plan_options){0}, (struct run_options){0});
	json_t *saved = json_object_get(find_event(&ran, "action.finished", "a"), "saved");
	char *path = mem_printf("%s/out.log", folder);
	struct stat info;

	(void)state;
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(info.st_size, 9);
	assert_int_equal(value_get_number(saved, "bytes", 0), 9);
	check_outcomes(&ran, "a=passed b=failed", 2);
	unlink(path);
	free(path);
	free(text);
}

/* What is printed is what is started: raised, a SELECT runs read-write. */
static void a_raised_read_is_shown_as_it_runs(void **state)
{
	static const char *const lines[] = {
	    "psql -X -q -v ON_ERROR_STOP=1 -c 'BEGIN READ ONLY' -c 'SELECT look()'",
	    "psql -X -q -v ON_ERROR_STOP=1 -c 'SELECT refresh()'",
	};
	struct catalog *catalog = load(PLATFORM,
	    "runbook: book\ntitle: Book\nseverity: info\nsteps:\n  - step: Both\n    actions:\n"
	    "      - {postgres: SELECT look()}\n"
	    "      - {postgres: SELECT refresh(), effect: change}\n");
	struct err err;
	const struct runbook *runbook = catalog_find(catalog, "book", &err);
	struct plan *plan = plan_new(catalog, runbook, &(struct plan_options){0}, &err);

	(void)state;
	assert_non_null(plan);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		assert_string_equal(plan->steps[0].actions[i].command, lines[i]);
	plan_free(plan);
	catalog_free(catalog);
}

static void for_each_goes_through_its_list_after_a_failure_too(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - {step: One, id: a, exec: 'false', effect: change}\n"
	        "always:\n"
	        "  - step: Two\n"
	        "    actions:\n"
	        "      - {id: b, for_each: '[1, 2]', as: n, exec: 'echo ${n}', effect: read}\n"
	        "      - {id: c, exec: 'true', effect: read}\n",
	        (struct run_options){.yes = true});

	(void)state;
	check_output(&ran, "b", "1\n2\n");
	check_outcomes(&ran, "a=failed b=passed b=passed c=passed", 2);
}

static void a_finding_inside_is_one_outside(void **state)
{
	char *inner = write_file("inner.yaml",
	    "runbook: inner\ntitle: Inner\nseverity: info\n"
	    "steps:\n"
	    "  - {step: Look, id: l, exec: 'false', effect: read, severity: warning}\n");
	struct ran ran = run("steps:\n"
	                     "  - {step: Outer, id: o, runbook: inner}\n"
	                     "  - {step: After, id: a, exec: 'true', effect: read}\n",
	    (struct run_options){0});

	(void)state;
	assert_non_null(strstr(
	    value_get_text(find_event(&ran, "action.finished", "o"), "why"), "level warning"));
	check_outcomes(&ran, "l=failed o=failed a=passed", 1);
	unlink(inner);
	free(inner);
}

static void a_metric_that_is_not_there_is_not_ok(void **state)
{
	struct ran ran = run("vars: {which: nonsense}\n"
	                     "steps:\n"
	                     "  - {step: One, id: a, metrics: ['${which}']}\n",
	    (struct run_options){0});

	(void)state;
	assert_non_null(
	    strstr(value_get_text(find_event(&ran, "action.finished", "a"), "why"), "no metric"));
	check_outcomes(&ran, "a=failed", 2);
}

static void what_a_secret_is_taken_from_is_not_shown(void **state)
{
	struct ran ran = run("steps:\n"
	                     "  - {step: One, id: a, shell: 'echo 56789-kot | rev', effect: read, "
	                     "capture: {t: {value: "
	                     "'lines[0]', secret: true}}}\n"
	                     "  - {step: Two, id: b, exec: 'echo with ${t}', effect: read}\n"
	                     "  - {step: Three, id: c, shell: 'echo 01234-kot | rev; echo oops "
	                     ">&2', effect: read, capture: {u: "
	                     "{value: 'lines[7]', secret: true}}}\n",
	    (struct run_options){0});
	char *all = json_dumps(ran.events, 0);

	(void)state;
	assert_null(strstr(all, "98765"));
	assert_null(strstr(all, "43210"));
	assert_non_null(strstr(all, "oops"));
	assert_non_null(strstr(all, "(10 bytes, not shown"));
	free(all);
	check_output(&ran, "b", "with ***\n");
	check_outcomes(&ran, "a=passed b=passed c=failed", 2);
}

static void a_secret_in_two_pieces_is_masked(void **state)
{
	struct ran ran = run(
	    "vars: {t: {value: 'tok-98765', secret: true}}\n"
	    "steps:\n"
	    "  - {step: One, id: a, shell: 'printf %.4s $t; sleep 0.1; printf %s $t | tail -c 5; "
	    "head -c 32764 /dev/zero | tr \"\\0\" x; echo $t', effect: read}\n",
	    (struct run_options){0});
	char *all = json_dumps(ran.events, 0);

	(void)state;
	assert_null(strstr(all, "98765"));
	free(all);
	check_outcomes(&ran, "a=passed", 0);
}

/* The command of an action in the plan, before anything has run. */
static void check_planned(const char *text, size_t step, enum effect effect, const char *command)
{
	struct catalog *catalog = load(PLATFORM, text);
	struct err err;
	struct plan *plan =
	    plan_new(catalog, catalog_find(catalog, "book", &err), &(struct plan_options){0}, &err);

	assert_non_null(plan);
	assert_int_equal(plan->steps[step].actions[0].effect, effect);
	assert_string_equal(plan->steps[step].actions[0].command, command);
	plan_free(plan);
	catalog_free(catalog);
}

static void a_plan_knows_no_name_that_a_run_will_change(void **state)
{
	static const char text[] =
	    "runbook: book\ntitle: Book\nseverity: info\n"
	    "vars: {verb: get}\n"
	    "steps:\n"
	    "  - {step: One, id: a, kubectl: '${verb} pods'}\n"
	    "  - {step: Two, id: b, for_each: '[\"delete\"]', as: verb, kubectl: '${verb} pods'}\n"
	    "  - {step: Three, id: c, exec: echo delete, effect: read, capture: {verb: "
	    "'lines[0]'}}\n"
	    "  - {step: Four, id: d, kubectl: '${verb} pods'}\n";

	(void)state;
	check_planned(text, 0, EFFECT_READ, "kubectl --context none --namespace none get pods");
	check_planned(
	    text, 1, EFFECT_DESTROY, "kubectl --context none --namespace none '${verb}' pods");
	check_planned(
	    text, 3, EFFECT_DESTROY, "kubectl --context none --namespace none '${verb}' pods");
}

static void every_try_has_the_whole_budget(void **state)
{
	static const enum answer answers[] = {ANSWER_YES, ANSWER_RETRY, ANSWER_RETRY, ANSWER_SKIP};
	struct ran ran;

	(void)state;
	script = answers;
	asked = 0;
	ran = run("steps:\n"
	          "  - {step: One, id: a, budget: 100ms, exec: sleep 60, effect: change}\n",
	    (struct run_options){.interactive = true, .asker_new = scripted_new});
	assert_int_equal(asked, 4);
	assert_int_equal(
	    value_get_number(find_event(&ran, "action.finished", "a"), "attempts", 0), 3);
	check_outcomes(&ran, "a=failed", 2);
}

static void a_person_is_not_cut_off_by_a_timeout(void **state)
{
	static const enum answer answers[] = {ANSWER_YES};
	struct ran ran;

	(void)state;
	script = answers;
	asked = 0;
	answer_delay = 200;
	ran = run("steps:\n  - {step: One, id: a, manual: Look, timeout: 50ms}\n",
	    (struct run_options){.interactive = true, .asker_new = scripted_new});
	answer_delay = 1;
	check_outcomes(&ran, "a=passed", 0);
}

static void an_abort_ends_the_undoing_too(void **state)
{
	static const enum answer answers[] = {ANSWER_ABORT};
	struct ran ran;

	(void)state;
	script = answers;
	asked = 0;
	ran = run("steps:\n"
	          "  - {step: One, id: a, exec: 'false', effect: read, on_failure: stop}\n"
	          "on_failure:\n"
	          "  - {step: Two, id: b, exec: 'true', effect: change}\n"
	          "  - {step: Three, id: c, exec: 'true', effect: change}\n"
	          "always:\n"
	          "  - {step: Four, id: d, exec: 'true', effect: read}\n",
	    (struct run_options){.interactive = true, .asker_new = scripted_new});
	assert_int_equal(asked, 1);
	check_outcomes(&ran, "a=failed b=cancelled d=passed", 2);
}

static void interrupt(void *ctx)
{
	(void)ctx;
	raise(SIGINT);
}

static void interrupt_soon(struct loop *loop, struct children *children, void *ctx)
{
	(void)children;
	(void)ctx;
	if (loop)
		if (loop)
			loop_after(loop, 300, interrupt, NULL);
}

static void a_failed_change_stays_failed_when_the_run_is_stopped(void **state)
{
	struct ran ran;

	(void)state;
	asked = 0;
	answer_delay = 60000;
	ran = run("steps:\n  - {step: One, id: a, exec: 'false', effect: change}\n",
	    (struct run_options){.yes = true,
	        .interactive = true,
	        .asker_new = scripted_new,
	        .on_loop = interrupt_soon});
	answer_delay = 1;
	assert_string_equal(
	    value_get_text(find_event(&ran, "action.finished", "a"), "why"), "exit status 1");
	check_outcomes(&ran, "a=failed", 130);
}

static void only_the_last_attempt_is_saved(void **state)
{
	char *text = mem_printf("runbook: book\ntitle: Book\nseverity: info\nsteps:\n"
	                        "  - {step: One, id: a, shell: 'echo x >>n; wc -l <n; test $(wc -l "
	                        "<n) = 3', effect: read, retry: {times: 5, every: 1ms}, save: "
	                        "'%s/tries.log'}\n",
	    folder);
	struct ran ran =
	    run_with(PLATFORM, text, &(struct plan_options){0}, (struct run_options){0});
	json_t *saved = json_object_get(find_event(&ran, "action.finished", "a"), "saved");
	struct stat info;

	(void)state;
	assert_int_equal(stat("tries.log", &info), 0);
	assert_int_equal(info.st_size, 2);
	assert_int_equal(value_get_number(saved, "bytes", 0), 2);
	check_outcomes(&ran, "a=passed", 0);
	unlink("tries.log");
	unlink("n");
	free(text);
}

static void a_reason_that_is_cut_or_no_text_is_still_told(void **state)
{
	struct ran ran =
	    run("steps:\n"
	        "  - step: One\n"
	        "    budget: 500ms\n"
	        "    actions:\n"
	        "      - {id: a, effect: read, shell: 'printf x >&2; i=0; while [ $i -lt 300 ]; do "
	        "printf é >&2; i=$((i+1)); done; exit 3'}\n"
	        "      - {id: b, effect: read, shell: 'sh -c \"sleep 60; :\" \"$(printf "
	        "\"a\\377z\")\"'}\n",
	        (struct run_options){0});
	const char *why = value_get_text(find_event(&ran, "action.finished", "a"), "why");
	char *ended = json_dumps(find_event(&ran, "budget.exceeded", NULL), 0);

	(void)state;
	assert_non_null(why);
	assert_non_null(strstr(why, "exit status 3: x\xC3\xA9\xC3\xA9"));
	assert_non_null(strstr(ended, "a?z"));
	free(ended);
	json_decref(ran.events);
}

static void a_script_waits_for_the_variables_it_may_read(void **state)
{
	struct ran ran =
	    run("vars: {n: before}\n"
	        "steps:\n"
	        "  - step: Both\n"
	        "    actions:\n"
	        "      - {id: first, shell: 'sleep 0.2; echo after', effect: read, capture: {n: "
	        "'lines[0]'}}\n"
	        "      - {id: second, shell: 'echo $n', effect: read}\n",
	        (struct run_options){0});

	(void)state;
	check_output(&ran, "second", "after\n");
	check_outcomes(&ran, "first=passed second=passed", 0);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink("platform.yaml");
	unlink("book.yaml");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steps_run_in_order),
	    cmocka_unit_test(reads_run_at_once_and_are_told_in_order),
	    cmocka_unit_test(a_read_waits_for_what_it_refers_to),
	    cmocka_unit_test(a_failed_read_is_a_finding),
	    cmocka_unit_test(a_failed_change_stops_the_run),
	    cmocka_unit_test(on_failure_continue_goes_on),
	    cmocka_unit_test(changes_without_anybody_are_refused),
	    cmocka_unit_test(destruction_needs_more_than_yes),
	    cmocka_unit_test(a_person_says_yes_skip_abort),
	    cmocka_unit_test(a_failed_change_is_tried_again),
	    cmocka_unit_test(check_shows_changes_and_runs_reads),
	    cmocka_unit_test(a_false_condition_skips),
	    cmocka_unit_test(a_condition_that_cannot_be_told_is_no_pass),
	    cmocka_unit_test(expect_takes_the_place_of_the_default),
	    cmocka_unit_test(retry_tries_again),
	    cmocka_unit_test(until_waits_for_the_condition),
	    cmocka_unit_test(a_check_looks_once),
	    cmocka_unit_test(hold_for_fails_at_the_first_bad_look),
	    cmocka_unit_test(the_budget_ends_what_runs),
	    cmocka_unit_test(an_action_has_a_timeout_of_its_own),
	    cmocka_unit_test(for_each_goes_through_a_list),
	    cmocka_unit_test(manual_steps_without_a_person_are_left),
	    cmocka_unit_test(values_stay_one_argument),
	    cmocka_unit_test(secrets_are_masked_everywhere),
	    cmocka_unit_test(only_and_from_choose_steps),
	    cmocka_unit_test(a_runbook_runs_another),
	    cmocka_unit_test(a_change_that_fails_inside_stops_the_outside),
	    cmocka_unit_test(a_huge_output_is_cut_in_the_middle),
	    cmocka_unit_test(an_output_is_saved_once),
	    cmocka_unit_test(a_raised_read_is_shown_as_it_runs),
	    cmocka_unit_test(for_each_goes_through_its_list_after_a_failure_too),
	    cmocka_unit_test(a_finding_inside_is_one_outside),
	    cmocka_unit_test(a_metric_that_is_not_there_is_not_ok),
	    cmocka_unit_test(what_a_secret_is_taken_from_is_not_shown),
	    cmocka_unit_test(a_secret_in_two_pieces_is_masked),
	    cmocka_unit_test(a_plan_knows_no_name_that_a_run_will_change),
	    cmocka_unit_test(every_try_has_the_whole_budget),
	    cmocka_unit_test(a_person_is_not_cut_off_by_a_timeout),
	    cmocka_unit_test(an_abort_ends_the_undoing_too),
	    cmocka_unit_test(a_failed_change_stays_failed_when_the_run_is_stopped),
	    cmocka_unit_test(only_the_last_attempt_is_saved),
	    cmocka_unit_test(a_reason_that_is_cut_or_no_text_is_still_told),
	    cmocka_unit_test(a_script_waits_for_the_variables_it_may_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
