"""Going on with a run when what is on record is not all there was: masked, edited, taken over, only looked at."""
import hashlib
import json
import os
import re
import shlex
import signal
import subprocess

import pytest

from helpers import FSOPS, Terminal, environment, fsops, wait_until, write_book
from test_resume import Case, faults, interrupted, on_terminal  # noqa: F401 (a fixture)

SAY = "exec: [sh, -c, 'echo \"$1\" >> {log}; echo \"did $1\"', sh, {word}], effect: change, id: {id}"


class Killed(Case):
    """A run of steps of its own, killed right after the first event for which `at` is true."""

    def __init__(self, folder, faults, steps, at, *options, head="", inner=None):
        super().__init__(folder, faults)
        self.steps, self.head, self.inner = steps, head, inner
        self.put()
        whole = folder / "whole"
        self.first = fsops("run", "book", "-R", self.books, *options, env={"FSOPS_STATE": str(whole)})
        assert self.first.status in (0, 2), self.first
        told = [json.loads(line) for line in next((whole / "runs").iterdir()).read_text().splitlines()]
        self.whole = self.log
        self.log_file.unlink(missing_ok=True)
        self.put()
        n = next(n for n, event in enumerate(told, 1) if at(event))
        result = fsops("run", "book", "-R", self.books, *options, env=self.env(f"kill-after:{n}"))
        assert result.status == -signal.SIGKILL, result
        self.settle()

    def put(self):
        write_book(self.books, self.fill(self.steps), head=self.head)
        if self.inner:
            (self.books / "inner.yaml").write_text("runbook: inner\ntitle: inner\nseverity: info\nsteps:\n" + self.fill(self.inner))

    def fill(self, text):
        return re.sub(r"SAY<(\w+), (.*?)>", lambda m: SAY.format(log=self.log_file, id=m[1], word=m[2]), text)

    def go_on_plainly(self, *options):
        return fsops("resume", "-R", self.books, *options, env=self.env())


def is_event(type_, **fields):
    return lambda event: event["type"] == type_ and all(event.get(k) == v for k, v in fields.items())


def step(id_, *actions, more=""):
    lines = "".join(f"\n      - {{{action}}}" for action in actions)
    return f"  - step: {id_}\n    id: {id_}\n    budget: 1m{more}\n    actions:{lines}\n"


KEYS = "vars:\n  key: {secret: true, required: true}\n  other: {secret: true, required: true}"
GIVEN = ("-y", "--var", "key=correct-horse", "--var", "other=battery-staple")


@pytest.mark.parametrize("where", ["action", "step"])
def test_items_that_are_masked_are_told_apart(tmp_path, faults, where):
    """All that is on record of two secrets is ***: neither is changed twice, and none is left out."""
    word = '"${item}"'
    loop = "for_each: '[key, \"plain\", other, key]'"
    steps = (step("one", f"SAY<a, {word}>, {loop}", "SAY<b, last>") if where == "action" else
             step("one", f"SAY<a, {word}>", more=f"\n    {loop}"))
    for n in range(1, 5):
        ends = []
        case = Killed(tmp_path / str(n), faults, steps,
                      lambda e: is_event("action.finished", action="a")(e) and (ends.append(e) or len(ends) == n),
                      *GIVEN, head=KEYS)
        result = case.go_on_plainly(*GIVEN)
        assert result.status == 0 and case.log == case.whole, (n, result, case.log)
        assert "correct-horse" not in case.journals[0].read_text()


def test_masked_results_are_not_used(tmp_path, faults):
    steps = (step("one", 'exec: [sh, -c, \'echo "7 $1"\', sh, "${key}"], effect: change, id: make') +
             step("two", 'SAY<use, "${results.make.stdout.trim()}">'))
    case = Killed(tmp_path, faults, steps, is_event("step.finished", step="one"), *GIVEN, head=KEYS)
    assert case.whole == ["7 correct-horse"]
    result = case.go_on_plainly(*GIVEN)
    assert result.status == 2 and case.log == [], (result, case.log)
    assert "stdout" in result.out


def test_a_secret_that_is_part_of_a_name(tmp_path, faults):
    """What a runbook calls its steps is no secret, whatever a weak password is."""
    steps = step("restart", "SAY<restart_it, a>") + step("two", "SAY<b, b>")
    options = ("-y", "--var", "key=restart", "--var", "other=book")
    case = Killed(tmp_path, faults, steps, is_event("step.finished", step="restart"), *options, head=KEYS)
    result = case.go_on_plainly(*options)
    assert result.status == 0 and case.log == ["a", "b"], (result, case.log)
    assert all(e["run"] == case.journals[0].stem for e in case.events)


# A read whose result holds a secret is done again by a resume, and by then it sees what was changed.
STATE = """exec: [sh, -c, 'echo "$(cat FLAG) $1"', sh, "${key}"], effect: read, id: state"""
CLOSE = """exec: [sh, -c, 'echo closed > FLAG; echo close >> LOG'], effect: change, id: close"""


