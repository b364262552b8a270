/* Saves outputs. Invariant: a file under the name that the runbook gave holds every byte that
 * save_add() was given since the last save_restart(), is on the disk, and was not there before. */
#include "save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/fresh.h"
#include "fsops/mem.h"
#include "fsops/sha256.h"
#include "fsops/value.h"

struct save {
	char *path;
	struct fresh *file;
	bool failed;
	struct err err; /* of the first write that failed */
	size_t bytes;
	struct sha256 *hash;
};

struct save *save_open(const char *path, size_t fixed, struct err *err)
{
	struct fresh *file =
	    fresh_open(&(struct fresh_place){.path = path, .fixed = fixed, .folder = true}, err);
	struct save *save;

	if (!file)
		return NULL;
	save = mem_alloc(sizeof(*save));
	save->path = mem_text(path);
	save->file = file;
	save->hash = sha256_new();
	return save;
}

void save_add(struct save *save, const char *data, size_t len)
{
	if (save->failed)
		return;
	save->failed = fresh_write(save->file, data, len, &save->err) < 0;
	if (save->failed)
		return;
	sha256_update(save->hash, data, len);
	save->bytes += len;
}

void save_restart(struct save *save)
{
	if (!save->failed)
		save->failed = fresh_restart(save->file, &save->err) < 0;
	save->bytes = 0;
	sha256_restart(save->hash);
}

static json_t *describe(struct save *save, const char *path, bool complete)
{
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_TEXT];

	sha256_end(save->hash, digest);
	save->hash = NULL;
	sha256_hex(digest, hex);
	return json_pack("{s:s, s:I, s:s, s:b}", "path", path, "bytes", (json_int_t)save->bytes,
	    "sha256", hex, "complete", complete);
}

/* What came is evidence too, but not under the name that promises all of it. */
static json_t *leave_part(struct save *save)
{
	char *part = save->bytes ? fresh_leave(save->file) : NULL;
	json_t *saved = part ? describe(save, part, false) : NULL;

	free(part);
	return saved;
}

int save_close(struct save *save, bool whole, json_t **saved, struct err *err)
{
	int result = 0;

	if (whole && !save->failed)
		save->failed = fresh_finish(save->file, &save->err) < 0;
	*saved = whole && !save->failed ? describe(save, save->path, true) : leave_part(save);
	if (save->failed)
		result = err_set(err, save->err.kind,
		    "%s: the output is incomplete, %zu bytes are in '%s'", save->err.text,
		    *saved ? save->bytes : 0,
		    *saved ? json_string_value(json_object_get(*saved, "path")) : "no file");
	fresh_free(save->file);
	sha256_free(save->hash);
	free(save->path);
	free(save);
	return result;
}
