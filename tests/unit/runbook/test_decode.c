/* Runbooks: each kind of mistake with its place, and what a good one becomes. */
#include "catalog_case.h"

#define BOOK "runbook: x\nsteps:\n"
/* One step in line 3, whose keys begin in line 4, column 5. */
#define STEP BOOK "  - step: S\n"
/* One action: its keys stand in line 5 from column 9. */
#define ACTION STEP "    actions:\n      - "

static const struct {
	const char *yaml;
	const char *problems;
} mistakes[] = {
    /* the runbook's own keys */
    {"- a\n", "x:1:1: a runbook must be a map, not a list"},
    {"runbook: x\n", "x:1:1: a runbook needs 'steps' (what is done, in order)"},
    {"runbook: x y\nsteps: []\n",
        "x:1:10: 'runbook' must be a name of letters, digits, '-', '_' and "
        "'.', not 'x y'\n"
        "x:2:8: 'steps' must have at least one step"},
    {"runbok: x\nsteps:\n  - {step: S, manual: x}\n",
        "x:1:1: unknown key 'runbok' in a runbook; did you mean 'runbook'?\n"
        "x:1:1: a runbook needs 'runbook' (the name typed after `fsops run`)"},
    {STEP "    manual: x\nsteps: []\n", "x:5:1: the key 'steps' is given twice; first in line 2"},
    {"runbook: x\nsteps: {a: b}\n", "x:2:8: 'steps' must be a list of steps, not a map"},
    {"runbook: x\ntitle: [a]\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:8: 'title' must be text, not a list"},
    {"runbook: x\nseverity: high\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:11: 'severity' must be critical, warning or info, not 'high'"},
    {"runbook: x\nrespond_within: 5 min\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:17: 'respond_within' must be a duration up to 366d, such as 90s, 5m or 1h30m, not '5 "
        "min'"},
    {"runbook: x\naliases: y\nsymptoms: [a, [b]]\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:10: 'aliases' must be a list of names, not 'y'\n"
        "x:3:15: each of 'symptoms' must be text"},
    {"runbook: x\nmetrics: [cpu, error_rat, {a: b}]\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:16: there is no metric 'error_rat'; did you mean 'error_rate'?\n"
        "x:2:27: the name of a metric must be text, not a map"},
    {"runbook: x\nsummary:\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:9: 'summary' must be text, not nothing"},
    /* schedules */
    {"runbook: x\nschedule: daily\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:11: 'schedule' must be a map with one of daily, weekly and monthly, such as {weekly: "
        "sunday 02:00}"},
    {"runbook: x\nschedule: {dayly: \"09:00\"}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:12: unknown key 'dayly' in a schedule; did you mean 'daily'?"},
    {"runbook: x\nschedule: {daily: \"24:00\"}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:19: 'daily' must be a time of day such as 09:00, not '24:00'"},
    {"runbook: x\nschedule: {weekly: sun 02:00}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:20: 'weekly' must be a weekday and a time of day, such as 'sunday 02:00', not 'sun "
        "02:00'"},
    {"runbook: x\nschedule: {monthly: fifth sunday 01:00}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:21: 'monthly' must be first, second, third or fourth, a weekday and a time of day, "
        "such as 'first sunday 01:00', not 'fifth sunday 01:00'"},
    {"runbook: x\nschedule: {monthly: [a]}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:21: 'monthly' must be first, second, third or fourth, a weekday and a time of day, "
        "such as 'first sunday 01:00', not a list"},
    /* variables */
    {"runbook: x\nvars: {a-b: 1, namespace: x, run: x, ok: 1}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:8: a variable must be a name of letters, digits and '_' that does not begin with a "
        "digit, not 'a-b'\n"
        "x:2:30: 'run' has a meaning of its own in every expression; choose another name"},
    {"runbook: x\nvars:\n  a: {help: x}\n  b: {value: 1, required: true}\n  c: {value: 1, default: "
     "2}\n  d:\n  e: {patern: x, value: 1}\nsteps:\n  - {step: S, manual: x}\n",
        "x:3:6: 'a' needs a value, or 'required: true'\n"
        "x:4:6: 'b' has a value and is required; it can be only one\n"
        "x:5:26: 'value' and 'default' are the same; give one of them\n"
        "x:6:5: 'value' must be a text, a number, true, false, a list or a map, not nothing\n"
        "x:7:7: unknown key 'patern' in a variable; did you mean 'pattern'?"},
    {"runbook: x\nvars: {a: {value: v2, pattern: '^v[0-9]+[.]'}}\nsteps:\n  - {step: S, manual: "
     "x}\n",
        "x:2:8: the default of 'a' does not match its pattern ^v[0-9]+[.]"},
    {"runbook: x\nvars: {a: \"${b}\", b: \"${a}${env.HOME}\"}\nsteps:\n  - {step: S, manual: x}\n",
        "x:2:14: no such variable: 'b'"},
    /* steps */
    {BOOK "  - [a]\n  - manual: x\n  - step: T\n",
        "x:3:5: a step must be a map, not a list\n"
        "x:4:5: a step needs 'step' (what is done, as a title)\n"
        "x:5:5: a step needs 'actions', or a key that says what is done, such as kubectl, http or "
        "manual"},
    {STEP "    actions: []\n", "x:4:14: a step needs at least one action"},
    {STEP "    actions: kubectl get pods\n",
        "x:4:14: 'actions' must be a list of actions, not 'kubectl get pods'"},
    {STEP "    budgt: 5m\n    budget: soon\n    manual: x\n",
        "x:4:5: unknown key 'budgt' in a step; did you mean 'budget'?\n"
        "x:5:13: 'budget' must be a duration up to 366d, such as 90s, 5m or 1h30m, not 'soon'"},
    {STEP "    budget: 0s\n    manual: x\n", "x:4:13: 'budget' must be longer than nothing"},
    {STEP "    timeout: 5s\n    actions:\n      - manual: x\n",
        "x:4:5: 'timeout' belongs to an action: move it into one of 'actions'"},
    {STEP "    actions:\n      - manual: x\n    kubectl: get pods\n",
        "x:6:5: 'kubectl' belongs to an action: move it into one of 'actions'"},
    {STEP "    id: a-b\n    sequential: yes\n    manual: x\n",
        "x:4:9: 'id' must be a name of letters, digits and '_' that does not begin with a digit, "
        "not 'a-b'\n"
        "x:5:17: 'sequential' must be true or false, not 'yes'"},
    {STEP "    as: n\n    manual: x\n", "x:4:9: 'as' needs 'for_each'"},
    {BOOK "  - {step: Same title, manual: x}\n  - {step: same TITLE, manual: x}\n",
        "x:4:5: the step id 'same_title' is that of the step in line 3 too; give one of them "
        "another 'id'"},
    {BOOK "  - {step: A, id: a, manual: x}\nalways:\n  - {step: B, id: a, manual: x}\n",
        "x:5:19: the step id 'a' is that of the step in line 3 too; give one of them another 'id'"},
    /* actions */
    {ACTION "manual: x\n      - [a]\n", "x:6:9: an action must be a map, not a list"},
    {ACTION "kubctl: get pods\n",
        "x:5:9: unknown key 'kubctl' in an action; did you mean 'kubectl'?"},
    {STEP "    kubctl: get pods\n",
        "x:4:5: unknown key 'kubctl' in a step; did you mean 'kubectl'?"},
    {ACTION "id: a\n",
        "x:5:9: there is nothing to do here: one key must be kubectl, http, postgres, "
        "redis, s3, prometheus, metrics, dns, tcp, tls, exec, shell, manual, notify or runbook"},
    {ACTION "manual: x\n        http: /\n", "x:6:9: an action does one thing, but 'manual' and "
                                            "'http' both say what; make two actions of "
                                            "it"},
    {ACTION "{id: a, manual: x}\n      - {id: a, manual: x}\n",
        "x:6:14: the action id 'a' is that of the action in line 5 too; give one of them another "
        "'id'"},
    {ACTION "{http: /, target: apy}\n", "x:5:27: there is no target 'apy'; did you mean 'api'?"},
    {ACTION "{http: /, target: db}\n", "x:5:27: the target 'db' is for postgres, not for http"},
    {ACTION "{manual: x, target: db}\n", "x:5:29: manual uses no target"},
    {ACTION "redis: PING\n",
        "x:5:9: redis needs a target: add one to 'targets' of the platform, as in "
        "'name: {redis: …}'"},
    {ACTION "kubectl: get 'pods\n", "x:5:18: the command: a ' quote is never closed"},
    {ACTION "{manual: x, severity: high, on_failure: ignore, effect: none}\n",
        "x:5:31: 'severity' must be critical, warning or info, not 'high'\n"
        "x:5:49: 'on_failure' must be continue or stop, not 'ignore'\n"
        "x:5:65: 'effect' must be read, change or destroy, not 'none'"},
    {ACTION "{kubectl: scale deployment x, effect: read}\n",
        "x:5:47: 'effect: read' is less than what this does (change); it can only be raised"},
    {ACTION
        "{manual: x, retry: 0}\n      - {manual: x, retry: {every: 5}}\n      - {manual: x, retry: "
        "often}\n",
        "x:5:28: 'retry' must be at least once\n"
        "x:6:28: 'retry' needs 'times' (how many tries after the first)\n"
        "x:6:36: 'every' must be a duration up to 366d, such as 90s, 5m or 1h30m, not '5'\n"
        "x:7:28: 'retry' must be a whole number from 0 to 999999999, not 'often'"},
    {ACTION
        "{http: /, hold_for: 5m}\n      - {http: /, every: 5s}\n      - {http: /, until: status == "
        "200, hold_for: 5m}\n      - {http: /, hold_for: soon, expect: status == 200}\n",
        "x:5:29: 'hold_for' needs an 'expect' to say what must hold\n"
        "x:6:26: 'every' needs 'until' or 'hold_for'\n"
        "x:7:51: 'until' ends when something holds, 'hold_for' when it does not; give one of them\n"
        "x:8:29: 'hold_for' must be a duration up to 366d, such as 90s, 5m or 1h30m, not 'soon'"},
    {ACTION
        "{http: /, capture: status}\n      - {http: /, capture: {a-b: status, c: [x], d: {vale: "
        "x}}}\n",
        "x:5:28: 'capture' must be a map of names and expressions, not 'status'\n"
        "x:6:29: a captured variable must be a name of letters, digits and '_' that does not begin "
        "with a digit, not 'a-b'\n"
        "x:6:45: 'c' must be an expression, not a list\n"
        "x:6:53: a captured variable needs 'value' (what the variable becomes)\n"
        "x:6:54: unknown key 'vale' in a captured variable; did you mean 'value'?"},
    {ACTION "{http: /, expect: []}\n      - {http: /, expect: [true, [x]]}\n      - {http: /, "
            "expect: }\n",
        "x:5:27: 'expect' must be an expression or a list of them, not an empty list\n"
        "x:6:34: 'expect' must be an expression, not a list\n"
        "x:7:27: 'expect' must be an expression, not nothing"},
    {ACTION "{manual: x, as: n}\n", "x:5:25: 'as' needs 'for_each'"},
    {ACTION "{manual: x, for_each: '[1]', as: run}\n",
        "x:5:42: 'run' has a meaning of its own in every expression; choose another name"},
    /* references */
    {ACTION "{runbook: z}\n      - {runbook: {name: x, vars: {a: 1}}}\n",
        "x:5:19: there is no runbook 'z'; did you mean 'x'?\n"
        "x:6:36: the runbook 'x' has no variable 'a'"},
    {"runbook: x\nvars: {need: {required: true}}\nsteps:\n  - {step: S, runbook: x}\n"
     "  - {step: T, runbook: {name: x, vars: {need: 1, domain: y, nead: 2}}}\n",
        "x:4:24: the runbook 'x' needs the variable 'need': give it with 'vars'\n"
        "x:5:61: the runbook 'x' has no variable 'nead'; did you mean 'need'?"},
    {ACTION "{metrics: [cpu, cpi]}\n      - metrics: all\n      - metrics: cqu\n",
        "x:5:25: there is no metric 'cpi'; did you mean 'cpu'?\n"
        "x:7:18: there is no metric 'cqu'; did you mean 'cpu'?"},
    {ACTION "{notify: {to: [slack, slak], text: x}}\n",
        "x:5:31: there is no channel 'slak'; did you mean 'slack'?"},
};

