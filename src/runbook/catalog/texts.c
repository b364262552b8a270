/* All that a catalog is made of, as one text. Invariant: of whatever catalog_load() would make another catalog it is
 * another text, or none. */
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "fsops/buf.h"
#include "fsops/mem.h"

/* Its length goes before each, so that no two lists of texts are one. */
static void add(struct buf *out, const char *data, size_t len)
{
	buf_addf(out, "%zu ", len);
	buf_add(out, data, len);
}

static void add_text(struct buf *out, const char *text)
{
	add(out, text ? text : "", text ? strlen(text) : 0);
}

static int add_file(struct buf *out, const struct catalog_files *files, const char *path,
    const struct trust_rule *rule)
{
	struct buf text;
	struct err err;

	if (buf_read_checked(&text, path, DOCUMENT_MAX,
	        files->unchecked ? NULL : catalog_file_check, rule, &err) < 0)
		return -1;
	add_text(out, path);
	add(out, text.data, text.len);
	buf_release(&text);
	return 0;
}

static int add_all(struct buf *out, const struct catalog_files *files)
{
	char *folder = mem_realpath(files->folder);

	add_text(out, files->folder);
	add_text(out, folder);
	free(folder);
	if (add_file(out, files, files->platform, &files->platform_rule) < 0)
		return -1;
	for (size_t i = 0; i < files->count; i++)
		if (add_file(out, files, files->items[i], &files->rule) < 0)
			return -1;
	return out->full ? -1 : 0;
}

int catalog_texts(const struct catalog_paths *paths, struct buf *out)
{
	struct catalog_files files = {0};
	struct problems problems = {0};
	int result = -1;

	catalog_files_find(paths, &files, &problems);
	if (!problems.count && !files.refused && files.folder && files.platform)
		result = add_all(out, &files);
	catalog_files_release(&files);
	problems_release(&problems);
	return result;
}
