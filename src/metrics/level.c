/* Levels: their names, their order and the exit status each means. */
#include <string.h>

#include "fsops/mem.h"
#include "fsops/metric.h"

/* By enum level, whose order is the order of "worst". */
static const struct {
	const char *name;
	int exit_status; /* of a Nagios plug-in */
} levels[] = {
    [LEVEL_OK] = {"ok", 0},
    [LEVEL_INFO] = {"info", 0},
    [LEVEL_UNKNOWN] = {"unknown", 3},
    [LEVEL_WARNING] = {"warning", 1},
    [LEVEL_CRITICAL] = {"critical", 2},
};

const char *level_name(enum level level)
{
	return levels[level].name;
}

int level_parse(const char *text, enum level *level)
{
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (strcmp(levels[i].name, text) == 0) {
			*level = (enum level)i;
			return 0;
		}
	}
	return -1;
}

enum level level_worst(enum level a, enum level b)
{
	return a > b ? a : b;
}

int level_exit_status(enum level level)
{
	return levels[level].exit_status;
}
