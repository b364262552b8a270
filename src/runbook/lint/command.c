/*
 * The rules on commands: of kubectl and exec their words, of shell what can be read of the
 * script without being a shell.
 *
 * Which words are worth a warning is a table. Invariant: a word counts only for the program that
 * reads it: what stands after `--` of kubectl is another program's.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fsops/buf.h"
#include "fsops/mem.h"
#include "fsops/script.h"
#include "fsops/template.h"
#include "lint.h"

struct command {
	struct lint *lint;
	const struct node *node; /* the text or the list that the words are of */
	size_t from;             /* where in the text to look for them */
	const char *program;
	char *const *words; /* after the program's name */
	size_t count;
};

typedef void command_fn(struct command *command);

/* ---- finding commands ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What `--` is followed by: `kubectl exec POD -- tail -f x`. */
static void give(struct command command, command_fn *fn)
{
	size_t own = 0;

	while (own < command.count && strcmp(command.words[own], "--") != 0)
		own++;
	if (own + 1 < command.count && strcmp(command.program, "kubectl") == 0) {
		struct command inner = command;

		inner.program = base_name(command.words[own + 1]);
		inner.words = command.words + own + 2;
		inner.count = command.count - own - 2;
		give(inner, fn);
	}
	command.count = own;
	fn(&command);
}

static bool is_separator(const char *word)
{
	static const char *const separators[] = {
	    "|", ";", "&", "(", ")", "do", "then", "else", "!"};

	for (size_t i = 0; i < COUNT_OF(separators); i++)
		if (strcmp(separators[i], word) == 0)
			return true;
	return false;
}

/* A line of a script, split at what separates commands. */
static void give_line(struct command command, const struct words *words, command_fn *fn)
{
	size_t begin = 0;

	for (size_t i = 0; i <= words->count; i++) {
		if (i < words->count && !is_separator(words->items[i]))
			continue;
		if (i > begin) {
			command.program = base_name(words->items[begin]);
			command.words = words->items + begin + 1;
			command.count = i - begin - 1;
			give(command, fn);
		}
		begin = i + 1;
	}
}

/* LINE with blanks around what separates commands, outside quotes; a new string. */
static char *spaced(const char *line, size_t len)
{
	struct buf out;
	char quote = '\0';

	buf_init(&out, DOCUMENT_MAX * 3);
	for (size_t i = 0; i < len; i++) {
		if (quote ? line[i] == quote : strchr("'\"", line[i]) != NULL)
			quote = quote ? '\0' : line[i];
		if (!quote && strchr(";|&()", line[i]))
			buf_addf(&out, " %c ", line[i]);
		else
			buf_addc(&out, line[i]);
	}
	return buf_detach(&out);
}

static void give_script(struct command command, command_fn *fn)
{
	const char *text = command.node->text;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		char *line = spaced(at, len);
		struct words words = {0};

		command.from = (size_t)(at - text);
		if (line[strspn(line, " \t")] != '#' && words_split(line, &words, NULL) == 0)
			give_line(command, &words, fn);
		words_release(&words);
		free(line);
		at += len + (at[len] != '\0');
	}
}

static int read_words(const struct node *node, struct words *words)
{
	if (node->kind == NODE_SCALAR)
		return words_split(node->text, words, NULL);
	words->items = mem_alloc((node->count + 1) * sizeof(*words->items));
	for (size_t i = 0; i < node->count; i++)
		words->items[words->count++] =
		    mem_text(node->items[i]->text ? node->items[i]->text : "");
	return 0;
}

static void give_words(struct command command, command_fn *fn)
{
	bool named = strcmp(command.program, "exec") == 0; /* the first word is the program */
	struct words words = {0};

	if (read_words(command.node, &words) == 0 && words.count) {
		if (named)
			command.program = base_name(words.items[0]);
		command.words = words.items + named;
		command.count = words.count - named;
		give(command, fn);
	}
	words_release(&words);
}

/* Call FN for each command of the action; its words live as long as the call. */
static void each_command(struct lint *lint, command_fn *fn)
{
	const struct action *action = lint->action;
	const struct node *argv = node_get(action->args_node, "argv");
	struct command command = {.lint = lint, .program = action->adapter->name};

	command.node = argv ? argv : action->args_node;
	if (command.node->kind == NODE_MAP)
		return;
	if (!action->adapter->literal)
		give_words(command, fn);
	else if (command.node->kind == NODE_SCALAR)
		give_script(command, fn);
}

/* ---- looking at words ---- */

/* Where WORD stands: in a list its item, in a text the first place that reads so. */
static struct pos word_pos(const struct command *command, const char *word)
{
	const struct node *node = command->node;
	const char *at;

	for (size_t i = 0; i < node->count; i++)
		if (node->items[i]->text && strcmp(node->items[i]->text, word) == 0)
			return node->items[i]->pos;
	at = node->text ? strstr(node->text + command->from, word) : NULL;
	return at ? node_pos_at(node, (size_t)(at - node->text)) : node->pos;
}

