/* Digits that hold text are read as a text of their own, at every offset. Invariant: the view of a phase that is awake
 * was given every byte of it since its text began; that of another one has nothing begun. */
#include "private.h"

/* So many bytes in a row that are ASCII may be text: fewer are so by chance. */
#define WAKE_BYTES 4
/* What came since it was asked before belongs to the text. */
#define BACK_BYTES (WAKE_BYTES + 3)

/* UTF-8 without control characters but those of a terminal, byte by byte. MORE are the bytes that are still due. */
static bool is_text(uint8_t *more, uint8_t c)
{
	if (*more) {
		--*more;
		return (c & 0xC0) == 0x80;
	}
	if (c < 0x80)
		return (c >= ' ' && c < 0x7F) || c == '\n' || c == '\r' || c == '\t' || c == '\b' ||
		       c == 0x1B;
	*more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
	return c >= 0xC2 && c <= 0xF4;
}

static bool is_ascii(uint8_t c)
{
	return c >= ' ' && c < 0x7F;
}

/* Whether each of four bytes is from ' ' to DEL. */
static bool may_be_text(uint64_t bits)
{
	return !(bits & 0x80808080) && ((bits >> 5 | bits >> 6) & 0x01010101) == 0x01010101;
}

static unsigned phase_at(const struct digits *digits, unsigned after)
{
	return ((digits->width * (unsigned)digits->count - after) & 7) / 2;
}

static void let_go(struct digits *digits, unsigned phase)
{
	digits->texts &= ~(1U << phase);
	view_end(digits->inner[phase]);
}

static void push(
    struct digits *digits, const struct searching *searching, unsigned phase, unsigned after)
{
	struct piece piece = digits_byte(digits, after);

	if (!digits->inner[phase])
		digits->inner[phase] = view_new(searching, digits->levels);
	if (is_text(&digits->more[phase], piece.byte))
		view_push(digits->inner[phase], &piece);
	else
		let_go(digits, phase);
}

/* COUNT bytes, the last of which ends AFTER bits before the end. */
static void wake(
    struct digits *digits, const struct searching *searching, unsigned after, unsigned count)
{
	unsigned phase = phase_at(digits, after);

	digits->texts |= 1U << phase;
	digits->more[phase] = 0;
	while (count--)
		push(digits, searching, phase, after + 8 * count);
}

/* How many bytes before the end are text, when there are WAKE_BYTES of them. */
static unsigned text_before(const struct digits *digits, unsigned after)
{
	size_t there = (digits->width * digits->count - after) / 8;
	unsigned count = WAKE_BYTES;

	if (there < WAKE_BYTES || !may_be_text(digits->bits >> after))
		return 0;
	while (count < BACK_BYTES && count < there &&
	       is_ascii((uint8_t)(digits->bits >> (after + 8 * count))))
		count++;
	return count;
}

/* All that there is from the first digit on may be text that is no ASCII. */
static bool begins_with_text(const struct digits *digits)
{
	uint8_t more = 0;

	for (unsigned after = digits->width * TEXT_DIGITS; after; after -= 8)
		if (!is_text(&more, (uint8_t)(digits->bits >> (after - 8))))
			return false;
	return true;
}

static void ask(struct digits *digits, const struct searching *searching)
{
	if (digits->count == TEXT_DIGITS && begins_with_text(digits))
		wake(digits, searching, 0, digits->width * TEXT_DIGITS / 8);
	for (unsigned after = 0; after < 8; after += digits->width == 4 ? 4 : 2) {
		unsigned count =
		    digits->texts & 1U << phase_at(digits, after) ? 0 : text_before(digits, after);

		if (count)
			wake(digits, searching, after, count);
	}
}

void texts_step(struct digits *digits, const struct searching *searching)
{
	if (!digits->levels)
		return;
	for (unsigned after = 0; after < digits->width; after += digits->width == 4 ? 4 : 2) {
		unsigned phase = phase_at(digits, after);

		if (digits->texts & 1U << phase)
			push(digits, searching, phase, after);
	}
	if (digits->count >= TEXT_DIGITS && digits->count % TEXT_EACH == 0)
		ask(digits, searching);
}

void texts_end(struct digits *digits)
{
	for (unsigned i = 0; digits->texts; i++)
		if (digits->texts & 1U << i)
			let_go(digits, i);
}

size_t texts_undecided(const struct digits *digits)
{
	size_t most = (8 - 2 + 8 * BACK_BYTES) / digits->width + 1;

	if (!digits->levels)
		return 0;
	return digits->count < most ? digits->count : most;
}

size_t texts_start(const struct digits *digits, size_t none)
{
	for (unsigned i = 0; i < DIGIT_PHASES; i++)
		if (digits->texts & 1U << i)
			none = view_start(digits->inner[i], none);
	return none;
}

void texts_finish(struct digits *digits, size_t end)
{
	for (unsigned i = 0; i < DIGIT_PHASES; i++)
		if (digits->texts & 1U << i)
			view_finish(digits->inner[i], end);
	digits->texts = 0;
}

void texts_release(struct digits *digits)
{
	for (unsigned i = 0; i < DIGIT_PHASES; i++)
		view_free(digits->inner[i]);
}
