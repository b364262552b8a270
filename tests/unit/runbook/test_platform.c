/* The platform: targets, metrics, whom to call, and what is wrong with them. */
#include "catalog_case.h"

#define HEAD    "platform: p\n"
#define MONITOR HEAD "targets: {m: {prometheus: http://p}, c: {kubectl: {}}}\n"

static const struct {
	const char *yaml;
	const char *problems;
} mistakes[] = {
    {"", "platform:1:1: the file is empty"},
    {"targets: {}\n", "platform:1:1: the platform needs 'platform' (its name)"},
    {HEAD "target: {}\n",
        "platform:2:1: unknown key 'target' in the platform; did you mean 'targets'?"},
    /* targets */
    {HEAD "targets: [a]\n", "platform:2:10: 'targets' must be a map of names and targets, such as "
                            "{api: {http: https://…}}, not a list"},
    {HEAD "targets:\n  a: http://x\n  b: {htp: x}\n  c: {}\n  d: {http: x, redis: y}\n",
        "platform:3:6: a target must be a map such as {http: https://…}, not text\n"
        "platform:4:7: unknown key 'htp' in a target; did you mean 'http'?\n"
        "platform:5:6: a target needs a key that says what it is\n"
        "platform:6:16: a target is one thing, but 'http' and 'redis' both say what; make two of "
        "it"},
    {HEAD
        "targets:\n  a: {postgres: x, tunnel: 5432}\n  b: {postgres: x, tunnel: [y]}\n  c: {redis: "
        "x, refuse: y}\n",
        "platform:3:28: 'tunnel' must be what kubectl forwards to and its port, such as "
        "svc/postgres:5432, or 'auto', not '5432'\n"
        "platform:4:28: 'tunnel' must be text, not a list\n"
        "platform:5:6: refused"},
    {HEAD "targets: {a: {http: \"https://${host}/${env.X}\"}}\n",
        "platform:2:32: no such variable: 'host'"},
    /* metrics */
    {MONITOR "metrics:\n  a: {unit: percent}\n  b-c: {source: {prometheus: x}}\n  d: {source: x}\n",
        "platform:4:6: a metric needs 'source' (the read that measures it)\n"
        "platform:5:3: a metric must be a name of letters, digits and '_' that does not begin with "
        "a digit, not 'b-c'\n"
        "platform:6:15: 'source' must be an action such as {prometheus: up}, not 'x'"},
    {MONITOR "metrics:\n  a: {source: {prometheus: x}, unit: second, warning: '> 5%', warn: 1}\n",
        "platform:4:38: 'unit' must be percent, ratio, seconds, bytes or count, not 'second'\n"
        "platform:4:63: unknown key 'warn' in a metric; did you mean 'warning'?"},
    {MONITOR
        "metrics:\n  a: {source: {prometheus: x}, baseline: 5, warning: 'x', critical: '5..1'}\n",
        "platform:4:42: 'baseline': '5' is not a threshold: it must be a comparison such as '> 5' "
        "or a range such as '1..5' or '!1..5'\n"
        "platform:4:54: 'warning': 'x' is not a threshold: there is no number at 'x'\n"
        "platform:4:69: 'critical': '5..1' is not a threshold: the range's lower end is over its "
        "upper end"},
    {MONITOR
        "metrics:\n  a: {source: {kubectl: delete pod x}, value: exit}\n  b: {source: {kubectl: "
        "get pods}}\n  c: {source: {exec: x}, value: exit}\n",
        "platform:4:15: a metric's source must only read, but this would destroy something\n"
        "platform:5:3: the result of kubectl has no 'value': say with 'value:' which number it is"},
    {MONITOR
        "metrics:\n  a: {source: {prometheus: 'x[${window}]'}, value: valeu * 100, runbook: z}\n",
        "platform:4:33: no such variable: 'window'\n"
        "platform:4:52: no such variable: 'valeu'; did you mean 'value'?\n"
        "platform:4:74: there is no runbook 'z'; did you mean 'x'?"},
    {MONITOR "metrics:\n  a: {source: {prometheus: x}, value: results.a.value + metrics.a.value}\n",
        "platform:4:39: no such variable: 'results'; the result of prometheus has value and "
        "series"},
    {MONITOR "metrics:\n  a: {source: {prometheus: x, target: c}}\n  b: {source: {prometheus: x, "
             "expect: y}}\n  c: {source: {promethes: x}}\n  d: {source: {target: m}}\n",
        "platform:4:39: the target 'c' is for kubectl, not for prometheus\n"
        "platform:5:31: unknown key 'expect' in a metric's source; did you mean 'exec'?\n"
        "platform:6:16: unknown key 'promethes' in a metric's source; did you mean 'prometheus'?\n"
        "platform:7:15: there is nothing to do here: one key must be kubectl, http, postgres, "
        "redis, s3, prometheus, metrics, dns, tcp, tls, exec, shell, manual, notify or runbook"},
    /* people and places */
    {HEAD "contacts:\n  a: x\n  b: {phone: [1]}\nalerts:\n  - {alert: A, severity: critical, "
          "contact: c}\n  - {severity: no}\nescalation:\n  - {level: one, contact: b}\n  - {level: "
          "1}\n",
        "platform:3:6: a contact must be a map such as {title: …, phone: …}, not text\n"
        "platform:4:14: how to reach a contact must be text, not a list\n"
        "platform:6:45: there is no contact 'c'; did you mean 'b'?\n"
        "platform:7:5: an alert needs 'alert' (the alert's name)\n"
        "platform:7:16: 'severity' must be critical, warning or info, not 'no'\n"
        "platform:9:13: 'level' must be a whole number from 0 to 999999999, not 'one'\n"
        "platform:10:5: a level of escalation needs 'contact' (whom to call, a key of contacts)"},
    {HEAD "alerts:\n  - {alert: A, severity: info, runbook: y}\n",
        "platform:3:41: there is no runbook 'y'; did you mean 'x'?"},
    {HEAD "contacts: {b: {}}\nescalation:\n"
          "  - {level: 1, contact: b, runbooks: [x, y], severity: high}\n  - {level: 0, contact: "
          "b}\n",
        "platform:4:42: there is no runbook 'y'; did you mean 'x'?\n"
        "platform:4:56: 'severity' must be critical, warning or info, not 'high'\n"
        "platform:5:13: levels count from 1: this one would never be called"},
    {HEAD "links: {a: example.org, b: 'https://x y', c: [x]}\n",
        "platform:2:12: a link must be a URL such as https://…, not 'example.org'\n"
        "platform:2:28: a link must be a URL such as https://…, not 'https://x y'\n"
        "platform:2:46: a link must be a URL such as https://…, not a list"},
    /* channels */
    {HEAD "channels:\n  slack: {}\n  chat: {webhook: 'http://x'}\n  c: {kind: slak}\n  d: x\n",
        "platform:3:10: the channel 'slack' (slack) needs 'webhook' (the address of the incoming "
        "webhook)\n"
        "platform:4:9: the channel 'chat' must say what it is with 'kind': slack, pagerduty, "
        "statuspage, webhook, mail, ping (only one that is called like its kind need not)\n"
        "platform:5:13: there is no kind of channel 'slak'; did you mean 'slack'?\n"
        "platform:6:6: a channel must be a map such as {webhook: …}, not text"},
    {HEAD "channels:\n  slack: {webhook: 'ftp://x', on: [run.started, finished], severity: bad}\n"
          "  ping: {url: 'http://x', runs: some, on: failed}\n",
        "platform:3:20: 'ftp://x' is no URL: it must begin with http:// or https://\n"
        "platform:3:49: there is no event to be told of 'finished'\n"
        "platform:3:70: 'severity' must be critical, warning or info, not 'bad'\n"
        "platform:4:39: unknown key 'on' in the channel 'ping' (ping); it may have kind, severity, "
        "url, runs"},
    {HEAD "channels:\n  mail: {smtp: 'http://x', from: a, to: [b@x.org, '${vars.x}', 'c d'], "
          "starttls: maybe, password: p}\n",
        "platform:3:16: 'http://x' is no mail server: it must begin with smtp:// or smtps://\n"
        "platform:3:34: 'a' is no address such as ops@example.org\n"
        "platform:3:59: 'vars' has no field 'x'\n"
        "platform:3:64: 'c d' is no address such as ops@example.org\n"
        "platform:3:82: 'starttls' must be required, try or never, not 'maybe'\n"
        "platform:3:99: a password without a 'user'"},
    {HEAD "channels:\n  webhook: {url: 'http://x', method: GET, headers: {'a b': c}, "
          "json: {a: '${message.txt}', b: ['${results.x}']}}\n",
        "platform:3:38: 'method' must be POST, PUT or PATCH, not 'GET'\n"
        "platform:3:53: 'a b' is no name of a header\n"
        "platform:3:85: 'message' has no field 'txt'; did you mean 'text'?\n"
        "platform:3:99: no such variable: 'results'"},
    {HEAD "secrets: [A, b c]\nchannels: {s: {kind: webhook, url: '${evn.X}'}}\n",
        "platform:2:14: a secret is the name of an environment variable, not 'b c'\n"
        "platform:3:39: no such variable: 'evn'; did you mean 'env'?"},
};

