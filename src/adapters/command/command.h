/*
 * A command that is run for an action: what kubectl, exec and shell share. It captures what the
 * command prints as far as somebody looks at it, and says in one sentence why it failed.
 *
 *	start:    command_start(call, &(struct command_spec){.argv = argv});
 *	cancel:   command_cancel
 *	release:  command_release
 *	fields:   command_fields
 */
#ifndef FSOPS_ADAPTERS_COMMAND_H
#define FSOPS_ADAPTERS_COMMAND_H

#include "fsops/adapter.h"

/* What is kept of an output that no expression looks at, at each end. */
#define COMMAND_KEPT_PLAIN ((size_t)64 * 1024)
/* The same when one looks at `stdout`. */
#define COMMAND_KEPT_WANTED ((size_t)1024 * 1024)
/* `json` and `lines` need all of it. */
#define COMMAND_WHOLE_MAX ((size_t)16 * 1024 * 1024)
#define COMMAND_LINES_MAX ((size_t)100000)

/* What to do about a failure whose message holds NEEDLE. */
struct command_hint {
	const char *needle; /* a table ends with NULL */
	const char *hint;
};

struct command_spec {
	const char *const *argv; /* ends with NULL */
	const char *const *env;  /* "NAME=text"; NULL: none */
	const char *cwd;         /* NULL: this process's */
	/* How the line of stderr that tells most begins, ends with NULL; NULL: it is the last one. */
	const char *const *telling;
	const struct command_hint *hints; /* NULL: none */
	const char *via; /* for the field of this name; NULL: the adapter has none */
	bool unverified; /* for the field of this name: who answered need not show who it is */
};

/* The fields of its result. */
#define COMMAND_FIELDS                                                                             \
	{"exit", "int", "its exit status, 128 + N when signal N ended it"},                        \
	    {"stdout", "string", "what it printed; head and tail when it is long"},                \
	    {"stderr", "string", "what it complained about; head and tail when it is long"},       \
	    {"lines", "list", "stdout line by line (at most 100,000)"},                            \
	    {"json", "any", "stdout as JSON (at most 16 MiB), null when it is none"},              \
	{                                                                                          \
		"truncated", "bool", "whether stdout or stderr hold head and tail only"            \
	}
extern const struct adapter_field command_fields[];

/* Everything in SPEC but the tables is copied. */
void command_start(struct call *call, const struct command_spec *spec);
void command_cancel(struct call *call);
void command_release(struct call *call);

/*
 * What is done in a child's place, with the same result: command_instead() in start(), then command_print() and
 * command_end(); or command_start() when it turns out, before anything was printed, that the child must do it.
 * command_cancel() and command_release() reach it.
 */
struct command_deputy {
	void (*cancel)(void *state); /* give up; nothing comes from it any more */
	void (*free)(void *state);
};
/* SPEC's telling, hints and via count. STATE is DEPUTY's from now on. */
void command_instead(struct call *call, const struct command_spec *spec,
    const struct command_deputy *deputy, void *state);
/* False: it is over the most that is kept whole, and the call has failed with that: stop. */
bool command_print(struct call *call, enum child_stream stream, const char *data, size_t len);
void command_end(struct call *call, int status);

/* The variables that a command of CALL gets, the action's own, else the target's: names as in struct child_spec; a
 * new array that borrows the texts, or NULL. */
const char **command_inherits(const struct call *call);

/* The strings of a JSON array (of anything, as text) as an argv; free with words_free(). */
char **words_of(const json_t *array);
void words_free(char **words);
/* The members of a JSON object as "NAME=text"; those whose name is no shell variable are left out. */
char **words_of_env(const json_t *object);
/* The same of a call's `env`: null is "NAME", which child.h takes away. */
char **words_of_call_env(const json_t *object);
bool words_is_variable(const char *name);
/*
 * Which of WORDS (a JSON array of texts with `${…}`) begin with a value and would be read as an
 * option if that began with '-': their places, a new array of integers, for words_check(). After a `--` words
 * are none, except when the command runs another one (`sudo -- rm ${x}`): then that must have its own `--`,
 * and the value must come right after it. INNER: the words before a `--` are of a program that does so.
 */
json_t *words_filled(const json_t *words, bool inner);
/* Does the command of this name run another one that is named in its words? */
bool words_run_another(const char *program);
/* For words_stay(): how long the folder is that stands in WORD before its first `${…}`; 0: none does. */
size_t words_folder(const char *word);
/* -1 (ERR_INPUT) when WORD, filled in, leads out of the folder that its first LEN bytes are, by a "..". */
int words_stay(const char *word, size_t len, struct err *err);
/* -1 (ERR_INPUT) when a word at one of the PLACES is an option now that it is filled in. WHO would read it. */
int words_check(const json_t *words, const json_t *places, const char *who, struct err *err);

/* As a shell would read them, with blanks between. */
void words_describe(char *const *words, struct buf *out);

#endif
