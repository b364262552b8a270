/* Unknown values as shell variables. Invariant: a variable is always inside double quotes, and
 * literal text always inside single ones, so that neither can become anything but itself. */
#include "sh_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/text.h"

#define NAME_LEN_MAX 40

void sh_names_release(struct sh_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->items[i].expr);
		free(names->items[i].name);
	}
	free(names->items);
	*names = (struct sh_names){0};
}

/* Lower-case names that mean nothing to a shell or to the script itself may stay as they are. */
static bool plain_name(const char *name)
{
	static const char *const taken[] = {"answer", "failed", "stopping", "name", "word", "until",
	    "status", "path", "platform", "tunnels", "opened", "heard", "port", "tries"};

	if (!*name || !(islower((unsigned char)*name) || *name == '_') || name[1] == '\0')
		return false;
	for (const char *at = name; *at; at++)
		if (!islower((unsigned char)*at) && !isdigit((unsigned char)*at) && *at != '_')
			return false;
	for (size_t i = 0; i < COUNT_OF(taken); i++)
		if (strcmp(taken[i], name) == 0)
			return false;
	return true;
}

/* "results.pods.json.items[0]" → "v_results_pods_json_items_0" */
static char *made_name(const char *expr)
{
	struct buf name;

	buf_init(&name, BUF_TEXT_MAX);
	buf_adds(&name, "v_");
	for (; *expr && name.len < NAME_LEN_MAX; expr++) {
		if (isalnum((unsigned char)*expr))
			buf_addc(&name, (char)tolower((unsigned char)*expr));
		else if (name.data[name.len - 1] != '_')
			buf_addc(&name, '_');
	}
	while (name.len > 2 && name.data[name.len - 1] == '_')
		name.data[--name.len] = '\0';
	return buf_detach(&name);
}

static bool name_taken(const struct sh_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i].name, name) == 0)
			return true;
	return false;
}

static bool env_name(const char *expr)
{
	if (strncmp(expr, "env.", 4) != 0 || !(isalpha((unsigned char)expr[4]) || expr[4] == '_'))
		return false;
	for (const char *at = expr + 4; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	return true;
}

static char *choose_name(const struct sh_names *names, const char *expr)
{
	char *name = plain_name(expr) ? mem_text(expr) : made_name(expr);
	size_t number = 2;

	while (name_taken(names, name)) {
		char *next = mem_printf("%.*s_%zu", NAME_LEN_MAX, name, number++);

		free(name);
		name = next;
	}
	return name;
}

const struct sh_name *sh_name_of(struct sh_names *names, const char *expr, size_t len)
{
	struct sh_name *item;
	char *text;

	while (len && isspace((unsigned char)*expr)) {
		expr++;
		len--;
	}
	while (len && isspace((unsigned char)expr[len - 1]))
		len--;
	for (size_t i = 0; i < names->count; i++)
		if (strlen(names->items[i].expr) == len &&
		    strncmp(names->items[i].expr, expr, len) == 0)
			return &names->items[i];
	text = mem_textn(expr, len);
	MEM_PUSH_ROOM(names->items, names->count);
	item = &names->items[names->count];
	*item = (struct sh_name){.expr = text, .env = env_name(text)};
	item->name = item->env ? mem_text(text + 4) : choose_name(names, text);
	names->count++;
	return item;
}

/* Walks a command: where it stands, and in which quotes. */
struct walker {
	struct buf *out; /* or NULL: only look */
	struct sh_names *names;
	sh_hole_fn *fn;
	void *ctx;
	bool doubled; /* inside "…" */
};

static void put(struct walker *w, const char *text, size_t len)
{
	if (w->out)
		buf_add(w->out, text, len);
}

static void hole(struct walker *w, const char *template, size_t len)
{
	const struct sh_name *name;

	if (w->fn)
		w->fn(w->ctx, template + 2, len - 3);
	if (!w->out)
		return;
	name = sh_name_of(w->names, template + 2, len - 3);
	buf_addf(w->out, w->doubled ? "${%s%s}" : "\"${%s%s}\"", name->name, name->env ? ":?" : "");
}

static void literal(struct walker *w, const char *text, size_t len)
{
	char *copy;

	if (!len || !w->out)
		return;
	copy = mem_textn(text, len);
	buf_add_shell_word(w->out, copy);
	free(copy);
}

/* One word's text: literal pieces quoted, holes as variables. */
static void word(struct walker *w, const char *text)
{
	const char *from = text;
	const char *at = text;

	if (!*text && w->out)
		buf_adds(w->out, "''");
	while (*at) {
		size_t len = at[0] == '$' && at[1] == '{' ? text_template_len(at) : 0;

		if (!len) {
			at++;
			continue;
		}
		literal(w, from, (size_t)(at - from));
		hole(w, at, len);
		at += len;
		from = at;
	}
	literal(w, from, (size_t)(at - from));
}

/* '…', with every '\'' in it: its text. Returns what follows. */
static const char *take_quoted(const char *at, struct buf *text)
{
	at++;
	while (*at) {
		if (*at == '\'' && strncmp(at, "'\\''", 4) == 0) {
			buf_addc(text, '\'');
			at += 4;
		} else if (*at == '\'') {
			return at + 1;
		} else {
			buf_addc(text, *at++);
		}
	}
	return at;
}

static const char *step(struct walker *w, const char *at)
{
	struct buf text;
	size_t len;

	if (*at == '\'' && !w->doubled) {
		buf_init(&text, BUF_TEXT_MAX);
		at = take_quoted(at, &text);
		word(w, text.data);
		buf_release(&text);
		return at;
	}
	len = at[0] == '$' && at[1] == '{' ? text_template_len(at) : 0;
	if (len) {
		hole(w, at, len);
		return at + len;
	}
	if (*at == '"')
		w->doubled = !w->doubled;
	len = *at == '\\' && at[1] ? 2 : 1;
	put(w, at, len);
	return at + len;
}

void sh_add_command(struct buf *out, struct sh_names *names, const char *command)
{
	struct walker w = {.out = out, .names = names};

	while (*command)
		command = step(&w, command);
}

void sh_add_text(struct buf *out, struct sh_names *names, const char *text)
{
	struct walker w = {.out = out, .names = names};

	word(&w, text);
}

void sh_each_hole(const char *command, sh_hole_fn *fn, void *ctx)
{
	struct walker w = {.fn = fn, .ctx = ctx};

	while (*command)
		command = step(&w, command);
}

void sh_each_text_hole(const char *text, sh_hole_fn *fn, void *ctx)
{
	struct walker w = {.fn = fn, .ctx = ctx};

	word(&w, text);
}

bool sh_is_simple(const char *command)
{
	size_t name =
	    strspn(command, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	struct buf text;

	/* "NAME=VALUE COMMAND" is for the shell alone. */
	if (name && command[name] == '=')
		return false;
	buf_init(&text, BUF_TEXT_MAX);
	while (*command && !strchr("|&;<>()#\n`\"", *command)) {
		if (*command == '\'')
			command = take_quoted(command, &text);
		else
			command++;
	}
	buf_release(&text);
	return *command == '\0';
}
