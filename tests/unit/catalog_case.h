/* A folder with a platform and runbooks in it, loaded, and what was said. For the loader's tests. */
#ifndef FSOPS_CATALOG_CASE_H
#define FSOPS_CATALOG_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_adapters.h"
#include "fsops/buf.h"
#include "fsops/model.h"

#define PLATFORM                                                                                   \
	"platform: test\n"                                                                         \
	"vars: {domain: example.org}\n"                                                            \
	"targets:\n"                                                                               \
	"  cluster: {kubectl: {context: prod}}\n"                                                  \
	"  api: {http: https://api.example.org}\n"                                                 \
	"  site: {http: https://example.org}\n"                                                    \
	"  db: {postgres: dbname=x, tunnel: svc/postgres:5432}\n"                                  \
	"  monitor: {prometheus: http://p}\n"                                                      \
	"metrics:\n"                                                                               \
	"  cpu: {source: {prometheus: x}, unit: percent, warning: '> 80%'}\n"                      \
	"  error_rate: {source: {prometheus: y}}\n"                                                \
	"contacts: {dba: {title: DBA, email: dba@example.org, phone: 0123}}\n"                     \
	"links: {grafana: https://g.example.org}\n"                                                \
	"channels: {slack: {webhook: \"${env.HOOK}\"}}\n"                                          \
	"secrets: [HOOK]\n"

static char case_folder[64];

static int case_setup(void **state)
{
	(void)state;
	snprintf(case_folder, sizeof(case_folder), "/tmp/fsops-test-catalog-XXXXXX");
	return mkdtemp(case_folder) ? 0 : -1;
}

static void case_write(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", case_folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
	free(path);
}

static void case_remove(const char *name)
{
	char *path = mem_printf("%s/%s", case_folder, name);

	remove(path);
	free(path);
}

static int case_teardown(void **state)
{
	(void)state;
	case_remove("platform.yaml");
	case_remove("x.yaml");
	case_remove("y.yaml");
	return rmdir(case_folder);
}

/* Problems as lines "x:line:col: text": of x.yaml and the other files, without the folder. */
static char *case_problems(const struct problems *list)
{
	struct buf buf;

	buf_init(&buf, BUF_TEXT_MAX);
	for (size_t i = 0; i < list->count; i++) {
		const struct problem *item = &list->items[i];
		const char *slash = strrchr(item->file, '/');
		const char *name = slash ? slash + 1 : item->file;

		buf_addf(&buf, "%s%.*s:%d:%d: %s", i ? "\n" : "", (int)strcspn(name, "."), name,
		    item->line, item->col, item->text);
	}
	return buf_detach(&buf);
}

/* NULL texts: there is no such file. */
static struct catalog *case_load(
    const char *platform, const char *x, const char *y, char **problems)
{
	struct catalog_paths paths = {.runbooks = case_folder};
	struct problems list = {0};
	struct catalog *catalog;

	if (platform)
		case_write("platform.yaml", platform);
	if (x)
		case_write("x.yaml", x);
	if (y)
		case_write("y.yaml", y);
	catalog = catalog_load(&paths, &list);
	*problems = case_problems(&list);
	problems_release(&list);
	case_remove("platform.yaml");
	case_remove("x.yaml");
	case_remove("y.yaml");
	return catalog;
}

__attribute__((unused)) static struct catalog *case_good(const char *platform, const char *x)
{
	char *problems;
	struct catalog *catalog = case_load(platform, x, NULL, &problems);

	assert_string_equal(problems, "");
	free(problems);
	return catalog;
}

/* Whether that was said and nothing else; shows both when not. */
__attribute__((unused)) static bool case_says(
    const char *platform, const char *x, const char *y, const char *expected)
{
	char *problems;
	struct catalog *catalog = case_load(platform, x, y, &problems);
	bool same = strcmp(problems, expected) == 0;

	if (!same)
		print_error("%s\n--- said\n%s\n--- instead of\n%s\n", x, problems, expected);
	free(problems);
	catalog_free(catalog);
	return same;
}

#endif
