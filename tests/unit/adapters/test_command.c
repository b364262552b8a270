/* exec and shell, and what all commands share: capture, ceilings, sentences, ending. */
#include "command_fake.h"

#include <sys/resource.h>
#include <unistd.h>

#include "adapters/command/clip.h"
#include "adapters/command/command.h"

extern const struct adapter adapter_exec, adapter_shell;

static struct loop *loop;
static struct children *children;

static int begin(void **state)
{
	(void)state;
	loop = loop_new(&clock_system);
	children = children_new(loop, NULL);
	return children ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	children_free(children);
	loop_free(loop);
	return 0;
}

static void run_trial(struct trial *trial, const char *wants)
{
	trial->call.loop = loop;
	trial->call.children = children;
	trial->engine.wants = wants;
	trial_start(trial);
	loop_run(loop);
	assert_int_equal(trial->engine.outcomes, 1);
	assert_int_equal(trial->engine.gone, 0);
}

static void run(
    struct trial *trial, const struct adapter *adapter, const char *yaml, const char *wants)
{
	trial_set(trial, adapter, yaml);
	run_trial(trial, wants);
}

static void check_why(const char *yaml, const char *wants, const char *expected)
{
	struct trial trial;

	run(&trial, &adapter_shell, yaml, wants);
	assert_string_equal(trial.engine.why, expected);
	trial_release(&trial);
}

/* The clip. */

static char *clipped(size_t head, size_t tail, const char *text, size_t step)
{
	struct clip clip;
	json_t *json;
	char *result;

	clip_init(&clip, head, tail);
	for (size_t i = 0; i < strlen(text); i += step)
		clip_add(&clip, text + i, strlen(text + i) < step ? strlen(text + i) : step);
	json = clip_text(&clip);
	result = mem_text(json_string_value(json));
	json_decref(json);
	clip_release(&clip);
	return result;
}

static void head_and_tail(void **state)
{
	static const struct {
		const char *text;
		const char *expected; /* of 4 bytes at each end */
	} cases[] = {
	    {"", ""},
	    {"abcd", "abcd"},
	    {"abcde", "abcde"},
	    {"abcdefgh", "abcdefgh"},
	    {"abcdefghi", "abcd\n… 1 bytes left out …\nfghi"},
	    {"abcdefghijklmnopqrstuvwxyz", "abcd\n… 18 bytes left out …\nwxyz"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t step = 1; step < 30; step++) {
			char *got = clipped(4, 4, cases[i].text, step);

			assert_string_equal(got, cases[i].expected);
			free(got);
		}
}

/* Results. */

static void a_plain_result(void **state)
{
	struct trial trial;
	json_t *expected = json_pack(
	    "{s:i, s:s, s:s, s:b}", "exit", 0, "stdout", "a b\n", "stderr", "", "truncated", 0);

	(void)state;
	run(&trial, &adapter_exec, "echo 'a b'", NULL);
	assert_true(json_equal(trial.engine.result, expected));
	assert_string_equal(trial.engine.why, "");
	assert_string_equal(trial.engine.output.data, "a b\n");
	json_decref(expected);
	trial_release(&trial);
}

static void lines_and_json(void **state)
{
	struct trial trial;
	json_t *lines = json_pack("[s, s, s]", "{\"a\":", "", "1}");
	json_t *json = json_pack("{s:i}", "a", 1);

	(void)state;
	run(&trial, &adapter_exec, "printf '{\"a\":\\n\\n1}'", " lines json ");
	assert_true(json_equal(json_object_get(trial.engine.result, "lines"), lines));
	assert_true(json_equal(json_object_get(trial.engine.result, "json"), json));
	json_decref(lines);
	json_decref(json);
	trial_release(&trial);
}

static void sentences(void **state)
{
	static const struct {
		const char *script;
		const char *wants;
		const char *why;
	} cases[] = {
	    {"'true'", NULL, ""},
	    {"exit 3", NULL, "exit status 3"},
	    {"echo one >&2; echo two >&2; echo >&2; exit 1", NULL, "exit status 1: two"},
	    {"kill -9 $$", NULL, "killed by signal 9 (KILL)"},
	    {"echo why >&2; kill -TERM $$", NULL, "killed by signal 15 (TERM): why"},
	    {"exit 137", NULL, "exit status 137"},
	    {"echo warning >&2", NULL, ""},
	    {"echo 3", " json ", ""},
	    {"'true'", " json ", "stdout is not JSON: it is empty"},
	    {"echo '{]'", " json ",
	        "stdout is not JSON: line 1, column 2 (byte 2): string or '}' expected near ']'"},
	    {"echo '{]'", " stdout ", ""},
	    {"echo '{]'; exit 2", " json ", "exit status 2"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		check_why(cases[i].script, cases[i].wants, cases[i].why);
}

static void bytes_that_are_no_text(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, &adapter_shell, "printf 'a\\377b'", " lines ");
	assert_string_equal(value_get_text(trial.engine.result, "stdout"), "a\xEF\xBF\xBD"
	                                                                   "b");
	trial_release(&trial);
}

static void standard_input(void **state)
{
	struct trial trial;

	(void)state;
	trial_set(&trial, &adapter_exec, "cat");
	trial.call.stdin_text = "some text";
	run_trial(&trial, NULL);
	assert_string_equal(trial.engine.output.data, "some text");
	trial_release(&trial);
}

/* Ceilings. */

static void gigabytes_do_not_grow_memory(void **state)
{
	struct rusage before, after;
	struct trial trial;

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	run(&trial, &adapter_exec, "head -c 300000000 /dev/zero", NULL);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(trial.engine.bytes, 300000000);
	assert_true(json_is_true(json_object_get(trial.engine.result, "truncated")));
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
	trial_release(&trial);
}

static void too_much_for_json(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, &adapter_shell, "while :; do head -c 1000000 /dev/zero; done", " json ");
	assert_int_equal(trial.engine.kind, ERR_LIMIT);
	assert_string_equal(trial.engine.why,
	    "stdout is over 16 MiB, the most that 'json' can be made of: ask for less (by label, "
	    "name or number of lines)");
	trial_release(&trial);
}

static void too_many_lines(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, &adapter_exec, "seq 100001", " lines ");
	assert_int_equal(trial.engine.kind, ERR_LIMIT);
	assert_non_null(strstr(trial.engine.why, "over 100000 lines"));
	trial_release(&trial);
	run(&trial, &adapter_exec, "seq 100000", " lines ");
	assert_int_equal(
	    json_array_size(json_object_get(trial.engine.result, "lines")), COMMAND_LINES_MAX);
	trial_release(&trial);
}

