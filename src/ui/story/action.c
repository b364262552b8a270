/* A run told in lines: actions and what they printed. Invariant: an action is told once, when it
 * has ended; a change is told also when it begins. */
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "story.h"
#include "ui/safe.h"

#define HEAD_LINES   5  /* of a read that passed: what it is, and … */
#define TAIL_LINES   5  /* … what it came to */
#define FAILED_HEAD  10 /* of what failed, and … */
#define FAILED_TAIL  30 /* … its end, where the reason stands */
#define KEEP         ((size_t)64 * 1024)
#define KEEP_VERBOSE ((size_t)4 * 1024 * 1024)
#define LINES_ALL    ((size_t)-1 / 4)
/* So much of it waits for what may be shown early. */
#define SAID_MAX        ((size_t)64 * 1024)
#define SAID_PIECES_MAX 200
#define LINE_LEN_MAX    4096 /* of one line of output in a log */

void story_action_free(struct story_action *action)
{
	if (!action)
		return;
	free(action->key);
	free(action->round);
	free(action->label);
	free(action->command);
	free(action->adapter);
	kept_release(&action->output);
	json_decref(action->said);
	json_decref(action->metrics);
	json_decref(action->looks);
	free(action);
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Where the present event's action stands; or action_count. */
static size_t find(const struct story *story)
{
	char *key = story_key(story->event);
	size_t i;

	for (i = 0; i < story->action_count; i++)
		if (same(story->actions[i]->key, key))
			break;
	free(key);
	return i;
}

static struct story_action *find_action(const struct story *story)
{
	size_t i = find(story);

	return i < story->action_count ? story->actions[i] : NULL;
}

static enum effect effect_of(const json_t *event)
{
	const char *name = value_get_text(event, "effect");

	if (same(name, "destroy"))
		return EFFECT_DESTROY;
	return same(name, "change") ? EFFECT_CHANGE : EFFECT_READ;
}

/* Its title, or its id; an id made from the step's is said better by the step's title. */
char *story_action_label(const json_t *action, const char *unnamed)
{
	const char *title = value_get_text(action, "title");
	const char *id = value_get_text(action, "action");
	const char *label = title ? title : id ? id : unnamed;
	json_t *item = json_object_get(action, "item");
	char *text, *both;

	if (!item)
		return mem_text(label);
	text = value_to_text(item);
	both = mem_printf("%s [%.60s]", label, text);
	free(text);
	return both;
}

/* The only action of a step is called as the step is. */
static char *label_of(const struct story *story, const json_t *event)
{
	const struct story_step *step = story->depth ? &story->steps[story->depth - 1] : NULL;
	bool only = step && !value_get_text(event, "title") &&
	            same(value_get_text(event, "action"), step->id);
	json_t *named;
	char *label;

	if (!only)
		return story_action_label(event, "");
	named = json_pack("{s:s?}", "title", step->title);
	json_object_set(named, "item", json_object_get(event, "item"));
	label = story_action_label(named, "");
	json_decref(named);
	return label;
}

static struct story_action *action_new(struct story *story)
{
	const json_t *event = story->event;
	struct story_action *action = mem_alloc(sizeof(*action));

	action->key = story_key(event);
	action->round = story_round_key(event);
	action->label = label_of(story, event);
	action->command = mem_text(value_get_text(event, "command"));
	action->adapter = mem_text(value_get_text(event, "adapter"));
	action->effect = effect_of(event);
	action->number = (int)value_get_number(event, "number", 0);
	action->depth = story->depth;
	action->metrics = json_object();
	action->looks = json_object();
	action->bad_before = story->bad.len;
	action->said = json_array();
	kept_init(&action->output, story->options.verbose ? KEEP_VERBOSE : KEEP);
	return action;
}

/* One that waited for another's result begins later than those declared behind it. */
static void put_in(struct story *story, struct story_action *action)
{
	size_t i;

	MEM_PUSH_ROOM(story->actions, story->action_count);
	for (i = story->action_count++; i > 0; i--) {
		const struct story_action *before = story->actions[i - 1];

		if (!same(before->round, action->round) || before->number <= action->number)
			break;
		story->actions[i] = story->actions[i - 1];
	}
	story->actions[i] = action; /* transferred */
}

/* How far in an action's line stands. */
static int depth_of(const struct story_action *action)
{
	return action->depth > 0 ? 2 * action->depth - 1 : 1;
}

static void add_command(struct story *story, struct buf *out, const char *command, int used)
{
	const struct look *look = &story->options.look;

	look_on(out, look, ROLE_DIM);
	safe_add_cut(
	    out, command, strlen(command), look->width ? look->width - used : 0, look->utf8);
	look_off(out, look, ROLE_DIM);
}

/* What others wait for, or what changes something, is said when it begins. */
static void tell_begin(struct story *story, struct buf *out, const struct story_action *action)
{
	bool asked = story->asked && !story->times;

	story->asked = false;
	if (story->options.quiet || asked)
		return;
	story_line(story, out, depth_of(action));
	look_add(out, &story->options.look, role_of_effect(action->effect),
	    same(action->adapter, "runbook") ? "runbook" : effect_name(action->effect));
	buf_adds(out, ": ");
	safe_adds(out, action->command ? action->command : action->label);
	buf_addc(out, '\n');
}

void story_action_started(struct story *story, struct buf *out)
{
	int attempt = (int)value_get_number(story->event, "attempt", 1);
	struct story_action *action;

	if (!story->options.quiet)
		story_need_header(story, out);
	if (attempt > 1 && find_action(story))
		return;
	story_settle(story);
	action = action_new(story);
	action->begun = true;
	put_in(story, action);
	if (action->effect != EFFECT_READ || same(action->adapter, "runbook"))
		tell_begin(story, out, action);
}

/* The engine's own line for what it left out in the middle; -v cannot show that. */
static size_t left_out_in(const char *text)
{
	static const char begin[] = "\n… ", end[] = " bytes left out …\n";
	size_t sum = 0;

	while ((text = strstr(text, begin))) {
		char *after;
		unsigned long long count = strtoull(text += sizeof(begin) - 1, &after, 10);

		if (strncmp(after, end, sizeof(end) - 1) == 0)
			sum += count;
	}
	return sum;
}

/* What was shown while it ran is not shown once more. */
static void keep_piece(struct story_action *action, const json_t *event, size_t early)
{
	json_t *text = json_object_get(event, "text");
	size_t len = json_string_length(text);
	bool is_error = same(value_get_text(event, "stream"), "stderr");
	size_t skip = is_error && early > action->errors ? early - action->errors : 0;

	if (skip > len)
		skip = len;
	if (is_error)
		action->errors += len;
	kept_add(&action->output, is_error ? 2 : 1, json_string_value(text) + skip, len - skip);
}

static void keep_said(const struct story *story, struct story_action *action, const json_t *event)
{
	char *key = story_key(event);
	size_t early = (size_t)json_integer_value(json_object_get(story->early, key));
	size_t i;
	json_t *piece;

	json_array_foreach(action->said, i, piece)
		keep_piece(action, piece, early);
	json_array_clear(action->said);
	action->said_bytes = 0;
	free(key);
}

void story_action_output(struct story *story, struct buf *out)
{
	struct story_action *action = find_action(story);
	json_t *text = json_object_get(story->event, "text");

	(void)out;
	if (!action || !json_is_string(text))
		return;
	action->left_out += left_out_in(json_string_value(text));
	json_array_append(action->said, (json_t *)story->event);
	action->said_bytes += json_string_length(text);
	if (action->said_bytes > SAID_MAX || json_array_size(action->said) > SAID_PIECES_MAX)
		keep_said(story, action, story->event);
}

static void note_look(struct story_action *action, const char *name, json_t *value)
{
	json_t *values = json_object_get(action->looks, name);

	if (!values) {
		values = json_array();
		json_object_set_new(action->looks, name, values);
	}
	if (json_array_size(values) == LOOKS_MAX)
		json_array_remove(values, 0);
	if (value)
		json_array_append(values, value);
	else
		json_array_append_new(values, json_null());
}

void story_action_metric(struct story *story, const json_t *metric)
{
	struct story_action *action = find_action(story);
	const char *name = value_get_text(metric, "name");

	if (!action || !name)
		return;
	json_object_set(action->metrics, name, (json_t *)metric);
	note_look(action, name, json_object_get(metric, "value"));
}

/* Showing kept lines. */
struct shower {
	struct story *story;
	struct buf *out;
	int depth;
	bool cut;        /* lines may be cut to the width */
	bool all;        /* -v was given: there is no more to see */
	bool json;       /* the lines are for programs */
	size_t left_out; /* bytes that nothing can show */
};

static void show_line(void *ctx, const char *line, size_t len)
{
	const struct shower *s = ctx;
	const struct look *look = &s->story->options.look;
	int width = s->cut && look->width ? look->width - 2 * s->depth - 3 : 0;

	story_more(s->story, s->out, s->depth);
	look_on(s->out, look, ROLE_DIM);
	buf_adds(s->out, look->utf8 ? "│ " : "| ");
	look_off(s->out, look, ROLE_DIM);
	safe_add_cut(s->out, line, len < LINE_LEN_MAX ? len : LINE_LEN_MAX, width, look->utf8);
	if (len > LINE_LEN_MAX && !width)
		buf_addf(s->out, " ... %zu more bytes", len - LINE_LEN_MAX);
	buf_addc(s->out, '\n');
}

static void show_gap(void *ctx, size_t lines)
{
	const struct shower *s = ctx;
	const struct look *look = &s->story->options.look;

	story_more(s->story, s->out, s->depth);
	look_on(s->out, look, ROLE_DIM);
	buf_addf(s->out, "%s %zu %sline%s%s%s", look->utf8 ? "…" : "...", lines,
	    s->json ? "" : "more ", lines == 1 ? "" : "s", s->json ? " of JSON" : "",
	    s->all || s->left_out ? "" : " (-v shows all)");
	if (s->left_out && !s->all)
		buf_addf(
		    s->out, " (-v shows more, but not %zu bytes that were left out)", s->left_out);
	look_off(s->out, look, ROLE_DIM);
	buf_addc(s->out, '\n');
}

void story_show_lines(
    struct story *story, struct buf *out, const struct kept *kept, int depth, size_t lines)
{
	struct shower s = {story, out, depth, false, false, false, 0};

	kept_walk(kept, lines, lines, show_line, show_gap, &s);
}

static void show_output(
    struct story *story, struct buf *out, const struct story_action *action, bool bad)
{
	bool verbose = story->options.verbose;
	bool json = kept_is_json(&action->output) && kept_lines(&action->output) > 1;
	struct shower s = {
	    story, out, depth_of(action) + 2, !bad && !verbose, verbose, json, action->left_out};
	size_t head = bad ? FAILED_HEAD : HEAD_LINES;
	size_t tail = bad ? FAILED_TAIL : TAIL_LINES;

	/* A document for programs says nothing to a person in its first ten lines. */
	if (json && !verbose)
		head = tail = 0;
	if (verbose)
		head = LINES_ALL;
	kept_walk(&action->output, head, tail, show_line, show_gap, &s);
}

/* A read that may fail: `severity: info`. It is a finding, nothing to worry about. */
static bool only_info(const struct story_action *action)
{
	const char *severity = value_get_text(action->finished, "severity");

	return action->effect == EFFECT_READ && same(severity, "info");
}

/* A failed read's severity tells how bad it is. */
static enum role role_of_end(const struct story_action *action, const struct outcome_look *end)
{
	const char *severity = value_get_text(action->finished, "severity");

	if (!end->bad || !severity || action->effect != EFFECT_READ)
		return end->role;
	return role_of_level(level_of(severity));
}

static void add_outcome(struct story *story, struct buf *out, const struct story_action *action,
    const struct outcome_look *end, enum role role)
{
	const struct look *look = &story->options.look;
	bool info = end->bad && only_info(action);

	look_on(out, look, role);
	if (story->times || !look->utf8)
		buf_addf(out, "%-8s ", info ? "not so" : end->word);
	else
		buf_addf(out, "%s ", end->symbol);
	look_off(out, look, role);
}

static void add_times(
    struct buf *out, const struct story_action *action, bool severe, const struct outcome_look *end)
{
	const char *severity = value_get_text(action->finished, "severity");
	int attempts = (int)value_get_number(action->finished, "attempts", 1);

	if (!json_object_get(action->finished, "seconds") || strcmp(end->word, "skipped") == 0)
		return;
	buf_adds(out, " (");
	if (severe && severity && strcmp(severity, "critical") != 0)
		buf_addf(out, "%s, ", severity);
	story_add_seconds(out, action->finished, "seconds");
	if (attempts > 1)
		buf_addf(out, ", %d attempts", attempts);
	buf_addc(out, ')');
}

/* Why it was skipped is a condition, which may be long: a line of it will do. */
static void show_why(struct story *story, struct buf *out, const struct story_action *action,
    const struct outcome_look *end, enum role role)
{
	const struct look *look = &story->options.look;
	const char *why = value_get_text(action->finished, "why");
	int width = look->width - 2 * (depth_of(action) + 1);

	if (!why || !*why)
		return;
	if (end->bad || story->options.verbose) {
		story_fold(story, out, depth_of(action) + 1, end->bad ? role : ROLE_DIM, why);
		return;
	}
	story_more(story, out, depth_of(action) + 1);
	look_on(out, look, ROLE_DIM);
	safe_add_cut(out, why, strlen(why), look->width ? width : 0, look->utf8);
	look_off(out, look, ROLE_DIM);
	buf_addc(out, '\n');
}

/* What failed has no file of its name; what came of it lies beside that. */
static void show_part(struct story *story, struct buf *out, const struct story_action *action)
{
	const json_t *saved = json_object_get(action->finished, "saved");
	char *text;

	if (!json_is_false(json_object_get(saved, "complete")))
		return;
	text = mem_printf("the output is not whole, kept as %s", value_get_text(saved, "path"));
	story_fold(story, out, depth_of(action) + 1, ROLE_PLAIN, text);
	free(text);
}

static void tell_end(struct story *story, struct buf *out, const struct story_action *action)
{
	const struct outcome_look *end = outcome_find(value_get_text(action->finished, "outcome"));
	enum role role = role_of_end(action, end);
	size_t start = out->len;
	bool nested = same(action->adapter, "runbook");
	bool manual = same(action->adapter, "manual");

	story_line(story, out, depth_of(action));
	add_outcome(story, out, action, end, role);
	safe_adds(out, action->label);
	add_times(out, action, end->bad && action->effect == EFFECT_READ, end);
	if (action->command && !nested && !manual) {
		buf_adds(out, "  ");
		if (end->bad)
			safe_adds(out, action->command);
		else
			add_command(story, out, action->command,
			    look_width(out->data + start, out->len - start));
	}
	buf_addc(out, '\n');
	show_why(story, out, action, end, role);
	show_part(story, out, action);
	if (!nested)
		show_output(story, out, action, end->bad);
}

static void tell_metrics(struct story *story, struct buf *out, const struct story_action *action)
{
	json_t *list = json_array();
	const char *name;
	json_t *metric;

	json_object_foreach(action->metrics, name, metric) {
		json_array_append(list, metric);
	}
	if (json_array_size(list))
		story_metrics_list(story, out, list, depth_of(action) + 2);
	json_decref(list);
}

void story_remember_change(
    struct story *story, const char *command, const struct outcome_look *end, bool begun)
{
	int len = (int)strcspn(command, "\n");

	if (end->role == ROLE_OK)
		buf_addf(&story->changed, "%.*s\n", len, command);
	else if (begun && end->bad && strcmp(end->word, "REFUSED") != 0)
		buf_addf(&story->begun, "%s: %.*s\n", end->word, len, command);
}

static void remember_change(
    struct story *story, const struct story_action *action, const struct outcome_look *end)
{
	if (action->effect != EFFECT_READ && !same(action->adapter, "runbook") &&
	    !json_is_true(json_object_get(action->finished, "undone")))
		story_remember_change(
		    story, action->command ? action->command : action->label, end, action->begun);
}

void story_actions_open(struct story *story)
{
	for (size_t i = 0; i < story->action_count; i++)
		remember_change(story, story->actions[i], outcome_find("interrupted"));
}

void story_remember_bad(struct story *story, const char *label, const char *why)
{
	buf_addf(&story->bad, "%s%s%.*s\n", label, why ? ": " : "",
	    why ? (int)strcspn(why, "\n") : 0, why ? why : "");
}

/* For the end of the run: what was changed, and what was not well. */
static void remember(
    struct story *story, const struct story_action *action, const struct outcome_look *end)
{
	const char *why = value_get_text(action->finished, "why");
	bool nested = same(action->adapter, "runbook");

	remember_change(story, action, end);
	if (!end->bad || only_info(action))
		return;
	if (nested && story->bad.len > action->bad_before) /* why is told by what is inside */
		return;
	story_remember_bad(story, action->label, why);
}

static void tell_action(struct story *story, struct buf *out, const struct story_action *action)
{
	const struct outcome_look *end = outcome_find(value_get_text(action->finished, "outcome"));

	remember(story, action, end);
	if (story->options.quiet && (!end->bad || only_info(action)))
		return;
	story_need_header(story, out);
	for (int i = 0; end->bad && !only_info(action) && i < story->depth; i++)
		story->steps[i].bad_told = true;
	tell_end(story, out, action);
	tell_metrics(story, out, action);
}

static struct story_action *take_out(struct story *story, size_t i)
{
	struct story_action *action = story->actions[i];

	memmove(&story->actions[i], &story->actions[i + 1],
	    (story->action_count - i - 1) * sizeof(*story->actions));
	story->action_count--;
	return action; /* transferred */
}

void story_action_finished(struct story *story, struct buf *out)
{
	size_t i = find(story);
	/* Skipped or refused: it may have ended without having begun. */
	struct story_action *action =
	    i < story->action_count ? take_out(story, i) : action_new(story);

	action->finished = story->event;
	keep_said(story, action, story->event);
	if (same(value_get_text(story->event, "outcome"), "passed"))
		story_settle(story);
	tell_action(story, out, action);
	story_action_free(action);
}
