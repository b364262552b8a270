/* Child processes: how they start, what they say, how they end, and that nothing stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/child.h"
#include "fsops/mem.h"

static void stop(void *ctx)
{
	loop_stop(ctx);
}

/* One command and what came of it. */
struct trial {
	struct loop *loop;
	struct children *children;
	struct child *child;
	struct buf out;
	struct buf err;
	size_t bytes;
	int status; /* -1: ended() did not come */
	int signo;
	bool gone;
	const char *kill_on; /* kill it once it has printed this */
	msec killed_at;
	msec gone_at;
};

static struct buf killed_commands;

static void on_killed(void *ctx, int pid, const char *command)
{
	assert_non_null(ctx);
	assert_true(pid > 1);
	buf_addf(&killed_commands, "%s\n", command);
}

static void kill_it(void *ctx)
{
	struct trial *trial = ctx;

	trial->killed_at = loop_now(trial->loop);
	child_kill(trial->child);
}

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct trial *trial = ctx;
	struct buf *buf = stream == CHILD_STDOUT ? &trial->out : &trial->err;

	assert_true(!trial->killed_at && trial->status == -1);
	trial->bytes += len;
	buf_add(buf, data, len);
	if (trial->kill_on && strstr(trial->out.data, trial->kill_on)) {
		/* Some time for what was started to get away. */
		loop_after(trial->loop, 100, kill_it, trial);
		trial->kill_on = NULL;
	}
}

static void on_ended(void *ctx, int status)
{
	struct trial *trial = ctx;

	assert_int_equal(trial->status, -1);
	trial->status = status;
	trial->signo = child_signal(trial->child);
}

static void on_gone(void *ctx)
{
	struct trial *trial = ctx;

	trial->gone = true;
	trial->gone_at = loop_now(trial->loop);
}

static struct child_spec spec_of(struct trial *trial, const char *const *argv)
{
	return (struct child_spec){.argv = argv,
	    .output = on_output,
	    .ended = on_ended,
	    .gone = on_gone,
	    .killed = on_killed,
	    .ctx = trial};
}

static void begin(struct trial *trial)
{
	struct err err;

	*trial = (struct trial){.loop = loop_new(&clock_system), .status = -1};
	trial->children = children_new(trial->loop, &err);
	assert_non_null(trial->children);
	buf_init(&trial->out, 100000);
	buf_init(&trial->err, 100000);
	buf_init(&killed_commands, 100000);
}

static void finish(struct trial *trial)
{
	children_free(trial->children);
	loop_free(trial->loop);
	buf_release(&trial->out);
	buf_release(&trial->err);
	buf_release(&killed_commands);
	/* No child, living or zombie, is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void start(struct trial *trial, const char *script)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct child_spec spec = spec_of(trial, argv);
	struct err err;

	trial->child = child_start(trial->children, &spec, &err);
	assert_non_null(trial->child);
}

static void run(struct trial *trial, const char *script)
{
	begin(trial);
	start(trial, script);
	loop_run(trial->loop);
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int entries = 0;

	assert_non_null(dir);
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries;
}

/* How many living processes have TEXT in their command line; each is sent SIGNO (0: none). */
static int signal_those(const char *text, int signo)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	int found = 0;

	while ((entry = readdir(dir))) {
		int pid = (int)strtol(entry->d_name, NULL, 10);
		char path[300], data[4096];
		ssize_t len;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		fd = pid > 0 ? open(path, O_RDONLY) : -1;
		if (fd < 0)
			continue;
		len = read(fd, data, sizeof(data));
		close(fd);
		if (len <= 0 || !memmem(data, (size_t)len, text, strlen(text)))
			continue;
		found++;
		kill(pid, signo);
	}
	closedir(dir);
	return found;
}

static int alive(const char *text)
{
	return signal_those(text, 0);
}

/* End what a test left alive on purpose, and collect it. */
static void end_those(const char *text)
{
	assert_int_equal(signal_those(text, SIGKILL), 1);
	waitpid(-1, NULL, 0);
}

/* Ends by itself. */

