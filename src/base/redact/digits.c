/* Digits of base64 and hex, read as bytes at every offset. Invariant: `bits` ends with the last digit, and
 * the finder of each phase that is awake has been given every byte since it woke. */
#include "private.h"

#include <string.h>

/* A line of so many digits may have been wrapped: its newline is none of the text. */
#define WRAPPED_MIN 32
/* Between two bytes in hex: ", 0x". */
#define HEX_GAP_MAX 8
/* Two bytes that begin in the last so many digits are not known yet. */
#define UNDECIDED 3

/* clang-format off */
const int8_t redact_base64[256] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
    -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
    -1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

const int8_t redact_hex[256] = {
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
    -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};
/* clang-format on */

void digits_init(struct digits *digits, unsigned width, unsigned levels)
{
	*digits = (struct digits){.width = width, .levels = levels};
	for (size_t i = 0; i < DIGIT_PHASES; i++)
		finder_init(&digits->phases[i]);
}

void digits_release(struct digits *digits)
{
	texts_release(digits);
	for (size_t i = 0; i < DIGIT_PHASES; i++)
		finder_release(&digits->phases[i]);
}

void digits_reset(struct digits *digits)
{
	digits->slash = digits->zero = false;
	if (!digits->count)
		return;
	texts_end(digits);
	digits->count = digits->line = digits->gap = 0;
	digits->newline = false;
	digits->awake = 0;
}

/* Where the digit stands that is BACK digits before the last. */
static const struct mask *place_of(const struct digits *digits, unsigned back)
{
	return &digits->recent[(digits->count - 1 - back) % DIGIT_RECENT];
}

struct piece digits_byte(const struct digits *digits, unsigned after)
{
	return (struct piece){
	    .byte = (uint8_t)(digits->bits >> after),
	    .start = place_of(digits, (after + 7) / digits->width)->start,
	    .end = place_of(digits, after / digits->width)->end,
	};
}

static void feed(
    struct digits *digits, const struct searching *searching, unsigned phase, unsigned after)
{
	struct finder *finder = &digits->phases[phase];
	struct piece piece = digits_byte(digits, after);

	if (finder_step(finder, searching, &piece))
		digits->found = piece.end;
	if (finder->at || searching->needles->first[finder->previous])
		digits->awake |= 1U << phase;
	else
		digits->awake &= ~(1U << phase);
}

/* The byte that ends AFTER bits before the end, and the one before it if it wakes the finder. */
static inline void step_phase(
    struct digits *digits, const struct searching *searching, unsigned after)
{
	unsigned phase = ((digits->width * (unsigned)digits->count - after) & 7) / 2;
	unsigned pair = digits->bits >> after & 0xFFFF;

	if (digits->awake & 1U << phase) {
		feed(digits, searching, phase, after);
	} else if (searching->needles->wakes[pair >> 3] & 1U << (pair & 7) &&
	           digits->width * digits->count >= after + 16) {
		finder_sleep(&digits->phases[phase]);
		feed(digits, searching, phase, after + 8);
		feed(digits, searching, phase, after);
	}
}

static void add_digit(
    struct digits *digits, const struct searching *searching, unsigned value, struct mask place)
{
	digits->bits = digits->bits << digits->width | value;
	digits->recent[digits->count++ % DIGIT_RECENT] = place;
	digits->line++;
	digits->gap = 0;
	digits->newline = false;
	step_phase(digits, searching, 0);
	if (digits->width == 6) {
		step_phase(digits, searching, 2);
		step_phase(digits, searching, 4);
	}
	if (digits->texts || (digits->count >= TEXT_DIGITS && digits->count % TEXT_EACH == 0))
		texts_step(digits, searching);
}

/* Whether a newline after the digits so far may be none of the text. */
static bool take_newline(struct digits *digits)
{
	if (!digits->newline && digits->line < WRAPPED_MIN)
		return false;
	digits->newline = true;
	digits->line = 0;
	return ++digits->gap <= REDACT_GAP_MAX;
}

