/* An action as lines of a shell script. Invariant: a command that is not a read stands only behind
 * a question, and values that are not known are asked for before the command that needs them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/template.h"
#include "fsops/value.h"
#include "sh_script.h"
#include "ui/safe.h"

/* A new secret is made by the script, too: nobody types or sees one. */
static bool make_secret(struct script *s, const struct sh_name *name)
{
	int bytes = 0;
	int len = 0;

	if (sscanf(name->expr, "random_base64(%d)%n", &bytes, &len) != 1 || !len || name->expr[len])
		return false;
	sh_line(s, "[ -n \"$%s\" ] || %s=$(openssl rand -base64 %d | tr -d '\\n')", name->name,
	    name->name, bytes);
	return true;
}

static void need_hole(void *ctx, const char *expr, size_t len)
{
	struct script *s = ctx;
	const struct sh_name *name = sh_name_of(&s->names, expr, len);
	struct buf question;

	if (name->env || make_secret(s, name))
		return;
	sh_use(s, HELPER_ASK);
	buf_init(&question, BUF_TEXT_MAX);
	buf_addf(&question, "the value of %s:", name->expr);
	for (int i = 0; i < s->depth; i++)
		buf_addc(s->out, '\t');
	buf_addf(s->out, "[ -n \"$%s\" ] || { ask ", name->name);
	buf_add_shell_word(s->out, question.data);
	buf_addf(s->out, " && %s=$answer; }\n", name->name);
	buf_release(&question);
}

/* A value that fsops would encode where it is put is asked for until it needs no encoding. */
static void need_plain(struct script *s, const json_t *plain)
{
	size_t i;
	json_t *item;

	json_array_foreach(plain, i, item) {
		const char *expr = value_get_text(item, "expr");
		const struct sh_name *name = sh_name_of(&s->names, expr, strlen(expr));
		struct buf question;

		sh_use(s, HELPER_PLAIN);
		sh_use(s, HELPER_ASK);
		buf_init(&question, BUF_TEXT_MAX);
		buf_addf(&question, "another value of %s, only of %s:", name->expr,
		    value_get_text(item, "plain"));
		for (int depth = 0; depth < s->depth; depth++)
			buf_addc(s->out, '\t');
		buf_addf(s->out, "until plain \"${%s%s}\" '%s'; do ask ", name->name,
		    name->env ? ":?" : "", value_get_text(item, "plain"));
		buf_add_shell_word(s->out, question.data);
		buf_addf(s->out, " && %s=$answer; done\n", name->name);
		buf_release(&question);
	}
}

static void add_captures(struct script *s, const struct action *action)
{
	for (size_t i = 0; i < action->capture_count; i++) {
		const struct capture *capture = &action->captures[i];
		const struct sh_name *name;

		sh_comment(s, "capture: ", capture->name);
		if (!sh_plan_wants(s->plan, capture->name))
			continue;
		name = sh_name_of(&s->names, capture->name, strlen(capture->name));
		sh_call(s, HELPER_ASK, "ask", "", "%s, that is %s:", capture->name,
		    capture->value.text);
		sh_line(s, "%s=$answer", name->name);
	}
}

/* Is it a request that must be answered with 2xx? curl's --fail only sees 400 and more. */
static bool is_request(const struct plan_action *item)
{
	static const char *const over_http[] = {"http", "prometheus"};

	for (size_t i = 0; i < COUNT_OF(over_http); i++)
		if (strcmp(item->action->adapter->name, over_http[i]) == 0)
			return true;
	return false;
}

/* The command as it is run: variables filled in, standard input in front. */
static char *command_text(struct script *s, const struct plan_action *item)
{
	const struct action *action = item->action;
	struct buf text;
	char *given = NULL;

	buf_init(&text, BUF_TEXT_MAX);
	if (action->stdin_text) {
		given =
		    redact_text(s->plan->redact, action->stdin_text, strlen(action->stdin_text));
		buf_adds(&text, "printf '%s' ");
		sh_add_text(&text, &s->names, given);
		buf_adds(&text, " | ");
		free(given);
	}
	/* What is looked at until a condition holds may fail before that. */
	if ((action->until.text && !action->look) || s->looking) {
		sh_use(s, HELPER_ANY);
		buf_adds(&text, "any ");
	} else if (action->judged_by_expect) {
		sh_use(s, HELPER_JUDGED);
		buf_adds(&text, "judged ");
	}
	if (is_request(item)) {
		sh_use(s, HELPER_REQUEST);
		buf_adds(&text, "request ");
	}
	if (action->adapter->literal)
		buf_adds(&text, item->command);
	else
		sh_add_command(&text, &s->names, item->command);
	return buf_detach(&text);
}

