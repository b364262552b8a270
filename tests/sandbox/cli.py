"""The command line of the sandbox.

    run.py SCENARIO [--dir DIR] [--background]   start one; runs until Ctrl-C
    run.py list | stop DIR | status DIR | break PART MODE --dir DIR | heal PART --dir DIR
    run.py turn KNOB ARGUMENT... --dir DIR

A running sandbox is talked to over a socket in its folder, with a line of JSON
each way.
"""
import argparse
import inspect
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from . import faults
from .kube.knobs import Knobs
from .process import StartError
from .sandbox import OWN_MODES, Sandbox
from .scenarios import SCENARIOS

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")
CONTROL = "control.sock"
READY_SECONDS = 40
STOP_SECONDS = 10
OF_SANDBOX = {"cut_off": Sandbox.cut_off, "keep_certificate": Sandbox.keep_certificate,
              "warm_discovery": Sandbox.warm_discovery}
KNOBS = {**{name: f for name, f in vars(Knobs).items() if inspect.isfunction(f) and f.__doc__ and name != "change"},
         **OF_SANDBOX}


class Control:
    """Answers `status`, `break`, `heal` and `stop` while a sandbox runs."""

    def __init__(self, sandbox, ended):
        self.sandbox, self.ended = sandbox, ended
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(sandbox.path(CONTROL))
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile("rw") as f:
                f.write(json.dumps(self._answer(f.readline())) + "\n")

    def _answer(self, line):
        try:
            word, *rest = json.loads(line)
            return {"ok": self._commands()[word](*rest)}
        except Exception as e:  # whatever was wrong with it, the asker is told
            return {"error": str(e)}

    def _commands(self):
        return {"status": self.sandbox.state, "break": self.sandbox.break_part, "heal": self.sandbox.heal,
                "turn": self._turn, "stop": self.ended.set}

    def _turn(self, name, *words):
        """Turn a knob; words are its arguments, NAME=VALUE where they are named."""
        if name not in KNOBS:
            raise ValueError(f"no knob {name!r}; there are: {', '.join(KNOBS)}")
        named = dict(word.split("=", 1) for word in words if "=" in word)
        KNOBS[name](self.sandbox if name in OF_SANDBOX else self.sandbox.kube,
                    *(value_of(word) for word in words if "=" not in word),
                    **{key: value_of(value) for key, value in named.items()})


def value_of(word):
    """A word as a number, true, false, null or a list where it is JSON, else as it is."""
    try:
        return json.loads(word)
    except ValueError:
        return word


def ask(folder, *words):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(os.path.join(folder, CONTROL))
        except OSError:
            raise StartError(f"no sandbox runs in {folder}") from None
        with s.makefile("rw") as f:
            f.write(json.dumps(words) + "\n")
            f.flush()
            answer = json.loads(f.readline())
    if "error" in answer:
        raise StartError(answer["error"])
    return answer["ok"]


def show(state, out=sys.stdout):
    lines = [f"sandbox: {state['scenario']}: {state['about']}", f"repair:  {state['repair']}"]
    for name, port in state["ports"].items():
        broken = state["broken"].get(name)
        lines.append(f"  {name:<12} 127.0.0.1:{port}" + (f"  broken: {broken}" if broken else ""))
    lines += [f"use it:  . {state['folder']}/env.sh", f"stop it: {RUN} stop {state['folder']}"]
    print("\n".join(lines), file=out, flush=True)


def run_here(options):
    ended = threading.Event()
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: stop_starting(ended))
    try:
        with Sandbox(options.scenario, options.dir) as sandbox:
            logging.basicConfig(filename=sandbox.path("log/stand-ins.log"))
            Control(sandbox, ended)
            show(sandbox.state())
            started.set()
            ended.wait()
    except KeyboardInterrupt:
        return 130
    return 0


started = threading.Event()


def stop_starting(ended):
    """A signal ends the wait; during the start it has to break it off."""
    ended.set()
    if not started.is_set():
        raise KeyboardInterrupt


def run_behind(options):
    """Start another one of us that outlives us; return when it is ready."""
    folder = os.path.abspath(options.dir or tempfile.mkdtemp(prefix="fsops-sandbox-"))
    child = subprocess.Popen([sys.executable, RUN, options.scenario, "--dir", folder], start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        try:
            return show(ask(folder, "status"))
        except StartError:
            time.sleep(0.1)
    child.terminate()
    raise StartError(child.stderr.read().decode() or "the sandbox did not start in time")


def stop(options):
    pid = ask(options.folder, "status")["pid"]
    ask(options.folder, "stop")
    deadline = time.monotonic() + STOP_SECONDS
    while os.path.exists(options.folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    if os.path.exists(options.folder):
        raise StartError(f"process {pid} did not end in {STOP_SECONDS} s")


def list_scenarios(_options):
    for name, scenario in SCENARIOS.items():
        print(f"{name:<20}{scenario.about}\n{'':<20}repair: {scenario.repair}")
    print("\nKnobs, for `turn` (in tests methods of `sandbox.kube`, or of the sandbox):")
    for name, function in KNOBS.items():
        arguments = [a for a in inspect.signature(function).parameters.values() if a.name != "self"]
        about = " ".join((function.__doc__ or "").split("\n\n")[0].split())
        print(f"{name:<20}{' '.join(map(str, arguments))}\n{'':<20}{about}")


def folder_of(options):
    if not options.dir:
        raise StartError("say which sandbox: --dir DIR (or set SANDBOX_DIR)")
    return options.dir


COMMANDS = {
    "list": list_scenarios,
    "stop": stop,
    "status": lambda o: show(ask(o.folder, "status")),
    "turn": lambda o: ask(folder_of(o), "turn", o.knob, *o.arguments),
    "break": lambda o: ask(folder_of(o), "break", o.part, o.mode),
    "heal": lambda o: ask(folder_of(o), "heal", o.part),
}


def parser():
    p = argparse.ArgumentParser(prog="run.py", description="Start, break and stop a Flight Search sandbox.")
    sub = p.add_subparsers(dest="command", required=True, metavar="SCENARIO|COMMAND")
    for name, scenario in SCENARIOS.items():
        s = sub.add_parser(name, help=scenario.about.replace("%", "%%"))
        s.set_defaults(scenario=name)
        s.add_argument("--dir", help="an empty folder to use; it is removed at the end")
        s.add_argument("--background", action="store_true", help="return when it is ready")
    sub.add_parser("list", help="the scenarios, and what repairs each")
    for name, text in (("stop", "end it and remove its folder"), ("status", "where its parts are")):
        sub.add_parser(name, help=text).add_argument("folder", metavar="DIR")
    modes = [*faults.MODES, "stop", *(f"{mode} ({part})" for part, mode in OWN_MODES)]
    b = sub.add_parser("break", help="break a part: " + ", ".join(modes))
    b.add_argument("part")
    b.add_argument("mode")
    h = sub.add_parser("heal", help="undo a break")
    h.add_argument("part")
    t = sub.add_parser("turn", help="turn a knob; `list` shows them")
    t.add_argument("knob")
    t.add_argument("arguments", nargs="*")
    for s in (b, h, t):
        s.add_argument("--dir", default=os.environ.get("SANDBOX_DIR"))
    return p


def main(argv=None):
    options = parser().parse_args(argv)
    try:
        if options.command in COMMANDS:
            return COMMANDS[options.command](options) or 0
        return (run_behind if options.background else run_here)(options) or 0
    except StartError as e:
        print(f"sandbox: {e}", file=sys.stderr)
        return 1
