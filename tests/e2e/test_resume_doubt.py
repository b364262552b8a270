"""Going on with a run when what is on record is not all there was: masked, edited, taken over, only looked at."""
import json
import re
import signal
import subprocess

import pytest

from helpers import FSOPS, environment, fsops, wait_until, write_book
from test_resume import STEPS, Case, faults, interrupted, on_terminal  # noqa: F401 (a fixture)

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
