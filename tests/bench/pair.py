"""Two commands measured against each other, and the table of what came of it.

Machines are noisy: a pair is run in turn (A B B A A B …), short commands more often, and told is the median of the
ratios pair by pair: of the time on the clock, and of the processor's time, children included. A figure without a
peer stands alone.

    figure(pair([BINARY, "list"], [empty]), "list / empty program", 1.25)
    alone("peak memory of daily-health-check", "18.0 MiB", "20 MiB")
"""

import os
import re
import statistics
import subprocess
import time
from typing import NamedTuple

PAIRS_SECONDS = 10  # for all repetitions of a pair, as far as FEWEST and MOST allow
FEWEST, MOST = 7, 300
LINE, FIGURE = 68, 44  # columns


class Taken(NamedTuple):
    """What one run of a command took, in seconds."""

    wall: float
    cpu: float


class Pair(NamedTuple):
    """The medians of a pair: of each side in seconds, and of the ratios."""

    ours: Taken
    theirs: Taken
    wall: float
    cpu: float


def start(command, env=None):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=env)


def run(command, env=None):
    """One run, its output thrown away."""
    begun = time.perf_counter()
    child = start(command, env)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    return Taken(wall, usage.ru_utime + usage.ru_stime)


def medians(taken):
    return Taken(statistics.median(one.wall for one in taken), statistics.median(one.cpu for one in taken))


def ratio(ours, theirs):
    """The clock of the kernel may not have seen the shortest processes at all."""
    return statistics.median(x / max(y, 1e-6) for x, y in zip(ours, theirs))


def pair(ours, theirs, env=None, seconds=PAIRS_SECONDS, fewest=FEWEST, most=MOST):
    """Both commands in turn, for about so many seconds; a Pair."""
    once = run(ours, env).wall + run(theirs, env).wall  # both are in the page cache now
    times = max(fewest, min(most, round(seconds / once)))
    taken = ([], [])
    for turn in range(times):
        for side in (0, 1) if turn % 2 else (1, 0):
            taken[side].append(run((ours, theirs)[side], env))
    return Pair(medians(taken[0]), medians(taken[1]), ratio(*[[one.wall for one in side] for side in taken]),
                ratio(*[[one.cpu for one in side] for side in taken]))


def peak(command, env=None, children=False):
    """Peak memory in MiB, seconds and exit status.

    The kernel's high-water mark is read while the command runs: what wait4() tells counts the parent's pages too. With
    children it is the highest sum of what the command and all below it have in memory at one time, what they share
    counted for each.
    """
    begun = time.perf_counter()
    child = start(command, env)
    highest = 0
    while child.poll() is None:
        below = sum(map(resident, family(child.pid))) if children else 0
        highest = max(highest, high_water(child.pid), below)
        time.sleep(0.002)
    return highest / 1024, time.perf_counter() - begun, child.returncode


def field(path, pattern):
    """A number of KiB in a file of /proc; 0: the process is gone."""
    try:
        with open(path) as file:
            return int(re.search(pattern, file.read()).group(1))
    except (OSError, AttributeError):
        return 0


def high_water(pid):
    return field(f"/proc/{pid}/status", r"VmHWM:\s*(\d+)")


def resident(pid):
    return field(f"/proc/{pid}/status", r"VmRSS:\s*(\d+)")


def family(pid):
    """A process and all below it."""
    found = [pid]
    for one in found:
        try:
            with open(f"/proc/{one}/task/{one}/children") as file:
                found += map(int, file.read().split())
        except OSError:
            pass
    return found


def milliseconds(seconds):
    return f"{seconds * 1000:.1f}" if seconds < 1 else f"{seconds * 1000:.0f}"


def heading():
    alone("line", "figure", "to reach")
    print("-" * (LINE + FIGURE + 10))


def alone(line, told, wanted=""):
    print(f"{line:<{LINE}} {told:<{FIGURE}} {wanted}", flush=True)


def figure(measured, line, wanted=""):
    """The line of a Pair; WANTED is the highest ratio of both."""
    told = (f"{measured.wall:5.2f} CPU {measured.cpu:5.2f}  "
            f"({milliseconds(measured.ours.wall)} / {milliseconds(measured.theirs.wall)} ms)")
    alone(line, told, f"≤ {wanted}" if isinstance(wanted, (int, float)) else wanted)