/* exec. */

static void forms_of_exec(void **state)
{
	static const struct {
		const char *yaml;
		const char *command;
		const char *output;
	} cases[] = {
	    {"printf '<%s>' 'a  b' \"c'd\"", "printf '<%s>' 'a  b' 'c'\\''d'", "<a  b><c'd>"},
	    {"[printf, '<%s>', '$HOME', '']", "printf '<%s>' '$HOME' ''", "<$HOME><>"},
	    {"{argv: pwd, cwd: /usr}", "(cd /usr && pwd)", "/usr\n"},
	    {"{argv: [sh, -c, 'echo $A'], env: {A: 'x y'}}", "A='x y' sh -c 'echo $A'", "x y\n"},
	    {"{argv: [sh, -c, 'pwd; echo $A'], env: {A: z}, cwd: /usr}",
	        "(cd /usr && A=z sh -c 'pwd; echo $A')", "/usr\nz\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct trial trial;
		char *command;

		run(&trial, &adapter_exec, cases[i].yaml, NULL);
		command = describe_args(&adapter_exec, trial.args, NULL);
		assert_string_equal(command, cases[i].command);
		assert_string_equal(trial.engine.output.data, cases[i].output);
		free(command);
		trial_release(&trial);
	}
}

/* Describe, read by a shell, must print what start() printed. */
static void what_is_described_is_what_runs(void **state)
{
	static const char *const cases[] = {
	    "[printf, '[%s]', 'it''s', '\"', '\\', '$x', '`id`', \"a\\nb\", '*', '#', '~', '!', "
	    "'a=b', '']",
	    "{argv: [sh, -c, 'printf \"[%s]\" \"$A\" \"$B\"'], env: {A: \"it's\\n$x\", B: ''}, "
	    "cwd: /}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct trial direct, shell;
		char *command;
		json_t *list;
		char *yaml;

		run(&direct, &adapter_exec, cases[i], NULL);
		command = describe_args(&adapter_exec, direct.args, NULL);
		list = json_pack("[s, s, s]", "sh", "-c", command);
		yaml = json_dumps(list, 0);
		run(&shell, &adapter_exec, yaml, NULL);
		assert_string_equal(shell.engine.output.data, direct.engine.output.data);
		free(command);
		free(yaml);
		json_decref(list);
		trial_release(&direct);
		trial_release(&shell);
	}
}

static void values_stay_one_word(void **state)
{
	struct trial trial;

	(void)state;
	trial_set(&trial, &adapter_exec, "printf '<%s>' ${x} ${n}");
	json_array_set_new(
	    json_object_get(trial.args, "argv"), 2, json_string("a b; rm -rf $HOME"));
	json_array_set_new(json_object_get(trial.args, "argv"), 3, json_integer(5));
	run_trial(&trial, NULL);
	assert_string_equal(trial.engine.output.data, "<a b; rm -rf $HOME><5>");
	trial_release(&trial);
}

static void a_missing_command(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, &adapter_exec, "no-such-command x", NULL);
	assert_int_equal(trial.engine.kind, ERR_SYSTEM);
	assert_string_equal(trial.engine.why,
	    "unable to run 'no-such-command': not found in PATH: install it, or add its folder to "
	    "PATH");
	trial_release(&trial);
}

