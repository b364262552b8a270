/* dns, manual, metrics and runbook: what they ask of the engine and make of its answers; and the
 * list of all adapters. */
#include "command_fake.h"

extern const struct adapter adapter_dns, adapter_kubectl, adapter_manual, adapter_metrics,
    adapter_notify, adapter_runbook;

static struct loop *loop;

static int begin(void **state)
{
	(void)state;
	loop = loop_new(&clock_system);
	return 0;
}

static int end(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static char *described(const struct adapter *adapter, const char *yaml)
{
	struct trial trial;
	char *command;

	trial_set(&trial, adapter, yaml);
	assert_int_equal(adapter->effect(trial.args), EFFECT_READ);
	command = describe_args(adapter, trial.args, NULL);
	trial_release(&trial);
	return command;
}

static void check_command(const struct adapter *adapter, const char *yaml, const char *expected)
{
	char *command = described(adapter, yaml);

	assert_string_equal(command, expected);
	free(command);
}

/* dns. */

static void resolve(struct trial *trial, const char *yaml)
{
	trial_set(trial, &adapter_dns, yaml);
	trial->call.loop = loop;
	trial_start(trial);
	loop_run(loop);
	assert_int_equal(trial->engine.outcomes, 1);
}

static void names_become_addresses(void **state)
{
	struct trial trial;

	(void)state;
	resolve(&trial, "127.0.0.1");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(trial.engine.result, "addresses"), 0)),
	    "127.0.0.1");
	assert_string_equal(trial.engine.output.data, "127.0.0.1\n");
	assert_string_equal(trial.engine.why, "");
	trial_release(&trial);
	check_command(&adapter_dns, "example.com", "getent ahosts example.com");
	check_problem(&adapter_dns, "https://example.com", "no host name");
}

static void a_name_without_addresses(void **state)
{
	struct trial trial;

	(void)state;
	resolve(&trial, "no-such-host.invalid");
	assert_int_equal(json_array_size(json_object_get(trial.engine.result, "addresses")), 0);
	assert_memory_equal(trial.engine.why, "unable to resolve 'no-such-host.invalid': ", 42);
	trial_release(&trial);
}

static void a_question_that_is_given_up(void **state)
{
	struct trial trial;

	(void)state;
	trial_set(&trial, &adapter_dns, "localhost");
	trial.call.loop = loop;
	trial_start(&trial);
	adapter_dns.cancel(&trial.call);
	loop_run(loop);
	assert_int_equal(trial.engine.gone, 1);
	assert_int_equal(trial.engine.outcomes, 0);
	trial_release(&trial);
}

/* A host that answers at once, with what is set here. */

static struct {
	const char *text;
	const char *why;
	json_t *metrics;
	char *asked; /* what was asked, as JSON */
	void (*gone)(struct call *call);
} host_says;

static void host_ask(
    struct call *call, const json_t *checklist, void (*done)(struct call *call, const char *answer))
{
	host_says.asked = json_dumps(checklist, JSON_COMPACT);
	done(call, host_says.text);
}

static void host_measure(struct call *call, const json_t *names,
    void (*done)(struct call *call, const char *level, const json_t *metrics))
{
	host_says.asked = json_dumps(names, JSON_COMPACT);
	done(call, host_says.text, host_says.metrics);
}

static void host_run(struct call *call, const char *name, const json_t *vars,
    void (*done)(struct call *call, const char *level, const char *why))
{
	char *text = json_dumps(vars, JSON_COMPACT);

	host_says.asked = mem_printf("%s %s", name, text);
	free(text);
	done(call, host_says.text, host_says.why);
}

static void host_notify(struct call *call, const json_t *asked,
    void (*done)(struct call *call, const json_t *channels, const char *why))
{
	host_says.asked = json_dumps(asked, JSON_COMPACT | JSON_SORT_KEYS);
	done(call, host_says.metrics, host_says.why);
}

static void host_give_up(struct call *call, void (*gone)(struct call *call))
{
	gone(call);
}

