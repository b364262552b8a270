/*
 * Adapters: how a step's action reaches a real system.
 *
 * An adapter is one const table entry in its own file and one line in
 * src/adapters/registry.c. It knows nothing of steps, retries, approval,
 * journal or terminal: the engine owns those, and deadlines, recording and
 * masking too.
 *
 * The life of a call, one attempt of one action:
 *
 *	parse()            at load: YAML → arguments (JSON, `${…}` still in it)
 *	                   the engine fills in `${…}`
 *	effect(), describe()
 *	start(call)        begins, returns at once
 *	   call_output()   any number of times
 *	   call_done() or call_fail()        exactly one, unless cancelled
 *	   — or cancel(call), then call_gone() exactly one
 *	release(call)      frees call->state
 */
#ifndef FSOPS_ADAPTER_H
#define FSOPS_ADAPTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fsops/buf.h"
#include "fsops/child.h"
#include "fsops/err.h"
#include "fsops/loop.h"
#include "fsops/node.h"
#include "fsops/secret_key.h"

/* What an action may do to the platform. Ordered: a higher one needs more consent. */
enum effect {
	EFFECT_READ,
	EFFECT_CHANGE,
	EFFECT_DESTROY,
	EFFECT_UNSTATED, /* nothing can be derived (exec, shell): taken as CHANGE unless stated */
};

const char *effect_name(enum effect effect); /* "read", "change", "destroy" */

struct adapter;
struct call;

#define ADAPTER_TEXT 1u
#define ADAPTER_LIST 2u

#define ADAPTER_INHERIT                                                                            \
	"inherit" /* in the arguments or the target: variables that its command gets */
#define ADAPTER_JUDGED "judged" /* in the arguments that describe() gets */
#define ADAPTER_FIXED  "fixed"  /* in the arguments of an adapter that `writes`; see there */

/* Services of the engine that only a few adapters need. All slots are set. */
struct call_host {
	/* `manual`: ask a person. DONE gets "done", "no" or "skip", or NULL when there is
	 * nobody to ask (the action is then left to a person). */
	void (*ask)(struct call *call, const json_t *checklist,
	    void (*done)(struct call *call, const char *answer));
	/* `metrics`: measure NAMES (a JSON array; empty: all); LEVELS is an array of metric objects as in
	 * `fsops check --format json`, borrowed. */
	void (*measure)(struct call *call, const json_t *names,
	    void (*done)(struct call *call, const char *level, const json_t *metrics));
	/* `runbook`: run another runbook inside this run. */
	void (*run)(struct call *call, const char *name, const json_t *vars,
	    void (*done)(struct call *call, const char *level, const char *why));
	/* `notify`: tell people; ASKED: {to, text, title, action}. DONE gets {channel: "delivered" or why
	 * not}, borrowed, and why it is not all well, or NULL; both NULL when the run only looks. */
	void (*notify)(struct call *call, const json_t *asked,
	    void (*done)(struct call *call, const json_t *channels, const char *why));
	/* Give up what ask, measure, run or notify began; its `done` never comes. `gone` comes once. */
	void (*give_up)(struct call *call, void (*gone)(struct call *call));
};

struct call {
	const struct adapter *adapter;
	struct loop *loop;
	struct children *children;
	const struct call_host *host;
	const json_t *args;   /* what parse() made, every `${…}` filled in; borrowed */
	const json_t *target; /* what target_parse() made, filled in; NULL when there is none */
	const json_t
	    *env; /* the run's variables as text, for `shell`; null: the command must not have
	                            it; an object, borrowed */
	const char *stdin_text; /* or NULL */
	enum effect effect;     /* what was approved: never do more than this */
	msec deadline; /* on the monotonic clock; the engine cancels then. For settings that
	                          a server should know too (statement_timeout). */
	bool
	    fresh; /* it was asked before and is asked again (until, hold_for, retry, look): what a name leads to
	                          may be what has changed, so no connection that is kept may be used */
	void *state;                /* the adapter's own, NULL at start() */
	struct call_engine *engine; /* the engine's own; adapters don't touch it */
};

/* Bytes that the action printed (a command's output, a reply's body), as they come. The engine
 * shows, keeps and saves them; the adapter need not keep what it does not need. Never leads to
 * cancel() or release() before it returns. */
void call_output(struct call *call, enum child_stream stream, const char *data, size_t len);