class Flagged(Killed):
    def fill(self, text):
        (self.folder / "flag").write_text("open")
        return super().fill(text).replace("FLAG", str(self.folder / "flag")).replace("LOG", str(self.log_file))


def test_a_runbook_inside_that_began_goes_on(tmp_path, faults):
    steps = step("one", STATE, 'runbook: inner, id: nested, when: results.state.stdout.startsWith("open")')
    case = Flagged(tmp_path, faults, steps, is_event("step.finished", step="one/in1"), *GIVEN, head=KEYS,
                   inner=step("in1", CLOSE) + step("in2", "SAY<j, j>"))
    result = case.go_on_plainly(*GIVEN)
    assert case.log == ["close", "j"], (result, case.log)


def test_a_step_that_began_goes_on_after_a_second_kill(tmp_path, faults):
    steps = step("one", STATE) + step("two", CLOSE, "SAY<b, b>",
                                      more="""\n    when: results.state.stdout.startsWith("open")""")
    case = Flagged(tmp_path, faults, steps, is_event("action.finished", action="close"), *GIVEN, head=KEYS)
    first = case.journals[0].read_bytes()
    for n in range(5, 12):
        case.journals[0].write_bytes(first)
        fsops("resume", "-R", case.books, *GIVEN, env=case.env(f"kill-after:{n}"))
        case.settle()
        if case.events[-1]["type"] == "step.started" and case.events[-1]["step"] == "two":
            break
    assert case.log == ["close"]
    result = case.go_on_plainly(*GIVEN)
    assert case.log == ["close", "b"], (result, case.log)


def test_a_lock_that_was_lost_inside_of_a_runbook(tmp_path):
    """What the runbook inside had left to do is done by the resume, not taken for failed."""
    case = Case(tmp_path)
    say = lambda id_: SAY.format(log=case.log_file, id=id_, word=id_)  # noqa: E731
    write_book(case.books, step("one", "runbook: inner, id: nested") + step("two", say("o")))
    (case.books / "inner.yaml").write_text(
        "runbook: inner\ntitle: inner\nseverity: info\nsteps:\n" +
        step("in1", f"exec: [sh, -c, 'echo i >> {case.log_file}; sleep 2'], effect: change, id: i") +
        step("in2", say("j")))
    child = subprocess.Popen([FSOPS, "run", "book", "-R", case.books, "-y"], env=environment(**case.env()),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: "i" in case.log, "the change inside has begun")
    run = case.journals[0].stem
    taker = fsops("run", "book", "-R", case.books, "-y", "--only", "two", "--take-over", env=case.env())
    assert taker.status == 0 and child.wait(30) == 75 and case.log == ["i", "o"]
    terminal = on_terminal(case, run)  # the other run began since
    terminal.answer("[y]es [a]bort [?] ", "y\n")
    assert terminal.end() == 0 and case.log == ["i", "o", "j", "o"], (terminal.seen, case.log)


def test_an_interrupted_change_that_is_not_in_the_runbook_any_more(tmp_path, faults):
    case = interrupted(tmp_path, faults)
    text = (case.books / "book.yaml").read_text()
    (case.books / "book.yaml").write_text("\n".join(line for line in text.splitlines() if "id: b}" not in line))
    terminal = on_terminal(case)
    terminal.answer("[y]es [a]bort [?] ", "y\n")
    assert terminal.end() == 3, terminal.seen
    notes = [e["text"] for e in case.events if e["type"] == "note"]
    assert len(notes) == 1 and "step 'one': nobody knows how this ended" in notes[0], notes
    assert case.log == ["a"] + [line for line in case.log[1:] if line not in "ab"]


def test_an_interrupted_change_is_not_named_again(tmp_path, faults):
    case = interrupted(tmp_path, faults)
    terminal = on_terminal(case)
    terminal.answer("[d]one [a]bort [?] ", "run\n")
    assert terminal.end() == 0 and not [e for e in case.events if e["type"] == "note"]


def test_an_action_that_is_new_in_a_finished_step(tmp_path, faults):
    steps = step("one", "SAY<a, a>") + step("two", "SAY<b, b>", more="") + step(
        "three", "exec: [echo, seen], effect: read, id: r", more='\n    when: results.n.outcome == "passed"')
    case = Killed(tmp_path, faults, steps.replace("results.n", "results.a"),
                  is_event("step.finished", step="one"), "-y")
    case.steps = steps.replace("SAY<a, a>}", "SAY<a, a>}\n      - {SAY<n, n>}")
    case.put()
    terminal = on_terminal(case)
    terminal.answer("[y]es [a]bort [?] ", "y\n")
    assert terminal.end() == 0 and case.log == ["a", "b"]
    assert any("action 'n' was not run" in e["text"] for e in case.events if e["type"] == "note")
    assert [e["outcome"] for e in case.events if e["type"] == "step.finished" and e["step"] == "three"] == ["skipped"]


def test_a_check_has_nothing_in_flight(tmp_path, faults):
    case = Killed(tmp_path, faults, step("one", "SAY<a, a>"), is_event("action.started", action="a"), "--check")
    result = case.go_on_plainly()
    assert result.status == 0 and "interrupted" not in result.out and case.log == [], result