/* ---- base64, RFC 4648: both alphabets ---- */

static bool is_newline(const struct piece *piece)
{
	return piece->byte == '\n' || piece->byte == '\r' ||
	       (piece->escaped && (piece->byte == 'n' || piece->byte == 'r'));
}

/* The padding of a secret goes with it. */
static void take_padding(
    struct digits *digits, const struct searching *searching, const struct piece *piece)
{
	if (!digits->found || digits->found != piece->start)
		return;
	masks_add(searching->masks, piece->start, piece->end);
	digits->found = piece->end;
}

void digits_push_base64(
    struct digits *digits, const struct searching *searching, const struct piece *piece)
{
	int value = redact_base64[piece->byte];

	if (digits->count && is_newline(piece)) {
		if (take_newline(digits))
			return;
		value = -1;
	}
	if (value >= 0) {
		add_digit(
		    digits, searching, (unsigned)value, (struct mask){piece->start, piece->end});
		return;
	}
	if (digits->newline && (piece->byte == ' ' || piece->byte == '\t') &&
	    ++digits->gap <= REDACT_GAP_MAX)
		return;
	if (piece->byte == '=')
		take_padding(digits, searching, piece);
	digits_reset(digits);
}

/* ---- hex: 6162, 61:62, 61 62, \x61\x62, 0x61, 0x62 ---- */

static void add_zero(struct digits *digits, const struct searching *searching)
{
	if (digits->zero)
		add_digit(digits, searching, 0, digits->zero_place);
	digits->zero = false;
}

/* Whether C may stand between two bytes. */
static bool separates(struct digits *digits, const struct searching *searching, uint8_t c)
{
	bool slash = digits->slash;

	digits->slash = c == '\\';
	if (c == 'x' && (slash || digits->zero)) {
		digits->zero = false;
		return true;
	}
	add_zero(digits, searching);
	if (!digits->count)
		return false;
	if (c == '\n' || c == '\r' || (slash && (c == 'n' || c == 'r')))
		return take_newline(digits);
	return (slash || memchr(":- ,\t\\%", c, 7)) &&
	       ++digits->gap <= (digits->newline ? REDACT_GAP_MAX : HEX_GAP_MAX);
}

void digits_push_hex(
    struct digits *digits, const struct searching *searching, const struct piece *piece)
{
	int value = redact_hex[piece->byte];
	struct mask place = {piece->start, piece->end};

	if (value < 0) {
		if (!separates(digits, searching, piece->byte))
			digits_reset(digits);
		return;
	}
	add_zero(digits, searching);
	digits->slash = false;
	if (value) {
		add_digit(digits, searching, (unsigned)value, place);
		return;
	}
	digits->zero = true;
	digits->zero_place = place;
}

/* ---- the end ---- */

size_t digits_start(const struct digits *digits, const struct searching *searching, size_t none)
{
	size_t undecided = texts_undecided(digits);

	if (undecided < UNDECIDED)
		undecided = digits->count < UNDECIDED ? digits->count : UNDECIDED;
	none = texts_start(digits, none);
	if (digits->zero && digits->zero_place.start < none)
		none = digits->zero_place.start;
	if (undecided) {
		size_t first = (digits->count - undecided) % DIGIT_RECENT;

		if (digits->recent[first].start < none)
			none = digits->recent[first].start;
	}
	for (size_t i = 0; i < DIGIT_PHASES; i++)
		if (digits->awake & 1U << i)
			none = finder_start(&digits->phases[i], searching, none);
	return none;
}

void digits_finish(struct digits *digits, const struct searching *searching, size_t end)
{
	add_zero(digits, searching);
	texts_finish(digits, end);
	digits->found = 0;
	for (size_t i = 0; i < DIGIT_PHASES; i++)
		if (digits->awake & 1U << i)
			finder_finish(&digits->phases[i], searching, end);
	digits_reset(digits);
}
