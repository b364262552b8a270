"""A for_each over reads runs at once: of an action and of a step, told and counted in the declared order.

$1 of each script is a folder that is empty before the run, $2 the item.
"""
import json
import signal
import subprocess

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, wait_until, write_book

MOST = 32  # RUN_READS_MAX
# Each says that it is there, and goes on when so many are: one after another they would wait until the budget is over.
MEET = 'touch "$1/$2"; while [ $(ls "$1" | wc -l) -lt {} ]; do sleep 0.02; done; echo "$2"'
# Each notes how many run now.
COUNT = 'touch "$1/on.$2"; ls "$1" | grep -c "^on" >"$1/saw.$2"; sleep 0.05; rm "$1/on.$2"; echo "$2"'
# The last of four ends first.
LAST_FIRST = 'while [ "$2" -lt 4 ] && [ ! -e "$1/$(($2 + 1))" ]; do sleep 0.02; done; touch "$1/$2"; echo "$2"'
HANG = 'touch "$1/$2"; exec sleep 100'


class Place:
    """A folder for scripts and one with a runbook."""

    def __init__(self, tmp_path):
        self.dir, self.books = tmp_path / "dir", tmp_path / "books"
        self.env = {"FSOPS_STATE": str(tmp_path / "state")}
        self.dir.mkdir()

    def act(self, script, item="${item}", **keys):
        return {"id": "s", "exec": ["sh", "-c", script, "sh", str(self.dir), item], "effect": "read", **keys}

    def write(self, *steps, head=""):
        return write_book(self.books, "".join(f"  - {json.dumps(step)}\n" for step in steps), head=head)

    def run(self, *steps, head="", options=("-y",)):
        return run("book", "-R", self.write(*steps, head=head), *options, env=self.env)

    @property
    def files(self):
        return {path.name for path in self.dir.iterdir()}

    @property
    def most(self):
        return max(int(path.read_text()) for path in self.dir.glob("saw.*"))


@pytest.fixture(name="place")
def place_(tmp_path):
    return Place(tmp_path)


def in_step(action, items, **keys):
    """The step goes through them, as short as it can be written."""
    return {"step": "S", "for_each": items, **keys, **action}


def in_long_step(action, items, **keys):
    return {"step": "S", "for_each": items, **keys, "actions": [action]}


def in_action(action, items, **keys):
    return {"step": "S", **keys, "actions": [{"for_each": items, **action}]}


WAYS = pytest.mark.parametrize("way", [in_step, in_long_step, in_action])


def items(result, action="s"):
    """JSON tells them as they happen."""
    return sorted(e["item"] for e in result.events("action.finished", action=action))


def said(result, action="s"):
    return sorted(e["text"].strip() for e in result.events("action.output", action=action))


def told(result):
    """Plain lines tell them in the declared order: outcome, item."""
    return [(line.split()[1], line.split("[")[1].split("]")[0]) for line in result.out.splitlines() if " S [" in line]


@WAYS
def test_the_items_of_a_read_run_at_once(place, way):
    result = place.run(way(place.act(MEET.format(5)), "[1, 2, 3, 4, 5]"))
    assert result.status == 0, result
    assert items(result) == [1, 2, 3, 4, 5], result
    assert said(result) == ["1", "2", "3", "4", "5"], result


def test_rounds_of_several_actions_run_at_once(place):
    """2 × (1 + 2) of them meet."""
    one = place.act(MEET.format(6), "${outer}-a", id="a")
    two = place.act(MEET.format(6), "${outer}-${item}", id="b", for_each='["x", "y"]')
    result = place.run({"step": "S", "for_each": "[1, 2]", "as": "outer", "actions": [one, two]})
    assert result.status == 0, result
    ends = {(e["action"], e["step_item"], e["item"]) for e in result.events("action.finished")}
    assert ends == {("a", 1, 1), ("b", 1, "x"), ("b", 1, "y"), ("a", 2, 2), ("b", 2, "x"), ("b", 2, "y")}, result


@WAYS
def test_what_came_of_them_counts_in_the_declared_order(place, way):
    result = place.run(way(place.act(LAST_FIRST, capture={"got": "stdout.trim()"}), "[1, 2, 3, 4]"),
                       {"step": "T", "id": "t", "exec": "echo ${got}", "effect": "read"},
                       {"step": "U", "id": "u", "effect": "read", "exec": "echo ${"
                        + ("results.s.map(r, r.stdout.trim()).join()" if way is in_action else "results.s.stdout") + "}"})
    assert result.status == 0, result
    assert items(result) == [1, 2, 3, 4], result
    assert said(result, "t") == ["4"], "of what all of them capture, what the last declared has"
    assert said(result, "u") == (["1234"] if way is in_action else ["4"]), result


