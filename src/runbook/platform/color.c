/* The colours of platforms. Invariant: a name that does not say that it is something less is taken for
 * production. */
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/platform_color.h"
#include "runbook/catalog/catalog.h"

static const struct choice colors[] = {{"red", COLOR_RED}, {"yellow", COLOR_YELLOW},
    {"green", COLOR_GREEN}, {"blue", COLOR_BLUE}, {"magenta", COLOR_MAGENTA}, {"cyan", COLOR_CYAN},
    {0}};
const struct type type_color = {
    "red, yellow, green, blue, magenta or cyan", decode_choice, colors, NULL};

_Static_assert(sizeof(enum platform_color) == sizeof(int), "an enum is not as large as an int");

/* Words of a name, between '-', '_' and '.'. */
static const struct {
	const char *word;
	enum platform_color color;
} words[] = {
    {"prod", COLOR_RED},
    {"production", COLOR_RED},
    {"live", COLOR_RED},
    {"staging", COLOR_YELLOW},
    {"stage", COLOR_YELLOW},
    {"stg", COLOR_YELLOW},
    {"preprod", COLOR_YELLOW},
    {"test", COLOR_GREEN},
    {"testing", COLOR_GREEN},
    {"dev", COLOR_GREEN},
    {"development", COLOR_GREEN},
    {"qa", COLOR_GREEN},
    {"sandbox", COLOR_GREEN},
    {"demo", COLOR_GREEN},
    {"local", COLOR_GREEN},
};

/* The first of the table's words that NAME has. */
static enum platform_color color_of_name(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		size_t len = strlen(words[i].word);

		for (const char *at = name; at; at = strpbrk(at, "-_.")) {
			at += strspn(at, "-_.");
			if (strncasecmp(at, words[i].word, len) == 0 &&
			    (at[len] == '\0' || strchr("-_.", at[len])))
				return words[i].color;
			if (!*at)
				break;
		}
	}
	return COLOR_RED;
}

const char *platform_color(const struct platform *platform)
{
	enum platform_color color = platform->color;

	if (color == COLOR_BY_NAME)
		color = color_of_name(platform->name ? platform->name : "");
	for (const struct choice *choice = colors; choice->word; choice++)
		if (choice->value == (int)color)
			return choice->word;
	return "red";
}