static void exit_statuses(void **state)
{
	static const struct {
		const char *script;
		int status;
		int signo;
	} cases[] = {{"exit 0", 0, 0}, {"exit 3", 3, 0}, {"exit 255", 255, 0}, {"exit 137", 137, 0},
	    {"kill -9 $$", 137, SIGKILL}, {"kill -TERM $$", 143, SIGTERM}};
	struct trial trial;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		run(&trial, cases[i].script);
		assert_int_equal(trial.status, cases[i].status);
		assert_int_equal(trial.signo, cases[i].signo);
		assert_false(trial.gone);
		finish(&trial);
	}
}

static void both_streams_are_read(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, "printf out; printf err >&2");
	assert_string_equal(trial.out.data, "out");
	assert_string_equal(trial.err.data, "err");
	finish(&trial);
}

static void standard_input_is_empty(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, "cat; echo $?");
	assert_string_equal(trial.out.data, "0\n");
	finish(&trial);
}

static void signals_are_as_at_birth(void **state)
{
	struct trial trial;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	run(&trial, "grep SigBlk /proc/self/status >&2; grep SigIgn /proc/self/status");
	signal(SIGHUP, SIG_DFL);
	assert_string_equal(trial.err.data, "SigBlk:\t0000000000000000\n");
	/* glibc keeps signals 32 and 33 for itself and ignores them in what it spawns. */
	assert_int_equal(strtoull(trial.out.data + strlen("SigIgn:"), NULL, 16) & 0x7fffffff, 0);
	finish(&trial);
}

static void no_descriptor_is_inherited(void **state)
{
	struct trial trial;
	int leak = open("/dev/null", O_RDONLY);

	(void)state;
	run(&trial, "ls /proc/self/fd | wc -l");
	/* 0, 1, 2 and the one that ls reads the folder with. */
	assert_string_equal(trial.out.data, "4\n");
	close(leak);
	finish(&trial);
}

static void a_group_of_its_own(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, "set -- $(cut -d' ' -f5 /proc/$$/stat); test $1 = $$");
	assert_int_equal(trial.status, 0);
	finish(&trial);
}

static void environment_and_folder(void **state)
{
	const char *argv[] = {
	    "sh", "-c", "echo $COLOUR $HOME${TASTE-}; pwd; echo $FSOPS_CALL", NULL};
	const char *env[] = {"COLOUR=blue", "HOME=/nowhere", "TASTE", NULL};
	struct trial trial;
	struct child_spec spec;

	(void)state;
	begin(&trial);
	setenv("TASTE", "/sour", 1);
	spec = spec_of(&trial, argv);
	spec.env = env;
	spec.cwd = "/usr";
	trial.child = child_start(trial.children, &spec, NULL);
	loop_run(trial.loop);
	assert_non_null(strstr(trial.out.data, "blue /nowhere\n/usr\n:"));
	finish(&trial);
}

static void large_input_is_fed(void **state)
{
	const char *argv[] = {"sh", "-c", "sleep 0.05; cat | wc -c", NULL};
	struct trial trial;
	struct child_spec spec;
	size_t len = 3 * 1000 * 1000;
	char *data = mem_alloc(len);

	(void)state;
	begin(&trial);
	spec = spec_of(&trial, argv);
	spec.stdin_data = data;
	spec.stdin_len = len;
	trial.child = child_start(trial.children, &spec, NULL);
	free(data);
	loop_run(trial.loop);
	assert_string_equal(trial.out.data, "3000000\n");
	finish(&trial);
}

static void input_that_nobody_reads(void **state)
{
	const char *argv[] = {"sh", "-c", "exec <&-; sleep 0.05; exit 4", NULL};
	struct trial trial;
	struct child_spec spec;
	size_t len = 3 * 1000 * 1000;
	char *data = mem_alloc(len);

	(void)state;
	begin(&trial);
	spec = spec_of(&trial, argv);
	spec.stdin_data = data;
	spec.stdin_len = len;
	trial.child = child_start(trial.children, &spec, NULL);
	loop_run(trial.loop);
	assert_int_equal(trial.status, 4);
	free(data);
	finish(&trial);
}

static void tick(void *ctx)
{
	struct trial *trial = ctx;

	trial->gone_at++; /* counts ticks here */
	if (trial->status == -1)
		loop_after(trial->loop, 5, tick, trial);
}