static void each_mistake_has_its_place(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++)
		wrong += !case_says(PLATFORM, mistakes[i].yaml, NULL, mistakes[i].problems);
	assert_int_equal(wrong, 0);
}

/* ---- what a good runbook becomes ---- */

static const char whole[] =
    "runbook: x\n"
    "aliases: [first, second]\n"
    "title: The whole\n"
    "summary: All keys\n"
    "severity: critical\n"
    "respond_within: 5m\n"
    "schedule: {monthly: First Sunday 1:05}\n"
    "symptoms: [one, two]\n"
    "metrics: [error_rate, cpu]\n"
    "vars:\n"
    "  backend: b\n"
    "  replicas: 3\n"
    "  version: {required: true, pattern: '^v', help: image tag, secret: true}\n"
    "  all: {default: [a, 1]}\n"
    "steps:\n"
    "  - step: Look, (first)!\n"
    "    budget: 90s\n"
    "    sequential: true\n"
    "    when: metrics.cpu.level == 'ok'\n"
    "    on_failure: continue\n"
    "    actions:\n"
    "      - id: pods\n"
    "        title: all pods\n"
    "        kubectl: get pods -l app=${backend}\n"
    "        expect: [exit == 0, lines.size() > 1]\n"
    "        capture: {n: lines.size(), token: {value: stdout, secret: true}, m: n + 1}\n"
    "        timeout: 10s\n"
    "        retry: {times: 3}\n"
    "        severity: warning\n"
    "        save: out.txt\n"
    "      - http: GET /x\n"
    "        target: site\n"
    "        until: status == 200\n"
    "      - kubectl: delete pod ${x}\n"
    "        for_each: results.pods.lines\n"
    "        as: x\n"
    "        when: x != ''\n"
    "        stdin: a ${token}\n"
    "      - exec: ['true']\n"
    "        effect: read\n"
    "        on_failure: stop\n"
    "      - exec: ['true']\n"
    "  - step: 2nd step\n"
    "    for_each: '[1, 2]'\n"
    "    kubectl: scale x --replicas=${item}\n"
    "    effect: destroy\n"
    "    until: exit == 0\n"
    "    look: {kubectl: 'get x ${item}', timeout: 3s}\n"
    "    every: 10s\n"
    "recovery:\n"
    "  - {step: 'Ünï', id: verify, http: /, expect: status == 200, hold_for: '${backend}'}\n"
    "always:\n"
    "  - {step: '!?', manual: x}\n";

