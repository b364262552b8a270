/* The history of runs: what is given out, in which order, which run a name means, and what becomes of a
 * file that is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/file.h>

#include "fsops/history.h"
#include "fsops/state.h"
#include "state_case.h"

#define DIGEST "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EVENT                                                                                      \
	"{\"v\":1,\"seq\":1,\"time\":\"2026-11-23T09:00:0%d.000Z\",\"run\":\"%s\",\"type\":\"%s\""

/* A journal that begins at second SECOND and, unless STATUS is -1, ends with that exit status. */
static void write_journal(const char *run, const char *runbook, int second, int status)
{
	char *name = mem_printf("runs/%s.jsonl", run);
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	buf_addf(&text, EVENT ",\"runbook\":\"%s\",\"platform\":\"p\",\"mode\":\"run\"}\n", second,
	    run, "run.started", runbook);
	if (status >= 0)
		buf_addf(&text, EVENT ",\"level\":\"%s\",\"exit\":%d,\"resumable\":%s}\n",
		    second + 1, run, "run.finished", status ? "critical" : "ok", status,
		    status == 143 ? "true" : "false");
	assert_int_equal(state_make_folder("runs", NULL), 0);
	case_write(name, text.data, text.len);
	buf_release(&text);
	free(name);
}

static void begin(const char *run, const char *runbook, msec started)
{
	const struct history_entry entry = {
	    .run = run, .runbook = runbook, .platform = "p", .started = started};
	struct err err;

	assert_int_equal(history_begin(&entry, &err), 0);
}

static void end(const char *run, msec finished, int status)
{
	struct history_entry entry = {
	    .run = run, .finished = finished, .level = LEVEL_OK, .exit = status, .last = DIGEST};
	struct err err;

	assert_int_equal(history_end(&entry, &err), 0);
}

/* "RUN:ok RUN:interrupted …" */
static bool add_run(void *ctx, const struct history_entry *entry)
{
	struct buf *out = ctx;

	buf_addf(out, "%s%s:", out->len ? " " : "", entry->run);
	if (entry->finished)
		buf_addf(out, "%d", entry->exit);
	else
		buf_adds(out, entry->live ? "live" : "interrupted");
	buf_adds(out, entry->resumable ? "+" : "");
	return true;
}

