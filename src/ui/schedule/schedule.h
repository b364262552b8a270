/* What the printers of a timetable share. */
#ifndef FSOPS_UI_SCHEDULE_H
#define FSOPS_UI_SCHEDULE_H

#include "fsops/timetable.h"

/* "daily-health-check: Daily health check, daily 09:00" */
void schedule_add_title(struct buf *out, const struct timed *timed);

/* What it does not do without more approval, as a sentence; nothing for one that may do all. */
void schedule_add_limits(struct buf *out, const struct timed *timed);

#endif
