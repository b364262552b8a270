/*
 * The rules on what is written: numbers that are meant as text, and holes that nobody fills.
 *
 * Invariant: of numbers only what is written without quotes is spoken of, and only where its form or its name
 * says that nobody counts with it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/plain.h"
#include "fsops/template.h"
#include "fsops/value.h"
#include "lint.h"

/* Digits of a digest that is long enough to be one. */
#define DIGEST_MIN 7

static bool is_leading_zero(const char *text)
{
	return text[0] == '0' && text[1] && text[strspn(text, "0123456789")] == '\0';
}

/* 3.10, 1.20.0 is no number. Not 0.50: that is a share. */
static bool is_trailing_zero(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t len = strlen(text);

	return whole && text[0] != '0' && text[whole] == '.' && len - whole > 2 &&
	       text[len - 1] == '0' &&
	       text[whole + 1 + strspn(text + whole + 1, "0123456789")] == '\0';
}

/* 915785e5: a digest of digits and one e. */
static bool is_digest(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return strlen(text) >= DIGEST_MIN && digits &&
	       (text[digits] == 'e' || text[digits] == 'E') &&
	       isdigit((unsigned char)text[digits + 1]) &&
	       text[digits + 1 + strspn(text + digits + 1, "0123456789")] == '\0';
}

/* 3.9 of something that is called a version. */
static bool is_version(const char *text, const char *name)
{
	static const char *const parts[] = {"version", "release", "tag", "revision", "image"};

	for (size_t i = 0; name && i < COUNT_OF(parts); i++)
		if (strcasestr(name, parts[i]))
			return strchr(text, '.') != NULL;
	return false;
}

static void say(struct lint *lint, const struct node *node, const char *name, bool sent)
{
	json_t *number = node->style == NODE_PLAIN ? plain_number(node->text) : NULL;
	char *text = number ? value_to_text(number) : NULL;

	if (number && (is_leading_zero(node->text) || is_trailing_zero(node->text) ||
	                  is_digest(node->text) || is_version(node->text, name)))
		lint_say(lint, node->pos,
		    sent ? "%s is sent as the number %s: write \"%s\", in quotes, if it is a text"
		         : "without quotes %s is also the number %s, and another value must be a "
		           "number, too: write \"%s\" if it is a text",
		    node->text, text, node->text);
	free(text);
	json_decref(number);
}

/* SENT: as YAML reads it, in the body of a request. NAME is the key that it stands under. */
static void look(struct lint *lint, const struct node *node, const char *name, bool sent)
{
	if (!node)
		return;
	if (node->kind == NODE_SCALAR)
		say(lint, node, name, sent);
	for (size_t i = 0; i < node->count; i++)
		look(lint, node->items[i], node->keys ? node->keys[i]->text : name, sent);
}

static void look_at_vars(struct lint *lint, const struct var *vars, size_t count)
{
	for (size_t i = 0; i < count; i++)
		look(lint, vars[i].node, vars[i].name, false);
}

void lint_number_platform(struct lint *lint)
{
	look_at_vars(lint, lint->catalog->platform->vars, lint->catalog->platform->var_count);
}

void lint_number_runbook(struct lint *lint)
{
	look_at_vars(lint, lint->runbook->vars, lint->runbook->var_count);
}

void lint_number_action(struct lint *lint)
{
	const struct action *action = lint->action;

	if (strcmp(action->adapter->name, "http") == 0)
		look(lint, node_get(action->args_node, "json"), NULL, true);
	else
		look(lint, node_get(action->args_node, "vars"), NULL, false);
}

/* A step is named before anything of it is known, in the plan, the history and the question of --from. */
void lint_step_title(struct lint *lint)
{
	const struct node *title = node_get(lint->step->node, "step");

	if (title && title->text && template_any(title->text))
		lint_say(lint, title->pos,
		    "a step's title is shown as it stands: '${…}' is filled in only in the 'title' "
		    "of an action");
}
