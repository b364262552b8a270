/* The alert response matrix, looked up by what somebody typed. */
#include <stdlib.h>

#include "fsops/mem.h"
#include "fsops/model.h"
#include "fsops/text.h"

const struct alert *platform_alert(
    const struct platform *platform, const char *name, struct err *err)
{
	const char **names = mem_alloc((platform->alert_count + 1) * sizeof(*names));
	int found;

	for (size_t i = 0; i < platform->alert_count; i++)
		names[i] = platform->alerts[i].name;
	found = text_pick(name, names, platform->alert_count, "alert", err);
	free(names);
	return found < 0 ? NULL : &platform->alerts[found];
}
