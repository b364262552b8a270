/* The prompt: asks a person at a terminal. Invariant: only the exact answer that was offered means
 * yes; the end of input means abort, anything else asks again, and what was typed before the
 * question was shown is thrown away. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "fsops/loop.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "screen.h"
#include "ui/look.h"
#include "ui/safe.h"

#define LINE_MAX_LEN ((size_t)4096)
#define NOTE         "note"

/* How often to look whether what comes before a question is written. */
#define LOOK_AGAIN ((msec)50)

struct choice {
	const char *word; /* its first letter will do */
	enum answer answer;
	const char *help;
};

struct kind {
	const char *heading;
	enum role role;
	const char *ask;
	const char *offer;
	struct choice choices[5]; /* ends with a NULL word */
};

static const struct kind kinds[] = {
    [QUESTION_CHANGE] = {"change", ROLE_CHANGE, "Run this?", "[y]es [s]kip [a]bort [?]",
        {{"yes", ANSWER_YES, "run exactly this command"},
            {"skip", ANSWER_SKIP, "leave this one out and go on with the next"},
            {"abort", ANSWER_ABORT, "stop the run here; nothing more is changed"}}},
    [QUESTION_DESTROY] = {"DESTROY", ROLE_CRITICAL, "This cannot be undone.",
        "or \"skip\", \"abort\", \"?\"",
        {{"skip", ANSWER_SKIP, "leave this one out and go on with the next"},
            {"abort", ANSWER_ABORT, "stop the run here; nothing more is changed"}}},
    [QUESTION_FAILED] = {"FAILED", ROLE_CRITICAL, "What now?", "[r]etry [s]kip [a]bort [?]",
        {{"retry", ANSWER_RETRY, "run the same command once more"},
            {"skip", ANSWER_SKIP, "go on as if it had not been there"},
            {"abort", ANSWER_ABORT, "stop the run; its on_failure steps still run"}}},
    [QUESTION_INTERRUPTED] = {"INTERRUPTED", ROLE_CRITICAL, "What now?",
        "[r]un again [d]one [a]bort [?]",
        {{"run", ANSWER_RETRY, "run it again, as if it had never begun"},
            {"done", ANSWER_YES, "you have looked: it is done; go on with what follows"},
            {"abort", ANSWER_ABORT,
                "end the run for good; to look first and resume later, leave with Ctrl-C"}}},
    [QUESTION_CHANGED] = {"changed since the run began", ROLE_CHANGE, "Go on with it as it is now?",
        "[y]es [a]bort [?]",
        {{"yes", ANSWER_YES, "what is left to do is done as the files say now"},
            {"abort", ANSWER_ABORT, "nothing is run"}}},
    [QUESTION_MANUAL] = {"by hand", ROLE_CHANGE, "Done?", "[d]one [n]o [s]kip [a]bort [?]",
        {{"done", ANSWER_YES, "it is done"},
            {"no", ANSWER_NO, "it could not be done: the step has failed"},
            {"skip", ANSWER_SKIP, "it is not needed now; go on"},
            {"abort", ANSWER_ABORT, "stop the run here"}}},
};

struct prompt {
	struct asker base;
	struct loop *loop;
	struct prompt_place place;
	struct loop_watch *watch;
	struct loop_timer *wait;         /* the question is not shown yet */
	struct buf line;                 /* typed so far */
	const struct question *question; /* the open one, or NULL */
	size_t item;                     /* of the checklist */
	bool noting;                     /* the next line is a note */
	answer_fn *fn;
	void *ctx;
};

static const struct kind *kind_of(const struct prompt *prompt)
{
	return &kinds[prompt->question->kind];
}

/* TEXT after an indent, each line of it. */
static void add_lines(struct buf *out, const char *label, const char *text)
{
	const char *at = text;
	const char *line;
	size_t len;

	if (!text)
		return;
	while (next_line(&at, text + strlen(text), &line, &len)) {
		buf_addf(out, "    %s", label);
		safe_add(out, line, len);
		buf_addc(out, '\n');
	}
}

static const char *name_of(const struct question *question)
{
	return question->name && *question->name ? question->name : "destroy";
}

