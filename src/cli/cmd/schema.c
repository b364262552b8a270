/* `fsops schema`: what the files may hold, for editors. Invariant: it comes from the tables that
 * the loader reads them by. */
#include "cli/command.h"

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

static int find_kind(const char *name, struct err *err)
{
	const char *names[COUNT_OF(kinds)];

	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		names[i] = kinds[i].name;
	return text_pick(name, names, COUNT_OF(kinds), "schema", err);
}

static int schema_run(struct cli *cli)
{
	const char *name = cli->arg_count ? cli->args[0] : kinds[0].name;
	struct buf text;
	struct err err;
	int i = find_kind(name, &err);
	json_t *schema;

	if (i < 0)
		return complain_err(&err);
	schema = kinds[i].make();
	buf_init(&text, UI_TEXT_MAX);
	print_json(&text, schema);
	json_decref(schema);
	return cli_print(cli, &text, EXIT_OK);
}