EACH = "for_each: '[\"x\", \"y\", \"x\"]'"
READ = "exec: [echo, seen], effect: read, id: look"
LEFT = {  # the event after which it was killed: how many changes are left
    "nothing": (is_event("step.finished", step="three"), 0),
    "the last item of a list": (is_event("action.finished", action="c", step_item="q"), 0),
    "a step's list": (is_event("action.finished", action="c", step_item="p"), 1),
    "an item": (is_event("action.finished", action="b", item="y"), 2),
    "a change inside": (is_event("step.finished", step="one/in1"), 3),
}


@pytest.mark.parametrize("name", LEFT)
def test_approval_is_for_what_is_left(tmp_path, faults, name):
    """Nobody is there, and nobody has said -y: what is done already needs no approval."""
    at, left = LEFT[name]
    steps = (step("one", "runbook: inner, id: nested") + step("two", READ, f"SAY<b, '\"${{item}}\"'>, {EACH}") +
             step("three", """SAY<c, '"${it}"'>""", more="""\n    for_each: '["p", "q"]'\n    as: it""") +
             step("four", READ.replace("look", "look_again"))).replace("'\"", '"').replace("\"'>", '">')
    case = Killed(tmp_path, faults, steps, at, "-y", inner=step("in1", "SAY<i, i>") + step("in2", "SAY<j, j>"))
    before = case.journals[0].read_bytes()
    result = case.go_on_plainly()
    if left:
        assert result.status == 77 and f"{left} change" in result.err, result
        assert case.journals[0].read_bytes() == before
        result = case.go_on_plainly("-y")
    assert result.status == 0 and case.log == case.whole == ["i", "j", "x", "y", "x", "p", "q"], (result, case.log)


ASKED = {  # what a person is asked when the terminal goes: options, the action, the question, what was done by then
    "change": ((), "SAY<a, a>", "[a]bort [?] ", []),
    "failed": (("-y",), "exec: [sh, -c, 'echo tried >> LOG; exit 1'], effect: change, id: a", "[s]kip [a]bort [?] ", ["tried"]),
    "manual": (("-y",), "manual: [Look at it], id: a", "[s]kip [a]bort [?]", []),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_terminal_that_is_lost_says_nothing(tmp_path, name):
    """That is no abort of a person: nothing is undone, and the run can be gone on with."""
    options, action, question, done = ASKED[name]
    case = Flagged.__new__(Flagged)
    Case.__init__(case, tmp_path)
    case.steps = step("one", action) + "on_failure:\n" + step("undo", "SAY<undo, undo>")
    case.head, case.inner = "", None
    case.put()
    words = shlex.join(map(str, [FSOPS, "run", "book", "-R", case.books, *options]))
    terminal = Terminal("sh", "-c", words + "; true", env=environment(**case.env()))
    terminal.wait(question)
    os.close(terminal.fd)
    wait_until(lambda: case.events[-1]["type"] == "run.finished", "the run has ended")
    end = case.events[-1]
    assert end["resumable"] and end["why"] == "the terminal was lost" and case.log == done, case.events
    assert not [e for e in case.events if e["type"] == "approval.given" and e["by"] == "person"]
    os.waitpid(terminal.pid, 0)


def reseal(events):
    """A journal as if these had been written."""
    lines, digest = [], "0" * 64
    for event in events:
        event = {**event, "prev": digest}
        lines.append(json.dumps(event, separators=(",", ":")).encode())
        digest = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(line + b"\n" for line in lines)


def test_sealed_nonsense(tmp_path, faults):
    """A chain that holds, but fields that are no texts: nothing crashes, and what does not say what it does is asked about."""
    case = Killed(tmp_path, faults, step("one", "SAY<a, a>") + step("two", "SAY<b, b>"), is_event("action.started", action="b"),
                  *GIVEN, "--only", "one", "--only", "two", head=KEYS)
    events = case.events
    for type_, field, value in (("action.output", "text", ["x"]), ("run.started", "given", [1]), ("run.started", "only", [{}])):
        case.journals[0].write_bytes(reseal([{**e, field: value} if e["type"] == type_ else e for e in events]))
        for words in (("log",), ("report",), ("resume", "-R", case.books, "-y")):
            result = fsops(*words, env=case.env())
            assert result.status in (0, 1, 2, 3, 64, 65, 77), (type_, field, result)
    nameless = {"type": "run.resumed", "seq": len(events) + 1, "done": [{}, 1], "interrupted": [{}, 1]}
    ended = {"type": "run.finished", "seq": len(events) + 2, "outcome": "passed", "exit": 0}
    case.journals[0].write_bytes(reseal([*events, {**events[0], **nameless}, {**events[0], **ended}]))
    told = fsops("log", env=case.env())
    assert told.status == 0 and told.out.count("- INTERRUPTED: ?") == 4, told
    case.journals[0].write_bytes(reseal([{k: v for k, v in e.items() if k != "effect"} for e in events]))
    result = case.go_on_plainly(*GIVEN)
    assert result.status == 77 and case.log == ["a"], (result, case.log)
