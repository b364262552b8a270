/* shell: a script for `sh -eu`. Invariant: the script is the text of the runbook, byte for byte,
 * after pipefail where a pipe needs it; variables reach it as environment and never become part of it. */
#include <stdlib.h>
#include <string.h>

#include "adapters/share.h"
#include "command.h"
#include "fsops/mem.h"
#include "fsops/script.h"
#include "fsops/value.h"

static json_t *parse(const struct node *value, struct problems *list)
{
	const char *script = node_want_text(value, "a shell script", list);

	if (!script)
		return NULL;
	if (script[strspn(script, " \t\r\n")] == '\0') {
		NODE_PROBLEM(list, value, "a shell script must not be empty");
		return NULL;
	}
	return json_pack("{s:o}", "script", value_text(value->text, value->len));
}

/* What sh is given, a new string: the same for the run and for all that tells of it. */
static char *script_of(const json_t *args)
{
	const char *script = value_get_text(args, "script");

	return mem_printf("%s%s", script_drops_status(script, NULL) ? SCRIPT_PIPEFAIL : "", script);
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	char *script = script_of(args);

	(void)target;
	(void)effect;
	buf_adds(out, "sh -eu -c ");
	buf_add_shell_word(out, script);
	free(script);
}

static void start(struct call *call)
{
	char *script = script_of(call->args);
	const char *argv[] = {"sh", "-eu", "-c", script, NULL};
	char **env = words_of_call_env(call->env);

	command_start(call, &(struct command_spec){.argv = argv, .env = (const char *const *)env});
	words_free(env);
	free(script);
}

const struct adapter adapter_shell = {
    .name = "shell",
    .help = "run a script with sh -eu; variables are in its environment",
    .forms = "a script",
    .fields = command_fields,
    .succeeds = "exit status 0",
    .command = true,
    .decides = "exit stderr",
    .process = true,
    .takes = ADAPTER_TEXT,
    .literal = true,
    .parse = parse,
    .effect = effect_unstated,
    .describe = describe,
    .start = start,
    .cancel = command_cancel,
    .release = command_release,
};