/* The line on which the answer is typed. */
static void add_ask(const struct prompt *prompt, struct buf *out)
{
	const struct question *question = prompt->question;
	const struct look *look = &prompt->place.look;

	buf_adds(out, "  ");
	if (question->kind == QUESTION_MANUAL && question->checklist_count) {
		buf_addf(out, "%zu/%zu ", prompt->item + 1, question->checklist_count);
		safe_adds(out, question->checklist[prompt->item]);
		buf_addc(out, ' ');
	}
	look_add(out, look, ROLE_BOLD, kind_of(prompt)->ask);
	if (question->kind == QUESTION_DESTROY) {
		buf_adds(out, " Type ");
		look_add(out, look, ROLE_CRITICAL, name_of(question));
		buf_adds(out, " to run it,");
	}
	buf_addf(out, " %s ", kind_of(prompt)->offer);
}

static void show(struct prompt *prompt, struct buf *before)
{
	add_ask(prompt, before);
	screen_ask(prompt->place.screen, before->data);
	buf_release(before);
}

/* The whole question: what, where, and the line to answer on. */
static void show_question(struct prompt *prompt)
{
	const struct question *question = prompt->question;
	const struct look *look = &prompt->place.look;
	enum role role = kind_of(prompt)->role;
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	buf_adds(&out, "  ");
	look_add(&out, look, role, kind_of(prompt)->heading);
	if (question->platform) {
		buf_adds(&out, " on ");
		look_add_platform(&out, look, question->platform, question->color);
	}
	if (question->step) {
		buf_adds(&out, " in step ");
		safe_adds(&out, question->step);
	}
	buf_adds(&out, ":\n");
	add_lines(&out, "", question->command);
	if (question->where)
		add_lines(&out, "in ", question->where);
	add_lines(&out, "", question->text);
	show(prompt, &out);
}

static void show_help(struct prompt *prompt)
{
	const struct choice *choice = kind_of(prompt)->choices;
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	if (prompt->question->kind == QUESTION_DESTROY) {
		buf_adds(&out, "    ");
		safe_adds(&out, name_of(prompt->question));
		buf_adds(&out, "  run exactly this command\n");
	}
	for (; choice->word; choice++)
		buf_addf(&out, "    %-6s %s\n", choice->word, choice->help);
	if (prompt->question->note)
		buf_addf(&out, "    %-6s %s\n", NOTE,
		    "write a line into the record of this run: note TEXT");
	buf_adds(&out, "    Ctrl-D means abort. Nothing is run without an answer.\n");
	show(prompt, &out);
}

static void show_again(struct prompt *prompt, const char *why)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	buf_addf(&out, "    %s\n", why);
	show(prompt, &out);
}

static void stop_watching(struct prompt *prompt)
{
	loop_unwatch(prompt->watch);
	prompt->watch = NULL;
	loop_cancel(prompt->wait);
	prompt->wait = NULL;
	buf_clear(&prompt->line);
}

static void finish(struct prompt *prompt, enum answer answer, bool typed)
{
	answer_fn *fn = prompt->fn;

	stop_watching(prompt);
	screen_asked(prompt->place.screen, typed);
	prompt->question = NULL;
	fn(prompt->ctx, answer); /* may ask the next question */
}

/* -1: it is none of those that were offered. */
static int match(const struct question *question, const char *text, enum answer *answer)
{
	bool letters = question->kind != QUESTION_DESTROY;

	for (const struct choice *c = kinds[question->kind].choices; c->word; c++)
		if (strcasecmp(c->word, text) == 0 ||
		    (letters && strlen(text) == 1 && strncasecmp(c->word, text, 1) == 0)) {
			*answer = c->answer;
			return 0;
		}
	if (question->kind != QUESTION_DESTROY || strcmp(text, name_of(question)) != 0)
		return -1;
	*answer = ANSWER_YES;
	return 0;
}

/* What is behind "note", or behind its letter where no answer begins with it; NULL: TEXT is no note. */
static const char *note_in(const struct question *question, const char *text)
{
	size_t len = strcspn(text, " \t");
	enum answer answer;
	bool letter = len == 1 && strncasecmp(text, NOTE, 1) == 0 &&
	              question->kind != QUESTION_DESTROY && match(question, "n", &answer) < 0;

	if (!question->note ||
	    !(letter || (len == strlen(NOTE) && strncasecmp(text, NOTE, len) == 0)))
		return NULL;
	return text + len + strspn(text + len, " \t");
}

static void take_note(struct prompt *prompt, const char *text)
{
	prompt->noting = false;
	if (*text)
		prompt->question->note(prompt->ctx, text);
	show_again(prompt, *text ? "It is on record." : "Nothing was written.");
}

