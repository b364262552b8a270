"""`--if-due`: for one due time a run starts once, whatever wakes it and how often."""
import datetime
import os
import pathlib
import pwd
import shutil
import subprocess
import time
from zoneinfo import ZoneInfo

import pytest

from helpers import FSOPS, environment, fsops

CHANGE = 'exec: [sh, -c, "echo $0 >> {folder}/ran{more}", "${{run.id}}"], effect: change'
DUE = datetime.datetime(2027, 1, 10, 2, 30, tzinfo=datetime.timezone.utc)


class Case:
    def __init__(self, folder, more="", daily="02:30", platform="test"):
        self.folder, self.books = folder, folder / "books"
        self.books.mkdir()
        self.env = {"FSOPS_STATE": str(folder / "state"), "TZ": "UTC", "FAKETIME_DONT_RESET": "1"}
        (self.books / "platform.yaml").write_text(f"platform: {platform}\n")
        (self.books / "book.yaml").write_text(
            f'runbook: book\ntitle: book\nschedule: {{daily: "{daily}"}}\nvars:\n  region: {{default: eu}}\nsteps:\n'
            f"  - {{step: One, budget: 20s, {CHANGE.format(folder=folder, more=more)}}}\n")

    def command(self, when, *words):
        shift = when.timestamp() - time.time()
        return ["faketime", "-f", f"{shift:+.0f}s", FSOPS, "run", "book", "--if-due", "-R", str(self.books), *words]

    def wake(self, when, *words, **env):
        return subprocess.run(self.command(when, *words), env=environment(**{**self.env, **env}), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def ran(self):
        path = self.folder / "ran"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def after(minutes, day=0):
    return DUE + datetime.timedelta(days=day, minutes=minutes, seconds=5)


def test_woken_every_few_minutes_it_starts_once_a_day(case):
    for day in (0, 1):
        first, *others = [case.wake(after(m, day), "-y") for m in (-5, 0, 5, 20, 30)][1:]
        assert first.returncode == 0 and case.ran() == day + 1, first.stdout + first.stderr
        for late in others[:2]:
            assert late.returncode == 0 and late.stdout == "" and "was started for " in late.stderr, late
        assert "is not due" in others[2].stderr
    assert case.wake(after(3, 1), "-y", "-q").stderr == ""


def test_of_many_woken_at_once_one_starts(case):
    words = case.command(after(1), "-y")
    runs = [subprocess.Popen(words, env=environment(**case.env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) for _ in range(8)]
    assert [run.wait(60) for run in runs] == [0] * 8
    assert case.ran() == 1


def test_what_was_refused_has_not_begun(case):
    assert case.wake(after(0)).returncode == 77  # it holds changes, and nobody approves them
    assert case.wake(after(1), "-y").returncode == 0 and case.ran() == 1
    assert case.wake(after(2)).returncode == 0 and case.ran() == 1


def test_what_was_interrupted_has_begun(tmp_path):
    case = Case(tmp_path, more="; kill -KILL $PPID; sleep 0.2")
    assert case.wake(after(0), "-y").returncode != 0 and case.ran() == 1
    assert case.wake(after(5), "-y").returncode == 0 and case.ran() == 1


def test_runs_of_another_kind_do_not_count(case):
    """Begun by hand, only looking, with other variables, on another platform: each is its own."""
    faked = case.command(after(0), "-y")
    faked.remove("--if-due")
    subprocess.run(faked, env=environment(**case.env), stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert case.ran() == 1
    assert case.wake(after(1), "--check").stdout
    assert case.wake(after(2), "-y").returncode == 0 and case.ran() == 2
    for region in ("us", "ap"):
        for minute in (3, 4):
            assert case.wake(after(minute), "-y", "--var", f"region={region}").returncode == 0
    assert case.ran() == 4
    other = case.books / "other.yaml"
    other.write_text("platform: other\n")
    for minute in (5, 6):
        assert case.wake(after(minute), "-y", "-P", str(other)).returncode == 0
    assert case.ran() == 5


def test_a_look_is_started_once_too(case):
    first, second = (case.wake(after(minute), "--check") for minute in (0, 5))
    assert first.stdout and not second.stdout and case.ran() == 0


def test_a_dry_run_counts_for_nothing(case):
    assert case.wake(after(0), "--dry-run").stdout and case.wake(after(1), "--dry-run").stdout
    assert case.wake(after(2), "-y").returncode == 0 and case.ran() == 1


def test_where_the_clocks_show_a_time_twice(tmp_path):
    """02:30 comes twice on the last Sunday of October; it is due the first time."""
    case = Case(tmp_path)
    zone = ZoneInfo("Europe/Berlin")
    first = datetime.datetime(2027, 10, 31, 2, 30, 5, tzinfo=zone)
    moments = [datetime.datetime.fromtimestamp(first.timestamp() + m * 60, datetime.timezone.utc) for m in (0, 10, 60, 70)]
    for moment in moments:
        assert case.wake(moment, "-y", TZ="Europe/Berlin").returncode == 0
    assert case.ran() == 1


def test_the_history_tells_for_what_time(case):
    case.wake(after(7), "-y")
    (journal,) = (case.folder / "state" / "runs").glob("*.jsonl")
    assert '"due":"2027-01-10T02:30:00.000Z"' in journal.read_text().splitlines()[0]


def test_a_state_folder_that_cannot_be_written(tmp_path_factory):
    """Nothing is known of earlier runs: it says so, and changes nothing."""
    folder = tmp_path_factory.mktemp("open")
    for part in (folder, *folder.parents):
        if str(part).startswith("/tmp/pytest"):
            part.chmod(0o755)
    case = Case(folder)
    binary = shutil.copy(FSOPS, folder / "fsops")
    state = pathlib.Path(case.env["FSOPS_STATE"])
    state.mkdir()
    who = {}
    if os.geteuid() == 0:  # root writes where nobody may
        nobody = pwd.getpwnam("nobody")
        os.chown(state, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    state.chmod(0o500)
    words = [str(binary) if word == FSOPS else word for word in case.command(after(0), "-y")]
    done = subprocess.run(words, env=environment(**case.env), cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, **who)
    state.chmod(0o700)
    assert done.returncode == 2 and "cannot be known" in done.stderr and case.ran() == 0, done.stdout + done.stderr


def spoil_history(state):
    (state / "history").chmod(0o666)


def spoil_state(state):
    state.chmod(0o777)


def spoil_journal(state):
    (journal,) = (state / "runs").glob("*.jsonl")
    journal.unlink()


def spoil_lock(state):
    (lock,) = (state / "due").iterdir()
    lock.unlink()
    lock.mkdir()


@pytest.mark.parametrize("spoil", [spoil_history, spoil_state, spoil_journal, spoil_lock])
def test_what_changes_things_does_not_begin_when_earlier_runs_are_not_known(case, spoil):
    assert case.wake(after(0), "-y").returncode == 0 and case.ran() == 1
    spoil(case.folder / "state")
    for late in (case.wake(after(5), "-y"), case.wake(after(6), "-y", "-q")):
        assert late.returncode == 2 and late.stdout == "" and case.ran() == 1, late
        assert "cannot be known, so it changes nothing and does not begin: " in late.stderr
    looked = case.wake(after(7), "--check")
    assert looked.stdout and "cannot be known: " in looked.stderr and case.ran() == 1
    book = case.books / "book.yaml"
    book.write_text(book.read_text().replace("effect: change", "effect: read"))
    again = case.wake(after(8))
    assert "cannot be known: " in again.stderr and case.ran() == 2, again
