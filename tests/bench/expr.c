/*
 * How many evaluations a second ten typical conditions get, in one process. Prints a line each:
 * evaluations a second, microseconds to compile, the condition.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fsops/expr.h"

#define SPAN 0.3 /* seconds for each condition */

static const char context[] =
    "{\"exit\": 0, \"status\": 200, \"stdout\": \"PONG\\n\", \"reply\": \"PONG\","
    " \"metrics\": {\"cpu\": {\"value\": 74.5, \"level\": \"warning\"},"
    "              \"error_rate\": {\"value\": 8.1, \"level\": \"critical\"}},"
    " \"results\": {\"deployment\": {\"outcome\": \"passed\", \"json\": {\"spec\": {\"replicas\": "
    "3}}}},"
    " \"replicas\": 6, \"lines\": [\"INFO a\", \"ERROR b\", \"INFO c\"],"
    " \"objects\": [{\"key\": \"a\", \"size\": 10}, {\"key\": \"b\", \"size\": 20}],"
    " \"modified\": \"2026-11-23T02:00:41Z\", \"tls_expires\": \"2027-01-22T00:00:00Z\"}";

static const char *const conditions[] = {
    "exit == 0",
    "status >= 200 && status < 300",
    "reply == \"PONG\"",
    "metrics.cpu.level in [\"warning\", \"critical\"]",
    "results.deployment.outcome == \"passed\" && results.deployment.json.spec.replicas < "
    "int(replicas)",
    "lines.filter(l, l.contains(\"ERROR\")).size() == 1",
    "objects.all(o, o.size > 0)",
    "timestamp(\"2026-11-23T09:00:00Z\") - timestamp(modified) < duration(\"26h\")",
    "stdout.matches(\"^PO?NG\\\\s*$\")",
    "(timestamp(tls_expires) - timestamp(modified)).getHours() / 24 > 30",
};

static int lookup(void *ctx, const char *name, struct expr_value *out, char *why, size_t why_size)
{
	json_t *value = json_object_get(ctx, name);

	if (!value) {
		snprintf(why, why_size, "'%s' is not there", name);
		return -1;
	}
	*out = expr_value_json(value);
	return 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int measure(const char *text, const struct expr_scope *scope)
{
	double began = seconds();
	struct expr_error error;
	struct expr *expr = expr_compile(text, strlen(text), NULL, &error);
	double compiled = seconds() - began;
	long count = 0;
	bool holds = false;
	int result = expr ? 0 : -1;

	for (began = seconds(); result == 0 && seconds() - began < SPAN; count++)
		result = expr_eval_bool(expr, scope, &holds, &error);
	if (result < 0 || !holds)
		fprintf(stderr, "%s: %s\n", text, result < 0 ? error.text : "false");
	printf("%12.0f a second  %6.1f us to compile  %s\n", (double)count / (seconds() - began),
	    compiled * 1e6, text);
	expr_free(expr);
	return result;
}

int main(void)
{
	json_t *names = json_loads(context, 0, NULL);
	struct expr_scope scope = {.lookup = lookup, .ctx = names};
	int failed = names ? 0 : 1;

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++)
		failed |= measure(conditions[i], &scope) < 0;
	json_decref(names);
	return failed;
}
