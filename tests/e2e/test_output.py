"""Whoever reads slowly, or not at all for a while, holds up nothing and loses nothing."""
import json
import os
import pty
import re
import signal
import subprocess
import time

import pytest

from helpers import FSOPS, fsops, write_book
from test_cli import Terminal

LINES = 20000
TALK = f"""\
runbook: talk
title: Says more than a pipe holds, then waits in vain
severity: warning
steps:
  - step: Talk
    budget: 30s
    exec: [seq, "{LINES}"]
    effect: read
  - step: Wait
    budget: 1s
    exec: [sleep, "30"]
    effect: read
always:
  - step: Mark
    budget: 30s
    exec: [touch, mark]
"""
ASK = f"""\
runbook: ask
title: Says more than a pipe holds, then asks
severity: warning
steps:
  - step: Talk
    budget: 30s
    exec: [seq, "{LINES}"]
    effect: read
  - step: Mark
    budget: 30s
    exec: [touch, mark]
"""
PATIENCE = 20  # seconds: whoever waited for the reader would wait for ever
ENV = {k: v for k, v in os.environ.items() if k != "FSOPS_RUNBOOKS"}


@pytest.fixture
def talk(tmp_path, monkeypatch):
    monkeypatch.setitem(ENV, "FSOPS_STATE", str(tmp_path / "state"))  # the lock is nobody else's
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "platform.yaml").write_text("platform: demo\n")
    (folder / "talk.yaml").write_text(TALK)
    (folder / "ask.yaml").write_text(ASK)
    return tmp_path


def wait_for(path, seconds):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"no {path.name} after {seconds} s"
        time.sleep(0.02)


def assert_whole(text):
    plain = re.sub(r"\x1b\[[0-9;]*[mK]|\r", "", text)
    lines = [int(n) for n in re.findall(r"^ +\S+ (\d+)$", plain, re.M)]
    assert lines == list(range(1, LINES + 1))
    assert "out of time" in text and "sleep 30" in text


@pytest.mark.parametrize("how", [["-v"], ["--format", "json"]])
def test_a_pager_that_stops_holds_up_no_deadline(talk, how):
    run = subprocess.Popen([FSOPS, "run", "talk", "-y", *how], cwd=talk, env=ENV, text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(talk / "mark", PATIENCE)
    time.sleep(1)
    assert run.poll() is None, "it must wait for its reader at the end"
    out, err = run.communicate(timeout=20)
    assert (run.returncode, err) == (2, "")
    if how == ["-v"]:
        assert_whole(out)
        return
    events = [json.loads(line) for line in out.splitlines()]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.finished"
    over = next(e for e in events if e["type"] == "budget.exceeded")
    assert over["seconds"] < PATIENCE


@pytest.mark.parametrize("stopped", [True, False], ids=["ctrl-s", "unread"])
def test_a_terminal_that_stops_holds_up_no_deadline(talk, stopped):
    person = Terminal("run", "talk", "-y", "-v", cwd=talk)
    if stopped:
        person.type("\x13")
    wait_for(talk / "mark", PATIENCE)
    time.sleep(1)
    if stopped:
        person.type("\x11")
    assert person.end() == 2
    assert_whole(person.seen)
    assert person.seen.count("\x1b[K") < 40, "the live line was drawn while nobody could see it"


def test_ctrl_c_ends_the_wait_at_the_end(talk):
    run = subprocess.Popen([FSOPS, "run", "talk", "-y", "-v"], cwd=talk, env=ENV, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE)
    wait_for(talk / "mark", PATIENCE)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=5) in (130, -signal.SIGINT)
    run.stdout.close()


def test_a_question_comes_after_what_was_said_before(talk):
    reader, writer = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(writer, 1)
        os.chdir(talk)
        os.environ.pop("FSOPS_RUNBOOKS", None)
        os.execv(FSOPS, [FSOPS, "run", "ask", "-v"])
    os.close(writer)
    os.set_blocking(terminal, False)
    time.sleep(1)
    with pytest.raises(BlockingIOError):
        os.read(terminal, 1)
    said = b""
    while f"| {LINES}\n".encode() not in said:
        said += os.read(reader, 65536)
    os.set_blocking(terminal, True)
    asked = b""
    while b"[?] " not in asked:
        asked += os.read(terminal, 4096)
    os.write(terminal, b"y\n")
    while block := os.read(reader, 65536):
        said += block
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert (talk / "mark").exists()
    os.close(terminal)
    os.close(reader)


def test_an_answer_typed_before_the_question_is_seen_is_none(talk):
    person = Terminal("run", "ask", cwd=talk)
    person.type("\x13")
    time.sleep(1.5)
    person.type("y\n")
    time.sleep(0.5)
    assert not (talk / "mark").exists()
    person.type("\x11")
    person.wait("typed before this could be read")
    person.wait("[a]bort [?] ")
    assert not (talk / "mark").exists()
    person.type("y\n")
    assert person.end() == 0
    assert (talk / "mark").exists()


def test_what_needs_approval_is_listed_a_line_each(tmp_path):
    """And a value that has lines of its own begins none."""
    book = write_book(tmp_path, "  - {step: One, budget: 5s, exec: [echo, one], effect: change}\n"
                                "  - {step: Two, budget: 5s, exec: [echo, '${said}'], effect: destroy}\n",
                      head="vars: {said: x}\n")
    result = fsops("run", "book", "-R", book, "--var", "said=a\nfsops: all is well")
    lines = result.err.splitlines()

    assert result.status == 77 and len(lines) == 3 and "nobody to ask" in lines[0], result
    assert lines[1] == "  one (change): echo one" and lines[2].startswith("  two (destroy): echo "), result
    assert "all is well" not in result.err, result
