/* What a message says of an event of a run. */
#ifndef FSOPS_NOTIFY_NOTICE_TEXT_H
#define FSOPS_NOTIFY_NOTICE_TEXT_H

#include <jansson.h>

#include "fsops/channel.h"

/* What is the same in all messages of a run, and what it told so far. */
struct notice_run {
	json_t *facts;    /* object: the fields of each message that do not change, and title, by */
	json_t *steps;    /* object: id → title */
	json_t *failures; /* array of sentences, of the outermost step that runs */
	enum level worst; /* of them */
};

void notice_run_init(struct notice_run *run, const char *platform);
void notice_run_release(struct notice_run *run);

/* Take from EVENT what later messages need. */
void notice_run_learn(struct notice_run *run, const json_t *event);

/* The message for EVENT as WHAT ("run.started", …; "acknowledged"), with ACTION; a new reference. */
json_t *notice_message(
    const struct notice_run *run, const char *what, const char *action, const json_t *event);

/* The message of a `notify:` step: TITLE may be NULL; a new reference. */
json_t *notice_own(const struct notice_run *run, const char *action, const char *title,
    const char *text, const json_t *time);

#endif