static const struct call_host host = {
    .ask = host_ask,
    .measure = host_measure,
    .run = host_run,
    .notify = host_notify,
    .give_up = host_give_up,
};

static void ask_host(struct trial *trial, const struct adapter *adapter, const char *yaml)
{
	trial_set(trial, adapter, yaml);
	trial->call.loop = loop;
	trial->call.host = &host;
	trial_start(trial);
	assert_int_equal(trial->engine.outcomes, 1);
}

/* RESULT is JSON; WHY "" when all is as it should be. */
static void check_host(const struct adapter *adapter, const char *yaml, const char *asked,
    const char *result, const char *why)
{
	struct trial trial;
	char *text;

	ask_host(&trial, adapter, yaml);
	text = json_dumps(trial.engine.result, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(host_says.asked, asked);
	assert_string_equal(text, result);
	assert_string_equal(trial.engine.why, why);
	free(text);
	free(host_says.asked);
	trial_release(&trial);
}

static void people_answer(void **state)
{
	(void)state;
	host_says.text = "done";
	check_host(&adapter_manual, "Call them", "[\"Call them\"]", "{\"done\":true}", "");
	host_says.text = "no";
	check_host(
	    &adapter_manual, "[a, b]", "[\"a\",\"b\"]", "{\"done\":false}", "a person answered no");
	host_says.text = "skip";
	check_host(&adapter_manual, "a", "[\"a\"]", "{\"done\":false,\"skipped\":true}", "");
	host_says.text = NULL;
	check_host(&adapter_manual, "a", "[\"a\"]", "{\"done\":false,\"left\":true}", "");
}

static void work_by_hand_is_a_comment(void **state)
{
	(void)state;
	check_command(&adapter_manual, "Call them", "# by hand: Call them");
	check_command(&adapter_manual, "[a, \"b\\nrm -rf /\\r\\n\\nc\"]",
	    "# by hand: a\n# by hand: b\n#   rm -rf /\n#   c");
	check_problem(&adapter_manual, "[]", "empty");
	check_problem(&adapter_manual, "{a: b}", "text");
	check_problem(&adapter_manual, "[a, [b]]", "text");
}

static void metrics_are_measured(void **state)
{
	(void)state;
	host_says.text = "critical";
	host_says.metrics =
	    json_pack("[{s:s, s:s, s:f, s:s}, {s:s, s:s, s:f, s:s}, {s:s, s:s, s:n, "
	              "s:s, s:s}]",
	        "name", "error_rate", "unit", "percent", "value", 8.1, "level", "critical", "name",
	        "cpu", "unit", "percent", "value", 20.0, "level", "info", "name", "up", "unit",
	        "count", "value", "level", "unknown", "error", "no data");
	check_host(&adapter_metrics, "all", "[]",
	    "{\"cpu\":\"info\",\"error_rate\":\"critical\",\"level\":\"critical\",\"up\":"
	    "\"unknown\"}",
	    "error_rate is critical (8.1 %), up is unknown (no data)");
	json_decref(host_says.metrics);
	host_says.text = "ok";
	host_says.metrics = json_pack("[{s:s, s:s, s:f, s:s}]", "name", "cpu", "unit", "percent",
	    "value", 20.0, "level", "ok");
	check_host(&adapter_metrics, "[cpu]", "[\"cpu\"]", "{\"cpu\":\"ok\",\"level\":\"ok\"}", "");
	json_decref(host_says.metrics);
	check_command(&adapter_metrics, "all", "fsops check");
	check_command(&adapter_metrics, "[cpu, memory]", "fsops check cpu memory");
	check_problem(&adapter_metrics, "[]", "empty");
}

static void runbooks_inside_runbooks(void **state)
{
	(void)state;
	host_says.text = "ok";
	host_says.why = NULL;
	check_host(&adapter_runbook, "daily", "daily {}", "{\"level\":\"ok\"}", "");
	host_says.text = "critical";
	host_says.why = "step 2 failed";
	check_host(&adapter_runbook, "{name: daily, vars: {n: 3}}", "daily {\"n\":3}",
	    "{\"level\":\"critical\"}", "step 2 failed");
	check_command(&adapter_runbook, "{name: daily, vars: {n: 3, who: it's me}}",
	    "fsops run daily --var n=3 --var 'who=it'\\''s me'");
	check_problem(&adapter_runbook, "{vars: {}}", "name");
	check_problem(&adapter_runbook, "{name: a, vras: {}}", "vars");
}

static void people_are_told(void **state)
{
	(void)state;
	host_says.metrics = json_pack("{s:s}", "slack", "delivered");
	host_says.why = NULL;
	check_host(&adapter_notify, "{to: slack, text: down}",
	    "{\"text\":\"down\",\"to\":\"slack\"}",
	    "{\"channels\":{\"slack\":\"delivered\"},\"status\":\"delivered\"}", "");
	host_says.why = "channel 'slack': status 403";
	check_host(&adapter_notify, "{to: [slack, b], text: up, action: resolve}",
	    "{\"action\":\"resolve\",\"text\":\"up\",\"to\":[\"slack\",\"b\"]}",
	    "{\"channels\":{\"slack\":\"delivered\"},\"level\":\"warning\",\"status\":\"not "
	    "delivered\"}",
	    "channel 'slack': status 403");
	json_decref(host_says.metrics);
	host_says.metrics = NULL;
	host_says.why = NULL;
	check_host(&adapter_notify, "{to: slack, text: x}", "{\"text\":\"x\",\"to\":\"slack\"}",
	    "{\"reason\":\"a check tells nobody\",\"skipped\":true,\"status\":\"not sent\"}", "");
	check_command(&adapter_notify, "{to: [slack, b], text: \"it's down\"}",
	    ": notify slack b 'it'\\''s down'");
	check_problem(
	    &adapter_notify, "slack", "must be a map such as {to: slack, text: …}, not text");
	check_problem(&adapter_notify, "{to: slack}", "needs 'text'");
	check_problem(&adapter_notify, "{to: slack, text: x, action: open}",
	    "'action' must be trigger, acknowledge or resolve, not 'open'");
}

static void giving_up_is_passed_on(void **state)
{
	static const struct adapter *const some[] = {
	    &adapter_manual, &adapter_metrics, &adapter_runbook};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(some); i++) {
		struct trial trial;

		trial_set(&trial, some[i], "all");
		trial.call.host = &host;
		trial.call.engine = &trial.engine;
		some[i]->cancel(&trial.call);
		assert_int_equal(trial.engine.gone, 1);
		trial_release(&trial);
	}
}

