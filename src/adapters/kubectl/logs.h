/* `kubectl logs`: logs.c finds out which containers it is about, logs_read.c reads them. */
#ifndef FSOPS_ADAPTERS_KUBECTL_LOGS_H
#define FSOPS_ADAPTERS_KUBECTL_LOGS_H

#include "one.h"

/* One container's log. */
struct log_source {
	char *namespace;
	char *pod;
	char *container;
};

struct logs {
	struct api *api;
	struct one one;
	struct kube_request *request;
	struct log_source *sources;
	size_t source_count;
	size_t at;        /* which is read */
	struct buf notes; /* for stderr, before the first log */
	bool line_begun;  /* --prefix: the line that is being read has its prefix */
};

/* The best pod to take the log of, as kubectl sees it; -1: several are as good, and which it takes is not known. */
ssize_t logs_first_pod(const json_t *pods);

/* Add POD's containers as the flags want them; what kubectl says of it goes to stderr. False: the call has failed. */
bool logs_add_pod(struct logs *logs, const json_t *pod);

/* Read all sources, one after the other. */
void logs_read(struct logs *logs);

#endif