@WAYS
def test_they_are_told_in_the_declared_order(place, way):
    place.write(way(place.act(LAST_FIRST), "[1, 2, 3, 4]"))
    result = fsops("run", "book", "-R", place.books, "--plain", env=place.env)
    assert told(result) == [("passed", "1"), ("passed", "2"), ("passed", "3"), ("passed", "4")], result


@WAYS
def test_no_more_than_so_many_run_at_once(place, way):
    result = place.run(way(place.act(COUNT), str(list(range(3 * MOST)))))
    assert result.status == 0, result
    assert items(result) == list(range(3 * MOST)), result
    assert 1 < place.most <= MOST


def test_what_comes_after_the_items_begins_beside_the_last(place):
    """One more item than there are places: it waits for the action behind it, which has a place by then."""
    one = place.act('[ "$2" -lt %d ] || until [ -e "$1/b" ]; do sleep 0.02; done' % MOST, for_each=str(list(range(MOST + 1))))
    two = place.act('touch "$1/b"', "", id="b")
    result = place.run({"step": "S", "budget": "20s", "actions": [one, two]})
    assert result.status == 0, result


@WAYS
@pytest.mark.parametrize("keys, more", [({"sequential": True}, {}), ({}, {"effect": "change"}),
                                        ({}, {"capture": {"seen": "seen + stdout"}})],
                         ids=["sequential", "change", "looks-back"])
def test_one_after_another(place, way, keys, more):
    """When it is said so, when something is changed, when an item may look at what the one before it gave."""
    result = place.run(way(place.act(COUNT, **more), "[1, 2, 3]", **keys),
                       {"step": "T", "id": "t", "exec": "echo ${seen}", "effect": "read"}, head="vars: {seen: ''}")
    assert result.status == 0, result
    assert items(result) == [1, 2, 3], result
    assert place.most == 1
    if "capture" in more:
        assert said(result, "t")[0].split() == ["1", "2", "3"], result


def test_rounds_whose_actions_look_at_each_other_go_one_after_another(place):
    result = place.run({"step": "S", "for_each": "[1, 2, 3]", "actions": [
        place.act(COUNT), {"id": "t", "exec": "echo ${results.s.stdout}", "effect": "read"}]})
    assert result.status == 0, result
    assert said(result, "t") == ["1", "2", "3"], result
    assert place.most == 1


@WAYS
def test_retries_and_waits_are_each_item_s_own(place, way):
    """Each fails at first, and is good only when all have failed once."""
    script = 'echo "$2"; [ -e "$1/$2" ] || { touch "$1/$2"; exit 1; }; [ $(ls "$1" | wc -l) -eq 4 ]'
    result = place.run(way(place.act(script, until="exit == 0", every="50ms"), "[1, 2, 3, 4]"))
    assert result.status == 0, result
    assert items(result) == [1, 2, 3, 4], result
    assert all(e["attempts"] > 1 for e in result.events("action.finished")), result


@WAYS
def test_after_a_failure_that_stops_no_more_begin(place, way):
    """The first fails when as many run as may; the others end by themselves."""
    script = (f'touch "$1/$2"; while [ $(ls "$1" | wc -l) -lt {MOST} ]; do sleep 0.02; done; '
              '[ "$2" -gt 1 ] || exit 1; sleep 3')
    result = place.run(way(place.act(script, on_failure="stop"), str(list(range(1, 3 * MOST)))),
                       {"step": "T", "id": "t", "exec": "true", "effect": "read"})
    assert result.status == 2, result
    assert items(result) == list(range(1, MOST + 1)), result
    assert [e["item"] for e in result.events("action.finished", action="s", outcome="failed")] == [1], result
    assert not result.events("step.started", step="t"), result


@WAYS
def test_the_budget_ends_all_that_run(place, way):
    result = place.run(way(place.act(HANG), str(list(range(MOST + 8))), budget="3s"))
    assert result.step("s")["outcome"] == "timed_out", result
    assert items(result) == list(range(MOST)), "those that had not begun are not told of"
    assert {e["outcome"] for e in result.events("action.finished")} == {"timed_out"}, result
    assert len(result.event("budget.exceeded")["ended"]) == MOST, result


@WAYS
def test_a_signal_ends_all_that_run_and_a_resumed_run_does_them_again(place, way):
    place.write(way(place.act(MEET.format(4)), "[1, 2, 3]"),
                {"step": "T", "id": "t", "exec": "true", "effect": "change"})
    with subprocess.Popen([FSOPS, "run", "book", "-R", place.books, "-y", "--format", "json"],
                          env=environment(**place.env), stdout=subprocess.PIPE, text=True) as child:
        wait_until(lambda: place.files == {"1", "2", "3"}, "all three run")
        child.send_signal(signal.SIGINT)
        out = child.communicate(timeout=30)[0]
    ends = [json.loads(line) for line in out.splitlines()]
    assert sorted((e["item"], e["outcome"]) for e in ends if e["type"] == "action.finished") == [
        (n, "cancelled") for n in (1, 2, 3)]
    (place.dir / "4").touch()
    result = fsops("resume", "-R", place.books, "-y", "--format", "json", env=place.env)
    assert result.status == 0, result
    assert items(result) == [1, 2, 3] and result.action("t")["outcome"] == "passed", result


