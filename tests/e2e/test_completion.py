"""What a shell completes: each word comes from the tables and the files, and bash, zsh and fish themselves take it."""
import os
import pathlib
import re
import shutil
import time

import pytest
from helpers import FSOPS, SHIPPED, Terminal, environment, fsops, run, write_book

STEPS = """\
  - {step: Look at it, id: look, budget: 5s, exec: "true", effect: read}
  - {step: Mend it, id: mend, budget: 5s, exec: "true", effect: change}
"""
HEAD = "aliases: [outage-of-all]\nvars:\n  replicas: {value: 3, help: how many pods}\n  key: {secret: true, required: true}"


@pytest.fixture
def books(tmp_path):
    return write_book(tmp_path / "books", STEPS, head=HEAD, platform_more="vars: {region: eu}\n")


def lines(*words, shell="fish", **env):
    """{value: what it is}"""
    result = fsops("completion", shell, "--", *words, env=env)
    assert result.status == 0 and not result.err, str(result)
    assert all("\t" in line or line.startswith(":") for line in result.out.splitlines()), result.out
    return dict(line.split("\t") if "\t" in line else (line, None) for line in result.out.splitlines())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_every_option_of_its_help(shell):
    commands = [line.split()[0] for line in fsops("help").out.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    assert list(lines("", shell=shell)) == commands
    for command in commands:
        told = fsops("help", command).out.split("Options:\n")[1].split("\n\n")[0]
        known = set(re.findall(r"^  (?:-.,|   ) (--[a-z-]+)", told, re.M))
        offered = lines(command, "--", shell=shell)
        assert {word.rstrip("=") for word in offered} == known, command
        assert all(offered.values()), "each says what it is"


def test_what_is_begun_is_gone_on_with():
    assert list(lines("re")) == ["resume", "report"]
    assert list(lines("run", "--yes")) == ["--yes", "--yes-destroy"]
    assert lines("nothing", "") == lines("nothing", "--") == lines("r", "run", "--") == {}
    assert list(lines("-")) == ["--help", "--version"]


def test_values_of_options(books):
    at = ("-R", books)
    assert list(lines("list", "--format", "")) == list(lines("list", "-R", "x", "--format", "")) == ["text", "json"]
    assert list(lines("check", "--format=n")) == ["--format=nagios"]
    assert list(lines("run", "book", "--dry-run=")) == [f"--dry-run={form}" for form in ("text", "sh", "json")]
    assert lines("run", "book", *at, "--only", "") == {"look": "Look at it", "mend": "Mend it"}
    assert lines("run", f"--runbooks={books}", "book", "--from=m") == {"--from=mend": "Mend it"}
    assert lines("run", "book", *at, "--var", "") == {"replicas=": "how many pods", "key=": "", "region=": ""}
    assert lines("run", "book", *at, "--var", "key=") == lines("run", "book", *at, "--var=key=v") == {}
    assert lines("run", "-R") == {} and list(lines("run", "-R", "")) == [":folders"] and list(lines("run", "-P", "x")) == [":files"]
    assert lines("report", "--junit", "-")["--html"] and list(lines("run", "book", "--report", "")) == [":files"]


def test_arguments_of_commands(books, tmp_path):
    at, state = ("-R", books), {"FSOPS_STATE": str(tmp_path / "state")}
    assert lines("run", *at, "") == {"book": "book"} == lines("show", *at, "b")
    assert lines("run", *at, "out") == {"outage-of-all": "book"}
    assert lines("run", *at, "book", "") == {}, "one is enough"
    assert list(lines("help", "sch")) == ["schedule", "schema"] and list(lines("schema", "")) == ["runbook", "platform"]
    assert list(lines("config", "")) == ["trust", "distrust"] and list(lines("config", "trust", "")) == [":folders"]
    assert list(lines("completion", "")) == ["bash", "zsh", "fish"] and lines("log", "", **state) == {}
    first = run("book", "-R", books, "-y", "--var", "key=kept", env=state).finished["run"]
    assert lines("log", "", **state) == lines("report", first[:9], **state) == {first: "book"}
    assert lines("resume", "", **state) == {}, "it has ended"
    assert set(lines("run", "")) == set(SHIPPED)
    assert "error_rate" in lines("check", "") and "critical" in lines("escalate", "")
    assert "on_call" in lines("contacts", "") and lines("links", "gr")["grafana"].startswith("https://")


def test_what_bash_took_apart_is_put_together():
    """COMP_WORDS has '=' as a word of its own, and only what follows it is replaced."""
    assert list(lines("list", "--format", "=", shell="bash")) == ["text", "json"]
    assert list(lines("list", "--format", "=", "j", shell="bash")) == ["json"]
    assert list(lines("run", "high-error-rate", "--only", "=", "sc", shell="bash")) == ["scale"]
    assert list(lines("run", "high-error-rate", "--var", "rep", shell="bash")) == ["replicas="]
    assert lines("run", "high-error-rate", "--var", "replicas", "=", "3", shell="bash") == {}


def test_what_cannot_be_read_offers_nothing(tmp_path):
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "platform.yaml").write_text("platform: [")
    (tmp_path / "books" / "bad.yaml").write_text("runbook: bad\nnonsense: 1\n")
    for words in (("run", "bad", "--only"), ("run", "bad", "--var"), ("check",), ("contacts",), ("run", "none", "--from")):
        assert lines(*words, "-R", tmp_path / "books", "") == {} or words[0] == "check"
        assert lines(words[0], "-R", tmp_path / "books", *words[1:], "") == {}


