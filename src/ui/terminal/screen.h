/*
 * A terminal with three things on it: lines that scroll by, a live last line that is redrawn,
 * and at times a question. They share it here, so that none writes over another.
 *
 * While a question is open there is no live line; what is printed appears above the question,
 * which is then shown again.
 */
#ifndef FSOPS_UI_SCREEN_H
#define FSOPS_UI_SCREEN_H

#include "fsops/ui.h"

/* Columns, read afresh: the window may have changed. */
int screen_width(const struct screen *screen);

/* Is something printed or asked that is not on the terminal yet? */
bool screen_behind(const struct screen *screen);

/* Whole lines that stay. */
void screen_print(struct screen *screen, const char *text, size_t len);
/* The live line from now on; it must fit the width. "": none. */
void screen_live(struct screen *screen, const char *text);

/* TEXT's last line is where the answer is typed. */
void screen_ask(struct screen *screen, const char *text);
/* The question is over. TYPED: the person ended the line with Enter. */
void screen_asked(struct screen *screen, bool typed);

#endif
