/* Semantic versions, as Kubernetes' library has them: semver('1.2.3').isLessThan(semver('1.3.0')). */
#include "expr/function.h"
#include "expr/types/semver.h"

static int parse(
    struct calc *calc, const struct expr_value *args, size_t count, struct semver *out, int *result)
{
	if (calc_step_bytes(calc, args[0].as.text.len) < 0)
		return -1;
	*result = semver_parse(
	    args[0].as.text.data, args[0].as.text.len, count == 2 && args[1].as.truth, out);
	return 0;
}

static int semver_of(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct semver *semver = calc_alloc(calc, sizeof(*semver));
	int result;

	if (!semver || parse(calc, args, count, semver, &result) < 0)
		return -1;
	if (result < 0)
		return calc_fail(calc, "'%.*s' is no semantic version (1.2.3, 1.2.3-rc.1)",
		    CALC_SHOWN(calc, &args[0]));
	*out = (struct expr_value){.type = VALUE_SEMVER, .as.semver = semver};
	return 0;
}

static int is_semver(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	struct semver ignored;
	int result;

	if (parse(calc, args, count, &ignored, &result) < 0)
		return -1;
	*out = cel_bool(result == 0);
	return 0;
}

static int major(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.semver->numbers[0]);
	return 0;
}

static int minor(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.semver->numbers[1]);
	return 0;
}

static int patch(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)calc;
	(void)count;
	*out = cel_int(args[0].as.semver->numbers[2]);
	return 0;
}

static int compare_to(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	(void)count;
	*out = cel_int(semver_compare(args[0].as.semver, args[1].as.semver));
	return calc_step_bytes(calc, args[0].as.semver->prerelease_len);
}

static int is_greater(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	if (compare_to(calc, args, count, out) < 0)
		return -1;
	*out = cel_bool(out->as.number > 0);
	return 0;
}

static int is_less(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	if (compare_to(calc, args, count, out) < 0)
		return -1;
	*out = cel_bool(out->as.number < 0);
	return 0;
}

const struct overload lib_semver[] = {
    {"semver", "!s", semver_of,
        "a semantic version: semver('1.2.3'); with true also of 'v1', '1.2', '01.2.3'"},
    {"semver", "sb", semver_of, NULL},
    {"isSemver", "s", is_semver, "whether a string is a semantic version; with true as semver()"},
    {"isSemver", "sb", is_semver, NULL},
    {"major", "v.", major, "the first number of a semantic version"},
    {"minor", "v.", minor, "the second number of a semantic version"},
    {"patch", "v.", patch, "the third number of a semantic version"},
    {"compareTo", "v.v", compare_to, NULL},
    {"isGreaterThan", "v.v", is_greater, NULL},
    {"isLessThan", "v.v", is_less, NULL},
    {0},
};
