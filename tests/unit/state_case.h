/* A state folder for one test, and files in it. */
#ifndef FSOPS_STATE_CASE_H
#define FSOPS_STATE_CASE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/journal.h"
#include "fsops/mem.h"
#include "fsops/redact.h"

static char case_folder[64];

static int case_set_up(void **state)
{
	(void)state;
	snprintf(case_folder, sizeof(case_folder), "/tmp/fsops-state-XXXXXX");
	if (!mkdtemp(case_folder))
		return -1;
	return setenv("FSOPS_STATE", case_folder, 1);
}

static int case_tear_down(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", case_folder, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* NAME is below the state folder. */
static void case_write(const char *name, const char *data, size_t len)
{
	char *path = mem_printf("%s/%s", case_folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	close(fd);
	free(path);
}

static struct buf case_read(const char *name)
{
	char *path = mem_printf("%s/%s", case_folder, name);
	struct err err;
	struct buf text;

	assert_int_equal(buf_read_file(&text, path, BUF_TEXT_MAX, &err), 0);
	free(path);
	return text;
}
#endif