static void the_head_of_a_runbook(const struct runbook *book)
{
	assert_string_equal(book->name, "x");
	assert_int_equal(book->alias_count, 2);
	assert_string_equal(book->aliases[1], "second");
	assert_string_equal(book->title, "The whole");
	assert_string_equal(book->summary, "All keys");
	assert_int_equal(book->severity, LEVEL_CRITICAL);
	assert_int_equal(book->respond_within, 300000);
	assert_int_equal(book->schedule.kind, SCHEDULE_MONTHLY);
	assert_int_equal(book->schedule.nth, 1);
	assert_int_equal(book->schedule.weekday, 0);
	assert_int_equal(book->schedule.hour, 1);
	assert_int_equal(book->schedule.minute, 5);
	assert_string_equal(book->schedule.text, "first sunday 01:05");
	assert_int_equal(book->symptom_count, 2);
	assert_int_equal(book->metric_count, 2);
	assert_string_equal(book->metrics[0]->name, "error_rate");
	assert_int_equal(book->named_metric_count, 1);
	assert_string_equal(book->named_metrics[0]->name, "cpu");
	assert_true(book->checked);
	assert_false(book->broken);
}

static void its_variables(const struct runbook *book)
{
	assert_int_equal(book->var_count, 4);
	assert_string_equal(json_string_value(book->vars[0].value), "b");
	assert_int_equal(json_integer_value(book->vars[1].value), 3);
	assert_true(book->vars[2].required);
	assert_true(book->vars[2].secret);
	assert_null(book->vars[2].value);
	assert_string_equal(book->vars[2].help, "image tag");
	assert_int_equal(json_array_size(book->vars[3].value), 2);
}

