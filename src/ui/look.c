/* How things look: colours by meaning, words and symbols. Invariant: colour is only ever added
 * between look_on() and look_off(), and a colour never carries what the text does not say too. */
#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fsops/mem.h"
#include "fsops/value.h"
#include "safe.h"

#define WIDTH_LEAST 20

static bool env_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool utf8_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (env_set(names[i]))
			return strcasestr(getenv(names[i]), "utf-8") ||
			       strcasestr(getenv(names[i]), "utf8");
	return false;
}

int look_terminal_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

struct look look_for(int fd, bool no_color_wanted)
{
	const char *term = getenv("TERM");
	struct look look = {0};

	if (!isatty(fd))
		return look;
	look.width = look_terminal_width(fd);
	look.utf8 = utf8_locale();
	look.color = !no_color_wanted && !env_set("NO_COLOR") && term && strcmp(term, "dumb") != 0;
	return look;
}

/* The 16 colours that every terminal's own palette makes readable. */
static const char *const colors[ROLE_COUNT] = {
    [ROLE_BOLD] = "\x1b[1m",
    [ROLE_DIM] = "\x1b[2m",
    [ROLE_OK] = "\x1b[32m",
    [ROLE_INFO] = "\x1b[36m",
    [ROLE_UNKNOWN] = "\x1b[35m",
    [ROLE_WARNING] = "\x1b[33m",
    [ROLE_CRITICAL] = "\x1b[1;31m",
    [ROLE_CHANGE] = "\x1b[1;33m",
};

void look_on(struct buf *out, const struct look *look, enum role role)
{
	if (look->color && colors[role])
		buf_adds(out, colors[role]);
}

void look_off(struct buf *out, const struct look *look, enum role role)
{
	if (look->color && colors[role])
		buf_adds(out, "\x1b[0m");
}

void look_add(struct buf *out, const struct look *look, enum role role, const char *text)
{
	look_on(out, look, role);
	safe_adds(out, text);
	look_off(out, look, role);
}

/* In reverse, so that it stands out from whatever else is red or green. */
static const struct {
	const char *color;
	const char *on;
} platform_colors[] = {
    {"red", "\x1b[1;7;31m"},
    {"yellow", "\x1b[1;7;33m"},
    {"green", "\x1b[1;7;32m"},
    {"blue", "\x1b[1;7;34m"},
    {"magenta", "\x1b[1;7;35m"},
    {"cyan", "\x1b[1;7;36m"},
};

void look_add_platform(
    struct buf *out, const struct look *look, const char *name, const char *color)
{
	const char *on = colors[ROLE_BOLD];

	for (size_t i = 0; color && i < COUNT_OF(platform_colors); i++)
		if (strcmp(platform_colors[i].color, color) == 0)
			on = platform_colors[i].on;
	if (look->color)
		buf_adds(out, on);
	safe_adds(out, name);
	look_off(out, look, ROLE_BOLD);
}

/* The length of the colour that begins at TEXT, 0 when none does. */
static size_t color_len(const char *text, size_t len)
{
	size_t i = 2;

	if (len < 3 || text[0] != '\x1b' || text[1] != '[')
		return 0;
	while (i < len && text[i] != 'm')
		i++;
	return i < len ? i + 1 : 0;
}

/* The bytes of TEXT that fit WIDTH columns; USED gets the columns they take. */
static size_t fit(const char *text, size_t len, int width, int *used)
{
	size_t i = 0;

	*used = 0;
	while (i < len) {
		size_t skip = color_len(text + i, len - i);
		const char *next = memchr(text + i + 1, '\x1b', len - i - 1);
		size_t run = next ? (size_t)(next - text) - i : len - i;
		size_t taken;

		if (skip) {
			i += skip;
			continue;
		}
		taken = width < 0 ? run : safe_fit(text + i, run, width - *used);
		*used += safe_width(text + i, taken);
		i += taken;
		if (taken < run)
			return i;
	}
	return i;
}

int look_width(const char *text, size_t len)
{
	int used;

	fit(text, len, -1, &used);
	return used;
}

void look_cut(struct buf *text, int width)
{
	int used;
	size_t len = fit(text->data, text->len, width, &used);

	if (len == text->len)
		return;
	text->len = len;
	text->data[len] = '\0';
	if (strchr(text->data, '\x1b'))
		buf_adds(text, "\x1b[0m");
}

enum role role_of_level(enum level level)
{
	static const enum role roles[] = {
	    [LEVEL_OK] = ROLE_OK,
	    [LEVEL_INFO] = ROLE_INFO,
	    [LEVEL_UNKNOWN] = ROLE_UNKNOWN,
	    [LEVEL_WARNING] = ROLE_WARNING,
	    [LEVEL_CRITICAL] = ROLE_CRITICAL,
	};

	return roles[level];
}

enum role role_of_effect(enum effect effect)
{
	if (effect == EFFECT_READ)
		return ROLE_DIM;
	return effect == EFFECT_DESTROY ? ROLE_CRITICAL : ROLE_CHANGE;
}

static const struct outcome_look outcomes[] = {
    {"passed", "passed", "✓", ROLE_OK, false},
    {"failed", "FAILED", "✗", ROLE_CRITICAL, true},
    {"not so", "not so", "✗", ROLE_INFO, false}, /* failed, but only a finding */
    {"timed_out", "TIMED OUT", "✗", ROLE_CRITICAL, true},
    {"skipped", "skipped", "–", ROLE_DIM, false},
    {"refused", "REFUSED", "✗", ROLE_WARNING, true},
    {"cancelled", "CANCELLED", "✗", ROLE_WARNING, true},
    {"left", "left to a person", "☐", ROLE_WARNING, false},
    {"interrupted", "INTERRUPTED", "✗", ROLE_CRITICAL, true},
    {NULL, "ended", "·", ROLE_PLAIN, false},
};

const char *outcome_shown(const json_t *finished)
{
	const char *outcome = value_get_text(finished, "outcome");
	const char *severity = value_get_text(finished, "severity");
	bool finding =
	    outcome && severity && strcmp(outcome, "failed") == 0 && strcmp(severity, "info") == 0;

	return finding ? "not so" : outcome;
}

int outcome_count(const json_t *finished, const char *shown)
{
	const json_t *counts = json_object_get(finished, "counts");
	int findings = (int)value_get_number(finished, "findings", 0);
	int count = (int)value_get_number(counts, shown, 0);

	if (strcmp(shown, "not so") == 0)
		return findings;
	return strcmp(shown, "failed") == 0 ? count - findings : count;
}

const struct outcome_look *outcome_find(const char *outcome)
{
	const struct outcome_look *at = outcomes;

	while (at->outcome && (!outcome || strcmp(at->outcome, outcome) != 0))
		at++;
	return at;
}

enum level level_of(const char *name)
{
	enum level level;

	if (!name || level_parse(name, &level) < 0)
		return LEVEL_UNKNOWN;
	return level;
}

void metric_value_text(struct buf *out, const json_t *metric)
{
	const char *name = value_get_text(metric, "unit");
	enum unit unit = UNIT_COUNT;
	char text[UNIT_TEXT_MAX];
	double value;

	if (!value_number(json_object_get(metric, "value"), &value)) {
		buf_adds(out, "unknown");
		return;
	}
	if (name)
		unit_parse(name, &unit);
	unit_format(unit, value, text);
	buf_adds(out, text);
}
