"""Processes: whatever a step started is gone when it ends, signals end a run in order, and gigabytes need no memory."""
import concurrent.futures
import os
import signal
import subprocess
import threading
import time
import uuid

import pytest
from helpers import FSOPS, Result, environment, fsops, run, wait_until, write_book

GRACE = 6
MEMORY = 20 * 1024  # KiB
SANITIZED = "asan" in FSOPS  # shadow memory is not ours to count

# What a step may leave running; MARK stands in the arguments of each process, so that all can be found.
SLEEPERS = {
    "a command": "exec: [sleep, '{mark}']",
    "a group of its own": "exec: [setsid, --wait, sleep, '{mark}']",
    "a daemon": "shell: |\n  setsid sh -c 'sleep {mark} & sleep {mark}' >/dev/null 2>&1 &\n  sleep {mark}",
    "forked twice": "shell: |\n  (setsid sh -c '(sleep {mark} &) ; exit 0' &)\n  sleep {mark}",
    "deaf to TERM": "shell: |\n  trap '' TERM INT HUP\n  sleep {mark}; sleep {mark}",
    "a deaf daemon": "shell: |\n  setsid sh -c \"trap '' TERM; sleep {mark}; sleep {mark}\" &\n  sleep {mark}",
    "stopped": "shell: |\n  sh -c 'kill -STOP $$; sleep {mark}' {mark} &\n  sleep {mark}",
}


def alive(mark):
    """The processes that carry the mark in their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read()
            with open(f"/proc/{pid}/stat") as f:
                zombie = f.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if mark.encode() in words and not zombie:
            found.append((int(pid), words.replace(b"\0", b" ").decode(errors="replace")))
    return found


def new_mark():
    """A number of seconds that nobody else sleeps."""
    return f"9{uuid.uuid4().int % 10**9:09}"


def kill_all(number):
    for pid, _ in alive(number):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def mark():
    """A new mark; what carries it after the test is killed."""
    number = new_mark()
    yield number
    kill_all(number)


def book(folder, form, budget="1s"):
    form = "\n".join("    " + line for line in form.split("\n"))
    return write_book(folder, f"  - step: Sleep\n    id: sleep\n    budget: {budget}\n    effect: read\n{form}\n"
                              "  - step: After\n    id: after\n    effect: read\n    exec: [echo, went on]\n")


def overrun(folder, kind, mark):
    """Let a step overrun; the result, and what of it is alive a second after the step has ended."""
    child = subprocess.Popen([FSOPS, "run", "book", "--format", "json", "-R",
                              book(folder, SLEEPERS[kind].format(mark=mark))], env=environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines, left = [], None
    for line in child.stdout:
        lines.append(line)
        if '"step.finished"' in line and left is None:
            time.sleep(1)
            left = alive(mark)
    child.wait(20)
    return Result(["run", "book"], child.returncode, "".join(lines), child.stderr.read(), 0), left


@pytest.fixture(scope="module")
def overruns(tmp_path_factory):
    """All kinds at once: most of the time is waiting."""
    marks = {kind: new_mark() for kind in SLEEPERS}
    with concurrent.futures.ThreadPoolExecutor(len(SLEEPERS)) as pool:
        futures = {kind: pool.submit(overrun, tmp_path_factory.mktemp("overrun"), kind, marks[kind])
                   for kind in SLEEPERS}
    yield {kind: future.result() for kind, future in futures.items()}
    for number in marks.values():
        kill_all(number)


@pytest.mark.parametrize("kind", SLEEPERS)
def test_at_the_end_of_its_budget_everything_is_ended(overruns, kind):
    result, left = overruns[kind]
    assert left == [], f"alive a second after the step had ended: {left}{result}"
    assert result.action("sleep")["outcome"] == "timed_out" and result.step("sleep")["outcome"] == "timed_out"
    assert result.step("sleep")["seconds"] < 1 + GRACE, str(result)
    assert result.action("after")["outcome"] == "passed", f"the run did not go on{result}"
    assert result.status == 2
    ended = str(result.event("budget.exceeded"))
    assert "sleep" in ended and "pid" in ended, f"what was ended is not named{result}"


def test_what_a_command_starts_on_purpose_lives_on(tmp_path, mark):
    """A repair may start a server: a command that ended well in its time has left it there on purpose."""
    folder = book(tmp_path, "shell: |\n  setsid sleep %s >/dev/null 2>&1 &\n  echo started" % mark, "10s")
    result = run("book", "-R", folder)
    assert result.action("sleep")["outcome"] == "passed" and result.status == 0, str(result)
    assert len(alive(mark)) == 1 and result.seconds < 5, str(result)


def test_a_timeout_of_an_action_ends_only_that(tmp_path, mark):
    folder = write_book(tmp_path, f"""\
  - step: Two
    budget: 20s
    actions:
      - {{id: long, exec: [sleep, '{mark}'], effect: read, timeout: 500ms}}
      - {{id: short, exec: [sleep, '1'], effect: read}}