static void each_mistake_has_its_place(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++)
		wrong += !case_says(mistakes[i].yaml, "runbook: x\nsteps: [{step: S, manual: x}]\n",
		    NULL, mistakes[i].problems);
	assert_int_equal(wrong, 0);
}

static const char whole[] =
    "platform: flight-search\n"
    "metrics:\n"
    "  rate:\n"
    "    title: Error rate\n"
    "    unit: percent\n"
    "    source: {prometheus: 'rate[${window}]', timeout: 5s}\n"
    "    value: 100.0 * value\n"
    "    baseline: \"< 0.1%\"\n"
    "    warning: \"> 1%\"\n"
    "    critical: \"> 5%\"\n"
    "    runbook: alias\n"
    "  conns: {source: {postgres: SELECT 1, target: spare}}\n"
    "vars: {window: 5m}\n"
    "targets:\n"
    "  db: {postgres: dbname=x, tunnel: svc/postgres:5432}\n"
    "  spare: {postgres: dbname=y}\n"
    "  monitor: {prometheus: 'http://p'}\n"
    "alerts:\n"
    "  - {alert: High, severity: critical, respond_within: 5m, action: Scale, runbook: x,\n"
    "     contact: dba, match: {job: a}}\n"
    "contacts: {dba: {title: DBA, phone: +1-555, ext: 0123}}\n"
    "escalation:\n"
    "  - {level: 1, covers: all, contact: dba, after: 30m}\n"
    "  - {level: 2, contact: dba}\n"
    "links: {grafana: https://g.example.org/x?y}\n"
    "channels: {slack: {webhook: \"${env.HOOK}\"}}\n"
    "secrets: [HOOK, PGPASSWORD]\n";