/* The list. */

static void every_adapter_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; adapters[i]; i++) {
		const struct adapter *adapter = adapters[i];

		assert_true(adapter_find(adapter->name) == adapter);
		assert_non_null(adapter->help);
		assert_non_null(adapter->forms);
		assert_non_null(adapter->fields);
		assert_true(adapter->fields[0].name && adapter->fields[0].help);
		assert_true(adapter->parse && adapter->effect && adapter->describe);
		assert_true(adapter->start && adapter->cancel && adapter->release);
		if (adapter->target_kind)
			assert_non_null(adapter_for_target(adapter->target_kind));
	}
	assert_null(adapter_find("notfy"));
	assert_null(adapter_for_target("exec"));
	assert_true(adapter_for_target("kubectl") == &adapter_kubectl);
	assert_string_equal(effect_name(EFFECT_DESTROY), "destroy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_become_addresses),
	    cmocka_unit_test(a_name_without_addresses),
	    cmocka_unit_test(a_question_that_is_given_up),
	    cmocka_unit_test(people_answer),
	    cmocka_unit_test(work_by_hand_is_a_comment),
	    cmocka_unit_test(metrics_are_measured),
	    cmocka_unit_test(runbooks_inside_runbooks),
	    cmocka_unit_test(people_are_told),
	    cmocka_unit_test(giving_up_is_passed_on),
	    cmocka_unit_test(every_adapter_is_complete),
	};

	return cmocka_run_group_tests_name("host_adapters", tests, begin, end);
}
