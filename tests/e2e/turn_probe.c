/*
 * For test_turns.py, preloaded: the most processor time that the loop's thread takes between two poll(2), in
 * seconds, kept up to date in the file that $TURNS names. Processor time, not the clock's: a busy machine is not fsops' doing. The loop
 * always waits for signals and for something else; libcurl's own poll(2) of one socket is no turn.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void keep(double worst)
{
	FILE *out = fopen(getenv("TURNS"), "w");

	if (out) {
		fprintf(out, "%.3f\n", worst);
		fclose(out);
	}
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	static int (*real)(struct pollfd *, nfds_t, int);
	static __thread double left, worst;
	int ready;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "poll");
	if (count < 2)
		return real(fds, count, timeout);
	if (left > 0 && seconds() - left > worst && seconds() > 0.02) {
		worst = seconds() - left;
		keep(worst);
	}
	ready = real(fds, count, timeout);
	left = seconds();
	return ready;
}
