/* The words for why a run was stopped. */
#include "stop.h"

#include <stddef.h>
#include <string.h>

#include "fsops/mem.h"

static const struct {
	const char *name;
	const char *outcome; /* of the run */
	bool resumable;
} stops[] = {
    [STOP_NONE] = {NULL, "passed", false},
    [STOP_FAILED] = {"failed", "failed", false},
    [STOP_ABORT] = {"aborted", "cancelled", false},
    [STOP_REFUSED] = {"refused", "refused", false},
    [STOP_LOCKED] = {"locked", "cancelled", true},
    [STOP_UNRECORDED] = {"unrecorded", "cancelled", true},
    [STOP_SIGNAL] = {"signal", "cancelled", true},
};

const char *stop_name(enum stop stop)
{
	return stops[stop].name;
}

enum stop stop_parse(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(stops); i++)
		if (stops[i].name && strcmp(stops[i].name, name) == 0)
			return (enum stop)i;
	return STOP_NONE;
}

bool stop_is_resumable(enum stop stop)
{
	return stops[stop].resumable;
}

const char *stop_outcome(enum stop stop)
{
	return stops[stop].outcome;
}