/* TEXT is a credential that the call found by itself (a file, a password of libpq's): it is masked from now
 * on wherever anything is shown. NULL and what is too short to be masked are ignored. */
void call_secret(struct call *call, const char *text);

/* Does any expression look at this field of the result? What is costly (parsing JSON, splitting
 * lines) is made only then. */
bool call_wants(const struct call *call, const char *field);

/*
 * The call has ended with RESULT (an object with the adapter's result fields; the reference
 * is taken). UNEXPECTED is NULL when the result is good by the adapter's own verdict, else a
 * sentence that says what is wrong ("exit status 1: connection refused"). What the runbook expects
 * adds to that verdict, unless it names a field that decides. May be called from inside start(): it
 * is delivered later.
 */
void call_done(struct call *call, json_t *result, const char *unexpected);

/*
 * The fields of a result that tell it is an answer about a part of the data only. The engine holds no such
 * answer for good, whatever it says, unless an expression of the runbook names one of them.
 */
#define ADAPTER_PARTIAL  "partial"  /* true */
#define ADAPTER_WARNINGS "warnings" /* a list of texts: what is missing */

/*
 * A result field, true: the server said that it did not make the change (it is to be sent somewhere else). What is
 * not so for sure may have taken effect, however it was answered.
 */
#define ADAPTER_UNDONE "undone"

