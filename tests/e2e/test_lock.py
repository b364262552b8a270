"""Locks: of runs that would change the same things one does, the others say who; taking over."""
import getpass
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time

import pytest

from helpers import FSOPS, Result, environment, fsops, wait_until, write_book

# Says "NAME RUN" in the log, waits until its gate is open, says "NAME-end RUN".
WAITS = """exec:
          - sh
          - -ec
          - echo "{name} $1" >> {folder}/log;
            until [ -e {folder}/gate-{name} ]; do sleep 0.05; done;
            echo "{name}-end $1" >> {folder}/log
          - sh
          - ${{run.id}}"""
STEPS = """
  - step: Change the first
    id: one
    budget: 2m
    actions:
      - id: first
        effect: change
        {first}
  - step: Look at it
    id: two
    budget: 2m
    actions:
      - id: look
        effect: read
        {look}
  - step: Change the second
    id: three
    budget: 2m
    actions:
      - id: second
        effect: change
        {second}
"""


class Run:
    """A run that goes on beside the test."""

    def __init__(self, *words, env):
        self.words, self.began = [str(w) for w in words], time.monotonic()
        self.child = subprocess.Popen([FSOPS, *self.words], env=environment(**env), text=True, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def alive(self):
        return self.child.poll() is None

    def end(self, seconds=60):
        out, err = self.child.communicate(timeout=seconds)
        return Result(self.words, self.child.returncode, out, err, time.monotonic() - self.began)


class Case:
    """A runbook of a change, a read and a change, each of which waits until the test lets it pass."""

    def __init__(self, folder, name="book", state=None):
        self.folder, self.name = folder, name
        self.state = state or folder / "state"
        self.env = {"FSOPS_STATE": str(self.state)}
        self.runs = []
        self.books = write_book(folder / "books", STEPS.format(**{
            part: WAITS.format(name=part, folder=folder) for part in ("first", "look", "second")}), name=name)

    def start(self, *options):
        self.runs.append(Run("run", self.name, "-R", self.books, "-y", "--format", "json", *options, env=self.env))
        return self.runs[-1]

    def run(self, *options, **more):
        return fsops("run", self.name, "-R", self.books, *options, env=self.env, **more)

    def start_and_wait(self, part, *options):
        """A run that has come to this part, and its id."""
        known = len(self.log(part))
        run = self.start(*options)
        wait_until(lambda: len(self.log(part)) > known, f"'{part}' has begun")
        return run, self.log(part)[-1]

    def open(self, *gates):
        for gate in gates:
            (self.folder / f"gate-{gate}").touch()

    def log(self, part=None):
        """The lines of the log; with a part, the runs that began it."""
        lines = (self.folder / "log").read_text().splitlines() if (self.folder / "log").exists() else []
        return [line.split()[1] for line in lines if line.split()[0] == part] if part else lines

    def journal(self, run, kind):
        """The events of a type in a run's journal."""
        lines = (self.state / "runs" / f"{run}.jsonl").read_text().splitlines()
        return [e for e in map(json.loads, lines) if e["type"] == kind]

    def stop(self):
        for run in self.runs:
            if run.alive():
                run.child.kill()
                run.child.communicate()
        self.open("first", "look", "second")  # what a killed run began waits for them, and would for ever


@pytest.fixture
def case(tmp_path):
    one = Case(tmp_path)
    yield one
    one.stop()


def names_holder(result, run, pid):
    """The complaint says who holds the lock, and what to do."""
    assert result.status == 75, str(result)
    said = re.search(r"run (\S+) of (\S+)@(\S+) \(pid (\d+)\) holds the lock of '(\S+)' on 'test', for (\S+) \(since ",
                     result.err)
    assert said, str(result)
    assert said[1] == run and said[2] == getpass.getuser() and said[3] == os.uname().nodename and int(said[4]) == pid, \
        str(result)
    assert f"fsops log {run} --follow" in result.err and "--take-over" in result.err, str(result)


def test_of_thirty_at_once_one_changes_anything(case):
    runs = [case.start() for _ in range(30)]
    wait_until(lambda: sum(r.alive() for r in runs) == 1, "29 have ended", 60)
    (holder,) = [r for r in runs if r.alive()]
    wait_until(lambda: case.log("first"), "the change has begun")
    (run,) = case.log("first")
    for one in runs:
        if one is not holder:
            names_holder(one.end(), run, holder.child.pid)
    late = case.run("-y")
    names_holder(late, run, holder.child.pid)
    assert "at step 1/3 'Change the first'" in late.err, str(late)
    case.open("first", "look", "second")
    ended = holder.end()
    assert ended.status == 0 and ended.events("lock.taken") == [], str(ended)
    assert case.log() == [f"{part} {run}" for part in
                          ("first", "first-end", "look", "look-end", "second", "second-end")]
    after = case.run("-y", "--format", "json")  # it was let go of
    assert after.status == 0 and after.events("lock.taken") == [], str(after)


def test_those_that_were_refused_leave_no_journal(case):
    case.start_and_wait("first")
    case.run("-y")
    assert len(list((case.state / "runs").glob("*.jsonl"))) == 1


def test_a_dead_holder_is_noticed(case):
    holder, run = case.start_and_wait("first")
    holder.child.kill()
    holder.child.communicate()
    case.open("first", "look", "second")
    after = case.run("-y", "--format", "json")
    assert after.status == 0, str(after)
    taken = after.event("lock.taken")
    assert taken["before"]["run"] == run and taken["before"]["pid"] == holder.child.pid, taken
    assert taken["before"]["dead"] is True and taken["runbook"] == "book" and taken["platform"] == "test", taken
    kinds = [e["type"] for e in after.all_events]
    assert kinds[0] == "run.started" and kinds.index("lock.taken") < kinds.index("action.started")
    assert case.run("-y", "--format", "json").events("lock.taken") == []


def test_a_dead_holder_is_told_in_words(case):
    holder, run = case.start_and_wait("first")
    holder.child.kill()
    holder.child.communicate()
    case.open("first", "look", "second")
    after = case.run("-y")
    assert after.status == 0 and re.search(
        rf"lock of 'book' was left by run {run} of \S+ \(pid {holder.child.pid}\), which has died", after.out), str(after)


def test_a_run_that_ends_by_a_signal_lets_go(case):
    holder, _ = case.start_and_wait("first")
    holder.child.send_signal(signal.SIGTERM)
    assert holder.end().status == 143
    case.open("first", "look", "second")
    after = case.run("-y", "--format", "json")
    assert after.status == 0 and after.events("lock.taken") == [], str(after)


def test_taking_over_between_changes(case):
    case.open("first")
    old, old_run = case.start_and_wait("look")
    new, new_run = case.start_and_wait("look", "--take-over")
    case.open("look", "second")
    ended, taker = old.end(), new.end()
    assert taker.status == 0 and case.log("second") == [new_run], str(taker)
    before = taker.event("lock.taken")["before"]
    assert before["run"] == old_run and before["dead"] is False and before["let_go"] is True, before
    assert ended.status == 75, str(ended)
    assert ended.finished["exit"] == 75 and ended.event("lock.taken")["by"]["run"] == new_run, str(ended)
    for run, key, other in ((old_run, "by", new_run), (new_run, "before", old_run)):
        (event,) = case.journal(run, "lock.taken")
        assert event[key]["run"] == other


def test_taking_over_waits_for_the_change_in_flight(case):
    old, old_run = case.start_and_wait("first")
    new = case.start("--take-over")
    wait_until(lambda: case.journal(old_run, "lock.taken"), "the old run has noticed")
    assert new.alive() and case.log("first") == [old_run]
    case.open("first", "look", "second")
    ended, taker = old.end(), new.end()
    (_, new_run) = case.log("first")
    assert case.log()[:2] == [f"first {old_run}", f"first-end {old_run}"], case.log()
    assert taker.status == 0 and taker.event("lock.taken")["before"]["let_go"] is True, str(taker)
    assert f"taking over the lock of 'book' on 'test' from run {old_run} of " in taker.err and "waiting up to" in taker.err
    assert ended.status == 75 and ended.action("first")["outcome"] == "passed", str(ended)
    assert case.log("second") == [new_run]


@pytest.mark.parametrize("sent, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_taker_that_is_stopped_while_it_waits_says_how_the_old_run_goes_on(case, sent, status):
    """Its place is taken: that is not given back, since another may have seen it."""
    old, old_run = case.start_and_wait("first")
    taker = case.start("--take-over")
    wait_until(lambda: case.journal(old_run, "lock.taken"), "the old run has noticed")
    taker.child.send_signal(sent)
    given_up = taker.end(10)
    assert given_up.status == status and "nothing was changed" in given_up.err, str(given_up)
    assert f"fsops resume {old_run} goes on with it" in given_up.err, str(given_up)
    case.open("first", "look", "second")
    assert old.end().status == 75
    resumed = fsops("resume", old_run, "-R", case.books, "-y", env=case.env)
    assert resumed.status == 0 and case.log("second") == [old_run] and len(case.log("first")) == 1, str(resumed)


def test_taking_over_from_one_that_is_stopped(case):
    """Nothing of it is in flight: the taker goes on at once; when the old one wakes up it changes nothing more."""
    case.open("first")
    old, old_run = case.start_and_wait("look")
    os.kill(old.child.pid, signal.SIGSTOP)
    case.open("look", "second")
    taker = case.run("-y", "--take-over", "--format", "json")
    assert taker.status == 0, str(taker)
    before = taker.event("lock.taken")["before"]
    assert before["run"] == old_run and before["let_go"] is True and before["dead"] is False, before
    assert before["epoch"] == 1, before
    os.kill(old.child.pid, signal.SIGCONT)
    ended = old.end()
    assert ended.status == 75 and old_run not in case.log("second"), str(ended)
    (taken,) = case.journal(old_run, "lock.taken")
    assert taken["by"]["epoch"] == 2, taken


def test_taking_over_is_not_done_by_a_run_that_is_refused(case):
    """Changes that nobody approves are refused first: no holder is sent away for nothing."""
    case.open("first")
    old, _ = case.start_and_wait("look")
    refused = case.run("--take-over")
    assert refused.status == 77, str(refused)
    case.open("look", "second")
    assert old.end().status == 0


def test_runbooks_inside_are_locked_too(case, tmp_path):
    holder, run = case.start_and_wait("first")
    (case.books / "outer.yaml").write_text(
        "runbook: outer\ntitle: outer\nseverity: info\nsteps:\n  - step: Inside\n    budget: 2m\n    runbook: book\n")
    names_holder(fsops("run", "outer", "-R", case.books, "-y", env=case.env), run, holder.child.pid)
    case.open("first", "look", "second")
    assert holder.end().status == 0
    (case.folder / "gate-first").unlink()
    outer = Run("run", "outer", "-R", case.books, "-y", "--format", "json", env=case.env)
    case.runs.append(outer)
    wait_until(lambda: len(case.log("first")) == 2, "the inner change has begun")
    names_holder(case.run("-y"), case.log("first")[-1], outer.child.pid)
    case.open("first")
    assert outer.end().status == 0


@pytest.mark.parametrize("options", [("--check",), ("--dry-run",), ("--dry-run=sh",), ("--only", "two")])
def test_what_changes_nothing_needs_no_lock(case, options):
    holder, _ = case.start_and_wait("first")
    case.open("look")
    assert case.run(*options).status == 0
    case.open("first", "second")
    assert holder.end().status == 0


def test_platforms_do_not_block_each_other(case, tmp_path):
    case.start_and_wait("first")
    other = tmp_path / "other.yaml"
    other.write_text("platform: other\ntargets: {}\n")
    case.start_and_wait("first", "-P", other)
    assert len(case.log("first")) == 2 and all(r.alive() for r in case.runs)


GARBAGE = {"text": b"not a holder\n", "zeros": bytes(300), "huge": b"{" * 1_000_000, "other JSON": b"[1]\n",
           "escapes": b'{"run":"\x1b[2J"}\n', "a path": b'{"run":"../../x","user":"a","host":"h","pid":1,"since":""}\n'}


@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE)
def test_a_lock_file_that_is_none(case, content):
    """It is not taken for a free lock; whoever has looked takes over."""
    case.open("first", "look", "second")
    assert case.run("-y").status == 0
    (case.state / "locks" / "test.book").write_bytes(content)
    refused = case.run("-y")
    assert refused.status == 75 and "locks/test.book" in refused.err and "--take-over" in refused.err, str(refused)
    assert "\x1b" not in refused.err
    assert case.run("-y", "--take-over").status == 0
    assert case.run("-y").status == 0


def test_a_state_folder_that_cannot_be_written(tmp_path_factory):
    """Nothing is changed without a lock, and what to do is said; reads still work."""
    folder = tmp_path_factory.mktemp("open")
    for part in (folder, *folder.parents):
        if str(part).startswith("/tmp/pytest"):
            part.chmod(0o755)
    case = Case(folder)
    case.open("first", "look", "second")
    binary = shutil.copy(FSOPS, folder / "fsops")
    case.state.mkdir()
    (folder / "log").touch()
    (folder / "log").chmod(0o666)
    who = {}
    if os.geteuid() == 0:  # root writes where nobody may
        nobody = pwd.getpwnam("nobody")
        os.chown(case.state, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    case.state.chmod(0o500)
    done = subprocess.run([binary, "run", "book", "-R", case.books, "-y"], env=environment(**case.env), cwd="/",
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **who)
    case.state.chmod(0o700)
    log = [line.split()[0] for line in case.log()]
    assert done.returncode == 2 and log == ["look", "look-end"], done.stdout + done.stderr
    assert str(case.state) in done.stdout and "Permission denied" in done.stdout, done.stdout
