/* Journals: what is written can be read and is sealed line by line; whatever was done to one is named, with
 * its line; a run goes on behind the last whole line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsops/clock.h"
#include "fsops/history.h"
#include "state/journal/reader.h"
#include "state_case.h"

#define RUN       "20261123-090000-a-k1"
#define FILE_NAME "runs/" RUN ".jsonl"

/* A run of COUNT notes between its beginning and its end; its journal. */
static struct buf write_run(int count)
{
	struct events *events = events_new(&clock_system, RUN, NULL);
	struct err err;
	struct journal *journal = journal_create(RUN, &err);

	assert_non_null(journal);
	events_add_sink(events, journal_sink(journal, events));
	event_emit(events, "run.started", json_pack("{s:s, s:s}", "runbook", "a", "platform", "p"));
	for (int i = 0; i < count; i++)
		event_emit(events, "note", json_pack("{s:s, s:i}", "text", "é", "number", i));
	event_emit(events, "run.finished",
	    json_pack("{s:s, s:i, s:b}", "level", "warning", "exit", 1, "resumable", 0));
	events_free(events);
	return case_read(FILE_NAME);
}

/* What is found in it: how many events, how many lines that are none. */
struct found {
	size_t events;
	size_t errors;
	struct journal_facts facts;
};

static struct found read_all(void)
{
	struct found found = {0};
	struct err err;
	struct journal_reader *reader = journal_open(RUN, &err);
	json_t *event;
	int got;

	assert_non_null(reader);
	while ((got = journal_next(reader, &event, &err)) != 0) {
		if (got > 0)
			json_decref(event);
		else
			assert_non_null(strstr(err.text, RUN ".jsonl:"));
		*(got > 0 ? &found.events : &found.errors) += 1;
	}
	found.facts = *journal_facts(reader);
	assert_int_equal(found.facts.events, found.events);
	journal_close(reader);
	return found;
}

/* Where line NUMBER, from 1, begins. */
static size_t line_at(const struct buf *text, int number)
{
	const char *at = text->data;

	while (--number > 0)
		at = strchr(at, '\n') + 1;
	return (size_t)(at - text->data);
}

static void check_bad(size_t line, size_t errors, const char *why)
{
	struct found found = read_all();

	assert_int_equal(found.facts.bad_line, line);
	assert_int_equal(found.errors, errors);
	if (!strstr(found.facts.why, why))
		fail_msg("'%s' is not in '%s'", why, found.facts.why);
}

/* ---- whole ---- */

static void what_is_written_is_read(void **state)
{
	struct buf text = write_run(3);
	struct found found = read_all();
	char digest[SHA256_TEXT];

	(void)state;
	assert_int_equal(found.events, 5);
	assert_int_equal(found.errors + found.facts.bad_line + found.facts.torn, 0);
	assert_int_equal(found.facts.last_seq, 5);
	sha256_text(text.data + line_at(&text, 5), text.len - 1 - line_at(&text, 5), digest);
	assert_string_equal(found.facts.last, digest);
	buf_release(&text);
}

static bool check_entry(void *ctx, const struct history_entry *entry)
{
	*(int *)ctx += 1;
	assert_string_equal(entry->run, RUN);
	assert_int_equal(entry->exit, 1);
	assert_int_equal(entry->level, LEVEL_WARNING);
	return true;
}

static void the_history_is_told(void **state)
{
	const struct history_filter all = {0};
	struct buf text = write_run(0);
	int count = 0;

	(void)state;
	assert_int_equal(history_each(&all, check_entry, &count, NULL), 0);
	assert_int_equal(count, 1);
	buf_release(&text);
}

static void it_is_alive_while_it_is_written(void **state)
{
	struct err err;
	struct events *events = events_new(&clock_system, RUN, NULL);
	struct journal_reader *reader;
	json_t *event;

	(void)state;
	events_add_sink(events, journal_sink(journal_create(RUN, &err), events));
	reader = journal_open(RUN, &err);
	assert_true(journal_is_live(reader));
	assert_int_equal(journal_next(reader, &event, &err), 0);
	event_emit(events, "run.started", json_pack("{s:s}", "runbook", "a"));
	assert_int_equal(journal_next(reader, &event, &err), 1);
	json_decref(event);
	assert_null(journal_create(RUN, &err));
	assert_null(journal_continue(reader, &err));
	assert_int_equal(err.kind, ERR_LOCKED);
	events_free(events);
	assert_false(journal_is_live(reader));
	journal_close(reader);
}

