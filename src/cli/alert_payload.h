/*
 * What Alertmanager posts to a webhook (its format, version 4), matched to alerts and runbooks.
 *
 *	struct payload payload;
 *	if (payload_read(&payload, STDIN_FILENO, catalog, &err) < 0) …  // ERR_INPUT, ERR_LIMIT
 *	payload_release(&payload);
 *
 * Nothing in it is trusted: it only chooses among what the platform file and the runbooks have.
 */
#ifndef FSOPS_CLI_ALERT_PAYLOAD_H
#define FSOPS_CLI_ALERT_PAYLOAD_H

#include <jansson.h>

#include "fsops/model.h"
#include "fsops/ui.h"

/* Bytes; an alert has about one thousand. */
#define PAYLOAD_MAX ((size_t)4 * 1024 * 1024)
/* Alerts in one. */
#define PAYLOAD_ALERTS_MAX 1000

struct payload {
	struct notice *notices; /* those that fire, the most severe first; names are root's */
	size_t count;
	size_t resolved;  /* alerts that are not firing any more */
	size_t truncated; /* alerts that Alertmanager itself left out */
	json_t *root;
};

/* On failure it holds nothing. */
int payload_read(struct payload *payload, int fd, const struct catalog *catalog, struct err *err);
void payload_release(struct payload *payload);

/* A notice's own memory. */
void notice_release(struct notice *notice);

#endif
