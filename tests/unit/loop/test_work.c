/* Work on threads, names to addresses, and signals on the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/signals.h"
#include "fsops/work.h"

static void stop(void *ctx)
{
	loop_stop(ctx);
}

struct job {
	long sleep_ms;
	pthread_t main;
	pthread_t ran_on;
	sigset_t mask;
};

static atomic_int runs, releases;
static int dones;

static void job_run(void *arg)
{
	struct job *job = arg;

	nanosleep(&(struct timespec){.tv_nsec = job->sleep_ms * 1000000}, NULL);
	job->ran_on = pthread_self();
	pthread_sigmask(SIG_SETMASK, NULL, &job->mask);
	runs++;
}

static void job_done(void *arg)
{
	struct job *job = arg;

	assert_true(pthread_equal(pthread_self(), job->main));
	assert_false(pthread_equal(job->ran_on, job->main));
	assert_true(sigismember(&job->mask, SIGTERM));
	dones++;
}

static void job_release(void *arg)
{
	releases++;
	free(arg);
}

static struct work *start_job(struct loop *loop, long sleep_ms)
{
	struct job *job = mem_alloc(sizeof(*job));
	struct work_spec spec = {
	    .run = job_run, .done = job_done, .release = job_release, .arg = job};
	struct work *work;

	job->sleep_ms = sleep_ms;
	job->main = pthread_self();
	work = work_start(loop, &spec, NULL);
	assert_non_null(work);
	return work;
}

static struct loop *begin(void)
{
	runs = releases = dones = 0;
	return loop_new(&clock_system);
}

static void work_is_done_on_the_loop(void **state)
{
	struct loop *loop = begin();

	(void)state;
	start_job(loop, 1);
	loop_run(loop);
	assert_int_equal(dones, 1);
	assert_int_equal(releases, 1);
	loop_free(loop);
}

static void many_wait_for_a_thread(void **state)
{
	struct loop *loop = begin();

	(void)state;
	for (int i = 0; i < 200; i++)
		start_job(loop, 1);
	loop_run(loop);
	assert_int_equal(dones, 200);
	assert_int_equal(releases, 200);
	loop_free(loop);
}

static void abandoned_work_is_only_released(void **state)
{
	struct work *works[40];
	struct loop *loop = begin();

	(void)state;
	for (int i = 0; i < 40; i++)
		works[i] = start_job(loop, 10);
	for (int i = 0; i < 40; i += 2)
		work_abandon(works[i]);
	loop_run(loop);
	assert_int_equal(dones, 20);
	for (int i = 0; i < 1000 && releases < 40; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_int_equal(releases, 40);
	loop_free(loop);
}

static void abandoned_after_it_ran(void **state)
{
	struct loop *loop = begin();
	struct work *work = start_job(loop, 0);

	(void)state;
	while (!runs)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	work_abandon(work);
	loop_run(loop);
	assert_int_equal(dones, 0);
	assert_int_equal(releases, 1);
	loop_free(loop);
}

/* Names. */

struct answer {
	char first[64];
	char why[256];
	size_t count;
	int times;
};

static void on_answer(void *ctx, const char *const *addresses, size_t count, const char *why)
{
	struct answer *answer = ctx;

	answer->times++;
	answer->count = count;
	strncpy(answer->first, count ? addresses[0] : "", sizeof(answer->first) - 1);
	strncpy(answer->why, why ? why : "", sizeof(answer->why) - 1);
}

static struct answer ask(const char *host)
{
	struct loop *loop = begin();
	struct answer answer = {0};

	resolve_start(loop, host, on_answer, &answer);
	assert_int_equal(answer.times, 0);
	loop_run(loop);
	assert_int_equal(answer.times, 1);
	loop_free(loop);
	return answer;
}

