"""--from and --only: what a step lacks because another is left out is said before anything runs."""
import pytest
from helpers import fsops, write_book

STEPS = """
  - step: Look
    id: look
    budget: 1m
    actions:
      - {exec: "echo 5", effect: read, id: count, capture: {found: stdout.trim(), replicas: stdout.trim()}}
  - step: Act
    id: act
    budget: 1m
    actions:
      - {exec: "echo ${found} ${replicas} ${found}", effect: change, id: go}
      - {exec: "echo now", effect: read, id: again, capture: {later: stdout.trim()}}
  - step: Look again
    id: after
    budget: 1m
    when: has(results.count)
    actions:
      - {exec: "echo ${later}", effect: read, id: end}
"""
LACKS = "step '{}' looks at '{}', which will not be known: it comes from step '{}', which is left out"
LACKING = {
    ("--from", "look"): [],
    ("--only", "look", "--only", "act"): [],
    ("--from", "act"): [("act", "found", "look"), ("after", "results.count", "look")],
    ("--only", "after"): [("after", "results.count", "look"), ("after", "later", "act")],
}


@pytest.mark.parametrize("chosen", LACKING)
def test_what_a_step_lacks_is_said_first(tmp_path, chosen):
    """A variable that a capture would have replaced has its default, and what is looked at twice is said once."""
    book = write_book(tmp_path / "books", STEPS, head="vars: {replicas: 3}")
    said = [LACKS.format(*what) for what in LACKING[chosen]]
    plan = fsops("run", "book", "-R", book, *chosen, "--dry-run").out
    assert [line for line in plan.splitlines() if line.startswith("Note: ")] == [f"Note: {text}." for text in said]
    done = fsops("run", "book", "-R", book, *chosen, "-y", "--format", "json", env={"FSOPS_STATE": str(tmp_path)})
    kinds = [e["type"] for e in done.all_events]
    assert [e["text"] for e in done.events("note")] == said
    assert not said or kinds.index("note") < kinds.index("step.started")
