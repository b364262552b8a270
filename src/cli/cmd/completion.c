/* `fsops completion`: what makes a shell complete our command lines. Invariant: the scripts know nothing of commands or
 * options; they ask this command at each TAB. */
#include "cli/command.h"

#include <stdint.h>
#include <string.h>

#include "cli/complete.h"
#include "fsops/mem.h"

static int completion_run(struct cli *cli);

const struct command command_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish [OPTIONS]",
    .help = "the completion of fsops' command lines, for a shell",
    .about =
        "Prints a script that makes the TAB key complete commands, options, runbooks, steps,\n"
        "variables and runs. The shell reads it at its start:\n"
        "  bash  source <(fsops completion bash)     in ~/.bashrc\n"
        "  zsh   source <(fsops completion zsh)      in ~/.zshrc, after compinit\n"
        "  fish  fsops completion fish | source      in ~/.config/fish/config.fish\n"
        "With words after \"--\" it prints what may be the last of them, a line each, which is\n"
        "what the scripts do.",
    .options = OPTIONS_COMMON,
    .args_min = 1,
    .args_max = SIZE_MAX,
    .examples = "fsops completion bash > /etc/bash_completion.d/fsops\tfor everybody here\n"
                "fsops completion fish -- run high-error-rate --only \"\"\twhat may come there\n",
    .statuses = "0\tprinted\n"
                "64\tthere is no such shell\n",
    .run = completion_run,
};

/* COMP_WORDS has each '=' as a word of its own, which complete_words() puts together again. */
static const char bash_script[] =
    "_fsops()\n"
    "{\n"
    "	local line word IFS=$'\\n' last=${COMP_WORDS[COMP_CWORD]}\n"
    "\n"
    "	[[ $last == = ]] && last=\n"
    "	COMPREPLY=()\n"
    "	for line in $(\"${COMP_WORDS[0]}\" completion bash -- \\\n"
    "		\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null); do\n"
    "		word=${line%%$'\\t'*}\n"
    "		case $word in\n"
    "		" COMPLETE_FILES ") compopt -o filenames\n"
    "			COMPREPLY+=($(compgen -f -- \"$last\")) ;;\n"
    "		" COMPLETE_FOLDERS ") compopt -o filenames\n"
    "			COMPREPLY+=($(compgen -d -- \"$last\")) ;;\n"
    "		*=) compopt -o nospace\n"
    "			COMPREPLY+=(\"$word\") ;;\n"
    "		*) COMPREPLY+=(\"$word\") ;;\n"
    "		esac\n"
    "	done\n"
    "}\n"
    "complete -F _fsops fsops\n";

static const char zsh_script[] =
    "#compdef fsops\n"
    "_fsops()\n"
    "{\n"
    "	local line value what\n"
    "	local -a open_values open_lines values lines\n"
    "\n"
    "	for line in \"${(@f)$(\"${words[1]}\" completion zsh -- \\\n"
    "		\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; do\n"
    "		value=${line%%$'\\t'*} what=${line#*$'\\t'}\n"
    "		[[ -n $what ]] && what=\"$value  -- $what\" || what=$value\n"
    "		case $value in\n"
    "		'') ;;\n"
    "		" COMPLETE_FILES ") compset -P '*='; _files ;;\n"
    "		" COMPLETE_FOLDERS ") compset -P '*='; _files -/ ;;\n"
    "		*=) open_values+=(\"$value\") open_lines+=(\"$what\") ;;\n"
    "		*) values+=(\"$value\") lines+=(\"$what\") ;;\n"
    "		esac\n"
    "	done\n"
    "	(( $#values )) && compadd -l -d lines -a values\n"
    "	(( $#open_values )) && compadd -S '' -l -d open_lines -a open_values\n"
    "}\n"
    "compdef _fsops fsops\n";

static const char fish_script[] =
    "function __fsops_complete\n"
    "	set -l tokens (commandline -opc)\n"
    "	set -l last (commandline -ct)\n"
    "	for line in ($tokens[1] completion fish -- $tokens[2..-1] \"$last\" 2>/dev/null)\n"
    "		switch $line\n"
    "			case '" COMPLETE_FILES "'\n"
    "				__fish_complete_path (string replace -r -- '^-[^=]*=' '' "
    "\"$last\")\n"
    "			case '" COMPLETE_FOLDERS "'\n"
    "				__fish_complete_directories (string replace -r -- '^-[^=]*=' '' "
    "\"$last\") ''\n"
    "			case '*'\n"
    "				echo $line\n"
    "		end\n"
    "	end\n"
    "end\n"
    "complete -c fsops -f -a '(__fsops_complete)'\n";

static const struct {
	const char *name;
	const char *script;
	bool split; /* it takes words apart at '=' */
} shells[] = {
    {"bash", bash_script, true},
    {"zsh", zsh_script, false},
    {"fish", fish_script, false},
};

static int find_shell(const char *name, struct err *err)
{
	for (size_t i = 0; i < COUNT_OF(shells); i++)
		if (strcmp(shells[i].name, name) == 0)
			return (int)i;
	return err_set(
	    err, ERR_USAGE, "there is no completion for '%s': it is bash, zsh or fish", name);
}

static int completion_run(struct cli *cli)
{
	struct buf text;
	struct err err;
	int i = find_shell(cli->args[0], &err);

	if (i < 0)
		return complain_err(&err);
	buf_init(&text, BUF_TEXT_MAX);
	if (cli->arg_count == 1)
		buf_adds(&text, shells[i].script);
	else
		complete_words(&text, cli->args + 1, cli->arg_count - 1, shells[i].split);
	return cli_print(cli, &text, EXIT_OK);
}
