/* Which actions of a step may start when: engine/run/order.h, over steps as a runbook has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/run/order.h"
#include "fsops/mem.h"

static char folder[] = "/tmp/fsops-test-order-XXXXXX";

static char *write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

/* The order over the first step of a runbook whose actions are these. */
struct case_order {
	struct catalog *catalog;
	struct plan *plan;
	struct order order;
};

static struct case_order begin(const char *actions)
{
	char *text = mem_printf("runbook: x\ntitle: X\nseverity: info\nsteps:\n  - step: S\n"
	                        "    budget: 1m\n    actions:\n%s",
	    actions);
	char *paths[] = {write_file("platform.yaml",
	                     "platform: test\ntargets: {c: {kubectl: {context: none}}}\n"),
	    write_file("x.yaml", text)};
	struct catalog_paths where = {.runbooks = folder};
	struct problems problems = {0};
	struct case_order made = {0};
	struct err err;

	made.catalog = catalog_load(&where, &problems);
	assert_int_equal(problems.errors, 0);
	made.plan = plan_new(
	    made.catalog, catalog_find(made.catalog, "x", &err), &(struct plan_options){0}, &err);
	assert_non_null(made.plan);
	order_init(&made.order, &made.plan->steps[0]);
	problems_release(&problems);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	free(text);
	return made;
}

static void end(struct case_order *made)
{
	order_release(&made->order);
	plan_free(made->plan);
	catalog_free(made->catalog);
}

/* Those that may start now are these, "" none, by their places. */
static void may_start(struct case_order *made, const char *expected)
{
	struct buf text;
	size_t index;

	buf_init(&text, BUF_TEXT_MAX);
	while (order_next(&made->order, &index))
		buf_addf(&text, "%zu", index);
	assert_string_equal(text.len ? text.data : "", expected);
	buf_release(&text);
}

#define READ(id)   "      - {id: " id ", kubectl: get " id "}\n"
#define CHANGE(id) "      - {id: " id ", kubectl: delete pod " id "}\n"
#define LOOKS(id, at)                                                                              \
	"      - {id: " id ", kubectl: get " id ", when: 'results." at ".exit == 0'}\n"

static void neighbouring_reads_start_together(void **state)
{
	struct case_order made = begin(READ("a") READ("b") CHANGE("c") READ("d") READ("e"));

	(void)state;
	may_start(&made, "01");
	order_ended(&made.order, 1);
	may_start(&made, "");
	order_ended(&made.order, 0);
	may_start(&made, "2");
	order_ended(&made.order, 2);
	may_start(&made, "34");
	assert_true(order_all_given(&made.order));
	end(&made);
}

static void one_that_looks_at_another_waits_for_it_alone(void **state)
{
	struct case_order made =
	    begin(READ("a") READ("b") LOOKS("c", "a") LOOKS("d", "c") READ("e") CHANGE("f"));

	(void)state;
	may_start(&made, "014");
	order_ended(&made.order, 4);
	order_ended(&made.order, 0);
	may_start(&made, "2");
	order_ended(&made.order, 1);
	may_start(&made, "");
	order_ended(&made.order, 2);
	may_start(&made, "3");
	order_ended(&made.order, 3);
	may_start(&made, "5");
	end(&made);
}

static void again_begins_anew(void **state)
{
	struct case_order made = begin(READ("a") LOOKS("b", "a"));

	(void)state;
	for (int round = 0; round < 2; round++) {
		may_start(&made, "0");
		order_ended(&made.order, 0);
		may_start(&made, "1");
		order_ended(&made.order, 1);
		may_start(&made, "");
		order_again(&made.order);
	}
	end(&made);
}

/* What the plan says of them. */
static void check_at_once(const char *actions, bool items)
{
	struct case_order made = begin(actions);

	assert_int_equal(made.plan->steps[0].actions[0].items_at_once, items);
	end(&made);
}

static void items_of_reads_run_at_once_unless_one_looks_back(void **state)
{
	(void)state;
	check_at_once("      - {id: a, for_each: '[1, 2]', kubectl: 'get ${item}'}\n", true);
	check_at_once(
	    "      - {id: a, for_each: '[1, 2]', kubectl: 'delete pod ${item}'}\n", false);
	check_at_once("      - {id: a, for_each: '[1, 2]', manual: 'look at ${item}'}\n", false);
	check_at_once("      - {id: a, kubectl: get pods}\n", false);
	check_at_once(
	    "      - {id: a, for_each: '[1, 2]', kubectl: 'get ${item}', capture: {n: exit}}\n",
	    true);
	check_at_once(
	    "      - {id: a, for_each: '[1, 2]', kubectl: 'get ${item}', capture: {n: exit + n}}\n"
	    "vars: {n: 0}\n",
	    false);
	/* Nobody knows which variables a script reads. */
	check_at_once("      - {id: a, for_each: '[1, 2]', shell: 'echo $n', effect: read, "
	              "capture: {n: exit}}\n",
	    false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(neighbouring_reads_start_together),
	    cmocka_unit_test(one_that_looks_at_another_waits_for_it_alone),
	    cmocka_unit_test(again_begins_anew),
	    cmocka_unit_test(items_of_reads_run_at_once_unless_one_looks_back),
	};

	int failed;

	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
