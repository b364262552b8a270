/*
 * Templates: texts with `${expression}` in them. `$${` is a literal `${`.
 *
 * Where the bytes of a text are literal and where an expression begins is decided
 * here alone: by the checks at load and by the engine when it fills values in.
 * Braces nest, and strings inside an expression may hold braces.
 */
#ifndef FSOPS_TEMPLATE_H
#define FSOPS_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of the text: LEN bytes at TEXT, which is inside the text that was given
 * (a hole: without `${` and `}`). Return 0 to go on; anything else ends the walk. */
typedef int template_fn(void *ctx, const char *text, size_t len);

/*
 * Call LITERAL and HOLE (either may be NULL) for the pieces of TEXT, in order. Returns 0, what a
 * function returned, or TEMPLATE_OPEN when a `${` never closes (the pieces before it were given).
 */
#define TEMPLATE_OPEN (-2)
int template_each(const char *text, template_fn *literal, template_fn *hole, void *ctx);

/* Whether the whole text is one `${…}`: its value then keeps its type. EXPR and LEN (may be
 * NULL) get the expression. */
bool template_is_single(const char *text, const char **expr, size_t *len);

/* Whether there is anything to fill in (or a `$${` to undo) at all. */
bool template_any(const char *text);

#endif
