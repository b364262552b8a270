/*
 * Alerts as monitoring systems send and list them, matched to alerts and runbooks:
 *
 *	Alertmanager's webhook, version 4     {"version": "4", "alerts": [{"status": "firing", …}]}
 *	Grafana's webhook, version 1          the same, with more fields
 *	Alertmanager's API v2, GET /alerts    [{"status": {"state": "active"}, …}]
 *	what Prometheus posts there           [{"labels": {…}, …}], over when endsAt has passed
 *	Prometheus' API, GET /api/v1/alerts   {"status": "success", "data": {"alerts": [{"state": …}]}}
 *	Alertmanager's API v1                 {"status": "success", "data": […]}
 *
 *	struct payload payload;
 *	if (payload_read(&payload, STDIN_FILENO, catalog, &err) < 0) …  // ERR_INPUT, ERR_LIMIT
 *	payload_release(&payload);
 *
 * An API may say that it answers for a part of its data only (Thanos and Prometheus: `warnings`,
 * VictoriaMetrics: `isPartial`): there may be alerts that it does not name. Where it says that it failed, what
 * it names is no answer.
 *
 * One alert that is malformed is a notice with a problem, and no reason to pass over the others.
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
	struct notice
	    *notices; /* those that fire, the most severe first; what matches nothing last */
	size_t count;
	size_t resolved;        /* alerts that are not firing any more */
	size_t quiet;           /* silenced, inhibited, or not firing yet */
	size_t truncated;       /* alerts that the sender itself left out */
	bool partial;           /* it says that it does not know of all */
	const json_t *warnings; /* of that, a list or a text; NULL: it does not say why */
	json_t *root;
};

/* On failure it holds nothing. */
int payload_read(struct payload *payload, int fd, const struct catalog *catalog, struct err *err);
/* The same from LEN bytes of TEXT. */
int payload_parse(struct payload *payload, const char *text, size_t len,
    const struct catalog *catalog, struct err *err);
void payload_release(struct payload *payload);

/* A notice's own memory. */
void notice_release(struct notice *notice);

#endif