""")
    result = run("book", "-R", folder)
    assert result.outcomes() == {"long": "timed_out", "short": "passed"}, str(result)
    assert "500ms" in result.action("long")["why"] and alive(mark) == [], str(result)
    assert result.step("two")["seconds"] < 4


# Signals

# A second signal ends the program where it stands: what it held is not freed, which the sanitizer must not take for a
# leak. Without the sanitizer the variable means nothing.
UNFREED = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


class Running:
    """A run that is in the middle of a step."""

    def __init__(self, folder, mark, env=None, **more):
        self.began = time.monotonic()
        self.child = subprocess.Popen([FSOPS, "run", "book", "--format", "json", "-R", folder],
                                      env=environment(**(env or {})),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      text=True, **more)
        wait_until(lambda: alive(mark), "the step's command runs", 10)

    def end(self, seconds=15):
        began = time.monotonic()
        out, err = self.child.communicate(timeout=seconds)
        return Result(["run", "book"], self.child.returncode, out, err, time.monotonic() - began)


@pytest.mark.parametrize("sig, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
@pytest.mark.parametrize("kind", ["a command", "a daemon"])
def test_a_signal_ends_the_run_in_order(tmp_path, mark, kind, sig, status):
    running = Running(book(tmp_path, SLEEPERS[kind].format(mark=mark), "60s"), mark)
    running.child.send_signal(sig)
    result = running.end()
    assert result.status == status, str(result)
    assert alive(mark) == [], f"left behind: {alive(mark)}"
    assert result.finished["exit"] == status and result.finished["outcome"] == "cancelled"
    assert result.action("sleep")["outcome"] == "cancelled"
    assert "after" not in result.outcomes(), f"it went on after the signal{result}"
    assert result.seconds < 4, "a command that obeys needs no waiting for"


def test_the_whole_group_gets_the_interrupt(tmp_path, mark):
    """As a terminal does it: Ctrl-C goes to everybody in the foreground group, which is fsops alone."""
    running = Running(book(tmp_path, SLEEPERS["a command"].format(mark=mark), "60s"), mark, start_new_session=True)
    os.killpg(running.child.pid, signal.SIGINT)
    result = running.end()
    assert result.status == 130 and result.action("sleep")["outcome"] == "cancelled", str(result)


def test_a_second_interrupt_does_not_wait(tmp_path, mark):
    running = Running(book(tmp_path, SLEEPERS["deaf to TERM"].format(mark=mark), "60s"), mark, env=UNFREED)
    running.child.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert running.child.poll() is None, "it did not wait for a command that was told to end"
    running.child.send_signal(signal.SIGINT)
    result = running.end(3)
    assert result.status == 130 and result.seconds < 2, str(result)
    wait_until(lambda: not alive(mark), "nothing is left", 1)


def test_one_interrupt_waits_no_longer_than_it_says(tmp_path, mark):
    running = Running(book(tmp_path, SLEEPERS["deaf to TERM"].format(mark=mark), "60s"), mark)
    running.child.send_signal(signal.SIGINT)
    result = running.end()
    assert result.status == 130 and 4 < result.seconds < GRACE + 1, str(result)
    assert alive(mark) == []


def test_ignored_interrupts_stay_ignored(tmp_path, mark):
    """`nohup fsops run … &` in a script: SIGHUP was ignored by whoever started us, and stays so."""
    folder = book(tmp_path, SLEEPERS["a command"].format(mark=mark), "2s")
    child = subprocess.Popen(["nohup", FSOPS, "run", "book", "--format", "json", "-R", folder], env=environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: len(alive(mark)) > 0, "the step's command runs", 10)
    child.send_signal(signal.SIGHUP)
    out, err = child.communicate(timeout=15)
    result = Result(["run", "book"], child.returncode, out, err, 0)
    assert result.status == 2 and result.action("after")["outcome"] == "passed", str(result)


# Memory

class Peak(threading.Thread):
    """The most memory that a process had, as long as it can be asked."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.kib = pid, 0
        self.start()

    def run(self):
        try:
            while True:
                with open(f"/proc/{self.pid}/status") as f:
                    lines = [x for x in f if x.startswith("VmHWM")]
                if not lines:
                    return
                self.kib = int(lines[0].split()[1])
                time.sleep(0.02)
        except OSError:
            return


