/* The table of commands. Invariant: what is in it works; a command to come is not. */
#include "command.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"

const struct command *const commands[] = {
    &command_list,
    &command_show,
    &command_run,
    &command_resume,
    &command_history,
    &command_log,
    &command_check,
    &command_alert,
    &command_schedule,
    &command_contacts,
    &command_links,
    &command_escalate,
    &command_report,
    &command_lint,
    &command_eval,
    &command_config,
    &command_schema,
    &command_completion,
    &command_help,
    NULL,
};

const struct command *command_pick(const char *name, struct err *err)
{
	const char *names[COUNT_OF(commands)];
	size_t count = 0;
	int found;

	for (; commands[count]; count++)
		names[count] = commands[count]->name;
	found = text_pick(name, names, count, "command", err);
	return found < 0 ? NULL : commands[found];
}

const struct command *command_find(const char *name, struct err *err)
{
	const char *names[COUNT_OF(commands)];
	const char *near;
	size_t count = 0;

	for (; commands[count]; count++) {
		if (strcmp(commands[count]->name, name) == 0)
			return commands[count];
		names[count] = commands[count]->name;
	}
	near = text_nearest(name, names, count);
	if (near)
		err_set(err, ERR_USAGE, "there is no command '%s'; did you mean '%s'?", name, near);
	else
		err_set(err, ERR_USAGE, "there is no command '%s': `fsops help` lists them", name);
	return NULL;
}
