/*
 * Words, as Python's shlex.split() makes them: botocore splits section names and `credential_process`
 * with it, and starts no shell.
 * Invariant: as POSIX's shell, but for backslash in double quotes, which quotes only itself and the quote.
 */
#include "aws.h"

#include <stdlib.h>
#include <string.h>

#include "fsops/buf.h"
#include "fsops/mem.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The quote's inside, up to and with its end; NULL: it is open. */
static const char *take_quoted(const char *at, struct buf *word)
{
	char quote = *at++;

	for (; *at != quote; at++) {
		if (!*at)
			return NULL;
		if (quote == '"' && *at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		buf_addc(word, *at);
	}
	return at + 1;
}

/* One word; NULL: it does not end. */
static const char *take_word(const char *at, struct buf *word)
{
	while (at && *at && !is_blank(*at)) {
		if (*at == '\'' || *at == '"') {
			at = take_quoted(at, word);
		} else {
			if (*at == '\\' && !*++at)
				return NULL;
			buf_addc(word, *at++);
		}
	}
	return at;
}

int aws_words(const char *text, struct words *out, struct err *err)
{
	struct buf word;

	*out = (struct words){0};
	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			return 0;
		if (out->count == TEXT_WORDS_MAX) {
			words_release(out);
			return err_set(err, ERR_INPUT, "more than %d words", TEXT_WORDS_MAX);
		}
		buf_init(&word, strlen(text) + 1);
		text = take_word(text, &word);
		MEM_PUSH_ROOM(out->items, out->count);
		out->items[out->count++] = buf_detach(&word);
		if (!text) {
			words_release(out);
			return err_set(err, ERR_INPUT,
			    "a quote is never closed, or nothing follows a backslash");
		}
	}
}
