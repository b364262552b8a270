/* Locks between real processes: held, left by the dead, taken over; and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fsops/event.h"
#include "fsops/journal.h"
#include "lock_case.h"

static struct lock_spec spec_of(const char *run)
{
	return (struct lock_spec){.platform = "shop", .runbook = "book", .run = run};
}

static void peer_tell(const struct peer *peer)
{
	if (write(peer->to, "x", 1) != 1)
		abort();
}

static char is_ours(struct lock *lock)
{
	return lock_check(lock, NULL) == 0 ? 'y' : 'n';
}

static char release_it(struct lock *lock)
{
	lock_release(lock);
	_exit(0);
}

/* What a run does between its changes: look, and let go of what was taken over. */
static char let_go_when_taken(struct lock *lock)
{
	json_t *taker = NULL;

	while (!(taker = lock_taker(lock)))
		usleep(2000);
	json_decref(taker);
	lock_let_go(lock);
	return 'g';
}

static struct lock *take(const char *run, bool take_over, struct err *err)
{
	struct lock_spec spec = spec_of(run);

	spec.take_over = take_over;
	spec.wait = 5000;
	return lock_take(&spec, err);
}

static struct lock *must_take(const char *run, bool take_over)
{
	struct err err = {0};
	struct lock *lock = take(run, take_over, &err);

	assert_string_equal(err.text, "");
	assert_non_null(lock);
	return lock;
}

