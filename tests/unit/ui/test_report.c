/* Reports from hand-made events: what the forms of text say, and what they make of events that are
 * missing or not as they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fsops/report.h"
#include "report_case.h"
#include "ui/markdown.h"
#include "ui/report/facts.h"
#include "ui/report/moment.h"
#include "ui/xml.h"

/* ---- text from outside ---- */

static void check_md(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	md_text(&out, text);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void markdown_is_escaped_where_it_means_something(void **state)
{
	(void)state;
	check_md("error_rate is 7.99 %", "error_rate is 7.99 %");
	check_md("a && b < c > d != e & f", "a && b < c > d != e & f");
	check_md("_it_ *is* ~not~", "\\_it\\_ \\*is\\* \\~not\\~");
	check_md("<b>&lt;</b><!--", "&lt;b>&amp;lt;&lt;/b>&lt;!--");
	check_md("[a](b) ![c](d)", "\\[a\\](b) \\!\\[c\\](d)");
	check_md("a|b `c` \\", "a&#124;b &#96;c&#96; &#92;");
	check_md("# 1", "\\# 1");
	check_md("- x", "\\- x");
	check_md("  + x", "\\+ x");
	check_md("12. x", "12\\. x");
	check_md("12.5 x", "12.5 x");
	check_md("> x", "&gt; x");
	check_md("a\nb\033[1m", "a&#92;nb&#92;x1b\\[1m");
	check_md(NULL, "");
}

static void check_code(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, BUF_TEXT_MAX);
	md_code(&out, text);
	assert_string_equal(out.data, expected);
	buf_release(&out);
}

static void code_that_cannot_stand_in_backquotes_is_in_html(void **state)
{
	(void)state;
	check_code("get pods -o json", "`get pods -o json`");
	check_code("a <b> & *c*", "`a <b> & *c*`");
	check_code("a | b", "<code>a &#124; b</code>");
	check_code("a `b`", "<code>a &#96;b&#96;</code>");
	check_code(" a", "<code>a</code>");
	check_code("", "<code></code>");
}

static void a_fence_is_longer_than_what_is_in_it(void **state)
{
	const char text[] = "a\n````\nb";
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	assert_int_equal(md_fence(&out, "text", text, strlen(text)), 3);
	assert_string_equal(out.data, "`````text\na\n````\nb\n`````\n");
	buf_release(&out);
}

static void a_wide_line_is_cut_and_says_so(void **state)
{
	struct buf text, out;

	(void)state;
	buf_init(&text, BUF_TEXT_MAX);
	for (int i = 0; i < MD_COLUMNS + 1; i++)
		buf_addc(&text, 'x');
	buf_init(&out, BUF_TEXT_MAX);
	md_fence(&out, "text", text.data, text.len);
	says(out.data, "x…\n");
	buf_release(&out);
	buf_release(&text);
}

static void xml_holds_only_what_it_may(void **state)
{
	const char text[] =
	    "<a href='x'>\"&\"</a>\x01\t|\xEF\xBF\xBE|\xEF\xBF\xBF|\xEF\xBF\xBD|\xFF";
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	xml_text(&out, text);
	assert_string_equal(out.data,
	    "&lt;a href=&apos;x&apos;&gt;&quot;&amp;&quot;&lt;/a&gt;\\x01 "
	    "|\\ufffe|\\uffff|\xEF\xBF\xBD|\\xff");
	buf_clear(&out);
	xml_lines(&out, "a\r\nb", 4);
	assert_string_equal(out.data, "a\nb\n");
	buf_release(&out);
}

/* ---- how things ended ---- */

static void what_has_no_end_is_interrupted_or_running(void **state)
{
	const char *const events[] = {RUN, STEP("s"), START("a", "change"), NULL};
	struct record *record = record_of(events);
	const struct record_action *action = &record->steps[0].actions[0];

	(void)state;
	assert_string_equal(report_run_outcome(record), "interrupted");
	assert_string_equal(report_step_outcome(record, &record->steps[0]), "interrupted");
	assert_string_equal(report_action_outcome(record, action), "interrupted");
	assert_true(report_is_change(record, action));
	record->live = true;
	assert_string_equal(report_run_outcome(record), "running");
	assert_string_equal(report_action_outcome(record, action), "running");
	record_free(record);
}

static void what_was_refused_is_no_change(void **state)
{
	const char *const events[] = {RUN, STEP("s"),
	    "{'type':'approval.asked','step':'s','action':'a','question':'change','effect':'change'"
	    ","
	    "'command':'do a'}",
	    "{'type':'approval.given','step':'s','action':'a','question':'change','answer':'skip',"
	    "'by':'person'}",
	    END("a", "refused"), RUN_END, NULL};
	struct record *record = record_of(events);
	char *text;

	(void)state;
	assert_false(report_is_change(record, &record->steps[0].actions[0]));
	record_free(record);
	text = printed(print_report_markdown, events);
	says(text, "## What was changed\n\nNothing.\n");
	says(text, "| change | `do a` | 2026-11-23 03:04:05 | skip | ann@h1 |");
	free(text);
}

