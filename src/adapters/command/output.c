/* What a command printed, and what is made of it. Invariant: what is kept has a ceiling whatever it prints; what
 * an expression needs whole is whole, or the action fails and says which limit it was. */
#include "output.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/json_read.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* Of a line that a command printed, in a sentence. */
#define LINE_SHOWN 400

const struct adapter_field command_fields[] = {COMMAND_FIELDS, {NULL, NULL, NULL}};

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

static json_t *make_result(const struct command_output *output, int status, char **why)
{
	struct call *call = output->call;
	bool clipped = clip_lost(&output->out) || clip_lost(&output->err);
	json_t *result = json_pack("{s:i, s:o, s:o, s:b}", "exit", status, "stdout",
	    clip_text(&output->out), "stderr", clip_text(&output->err), "truncated", clipped);

	if (call_wants(call, "lines"))
		json_object_set_new(result, "lines", lines_of(&output->out));
	if (call_wants(call, "json"))
		json_object_set_new(result, "json", json_of(&output->out, why));
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

static const char *hint_for(const struct command_output *output, const char *line)
{
	for (const struct command_hint *hint = output->hints; hint && hint->needle; hint++)
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
static char *complaint(const struct command_output *output, const char *text, const char **hint)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = mem_textn(text, len < LINE_SHOWN ? len : LINE_SHOWN);

		*hint = *line ? hint_for(output, line) : NULL;
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
    const struct command_output *output, const json_t *result, int status, int signo)
{
	const char *complaints = value_get_text(result, "stderr");
	char *ending = ending_text(status, signo);
	char *line = telling_line(complaints, output->telling);
	const char *hint = hint_for(output, line);
	char *before = hint ? mem_text("") : complaint(output, complaints, &hint);
	char *text = mem_printf("%s%s%s%s%s%s", ending, *line ? ": " : "", line, before,
	    hint ? ": " : "", hint ? hint : "");

	free(ending);
	free(line);
	free(before);
	return text;
}

/* From the beginning to the end. */

void command_output_init(struct command_output *output, struct call *call,
    const char *const *telling, const struct command_hint *hints)
{
	size_t kept = call_wants(call, "stdout") ? COMMAND_KEPT_WANTED : COMMAND_KEPT_PLAIN;

	*output = (struct command_output){.call = call, .telling = telling, .hints = hints};
	output->whole = call_wants(call, "json") || call_wants(call, "lines");
	clip_init(&output->out, output->whole ? COMMAND_WHOLE_MAX : kept, output->whole ? 0 : kept);
	clip_init(&output->err, COMMAND_KEPT_PLAIN, COMMAND_KEPT_PLAIN);
}

void command_output_release(struct command_output *output)
{
	clip_release(&output->out);
	clip_release(&output->err);
}

bool command_output_add(
    struct command_output *output, enum child_stream stream, const char *data, size_t len)
{
	call_output(output->call, stream, data, len);
	clip_add(stream == CHILD_STDOUT ? &output->out : &output->err, data, len);
	return !output->whole || !clip_lost(&output->out);
}

void command_output_over(const struct command_output *output)
{
	call_fail(output->call, ERR_LIMIT,
	    "stdout is over %zu MiB, the most that %s can be made of: ask for less (by label, name "
	    "or number of lines)",
	    COMMAND_WHOLE_MAX / 1024 / 1024,
	    call_wants(output->call, "json") ? "'json'" : "'lines'");
}

void command_output_end(const struct command_output *output, int status, int signo)
{
	struct call *call = output->call;
	char *why = NULL;
	json_t *result;

	if (call_wants(call, "lines") && count_lines(&output->out) > COMMAND_LINES_MAX) {
		call_fail(call, ERR_LIMIT,
		    "stdout has over %zu lines, the most that 'lines' can hold: ask for less",
		    COMMAND_LINES_MAX);
		return;
	}
	result = make_result(output, status, &why);
	if (output->via)
		json_object_set_new(result, "via", json_string(output->via));
	if (output->unverified)
		json_object_set_new(result, "unverified", json_true());
	if (status) {
		free(why);
		why = failure_text(output, result, status, signo);
	}
	call_done(call, result, why);
	free(why);
}
