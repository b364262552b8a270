/* Digits of what Kubernetes and Go write: amounts, spans of time. */
#ifndef FSOPS_ADAPTERS_KUBECTL_DIGITS_H
#define FSOPS_ADAPTERS_KUBECTL_DIGITS_H

#include <stdint.h>

/* Those at *AT, which goes behind them, to VALUE: how many; -1: over MAX (18 at most, so that they fit). */
int digits_read(const char **at, int max, int64_t *value);

#endif
