/* The rules of lint: for each what makes it speak, at which place, and what does not. */
#include "catalog_case.h"
#include "fsops/lint.h"

#define QUIET                                                                                      \
	"platform: test\n"                                                                         \
	"vars: {domain: example.org}\n"                                                            \
	"targets:\n"                                                                               \
	"  cluster: {kubectl: {context: prod}}\n"                                                  \
	"  db: {postgres: dbname=x}\n"                                                             \
	"  cache: {redis: redis://x}\n"                                                            \
	"  monitor: {prometheus: http://p}\n"                                                      \
	"metrics: {cpu: {source: {prometheus: x}, unit: percent, warning: '> 80%'}}\n"             \
	"secrets: [HOOK]\n"
#define BOOK "runbook: x\nsteps:\n"
#define STEP BOOK "  - step: S\n    budget: 1m\n"
#define READ "  - {step: Look, budget: 1m, kubectl: get pods}\n"
/* One action: its keys stand in line 6 from column 9. */
#define ACTION STEP "    actions:\n      - "

static const struct {
	const char *yaml;
	const char *said; /* "x:line:col rule", a line each */
} cases[] = {
    /* effect-unstated */
    {STEP "    exec: [a]\n    expect: exit == 0\n", "x:5:5 effect-unstated"},
    {STEP "    shell: a\n    expect: exit == 0\n", "x:5:5 effect-unstated"},
    {ACTION "{id: a, exec: a, expect: exit == 0}\n", "x:6:17 effect-unstated"},
    {STEP "    exec: [a]\n    effect: read\n", ""},
    {STEP "    shell: a\n    effect: change\n    expect: exit == 0\n", ""},
    {STEP "    kubectl: get pods\n", ""},
    /* endless */
    {STEP "    kubectl: logs deploy/x -f --tail=1\n", "x:5:28 endless"},
    {STEP "    kubectl: [logs, deploy/x, --follow]\n", "x:5:31 endless"},
    {STEP "    kubectl: logs --follow=true x\n", "x:5:19 endless"},
    {STEP "    kubectl: >-\n      get\n      pods -w\n", "x:7:12 endless"},
    {STEP "    kubectl: get pods --watch\n", "x:5:23 endless"},
    {STEP "    kubectl: -n x get pods -w\n    effect: change\n    expect: exit == 0\n",
        "x:5:28 endless"},
    {STEP "    kubectl: exec x -- tail -f /log\n    effect: change\n    expect: exit == 0\n",
        "x:5:29 endless"},
    {STEP "    exec: {argv: [/usr/bin/journalctl, -f]}\n    effect: read\n", "x:5:40 endless"},
    {STEP "    exec: kubectl logs x -f\n    effect: read\n", "x:5:26 endless"},
    {STEP "    shell: |\n      a=1\n      echo x | tail -f; true\n    effect: read\n",
        "x:7:21 endless"},
    {STEP "    exec: watch date\n    effect: read\n", "x:5:11 endless"},
    {STEP "    kubectl: logs x --follow=false --tail=5\n", ""},
    {STEP "    kubectl: apply -f x.yaml\n    expect: exit == 0\n", ""},
    {STEP "    kubectl: rollout status x --watch\n    expect: exit == 0\n", ""},
    {STEP "    shell: |\n      # tail -f x\n      grep -f words x\n    effect: read\n", ""},
    {STEP "    shell: (sleep 1; tail -f x) | cat 'a; tail -f'\n    effect: read\n",
        "x:5:27 endless\nx:5:33 pipe-status"},
    {STEP "    shell: echo 'a; tail -f x' \"| tail -f\"\n    effect: read\n", ""},
    {STEP "    exec: tail -n 5 x\n    effect: read\n", ""},
    /* deprecated */
    {STEP "    exec: docker scan image\n    effect: read\n", "x:5:18 deprecated"},
    {STEP "    shell: docker scan image\n    effect: read\n", "x:5:19 deprecated"},
    {STEP "    kubectl: drain n --delete-local-data\n    expect: exit == 0\n", "x:5:22 deprecated"},
    {STEP "    kubectl: apply -f x --dry-run\n    expect: exit == 0\n", "x:5:25 deprecated"},
    {STEP "    kubectl: get cs\n", "x:5:18 deprecated"},
    {STEP "    kubectl: apply -f x --dry-run=server\n    expect: exit == 0\n", ""},
    {STEP "    exec: docker scout cves image\n    effect: read\n", ""},
    /* destroys-all */
    {STEP "    kubectl: delete rs --all\n    expect: exit == 0\n", "x:5:24 destroys-all"},
    {STEP "    kubectl: delete rs --all --cascade=false\n    expect: exit == 0\n",
        "x:5:24 destroys-all\nx:5:30 deprecated"},
    {STEP "    kubectl: delete pod x --force --grace-period=0\n    expect: exit == 0\n",
        "x:5:27 destroys-all"},
    {STEP "    redis: FLUSHALL\n", "x:5:12 destroys-all"},
    {STEP "    kubectl: delete pod x --grace-period=0\n    expect: exit == 0\n", ""},
    {STEP "    kubectl: get pods --all-namespaces\n", ""},
    {STEP "    kubectl: scale rs --all --replicas=1\n    expect: exit == 0\n", ""},
    /* unproven-change */
    {STEP "    kubectl: scale x\n", "x:5:5 unproven-change"},
    {ACTION "{id: look, kubectl: get pods}\n      - kubectl: scale x\n", "x:7:9 unproven-change"},
    {STEP "    kubectl: scale x\nalways:\n" READ, "x:5:5 unproven-change"},
    {STEP "    kubectl: scale x\n    expect: exit == 0\n", ""},
    {STEP "    kubectl: scale x\n    on_failure: continue\n", ""},
    {STEP "    kubectl: scale x\n" READ, ""},
    {STEP "    kubectl: scale x\nrecovery:\n" READ, ""},
    {STEP "    kubectl: scale x\nmetrics: [cpu]\n", ""},
    {STEP "    kubectl: scale x\non_failure:\n  - {step: T, budget: 1m, manual: x}\n", ""},
    {STEP "    kubectl: get pods\nalways:\n  - {step: T, budget: 1m, kubectl: scale x}\n", ""},
    {STEP "    kubectl: get pods\n", ""},
    /* retry-change */
    {STEP "    kubectl: create job x\n    retry: 3\n    expect: exit == 0\n", "x:6:5 retry-change"},
    {STEP "    http: POST /\n    effect: change\n    retry: 3\n    expect: status == 200\n",
        "x:7:5 retry-change"},
    {STEP
        "    http: {url: /, method: POST}\n    effect: change\n    retry: 3\n    expect: status == "
        "200\n",
        "x:7:5 retry-change"},
    {STEP "    http: PUT /\n    effect: change\n    retry: 3\n    expect: status == 200\n", ""},
    {STEP "    kubectl: apply -f x\n    retry: 3\n    expect: exit == 0\n", ""},
    {STEP "    http: POST /\n    effect: read\n    retry: 3\n", ""},
    /* no-budget */
    {BOOK "  - step: S\n    kubectl: get pods\n", "x:3:5 no-budget"},
    {BOOK "  - kubectl: get pods\n    step: S\n", "x:4:5 no-budget"},
    /* sequential-anyway */
    {STEP "    sequential: true\n    kubectl: get pods\n", "x:5:5 sequential-anyway"},
    {BOOK "  - step: S\n    budget: 1m\n    sequential: true\n    actions:\n      - kubectl: get "
          "pods\n"
          "      - manual: look\n      - kubectl: get pods\n",
        "x:5:5 sequential-anyway"},
    {BOOK "  - step: S\n    budget: 1m\n    sequential: true\n    actions:\n      - kubectl: get "
          "pods\n"
          "      - kubectl: get nodes\n",
        ""},
    {STEP "    sequential: true\n    for_each: '[1, 2]'\n    kubectl: get pods ${item}\n", ""},
    {BOOK "  - step: S\n    budget: 1m\n    sequential: true\n    actions:\n"
          "      - {for_each: '[1, 2]', kubectl: 'get pods ${item}'}\n",
        ""},
    /* over-budget */
    {STEP "    metrics: all\n    hold_for: 30m\n", "x:6:5 over-budget"},
    {STEP "    kubectl: get pods\n    timeout: 2m\n", "x:6:5 over-budget"},
    {STEP "    kubectl: get pods\n    retry: {times: 10, every: 10s}\n", "x:6:5 over-budget"},
    {STEP "    kubectl: get pods\n    until: exit == 0\n    every: 2m\n", "x:7:5 over-budget"},
    {STEP "    metrics: all\n    hold_for: 30s\n", ""},
    {STEP "    metrics: all\n    hold_for: ${domain}\n", ""},
    {STEP "    kubectl: get pods\n    timeout: 1m\n", ""},
    /* timeout-over-budget */
    {STEP "    kubectl: rollout status x --timeout=60s\n    expect: exit == 0\n",
        "x:5:31 timeout-over-budget"},
    {STEP "    kubectl: rollout status x --timeout=50s\n    expect: exit == 0\n", ""},
    {STEP "    kubectl: rollout status x --timeout=${domain}\n    expect: exit == 0\n", ""},
    /* secret-in-argv */
    {ACTION "{id: a, kubectl: get x, capture: {p: {value: stdout, secret: true}}}\n      - exec: "
            "[psql, '-p${p}']\n        effect: read\n",
        "x:7:27 secret-in-argv"},
    {ACTION "{id: a, kubectl: get x, capture: {p: {value: stdout, secret: true}, q: p + 'x'}}\n"
            "      - kubectl: get pods ${q}\n",
        "x:7:29 secret-in-argv"},
    {STEP "    kubectl: get x ${random_base64(32)}\n", "x:5:22 secret-in-argv"},
    {STEP "    http: https://x/${env.HOOK}\n", "x:5:23 secret-in-argv"},
    {STEP "    postgres: {query: \"SELECT '${pw}'\"}\nvars: {pw: {value: x, secret: true}}\n",
        "x:5:34 secret-in-argv"},
    {STEP "    kubectl: apply -f -\n    stdin: ${pw}\n    expect: exit == 0\nvars: {pw: "
          "'${random_base64(8)}'}\n",
        ""},
    {STEP "    exec: {argv: [a], env: {P: '${pw}'}}\n    effect: read\nvars: {pw: {value: x, "
          "secret: true}}\n",
        ""},
    {STEP "    http: {url: /, headers: {Authorization: '${env.HOOK}'}}\n", ""},
    {STEP "    postgres: {query: SELECT $1, params: ['${env.HOOK}']}\n", ""},
    {STEP "    kubectl: get ${env.HOME}\n", ""},
    /* never */
    {STEP "    when: 'false'\n    kubectl: get pods\n", "x:5:11 never"},
    {STEP "    when: false && domain == 'x'\n    kubectl: get pods\n", "x:5:11 never"},
    {STEP "    for_each: '[]'\n    kubectl: get pods\n", "x:5:15 never"},
    {ACTION "kubectl: get pods\n        when: 1 > 2\n", "x:7:15 never"},
    {STEP "    kubectl: get pods\n    expect: [exit == 0, 1 == 2]\n", "x:6:25 never"},
    {STEP "    kubectl: get pods\n    until: 'false'\n", "x:6:12 never"},
    {STEP "    when: domain == 'x'\n    kubectl: get pods\n    expect: 'true'\n", ""},
    {STEP "    when: domain == 'x' && false\n    kubectl: get pods\n", "x:5:11 never"},
    /* nothing-judges */
    {STEP "    kubectl: get pods\n    accept: any\n", "x:6:13 nothing-judges"},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: exit < 2\n", ""},
    /* empty-answer */
    {STEP "    kubectl: get pods\n    accept: any\n    expect: lines.size() == 0\n",
        "x:7:13 empty-answer"},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: lines.size() == 0 && exit == 0\n",
        ""},
    {STEP "    kubectl: get pods\n    expect: lines.size() == 0\n", ""},
    {STEP
        "    kubectl: get pods -o json\n    accept: any\n    until: json.items.all(p, ready(p))\n",
        "x:7:12 empty-answer"},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: '!lines.exists(l, l == \"x\")'\n",
        "x:7:13 empty-answer"},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: lines.size() > 0 && lines.all(l, l "
          "!= '')\n",
        ""},
    {ACTION
        "{id: a, kubectl: get pods}\n      - {kubectl: get x, when: results.a.lines.size() == 0}\n",
        "x:7:32 empty-answer"},
    {ACTION "{id: a, kubectl: get pods}\n      - {kubectl: get x, when: 'results.a.lines.filter(l, "
            "l != \"\")"
            ".size() == 0'}\n",
        "x:7:32 empty-answer"},
    {ACTION "{id: a, kubectl: get pods}\n      - {kubectl: get x, when: 'results.a.outcome == "
            "\"passed\" && "
            "results.a.lines.size() == 0'}\n",
        ""},
    {ACTION "{id: a, kubectl: get pods}\n      - {id: b, kubectl: get svc}\n      - {kubectl: get "
            "x, when: "
            "'results.a.outcome == \"passed\" && results.b.outcome == \"passed\" && "
            "results.a.lines.size() == 0'}\n",
        ""},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: lines.size() == 3 && lines.all(l, l "
          "!= '')\n",
        ""},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: '!(lines.size() == 0)'\n", ""},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: lines.size() < 1\n",
        "x:7:13 empty-answer"},
    {STEP "    kubectl: get pods\n    accept: any\n    expect: '!(lines.size() > 0)'\n",
        "x:7:13 empty-answer"},
    {ACTION "{id: a, kubectl: get pods, on_failure: stop}\n      - {kubectl: get x, when: "
            "results.a.lines.size() == 0}\n",
        ""},
    /* unused-variable, unused-capture */
    {STEP "    kubectl: get pods\nvars: {a: 1, b: 2}\n",
        "x:6:8 unused-variable\nx:6:14 unused-variable"},
    {STEP "    kubectl: get ${a}\n    when: b == 2\nvars: {a: 1, b: 2}\n", ""},
    {STEP "    shell: echo $a \"${b%x}\"\n    effect: read\nvars: {a: 1, b: 2}\n", ""},
    {STEP "    shell: echo $ab\n    effect: read\nvars: {a: 1}\n", "x:7:8 unused-variable"},
    {STEP "    kubectl: get pods\n    for_each: '[1].map(x, c)'\nvars: {a: 1, b: '${a}', c: "
          "'${b}'}\n",
        ""},
    {STEP "    kubectl: get pods\n    capture: {n: exit, m: n}\n", "x:6:24 unused-capture"},
    {ACTION "{id: a, kubectl: get pods, capture: {n: exit}}\n      - manual: ${n}\n", ""},
    /* allowed by a comment */
    {STEP "    kubectl: logs x -f # lint: allow endless\n", ""},
    {STEP "    # lint: allow never, endless\n    kubectl: logs x -f\n", ""},
    {STEP "    kubectl: logs x -f # lint: allow endles\n", "x:5:21 endless"},
    {STEP "    # lint: allow endless\n\n    kubectl: logs x -f\n", "x:7:21 endless"},
    /* pipe-status */
    {STEP "    shell: |\n      a\n      dump | gzip >x\n    effect: read\n", "x:7:12 pipe-status"},
    {STEP "    exec: [sh, -c, a | b]\n    effect: read\n", "x:5:20 pipe-status"},
    {STEP "    exec: [bash, -euo, pipefail, -c, a | b]\n    effect: read\n", ""},
    {STEP "    exec: [sudo, -n, sh, -c, a | b]\n    effect: read\n", "x:5:30 pipe-status"},
    /* value-in-script */
    {"vars: {t: x}\n" STEP "    exec: [sh, -c, 'echo ${t}']\n    effect: read\n",
        "x:6:20 value-in-script"},
    {"vars: {t: x}\n" STEP "    exec: [sudo, /bin/bash, -ec, 'echo ${t}']\n    effect: read\n",
        "x:6:34 value-in-script"},
    {"vars: {t: x}\n" STEP
     "    kubectl: exec pod/a -- sh -c 'echo ${t}'\n    effect: change\n    expect: exit == 0\n",
        "x:6:35 value-in-script"},
    {"vars: {t: x}\n" STEP
     "    exec: [sh, -c, 'echo \"$1\" $${t}', sh, '${t}']\n    effect: read\n",
        ""},
    {STEP "    kubectl: exec x -- sh -c 'a | b'\n    effect: change\n    expect: exit == 0\n",
        "x:5:31 pipe-status"},
    {STEP "    shell: echo x | b\n    effect: read\n", ""},
    /* number-text */
    {STEP "    exec: [a, '${v}', '${w}']\n    effect: read\nvars: {v: 3.10, w: {value: 00501}}\n",
        "x:7:11 number-text\nx:7:28 number-text"},
    {STEP
        "    exec: [a, '${v}', '${version}']\n    effect: read\nvars: {v: [1, 915785e5], version: "
        "3.9}\n",
        "x:7:15 number-text\nx:7:35 number-text"},
    {STEP "    exec: [a, '${v}', '${w}', '${x}']\n    effect: read\nvars: {v: '3.10', w: 0.50, x: "
          "{value: 1.0}}\n",
        ""},
    {STEP
        "    http: {method: PUT, url: 'http://x', json: {tag: 1.20}}\n    expect: status == 200\n",
        "x:5:54 number-text"},
    /* title-template */
    {"runbook: x\nvars: {a: 1}\nsteps:\n  - {step: 'S ${a}', budget: 1m, exec: 'a ${a}', effect: "
     "read}\n",
        "x:4:12 title-template"},
    /* an effect lowered below the derived one is the loader's error */
    {STEP "    kubectl: scale x\n    effect: read\n    expect: exit == 0\n", "x:6:13 load"},
    /* what does not load is no ground for advice */
    {STEP "    kubctl: logs -f\n", "x:5:5 load"},
    {STEP "    kubectl: get ${a}\nvars: {b: 1}\n", "x:5:20 load"},
    {STEP "    kubectl: 'get \"pods'\n", "x:5:14 load"},
    {"runbook: x\n", "x:1:1 load"},
    {"- x\n", "x:1:1 load"},
    {"runbook: x\nsteps: [{}, x, {step: T}, {step: U, actions: [{}, {kubectl: {}}]}]\n",
        "x:2:9 load\nx:2:9 load\nx:2:13 load\nx:2:16 load\nx:2:17 no-budget\nx:2:28 no-budget\n"
        "x:2:47 load\nx:2:61 load"},
};