/* A list, a pipe or a subshell cannot be a helper's arguments: shown as text, and run as it is. */
static void add_complex(struct script *s, const struct plan_action *item, const char *command)
{
	static const char *const asked[] = {
	    NULL, "if confirm \"run this on $platform?\"; then", "if confirm_destroy; then"};
	bool read = item->effect == EFFECT_READ;
	struct buf word;

	sh_use(s, read                             ? HELPER_NOTE
	          : item->effect == EFFECT_DESTROY ? HELPER_DESTROY
	                                           : HELPER_CHANGE);
	sh_call(s, HELPER_SAY, "say", "", "$ %s", item->command);
	buf_init(&word, BUF_TEXT_MAX);
	buf_add_shell_word(&word, item->id);
	if (!read) {
		sh_line(s, "declined=y");
		sh_line(s, "%s", asked[item->effect == EFFECT_DESTROY ? 2 : 1]);
		s->depth++;
		sh_line(s, "declined=");
	}
	sh_line(s, command[0] == '(' ? "%s || %s %s" : "{ %s; } || %s %s", command,
	    read ? "note" : "stop", word.data);
	if (!read)
		sh_close(s, true, "fi");
	buf_release(&word);
}

/* The command as a helper's arguments: it shows, asks and runs. */
static void add_simple(struct script *s, const struct plan_action *item, const char *command)
{
	static const struct {
		enum helper helper;
		const char *name;
	} ways[] = {
	    [EFFECT_READ] = {HELPER_LOOK, "look"},
	    [EFFECT_CHANGE] = {HELPER_CHANGE, "change"},
	    [EFFECT_DESTROY] = {HELPER_DESTROY, "destroy"},
	};
	struct buf word;

	sh_use(s, ways[item->effect].helper);
	buf_init(&word, BUF_TEXT_MAX);
	buf_add_shell_word(&word, item->id);
	sh_line(s, "%s %s %s", ways[item->effect].name, word.data, command);
	buf_release(&word);
}

static void add_expectations(struct script *s, const struct action *action)
{
	for (size_t i = 0; i < action->expect_count; i++) {
		struct buf text;

		buf_init(&text, BUF_TEXT_MAX);
		plan_judged_text(action, action->expects[i].holds.text, i == 0, &text);
		sh_call(s, HELPER_SAY, "say", "", "expected: %s", text.data);
		buf_release(&text);
	}
}

static void add_run(struct script *s, const struct plan_action *item, const char *command)
{
	if (sh_is_simple(item->command) && !item->action->stdin_text)
		add_simple(s, item, command);
	else
		add_complex(s, item, command);
	add_expectations(s, item->action);
}

/* How long `hold_for` is: 0 when there is none, -1 when it is not known. */
static msec hold_for(const struct script *s, const struct action *action)
{
	msec span = action->hold_for;
	char *text = plan_hold_text(s->plan, action);

	if (text && clock_parse_span(text, &span) < 0)
		span = -1;
	free(text);
	return span;
}

/* Begin what is repeated: until a condition holds (asked), or for a time. */
static bool open_repeat(struct script *s, const struct action *action)
{
	msec span = hold_for(s, action);

	if (action->until.text) {
		sh_line(s, "while :; do");
	} else if (span > 0) {
		sh_line(s, "until=$(($(date +%%s) + %lld))", (long long)span / 1000);
		sh_line(s, "while [ \"$(date +%%s)\" -lt \"$until\" ]; do");
	} else if (span < 0) {
		sh_call(s, HELPER_CONFIRM, "while confirm", "; do", "look (again), to hold for %s?",
		    action->hold_for_text);
	} else {
		return false;
	}
	s->depth++;
	return true;
}

static void close_repeat(struct script *s, const struct action *action, bool opened)
{
	struct buf until;

	if (!opened)
		return;
	buf_init(&until, BUF_TEXT_MAX);
	if (action->until.text) {
		plan_judged_text(
		    action->look ? action->look : action, action->until.text, true, &until);
		sh_call(s, HELPER_CONFIRM, "if confirm", "; then break; fi",
		    "until %s: does it hold now?", until.data);
	}
	buf_release(&until);
	sh_line(s, "sleep %lld", action->every > 1000 ? (long long)action->every / 1000 : 1);
	sh_close(s, true, "done");
}

/* A text that a person is told, line by line. */
static void add_manual(struct script *s, const struct plan_action *item)
{
	const char *at = item->command;
	const char *end = at + strlen(at);
	const char *text;
	size_t len;

	sh_use(s, HELPER_WAIT);
	while (next_line(&at, end, &text, &len)) {
		char *copy = plan_manual_line(text, len);
		struct buf word;

		buf_init(&word, BUF_TEXT_MAX);
		sh_add_text(&word, &s->names, copy);
		sh_line(s, "by_hand %s", word.data);
		buf_release(&word);
		free(copy);
	}
}

/* Measuring metrics is running what measures each of them. */
void sh_add_metric(struct script *s, const struct metric *metric)
{
	struct plan_action item = {.action = &metric->source, .effect = EFFECT_READ};
	char *command;

	item.id = metric->name;
	item.command = plan_metric_command(s->plan, metric);
	sh_each_hole(item.command, need_hole, s);
	if (metric->source.stdin_text)
		sh_each_text_hole(metric->source.stdin_text, need_hole, s);
	command = command_text(s, &item);
	sh_comment(s, "metric ", metric->name);
	add_run(s, &item, command);
	if (metric->thresholds.baseline.text)
		sh_call(s, HELPER_SAY, "say", "", "expected: %s %s", metric->name,
		    metric->thresholds.baseline.text);
	free(command);
	free(item.command);
}

