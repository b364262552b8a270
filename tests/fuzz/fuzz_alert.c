/*
 * Fuzzing what is posted to `fsops alert -`: any bytes as a payload, over a platform with a matrix and a runbook whose
 * variables take labels.
 *
 * Invariant: every alert is a notice, resolved or quiet; a variable has only what its pattern admits; and what is
 * printed holds no control character, so that no text of an alert begins a line.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/alert_payload.h"
#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char platform[] =
    "platform: p\ntargets: {c: {kubectl: {context: prod, namespace: shop}}}\n"
    "alerts:\n  - {alert: High Error Rate, severity: critical, respond_within: 5m, action: Look, "
    "runbook: fix}\n"
    "  - {alert: Job Odd, severity: warning, match: {job: web}}\n";
static const char runbook[] =
    "runbook: fix\naliases: [mend]\ntitle: Fix\nseverity: info\nvars:\n"
    "  pod: {value: none, pattern: '[a-z0-9-]+'}\n  n: {value: 3}\n  zip: 00501\n  namespace: "
    "{value: shop}\n"
    "  where: {value: here, from: cluster}\n  token: {value: hidden, secret: true}\n  flag: true\n"
    "steps:\n  - {step: A, budget: 1m, dns: "
    "'${pod}${n}${zip}${vars.namespace}${where}${token}${flag}'}\n";

static void write_file(const char *folder, const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
	free(path);
}

static void remove_file(const char *folder, const char *name)
{
	char *path = mem_printf("%s/%s", folder, name);

	unlink(path);
	free(path);
}

static struct catalog *load(void)
{
	char folder[] = "/tmp/fuzz-alert-XXXXXX";
	struct catalog_paths paths = {.runbooks = folder};
	struct problems problems = {0};
	struct catalog *catalog;

	if (!mkdtemp(folder))
		abort();
	write_file(folder, "platform.yaml", platform);
	write_file(folder, "fix.yaml", runbook);
	catalog = catalog_load(&paths, &problems);
	remove_file(folder, "platform.yaml");
	remove_file(folder, "fix.yaml");
	rmdir(folder);
	if (!catalog || problems.errors || catalog->runbook_count != 1)
		abort();
	problems_release(&problems);
	return catalog;
}

static void check_vars(const struct notice *notice)
{
	const char *name;
	json_t *value;

	json_object_foreach(notice->vars, name, value) {
		const struct var *var = NULL;

		for (size_t i = 0; i < notice->runbook->var_count; i++)
			if (strcmp(notice->runbook->vars[i].name, name) == 0)
				var = &notice->runbook->vars[i];
		if (!var || var->secret || !var_admits(var, json_string_value(value)) ||
		    var_wrong_type(var, json_string_value(value)))
			abort();
	}
}

static void check_printed(const struct catalog *catalog, const struct payload *payload)
{
	static const struct look plain;
	struct buf out;

	buf_init(&out, UI_TEXT_MAX);
	print_notices_text(&out, catalog->platform, payload->notices, payload->count, 0, &plain);
	for (size_t i = 0; i < out.len; i++) {
		unsigned char c = (unsigned char)out.data[i];
		unsigned char next = i + 1 < out.len ? (unsigned char)out.data[i + 1] : 0;

		if ((c < ' ' && c != '\n') || c == 0x7F || (c == 0xC2 && next < 0xA0))
			abort();
	}
	if (out.len && strstr(out.data, "\nfsops: "))
		abort();
	buf_release(&out);
	buf_init(&out, UI_TEXT_MAX);
	print_notices_json(&out, catalog->platform, payload->notices, payload->count);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct catalog *catalog;
	struct payload payload;
	struct err err;

	if (!catalog)
		catalog = load();
	if (payload_parse(&payload, (const char *)data, size, catalog, &err) < 0) {
		if (!err.text[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < payload.count; i++) {
		if (!payload.notices[i].name ||
		    (payload.notices[i].vars && !payload.notices[i].runbook))
			abort();
		check_vars(&payload.notices[i]);
	}
	check_printed(catalog, &payload);
	payload_release(&payload);
	return 0;
}
