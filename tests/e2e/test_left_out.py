"""--from and --only: what a step lacks because another is left out is said before anything runs."""
import pytest
from helpers import fsops, write_book

LACKS = "step '{}' looks at '{}', which will not be known: it comes from step '{}', which is left out"


def step(name, *actions, more=""):
    lines = "".join(f"      - {action}\n" for action in actions)
    return f"  - step: {name}\n    id: {name}\n    budget: 1m\n{more}    actions:\n{lines}"


def captures(action, *names):
    found = ", ".join(f"{name}: stdout.trim()" for name in names)
    return f"{{exec: echo 5, effect: read, id: {action}, capture: {{{found}}}}}"


def echo(text, more=""):
    return f"{{exec: 'echo {text}', effect: change{more}}}"


LOOK = step("look", captures("count", "found"))
# What is run of which steps, and what they lack.
CASES = {
    "nothing is left out": (LOOK + step("act", echo("${found}")), ["--from", "look"], []),
    "once, though it is looked at twice": (
        LOOK + step("act", echo("${found} ${found}"), echo("${found}")), ["--from", "act"], [("act", "found", "look")]),
    "a result": (LOOK + step("act", echo("x"), more="    when: has(results.count)\n"), ["--only", "act"],
                 [("act", "results.count", "look")]),
    "a script": (LOOK + step("act", "{shell: 'echo \"${found}\"', effect: change}"), ["--from", "act"],
                 [("act", "found", "look")]),
    "another word of a script": (LOOK + step("act", "{shell: 'founds=3; found_s=4; echo $founds $found_s', effect: change}"),
                                 ["--from", "act"], []),
    "a variable has its default": (step("look", captures("count", "replicas")) + step("act", echo("${replicas}")),
                                   ["--from", "act"], []),
    "it is found again": (LOOK + step("act", captures("again", "found"), echo("${found}")), ["--from", "act"], []),
    "it is found again by one that is left out": (
        LOOK + step("again", captures("again", "found")) + step("act", echo("${found}")),
        ["--only", "look", "--only", "act"], []),
    "a step for failures may not run": (
        LOOK + step("act", echo("x")) + "on_failure:\n" + step("undo", captures("again", "found")) + "always:\n"
        + step("end", echo("${found}")), ["--from", "act"], [("end", "found", "look")]),
    "its own item": (LOOK + step("act", echo("${found}", ", for_each: '[1]', as: found")), ["--from", "act"], []),
    "its step's item": (LOOK + step("act", echo("${found}"), more="    for_each: '[1]'\n    as: found\n"),
                        ["--from", "act"], []),
    "its own result": (step("look", captures("count", "stdout")) + step("act", echo("x", ", expect: stdout != \"\"")),
                       ["--from", "act"], []),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_step_lacks_is_said_first(tmp_path, case):
    steps, chosen, lacking = CASES[case]
    book = write_book(tmp_path / "books", steps, head="vars: {replicas: 3}")
    said = [LACKS.format(*what) for what in lacking]
    plan = fsops("run", "book", "-R", book, *chosen, "--dry-run").out
    assert [line for line in plan.splitlines() if line.startswith("Note: ")] == [f"Note: {text}." for text in said]
    done = fsops("run", "book", "-R", book, *chosen, "-y", "--format", "json", env={"FSOPS_STATE": str(tmp_path)})
    kinds = [e["type"] for e in done.all_events]
    assert [e["text"] for e in done.events("note")] == said
    assert not said or kinds.index("note") < kinds.index("step.started")
    assert done.status in ((0,) if not said or case == "a result" else (2,)), done
