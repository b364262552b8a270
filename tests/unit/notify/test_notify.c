/* What is sent to each kind of channel, for any message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fsops/channel.h"
#include "fsops/mem.h"
#include "fsops/value.h"
#include "notify/kinds.h"
#include "notify/notice_text.h"

static json_t *parse(const char *text)
{
	char *json = mem_text(text);
	json_t *value;

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	value = json_loads(json, 0, NULL);
	assert_non_null(value);
	free(json);
	return value;
}

/* The letter of a channel for a message, its `${…}` filled in. NAMES: what they may name. */
static json_t *letter_of(const char *kind, const char *config, const json_t *message)
{
	static const char env[] =
	    "{'env':{'KEY':'secret-key-1','EMPTY':''},'links':{},'contacts':{}}";
	json_t *names = parse(env);
	struct platform platform = {.name = "p"};
	struct channel channel = {
	    .name = "c", .kind = channel_kind_find(kind), .config = parse(config)};
	struct channel_names with = {.platform = &platform, .names = names, .redact = redact_new()};
	struct err err = {0};
	json_t *letter = channel_letter(&with, &channel, message, &err);

	if (!letter)
		letter = json_pack("{s:s, s:i}", "error", err.text, "kind", err.kind);
	json_decref(channel.config);
	json_decref(names);
	redact_free(with.redact);
	return letter;
}

static json_t *message(const char *title, const char *text)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s}", "event", "failed",
	    "action", "trigger", "title", title, "text", text, "run", "R-1", "runbook", "book",
	    "platform", "p", "level", "critical", "exit", "rid", "u-u-i-d");
}

static void check_letter(
    const char *kind, const char *config, const char *action, const char *wanted)
{
	json_t *said = message("Down", "a <b> & c");
	json_t *expected = parse(wanted);
	json_t *letter;
	const char *key;
	json_t *value;

	json_object_set_new(said, "action", json_string(action));
	letter = letter_of(kind, config, said);
	json_object_foreach(expected, key, value) {
		json_t *got = json_object_get(letter, key);
		json_t *body =
		    json_is_object(value) ? parse(json_string_value(got)) : json_incref(got);

		if (!json_equal(body, value)) {
			json_dumpf(letter, stderr, JSON_INDENT(1));
			fail_msg("%s: %s", kind, key);
		}
		json_decref(body);
	}
	json_decref(letter);
	json_decref(expected);
	json_decref(said);
}

static void each_kind_writes_its_letter(void **state)
{
	(void)state;
	check_letter("slack", "{'webhook':'https://h/${env.KEY}'}", "trigger",
	    "{'method':'POST','url':'https://h/secret-key-1',"
	    "'body':{'text':'*Down*\\na &lt;b&gt; &amp; c'}}");
	check_letter("pagerduty", "{'routing_key':'${env.KEY}'}", "trigger",
	    "{'url':'https://events.pagerduty.com/v2/enqueue','body':{'routing_key':'secret-key-1',"
	    "'event_action':'trigger','dedup_key':'R-1','payload':{'summary':'Down','source':'p',"
	    "'severity':'critical','custom_details':{'text':'a <b> & c','runbook':'book',"
	    "'run':'R-1','event':'failed'}}}}");
	check_letter("pagerduty", "{'routing_key':'k','url':'http://x/'}", "resolve",
	    "{'url':'http://x/',"
	    "'body':{'routing_key':'k','event_action':'resolve','dedup_key':'R-1'}}");
	check_letter("ping", "{'url':'https://hc/abc/?x=1'}", "trigger",
	    "{'url':'https://hc/abc/log?x=1&rid=u-u-i-d','body':'a <b> & c'}");
	check_letter("webhook", "{'url':'http://x','headers':{'X-Key':'${env.KEY}'}}", "trigger",
	    "{'headers':['Content-Type: application/json','X-Key: secret-key-1']}");
}

static void a_template_keeps_types_and_places(void **state)
{
	json_t *said = message("\"}],\"x\":[{\"", "line\nbreak \"quote\" \\ \x01 é");
	json_t *letter = letter_of("webhook",
	    "{'url':'http://x','method':'PUT','json':{'incident':{'name':'${message.title}',"
	    "'body':'${message.text}!','open':'${message.action == \\u0022trigger\\u0022}',"
	    "'level':3,'none':null,'tags':['${message.level}','$${x}','${run.id}']}}}",
	    said);
	json_t *body = json_loads(value_get_text(letter, "body"), 0, NULL);
	json_t *incident = json_object_get(body, "incident");

	(void)state;
	assert_non_null(incident);
	assert_int_equal(json_object_size(body), 1);
	assert_int_equal(json_object_size(incident), 6);
	assert_string_equal(value_get_text(incident, "name"), value_get_text(said, "title"));
	assert_string_equal(value_get_text(incident, "body"), "line\nbreak \"quote\" \\ \x01 é!");
	assert_true(json_is_true(json_object_get(incident, "open")));
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(incident, "tags"), 1)), "${x}");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(incident, "tags"), 2)), "R-1");
	json_decref(body);
	json_decref(letter);
	json_decref(said);
}