static void problems_of_exec(void **state)
{
	(void)state;
	check_problem(&adapter_exec, "''", "empty");
	check_problem(&adapter_exec, "[]", "empty");
	check_problem(&adapter_exec, "{cwd: /}", "argv");
	check_problem(&adapter_exec, "{argv: ls, cdw: /}", "cwd");
	check_problem(&adapter_exec, "{argv: ls, env: {A-B: x}}", "'A-B'");
	check_problem(&adapter_exec, "{argv: ls, env: {A: [x]}}", "text");
	check_problem(&adapter_exec, "echo 'open", "quote");
}

/* shell. */

static void variables_reach_a_script(void **state)
{
	struct trial trial;

	(void)state;
	setenv("stale", "x", 1);
	trial_set(&trial, &adapter_shell, "'printf \"<%s>\" \"$name\" \"$n\" \"${stale-none}\"'");
	trial.env = json_pack(
	    "{s:s, s:i, s:s, s:n}", "name", "a'b $(id)", "n", 7, "not-a-name", "x", "stale");
	run_trial(&trial, NULL);
	assert_string_equal(trial.engine.output.data, "<a'b $(id)><7><none>");
	trial_release(&trial);
}

static void scripts_stop_at_an_error(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, &adapter_shell, "\"false\\necho on\"", NULL);
	assert_string_equal(trial.engine.why, "exit status 1");
	trial_release(&trial);
	run(&trial, &adapter_shell, "'echo $no_such_variable'", NULL);
	assert_true(json_integer_value(json_object_get(trial.engine.result, "exit")) != 0);
	trial_release(&trial);
}

static void a_script_is_described_as_it_is(void **state)
{
	struct trial trial;
	char *command;

	(void)state;
	trial_set(&trial, &adapter_shell, "'echo \"$x\" ${y}'");
	command = describe_args(&adapter_shell, trial.args, NULL);
	assert_string_equal(command, "sh -eu -c 'echo \"$x\" ${y}'");
	free(command);
	trial_release(&trial);
	check_problem(&adapter_shell, "' '", "empty");
	check_problem(&adapter_shell, "[a]", "text");
}

/* Ending. */

static void on_time(void *ctx)
{
	struct trial *trial = ctx;

	trial->call.adapter->cancel(&trial->call);
}

static void cancelled(void **state)
{
	struct trial trial;
	msec before = loop_now(loop);

	(void)state;
	trial_set(&trial, &adapter_shell, "echo begun; setsid sleep 5000.5 & sleep 5000.5");
	trial.call.loop = loop;
	trial.call.children = children;
	trial_start(&trial);
	loop_after(loop, 100, on_time, &trial);
	loop_run(loop);
	assert_int_equal(trial.engine.outcomes, 0);
	assert_int_equal(trial.engine.gone, 1);
	assert_true(loop_now(loop) - before < 2000);
	trial_release(&trial);
}

static void cancelled_while_it_is_ended_for_its_size(void **state)
{
	struct trial trial;

	(void)state;
	trial_set(&trial, &adapter_shell,
	    "trap '' TERM; head -c 20000000 /dev/zero || true; sleep 0.2; sleep 0.2; exec sleep 1");
	trial.call.loop = loop;
	trial.call.children = children;
	trial.engine.wants = " lines ";
	trial_start(&trial);
	loop_after(loop, 300, on_time, &trial);
	loop_run(loop);
	assert_int_equal(trial.engine.outcomes, 0);
	assert_int_equal(trial.engine.gone, 1);
	trial_release(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(head_and_tail),
	    cmocka_unit_test(a_plain_result),
	    cmocka_unit_test(lines_and_json),
	    cmocka_unit_test(sentences),
	    cmocka_unit_test(bytes_that_are_no_text),
	    cmocka_unit_test(standard_input),
	    cmocka_unit_test(gigabytes_do_not_grow_memory),
	    cmocka_unit_test(too_much_for_json),
	    cmocka_unit_test(too_many_lines),
	    cmocka_unit_test(forms_of_exec),
	    cmocka_unit_test(what_is_described_is_what_runs),
	    cmocka_unit_test(values_stay_one_word),
	    cmocka_unit_test(a_missing_command),
	    cmocka_unit_test(problems_of_exec),
	    cmocka_unit_test(variables_reach_a_script),
	    cmocka_unit_test(scripts_stop_at_an_error),
	    cmocka_unit_test(a_script_is_described_as_it_is),
	    cmocka_unit_test(cancelled),
	    cmocka_unit_test(cancelled_while_it_is_ended_for_its_size),
	};

	return cmocka_run_group_tests_name("command", tests, begin, end);
}
