/* Takes apart a text with `${…}`, for the adapter that puts it together. Invariant: the adapter is told of every
 * value who says it. */
#include "embed.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/mem.h"
#include "fsops/plan.h"
#include "fsops/template.h"
#include "fsops/text.h"
#include "fsops/value.h"
#include "people.h"

struct pieces {
	const struct expander *expander;
	struct embed_piece *items;
	size_t count;
	struct err *err;
};

/* TEXT is owned by the list. */
static void add(struct pieces *pieces, struct embed_piece piece)
{
	MEM_PUSH_ROOM(pieces->items, pieces->count);
	pieces->items[pieces->count++] = piece;
}

static int add_literal(void *ctx, const char *text, size_t len)
{
	add(ctx, (struct embed_piece){EMBED_WRITTEN, mem_textn(text, len), .known = true});
	return 0;
}

/* The plan of a runbook inside another has a variable whose value is not known yet as that one's `${…}`. */
static bool is_still_open(const struct expander *expander, const char *text)
{
	return expander->mode == EXPAND_KNOWN && expander->plan && expander->plan->nested &&
	       strstr(text, "${");
}

static int add_hole(void *ctx, const char *text, size_t len)
{
	struct pieces *pieces = ctx;
	bool said = people_say(pieces->expander, text, len);
	bool known;
	json_t *value = expand_hole(pieces->expander, text, len, &known, pieces->err);
	char *plain;

	if (!value)
		return -1;
	plain = value_to_text(value);
	add(pieces, (struct embed_piece){.from = said ? EMBED_SAID : EMBED_FOUND,
	                .text = plain,
	                .known = known && !is_still_open(pieces->expander, plain),
	                .number = json_is_number(value)});
	json_decref(value);
	return 0;
}

/* The expression TEXT may be of PLAIN alone; once is enough. */
static void add_plain(json_t **list, const char *text, size_t len, const char *plain)
{
	json_t *item = json_pack("{s:s%, s:s}", "expr", text, len, "plain", plain);

	*list = *list ? *list : json_array();
	for (size_t i = 0; i < json_array_size(*list); i++) {
		if (!json_equal(json_array_get(*list, i), item))
			continue;
		json_decref(item);
		return;
	}
	json_array_append_new(*list, item);
}

/* What each `${…}` of a piece that is not known may hold. */
static void note_plain(const struct embed_piece *piece, json_t **list)
{
	const char *at = piece->text;

	while (list && piece->plain && (at = strstr(at, "${"))) {
		size_t len = text_template_len(at);

		if (!len)
			return;
		add_plain(list, at + 2, len - 3, piece->plain);
		at += len;
	}
}

static json_t *embed(
    struct pieces *pieces, const struct adapter *adapter, json_t **plain, struct err *err)
{
	struct buf out;
	json_t *filled = NULL;

	buf_init(&out, BUF_TEXT_MAX);
	if (adapter->embed(pieces->items, pieces->count, &out, err) == 0) {
		for (size_t i = 0; i < pieces->count; i++)
			note_plain(&pieces->items[i], plain);
		filled = value_text(out.data, out.len);
	} else {
		err_prefix(err, "%s", adapter->name);
	}
	if (out.full) {
		json_decref(filled);
		filled = NULL;
		err_set(err, ERR_LIMIT, "a text grew over %d bytes", BUF_TEXT_MAX);
	}
	buf_release(&out);
	return filled;
}

/* TEMPLATE as a text; a new reference or NULL. */
static json_t *fill(const struct expander *expander, const struct adapter *adapter,
    const char *template, json_t **plain, struct err *err)
{
	struct pieces pieces = {.expander = expander, .err = err};
	json_t *filled = NULL;

	if (template_each(template, add_literal, add_hole, &pieces) == 0)
		filled = embed(&pieces, adapter, plain, err);
	for (size_t i = 0; i < pieces.count; i++)
		free((char *)pieces.items[i].text);
	free(pieces.items);
	return filled;
}

json_t *embed_args(const struct expander *expander, const struct adapter *adapter,
    const json_t *args, json_t **plain, struct err *err)
{
	const char *template = adapter->embeds ? value_get_text(args, adapter->embeds) : NULL;
	json_t *others, *filled, *whole;

	if (!template || !template_any(template))
		return expand_json(expander, args, err);
	others = json_copy((json_t *)args);
	json_object_set_new(others, adapter->embeds, json_null());
	whole = expand_json(expander, others, err);
	json_decref(others);
	filled = whole ? fill(expander, adapter, template, plain, err) : NULL;
	if (filled) {
		json_object_set_new(whole, adapter->embeds, filled);
		return whole;
	}
	json_decref(whole);
	return NULL;
}
