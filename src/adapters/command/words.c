/* Argument and environment vectors from JSON. Invariant: one value is one word, whatever is in it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fsops/mem.h"
#include "fsops/value.h"

char **words_of(const json_t *array)
{
	size_t count = json_array_size(array);
	char **words = mem_alloc((count + 1) * sizeof(*words));

	for (size_t i = 0; i < count; i++)
		words[i] = value_to_text(json_array_get(array, i));
	return words;
}

void words_free(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

bool words_is_variable(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

static char **env_words(const json_t *object, bool taken_away)
{
	char **words = mem_alloc((json_object_size(object) + 1) * sizeof(*words));
	size_t count = 0;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		char *text;

		if (!words_is_variable(name))
			continue;
		text = value_to_text(value);
		words[count++] = taken_away && json_is_null(value)
		                     ? mem_text(name)
		                     : mem_printf("%s=%s", name, text);
		free(text);
	}
	return words;
}

char **words_of_env(const json_t *object)
{
	return env_words(object, false);
}

char **words_of_call_env(const json_t *object)
{
	return env_words(object, true);
}

void words_describe(char *const *words, struct buf *out)
{
	for (size_t i = 0; words[i]; i++) {
		if (i)
			buf_addc(out, ' ');
		buf_add_shell_word(out, words[i]);
	}
}
