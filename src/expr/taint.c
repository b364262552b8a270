/* Marks texts that a secret went into. Invariant: a text that is marked is known to the scope as a secret,
 * unless it is long: then it is once it leaves the evaluation. */
#include "taint.h"

#include "value.h"

/* A longer text is mostly looked at and thrown away (a log, in lower case, contains a word). */
#define KEPT_AT_ONCE 4096
#define NESTED_MAX   16

static bool is_text(const struct expr_value *value)
{
	return value->type == VALUE_STRING || value->type == VALUE_BYTES;
}

static struct expr_text text_of(const struct expr_value *value)
{
	return (struct expr_text){value->as.text.data, value->as.text.len, value->secret};
}

/* FN for each text in VALUE, also in lists and maps. Ends with the first -1. */
typedef int text_fn(struct calc *calc, const struct expr_value *text, void *ctx);

static int each_text(
    struct calc *calc, const struct expr_value *value, unsigned depth, text_fn *fn, void *ctx)
{
	struct cel_walk walk = {0};

	if (is_text(value))
		return fn(calc, value, ctx);
	if (depth == NESTED_MAX || calc_step(calc, 1) < 0)
		return depth == NESTED_MAX ? 0 : -1;
	for (size_t i = 0; value->type == VALUE_LIST && i < cel_count(value); i++) {
		struct expr_value item = cel_item(value, i);

		if (each_text(calc, &item, depth + 1, fn, ctx) < 0)
			return -1;
	}
	while (value->type == VALUE_MAP && cel_walk(value, &walk))
		if (each_text(calc, &walk.entry.value, depth + 1, fn, ctx) < 0)
			return -1;
	return 0;
}

/* ---- what it was made from ---- */

#define READ_PER_STEP 64 /* bytes: the masker is slower than a search */

struct texts {
	size_t bytes;
	struct expr_text *list; /* NULL: they are only counted */
	size_t count;
};

static int add_text(struct calc *calc, const struct expr_value *text, void *ctx)
{
	struct texts *texts = ctx;

	if (texts->list)
		texts->list[texts->count] = text_of(text);
	texts->count++;
	texts->bytes += texts->list ? text->as.text.len : 0;
	return texts->list ? calc_step_bytes(calc, text->as.text.len) : 0;
}

static int collect(
    struct calc *calc, const struct expr_value *args, size_t count, struct texts *texts)
{
	for (int pass = 0; pass < 2; pass++) {
		if (pass &&
		    !(texts->list = calc_alloc(calc, (texts->count + 1) * sizeof(*texts->list))))
			return -1;
		texts->count = 0;
		for (size_t i = 0; i < count; i++)
			if (each_text(calc, &args[i], 0, add_text, texts) < 0)
				return -1;
	}
	return 0;
}

/* ---- what was made ---- */

static int keep(struct calc *calc, const struct expr_value *text)
{
	struct expr_text kept = text_of(text);

	if (calc->scope->keep(calc->scope->ctx, &kept) < 0)
		return calc_fail(calc,
		    "a text of %zu bytes that a secret went into cannot be masked",
		    text->as.text.len);
	return 0;
}

static int judge(struct calc *calc, const struct texts *from, struct expr_value *made)
{
	struct expr_text text = text_of(made);

	if (calc_step(calc, (from->bytes + text.len) / READ_PER_STEP) < 0)
		return -1;
	if (!made->secret &&
	    !calc->scope->derived(calc->scope->ctx, from->list, from->count, &text))
		return 0;
	made->secret = true;
	return made->as.text.len <= KEPT_AT_ONCE ? keep(calc, made) : 0;
}

/* The parts of a list that was just made: nobody else knows it. */
static int judge_items(struct calc *calc, const struct texts *from, struct expr_value *made)
{
	if (made->json)
		return 0;
	for (size_t i = 0; made->type == VALUE_LIST && i < made->as.list->count; i++) {
		struct expr_value *item = (struct expr_value *)&made->as.list->items[i];

		if (is_text(item) && judge(calc, from, item) < 0)
			return -1;
	}
	for (size_t i = 0; made->type == VALUE_MAP && i < made->as.map->count; i++) {
		struct expr_value *item = (struct expr_value *)&made->as.map->entries[i].value;

		if (is_text(item) && judge(calc, from, item) < 0)
			return -1;
	}
	return 0;
}

/* A list that was made of lists holds the same texts as they. */
static bool takes_text(const struct expr_value *args, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_text(&args[i]))
			return true;
	return false;
}

/* Most texts have nothing to hide: they are read once, however many were made of them. */
static bool may_taint(struct calc *calc, const struct texts *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (from->list[i].secret || calc->scope->holds(calc->scope->ctx, &from->list[i]))
			return true;
	return false;
}

int taint_made(
    struct calc *calc, const struct expr_value *args, size_t count, struct expr_value *out)
{
	bool list = out->type == VALUE_LIST || out->type == VALUE_MAP;
	struct texts from = {0};

	if (!calc->scope || !calc->scope->derived ||
	    !(is_text(out) || (list && takes_text(args, count))))
		return 0;
	if (collect(calc, args, count, &from) < 0)
		return -1;
	if (calc_step(calc, from.bytes / READ_PER_STEP) < 0)
		return -1;
	if (!out->secret && !may_taint(calc, &from))
		return 0;
	return list ? judge_items(calc, &from, out) : judge(calc, &from, out);
}

static int keep_long(struct calc *calc, const struct expr_value *text, void *ctx)
{
	(void)ctx;
	return text->secret && text->as.text.len > KEPT_AT_ONCE ? keep(calc, text) : 0;
}

int taint_taken(struct calc *calc, const struct expr_value *value)
{
	if (!calc->scope || !calc->scope->derived || value->json)
		return 0;
	return each_text(calc, value, 0, keep_long, NULL);
}
