/* Words of a command line, templates inside them, and names that are nearly right. */
#include "fsops/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

/* The longest name that "did you mean" looks at. */
#define NAME_MAX_LEN 64

/* A string literal of the expression: TEXT is at its opening quote. */
static size_t literal_len(const char *text)
{
	char quote = text[0];
	size_t i = 1;

	while (text[i] && text[i] != quote)
		i += text[i] == '\\' && text[i + 1] ? 2 : 1;
	return text[i] ? i + 1 : i;
}

size_t text_template_len(const char *text)
{
	size_t i = 2;
	int depth = 1;

	while (text[i]) {
		if (text[i] == '\'' || text[i] == '"') {
			i += literal_len(text + i);
			continue;
		}
		if (text[i] == '{')
			depth++;
		if (text[i] == '}' && --depth == 0)
			return i + 1;
		i++;
	}
	return 0;
}

/* Splitting: `word` collects one word, `open` says that one has begun (it may be ''). */
struct splitter {
	const char *at;
	struct buf word;
	bool open;
	struct words *out;
	struct err *err;
};

static int end_word(struct splitter *s)
{
	if (!s->open)
		return 0;
	if (s->out->count >= TEXT_WORDS_MAX)
		return err_set(s->err, ERR_LIMIT, "more than %d words", TEXT_WORDS_MAX);
	MEM_PUSH_ROOM(s->out->items, s->out->count);
	s->out->items[s->out->count++] = buf_detach(&s->word);
	s->open = false;
	return 0;
}

static int take_template(struct splitter *s)
{
	size_t len = text_template_len(s->at);

	if (!len)
		return err_set(s->err, ERR_INPUT, "'${' is never closed with '}'");
	buf_add(&s->word, s->at, len);
	s->at += len;
	return 0;
}

/* One character, template or escape inside "…" or outside quotes. */
static int take_piece(struct splitter *s, bool quoted)
{
	if (strncmp(s->at, "$${", 3) == 0) {
		buf_add(&s->word, s->at, 3);
		s->at += 3;
		return 0;
	}
	if (s->at[0] == '$' && s->at[1] == '{')
		return take_template(s);
	if (s->at[0] == '\\' && s->at[1] && (!quoted || strchr("\\\"$`", s->at[1])))
		s->at++;
	buf_addc(&s->word, *s->at++);
	return 0;
}

static int take_quoted(struct splitter *s)
{
	char quote = *s->at++;

	while (*s->at && *s->at != quote) {
		if (quote == '"' || (s->at[0] == '$' && strchr("${", s->at[1]))) {
			if (take_piece(s, true) < 0)
				return -1;
		} else {
			buf_addc(&s->word, *s->at++);
		}
	}
	if (!*s->at)
		return err_set(s->err, ERR_INPUT, "a %c quote is never closed", quote);
	s->at++;
	return 0;
}

static int split_next(struct splitter *s)
{
	if (strchr(" \t\r\n", *s->at)) {
		s->at++;
		return end_word(s);
	}
	s->open = true;
	if (*s->at == '\'' || *s->at == '"')
		return take_quoted(s);
	return take_piece(s, false);
}

int words_split(const char *text, struct words *out, struct err *err)
{
	struct splitter s = {.at = text, .out = out, .err = err};
	int result = 0;

	*out = (struct words){0};
	buf_init(&s.word, BUF_TEXT_MAX);
	while (*s.at && result == 0)
		result = split_next(&s);
	if (result == 0)
		result = end_word(&s);
	if (result == 0 && s.word.full)
		result = err_set(err, ERR_LIMIT, "a word is over %d bytes", BUF_TEXT_MAX);
	buf_release(&s.word);
	if (result < 0)
		words_release(out);
	return result;
}

void words_release(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){0};
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein distance (neighbouring letters swapped count once), one row at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_LEN + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t alen = strlen(a), blen = strlen(b);

	for (size_t j = 0; j <= blen; j++)
		above[j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[blen];
}

bool text_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, word, len) == 0 && (at[len] == ' ' || !at[len]))
			return true;
	}
	return false;
}

/* The only one that NAME, which is more than a letter, is the beginning of; or NULL. */
static const char *only_longer(const char *name, const char *const *names, size_t count)
{
	const char *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; i < count && len > 1; i++) {
		if (strncmp(names[i], name, len) != 0)
			continue;
		if (found)
			return NULL;
		found = names[i];
	}
	return found;
}

const char *text_nearest(const char *name, const char *const *names, size_t count)
{
	const char *best = only_longer(name, names, count);
	size_t len = strlen(name);
	size_t best_distance = len / 3 > 1 ? len / 3 : 1;

	if (best || len > NAME_MAX_LEN)
		return best;
	for (size_t i = 0; i < count; i++) {
		size_t d;

		if (strlen(names[i]) > NAME_MAX_LEN)
			continue;
		d = distance(name, names[i]);
		if (d < best_distance || (d == best_distance && !best)) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
