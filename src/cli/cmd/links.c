/* `fsops links`: where to look. Invariant: one link alone is its URL alone, for other programs. */
#include "cli/command.h"

static int links_run(struct cli *cli);

const struct command command_links = {
    .name = "links",
    .usage = "[LINK] [OPTIONS]",
    .help = "where to look: dashboards, logs, the status page",
    .about = "Lists the links of platform.yaml. With a name it prints that URL and nothing else.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT),
    .formats = "text or json",
    .args_max = 1,
    .examples = "fsops links\tall of them\n"
                "xdg-open \"$(fsops links grafana)\"\topen one\n",
    .statuses = "0\tlisted\n"
                "64\tno such link\n"
                "65\tthe platform file is wrong\n",
    .run = links_run,
};

static int links_run(struct cli *cli)
{
	struct catalog *catalog;
	const char *key;
	struct buf text;
	int status;

	catalog = cli_load(cli, NULL, NULL, &status);
	if (!catalog)
		return status;
	buf_init(&text, UI_TEXT_MAX);
	if (cli_pick_key(cli, catalog->platform->links, "link", &key) < 0)
		status = EXIT_WRONG_USE;
	else if (cli_format(cli, "json"))
		print_links_json(&text, catalog->platform, key);
	else
		print_links_text(&text, catalog->platform, key, &cli->look);
	status = cli_print(cli, &text, status);
	catalog_free(catalog);
	return status;
}
