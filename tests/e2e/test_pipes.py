"""A pipe in a script: a failure before its last command is one, where sh knows how to tell, and lint says so."""
import pathlib
import shutil
import subprocess

import pytest
from helpers import fsops, write_book

LOST = "sh -c 'echo no server >&2; exit 3' | gzip >dump.gz"


@pytest.fixture
def book(tmp_path):
    """A runbook of one script; `shell`: what is called sh."""
    def make(script, shell=None):
        folder = write_book(tmp_path / "r", "  - step: Dump\n    budget: 9s\n    effect: read\n    shell: |\n"
                            + "".join(f"      {line}\n" for line in script.splitlines()))
        make.env = {"FSOPS_STATE": str(tmp_path / "state")}
        if shell:
            bin_ = tmp_path / pathlib.Path(shell).name
            bin_.mkdir()
            (bin_ / "sh").symlink_to(shutil.which(shell))
            make.env["PATH"] = f"{bin_}:/usr/bin:/bin"
        return folder
    return make


def knows_pipefail(shell):
    return subprocess.run([shell, "-c", "set -o pipefail"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def test_with_pipefail_the_first_failure_counts(book, tmp_path):
    assert knows_pipefail("bash")
    folder = book(LOST, "bash")

    result = fsops("run", "book", "-R", folder, "--format", "json", env=book.env, cwd=tmp_path)

    assert result.action("dump")["outcome"] == "failed" and "exit status 3" in result.action("dump")["why"], result


def test_a_shell_without_it_runs_the_script_as_it_is(book, tmp_path):
    """dash says so of itself; that is no failure of the script, and no line of its output."""
    folder = book(LOST + "\necho done", "dash")

    result = fsops("run", "book", "-R", folder, "--format", "json", env=book.env, cwd=tmp_path)

    outcome = "failed" if knows_pipefail("dash") else "passed"
    assert result.action("dump")["outcome"] == outcome, result
    assert [e["text"] for e in result.events("action.output") if e["stream"] == "stderr"] == ["no server\n"]


@pytest.mark.parametrize("script", ["echo x | cat", "true || false", "x=1 # a | b", "sh -c 'exit 3' | cat || true"])
def test_other_scripts_are_left_as_they_are(book, script):
    folder = book(script)

    command = fsops("run", "book", "-R", folder, "--dry-run=json").json["steps"][0]["actions"][0]["command"]

    assert command.startswith("sh -eu -c ") and "pipefail" not in command


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_script_of_a_dry_run_does_the_same(book, tmp_path, shell):
    folder = book(LOST, shell)
    script = fsops("run", "book", "-R", folder, "--dry-run=sh").out

    ran = subprocess.run(["sh", "-c", script], env={"PATH": book.env["PATH"], "HOME": str(tmp_path)}, cwd=tmp_path,
                         capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    assert (ran.returncode != 0) == knows_pipefail(shell), ran


def test_an_error_keeps_its_line(book, tmp_path):
    folder = book(LOST + " || :\nfalse | no-such-program", "dash")

    result = fsops("run", "book", "-R", folder, "--format", "json", env=book.env, cwd=tmp_path)

    assert "2: no-such-program: not found" in "".join(e["text"] for e in result.events("action.output")), result


def test_lint_says_where(book):
    result = fsops("lint", "-R", book("true\n" + LOST))

    assert result.status == 1 and ":11:42: warning: this pipe ends with the status of its last" in result.out, result
    assert "[pipe-status]" in result.out
