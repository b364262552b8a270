"""What the end-to-end tests share: running fsops, reading its events, writing runbooks for one test."""
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FSOPS = os.path.abspath(os.environ.get("FSOPS_BINARY") or ROOT / "build" / "fsops")
SHIPPED = sorted(p.stem for p in (ROOT / "runbooks").glob("*.yaml") if p.name != "platform.yaml")
# What a runbook cannot do without.
NEEDED = {"deploy": ("--var", "version=v1.2.0"), "restore-database": ("--var", "backup=x.sql.gz"),
          "recover-application": ("--var", "backup=x.sql.gz"),
          "security-incident": ("--var", "deployment=flight-search-backend")}
BACKEND = "flight-search-backend"
FRONTEND = "flight-search-frontend"
STATE = tempfile.TemporaryDirectory(prefix="fsops-state-")  # of runs that no test gives a folder of their own


class Result:
    """What a run of fsops left: exit status, output, time, and its events if it printed any."""

    def __init__(self, words, status, out, err, seconds):
        self.words, self.status, self.out, self.err, self.seconds = words, status, out, err, seconds

    def __str__(self):
        """For failure messages: all that is needed to see what went wrong."""
        shown = clip(self.out) if not self.out.startswith('{"v":') else "\n".join(map(brief, self.all_events))
        return (f"\n$ fsops {' '.join(self.words)}\nexit status {self.status} after {self.seconds:.1f} s\n"
                f"stdout:\n{shown}\nstderr: {clip(self.err)}")

    __repr__ = __str__

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def all_events(self):
        return [json.loads(line) for line in self.out.split("\n") if line]

    def events(self, kind, **fields):
        """The events of a type whose fields are these."""
        return [e for e in self.all_events if e["type"] == kind and all(e.get(k) == v for k, v in fields.items())]

    def event(self, kind, **fields):
        found = self.events(kind, **fields)
        assert len(found) == 1, f"{len(found)} events {kind} {fields}, one wanted{self}"
        return found[0]

    def action(self, name, **fields):
        """How the action ended."""
        return self.event("action.finished", action=name, **fields)

    def step(self, name):
        return self.event("step.finished", step=name)

    def outcomes(self, kind="action"):
        """{id: outcome} of all actions (or steps)."""
        return {e[kind]: e["outcome"] for e in self.events(kind + ".finished")}

    def commands(self, effect=None):
        """The commands of the actions that began, by id, in the order of their beginning."""
        began = sorted(self.events("action.started"), key=lambda e: e["time"])
        return {e["action"]: e["command"] for e in began if effect in (None, e["effect"])}

    def level(self, metric, when):
        return self.event("metric.measured", name=metric, when=when)["level"]

    def levels(self, when):
        return {e["name"]: e["level"] for e in self.events("metric.measured", when=when)}

    @property
    def finished(self):
        return self.event("run.finished")


def brief(event):
    """An event in a line, without what does not tell how it went."""
    dull = ("v", "seq", "time", "run", "type", "result", "baseline", "warning", "critical", "title", "unit", "vars")
    return event["type"] + " " + clip(json.dumps({k: v for k, v in event.items() if k not in dull}), 400)


def clip(text, size=4000):
    return text if len(text) <= size else text[:size // 2] + "\n[…]\n" + text[-size // 2:]


def environment(of=None, **more):
    """The environment for fsops: a sandbox's, or this process's without what would lead it elsewhere.

    A variable that is None is taken out."""
    env = dict(of.env) if of else {k: v for k, v in os.environ.items() if not k.startswith("FSOPS_")}
    if not of:  # a sandbox has a state folder of its own
        env.setdefault("FSOPS_STATE", STATE.name)
        env.setdefault("FSOPS_TRUST", str(ROOT / "runbooks"))  # as conftest.py
    env.update(LC_ALL="C.UTF-8", **more)
    return {k: v for k, v in env.items() if v is not None}


def fsops(*words, on=None, env=None, timeout=90, stdin=subprocess.DEVNULL, **popen):
    """Run fsops to its end. `on`: a sandbox. `stdin`: a text, or what Popen takes."""
    words = [str(w) for w in words]
    typed = stdin if isinstance(stdin, str) else None
    began = time.monotonic()
    child = subprocess.Popen([FSOPS, *words], env=environment(on, **(env or {})), text=True, errors="replace",
                             stdin=subprocess.PIPE if typed is not None else stdin,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)
    try:
        out, err = child.communicate(typed, timeout)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"still running after {timeout} s"
                             f"{Result(words, None, out, err, time.monotonic() - began)}")
    return Result(words, child.returncode, out, err, time.monotonic() - began)


