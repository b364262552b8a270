/* Runs one command for an action. Invariant: what is kept of its output has a ceiling whatever it
 * prints; what an expression needs whole is whole, or the action fails and says which limit it was. */
#include "command.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clip.h"
#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* Of a line that a command printed, in a sentence. */
#define LINE_SHOWN 400

struct command {
	struct child *child; /* NULL: it has ended */
	struct clip out;
	struct clip err;
	bool whole; /* `out` must not be clipped: json or lines are wanted */
	bool over;  /* it was, and the command is being ended */
	bool cancelled;
	const char *const *telling;
	const struct command_hint *hints;
};

const struct adapter_field command_fields[] = {
    {"exit", "int", "its exit status, 128 + N when signal N ended it"},
    {"stdout", "string", "what it printed; head and tail when it is long"},
    {"stderr", "string", "what it complained about; head and tail when it is long"},
    {"lines", "list", "stdout line by line (at most 100,000)"},
    {"json", "any", "stdout as JSON (at most 16 MiB), null when it is none"},
    {"truncated", "bool", "whether stdout or stderr hold head and tail only"},
    {NULL, NULL, NULL},
};

/* The result. */

static json_t *lines_of(const struct clip *out)
{
	json_t *lines = json_array();
	const char *at = out->head.data;
	const char *end = at + out->head.len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		const char *next = stop ? stop + 1 : end;

		json_array_append_new(lines, value_text(at, (size_t)((stop ? stop : end) - at)));
		at = next;
	}
	return lines;
}

static size_t count_lines(const struct clip *out)
{
	size_t count = 0;

	for (size_t i = 0; i < out->head.len; i++)
		count += out->head.data[i] == '\n';
	return count;
}

/* A new value, or null with WHY. */
static json_t *json_of(const struct clip *out, char **why)
{
	struct err err;
	json_t *json = json_read("stdout", out->head.data, out->head.len, COMMAND_WHOLE_MAX, &err);

	if (json)
		return json;
	*why = mem_text(err.text);
	return json_null();
}

static json_t *make_result(struct call *call, int status, char **why)
{
	struct command *command = call->state;
	bool clipped = clip_lost(&command->out) || clip_lost(&command->err);
	json_t *result = json_pack("{s:i, s:o, s:o, s:b}", "exit", status, "stdout",
	    clip_text(&command->out), "stderr", clip_text(&command->err), "truncated", clipped);

	if (call_wants(call, "lines"))
		json_object_set_new(result, "lines", lines_of(&command->out));
	if (call_wants(call, "json"))
		json_object_set_new(result, "json", json_of(&command->out, why));
	return result;
}

/* The sentence. */

static const struct {
	int signo;
	const char *name;
} signals[] = {
    {SIGHUP, "HUP"},
    {SIGINT, "INT"},
    {SIGQUIT, "QUIT"},
    {SIGILL, "ILL"},
    {SIGTRAP, "TRAP"},
    {SIGABRT, "ABRT"},
    {SIGBUS, "BUS"},
    {SIGFPE, "FPE"},
    {SIGKILL, "KILL"},
    {SIGUSR1, "USR1"},
    {SIGSEGV, "SEGV"},
    {SIGUSR2, "USR2"},
    {SIGPIPE, "PIPE"},
    {SIGALRM, "ALRM"},
    {SIGTERM, "TERM"},
    {SIGXCPU, "XCPU"},
    {SIGXFSZ, "XFSZ"},
    {SIGSYS, "SYS"},
};

static char *ending_text(int status, int signo)
{
	if (!signo)
		return mem_printf("exit status %d", status);
	for (size_t i = 0; i < COUNT_OF(signals); i++)
		if (signals[i].signo == signo)
			return mem_printf("killed by signal %d (%s)", signo, signals[i].name);
	return mem_printf("killed by signal %d", signo);
}

static bool tells(const char *line, const char *const *telling)
{
	for (; telling && *telling; telling++)
		if (strncmp(line, *telling, strlen(*telling)) == 0)
			return true;
	return false;
}

/* The line of TEXT that says why: the first that begins like one in TELLING, else the last that
 * is not blank; "" when there is none. */
static char *telling_line(const char *text, const char *const *telling)
{
	const char *best = "";
	size_t best_len = 0;

	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t blank = strspn(text, " \t\r");

		if (blank < len) {
			best = text + blank;
			best_len = len - blank;
			if (tells(best, telling))
				break;
		}
		text += len + (text[len] == '\n');
	}
	while (best_len && strchr(" \t\r", best[best_len - 1]))
		best_len--;
	return mem_textn(best, best_len < LINE_SHOWN ? best_len : LINE_SHOWN);
}

static const char *hint_for(const struct command *command, const char *line)
{
	for (const struct command_hint *hint = command->hints; hint && hint->needle; hint++)
		if (strstr(line, hint->needle))
			return hint->hint;
	return NULL;
}

/* LINE without what a program's log puts before it: "W1129 05:58:54.911988 2591 file.go:539] ". */
static const char *without_prefix(const char *line)
{
	const char *end =
	    strchr("IWEF", *line) && isdigit((unsigned char)line[1]) ? strstr(line, "] ") : NULL;

	return end ? end + 2 : line;
}

