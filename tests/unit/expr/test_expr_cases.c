/*
 * The cases in tests/expr/: expressions as data, with what they must give.
 * How a case is written is said in tests/expr/README.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/buf.h"
#include "fsops/expr.h"
#include "fsops/plain.h"

#define FOLDER    "tests/expr"
#define FILE_MAX  (1024 * 1024)
#define FILES_MAX 100
#define CASES_MIN 800

struct counts {
	int cases;
	int failed;
};

/* One file being read. */
struct reader {
	const char *file;
	int line;
	json_t *context;
	struct buf expression;
	struct counts counts;
};

static const struct {
	const char *word;
	enum expr_error_kind kind;
} outcomes[] = {
    {"error", EXPR_ERROR_EVAL},
    {"compile", EXPR_ERROR_COMPILE},
    {"limit", EXPR_ERROR_LIMIT},
    {"unknown", EXPR_ERROR_UNKNOWN},
};

/* "@timestamp 2026-…" and the like by evaluating it. */
static int special(const char *text, struct expr_value *out)
{
	char source[200];
	struct expr_error error;
	bool stamp = strncmp(text, "@timestamp ", 11) == 0;
	struct expr *expr;
	int64_t seconds;
	int32_t nanos;
	int result;

	snprintf(source, sizeof(source), "'%s'", text + (stamp ? 11 : 10));
	expr = expr_compile(source, strlen(source), NULL, &error);
	result = stamp ? expr_eval_timestamp(expr, NULL, &seconds, &nanos, &error)
	               : expr_eval_duration(expr, NULL, &seconds, &nanos, &error);
	*out = stamp ? expr_value_timestamp(seconds, nanos) : expr_value_duration(seconds, nanos);
	expr_free(expr);
	return result;
}

/* What somebody wrote as TEXT; CONTEXT keeps it, by a name that no expression has. */
static int written(json_t *context, const char *text, struct expr_value *out)
{
	bool quoted = text[0] == '@'; /* "@quoted 3.1" */
	char name[200];

	snprintf(name, sizeof(name), "@%s", text);
	if (!json_object_get(context, name))
		json_object_set_new(
		    context, name, quoted ? json_string(text + 8) : plain_as_written(text));
	*out = expr_value_written(json_object_get(context, name));
	return 0;
}

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	json_t *value = json_object_get(ctx, name);
	const char *text = json_string_value(value);

	if (!value || (text && strncmp(text, "@unknown ", 9) == 0)) {
		snprintf(why, why_size, "%s", value ? text + 9 : "there is no such variable");
		return -1;
	}
	if (text && (strncmp(text, "@written ", 9) == 0 || strncmp(text, "@quoted ", 8) == 0))
		return written(ctx, text[1] == 'w' ? text + 9 : text, out);
	if (text && (strncmp(text, "@timestamp ", 11) == 0 || strncmp(text, "@duration ", 10) == 0))
		return special(text, out);
	*out = expr_value_own(json_incref(value));
	return 0;
}

static void complain(struct reader *r, const char *expected, const char *got)
{
	r->counts.failed++;
	print_error("%s/%s:%d: %s\n    expected %s\n    got      %s\n", FOLDER, r->file, r->line,
	    r->expression.data, expected, got);
}

static void check_value(struct reader *r, const char *expected, json_t *value)
{
	json_t *wanted = json_loads(expected, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (!wanted || !json_equal(wanted, value))
		complain(r, wanted ? expected : "(this is no JSON)", got);
	free(got);
	json_decref(wanted);
}

/* Whether ERROR is what EXPECTED ("error@3: text") says. */
static bool same_error(const char *expected, const struct expr_error *error)
{
	size_t len = strcspn(expected, "@:");
	const char *text = strchr(expected, ':');
	enum expr_error_kind kind = EXPR_ERROR_NONE;

	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		if (strlen(outcomes[i].word) == len &&
		    strncmp(outcomes[i].word, expected, len) == 0)
			kind = outcomes[i].kind;
	if (kind != error->kind || !text)
		return false;
	if (expected[len] == '@' && strtoul(expected + len + 1, NULL, 10) != error->offset)
		return false;
	return strstr(error->text, text + 1 + strspn(text + 1, " ")) != NULL;
}

static void check_error(struct reader *r, const char *expected, const struct expr_error *error)
{
	char got[700];

	if (same_error(expected, error))
		return;
	snprintf(got, sizeof(got), "kind %d @%zu+%zu: %s", (int)error->kind, error->offset,
	    error->length, error->text);
	complain(r, expected, got);
}

/* The expression that has been read must give EXPECTED. */
static void run_case(struct reader *r, const char *expected)
{
	struct expr_scope scope = {.lookup = lookup, .ctx = r->context};
	struct expr_error error;
	json_t *value = NULL;
	struct expr *expr = expr_compile(r->expression.data, r->expression.len, NULL, &error);

	r->counts.cases++;
	if (!expr || expr_eval(expr, &scope, &value, &error) < 0)
		check_error(r, expected, &error);
	else
		check_value(r, expected, value);
	json_decref(value);
	expr_free(expr);
}

static void set_context(struct reader *r, const char *text)
{
	json_error_t error;

	json_decref(r->context);
	r->context = json_loads(text, 0, &error);
	if (!r->context)
		fail_msg("%s:%d: context: %s", r->file, r->line, error.text);
}

static void read_line(struct reader *r, char *line)
{
	char *arrow = NULL;

	if (line[0] == '#' || line[0] == '\0')
		return;
	if (strncmp(line, "context ", 8) == 0) {
		set_context(r, line + 8);
		return;
	}
	if (line[0] != '\t')
		buf_clear(&r->expression);
	else
		buf_addc(&r->expression, '\n');
	for (char *next = strstr(line, " => "); next; next = strstr(next + 1, " => "))
		arrow = next;
	if (arrow)
		*arrow = '\0';
	buf_adds(&r->expression, line + (line[0] == '\t'));
	if (arrow)
		run_case(r, arrow + 4);
}

static struct counts read_cases(const char *file)
{
	struct reader r = {.file = file, .context = json_object()};
	char path[512];
	struct buf text;
	struct err err;
	char *rest;

	snprintf(path, sizeof(path), "%s/%s", FOLDER, file);
	if (buf_read_file(&text, path, FILE_MAX, &err) < 0)
		fail_msg("%s", err.text);
	buf_init(&r.expression, EXPR_SOURCE_MAX * 2);
	rest = text.data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		r.line++;
		read_line(&r, line);
	}
	buf_release(&r.expression);
	buf_release(&text);
	json_decref(r.context);
	return r.counts;
}

static int is_cases(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".txt") == 0;
}

static void test_cases(void **state)
{
	struct dirent **files;
	struct counts all = {0};
	int count = scandir(FOLDER, &files, is_cases, alphasort);

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		struct counts counts = read_cases(files[i]->d_name);

		print_message("%5d cases in %s\n", counts.cases, files[i]->d_name);
		all.cases += counts.cases;
		all.failed += counts.failed;
		free(files[i]);
	}
	free(files);
	print_message("%5d cases, %d failed\n", all.cases, all.failed);
	assert_int_equal(all.failed, 0);
	assert_true(all.cases >= CASES_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