def run(runbook, *options, on=None, **more):
    """`fsops run` with its events."""
    return fsops("run", runbook, "--format", "json", *options, on=on, **more)


def check(*metrics, on=None):
    """`fsops check`: {metric: level}."""
    return {m["name"]: m["level"] for m in fsops("check", "--format", "json", *metrics, on=on).json["metrics"]}


def wait_until(true, what, seconds=20):
    """Wait for a condition, and say what it was if it does not come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"after {seconds} s it is still not so: {what}"
        time.sleep(0.05)


def write_book(folder, steps, targets="{}", name="book", head="", platform_more=""):
    """A runbook and its platform in `folder`, as the text of their parts; what to give to -R."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    if isinstance(targets, dict):
        targets = json.dumps(targets)
    (folder / "platform.yaml").write_text(f"platform: test\ntargets: {targets}\n{platform_more}")
    (folder / f"{name}.yaml").write_text(f"runbook: {name}\ntitle: {name}\nseverity: info\n{head}\nsteps:\n{steps}")
    return folder


def only_with(folder, **programs):
    """An environment with a PATH of what runbooks need and these programs ({name: shell script}): no others.

    A kubectl among them is used for reads, too."""
    bin_ = pathlib.Path(folder) / "bin"
    bin_.mkdir(parents=True)
    for name in ("kubectl", "sh", "grep", "sort", "uniq", "head", "echo"):
        (bin_ / name).symlink_to(shutil.which(name))
    for name, script in programs.items():
        (bin_ / name).unlink(missing_ok=True)
        (bin_ / name).write_text(f"#!/bin/sh\n{script}\n")
        (bin_ / name).chmod(0o755)
    return {"PATH": str(bin_), **({"FSOPS_KUBECTL": "always"} if "kubectl" in programs else {})}


class Terminal:
    """A command on a terminal of its own: what it shows, and a person who types."""

    def __init__(self, *argv, env=None, cwd=None, columns=100, lines=40):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            self._become(argv, env, cwd, columns, lines)
        self.seen, self.looked = "", 0
        self.status = None

    @staticmethod
    def _become(argv, env, cwd, columns, lines):
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(cwd or ".")
            os.execvpe(str(argv[0]), [str(w) for w in argv], {**(env or os.environ), "TERM": "xterm"})
        finally:
            os._exit(127)

    def resize(self, columns, lines=40):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds=1.0):
        """Some of what it shows; False at its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            new = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.seen += new.decode(errors="replace")
        return bool(new)

    def wait(self, text, seconds=20):
        """Until this is shown, after what was waited for before; what stood between."""
        deadline = time.monotonic() + seconds
        while text not in self.seen[self.looked:]:
            assert time.monotonic() < deadline, f"after {seconds} s {text!r} is not in:\n{self.seen}"
            assert self.read(), f"it ended without {text!r}:\n{self.seen}"
        start, self.looked = self.looked, self.seen.index(text, self.looked) + len(text)
        return self.seen[start:self.looked]

    def type(self, text):
        os.write(self.fd, text.encode())

    def answer(self, question, text):
        """Wait for a question, type the answer; what was shown before."""
        shown = self.wait(question)
        self.type(text)
        return shown

    def modes(self):
        """The terminal's settings."""
        return termios.tcgetattr(self.fd)

    def end(self, seconds=30):
        """Its exit status, once it has ended."""
        deadline = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.seen}"
        return self.close()

    def close(self):
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.fd)
        return self.status
