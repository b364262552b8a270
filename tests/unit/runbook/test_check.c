/* Expressions and templates in a runbook: what can be named where, and where a mistake is told. */
#include "catalog_case.h"

#define BOOK "runbook: x\nvars: {backend: b, count: 3}\nsteps:\n"
#define STEP BOOK "  - step: S\n"
/* One action: its keys stand in line 6 from column 9. */
#define ACTION STEP "    actions:\n      - "

static const struct {
	const char *yaml;
	const char *problems;
} mistakes[] = {
    /* what is there, and what is not */
    {ACTION "http: /\n        when: backend == 'b' && bakend == 'c'\n",
        "x:7:33: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION "http: /\n        when: status == 200\n",
        "x:7:15: no such variable: 'status'; the result of the action itself is there only in "
        "'expect', 'until' and 'capture', that of another one is results.ID.status"},
    {ACTION "http: /\n        expect: statu == 200\n        until: json.a == domain\n",
        "x:7:17: no such variable: 'statu'; did you mean 'status'?"},
    {ACTION "http: /\n        expect: status.code == 200\n",
        "x:7:24: 'status' has no field 'code'"},
    {ACTION "http: /\n        expect: json.a.b == headers.x && time < 1.0\n", ""},
    {ACTION "manual: x\n        when: item == 1\n", "x:7:15: no such variable: 'item'"},
    {ACTION "manual: ${item}\n        for_each: '[1]'\n        when: item == 1\n", ""},
    {ACTION "manual: ${n} ${item}\n        for_each: '[n]'\n        as: n\n",
        "x:6:24: no such variable: 'item'\n"
        "x:7:21: no such variable: 'n'"},
    {STEP "    for_each: '[1]'\n    as: node\n    actions:\n      - manual: ${node}\n"
          "      - {manual: '${node} ${n}', for_each: '[node]', as: n}\n",
        ""},
    {ACTION "manual: ${links.grafana} ${contacts.dba.email} ${env.HOME} ${run.id} ${string(now)}\n",
        ""},
    {ACTION "manual: ${links.grafna} ${contacts.dba.fax} ${contacts.dbo}\n",
        "x:6:25: 'links' has no field 'grafna'; did you mean 'grafana'?\n"
        "x:6:48: 'dba' has no field 'fax'; it has title, email and phone\n"
        "x:6:64: 'contacts' has no field 'dbo'; did you mean 'dba'?"},
    {ACTION "manual: x\n        when: metrics.cpu.level == 'ok' && metrics.cpi.value > 1 && "
            "metrics.cpu.levl == ''\n",
        "x:7:52: 'metrics' has no field 'cpi'; did you mean 'cpu'?"},
    {ACTION "manual: x\n        when: metrics.cpu.levl == ''\n",
        "x:7:27: 'cpu' has no field 'levl'; did you mean 'level'?"},
    /* results and captures, in their order */
    {ACTION "{id: a, http: /}\n      - {id: b, kubectl: get pods, when: results.a.status == 200}\n"
            "      - {manual: x, when: 'results.b.json.items[0].x == results.a.outcome'}\n",
        ""},
    {ACTION "{id: a, http: /, when: results.b.exit == 0}\n      - {id: b, kubectl: get pods}\n",
        "x:6:40: 'b' is not there yet: it comes from 'b' in line 7"},
    {ACTION "{id: a, http: /, expect: results.a.status == 200}\n",
        "x:6:42: 'a' is not there yet: it comes from 'a' in line 6"},
    {ACTION "{id: api, http: /}\n      - {manual: x, when: results.apy.status == 1}\n"
            "      - {manual: x, when: results.api.exit == 1}\n"
            "      - {manual: x, when: results.api.status.x == 1}\n"
            "      - {manual: x, when: results.api.outcom == ''}\n",
        "x:7:35: 'results' has no field 'apy'; did you mean 'api'?\n"
        "x:8:39: 'api' has no field 'exit'; it has status, body, json, headers, time, tls_expires, "
        "outcome, why and seconds\n"
        "x:9:46: 'status' has no field 'x'\n"
        "x:10:39: 'api' has no field 'outcom'; did you mean 'outcome'?"},
    {ACTION
        "{manual: '${token}'}\n      - id: get\n        http: /\n        capture: {token: body}\n"
        "      - manual: ${token}\n",
        "x:6:21: 'token' is not there yet: it comes from 'get' in line 7"},
    {ACTION "http: /\n        capture: {a: status, b: a + 1, c: d, d: 1}\n        expect: a == 1\n",
        "x:7:43: 'd' is not there yet: it comes from 's' in line 6\n"
        "x:8:17: 'a' is not there yet: it comes from 's' in line 6"},
    {STEP "    http: /\n    capture: {a: status}\nrecovery:\n  - {step: T, manual: "
          "'${a}'}\nalways:\n  - "
          "{step: U, manual: '${a}', when: results.s.status == 1}\n",
        ""},
    /* what is wrong with the language itself */
    {ACTION "manual: x\n        when: ${backend == 'b'}\n",
        "x:7:15: this is an expression already: write it without '${' and '}'"},
    {ACTION "manual: a ${backend\n", "x:6:19: this '${' is never closed with '}' (write '$${' when "
                                     "it is no expression)"},
    {ACTION "manual: a $${backend and $x\n", ""},
    {ACTION "exec: [a, '${b.c}', {d: '${backend}${e}'}]\n", "x:6:22: no such variable: 'b'\n"
                                                            "x:6:46: no such variable: 'e'"},
    {ACTION "shell: echo ${nothing} ${\n", ""},
    {ACTION "kubectl: get pods -l \"a=${bakend}\"\n",
        "x:6:35: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION "manual: x\n        stdin: ${a}\n        save: ${b}\n        hold_for: ${c}\n        "
            "until: d\n",
        "x:7:18: no such variable: 'a'\n"
        "x:8:17: no such variable: 'b'\n"
        "x:9:19: 'until' ends when something holds, 'hold_for' when it does not; give one of them\n"
        "x:9:21: no such variable: 'c'\n"
        "x:10:16: no such variable: 'd'; the result of manual has done"},
    /* places in all kinds of text */
    {ACTION "manual: x\n        when: |\n          backend == 'b'\n          && (true\n            "
            "|| bakend)\n",
        "x:10:16: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION
        "manual: x\n        when: >-\n          backend == 'b'\n          &&\n\n          bakend\n",
        "x:11:11: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION "manual: x\n        when: \"backend == \\\"b\\\" && \\u0062akend\"\n",
        "x:7:36: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION "manual: x\n        when: 'backend == ''b'' && bakend'\n",
        "x:7:36: no such variable: 'bakend'; did you mean 'backend'?"},
    {ACTION "manual:\n          - one\n          - |\n            two\n            and ${bakend}\n",
        "x:10:19: no such variable: 'bakend'; did you mean 'backend'?"},
    /* what stands in a broken action is still looked at */
    {ACTION "kubctl: get pods\n        id: a\n        expect: anything == 1\n        when: bakend "
            "== ''\n"
            "      - {manual: x, when: results.a.anything == 1}\n",
        "x:6:9: unknown key 'kubctl' in an action; did you mean 'kubectl'?\n"
        "x:9:15: no such variable: 'bakend'; did you mean 'backend'?"},
};

