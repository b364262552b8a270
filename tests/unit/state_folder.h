/* A state folder for one test: what sets it up, and takes it away again. */
#ifndef FSOPS_STATE_FOLDER_H
#define FSOPS_STATE_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

#endif
