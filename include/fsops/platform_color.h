/*
 * The colour that a platform's name has wherever somebody might mistake one platform for another:
 * `color:` of platform.yaml, else what the name says.
 */
#ifndef FSOPS_PLATFORM_COLOR_H
#define FSOPS_PLATFORM_COLOR_H

enum platform_color {
	COLOR_BY_NAME,
	COLOR_RED,
	COLOR_YELLOW,
	COLOR_GREEN,
	COLOR_BLUE,
	COLOR_MAGENTA,
	COLOR_CYAN,
	COLOR_COUNT
};

struct platform;

/* "red", "yellow" … Without a `color:` yellow for a name that says staging, green for one that says it
 * is for trying (test, dev …), and red for every other: it may be production. */
const char *platform_color(const struct platform *platform);

#endif
