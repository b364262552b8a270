/*
 * What people and programs see: sinks of a run's events, printers of plans and
 * tables, and the prompt. Printers add to a `struct buf` and know no descriptor;
 * whoever calls them writes it out in one go:
 *
 *	struct out out;
 *	struct buf text;
 *	out_init(&out, STDOUT_FILENO);
 *	buf_init(&text, UI_TEXT_MAX);
 *	print_plan_text(&text, plan, &look);
 *	out_write(&out, text.data, text.len);
 *	if (out.error) …                   // a full disk is not a success
 *
 * A run must not wait for whoever reads: between out_on_loop(&out, loop) and
 * out_on_loop(&out, NULL) what cannot be written at once is queued.
 *
 * Everything printed for people has passed through safe.c: nothing that a
 * command or a file says can move the cursor.
 */
#ifndef FSOPS_UI_H
#define FSOPS_UI_H

#include <jansson.h>
#include <stdbool.h>

#include "fsops/buf.h"
#include "fsops/event.h"
#include "fsops/history.h"
#include "fsops/loop.h"
#include "fsops/model.h"
#include "fsops/plan.h"
#include "fsops/question.h"
#include "fsops/timetable.h"

/* The most text that one printer may make. */
#define UI_TEXT_MAX ((size_t)64 * 1024 * 1024)

/* How to write for whoever reads. All zero: for a file or a pipe. */
struct look {
	bool color;
	bool utf8; /* symbols beyond ASCII may be used */
	int width; /* columns; 0: no limit, lines are never cut or folded */
};

/* For a descriptor: a TTY has colour (unless NO_COLOR or NO_COLOR_WANTED) and a width. */
struct look look_for(int fd, bool no_color_wanted);

/* How much of DATA can be written in one go to a descriptor that poll(2) says is writable. */
typedef size_t out_piece_fn(const char *data, size_t len);

/* A descriptor that is written to whole. The first error is kept and ends all writing. */
struct out {
	int fd;
	int error;     /* errno of the first failed write; 0 for EPIPE, which is nobody's fault */
	bool gone;     /* nobody reads any more */
	bool complete; /* when nobody reads in time: an error, instead of lines left out */
	bool overrun;  /* that is the error */
	struct loop_watch *watch; /* only while a loop runs, as is what follows */
	out_piece_fn *piece;
	struct buf queue; /* accepted, not yet written from `sent` on */
	size_t sent;
	size_t dropped; /* lines left out of the queue */
};

void out_init(struct out *out, int fd);
/* What is still queued is lost: out_drain() first. */
void out_release(struct out *out);
/* Never waits while a loop runs. Over 16 MiB behind the oldest lines are left out, which a line
 * says; when the text must be complete, nothing more is accepted and that is an error. */
void out_write(struct out *out, const char *data, size_t len);
/* From now on LOOP writes what is queued; NULL: it is about to go, and out_write() waits again. */
void out_on_loop(struct out *out, struct loop *loop);
/* Is something accepted and not yet written? */
bool out_behind(const struct out *out);
/* Write what is queued, however long it takes. Not while a loop runs. */
void out_drain(struct out *out);
/* The error as words. */
const char *out_why(const struct out *out);

/* A whole terminal: scrolling text, a live last line, a question. ui/terminal/screen.c */
struct screen;
/* FD: where to draw. It stays the caller's. */
struct screen *screen_new(int fd);
void screen_free(struct screen *screen);
/* As out_on_loop(). */
void screen_on_loop(struct screen *screen, struct loop *loop);
/* errno of the first write that failed; 0: none. */
int screen_error(const struct screen *screen);

struct sink_options {
	struct look look;
	bool quiet;   /* only what is not well */
	bool verbose; /* outputs in full */
};

/* One JSON object a line, each written as it comes; OUT must be complete from now on. */
struct sink *sink_json_new(struct out *out);
/* One line an event that matters, for logs and pipes. */
struct sink *sink_plain_new(struct out *out, const struct sink_options *options);
/* For a person at a terminal, with a clock on the last line. */
struct sink *sink_terminal_new(struct screen *screen, const struct sink_options *options);
/* A sink beside BASE, for the same events, by which that also shows what a command says while it still
 * runs. */
struct sink *sink_plain_early(struct sink *base);
struct sink *sink_terminal_early(struct sink *base);
/* The clock needs the run's loop; NULL: it is about to go. */
void sink_terminal_on_loop(struct sink *sink, struct loop *loop);

