/*
 * Keys from a terminal, one at a time. The terminal is raw between line_input_begin() and
 * line_input_end(); whatever ends the program in between gives it back first.
 */
#ifndef FSOPS_UI_LINE_INPUT_H
#define FSOPS_UI_LINE_INPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* A character is its own code; keys that are none lie beyond Unicode. */
enum line_key {
	KEY_END_OF_INPUT = 0x110000, /* hang-up, or the descriptor is closed */
	KEY_REDRAW,                  /* the window has another size, or the program goes on */
	KEY_NONE,                    /* a sequence that means nothing here */
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
};
#define KEY_CTRL(letter) ((letter) - '@')
#define KEY_ENTER        '\r'
#define KEY_ESCAPE       0x1B
#define KEY_BACKSPACE    0x7F

#define LINE_SIGNALS 6

struct line_input {
	int fd;
	char bytes[256]; /* read, not used yet: typed ahead, or pasted */
	size_t at;
	size_t len;
	struct termios before;
	struct sigaction actions[LINE_SIGNALS]; /* those before */
	sigset_t mask;                          /* the one before */
	char utf8[5];                           /* the last character, when the key is one */
};

int line_input_begin(struct line_input *input);
void line_input_end(struct line_input *input);

/* Waits for a key; never more than is there when it is a part of one. */
int line_input_key(struct line_input *input);

#endif
