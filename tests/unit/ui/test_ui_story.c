/* A run told in lines from hand-made events: what is said, in which order, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "ui/story/story.h"

/* Tell the events (a NULL-terminated list of JSON texts) and give back all that was said. */
static char *tell(const char *const *events, const struct sink_options *options, bool times)
{
	struct story story;
	struct buf out;

	setenv("TZ", "UTC", 1);
	buf_init(&out, BUF_TEXT_MAX);
	story_init(&story, options, times);
	for (; *events; events++) {
		json_error_t error;
		json_t *event = json_loads(*events, 0, &error);

		if (!event)
			fail_msg("%s: %s", *events, error.text);
		json_object_set_new(event, "time", json_string("2026-11-23T03:04:05.678Z"));
		story_event(&story, event, &out);
		json_decref(event);
	}
	story_release(&story);
	return buf_detach(&out);
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void says_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

#define RUN                                                                                        \
	"{'type':'run.started','run':'ID','runbook':'r','title':'High error rate',"                \
	"'platform':'p','severity':'critical','mode':'run'}"
#define STEP                                                                                       \
	"{'type':'step.started','step':'s','title':'Look','section':'steps','budget_seconds':120," \
	"'number':1,'of':2}"
#define START(id, effect)                                                                          \
	"{'type':'action.started','step':'s','action':'" id "','adapter':'exec','effect':'" effect \
	"','command':'do " id "'}"
#define OUTPUT(id, text)                                                                           \
	"{'type':'action.output','step':'s','action':'" id "','stream':'stdout','text':'" text "'" \
	"}"
#define END(id, outcome)                                                                           \
	"{'type':'action.finished','step':'s','action':'" id                                       \
	"','effect':'read','seconds':0.412,'outcome':'" outcome                                    \
	"','why':'it said no','severity':'critical'}"
#define STEP_END                                                                                   \
	"{'type':'step.finished','step':'s','outcome':'passed','seconds':1,'budget_seconds':120}"
#define RUN_END                                                                                    \
	"{'type':'run.finished','level':'ok','exit':0,'seconds':41,'outcome':'passed',"            \
	"'counts':{'passed':2,'skipped':1}}"

/* jansson wants double quotes; C wants them escaped; these texts have neither. */
static char *tell_quoted(const char *const *events, const struct sink_options *options, bool times)
{
	char *copies[32];
	size_t count = 0;
	char *text;

	for (; events[count]; count++) {
		copies[count] = mem_text(events[count]);
		for (char *at = copies[count]; *at; at++)
			if (*at == '\'')
				*at = '"';
	}
	copies[count] = NULL;
	text = tell((const char *const *)copies, options, times);
	while (count)
		free(copies[--count]);
	return text;
}

static void a_run_in_plain_lines(void **state)
{
	const char *const events[] = {RUN, STEP, START("a", "read"), OUTPUT("a", "one\\ntwo\\n"),
	    END("a", "passed"), STEP_END, RUN_END, NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	assert_string_equal(text,
	    "03:04:05  run ID: High error rate (critical) on p\n"
	    "03:04:05  step 1/2 Look (budget 2m)\n"
	    "03:04:05    passed   a (412ms)  do a\n"
	    "              it said no\n"
	    "                | one\n"
	    "                | two\n"
	    "03:04:05    step passed after 1s of 2m\n"
	    "03:04:05  run finished: ok, 2 passed, 1 skipped in 41s, exit status 0\n");
	free(text);
}

static void outputs_come_at_the_end_of_their_actions(void **state)
{
	const char *const events[] = {RUN, STEP, START("a", "read"), START("b", "read"),
	    OUTPUT("b", "from b"), OUTPUT("a", "from a"), END("a", "failed"), END("b", "passed"),
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "FAILED");
	assert_true(strstr(text, "from a") < strstr(text, "from b"));
	free(text);
}

static void quiet_says_what_is_not_well(void **state)
{
	const char *const well[] = {RUN, STEP, START("a", "read"), OUTPUT("a", "out"),
	    END("a", "passed"), STEP_END, RUN_END, NULL};
	const char *const bad[] = {RUN, STEP, START("a", "read"), END("a", "passed"),
	    START("b", "read"), OUTPUT("b", "the reason"), END("b", "failed"), STEP_END, NULL};
	const struct sink_options quiet = {.quiet = true};
	char *text = tell_quoted(well, &quiet, true);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	text = tell_quoted(bad, &quiet, true);
	says(text, "run ID: High error rate");
	says(text, "step 1/2 Look");
	says(text, "FAILED   b");
	says(text, "the reason");
	says(text, "it said no");
	says_not(text, "do a");
	free(text);
}

#define CHANGE_END(id, outcome)                                                                    \
	"{'type':'action.finished','step':'s','action':'" id                                       \
	"','effect':'change','seconds':1,'outcome':'" outcome "','command':'do " id "'}"

static void quiet_says_what_was_changed_and_what_is_left(void **state)
{
	const char *const changed[] = {
	    RUN, STEP, START("c", "change"), CHANGE_END("c", "passed"), STEP_END, RUN_END, NULL};
	const char *const left[] = {RUN,
	    "{'type':'run.finished','level':'ok','exit':0,'seconds':1,'outcome':'passed',"
	    "'counts':{'left':1},'left':[{'step':'s','title':'Communicate','text':'Tell Slack'}]}",
	    NULL};
	const struct sink_options quiet = {.quiet = true};
	char *text = tell_quoted(changed, &quiet, true);

	(void)state;
	assert_string_equal(text,
	    "03:04:05  run ID: High error rate (critical) on p\n"
	    "03:04:05  changed:\n"
	    "            - do c\n"
	    "03:04:05  run finished: ok, 2 passed, 1 skipped in 41s, exit status 0\n");
	free(text);
	text = tell_quoted(left, &quiet, true);
	says(text, "- Communicate: Tell Slack\n");
	says(text, "run finished: ok, 1 left");
	free(text);
}

#define HOLDER     "'run':'R1','user':'anna','host':'ops1','pid':4711,'since':'2026-11-23T03:00:00Z'"
#define TAKEN(who) "{'type':'lock.taken','runbook':'r','platform':'p'," who "}"

static void locks_that_changed_hands(void **state)
{
	static const struct {
		const char *event;
		const char *said;
	} cases[] = {
	    {TAKEN("'by':{" HOLDER "}"),
	        "the lock of 'r' was taken over by run R1 of anna@ops1 (pid 4711): nothing more is "
	        "changed here; see fsops log R1\n"},
	    {TAKEN("'by':{}"),
	        "the lock of 'r' was taken over by somebody who did not say who it is: nothing "
	        "more is changed here\n"},
	    {TAKEN("'before':{" HOLDER ",'dead':true,'let_go':true}"),
	        "the lock of 'r' was left by run R1 of anna@ops1 (pid 4711), which has died: a "
	        "change of it may be half done; see fsops log R1\n"},
	    {TAKEN("'before':{" HOLDER ",'dead':false,'let_go':true}"),
	        "the lock of 'r' was taken over from run R1 of anna@ops1 (pid 4711); see fsops log "
	        "R1\n"},
	    {TAKEN("'before':{" HOLDER ",'dead':false,'let_go':false}"),
	        "(pid 4711), which has not let go of it: it may still be changing things; see "
	        "fsops log R1\n"},
	    {TAKEN("'before':{'dead':false,'let_go':false}"),
	        "was taken over from somebody who did not say who it is, which has not let go"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *const events[] = {RUN, cases[i].event, NULL};
		char *text = tell_quoted(events, &(struct sink_options){.quiet = true}, true);

		says(text, "run ID: High error rate");
		says(text, cases[i].said);
		free(text);
	}
}

static void what_people_were_told_is_told(void **state)
{
	const char *const events[] = {RUN,
	    "{'type':'escalated','level':1,'since_seconds':0,'text':'call bob\\u001b[2J'}",
	    "{'type':'escalated','level':2,'since_seconds':60,'text':'call eve'}",
	    "{'type':'notification','channel':'slack','about':'failed','delivered':true}",
	    "{'type':'notification','channel':'mail','about':'failed','delivered':false,"
	    "'why':'channel mail: no\\u001b[2J'}",
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){.quiet = true}, true);

	(void)state;
	says(text, "run ID: High error rate");
	says(text, "escalation level 2: call eve\n");
	says(text, "NOT told (failed): channel mail: no");
	assert_null(strstr(text, "bob"));
	assert_null(strstr(text, "told slack"));
	assert_null(strchr(text, 0x1b));
	free(text);
	text = tell_quoted(events, &(struct sink_options){.verbose = true}, true);
	says(text, "escalation level 1: call bob");
	says(text, "told slack: failed\n");
	assert_null(strchr(text, 0x1b));
	free(text);
}

static void quiet_is_silent_about_mere_findings(void **state)
{
	const char *const events[] = {RUN, STEP, START("a", "read"),
	    "{'type':'action.finished','step':'s','action':'a','effect':'read','seconds':1,"
	    "'outcome':'failed','why':'not so','severity':'info'}",
	    "{'type':'approval.asked','step':'s','action':'m','question':'manual','effect':'read'}",
	    "{'type':'step.finished','step':'s','outcome':'failed','seconds':1,"
	    "'budget_seconds':120}",
	    RUN_END, NULL};
	char *text = tell_quoted(events, &(struct sink_options){.quiet = true}, true);

	(void)state;
	assert_string_equal(text, "");
	free(text);
}

static void changes_that_began_are_listed_with_their_outcome(void **state)
{
	const char *const events[] = {RUN, STEP, START("c", "change"), CHANGE_END("c", "passed"),
	    START("f", "change"), CHANGE_END("f", "failed"), START("t", "destroy"),
	    CHANGE_END("t", "timed_out"), CHANGE_END("r", "refused"), START("s", "change"),
	    CHANGE_END("s", "skipped"), START("o", "change"), START("x", "read"), RUN_END, NULL};
	const struct sink_options quiet = {.quiet = true};
	char *text = tell_quoted(events, &quiet, true);

	(void)state;
	says(text, "changed:\n            - do c\n03:04:05  begun, may have taken effect:\n"
	           "            - FAILED: do f\n"
	           "            - TIMED OUT: do t\n"
	           "            - INTERRUPTED: do o\n"
	           "03:04:05  run finished");
	free(text);
}

static void a_run_that_stopped_says_why_below_its_last_line(void **state)
{
	const char *const events[] = {RUN,
	    "{'type':'run.finished','level':'critical','exit':2,'seconds':1,'outcome':'failed',"
	    "'counts':{'failed':1},'why':'a change failed'}",
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "03:04:05  run finished: critical, 1 failed in 1s, exit status 2\n"
	           "            stopped: a change failed\n");
	free(text);
}

static void questions_to_people_say_what_is_asked(void **state)
{
#define ASKED(more) "{'type':'approval.asked','step':'s','action':'m','effect':'read'" more "}"
	const char *const events[] = {RUN, STEP, ASKED(",'command':'do it','text':'why'"),
	    ASKED(",'checklist':['Update the page','Tell Slack']"), ASKED(""), NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "asked: do it\n");
	says(text, "asked: Update the page; Tell Slack\n");
	says(text, "asked: Look\n");
	free(text);
}

static void long_outputs_are_cut_and_said_to_be(void **state)
{
	struct buf event;
	const char *events[] = {RUN, STEP, START("a", "read"), NULL, END("a", "passed"), NULL};
	char *text;

	(void)state;
	buf_init(&event, BUF_TEXT_MAX);
	buf_adds(
	    &event, "{'type':'action.output','step':'s','action':'a','stream':'stdout','text':'");
	for (int i = 0; i < 52; i++)
		buf_addf(&event, "line %d\\n", i);
	buf_adds(&event, "'}");
	events[3] = event.data;
	text = tell_quoted(events, &(struct sink_options){0}, true);
	says(text, "line 4\n");
	says_not(text, "line 5\n");
	says(text, "42 more lines (-v shows all)");
	says_not(text, "line 46\n");
	says(text, "line 47\n");
	free(text);
	text = tell_quoted(events, &(struct sink_options){.verbose = true}, true);
	says(text, "line 51\n");
	says_not(text, "more lines");
	free(text);
	events[4] = END("a", "failed");
	text = tell_quoted(events, &(struct sink_options){0}, true);
	says(text, "line 9\n");
	says(text, "12 more lines");
	says(text, "line 51\n");
	free(text);
	buf_release(&event);
}

static void what_the_engine_left_out_is_not_promised(void **state)
{
	const char *const events[] = {RUN, STEP, START("a", "read"),
	    OUTPUT("a", "1\\n2\\n3\\n4\\n5\\n6\\n7\\n"),
	    OUTPUT("a", "\\n… 1234 bytes left out …\\n8\\n9\\n10\\n11\\n12\\n13\\n"),
	    END("a", "passed"), NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "more lines (-v shows more, but not 1234 bytes that were left out)\n");
	says_not(text, "shows all");
	free(text);
}

static void skipped_steps_say_why(void **state)
{
	const char *const events[] = {RUN, STEP,
	    "{'type':'step.finished','step':'s','outcome':'skipped','seconds':0,'budget_seconds':"
	    "120,"
	    "'why':'not so: x > 1'}",
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "step 1/2 Look");
	says(text, "step skipped: not so: x > 1");
	free(text);
}

static void escapes_never_come_through(void **state)
{
	static const char *const events[] = {RUN, STEP, START("a", "read"),
	    OUTPUT("a", "\\u001b[2J\\u009bred\\u202e"), END("a", "passed"), STEP_END, RUN_END,
	    NULL};
	const struct sink_options options = {.look = {.utf8 = true, .width = 60}};
	char *text = tell_quoted(events, &options, false);

	(void)state;
	assert_null(strchr(text, '\x1b'));
	says(text, "\\x1b[2J\\x9bred\\u202e");
	free(text);
}

static void what_is_left_is_listed(void **state)
{
	const char *const events[] = {RUN,
	    "{'type':'run.finished','level':'warning','exit':1,'seconds':1,'outcome':'passed',"
	    "'counts':{'left':1},'left':[{'step':'s','title':'Communicate','text':'Tell Slack'}]}",
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "left to people, not done:\n");
	says(text, "- Communicate: Tell Slack");
	says(text, "run finished: warning, 1 left in 1s, exit status 1");
	free(text);
}

static void metrics_before_and_after(void **state)
{
#define METRIC(when, value, level)                                                                 \
	"{'type':'metric.measured','when':'" when                                                  \
	"','name':'error_rate','unit':'percent','value':" value ",'level':'" level                 \
	"','warning':'> 1%','critical':'> 5%','baseline':'< 0.1%','runbook':'r'}"
	const char *const events[] = {RUN, METRIC("before", "8.1", "critical"), STEP, STEP_END,
	    METRIC("after", "0.05", "ok"), RUN_END, NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "metrics before:");
	says(text, "error_rate  8.1 %  critical  > 5%");
	says(text, "metrics before and after:");
	says(text, "ok  better");
	free(text);
}

static void trends(void **state)
{
	static const struct {
		const char *before, *after, *trend;
	} cases[] = {
	    {"{'level':'critical','value':8}", "{'level':'ok','value':0}", "better"},
	    {"{'level':'ok','value':0}", "{'level':'warning','value':2}", "worse"},
	    {"{'level':'ok','value':0}", "{'level':'ok','value':0.05}", "same"},
	    {"{'level':'unknown','value':null}", "{'level':'ok','value':1}", "known now"},
	    {"{'level':'critical','value':9}", "{'level':'unknown','value':null}", "unknown"},
	    {"{'level':'critical','value':9}", "{'level':'critical','value':6,'critical':'> 5%'}",
	        "better"},
	    {"{'level':'critical','value':6}", "{'level':'critical','value':9,'critical':'> 5%'}",
	        "worse"},
	    {"{'level':'critical','value':60}",
	        "{'level':'critical','value':80,'critical':'< 90%'}", "better"},
	    {"{'level':'critical','value':6}", "{'level':'critical','value':6.1,'critical':'> 5%'}",
	        "same"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *texts[2] = {mem_text(cases[i].before), mem_text(cases[i].after)};
		json_t *metrics[2];

		for (int k = 0; k < 2; k++) {
			for (char *at = texts[k]; *at; at++)
				if (*at == '\'')
					*at = '"';
			metrics[k] = json_loads(texts[k], 0, NULL);
			assert_non_null(metrics[k]);
		}
		assert_string_equal(metric_trend(metrics[0], metrics[1]), cases[i].trend);
		for (int k = 0; k < 2; k++) {
			json_decref(metrics[k]);
			free(texts[k]);
		}
	}
}

static void runbooks_in_runbooks_are_told_while_they_run(void **state)
{
	const char *const events[] = {RUN, STEP,
	    "{'type':'action.started','step':'s','action':'n','adapter':'runbook','effect':'read',"
	    "'command':'fsops run inner'}",
	    "{'type':'step.started','step':'n.x','title':'Inner','section':'steps',"
	    "'budget_seconds':60,'number':1,'of':1}",
	    "{'type':'action.started','step':'n.x','action':'i','adapter':'exec','effect':'read',"
	    "'command':'true'}",
	    "{'type':'action.finished','step':'n.x','action':'i','effect':'read','seconds':1,"
	    "'outcome':'passed'}",
	    NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "runbook: fsops run inner");
	says(text, "    step 1/1 Inner");
	says(text, "passed   i");
	free(text);
}

#define RESUMED                                                                                    \
	"{'type':'run.resumed','run':'ID','runbook':'r','title':'High error rate','platform':'p'," \
	"'severity':'critical','mode':'run','by':{'user':'bo\\u001bb','host':'h2'},'after':4,"     \
	"'torn':12,'changed':['step s: edited'],'interrupted':[{'step':'s','action':'b',"          \
	"'command':'do b'}]}"

/* What was open when the process died is not told as if it still ran, nor as if it had ended. */
static void a_run_that_is_gone_on_with(void **state)
{
	const char *const events[] = {RUN, STEP, START("b", "change"), RESUMED, STEP,
	    START("a", "read"), END("a", "passed"), STEP_END, RUN_END, NULL};
	char *text = tell_quoted(events, &(struct sink_options){0}, true);

	(void)state;
	says(text, "change: do b\n"
	           "03:04:05  run ID: High error rate (critical) on p\n"
	           "03:04:05    gone on with by bo\\x1bb@h2, after event 4; the line after it was "
	           "torn, and was cut off\n"
	           "03:04:05    changed since: step");
	says(text, "interrupted in step s, nobody knows how it ended: do b\n"
	           "03:04:05  step 1/2 Look");
	says_not(text, "passed   b");
	free(text);
	text = tell_quoted(events, &(struct sink_options){.quiet = true}, false);
	says(text, "nobody knows how it ended: do b");
	says(text, "changed since");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_run_in_plain_lines),
	    cmocka_unit_test(outputs_come_at_the_end_of_their_actions),
	    cmocka_unit_test(quiet_says_what_is_not_well),
	    cmocka_unit_test(quiet_says_what_was_changed_and_what_is_left),
	    cmocka_unit_test(what_people_were_told_is_told),
	    cmocka_unit_test(quiet_is_silent_about_mere_findings),
	    cmocka_unit_test(locks_that_changed_hands),
	    cmocka_unit_test(changes_that_began_are_listed_with_their_outcome),
	    cmocka_unit_test(a_run_that_stopped_says_why_below_its_last_line),
	    cmocka_unit_test(questions_to_people_say_what_is_asked),
	    cmocka_unit_test(long_outputs_are_cut_and_said_to_be),
	    cmocka_unit_test(what_the_engine_left_out_is_not_promised),
	    cmocka_unit_test(skipped_steps_say_why),
	    cmocka_unit_test(escapes_never_come_through),
	    cmocka_unit_test(what_is_left_is_listed),
	    cmocka_unit_test(metrics_before_and_after),
	    cmocka_unit_test(trends),
	    cmocka_unit_test(runbooks_in_runbooks_are_told_while_they_run),
	    cmocka_unit_test(a_run_that_is_gone_on_with),
	};

	return cmocka_run_group_tests_name("ui_story", tests, NULL, NULL);
}
