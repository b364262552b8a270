/*
 * How a secret is found in whatever form a tool prints it: its forms are not listed, the text is read
 * as each form would be.
 *
 *	source bytes ──▶ view: as they stand ─────────────────────────▶ finder
 *	                   │ without controls, those of a terminal:
 *	                   ├─ as hex digits ──────────────────────────▶ finders, one a nibble
 *	                   │    └─ a view of each that is text, as below
 *	                   └─ unescape: \n \u0026 \x26 %26 &amp; '\'' ─▶ finder
 *	                        └─ as base64 digits ──────────────────▶ finders, one an offset
 *	                             └─ a view of each that is text, REDACT_LEVELS deep
 *
 * All of it is a machine that takes a byte at a time, holds what is bounded by the longest secret, and
 * never looks at a byte twice. Each byte carries where in the source it began and ended.
 *
 * Finders compare units, not bytes, of secrets and texts alike: quotes and backslashes are none, a space
 * and a plus are one, a newline is an 'n' as in its escape. So it does not matter how often a text was
 * quoted, and a backslash before a secret that begins with 'n' hides nothing.
 */
#ifndef FSOPS_BASE_REDACT_PRIVATE_H
#define FSOPS_BASE_REDACT_PRIVATE_H

#include "fsops/redact.h"
#include "needles.h"

/* base64 in base64 in base64: a token in a kubeconfig in a Secret. */
#define REDACT_LEVELS 3
/* So many units of a secret at the end of a text that was cut are masked too, unless they only say where an address
 * leads. */
#define REDACT_PART_MIN 8
/* So many bytes in a row may mean nothing (backslashes of JSON in JSON in JSON, blanks of a column). */
#define REDACT_GAP_MAX 64

enum slash {
	SLASH_NONE,
	SLASH_PLAIN,
	SLASH_DECODED, /* an escape stood for it */
};

struct piece {
	uint8_t byte;
	uint8_t escaped; /* enum slash: a backslash stood before it */
	bool decoded;    /* an escape stood for it */
	bool before;     /* a decoded backslash stood before what is escaped */
	size_t start;    /* in the source */
	size_t end;
};

/* ---- units ---- */

#define UNIT_DROPPED -1

extern const int16_t redact_units[256]; /* of a byte; or UNIT_DROPPED */

/* ---- controls: \e[31m, \e]0;title\a, backspaces and carriage returns: they change nothing ---- */

enum controls_state {
	CONTROLS_NONE,
	CONTROLS_ESC,
	CONTROLS_CHARSET,
	CONTROLS_CSI,
	CONTROLS_STRING, /* until BEL or ESC \\ */
	CONTROLS_END,    /* ESC within a string */
	CONTROLS_STATES,
};

struct controls {
	enum controls_state state;
	size_t start; /* of what was taken in a row */
	size_t end;
};

#define SPECIAL_CONTROL 1 /* may begin a sequence */
#define SPECIAL_ESCAPE  2 /* may begin an escape, or is no unit */

extern const uint8_t redact_special[256]; /* what a byte may be besides itself */

/* Whether PIECE changes nothing. */
bool controls_take(struct controls *controls, const struct piece *piece);

static inline bool controls_skip(struct controls *controls, const struct piece *piece)
{
	return (controls->state || redact_special[piece->byte] & SPECIAL_CONTROL) &&
	       controls_take(controls, piece);
}

/* ---- unescape ---- */

#define PENDING_MAX 48

struct unescape {
	struct piece pending[PENDING_MAX]; /* may become an escape */
	size_t count;
	enum slash slash; /* was just read */
	size_t slash_start;
	bool before;   /* the same of the backslash that was just read */
	unsigned high; /* the first half of a UTF-16 pair; 0: none */
	size_t high_start;
	size_t dropped;           /* bytes in a row */
	struct controls controls; /* an escape may stand for their beginning */
};

/* What unescape_push() calls: for each piece that is settled, and before an escape is replaced for all
 * that is not settled as it stands (LITERAL; the escape begins at FROM), which may be a secret after all. */
struct unescape_out {
	void (*settled)(void *ctx, const struct piece *piece);
	void (*literal)(void *ctx, const struct piece *pieces, size_t from, size_t count);
	void *ctx;
};

void unescape_push(struct unescape *unescape, struct piece piece, const struct unescape_out *out);
/* Forget what was begun. */
void unescape_reset(struct unescape *unescape);
/* Nothing more comes. */
void unescape_finish(struct unescape *unescape, const struct unescape_out *out);
/* Whether BYTE is settled as it stands, whatever comes. */
static inline bool unescape_is_idle(const struct unescape *unescape, uint8_t byte)
{
	return !unescape->count && !unescape->slash && !unescape->high &&
	       !unescape->controls.state && !redact_special[byte];
}
/* Where the first byte that is not settled began; NONE: all are. */
size_t unescape_start(const struct unescape *unescape, size_t none);

/* The character of an entity, `amp` of `&amp;`; 0: there is no such entity. entity.c */
unsigned entity_named(const char *name, size_t len);

/* ---- what is masked ---- */

struct mask {
	size_t start;
	size_t end;
};

struct masks {
	struct mask *list; /* by start; none overlap or touch */
	size_t count;
	size_t room;
	size_t until; /* where the last one ended, of those that were given out, too */
	bool cut;     /* the last one is of a secret that the text's end cuts off */
	bool *seen;   /* by number of secret: whether it was found; or NULL */
	size_t parts; /* of the list: masks of nothing else */
};

