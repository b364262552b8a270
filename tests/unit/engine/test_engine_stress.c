/*
 * The engine under random runbooks, answers and signals: whatever comes together, a run ends, what
 * has begun is told to have ended once, nothing that failed is ok, and nothing is left behind.
 * FSOPS_STRESS_RUNS and FSOPS_STRESS_SEED make more of it.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fsops/mem.h"
#include "fsops/run.h"
#include "fsops/value.h"

#define RUNS_DEFAULT 24

/* ---- chance ---- */

static uint64_t chance;

static unsigned below(unsigned limit)
{
	chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(chance >> 33) % limit;
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

/* ---- a person without a plan, and a signal at some time ---- */

struct person {
	struct asker asker;
	struct loop *loop;
	struct loop_timer *timer;
	enum question_kind kind;
	answer_fn *fn;
	void *ctx;
};

static void answer_now(void *ctx)
{
	static const enum answer change[] = {ANSWER_YES, ANSWER_YES, ANSWER_SKIP, ANSWER_ABORT};
	static const enum answer failed[] = {ANSWER_RETRY, ANSWER_SKIP, ANSWER_SKIP, ANSWER_ABORT};
	static const enum answer manual[] = {ANSWER_YES, ANSWER_NO, ANSWER_SKIP, ANSWER_ABORT};
	struct person *person = ctx;
	const enum answer *answers = person->kind == QUESTION_FAILED   ? failed
	                             : person->kind == QUESTION_MANUAL ? manual
	                                                               : change;

	person->timer = NULL;
	person->fn(person->ctx, answers[below(4)]);
}

static void person_ask(
    struct asker *asker, const struct question *question, answer_fn *fn, void *ctx)
{
	struct person *person = (struct person *)asker;

	assert_null(person->timer); /* one question at a time */
	person->kind = question->kind;
	person->fn = fn;
	person->ctx = ctx;
	person->timer = loop_after(person->loop, below(60), answer_now, person);
}

static void person_withdraw(struct asker *asker)
{
	struct person *person = (struct person *)asker;

	loop_cancel(person->timer);
	person->timer = NULL;
}

static void person_close(struct asker *asker)
{
	person_withdraw(asker);
	free(asker);
}

static const struct asker_ops person_ops = {
    .ask = person_ask, .withdraw = person_withdraw, .close = person_close};

static struct asker *person_new(struct loop *loop, void *ctx)
{
	struct person *person = mem_alloc(sizeof(*person));

	(void)ctx;
	person->asker.ops = &person_ops;
	person->loop = loop;
	return &person->asker;
}

static void interrupt(void *ctx)
{
	(void)ctx;
	raise(one_in(2) ? SIGINT : SIGTERM);
}

static void interrupt_some_time(struct loop *loop, struct children *children, void *ctx)
{
	(void)children;
	(void)ctx;
	if (loop)
		loop_after(loop, below(250), interrupt, NULL);
}

/* ---- a runbook ---- */

static void add_command(struct buf *out)
{
	static const char *const commands[] = {
	    "exec: 'true'",
	    "exec: 'false'",
	    "exec: sleep 0.03",
	    "exec: [sleep, '${wait}']",
	    "exec: no-such-command",
	    "shell: 'echo out; echo err >&2; exit 3'",
	    "shell: 'trap \"\" TERM; sleep 0.02'",
	    "shell: 'setsid sleep 0.05 & sleep 0.3'",
	    "shell: 'echo \"[1, 2, 3]\"'",
	    "exec: 'echo ${[1][size(wait)]}'",
	};

	buf_adds(out, commands[below(COUNT_OF(commands))]);
}

/* What is repeated of a change is only the look at it. */
static void add_until(struct buf *out, bool read)
{
	buf_adds(out, ", until: exit == 0, every: 7ms");
	if (read)
		return;
	buf_adds(out, ", look: {");
	add_command(out);
	buf_addf(out, "%s}", one_in(3) ? ", timeout: 20ms" : "");
}

static void add_action(struct buf *out, unsigned number, bool nested)
{
	bool read = below(3);

	buf_addf(out, "      - {id: a%u, ", number);
	if (one_in(12)) {
		buf_addf(out, "manual: look%s}\n", one_in(3) ? ", timeout: 20ms" : "");
		return;
	}
	if (nested && one_in(10)) {
		buf_addf(out, "runbook: inner%s}\n", one_in(3) ? ", timeout: 40ms" : "");
		return;
	}
	add_command(out);
	buf_addf(out, ", effect: %s", read ? "read" : one_in(4) ? "destroy" : "change");
	if (one_in(4))
		buf_addf(out, ", timeout: %ums", 5 + below(80));
	if (one_in(6))
		buf_adds(out, ", retry: {times: 2, every: 5ms}");
	if (one_in(8))
		add_until(out, read);
	else if (one_in(8))
		buf_adds(out, ", expect: exit == 3");
	else if (read && one_in(8))
		buf_adds(out, ", expect: exit == 0, hold_for: 20ms, every: 5ms");
	if (one_in(6))
		buf_adds(out, ", for_each: '[1, 2, 3]'");
	if (one_in(6))
		buf_adds(out, ", when: 'run.check == false'");
	if (one_in(6))
		buf_addf(out, ", capture: {c%u: {value: 'stdout', secret: %s}}", below(3),
		    one_in(2) ? "true" : "false");
	if (one_in(8))
		buf_addf(out, ", on_failure: %s", one_in(2) ? "stop" : "continue");
	buf_adds(out, "}\n");
}

static void add_section(
    struct buf *out, const char *name, unsigned steps, unsigned *number, bool nested)
{
	if (steps)
		buf_addf(out, "%s:\n", name);
	for (unsigned s = 0; s < steps; s++) {
		buf_addf(out, "  - step: Step %u\n    budget: %ums\n", *number, 30 + below(300));
		if (one_in(5))
			buf_adds(out, "    sequential: true\n");
		if (one_in(6))
			buf_addf(out, "    for_each: '[%s]'\n", one_in(4) ? "" : "1, 2");
		if (*number && one_in(8))
			buf_adds(out, "    when: 'has(results.a0)'\n");
		buf_adds(out, "    actions:\n");
		for (unsigned a = 1 + below(4); a > 0; a--)
			add_action(out, (*number)++, nested);
	}
}

static char *random_runbook(const char *name)
{
	struct buf out;
	unsigned number = 0;
	bool nested = strcmp(name, "book") == 0;

	buf_init(&out, BUF_TEXT_MAX);
	buf_addf(&out, "runbook: %s\ntitle: Book\nseverity: info\nvars: {wait: '0.%02u'}\n", name,
	    below(20));
	add_section(&out, "steps", 1 + below(3), &number, nested);
	add_section(&out, "on_failure", below(2), &number, nested);
	add_section(&out, "always", below(2), &number, nested);
	return buf_detach(&out);
}

/* ---- what is looked at ---- */

struct watcher {
	struct sink sink;
	json_t *open;  /* what has begun and not ended: "step/action/item/step's item" */
	bool contrary; /* something ended twice, or did not begin */
	bool bad;      /* something failed that counts */
	json_int_t seq;
};

static char *key_of(const json_t *event)
{
	char *item = value_to_text(json_object_get(event, "item"));
	char *round = value_to_text(json_object_get(event, "step_item"));
	const char *action = value_get_text(event, "action");
	char *key = mem_printf("%s/%s/%s/%s", value_get_text(event, "step"), action ? action : "",
	    action ? item : "", action ? round : "");

	free(item);
	free(round);
	return key;
}

static void watch(struct sink *sink, const json_t *event)
{
	struct watcher *watcher = (struct watcher *)sink;
	const char *type = value_get_text(event, "type");
	const char *outcome = value_get_text(event, "outcome");
	char *key = key_of(event);

	watcher->contrary |= json_integer_value(json_object_get(event, "seq")) != ++watcher->seq;
	if (strstr(type, ".started") && !strstr(type, "run."))
		watcher->contrary |= json_object_get(watcher->open, key) != NULL,
		    json_object_set_new(watcher->open, key, json_true());
	if (strcmp(type, "step.finished") == 0)
		watcher->contrary |= json_object_get(watcher->open, key) == NULL;
	if (strstr(type, ".finished")) {
		json_object_del(watcher->open, key);
		watcher->contrary |= outcome == NULL;
		watcher->bad |= strcmp(outcome, "failed") == 0 || strcmp(outcome, "timed_out") == 0;
	}
	free(key);
}

static void watcher_close(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops watcher_ops = {
    .event = watch, .close = watcher_close, .as_it_happens = true};

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

/* ---- one run ---- */

static char folder[] = "/tmp/fsops-test-stress-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void one_run(uint64_t seed)
{
	struct catalog_paths where = {.runbooks = folder};
	struct problems problems = {0};
	struct watcher watcher = {.sink.ops = &watcher_ops, .open = json_object()};
	struct run_result result;
	struct run_options options = {0};
	struct err err;
	char *texts[2];

	chance = seed * 7919 + 1;
	texts[0] = random_runbook("book");
	texts[1] = random_runbook("inner");
	write_file("book.yaml", texts[0]);
	write_file("inner.yaml", texts[1]);
	struct catalog *catalog = catalog_load(&where, &problems);
	for (size_t i = 0; i < problems.count; i++)
		print_error("%s:%d: %s\n", problems.items[i].file, problems.items[i].line,
		    problems.items[i].text);
	assert_int_equal(problems.errors, 0);
	struct plan *plan =
	    plan_new(catalog, catalog_find(catalog, "book", &err), &(struct plan_options){0}, &err);
	if (!plan)
		fail_msg("%s", err.text);
	struct events *events = events_new(&clock_system, "stress", plan->redact);
	events_add_sink(events, &watcher.sink);
	options.check = one_in(8);
	options.yes = one_in(3);
	options.yes_destroy = options.yes && one_in(2);
	options.interactive = !options.yes_destroy || one_in(2);
	options.asker_new = options.interactive ? person_new : NULL;
	options.on_loop = one_in(3) ? interrupt_some_time : NULL;
	bool ran = run_plan(plan, &options, events, &result, &err) == 0;
	events_free(events);
	plan_free(plan);
	catalog_free(catalog);
	problems_release(&problems);

	bool wrong = ran && (watcher.contrary || json_object_size(watcher.open) ||
	                        (watcher.bad && result.exit == 0));
	bool children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
	if (wrong || children) {
		char *open = json_dumps(watcher.open, 0);

		print_error("%s%s", texts[0], texts[1]);
		fail_msg("seed %llu: contrary %d, open %s, bad %d, exit %d, children %d",
		    (unsigned long long)seed, watcher.contrary, open, watcher.bad, result.exit,
		    children);
	}
	json_decref(watcher.open);
	free(texts[0]);
	free(texts[1]);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void whatever_comes_a_run_ends_well(void **state)
{
	uint64_t runs = number_from("FSOPS_STRESS_RUNS", RUNS_DEFAULT);
	uint64_t seed = number_from("FSOPS_STRESS_SEED", 1);
	size_t fds;

	(void)state;
	one_run(seed);
	fds = open_fds();
	for (uint64_t i = 1; i < runs; i++)
		one_run(seed + i);
	assert_int_equal(open_fds(), fds);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_file("platform.yaml", "platform: test\n");
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"platform.yaml", "book.yaml", "inner.yaml"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char *path = mem_printf("%s/%s", folder, names[i]);

		unlink(path);
		free(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whatever_comes_a_run_ends_well),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