static void begin_note(struct prompt *prompt)
{
	prompt->noting = true;
	screen_ask(prompt->place.screen, "    Note: ");
}

static void answered(struct prompt *prompt, const char *text)
{
	const struct question *question = prompt->question;
	const char *note = NULL;
	enum answer answer;

	if (prompt->noting) {
		take_note(prompt, text);
	} else if (strcmp(text, "?") == 0) {
		show_help(prompt);
	} else if (match(question, text, &answer) < 0 && (note = note_in(question, text))) {
		if (*note)
			take_note(prompt, note);
		else
			begin_note(prompt);
	} else if (match(question, text, &answer) < 0) {
		show_again(prompt, question->kind == QUESTION_DESTROY
		                       ? "That is not the name. Nothing was run."
		                       : "Please answer with one of these.");
	} else if (answer == ANSWER_YES && prompt->item + 1 < question->checklist_count) {
		struct buf out;

		prompt->item++;
		buf_init(&out, BUF_TEXT_MAX);
		show(prompt, &out);
	} else {
		finish(prompt, answer, true);
	}
}

/* The first whole line that was typed, without blanks around it. What follows it is dropped: it
 * was typed before the next question could be read. */
static void take_line(struct prompt *prompt)
{
	char *newline = memchr(prompt->line.data, '\n', prompt->line.len);
	char *text = prompt->line.data;
	char *copy;
	size_t len;

	if (!newline && !prompt->line.full)
		return;
	if (newline)
		*newline = '\0';
	text += strspn(text, " \t\r");
	len = strcspn(text, "\n");
	while (len && strchr(" \t\r", text[len - 1]))
		len--;
	copy = mem_textn(text, len);
	buf_clear(&prompt->line);
	answered(prompt, copy);
	free(copy);
}

/* Of a terminal that was closed the end of input comes, too. */
static bool is_lost(int fd)
{
	struct termios modes;

	return tcgetattr(fd, &modes) < 0 && errno == EIO;
}

static void on_typed(void *ctx, int fd, int ready)
{
	struct prompt *prompt = ctx;
	char block[512];
	ssize_t got = read(fd, block, sizeof(block));

	(void)ready;
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		finish(prompt, is_lost(fd) ? ANSWER_GONE : ANSWER_ABORT, false);
		return;
	}
	if (screen_behind(prompt->place.screen)) {
		show_again(prompt, "That was typed before this could be read.");
		return;
	}
	buf_add(&prompt->line, block, (size_t)got);
	take_line(prompt);
}

/* The output may go elsewhere, to a pager: what it says is there to be read before the question. */
static void begin(void *ctx)
{
	struct prompt *prompt = ctx;

	prompt->wait = NULL;
	if (prompt->place.after && out_behind(prompt->place.after)) {
		prompt->wait = loop_after(prompt->loop, LOOK_AGAIN, begin, prompt);
		return;
	}
	tcflush(prompt->place.in, TCIFLUSH);
	prompt->watch = loop_watch(prompt->loop, prompt->place.in, LOOP_READ, on_typed, prompt);
	show_question(prompt);
}

static void prompt_ask(
    struct asker *base, const struct question *question, answer_fn *fn, void *ctx)
{
	struct prompt *prompt = (struct prompt *)base;

	prompt->question = question;
	prompt->item = 0;
	prompt->noting = false;
	prompt->fn = fn;
	prompt->ctx = ctx;
	begin(prompt);
}

static void prompt_withdraw(struct asker *base)
{
	struct prompt *prompt = (struct prompt *)base;

	if (!prompt->question)
		return;
	stop_watching(prompt);
	screen_asked(prompt->place.screen, false);
	prompt->question = NULL;
}

static void prompt_close(struct asker *base)
{
	struct prompt *prompt = (struct prompt *)base;

	prompt_withdraw(base);
	buf_release(&prompt->line);
	free(prompt);
}

static const struct asker_ops prompt_ops = {prompt_ask, prompt_withdraw, prompt_close};

struct asker *prompt_new(struct loop *loop, void *ctx)
{
	struct prompt *prompt = mem_alloc(sizeof(*prompt));

	prompt->base.ops = &prompt_ops;
	prompt->loop = loop;
	prompt->place = *(const struct prompt_place *)ctx;
	buf_init(&prompt->line, LINE_MAX_LEN);
	return &prompt->base;
}