static void a_question_without_an_answer_is_told(void **state)
{
	const char *const events[] = {RUN, STEP("s"),
	    "{'type':'approval.asked','step':'s','action':'a','question':'destroy','effect':"
	    "'destroy','command':'drop it'}",
	    NULL};
	char *text = printed(print_report_markdown, events);

	(void)state;
	says(text, "| destroy | `drop it` | - | no answer |  |");
	says(text, "#### not begun: a");
	free(text);
}

/* ---- a run that was gone on with ---- */

#define RESUMED                                                                                    \
	"{'type':'run.resumed','by':{'user':'bob','host':'h2'},'after':4,'interrupted':[{'step':'" \
	"s'}]}"
#define METRIC(value, level, when)                                                                 \
	"{'type':'metric.measured','name':'m','unit':'count','value':" value ",'level':'" level    \
	"','critical':'> 5','when':'" when "','runbook':'other'}"

static void of_a_resumed_run_the_first_before_and_the_last_after_count(void **state)
{
	const char *const events[] = {RUN, METRIC("9", "critical", "before"), STEP("s"),
	    START("a", "change"), RESUMED, METRIC("7", "critical", "before"), STEP("s"),
	    START("a", "change"), END("a", "passed"), STEP_END("s", "passed"),
	    METRIC("6", "critical", "after"), METRIC("2", "ok", "after"), RUN_END, NULL};
	struct buf person;
	struct record *record = record_of(events);
	char *text = printed(print_report_markdown, events);

	(void)state;
	says(text, "| m | 9 | critical | 2 | ok | better |");
	says_not(text, "fsops run other");
	says(text, "run taken up again by bob@h2; changes that were in flight: 1");
	free(text);
	buf_init(&person, BUF_TEXT_MAX);
	report_person(&person, record, json_array_get(record->events, 3));
	assert_string_equal(person.data, "ann@h1");
	buf_clear(&person);
	report_person(&person, record, json_array_get(record->events, 7));
	assert_string_equal(person.data, "bob@h2");
	buf_release(&person);
	record_free(record);
}

static void a_step_is_not_twice_among_the_metrics(void **state)
{
	const char *const events[] = {
	    RUN, STEP("s"), RESUMED, STEP("s"), STEP_END("s", "passed"), RUN_END, NULL};
	struct record *record = record_of(events);
	struct buf out;
	char *first;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_report_prom(&out, record, 1795402800000);
	first = strstr(out.data, "fsops_step_budget_seconds{");
	assert_non_null(first);
	assert_null(strstr(first + 1, "fsops_step_budget_seconds{"));
	says(out.data, "fsops_run_last_success_timestamp_seconds{runbook=\"book\",platform=\"p\"} "
	               "1795402800\n");
	buf_release(&out);
	record_free(record);
}

static void labels_are_escaped(void **state)
{
	const char *const events[] = {
	    "{'type':'run.started','runbook':'a\\\\b\\nc','platform':'p','mode':'run'}", RUN_END,
	    NULL};
	struct record *record = record_of(events);
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	print_report_prom(&out, record, 0);
	says(out.data, "{runbook=\"a\\\\b\\nc\",platform=\"p\"} 1\n");
	says_not(out.data, "last_success");
	buf_release(&out);
	record_free(record);
}

/* ---- the timeline ---- */

static const struct {
	const char *event;
	const char *told; /* NULL: nothing */
} moments[] = {
    {"{'type':'budget.warned','step':'s','seconds':96,'budget_seconds':120}",
        "step 'Step s' has used 1m36s of its budget of 2m"},
    {"{'type':'budget.exceeded','step':'s','seconds':120,'budget_seconds':120,'ended':['a (pid "
     "1)','b']}",
        "the budget of step 'Step s' is over after 2m; ended: a (pid 1), b"},
    {"{'type':'note','text':'stopping','level':'warning'}", "stopping"},
    {"{'type':'lock.taken','runbook':'book','before':{'run':'R','user':'u','host':'h'}}",
        "the lock of 'book' was taken over from run R of u@h"},
    {"{'type':'lock.taken','runbook':'book','by':{'run':'R'}}",
        "the lock of 'book' was taken over by run R of ?@?"},
    {"{'type':'step.finished','step':'s','outcome':'timed_out','why':'slow'}",
        "step timed out: 'Step s': slow"},
    {"{'type':'step.finished','step':'s','outcome':'passed'}", NULL},
    {"{'type':'action.output','step':'s','action':'a','text':'x'}", NULL},
    {"{'type':'escalated','level':2,'text':'call bob'}", "escalation level 2: call bob"},
    {"{'type':'notification','channel':'slack','about':'failed','delivered':true}",
        "told channel 'slack' of \"failed\""},
    {"{'type':'notification','channel':'slack','about':'failed','delivered':false,'why':'no'}",
        "NOT told: channel 'slack' of \"failed\": no"},
    {"{'type':'seen','text':'level 2: call bob'}", "seen: level 2: call bob"},
    {"{'type':'approval.given','step':'s','action':'x','question':'change','answer':'none',"
     "'by':'nobody'}",
        "not answered, nobody was there: x"},
};