static char *lint(const char *platform, const char *yaml)
{
	struct catalog_paths paths = {.runbooks = case_folder};
	struct problems list = {0};
	struct catalog *catalog;
	struct buf text;

	case_write("platform.yaml", platform);
	case_write("x.yaml", yaml);
	catalog = catalog_load(&paths, &list);
	lint_catalog(catalog, &list);
	buf_init(&text, BUF_TEXT_MAX);
	for (size_t i = 0; i < list.count; i++) {
		const struct problem *item = &list.items[i];

		buf_addf(&text, "%s%c:%d:%d %s", i ? "\n" : "", strrchr(item->file, '/')[1],
		    item->line, item->col, item->rule ? item->rule : "load");
		assert_true((item->level == PROBLEM_WARNING) == (item->rule != NULL));
	}
	catalog_free(catalog);
	problems_release(&list);
	return buf_detach(&text);
}

static bool says(const char *platform, const char *yaml, const char *expected)
{
	char *said = lint(platform, yaml);
	bool same = strcmp(said, expected) == 0;

	if (!same)
		print_error("%s\n--- said\n%s\n--- instead of\n%s\n", yaml, said, expected);
	free(said);
	return same;
}

static void each_rule(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		wrong += !says(QUIET, cases[i].yaml, cases[i].said);
	assert_int_equal(wrong, 0);
}

