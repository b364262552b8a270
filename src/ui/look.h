/* Colours by meaning, words and symbols for outcomes and levels. */
#ifndef FSOPS_UI_LOOK_H
#define FSOPS_UI_LOOK_H

#include "fsops/buf.h"
#include "fsops/metric.h"
#include "fsops/ui.h"

enum role {
	ROLE_PLAIN,
	ROLE_BOLD,
	ROLE_DIM,
	ROLE_OK,
	ROLE_INFO,
	ROLE_UNKNOWN,
	ROLE_WARNING,
	ROLE_CRITICAL,
	ROLE_CHANGE,
	ROLE_COUNT
};

/* Begin and end a colour; nothing without colour. */
void look_on(struct buf *out, const struct look *look, enum role role);
void look_off(struct buf *out, const struct look *look, enum role role);
/* TEXT (made harmless) in ROLE's colour. */
void look_add(struct buf *out, const struct look *look, enum role role, const char *text);

/* A platform's NAME in its COLOR ("red"; NULL or an unknown one: bold). */
void look_add_platform(
    struct buf *out, const struct look *look, const char *name, const char *color);

/* PATH, with `~` for the home folder. pages/source.c */
void look_add_path(struct buf *out, const char *path);
/* A line of its own: BEFORE and the folder RUNBOOKS, of which the beginning is left out if it is too long. */
void look_add_runbooks(
    struct buf *out, const struct look *look, const char *before, const char *runbooks);
/* A line above a listing: which platform, which folder. Nothing when there is no platform. */
void print_source(struct buf *out, const struct platform *platform, const struct look *look);
/* The same of what is known of it; PLATFORM and RUNBOOKS may be NULL. */
void print_source_of(struct buf *out, const char *platform, const char *color, const char *runbooks,
    const struct look *look);
/* The same in OBJECT: its `platform`, its `runbooks`; null when there is none. */
void source_set(json_t *object, const struct platform *platform);

/* Columns of TEXT as look_add() makes it: colours take none. */
int look_width(const char *text, size_t len);
/* Cut it to WIDTH columns; colours that were begun are ended. */
void look_cut(struct buf *text, int width);
/* Of the terminal behind FD now. */
int look_terminal_width(int fd);

enum role role_of_level(enum level level);
enum role role_of_effect(enum effect effect);

/* How an outcome is shown. */
struct outcome_look {
	const char *outcome; /* its name in events */
	const char *word;    /* in plain text; what went wrong is in capitals */
	const char *symbol;  /* on a terminal with UTF-8 */
	enum role role;
	bool bad; /* shown even when quiet */
};
/* What the end of an action or a step, an event, is shown as: its outcome; "not so" when it failed, but
 * for findings of `severity: info` only. NULL: it does not say. */
const char *outcome_shown(const json_t *finished);
/* How many actions of a run ended so, by its end FINISHED, an event; "not so": those that are findings,
 * which are none of the failed. */
int outcome_count(const json_t *finished, const char *shown);
/* Never NULL: an outcome that is not known is shown by a neutral entry. */
const struct outcome_look *outcome_find(const char *outcome);

/* "LEVEL" parsed; LEVEL_UNKNOWN for what is missing or no level. */
enum level level_of(const char *name);

/* VALUE of a metric object for people: "8.1 %", or "unknown". */
void metric_value_text(struct buf *out, const json_t *metric);

#endif
