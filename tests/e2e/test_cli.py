"""The command line as people and programs meet it: words, statuses, streams, the prompt."""
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import time

import pytest
from helpers import NEEDED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FSOPS = os.environ.get("FSOPS_BINARY", os.path.join(ROOT, "build", "fsops"))
SHIPPED = os.path.join(ROOT, "runbooks")
NAMES = sorted(n[:-5] for n in os.listdir(SHIPPED) if n.endswith(".yaml") and n != "platform.yaml")

PLATFORM = """\
platform: demo
metrics:
  steady: {title: Steady, unit: count, source: {exec: [echo, "7"]}, value: double(stdout.trim()),
           baseline: "< 9", warning: "> 10", critical: "> 20"}
  absent: {title: Absent, unit: percent, source: {exec: ["false"]}, value: double(stdout.trim()), baseline: "< 9%"}
"""
DEMO = """\
runbook: demo
aliases: [try-me]
title: A demonstration
severity: warning
vars:
  word: {value: hello, help: what is said}
steps:
  - step: Look
    budget: 30s
    actions:
      - id: first
        exec: [sh, -c, "echo one; printf '\\\\033[2Jgotcha\\\\n'"]
        effect: read
      - id: second
        exec: [sh, -c, "seq 100"]
        effect: read
  - step: Change
    budget: 30s
    exec: [touch, changed]
  - step: Destroy
    budget: 30s
    exec: [touch, destroyed]
    effect: destroy
  - step: Tell
    budget: 30s
    manual: [Update the page, Tell Slack]
"""


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "platform.yaml").write_text(PLATFORM)
    (folder / "demo.yaml").write_text(DEMO)
    return tmp_path


def fsops(*args, cwd=None, **options):
    env = dict(os.environ, **options.pop("env", {}))
    env.pop("FSOPS_RUNBOOKS", None)
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("timeout", 60)
    return subprocess.run([FSOPS, *args], cwd=cwd or ROOT, env=env, text=True,
                          stderr=subprocess.PIPE, **options)


class Terminal:
    """fsops on a pseudo-terminal: what it shows, and a person who types."""

    def __init__(self, *args, cwd, columns=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ.pop("FSOPS_RUNBOOKS", None)
            os.environ.update(TERM="xterm", LANG="C.UTF-8")
            os.execv(FSOPS, [FSOPS, *args])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.seen = ""
        self.looked = 0

    def read(self):
        try:
            self.seen += os.read(self.fd, 65536).decode(errors="replace")
            return True
        except OSError:
            return False

    def wait(self, text, seconds=15):
        end = time.monotonic() + seconds
        while text not in self.seen[self.looked:]:
            assert time.monotonic() < end, f"{text!r} is not in:\n{self.seen}"
            assert self.read(), f"it ended without {text!r}:\n{self.seen}"
        self.looked = self.seen.index(text, self.looked) + len(text)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while self.read():
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("args, status, says", [
    ([], 64, None),
    (["--help"], 0, None),
    (["--version"], 0, None),
    (["help", "run"], 0, None),
    (["run", "--help"], 0, None),
    (["lst"], 64, "did you mean 'list'?"),
    (["help", "chekc"], 64, "did you mean 'check'?"),
    (["list", "--formt", "json"], 64, "did you mean '--format'?"),
    (["list", "--format", "xml"], 64, "not 'xml'"),
    (["list", "--format", "nagios"], 64, "no format 'nagios'"),
    (["list", "--from", "2"], 64, "takes no option '--from'"),
    (["list", "extra"], 64, "one argument too many"),
    (["show"], 64, "fsops show RUNBOOK"),
    (["show", "dmo"], 64, "did you mean"),
    (["run", "demo", "--var", "wrd=x"], 64, "wrd"),
    (["run", "demo", "--only", "nowhere"], 64, "nowhere"),
    (["check", "stedy"], 64, "did you mean 'steady'?"),
    (["run", "demo"], 77, "touch changed"),
])
def test_statuses(demo, args, status, says):
    done = fsops(*args, cwd=demo)
    assert done.returncode == status, done.stderr
    assert (says in done.stderr) if says else done.stdout
    assert not (demo / "changed").exists()


@pytest.mark.parametrize("name", ["demo", "try-me", "dem"])
def test_names(demo, name):
    assert "A demonstration" in fsops("show", name, cwd=demo).stdout


def test_problems_are_all_printed_and_sorted(demo):
    (demo / "runbooks" / "bad.yaml").write_text("runbook: bad\ntitel: x\nsteps:\n  - stp: 1\n")
    done = fsops("list", cwd=demo)
    assert done.returncode == 65
    assert re.search(r"^bad +broken", done.stdout, re.M) and "demo" in done.stdout
    lines = done.stderr.splitlines()
    places = [tuple(map(int, re.match(r".*bad\.yaml:(\d+):(\d+): ", x).groups())) for x in lines[:-1]]
    assert places == sorted(places) and len(places) >= 2
    assert lines[-1] == f"fsops: {len(places)} problems"
    run = fsops("run", "demo", "--only", "look", cwd=demo)
    assert (run.returncode, run.stderr) == (0, "")
    wrong = fsops("show", "baad", cwd=demo)
    assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (
        64, "fsops: warning: 1 runbook has problems: `fsops lint` shows them")


def test_a_run_without_a_terminal(demo):
    done = fsops("run", "demo", "-y", "--yes-destroy", cwd=demo)
    assert "\x1b" not in done.stdout and "\\x1b[2Jgotcha" in done.stdout
    assert re.search(r"^\d\d:\d\d:\d\d  step 1/4 Look \(budget 30s\)$", done.stdout, re.M)
    assert "90 more lines (-v shows all)" in done.stdout
    assert "left to people, not done:" in done.stdout
    assert (demo / "changed").exists() and (demo / "destroyed").exists()
    assert re.search(r"run finished: .*exit status %d$" % done.returncode, done.stdout, re.M)


def test_quiet_and_verbose(demo):
    assert fsops("run", "demo", "--only", "look", "-q", cwd=demo).stdout == ""
    assert "| 55\n" in fsops("run", "demo", "--only", "look", "-v", cwd=demo).stdout


def test_json_is_one_event_a_line(demo):
    done = fsops("run", "demo", "--only", "look", "--format", "json", cwd=demo)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["seq"] for e in events] == list(range(events[0]["seq"], events[0]["seq"] + len(events)))
    assert events[0]["type"] == "run.started" and events[-1]["type"] == "run.finished"
    assert events[-1]["exit"] == done.returncode == 0


