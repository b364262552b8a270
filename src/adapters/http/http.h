/* What http.c (the words of a runbook) and call.c (the request) share. */
#ifndef FSOPS_HTTP_H
#define FSOPS_HTTP_H

#include "fsops/adapter.h"

/* Redirects followed one after another. */
#define HTTP_HOPS_MAX 10

extern const struct adapter adapter_http; /* listed in registry.c */

/* Are method, URL and headers such as may be sent? Without FINAL, what holds a `${…}` is
 * passed over. */
int http_check(const json_t *args, bool final, struct err *err);
enum effect http_effect(const json_t *args);

/* The URL that is asked for: a path alone is joined to the target's. Owned. */
char *http_url(const json_t *args, const json_t *target);
/* The body as text, NULL when there is none. Owned. */
char *http_body(const json_t *args);
/* Was a header of this name given, in upper or lower case? */
bool http_has_header(const json_t *args, const char *name);

/* address.c */
int http_embed(struct embed_piece *pieces, size_t count, struct buf *out, struct err *err);

void http_start(struct call *call);
void http_cancel(struct call *call);
void http_release(struct call *call);

#endif
