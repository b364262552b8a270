/*
 * Paths of files that are written, with values filled in. A value comes from a server as often as not, so it
 * is a part of one name: it has no '/', and does not make the name "." or "..". Only a folder that stands at
 * the beginning (`${folder}/x.log`) may be a path, if none but people say what it is (people.h).
 */
#ifndef FSOPS_ENGINE_PATH_H
#define FSOPS_ENGINE_PATH_H

#include "expand.h"

/* TEMPLATE filled in; a new string. FIXED: as of struct fresh_place. What is not known yet (EXPAND_KNOWN) stays
 * as its `${…}`. NULL: ERR (ERR_INPUT) names the value. */
char *path_fill(
    const struct expander *expander, const char *template, size_t *fixed, struct err *err);

#endif