static void each_mistake_has_its_place(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++)
		wrong += !case_says(PLATFORM, mistakes[i].yaml, NULL, mistakes[i].problems);
	assert_int_equal(wrong, 0);
}

static void syntax_is_told_at_its_place(void **state)
{
	char *problems;
	struct catalog *catalog =
	    case_load(PLATFORM, ACTION "http: /\n        when: count + (1\n", NULL, &problems);

	(void)state;
	assert_true(strncmp(problems, "x:7:25: ", 8) == 0); /* the end of the expression */
	free(problems);
	catalog_free(catalog);
}

static void named_metrics_are_known(void **state)
{
	struct catalog *one =
	    case_good(PLATFORM, ACTION "{manual: x, when: metrics.cpu.value > 1.0}\n");
	struct catalog *all = case_good(
	    PLATFORM, ACTION "{manual: x, when: \"metrics.all(m, metrics[m].level == 'ok')\"}\n");
	struct catalog *none = case_good(PLATFORM, ACTION "manual: x\n");

	(void)state;
	assert_int_equal(one->runbooks[0]->named_metric_count, 1);
	assert_int_equal(all->runbooks[0]->named_metric_count, 2);
	assert_int_equal(none->runbooks[0]->named_metric_count, 0);
	catalog_free(one);
	catalog_free(all);
	catalog_free(none);
}

/* Whatever number of mistakes: all are counted, the first are kept. */
static void a_thousand_mistakes(void **state)
{
	struct problems list = {0};
	struct catalog_paths paths = {.runbooks = case_folder};
	struct catalog *catalog;
	struct buf text;

	(void)state;
	buf_init(&text, BUF_TEXT_MAX);
	buf_adds(&text, STEP "    manual:\n");
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "      - ${nothing}\n");
	case_write("platform.yaml", PLATFORM);
	case_write("x.yaml", text.data);
	catalog = catalog_load(&paths, &list);
	assert_int_equal(list.errors, 1000);
	assert_int_equal(list.count, PROBLEMS_MAX);
	catalog_free(catalog);
	problems_release(&list);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_mistake_has_its_place),
	    cmocka_unit_test(syntax_is_told_at_its_place),
	    cmocka_unit_test(named_metrics_are_known),
	    cmocka_unit_test(a_thousand_mistakes),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