static void check_runs(const struct history_filter *filter, const char *expected)
{
	const struct history_filter all = {0};
	struct err err;
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	assert_int_equal(history_each(filter ? filter : &all, add_run, &out, &err), 0);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void add_lines(const char *lines)
{
	struct buf text = case_read("history");

	buf_adds(&text, lines);
	case_write("history", text.data, text.len);
	buf_release(&text);
}

/* ---- what is given out ---- */

static void nothing_is_made_by_looking(void **state)
{
	(void)state;
	check_runs(NULL, "");
	assert_int_equal(rmdir(case_folder), 0); /* it was empty */
	assert_int_equal(mkdir(case_folder, 0700), 0);
}

static void newest_first_with_filters(void **state)
{
	const struct history_filter of_a = {.runbook = "a"}, late = {.since = 20},
	                            failed = {.failed = true}, elsewhere = {.platform = "q"};

	(void)state;
	begin("r1", "a", 10);
	begin("r2", "b", 20);
	end("r1", 30, 2);
	end("r2", 30, 0);
	begin("r3", "a", 40);
	check_runs(NULL, "r3:interrupted r2:0 r1:2");
	check_runs(&of_a, "r3:interrupted r1:2");
	check_runs(&late, "r3:interrupted r2:0");
	check_runs(&failed, "r3:interrupted r1:2");
	check_runs(&elsewhere, "");
}

static void the_newest_end_counts(void **state)
{
	(void)state;
	begin("r1", "a", 10);
	end("r1", 20, 2);
	end("r1", 30, 0);
	check_runs(NULL, "r1:0");
}

static void a_line_that_is_there_is_not_added_again(void **state)
{
	(void)state;
	begin("r1", "a", 10);
	begin("r1", "a", 10);
	check_runs(NULL, "r1:interrupted");
}

static void a_run_is_alive_while_its_journal_is_locked(void **state)
{
	char *path = mem_printf("%s/runs/r1.jsonl", case_folder);
	int fd;

	(void)state;
	write_journal("r1", "a", 1, -1);
	begin("r1", "a", 10);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	check_runs(NULL, "r1:live");
	close(fd);
	check_runs(NULL, "r1:interrupted+");
	free(path);
}

static void an_end_that_only_the_journal_knows(void **state)
{
	(void)state;
	write_journal("r1", "a", 1, 0);
	write_journal("r2", "a", 2, 143);
	begin("r1", "a", 10);
	begin("r2", "a", 20);
	check_runs(NULL, "r2:143+ r1:0");
}

static void names_cannot_make_lines(void **state)
{
	(void)state;
	begin("r1", "a\tb\nended\tr1\t5\tok\t0\t0\t", 10);
	check_runs(NULL, "r1:interrupted");
}

/* ---- damaged ---- */

static void made_from_the_journals_in_the_order_of_their_time(void **state)
{
	(void)state;
	write_journal("zz", "a", 1, 0);
	write_journal("mm", "a", 2, 2);
	write_journal("aa", "a", 3, -1);
	write_journal("ab", "a", 3, -1); /* of one moment: by their ids */
	check_runs(NULL, "ab:interrupted+ aa:interrupted+ mm:2 zz:0");
}

static void what_is_not_in_it_comes_from_the_journals(void **state)
{
	struct buf text;

	(void)state;
	write_journal("r1", "a", 1, 0);
	write_journal("r2", "a", 2, 0);
	case_write("history", "", 0);
	add_lines("nonsense\nbegan\tr2\ta\tp\t1795424402000\n");
	check_runs(NULL, "r2:0 r1:0");
	text = case_read("history");
	assert_null(strstr(text.data, "nonsense"));
	buf_release(&text);
}

static void what_it_says_stays(void **state)
{
	struct buf text;

	(void)state;
	write_journal("r1", "a", 1, 0);
	begin("r1", "a", 10);
	end("r1", 20, 2);
	add_lines("nonsense\n");
	check_runs(NULL, "r1:2");
	text = case_read("history");
	assert_non_null(strstr(text.data, DIGEST)); /* --verify needs it */
	buf_release(&text);
}

static void a_torn_line_takes_no_other_with_it(void **state)
{
	(void)state;
	write_journal("r1", "a", 1, 0);
	begin("r1", "a", 10);
	add_lines("ended\tr1\t2");
	begin("r2", "b", 20);
	check_runs(NULL, "r2:interrupted r1:0");
}

static void bad_lines_are_passed_over(void **state)
{
	static const char *const lines[] = {"began\n", "began\tr9\n", "began\tr9\ta\tp\tx\n",
	    "began\tr9\ta\tp\t1\tcheck\tmore\n", "ended\tr1\t1\tfine\t0\t0\t\n",
	    "ended\tr1\t1\tok\t0\t0\t" DIGEST "a\n",
	    "ended\tr1\t99999999999999999999\tok\t0\t0\t\n"};

	(void)state;
	begin("r1", "a", 10);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		add_lines(lines[i]);
	check_runs(NULL, "r1:interrupted");
}

/* ---- which run a name means ---- */

static void check_found(const char *name, const char *run)
{
	struct err err;
	char *found = history_find(name, &err);

	if (!found)
		fail_msg("%s", err.text);
	assert_string_equal(found, run);
	free(found);
}

static void check_not_found(const char *name, const char *why)
{
	struct err err;

	assert_null(history_find(name, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, why));
}

static void runs_are_found(void **state)
{
	(void)state;
	check_not_found(NULL, "no run yet");
	begin("2026-a-k1", "a", 10);
	begin("2026-a-k2", "a", 20);
	begin("2026-b-k3", "b", 30);
	check_found(NULL, "2026-b-k3");
	check_found("a", "2026-a-k2");
	check_found("2026-a-k1", "2026-a-k1");
	check_found("2026-b", "2026-b-k3");
	check_not_found("2026-a", "2 runs begin with '2026-a'");
	check_not_found("", "is empty");
	check_not_found("../x", "no run '../x'");
}

/* ---- forgetting ---- */

static void old_runs_are_forgotten(void **state)
{
	struct history_pruned pruned;
	struct buf gone;
	struct err err;

	(void)state;
	begin("r1", "a", 10);
	write_journal("r1", "a", 1, 0);
	begin("r2", "a", 20);
	write_journal("r2", "a", 2, -1);
	begin("r3", "a", 30);
	write_journal("r3", "a", 3, 0);
	buf_init(&gone, BUF_TEXT_MAX);
	assert_int_equal(history_prune(30, add_run, &gone, &pruned, &err), 0);
	assert_string_equal(gone.data, "r2:interrupted+ r1:0");
	assert_int_equal(pruned.removed, 2);
	assert_int_equal(pruned.resumable, 1);
	check_runs(NULL, "r3:0");
	check_not_found("r1", "no run 'r1'");
	buf_release(&gone);
}

static void a_journal_that_was_removed_is_not_gone_on_with(void **state)
{
	struct journal_reader *reader;
	struct history_pruned pruned;
	struct err err;
	json_t *event;

	(void)state;
	write_journal("r1", "a", 1, -1);
	reader = journal_open("r1", &err);
	while (journal_next(reader, &event, &err) > 0)
		json_decref(event);
	assert_int_equal(history_prune(INT64_MAX, NULL, NULL, &pruned, &err), 0);
	assert_int_equal(pruned.removed, 1);
	assert_null(journal_continue(reader, &err));
	journal_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_set_up, case_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nothing_is_made_by_looking),
	    TEST(newest_first_with_filters),
	    TEST(the_newest_end_counts),
	    TEST(a_line_that_is_there_is_not_added_again),
	    TEST(a_run_is_alive_while_its_journal_is_locked),
	    TEST(an_end_that_only_the_journal_knows),
	    TEST(names_cannot_make_lines),
	    TEST(made_from_the_journals_in_the_order_of_their_time),
	    TEST(what_is_not_in_it_comes_from_the_journals),
	    TEST(what_it_says_stays),
	    TEST(a_torn_line_takes_no_other_with_it),
	    TEST(bad_lines_are_passed_over),
	    TEST(runs_are_found),
	    TEST(old_runs_are_forgotten),
	    TEST(a_journal_that_was_removed_is_not_gone_on_with),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