/* Whatever is said, the body is JSON and each text in it is what was said. */
static void no_text_breaks_out_of_a_template(void **state)
{
	static const char bits[] = "\"\\{}[]$:,\n\r\t \x01\x7f<&>=?%'abc\xc3\xa9";
	unsigned seed = 4711;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[64];
		size_t len = 0;
		json_t *said, *letter, *body, *name;

		while (len < (size_t)round % 40) {
			seed = seed * 1103515245 + 12345;
			text[len++] = bits[(seed >> 16) % (sizeof(bits) - 1)];
		}
		text[len] = '\0';
		value_clean(text);
		said = message(text, text);
		letter = letter_of("webhook",
		    "{'url':'http://x','json':{'a':['${message.title}','-${message.text}-']}}",
		    said);
		body = json_loads(value_get_text(letter, "body"), 0, NULL);
		name = json_array_get(json_object_get(body, "a"), 0);
		assert_string_equal(json_string_value(name), text);
		assert_int_equal(json_array_size(json_object_get(body, "a")), 2);
		json_decref(body);
		json_decref(letter);
		json_decref(said);
	}
}

static void what_is_not_set_is_named(void **state)
{
	json_t *said = message("t", "x");
	json_t *letter = letter_of("slack", "{'webhook':'${env.NOPE}'}", said);

	(void)state;
	assert_string_equal(value_get_text(letter, "error"), "not configured: NOPE is not set");
	json_decref(letter);
	letter = letter_of("slack", "{'webhook':'https://x/${env.EMPTY}'}", said);
	assert_string_equal(value_get_text(letter, "error"), "not configured: EMPTY is not set");
	json_decref(letter);
	letter = letter_of("webhook", "{'url':'http://x','headers':{'A':'${message.text}'}}", said);
	assert_null(value_get_text(letter, "error"));
	json_decref(letter);
	json_object_set_new(said, "text", json_string("a\r\nEvil: yes"));
	letter = letter_of("webhook", "{'url':'http://x','headers':{'A':'${message.text}'}}", said);
	assert_string_equal(
	    value_get_text(letter, "error"), "the header 'A' has a line break in it");
	json_decref(letter);
	json_decref(said);
}

/* ---- mail ---- */

static void no_title_makes_a_header(void **state)
{
	static const char *const titles[] = {"plain", "a\r\nBcc: evil@x.org", "é and more",
	    "=?utf-8?Q?x?=",
	    "a long title, which goes on and on so that it does not fit into one line of a mail as "
	    "it is"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(titles); i++) {
		json_t *said = message(titles[i], "a\n.\n..x\nBcc: y\n");
		json_t *letter = letter_of("mail",
		    "{'smtp':'smtp://h','from':'a@x.org','to':['b@x.org','c@x.org']}", said);
		const char *text = value_get_text(letter, "body");
		const char *end = strstr(text, "\r\n\r\n");

		assert_non_null(end);
		for (const char *line = text; line < end; line = strstr(line, "\r\n") + 2) {
			assert_true(strstr(line, "\r\n") - line <= 78);
			assert_false(strncmp(line, "Bcc:", 4) == 0);
		}
		assert_non_null(strstr(text, "To: b@x.org,\r\n c@x.org\r\n"));
		json_decref(letter);
		json_decref(said);
	}
}

static void addresses_are_bare(void **state)
{
	static const char *const bad[] = {
	    "", "a", "a@", "@x", "a@x\r\nBcc: c@x", "<a@x>", "a b@x", "a@x>", "A <a@x.org>"};

	(void)state;
	assert_true(mail_is_address("ops+night@example.org"));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(mail_is_address(bad[i]));
}

/* ---- what is said of events ---- */

static void a_step_that_failed_is_told_once_with_all_that_did(void **state)
{
	static const char *const events[] = {
	    "{'type':'run.started','run':'R','runbook':'b','title':'T','severity':'warning'}",
	    "{'type':'step.started','step':'s','title':'Step'}",
	    "{'type':'action.finished','step':'s','action':'a','outcome':'failed','why':'no','"
	    "severity':'info'}",
	    "{'type':'action.finished','step':'s','action':'b','outcome':'failed','why':'worse',"
	    "'severity':'warning'}",
	    "{'type':'step.started','step':'s/in','title':'Inner'}",
	    "{'type':'action.finished','step':'s/in','action':'c','outcome':'timed_out'}",
	};
	struct notice_run run;
	json_t *said, *event;

	(void)state;
	notice_run_init(&run, "p");
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		event = parse(events[i]);
		notice_run_learn(&run, event);
		json_decref(event);
	}
	event = parse("{'type':'step.finished','step':'s','outcome':'failed','time':'now'}");
	said = notice_message(&run, "failed", "trigger", event);
	assert_string_equal(value_get_text(said, "title"), "T on p: step 'Step' failed");
	assert_string_equal(value_get_text(said, "text"), "b: worse\nc: timed_out\nrun R");
	assert_string_equal(value_get_text(said, "level"), "critical");
	assert_string_equal(value_get_text(said, "severity"), "warning");
	assert_int_equal(strlen(value_get_text(said, "rid")), 36);
	json_decref(said);
	json_decref(event);
	notice_run_release(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_writes_its_letter),
	    cmocka_unit_test(a_template_keeps_types_and_places),
	    cmocka_unit_test(no_text_breaks_out_of_a_template),
	    cmocka_unit_test(what_is_not_set_is_named),
	    cmocka_unit_test(no_title_makes_a_header),
	    cmocka_unit_test(addresses_are_bare),
	    cmocka_unit_test(a_step_that_failed_is_told_once_with_all_that_did),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
