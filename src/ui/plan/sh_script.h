/*
 * A shell script in the making: what the files of `--dry-run=sh` share. sh.c is the frame
 * (functions, sections, steps), sh_action.c an action, sh_script.c the lines.
 */
#ifndef FSOPS_UI_SH_SCRIPT_H
#define FSOPS_UI_SH_SCRIPT_H

#include "sh_words.h"
#include "walk.h"

/* Functions of the script; those that it uses are written out. */
enum helper {
	HELPER_SAY,
	HELPER_ASK,
	HELPER_CONFIRM,
	HELPER_CONFIRM_DESTROY,
	HELPER_NEXT,
	HELPER_WAIT,
	HELPER_NOTE,
	HELPER_STOP,
	HELPER_SHOW,
	HELPER_ANY,
	HELPER_JUDGED,
	HELPER_REQUEST,
	HELPER_PLAIN,
	HELPER_LOOK,
	HELPER_CHANGE,
	HELPER_DESTROY,
	HELPER_TUNNEL,
	HELPER_COUNT
};

struct script {
	const struct plan *plan; /* the outermost */
	struct buf *out;
	struct sh_names names;
	unsigned used; /* helpers, as bits */
	int depth;     /* of indentation */
	bool looking;  /* the command at hand is a change's look */
	bool has[SECTION_COUNT];
};

/* The script calls this helper. */
void sh_use(struct script *s, enum helper helper);
/* One line, indented. */
void sh_line(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "# LABELTEXT", one line whatever is in TEXT; nothing when it is NULL. */
void sh_comment(struct script *s, const char *label, const char *text);
/* "NAME TEXT", TEXT as one word of literal text, and then AFTER ("; then"). */
void sh_call(struct script *s, enum helper helper, const char *name, const char *after,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* An empty line, but not at the beginning of a block. */
void sh_gap(struct script *s);

/* Does any command or its standard input look at the variable NAME by itself? Only then is it asked for. */
bool sh_plan_wants(const struct plan *plan, const char *name);

/* What is known of a condition beforehand: of a script that it is no check. */
enum sh_when { SH_WHEN_ALWAYS, SH_WHEN_ASKED, SH_WHEN_NEVER };

/* What a shell cannot evaluate is shown and asked. SH_WHEN_ASKED: a block was opened; SH_WHEN_NEVER: what
 * depends on it is to be left out, a comment says so. */
enum sh_when sh_open_when(struct script *s, const struct condition *when);
/* The same for what is repeated. Returns whether a block was opened. */
bool sh_open_loop(struct script *s, const struct condition *for_each, const char *as, bool at_once);
void sh_close_loop(struct script *s, bool opened, const char *as);
/* End a block with WORD ("fi", "done") if it was opened. */
void sh_close(struct script *s, bool opened, const char *word);

/* sh_action.c */
void sh_add_action(struct script *s, const struct plan_action *item);
void sh_add_metric(struct script *s, const struct metric *metric);
/* sh.c */
void sh_add_steps(struct script *s, const struct plan *plan, enum section section);

#endif
