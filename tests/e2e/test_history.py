"""What is left of runs: the history, a run told again, journals that were changed, forgetting."""
import contextlib
import hashlib
import os
import pathlib
import re
import subprocess
import time

import pytest

from helpers import FSOPS, environment, fsops, wait_until, write_book

STEPS = """
  - step: Look
    budget: 1m
    actions:
      - {{exec: [sh, -c, '{look}'], effect: read, id: look}}
      - {{exec: [echo, changed], effect: change, id: change}}
"""


class Place:
    """A state folder, and runbooks that run in it."""

    def __init__(self, folder):
        self.folder, self.state = folder, folder / "state"
        self.env = {"FSOPS_STATE": str(self.state)}
        self.books = folder / "books"
        self.book("good")

    def book(self, name, look="echo seen"):
        write_book(self.books, STEPS.format(look=look), name=name)

    def fsops(self, *words, **more):
        return fsops(words[0], "-R", self.books, *words[1:], env=self.env, **more)

    def run(self, name="good", *options):
        return self.fsops("run", name, "-y", *options)

    def history(self, *options):
        result = self.fsops("history", "--format", "json", *options)
        assert result.status == 0, result
        return result.json

    def journal(self, run=None):
        return self.state / "runs" / f"{run or self.history()[0]['run']}.jsonl"

    def start_slow(self):
        """A run that goes on until `gate` is there; its process and its id."""
        self.book("slow", f"echo begun; until [ -e {self.folder}/gate ]; do sleep 0.05; done; echo over")
        child = subprocess.Popen([FSOPS, "run", "slow", "-y", "-R", self.books], env=environment(**self.env),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until(lambda: [j for j in self.state.glob("runs/*slow*") if '"action.output"' in j.read_text()], "it runs")
        return child, next(self.state.glob("runs/*slow*")).stem

    def open_gate(self):
        (self.folder / "gate").touch()


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_nothing_yet(place):
    assert place.history() == []
    assert place.fsops("history").out == f"Runs kept in {place.state}\nNo run.\n"
    assert place.fsops("log").status == 64
    assert not place.state.exists()  # looking makes nothing


def test_newest_first_with_filters(place):
    place.book("bad", "exit 1")
    for name in ("good", "bad", "good"):
        place.run(name)
    runs = place.history()
    assert [r["runbook"] for r in runs] == ["good", "bad", "good"]
    assert {"run", "runbook", "started", "finished", "level", "exit", "resumable"} <= set(runs[0])
    assert [r["exit"] for r in runs] == [0, 2, 0] and not any(r["resumable"] for r in runs)
    assert [r["runbook"] for r in place.history("--failed")] == ["bad"]
    assert len(place.history("good")) == 2 and len(place.history("--limit", "1")) == 1
    assert place.history("--since", "1h") == runs and place.history("--since", "2999-01-01 00:00") == []
    text = place.fsops("history", "--limit", "2").out
    assert text.count("good") == 1 and "there were more" in text
    for wrong in (("--limit", "x"), ("--limit", "-1"), ("--since", "sometime"), ("--since", "-1h")):
        result = place.fsops("history", *wrong)
        assert result.status == 64 and f"not '{wrong[1]}'" in result.err, result


def test_a_name_that_neither_a_run_nor_a_runbook_has_was_mistyped(place):
    place.run("good")
    result = place.fsops("history", "goood")
    assert (result.status, result.out) == (64, "") and "did you mean 'good'?" in result.err, result
    place.book("new")
    assert place.history("new") == []
    (place.books / "good.yaml").unlink()  # a history outlives its runbooks
    assert len(place.history("good")) == 1 and place.history("good", "--failed") == []


def test_modes(place):
    place.run()
    for path in [place.state, *place.state.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_run_that_is_alive_and_one_that_was_killed(place):
    child, run = place.start_slow()
    assert place.history()[0] == {**place.history()[0], "run": run, "live": True, "resumable": False, "finished": None,
                                  "level": None, "exit": None}
    assert "running" in place.fsops("history").out and "running" in place.fsops("list").out
    child.kill()
    child.wait()
    place.open_gate()
    wait_until(lambda: not place.history()[0]["live"], "it is not alive any more")
    killed = place.history()[0]
    assert killed["resumable"] and killed["finished"] is None
    assert "interrupted" in place.fsops("history").out and "interrupted" in place.fsops("list").out
    assert place.history("--failed") == [killed]
    told = place.fsops("log", run)
    assert f"fsops resume {run}" in told.err and told.status == 0
    assert place.fsops("resume", run, "-y").status == 0
    assert place.history()[0]["exit"] == 0 and len(place.history()) == 1


def test_the_list_knows_the_last_runs(place):
    place.book("bad", "exit 1")
    place.run("good")
    place.run("bad")
    listed = {r["name"]: r["last_run"] for r in place.fsops("list", "--format", "json").json}
    assert (listed["good"]["exit"], listed["bad"]["exit"]) == (0, 2)
    place.book("other")
    text = place.fsops("list").out
    assert "never" in text and "critical, " in text and "LAST RUN" in text


def test_it_is_made_again_from_the_journals(place):
    place.run()
    place.run()
    runs = place.history()
    (place.state / "history").unlink()
    assert place.history() == runs
    (place.state / "history").unlink()
    place.run()  # whoever adds to one that is gone makes it whole first
    assert place.history()[1:] == runs and len(place.history()) == 3


def test_a_torn_or_foreign_line_is_passed_over(place):
    place.run()
    file = place.state / "history"
    lines = file.read_bytes()
    file.write_bytes(b"began\x00\n" + b"\xff\xfe nonsense\n" + lines + b"began\tonly")
    place.run()
    assert len(place.history()) == 2


# What was done to the history: its new bytes. The journals know the rest.
HISTORY_DAMAGES = {
    "emptied": lambda lines: [],
    "garbage": lambda lines: [b"\0" * 300, b"\xff\n"],
    "its head is gone": lambda lines: [lines[2][20:], *lines[3:]],
    "its tail is gone": lambda lines: [*lines[:2], lines[2][:10]],
    "a line is garbled": lambda lines: [lines[0], lines[1], b"\x01\x02\n", *lines[3:]],
}


@pytest.mark.parametrize("damage", HISTORY_DAMAGES)
def test_a_damaged_history_is_mended(place, damage):
    for _ in range(3):
        place.run()
    runs = place.history()
    file = place.state / "history"
    file.write_bytes(b"".join(HISTORY_DAMAGES[damage](file.read_bytes().splitlines(keepends=True))))
    assert place.history() == runs
    assert len(file.read_bytes().splitlines()) == 6  # it is whole again
    place.run()
    assert place.history()[1:] == runs


def test_a_damaged_history_that_cannot_be_mended_is_told_all_the_same(place):
    """As on a full disk, or for another user: nothing can be put in its place."""
    for _ in range(2):
        place.run()
    runs = place.history()
    (place.state / "history").unlink()
    for name in ("history.new", "history.lock"):
        with contextlib.suppress(FileNotFoundError):
            (place.state / name).unlink()
        (place.state / name).mkdir()
    assert place.history() == runs
    assert not (place.state / "history").exists()


def test_an_old_copy_of_the_history_does_not_hide_newer_runs(place):
    place.run()
    old = (place.state / "history").read_bytes()
    stamp = time.time_ns() - 10 ** 9
    place.run()
    runs = place.history()
    (place.state / "history").write_bytes(old)
    os.utime(place.state / "history", ns=(stamp, stamp))
    assert place.history() == runs and len(runs) == 2


def test_an_end_that_only_the_journal_knows(place):
    """The process died after the run had ended, before the history was told."""
    place.run()
    runs = place.history()
    file = place.state / "history"
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    assert place.history() == runs and not runs[0]["resumable"]
    refused = place.fsops("resume")
    assert refused.status == 64 and "no run was interrupted" in refused.err


def test_a_history_that_cannot_be_read_is_not_never(place):
    place.run()
    (place.state / "history").unlink()
    (place.state / "history").mkdir()
    listed = place.fsops("list")
    assert "unknown" in listed.out and "never" not in listed.out and "history" in listed.err


def test_a_check_is_not_shown_as_a_run(place):
    place.run("good", "--check")
    place.run("good")
    place.run("good", "--check")
    assert [r["mode"] for r in place.history()] == ["check", "run", "check"]
    assert place.fsops("history").out.count("ok (check)") == 2
    assert "ok (check), " in place.fsops("list").out
    (place.state / "history").unlink()
    assert [r["mode"] for r in place.history()] == ["check", "run", "check"]


def test_a_check_is_no_success(place):
    """Whoever alerts on a backup that is missing must not be quieted by a look at it."""
    def last_success():
        metrics = place.folder / "run.prom"
        assert place.fsops("report", "--prom", metrics).status == 0
        return re.findall(r"^fsops_run_last_success_timestamp_seconds\{.*\} (.*)$", metrics.read_text(), re.M)
    place.run("good", "--check")
    assert last_success() == []
    place.run("good")
    success = last_success()
    time.sleep(1.1)
    place.run("good", "--check")
    assert len(success) == 1 and last_success() == success


def test_told_again_as_it_was_told(place):
    place.book("more", "echo one; echo two; exit 3")
    run = place.run("more")
    assert place.fsops("log", "more").out == run.out
    as_json = place.run("good", "--format", "json")
    again = place.fsops("log", "good", "--format", "json")
    events = [{k: v for k, v in e.items() if k != "prev"} for e in again.all_events]
    assert events == as_json.all_events


def test_a_run_that_was_gone_on_with_is_told_as_it_was_told(place):
    child, run = place.start_slow()
    wait_until(lambda: b"action.started" in place.journal(run).read_bytes(), "it is under way")
    child.kill()
    child.wait()
    place.open_gate()
    wait_until(lambda: not place.history()[0]["live"], "it is not alive any more")
    resumed = place.fsops("resume", run, "-y")
    told = place.fsops("log", run)
    assert resumed.status == told.status == 0 and "gone on with by" in resumed.out
    assert told.out.endswith(resumed.out) and len(told.out) > len(resumed.out)


def test_a_run_is_found_by_its_beginning_and_by_its_runbook(place):
    place.run()
    run = place.history()[0]["run"]
    for name in (run, run[:-1], "good"):
        assert run in place.fsops("log", name, "-v").out
    assert place.fsops("log", "nothing").status == 64
    place.run()
    many = place.fsops("log", run[:8])
    assert many.status == 64 and "2 runs begin with" in many.err


def test_following_a_live_run(place):
    child, run = place.start_slow()
    follower = subprocess.Popen([FSOPS, "log", "--follow"], env=environment(**place.env), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    assert follower.poll() is None
    place.open_gate()
    out, err = follower.communicate(timeout=30)
    assert follower.returncode == 0 and "run finished: ok" in out and "over" in out and not err
    assert child.wait(30) == 0


def test_following_a_run_that_is_killed(place):
    child, run = place.start_slow()
    follower = subprocess.Popen([FSOPS, "log", "--follow", run], env=environment(**place.env), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    child.kill()
    child.wait()
    out, err = follower.communicate(timeout=30)
    place.open_gate()
    assert follower.returncode == 0 and f"fsops resume {run}" in err


# What was done to a journal: its new bytes, what is said, and whether anything can be told of it.
DAMAGES = {
    "tampered": (lambda lines: [*lines[:3], lines[3].replace(b"look", b"l00k"), *lines[4:]], ":5: it does not follow"),
    "a line taken out": (lambda lines: lines[:4] + lines[5:], ":5: it does not follow"),
    "two swapped": (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], ":4: it does not follow"),
    "the last one changed": (lambda lines: [*lines[:-1], lines[-1].replace(b'"exit":0', b'"exit":1')], "lines are missing at its end, or its last one was changed"),
    "cut at the end": (lambda lines: lines[:-2], "lines are missing at its end, or its last one was changed"),
    "empty": (lambda lines: [], "it is empty"),
    "torn in its first line": (lambda lines: [lines[0][:40]], "no whole line"),
    "foreign": (lambda lines: [b"#!/bin/sh\n", b"echo hello\n"], ":1: this is no event"),
    "foreign JSON": (lambda lines: [b'{"a": 1}\n'], ":1: this is no event"),
    "garbled": (lambda lines: [*lines[:4], bytes(range(256)) * 9 + b"\n", *lines[5:]], ":5: this is no event"),
    "of a version to come": (lambda lines: [line.replace(b'{"v":1,', b'{"v":2,') for line in lines],
                             ":1: it is of version 2 of the format, and this fsops reads version 1"),
    "of another run": (lambda lines: [line.replace(b'-good-', b'-evil-') for line in lines], "another run"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_named(place, damage):
    place.run()
    file = place.journal()
    whole = place.fsops("log", "--verify")
    assert whole.status == 0 and "each sealed by the next" in whole.out
    make, said = DAMAGES[damage]
    file.write_bytes(b"".join(make(file.read_bytes().splitlines(keepends=True))))
    result = place.fsops("log", file.stem, "--verify")
    assert result.status == 65 and said in result.err and str(file) in result.err, result
    found = place.fsops("log", file.stem, "--verify", "--format", "json")
    assert found.status == 65 and not found.json["ok"] and said in found.json["problems"][0], found
    told = place.fsops("log", file.stem)
    assert told.status == 65 and said in told.err and "goes on with it" not in told.err, told
    for command in ("report", "resume"):
        other = place.fsops(command, file.stem)
        assert other.status in (0, 2, 64, 65, 77), other
    place.history()


def test_what_a_version_to_come_says_is_not_believed(place):
    """Not even its last line, by which the history tells a run's end."""
    place.run()
    file = place.journal()
    file.write_bytes(file.read_bytes().replace(b'{"v":1,', b'{"v":2,'))
    history = place.state / "history"
    history.write_bytes(history.read_bytes().splitlines(keepends=True)[0])  # that it began
    told = place.history()
    assert [run.get("exit") for run in told] == [None] and "interrupted" in place.fsops("history").out, told
    for command in ("report", "resume"):
        result = place.fsops(command, file.stem)
        assert result.status == 65 and "version 2 of the format" in result.err, result


def test_what_was_found_as_data(place):
    place.run()
    found = place.fsops("log", "--verify", "--format", "json").json
    events = place.journal().read_bytes().splitlines()
    assert found == {"run": place.journal().stem, "journal": str(place.journal()), "ok": True, "ended": True,
                     "events": len(events), "last": hashlib.sha256(events[-1]).hexdigest(), "torn": 0, "damaged": 0,
                     "problems": []}


def test_a_file_of_nothing_but_damage_is_told_shortly(place):
    place.run()
    file = place.journal()
    file.write_bytes(b"nonsense\n" * 1000)
    result = place.fsops("log", file.stem, "--verify")
    assert result.status == 65 and "and 990 more lines" in result.err and len(result.err.splitlines()) == 11


def test_a_run_that_was_gone_on_with_and_killed_is_as_it_was_written(place):
    """The history knows an end that is not the journal's last line."""
    child, run = place.start_slow()
    child.terminate()
    assert child.wait(30) == 143
    assert place.history()[0]["exit"] == 143
    child = subprocess.Popen([FSOPS, "resume", run, "-y", "-R", place.books], env=environment(**place.env),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    wait_until(lambda: b"run.resumed" in place.journal(run).read_bytes(), "it goes on")
    assert place.history()[0]["live"]
    child.kill()
    child.wait()
    place.open_gate()
    wait_until(lambda: not place.history()[0]["live"], "it is not alive any more")
    killed = place.history()[0]
    assert killed["resumable"] and killed["finished"] is None and killed["exit"] is None
    verified = place.fsops("log", run, "--verify")
    assert verified.status == 0, verified
    lines = place.journal(run).read_bytes().splitlines(keepends=True)
    place.journal(run).write_bytes(b"".join(lines[:2]))
    cut = place.fsops("log", run, "--verify")
    assert cut.status == 65 and "lines are missing at its end, or its last one was changed" in cut.err


def test_a_torn_line_is_tolerated_and_named(place):
    place.run()
    file = place.journal()
    data = file.read_bytes().splitlines(keepends=True)
    (place.state / "history").unlink()
    file.write_bytes(b"".join(data[:-1]) + data[-1][:30])
    told = place.fsops("log", file.stem)
    assert told.status == 0 and "30 bytes" in told.err
    verified = place.fsops("log", file.stem, "--verify")
    assert verified.status == 0 and "30 bytes of a line" in verified.out, verified


def test_no_journal_can_be_reached_outside(place, tmp_path):
    place.run()
    (tmp_path / "evil.jsonl").write_bytes(place.journal().read_bytes())
    for name in ("../../evil", str(tmp_path / "evil"), "..", ""):
        assert place.fsops("log", name).status == 64


def test_old_runs_are_forgotten(place):
    child, alive = place.start_slow()
    for _ in range(3):
        place.run()
    assert place.fsops("history", "--prune").status == 64
    assert place.fsops("history", "--prune", "--keep", "soon").status == 64
    kept = place.fsops("history", "--prune", "--keep", "90d")
    assert kept.out.startswith("0 runs removed") and len(place.history()) == 4
    pruned = place.fsops("history", "--prune", "--keep", "0s")
    assert pruned.out.startswith("3 runs removed"), pruned
    assert [r["run"] for r in place.history()] == [alive]  # what runs stays
    assert [p.stem for p in (place.state / "runs").iterdir()] == [alive]
    child.kill()
    child.wait()
    place.open_gate()
    wait_until(lambda: not place.history()[0]["live"], "it is not alive any more")
    pruned = place.fsops("history", "--prune", "--keep", "0s")
    assert "1 of them had been interrupted" in pruned.out and f"{alive} (interrupted)" in pruned.out
    assert place.history() == []


def test_what_is_forgotten_is_said(place):
    place.run()
    place.run()
    runs = place.history()
    text = place.fsops("history", "--prune", "--keep", "0s", "-v").out
    assert all(r["run"] in text for r in runs)
    place.run()
    runs = place.history()
    assert place.fsops("history", "--prune", "--keep", "0s", "--format", "json").json == runs


def test_a_journal_that_cannot_be_removed_stays_in_the_history(place):
    place.run()
    place.run()
    stuck = place.journal()
    stuck.unlink()
    stuck.mkdir()
    pruned = place.fsops("history", "--prune", "--keep", "0s")
    assert pruned.status not in (0, 64) and str(stuck) in pruned.err and pruned.out.startswith("1 run removed"), pruned
    assert [r["run"] for r in place.history()] == [stuck.stem]


def test_many_runs_at_once_are_all_there(place):
    children = [subprocess.Popen([FSOPS, "run", "good", "--check", "-R", place.books], env=environment(**place.env),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for _ in range(20)]
    assert [c.wait(60) for c in children] == [0] * 20
    assert len(place.history("--limit", "0")) == 20


def test_a_long_history_is_listed_in_little_memory(place, tmp_path):
    """Ten times as many runs take no more of it, and all of them are told, newest first.

    Whoever writes into a pipe waits for its reader: so often its memory is looked at."""
    def peak(count, *options):
        state = tmp_path / f"of-{count}"
        (state / "runs").mkdir(parents=True, mode=0o700, exist_ok=True)
        state.chmod(0o700)
        (state / "history").write_text("".join(
            f"began\t20261123-{n:06}-book-k3\tbook\ttest\t{1764000000000 + n * 1000}\n"
            f"ended\t20261123-{n:06}-book-k3\t{1764000000500 + n * 1000}\tok\t0\t0\t{n:064x}\n" for n in range(count)))
        highest, told = 0, b""
        with subprocess.Popen([FSOPS, "history", "--limit", "0", *options], stdout=subprocess.PIPE,
                              env=environment(FSOPS_STATE=str(state), ASAN_OPTIONS=sanitizer)) as child:
            while piece := child.stdout.read1(16384):
                told += piece
                status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                highest = max([highest, *map(int, re.findall(r"VmHWM:\s*(\d+)", status))])
        numbers = [int(n) for n in re.findall(rb"20261123-(\d{6})-book", told)]
        assert child.returncode == 0 and numbers == list(reversed(range(count)))
        assert highest
        return highest

    # A sanitizer keeps what was freed for a while.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    for options in ([], ["--format", "json"]):
        assert peak(30_000, *options) < 1.3 * peak(3_000, *options)
