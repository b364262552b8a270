/* What is known of a run that goes on: each case is what is on record, and what the table says of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/resume/past.h"
#include "fsops/mem.h"
#include "fsops/value.h"

static const char platform[] =
    "platform: test\ntargets:\n  cluster: {kubectl: {context: none, namespace: none}}\n";

static const char book[] =
    "runbook: book\ntitle: Book\nseverity: info\nsteps:\n"
    "  - {step: One, id: one, budget: 1m, actions: [\n"
    "      {id: look, exec: ['true'], effect: read},\n"
    "      {id: turn, exec: ['true'], effect: change}]}\n"
    "  - {step: Two, id: two, budget: 1m, actions: [\n"
    "      {id: each, exec: [echo, '${item}'], effect: change, for_each: '[\"a\", \"b\"]'}]}\n";

struct fixture {
	struct catalog *catalog;
	struct plan *plan;
	struct record *record;
	struct past *past;
	json_int_t seq;
};

static char folder[] = "/tmp/fsops-test-past-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder) < 0)
		return -1;
	write_file("platform.yaml", platform);
	write_file("book.yaml", book);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink("platform.yaml");
	unlink("book.yaml");
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static int set_up(void **state)
{
	struct fixture *fixture = mem_alloc(sizeof(*fixture));
	struct catalog_paths where = {.runbooks = folder};
	struct problems problems = {0};
	struct err err;

	fixture->catalog = catalog_load(&where, &problems);
	for (size_t i = 0; i < problems.count; i++)
		print_error("%s:%d: %s\n", problems.items[i].file, problems.items[i].line,
		    problems.items[i].text);
	problems_release(&problems);
	fixture->plan = plan_new(fixture->catalog, catalog_find(fixture->catalog, "book", &err),
	    &(struct plan_options){0}, &err);
	fixture->record = record_new();
	*state = fixture;
	return fixture->plan ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	past_free(fixture->past);
	record_free(fixture->record);
	plan_free(fixture->plan);
	catalog_free(fixture->catalog);
	free(fixture);
	return 0;
}

/* FIELDS as JSON, without braces. */
static void tell(struct fixture *fixture, const char *type, const char *fields)
{
	char *text =
	    mem_printf("{\"type\": \"%s\", \"seq\": %d, %s}", type, (int)++fixture->seq, fields);
	json_t *event = json_loads(text, 0, NULL);

	assert_non_null(event);
	record_add(fixture->record, event);
	json_decref(event);
	free(text);
}

static void know(struct fixture *fixture)
{
	fixture->past = past_new(fixture->record, fixture->plan, false);
	assert_non_null(fixture->past);
}

static struct past_found find(const struct fixture *fixture, size_t step, const char *fields)
{
	json_t *key = json_loads(fields, 0, NULL);
	const struct plan_step *plan = &fixture->plan->steps[step];
	const struct plan_action *action = plan->actions;
	struct past_found found;

	while (strcmp(action->id, value_get_text(key, "action")) != 0)
		action++;
	found = past_find(fixture->past, plan->id, action, key);
	json_decref(key);
	return found;
}

static void nothing_is_known_of_a_new_run(void **state)
{
	struct fixture *fixture = *state;

	fixture->past = past_new(NULL, fixture->plan, false);
	assert_null(fixture->past);
	assert_false(past_step_began(NULL, "one"));
	assert_null(past_step_given(NULL, "one"));
	assert_int_equal(find(fixture, 0, "{\"action\": \"turn\"}").kind, PAST_NONE);
}

