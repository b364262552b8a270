"""Approvals at a real terminal: nothing but the offered answer means yes, and the terminal is left as it was."""
import os
import re
import time

import pytest
from helpers import BACKEND, FSOPS, ROOT, Terminal, environment, fsops, wait_until, write_book
from sandbox.kube import BAD, GOOD

ASK = "[a]bort [?] "
STEPS = """\
  - step: One
    id: one
    budget: 30s
    exec: [touch, "{folder}/one"]
  - step: Two
    id: two
    budget: 30s
    exec: [touch, "{folder}/two"]
"""
DESTROY = """\
  - step: Drop it
    id: drop
    budget: 30s
    exec: [touch, "{folder}/one"]
    effect: destroy
  - {{step: Look, id: look, exec: [echo, looked], effect: read}}
"""
FLAKY = """\
  - step: Flaky
    id: flaky
    budget: 30s
    exec: [sh, -c, "echo x >>{folder}/tries; test $(wc -l <{folder}/tries) -ge 2"]
  - step: Two
    id: two
    exec: [touch, "{folder}/two"]
"""


@pytest.fixture
def person(tmp_path):
    """fsops at a terminal with a runbook of these steps; never left running."""
    started = []

    def start(steps, *options, **more):
        folder = write_book(tmp_path / "book", steps.format(folder=tmp_path))
        started.append(Terminal(FSOPS, "run", "book", "-R", folder, *options, env=environment(), **more))
        return started[-1]
    yield start
    for one in started:
        if one.status is None:
            os.kill(one.pid, 9)
            one.close()


def made(tmp_path):
    return sorted(p.name for p in tmp_path.iterdir() if p.name != "book")


@pytest.mark.parametrize("typed, files, status", [
    (["y", "y"], ["one", "two"], 0), (["yes", "YES"], ["one", "two"], 0), ([" y ", "y"], ["one", "two"], 0),
    (["s", "y"], ["two"], 0), (["skip", "skip"], [], 0),
    (["a"], [], 2), (["y", "abort"], ["one"], 2), (["\x04"], [], 2), (["y", "\x04"], ["one"], 2),
])
def test_answers_to_a_change(person, tmp_path, typed, files, status):
    terminal = person(STEPS)
    for answer in typed:
        shown = terminal.wait(ASK)
        assert "touch" in shown, f"the command is not shown: {shown}"
        terminal.type(answer if answer == "\x04" else answer + "\n")
    assert terminal.end() == status, terminal.seen
    assert made(tmp_path) == files, terminal.seen


@pytest.mark.parametrize("typed", ["", "yy", "yess", "no", "j", "1", "one", "Y N", "ä", "\x1b[A"])
def test_an_unknown_answer_is_asked_again_and_never_yes(person, tmp_path, typed):
    terminal = person(STEPS)
    terminal.answer(ASK, typed + "\n")
    terminal.wait("Please answer")
    terminal.answer(ASK, "a\n")
    terminal.end()
    assert made(tmp_path) == [], terminal.seen


def test_a_question_mark_explains(person, tmp_path):
    terminal = person(STEPS)
    terminal.answer(ASK, "?\n")
    help_text = terminal.wait(ASK)
    for words in ("run exactly this command", "leave this one out", "nothing more is changed", "Ctrl-D"):
        assert words in help_text, help_text
    terminal.type("a\n")
    terminal.end()
    assert made(tmp_path) == []


def test_what_is_typed_before_the_question_is_no_answer(person, tmp_path):
    """A person who hits return too often, or types ahead, approves nothing."""
    terminal = person("  - {{step: Wait, exec: [sleep, '1'], effect: read}}\n" + STEPS)
    terminal.wait("Wait")
    terminal.type("y\ny\ny\n")
    terminal.wait(ASK)
    time.sleep(0.5)
    assert made(tmp_path) == [], "it took what was typed before it asked"
    terminal.type("y\ny\n")  # the second line was typed before the second question
    terminal.wait(ASK)
    time.sleep(0.3)
    assert made(tmp_path) == ["one"], terminal.seen
    terminal.type("a\n")
    terminal.end()