static void a_hundred_mebibytes_pass_through(void **state)
{
	struct rusage before, after;
	struct trial trial;

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	begin(&trial);
	start(&trial, "head -c 104857600 /dev/zero");
	loop_after(trial.loop, 5, tick, &trial);
	loop_run(trial.loop);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(trial.bytes, 104857600);
	assert_true(trial.gone_at > 2);
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
	finish(&trial);
}

static void what_stays_in_the_background_on_purpose(void **state)
{
	struct trial trial;
	msec begin_at;

	(void)state;
	begin(&trial);
	begin_at = loop_now(trial.loop);
	start(&trial, "sleep 4711.25 & echo hello");
	loop_run(trial.loop);
	assert_int_equal(trial.status, 0);
	assert_string_equal(trial.out.data, "hello\n");
	assert_true(loop_now(trial.loop) - begin_at < 2000);
	assert_int_equal(alive("4711.25"), 1);
	end_those("4711.25");
	finish(&trial);
}

/* Does not start. */

static const char *start_error(const char *const *argv, const char *cwd)
{
	static struct err err;
	struct trial trial;
	struct child_spec spec;
	int before = count_entries("/proc/self/fd");

	begin(&trial);
	spec = spec_of(&trial, argv);
	spec.cwd = cwd;
	assert_null(child_start(trial.children, &spec, &err));
	loop_run(trial.loop);
	finish(&trial);
	assert_int_equal(count_entries("/proc/self/fd"), before);
	return err.text;
}

static void a_command_that_is_not_there(void **state)
{
	const char *missing[] = {"no-such-command", NULL};
	const char *path[] = {"/no/such/command", NULL};

	(void)state;
	assert_string_equal(start_error(missing, NULL),
	    "unable to run 'no-such-command': not found in PATH: install it, or add its folder to "
	    "PATH");
	assert_string_equal(
	    start_error(path, NULL), "unable to run '/no/such/command': No such file or directory");
}

static void a_folder_that_is_not_there(void **state)
{
	const char *argv[] = {"true", NULL};

	(void)state;
	assert_string_equal(start_error(argv, "/no/such/folder"),
	    "unable to run 'true' in the folder '/no/such/folder': No such file or directory");
	assert_string_equal(start_error(argv, "/etc/passwd"),
	    "unable to run 'true' in the folder '/etc/passwd': Not a directory");
}

/* valgrind makes a fork of the vfork in posix_spawn(), and its errors are lost. */
static bool under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "vgpreload");
}

static void a_file_that_is_no_program(void **state)
{
	const char *plain[] = {"/etc/passwd", NULL};
	char path[] = "/tmp/fsops-test-XXXXXX";
	const char *script[] = {path, NULL};
	int fd = mkstemp(path);

	(void)state;
	assert_non_null(strstr(start_error(plain, NULL), "it is there but not executable"));
	if (under_valgrind()) {
		close(fd);
		unlink(path);
		return;
	}
	assert_int_equal(write(fd, "#!/no/such/shell\n", 17), 17);
	fchmod(fd, 0700);
	close(fd);
	assert_non_null(strstr(start_error(script, NULL), "the interpreter that its '#!' line"));
	unlink(path);
}

static void words_that_are_too_long(void **state)
{
	char *text = mem_alloc(200001);
	const char *argv[] = {"true", NULL, NULL};
	const char *env[] = {"A=1", text, NULL};
	struct trial trial;
	struct child_spec spec;
	struct err err;

	(void)state;
	if (under_valgrind()) {
		free(text);
		return;
	}
	memset(text, 'x', 200000);
	text[3] = '=';
	begin(&trial);
	spec = spec_of(&trial, argv);
	spec.env = env;
	if (child_start(trial.children, &spec, &err))
		fail();
	assert_string_equal(err.text, "unable to run 'true': its variable 'xxx' is over 131072 "
	                              "bytes, the most that a command "
	                              "can be given: use its standard input");
	spec.env = NULL;
	argv[1] = text;
	assert_null(child_start(trial.children, &spec, &err));
	assert_non_null(strstr(err.text, "its argument 'xxx=xxx"));
	free(text);
	finish(&trial);
}

