/* `fsops config`: what is in use and where it came from; the folders that are trusted. Invariant: nothing is
 * run, and no value that may be a secret is printed. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/var_environment.h"
#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/state.h"
#include "fsops/text.h"
#include "fsops/trust.h"
#include "fsops/value.h"

static int config_run(struct cli *cli);

const struct command command_config = {
    .name = "config",
    .usage = "[trust [DIR]... | distrust DIR...] [OPTIONS]",
    .help = "which files, folders and variables are in use; which folders are trusted",
    .about =
        "Prints which runbooks, platform and state folder are used from here, and who said so.\n"
        "\n"
        "Runbooks run commands. A folder or file that others may change is not used, nor is\n"
        "a ./runbooks that belongs to another user. `trust DIR` says that what is in DIR is\n"
        "used all the same; without DIR it lists these folders. $FSOPS_TRUST has more, with\n"
        "\":\" between them, for containers and CI.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT),
    .formats = "text or json",
    .args_max = 1000,
    .examples = "fsops config\twhat is in use here\n"
                "fsops config trust ./runbooks\tuse them, whoever may write them\n",
    .statuses = "0\tall that is named can be used\n"
                "64\tno such folder\n"
                "65\tsomething cannot be used; why is said on stderr\n",
    .run = config_run,
};

/* ---- facts ---- */

/* Variables that decide what is used. Those whose name is not here may hold secrets: only that they are set is
 * told. */
static const char *const variables[] = {"FSOPS_RUNBOOKS", "FSOPS_STATE", "FSOPS_TRUST", "HOME",
    "XDG_CONFIG_HOME", "XDG_STATE_HOME", "KUBECONFIG", "PGPASSFILE", "PGSERVICEFILE", "AWS_PROFILE",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
    "SSL_CERT_FILE", "TZ", "NO_COLOR"};

extern char **environ;

static bool is_listed(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		if (strncmp(variables[i], name, len) == 0 && !variables[i][len])
			return true;
	return false;
}

/* Every runbook is read for its variables, which takes time and is done only when it is asked for. */
static struct catalog *catalog_of_variables(const struct cli *cli)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_CHECK_FOUND,
	};
	struct problems ignored = {0}; /* lint tells them */
	struct catalog *catalog = catalog_load(&paths, &ignored);

	problems_release(&ignored);
	return catalog;
}

/* Why nothing comes of the variable KEY of the environment, a new text; NULL: a runbook or the platform has
 * one that it sets. */
static json_t *why_unused(const struct catalog *catalog, const char *key)
{
	const struct platform *platform = catalog->platform;
	const struct var *near = NULL;
	bool used = var_environment_sets(platform->vars, platform->var_count, key, &near);
	char *name;
	json_t *why;

	for (size_t i = 0; i < catalog->runbook_count && !used; i++) {
		const struct runbook *runbook = catalog->runbooks[i];

		used = var_environment_sets(runbook->vars, runbook->var_count, key, &near);
	}
	if (used)
		return NULL;
	if (!near)
		return json_string("no runbook has such a variable");
	name = var_environment_name(near->name);
	why = json_sprintf("that of '%s' is %s", near->name, name);
	free(name);
	return why;
}

/* {"name", "value", "used"}, and `why` it is not used. */
static json_t *fsops_variable(const struct cli *cli, const char *text, struct catalog **catalog)
{
	char *key = mem_textn(text, strcspn(text, "="));
	bool var = strncmp(key, VAR_ENVIRONMENT, strlen(VAR_ENVIRONMENT)) == 0;
	json_t *variable;
	json_t *why;

	if (var && !*catalog)
		*catalog = catalog_of_variables(cli);
	why = var ? why_unused(*catalog, key) : NULL;
	variable = json_pack(
	    "{s:o, s:n, s:b}", "name", value_text(key, strlen(key)), "value", "used", why == NULL);
	if (why)
		json_object_set_new(variable, "why", why);
	free(key);
	return variable;
}

static json_t *list_variables(const struct cli *cli)
{
	struct catalog *catalog = NULL;
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value)
			json_array_append_new(
			    list, json_pack("{s:s, s:o, s:b}", "name", variables[i], "value",
			              value_text(value, strlen(value)), "used", true));
	}
	for (char **at = environ; *at; at++) {
		size_t len = strcspn(*at, "=");

		if (strncmp(*at, "FSOPS_", 6) == 0 && !is_listed(*at, len))
			json_array_append_new(list, fsops_variable(cli, *at, &catalog));
	}
	catalog_free(catalog);
	return list;
}

