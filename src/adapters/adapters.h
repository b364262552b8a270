/* The adapters' table entries, one per file of the same name; registry.c puts them in order. */
#ifndef FSOPS_ADAPTERS_ADAPTERS_H
#define FSOPS_ADAPTERS_ADAPTERS_H

#include "fsops/adapter.h"

extern const struct adapter adapter_kubectl;
extern const struct adapter adapter_http;
extern const struct adapter adapter_postgres;
extern const struct adapter adapter_redis;
extern const struct adapter adapter_s3;
extern const struct adapter adapter_prometheus;
extern const struct adapter adapter_metrics;
extern const struct adapter adapter_dns;
extern const struct adapter adapter_exec;
extern const struct adapter adapter_shell;
extern const struct adapter adapter_manual;
extern const struct adapter adapter_notify;
extern const struct adapter adapter_runbook;

#endif
