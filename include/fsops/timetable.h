/*
 * The scheduled runbooks of a catalog and how each is started, for those who start them: cron,
 * systemd, Kubernetes.
 *
 *	struct timetable table = {.catalog = catalog, .zone = zone, …};
 *	if (timetable_fill(&table, yes, yes_destroy, &err) < 0) …
 *	print_schedule_cron(&text, &table, &err);
 *	timetable_release(&table);
 *
 * Invariant: what changes things is only looked at, unless the one who installs the timetable
 * approves it.
 */
#ifndef FSOPS_TIMETABLE_H
#define FSOPS_TIMETABLE_H

#include "fsops/buf.h"
#include "fsops/plan.h"
#include "fsops/schedule.h"

/* A runbook that has a schedule. */
struct timed {
	const struct runbook *runbook;
	struct plan *plan;
	struct plan_totals totals;
	bool check; /* it would change things and may not: only its reads are run */
	bool yes;
	bool yes_destroy;
	int64_t next; /* when it fires next; seconds */
};

struct timetable {
	const struct catalog *catalog;
	const struct zone *zone;    /* of the schedules */
	const struct zone *machine; /* what cron goes by on this machine */
	const char *program;        /* paths, absolute */
	const char *runbooks;
	const char *platform; /* NULL: it lies beside the runbooks */
	const char *image;    /* of a container with fsops and kubectl */
	int64_t now;          /* seconds */
	struct timed *items;  /* in the order of the catalog */
	size_t count;
};

/* Find the scheduled runbooks and plan them. YES, YES_DESTROY: what is approved. Errors: one is broken
 * (ERR_INPUT), or a variable of it has no value (ERR_USAGE). */
int timetable_fill(struct timetable *table, bool yes, bool yes_destroy, struct err *err);
void timetable_release(struct timetable *table);

/* Do clocks of both zones show the same, from NOW on for years? */
bool timetable_same_zone(const struct timetable *table);

/* "run", the runbook, and the options that its consent means: a new array of texts. */
json_t *timed_words(const struct timetable *table, const struct timed *timed, bool if_due);

#endif
