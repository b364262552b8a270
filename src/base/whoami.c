/* Who runs this program. Invariant: there is always an answer, if only a number. */
#include "fsops/whoami.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/value.h"

static json_t *host_name(void)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, HOST_NAME_MAX) < 0)
		name[0] = '\0';
	name[HOST_NAME_MAX] = '\0';
	return value_text(name, strlen(name));
}

static json_t *user_name(void)
{
	const char *sudo = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *entry = getpwuid(geteuid());
	char number[24];

	if (sudo && *sudo)
		return value_text(sudo, strlen(sudo));
	if (entry && entry->pw_name)
		return value_text(entry->pw_name, strlen(entry->pw_name));
	snprintf(number, sizeof(number), "%lu", (unsigned long)geteuid());
	return json_string(number);
}

json_t *whoami(void)
{
	return json_pack("{s:o, s:o, s:I}", "user", user_name(), "host", host_name(), "pid",
	    (json_int_t)getpid());
}
