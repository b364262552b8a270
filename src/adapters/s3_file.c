/*
 * cp: the object becomes a file.
 * Invariant: under its own name the file is whole or not there, nothing that was there is
 * ever overwritten, and nobody else may read it (0600).
 */
#include "s3.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"

struct s3_file {
	char *path;
	char *temp; /* NULL once it is gone */
	int fd;
};

static int exists(const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM,
	    "'%s' is there already and is not overwritten: move it away, or name another file",
	    path);
}

static int refuse(const char *path, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "unable to write '%s': %s%s", path, strerror(errno),
	    errno == ENOSPC || errno == EDQUOT ? ": make room there, or name a file elsewhere"
	                                       : "");
}

struct s3_file *s3_file_new(const char *path, struct err *err)
{
	struct s3_file *file;
	struct stat info;

	if (lstat(path, &info) == 0) {
		exists(path, err);
		return NULL;
	}
	file = mem_alloc(sizeof(*file));
	file->path = mem_text(path);
	file->temp = mem_printf("%s.part-XXXXXX", path);
	file->fd = mkostemp(file->temp, O_CLOEXEC);
	if (file->fd >= 0)
		return file;
	refuse(path, err);
	free(file->temp);
	file->temp = NULL;
	s3_file_free(file);
	return NULL;
}

int s3_file_write(struct s3_file *file, const char *data, size_t len, struct err *err)
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

/* link() fails when the name is taken; rename() would replace what is there. */
static int publish(struct s3_file *file, struct err *err)
{
	struct stat info;

	if (link(file->temp, file->path) == 0) {
		unlink(file->temp);
		return 0;
	}
	if (errno == EEXIST || lstat(file->path, &info) == 0)
		return exists(file->path, err);
	/* A file system without links. */
	return rename(file->temp, file->path) < 0 ? refuse(file->path, err) : 0;
}

int s3_file_finish(struct s3_file *file, struct err *err)
{
	int fd = file->fd;

	file->fd = -1;
	if (close(fd) < 0)
		return refuse(file->path, err);
	if (publish(file, err) < 0)
		return -1;
	free(file->temp);
	file->temp = NULL;
	return 0;
}

void s3_file_free(struct s3_file *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	if (file->temp)
		unlink(file->temp);
	free(file->temp);
	free(file->path);
	free(file);
}
