/* `fsops run --if-due`, for what can only wake a run too often. Invariant: a time zone that is not
 * known is an error, not UTC: else a run would be at the wrong time, or never. */
#include <string.h>

#include "command.h"
#include "fsops/clock.h"
#include "fsops/mem.h"
#include "fsops/schedule.h"

#include <stdlib.h>

static void tell_when(const struct runbook *runbook, const struct zone *zone, int64_t now)
{
	char next[CLOCK_TEXT_MAX];

	clock_format_local(schedule_next(&runbook->schedule, zone, now) * 1000, now * 1000, next);
	complain("'%s' is not due: its schedule is %s (%s), next %s", runbook->name,
	    runbook->schedule.text, zone_name(zone), next);
}

static int is_due(const struct cli *cli, const struct runbook *runbook, const char *name, bool *due)
{
	int64_t now = clock_system.wall(clock_system.ctx) / 1000;
	struct zone *zone = zone_open(name, strlen(name));

	if (!zone) {
		complain(
		    "the time zone '%s' is not known to this machine: is tzdata installed?", name);
		return EXIT_FAILED;
	}
	*due = schedule_due(&runbook->schedule, zone, now);
	if (!*due && !cli->options.quiet)
		tell_when(runbook, zone, now);
	zone_free(zone);
	return EXIT_OK;
}

int cli_due(const struct cli *cli, const struct runbook *runbook, bool *due)
{
	struct err err;
	char *name;
	int status;

	if (runbook->schedule.kind == SCHEDULE_NONE) {
		err_set(&err, ERR_USAGE, "--if-due: '%s' has no schedule", runbook->name);
		return complain_err(&err);
	}
	name = zone_of_process(&err);
	if (!name)
		return complain_err(&err);
	status = is_due(cli, runbook, name, due);
	free(name);
	return status;
}
