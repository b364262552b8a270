/* New files. Invariant: under its own name a file is whole or not there, and nothing that was
 * there before is ever overwritten. */
#include "fsops/fresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"

#define DRAFT_TRIES  100
#define DRAFT_RANDOM 6

struct fresh {
	char *path;
	char *draft; /* its path until it is whole; NULL once that is gone */
	int folder;  /* that both are in */
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

/* The name of PATH in its folder. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the way to the folder ---- */

/* Linux needs no permission to list a folder for going through it. */
#ifdef O_PATH
#define THROUGH (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define THROUGH (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

static bool is_link(int above, const char *name)
{
	struct stat info;

	return fstatat(above, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode);
}

static int folder_refused(
    const struct fresh_place *place, const char *folder, int above, struct err *err)
{
	const char *path = place->path;
	int error = errno;

	if ((error == ELOOP || error == ENOTDIR) && is_link(above, folder))
		return err_set(err, ERR_SYSTEM,
		    "unable to write '%s': '%s' in it was filled in and is a link, which could "
		    "lead anywhere",
		    path, folder);
	if (!place->folder)
		return err_set(err, ERR_SYSTEM, "unable to write '%s': %s", path, strerror(error));
	return err_set(err, ERR_SYSTEM, "unable to save to '%s': folder '%s': %s", path, folder,
	    strerror(error));
}

/* The folder NAME in ABOVE, which is closed. */
static int go_down(const struct fresh_place *place, int above, const char *name, int flags,
    bool last, struct err *err)
{
	int folder = openat(above, name, THROUGH | flags);

	if (folder < 0 && errno == ENOENT && place->folder && last &&
	    (mkdirat(above, name, 0700) == 0 || errno == EEXIST))
		folder = openat(above, name, THROUGH | flags);
	if (folder < 0)
		folder_refused(place, name, above, err);
	if (above >= 0)
		close(above);
	return folder;
}

/* The folder that PLACE's file is in: first as far as a person wrote it, then one by one. */
static int open_folder(const struct fresh_place *place, struct err *err)
{
	const char *path = place->path;
	size_t end = (size_t)(name_of(path) - path);
	size_t fixed = place->fixed < end ? place->fixed : end;
	bool rest = fixed < end;
	char *way = mem_text(path);
	char *first;
	int folder;

	/* The last folder of a fixed way may have to be made: it is gone into by itself. */
	while (!rest && fixed > 1 && way[fixed - 1] == '/')
		fixed--;
	first = fixed ? mem_textn(path, fixed) : mem_text(".");
	folder = go_down(place, AT_FDCWD, first, 0, !rest, err);
	free(first);
	way[end] = '\0';
	for (char *at = way + fixed, *next; rest && folder >= 0 && *at; at = next) {
		size_t len = strcspn(at, "/");

		next = at + len + strspn(at + len, "/");
		at[len] = '\0';
		if (len)
			folder = go_down(place, folder, at, O_NOFOLLOW, !*next, err);
	}
	free(way);
	return folder;
}

/* ---- the draft ---- */

/* A name that nobody has beside the file's own. */
static int open_draft(struct fresh *file)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char random[DRAFT_RANDOM];
	size_t end;

	file->draft = mem_printf("%s.part-XXXXXX", file->path);
	end = strlen(file->draft) - DRAFT_RANDOM;
	for (int i = 0; i < DRAFT_TRIES; i++) {
		if (getentropy(random, sizeof(random)) < 0)
			return -1;
		for (size_t k = 0; k < DRAFT_RANDOM; k++)
			file->draft[end + k] = letters[random[k] % (sizeof(letters) - 1)];
		file->fd = openat(file->folder, name_of(file->draft),
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file->fd >= 0 || errno != EEXIST)
			break;
	}
	return file->fd;
}

static bool is_taken(const struct fresh *file)
{
	struct stat info;

	return fstatat(file->folder, name_of(file->path), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

struct fresh *fresh_open(const struct fresh_place *place, struct err *err)
{
	int folder = open_folder(place, err);
	struct fresh *file;

	if (folder < 0)
		return NULL;
	file = mem_alloc(sizeof(*file));
	file->path = mem_text(place->path);
	file->folder = folder;
	file->fd = -1;
	if (is_taken(file)) {
		exists(place->path, err);
		goto fail;
	}
	if (open_draft(file) >= 0)
		return file;
	refuse(place->path, err);
	free(file->draft);
	file->draft = NULL;
fail:
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
static void sync_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* link() fails when the name is taken; rename() would replace what is there. */
static int publish(struct fresh *file, struct err *err)
{
	const char *draft = name_of(file->draft);
	const char *name = name_of(file->path);

	if (linkat(file->folder, draft, file->folder, name, 0) == 0) {
		unlinkat(file->folder, draft, 0);
		return 0;
	}
	if (errno == EEXIST || is_taken(file))
		return exists(file->path, err);
	/* A file system without links. */
	return renameat(file->folder, draft, file->folder, name) < 0 ? refuse(file->path, err) : 0;
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
	sync_folder(file->folder);
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
		unlinkat(file->folder, name_of(file->draft), 0);
	close(file->folder);
	free(file->draft);
	free(file->path);
	free(file);
}