static void the_platform(void **state)
{
	(void)state;
	assert_true(says(QUIET "alerts: [{alert: A, severity: critical}]\n",
	    STEP "    kubectl: get pods\n", "p:10:10 alert-without-runbook"));
	assert_true(
	    says(QUIET "alerts: [{alert: A, severity: critical, runbook: x}, {alert: B, severity: "
	               "info}]\n",
	        STEP "    kubectl: get pods\n", ""));
	assert_true(says("platform: t\ntargets: {m: {prometheus: http://p}}\n"
	                 "metrics: {a: {source: {prometheus: x}}, b: {source: {prometheus: x}, "
	                 "critical: '> 1'}}\n",
	    BOOK "  - {step: S, budget: 1m, manual: x}\n", "p:3:11 no-threshold"));
}

/* Each rule has a case that makes it speak. */
static void no_rule_without_a_case(void **state)
{
	(void)state;
	for (const struct lint_rule_info *rule = lint_rule_infos(); rule->id; rule++) {
		bool found = strcmp(rule->id, "no-threshold") == 0 ||
		             strcmp(rule->id, "alert-without-runbook") == 0;

		for (size_t i = 0; i < COUNT_OF(cases); i++)
			found |= strstr(cases[i].said, rule->id) != NULL;
		if (!found)
			print_error("no case for '%s'\n", rule->id);
		assert_true(found);
		assert_true(*rule->help);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_rule),
	    cmocka_unit_test(the_platform),
	    cmocka_unit_test(no_rule_without_a_case),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
