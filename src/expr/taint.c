/* Marks texts that a secret went into. Invariant: a text that is marked is known to the scope as a secret,
 * unless it is long: then it is once it leaves the evaluation. */
#include "taint.h"

#include "show.h"
#include "value.h"

/* A longer text is mostly looked at and thrown away (a log, in lower case, contains a word). */
#define KEPT_AT_ONCE 4096

/* ---- the texts of a value ---- */

/* TEXT is what VALUE is, or says of itself. */
typedef int text_fn(
    struct calc *calc, struct expr_value *value, const struct expr_text *text, void *ctx);

/* What FN is called for. It ends with the first -1. */
struct reader {
	struct calc *calc;
	text_fn *fn;
	void *ctx;
	bool json; /* also for the texts of JSON: they bear no mark, and are not made here */
};

static int each_text(const struct reader *r, struct expr_value *value);

static int no_text(const struct reader *r, struct expr_value *value)
{
	(void)r;
	(void)value;
	return 0;
}

static int own_text(const struct reader *r, struct expr_value *value)
{
	struct expr_text text = {
	    value->as.text.data, value->as.text.len, value->secret, value->literal};

	return r->fn(r->calc, value, &text, r->ctx);
}

/* What string() makes of it: all that can be had of it is in there, or a number. */
static int shown_text(const struct reader *r, struct expr_value *value)
{
	struct expr_value shown;
	struct expr_text text;
	struct buf buf;

	calc_buf(&buf);
	show_value(&buf, value);
	if (calc_take(r->calc, &buf, VALUE_STRING, &shown) < 0)
		return -1;
	text = (struct expr_text){
	    .data = shown.as.text.data, .len = shown.as.text.len, .secret = value->secret};
	return r->fn(r->calc, value, &text, r->ctx);
}

static int texts_of_list(const struct reader *r, struct expr_value *value)
{
	if (value->json && !r->json)
		return 0;
	if (calc_step(r->calc, 1) < 0)
		return -1;
	for (size_t i = 0; i < cel_count(value); i++) {
		struct expr_value item = cel_item(value, i);

		if (each_text(r,
		        value->json ? &item : (struct expr_value *)&value->as.list->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int texts_of_map(const struct reader *r, struct expr_value *value)
{
	struct cel_walk walk = {0};

	if (value->json && !r->json)
		return 0;
	if (calc_step(r->calc, 1) < 0)
		return -1;
	while (cel_walk(value, &walk)) {
		struct value_entry *entry = &walk.entry;

		if (!value->json)
			entry = (struct value_entry *)&value->as.map->entries[walk.index - 1];
		if (each_text(r, &entry->key) < 0 || each_text(r, &entry->value) < 0)
			return -1;
	}
	return 0;
}

static int texts_of_optional(const struct reader *r, struct expr_value *value)
{
	if (!value->as.inner)
		return 0;
	return calc_step(r->calc, 1) < 0 ? -1 : each_text(r, (struct expr_value *)value->as.inner);
}

typedef int texts_fn(const struct reader *r, struct expr_value *value);

/* Where the texts of each type are. */
static const struct {
	texts_fn *each;
	bool holder; /* they are those of other values */
} carriers[VALUE_TYPES] = {
    [VALUE_NULL] = {no_text, false},
    [VALUE_BOOL] = {no_text, false},
    [VALUE_INT] = {no_text, false},
    [VALUE_UINT] = {no_text, false},
    [VALUE_DOUBLE] = {no_text, false},
    [VALUE_STRING] = {own_text, false},
    [VALUE_BYTES] = {own_text, false},
    [VALUE_LIST] = {texts_of_list, true},
    [VALUE_MAP] = {texts_of_map, true},
    [VALUE_TIMESTAMP] = {no_text, false},
    [VALUE_DURATION] = {no_text, false},
    [VALUE_TYPE] = {no_text, false},
    [VALUE_QUANTITY] = {shown_text, false},
    [VALUE_OPTIONAL] = {texts_of_optional, true},
    [VALUE_IP] = {shown_text, false},
    [VALUE_CIDR] = {shown_text, false},
    [VALUE_URL] = {shown_text, false},
    [VALUE_FORMAT] = {no_text, false},
    [VALUE_SEMVER] = {shown_text, false},
};

static int each_text(const struct reader *r, struct expr_value *value)
{
	return carriers[value->type].each(r, value);
}

static bool is_text(const struct expr_value *value)
{
	return carriers[value->type].each != no_text && !carriers[value->type].holder;
}

/* ---- what it was made from ---- */

#define READ_PER_STEP 64 /* bytes: the masker is slower than a search */

struct texts {
	size_t bytes;
	struct expr_text *list; /* NULL: they are only counted */
	size_t count;
};

static int add_text(
    struct calc *calc, struct expr_value *value, const struct expr_text *text, void *ctx)
{
	struct texts *texts = ctx;

	(void)value;
	if (texts->list)
		texts->list[texts->count] = *text;
	texts->count++;
	texts->bytes += texts->list ? text->len : 0;
	return texts->list ? calc_step_bytes(calc, text->len) : 0;
}

static int collect(
    struct calc *calc, const struct expr_value *args, size_t count, struct texts *texts)
{
	const struct reader reader = {calc, add_text, texts, true};

	for (int pass = 0; pass < 2; pass++) {
		if (pass &&
		    !(texts->list = calc_alloc(calc, (texts->count + 1) * sizeof(*texts->list))))
			return -1;
		texts->count = 0;
		for (size_t i = 0; i < count; i++)
			if (each_text(&reader, (struct expr_value *)&args[i]) < 0)
				return -1;
	}
	return 0;
}

/* ---- what was made ---- */

static int keep(struct calc *calc, const struct expr_text *text)
{
	if (calc->scope->keep(calc->scope->ctx, text) < 0)
		return calc_fail(calc,
		    "a text of %zu bytes that a secret went into cannot be masked", text->len);
	return 0;
}

/* The value is new, and so are the lists that it is in: nobody else knows it. */
static int judge(
    struct calc *calc, struct expr_value *value, const struct expr_text *text, void *ctx)
{
	const struct texts *from = ctx;

	if (calc_step(calc, (from->bytes + text->len) / READ_PER_STEP) < 0)
		return -1;
	if (!value->secret &&
	    !calc->scope->derived(calc->scope->ctx, from->list, from->count, text))
		return 0;
	value->secret = true;
	return text->len <= KEPT_AT_ONCE ? keep(calc, text) : 0;
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
	struct texts from = {0};
	const struct reader reader = {calc, judge, &from, false};

	if (!calc->scope || !calc->scope->derived ||
	    !(is_text(out) || (carriers[out->type].holder && takes_text(args, count))))
		return 0;
	if (collect(calc, args, count, &from) < 0)
		return -1;
	if (calc_step(calc, from.bytes / READ_PER_STEP) < 0)
		return -1;
	if (!out->secret && !may_taint(calc, &from))
		return 0;
	return each_text(&reader, out);
}

static int keep_long(
    struct calc *calc, struct expr_value *value, const struct expr_text *text, void *ctx)
{
	(void)value;
	(void)ctx;
	return text->secret && text->len > KEPT_AT_ONCE ? keep(calc, text) : 0;
}

int taint_taken(struct calc *calc, const struct expr_value *value)
{
	const struct reader reader = {calc, keep_long, NULL, false};

	if (!calc->scope || !calc->scope->derived)
		return 0;
	return each_text(&reader, (struct expr_value *)value);
}