/* Where the prompt reads and writes. */
struct prompt_place {
	struct screen *screen;   /* that of the sink, or one of the prompt's own */
	const struct out *after; /* a question waits until this is written; or NULL */
	int in;
	struct look look;
};
/* CTX is a struct prompt_place; fits run_options.asker_new. */
struct asker *prompt_new(struct loop *loop, void *ctx);
/* Answers ANSWER_NOBODY to everything. */
struct asker *nobody_new(struct loop *loop, void *ctx);

/* Dry runs. */
void print_plan_text(struct buf *out, const struct plan *plan, const struct look *look);
void print_plan_json(struct buf *out, const struct plan *plan);
void print_plan_sh(struct buf *out, const struct plan *plan);

/* `fsops show`, for reading. */
void print_show_text(struct buf *out, const struct plan *plan, const struct look *look);

/* What is listed of the runbooks of CATALOG, as data that may be kept; a new object:
 *	{"platform", "color", "folder", "runbooks": the folder's whole path, "rows": […]} */
json_t *runbook_list_of(const struct catalog *catalog);
/* LIST is such an object, or may be one. */
bool runbook_list_is_one(const json_t *list);
/* LAST: the last run of each runbook by its name, as in print_history_json(); NULL: not known. */
void print_list_text(
    struct buf *out, const json_t *list, const json_t *last, msec now, const struct look *look);
void print_list_json(struct buf *out, const json_t *list, const json_t *last);

/* A run as `fsops history --format json` tells it; a new object. ui/pages/history_table.c */
json_t *history_object(const struct history_entry *entry);
/* RUNS as history_object() makes them. */
void print_history_json(struct buf *out, const json_t *runs);

/*
 * The runs that there were, however many, a piece at a time: all are measured, for a table has columns, and then
 * told. LOOK is borrowed; NOW: wall time; FOLDER: the state folder, for the header.
 *
 *	struct history_page *page = history_page_new(&look, now);
 *	… history_page_measure(page, run);
 *	history_page_begin(page, out, folder); … history_page_add(page, out, run);
 *	history_page_free(page);
 */
struct history_page;
struct history_page *history_page_new(const struct look *look, msec now);
void history_page_free(struct history_page *page);
void history_page_measure(struct history_page *page, const json_t *run);
void history_page_begin(struct history_page *page, struct buf *out, const char *folder);
void history_page_add(struct history_page *page, struct buf *out, const json_t *run);
/* The same as print_history_json(), run by run; INDEX counts from 0, and at the end is how many there were. */
void history_json_add(struct buf *out, size_t index, const json_t *run);
void history_json_end(struct buf *out, size_t index);
/* "ok", "critical", …, "running", "interrupted", of --check with " (check)": how a run of
 * history_object() ended, and its colour. */
void history_add_ending(struct buf *out, const json_t *run, enum level *level);
/* How long before NOW it began: "3m ago". */
void history_add_age(struct buf *out, const json_t *run, msec now);

/* METRICS as measure_metrics() makes them. */
void print_check_text(struct buf *out, const struct platform *platform, const json_t *metrics,
    const struct look *look, bool quiet);
void print_check_json(
    struct buf *out, const struct platform *platform, const json_t *metrics, enum level worst);
void print_check_nagios(
    struct buf *out, const json_t *metrics, enum level worst, const struct platform *platform);

/* `fsops contacts`, `fsops links`: all, or only the one of that key (NULL: all). ui/pages/people.c */
void print_contacts_text(
    struct buf *out, const struct platform *platform, const char *only, const struct look *look);
void print_contacts_json(struct buf *out, const struct platform *platform, const char *only);
void print_links_text(
    struct buf *out, const struct platform *platform, const char *only, const struct look *look);
void print_links_json(struct buf *out, const struct platform *platform, const char *only);

/* What `fsops config` knows, as its JSON: an object; and LIST of it, the folders that are trusted. */
void print_config_text(struct buf *out, const json_t *facts, const struct look *look);
void print_trusted_text(struct buf *out, const json_t *list, const struct look *look);

