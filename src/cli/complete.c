/* Where a command line is, and what may come there. Invariant: what is offered is taken by the parser of options.c. */
#include "complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fsops/mem.h"

/* The words of a line, and what was found of it. */
struct reading {
	const char **words; /* whole again where SPLIT took them apart; the last is what is typed */
	char **made;        /* texts of our own */
	size_t count;
	size_t made_count;
	const struct command *command;
	struct complete_line line;
	size_t operands;                   /* before the last word */
	const struct option_spec *waiting; /* the word before is this option, without its value */
	bool ended;                        /* "--" was there */
};

/* --- Words --- */

static bool is_equals(const char *word)
{
	return strcmp(word, "=") == 0;
}

static void push(struct reading *reading, const char *word)
{
	MEM_PUSH_ROOM(reading->words, reading->count);
	reading->words[reading->count++] = word;
}

/* TEXT is released with the reading. */
static const char *own(struct reading *reading, char *text)
{
	MEM_PUSH_ROOM(reading->made, reading->made_count);
	reading->made[reading->made_count++] = text;
	return text;
}

/* "--only" "=" "check" is one word; so is "--var" "n" "=" "5" of "n=5". */
static void join(struct reading *reading, const char *more)
{
	const char **last = &reading->words[reading->count - 1];

	*last = own(reading, mem_printf("%s%s", *last, more));
}

static void take_words(struct reading *reading, const char *const *words, size_t count, bool split)
{
	for (size_t i = 0; i < count; i++) {
		bool joins = split && i > 0 && (is_equals(words[i]) || is_equals(words[i - 1]));

		if (joins && reading->count)
			join(reading, words[i]);
		else
			push(reading, words[i]);
	}
	if (!reading->count)
		push(reading, "");
}

/* --- What the words before say --- */

static const struct option_spec *long_option(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strlen(option_table[i].name) == len &&
		    strncmp(option_table[i].name, name, len) == 0)
			return &option_table[i];
	return NULL;
}

static const struct option_spec *short_option(char letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

/* Of "--name", "--name=value", "-x", "-xvalue"; NULL: it is none. VALUE is NULL where there is none. */
static const struct option_spec *option_of(const char *word, const char **value)
{
	const char *name = word + 2;
	size_t len;

	*value = NULL;
	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] != '-') {
		*value = word[2] ? word + 2 : NULL;
		return short_option(word[1]);
	}
	len = strcspn(name, "=");
	*value = name[len] ? name + len + 1 : NULL;
	return long_option(name, len);
}

static bool wants_value(const struct option_spec *spec, const char *command)
{
	return (spec->kind == OPTION_TEXT || spec->kind == OPTION_LIST) &&
	       !option_is_flag_of(spec, command);
}

/* The shell gives the words as they were typed. */
static const char *path_of(struct reading *reading, const char *value)
{
	const char *home = getenv("HOME");

	if (strncmp(value, "~/", 2) != 0 || !home)
		return value;
	return own(reading, mem_printf("%s%s", home, value + 1));
}

static void note_value(struct reading *reading, const struct option_spec *spec, const char *value)
{
	if (spec == &option_table[OPTION_RUNBOOKS])
		reading->line.runbooks = path_of(reading, value);
	else if (spec == &option_table[OPTION_PLATFORM])
		reading->line.platform = path_of(reading, value);
}

static void note_operand(struct reading *reading, const char *word)
{
	struct err err;

	if (!reading->line.command) {
		reading->command = command_find(word, &err);
		reading->line.command = word;
		return;
	}
	if (reading->operands++ == 0)
		reading->line.runbook = word;
}

static void read_word(struct reading *reading, const char *word)
{
	const struct option_spec *waiting = reading->waiting;
	const struct option_spec *spec;
	const char *value;

	reading->waiting = NULL;
	if (waiting) {
		note_value(reading, waiting, word);
	} else if (!reading->ended && strcmp(word, "--") == 0) {
		reading->ended = true;
	} else if (!reading->ended && word[0] == '-' && word[1]) {
		spec = option_of(word, &value);
		if (spec && value)
			note_value(reading, spec, value);
		else if (spec && wants_value(spec, reading->line.command))
			reading->waiting = spec;
	} else {
		note_operand(reading, word);
	}
}

/* --- What may come --- */

static void add_choices(
    struct buf *out, const struct reading *reading, const struct option_spec *spec)
{
	const char *formats = spec == &option_table[OPTION_FORMAT] && reading->command
	                          ? reading->command->formats
	                          : NULL;

	for (const char *const *choice = spec->choices; *choice; choice++)
		if (!formats || strstr(formats, *choice))
			complete_add(out, &reading->line, *choice, NULL);
}