void masks_add(struct masks *masks, size_t start, size_t end);

/* ---- a finder: one reading of the text ---- */

struct finder {
	uint32_t at;           /* of the needles */
	unsigned previous;     /* unit */
	size_t previous_start; /* where it began */
	size_t *starts;        /* a ring: where the units of what AT has seen began */
	size_t room;           /* a power of two, or 0 */
	size_t count;          /* of starts since the ring was empty */
};

struct searching {
	const struct needles *needles;
	struct masks *masks;
};

void finder_init(struct finder *finder);
void finder_release(struct finder *finder);
/* The rest of finder_step(), when PIECE goes on with what may be a secret. */
bool finder_advance(struct finder *finder, const struct searching *searching, uint8_t unit,
    const struct piece *piece);
/* Mask what would be found if PIECES came next, as far as it begins before them. */
void finder_look_ahead(const struct finder *finder, const struct searching *searching,
    const struct piece *pieces, size_t count);
/* Forget what was begun. */
void finder_sleep(struct finder *finder);
/* Where what may be a secret begins; NONE: nothing is. */
size_t finder_start(const struct finder *finder, const struct searching *searching, size_t none);
/* The text ends at END: mask what was begun. */
void finder_finish(struct finder *finder, const struct searching *searching, size_t end);

/* Whether a secret ends with PIECE. Inline, because nearly every byte ends here: it is no second one of any secret. */
static inline bool finder_step(
    struct finder *finder, const struct searching *searching, const struct piece *piece)
{
	int unit = redact_units[piece->byte];
	bool found = false;
	unsigned pair;

	if (unit == UNIT_DROPPED)
		return false;
	pair = finder->previous << 8 | (unsigned)unit;
	if (finder->at || searching->needles->pairs[pair >> 3] & 1U << (pair & 7))
		found = finder_advance(finder, searching, (uint8_t)unit, piece);
	finder->previous = (unsigned)unit;
	finder->previous_start = piece->start;
	return found;
}

/* ---- digits: base64 and hex ---- */

#define DIGIT_PHASES 4
#define DIGIT_RECENT 16

struct digits {
	unsigned width; /* bits of a digit: 6 or 4 */
	uint64_t bits;  /* the last digits */
	size_t count;   /* digits in a row, those of the lines before too */
	size_t line;    /* of them since the last newline */
	size_t gap;     /* bytes since the last one */
	bool newline;   /* the gap holds one */
	size_t found;   /* where the last secret ended */
	bool slash;     /* hex: a backslash was just read */
	bool zero;      /* hex: a zero was just read, which may be that of 0x */
	struct mask zero_place;
	struct mask recent[DIGIT_RECENT]; /* where the last digits stand; a ring */
	struct finder phases[DIGIT_PHASES];
	unsigned awake; /* a bit for each finder that has begun something; the others are not fed */
	unsigned levels;                  /* of views inside */
	unsigned texts;                   /* a bit for each phase that is text by now */
	uint8_t more[DIGIT_PHASES];       /* bytes that its last character lacks */
	struct view *inner[DIGIT_PHASES]; /* what gets it; NULL: there was none yet */
};

void digits_init(struct digits *digits, unsigned width, unsigned levels);
void digits_release(struct digits *digits);
void digits_push_base64(
    struct digits *digits, const struct searching *searching, const struct piece *piece);
void digits_push_hex(
    struct digits *digits, const struct searching *searching, const struct piece *piece);
/* The byte whose last bit stands AFTER bits before the end. */
struct piece digits_byte(const struct digits *digits, unsigned after);
void digits_reset(struct digits *digits);
/* Whether BYTE changes nothing: it is no digit, and none was read. The values are of base64_value() and
 * hex_value(); -1: no digit. */
extern const int8_t redact_base64[256];
extern const int8_t redact_hex[256];
size_t digits_start(const struct digits *digits, const struct searching *searching, size_t none);
void digits_finish(struct digits *digits, const struct searching *searching, size_t end);

/* ---- texts: what the digits hold, when that is text ---- */

/* From so many digits on it is asked whether they hold text, each time so many have come. */
#define TEXT_DIGITS 8
#define TEXT_EACH   4

void texts_step(struct digits *digits, const struct searching *searching);
/* No digit follows. */
void texts_end(struct digits *digits);
/* So many of the last digits may belong to a text that no view has got yet. */
size_t texts_undecided(const struct digits *digits);
size_t texts_start(const struct digits *digits, size_t none);
void texts_finish(struct digits *digits, size_t end);
void texts_release(struct digits *digits);

/* ---- a view ---- */

struct view {
	const struct searching *searching;
	struct finder plain; /* sees the controls */
	struct controls controls;
	struct view *strings; /* what a title or a link holds; NULL: there was none */
	bool outermost;
	struct unescape unescape;
	struct finder decoded;
	struct finder other; /* as if an escape were none; asleep most of the time */
	size_t other_after;  /* what ended here or before is that escape, or what it stands for */
	struct digits base64;
	struct digits hex;
};

struct view *view_new(const struct searching *searching, unsigned levels);
void view_free(struct view *view);
void view_push(struct view *view, const struct piece *piece);
/* Forget what was begun. */
void view_reset(struct view *view);
/* The same after what was put off: it was no escape. */
void view_end(struct view *view);
size_t view_start(const struct view *view, size_t none);
void view_finish(struct view *view, size_t end);

#endif