static void its_first_action(const struct action *pods)
{
	assert_string_equal(pods->id, "pods");
	assert_string_equal(pods->title, "all pods");
	assert_string_equal(pods->adapter->name, "kubectl");
	assert_string_equal(pods->target->name, "cluster");
	assert_string_equal(json_string_value(json_array_get(pods->args, 3)), "app=${backend}");
	assert_int_equal(pods->effect, EFFECT_READ);
	assert_false(pods->effect_stated);
	assert_int_equal(pods->expect_count, 2);
	assert_string_equal(pods->expects[1].holds.text, "lines.size() > 1");
	assert_non_null(pods->expects[1].holds.expr);
	assert_int_equal(pods->expects[1].holds.pos.line, 25);
	assert_int_equal(pods->expects[1].holds.pos.col, 29);
	assert_int_equal(pods->capture_count, 3);
	assert_string_equal(pods->captures[1].name, "token");
	assert_true(pods->captures[1].secret);
	assert_int_equal(pods->timeout, 10000);
	assert_int_equal(pods->retry_times, 3);
	assert_int_equal(pods->retry_every, 5000);
	assert_int_equal(pods->severity, LEVEL_WARNING);
	assert_string_equal(pods->save, "out.txt");
	assert_null(pods->when.text);
	assert_null(pods->when.expr);
}

