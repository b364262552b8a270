/* The kinds' table entries, one per file of the same name, and what they share. */
#ifndef FSOPS_NOTIFY_KINDS_H
#define FSOPS_NOTIFY_KINDS_H

#include "fsops/channel.h"
#include "fsops/buf.h"

extern const struct channel_kind channel_slack;
extern const struct channel_kind channel_pagerduty;
extern const struct channel_kind channel_statuspage;
extern const struct channel_kind channel_webhook;
extern const struct channel_kind channel_mail;
extern const struct channel_kind channel_ping;

/* check, of a channel with a URL in KEY: that it is one, unless it is a template. */
void check_url(const struct node *map, const char *key, struct problems *list);

/* {method, url, headers, body} with BODY (taken) as JSON. */
json_t *json_letter(const char *method, const char *url, json_t *body);

/* The field of MESSAGE, "" when it has none. Borrowed. */
const char *said(const json_t *message, const char *key);

/* Add TEXT, at most MAX bytes of it; what was cut ends with " …", and no character is torn. */
void add_cut(struct buf *out, const char *text, size_t max);

/* mail_text.c: the whole mail, headers and body, lines ending in CRLF; a new string. FROM and TO (an
 * array) are mail_is_address(). Nothing that is in MESSAGE can become a header line. */
char *mail_text(const char *from, const json_t *to, const json_t *message);
/* Whether TEXT is a bare address that can stand in a header and in an SMTP command as it is. */
bool mail_is_address(const char *text);

#endif