static void events_are_told_as_sentences(void **state)
{
	const char *const events[] = {RUN, STEP("s"), NULL};
	struct record *record = record_of(events);
	const char *command;
	struct buf out;

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	for (size_t i = 0; i < COUNT_OF(moments); i++) {
		json_t *event = event_of(moments[i].event, 9);

		buf_clear(&out);
		assert_int_equal(
		    report_moment(&out, &command, record, event), moments[i].told != NULL);
		assert_string_equal(out.data, moments[i].told ? moments[i].told : "");
		json_decref(event);
	}
	buf_release(&out);
	record_free(record);
}

/* ---- events that are not as they should be ---- */

static void odd_events_break_nothing(void **state)
{
	const char *const events[] = {"{'type':'metric.measured','when':'before'}",
	    "{'type':'metric.measured','when':'after','name':7,'value':'x','runbook':[]}",
	    "{'type':'step.started','step':'s'}", "{'type':'step.finished','step':'other'}",
	    "{'type':'action.started','step':'s','action':'a','effect':1}",
	    "{'type':'action.output','step':'s','action':'a','text':5}",
	    "{'type':'action.finished','step':'s','action':'a','outcome':{},'seconds':'x'}",
	    "{'type':'approval.given','step':'s','action':'a'}",
	    "{'type':'budget.exceeded','step':'s','ended':[1,null]}", "{'type':'lock.taken'}",
	    "{'type':'run.resumed','by':'me','interrupted':3}", "{'type':'note'}", "{'type':'new'}",
	    "{'type':'run.started','vars':[],'plan':{'steps':[1,{'id':'x','selected':true}]}}",
	    "{'type':'run.finished','counts':{'passed':'x'},'left':[1,{}],'level':3,'exit':'x'}",
	    NULL};
	print_fn *const printers[] = {
	    print_report_markdown, print_report_html, print_report_junit, print_report_json};
	struct record *record = record_of(events);
	struct buf out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(printers); i++) {
		char *text = printed(printers[i], events);

		says_not(text, "(null)");
		free(text);
	}
	buf_init(&out, BUF_TEXT_MAX);
	print_report_prom(&out, record, 0);
	says_not(out.data, "(null)");
	buf_release(&out);
	record_free(record);
}

/* Outcomes and levels are words of fsops in a journal that nobody has touched. */
static void no_word_of_an_event_reaches_a_terminal_raw(void **state)
{
	const char *const events[] = {RUN, STEP("s"), START("a", "change"), END("a", "\\u001b[2J|"),
	    STEP_END("s", "\\u001b[2J|"),
	    "{'type':'run.finished','level':'\\u001b','outcome':'\\u001b[2J','counts':{}}", NULL};
	char *text = printed(print_report_markdown, events);

	(void)state;
	says_not(text, "\033");
	says_not(text, "2J|");
	free(text);
	text = printed(print_report_junit, events);
	says_not(text, "\033");
	free(text);
}

static void a_record_of_nothing_is_told(void **state)
{
	const char *const events[] = {"{'type':'note','text':'alone'}", NULL};
	char *text = printed(print_report_markdown, events);

	(void)state;
	says(text, "# Run report: ID");
	says(text, "**interrupted**");
	free(text);
	text = printed(print_report_junit, events);
	says(text, "tests=\"1\" failures=\"0\" errors=\"1\"");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(markdown_is_escaped_where_it_means_something),
	    cmocka_unit_test(code_that_cannot_stand_in_backquotes_is_in_html),
	    cmocka_unit_test(a_fence_is_longer_than_what_is_in_it),
	    cmocka_unit_test(a_wide_line_is_cut_and_says_so),
	    cmocka_unit_test(xml_holds_only_what_it_may),
	    cmocka_unit_test(what_has_no_end_is_interrupted_or_running),
	    cmocka_unit_test(what_was_refused_is_no_change),
	    cmocka_unit_test(a_question_without_an_answer_is_told),
	    cmocka_unit_test(of_a_resumed_run_the_first_before_and_the_last_after_count),
	    cmocka_unit_test(a_step_is_not_twice_among_the_metrics),
	    cmocka_unit_test(labels_are_escaped),
	    cmocka_unit_test(events_are_told_as_sentences),
	    cmocka_unit_test(odd_events_break_nothing),
	    cmocka_unit_test(no_word_of_an_event_reaches_a_terminal_raw),
	    cmocka_unit_test(a_record_of_nothing_is_told),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
