/*
 * What actions say while they run, on its way past the declared order: several reads run at once, and
 * one that is told later may be the one that waits for a person.
 */
#ifndef FSOPS_UI_EARLY_H
#define FSOPS_UI_EARLY_H

#include "fsops/buf.h"
#include "fsops/event.h"

/* All that the action of STARTED said on standard error since the last time; WAITING is the event that
 * tells that it runs on. */
typedef void early_fn(
    void *ctx, const json_t *started, const json_t *waiting, const struct buf *text);

/* A sink that calls FN. */
struct sink *early_new(early_fn *fn, void *ctx);

#endif
