/*
 * Every kind of mistake in every way to write a text: each is told at its own character.
 *
 * An '@' stands before that character; it is taken out, and its line and column are what is
 * expected.
 */
#include "catalog_case.h"

#define BOOK                                                                                       \
	"runbook: x\n"                                                                             \
	"vars: {backend: b, count: 3}\n"                                                           \
	"steps:\n"                                                                                 \
	"  - step: S\n"                                                                            \
	"    actions:\n"                                                                           \
	"      - {id: first, http: /}\n"                                                           \
	"      - id: second\n"

enum quoting { AS_IS, SINGLE, DOUBLE };

/* How an expression can be written; %s is the expression. */
static const struct style {
	const char *format;
	enum quoting quoting;
} conditions[] = {
    {"        kubectl: get pods\n        expect: %s\n", AS_IS},
    {"        kubectl: get pods\n        expect: '%s'\n", SINGLE},
    {"        kubectl: get pods\n        expect: \"%s\"\n", DOUBLE},
    {"        kubectl: get pods\n        expect: |\n          %s\n", AS_IS},
    {"        kubectl: get pods\n        expect: >-\n          %s\n", AS_IS},
    {"        kubectl: get pods\n        expect: |2\n            %s\n", AS_IS},
    {"        kubectl: get pods\n        expect: |\n\n\n          true &&\n\n            %s\n",
        AS_IS},
    {"        kubectl: get pods\n        expect: >\n          true\n\n          &&\n            "
     "%s\n",
        AS_IS},
    {"        kubectl: get pods\n        expect: true &&\n          true\n\n           && %s\n",
        AS_IS},
    {"        kubectl: get pods\n        expect: 'true &&\n\n          %s'\n", SINGLE},
    {"        kubectl: get pods\n        expect: \"true &&\n          %s\"\n", DOUBLE},
    {"        kubectl: get pods\n        expect: \"true \\\n          && \\\n  \\  %s\"\n", DOUBLE},
    {"        kubectl: get pods\n        expect: \"\\u0074rue\\x20&& '\\U0001F642' != '' && %s\"\n",
        DOUBLE},
    {"        kubectl: get pods\n        expect: \"'日本語🙂' != '' && %s\"\n", DOUBLE},
    {"        kubectl: get pods\n        expect: ['true', \"%s\"]\n", DOUBLE},
    {"        kubectl: get pods\n        expect:\n          - true\n          - %s\n", AS_IS},
    {"        kubectl: get pods\n        until: %s\n", AS_IS},
    {"        kubectl: get pods\n        capture: {a: \"%s\"}\n", DOUBLE},
    {"        kubectl: get pods\n        capture:\n          a: {value: '%s', secret: true}\n",
        SINGLE},
    {"        kubectl: get pods\n        expect: !!str %s\n", AS_IS},
    {"        kubectl: get pods\n        expect: &here \"%s\"\n", DOUBLE},
};

static const struct style texts[] = {
    {"        kubectl: get pods -l a=${%s}\n", AS_IS},
    {"        kubectl: get \"po ds\" 'x ${%s}' -o json\n", AS_IS},
    {"        kubectl: 'get pods ${%s}'\n", SINGLE},
    {"        kubectl: \"get \\\"po\\\" ${backend} ${%s}\"\n", DOUBLE},
    {"        kubectl: [get, pods, \"$${x} ${%s}\"]\n", DOUBLE},
    {"        kubectl: >-\n          get pods\n          ${backend} -l\n          a=${%s}\n",
        AS_IS},
    {"        exec: [echo, 'a}b', \"${%s}\"]\n", DOUBLE},
    {"        http: https://example.org/${backend}/${%s}?x=${count}\n", AS_IS},
    {"        http: {url: /, headers: {a: b, X-A: \"日 ${%s}\"}}\n", DOUBLE},
    {"        postgres: |\n          SELECT 1\n            FROM t -- '}'\n          WHERE a = "
     "${%s}\n",
        AS_IS},
    {"        manual:\n          - one\n          - |\n            two ${backend}\n\n            "
     "${%s}\n",
        AS_IS},
    {"        kubectl: apply -f -\n        stdin: |\n          a:\n            b: ${%s}\n", AS_IS},
    {"        kubectl: get pods\n        save: /tmp/${%s}\n", AS_IS},
    {"        metrics: all\n        hold_for: ${%s}\n", AS_IS},
    {"        manual: ${[1].map(x, {'a':x})[0].a} '}' ${%s}\n", AS_IS},
    {"        notify: {to: slack, text: '${%s}'}\n", SINGLE},
};

/* A mistake, and what is said of it. */
struct mistake {
	const char *expr;
	const char *said;
};

