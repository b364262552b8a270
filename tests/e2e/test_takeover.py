"""Take-overs, one after another, while runs are killed, stopped and interrupted: never two changes at once.

A change marks itself: it makes a file that must not be there yet, sleeps, and removes it.  What it finds there
is another change, and a scream.  A chain is a handful of runs that begin at random moments, some of them taking
over, and to some of which a signal comes at a random moment.  FSOPS_CHAINS says how many chains are tried,
FSOPS_SEED makes them the same again.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import signal
import subprocess
import time

import pytest

from helpers import FSOPS, environment, fsops, wait_until, write_book

CHAINS = int(os.environ.get("FSOPS_CHAINS", "12"))
AT_ONCE = 6
# A shell goes on when fsops is killed. When it is told to end, it takes its mark away; when it is killed it cannot,
# and who finds the mark of a process that is dead does so in its place.
CHANGE = r"""set -C
end() {{ rm {folder}/marker; echo "end ${{run.id}}" >> {folder}/log; }}
trap 'end; exit 1' TERM
until (echo "$$ ${{run.id}}" > {folder}/marker) 2>/dev/null; do
    read -r pid run < {folder}/marker || sleep 0.1
    [ -n "$pid" ] || read -r pid run < {folder}/marker
    if kill -0 "$pid" 2>/dev/null; then echo "SCREAM ${{run.id}} found $run" >> {folder}/log; exit 3; fi
    rm {folder}/marker; echo "end $run killed" >> {folder}/log