def test_a_dry_run_and_a_format_agree_or_are_refused(demo):
    wanted = fsops("run", "demo", "--dry-run=json", cwd=demo).stdout
    assert json.loads(wanted)["runbook"]
    for form in "--dry-run", "--dry-run=json":
        assert fsops("run", "demo", "--format", "json", form, cwd=demo).stdout == wanted
    for words in (["--dry-run=sh", "--format", "json"], ["--dry-run=text", "--format=json"],
                  ["--format", "text", "--dry-run=json"]):
        done = fsops("run", "demo", *words, cwd=demo)
        assert (done.returncode, done.stdout) == (64, "") and "contradict" in done.stderr
    for form in "--dry-run", "--dry-run=sh":
        assert fsops("run", "demo", form, "--format", "text", cwd=demo).returncode == 0


def test_check_formats(demo):
    table = fsops("check", cwd=demo)
    assert table.returncode == 3 and re.search(r"^steady +7 +ok ", table.stdout, re.M)
    data = json.loads(fsops("check", "--format", "json", cwd=demo).stdout)
    assert data["level"] == "unknown" and data["metrics"][1]["value"] is None
    line = fsops("check", "--format", "nagios", cwd=demo)
    assert line.returncode == 3
    assert re.fullmatch(r"FSOPS UNKNOWN - absent unknown: [^|]+ \| steady=7;10;20 absent=U\n", line.stdout)
    (demo / "runbooks" / "platform.yaml").write_text("platfrm: x\n")
    broken = fsops("check", "--format", "nagios", cwd=demo)
    assert broken.returncode == 3 and broken.stdout.startswith("FSOPS UNKNOWN - ")
    assert fsops("check", cwd=demo).returncode == 65


def test_check_without_metrics_is_unknown(demo):
    (demo / "runbooks" / "platform.yaml").write_text("platform: demo\n")
    for options in [], ["-q"]:
        done = fsops("check", *options, cwd=demo)
        assert (done.returncode, done.stdout) == (3, "The platform has no metrics.\n")
    line = fsops("check", "--format", "nagios", cwd=demo)
    assert (line.returncode, line.stdout) == (3, "FSOPS UNKNOWN - the platform has no metrics\n")
    data = fsops("check", "--format", "json", cwd=demo)
    assert (data.returncode, json.loads(data.stdout)) == (
        3, {"level": "unknown", "platform": "demo", "color": "green", "metrics": [],
            "runbooks": str(demo / "runbooks")})


def test_the_nagios_line_says_why_a_name_is_wrong(demo):
    assert "|" not in fsops("check", "a|b", "--format", "nagios", cwd=demo).stdout
    line = fsops("check", "stedy", "--format", "nagios", cwd=demo)
    assert line.returncode == 3 and line.stdout.count("\n") == 1
    assert re.match(r"FSOPS UNKNOWN - .*'stedy'.*did you mean 'steady'\?", line.stdout), line.stdout