static const struct mistake anywhere[] = {
    {"@bakend == 'b'", "no such variable: 'bakend'; did you mean 'backend'?"},
    {"backend == \"b\" && @cuont > 1", "no such variable: 'cuont'; did you mean 'count'?"},
    {"backend.@contain('x')", "no such function: contain(); did you mean 'contains'?"},
    {"@siz(backend) > 1", "no such function: siz(); did you mean 'size'?"},
    {"count > 0 && 'é' + @matches(backend) == ''", "matches() takes 2 arguments, not 1"},
    {"results.@first == backend",
        "'first' is a map here, not a number or text; did you mean 'first.outcome'?"},
    {"metrics.@cpu > 5", "'cpu' is a map here, not a number or text; did you mean 'cpu.value'?"},
    {"results.@first in [backend]",
        "'first' is a map here, not a number or text; did you mean 'first.outcome'?"},
    {"results.first.@statu == 200", "'first' has no field 'statu'; did you mean 'status'?"},
    {"results.@frist.status == 200", "'results' has no field 'frist'; did you mean 'first'?"},
    {"metrics.cpu.@levl == 'ok'", "'cpu' has no field 'levl'; did you mean 'level'?"},
    {"links.@grafan == ''", "'links' has no field 'grafan'; did you mean 'grafana'?"},
    {"count in [1].filter(x, x == @coun)", "no such variable: 'coun'; did you mean 'count'?"},
};

/* Where the action's own result has names of its own. */
static const struct mistake of_the_result[] = {
    {"@exti == 0", "no such variable: 'exti'; did you mean 'exit'?"},
    {"exit.@code == 0", "'exit' has no field 'code'"},
    {"@code == 0",
        "no such variable: 'code'; the result of kubectl has exit, stdout, stderr, lines and "
        "json"},
    {"lines.all(l, @line != '')", "no such variable: 'line'; did you mean 'lines'?"},
    {"stdout == \"\" || json.a.b == @stdou", "no such variable: 'stdou'; did you mean 'stdout'?"},
};

/* EXPR as it is written between quotes of that kind. */
static char *quoted(const char *expr, enum quoting quoting)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	for (; *expr; expr++) {
		if (quoting == SINGLE && *expr == '\'')
			buf_addc(&out, '\'');
		if (quoting == DOUBLE && strchr("\"\\", *expr))
			buf_addc(&out, '\\');
		buf_addc(&out, *expr);
	}
	return buf_detach(&out);
}

static char *replace(const char *format, const char *text)
{
	const char *at = strstr(format, "%s");

	return mem_printf(BOOK "%.*s%s%s", (int)(at - format), format, text, at + 2);
}

/* Takes the '@' out of YAML and makes "x:LINE:COL: SAID" of its place. */
static char *take_mark(char *yaml, const char *said)
{
	char *mark = strchr(yaml, '@');
	int line = 1;
	int col = 1;

	assert_non_null(mark);
	for (const char *at = yaml; at < mark; at++) {
		if (*at == '\n') {
			line++;
			col = 1;
		} else if (((unsigned char)*at & 0xC0) != 0x80) {
			col++;
		}
	}
	memmove(mark, mark + 1, strlen(mark));
	return mem_printf("x:%d:%d: %s", line, col, said);
}

static size_t one(const struct style *style, const struct mistake *mistake)
{
	char *expr = quoted(mistake->expr, style->quoting);
	char *yaml = replace(style->format, expr);
	char *expected = take_mark(yaml, mistake->said);
	size_t wrong = !case_says(PLATFORM, yaml, NULL, expected);

	free(expr);
	free(yaml);
	free(expected);
	return wrong;
}

static size_t each(const struct style *styles, size_t style_count, const struct mistake *mistakes,
    size_t mistake_count)
{
	size_t wrong = 0;

	for (size_t i = 0; i < style_count; i++)
		for (size_t j = 0; j < mistake_count; j++)
			wrong += one(&styles[i], &mistakes[j]);
	return wrong;
}

static void conditions_in_every_style(void **state)
{
	(void)state;
	assert_int_equal(each(conditions, COUNT_OF(conditions), anywhere, COUNT_OF(anywhere)), 0);
	assert_int_equal(
	    each(conditions, COUNT_OF(conditions), of_the_result, COUNT_OF(of_the_result)), 0);
}

static void texts_in_every_style(void **state)
{
	(void)state;
	assert_int_equal(each(texts, COUNT_OF(texts), anywhere, COUNT_OF(anywhere)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(conditions_in_every_style),
	    cmocka_unit_test(texts_in_every_style),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
