/* What a page is made from: the platform, and the folder of the runbooks. Invariant: the folder that is named
 * is the one that was read, with its links followed. */
#include <stdlib.h>
#include <string.h>

#include "ui/look.h"
#include "ui/safe.h"

/* A person's own folders are known by `~`. */
static const char *below_home(const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (len < 2 || strncmp(path, home, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

void look_add_path(struct buf *out, const char *path)
{
	const char *below = below_home(path);

	if (below)
		buf_addc(out, '~');
	safe_adds(out, below ? below : path);
}

void look_add_runbooks(
    struct buf *out, const struct look *look, const char *before, const char *runbooks)
{
	const char *dots = look->utf8 ? "\xE2\x80\xA6" : "...";
	struct buf path;
	int room = look->width - look_width(before, strlen(before));
	const char *end;

	buf_init(&path, BUF_TEXT_MAX);
	look_add_path(&path, runbooks);
	end = path.data;
	if (look->width && look_width(path.data, path.len) > room) {
		room -= look_width(dots, strlen(dots));
		while (*end && look_width(end, strlen(end)) > room)
			do
				end++;
			while ((*end & 0xC0) == 0x80); /* not into the middle of a character */
	}
	look_on(out, look, ROLE_DIM);
	buf_addf(out, "%s%s%s", before, end == path.data ? "" : dots, end);
	look_off(out, look, ROLE_DIM);
	buf_addc(out, '\n');
	buf_release(&path);
}

void print_source(struct buf *out, const struct platform *platform, const struct look *look)
{
	print_source_of(out, platform->name, platform_color(platform), platform->runbooks, look);
}

void print_source_of(struct buf *out, const char *platform, const char *color, const char *runbooks,
    const struct look *look)
{
	if (!platform)
		return;
	buf_adds(out, "Platform ");
	look_add_platform(out, look, platform, color);
	if (runbooks) {
		buf_adds(out, ", runbooks in ");
		look_add_path(out, runbooks);
	}
	buf_addc(out, '\n');
}

void source_set(json_t *object, const struct platform *platform)
{
	json_object_set_new(
	    object, "platform", platform->name ? json_string(platform->name) : json_null());
	json_object_set_new(
	    object, "runbooks", platform->runbooks ? json_string(platform->runbooks) : json_null());
}