static json_t *text_or_null(const char *text)
{
	return text ? value_text(text, strlen(text)) : json_null();
}

static json_t *list_trusted(int *status)
{
	struct trust_list trusted;
	json_t *list = json_array();
	struct err err;

	if (trust_list_load(&trusted, &err) < 0)
		*status = complain_err(&err);
	for (size_t i = 0; i < trusted.count; i++)
		json_array_append_new(
		    list, json_pack("{s:o, s:s}", "path", text_or_null(trusted.items[i].folder),
		              "from", trusted.items[i].from));
	trust_list_release(&trusted);
	return list;
}

static const char *state_from(void)
{
	static const char *const names[] = {"FSOPS_STATE", "XDG_STATE_HOME"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return names[i];
	}
	return "HOME";
}

static json_t *state_fact(int *status)
{
	struct err err;
	char *folder = state_folder(&err);
	char *inside = folder ? state_path("history", &err) : NULL;
	json_t *fact;

	if (!inside) {
		complain_err(&err);
		*status = EXIT_BAD_FILE;
	}
	fact = json_pack("{s:o, s:s, s:b}", "path", text_or_null(folder), "from", state_from(),
	    "used", inside != NULL);
	free(inside);
	free(folder);
	return fact;
}

/* PATH with its links followed, if that can be done. */
static json_t *real_path(const char *path)
{
	char *real = path ? mem_realpath(path) : NULL;
	json_t *value = text_or_null(real ? real : path);

	free(real);
	return value;
}

static json_t *catalog_facts(const struct cli *cli, int *status)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .check = CATALOG_READ_FOUND,
	};
	struct problems problems = {0};
	struct catalog *catalog = catalog_load(&paths, &problems);
	const struct platform *platform = catalog->platform;
	json_t *facts = json_pack("{s:{s:o, s:s?, s:b}, s:{s:o, s:o, s:s?, s:b}}", "runbooks",
	    "path", real_path(catalog->folder ? catalog->folder : catalog->refused), "from",
	    catalog->folder_from, "used", catalog->folder != NULL, "platform", "name",
	    text_or_null(platform->name), "file", real_path(platform->file), "from",
	    cli->options.platform ? "-P"
	    : platform->file      ? "beside the runbooks"
	                          : NULL,
	    "used", !platform->broken);

	if (problems.errors) {
		complain_problems(&problems);
		*status = EXIT_BAD_FILE;
	}
	catalog_free(catalog);
	problems_release(&problems);
	return facts;
}

static int show(struct cli *cli)
{
	int status = EXIT_OK;
	json_t *facts = catalog_facts(cli, &status);
	struct buf text;

	json_object_set_new(facts, "state", state_fact(&status));
	json_object_set_new(facts, "trusted", list_trusted(&status));
	json_object_set_new(facts, "variables", list_variables(cli));
	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_json(&text, facts);
	else
		print_config_text(&text, facts, &cli->look);
	json_decref(facts);
	return cli_print(cli, &text, status);
}

/* ---- trust ---- */

static int show_trusted(struct cli *cli)
{
	int status = EXIT_OK;
	json_t *list = list_trusted(&status);
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_json(&text, list);
	else
		print_trusted_text(&text, list, &cli->look);
	json_decref(list);
	return cli_print(cli, &text, status);
}

typedef int trust_change_fn(const char *folder, char **real, struct err *err);

static int change(struct cli *cli, trust_change_fn *make, const char *done)
{
	for (size_t i = 1; i < cli->arg_count; i++) {
		struct err err;
		char *real;

		if (make(cli->args[i], &real, &err) < 0) {
			free(real);
			return complain_err(&err);
		}
		if (!cli->options.quiet)
			complain("%s: %s", real, done);
		free(real);
	}
	return EXIT_OK;
}

static int config_run(struct cli *cli)
{
	static const char *const words[] = {"trust", "distrust"};
	struct err err;
	int word;

	if (!cli->arg_count)
		return show(cli);
	word = text_pick(cli->args[0], words, COUNT_OF(words), "word", &err);
	if (word < 0)
		return complain_err(&err);
	if (cli->arg_count == 1 && word == 0)
		return show_trusted(cli);
	if (cli->arg_count == 1) {
		err_set(&err, ERR_USAGE, "say which folder: `fsops config distrust DIR`");
		return complain_err(&err);
	}
	return word == 0 ? change(cli, trust_add, "trusted: what is in it is used from now on")
	                 : change(cli, trust_remove, "no longer trusted");
}
