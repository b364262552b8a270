/* Plans printed: as text, as JSON and as a script, from plans made by hand. The scripts must parse
 * (sh -n), satisfy shellcheck where it is installed, and do what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "ui/plan/sh_words.h"

static const struct adapter exec_adapter = {.name = "exec", .succeeds = "exit status 0"};
static const struct adapter manual_adapter = {.name = "manual"};
static const struct adapter shell_adapter = {.name = "shell", .literal = true};

static struct capture captures[] = {{.name = "replicas", .value = {.text = "json.spec.replicas"}}};
static struct expectation expects[] = {
    {.holds.text = "lines.size() > 0 && stdout != 'it''s'", .message = (char *)"nothing is there"}};

static struct action actions[] = {
    {.id = "look",
        .title = "what is there",
        .adapter = &exec_adapter,
        .expects = expects,
        .expect_count = 1,
        .captures = captures,
        .capture_count = 1},
    {.id = "grow",
        .adapter = &exec_adapter,
        .when = {.text = "replicas < 6 # 'quoted' $HOME"},
        .timeout = 90000,
        .retry_times = 2,
        .retry_every = 5000},
    {.id = "wait",
        .adapter = &exec_adapter,
        .until = {.text = "exit == 0"},
        .judged_by_expect = true,
        .every = 5000},
    {.id = "watch", .adapter = &exec_adapter, .hold_for = 60000, .every = 10000},
    {.id = "tell", .adapter = &manual_adapter},
    {.id = "script", .adapter = &shell_adapter, .effect = EFFECT_CHANGE},
    {.id = "remove",
        .adapter = &exec_adapter,
        .for_each = {.text = "results.look.lines"},
        .as = "pod"},
};

static struct plan_action planned[] = {
    {.action = &actions[0], .id = "look", .command = (char *)"kubectl get pods"},
    {.action = &actions[1],
        .id = "grow",
        .effect = EFFECT_CHANGE,
        .command = (char *)"kubectl scale deployment x '--replicas=${replicas}'"},
    {.action = &actions[2], .id = "wait", .command = (char *)"kubectl get pods"},
    {.action = &actions[3],
        .id = "watch",
        .command = (char *)"curl -sS --fail 'https://${host}/a?b=c&d=${env.TOKEN_ID}'"},
    {.action = &actions[4],
        .id = "tell",
        .command = (char *)"Update the page\nTell 'Slack'; rm -rf /"},
    {.action = &actions[5],
        .id = "script",
        .effect = EFFECT_CHANGE,
        .command = (char *)"sh -eu -c 'echo \"${backend}\"\necho it'\\''s done'"},
    {.action = &actions[6],
        .id = "remove",
        .effect = EFFECT_DESTROY,
        .command = (char *)"cd /opt/dr && kubectl delete pod '${pod.metadata.name}'"},
};

static struct step models[] = {
    {.id = "first"},
    {.id = "second", .when = {.text = "metrics.cpu.level == \"warning\""}},
    {.id = "third"},
    {.id = "broken"},
    {.id = "last"},
};

static struct plan_step steps[] = {
    {.step = &models[0],
        .id = "first",
        .title = "Look; $(reboot)",
        .budget = 120000,
        .selected = true,
        .actions = &planned[0],
        .action_count = 1},
    {.step = &models[1],
        .id = "second",
        .title = "Scale",
        .budget = 60000,
        .selected = true,
        .actions = &planned[1],
        .action_count = 3},
    {.step = &models[2],
        .id = "third",
        .title = "Not now",
        .budget = 60000,
        .actions = &planned[0],
        .action_count = 1},
    {.step = &models[3],
        .id = "broken",
        .title = "Call",
        .budget = 60000,
        .selected = true,
        .section = SECTION_ON_FAILURE,
        .actions = &planned[4],
        .action_count = 1},
    {.step = &models[4],
        .id = "last",
        .title = "Clean up",
        .budget = 60000,
        .selected = true,
        .section = SECTION_ALWAYS,
        .actions = &planned[5],
        .action_count = 2},
};

static struct platform platform = {.name = (char *)"flight-search"};
static const struct catalog catalog = {.platform = &platform};
static const struct runbook runbook = {
    .name = (char *)"r", .title = (char *)"A title\nover lines", .severity = LEVEL_CRITICAL};

static struct plan *make_plan(struct plan *plan)
{
	*plan = (struct plan){
	    .catalog = &catalog,
	    .runbook = &runbook,
	    .vars = json_pack("{s:s, s:s}", "backend", "flight search's", "quoted", "a\"b$c"),
	    .redact = redact_new(),
	    .steps = steps,
	    .step_count = COUNT_OF(steps),
	};
	return plan;
}

static void drop_plan(struct plan *plan)
{
	json_decref(plan->vars);
	redact_free(plan->redact);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void text_shows_everything(void **state)
{
	const struct look look = {0};
	struct plan plan;
	struct buf out;

	(void)state;
	buf_init(&out, UI_TEXT_MAX);
	print_plan_text(&out, make_plan(&plan), &look);
	has(out.data, "Dry run of r on flight-search: nothing is executed");
	has(out.data, " 1. Look; $(reboot) (budget 2m)  [first]\n");
	has(out.data, "    read     kubectl get pods\n");
	has(out.data, "for: what is there");
	has(out.data, "expect: exit status 0, and lines.size() > 0");
	has(out.data, "else: nothing is there");
	has(out.data, "capture: replicas = json.spec.replicas");
	has(out.data, "when: metrics.cpu.level == \"warning\"");
	has(out.data, "    change   kubectl scale deployment x '--replicas=${replicas}'\n");
	has(out.data, "retry: 2 more times, every 5s");
	has(out.data, "timeout: 1m30s");
	has(out.data, "until: exit == 0");
	has(out.data, "hold for: 1m");
	has(out.data, " 3. Not now (budget 1m): left out\n");
	has(out.data, "When a change, or what must not fail, has failed\n");
	has(out.data,
	    "    person   [ ] Update the page\n             [ ] Tell 'Slack'; rm -rf /\n");
	has(out.data, "    DESTROY  cd /opt/dr && kubectl delete pod '${pod.metadata.name}'\n");
	has(out.data, "for each: results.look.lines as pod");
	has(out.data, "In all: 3 reads, 2 changes, 1 destroy, 1 left to people; budget 4m.");
	assert_null(strchr(out.data, '\x1b'));
	drop_plan(&plan);
	buf_release(&out);
}

static void json_is_the_plan(void **state)
{
	struct plan plan;
	struct buf out;
	json_t *root, *step;

	(void)state;
	buf_init(&out, UI_TEXT_MAX);
	print_plan_json(&out, make_plan(&plan));
	root = json_loads(out.data, 0, NULL);
	assert_non_null(root);
	assert_string_equal(json_string_value(json_object_get(root, "runbook")), "r");
	assert_int_equal(json_array_size(json_object_get(root, "steps")), COUNT_OF(steps));
	step = json_array_get(json_object_get(root, "steps"), 1);
	assert_string_equal(json_string_value(json_object_get(step, "id")), "second");
	assert_int_equal(
	    json_integer_value(json_object_get(json_object_get(root, "totals"), "changes")), 2);
	json_decref(root);
	drop_plan(&plan);
	buf_release(&out);
}

/* Run a program with TEXT as a file; its exit status. */
static int run_with(const char *const *argv, const char *text, char path[32])
{
	int fd, status;
	pid_t pid;

	memcpy(path, "/tmp/fsops-plan-XXXXXX", 23);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	pid = fork();
	if (pid == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	return WEXITSTATUS(status);
}

static void scripts_are_accepted(void **state)
{
	char path[32];
	const char *const parse[] = {"sh", "-n", path, NULL};
	const char *const check[] = {"shellcheck", "-s", "sh", path, NULL};
	struct plan plan;
	struct buf out;
	int status;

	(void)state;
	buf_init(&out, UI_TEXT_MAX);
	print_plan_sh(&out, make_plan(&plan));
	if (getenv("SHOW"))
		fputs(out.data, stderr);
	assert_int_equal(run_with(parse, out.data, path), 0);
	status = run_with(check, out.data, path);
	if (status != 127 && status != 0)
		fail_msg("shellcheck says %d to:\n%s", status, out.data);
	drop_plan(&plan);
	buf_release(&out);
}

static void scripts_ask_for_what_is_not_known(void **state)
{
	struct plan plan;
	struct buf out;

	(void)state;
	buf_init(&out, UI_TEXT_MAX);
	print_plan_sh(&out, make_plan(&plan));
	has(out.data, "\nreplicas=\n");
	has(out.data, "ask 'replicas, that is json.spec.replicas:'");
	has(out.data, "change grow kubectl scale deployment x --replicas=\"${replicas}\"\n");
	has(out.data, "look watch curl -sS --fail https://\"${host}\"'/a?b=c&d='\"${TOKEN_ID:?}\"");
	has(out.data,
	    "while next 'pod of results.look.lines'; do\n\t\t[ -n \"$v_pod_metadata_name\" ]");
	has(out.data, "\t\tv_pod_metadata_name=\n\tdone\n");
	has(out.data, "if confirm_destroy; then");
	has(out.data, "export backend='flight search'\\''s'");
	has(out.data, "'== Step 1 of 5: Look; $(reboot) (budget 2m)'");
	drop_plan(&plan);
	buf_release(&out);
}

static const struct {
	const char *in;
	const char *out;
} words[] = {
    {"kubectl get pods", "kubectl get pods"},
    {"echo '${a_b}'", "echo \"${a_b}\""},
    {"echo 'x ${one} y'", "echo 'x '\"${one}\"' y'"},
    {"echo '${results.x.json[0].y}'", "echo \"${v_results_x_json_0_y}\""},
    {"echo '${m['\\''k'\\'']}'", "echo \"${v_m_k}\""},
    {"echo '${env.HOME}'", "echo \"${HOME:?}\""},
    {"echo ''", "echo ''"},
    {"echo 'it'\\''s'", "echo 'it'\\''s'"},
    {"a \"b ${host} c\"", "a \"b ${host} c\""},
    {"echo ${label}", "echo \"${label}\""},
    {"echo '${answer}'", "echo \"${v_answer}\""},
    {"echo '${open'", "echo '${open'"},
    {"awk '{print $1}'", "awk '{print $1}'"},
};

static void holes_become_variables(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		struct sh_names names = {0};
		struct buf out;

		buf_init(&out, BUF_TEXT_MAX);
		sh_add_command(&out, &names, words[i].in);
		assert_string_equal(out.data, words[i].out);
		sh_names_release(&names);
		buf_release(&out);
	}
}

static void names_are_unique(void **state)
{
	struct sh_names names = {0};
	char *first = mem_text(sh_name_of(&names, "a.b", 3)->name);

	(void)state;
	assert_string_equal(first, "v_a_b");
	assert_string_not_equal(sh_name_of(&names, "a[b", 3)->name, first);
	assert_string_equal(sh_name_of(&names, " a.b ", 5)->name, first);
	free(first);
	sh_names_release(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_shows_everything),
	    cmocka_unit_test(json_is_the_plan),
	    cmocka_unit_test(scripts_are_accepted),
	    cmocka_unit_test(scripts_ask_for_what_is_not_known),
	    cmocka_unit_test(holes_become_variables),
	    cmocka_unit_test(names_are_unique),
	};

	return cmocka_run_group_tests_name("ui_plan", tests, NULL, NULL);
}