static void its_other_actions(const struct step *step)
{
	const struct action *actions = step->actions;

	assert_int_equal(step->action_count, 5);
	assert_string_equal(actions[1].id, "look_first_2");
	assert_string_equal(actions[1].target->name, "site");
	assert_int_equal(actions[1].every, 5000);
	assert_int_equal(actions[1].severity, LEVEL_CRITICAL);
	assert_int_equal(actions[1].retry_times, 0);
	assert_int_equal(actions[2].effect, EFFECT_DESTROY);
	assert_string_equal(actions[2].as, "x");
	assert_string_equal(actions[2].stdin_text, "a ${token}");
	assert_null(actions[3].target);
	assert_int_equal(actions[3].effect, EFFECT_READ);
	assert_int_equal(actions[3].derived, EFFECT_UNSTATED);
	assert_true(actions[3].effect_stated);
	assert_int_equal(actions[3].on_failure, ON_FAILURE_STOP);
	assert_int_equal(actions[4].effect, EFFECT_CHANGE);
	assert_int_equal(actions[4].derived, EFFECT_UNSTATED);
}

static void a_step_that_is_an_action(const struct step *step)
{
	assert_string_equal(step->id, "step_2nd_step");
	assert_string_equal(step->title, "2nd step");
	assert_string_equal(step->for_each.text, "[1, 2]");
	assert_string_equal(step->as, "item");
	assert_int_equal(step->action_count, 1);
	assert_string_equal(step->actions[0].id, "step_2nd_step");
	assert_null(step->actions[0].for_each.text);
	assert_int_equal(step->actions[0].effect, EFFECT_DESTROY);
	assert_int_equal(step->actions[0].derived, EFFECT_CHANGE);
	assert_int_equal(step->actions[0].every, 10000);
	assert_non_null(step->actions[0].until.expr);
	assert_int_equal(step->actions[0].look->effect, EFFECT_READ);
	assert_int_equal(step->actions[0].look->timeout, 3000);
}

static void a_good_runbook_becomes_a_model(void **state)
{
	struct catalog *catalog = case_good(PLATFORM, whole);
	const struct runbook *book = catalog->runbooks[0];
	const struct step *look = &book->sections[SECTION_STEPS].items[0];

	(void)state;
	the_head_of_a_runbook(book);
	its_variables(book);
	assert_string_equal(look->id, "look_first");
	assert_int_equal(look->budget, 90000);
	assert_true(look->sequential);
	assert_int_equal(look->on_failure, ON_FAILURE_CONTINUE);
	assert_non_null(look->when.expr);
	its_first_action(&look->actions[0]);
	its_other_actions(look);
	a_step_that_is_an_action(&book->sections[SECTION_STEPS].items[1]);
	assert_string_equal(book->sections[SECTION_RECOVERY].items[0].id, "verify");
	assert_string_equal(
	    book->sections[SECTION_RECOVERY].items[0].actions[0].hold_for_text, "${backend}");
	assert_int_equal(book->sections[SECTION_RECOVERY].items[0].actions[0].hold_for, 0);
	assert_int_equal(book->sections[SECTION_ON_FAILURE].count, 0);
	assert_string_equal(book->sections[SECTION_ALWAYS].items[0].id, "step_1");
	catalog_free(catalog);
}

static void what_is_not_said_has_a_default(void **state)
{
	struct catalog *catalog = case_good(PLATFORM, STEP "    manual: x\n");
	const struct runbook *book = catalog->runbooks[0];
	const struct step *step = &book->sections[SECTION_STEPS].items[0];

	(void)state;
	assert_string_equal(book->title, "x");
	assert_int_equal(book->severity, LEVEL_INFO);
	assert_int_equal(book->schedule.kind, SCHEDULE_NONE);
	assert_int_equal(step->budget, 0);
	assert_int_equal(step->on_failure, ON_FAILURE_DEFAULT);
	assert_string_equal(step->actions[0].as, "item");
	assert_int_equal(step->actions[0].every, 5000);
	catalog_free(catalog);
}

static void schedules_in_words(void **state)
{
	static const char *const cases[][2] = {
	    {"{daily: 09:00}", "daily 09:00"},
	    {"{daily: '9:30'}", "daily 09:30"},
	    {"{weekly: sunday 02:00}", "sunday 02:00"},
	    {"{weekly: Saturday 23:59}", "saturday 23:59"},
	    {"{monthly: fourth friday 00:00}", "fourth friday 00:00"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *yaml = mem_printf("schedule: %s\n" STEP "    manual: x\n", cases[i][0]);
		struct catalog *catalog = case_good(PLATFORM, yaml);

		assert_string_equal(catalog->runbooks[0]->schedule.text, cases[i][1]);
		catalog_free(catalog);
		free(yaml);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_mistake_has_its_place),
	    cmocka_unit_test(a_good_runbook_becomes_a_model),
	    cmocka_unit_test(what_is_not_said_has_a_default),
	    cmocka_unit_test(schedules_in_words),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
