/*
 * A line typed at a terminal: editing, history, drawing.
 *
 * Keys are a table of functions on the line. Invariant: `at` is between two characters of `text`,
 * and what is drawn fits one row of the terminal: of a longer line, the part around the cursor.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/ui.h"
#include "line_input.h"
#include "ui/look.h"
#include "ui/safe.h"

#define HISTORY_MAX 1000

struct line {
	struct out out;
	struct line_input input;
	const char *prompt;
	struct buf text;
	size_t at; /* the cursor, in bytes */
	char **history;
	size_t history_count;
	size_t shown;     /* which of the history is being edited; its count: the new line */
	char *draft;      /* the new line while one of the history is shown; or NULL */
	const char *done; /* set: the line is finished; what line_read() returns */
	bool ended;
};

struct line *line_new(int in, int out)
{
	const char *term = getenv("TERM");
	struct line *line;

	if (!isatty(in) || !isatty(out) || !term || strcmp(term, "dumb") == 0)
		return NULL;
	line = mem_alloc(sizeof(*line));
	out_init(&line->out, out);
	line->input.fd = in;
	buf_init(&line->text, EXPR_SOURCE_MAX);
	return line;
}

void line_free(struct line *line)
{
	if (!line)
		return;
	for (size_t i = 0; i < line->history_count; i++)
		free(line->history[i]);
	free(line->history);
	free(line->draft);
	buf_release(&line->text);
	free(line);
}

/* ---- drawing ---- */

static void draw(struct line *line)
{
	int prompt = safe_width(line->prompt, strlen(line->prompt));
	int room = look_terminal_width(line->out.fd) - prompt - 1;
	int before = safe_width(line->text.data, line->at);
	size_t from = 0;
	size_t len;
	struct buf row;

	if (before > room)
		from = safe_fit(line->text.data, line->text.len, before - room + room / 4);
	len = safe_fit(line->text.data + from, line->text.len - from, room);
	buf_init(&row, BUF_TEXT_MAX);
	buf_addf(&row, "\r%s", line->prompt);
	buf_add(&row, line->text.data + from, len);
	buf_addf(
	    &row, "\x1b[K\r\x1b[%dC", prompt + safe_width(line->text.data + from, line->at - from));
	out_write(&line->out, row.data, row.len);
	buf_release(&row);
}

/* ---- text ---- */

static size_t previous(const struct line *line, size_t at)
{
	while (at > 0) {
		size_t end = at--;

		while (at > 0 && ((unsigned char)line->text.data[at] & 0xC0) == 0x80)
			at--;
		if (safe_width(line->text.data + at, end - at) > 0)
			break; /* an accent goes with its letter */
	}
	return at;
}

/* The end of the one character at AT. */
static size_t char_end(const struct line *line, size_t at)
{
	do {
		at++;
	} while (at < line->text.len && ((unsigned char)line->text.data[at] & 0xC0) == 0x80);
	return at;
}

static size_t next(const struct line *line, size_t at)
{
	size_t end = at;

	while (end < line->text.len) {
		size_t after = char_end(line, end);

		if (end > at && safe_width(line->text.data + end, after - end) > 0)
			break;
		end = after;
	}
	return end;
}

static void erase(struct line *line, size_t from, size_t to)
{
	memmove(line->text.data + from, line->text.data + to, line->text.len - to + 1);
	line->text.len -= to - from;
	line->at = from;
}

static void insert(struct line *line, const char *text)
{
	size_t len = strlen(text);
	size_t tail = line->text.len - line->at;
	char *place;

	if (buf_add(&line->text, text, len) < 0)
		return; /* longer than any expression may be */
	place = line->text.data + line->at;
	memmove(place + len, place, tail);
	memcpy(place, text, len);
	line->at += len;
}

/* Only what is shown as itself may be typed. */
static bool is_harmless(const char *text)
{
	struct buf safe;
	bool same;

	buf_init(&safe, 64);
	safe_adds(&safe, text);
	same = strcmp(safe.data, text) == 0;
	buf_release(&safe);
	return same;
}

static void set_text(struct line *line, const char *text)
{
	buf_clear(&line->text);
	buf_adds(&line->text, text);
	line->at = line->text.len;
}

/* ---- history ---- */

static void history_add(struct line *line)
{
	const char *text = line->text.data;

	if (!*text ||
	    (line->history_count && strcmp(line->history[line->history_count - 1], text) == 0))
		return;
	if (line->history_count == HISTORY_MAX) {
		free(line->history[0]);
		memmove(line->history, line->history + 1, --line->history_count * sizeof(char *));
	} else {
		MEM_PUSH_ROOM(line->history, line->history_count);
	}
	line->history[line->history_count++] = mem_text(text);
}

