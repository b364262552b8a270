/* Files in the state folder of one test. */
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
#include "state_folder.h"

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
