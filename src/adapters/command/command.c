/* Runs one command for an action. Invariant: one child at a time, and nothing of it is left when the call is gone. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "output.h"

struct command {
	struct child *child; /* NULL: it has ended, or there is a deputy */
	struct command_output output;
	bool over; /* it printed more than can be kept, and is being ended */
	bool cancelled;
	const struct command_deputy *deputy; /* NULL: it never had one */
	void *deputy_state;
};

/* What the child tells. */

static void on_output(void *ctx, enum child_stream stream, const char *data, size_t len)
{
	struct call *call = ctx;
	struct command *command = call->state;

	if (command_output_add(&command->output, stream, data, len) || command->over)
		return;
	command->over = true;
	child_kill(command->child);
}

static void on_ended(void *ctx, int status)
{
	struct call *call = ctx;
	struct command *command = call->state;
	int signo = child_signal(command->child);

	command->child = NULL;
	command_output_end(&command->output, status, signo);
}

static void on_killed(void *ctx, int pid, const char *command)
{
	call_killed(ctx, pid, command);
}

static void on_gone(void *ctx)
{
	struct call *call = ctx;
	struct command *command = call->state;

	command->child = NULL;
	if (command->cancelled)
		call_gone(call);
	else
		command_output_over(&command->output);
}

/* The life of the call. */

const char **command_inherits(const struct call *call)
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

static struct command *command_of(struct call *call, const struct command_spec *spec)
{
	struct command *command = call->state;

	if (!command) {
		command = mem_alloc(sizeof(*command));
		command_output_init(&command->output, call, spec->telling, spec->hints);
		call->state = command;
	}
	command->output.via = spec->via;
	command->output.unverified = spec->unverified;
	return command;
}

void command_start(struct call *call, const struct command_spec *spec)
{
	struct command *command = command_of(call, spec);
	const char **inherit = command_inherits(call);
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
	    .killed = on_killed,
	    .ctx = call,
	};
	struct err err;

	command->child = child_start(call->children, &child, &err);
	free(inherit);
	if (!command->child)
		call_fail(call, err.kind, "%s", err.text);
}

void command_instead(struct call *call, const struct command_spec *spec,
    const struct command_deputy *deputy, void *state)
{
	struct command *command = command_of(call, spec);

	command->deputy = deputy;
	command->deputy_state = state;
}

bool command_print(struct call *call, enum child_stream stream, const char *data, size_t len)
{
	struct command *command = call->state;

	if (command_output_add(&command->output, stream, data, len))
		return true;
	command_output_over(&command->output);
	return false;
}

void command_end(struct call *call, int status)
{
	struct command *command = call->state;

	command_output_end(&command->output, status, 0);
}

void command_cancel(struct call *call)
{
	struct command *command = call->state;

	command->cancelled = true;
	if (command->child) {
		child_kill(command->child);
		return;
	}
	if (command->deputy)
		command->deputy->cancel(command->deputy_state);
	call_gone(call);
}

void command_release(struct call *call)
{
	struct command *command = call->state;

	if (!command)
		return;
	if (command->deputy)
		command->deputy->free(command->deputy_state);
	command_output_release(&command->output);
	free(command);
	call->state = NULL;
}
