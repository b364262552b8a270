/* Files that are there whole or not at all. Invariant: the new file is beside the old one, so that
 * rename(2) can put it in its place, and is gone again when anything fails. */
#include "fsops/atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/trust.h"

/* One that is being written. */
struct draft {
	char *path;   /* of the file in the end */
	char *folder; /* that it is in */
	char *name;   /* of the draft */
	int fd;
	mode_t mode;
};

static int fail(const char *path, int error, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "unable to write '%s': %s", path, strerror(error));
}

static void draft_release(struct draft *draft)
{
	if (draft->fd >= 0)
		close(draft->fd);
	if (draft->name)
		unlink(draft->name);
	free(draft->name);
	free(draft->folder);
	free(draft->path);
}

static mode_t new_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* The mode that the file is to have. */
static int look_at_old(struct draft *draft, const char *path, struct err *err)
{
	struct stat st;

	draft->mode = new_mode();
	if (stat(path, &st) < 0) /* PATH: what /dev/stdout leads to has no path of its own */
		return errno == ENOENT ? 0 : fail(path, errno, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_SYSTEM,
		    "unable to write '%s': it is there and is no file, so it cannot be replaced",
		    path);
	if (trust_is_mine(st.st_uid)) /* who may read another's file, this one need not be for */
		draft->mode = st.st_mode & 07777;
	return access(draft->path, W_OK) == 0 ? 0 : fail(path, errno, err);
}

static int draft_open(struct draft *draft, const char *path, struct err *err)
{
	char *slash;

	*draft = (struct draft){.fd = -1};
	if (!*path)
		return err_set(err, ERR_USAGE, "the name of the file to write is empty");
	draft->path = trust_resolve(path, err);
	if (!draft->path)
		return -1;
	if (look_at_old(draft, path, err) < 0)
		return -1;
	slash = strrchr(draft->path, '/');
	draft->folder =
	    slash ? mem_textn(draft->path, (size_t)(slash - draft->path) + 1) : mem_text("./");
	draft->name = mem_printf("%s.fsops-XXXXXX", draft->folder);
	draft->fd = mkostemp(draft->name, O_CLOEXEC);
	if (draft->fd >= 0)
		return 0;
	free(draft->name);
	draft->name = NULL;
	return fail(path, errno, err);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t written = write(fd, data, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		data += written;
		len -= (size_t)written;
	}
	return 0;
}

/* The file is on the disk already; that it has its name should be as well. Some file systems cannot
 * sync a folder: then the name gets there in its own time. */
static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

int atomic_check(const char *path, struct err *err)
{
	struct draft draft;
	int result = draft_open(&draft, path, err);

	draft_release(&draft);
	return result;
}

int atomic_write(const char *path, const char *data, size_t len, struct err *err)
{
	struct draft draft;
	int result = draft_open(&draft, path, err);

	if (result < 0)
		goto out;
	if (write_all(draft.fd, data, len) < 0 || fchmod(draft.fd, draft.mode) < 0 ||
	    fsync(draft.fd) < 0 || rename(draft.name, draft.path) < 0) {
		result = fail(path, errno, err);
		goto out;
	}
	free(draft.name);
	draft.name = NULL;
	sync_folder(draft.folder);
out:
	draft_release(&draft);
	return result;
}