static void history_show(struct line *line, size_t which)
{
	if (line->shown == line->history_count) {
		free(line->draft);
		line->draft = mem_text(line->text.data);
	}
	line->shown = which;
	set_text(line, which == line->history_count ? line->draft : line->history[which]);
}

/* ---- keys ---- */

static void key_up(struct line *line)
{
	if (line->shown > 0)
		history_show(line, line->shown - 1);
}

static void key_down(struct line *line)
{
	if (line->shown < line->history_count)
		history_show(line, line->shown + 1);
}

static void key_left(struct line *line)
{
	line->at = previous(line, line->at);
}

static void key_right(struct line *line)
{
	line->at = next(line, line->at);
}

static void key_home(struct line *line)
{
	line->at = 0;
}

static void key_end(struct line *line)
{
	line->at = line->text.len;
}

static void key_backspace(struct line *line)
{
	erase(line, previous(line, line->at), line->at);
}

static void key_delete(struct line *line)
{
	erase(line, line->at, next(line, line->at));
}

static void key_kill_before(struct line *line)
{
	erase(line, 0, line->at);
}

static void key_kill_after(struct line *line)
{
	erase(line, line->at, line->text.len);
}

static void key_kill_word(struct line *line)
{
	size_t from = line->at;

	while (from > 0 && isspace((unsigned char)line->text.data[from - 1]))
		from--;
	while (from > 0 && !isspace((unsigned char)line->text.data[from - 1]))
		from--;
	erase(line, from, line->at);
}

static void key_enter(struct line *line)
{
	history_add(line);
	line->done = line->text.data;
}

static void key_interrupt(struct line *line)
{
	out_write(&line->out, "^C", 2);
	set_text(line, "");
	line->done = line->text.data;
}

static void key_end_of_input(struct line *line)
{
	line->ended = true;
}

/* Ctrl-D in a line deletes, as in a shell; in an empty one it is the end. */
static void key_control_d(struct line *line)
{
	if (line->text.len)
		key_delete(line);
	else
		key_end_of_input(line);
}

static void key_clear(struct line *line)
{
	out_write(&line->out, "\x1b[H\x1b[2J", 7);
}

static void key_blank(struct line *line)
{
	insert(line, " ");
}

static const struct {
	int key;
	void (*run)(struct line *line);
} bindings[] = {
    {KEY_UP, key_up},
    {KEY_CTRL('P'), key_up},
    {KEY_DOWN, key_down},
    {KEY_CTRL('N'), key_down},
    {KEY_LEFT, key_left},
    {KEY_CTRL('B'), key_left},
    {KEY_RIGHT, key_right},
    {KEY_CTRL('F'), key_right},
    {KEY_HOME, key_home},
    {KEY_CTRL('A'), key_home},
    {KEY_END, key_end},
    {KEY_CTRL('E'), key_end},
    {KEY_BACKSPACE, key_backspace},
    {KEY_CTRL('H'), key_backspace},
    {KEY_DELETE, key_delete},
    {KEY_CTRL('D'), key_control_d},
    {KEY_CTRL('U'), key_kill_before},
    {KEY_CTRL('K'), key_kill_after},
    {KEY_CTRL('W'), key_kill_word},
    {KEY_CTRL('L'), key_clear},
    {KEY_CTRL('I'), key_blank},
    {KEY_ENTER, key_enter},
    {KEY_CTRL('J'), key_enter},
    {KEY_CTRL('C'), key_interrupt},
    {KEY_END_OF_INPUT, key_end_of_input},
};

static void take_key(struct line *line, int key)
{
	for (size_t i = 0; i < COUNT_OF(bindings); i++) {
		if (bindings[i].key == key) {
			bindings[i].run(line);
			return;
		}
	}
	if (key >= ' ' && key < KEY_END_OF_INPUT && is_harmless(line->input.utf8))
		insert(line, line->input.utf8);
}

const char *line_read(struct line *line, const char *prompt)
{
	line->prompt = prompt;
	line->shown = line->history_count;
	line->done = NULL;
	set_text(line, "");
	if (line->ended || line_input_begin(&line->input) < 0)
		return NULL;
	while (!line->done && !line->ended && !line->out.gone) {
		draw(line);
		take_key(line, line_input_key(&line->input));
	}
	key_end(line);
	out_write(&line->out, "\n", 1);
	line_input_end(&line->input);
	return line->done;
}
