/* `fsops contacts`: whom to call. Invariant: nothing is reached; it works when all else is down. */
#include "cli/command.h"

static int contacts_run(struct cli *cli);

const struct command command_contacts = {
    .name = "contacts",
    .usage = "[CONTACT] [OPTIONS]",
    .help = "whom to call, and how",
    .about = "Lists the contacts of platform.yaml, or one of them. `fsops escalate` says whom to\n"
             "call now.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT),
    .formats = "text or json",
    .args_max = 1,
    .examples = "fsops contacts\tall of them\n"
                "fsops contacts dba\tone\n",
    .statuses = "0\tlisted\n"
                "64\tno such contact\n"
                "65\tthe platform file is wrong\n",
    .run = contacts_run,
};

static int contacts_run(struct cli *cli)
{
	struct catalog *catalog;
	const char *key;
	struct buf text;
	int status;

	catalog = cli_load(cli, NULL, NULL, &status);
	if (!catalog)
		return status;
	buf_init(&text, UI_TEXT_MAX);
	if (cli_pick_key(cli, catalog->platform->contacts, "contact", &key) < 0)
		status = EXIT_WRONG_USE;
	else if (cli_format(cli, "json"))
		print_contacts_json(&text, catalog->platform, key);
	else
		print_contacts_text(&text, catalog->platform, key, &cli->look);
	status = cli_print(cli, &text, status);
	catalog_free(catalog);
	return status;
}
