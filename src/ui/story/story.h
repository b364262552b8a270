/*
 * A run told in lines, from its events. The plain and the terminal sink are this
 * in two looks: with the time before each line, or with symbols and colours.
 *
 *	story_init(&story, &options, true);
 *	story_event(&story, event, &text);     // adds the lines that EVENT makes
 *	story_release(&story);
 *
 * Output is shown when its action has ended: that comes in the declared order.
 */
#ifndef FSOPS_UI_STORY_H
#define FSOPS_UI_STORY_H

#include <jansson.h>

#include "fsops/clock.h"
#include "fsops/ui.h"
#include "ui/kept.h"
#include "ui/look.h"

#define STORY_DEPTH_MAX 16 /* runbooks in runbooks */

/* An action that has begun and is not yet told. The engine may know already that it has ended, but
 * of those in one step the first is still running. */
#define LOOKS_MAX 24 /* at so many values a line shows how a metric goes */

struct story_action {
	char *key;   /* story_key(): which one it is */
	char *round; /* story_round_key() */
	char *label; /* title, or id; with the item of a for_each */
	char *command;
	char *adapter;
	enum effect effect;
	struct kept output;
	json_t *said;      /* array: action.output events that are not in OUTPUT yet */
	size_t said_bytes; /* in these */
	size_t errors; /* bytes of standard error that were taken out of SAID, shown early or not */
	size_t left_out; /* bytes of its output that the engine did not pass on */
	json_t *metrics; /* object: name → what was measured last */
	json_t *looks;   /* object: name → its last values, LOOKS_MAX at most; null: not known */
	const json_t *finished; /* its action.finished, while it is told */
	int number;             /* its place in its step */
	int depth;
	size_t bad_before; /* how long story->bad was when it began: what came since is of inside */
	bool begun;        /* an action.started was seen */
};

struct story_step {
	char *id;
	char *title;
	char *section;
	int number;
	int of;
	msec budget;
	msec began; /* by the clock of the events */
	msec began_mono;
	bool header_told;
	bool bad_told; /* something in it was told to have failed */
};

struct story {
	struct sink_options options;
	bool times; /* plain: the time before each line */
	char *runbook;
	json_t *started; /* run.started, while it is not told; NULL */
	struct story_step steps[STORY_DEPTH_MAX];
	int depth;                     /* steps that are open */
	struct story_action **actions; /* of one step in the declared order */
	size_t action_count;
	json_t *pending; /* array: metrics measured before, not yet told */
	json_t *before;  /* object: name → metric */
	json_t *after;
	struct buf changed; /* for the end: what was changed, … */
	struct buf begun;   /* … changes that began and did not pass, … */
	struct buf bad;     /* … and what was not well, a line each */
	json_t
	    *early; /* object: how many bytes of an action's standard error were shown while it ran,
	                   by story_key() */
	json_t *doubts; /* array: changes that were interrupted, and neither begun again nor done */
	const json_t *event; /* being told */
	bool asked;          /* the prompt has just shown the command: not once more */
};

void story_init(struct story *story, const struct sink_options *options, bool times);
void story_release(struct story *story);
void story_event(struct story *story, const json_t *event, struct buf *out);

/* story.c, for the parts below: begin a line of the present event, or one that goes on. */
void story_line(struct story *story, struct buf *out, int depth);
void story_more(struct story *story, struct buf *out, int depth);
/* Whatever is told now needs its step's header first. */
void story_need_header(struct story *story, struct buf *out);
/* "412ms" from the event's `seconds`. */
void story_add_seconds(struct buf *out, const json_t *event, const char *key);

/* early.c: what an action says while it runs. What names an action and its item; a new text. */
char *story_key(const json_t *event);
/* What names its step, and the item that this goes through; a new text. */
char *story_round_key(const json_t *event);
/* TEXT, all that it said on standard error since it was shown last; STARTED and WAITING are its events. */
void story_say_early(struct story *story, const json_t *started, const json_t *waiting,
    const struct buf *text, struct buf *out);

/* action.c: lines of output, below an action at DEPTH */
void story_show_lines(
    struct story *story, struct buf *out, const struct kept *kept, int depth, size_t lines);
void story_action_started(struct story *story, struct buf *out);
void story_action_output(struct story *story, struct buf *out);
void story_action_finished(struct story *story, struct buf *out);
void story_action_metric(struct story *story, const json_t *metric);
/* At the end of the run: changes that began and were never told to have ended. */
void story_actions_open(struct story *story);
/* For the end of the run: a change, by how it ended. What did not pass may have taken effect, but only if
 * it had BEGUN: what was refused before that did nothing, nor what --check skipped. */
void story_remember_change(
    struct story *story, const char *command, const struct outcome_look *end, bool begun);
void story_action_free(struct story_action *action);

/* What people call an action, from fields of its event: title or id, and its item; a new text. UNNAMED: what
 * has neither. */
char *story_action_label(const json_t *action, const char *unnamed);
/* For "not well" at the end; WHY may be NULL. */
void story_remember_bad(struct story *story, const char *label, const char *why);

/* The text of a field, harmless. */
void story_add_text(struct buf *out, const json_t *event, const char *key);
/* LABEL in plain lines; on a terminal the shape of the line says it. */
void story_label(struct story *story, struct buf *out, const char *label);
/* resume.c: run.resumed */
void story_resumed(struct story *story, struct buf *out);
/* The present event settles what became of its change. */
void story_settle(struct story *story);
/* At the end of the run: what nothing has settled may have taken effect. */
void story_remember_doubts(struct story *story);
/* story.c, for it: what run it is, as EVENT (run.started or run.resumed) says. */
void story_run_header(struct story *story, struct buf *out, const json_t *event);
void story_step_release(struct story_step *step);
/* end.c: run.finished */
void story_finished(struct story *story, struct buf *out);
/* TEXT after an indent, folded on a terminal. */
void story_fold(struct story *story, struct buf *out, int depth, enum role role, const char *text);

/* people.c */
void story_escalated(struct story *story, struct buf *out);
void story_notification(struct story *story, struct buf *out);

/* lock.c */
void story_lock_taken(struct story *story, struct buf *out);

/* metrics.c */
void story_metrics_list(struct story *story, struct buf *out, const json_t *metrics, int depth);
void story_metrics_compare(struct story *story, struct buf *out);
/* "better", "same", "worse"; "unknown" when it is, "known now" when it was. */
const char *metric_trend(const json_t *before, const json_t *after);

#endif
