/*
 * HTML, written so that nothing from outside can become markup:
 *
 *	html_add(html, "<a href=\"#step-%zu\">%s</a>", number, title);
 *
 * Markup is always a literal: the compiler refuses anything else (-Wformat-nonliteral). What is filled
 * in is always text: `%s` is made harmless (safe.h) and escaped, inside of quotes as well. So a text from
 * a run has no way into the page but as text; there is no function that adds it as it is.
 */
#ifndef FSOPS_UI_HTML_H
#define FSOPS_UI_HTML_H

#include <stddef.h>

#include "fsops/buf.h"

/* Its own type, so that buf_adds() does not fit. */
struct html {
	struct buf *out; /* borrowed */
};

/* MARKUP knows %s (NULL: nothing), %d, %zu, %.0f, %.2f and %%. */
void html_add(struct html *html, const char *markup, ...) __attribute__((format(printf, 2, 3)));

/* LEN bytes of text that keeps its lines, for <pre>. */
void html_lines(struct html *html, const char *text, size_t len);

/* What was written elsewhere meanwhile. */
void html_append(struct html *html, const struct html *other);

#endif
