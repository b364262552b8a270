/* Fills in the paths of files that are written. Invariant: what a value adds stays inside the name that it is
 * a part of, so that the folder is the one that the runbook's author, or who runs it, wrote. */
#include "path.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/template.h"
#include "fsops/value.h"

/* ---- who says what a name is ---- */

static bool has_var(const struct var *vars, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(vars[i].name, name) == 0)
			return true;
	return false;
}

static bool same(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

/* Does the action give NAME a value of its own? */
static bool action_sets(const struct action *action, const char *name)
{
	for (size_t i = 0; i < action->capture_count; i++)
		if (same(action->captures[i].name, name))
			return true;
	return action->for_each.expr && same(action->as, name);
}

static bool step_sets(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->action_count; i++)
		if (action_sets(&step->actions[i], name))
			return true;
	return step->for_each.expr && same(step->as, name);
}

static bool runbook_sets(const struct runbook *runbook, const char *name)
{
	for (size_t s = 0; s < SECTION_COUNT; s++)
		for (size_t i = 0; i < runbook->sections[s].count; i++)
			if (step_sets(&runbook->sections[s].items[i], name))
				return true;
	return false;
}

/* A runbook inside another has from that one what may have been captured there. */
static bool is_handed_down(const struct plan *plan, const char *name)
{
	json_t *given;
	size_t i;

	if (!plan->nested)
		return false;
	json_array_foreach(json_object_get(plan->chosen, "given"), i, given)
		if (same(json_string_value(given), name))
			return true;
	return false;
}

static bool people_say(const struct plan *plan, const char *name)
{
	const struct platform *platform = plan->catalog->platform;
	const struct runbook *runbook = plan->runbook;

	if (runbook_sets(runbook, name) || is_handed_down(plan, name))
		return false;
	return strcmp(name, "env") == 0 || has_var(runbook->vars, runbook->var_count, name) ||
	       has_var(platform->vars, platform->var_count, name);
}

struct saying {
	const struct plan *plan;
	bool people;
};

static void note_root(void *ctx, const char *const *parts, size_t count)
{
	struct saying *saying = ctx;

	saying->people = saying->people && count && people_say(saying->plan, parts[0]);
}

static bool expression_is_peoples(const struct plan *plan, const char *text, size_t len)
{
	struct saying saying = {plan, plan != NULL};
	struct expr_error error;
	struct expr *expr = plan ? expr_compile(text, len, NULL, &error) : NULL;

	if (!expr)
		return false;
	expr_each_path(expr, note_root, &saying);
	expr_free(expr);
	return saying.people;
}

/* ---- filling ---- */

struct filling {
	const struct expander *expander;
	struct buf out;
	size_t fixed;
	bool filled;  /* something was filled in, after which nothing is fixed */
	bool open;    /* the name at the end of OUT has something of that */
	bool holed;   /* it has something that was filled in, be it a folder */
	bool unknown; /* it has what is not known yet */
	struct err *err;
};

/* The name at the end of OUT is whole. */
static int end_name(struct filling *filling)
{
	const char *slash = strrchr(filling->out.data, '/');
	const char *name = slash ? slash + 1 : filling->out.data;
	bool known = filling->holed && !filling->unknown;
	/* An empty folder in front would make `${folder}/x` a path from the root. */
	bool missing = known && !*name && (filling->open || !filling->out.len);
	bool wrong = known && filling->open && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0);

	filling->open = filling->holed = filling->unknown = false;
	if (missing)
		return err_set(filling->err, ERR_INPUT,
		    "an empty value was filled in where the name of a file or folder is meant%s%s",
		    *filling->out.data ? ", after " : "", filling->out.data);
	if (wrong)
		return err_set(filling->err, ERR_INPUT,
		    "the value '%s' was filled in where the name of a file is meant", name);
	return 0;
}

static int too_long(struct filling *filling)
{
	return err_set(filling->err, ERR_LIMIT, "the path is too long");
}

static int add_text(struct filling *filling, const char *text)
{
	return buf_adds(&filling->out, text) < 0 ? too_long(filling) : 0;
}

static int add_literal(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;
	const char *end = text + len;

	for (; text < end; text++) {
		if (*text == '/' && end_name(filling) < 0)
			return -1;
		if (buf_add(&filling->out, text, 1) < 0)
			return too_long(filling);
		if (*text == '/' && !filling->filled)
			filling->fixed = filling->out.len;
	}
	return 0;
}

static int not_a_name(const struct filling *filling, const char *text)
{
	return err_set(filling->err, ERR_INPUT,
	    "the value '%s' was filled in as a part of the path '%s…': it must be (part of) one "
	    "name, without '/' (X.substring(X.lastIndexOf(\"/\") + 1) is the last name of X)",
	    text, filling->out.data);
}

static int add_value(struct filling *filling, const json_t *value, bool folder)
{
	char *text = value_to_text(value);
	int result = 0;

	if (folder && *text)
		result = add_literal(filling, text, strlen(text));
	else if (strchr(text, '/') ||
	         (json_is_string(value) && strlen(text) != json_string_length(value)))
		result = not_a_name(filling, text);
	else
		result = add_text(filling, text);
	free(text);
	return result;
}

static int add_hole(void *ctx, const char *text, size_t len)
{
	struct filling *filling = ctx;
	char *template = mem_printf("${%.*s}", (int)len, text);
	json_t *asked = json_string(template);
	json_t *value = expand_json(filling->expander, asked, filling->err);
	bool known =
	    value && !(filling->expander->mode == EXPAND_KNOWN && json_equal(value, asked));
	bool folder = !filling->out.len && !filling->filled &&
	              expression_is_peoples(filling->expander->plan, text, len);
	int result = -1;

	if (value && !known)
		result = add_text(filling, template);
	else if (value)
		result = add_value(filling, value, folder);
	filling->filled = filling->filled || !known || !folder;
	filling->open = filling->open || !folder;
	filling->holed = true;
	filling->unknown = filling->unknown || !known;
	json_decref(value);
	json_decref(asked);
	free(template);
	return result;
}

char *path_fill(
    const struct expander *expander, const char *template, size_t *fixed, struct err *err)
{
	struct filling filling = {.expander = expander, .err = err};
	char *path = NULL;

	buf_init(&filling.out, BUF_TEXT_MAX);
	buf_adds(&filling.out, "");
	if (template_each(template, add_literal, add_hole, &filling) == 0 &&
	    end_name(&filling) == 0)
		path = buf_detach(&filling.out);
	*fixed = filling.filled ? filling.fixed : SIZE_MAX;
	buf_release(&filling.out);
	return path;
}
