/* A descriptor that is written to whole. Invariants: while a loop runs nothing here waits, and what
 * is not written yet stands in the queue, in order; after the first error nothing is written any
 * more, so that a text with a hole in it never looks complete. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/ui.h"

/* A queue that would hold more than the one is cut to the other. */
#define QUEUE_MAX  ((size_t)16 * 1024 * 1024)
#define QUEUE_KEEP (QUEUE_MAX / 2)

/* A round of the loop writes no more than this: the others have their turn. */
#define ROUND_MAX ((size_t)64 * 1024)

#define TERMINAL_PIECE ((size_t)128)

/* How much poll(2)'s word for "writable" is good for, by what the descriptor is. It may not be
 * made non-blocking: it is shared with whoever started us, and with the commands in a pipeline. */

static size_t whole(const char *data, size_t len)
{
	(void)data;
	return len;
}

static size_t pipe_piece(const char *data, size_t len)
{
	(void)data;
	return len < PIPE_BUF ? len : PIPE_BUF;
}

/* A terminal takes a run of ordinary characters in one go, but looks for room again at each
 * character that it translates, and would wait there in the middle of a write(2). */
static size_t terminal_piece(const char *data, size_t len)
{
	size_t piece = 0;

	while (piece < len && piece < TERMINAL_PIECE && !memchr("\n\r\t", data[piece], 3))
		piece++;
	return piece ? piece : 1;
}

static out_piece_fn *piece_for(int fd)
{
	struct stat stat;

	if (isatty(fd))
		return terminal_piece;
	return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) ? whole : pipe_piece;
}

void out_init(struct out *out, int fd)
{
	*out = (struct out){.fd = fd};
	buf_init(&out->queue, QUEUE_MAX + 2 * UI_TEXT_MAX);
}

void out_release(struct out *out)
{
	loop_unwatch(out->watch);
	buf_release(&out->queue);
}

const char *out_why(const struct out *out)
{
	return out->overrun ? "whoever reads it was more than 16 MiB behind" : strerror(out->error);
}

bool out_behind(const struct out *out)
{
	return out->queue.len > 0;
}

static void fail(struct out *out, int error)
{
	out->gone = true;
	if (error != EPIPE)
		out->error = error;
}

/* The descriptor may be non-blocking because whoever shares it made it so. */
static bool is_writable(int fd, int wait)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT};

	return poll(&poller, 1, wait) > 0;
}

/* One write(2): how much of DATA is written. */
static size_t write_piece(struct out *out, const char *data, size_t len)
{
	ssize_t wrote = write(out->fd, data, len);

	if (wrote >= 0)
		return (size_t)wrote;
	if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
		fail(out, errno);
	return 0;
}

static void write_all(struct out *out, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len && !out->gone) {
		size_t wrote = write_piece(out, data + done, len - done);

		if (!wrote && !out->gone)
			is_writable(out->fd, -1);
		done += wrote;
	}
}

/* What can be written without waiting, up to ROUND_MAX: how much it was. */
static size_t write_now(struct out *out, const char *data, size_t len)
{
	size_t done = 0;

	len = len < ROUND_MAX ? len : ROUND_MAX;
	while (done < len && !out->gone && is_writable(out->fd, 0)) {
		size_t wrote = write_piece(out, data + done, out->piece(data + done, len - done));

		if (!wrote)
			break;
		done += wrote;
	}
	return done;
}

/* ---- the queue ---- */

static void forget_queue(struct out *out)
{
	buf_release(&out->queue);
	out->sent = 0;
}

/* The bytes that are written are moved out when they are most of it, not each time. */
static void consume(struct out *out)
{
	buf_consume(&out->queue, out->sent);
	out->sent = 0;
}

static void on_writable(void *ctx, int fd, int ready)
{
	struct out *out = ctx;

	(void)fd;
	(void)ready;
	out->sent += write_now(out, out->queue.data + out->sent, out->queue.len - out->sent);
	if (out->gone || out->sent == out->queue.len)
		forget_queue(out);
	else if (out->sent > out->queue.len / 2)
		consume(out);
	loop_watch_set(out->watch, out->queue.len ? LOOP_WRITE : 0);
}

/* Where the line ends that holds the byte AT. */
static size_t line_end(const struct buf *buf, size_t at)
{
	const char *newline = memchr(buf->data + at, '\n', buf->len - at);

	return newline ? (size_t)(newline - buf->data) + 1 : buf->len;
}

/* The oldest lines that nobody has read make room for newer ones, and for a line that says so.
 * The line that may have been begun stays. */
static void drop_oldest(struct out *out)
{
	static const char note[] = "... nobody read in time: left out so far, lines: ";
	struct buf rest;
	size_t from, to;

	from = line_end(&out->queue, 0);
	to = line_end(&out->queue, out->queue.len - QUEUE_KEEP);
	if (to <= from)
		return;
	/* An earlier such line is none of the run's. */
	if (strncmp(out->queue.data + from, note, sizeof(note) - 1) == 0)
		out->dropped--;
	for (size_t at = from; at < to; at = line_end(&out->queue, at))
		out->dropped++;
	buf_init(&rest, out->queue.max);
	buf_add(&rest, out->queue.data, from);
	buf_addf(&rest, "%s%zu\n", note, out->dropped);
	buf_add(&rest, out->queue.data + to, out->queue.len - to);
	buf_release(&out->queue);
	out->queue = rest; /* transferred */
}

static void enqueue(struct out *out, const char *data, size_t len)
{
	bool over;

	if (out->queue.len + len > QUEUE_MAX)
		consume(out);
	/* One text may be longer than that, but nothing comes after it. */
	over = out->queue.len && out->queue.len + len > QUEUE_MAX;
	if (over && out->complete) {
		out->overrun = true;
		out->error = ENOBUFS;
		return;
	}
	buf_add(&out->queue, data, len);
	if (over)
		drop_oldest(out);
	loop_watch_set(out->watch, LOOP_WRITE);
}

void out_drain(struct out *out)
{
	write_all(out, out->queue.data + out->sent, out->queue.len - out->sent);
	forget_queue(out);
}

void out_write(struct out *out, const char *data, size_t len)
{
	size_t done = 0;

	if (out->gone || out->error)
		return;
	if (!out->watch) {
		out_drain(out);
		write_all(out, data, len);
		return;
	}
	if (!out_behind(out))
		done = write_now(out, data, len);
	if (done < len && !out->gone)
		enqueue(out, data + done, len - done);
}

void out_on_loop(struct out *out, struct loop *loop)
{
	loop_unwatch(out->watch);
	out->watch = NULL;
	if (!loop)
		return;
	out->piece = piece_for(out->fd);
	out->watch = loop_watch(loop, out->fd, 0, on_writable, out);
	loop_watch_idle(out->watch, true);
}