/* The first line of TEXT about which there is a hint, " (LINE)"; "" when there is none. A command
 * that waits complains of what it was refused, waits on, and ends with a line that tells only that
 * its time was up. */
static char *complaint(const struct command *command, const char *text, const char **hint)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_textn(text, len < LINE_SHOWN ? len : LINE_SHOWN);

		*hint = *line ? hint_for(command, line) : NULL;
		if (*hint) {
			char *shown = mem_printf(" (%s)", without_prefix(line));

			free(line);
			return shown;
		}
		free(line);
		text += len + (text[len] == '\n');
	}
	return mem_text("");
}

static char *failure_text(
    const struct command *command, const json_t *result, int status, int signo)
{
	const char *complaints = value_get_text(result, "stderr");
	char *ending = ending_text(status, signo);
	char *line = telling_line(complaints, command->telling);
	const char *hint = hint_for(command, line);
	char *before = hint ? mem_text("") : complaint(command, complaints, &hint);
	char *text = mem_printf("%s%s%s%s%s%s", ending, *line ? ": " : "", line, before,
	    hint ? ": " : "", hint ? hint : "");

	free(ending);
	free(line);
	free(before);
	return text;
}

/* What the child tells. */

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct call *call = ctx;
	struct command *command = call->state;

	call_output(call, stream, data, len);
	clip_add(stream == CHILD_STDOUT ? &command->out : &command->err, data, len);
	if (!command->whole || !clip_lost(&command->out) || command->over)
		return;
	command->over = true;
	child_kill(command->child);
}

static void fail_over(struct call *call)
{
	call_fail(call, ERR_LIMIT,
	    "stdout is over %zu MiB, the most that %s can be made of: ask for less (by label, name "
	    "or number of lines)",
	    COMMAND_WHOLE_MAX / 1024 / 1024, call_wants(call, "json") ? "'json'" : "'lines'");
}

static void on_ended(void *ctx, int status)
{
	struct call *call = ctx;
	struct command *command = call->state;
	int signo = child_signal(command->child);
	char *why = NULL;
	json_t *result;

	command->child = NULL;
	if (call_wants(call, "lines") && count_lines(&command->out) > COMMAND_LINES_MAX) {
		call_fail(call, ERR_LIMIT,
		    "stdout has over %zu lines, the most that 'lines' can hold: ask for less",
		    COMMAND_LINES_MAX);
		return;
	}
	result = make_result(call, status, &why);
	if (status) {
		free(why);
		why = failure_text(command, result, status, signo);
	}
	call_done(call, result, why);
	free(why);
}

static void on_gone(void *ctx)
{
	struct call *call = ctx;
	struct command *command = call->state;

	command->child = NULL;
	if (command->cancelled)
		call_gone(call);
	else
		fail_over(call);
}

/* The life of the call. */

static struct command *new_command(struct call *call, const struct command_spec *spec)
{
	struct command *command = mem_alloc(sizeof(*command));
	size_t kept = call_wants(call, "stdout") ? COMMAND_KEPT_WANTED : COMMAND_KEPT_PLAIN;

	command->whole = call_wants(call, "json") || call_wants(call, "lines");
	clip_init(
	    &command->out, command->whole ? COMMAND_WHOLE_MAX : kept, command->whole ? 0 : kept);
	clip_init(&command->err, COMMAND_KEPT_PLAIN, COMMAND_KEPT_PLAIN);
	command->telling = spec->telling;
	command->hints = spec->hints;
	return command;
}

/* The action's own, else the target's; a new array that borrows the texts, or NULL. */
static const char **inherited(const struct call *call)
{
	const json_t *list = json_object_get(call->args, ADAPTER_INHERIT);
	const char **names;

	if (!list)
		list = json_object_get(call->target, ADAPTER_INHERIT);
	if (!list)
		return NULL;
	names = mem_alloc((json_array_size(list) + 1) * sizeof(*names));
	for (size_t i = 0; i < json_array_size(list); i++)
		names[i] = json_string_value(json_array_get(list, i));
	return names;
}

void command_start(struct call *call, const struct command_spec *spec)
{
	struct command *command = new_command(call, spec);
	const char **inherit = inherited(call);
	struct child_spec child = {
	    .argv = spec->argv,
	    .env = spec->env,
	    .inherit = inherit,
	    .cwd = spec->cwd,
	    .stdin_data = call->stdin_text,
	    .stdin_len = call->stdin_text ? strlen(call->stdin_text) : 0,
	    .output = on_output,
	    .ended = on_ended,
	    .gone = on_gone,
	    .ctx = call,
	};
	struct err err;

	call->state = command;
	command->child = child_start(call->children, &child, &err);
	free(inherit);
	if (!command->child)
		call_fail(call, err.kind, "%s", err.text);
}

void command_cancel(struct call *call)
{
	struct command *command = call->state;

	command->cancelled = true;
	if (command->child)
		child_kill(command->child);
	else
		call_gone(call);
}

void command_release(struct call *call)
{
	struct command *command = call->state;

	if (!command)
		return;
	clip_release(&command->out);
	clip_release(&command->err);
	free(command);
	call->state = NULL;
}