static void its_metrics(const struct platform *platform)
{
	const struct metric *rate = platform_metric(platform, "rate");

	assert_int_equal(platform->metric_count, 2);
	assert_string_equal(rate->title, "Error rate");
	assert_int_equal(rate->unit, UNIT_PERCENT);
	assert_string_equal(rate->source.target->name, "monitor");
	assert_int_equal(rate->source.timeout, 5000);
	assert_int_equal(rate->source.effect, EFFECT_READ);
	assert_non_null(rate->value.expr);
	assert_int_equal(thresholds_level(&rate->thresholds, 2), LEVEL_WARNING);
	assert_string_equal(rate->thresholds.critical.text, "> 5%");
	assert_string_equal(rate->runbook, "alias");
	assert_string_equal(platform->metrics[1].title, "conns");
	assert_string_equal(platform->metrics[1].value.text, "value");
	assert_non_null(platform->metrics[1].value.expr);
	assert_string_equal(platform->metrics[1].source.target->name, "spare");
	assert_null(platform_metric(platform, "no"));
}

static void its_people(const struct platform *platform)
{
	const json_t *dba = json_object_get(platform->contacts, "dba");

	assert_string_equal(platform->alerts[0].name, "High");
	assert_int_equal(platform->alerts[0].severity, LEVEL_CRITICAL);
	assert_int_equal(platform->alerts[0].respond_within, 300000);
	assert_string_equal(platform->alerts[0].contact, "dba");
	assert_non_null(json_object_get(platform->alerts[0].match, "job"));
	assert_string_equal(json_string_value(json_object_get(dba, "phone")), "+1-555");
	assert_string_equal(json_string_value(json_object_get(dba, "ext")), "0123");
	assert_int_equal(platform->escalation_count, 2);
	assert_int_equal(platform->escalations[0].after, 1800000);
	assert_int_equal(platform->escalations[1].level, 2);
	assert_non_null(json_object_get(platform->links, "grafana"));
	assert_int_equal(platform->secret_count, 2);
}

static void a_good_platform_becomes_a_model(void **state)
{
	struct catalog *catalog = case_good(
	    whole, "runbook: x\naliases: [alias]\nsteps: [{step: S, manual: '${window}'}]\n");
	const struct platform *platform = catalog->platform;

	(void)state;
	assert_string_equal(platform->name, "flight-search");
	assert_false(platform->broken);
	assert_string_equal(platform->targets[0].tunnel, "svc/postgres:5432");
	assert_null(json_object_get(platform->targets[0].config, "tunnel"));
	assert_null(platform->targets[1].tunnel);
	its_metrics(platform);
	its_people(platform);
	catalog_free(catalog);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_mistake_has_its_place),
	    cmocka_unit_test(a_good_platform_becomes_a_model),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