static void a_step_that_ended_is_taken_over_whole(void **state)
{
	struct fixture *fixture = *state;
	struct past_given *given;

	tell(fixture, "step.started", "\"step\": \"one\"");
	tell(fixture, "action.started",
	    "\"step\": \"one\", \"action\": \"turn\", \"effect\": \"change\"");
	tell(fixture, "action.finished",
	    "\"step\": \"one\", \"action\": \"turn\", \"effect\": \"change\", \"outcome\": "
	    "\"passed\", \"captured\": {\"here\": 1, \"hidden\": \"" REDACT_MASK "\"}");
	tell(fixture, "step.finished", "\"step\": \"one\", \"outcome\": \"passed\"");
	know(fixture);
	given = past_step_given(fixture->past, "one");
	assert_non_null(given);
	assert_int_equal(given->counts[OUTCOME_PASSED], 1);
	assert_int_equal(given->gift_count, 1);
	assert_non_null(json_object_get(given->gifts[0].captured, "here"));
	assert_null(json_object_get(given->gifts[0].captured, "hidden"));
	assert_int_equal(json_array_size(given->notes), 1); /* `look` was not run */
	past_given_free(given);
	assert_null(past_step_given(fixture->past, "two"));
	assert_true(past_is_done(
	    fixture->past, &fixture->plan->steps[0], &fixture->plan->steps[0].actions[1]));
}

static void a_change_in_flight_is_a_question(void **state)
{
	struct fixture *fixture = *state;
	struct past_found found;
	json_t *none = json_array();
	json_t *texts;

	tell(fixture, "step.started", "\"step\": \"one\"");
	tell(fixture, "action.started",
	    "\"step\": \"one\", \"action\": \"look\", \"effect\": \"read\"");
	tell(fixture, "action.finished",
	    "\"step\": \"one\", \"action\": \"look\", \"effect\": \"read\", \"outcome\": "
	    "\"passed\"");
	tell(fixture, "action.started",
	    "\"step\": \"one\", \"action\": \"turn\", \"effect\": \"change\", \"command\": "
	    "\"true\"");
	know(fixture);
	found = find(fixture, 0, "{\"action\": \"turn\"}");
	assert_int_equal(found.kind, PAST_IN_FLIGHT);
	assert_true(found.began);
	/* What was seen before the change counts, as it would have. */
	assert_int_equal(find(fixture, 0, "{\"action\": \"look\"}").kind, PAST_DONE);
	assert_true(past_step_began(fixture->past, "one"));
	assert_null(past_step_given(fixture->past, "one"));
	texts = past_unasked(fixture->past, none);
	assert_int_equal(json_array_size(texts), 1);
	json_array_append_new(none, json_integer(found.entry->seq));
	json_decref(texts);
	texts = past_unasked(fixture->past, none);
	assert_int_equal(json_array_size(texts), 0);
	json_decref(texts);
	json_decref(none);
}

static void an_item_is_known_by_what_is_told_of_it(void **state)
{
	struct fixture *fixture = *state;
	const struct plan_step *two = &fixture->plan->steps[1];
	json_t *whose = json_pack("{s:s, s:s}", "step", "two", "action", "each");
	json_t *items;

	tell(fixture, "step.started", "\"step\": \"two\"");
	tell(fixture, "items.listed",
	    "\"step\": \"two\", \"action\": \"each\", \"items\": [\"a\", \"b\"]");
	tell(fixture, "action.started",
	    "\"step\": \"two\", \"action\": \"each\", \"item\": \"a\", \"effect\": \"change\"");
	tell(fixture, "action.finished",
	    "\"step\": \"two\", \"action\": \"each\", \"item\": \"a\", \"effect\": \"change\", "
	    "\"outcome\": \"passed\"");
	know(fixture);
	items = past_items(fixture->past, whose);
	assert_int_equal(json_array_size(items), 2);
	json_decref(items);
	json_decref(whose);
	assert_int_equal(
	    find(fixture, 1, "{\"action\": \"each\", \"item\": \"a\"}").kind, PAST_DONE);
	assert_int_equal(
	    find(fixture, 1, "{\"action\": \"each\", \"item\": \"b\"}").kind, PAST_NONE);
	assert_int_equal(
	    find(fixture, 1, "{\"action\": \"each\", \"item\": \"a\", \"item_repeat\": 1}").kind,
	    PAST_NONE);
	assert_false(past_is_done(fixture->past, two, &two->actions[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_is_known_of_a_new_run, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        a_step_that_ended_is_taken_over_whole, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_change_in_flight_is_a_question, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
	        an_item_is_known_by_what_is_told_of_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
