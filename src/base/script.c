/*
 * Pipes in shell scripts. A walk over the text that knows quotes, comments, substitutions, here-documents and `case`.
 * Invariant: it never reads beyond the text, and what it does not understand is no pipe.
 */
#include "fsops/script.h"

#include <ctype.h>
#include <string.h>

#include "fsops/mem.h"

/* Levels of $( … ) and the like; deeper ones are not looked into. */
#define LEVELS_MAX 32
/* Here-documents that one line may begin. */
#define HERE_MAX 8

/* What is between two ends, of which the last one is open. */
enum level_kind {
	LEVEL_TOP,
	LEVEL_COMMANDS,
	LEVEL_BACKTICK,
	LEVEL_QUOTES,
	LEVEL_BRACES,
	LEVEL_MATH
};

struct level {
	enum level_kind kind;
	bool begun;    /* a word of the present command has been read */
	bool may_fail; /* the present command, as one that a pipe follows */
	bool dropped;  /* this pipeline drops a status, */
	size_t pipe;   /* at that place */
	int cases;     /* `case` that are open */
	bool pattern;  /* between `in` or `;;` and `)` */
};

struct here {
	const char *end; /* the word that ends it, without quotes */
	size_t len;
	bool tabs; /* <<- */
};

struct scan {
	const char *text;
	size_t at;
	struct level levels[LEVELS_MAX];
	size_t depth; /* the last one */
	struct here here[HERE_MAX];
	size_t here_count;
	size_t found; /* 1 + the place of the first pipe that drops a status; 0: none */
};

static struct level *level(struct scan *s)
{
	return &s->levels[s->depth];
}

static bool word_is(const char *word, size_t len, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == len && strncmp(words[i], word, len) == 0)
			return true;
	return false;
}

/* ---- the present command ---- */

static void end_command(struct scan *s)
{
	level(s)->begun = false;
	level(s)->may_fail = false;
}

/* What is said of a pipeline after it: `|| true`. */
static bool is_forgiven(const char *text)
{
	static const char *const words[] = {"true", ":"};
	size_t len;

	if (strncmp(text, "||", 2) != 0)
		return false;
	text += 2;
	text += strspn(text, " \t");
	len = strcspn(text, " \t\n;)&|}");
	return word_is(text, len, words, COUNT_OF(words));
}

static void end_pipeline(struct scan *s)
{
	struct level *now = level(s);

	if (now->dropped && !s->found && !is_forgiven(s->text + s->at))
		s->found = now->pipe + 1;
	now->dropped = false;
	end_command(s);
}

/* Words that a command follows, and what never fails. */
static void take_word(struct scan *s, const char *word, size_t len)
{
	static const char *const before[] = {
	    "if", "then", "else", "elif", "do", "while", "until", "!", "{", "time"};
	static const char *const harmless[] = {"echo", "printf", "true", ":", "yes", "seq"};
	struct level *now = level(s);
	size_t name = 0;

	if (now->cases && len == 2 && strncmp(word, "in", 2) == 0 && now->begun)
		now->pattern = true;
	if (now->begun || now->pattern || word_is(word, len, before, COUNT_OF(before))) {
		if (now->pattern && len == 4 && strncmp(word, "esac", 4) == 0) {
			now->pattern = false;
			now->cases--;
			now->begun = now->may_fail = true;
		}
		return;
	}
	while (name < len && (isalnum((unsigned char)word[name]) || word[name] == '_'))
		name++;
	if (name && name < len && word[name] == '=')
		return; /* an assignment */
	if (len == 4 && strncmp(word, "case", 4) == 0)
		now->cases++;
	if (len == 4 && strncmp(word, "esac", 4) == 0 && now->cases)
		now->cases--;
	now->begun = true;
	now->may_fail = !word_is(word, len, harmless, COUNT_OF(harmless));
}

/* ---- levels ---- */

static void open_level(struct scan *s, enum level_kind kind)
{
	if (s->depth + 1 < LEVELS_MAX)
		s->levels[++s->depth] = (struct level){.kind = kind};
}

/* The command around goes on: what was inside was (a part of) a word of it. */
static void close_level(struct scan *s)
{
	enum level_kind kind = level(s)->kind;

	if (kind == LEVEL_COMMANDS || kind == LEVEL_BACKTICK)
		end_pipeline(s);
	s->depth--;
	if (!level(s)->begun) {
		level(s)->begun = true;
		level(s)->may_fail = true;
	}
}

/* ---- here-documents ---- */

static void note_here(struct scan *s)
{
	const char *at = s->text + s->at + 2;
	struct here here = {.tabs = *at == '-'};

	at += here.tabs;
	at += strspn(at, " \t");
	at += *at == '\'' || *at == '"' || *at == '\\';
	here.end = at;
	here.len = strcspn(at, " \t\n;|&<>()'\"");
	if (here.len && s->here_count < HERE_MAX)
		s->here[s->here_count++] = here;
	s->at = (size_t)(at + here.len - s->text);
	s->at += s->text[s->at] == '\'' || s->text[s->at] == '"';
}

/* Past the lines of the here-documents that the line before has begun. */
static void skip_here(struct scan *s)
{
	for (size_t i = 0; i < s->here_count; i++)
		while (s->text[s->at]) {
			const char *line = s->text + s->at;
			size_t len = strcspn(line, "\n");
			size_t tabs = s->here[i].tabs ? strspn(line, "\t") : 0;

			s->at += len + (line[len] != '\0');
			if (len - tabs == s->here[i].len &&
			    strncmp(line + tabs, s->here[i].end, s->here[i].len) == 0)
				break;
		}
	s->here_count = 0;
}