@pytest.mark.parametrize("typed, files, status", [
    (["test"], ["one"], 0), (["y", "yes", "Test", "tes", "test x", "test"], ["one"], 0), (["skip"], [], 0),
    (["y", "abort"], [], 2), (["\x04"], [], 2),
])
def test_destruction_wants_the_name_of_what_is_at_stake(person, tmp_path, typed, files, status):
    terminal = person(DESTROY)
    for i, answer in enumerate(typed):
        shown = terminal.wait('"?" ')
        assert "test" in shown and (i == 0 or "That is not the name" in shown), shown
        assert made(tmp_path) == []
        terminal.type(answer if answer == "\x04" else answer + "\n")
    assert terminal.end() == status, terminal.seen
    assert made(tmp_path) == files, terminal.seen


def test_yes_does_not_approve_destruction(person, tmp_path):
    terminal = person(STEPS + DESTROY.replace("{folder}/one", "{folder}/three"), "-y")
    terminal.answer('"?" ', "skip\n")
    assert terminal.end() == 0 and made(tmp_path) == ["one", "two"], terminal.seen


@pytest.mark.parametrize("answer, files, status", [
    ("r", ["tries", "two"], 0), ("s", ["tries", "two"], 2), ("a", ["failed", "tries"], 2),
    ("\x04", ["failed", "tries"], 2),
])
def test_a_change_that_failed(person, tmp_path, answer, files, status):
    steps = FLAKY + 'on_failure:\n  - {{step: Sorry, exec: [touch, "{folder}/failed"], effect: read}}\n'
    terminal = person(steps, "-y")
    shown = terminal.wait("[r]etry [s]kip [a]bort [?] ")
    assert "FAILED" in shown and "exit status 1" in shown, shown
    terminal.type(answer if answer == "\x04" else answer + "\n")
    assert terminal.end() == status, terminal.seen
    assert made(tmp_path) == files, terminal.seen


def test_manual_steps_are_ticked_off(person):
    terminal = person("  - {{step: By hand, manual: [Look at the page, Tell Slack]}}\n")
    assert "1/2 Look at the page" in terminal.answer(ASK, "d\n")
    assert "2/2 Tell Slack" in terminal.answer(ASK, "done\n")
    assert terminal.end() == 0 and "left to people" not in terminal.seen, terminal.seen


def test_a_manual_step_that_could_not_be_done_has_failed(person):
    terminal = person("  - {{step: By hand, manual: [Look at the page, Tell Slack]}}\n")
    terminal.answer(ASK, "n\n")
    assert terminal.end() == 2, terminal.seen


@pytest.mark.parametrize("how", ["end", "abort", "interrupt", "terminate"])
def test_the_terminal_is_left_as_it_was(person, tmp_path, how):
    terminal = person(STEPS)
    before = terminal.modes()
    terminal.wait(ASK)
    if how == "terminate":
        os.kill(terminal.pid, 15)
    else:
        terminal.type({"end": "s\n", "abort": "a\n", "interrupt": "\x03"}[how])
    if how == "end":
        terminal.answer(ASK, "s\n")
    while terminal.read(0.2):
        after = terminal.modes()
    status = terminal.close()
    assert status == {"end": 0, "abort": 2, "interrupt": 130, "terminate": 143}[how], terminal.seen
    assert after == before, "the terminal's settings"
    assert "\x1b[?1049" not in terminal.seen, "the scrollback belongs to the person"
    hidden, shown = terminal.seen.rfind("\x1b[?25l"), terminal.seen.rfind("\x1b[?25h")
    assert hidden <= shown, "the cursor stays hidden"
    assert terminal.seen.rstrip("\x1b[K0m\r").endswith("\n"), f"the last line is not ended: {terminal.seen[-80:]!r}"
    assert made(tmp_path) == []


