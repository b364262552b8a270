/* `fsops schema`: what the files may hold, for editors. Invariant: it comes from the tables that
 * the loader reads them by. */
#include "command.h"

#include <string.h>

#include "fsops/mem.h"
#include "fsops/schema.h"
#include "fsops/text.h"

static int schema_run(struct cli *cli);

const struct command command_schema = {
    .name = "schema",
    .usage = "[runbook|platform]",
    .help = "the JSON Schema of a runbook or a platform file, for editors",
    .about = "Prints a JSON Schema (draft-07). An editor with yaml-language-server uses it when a\n"
             "file's first line is \"# yaml-language-server: $schema=PATH\", as in the runbooks\n"
             "that come with fsops.",
    .options = OPTIONS_COMMON,
    .args_max = 1,
    .examples = "fsops schema > runbook.json\tof a runbook\n"
                "fsops schema platform > platform.json\tof a platform file\n",
    .statuses = "0\tprinted\n"
                "64\tthere is no such kind of file\n",
    .run = schema_run,
};

static const struct {
	const char *name;
	json_t *(*make)(void);
} kinds[] = {
    {"runbook", schema_runbook},
    {"platform", schema_platform},
};

static int no_such_kind(const char *name)
{
	const char *names[COUNT_OF(kinds)];
	const char *near;

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		names[i] = kinds[i].name;
	near = text_nearest(name, names, COUNT_OF(kinds));
	complain("there is no schema '%s'%s%s%s", name,
	    near ? "; did you mean '"
	         : ": it is runbook or "
	           "platform",
	    near ? near : "", near ? "'?" : "");
	return EXIT_WRONG_USE;
}

static int schema_run(struct cli *cli)
{
	const char *name = cli->arg_count ? cli->args[0] : kinds[0].name;
	struct buf text;
	size_t i = 0;
	json_t *schema;

	while (i < COUNT_OF(kinds) && strcmp(kinds[i].name, name) != 0)
		i++;
	if (i == COUNT_OF(kinds))
		return no_such_kind(name);
	schema = kinds[i].make();
	buf_init(&text, UI_TEXT_MAX);
	print_json(&text, schema);
	json_decref(schema);
	return cli_print(cli, &text, EXIT_OK);
}