static void path_of_the_command_itself(void **state)
{
	const char *argv[] = {"sh", "-c", "true", NULL};
	const char *env[] = {"PATH=/nowhere", NULL};
	struct trial trial;
	struct child_spec spec;
	struct err err;

	(void)state;
	begin(&trial);
	spec = spec_of(&trial, argv);
	spec.env = env;
	assert_null(child_start(trial.children, &spec, &err));
	finish(&trial);
}

/* Is ended. Each script prints "ready" once all that it starts is there. */

static void check_killed(const char *script, const char *name, msec longest)
{
	struct trial trial;

	begin(&trial);
	trial.kill_on = "ready";
	start(&trial, script);
	loop_run(trial.loop);
	if (alive(name) || !trial.gone || trial.status != -1)
		fail_msg("of '%s' %d are alive, gone %d, status %d", script, alive(name),
		    trial.gone, trial.status);
	if (trial.gone_at - trial.killed_at > longest)
		fail_msg("'%s' took %d ms", script, (int)(trial.gone_at - trial.killed_at));
	assert_non_null(strstr(killed_commands.data, name));
	finish(&trial);
}

static void trees_that_end_at_once(void **state)
{
	static const char *const scripts[] = {
	    "echo ready; exec sleep 4712.5",
	    "sleep 4712.5 & sleep 4712.5 & echo ready; wait",
	    "sleep 4712.5 & echo ready; kill -STOP $$",
	    "setsid sleep 4712.5 & echo ready; wait",
	    "setsid sh -c 'sleep 4712.5 & sleep 4712.5 & exit' & echo ready; sleep 4712.5",
	    "(setsid sh -c '(sleep 4712.5 >/dev/null 2>&1 </dev/null &)' &); echo ready; "
	    "sleep 4712.5",
	    "env -i setsid sh -c '(env -i sleep 4712.5 >/dev/null 2>&1 </dev/null &)'; echo ready; "
	    "sleep 4712.5",
	    "env -i setsid sh -c '(ulimit -R unlimited 2>/dev/null; exec env -i setsid sleep "
	    "4712.5 >/dev/null 2>&1 </dev/null) &'; echo ready; sleep 4712.5",
	    "for i in 1 2 3 4 5 6 7 8 9; do (setsid sleep 4712.5 &) & done; wait; echo ready; "
	    "sleep 4712.5",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(scripts); i++)
		check_killed(scripts[i], "4712.5", 1000);
}

static void those_that_ignore_term(void **state)
{
	(void)state;
	check_killed("trap '' TERM; setsid sh -c 'sleep 4713.5 & wait; sleep 4713.5 & wait' & "
	             "sleep 4713.5 & echo ready; wait; sleep 4713.5",
	    "4713.5", CHILD_GRACE + 1000);
}

static void those_that_fork_while_they_are_killed(void **state)
{
	/* Each of them starts another in a session of its own, without end; TERM is ignored. */
	(void)state;
	check_killed("trap '' TERM; f='env -i PATH=$PATH setsid sh -c \"$F\" 4714.5 &'; "
	             "F='trap \"\" TERM; sleep 0.02; PATH=/usr/bin:/bin; export F; "
	             "setsid sh -c \"$F\" 4714.5 & setsid sleep 4714.5 & sleep 0.01; exit'; "
	             "export F; for i in 1 2 3; do setsid sh -c \"$F\" 4714.5 & done; "
	             "echo ready; sleep 4714.5",
	    "4714.5", CHILD_GRACE + 1000);
}

static void clean_up_may_still_speak(void **state)
{
	char path[] = "/tmp/fsops-test-XXXXXX";
	char *script;
	struct trial trial;
	struct stat info;

	(void)state;
	close(mkstemp(path));
	script = mem_printf("trap 'echo bye; echo bye >&2; rm %s; exit 1' TERM; echo ready; "
	                    "while :; do sleep 0.01; done",
	    path);
	begin(&trial);
	trial.kill_on = "ready";
	start(&trial, script);
	loop_run(trial.loop);
	assert_true(trial.gone);
	assert_int_equal(stat(path, &info), -1);
	assert_string_equal(trial.out.data, "ready\n");
	free(script);
	finish(&trial);
}

