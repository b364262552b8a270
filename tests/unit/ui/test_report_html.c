/* The report in HTML: nothing from a run becomes markup, anchors hold, the timeline has its scale, and what
 * has no end is never shown as passed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "fsops/report.h"
#include "report_case.h"
#include "ui/html.h"
#include "ui/report/html/scale.h"

#define PRINTED(...) printed(print_report_html, (const char *const[]){__VA_ARGS__, NULL})

/* ---- the writer ---- */

static char *written(const char *text)
{
	struct buf out;
	struct html html = {&out};

	buf_init(&out, BUF_TEXT_MAX);
	html_add(&html, "<a title=\"%s\">%s</a>", text, text);
	return buf_detach(&out);
}

static void text_is_never_markup(void **state)
{
	static const struct {
		const char *text;
		const char *shown;
	} cases[] = {
	    {"plain", "plain"},
	    {"<b>&amp;", "&lt;b&gt;&amp;amp;"},
	    {"\"'><img onerror=x>", "&quot;&#39;&gt;&lt;img onerror=x&gt;"},
	    {"</script>]]>", "&lt;/script&gt;]]&gt;"},
	    {"\x1b[31mred", "\\x1b[31mred"},
	    {"a\xff\xfe z", "a\\xff\\xfe z"},
	    {"\u202egnp", "\\u202egnp"},
	    {"two\nlines", "two\\nlines"},
	    {"für 日本", "für 日本"},
	    {"%s%n", "%s%n"},
	    {NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *got = written(cases[i].text);
		char *wanted = mem_printf("<a title=\"%s\">%s</a>", cases[i].shown, cases[i].shown);

		assert_string_equal(got, wanted);
		free(wanted);
		free(got);
	}
}

static void lines_stay_lines(void **state)
{
	static const char text[] = "one\r\n<two>\n\0nul\nno end";
	struct buf out;
	struct html html = {&out};

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	html_lines(&html, text, sizeof(text) - 1);
	assert_string_equal(out.data, "one\n&lt;two&gt;\n\\x00nul\nno end");
	buf_release(&out);
}

static void numbers_are_filled_in(void **state)
{
	struct buf out;
	struct html html = {&out};

	(void)state;
	buf_init(&out, BUF_TEXT_MAX);
	html_add(&html, "%d %zu %.2f%% %.0f", -1, (size_t)2, 3.456, 4.0);
	assert_string_equal(out.data, "-1 2 3.46% 4");
	buf_release(&out);
}

/* ---- the page ---- */

static void every_field_is_text(void **state)
{
	char *page = PRINTED(
	    "{'type':'run.started','runbook':'<i>r','title':'<i>t','platform':'<i>p',"
	    "'severity':'<i>s','summary':'<i>u','by':{'user':'<i>a','host':'<i>h'},"
	    "'vars':{'<i>n':'<i>v'},'plan':{'steps':[{'id':'<i>z','title':'<i>y',"
	    "'selected':true,'section':'<i>x'}]}}",
	    "{'type':'step.started','step':'s','title':'<i>1','section':'<i>2'}",
	    "{'type':'approval.asked','step':'s','action':'<i>3','question':'<i>4','command':'<i>5'"
	    "}",
	    "{'type':'approval.given','step':'s','action':'<i>3','answer':'<i>6','by':'person'}",
	    "{'type':'action.started','step':'s','action':'<i>3','adapter':'<i>7','target':'<i>8',"
	    "'effect':'<i>9','command':'<i>10','title':'<i>11','item':'<i>12'}",
	    "{'type':'action.output','step':'s','action':'<i>3','item':'<i>12','stream':'stderr',"
	    "'text':'<i>13'}",
	    "{'type':'metric.measured','step':'s','action':'<i>3','item':'<i>12','when':'step',"
	    "'name':'<i>14','error':'<i>15','level':'<i>16'}",
	    "{'type':'action.finished','step':'s','action':'<i>3','item':'<i>12','outcome':'<i>17',"
	    "'why':'<i>18','captured':{'<i>19':'<i>20'},'saved':{'path':'<i>21','sha256':'<i>22'}}",
	    "{'type':'metric.measured','when':'before','name':'<i>23','title':'<i>24',"
	    "'baseline':'<i>25'}",
	    "{'type':'<i>26','text':'<i>27'}", "{'type':'escalation.<i>28','text':'<i>29'}",
	    "{'type':'run.finished','outcome':'<i>30','level':'<i>31','why':'<i>32',"
	    "'left':[{'title':'<i>33','text':'<i>34'}]}");

	(void)state;
	says_not(page, "<i>");
	for (int i = 1; i <= 34; i++) {
		char *shown = mem_printf("&lt;i&gt;%d", i);

		/* Levels and parts of a runbook that are not known are not told. */
		if (i != 16 && i != 31)
			says(page, shown);
		free(shown);
	}
	free(page);
}

static void what_has_no_end_is_interrupted(void **state)
{
	char *page = PRINTED(RUN, STEP("s"), START("a", "change"));

	(void)state;
	says(page, "The run has no end on record");
	says(page, "Look first: nobody knows how these changes ended");
	says(page, "✗ interrupted");
	says_not(page, "✓ passed");
	free(page);
}

static void a_live_run_goes_on(void **state)
{
	struct record *record =
	    record_of((const char *const[]){RUN, STEP("s"), START("a", "change"), NULL});
	struct buf out;

	(void)state;
	record->live = true;
	buf_init(&out, UI_TEXT_MAX);
	print_report_html(&out, record);
	says(out.data, "It goes on");
	says(out.data, "· running");
	says_not(out.data, "✗ interrupted");
	says_not(out.data, "Look first");
	buf_release(&out);
	record_free(record);
}

static void what_did_not_begin_is_named(void **state)
{
	char *page =
	    PRINTED("{'type':'run.started','plan':{'steps':["
	            "{'id':'s','selected':true,'actions':[{'id':'a'},{'id':'b','title':'The b'}]},"
	            "{'id':'t','title':'The t','selected':true},"
	            "{'id':'u','title':'Unwanted','selected':false}]}}",
	        STEP("s"), START("a", "read"), END("a", "failed"));

	(void)state;
	says(page, "Not begun: The b");
	says(page, "Steps that did not begin");
	says(page, "<li>The t");
	says_not(page, "Unwanted");
	free(page);
}

static void anchors_count_from_one(void **state)
{
	char *page = PRINTED(RUN, STEP("s"), START("a", "read"), END("a", "passed"),
	    START("b", "read"), END("b", "failed"));

	(void)state;
	says(page, "id=\"step-1-action-1\"");
	says(page, "id=\"step-1-action-2\"");
	says(page, "<a href=\"#step-1-action-2\">b</a>: it said no");
	free(page);
}

static void a_step_of_a_runbook_inside_is_numbered_so(void **state)
{
	char *page = PRINTED(RUN, "{'type':'step.started','step':'a','number':7}",
	    "{'type':'step.started','step':'a/b','title':'In it','number':2}");

	(void)state;
	says(page, "7.2. In it");
	free(page);
}

static void facts_that_need_room_have_a_line(void **state)
{
	char *page = PRINTED(RUN, STEP("s"), START("a", "read"), END("a", "failed"));

	(void)state;
	says(page, "<div class=\"wide\"><dt>Why</dt><dd>it said no</dd></div>");
	free(page);
}

/* An action that printed COUNT bytes, CHUNK by CHUNK. */
static char *page_with_output(size_t count, const char *chunk)
{
	struct record *record =
	    record_of((const char *const[]){RUN, STEP("s"), START("a", "read"), NULL});
	struct buf text;
	json_t *event = event_of("{'type':'action.output','step':'s','action':'a'}", 9);
	char *page;

	buf_init(&text, UI_TEXT_MAX);
	while (text.len < count)
		buf_adds(&text, chunk);
	json_object_set_new(event, "text", json_string(text.data));
	record_add(record, event);
	json_decref(event);
	buf_clear(&text);
	print_report_html(&text, record);
	assert_false(text.full);
	page = buf_detach(&text);
	buf_release(&text);
	record_free(record);
	return page;
}

static void who_was_told_is_on_the_timeline(void **state)
{
	char *page = PRINTED(RUN, STEP("s"),
	    "{'type':'budget.exceeded','step':'s','seconds':120,'budget_seconds':120}",
	    "{'type':'escalated','level':2,'text':'call the <b>team</b> lead'}",
	    "{'type':'notification','channel':'slack','about':'escalated','delivered':false,"
	    "'why':'no route'}");

	(void)state;
	for (int i = 1; i <= 3; i++) {
		char *mark =
		    mem_printf("<a href=\"#escalation-%d\" tabindex=\"-1\"><svg class=\"mark %s\"",
		        i, i == 2 ? "info" : "critical");
		char *row = mem_printf("id=\"escalation-%d\"", i);

		says(page, mark);
		says(page, row);
		free(row);
		free(mark);
	}
	says(page, "call the &lt;b&gt;team&lt;/b&gt; lead</title>");
	free(page);
}

/* Not with strstr(): under a sanitizer that reads all of a long text each time. */
static size_t count_of(const char *text, const char *part)
{
	size_t len = strlen(part);
	size_t count = 0;

	for (; *text; text++)
		count += *text == *part && strncmp(text, part, len) == 0;
	return count;
}

static void what_is_left_out_is_counted(void **state)
{
	/* Three bytes a character, so that a cut can fall into one. */
	static const char chunk[] = "日";
	const size_t size = (size_t)9 * 1024 * 1024;
	char *page = page_with_output(size, chunk);
	const char *note = strstr(page, "<span class=\"left-out\">… ");
	size_t left_out = 0;

	(void)state;
	assert_non_null(note);
	assert_int_equal(sscanf(note, "<span class=\"left-out\">… %zu", &left_out), 1);
	assert_true(left_out > 0);
	assert_int_equal(count_of(page, chunk) * strlen(chunk) + left_out, size);
	says_not(page, "\\xe6");
	free(page);
}

static void a_long_output_is_whole(void **state)
{
	char *page = page_with_output((size_t)1024 * 1024, "<line>\n");

	(void)state;
	assert_int_equal(count_of(page, "&lt;line&gt;\n"), 1024 * 1024 / 7 + 1);
	says_not(page, "class=\"left-out\"");
	free(page);
}

static void numbers_that_cannot_be_are_survived(void **state)
{
	char *page = PRINTED("{'type':'run.started','plan':{'totals':{'budget_seconds':1e300}}}",
	    "{'type':'step.started','step':'s','budget_seconds':-1e300,'number':1e300,"
	    "'time':'0001-01-01T00:00:00Z'}",
	    "{'type':'action.started','step':'s','action':'a','time':'9999-12-31T00:00:00Z'}",
	    "{'type':'action.finished','step':'s','action':'a','attempts':1e300,'seconds':1e300}",
	    "{'type':'step.finished','step':'s','seconds':1e300}",
	    "{'type':'run.finished','exit':1e300,'seconds':-1e300,'counts':{'passed':1e300}}");

	(void)state;
	says(page, "? of ?");
	free(page);
}

/* ---- the scale ---- */

#define AT(type, time) "{'type':'" type "','time':'2026-11-25T" time "Z'}"

static struct scale scale_of(const char *const *events)
{
	struct record *record = record_of(events);
	struct scale scale;

	scale_init(&scale, record);
	record_free(record);
	return scale;
}

static msec wall(const char *time)
{
	char *text = mem_printf("2026-11-25T%sZ", time);
	msec at = 0;

	assert_int_equal(clock_parse_rfc3339(text, &at), 0);
	free(text);
	return at;
}

static void time_is_a_place(void **state)
{
	struct scale scale = scale_of((const char *const[]){
	    AT("run.started", "10:00:00"), AT("run.finished", "10:00:10"), NULL});

	(void)state;
	assert_float_equal(scale_x(&scale, wall("09:00:00")), 0, 0.01);
	assert_float_equal(scale_x(&scale, wall("10:00:05")), 50, 0.01);
	assert_float_equal(scale_x(&scale, wall("11:00:00")), 100, 0.01);
	assert_int_equal(scale_idle(&scale), 0);
	assert_int_equal(scale_interval(&scale, 5), 2000);
	scale_release(&scale);
}

static void an_interruption_is_a_narrow_gap(void **state)
{
	struct scale scale = scale_of(
	    (const char *const[]){AT("run.started", "10:00:00"), AT("step.started", "10:01:00"),
	        AT("run.resumed", "18:00:00"), AT("run.finished", "18:01:00"), NULL});

	(void)state;
	assert_int_equal(scale.count, 2);
	assert_float_equal(scale.sittings[0].x_end, 47.5, 0.01);
	assert_float_equal(scale.sittings[1].x, 52.5, 0.01);
	assert_float_equal(scale.sittings[1].x_end, 100, 0.01);
	assert_int_equal(scale_idle(&scale), wall("18:00:00") - wall("10:01:00"));
	assert_int_equal(scale_end_of(&scale, wall("10:00:30")), wall("10:01:00"));
	/* In the gap: the end of what was before. */
	assert_float_equal(scale_x(&scale, wall("12:00:00")), 47.5, 0.01);
	scale_release(&scale);
}

static void a_clock_that_was_set_back_goes_no_further_left(void **state)
{
	struct scale scale = scale_of(
	    (const char *const[]){AT("run.started", "10:00:00"), AT("step.started", "10:00:10"),
	        AT("run.resumed", "09:00:00"), AT("run.finished", "09:00:01"), NULL});

	(void)state;
	assert_int_equal(scale.sittings[1].begin, scale.sittings[0].end);
	assert_true(scale.sittings[1].x_end >= scale.sittings[1].x);
	scale_release(&scale);
}

static void many_interruptions_leave_room(void **state)
{
	const char *events[102] = {AT("run.started", "10:00:00")};
	struct scale scale;

	(void)state;
	for (int i = 1; i <= 100; i++)
		events[i] = AT("run.resumed", "11:00:00");
	scale = scale_of(events);
	assert_int_equal(scale.count, 101);
	assert_float_equal(scale.sittings[100].x_end, 100, 0.01);
	assert_true(scale.sittings[0].x_end > 0);
	scale_release(&scale);
}

static void nothing_is_a_scale_too(void **state)
{
	struct scale scale = scale_of((const char *const[]){NULL});

	(void)state;
	assert_int_equal(scale.count, 1);
	assert_float_equal(scale_x(&scale, wall("10:00:00")), 100, 100);
	scale_release(&scale);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_is_never_markup),
	    cmocka_unit_test(lines_stay_lines),
	    cmocka_unit_test(numbers_are_filled_in),
	    cmocka_unit_test(every_field_is_text),
	    cmocka_unit_test(what_has_no_end_is_interrupted),
	    cmocka_unit_test(a_live_run_goes_on),
	    cmocka_unit_test(what_did_not_begin_is_named),
	    cmocka_unit_test(anchors_count_from_one),
	    cmocka_unit_test(a_step_of_a_runbook_inside_is_numbered_so),
	    cmocka_unit_test(facts_that_need_room_have_a_line),
	    cmocka_unit_test(who_was_told_is_on_the_timeline),
	    cmocka_unit_test(what_is_left_out_is_counted),
	    cmocka_unit_test(a_long_output_is_whole),
	    cmocka_unit_test(numbers_that_cannot_be_are_survived),
	    cmocka_unit_test(time_is_a_place),
	    cmocka_unit_test(an_interruption_is_a_narrow_gap),
	    cmocka_unit_test(a_clock_that_was_set_back_goes_no_further_left),
	    cmocka_unit_test(many_interruptions_leave_room),
	    cmocka_unit_test(nothing_is_a_scale_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
