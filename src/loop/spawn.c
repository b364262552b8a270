/* Starts one process. Invariant: nothing is allocated or looked up between fork and exec:
 * posix_spawn is given a full path and a ready environment, so it runs at the speed of vfork. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "fsops/buf.h"
#include "fsops/mem.h"

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM
#endif
#endif

#define PATH_TEXT_MAX 4096
/* Linux takes no single argument or variable of this size or more (MAX_ARG_STRLEN). */
#define WORD_MAX     ((size_t)128 * 1024)
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

/* The PATH that the command itself will see: `PATH=… command` means that one. */
static const char *search_path(const char *const *env)
{
	const char *path = getenv("PATH");

	for (; env && *env; env++)
		if (strncmp(*env, "PATH=", strlen("PATH=")) == 0)
			path = *env + strlen("PATH=");
	return path ? path : PATH_DEFAULT;
}

/* EACCES is worth more than ENOENT: something was there. */
static int check_file(const char *cwd, const char *path)
{
	struct stat info;
	char *whole = path[0] == '/' || !cwd ? NULL : mem_printf("%s/%s", cwd, path);
	const char *at = whole ? whole : path;
	int why = 0;

	if (stat(at, &info) < 0)
		why = errno;
	else if (!S_ISREG(info.st_mode) || access(at, X_OK) < 0)
		why = EACCES;
	free(whole);
	return why;
}

static int check_folder(const char *path)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return errno;
	if (!S_ISDIR(info.st_mode))
		return ENOTDIR;
	return access(path, X_OK) < 0 ? errno : 0;
}

/* FILE gets the path to execute. Returns 0 or an errno. */
static int look_up(const struct child_spec *spec, struct buf *file)
{
	const char *name = spec->argv[0];
	const char *at = search_path(spec->env);
	int why = ENOENT;

	if (strchr(name, '/')) {
		buf_adds(file, name);
		return check_file(spec->cwd, name);
	}
	for (;; at++) {
		size_t len = strcspn(at, ":");
		int found;

		buf_clear(file);
		buf_addf(file, "%.*s%s%s", (int)len, at, len ? "/" : "./", name);
		found = file->full ? ENOENT : check_file(spec->cwd, file->data);
		if (found == 0)
			return 0;
		if (found == EACCES)
			why = EACCES;
		at += len;
		if (!*at)
			return why;
	}
}

static const struct {
	int why;
	const char *text;
} sentences[] = {
    {EACCES, "it is there but not executable, or a folder on the way to it is closed to you"},
    {E2BIG, "its arguments and environment are too long for this system: use its standard input"},
    {EAGAIN, "this system has no room for one more process"},
    {ENOMEM, "there is not enough memory for one more process"},
    {ENOEXEC, "it is no program for this machine, or a script without a '#!' line"},
};

static const char *overlong(const char *const *words)
{
	for (; words && *words; words++)
		if (strlen(*words) >= WORD_MAX)
			return *words;
	return NULL;
}

/* The one word that is too long, if it is one. */
static int explain_size(const struct child_spec *spec, struct err *err)
{
	const char *variable = overlong(spec->env);
	const char *argument = overlong(spec->argv);

	if (!variable && !argument)
		return 0;
	return err_set(err, ERR_LIMIT,
	    "unable to run '%s': its %s%.*s%s is over %zu bytes, the most that a command can be "
	    "given: use its standard input",
	    spec->argv[0], variable ? "variable '" : "argument '",
	    variable ? (int)strcspn(variable, "=") : 40, variable ? variable : argument,
	    variable ? "'" : "…'", WORD_MAX);
}

static int explain(const struct child_spec *spec, bool found, int why, struct err *err)
{
	const char *name = spec->argv[0];
	int cwd_why = spec->cwd ? check_folder(spec->cwd) : 0;

	if (cwd_why)
		return err_set(err, ERR_SYSTEM, "unable to run '%s' in the folder '%s': %s", name,
		    spec->cwd, strerror(cwd_why));
	if (why == E2BIG && explain_size(spec, err) < 0)
		return -1;
	if (why == ENOENT && !strchr(name, '/') && !found)
		return err_set(err, ERR_SYSTEM,
		    "unable to run '%s': not found in PATH: install it, or add its folder to PATH",
		    name);
	if (why == ENOENT && found)
		return err_set(err, ERR_SYSTEM,
		    "unable to run '%s': the interpreter that its '#!' line names is not there",
		    name);
	for (size_t i = 0; i < COUNT_OF(sentences); i++)
		if (sentences[i].why == why)
			return err_set(
			    err, ERR_SYSTEM, "unable to run '%s': %s", name, sentences[i].text);
	return err_set(err, ERR_SYSTEM, "unable to run '%s': %s", name, strerror(why));
}

/* Nothing above 2 is passed on: libraries open sockets that are not close-on-exec, and a child that
 * held one would keep a server waiting. */
static void set_actions(posix_spawn_file_actions_t *actions, const char *cwd, const int fds[3])
{
	posix_spawn_file_actions_init(actions);
	if (fds[0] < 0)
		posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	for (int i = fds[0] < 0 ? 1 : 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(actions, fds[i], i);
#ifdef HAVE_CLOSEFROM
	posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
	if (cwd)
		posix_spawn_file_actions_addchdir_np(actions, cwd);
}

static void set_attributes(posix_spawnattr_t *attributes)
{
	short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t signals;

	posix_spawnattr_init(attributes);
	posix_spawnattr_setpgroup(attributes, 0);
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(attributes, &signals);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(attributes, &signals);
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
	flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
	posix_spawnattr_setflags(attributes, flags);
}

int spawn_command(
    const struct child_spec *spec, const char *call, const int fds[3], int *pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **env = environment_for(spec, call);
	struct buf file;
	pid_t started = 0;
	bool found;
	int why;

	set_actions(&actions, spec->cwd, fds);
	set_attributes(&attributes);
	buf_init(&file, PATH_TEXT_MAX);
	why = spec->cwd ? check_folder(spec->cwd) : 0;
	if (!why)
		why = look_up(spec, &file);
	found = why == 0;
	if (found)
		why = posix_spawn(
		    &started, file.data, &actions, &attributes, (char *const *)spec->argv, env);
	*pid = (int)started;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	buf_release(&file);
	free(env);
	return why ? explain(spec, found, why, err) : 0;
}
