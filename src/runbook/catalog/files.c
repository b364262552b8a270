/*
 * Which files are read. The first folder that exists is the one, however little is in it:
 * runbooks that come from two places would be nobody's.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

#define PLATFORM_FILE "platform.yaml"
#define FOLDER_NAME   "runbooks"
#define FILES_MAX     1000
#define PLACES_MAX    4
#define ABOVE_MAX     200 /* folders that are gone up: a path has no more */

static bool is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* A folder that was not named must look like one of runbooks: ~/.config/fsops holds other files as well,
 * and a folder above may be called so for other reasons. */
static bool holds_runbooks(const char *path)
{
	DIR *folder = mem_opendir(path);
	const struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder)))
		found = entry->d_name[0] != '.' && ends_with(entry->d_name, ".yaml");
	if (folder)
		closedir(folder);
	return found;
}

/* ---- places ---- */

/* Where runbooks may be. */
struct place {
	char *path;
	const char *from;
	bool found;  /* come upon: it must belong to who uses it */
	bool filled; /* it counts only when it holds runbooks */
};

struct places {
	struct place items[PLACES_MAX];
	size_t count;
};

static void add_place(struct places *places, char *path, const char *from)
{
	places->items[places->count++] = (struct place){.path = path, .from = from};
}

/* "runbooks" here, or else in the nearest folder above that has one, as git looks for its own: not beyond
 * the file system that this folder is in. */
static struct place find_upward(void)
{
	struct place place = {.path = mem_text(FOLDER_NAME), .from = "here", .found = true};
	struct stat here, above;
	char *up = mem_text("..");

	if (stat(".", &here) < 0)
		here = (struct stat){0};
	for (int i = 0; i < ABOVE_MAX && !is_folder(place.path); i++) {
		char *next = mem_printf("%s/..", up);
		char *path = mem_printf("%s/" FOLDER_NAME, up);
		bool end = stat(up, &above) < 0 || above.st_dev != here.st_dev ||
		           above.st_ino == here.st_ino;

		if (!end && is_folder(path) && holds_runbooks(path)) {
			free(place.path);
			place.path = mem_text(path);
			place.from = "a folder above";
		}
		here = above;
		free(path);
		free(up);
		up = next;
		if (end)
			break;
	}
	free(up);
	return place;
}

/* The places to look at, in order. */
static void list_places(struct places *places)
{
	const char *own = getenv("FSOPS_RUNBOOKS");
	char *config;

	if (own && *own) { /* who says where means it: nothing else is tried */
		add_place(places, mem_text(own), "FSOPS_RUNBOOKS");
		return;
	}
	places->items[places->count++] = find_upward();
	config = config_folder();
	if (config)
		places->items[places->count++] =
		    (struct place){.path = config, .from = "your configuration", .filled = true};
	add_place(places, mem_text("/etc/fsops"), "this machine");
	add_place(places, mem_text(FSOPS_PREFIX "/share/fsops/runbooks"), "the installation");
}

static void no_folder(const struct places *places, struct problems *list)
{
	struct buf text;

	buf_init(&text, ERR_TEXT_MAX / 2);
	for (size_t i = 0; i < places->count; i++)
		buf_addf(&text, "%s%s", i ? ", " : "", places->items[i].path);
	problem_add(list, PROBLEM_ERROR, (struct pos){0},
	    "there are no runbooks: looked for a folder at %s; say where with -R or FSOPS_RUNBOOKS",
	    text.data);
	buf_release(&text);
}

/* ---- whose they are ---- */

/* Whoever owns the link, or the folder that it lies in, decides which folder is used. */
static int check_link(const char *path, struct err *err)
{
	static const struct trust_rule own = {.own = true};
	struct stat info;
	const char *slash = strrchr(path, '/');
	char *folder;
	int result;

	if (lstat(path, &info) < 0 || !S_ISLNK(info.st_mode))
		return 0;
	if (!trust_is_mine(info.st_uid))
		return err_set(err, ERR_INPUT, "the link '%s' belongs to another user", path);
	folder = slash ? mem_textn(path, (size_t)(slash - path)) : mem_text(".");
	result = trust_check(folder, -1, &own, err);
	free(folder);
	return result;
}

int catalog_folder_check(struct catalog_files *files, struct err *err)
{
	struct stat info;

	if (trust_check(files->folder, -1, &files->rule, err) < 0 ||
	    (files->rule.own && check_link(files->folder, err) < 0))
		return trust_refuse(files->folder, err);
	if (stat(files->folder, &info) == 0)
		files->rule.owner = info.st_uid;
	return 0;
}

/* A folder that is refused is no reason to take the next: that one was not meant. */
static void use_folder(
    struct catalog_files *files, const struct place *place, bool unchecked, struct problems *list)
{
	struct err err;

	files->folder = mem_text(place->path);
	files->from = place->from;
	files->rule = (struct trust_rule){.own = place->found, .owner = TRUST_ANYONE};
	for (size_t len = strlen(files->folder); len > 1 && files->folder[len - 1] == '/'; len--)
		files->folder[len - 1] = '\0'; /* so that messages name files without "//" */
	if (unchecked || catalog_folder_check(files, &err) == 0)
		return;
	problem_add(list, PROBLEM_ERROR, (struct pos){0}, "%s", err.text);
	free(files->folder);
	files->folder = NULL;
	files->refused = mem_text(place->path);
}

static void find_folder(
    struct catalog_files *files, const struct catalog_paths *paths, struct problems *list)
{
	struct places places = {.count = 0};
	const struct place *found = NULL;

	if (paths->runbooks)
		add_place(&places, mem_text(paths->runbooks), "-R");
	else
		list_places(&places);
	for (size_t i = 0; i < places.count && !found; i++)
		if (is_folder(places.items[i].path) &&
		    (!places.items[i].filled || holds_runbooks(places.items[i].path)))
			found = &places.items[i];
	if (found)
		use_folder(files, found, paths->unchecked, list);
	else
		no_folder(&places, list);
	for (size_t i = 0; i < places.count; i++)
		free(places.items[i].path);
}

/* ---- files ---- */

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
	DIR *folder = mem_opendir(files->folder);
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
	*out = (struct catalog_files){.unchecked = paths->unchecked};
	find_folder(out, paths, list);
	out->platform_rule = out->rule;
	if (paths->platform) {
		out->platform = mem_text(paths->platform);
		out->platform_rule = (struct trust_rule){.owner = TRUST_ANYONE};
	} else if (out->folder) {
		out->platform = mem_printf("%s/" PLATFORM_FILE, out->folder);
	}
	if (out->folder)
		read_folder(out, list);
	for (size_t i = 0; i < paths->file_count; i++)
		add_named(out, paths->files[i]);
}

int catalog_file_check(int fd, const char *path, const void *ctx, struct err *err)
{
	return trust_check(path, fd, ctx, err) < 0 ? trust_refuse(path, err) : 0;
}

void catalog_files_release(struct catalog_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		free(files->items[i]);
	free(files->items);
	free(files->folder);
	free(files->refused);
	free(files->platform);
	*files = (struct catalog_files){0};
}