def test_titles_are_harmless(tmp_path):
    book = write_book(tmp_path, STEPS.replace("Look at it", '"Look\\e[31m\\tat it"'))
    assert lines("run", "book", "-R", book, "--only", "l")["look"] and "\x1b" not in str(lines("run", "book", "-R", book, "--only", ""))


def test_which_shells_there_are():
    result = fsops("completion", "tcsh")
    assert result.status == 64 and all(name in result.err for name in SHELLS), str(result)
    assert fsops("completion").status == 64


PROMPT = "at-your-service: "
# How it is started; what is typed first.
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], "source <(fsops completion bash)\n"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -d FOLDER/dump; source <(fsops completion zsh)\n"),
    "fish": (["fish", "--no-config", "-i", "-C", f"function fish_prompt; echo -n '{PROMPT}'; end"], "fsops completion fish | source\n"),
}
# What is typed at the prompt, with TAB in it; what is run then.
TYPED = [
    ("schedu\t --zone=x", "schedule --zone=x"),
    ("run high-e\t --plain", "run high-error-rate --plain"),
    ("run high-error-rate --only sc\t", "run high-error-rate --only scale"),
    ("run high-error-rate --var repl\t7", "run high-error-rate --var replicas=7"),
    ("list --format js\t", "list --format json"),
    ("list --format=js\t", "list --format=json"),
    ("lint FOLDER/som\t", "lint FOLDER/some-file"),
]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(shell, tmp_path):
    """Typed at its prompt, TAB pressed, and what it then runs is written down by a script in fsops' place."""
    assert shutil.which(shell), f"{shell} is not installed: .ci/deps installs it"
    (tmp_path / "some-file").write_text("")
    (tmp_path / "bin").mkdir()
    ours = tmp_path / "bin" / "fsops"
    ours.write_text(f'#!/bin/sh\n[ "$1" = completion ] && exec "{FSOPS}" "$@"\necho "ran: $*" >>"{tmp_path}/log"\n')
    ours.chmod(0o755)
    words, first = SHELLS[shell]
    env = environment(PATH=f"{tmp_path}/bin:{os.environ['PATH']}", HOME=str(tmp_path), PS1=PROMPT, FSOPS_RUNBOOKS=str(
        pathlib.Path(__file__).parents[2] / "runbooks"))
    terminal = Terminal(*words, env=env, columns=120)
    terminal.answer(PROMPT, first.replace("FOLDER", str(tmp_path)))
    for count, (typed, wanted) in enumerate(TYPED, 1):
        terminal.answer(PROMPT, f"fsops {typed}\n".replace("FOLDER", str(tmp_path)))
        wait_for(terminal, tmp_path / "log", count, wanted.replace("FOLDER", str(tmp_path)))
    terminal.answer(PROMPT, "exit\n")
    terminal.end()


def wait_for(terminal, log, count, wanted):
    """Until so many commands were run; the last was this one."""
    deadline = time.monotonic() + 30
    while not log.exists() or len(log.read_text().splitlines()) < count:
        assert time.monotonic() < deadline and terminal.read(0.2), terminal.seen
    assert log.read_text().splitlines()[-1] == f"ran: {wanted}", terminal.seen
