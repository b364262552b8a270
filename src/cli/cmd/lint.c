/* `fsops lint`: everything the loader finds, and advice. Invariant: a file is linted with the names
 * of the catalog that it belongs to, but only what is in the files that were named is told. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fsops/lint.h"
#include "fsops/mem.h"

#define EXIT_WARNING 1

static int lint_run(struct cli *cli);

const struct command command_lint = {
    .name = "lint",
    .usage = "[FILE]... [OPTIONS]",
    .help = "every problem in the runbooks and the platform, and advice",
    .about = "Prints every mistake that keeps a runbook or the platform from being used (errors),\n"
             "and what is allowed but will be regretted (warnings). Each FILE may be a runbook or\n"
             "a platform file; names that it refers to are looked up in the folder that it lies\n"
             "in, or in -R. Without FILE: all that is found. What others may change is read all\n"
             "the same; a warning says that no other command uses it.\n"
             "\n"
             "A comment \"# lint: allow RULE\" in the line, or in the one above it, silences a\n"
             "rule there; --rules lists them.",
    .options = OPTIONS_COMMON | OPTION_BIT(OPTION_FORMAT) | OPTION_BIT(OPTION_RULES),
    .formats = "text, json or github",
    .args_max = 1000,
    .examples = "fsops lint\tthe whole catalog\n"
                "fsops lint runbooks/deploy.yaml --format github\tone file, as annotations\n",
    .statuses = "0\tnothing was found\n"
                "1\tonly warnings\n"
                "65\terrors\n",
    .run = lint_run,
};

/* ---- which file is what ---- */

static bool is_platform(const char *path)
{
	struct problems ignored = {0};
	struct document *document = document_load(path, &ignored);
	bool platform = document && document->root && node_get(document->root, "platform") &&
	                !node_get(document->root, "runbook");

	document_free(document);
	problems_release(&ignored);
	return platform;
}

/* The folder of FILE when a platform lies in it, so that it is a folder of runbooks. */
static char *catalog_folder(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *folder = slash ? mem_textn(file, (size_t)(slash - file) + 1) : mem_text(".");
	char *platform = mem_printf("%s/platform.yaml", folder);
	bool there = access(platform, F_OK) == 0;

	free(platform);
	if (there)
		return folder;
	free(folder);
	return NULL;
}

/* ---- loading ---- */

/* NAMED: the file that was named, or NULL. The catalog is the caller's to free. */
static struct catalog *load(
    const struct catalog_paths *paths, struct problems *list, const char *named)
{
	struct catalog *catalog = catalog_load(paths, list);

	lint_catalog(catalog, list);
	catalog_warn_unused(catalog, named, list);
	if (named && catalog->platform->broken && !paths->platform) {
		const char *file = catalog->platform->file;
		struct pos pos = {paths->files[0], 0, 0};

		problem_add(list, PROBLEM_WARNING, pos,
		    "the platform %s%scannot be used, so that names of it could not be checked: "
		    "`fsops lint%s%s` says why",
		    file ? file : "", file ? " " : "", file ? " " : "", file ? file : "");
	}
	return catalog;
}

/* Problems of FILE alone, from a catalog in which it is the platform, or a runbook. */
static void lint_file(const struct cli *cli, const char *file, struct problems *list)
{
	bool platform = is_platform(file);
	char *folder = cli->options.runbooks ? NULL : catalog_folder(file);
	const struct catalog_paths paths = {
	    .platform = platform ? file : cli->options.platform,
	    .runbooks = folder ? folder : cli->options.runbooks,
	    .files = &file,
	    .file_count = platform ? 0 : 1,
	    .unchecked = true, /* nothing of it is run */
	};
	struct problems all = {0};

	catalog_free(load(&paths, &all, file));
	problems_take(list, &all, file);
	problems_release(&all);
	free(folder);
}

static struct catalog *lint_found(const struct cli *cli, struct problems *list)
{
	const struct catalog_paths paths = {
	    .platform = cli->options.platform,
	    .runbooks = cli->options.runbooks,
	    .unchecked = true,
	};

	return load(&paths, list, NULL);
}

/* ---- printing ---- */

/* CATALOG: all that was found, or NULL when files were named, which say themselves where they are. */
static int print(struct cli *cli, const struct catalog *catalog, const struct problems *problems)
{
	bool headed = catalog && !cli->options.quiet;
	int status = problems->errors ? EXIT_BAD_FILE : problems->warnings ? EXIT_WARNING : EXIT_OK;
	struct buf text;

	buf_init(&text, UI_TEXT_MAX);
	if (cli_format(cli, "json"))
		print_problems_json(&text, problems);
	else if (cli_format(cli, "github"))
		print_problems_github(&text, problems);
	else
		print_problems_text(&text, headed ? catalog->platform : NULL, problems, &cli->look);
	status = cli_print(cli, &text, status);
	if (problems->errors + problems->warnings > problems->count)
		complain("only the first %zu are shown", problems->count);
	if (!cli->options.quiet)
		complain("%zu error%s, %zu warning%s", problems->errors,
		    problems->errors == 1 ? "" : "s", problems->warnings,
		    problems->warnings == 1 ? "" : "s");
	return status;
}

static int print_rules(struct cli *cli)
{
	const struct lint_rule_info *rule = lint_rule_infos();
	struct buf text;

	buf_init(&text, BUF_TEXT_MAX);
	for (; rule->id; rule++)
		buf_addf(&text, "%-22s %s\n", rule->id, rule->help);
	return cli_print(cli, &text, EXIT_OK);
}

static int lint_run(struct cli *cli)
{
	struct problems problems = {0};
	struct catalog *catalog = NULL;
	int status;

	if (cli->options.rules)
		return print_rules(cli);
	for (size_t i = 0; i < cli->arg_count; i++)
		lint_file(cli, cli->args[i], &problems);
	if (!cli->arg_count)
		catalog = lint_found(cli, &problems);
	problems_sort(&problems);
	status = print(cli, catalog, &problems);
	catalog_free(catalog);
	problems_release(&problems);
	return status;
}