@WAYS
def test_a_run_that_was_killed_goes_on(place, way):
    """Nothing of a read in flight is taken over; the list is as it was."""
    place.write(way(place.act(MEET.format(4)), "[1, 2, 3]"),
                {"step": "T", "id": "t", "exec": "true", "effect": "change"})
    with subprocess.Popen([FSOPS, "run", "book", "-R", place.books, "-y"], env=environment(**place.env),
                          stdout=subprocess.DEVNULL) as child:
        wait_until(lambda: place.files == {"1", "2", "3"}, "all three run")
        child.kill()
    (place.dir / "4").touch()
    result = fsops("resume", "-R", place.books, "-y", "--format", "json", env=place.env)
    assert result.status == 0, result
    assert items(result) == [1, 2, 3] and result.action("t")["outcome"] == "passed", result
    report = fsops("report", "--junit", result.all_events[0]["run"], env=place.env)
    assert report.status == 0 and report.out.count("<testcase") >= 4, report


def test_what_a_resumed_item_captures_counts_in_its_turn(place):
    """The first is done again, since what it said is masked on record; the others are taken over."""
    place.write({"step": "S", "actions": [
        place.act('[ "$2" != 1 ] || echo "***"; echo "$2"', for_each="[1, 2, 3]", capture={"last": "stdout.trim()"}),
        {"id": "c", "exec": "true", "effect": "change"},
        place.act('touch "$1/on"; until [ -e "$1/well" ]; do sleep 0.02; done; echo "$2"', "${last}", id="w")]})
    with subprocess.Popen([FSOPS, "run", "book", "-R", place.books, "-y"], env=environment(**place.env),
                          stdout=subprocess.DEVNULL) as child:
        wait_until(lambda: "on" in place.files, "the change is over")
        child.kill()
    (place.dir / "well").touch()
    result = fsops("resume", "-R", place.books, "-y", "--format", "json", env=place.env)
    assert result.status == 0 and items(result) == [1], result
    assert said(result, "w") == ["3"], result


@WAYS
def test_a_check_looks_at_all_of_them(place, way):
    result = place.run(way(place.act(MEET.format(3)), "[1, 2, 3]"), options=["--check"])
    assert result.status == 0, result
    assert said(result) == ["1", "2", "3"], result


def test_each_is_told_as_itself(place):
    """One that is skipped ends without having begun, between others that have."""
    place.write({"step": "S", "actions": [place.act(MEET.format(3), for_each="[1, 2, 3, 4]", when="item != 2")]})
    result = fsops("run", "book", "-R", place.books, "--plain", env=place.env)
    assert told(result) == [("passed", "1"), ("skipped", "2"), ("passed", "3"), ("passed", "4")], result


def test_the_live_line_says_how_many_are_waited_for(place):
    place.write({"step": "S", "for_each": "[1, 2, 3]", "as": "item", **place.act(MEET.format(4))})
    watched = Terminal(FSOPS, "run", "book", "-R", str(place.books), env=environment(**place.env))
    watched.wait("S [1] (and up to 2 more)")
    (place.dir / "4").touch()
    assert watched.end() == 0, watched.seen


@WAYS
@pytest.mark.parametrize("keys, at_once", [({}, True), ({"sequential": True}, False)])
def test_the_dry_run_says_what_runs_at_once(place, way, keys, at_once):
    books = place.write(way(place.act("true"), "[1, 2]", **keys))
    order = f"up to {MOST} at once" if at_once else "one after another"
    for words in (["run", "book", "--dry-run"], ["show", "book"]):
        result = fsops(*words, "-R", books, env=place.env)
        assert f"[1, 2] as item, {order}" in result.out, result
    result = fsops("run", "book", "--dry-run=sh", "-R", books, env=place.env)
    assert (f"# fsops runs up to {MOST} of these at once" in result.out) == at_once, result
    plan = fsops("run", "book", "--dry-run=json", "-R", books, env=place.env).json["steps"][0]
    loop = plan if way is not in_action else plan["actions"][0]
    assert (loop["for_each"], loop["at_once"]) == ("[1, 2]", at_once)
    assert plan.get("sequential", False) == (not at_once)


def test_a_step_of_thousands_of_items(place):
    """Most of them are skipped: those end as soon as they begin."""
    result = place.run({"step": "S", "budget": "10m", "for_each": "lists.range(2000)",
                        "actions": [{"id": "s", "when": "item % 500 == 0", "exec": "true", "effect": "read"}]})
    assert result.status == 0, result
    assert items(result) == list(range(2000))