static void add_metrics(struct script *s, const struct plan_action *item)
{
	const struct platform *platform = s->plan->catalog->platform;

	for (size_t i = 0; i < platform->metric_count; i++)
		if (plan_action_measures(item, &platform->metrics[i]))
			sh_add_metric(s, &platform->metrics[i]);
}

static void add_nested(struct script *s, const struct plan *nested)
{
	sh_comment(s, "the steps of runbook ", nested->runbook->name);
	sh_add_steps(s, nested, SECTION_STEPS);
	sh_add_steps(s, nested, SECTION_RECOVERY);
	sh_add_steps(s, nested, SECTION_ALWAYS);
}

/* A secret is asked for, as `${NAME}` is; but only when the script has its name somewhere. */
static void export_secret(struct script *s, const char *name, const char *script)
{
	size_t len = strlen(name);

	if (!strstr(script, name))
		return;
	need_hole(s, name, len);
	sh_line(s, "export %s=\"$%s\"", name, sh_name_of(&s->names, name, len)->name);
}

/* For `shell`, whose script reads its variables from the environment. */
static void add_exports(struct script *s, const char *script)
{
	const char *name;
	json_t *value;

	json_object_foreach(s->plan->vars, name, value) {
		char *text = value_to_text(value);
		struct redact_seen seen = redact_look(s->plan->redact, text, strlen(text));
		struct buf word;

		buf_init(&word, BUF_TEXT_MAX);
		buf_add_shell_word(&word, text);
		if (seen.whole) /* its beginning may be that of any text */
			export_secret(s, name, script);
		else
			sh_line(s, "export %s=%s", name, word.data);
		buf_release(&word);
		free(text);
	}
}

/* A command of its own; the values that it needs are known by now. */
static void add_command(struct script *s, const struct plan_action *item)
{
	char *command = command_text(s, item);

	if (item->action->adapter->literal)
		add_exports(s, item->command);
	if (strstr(item->command, REDACT_MASK))
		sh_comment(
		    s, "", REDACT_MASK " stands for a secret that is not printed: put it in");
	add_run(s, item, command);
	free(command);
}

/* A change is made once; what is repeated is the look at it. */
static void add_look(struct script *s, const struct plan_action *item)
{
	const struct plan_action look = {.action = item->action->look,
	    .id = item->id,
	    .effect = EFFECT_READ,
	    .command = item->look};

	if (!look.action->adapter->literal)
		sh_each_hole(look.command, need_hole, s);
	need_plain(s, item->look_plain);
	s->looking = true;
	add_command(s, &look);
	s->looking = false;
}

static void add_body(struct script *s, const struct plan_action *item)
{
	bool repeated;

	if (item->nested) {
		add_nested(s, item->nested);
		return;
	}
	if (!item->action->adapter->literal)
		sh_each_hole(item->command, need_hole, s);
	if (item->action->stdin_text)
		sh_each_text_hole(item->action->stdin_text, need_hole, s);
	need_plain(s, item->plain);
	if (plan_action_manual(item)) {
		add_manual(s, item);
		return;
	}
	if (item->action->look) { /* of what was not made nothing is to be seen */
		add_command(s, item);
		sh_line(s, "if [ -z \"$declined\" ]; then");
		s->depth++;
	}
	repeated = open_repeat(s, item->action);
	if (item->action->look)
		add_look(s, item);
	else if (strcmp(item->action->adapter->name, "metrics") == 0)
		add_metrics(s, item);
	else
		add_command(s, item);
	close_repeat(s, item->action, repeated);
	sh_close(s, item->action->look, "fi");
}

/* What the engine would do by itself and a person must know. */
static void add_remarks(struct script *s, const struct action *action)
{
	char span[CLOCK_TEXT_MAX];

	sh_comment(s, "", action->title);
	if (action->timeout) {
		clock_format_span(action->timeout, span);
		sh_line(s, "# timeout %s", span);
	}
	if (action->retry_times) {
		clock_format_span(action->retry_every, span);
		sh_line(s, "# when it fails: %d more times, every %s", action->retry_times, span);
	}
}

void sh_add_action(struct script *s, const struct plan_action *item)
{
	const struct action *action = item->action;
	enum sh_when when;
	bool looping;

	sh_gap(s);
	sh_line(s, "# %s: %s", plan_action_tag(item), item->id);
	add_remarks(s, action);
	when = sh_open_when(s, &action->when);
	if (when == SH_WHEN_NEVER)
		return;
	looping = sh_open_loop(s, &action->for_each, action->as, item->items_at_once);
	add_body(s, item);
	add_captures(s, action);
	sh_close_loop(s, looping, action->as);
	sh_close(s, when == SH_WHEN_ASKED, "fi");
}
