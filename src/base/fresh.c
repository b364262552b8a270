/* New files. Invariant: under its own name a file is whole or not there, and nothing that was
 * there before is ever overwritten. */
#include "fsops/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"

struct fresh {
	char *path;
	char *draft; /* its name until it is whole; NULL once that is gone */
	int fd;
};

static int exists(const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM,
	    "'%s' is there already and is never overwritten: move it away, or name another file",
	    path);
}

static int refuse(const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "unable to write '%s': %s%s", path, strerror(errno),
	    errno == ENOSPC || errno == EDQUOT ? ": make room there, or name a file elsewhere"
	                                       : "");
}

struct fresh *fresh_open(const char *path, struct err *err)
{
	struct fresh *file;
	struct stat info;

	if (lstat(path, &info) == 0) {
		exists(path, err);
		return NULL;
	}
	file = mem_alloc(sizeof(*file));
	file->path = mem_text(path);
	file->draft = mem_printf("%s.part-XXXXXX", path);
	file->fd = mkostemp(file->draft, O_CLOEXEC);
	if (file->fd >= 0)
		return file;
	refuse(path, err);
	free(file->draft);
	file->draft = NULL;
	fresh_free(file);
	return NULL;
}

int fresh_write(struct fresh *file, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t done = write(file->fd, data, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return refuse(file->path, err);
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

int fresh_restart(struct fresh *file, struct err *err)
{
	if (ftruncate(file->fd, 0) < 0 || lseek(file->fd, 0, SEEK_SET) < 0)
		return refuse(file->path, err);
	return 0;
}

/* That it has its name should be on the disk as well. Some file systems cannot sync a folder:
 * then the name gets there in its own time. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? mem_textn(path, (size_t)(slash - path) + 1) : mem_text(".");
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

/* link() fails when the name is taken; rename() would replace what is there. */
static int publish(struct fresh *file, struct err *err)
{
	struct stat info;

	if (link(file->draft, file->path) == 0) {
		unlink(file->draft);
		return 0;
	}
	if (errno == EEXIST || lstat(file->path, &info) == 0)
		return exists(file->path, err);
	/* A file system without links. */
	return rename(file->draft, file->path) < 0 ? refuse(file->path, err) : 0;
}

int fresh_finish(struct fresh *file, struct err *err)
{
	int fd = file->fd;
	int synced = fsync(fd);

	file->fd = -1;
	if (close(fd) < 0 || synced < 0)
		return refuse(file->path, err);
	if (publish(file, err) < 0)
		return -1;
	free(file->draft);
	file->draft = NULL;
	sync_folder(file->path);
	return 0;
}

char *fresh_leave(struct fresh *file)
{
	char *name = file->draft; /* transferred */

	if (file->fd >= 0)
		fsync(file->fd);
	file->draft = NULL;
	return name;
}

void fresh_free(struct fresh *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	if (file->draft)
		unlink(file->draft);
	free(file->draft);
	free(file->path);
	free(file);
}
