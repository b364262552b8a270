/*
 * The engine's services for the adapters that need them: asking a person
 * (`manual`), measuring metrics (`metrics`), running another runbook
 * (`runbook`). One service at a time for a task.
 */
#ifndef FSOPS_ENGINE_HOST_H
#define FSOPS_ENGINE_HOST_H

#include "fsops/adapter.h"

extern const struct call_host host_services;

#endif
