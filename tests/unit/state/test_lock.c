/* Locks between real processes: held, left by the dead, taken over; and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fsops/event.h"
#include "fsops/journal.h"
#include "fsops/traces.h"
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
	spec.wait = 300;
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

static char *read_lock(const char *name)
{
	char *path = lock_path(name);
	struct buf text;

	assert_int_equal(buf_read_file(&text, path, 1 << 20, NULL), 0);
	free(path);
	return buf_detach(&text);
}

/* ---- nobody has it ---- */

static bool is_there(const char *name)
{
	char *path = lock_path(name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void test_nobody(void **state)
{
	struct lock *lock = must_take("one", false);
	char *path = lock_path("shop.book.1");
	char *text = read_lock("shop.book");
	struct stat st;

	(void)state;
	assert_null(lock_before(lock));
	assert_int_equal(lock_epoch(lock), 1);
	assert_int_equal(lock_check(lock, NULL), 0);
	assert_null(lock_taker(lock));
	assert_has(text, "{\"run\":\"one\",\"user\":\"");
	assert_has(text, "\"epoch\":1}\n");
	free(text);
	text = read_lock("shop.book.1");
	assert_has(text, "-\n{\"run\":\"one\",\"user\":\"");
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	lock_release(lock);
	assert_false(is_there("shop.book.1"));
	lock = must_take("two", false);
	assert_null(lock_before(lock));
	assert_int_equal(lock_epoch(lock), 2); /* it only grows */
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

static void refused_until_taken_over(
    const char *name, const char *text, size_t len, const char *why)
{
	struct err err;
	struct lock *lock;
	char *now;

	write_file(name, text, len);
	must_refuse("two", false, &err);
	assert_has(err.text, why);
	assert_has(err.text, "--take-over");
	now = read_lock(name);
	assert_memory_equal(now, text, len); /* it is still there to be looked at */
	free(now);
	lock = must_take("two", true);
	if (lock_before(lock)) {
		assert_true(json_is_false(json_object_get(lock_before(lock), "dead")));
		assert_true(json_is_false(json_object_get(lock_before(lock), "let_go")));
	}
	assert_int_equal(lock_check(lock, NULL), 0);
	lock_release(lock);
	lock_release(must_take("three", false)); /* that was settled */
}

#define ELSEWHERE                                                                                  \
	"{\"run\":\"one\",\"user\":\"anna\",\"host\":\"elsewhere.invalid\","                       \
	"\"pid\":1,\"since\":\"2026-11-25T09:00:00.000Z\",\"epoch\":7}\n{\"boot\":\"x\"}\n"

static void test_other_host(void **state)
{
	static const char line[] = "-\n" ELSEWHERE;
	static const char changes[] = "!\n" ELSEWHERE;
	struct lock *lock;
	struct err err;

	(void)state;
	lock_release(must_take("zero", false));
	refused_until_taken_over(
	    "shop.book.7", line, strlen(line), "run one of anna@elsewhere.invalid (pid 1)");
	lock = must_take("two", false);
	assert_int_equal(lock_epoch(lock), 10); /* beyond what was there */
	lock_release(lock);
	refused_until_taken_over(
	    "shop.book.7", line, strlen(line), "cannot be seen from this host");
	/* With a change in flight it is not taken over either, before somebody has looked. */
	write_file("shop.book.7", changes, strlen(changes));
	for (int take_over = 0; take_over <= 1; take_over++) {
		struct lock_spec spec = spec_of("two");

		spec.take_over = take_over;
		spec.wait = 10;
		assert_null(lock_take(&spec, &err));
		assert_int_equal(err.kind, ERR_LOCKED);
		assert_has(err.text, "look on 'elsewhere.invalid', and when it is over remove '");
		assert_has(err.text, "/shop.book.7'");
	}
}

#define LINE_OF(run, pid, since)                                                                   \
	"{\"run\":" run ",\"user\":\"a\",\"host\":\"h\",\"pid\":" pid ",\"since\":" since          \
	",\"epoch\":1}\n"

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
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		char *claim = mem_printf("-\n%s", lines[i]);

		refused_until_taken_over(
		    "shop.book", lines[i], strlen(lines[i]), "else than a holder");
		refused_until_taken_over("shop.book.3", claim, strlen(claim), "else than a holder");
		refused_until_taken_over(
		    "shop.book.3", lines[i], strlen(lines[i]), "else than a holder");
		free(claim);
	}
	/* zeros: after a crash */
	refused_until_taken_over("shop.book", huge, 5, "else than a holder");
	refused_until_taken_over("shop.book.3", huge, 5, "else than a holder");
	memset(huge, '{', sizeof(huge));
	refused_until_taken_over("shop.book", huge, sizeof(huge), "else than a holder");
	refused_until_taken_over("shop.book.3", huge, sizeof(huge), "else than a holder");
}

/* A live holder whose file somebody has spoilt still holds it. */
static void test_strange_and_held(void **state)
{
	struct lock *lock = must_take("one", false);
	struct err err;

	(void)state;
	write_file("shop.book.1", "garbage\n", 8);
	must_refuse("two", false, &err);
	assert_has(err.text, "a process that does not say who it is holds the lock of 'book'");
	assert_has(err.text, "/locks/shop.book");
	write_file("shop.book.1", "", 0);
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
	assert_int_equal(json_integer_value(json_object_get(before, "epoch")), 1);
	assert_true(json_is_false(json_object_get(before, "dead")));
	assert_true(json_is_true(json_object_get(before, "let_go")));
	assert_int_equal(lock_check(lock, NULL), 0);
	peer_end(&peer);
	lock_release(lock);
}

static void count_waiting(void *ctx, const char *text)
{
	assert_has(text, "taking over the lock of 'book' on 'shop' from run one of ");
	assert_has(text, "for its change to end: rm -r x");
	++*(int *)ctx;
}

static json_t *note_until(msec span, bool local)
{
	json_t *note = traces_begin();

	json_object_set_new(note, "until", json_integer(clock_system.mono(NULL) + span));
	json_object_set_new(note, "local", json_boolean(local));
	json_object_set_new(note, "command", json_string("rm -r x"));
	return note;
}

static struct lock *take_over_within(const char *run, msec wait, int *told, struct err *err)
{
	struct lock_spec spec = spec_of(run);

	spec.take_over = true;
	spec.wait = wait;
	spec.waiting = told ? count_waiting : NULL;
	spec.ctx = told;
	return lock_take(&spec, err);
}

/* In the middle of a change it is not taken over, but it begins no further one. */
static void test_take_over_in_vain(void **state)
{
	struct lock *old = must_take("one", false);
	json_t *note = note_until(-10000, true);
	int told = 0;
	struct lock *lock;
	struct err err;
	json_t *taker;

	(void)state;
	assert_int_equal(lock_begin(old, note, &err), 0);
	lock_note(old, note);
	assert_null(take_over_within("two", 120, &told, &err));
	assert_int_equal(told, 1);
	assert_int_equal(err.kind, ERR_LOCKED);
	assert_has(err.text, "a change of it is still in flight");
	assert_int_equal(lock_check(old, &err), -1);
	assert_has(err.text, "run two of ");
	assert_has(err.text, "has taken over the lock of 'book' on 'shop'");
	must_refuse("three", false, &err); /* what is left of "two" is no gap to slip through */
	assert_has(err.text, "run one of ");
	lock_end(old);
	assert_int_equal(lock_begin(old, note, &err), -1);
	lock = must_take("four", true);
	assert_int_equal(lock_epoch(lock), 3);
	taker = lock_taker(old);
	assert_string_equal(value_get_text(taker, "run"), "four");
	json_decref(taker);
	lock_release(old); /* must not touch the new holder's files */
	assert_int_equal(lock_check(lock, NULL), 0);
	must_refuse("five", false, &err);
	assert_has(err.text, "run four of ");
	lock_release(lock);
	json_decref(note);
}

/* As long as the old one itself would let its change go on, the new one waits. */
static char change_for_a_while(struct lock *lock)
{
	json_t *note = note_until(2000, true);
	struct err err;
	char c = lock_begin(lock, note, &err) == 0 ? 'b' : 'x';

	json_decref(note);
	if (fork() == 0) {
		usleep(400 * 1000);
		lock_end(lock);
		_exit(0);
	}
	return c;
}

static void test_take_over_waits(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer = peer_start(&spec, change_for_a_while);
	msec began = clock_system.mono(NULL);
	int told = 0;
	struct lock *lock;
	struct err err;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_tell(&peer);
	assert_int_equal(peer_hear(&peer), 'b');
	lock = take_over_within("two", 0, &told, &err);
	assert_non_null(lock);
	assert_int_equal(told, 1);
	assert_true(clock_system.mono(NULL) - began >= 350);
	assert_true(json_is_true(json_object_get(lock_before(lock), "let_go")));
	lock_release(lock);
	peer_end(&peer);
}

/* ---- a change of the dead ---- */

/* Starts a command as a change does, and is killed in the midst of it. */
static char change_by_command(struct lock *lock)
{
	json_t *note = note_until(600000, true);
	struct err err;
	char c = lock_begin(lock, note, &err) == 0 ? 'b' : 'x';
	int began[2];
	pid_t pid;
	char none;

	if (pipe2(began, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	setpgid(pid, pid);
	close(began[1]);
	while (read(began[0], &none, 1) > 0) /* until it has become sleep, and holds no lock */
		;
	close(began[0]);
	traces_add(note, pid);
	lock_note(lock, note);
	json_decref(note);
	return c;
}

static pid_t still_runs(const char *text)
{
	const char *at = strstr(text, "still runs (pid ");

	if (!at)
		fail_msg("nothing 'still runs' in: %s", text);
	return (pid_t)atoi(at + strlen("still runs (pid "));
}

static void test_dead_but_its_change_runs(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer = peer_start(&spec, change_by_command);
	struct err err;
	struct lock *lock;
	pid_t pid;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_tell(&peer);
	assert_int_equal(peer_hear(&peer), 'b');
	peer_end(&peer);
	must_refuse("two", false, &err);
	assert_has(err.text, "which has died; its change 'rm -r x' still runs (pid ");
	assert_has(err.text, "sleep 60");
	assert_null(strstr(err.text, "--take-over"));
	pid = still_runs(err.text);
	must_refuse("one", false, &err); /* nor does the run itself go on before that is over */
	kill(pid, SIGKILL);
	lock = must_take("three", false);
	assert_true(json_is_true(json_object_get(lock_before(lock), "dead")));
	assert_true(json_is_true(json_object_get(lock_before(lock), "let_go")));
	assert_false(is_there("shop.book.1"));
	lock_release(lock);
}

static char change_at_a_server(struct lock *lock)
{
	json_t *note = note_until(1500, false);
	struct err err;
	char c = lock_begin(lock, note, &err) == 0 ? 'b' : 'x';

	json_decref(note);
	return c;
}

/* What a server was asked for is over when fsops would have given it up, unless its own run goes on. */
static void test_dead_but_a_server_is_at_it(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer = peer_start(&spec, change_at_a_server);
	struct err err;
	struct lock *lock;

	(void)state;
	assert_int_equal(peer_hear(&peer), 'y');
	peer_tell(&peer);
	assert_int_equal(peer_hear(&peer), 'b');
	peer_end(&peer);
	must_refuse("two", false, &err);
	assert_has(err.text, "try again in ");
	assert_has(err.text, "fsops resume one");
	lock = take_over_within("three", 0, NULL, &err); /* waits until then */
	assert_non_null(lock);
	lock_release(lock);
	peer = peer_start(&spec, change_at_a_server);
	assert_int_equal(peer_hear(&peer), 'y');
	peer_tell(&peer);
	assert_int_equal(peer_hear(&peer), 'b');
	peer_end(&peer);
	lock_release(must_take("one", false));
}

/* One that died while it waited for another has changed nothing. */
static void test_dead_while_it_waited(void **state)
{
	struct lock *old = must_take("one", false);
	struct lock_spec spec = spec_of("two");
	json_t *note = note_until(600000, true);
	struct peer peer;
	struct lock *lock;
	struct err err;

	(void)state;
	assert_int_equal(lock_begin(old, note, &err), 0);
	spec.take_over = true;
	peer = peer_start(&spec, NULL);
	while (!is_there("shop.book.2") || lock_check(old, NULL) == 0)
		usleep(1000);
	peer_end(&peer);
	must_refuse("three", false, &err);
	assert_has(err.text, "run one of ");
	lock_end(old);
	lock_release(old);
	lock = must_take("three", false);
	assert_null(lock_before(lock));
	assert_int_equal(lock_epoch(lock), 3);
	lock_release(lock);
	json_decref(note);
}

/* Taking over what nobody has, or only the dead, is taking it. */
static void test_take_over_nothing(void **state)
{
	struct lock_spec spec = spec_of("one");
	struct peer peer;
	struct lock *lock = must_take("zero", true);

	(void)state;
	assert_null(lock_before(lock));
	lock_release(lock);
	peer = peer_start(&spec, is_ours);
	assert_int_equal(peer_hear(&peer), 'y');
	peer_end(&peer);
	write_file("shop.book.9", "", 0); /* left by one that died before it had said who it is */
	lock = must_take("two", true);
	assert_true(json_is_true(json_object_get(lock_before(lock), "dead")));
	assert_false(is_there("shop.book.9"));
	assert_false(is_there("shop.book.2"));
	lock_release(lock);
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
	    CASE(test_take_over_waits),
	    CASE(test_dead_but_its_change_runs),
	    CASE(test_dead_but_a_server_is_at_it),
	    CASE(test_dead_while_it_waited),
	    CASE(test_take_over_nothing),
	    CASE(test_take_over_many),
	    CASE(test_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
