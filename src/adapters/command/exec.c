/* exec: a command, without a shell. Invariant: what describe() prints, read by a POSIX shell, is
 * the argv, folder and environment that start() uses. */
#include <stdlib.h>
#include <string.h>

#include "adapters/share.h"
#include "command.h"
#include "fsops/mem.h"
#include "fsops/value.h"

static const struct node_key keys[] = {
    {"argv", WANT_WORDS, true, "the command and its arguments"},
    {"cwd", WANT_TEXT, false, "the folder that it runs in"},
    {"env", WANT_MAP, false, "environment variables for it, over the ones that are there"},
    {NULL, WANT_ANY, false, NULL},
};

static json_t *parse_env(const struct node *map, struct problems *list)
{
	json_t *env = json_object();

	for (size_t i = 0; i < map->count; i++) {
		const char *text = node_want_text(map->items[i], "an environment variable", list);

		if (!words_is_variable(map->keys[i]->text))
			NODE_PROBLEM(list, map->keys[i],
			    "'%s' is no name for an environment variable: use letters, digits and "
			    "_",
			    map->keys[i]->text);
		else if (text)
			json_object_set_new(
			    env, map->keys[i]->text, value_text(text, strlen(text)));
	}
	return env;
}

static json_t *parse_map(const struct node *map, struct problems *list)
{
	const struct node *cwd = node_get(map, "cwd");
	const struct node *env = node_get(map, "env");
	size_t errors = list->errors;
	json_t *args = json_object();

	if (node_check_map(map, keys, "exec", list) == 0) {
		json_object_set_new(
		    args, "argv", node_want_words(node_get(map, "argv"), "argv", list));
		if (cwd)
			json_object_set_new(args, "cwd", value_text(cwd->text, cwd->len));
		if (env)
			json_object_set_new(args, "env", parse_env(env, list));
	}
	if (list->errors == errors)
		return args;
	json_decref(args);
	return NULL;
}

static json_t *parse(const struct node *value, struct problems *list)
{
	json_t *args = NULL;
	json_t *words;

	if (value->kind == NODE_MAP)
		args = parse_map(value, list);
	else if ((words = node_want_words(value, "exec", list)))
		args = json_pack("{s:o}", "argv", words);
	words = json_object_get(args, "argv");
	if (json_array_size(words)) {
		const char *program = json_string_value(json_array_get(words, 0));
		size_t folder = words_folder(program);

		json_object_set_new(
		    args, "filled", words_filled(words, words_run_another(program)));
		if (folder)
			json_object_set_new(args, "folder", json_integer((json_int_t)folder));
	}
	return args;
}

static int check(const json_t *args, struct err *err)
{
	json_t *argv = json_object_get(args, "argv");
	char *program = value_to_text(json_array_get(argv, 0));
	json_t *folder = json_object_get(args, "folder");
	int result = words_check(argv, json_object_get(args, "filled"), program, err);

	if (result == 0 && folder)
		result = words_stay(program, (size_t)json_integer_value(folder), err);
	free(program);
	return result;
}

static void describe(const json_t *args, const json_t *target, enum effect effect, struct buf *out)
{
	const char *cwd = value_get_text(args, "cwd");
	char **argv = words_of(json_object_get(args, "argv"));
	char **env = words_of_env(json_object_get(args, "env"));

	(void)target;
	(void)effect;
	if (cwd) {
		buf_adds(out, "(cd ");
		buf_add_shell_word(out, cwd);
		buf_adds(out, " && ");
	}
	for (char **variable = env; *variable; variable++) {
		size_t name = strcspn(*variable, "=") + 1;

		buf_add(out, *variable, name);
		buf_add_shell_word(out, *variable + name);
		buf_addc(out, ' ');
	}
	words_describe(argv, out);
	if (cwd)
		buf_addc(out, ')');
	words_free(argv);
	words_free(env);
}

static void start(struct call *call)
{
	char **argv = words_of(json_object_get(call->args, "argv"));
	char **env = words_of_env(json_object_get(call->args, "env"));
	char *cwd = value_to_text(json_object_get(call->args, "cwd"));

	command_start(call, &(struct command_spec){.argv = (const char *const *)argv,
	                        .env = (const char *const *)env,
	                        .cwd = *cwd ? cwd : NULL});
	words_free(argv);
	words_free(env);
	free(cwd);
}

const struct adapter adapter_exec = {
    .name = "exec",
    .help = "run a command, without a shell",
    .forms = "words, a list of arguments, or {argv, cwd, env}",
    .fields = command_fields,
    .succeeds = "exit status 0",
    .command = true,
    .decides = "exit stderr",
    .process = true,
    .takes = ADAPTER_TEXT | ADAPTER_LIST,
    .keys = keys,
    .parse = parse,
    .effect = effect_unstated,
    .check = check,
    .describe = describe,
    .start = start,
    .cancel = command_cancel,
    .release = command_release,
};