static void numeric_addresses(void **state)
{
	(void)state;
	assert_string_equal(ask("127.0.0.1").first, "127.0.0.1");
	assert_string_equal(ask("::1").first, "::1");
	assert_string_equal(ask("[2001:db8::1]").first, "2001:db8::1");
	assert_int_equal(ask("127.0.0.1").count, 1);
}

static void the_name_of_this_machine(void **state)
{
	struct answer answer = ask("localhost");

	(void)state;
	assert_true(answer.count >= 1);
	assert_string_equal(answer.why, "");
}

static void a_name_that_nobody_has(void **state)
{
	struct answer answer = ask("no-such-host.invalid");

	(void)state;
	assert_int_equal(answer.count, 0);
	assert_true(strlen(answer.why) > 5);
}

static void a_cancelled_question(void **state)
{
	struct loop *loop = begin();
	struct answer answer = {0};

	(void)state;
	resolve_cancel(resolve_start(loop, "127.0.0.1", on_answer, &answer));
	resolve_cancel(resolve_start(loop, "localhost", on_answer, &answer));
	loop_run(loop);
	assert_int_equal(answer.times, 0);
	loop_free(loop);
}

/* Signals. */

static struct {
	int signo[4];
	int count;
} stops;

static void on_stop(void *ctx, int signo, int count)
{
	stops.signo[stops.count++] = signo;
	assert_int_equal(count, stops.count);
	if (count == 3)
		loop_stop(ctx);
}

static void raise_all(void *ctx)
{
	(void)ctx;
	raise(SIGINT);
	raise(SIGTERM);
	raise(SIGHUP);
	raise(SIGPIPE);
}

static void signals_are_counted(void **state)
{
	struct loop *loop = begin();
	struct signals *signals;
	struct sigaction after;

	(void)state;
	signal(SIGHUP, SIG_DFL); /* whoever runs the tests may have ignored it */
	signals = signals_new(loop, on_stop, loop, NULL);
	loop_after(loop, 0, raise_all, NULL);
	loop_after(loop, 5000, stop, loop);
	loop_run(loop);
	assert_int_equal(stops.count, 3);
	assert_int_equal(stops.signo[0], SIGINT);
	assert_int_equal(stops.signo[2], SIGHUP);
	signals_free(signals);
	sigaction(SIGTERM, NULL, &after);
	assert_true(after.sa_handler == SIG_DFL);
	loop_free(loop);
}

static void nohup_stays_nohup(void **state)
{
	struct loop *loop = begin();
	struct signals *signals;
	struct sigaction now;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	signals = signals_new(loop, on_stop, loop, NULL);
	sigaction(SIGHUP, NULL, &now);
	assert_true(now.sa_handler == SIG_IGN);
	signals_free(signals);
	signal(SIGHUP, SIG_DFL);
	loop_free(loop);
}

static void on_resize(void *ctx)
{
	++*(int *)ctx;
}

static void the_terminal_changes_its_size(void **state)
{
	struct loop *loop = begin();
	struct signals *signals = signals_new(loop, on_stop, loop, NULL);
	int resized = 0;

	(void)state;
	signals_on_resize(signals, on_resize, &resized);
	raise(SIGWINCH);
	loop_after(loop, 20, stop, loop);
	loop_run(loop);
	assert_int_equal(resized, 1);
	signals_free(signals);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(work_is_done_on_the_loop),
	    cmocka_unit_test(many_wait_for_a_thread),
	    cmocka_unit_test(abandoned_work_is_only_released),
	    cmocka_unit_test(abandoned_after_it_ran),
	    cmocka_unit_test(numeric_addresses),
	    cmocka_unit_test(the_name_of_this_machine),
	    cmocka_unit_test(a_name_that_nobody_has),
	    cmocka_unit_test(a_cancelled_question),
	    cmocka_unit_test(signals_are_counted),
	    cmocka_unit_test(nohup_stays_nohup),
	    cmocka_unit_test(the_terminal_changes_its_size),
	};

	return cmocka_run_group_tests_name("work", tests, NULL, NULL);
}
