/* A terminal shared by lines, a live line and a question. Invariant: `drawn` is how many columns
 * of a live line are on the screen now; they are erased before anything else is written. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "ui/look.h"

struct screen {
	struct out out;
	struct buf live;     /* what the live line should be */
	struct buf question; /* the last line of the open question; empty: none is open */
	bool asking;
	int drawn;
	int width; /* when it was drawn */
};

struct screen *screen_new(int fd)
{
	struct screen *screen = mem_alloc(sizeof(*screen));

	out_init(&screen->out, fd);
	buf_init(&screen->live, BUF_TEXT_MAX);
	buf_init(&screen->question, BUF_TEXT_MAX);
	return screen;
}

static void add_erase(struct screen *screen, struct buf *out)
{
	int width = screen_width(screen);
	/* In a window made narrower since, the line has become several. */
	int rows = width < screen->width ? (screen->drawn - 1) / width : 0;

	if (!screen->drawn)
		return;
	if (rows > 0)
		buf_addf(out, "\x1b[%dA", rows);
	buf_adds(out, rows > 0 ? "\r\x1b[J" : "\r\x1b[K");
	screen->drawn = 0;
}

/* On a terminal that has been stopped it would be queued at each tick, to flash by later. */
static void add_live(struct screen *screen, struct buf *out)
{
	if (screen->asking || !screen->live.len || out_behind(&screen->out))
		return;
	buf_add(out, screen->live.data, screen->live.len);
	screen->drawn = look_width(screen->live.data, screen->live.len);
	screen->width = screen_width(screen);
}

/* All of it at once: a screen half drawn is hardly ever seen. */
static void write_out(struct screen *screen, struct buf *out)
{
	out_write(&screen->out, out->data, out->len);
	buf_release(out);
}

void screen_free(struct screen *screen)
{
	struct buf out;

	if (!screen)
		return;
	buf_init(&out, BUF_TEXT_MAX);
	add_erase(screen, &out);
	write_out(screen, &out);
	out_drain(&screen->out);
	out_release(&screen->out);
	buf_release(&screen->live);
	buf_release(&screen->question);
	free(screen);
}

int screen_width(const struct screen *screen)
{
	return look_terminal_width(screen->out.fd);
}

void screen_on_loop(struct screen *screen, struct loop *loop)
{
	out_on_loop(&screen->out, loop);
}

bool screen_behind(const struct screen *screen)
{
	return out_behind(&screen->out);
}

int screen_error(const struct screen *screen)
{
	return screen->out.error;
}

void screen_print(struct screen *screen, const char *text, size_t len)
{
	struct buf out;

	if (!len)
		return;
	buf_init(&out, UI_TEXT_MAX);
	add_erase(screen, &out);
	if (screen->asking)
		buf_adds(&out, "\r\x1b[K");
	buf_add(&out, text, len);
	if (screen->asking)
		buf_add(&out, screen->question.data, screen->question.len);
	add_live(screen, &out);
	write_out(screen, &out);
}

void screen_live(struct screen *screen, const char *text)
{
	struct buf out;

	if (strcmp(screen->live.data, text) == 0 && (screen->drawn || !*text))
		return;
	buf_clear(&screen->live);
	buf_adds(&screen->live, text);
	if (screen->asking)
		return;
	buf_init(&out, BUF_TEXT_MAX);
	add_erase(screen, &out);
	add_live(screen, &out);
	write_out(screen, &out);
}

void screen_ask(struct screen *screen, const char *text)
{
	const char *last = strrchr(text, '\n');
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	add_erase(screen, &out);
	buf_adds(&out, text);
	buf_clear(&screen->question);
	buf_adds(&screen->question, last ? last + 1 : text);
	screen->asking = true;
	write_out(screen, &out);
}

void screen_asked(struct screen *screen, bool typed)
{
	struct buf out;

	if (!screen->asking)
		return;
	screen->asking = false;
	buf_init(&out, BUF_TEXT_MAX);
	if (!typed)
		buf_addc(&out, '\n');
	add_live(screen, &out);
	write_out(screen, &out);
}
