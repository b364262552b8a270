/* Saves outputs. Invariant: a file that save_close() reports as saved holds every byte that
 * save_add() was given since the last save_restart(), is on disk, and was not there before. */
#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/sha256.h"

struct save {
	char *path;
	int fd;
	int error; /* errno of the first write that failed; 0: none */
	size_t bytes;
	struct sha256 hash;
};

struct save *save_open(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct save *save;

	if (fd < 0 && errno == EEXIST) {
		err_set(err, ERR_SYSTEM,
		    "unable to save to '%s': it is there already and is never overwritten: move it "
		    "away, or give another name",
		    path);
		return NULL;
	}
	if (fd < 0) {
		err_set(err, ERR_SYSTEM, "unable to save to '%s': %s", path, strerror(errno));
		return NULL;
	}
	save = mem_alloc(sizeof(*save));
	save->path = mem_text(path);
	save->fd = fd;
	sha256_init(&save->hash);
	return save;
}

void save_add(struct save *save, const char *data, size_t len)
{
	while (len && !save->error) {
		ssize_t written = write(save->fd, data, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			save->error = errno;
			return;
		}
		sha256_update(&save->hash, data, (size_t)written);
		save->bytes += (size_t)written;
		data += written;
		len -= (size_t)written;
	}
}

void save_restart(struct save *save)
{
	if (!save->error && (ftruncate(save->fd, 0) < 0 || lseek(save->fd, 0, SEEK_SET) < 0))
		save->error = errno;
	save->bytes = 0;
	sha256_init(&save->hash);
}

static json_t *report(struct save *save)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_TEXT];

	sha256_final(&save->hash, digest);
	sha256_hex(digest, hex);
	return json_pack(
	    "{s:s, s:I, s:s}", "path", save->path, "bytes", (json_int_t)save->bytes, "sha256", hex);
}

json_t *save_close(struct save *save, struct err *err)
{
	json_t *saved = NULL;

	if (!save->error && fsync(save->fd) < 0)
		save->error = errno;
	if (close(save->fd) < 0 && !save->error)
		save->error = errno;
	if (save->error)
		err_set(err, ERR_SYSTEM,
		    "unable to save to '%s': %s: the file is incomplete, %zu bytes were written",
		    save->path, strerror(save->error), save->bytes);
	else
		saved = report(save);
	free(save->path);
	free(save);
	return saved;
}
