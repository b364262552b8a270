/* Fills in an action. Pure but for memory: starts nothing. */
#include "command.h"

#include <stdlib.h>

#include "fsops/buf.h"

static enum effect effect_of(const struct action *action, const json_t *args)
{
	enum effect derived = action->adapter->effect(args);

	if (derived == EFFECT_UNSTATED)
		return action->effect_stated ? action->effect : EFFECT_CHANGE;
	if (action->effect_stated && action->effect > derived)
		return action->effect;
	return derived;
}

int command_make(struct command *command, const struct expander *expander,
    const struct action *action, struct err *err)
{
	const struct adapter *adapter = action->adapter;
	struct buf line;

	*command = (struct command){0};
	command->args =
	    adapter->literal ? json_incref(action->args) : expand_json(expander, action->args, err);
	if (command->args && action->target)
		command->target = expand_json(expander, action->target->config, err);
	if (!command->args || (action->target && !command->target)) {
		command_release(command);
		return -1;
	}
	command->effect = effect_of(action, command->args);
	buf_init(&line, BUF_TEXT_MAX);
	adapter->describe(command->args, command->target, &line);
	command->line = buf_detach(&line);
	buf_release(&line);
	return 0;
}

void command_release(struct command *command)
{
	json_decref(command->args);
	json_decref(command->target);
	free(command->line);
	*command = (struct command){0};
}
