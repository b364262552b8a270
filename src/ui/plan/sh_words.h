/*
 * Commands in which values are still unknown, as shell text: each `${expression}` becomes a shell
 * variable, quoted so that whatever is typed for it stays in its word.
 *
 *	struct sh_names names = {0};
 *	sh_add_command(&out, &names, "kubectl scale '--replicas=${replicas}'");
 *	        // kubectl scale '--replicas='"$replicas"
 */
#ifndef FSOPS_UI_SH_WORDS_H
#define FSOPS_UI_SH_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"

struct sh_name {
	char *expr; /* between the braces */
	char *name; /* a valid name of a shell variable, unique */
	bool env;   /* of the environment: never asked for */
};

/* All zero is empty. */
struct sh_names {
	struct sh_name *items;
	size_t count;
};

void sh_names_release(struct sh_names *names);
/* The variable for an expression; made when there is none. */
const struct sh_name *sh_name_of(struct sh_names *names, const char *expr, size_t len);

/* COMMAND (words quoted as buf_add_shell_word() does) with variables for what is unknown. */
void sh_add_command(struct buf *out, struct sh_names *names, const char *command);
/* TEXT as one shell word, likewise. */
void sh_add_text(struct buf *out, struct sh_names *names, const char *text);

/* Only words: no pipe, no list, no redirection, so that it can be another command's arguments. */
bool sh_is_simple(const char *command);

/* Call FN for the expression of every `${…}` in COMMAND. */
typedef void sh_hole_fn(void *ctx, const char *expr, size_t len);
void sh_each_hole(const char *command, sh_hole_fn *fn, void *ctx);
/* The same for a text, in which quotes mean nothing. */
void sh_each_text_hole(const char *text, sh_hole_fn *fn, void *ctx);

#endif
