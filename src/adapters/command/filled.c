/* Words that are filled in. Invariant: a value is never an option: a word that begins with `${…}` may not
 * begin with `-` afterwards, unless the command's author ended the options before it. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "fsops/mem.h"
#include "fsops/value.h"

/* Programs that run another: what a `--` ends are their own options, not that one's. */
static const char *const runners[] = {"busybox", "chroot", "chrt", "crictl", "ctr", "doas",
    "docker", "env", "find", "flock", "ionice", "kubectl", "lxc-attach", "nerdctl", "nice", "nohup",
    "nsenter", "numactl", "oc", "parallel", "podman", "runuser", "script", "setarch", "setpriv",
    "setsid", "ssh", "stdbuf", "strace", "su", "sudo", "systemd-run", "taskset", "time", "timeout",
    "unshare", "watch", "xargs"};

/* What follows a script after `-c` is the script's. */
static const char *const shells[] = {"ash", "bash", "dash", "ksh", "sh", "zsh"};

static bool is_among(const char *program, const char *const *list, size_t count)
{
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], slash ? slash + 1 : program) == 0)
			return true;
	return false;
}

bool words_run_another(const char *program)
{
	return is_among(program, runners, COUNT_OF(runners));
}

/* Does the script that `sh -c` runs stand at AT? */
static bool is_script(const json_t *words, size_t at)
{
	const char *program = json_string_value(json_array_get(words, 0));

	return at >= 2 && strcmp(json_string_value(json_array_get(words, at - 1)), "-c") == 0 &&
	       is_among(program, shells, COUNT_OF(shells));
}

static bool is_filled(const char *word)
{
	return strncmp(word, "${", 2) == 0;
}

json_t *words_filled(const json_t *words, bool inner)
{
	json_t *places = json_array();
	bool ended = false; /* the options are */

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		if (is_filled(word) && !ended)
			json_array_append_new(places, json_integer((json_int_t)i));
		if (strcmp(word, "--") == 0 || is_script(words, i))
			ended = true;
		else if (!is_filled(word) && inner)
			ended = false; /* it may be the other command's name */
	}
	return places;
}

int words_check(const json_t *words, const json_t *places, const char *who, struct err *err)
{
	int result = 0;
	size_t i;
	json_t *at;

	json_array_foreach((json_t *)places, i, at) {
		char *word = value_to_text(json_array_get(words, (size_t)json_integer_value(at)));

		if (result == 0 && word[0] == '-')
			result = err_set(err, ERR_INPUT,
			    "the value '%s' was filled in where %s would read it as an option: a "
			    "value must not begin with '-' (write --name=${…}, or `--` before it)",
			    word, who);
		free(word);
	}
	return result;
}

size_t words_folder(const char *word)
{
	const char *hole = strstr(word, "${");
	size_t len = hole ? (size_t)(hole - word) : 0;

	while (len && word[len - 1] != '/')
		len--;
	return len;
}

int words_stay(const char *word, size_t len, struct err *err)
{
	for (const char *at = word + len; *at; at += strspn(at, "/")) {
		size_t part = strcspn(at, "/");

		if (part == 2 && strncmp(at, "..", 2) == 0)
			return err_set(err, ERR_INPUT,
			    "what was filled in makes '%s' of it, which is not in the folder "
			    "'%.*s'",
			    word, (int)len, word);
		at += part;
	}
	return 0;
}
