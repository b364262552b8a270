"""Runs that meet with signals, secrets and odd surroundings: what the whole program does, without a platform."""
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

FSOPS = os.environ.get("FSOPS_BINARY") or Path(__file__).resolve().parents[2] / "build" / "fsops"

# What a second signal leaves in memory is the system's to free; everything else ASan finds counts.
ASAN = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


@pytest.fixture
def book(tmp_path):
    """`book(steps, platform="…")` writes a runbook; what it returns is an argv that runs it."""

    def write(steps, platform="", command="run"):
        (tmp_path / "platform.yaml").write_text("platform: test\n" + platform)
        (tmp_path / "book.yaml").write_text("runbook: book\ntitle: Book\nseverity: info\n" + steps)
        return [str(FSOPS), command, *(["book"] if command == "run" else []), "-R", str(tmp_path)]

    return write


def alive(mark):
    found = subprocess.run(["pgrep", "-f", mark], capture_output=True, text=True, check=False)
    return found.stdout.split()


def stop_with(argv, *signals):
    """Start ARGV, let it get going, send all SIGNALS so that they come in one round of its loop."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**os.environ, **ASAN})
    time.sleep(1)
    process.send_signal(signal.SIGSTOP)
    for number in signals:
        os.kill(process.pid, number)
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_a_second_signal_ends_everything_at_once(book):
    argv = book("steps:\n  - {step: A, shell: 'setsid sleep 61.7 & setsid sleep 61.7 & wait', effect: read}\n")
    began = time.monotonic()
    status, _, err = stop_with(argv, signal.SIGINT, signal.SIGTERM)
    assert (status, err) == (130, "")
    assert time.monotonic() - began < 5
    assert not alive("sleep 61.7")


def test_a_signal_in_always_names_only_what_did_not_run(book):
    argv = book("steps:\n  - {step: A, exec: 'true', effect: read}\n"
                "always:\n"
                "  - {step: Before, exec: 'true', effect: read}\n"
                "  - {step: During, exec: sleep 62.7, effect: read}\n"
                "  - {step: After, exec: 'true', effect: read}\n")
    status, out, _ = stop_with(argv, signal.SIGINT)
    assert status == 130
    assert "'After' (always) was not run" in out
    assert "'Before' (always)" not in out and "'During' (always)" not in out


ALWAYS = """\
steps:
  - {step: Long, exec: sleep 64.7, effect: read}
always:
  - {step: Open it again, exec: 'true', effect: change}
"""


@pytest.mark.parametrize("quiet", [[], ["-q"]], ids=["told", "quiet"])
@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["stopped", "at once"])
def test_the_end_and_the_reports_name_what_did_not_run_of_always(book, tmp_path, quiet, signals):
    reports = [tmp_path / name for name in ("report.md", "report.html")]
    argv = [*book(ALWAYS), "-y", *quiet, *(f"--report={path}" for path in reports)]
    _, out, _ = stop_with(argv, *signals)
    lines = [line[line.index(" ") :].strip() for line in out.splitlines()]
    at = lines.index("steps of 'always' that were not run:")
    assert lines[at + 1] == "- Open it again" and lines[at + 2].startswith("run finished: "), out
    for path in reports:
        text = path.read_text()
        assert re.search(r"The step (&quot;|\")Open it again\1, one of", text), text[:3000]


@pytest.mark.parametrize("number,expected", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_check_that_is_stopped_leaves_nothing_behind(book, number, expected):
    platform = ("metrics:\n  m: {title: M, unit: count, source: {exec: [sleep, '63.7']},"
                " value: 'int(lines[0])', warning: '> 1'}\n")
    argv = book("steps:\n  - {step: A, exec: 'true', effect: read}\n", platform, command="check")
    status, out, err = stop_with(argv, number)
    assert (status, out, err) == (expected, "", "fsops: stopped by a signal\n")
    assert not alive("sleep 63.7")


SECRETS = "secrets: [FSOPS_TOKEN]\n"


def run_with_token(argv, token):
    return subprocess.run(argv, env={**os.environ, "FSOPS_TOKEN": token}, text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)


@pytest.mark.parametrize("command, status", [("run", 0), ("check", 3)])  # 3: this platform has no metrics
def test_a_secret_that_cannot_be_masked_is_refused(book, command, status):
    argv = book("steps:\n  - {step: A, exec: 'true', effect: read}\n", SECRETS, command)
    ran = run_with_token(argv, "ab1")
    assert ran.returncode == 64 and "FSOPS_TOKEN" in ran.stderr and "ab1" not in ran.stderr
    assert run_with_token(argv, "").returncode == status


@pytest.mark.parametrize("where", ["book", "platform"])
def test_a_complaint_about_a_secret_is_masked(book, where):
    steps = "steps:\n  - {step: A, exec: 'true', effect: read}\n"
    var = "vars: {n: {value: '${int(env.FSOPS_TOKEN)}'}}\n"
    argv = book((var if where == "book" else "") + steps,
                SECRETS + (var if where == "platform" else ""),
                "run" if where == "book" else "check")
    ran = run_with_token(argv, "hunter2-hunter2")
    assert ran.returncode == 64
    assert "***" in ran.stderr and "hunter2" not in ran.stderr