static void must_refuse(const char *run, bool take_over, struct err *err)
{
	assert_null(take(run, take_over, err));
	assert_int_equal(err->kind, ERR_LOCKED);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

static void write_file(const char *name, const char *data, size_t len)
{
	char *path = lock_path(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
	free(path);
}

static char *read_lock(void)
{
	char *path = lock_path("shop.book");
	struct buf text;

	assert_int_equal(buf_read_file(&text, path, 1 << 20, NULL), 0);
	free(path);
	return buf_detach(&text);
}

/* ---- nobody has it ---- */

static void test_nobody(void **state)
{
	struct lock *lock = must_take("one", false);
	char *path = lock_path("shop.book");
	char *text = read_lock();
	struct stat st;

	(void)state;
	assert_null(lock_before(lock));
	assert_int_equal(lock_check(lock, NULL), 0);
	assert_null(lock_taker(lock));
	assert_has(text, "{\"run\":\"one\",\"user\":\"");
	assert_int_equal(text[strlen(text) - 1], '\n');
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	lock_release(lock);
	text = read_lock();
	assert_string_equal(text, "");
	free(text);
	lock = must_take("two", false);
	assert_null(lock_before(lock));
	lock_release(lock);
	free(path);
}

/* A command that a change started must not keep the lock when the run is gone. */
static void test_not_inherited(void **state)
{
	struct lock *lock = must_take("one", false);
	int began[2];
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe2(began, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	close(began[1]);
	assert_int_equal(read(began[0], &c, 1), 0); /* it has become sleep */
	close(began[0]);
	lock_release(lock);
	lock_release(must_take("two", false));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- somebody has it ---- */

static void test_held(void **state)
{
	struct lock_spec spec = spec_of("20261125-090000-book-k3");
	struct peer peer = peer_start(&spec, release_it);
	struct err err;
	char *pid = mem_printf("(pid %d)", (int)peer.pid);

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	must_refuse("two", false, &err);
	assert_has(err.text, "run 20261125-090000-book-k3 of ");
	assert_has(err.text, pid);
	assert_has(err.text, "the lock of 'book' on 'shop', for ");
	assert_has(err.text, " (since 20");
	assert_has(err.text, "fsops log 20261125-090000-book-k3 --follow");
	assert_has(err.text, "--take-over");
	assert_null(strstr(err.text, "at step")); /* it has no journal yet */
	peer_tell(&peer);
	assert_int_equal(peer_hear(&peer), '\0');
	lock_release(must_take("two", false));
	peer_end(&peer);
	free(pid);
}

/* The journal of a run that has come to its second step. */
static void write_journal(const char *run)
{
	struct events *events = events_new(&clock_system, run, NULL);
	struct err err;
	struct journal *journal = journal_create(run, &err);

	assert_non_null(journal);
	events_add_sink(events, journal_sink(journal, events));
	event_emit(
	    events, "run.started", json_pack("{s:s, s:s}", "runbook", "book", "platform", "shop"));
	for (int i = 1; i <= 2; i++)
		event_emit(events, "step.started",
		    json_pack("{s:s, s:s, s:i, s:i}", "step", i == 1 ? "a" : "b", "title",
		        i == 1 ? "Look" : "Roll back", "number", i, "of", 7));
	event_emit(events, "note", json_pack("{s:s, s:s}", "text", "so", "level", "info"));
	events_free(events);
}

static void test_step(void **state)
{
	struct lock *lock = must_take("one", false);
	struct err err;

	(void)state;
	write_journal("one");
	must_refuse("two", false, &err);
	assert_has(err.text, ", at step 2/7 'Roll back'");
	lock_release(lock);
}

/* Of many at once one gets it; none gets through and none hangs. */
static void test_many(void **state)
{
	struct peer peers[30];
	struct lock_spec spec = spec_of("many");
	int got = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		peers[i] = peer_start(&spec, is_ours);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		got += peer_hear(&peers[i]) == 'y';
	assert_int_equal(got, 1);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		peer_end(&peers[i]);
}

static void test_others_are_free(void **state)
{
	static const char *const others[][2] = {{"shop2", "book"}, {"shop", "book2"}};
	struct lock *lock = must_take("one", false);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct lock_spec spec = {
		    .platform = others[i][0], .runbook = others[i][1], .run = "two"};
		struct lock *other = lock_take(&spec, &err);

		assert_non_null(other);
		lock_release(other);
	}
	lock_release(lock);
}

/* ---- somebody had it ---- */

static void test_dead(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer = peer_start(&spec, is_ours);
	struct lock *lock;
	const json_t *before;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_end(&peer);
	lock = must_take("two", false);
	before = lock_before(lock);
	assert_string_equal(value_get_text(before, "run"), "one");
	assert_int_equal(json_integer_value(json_object_get(before, "pid")), peer.pid);
	assert_true(json_is_true(json_object_get(before, "dead")));
	assert_true(json_is_true(json_object_get(before, "let_go")));
	lock_release(lock);
}

static void refused_until_taken_over(const char *text, size_t len, const char *why)
{
	struct err err;
	struct lock *lock;
	char *now;

	write_file("shop.book", text, len);
	must_refuse("two", false, &err);
	assert_has(err.text, why);
	assert_has(err.text, "--take-over");
	now = read_lock();
	assert_memory_equal(now, text, len); /* it is still there to be looked at */
	free(now);
	lock = must_take("two", true);
	assert_true(json_is_false(json_object_get(lock_before(lock), "dead")));
	assert_true(json_is_false(json_object_get(lock_before(lock), "let_go")));
	assert_int_equal(lock_check(lock, NULL), 0);
	lock_release(lock);
}

static void test_other_host(void **state)
{
	static const char line[] =
	    "{\"run\":\"one\",\"user\":\"anna\",\"host\":\"elsewhere.invalid\","
	    "\"pid\":1,\"since\":\"2026-11-25T09:00:00.000Z\"}\n";

	(void)state;
	lock_release(must_take("zero", false));
	refused_until_taken_over(line, strlen(line), "run one of anna@elsewhere.invalid (pid 1)");
	refused_until_taken_over(line, strlen(line), "cannot be seen from this host");
}

#define LINE_OF(run, pid, since)                                                                   \
	"{\"run\":" run ",\"user\":\"a\",\"host\":\"h\",\"pid\":" pid ",\"since\":" since "}\n"

/* What is no holder's line is never taken for a free lock. */
static void test_strange(void **state)
{
	static const char *const lines[] = {
	    "x",
	    "\n",
	    "{}\n",
	    "[1, 2]\n",
	    "null\n",
	    "{\"run\":\"one\"}\n",
	    "{\"run\":\"one\",\"user\":\"a\",\"host\":\"h\"",
	    "\xff\xfe\x80\n",
	    "\x1b[31mred\n",
	    LINE_OF("\"../../etc/passwd\"", "1", "\"2026-11-25T09:00:00Z\""),
	    LINE_OF("\"\"", "1", "\"2026-11-25T09:00:00Z\""),
	    LINE_OF("\"one\"", "-1", "\"2026-11-25T09:00:00Z\""),
	    LINE_OF("\"one\"", "\"1\"", "\"2026-11-25T09:00:00Z\""),
	    LINE_OF("\"one\"", "1", "\"yesterday\""),
	    LINE_OF("7", "1", "7"),
	};
	static char huge[300000];

	(void)state;
	lock_release(must_take("zero", false));
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		refused_until_taken_over(lines[i], strlen(lines[i]), "else than a holder");
	refused_until_taken_over(huge, 5, "else than a holder"); /* zeros: after a crash */
	memset(huge, '{', sizeof(huge));
	refused_until_taken_over(huge, sizeof(huge), "else than a holder");
}

/* A live holder whose file somebody has spoilt still holds it. */
static void test_strange_and_held(void **state)
{
	struct lock *lock = must_take("one", false);
	struct err err;

	(void)state;
	write_file("shop.book", "garbage\n", 8);
	must_refuse("two", false, &err);
	assert_has(err.text, "a process that does not say who it is holds the lock of 'book'");
	assert_has(err.text, "/locks/shop.book");
	write_file("shop.book", "", 0);
	must_refuse("two", false, &err);
	assert_has(err.text, "a process that does not say who it is");
	assert_int_equal(lock_check(lock, NULL), 0);
	lock_release(lock);
}

/* ---- what is no lock file ---- */

static void expect_system(const char *part)
{
	struct err err;

	for (int take_over = 0; take_over <= 1; take_over++) {
		assert_null(take("one", take_over, &err));
		assert_int_equal(err.kind, ERR_SYSTEM);
		assert_has(err.text, part);
	}
}

static void test_no_file(void **state)
{
	char *path = lock_path("shop.book");

	(void)state;
	lock_release(must_take("zero", false));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	expect_system("/locks/shop.book");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_system("is not a regular file");
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	expect_system("/locks/shop.book");
	unlink(path);
	free(path);
}

static void test_no_folder(void **state)
{
	char *path = mem_printf("%s/locks", case_folder);
	FILE *file = fopen(path, "w");

	(void)state;
	fclose(file);
	expect_system("/locks");
	free(path);
}

/* Every name stays in the folder, and no two pairs share a file. */
static void test_names(void **state)
{
	static char longer[2][301];
	const char *names[][2] = {{"a", "b.c"}, {"a.b", "c"}, {"a%2Eb", "c"}, {"..", ".."},
	    {"", "x"}, {"%", "x"}, {"../../x", "y"}, {"a/b", "c"}, {"a", "b/c"}, {"\n", "\x1b[0m"},
	    {"é", "x"}, {"a.", "b"}, {"a", ".b"}, {longer[0], "x"}, {longer[1], "x"}};
	struct lock *locks[COUNT_OF(names)];
	struct err err;

	(void)state;
	memset(longer, 'n', sizeof(longer));
	longer[0][300] = longer[1][300] = '\0';
	longer[1][299] = 'm';
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const struct lock_spec spec = {
		    .platform = names[i][0], .runbook = names[i][1], .run = "r"};

		locks[i] = lock_take(&spec, &err);
		if (!locks[i])
			fail_msg("%s/%s: %s", names[i][0], names[i][1], err.text);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_int_equal(lock_check(locks[i], &err), 0);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		lock_release(locks[i]);
}

/* ---- taking over ---- */

static void test_take_over(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer = peer_start(&spec, let_go_when_taken);
	struct lock *lock;
	const json_t *before;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_tell(&peer);
	lock = must_take("two", true);
	assert_int_equal(peer_hear(&peer), 'g');
	before = lock_before(lock);
	assert_string_equal(value_get_text(before, "run"), "one");
	assert_true(json_is_false(json_object_get(before, "dead")));
	assert_true(json_is_true(json_object_get(before, "let_go")));
	assert_int_equal(lock_check(lock, NULL), 0);
	peer_end(&peer);
	lock_release(lock);
}

static void count_waiting(void *ctx, const char *text)
{
	assert_has(text, "taking over the lock of 'book' on 'shop' from run one of ");
	++*(int *)ctx;
}

/* A holder that is stopped, or in the middle of a change, does not let go: that is said. */
static void test_take_over_in_vain(void **state)
{
	struct lock *old = must_take("one", false);
	int told = 0;
	struct lock_spec spec = spec_of("two");
	struct lock *lock;
	struct err err;
	json_t *taker;

	(void)state;
	spec.take_over = true;
	spec.wait = 120;
	spec.waiting = count_waiting;
	spec.ctx = &told;
	lock = lock_take(&spec, &err);
	assert_non_null(lock);
	assert_int_equal(told, 1);
	assert_true(json_is_false(json_object_get(lock_before(lock), "let_go")));
	assert_int_equal(lock_check(old, &err), -1);
	assert_int_equal(err.kind, ERR_LOCKED);
	assert_has(err.text, "run two of ");
	assert_has(err.text, "has taken over the lock of 'book' on 'shop'");
	taker = lock_taker(old);
	assert_string_equal(value_get_text(taker, "run"), "two");
	json_decref(taker);
	lock_release(old); /* must not touch the new holder's file */
	assert_int_equal(lock_check(lock, NULL), 0);
	must_refuse("three", false, &err);
	assert_has(err.text, "run two of ");
	lock_release(lock);
}

/* Taking over what nobody has, or only the dead, is taking it. */
static void test_take_over_nothing(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer;
	struct lock *lock = must_take("zero", true);
	char *next = lock_path("shop.book.next");

	(void)state;
	assert_null(lock_before(lock));
	assert_int_equal(access(next, F_OK), -1);
	lock_release(lock);
	peer = peer_start(&spec, is_ours);
	assert_int_equal(peer_hear(&peer), 'y');
	peer_end(&peer);
	write_file("shop.book.next", "left by a taker that died", 25);
	lock = must_take("two", true);
	assert_true(json_is_true(json_object_get(lock_before(lock), "dead")));
	lock_release(lock);
	free(next);
}

/* However many take over at once: in the end it is one run's. */
static void test_take_over_many(void **state)
{
	struct peer peers[12];
	struct lock_spec spec = spec_of("many");
	struct lock *old = must_take("one", false);
	int ours = 0;

	(void)state;
	spec.take_over = true;
	spec.wait = 200;
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		peers[i] = peer_start(&spec, is_ours);
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		if (peer_hear(&peers[i]) != 'y') {
			close(peers[i].from);
			peers[i].from = -1;
		}
	}
	for (size_t i = 0; i < COUNT_OF(peers); i++) {
		if (peers[i].from < 0)
			continue;
		peer_tell(&peers[i]);
		ours += peer_hear(&peers[i]) == 'y';
	}
	assert_int_equal(ours, 1);
	assert_int_equal(lock_check(old, NULL), -1);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		peer_end(&peers[i]);
	lock_release(old);
}

/* A lock file that was removed protects nobody any more. */
static void test_removed(void **state)
{
	struct lock *lock = must_take("one", false);
	char *path = lock_path("shop.book");
	struct err err;
	json_t *taker;

	(void)state;
	unlink(path);
	assert_int_equal(lock_check(lock, &err), -1);
	assert_int_equal(err.kind, ERR_LOCKED);
	taker = lock_taker(lock);
	assert_int_equal(json_object_size(taker), 0);
	assert_non_null(taker);
	json_decref(taker);
	lock_release(lock);
	free(path);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, case_set_up, case_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_nobody),
	    CASE(test_not_inherited),
	    CASE(test_held),
	    CASE(test_step),
	    CASE(test_many),
	    CASE(test_others_are_free),
	    CASE(test_dead),
	    CASE(test_other_host),
	    CASE(test_strange),
	    CASE(test_strange_and_held),
	    CASE(test_no_file),
	    CASE(test_no_folder),
	    CASE(test_names),
	    CASE(test_take_over),
	    CASE(test_take_over_in_vain),
	    CASE(test_take_over_nothing),
	    CASE(test_take_over_many),
	    CASE(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