/* The first word that is no option, nor the value of one that comes before it. */
static const char *verb_of(const struct command *command)
{
	static const char *const valued[] = {"-n", "--namespace", "--context", "--kubeconfig"};

	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->words[i];

		if (word[0] != '-')
			return word;
		for (size_t j = 0; j < COUNT_OF(valued); j++)
			i += strcmp(valued[j], word) == 0;
	}
	return "";
}

/* "--follow" also as "--follow=true". */
static const char *find_word(const struct command *command, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; i < command->count; i++) {
		const char *word = command->words[i];

		if (strcmp(word, wanted) == 0 ||
		    (wanted[0] == '-' && strncmp(word, wanted, len) == 0 &&
		        strcmp(word + len, "=true") == 0))
			return word;
	}
	return NULL;
}

/* ---- the tables ---- */

struct pattern {
	const char *program;
	const char *verb; /* NULL: any */
	const char *word; /* NULL: the verb is enough */
	const char *also; /* another word that must be there, or NULL */
	const char *say;
};

static void hold_against(const struct command *command, const struct pattern *patterns)
{
	const char *verb = verb_of(command);

	for (; patterns->program; patterns++) {
		const char *word = patterns->verb ? verb : command->program;

		if (patterns->word)
			word = find_word(command, patterns->word);
		if (strcmp(patterns->program, command->program) != 0 ||
		    (patterns->verb && strcasecmp(patterns->verb, verb) != 0) || !word ||
		    (patterns->also && !find_word(command, patterns->also)))
			continue;
		lint_say(command->lint, word_pos(command, word), "%s", patterns->say);
		return; /* one warning a command and rule is enough */
	}
}

static const char no_follow[] =
    "this never ends, so the step's budget ends it: leave the option out, and bound the output "
    "with --tail or --since";
static const char no_watch[] =
    "this never ends, so the step's budget ends it: leave the option out and look again with "
    "'until', or use 'kubectl wait'";
static const char no_tail[] = "this never ends, so the step's budget ends it: leave the option out";

static const struct pattern endless[] = {
    {"kubectl", "logs", "-f", NULL, no_follow},
    {"kubectl", "logs", "--follow", NULL, no_follow},
    {"kubectl", "get", "-w", NULL, no_watch},
    {"kubectl", "get", "--watch", NULL, no_watch},
    {"kubectl", "get", "--watch-only", NULL, no_watch},
    {"kubectl", "events", "-w", NULL, no_watch},
    {"kubectl", "events", "--watch", NULL, no_watch},
    {"docker", "logs", "-f", NULL, no_follow},
    {"docker", "logs", "--follow", NULL, no_follow},
    {"docker", "events", NULL, NULL, no_tail},
    {"docker", "stats", NULL, NULL, "this never ends: use 'docker stats --no-stream'"},
    {"tail", NULL, "-f", NULL, no_tail},
    {"tail", NULL, "-F", NULL, no_tail},
    {"tail", NULL, "--follow", NULL, no_tail},
    {"journalctl", NULL, "-f", NULL, no_tail},
    {"journalctl", NULL, "--follow", NULL, no_tail},
    {"watch", NULL, NULL, NULL,
        "this never ends, so the step's budget ends it: run the command itself, again and again "
        "with 'until'"},
    {0},
};

static const struct pattern deprecated[] = {
    {"docker", "scan", NULL, NULL,
        "'docker scan' is gone: use 'docker scout cves' or 'trivy image'"},
    {"docker-compose", NULL, NULL, NULL, "'docker-compose' is gone: use 'docker compose'"},
    {"kubectl", "rolling-update", NULL, NULL,
        "'rolling-update' is gone: use a deployment and 'rollout'"},
    {"kubectl", NULL, "--cascade=false", NULL,
        "'--cascade=false' is gone, and leaves pods that nothing owns: use '--cascade=orphan' if "
        "that is meant"},
    {"kubectl", NULL, "--cascade=true", NULL,
        "'--cascade=true' is gone: it is the default, '--cascade=background'"},
    {"kubectl", "get", "componentstatuses", NULL,
        "'componentstatuses' is deprecated and tells nothing of a cluster of today: use 'get --raw "
        "/readyz?verbose'"},
    {"kubectl", "get", "cs", NULL,
        "'componentstatuses' is deprecated and tells nothing of a cluster of today: use 'get --raw "
        "/readyz?verbose'"},
    {"kubectl", "get", "--export", NULL, "'--export' is gone: use '-o yaml'"},
    {"kubectl", "run", "--generator", NULL, "'--generator' is gone: use 'kubectl create'"},
    {"kubectl", "drain", "--delete-local-data", NULL,
        "'--delete-local-data' is deprecated: use '--delete-emptydir-data'"},
    {"kubectl", NULL, "--dry-run", NULL,
        "'--dry-run' needs a value: use '--dry-run=client' or '--dry-run=server'"},
    {"kubectl", NULL, "--record", NULL,
        "'--record' is deprecated: annotate with 'kubernetes.io/change-cause'"},
    {0},
};