/* ---- damaged ---- */

static void a_changed_byte_is_found(void **state)
{
	struct buf text = write_run(3);
	char *number = strstr(text.data, "\"number\":1");

	(void)state;
	number[9] = '7';
	case_write(FILE_NAME, text.data, text.len);
	check_bad(4, 0, "does not follow the line before it");
	buf_release(&text);
}

static void a_line_that_was_taken_out_is_found(void **state)
{
	struct buf text = write_run(3);
	size_t third = line_at(&text, 3), fourth = line_at(&text, 4);

	(void)state;
	memmove(text.data + third, text.data + fourth, text.len - fourth);
	case_write(FILE_NAME, text.data, text.len - (fourth - third));
	check_bad(3, 0, "does not follow the line before it");
	buf_release(&text);
}

static void foreign_files_are_named(void **state)
{
	static const char *const lines[] = {"\n", "{}\n", "[]\n", "null\n", "\"x\"\n", "7\n",
	    "{\"v\":1,\"type\":1,\"run\":2,\"time\":3,\"seq\":4}\n",
	    "{\"v\":1,\"type\":\"note\",\"run\":\"" RUN "\",\"time\":\"t\",\"seq\":1.5}\n",
	    "{\"v\":1,\"type\":\"note\",\"run\":\"" RUN "\",\"time\":\"t\"}\n"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct buf text = {0};

		if (i == 0)
			text = write_run(0);
		case_write(FILE_NAME, lines[i], strlen(lines[i]));
		check_bad(1, 1, "no event");
		buf_release(&text);
	}
}

static void numbers_at_their_ends_are_no_trouble(void **state)
{
	static const char event[] =
	    "{\"v\":1,\"type\":\"note\",\"run\":\"" RUN "\",\"time\":\"t\",\"seq\":%s}\n";
	static const char *const numbers[] = {
	    "9223372036854775807", "-9223372036854775808", "0", "-1", "9223372036854775807"};
	struct buf text = write_run(0);

	(void)state;
	buf_clear(&text);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		char *line = mem_printf(event, numbers[i]);

		buf_adds(&text, line);
		free(line);
	}
	case_write(FILE_NAME, text.data, text.len);
	check_bad(1, 0, "does not follow");
	buf_release(&text);
}

/* A run that goes on must find what it captured, to the last digit. */
static void a_real_keeps_its_digits(void **state)
{
	struct events *events = events_new(&clock_system, RUN, NULL);
	double number = 0.1 + 0.2;
	struct err err;
	struct journal *journal = journal_create(RUN, &err);
	struct buf text;

	(void)state;
	events_add_sink(events, journal_sink(journal, events));
	event_emit(events, "note", json_pack("{s:f}", "long", number));
	events_free(events);
	text = case_read(FILE_NAME);
	assert_non_null(strstr(text.data, "\"long\":0.30000000000000004"));
	buf_release(&text);
}

static void another_runs_events_are_named(void **state)
{
	struct buf text = write_run(0);

	(void)state;
	for (char *at = text.data; (at = strstr(at, RUN)); at++)
		at[strlen(RUN) - 1] = '2';
	case_write(FILE_NAME, text.data, line_at(&text, 2));
	check_bad(1, 0, "another run (20261123-090000-a-k2)");
	buf_release(&text);
}

static void check_overlong(size_t len)
{
	struct buf text = case_read(FILE_NAME);
	char *data = mem_alloc(len + 1 + text.len);
	struct found found;

	memset(data, 'x', len);
	data[len] = '\n';
	memcpy(data + len + 1, text.data, text.len);
	case_write(FILE_NAME, data, len + 1 + text.len);
	found = read_all();
	assert_int_equal(found.events, 2);
	assert_int_equal(found.errors, 1);
	assert_string_equal(found.facts.why, "the line is too long for an event");
	case_write(FILE_NAME, text.data, text.len);
	free(data);
	buf_release(&text);
}

static void a_line_over_the_ceiling_is_named_and_the_next_is_read(void **state)
{
	struct buf text = write_run(0);

	(void)state;
	check_overlong(JOURNAL_LINE_MAX + 1);
	check_overlong(JOURNAL_LINE_MAX + (size_t)1024 * 1024);
	buf_release(&text);
}

/* ---- torn ---- */