done
echo "begin ${{run.id}}" >> {folder}/log
sleep {span}
end
"""
SIGNALS = ("INT", "TERM", "KILL", "KILL", "STOP", "STOP", None)


def book(folder, changes, span, budget="20s"):
    """A runbook of some such changes, one after another."""
    text = CHANGE.format(folder=folder, span=span)
    steps = "".join(f"  - step: Change {i}\n    budget: {budget}\n    actions:\n      - id: change{i}\n"
                    f"        effect: change\n        exec: {json.dumps(['sh', '-c', text])}\n" for i in range(changes))
    return write_book(pathlib.Path(folder) / "books", steps)


class Chain:
    """One random chain; `log` is what its changes wrote."""

    def __init__(self, folder, seed):
        self.folder, self.random = pathlib.Path(folder), random.Random(seed)
        self.folder.mkdir()
        self.runs, self.told = [], []
        self.env = environment(FSOPS_STATE=str(self.folder / "state"))

    def start(self, *options):
        out = (self.folder / f"run{len(self.runs)}").open("w")
        self.runs.append(subprocess.Popen(
            [FSOPS, "run", "book", "-R", self.books, "-y", "--plain", *options], env=self.env, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)))
        self.told.append(f"{options}")

    def hit(self, run, name):
        self.told.append(f"{name} -> run{self.runs.index(run)}")
        if run.poll() is None:
            run.send_signal(getattr(signal, f"SIG{name}"))

    def go(self):
        chance = self.random
        self.books = book(self.folder, chance.choice((1, 2)), round(chance.uniform(0.2, 0.9), 2))
        self.start()
        for _ in range(chance.randint(2, 4)):
            time.sleep(chance.uniform(0.02, 0.6))
            self.start(*(["--take-over"] if chance.random() < 0.75 else []))
            name = chance.choice(SIGNALS)
            if name:
                time.sleep(chance.uniform(0, 0.3))
                self.hit(chance.choice(self.runs), name)
        time.sleep(chance.uniform(0.2, 1.5))
        for run in self.runs:  # those that were stopped go on
            self.hit(run, "CONT")
        for run in self.runs:
            run.wait(60)
        # What a killed run left of its change is waited for, too.
        wait_until(self.is_quiet, f"the last change is over: {self.told}", 30)
        return self.log()

    def is_quiet(self):
        try:
            os.kill(int((self.folder / "marker").read_text().split()[0]), 0)
        except (FileNotFoundError, ProcessLookupError):
            return True
        except IndexError:
            pass
        return False

    def log(self):
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def stop(self):
        for run in self.runs:
            if run.poll() is None:
                run.kill()
                run.wait()


def try_one(folder, seed):
    chain = Chain(folder, seed)
    try:
        log = chain.go()
    finally:
        chain.stop()
    screams = [line for line in log if line.startswith("SCREAM")]
    held = None
    for line in log:  # the log tells the same: no change begins before the one before has ended
        word, run = line.split()[:2]
        if word == "begin" and held:
            screams.append(f"{run} began while {held} was at it")
        held = run if word == "begin" else None if word == "end" and run == held else held
    said = "".join(f"\n{p.name}: {p.read_text()[-600:]}" for p in sorted(chain.folder.glob("run?")))
    return [f"seed {seed}: {s}\n{chain.told}{said}" for s in screams], log


def test_random_chains(tmp_path, record_property):
    seed = int(os.environ.get("FSOPS_SEED") or random.SystemRandom().randrange(1 << 32))
    record_property("seed", seed)
    print(f"FSOPS_SEED={seed}")
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda i: try_one(tmp_path / f"chain{i}", seed + i), range(CHAINS)))
    screams = [s for end in ends for s in end[0]]
    assert not screams, f"FSOPS_SEED={seed}, {len(screams)} in {CHAINS} chains:\n" + "\n".join(screams[:3])
    assert sum(len(end[1]) for end in ends) > CHAINS, "the chains changed next to nothing: they test nothing"


class Three(Chain):
    """A chain whose moments are known; run 0 has begun a change of this many seconds."""

    def __init__(self, folder, seconds):
        super().__init__(folder, 0)
        self.books = book(self.folder, 1, seconds)
        self.start()
        wait_until(lambda: self.log(), "the change has begun")

    def said(self, number):
        return (self.folder / f"run{number}").read_text()

    def take_over(self):
        self.start("--take-over")
        number = len(self.runs) - 1
        wait_until(lambda: "for its change to end" in self.said(number), "it waits")

    def plain(self, *words):
        return fsops(*(words or ("run", "book")), "-R", self.books, "-y", env={"FSOPS_STATE": str(self.folder / "state")})

    def screams(self):
        return [line for line in self.log() if line.startswith("SCREAM")]


@pytest.fixture
def three(tmp_path):
    made = []

    def make(seconds):
        made.append(Three(tmp_path / "three", seconds))
        return made[-1]

    yield make
    for chain in made:
        chain.stop()


def test_of_three_the_third_waits_for_the_first(three):
    chain = three(2)
    chain.take_over()
    chain.take_over()
    assert [run.wait(60) for run in chain.runs] == [0, 75, 0], [chain.said(i) for i in range(3)]
    assert not chain.screams() and [line.split()[0] for line in chain.log()] == ["begin", "end"] * 2, chain.log()
    assert "has taken over the lock of 'book'" in chain.said(1)


@pytest.mark.parametrize("name", ("INT", "KILL", "STOP"))
def test_a_waiter_that_is_gone_leaves_no_gap(three, name):
    chain = three(2.5)
    chain.take_over()
    chain.hit(chain.runs[1], name)
    if name != "STOP":
        chain.runs[1].wait(20)
    refused = chain.plain()
    assert refused.status == 75 and "run " in refused.err, str(refused)
    assert chain.runs[0].wait(60) == 0
    chain.hit(chain.runs[1], "CONT")
    if name != "STOP":
        assert chain.plain().status == 0  # what was left of it is in nobody's way
    else:
        assert chain.runs[1].wait(60) == 0
    assert not chain.screams(), chain.log()


def test_what_a_killed_run_left_running_is_waited_for(three):
    chain = three(5)
    chain.hit(chain.runs[0], "KILL")
    chain.runs[0].wait(20)
    (journal,) = (chain.folder / "state" / "runs").glob("*.jsonl")
    refused = chain.plain()
    assert refused.status == 75 and "which has died; its change 'sh -c " in refused.err, str(refused)
    assert "still runs (pid " in refused.err and "sleep 5" in refused.err and "--take-over" not in refused.err, str(refused)
    chain.take_over()
    assert chain.runs[1].wait(60) == 0 and not chain.screams(), chain.said(1)
    assert [line.split()[0] for line in chain.log()] == ["begin", "end"] * 2, chain.log()
    assert journal.stem in chain.said(1)
