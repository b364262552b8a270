/* What moves a terminal's cursor or changes its colours, ECMA-48 and xterm's own. Invariant: what is taken is a
 * sequence or the beginning of one, and CONTROLS_MAX bytes in a row at most. */
#include "private.h"

/* A title or a link may be long. */
#define CONTROLS_MAX 4096

enum kind { OTHER, ESC, BEL, LINE, BACK, CHARSET, PARAM, CSI, STRING, SLASH, FINAL, KINDS };

/* clang-format off */
#define FOUR(kind) kind, kind, kind, kind
#define SIXTEEN(kind) FOUR(kind), FOUR(kind), FOUR(kind), FOUR(kind)

static const uint8_t kinds[128] = {
    OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, OTHER, BEL,
    BACK, OTHER, LINE, OTHER, OTHER, BACK, OTHER, OTHER,
    FOUR(OTHER), FOUR(OTHER), OTHER, OTHER, OTHER, ESC, FOUR(OTHER),
    FOUR(OTHER), FOUR(OTHER), FOUR(CHARSET), FOUR(OTHER),
    SIXTEEN(PARAM),
    SIXTEEN(FINAL),
    STRING, FINAL, FINAL, FINAL, FOUR(FINAL), STRING, FINAL, FINAL, CSI, SLASH, STRING, STRING, STRING,
    SIXTEEN(FINAL),
    FOUR(FINAL), FOUR(FINAL), FOUR(FINAL), FINAL, FINAL, FINAL, OTHER,
};

const uint8_t redact_special[256] = {
    ['\b'] = SPECIAL_CONTROL, ['\r'] = SPECIAL_CONTROL, [0x1B] = SPECIAL_CONTROL,
    ['"'] = SPECIAL_ESCAPE, ['\''] = SPECIAL_ESCAPE, ['\\'] = SPECIAL_ESCAPE,
    ['%'] = SPECIAL_ESCAPE, ['&'] = SPECIAL_ESCAPE,
    [0xC2] = SPECIAL_ESCAPE, [0xE2] = SPECIAL_ESCAPE, [0xEF] = SPECIAL_ESCAPE,
};

/* What comes after a byte that is taken; one that has no entry ends the sequence and is none of it. */
enum { TAKEN = 0x80 };

static const uint8_t steps[CONTROLS_STATES][KINDS] = {
    [CONTROLS_NONE] = {[ESC] = TAKEN | CONTROLS_ESC, [BACK] = TAKEN | CONTROLS_NONE},
    [CONTROLS_ESC] = {[ESC] = TAKEN | CONTROLS_ESC, [BACK] = TAKEN | CONTROLS_ESC,
        [CSI] = TAKEN | CONTROLS_CSI, [STRING] = TAKEN | CONTROLS_STRING,
        [CHARSET] = TAKEN | CONTROLS_CHARSET},
    [CONTROLS_CHARSET] = {[ESC] = TAKEN | CONTROLS_ESC, [PARAM] = TAKEN | CONTROLS_NONE,
        [FINAL] = TAKEN | CONTROLS_NONE},
    [CONTROLS_CSI] = {[ESC] = TAKEN | CONTROLS_ESC, [BACK] = TAKEN | CONTROLS_CSI,
        [PARAM] = TAKEN | CONTROLS_CSI, [FINAL] = TAKEN | CONTROLS_NONE,
        [STRING] = TAKEN | CONTROLS_NONE},
    [CONTROLS_STRING] = {[OTHER] = TAKEN | CONTROLS_STRING, [ESC] = TAKEN | CONTROLS_END,
        [BEL] = TAKEN | CONTROLS_NONE, [BACK] = TAKEN | CONTROLS_STRING,
        [CHARSET] = TAKEN | CONTROLS_STRING, [PARAM] = TAKEN | CONTROLS_STRING,
        [CSI] = TAKEN | CONTROLS_STRING, [STRING] = TAKEN | CONTROLS_STRING,
        [SLASH] = TAKEN | CONTROLS_STRING, [FINAL] = TAKEN | CONTROLS_STRING},
    [CONTROLS_END] = {[ESC] = TAKEN | CONTROLS_ESC, [CSI] = TAKEN | CONTROLS_CSI,
        [STRING] = TAKEN | CONTROLS_STRING, [CHARSET] = TAKEN | CONTROLS_CHARSET,
        [SLASH] = TAKEN | CONTROLS_NONE},
};
/* clang-format on */

bool controls_take(struct controls *controls, const struct piece *piece)
{
	uint8_t kind = piece->byte < 128 ? kinds[piece->byte] : OTHER;
	uint8_t step = steps[controls->state][kind];

	if (controls->end != piece->start)
		controls->start = piece->start;
	controls->end = piece->end;
	if (!(step & TAKEN) || controls->end - controls->start > CONTROLS_MAX) {
		controls->state = CONTROLS_NONE;
		controls->end = controls->start = piece->end;
		return false;
	}
	controls->state = (enum controls_state)(step & ~TAKEN);
	return true;
}
