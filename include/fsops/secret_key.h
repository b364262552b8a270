/*
 * Keys of the platform's file that hold secrets, and how: for the lists of channels (channel.h) and of targets
 * (adapter.h). Nobody has to list these under `secrets:`.
 */
#ifndef FSOPS_SECRET_KEY_H
#define FSOPS_SECRET_KEY_H

#include <stdbool.h>

enum secret_part {
	SECRET_TEXT, /* a text: all of it, and each value from the environment in it */
	SECRET_ADDRESS, /* the same, and its path and its query without the host: who has them can send; but no
	                   plain words that stand in the file */
	SECRET_HEADERS, /* {name: value}: the same of those that let somebody in; of the others as HOLES */
	SECRET_HOLES, /* only what comes from the environment, in texts at any depth */
};

struct secret_key {
	const char *name; /* NULL: the list's end */
	enum secret_part part;
};

/* Whether a header of an HTTP request lets somebody in, by its NAME: `Authorization`, `X-Auth`, `Cookie`, … */
bool secret_header_name(const char *name);

/* Whether what stands under a key of this NAME is a credential: `password`, `API_TOKEN`, but not where one lies,
 * `tokenFile`. */
bool secret_key_name(const char *name);

/* The same of a variable or an option of another program, whose keys are for locks: `ENCRYPTION_KEY`, `--private-key`. */
bool secret_option_name(const char *name);

#endif