def peak_of(*words, env=None):
    with open(os.devnull, "w") as null:
        child = subprocess.Popen([FSOPS, *map(str, words)], env=env or environment(), stdin=subprocess.DEVNULL,
                                 stdout=null, stderr=subprocess.PIPE, text=True)
        peak = Peak(child.pid)
        err = child.communicate(timeout=120)[1]
    peak.join()
    return child.returncode, peak.kib, err


@pytest.mark.parametrize("text, mib", [("yes it is a line", 2048), ("yes $(printf '%0100000d' 7)", 300),
                                       ("cat /dev/zero", 300)])
def test_gigabytes_of_output_need_no_memory(tmp_path, text, mib):
    folder = book(tmp_path, f"shell: {text} | head -c {mib}m", "100s")
    status, kib, err = peak_of("run", "book", "-R", folder)
    assert status == 0, err
    assert kib < MEMORY or SANITIZED, f"{kib} KiB"


def test_the_daily_check_needs_little_memory(healthy):
    status, kib, err = peak_of("run", "daily-health-check", env=environment(healthy))
    assert status == 0, err
    assert 0 < kib < MEMORY or SANITIZED, f"{kib} KiB"


def test_no_descriptor_reaches_a_command(tmp_path):
    """Close-on-exec from birth: a command sees its three descriptors and no more."""
    folder = book(tmp_path, "exec: [ls, -l, /proc/self/fd]", "10s")
    result = run("book", "-R", folder)
    shown = "".join(e["text"] for e in result.events("action.output", action="sleep")).splitlines()
    numbers = {line.split(" -> ")[0].split()[-1] for line in shown if " -> " in line}
    assert numbers == {"0", "1", "2", "3"}, f"3 is ls's own: {shown}"


def test_a_command_gets_no_input(tmp_path):
    """A step that reads standard input must not eat what was meant for the prompt."""
    folder = book(tmp_path, "exec: [cat]", "10s")
    result = fsops("run", "book", "--format", "json", "-R", folder, stdin="this is for fsops\n")
    assert result.action("sleep")["outcome"] == "passed" and "for fsops" not in result.out, str(result)


# ---- what the one that starts us has left ----

def started(tmp_path, book, before="", env=()):
    """fsops after BEFORE, Python of its own process; with ENV, its whole environment, in which a name may be there twice."""
    words = [str(FSOPS), "run", "book", "-R", str(book), "--plain"]
    home = [f"{k}={v}" for k, v in environment(FSOPS_STATE=str(tmp_path / "state")).items()]
    script = (f"import ctypes, os, signal\n{before}\n"
              "def array(texts):\n    return (ctypes.c_char_p * (len(texts) + 1))(*[t.encode() for t in texts], None)\n"
              f"ctypes.CDLL(None).execve({str(FSOPS)!r}.encode(), array({words!r}), array({[*home, *env]!r}))\n")
    return subprocess.Popen(["/usr/bin/python3", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_signals_that_were_blocked_are_heard(tmp_path):
    book = write_book(tmp_path / "r", "  - step: A\n    budget: 9s\n    actions:\n      - {id: p, exec: [sleep, '0.2'], effect: read}\n")
    child = started(tmp_path, book, "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])")
    said = child.communicate(timeout=20)[0]
    assert child.returncode == 0 and "passed   p" in said, said
    book = write_book(tmp_path / "r", "  - step: A\n    budget: 90s\n    exec: [sleep, '80']\n    effect: read\n")
    for sent, status in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        child = started(tmp_path, book, "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 20))")
        child.stdout.readline()
        time.sleep(0.3)
        child.send_signal(sent)
        assert child.wait(timeout=20) == status


def test_of_a_variable_that_is_there_twice_the_first_counts_everywhere(tmp_path):
    book = write_book(tmp_path / "r", "  - step: A\n    budget: 9s\n    actions:\n      - {id: p, shell: 'echo is $S0; env | grep S0', "
                      "effect: read, expect: stdout != 'x'}\n", platform_more="secrets: [S0]\n")
    child = started(tmp_path, book, env=["S0=firstsecret111", "S0=secondsecret222"])
    said = child.communicate(timeout=20)[0]
    assert child.returncode == 0 and "is ***" in said and "S0=***" in said and "secret" not in said, said