/* One alert: a row of the matrix that was asked for, or one that is firing. */
struct notice {
	const char *name;              /* as it is called by whoever rang */
	const struct alert *alert;     /* the row; NULL: it has none, or was not matched */
	const struct runbook *runbook; /* or NULL */
	const char
	    *matched_by; /* "match", "runbook_url", "runbook", "alertname"; NULL: not matched */
	enum level severity;
	msec since;           /* wall: respond_within counts from here */
	json_t *vars;         /* of the runbook, from labels: name → text; NULL: none */
	char *problem;        /* why it cannot be run as it is; NULL: nothing is against it */
	size_t problem_count; /* with those that `problem` leaves out */
	char *note;           /* what whoever lets it run should know; NULL: nothing */
	char *made;           /* its name, when that is not somebody else's text */
};
/* What to type for it, or NULL; a new string. */
char *notice_command(const struct notice *notice);
/* The matrix as a table. */
void print_alerts_table(struct buf *out, const struct platform *platform, const struct look *look);
/* The same as print_notices_json(), of every row. */
void print_alerts_json(struct buf *out, const struct catalog *catalog);
/* Alerting rules for Prometheus (YAML); metrics that can have none are named in a comment. Errors: a
 * variable of the platform without a value. ui/pages/prometheus_rules.c */
int print_prometheus_rules(struct buf *out, const struct catalog *catalog, struct err *err);
/* Each notice in full. */
void print_notices_text(struct buf *out, const struct platform *platform,
    const struct notice *notices, size_t count, msec now, const struct look *look);
/* {"alerts": […], "unmatched": [names], "malformed": [{"name", "problem"}]}; the last are among the
 * unmatched */
void print_notices_json(
    struct buf *out, const struct platform *platform, const struct notice *notices, size_t count);

/* Timetables, for whoever starts the runs. Errors: schedule_survey()'s; ERR_LIMIT. ui/schedule/ */
int print_schedule_cron(struct buf *out, const struct timetable *table, struct err *err);
void print_schedule_json(struct buf *out, const struct timetable *table);
/* All units, each after a comment with its file's name. */
int print_schedule_systemd(struct buf *out, const struct timetable *table, struct err *err);
/* One of them, and its name. */
enum unit_kind { UNIT_SERVICE, UNIT_TIMER, UNIT_KINDS };
int print_unit(struct buf *out, const struct timetable *table, const struct timed *timed,
    enum unit_kind kind, struct err *err);
/* One YAML document an object. ERR_LIMIT: the runbooks are too large for a ConfigMap. */
int print_schedule_kubernetes(struct buf *out, const struct timetable *table, struct err *err);
void print_unit_name(struct buf *out, const struct timed *timed, enum unit_kind kind);

/* What `fsops escalate` is about. */
struct incident {
	const struct platform *platform;
	const struct runbook *runbook; /* or NULL */
	const char *name;              /* of what began, or NULL */
	enum level severity;
	msec began; /* wall */
	msec now;
	/* What became of telling channels: notices_by_hand(). NULL: not asked for. */
	const json_t *told;
};
void print_escalation_text(
    struct buf *out, const struct incident *incident, const struct look *look);
void print_escalation_json(struct buf *out, const struct incident *incident);

/* What lint found; PLATFORM (or NULL) for the header. ui/pages/problems.c */
void print_problems_text(struct buf *out, const struct platform *platform,
    const struct problems *problems, const struct look *look);
void print_problems_json(struct buf *out, const struct problems *problems);
/* The workflow commands of GitHub Actions, which annotate the lines of a change. */
void print_problems_github(struct buf *out, const struct problems *problems);

/* Any JSON value as one indented document with a newline. */
void print_json(struct buf *out, const json_t *value);

/* The same with every digit that its numbers need; COMPACT: on one line. On a terminal harmless. */
void print_value(struct buf *out, const json_t *value, bool compact, const struct look *look);

/* A mistake in LEN bytes of TEXT, an expression whose first character is at BEGIN: place and
 * sentence, the line, and a caret under the place. mistake.c */
void print_mistake(struct buf *out, struct pos begin, const char *text, size_t len,
    const struct expr_error *error, const struct look *look);

/*
 * Lines typed at a terminal, with editing and a history of this session. ui/terminal/line.c
 * NULL: this is no terminal, or one that cannot move its cursor. The terminal is raw only while
 * line_read() waits, and as it was when that returns or a signal ends the program.
 */
struct line;
struct line *line_new(int in, int out);
/* Without its newline, borrowed until the next call; "" after Ctrl-C; NULL at the end. */
const char *line_read(struct line *line, const char *prompt);
void line_free(struct line *line); /* NULL is allowed */

/* TEXT made harmless, on one line. */
void print_safe(struct buf *out, const char *text, size_t len);

/* A paragraph folded to WIDTH columns (0: not folded), each line after INDENT. */
void print_folded(struct buf *out, const char *text, int width, const char *indent);

#endif