static void every_cut_is_a_torn_line_or_fewer_of_them(void **state)
{
	struct buf text = write_run(1);

	(void)state;
	for (size_t len = 0; len < text.len; len++) {
		const char *end = len ? memrchr(text.data, '\n', len) : NULL;
		size_t whole = end ? (size_t)(end - text.data) + 1 : 0;
		struct found found;

		case_write(FILE_NAME, text.data, len);
		found = read_all();
		assert_int_equal(found.facts.torn, len - whole);
		assert_int_equal(found.facts.bad_line, 0);
		assert_int_equal(
		    found.events, (whole >= line_at(&text, 2)) + (whole >= line_at(&text, 3)));
	}
	buf_release(&text);
}

static void a_run_goes_on_behind_the_last_whole_line(void **state)
{
	struct buf text = write_run(3);
	struct events *events = events_new(&clock_system, RUN, NULL);
	struct journal_reader *reader;
	struct found found;
	struct err err;
	json_t *event;

	(void)state;
	case_write(FILE_NAME, text.data, line_at(&text, 4) + 20);
	reader = journal_open(RUN, &err);
	while (journal_next(reader, &event, &err) > 0)
		json_decref(event);
	assert_int_equal(journal_facts(reader)->torn, 20);
	events_continue(events, journal_facts(reader)->last_seq);
	events_add_sink(events, journal_sink(journal_continue(reader, &err), events));
	event_emit(events, "run.resumed", json_object());
	events_free(events);
	found = read_all();
	assert_int_equal(found.events, 4);
	assert_int_equal(found.facts.bad_line + found.facts.torn, 0);
	journal_close(reader);
	buf_release(&text);
}

static void a_damaged_one_is_not_gone_on_with(void **state)
{
	struct buf text = write_run(3);
	struct journal_reader *reader;
	struct err err;
	json_t *event;

	(void)state;
	*strstr(text.data, "\"text\"") = ' ';
	case_write(FILE_NAME, text.data, text.len);
	reader = journal_open(RUN, &err);
	while (journal_next(reader, &event, &err) != 0)
		json_decref(event);
	assert_null(journal_continue(reader, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	journal_close(reader);
	buf_release(&text);
}

/* ---- the end first ---- */

static void check_last(const char *data, size_t len, const char *type)
{
	char digest[SHA256_TEXT] = "";
	struct err err;
	struct journal_reader *reader;
	json_t *event;

	case_write(FILE_NAME, data, len);
	reader = journal_open(RUN, &err);
	event = reader_last(reader, digest);
	assert_int_equal(!type, !event);
	if (event)
		assert_string_equal(json_string_value(json_object_get(event, "type")), type);
	json_decref(event);
	journal_close(reader);
}

static void the_last_whole_line_is_found(void **state)
{
	struct buf text = write_run(1);
	struct buf longer;

	(void)state;
	check_last(text.data, text.len, "run.finished");
	check_last(text.data, text.len - 1, "note"); /* the last is torn */
	check_last(text.data, line_at(&text, 2), "run.started");
	check_last(text.data, line_at(&text, 2) - 1, NULL);
	check_last("", 0, NULL);
	check_last("\n", 1, NULL);
	check_last("{}\n", 3, NULL);
	buf_init(&longer, BUF_TEXT_MAX);
	while (longer.len < READER_TAIL)
		buf_adds(&longer, "x\n");
	buf_add(&longer, text.data, text.len);
	check_last(longer.data, longer.len, "run.finished");
	memset(
	    longer.data, 'x', longer.len - 1); /* one line that is longer than what is looked at */
	check_last(longer.data, longer.len, NULL);
	buf_release(&longer);
	buf_release(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, case_set_up, case_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_written_is_read),
	    TEST(the_history_is_told),
	    TEST(it_is_alive_while_it_is_written),
	    TEST(a_changed_byte_is_found),
	    TEST(a_line_that_was_taken_out_is_found),
	    TEST(foreign_files_are_named),
	    TEST(numbers_at_their_ends_are_no_trouble),
	    TEST(a_real_keeps_its_digits),
	    TEST(another_runs_events_are_named),
	    TEST(a_line_over_the_ceiling_is_named_and_the_next_is_read),
	    TEST(every_cut_is_a_torn_line_or_fewer_of_them),
	    TEST(a_run_goes_on_behind_the_last_whole_line),
	    TEST(a_damaged_one_is_not_gone_on_with),
	    TEST(the_last_whole_line_is_found),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
