/* Keeps the list of runbooks. Invariant: what is given out was made by this very program of files that are the same, byte
 * by byte, and may be used as they could be then. */
#include "kept_list.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/atomic.h"
#include "fsops/mem.h"
#include "fsops/state.h"
#include "fsops/ui.h"

#define FILE_NAME "list"
#define TEXTS_MAX ((size_t)8 * 1024 * 1024) /* of more nothing is kept */
#define FILE_MAX  ((size_t)16 * 1024 * 1024)
#define PROGRAM   "/proc/self/exe"

/* Another build may read the same files in another way. */
static int add_program(struct buf *out)
{
	struct stat info;

	if (stat(PROGRAM, &info) < 0)
		return -1;
	buf_addf(out, FSOPS_VERSION " %ju %ju %jd.%09ld\n", (uintmax_t)info.st_dev,
	    (uintmax_t)info.st_ino, (intmax_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
	return 0;
}

static void read_texts(const struct catalog_paths *paths, struct buf *texts)
{
	buf_init(texts, TEXTS_MAX);
	if (add_program(texts) < 0 || catalog_texts(paths, texts) < 0)
		buf_clear(texts);
}

/* The file is the texts and, behind them, the list. */
static json_t *list_behind(const struct buf *kept, const struct buf *texts)
{
	json_t *list;

	if (kept->len < texts->len || memcmp(kept->data, texts->data, texts->len) != 0)
		return NULL;
	list = json_loadb(kept->data + texts->len, kept->len - texts->len, 0, NULL);
	if (runbook_list_is_one(list))
		return list;
	json_decref(list);
	return NULL;
}

json_t *kept_list_take(const struct catalog_paths *paths, struct buf *texts)
{
	char *path = state_path(FILE_NAME, NULL);
	json_t *list = NULL;
	struct buf kept;
	struct err err;

	read_texts(paths, texts);
	if (texts->len && path &&
	    buf_read_checked(&kept, path, FILE_MAX, state_check_file, NULL, &err) == 0) {
		list = list_behind(&kept, texts);
		buf_release(&kept);
	}
	free(path);
	return list;
}

/* A new file is for nobody else to read. */
static void make_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

static void write_kept(const struct buf *texts, const json_t *list)
{
	struct err err;
	char *path = state_make_folder(NULL, &err) == 0 ? state_path(FILE_NAME, &err) : NULL;
	char *text = json_dumps(list, JSON_COMPACT);
	struct buf kept;

	buf_init(&kept, FILE_MAX);
	buf_add(&kept, texts->data, texts->len);
	buf_adds(&kept, text);
	if (path && !kept.full) {
		make_private(path);
		atomic_write(path, kept.data, kept.len, &err);
	}
	buf_release(&kept);
	free(text);
	free(path);
}

void kept_list_put(const struct catalog_paths *paths, const struct buf *texts, const json_t *list)
{
	struct buf now;

	read_texts(paths, &now);
	if (texts->len && now.len == texts->len && memcmp(now.data, texts->data, now.len) == 0)
		write_kept(texts, list);
	buf_release(&now);
}
