/* The units of a timetable as files. */
#ifndef FSOPS_CLI_UNIT_FILES_H
#define FSOPS_CLI_UNIT_FILES_H

#include "fsops/ui.h"

/* Write each into FOLDER, in the place of what has its name there; SAID gets what is to be typed
 * next. A file is there whole or not at all. */
int unit_files_write(
    const struct timetable *table, const char *folder, struct buf *said, struct err *err);

#endif