/* ---- characters ---- */

static bool starts(const struct scan *s, const char *what)
{
	return strncmp(s->text + s->at, what, strlen(what)) == 0;
}

/* What begins at a `$` or a backtick, inside quotes too. False: nothing of this kind. */
static bool substitution(struct scan *s)
{
	static const struct {
		const char *begin;
		enum level_kind kind;
	} all[] = {{"$((", LEVEL_MATH}, {"$(", LEVEL_COMMANDS}, {"${", LEVEL_BRACES}};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (starts(s, all[i].begin)) {
			open_level(s, all[i].kind);
			s->at += strlen(all[i].begin);
			return true;
		}
	if (s->text[s->at] != '`')
		return false;
	s->at++;
	for (size_t i = s->depth; i > 0; i--)
		if (s->levels[i].kind == LEVEL_BACKTICK) {
			while (s->depth >= i)
				close_level(s);
			return true;
		}
	open_level(s, LEVEL_BACKTICK);
	return true;
}

static void single_quotes(struct scan *s)
{
	const char *end = strchr(s->text + s->at + 1, '\'');

	s->at = end ? (size_t)(end - s->text) + 1 : strlen(s->text);
}

/* Inside "…", ${…} and $((…)) only their ends and substitutions mean something. */
static void in_word(struct scan *s)
{
	static const char *const ends[] = {
	    [LEVEL_QUOTES] = "\"", [LEVEL_BRACES] = "}", [LEVEL_MATH] = "))"};
	const char *end = ends[level(s)->kind];

	if (s->text[s->at] == '\\' && s->text[s->at + 1]) {
		s->at += 2;
	} else if (starts(s, end)) {
		close_level(s);
		s->at += strlen(end);
	} else if (level(s)->kind == LEVEL_BRACES && s->text[s->at] == '"') {
		open_level(s, LEVEL_QUOTES);
		s->at++;
	} else if (!substitution(s)) {
		s->at++;
	}
}

static void pipe_sign(struct scan *s)
{
	struct level *now = level(s);

	if (now->may_fail && !now->dropped) {
		now->dropped = true;
		now->pipe = s->at;
	}
	end_command(s);
	s->at++;
}

static void separator(struct scan *s)
{
	bool patterns = starts(s, ";;") && level(s)->cases;
	char c = s->text[s->at];

	if (c == '\n' && level(s)->dropped && !level(s)->begun) {
		s->at++; /* a pipe at the end of a line goes on in the next one */
		return;
	}
	end_pipeline(s);
	level(s)->pattern |= patterns;
	s->at += starts(s, "||") || starts(s, "&&") || patterns ? 2 : 1;
	if (c == '\n')
		skip_here(s);
}

static void parenthesis(struct scan *s)
{
	bool open = s->text[s->at++] == '(';

	if (!open && level(s)->pattern)
		level(s)->pattern = false;
	else if (!open && level(s)->kind == LEVEL_COMMANDS)
		close_level(s);
	else if (open && !level(s)->pattern)
		open_level(s, LEVEL_COMMANDS);
}

static void redirection(struct scan *s)
{
	if (starts(s, "<<") && !starts(s, "<<<"))
		note_here(s);
	else
		s->at += starts(s, ">|") || starts(s, ">&") || starts(s, "<&") ? 2 : 1;
}

static void word(struct scan *s)
{
	size_t len = strcspn(s->text + s->at, " \t\n;|&<>()'\"`$\\");

	if (len)
		take_word(s, s->text + s->at, len);
	else if (!level(s)->begun && !level(s)->pattern)
		level(s)->begun = level(s)->may_fail = true; /* a quoted or computed name */
	s->at += len;
	if (len)
		return;
	if (s->text[s->at] == '\'') {
		single_quotes(s);
	} else if (s->text[s->at] == '"') {
		open_level(s, LEVEL_QUOTES);
		s->at++;
	} else if (s->text[s->at] == '\\' && s->text[s->at + 1]) {
		s->at += 2;
	} else if (!substitution(s)) {
		s->at++;
	}
}

static void in_commands(struct scan *s)
{
	char c = s->text[s->at];
	char before = s->at ? s->text[s->at - 1] : '\n';

	if (c == ' ' || c == '\t')
		s->at++;
	else if (c == '#' && strchr(" \t\n;|&()", before))
		s->at += strcspn(s->text + s->at, "\n");
	else if (c == '|' && level(s)->pattern)
		s->at++;
	else if (c == '|' && s->text[s->at + 1] != '|')
		pipe_sign(s);
	else if (strchr(";&\n|", c))
		separator(s);
	else if (c == '(' || c == ')')
		parenthesis(s);
	else if (c == '<' || c == '>')
		redirection(s);
	else
		word(s);
}

bool script_drops_status(const char *script, size_t *at)
{
	struct scan s = {.text = script};

	if (strstr(script, "pipefail") || strstr(script, "PIPESTATUS"))
		return false;
	while (s.text[s.at] && !s.found) {
		if (level(&s)->kind >= LEVEL_QUOTES)
			in_word(&s);
		else
			in_commands(&s);
	}
	while (!s.found && s.depth)
		close_level(&s);
	if (!s.found)
		end_pipeline(&s);
	if (s.found && at)
		*at = s.found - 1;
	return s.found > 0;
}