@pytest.mark.parametrize("args", [["list"], ["run", "demo", "--dry-run"], ["run", "demo", "--only", "look"],
                                  ["run", "demo", "--only", "look", "--format", "json"]])
def test_a_full_disk_is_noticed(demo, args):
    with open("/dev/full", "w") as full:
        done = fsops(*args, cwd=demo, stdout=full)
    assert done.returncode == 2
    assert "unable to write to standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("how, status", [(">&-", 0), ("| head -1 >/dev/null", 0)])
def test_a_reader_that_goes_away_is_no_fault(demo, how, status):
    done = subprocess.run(["bash", "-c", f"set -o pipefail; '{FSOPS}' run demo --only look -v {how}"],
                          cwd=demo, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60,
                          env={k: v for k, v in os.environ.items() if k != "FSOPS_RUNBOOKS"})
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize("name", NAMES)
def test_scripts_of_shipped_runbooks(name, tmp_path):
    script = tmp_path / "script.sh"
    words = ("run", name, *NEEDED.get(name, ()), "-R", SHIPPED)
    done = fsops(*words, "--dry-run=sh")
    assert done.returncode == 0, done.stderr
    script.write_text(done.stdout)
    subprocess.run(["sh", "-n", script], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", script], check=True)
    json.loads(fsops(*words, "--dry-run=json").stdout)


def test_a_script_asks_before_it_changes(demo):
    script = fsops("run", "demo", "--dry-run=sh", cwd=demo).stdout
    (demo / "script.sh").write_text(script)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(demo)
        os.execvp("sh", ["sh", "script.sh"])
    seen = b""
    answers = [(b"? [y/N] ", b"y\n"), (b"to run it: ", b"no\n"), (b"done ", b"\n"), (b"done ", b"\n")]
    try:
        while True:
            seen += os.read(fd, 4096)
            if answers and seen.endswith(answers[0][0]):
                os.write(fd, answers.pop(0)[1])
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    assert not answers and (demo / "changed").exists() and not (demo / "destroyed").exists()


def test_a_person_approves(demo):
    person = Terminal("run", "demo", cwd=demo)
    person.wait("touch changed")
    person.wait("[a]bort [?] ")
    assert not (demo / "changed").exists()
    person.type("perhaps\n")
    person.wait("Please answer")
    person.wait("[a]bort [?] ")
    person.type("y\n")
    person.wait("Type ")
    assert (demo / "changed").exists()
    person.type("yes\n")
    person.wait("That is not the name")
    assert not (demo / "destroyed").exists()
    person.wait('"?" ')
    person.type("demo\n")
    person.wait("1/2 Update the page")
    person.wait("[a]bort [?] ")
    assert (demo / "destroyed").exists()
    person.type("d\n")
    person.wait("2/2 Tell Slack")
    person.wait("[a]bort [?] ")
    person.type("d\n")
    assert person.end() == 0
    assert "\\x1b[2Jgotcha" in person.seen and "\x1b[2J" not in person.seen


@pytest.mark.parametrize("key, status", [("\x04", None), ("\x03", 130)])
def test_no_answer_is_never_yes(demo, key, status):
    person = Terminal("run", "demo", cwd=demo)
    person.wait("[a]bort [?] ")
    person.type(key)
    end = person.end()
    assert end == status if status else end != 0
    assert not (demo / "changed").exists() and not (demo / "destroyed").exists()


def test_narrow_windows_are_respected(demo):
    person = Terminal("run", "demo", "--only", "look", cwd=demo, columns=40)
    assert person.end() == 0
    for line in re.split(r"\r?\n|\r\x1b\[K", person.seen):
        assert len(re.sub(r"\x1b\[[0-9;]*m", "", line)) <= 40, line


STDIN = """\
runbook: given
title: A value that goes only into a standard input
severity: warning
steps:
  - step: Look
    budget: 30s
    exec: [echo, "5"]
    effect: read
    capture: {found: stdout.trim()}
  - step: Tell
    budget: 30s
    exec: [cat]
    stdin: "it's ${found}"
    effect: read
"""


def test_the_script_asks_for_what_only_a_standard_input_needs(demo):
    (demo / "runbooks" / "given.yaml").write_text(STDIN)
    done = fsops("run", "given", "--dry-run=sh", cwd=demo)
    assert done.returncode == 0, done.stderr
    asked = done.stdout.index("ask 'found, that is stdout.trim():'\nfound=$answer\n")
    needed = done.stdout.index("[ -n \"$found\" ] || { ask ")
    used = done.stdout.index("\"${found}\" | cat; }")
    assert asked < needed < used
    assert subprocess.run(["sh", "-n"], input=done.stdout, text=True, timeout=10).returncode == 0
