/*
 * Keys from a terminal. Invariant: signals are blocked except while input is waited for, so that
 * one that ends the program is seen between two keys, never lost, and the terminal is as it was
 * before it takes effect.
 */
#include "line_input.h"

#include <errno.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "fsops/mem.h"

/* How long the rest of an escape sequence may take to arrive. */
#define ESCAPE_NSEC 50000000

static const struct watched {
	int signal;
	bool ends;
} watched[LINE_SIGNALS] = {
    {SIGHUP, true},
    {SIGINT, true},
    {SIGQUIT, true},
    {SIGTERM, true},
    {SIGCONT, false},
    {SIGWINCH, false},
};

static volatile sig_atomic_t caught; /* the last one that came */

static void on_signal(int signal)
{
	if (!caught || caught == SIGCONT || caught == SIGWINCH)
		caught = signal;
}

/* ---- the terminal ---- */

/* Ctrl-C is a key here: it clears the line. Output stays as it is: "\n" begins a line; so nothing
 * need be waited for (TCSADRAIN), which a terminal that is held would do for ever. */
static int make_raw(const struct line_input *input)
{
	struct termios raw = input->before;

	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | INPCK | ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(input->fd, TCSANOW, &raw);
}

static const struct line_input *drawn; /* whose terminal is raw */

static void give_back(void)
{
	if (drawn)
		tcsetattr(drawn->fd, TCSANOW, &drawn->before);
}

int line_input_begin(struct line_input *input)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t block;

	if (tcgetattr(input->fd, &input->before) < 0)
		return -1;
	caught = 0;
	sigemptyset(&block);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < LINE_SIGNALS; i++) {
		sigaddset(&block, watched[i].signal);
		sigaction(watched[i].signal, NULL, &input->actions[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &input->mask);
	for (size_t i = 0; i < LINE_SIGNALS; i++) /* nohup's SIGHUP stays ignored */
		if (input->actions[i].sa_handler != SIG_IGN)
			sigaction(watched[i].signal, &action, NULL);
	drawn = input;
	mem_at_end(give_back);
	if (make_raw(input) == 0)
		return 0;
	line_input_end(input);
	return -1;
}

void line_input_end(struct line_input *input)
{
	int saved = errno;

	drawn = NULL;
	tcsetattr(input->fd, TCSANOW, &input->before);
	for (size_t i = 0; i < LINE_SIGNALS; i++)
		sigaction(watched[i].signal, &input->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &input->mask, NULL);
	errno = saved;
}

static bool ends(int signal)
{
	for (size_t i = 0; i < LINE_SIGNALS; i++)
		if (watched[i].signal == signal)
			return watched[i].ends;
	return false;
}

/* As if nobody had caught it; when it did not end the program, all goes on. */
static int take_signal(struct line_input *input)
{
	int signal = caught;

	caught = 0;
	if (ends(signal)) {
		line_input_end(input);
		raise(signal);
		return line_input_begin(input) < 0 ? KEY_END_OF_INPUT : KEY_REDRAW;
	}
	make_raw(input); /* a shell may have set it otherwise meanwhile */
	return KEY_REDRAW;
}

/* ---- bytes ---- */

/* Waits until there is something to read: 1; 0: time is over; -1: a signal came. */
static int wait_input(const struct line_input *input, const struct timespec *timeout)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(input->fd, &set);
	return pselect(input->fd + 1, &set, NULL, NULL, timeout, &input->mask);
}

/* 1 when there is a byte, 0 when none came in time, -1 when a signal did, -2 at the end. */
static int fill(struct line_input *input, const struct timespec *timeout)
{
	ssize_t got;
	int ready;

	if (input->at < input->len)
		return 1;
	ready = wait_input(input, timeout);
	if (ready == 0)
		return 0;
	if (ready < 0)
		return errno == EINTR ? -1 : -2;
	got = read(input->fd, input->bytes, sizeof(input->bytes));
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return -1;
	if (got <= 0)
		return -2;
	input->at = 0;
	input->len = (size_t)got;
	return 1;
}

/* ---- keys ---- */

static const struct {
	const char *text; /* after "ESC [" or "ESC O" */
	int key;
} sequences[] = {
    {"A", KEY_UP},
    {"B", KEY_DOWN},
    {"C", KEY_RIGHT},
    {"D", KEY_LEFT},
    {"H", KEY_HOME},
    {"F", KEY_END},
    {"1~", KEY_HOME},
    {"7~", KEY_HOME},
    {"4~", KEY_END},
    {"8~", KEY_END},
    {"3~", KEY_DELETE},
};

/* The next byte of a key that has begun, or -1. */
static int next_byte(struct line_input *input)
{
	static const struct timespec soon = {.tv_nsec = ESCAPE_NSEC};

	return fill(input, &soon) == 1 ? (unsigned char)input->bytes[input->at++] : -1;
}

static int escape_key(struct line_input *input)
{
	char text[16];
	size_t len = 0;
	int byte = next_byte(input);

	if (byte != '[' && byte != 'O')
		return KEY_NONE;
	do {
		byte = next_byte(input);
		if (byte >= 0 && len < sizeof(text) - 1)
			text[len++] = (char)byte;
	} while (byte >= 0 && byte < '@');
	text[len] = '\0';
	for (size_t i = 0; i < COUNT_OF(sequences); i++)
		if (strcmp(sequences[i].text, text) == 0)
			return sequences[i].key;
	return KEY_NONE;
}

/* A character of several bytes; what is none is dropped. */
static int utf8_key(struct line_input *input, int first)
{
	int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
	int code = first & (0x3F >> more);

	if (first < 0xC2 || first > 0xF4)
		return KEY_NONE;
	input->utf8[0] = (char)first;
	for (int i = 1; i <= more; i++) {
		int byte = next_byte(input);

		if (byte < 0x80 || byte > 0xBF)
			return KEY_NONE;
		input->utf8[i] = (char)byte;
		code = code << 6 | (byte & 0x3F);
	}
	input->utf8[more + 1] = '\0';
	return code < KEY_END_OF_INPUT ? code : KEY_NONE;
}

int line_input_key(struct line_input *input)
{
	int ready = caught ? -1 : fill(input, NULL);
	int byte;

	if (ready == -1)
		return caught ? take_signal(input) : KEY_NONE;
	if (ready != 1)
		return KEY_END_OF_INPUT;
	byte = (unsigned char)input->bytes[input->at++];
	if (byte == KEY_ESCAPE)
		return escape_key(input);
	if (byte >= 0x80)
		return utf8_key(input, byte);
	input->utf8[0] = (char)byte;
	input->utf8[1] = '\0';
	return byte;
}
