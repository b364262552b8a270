"""What a command says while it is still running is shown while it runs: somebody may have to log in."""
import json

import pytest

from helpers import FSOPS, Terminal, environment, fsops, write_book

PROMPT = "To sign in, open https://login.example/device and enter the code ABCD1234"


def action(name, script, **more):
    return json.dumps({"id": name, "effect": "read", "exec": ["sh", "-c", script], **more})


def book(folder, *actions, head="", budget="30s"):
    lines = "".join(f"      - {one}\n" for one in actions)
    return write_book(folder / "books", f"  - step: Look\n    budget: {budget}\n    actions:\n{lines}", head=head)


def on_terminal(folder, books, *words, env=None):
    state = environment(FSOPS_STATE=str(folder / "state"), **(env or {}))
    return Terminal(FSOPS, "run", "book", "-R", books, *words, env=state)


def until_gate(folder, text):
    """A script that says this, and goes on until the gate is open."""
    return f"echo '{text}' >&2; until [ -e {folder}/gate ]; do sleep 0.05; done"


def test_a_prompt_is_on_the_terminal_while_the_command_waits_for_it(tmp_path):
    terminal = on_terminal(tmp_path, book(tmp_path, action("login", until_gate(tmp_path, PROMPT))))
    terminal.wait("login is still running and says:")
    terminal.wait(PROMPT)
    (tmp_path / "gate").touch()
    assert terminal.end() == 0
    shown = [line for line in terminal.seen.splitlines() if PROMPT in line and "echo" not in line]
    assert len(shown) == 1, terminal.seen


def test_reads_that_are_told_later_speak_at_once_too(tmp_path):
    """Of reads that run at once one is told after the other; both wait for the same person."""
    terminal = on_terminal(tmp_path, book(tmp_path, action("first", f"until [ -e {tmp_path}/gate ]; do sleep 0.05; done"),
                                          action("second", until_gate(tmp_path, PROMPT))))
    terminal.wait("second is still running and says:")
    terminal.wait(PROMPT)
    (tmp_path / "gate").touch()
    assert terminal.end() == 0
    shown = [line for line in terminal.seen.splitlines() if PROMPT in line and "echo" not in line]
    assert len(shown) == 1, terminal.seen


def test_a_line_without_an_end_is_shown_too(tmp_path):
    script = f"printf 'Enter the code ABCD1234: ' >&2; until [ -e {tmp_path}/gate ]; do sleep 0.05; done; echo thanks >&2"
    terminal = on_terminal(tmp_path, book(tmp_path, action("login", script)), "-v")
    terminal.wait("Enter the code ABCD1234: \r\n")
    (tmp_path / "gate").touch()
    assert terminal.end() == 0
    assert "thanks" in terminal.seen


def test_secrets_are_masked_in_it_even_when_only_half_of_one_is_there(tmp_path):
    script = (f"printf 'user hunter2-and-more-of-it, again hunter2-and-' >&2; until [ -e {tmp_path}/gate ]; do sleep 0.05; done;"
              "echo 'more-of-it.' >&2; exit 1")
    books = book(tmp_path, action("login", script), head="vars:\n  word: {default: hunter2-and-more-of-it, secret: true}\n")
    terminal = on_terminal(tmp_path, books, "-v")
    terminal.wait("user ***, again")
    (tmp_path / "gate").touch()
    terminal.end()
    lines = [line for line in terminal.seen.splitlines() if "printf" not in line]
    assert "hunter2" not in "\n".join(lines), terminal.seen


def test_in_a_log_too_and_once(tmp_path):
    script = f"echo '{PROMPT}' >&2; echo out; sleep 2.2; echo '{PROMPT} again' >&2"
    done = fsops("run", "book", "-R", book(tmp_path, action("login", script)), env={"FSOPS_STATE": str(tmp_path / "state")})
    assert done.status == 0, str(done)
    lines = [line.split("  ", 1)[1].strip() for line in done.out.splitlines() if "echo" not in line]
    early = next(i for i, line in enumerate(lines) if "login is still running and says:" in line)
    assert lines[early + 1] == f"| {PROMPT}", str(done)
    assert lines.count(f"| {PROMPT}") == 1 and lines.count(f"| {PROMPT} again") == 1 and lines.count("| out") == 1, str(done)


def test_what_ends_soon_is_told_in_its_place(tmp_path):
    done = fsops("run", "book", "-R", book(tmp_path, action("quick", "echo soon >&2")),
                 env={"FSOPS_STATE": str(tmp_path / "state")})
    assert done.status == 0 and "still running" not in done.out and "| soon" in done.out, str(done)


@pytest.mark.parametrize("words", (("-q",), ("--format", "json")))
def test_silence_and_json_stay_as_they_are(tmp_path, words):
    script = f"echo '{PROMPT}' >&2; sleep 2"
    done = fsops("run", "book", "-R", book(tmp_path, action("login", script)), *words,
                 env={"FSOPS_STATE": str(tmp_path / "state")})
    assert done.status == 0 and "still running" not in done.out, str(done)
    if words[0] == "-q":
        assert done.out == ""
    else:
        kinds = [e["type"] for e in done.all_events]
        assert kinds.index("action.output") < kinds.index("action.waiting") < kinds.index("action.finished"), kinds


def test_who_says_very_much_is_not_shown_very_often(tmp_path):
    script = "i=0; while [ $i -lt 60 ]; do echo line $i >&2; i=$((i + 1)); done; sleep 2; exit 1"
    done = fsops("run", "book", "-R", book(tmp_path, action("loud", script)), env={"FSOPS_STATE": str(tmp_path / "state")})
    assert "| line 0" in done.out and "| line 59" in done.out and "20 more lines" in done.out, str(done)
    assert done.out.count("| line 0\n") == 1, str(done)


def test_reports_show_what_it_said_and_not_that_it_waited(tmp_path):
    script = f"echo '{PROMPT}' >&2; sleep 2"
    env = {"FSOPS_STATE": str(tmp_path / "state")}
    assert fsops("run", "book", "-R", book(tmp_path, action("login", script)), env=env).status == 0
    for form in ("markdown", "html", "junit"):
        told = fsops("report", "book", f"--{form}", env=env)
        assert told.status == 0 and "ABCD1234" in told.out and "action.waiting" not in told.out, str(told)
    assert "still running" not in fsops("log", "book", env=env).out


def test_who_says_much_before_anything_is_shown_loses_no_last_word(tmp_path):
    """So many pieces that they are taken up before they are shown: what comes after those is told all the same."""
    script = ("i=0; while [ $i -lt 260 ]; do echo line $i >&2; sleep 0.002; i=$((i + 1)); done; sleep 2.2;"
              "echo cause one >&2; echo cause two >&2; exit 1")
    done = fsops("run", "book", "-R", book(tmp_path, action("loud", script)), env={"FSOPS_STATE": str(tmp_path / "state")})
    assert "is still running and says:" in done.out and done.out.count("| line 259\n") >= 1, str(done)
    assert "| cause one\n" in done.out and "| cause two\n" in done.out, str(done)