static void only_its_own_die(void **state)
{
	static const char script[] =
	    "env -i setsid sh -c '(sleep %s >/dev/null 2>&1 &)'; sleep %s & echo ready; wait";
	char *first_script = mem_printf(script, "4715.5", "4715.5");
	char *second_script = mem_printf(script, "4716.5", "4716.5");
	struct trial first, second;

	(void)state;
	begin(&first);
	second = first;
	buf_init(&second.out, 1000);
	buf_init(&second.err, 1000);
	first.kill_on = "ready";
	start(&first, first_script);
	start(&second, second_script);
	loop_after(first.loop, 1000, stop, first.loop);
	loop_run(first.loop);
	assert_true(first.gone);
	assert_int_equal(alive("4715.5"), 0);
	assert_int_equal(alive("4716.5"), 3);
	assert_false(second.gone);
	kill_it(&second);
	loop_run(first.loop);
	assert_true(second.gone);
	assert_int_equal(alive("4716.5"), 0);
	free(first_script);
	free(second_script);
	buf_release(&second.out);
	buf_release(&second.err);
	finish(&first);
}

static void what_another_left_is_not_touched(void **state)
{
	struct trial trial;

	(void)state;
	run(&trial, "env -i setsid sh -c '(sleep 4717.5 >/dev/null 2>&1 &)'");
	assert_int_equal(trial.status, 0);
	trial.status = -1;
	trial.kill_on = "ready";
	start(&trial, "sleep 4718.5 & echo ready; wait");
	loop_run(trial.loop);
	assert_true(trial.gone);
	assert_int_equal(alive("4718.5"), 0);
	assert_int_equal(alive("4717.5"), 1);
	end_those("4717.5");
	finish(&trial);
}

static void children_free_leaves_nothing(void **state)
{
	struct trial trial;

	(void)state;
	begin(&trial);
	start(&trial, "trap '' TERM; setsid sleep 4719.5 & sleep 4719.5");
	loop_after(trial.loop, 100, stop, trial.loop);
	loop_run(trial.loop);
	assert_true(alive("4719.5") >= 2);
	finish(&trial);
	assert_int_equal(alive("4719.5"), 0);
}

static void no_descriptor_is_lost(void **state)
{
	struct trial trial;
	int before;

	(void)state;
	begin(&trial);
	before = count_entries("/proc/self/fd");
	for (int i = 0; i < 20; i++) {
		trial.status = -1;
		start(&trial, "echo one; echo two >&2");
		loop_run(trial.loop);
	}
	trial.kill_on = "ready";
	trial.status = -1;
	start(&trial, "echo ready; sleep 10");
	loop_run(trial.loop);
	assert_true(trial.gone);
	assert_int_equal(count_entries("/proc/self/fd"), before);
	finish(&trial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(exit_statuses),
	    cmocka_unit_test(both_streams_are_read),
	    cmocka_unit_test(standard_input_is_empty),
	    cmocka_unit_test(signals_are_as_at_birth),
	    cmocka_unit_test(no_descriptor_is_inherited),
	    cmocka_unit_test(a_group_of_its_own),
	    cmocka_unit_test(environment_and_folder),
	    cmocka_unit_test(large_input_is_fed),
	    cmocka_unit_test(input_that_nobody_reads),
	    cmocka_unit_test(a_hundred_mebibytes_pass_through),
	    cmocka_unit_test(what_stays_in_the_background_on_purpose),
	    cmocka_unit_test(a_command_that_is_not_there),
	    cmocka_unit_test(a_folder_that_is_not_there),
	    cmocka_unit_test(a_file_that_is_no_program),
	    cmocka_unit_test(words_that_are_too_long),
	    cmocka_unit_test(path_of_the_command_itself),
	    cmocka_unit_test(trees_that_end_at_once),
	    cmocka_unit_test(those_that_ignore_term),
	    cmocka_unit_test(those_that_fork_while_they_are_killed),
	    cmocka_unit_test(clean_up_may_still_speak),
	    cmocka_unit_test(only_its_own_die),
	    cmocka_unit_test(what_another_left_is_not_touched),
	    cmocka_unit_test(children_free_leaves_nothing),
	    cmocka_unit_test(no_descriptor_is_lost),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
