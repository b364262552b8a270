/*
 * Which files are read. The first folder that exists is the one, however little is in it:
 * runbooks that come from two places would be nobody's.
 */
#include "catalog_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

#define PLATFORM_FILE "platform.yaml"
#define FILES_MAX     1000
#define PLACES_MAX    5

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* The places to look at, in order; each an own string. Returns how many. */
static size_t list_places(char *places[PLACES_MAX])
{
	const char *own = getenv("FSOPS_RUNBOOKS");
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	size_t count = 0;

	if (own && *own) {
		places[0] = mem_text(own); /* who says where means it: nothing else is tried */
		return 1;
	}
	places[count++] = mem_text("runbooks");
	if (config && *config)
		places[count++] = mem_printf("%s/fsops", config);
	else if (home && *home)
		places[count++] = mem_printf("%s/.config/fsops", home);
	places[count++] = mem_text("/etc/fsops");
	places[count++] = mem_text(FSOPS_PREFIX "/share/fsops/runbooks");
	return count;
}

static void no_folder(char *const *places, size_t count, struct problems *list)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", places[i]);
	problem_add(list, PROBLEM_ERROR, (struct pos){0},
	    "there are no runbooks: looked for a folder at %s; say where with -R or FSOPS_RUNBOOKS",
	    text.data);
	buf_release(&text);
}

static char *find_folder(const char *given, struct problems *list)
{
	char *places[PLACES_MAX];
	size_t count = 1;
	char *found = NULL;

	if (given)
		places[0] = mem_text(given);
	else
		count = list_places(places);
	for (size_t i = 0; i < count && !found; i++)
		if (is_folder(places[i]))
			found = mem_text(places[i]);
	if (!found)
		no_folder(places, count, list);
	for (size_t i = 0; i < count; i++)
		free(places[i]);
	for (size_t len = found ? strlen(found) : 0; len > 1 && found[len - 1] == '/'; len--)
		found[len - 1] = '\0'; /* so that messages name files without "//" */
	return found;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* A file of another platform may lie beside the runbooks; only its first key tells, later. */
static void take_file(struct catalog_files *files, const char *name, struct problems *list)
{
	char *path;

	if (name[0] == '.' || strcmp(name, PLATFORM_FILE) == 0)
		return;
	path = mem_printf("%s/%s", files->folder, name);
	if (ends_with(name, ".yml"))
		problem_add(list, PROBLEM_WARNING, (struct pos){path, 0, 0},
		    "this file is not read: a runbook's name ends in .yaml");
	if (!ends_with(name, ".yaml") || is_folder(path)) {
		free(path);
		return;
	}
	MEM_PUSH_ROOM(files->items, files->count);
	files->items[files->count++] = path; /* transferred */
}

static int by_name(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void read_folder(struct catalog_files *files, struct problems *list)
{
	DIR *folder = opendir(files->folder);
	const struct dirent *entry;

	if (!folder) {
		problem_add(list, PROBLEM_ERROR, (struct pos){files->folder, 0, 0},
		    "unable to read the folder '%s': %s", files->folder, strerror(errno));
		return;
	}
	while ((entry = readdir(folder)) && files->count < FILES_MAX)
		take_file(files, entry->d_name, list);
	if (entry)
		problem_add(list, PROBLEM_ERROR, (struct pos){files->folder, 0, 0},
		    "more than %d runbooks in one folder", FILES_MAX);
	closedir(folder);
	if (files->count)
		qsort(files->items, files->count, sizeof(*files->items), by_name);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A file that was named is read under that name. A copy elsewhere stands for the folder's own. */
static void add_named(struct catalog_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(base_name(files->items[i]), base_name(path)) == 0) {
			free(files->items[i]);
			files->items[i] = mem_text(path);
			return;
		}
	}
	MEM_PUSH_ROOM(files->items, files->count);
	files->items[files->count++] = mem_text(path);
}

void catalog_files_find(
    const struct catalog_paths *paths, struct catalog_files *out, struct problems *list)
{
	*out = (struct catalog_files){.folder = find_folder(paths->runbooks, list)};
	if (paths->platform)
		out->platform = mem_text(paths->platform);
	else if (out->folder)
		out->platform = mem_printf("%s/" PLATFORM_FILE, out->folder);
	if (out->folder)
		read_folder(out, list);
	for (size_t i = 0; i < paths->file_count; i++)
		add_named(out, paths->files[i]);
}

void catalog_files_release(struct catalog_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i]);
	free(files->items);
	free(files->folder);
	free(files->platform);
	*files = (struct catalog_files){0};
}