static const struct pattern destroys[] = {
    {"kubectl", "delete", "--all", NULL,
        "'delete --all' takes what is in use too: name what is to be deleted, or select it with "
        "-l"},
    {"kubectl", "delete", "all", NULL,
        "'delete all' takes what is in use too: name what is to be deleted"},
    {"kubectl", "delete", "--all-namespaces", NULL,
        "this deletes in every namespace, also of other teams: name the namespace"},
    {"kubectl", "delete", "-A", NULL,
        "this deletes in every namespace, also of other teams: name the namespace"},
    {"kubectl", "delete", "--force", "--grace-period=0",
        "'--force --grace-period=0' does not wait for the pod's end, so that two may run on one "
        "volume: leave both out"},
    {"docker", "system", "prune", NULL,
        "'system prune' deletes what others keep on this host: name what is to be deleted"},
    {"redis-cli", "FLUSHALL", NULL, NULL,
        "FLUSHALL empties every database of the server: delete keys, or let them expire"},
    {"redis", "FLUSHALL", NULL, NULL,
        "FLUSHALL empties every database of the server: delete keys, or let them expire"},
    {0},
};

static void is_endless(struct command *command)
{
	hold_against(command, endless);
}

static void is_deprecated(struct command *command)
{
	hold_against(command, deprecated);
}

static void is_destroying(struct command *command)
{
	hold_against(command, destroys);
}

void lint_endless(struct lint *lint)
{
	each_command(lint, is_endless);
}

void lint_deprecated(struct lint *lint)
{
	each_command(lint, is_deprecated);
}

void lint_destroys_all(struct lint *lint)
{
	each_command(lint, is_destroying);
}

/* ---- kubectl's own time-out ---- */

static void is_long(struct command *command)
{
	static const char option[] = "--timeout=";
	msec budget = command->lint->step->budget;

	for (size_t i = 0; budget && i < command->count; i++) {
		const char *word = command->words[i];
		msec span;

		if (strncmp(word, option, strlen(option)) == 0 &&
		    clock_parse_span(word + strlen(option), &span) == 0 && span >= budget)
			lint_say(command->lint, word_pos(command, word),
			    "'%s' is not less than the step's budget, which ends it first", word);
	}
}

void lint_long_timeout(struct lint *lint)
{
	each_command(lint, is_long);
}

/* ---- scripts of `sh -c` ---- */

#define PIPE_ADVICE                                                                                \
	"this pipe ends with the status of its last command only, so a failure before the '|' is " \
	"no failure here: write what comes out to a file and read that, or say '|| true' if it "   \
	"does not matter"

static bool is_shell(const char *word)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash", "ksh", "zsh"};

	for (size_t i = 0; i < COUNT_OF(shells); i++)
		if (strcmp(base_name(word), shells[i]) == 0)
			return true;
	return false;
}

/* The script of `sh -c`, of `sudo sh -c` too: the word after the option; NULL: there is none. */
static const char *script_of(const struct command *command)
{
	bool shell = is_shell(command->program);

	for (size_t i = 0; i + 1 < command->count; i++) {
		const char *word = command->words[i];

		if (shell && word[0] == '-' && word[1] != '-' && strchr(word, 'c'))
			return command->words[i + 1];
		shell = shell || is_shell(word);
	}
	return NULL;
}

static void has_inner_pipe(struct command *command)
{
	const char *script = script_of(command);

	if (script && !find_word(command, "pipefail") && script_drops_status(script, NULL))
		lint_say(command->lint, word_pos(command, script), PIPE_ADVICE);
}

void lint_pipe(struct lint *lint)
{
	const struct action *action = lint->action;
	const struct node *node = action->args_node;
	size_t at;

	if (action->adapter->literal && node->kind == NODE_SCALAR &&
	    script_drops_status(node->text, &at))
		lint_say(lint, node_pos_at(node, at),
		    PIPE_ADVICE "; where sh knows pipefail, it is set for this script");
	each_command(lint, has_inner_pipe);
}

static int pass_text(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
	return 0;
}

static int find_hole(void *ctx, const char *text, size_t len)
{
	bool *found = ctx;

	(void)text;
	(void)len;
	*found = true;
	return 0;
}

static void has_value_in_script(struct command *command)
{
	const char *script = script_of(command);
	bool found = false;

	if (script && template_each(script, pass_text, find_hole, &found) == 0 && found)
		lint_say(command->lint, word_pos(command, script),
		    "the value becomes a part of the script, so that a quote or '$(…)' in it is "
		    "run: use "
		    "'shell:', which has variables as environment, or pass it behind the script: "
		    "sh -c "
		    "'echo \"$1\"' sh '${x}'");
}

void lint_script_value(struct lint *lint)
{
	each_command(lint, has_value_in_script);
}
