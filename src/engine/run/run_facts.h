/*
 * What a run says of itself: its first and its last event, and its exit status.
 */
#ifndef FSOPS_ENGINE_RUN_FACTS_H
#define FSOPS_ENGINE_RUN_FACTS_H

#include "run_state.h"

/* product.md, "Exit status". */
int run_exit_status(const struct run *run);

void run_emit_started(const struct run *run);
void run_emit_resumed(const struct run *run); /* in its place, when it goes on */
void run_emit_finished(const struct run *run);

#endif