/* The call has failed and has no result: one sentence with what, where, why, what to do. */
void call_fail(struct call *call, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* From inside cancel(): what it waited for, as a sentence; told when it was given up because its time was up.
 * Without it only who gave no answer is told. */
void call_waiting(struct call *call, const char *text);

/* Between cancel() and call_gone(): a process of the call had to be ended; as `killed` of child.h. */
void call_killed(struct call *call, int pid, const char *command);

/* After cancel(): nothing that the call started is alive any more. */
void call_gone(struct call *call);

/* A piece of the argument that an adapter `embeds`. */
enum embed_from {
	EMBED_WRITTEN, /* stands in the runbook */
	EMBED_SAID,    /* the value of what people say: --var, the files, the environment */
	EMBED_FOUND,   /* any other value: of an answer, an alert */
};

struct embed_piece {
	enum embed_from from;
	const char *text; /* of a value that is not known yet its `${…}` */
	bool known;
	bool number; /* the value is one */
	/* Set by embed() when the value is not known: the characters that it may hold so that it would be put
	 * in as it is, as tr(1) takes them ("A-Za-z"). NULL: any. */
	const char *plain;
};

/* From BEGIN to END, a moment every STEP; seconds, the first two since 1970. */
struct adapter_span {
	long long begin;
	long long end;
	long long step; /* 1 at least */
};

struct adapter_field {
	const char *name; /* a table ends with NULL */
	const char *type; /* "int", "string", "list", "map", "bool", "double", "any" */
	const char *help;
};

struct adapter {
	const char *name;  /* the YAML key */
	const char *help;  /* one line */
	const char *forms; /* "METHOD URL, URL, {method, url, …}": for help and messages */
	const struct adapter_field *fields; /* of the result */
	/* When it has succeeded by its own verdict, in a few words: "exit status 0". */
	const char *succeeds;
	/* The fields that tell by themselves whether it has succeeded, as words: "exit stderr". An
	 * `expect` or `until` that names one judges in the adapter's place; any other only adds to its
	 * verdict. "*": whatever it names. NULL: none. */
	const char *decides;

	/* What its YAML value may be, for the schema. `takes`: ADAPTER_TEXT, ADAPTER_LIST (of texts);
	 * `keys`: those of the long form, NULL when it has none. Neither: anything. */
	unsigned takes;
	const struct node_key *keys;

	/* The kind of target it uses (a key in platform.yaml), or NULL. `target_needed`: an action
	 * without one is an error at load. */
	const char *target_kind;
	bool target_needed;
	/* The target's keys, its kind among them; and those of the kind's own value when that is a
	 * map, else NULL. */
	const struct node_key *target_keys;
	const struct node_key *target_value_keys;
	/* The keys of what target_parse() made whose values are secrets, and masked without being listed;
	 * ends with NULL. NULL: none. */
	const struct secret_key *target_secrets;
	/* True: the arguments hold no `${…}` (shell: variables reach it as environment). */
	bool literal;
	/* True: it runs a command of this machine, so that `inherit` means something. */
	bool command;
	/* True: even as a read it runs by itself, after everything before it: it talks to a person,
	 * or runs steps of its own. */
	bool alone;
	/* True: what it does is done by a process that it starts and what comes of that, and is over
	 * when these are. False: by a server that was asked. */
	bool process;
	/* True: it uses call->host, which only a run has, so that no metric can be measured by it. */
	bool hosted;

	/* MUST. The action's YAML value → arguments: a new JSON value in which texts may hold
	 * `${…}`; NULL after adding problems. */
	json_t *(*parse)(const struct node *value, struct problems *list);

	/* MUST when it owns a target kind (several adapters may share one; the one whose name is
	 * the kind owns it). The whole target map of platform.yaml ({s3: …, region: …}) → a new
	 * JSON object; NULL after adding problems. The key `tunnel` is not its business. */
	json_t *(*target_parse)(const struct node *map, struct problems *list);

	/* MAY (NULL: tunnels are nothing to it). Does a call with these go to the target's own server?
	 * Then HOST and PORT are new texts, or NULL when the target does not tell. A target behind a
	 * tunnel has `hostaddr` and `port` (texts) from the engine: describe() and start() go there, and
	 * keep the server's name for TLS, the Host header and passwords. */
	bool (*place)(const json_t *args, const json_t *target, char **host, char **port);

	/* MUST. From the arguments alone; `${…}` may still be in them: when the part that decides
	 * is not known, answer the worst that it could be. */
	enum effect (*effect)(const json_t *args);

	/* MAY. Whether what ARGS ask for is told the TARGET's secrets (target_secrets, which TARGET lacks here).
	 * Without it: always. */
	bool (*logs_in)(const json_t *args, const json_t *target);

	/* MUST. The equivalent command line for a POSIX shell, with kubectl, curl, psql, redis-cli or
	 * aws; words quoted with buf_add_shell_word(). `${…}` that is not known yet is still there.
	 * TARGET may be NULL; EFFECT is what call->effect will be, never EFFECT_UNSTATED. What it
	 * prints is what start() does. ARGS has ADAPTER_JUDGED (true) when only the runbook judges what
	 * comes back: then the command must not fail of it. */
	void (*describe)(
	    const json_t *args, const json_t *target, enum effect effect, struct buf *out);

	/* MAY (NULL). May it be started with these arguments, in which all that is known is filled in? -1
	 * and ERR (ERR_INPUT) when a value would mean what only the runbook's author may mean. */
	int (*check)(const json_t *args, struct err *err);

	/* MAY (NULL). Which argument is the path of a file that it writes. The engine fills it in so that
	 * values stay in their folder, and adds ADAPTER_FIXED, an integer: how many bytes of it are the
	 * author's, for struct fresh_place; not there when all are. */
	const char *writes;

	/* MAY (NULL, both or neither). Which argument is a text that has a grammar (a URL, a query), and how its
	 * pieces are put together, so that a value is a value there whatever it holds: to OUT, or -1 and
	 * ERR (ERR_INPUT) when it cannot be. What is not known is put in as it is. Other arguments are
	 * filled in as texts. */
	const char *embeds;
	int (*embed)(struct embed_piece *pieces, size_t count, struct buf *out, struct err *err);

	/* MAY (NULL: when it has `command`). False: what ARGS ask for is done without a program of this machine, as
	 * far as can be told from them (`${…}` may still be there) and TARGET (NULL: none). */
	bool (*runs_program)(const json_t *args, const json_t *target);

	/* MAY (NULL). The name of the thing that is destroyed, to be typed by whoever approves it: a new
	 * string, or NULL when the arguments do not tell. */
	char *(*object)(const json_t *args);

	/* MAY (NULL). ARGS as a question about a time: new arguments. The result then has `values`, a list with a
	 * number or null for each moment. */
	json_t *(*over)(const json_t *args, const struct adapter_span *span);

	/* MUST. Never blocks. */
	void (*start)(struct call *call);
	/* MUST. Give up; no call_output, call_done or call_fail after it returns; exactly one
	 * call_gone() follows, from inside or later, at most CHILD_GRACE + 1 s later. */
	void (*cancel)(struct call *call);
	/* MUST. Frees call->state, also after a half-way failure; state may be NULL. */
	void (*release)(struct call *call);
};

/* All adapters, in the order of the documentation; ends with NULL. */
extern const struct adapter *const adapters[];
const struct adapter *adapter_find(const char *name);
/* The adapter that owns a target kind, or NULL. */
const struct adapter *adapter_for_target(const char *kind);

#endif