/* Its values; BEFORE is what stands before them in the word. */
static void add_values(struct buf *out, struct reading *reading, const struct option_spec *spec,
    const char *before, const char *begin)
{
	reading->line.before = before;
	reading->line.begin = begin;
	if (spec->choices[0])
		add_choices(out, reading, spec);
	else if (spec->value)
		complete_kind(out, &reading->line, spec->value, strlen(spec->value));
}

static void add_option(
    struct buf *out, const struct reading *reading, const struct option_spec *spec)
{
	bool wants = wants_value(spec, reading->line.command);
	const char *what =
	    spec == &option_table[OPTION_FORMAT] ? reading->command->formats : spec->help;
	char *word = mem_printf("--%s%s", spec->name, wants ? "=" : "");

	complete_add(out, &reading->line, word, what);
	free(word);
	if (spec->kind != OPTION_OPTIONAL)
		return;
	word = mem_printf("--%s=", spec->name);
	complete_add(out, &reading->line, word, what);
	free(word);
}

static void add_options(struct buf *out, const struct reading *reading)
{
	uint64_t taken = reading->command ? reading->command->options : 0;

	if (!reading->line.command) {
		complete_add(out, &reading->line, "--help", option_table[OPTION_HELP].help);
		complete_add(out, &reading->line, "--version", option_table[OPTION_VERSION].help);
	}
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (taken & OPTION_BIT(i))
			add_option(out, reading, &option_table[i]);
}

/* Usage writes what is meant in capitals, and words that are to be typed as they are. */
static void add_operands(struct buf *out, const struct reading *reading, bool typed)
{
	const char *usage = reading->command->usage;

	while (*usage) {
		size_t skip =
		    strcspn(usage, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
		size_t len =
		    strspn(usage + skip, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
		char *word = mem_textn(usage + skip, len);

		if (len && !typed && isupper((unsigned char)*word))
			complete_kind(out, &reading->line, word, len);
		else if (len && typed && islower((unsigned char)*word))
			complete_add(out, &reading->line, word, NULL);
		free(word);
		usage += skip + len;
	}
}

static bool has_typed_operands(const struct command *command)
{
	return strcspn(command->usage, "abcdefghijklmnopqrstuvwxyz") < strlen(command->usage);
}

static void add_arguments(struct buf *out, const struct reading *reading)
{
	if (!reading->line.command)
		complete_kind(out, &reading->line, "COMMAND", strlen("COMMAND"));
	else if (reading->command && reading->operands < reading->command->args_max)
		add_operands(
		    out, reading, has_typed_operands(reading->command) && reading->operands == 0);
}

static void add_last(struct buf *out, struct reading *reading)
{
	const char *last = reading->words[reading->count - 1];
	const char *value;
	const struct option_spec *spec = reading->ended ? NULL : option_of(last, &value);

	reading->line.begin = last;
	reading->line.before = "";
	if (reading->waiting) {
		add_values(out, reading, reading->waiting, "", last);
	} else if (spec && value && (spec->kind != OPTION_FLAG)) {
		char *before = mem_textn(last, (size_t)(value - last));

		add_values(out, reading, spec, before, value);
		free(before);
	} else if (*last == '-' && !reading->ended) {
		add_options(out, reading);
	} else {
		add_arguments(out, reading);
	}
}

/* What bash puts in the place of the word's last part. */
static void cut_lines(struct buf *out, const struct buf *whole)
{
	const char *at = whole->len ? whole->data : "";

	while (*at) {
		size_t line = strcspn(at, "\n");
		size_t word = strcspn(at, "\t\n");
		const char *from = at;

		/* The '=' that ends a word belongs to what is put there. */
		for (size_t i = 0; i + 1 < word; i++)
			if (at[i] == '=')
				from = at + i + 1;
		buf_add(out, from, line - (size_t)(from - at) + 1);
		at += line + 1;
	}
}

void complete_words(struct buf *out, const char *const *words, size_t count, bool split)
{
	struct reading reading = {0};
	struct buf whole;

	buf_init(&whole, BUF_TEXT_MAX);
	take_words(&reading, words, count, split);
	for (size_t i = 0; i + 1 < reading.count; i++)
		read_word(&reading, reading.words[i]);
	add_last(&whole, &reading);
	if (split)
		cut_lines(out, &whole);
	else
		buf_add(out, whole.data, whole.len);
	for (size_t i = 0; i < reading.made_count; i++)
		free(reading.made[i]);
	free(reading.made);
	free(reading.words);
	buf_release(&whole);
}
