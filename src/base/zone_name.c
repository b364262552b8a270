/* Which time zone this machine and this process are in. Invariant: a zone is a name that can be
 * looked up anywhere; what has none is an error, and never silently UTC. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/zone.h"

#define LOCALTIME "/etc/localtime"
#define TIMEZONE  "/etc/timezone" /* Debian's; LOCALTIME may be a copy */
#define FOLDER    "/zoneinfo/"
#define FILE_MAX  ((size_t)4096)

static char *name_in_file(void)
{
	struct buf text;
	char *name = NULL;
	struct err err;

	if (buf_read_file(&text, TIMEZONE, FILE_MAX, &err) == 0 && text.len)
		name = mem_textn(text.data, strcspn(text.data, " \t\r\n"));
	buf_release(&text);
	return name;
}

char *zone_of_machine(struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlink(LOCALTIME, target, sizeof(target) - 1);
	const char *folder;
	char *name;

	if (len < 0 && errno == ENOENT)
		return mem_text("UTC");
	target[len < 0 ? 0 : len] = '\0';
	folder = strstr(target, FOLDER);
	name = folder ? mem_text(folder + strlen(FOLDER)) : name_in_file();
	if (!name || !*name) {
		free(name);
		err_set(err, ERR_SYSTEM,
		    "the name of this machine's time zone is not known: " LOCALTIME
		    " leads to no zone; name it with --zone, or set TZ");
		return NULL;
	}
	return name;
}

/* POSIX: ":NAME" is the system's own form. ":/etc/localtime", as some set it, is the machine's. */
char *zone_of_process(struct err *err)
{
	const char *name = getenv("TZ");
	struct zone *zone;

	if (name && *name == ':')
		name++;
	if (!name || strcmp(name, LOCALTIME) == 0)
		return zone_of_machine(err);
	if (!*name)
		return mem_text("UTC");
	zone = zone_open(name, strlen(name));
	if (!zone)
		err_set(err, ERR_USAGE,
		    "TZ is '%.64s', which is no time zone that this machine knows: it must be a "
		    "name such as Europe/Berlin, and the package tzdata must be installed",
		    name);
	zone_free(zone);
	return zone ? mem_text(name) : NULL;
}