def test_ctrl_c_at_a_question_does_not_ask_it_again(person):
    terminal = person(STEPS)
    terminal.wait(ASK)
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.seen
    assert "stopping: " in terminal.seen and terminal.seen.count(ASK) == 1, terminal.seen


def test_a_window_that_gets_narrower(person):
    terminal = person("  - {{step: A title that is rather long for such a window, exec: [sleep, '2'], effect: read}}\n",
                      columns=100)
    terminal.wait("rather long")
    terminal.resize(30)
    time.sleep(0.6)
    terminal.read()
    start = len(terminal.seen)
    assert terminal.end() == 0, terminal.seen
    lines = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", x) for x in re.split(r"[\r\n]", terminal.seen[start:])]
    wide = [x for x in lines if "1/1" in x and len(x) > 30]  # what is done scrolls by and may be longer
    assert not wide, f"a live line of more than 30 columns wraps and is never taken back: {wide}"


@pytest.mark.parametrize("options", [[], ["--plain"], ["-q"], ["-v"], ["--format", "json"]])
def test_no_escapes_where_there_is_no_terminal(tmp_path, options):
    folder = write_book(tmp_path, "  - {step: Say, exec: [printf, '\\x1b[31mred\\n'], effect: read}\n")
    result = fsops("run", "book", "-R", folder, *options, env={"TERM": "xterm-256color", "FORCE_COLOR": "1"})
    assert result.status == 0 and "\x1b" not in result.out + result.err and "\r" not in result.out, str(result)


@pytest.mark.parametrize("options, env", [(["--no-color"], {}), ([], {"NO_COLOR": "1"}), (["--plain"], {})])
def test_no_colour_on_a_terminal_when_it_is_not_wanted(tmp_path, options, env):
    folder = write_book(tmp_path, "  - {step: Say, exec: [echo, hello], effect: read}\n")
    for words in (["run", "book"], ["run", "book", "--dry-run"], ["show", "book"], ["list"]):
        terminal = Terminal(FSOPS, *words, "-R", folder, *options, env=environment(**env))
        assert terminal.end() == 0, terminal.seen
        assert not re.search(r"\x1b\[[0-9;]*m", terminal.seen), terminal.seen
    coloured = Terminal(FSOPS, "run", "book", "-R", folder, env=environment(NO_COLOR=None))
    coloured.end()
    assert re.search(r"\x1b\[[0-9;]*m", coloured.seen), "and when it is, there is"


def test_a_rollback_approved_by_a_person(sandbox):
    """The main job at a terminal: what is asked is what the cluster then gets."""
    sb = sandbox("error-rate")
    terminal = Terminal(FSOPS, "run", "high-error-rate", "--only", "identify_error_source", "--only", "rollback",
                        env=environment(sb))
    shown = terminal.wait(ASK)
    assert f"kubectl --context prod --namespace flight-search-prod rollout undo deployment/{BACKEND}" in shown
    assert sb.kube.image(BACKEND) == BAD and sb.kube.mutations == []
    terminal.type("y\n")
    terminal.end()
    assert sb.kube.image(BACKEND) == GOOD and len(sb.kube.mutations) == 1
    wait_until(lambda: sb.kube.ready_images(BACKEND) == [GOOD] * 3, "the good release serves")


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_the_titles_of_the_list_can_be_read_and_no_line_is_broken(tmp_path, columns):
    env = environment(FSOPS_STATE=str(tmp_path / "state"), NO_COLOR="1")
    terminal = Terminal(FSOPS, "list", "-R", ROOT / "runbooks", env=env, columns=columns)
    assert terminal.end() == 0, terminal.seen
    lines = terminal.seen.splitlines()[1:]  # the first says which folder
    assert max(map(len, lines)) <= columns, terminal.seen
    assert any(re.match(r"high-response-time .* High response time$", line) for line in lines), terminal.seen
    assert ("SCHEDULE" in lines[0]) == (columns == 120) and "NAME" in lines[0] and "LAST RUN" in lines[0], terminal.seen
