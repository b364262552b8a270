/* The command line's options: where they may stand, how values are given, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cli/options.h"
#include "fsops/mem.h"

#define ARGV_MAX 12

static int parse(struct options *options, const char *const *argv, struct err *err)
{
	char *copy[ARGV_MAX];
	int argc = 0;

	for (; argv[argc]; argc++)
		copy[argc] = (char *)argv[argc];
	return options_parse(options, argc, copy, err);
}

/* What is refused, and a part of what is said. */
static void refuses(void **state)
{
	static const struct {
		const char *argv[4];
		const char *says;
	} cases[] = {
	    {{"--verbos"}, "did you mean '--verbose'"},
	    {{"--formt=json"}, "did you mean '--format'"},
	    {{"--zzzzzzzz"}, "unknown option '--zzzzzzzz'"},
	    {{"-Z"}, "unknown option '-Z'"},
	    {{"-qZ"}, "unknown option '-Z'"},
	    {{"--format"}, "needs a value"},
	    {{"--from", "--yes"}, "option '--from' needs a value"},
	    {{"-P"}, "option '--platform' needs a value"},
	    {{"--quiet=yes"}, "takes no value"},
	    {{"--format=jsno"}, "did you mean 'json'"},
	    {{"--dry-run=bash"}, "--dry-run is text, sh or json, not 'bash'"},
	    {{"--dry-run=shh"}, "did you mean 'sh'"},
	    {{"report", "--junit=x"}, "'--junit' takes no value here"},
	    {{"run", "--junit"}, "option '--junit' needs a value"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct options options;
		struct err err = {0};

		if (parse(&options, cases[i].argv, &err) == 0)
			fail_msg("'%s' was accepted", cases[i].argv[0]);
		assert_int_equal(err.kind, ERR_USAGE);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' says: %s", cases[i].argv[0], err.text);
		options_release(&options);
	}
}

static void options_stand_anywhere(void **state)
{
	const char *const argv[] = {
	    "-q", "run", "--from", "2", "outage", "-P", "p.yaml", "-y", NULL};
	struct options options;
	struct err err;

	(void)state;
	assert_int_equal(parse(&options, argv, &err), 0);
	assert_int_equal(options.args.count, 2);
	assert_string_equal(options.args.items[0], "run");
	assert_string_equal(options.args.items[1], "outage");
	assert_string_equal(options.from, "2");
	assert_string_equal(options.platform, "p.yaml");
	assert_true(options.quiet && options.yes && !options.verbose);
	options_release(&options);
}

static void values_in_every_form(void **state)
{
	const char *const argv[] = {"--var=a=1", "--var", "b=2", "-Rdir", "-vPfile", "--only", "x",
	    "--only=y", "--var=c=-3", NULL};
	struct options options;
	struct err err;

	(void)state;
	assert_int_equal(parse(&options, argv, &err), 0);
	assert_int_equal(options.vars.count, 3);
	assert_string_equal(options.vars.items[0], "a=1");
	assert_string_equal(options.vars.items[1], "b=2");
	assert_string_equal(options.vars.items[2], "c=-3");
	assert_string_equal(options.runbooks, "dir");
	assert_string_equal(options.platform, "file");
	assert_true(options.verbose);
	assert_int_equal(options.only.count, 2);
	assert_string_equal(options.only.items[1], "y");
	options_release(&options);
}

static void a_dry_run_has_a_form_of_its_own(void **state)
{
	static const struct {
		const char *argv[4];
		const char *is;
		size_t args;
	} cases[] = {
	    {{"--dry-run"}, "text", 0}, {{"--dry-run=sh"}, "sh", 0},
	    {{"--dry-run", "json"}, "text", 1}, /* the word after it is an argument */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct options options;
		struct err err;

		assert_int_equal(parse(&options, cases[i].argv, &err), 0);
		assert_string_equal(options.dry_run, cases[i].is);
		assert_int_equal(options.args.count, cases[i].args);
		options_release(&options);
	}
}

static void two_dashes_end_them(void **state)
{
	const char *const argv[] = {"check", "--", "--quiet", "-", NULL};
	struct options options;
	struct err err;

	(void)state;
	assert_int_equal(parse(&options, argv, &err), 0);
	assert_false(options.quiet);
	assert_int_equal(options.args.count, 3);
	assert_string_equal(options.args.items[1], "--quiet");
	assert_string_equal(options.args.items[2], "-");
	options_release(&options);
}

static void a_command_takes_its_own_only(void **state)
{
	const char *const argv[] = {"list", "--from=2", NULL};
	struct options options;
	struct err err = {0};

	(void)state;
	assert_int_equal(parse(&options, argv, &err), 0);
	assert_int_equal(options_allowed(&options, OPTIONS_COMMON, "fsops list", &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "'fsops list' takes no option '--from'"));
	assert_int_equal(
	    options_allowed(&options, OPTIONS_COMMON | OPTION_BIT(OPTION_FROM), "x", &err), 0);
	options_release(&options);
}

/* `fsops report --junit` prints it, `fsops run --junit FILE` writes it. */
static void an_option_can_be_a_flag_of_one_command(void **state)
{
	static const struct {
		const char *argv[5];
		const char *junit;
		size_t args;
	} cases[] = {
	    {{"report", "--junit", "RUN"}, "", 2},
	    {{"report", "RUN", "--junit"}, "", 2},
	    {{"--junit", "report", "RUN"}, "", 2},
	    {{"run", "book", "--junit", "file"}, "file", 2},
	    {{"run", "--junit=file", "book"}, "file", 2},
	    {{"--junit", "file", "run", "book"}, "file", 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct options options;
		struct err err = {0};

		assert_int_equal(parse(&options, cases[i].argv, &err), 0);
		assert_string_equal(options.junit, cases[i].junit);
		assert_int_equal(options.args.count, cases[i].args);
		options_release(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(options_stand_anywhere),
	    cmocka_unit_test(values_in_every_form),
	    cmocka_unit_test(a_dry_run_has_a_form_of_its_own),
	    cmocka_unit_test(two_dashes_end_them),
	    cmocka_unit_test(a_command_takes_its_own_only),
	    cmocka_unit_test(an_option_can_be_a_flag_of_one_command),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
