/*
 * Schedules: {daily: "09:00"}, {weekly: sunday 02:00}, {monthly: first sunday 01:00}.
 *
 * Each kind is a row of the table: which words stand before the time of day.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/mem.h"
#include "fsops/text.h"
#include "runbook/yaml/decode.h"

static const char *const weekdays[] = {
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
static const char *const nths[] = {"first", "second", "third", "fourth"};

#define DAILY  "a time of day such as 09:00"
#define WEEKLY "a weekday and a time of day, such as 'sunday 02:00'"
#define MONTHLY                                                                                    \
	"first, second, third or fourth, a weekday and a time of day, such as 'first sunday "      \
	"01:00'"

static const struct kind {
	const char *key;
	enum schedule_kind kind;
	size_t words; /* with the time of day */
	const char *form;
} kinds[] = {
    {"daily", SCHEDULE_DAILY, 1, DAILY},
    {"weekly", SCHEDULE_WEEKLY, 2, WEEKLY},
    {"monthly", SCHEDULE_MONTHLY, 3, MONTHLY},
};

static int find_word(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

/* Two digits under LIMIT. */
static int two_digits(const char *text, int limit)
{
	int number;

	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return -1;
	number = (text[0] - '0') * 10 + text[1] - '0';
	return number < limit ? number : -1;
}

/* "09:00", or "9:00". */
static int read_time(const char *text, struct schedule *out)
{
	char padded[] = "00:00";
	size_t len = strlen(text);

	if (len != 5 && len != 4)
		return -1;
	memcpy(padded + 5 - len, text, len);
	out->hour = two_digits(padded, 24);
	out->minute = padded[2] == ':' ? two_digits(padded + 3, 60) : -1;
	return out->hour < 0 || out->minute < 0 ? -1 : 0;
}

static int read_words(const struct kind *kind, const struct words *words, struct schedule *out)
{
	char **items = words->items;

	if (words->count != kind->words)
		return -1;
	out->kind = kind->kind;
	if (kind->words == 3) {
		out->nth = find_word(*items++, nths, COUNT_OF(nths)) + 1;
		if (!out->nth)
			return -1;
	}
	if (kind->words >= 2) {
		out->weekday = find_word(*items++, weekdays, COUNT_OF(weekdays));
		if (out->weekday < 0)
			return -1;
	}
	return read_time(*items, out);
}

static char *canonical(const struct schedule *schedule)
{
	if (schedule->kind == SCHEDULE_DAILY)
		return mem_printf("daily %02d:%02d", schedule->hour, schedule->minute);
	if (schedule->kind == SCHEDULE_WEEKLY)
		return mem_printf(
		    "%s %02d:%02d", weekdays[schedule->weekday], schedule->hour, schedule->minute);
	return mem_printf("%s %s %02d:%02d", nths[schedule->nth - 1], weekdays[schedule->weekday],
	    schedule->hour, schedule->minute);
}

static void read_kind(
    struct decode *d, const struct kind *kind, const struct node *value, struct schedule *out)
{
	struct schedule schedule = {0};
	struct words words = {0};

	if (value->kind == NODE_SCALAR && words_split(value->text, &words, NULL) == 0 &&
	    read_words(kind, &words, &schedule) == 0) {
		schedule.text = canonical(&schedule);
		*out = schedule;
	} else {
		NODE_PROBLEM(d->list, value, "'%s' must be %s, not %s%s%s", kind->key, kind->form,
		    value->text ? "'" : "", value->text ? value->text : node_kind_name(value),
		    value->text ? "'" : "");
	}
	words_release(&words);
}

static void decode_schedule(
    struct decode *d, const struct field *field, const struct node *value, void *out)
{
	static const char *const keys[] = {"daily", "weekly", "monthly"};

	if (value->kind != NODE_MAP || value->count != 1) {
		NODE_PROBLEM(d->list, value, "'%s' must be %s", field->key, field->type->name);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].key, value->keys[0]->text) == 0) {
			read_kind(d, &kinds[i], value->items[0], out);
			return;
		}
	}
	node_unknown_key(value->keys[0], "a schedule", keys, COUNT_OF(keys), d->list);
}

/* In the words of a regular expression, which JSON Schema has no other way to say. */
#define TIME "([01]?[0-9]|2[0-3]):[0-5][0-9]"
#define DAY                                                                                        \
	"([Ss][Uu][Nn]|[Mm][Oo][Nn]|[Tt][Uu][Ee][Ss]|[Ww][Ee][Dd][Nn][Ee][Ss]|"                    \
	"[Tt][Hh][Uu][Rr][Ss]|[Ff][Rr][Ii]|[Ss][Aa][Tt][Uu][Rr])[Dd][Aa][Yy]"
#define NTH                                                                                        \
	"([Ff][Ii][Rr][Ss][Tt]|[Ss][Ee][Cc][Oo][Nn][Dd]|[Tt][Hh][Ii][Rr][Dd]|"                     \
	"[Ff][Oo][Uu][Rr][Tt][Hh])"
#define KEY(name, help, pattern)                                                                   \
	"\"" name "\": {\"description\": \"" help                                                  \
	"\", \"type\": \"string\", \"pattern\": \"^ *" pattern " *$\"}"

const struct type type_schedule = {
    "a map with one of daily, weekly and monthly, such as {weekly: sunday 02:00}", decode_schedule,
    NULL,
    "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, \"additionalProperties\": "
    "false, \"properties\": {" KEY("daily", DAILY, TIME) ", " KEY(
        "weekly", WEEKLY, DAY " +" TIME) ", " KEY("monthly", MONTHLY, NTH " +" DAY " +" TIME) "}}"};
