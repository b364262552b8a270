"""Child processes, and the promise that none of them outlives the sandbox.

Every child carries OWNER in its environment, with the sandbox's folder as
value.  `sweep` ends whatever carries it; the keeper (keeper.py) does so when
the sandbox itself was killed.
"""
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time

OWNER = "SANDBOX_OWNER"
KEEPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keeper.py")


class StartError(RuntimeError):
    """A part did not start; the text says which one and why."""


def find_program(name, folder=""):
    """The path of a program, first in `folder`, or an error that says how to get it."""
    places = [folder, os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(name, path=":".join(filter(None, places)))
    if not found:
        raise StartError(f"{name}: not found; `make deps` installs what the sandbox needs")
    return found


def unprivileged_user():
    """Whom servers run as when we are root: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StartError("neither the user postgres nor nobody exists; PostgreSQL does not run as root")


def give(path, user):
    """Make a folder for a server that runs as `user`."""
    os.makedirs(path, exist_ok=True)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
    return path


def owned_environment(folder, **more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "FSOPS_"))}
    return {**env, OWNER: folder, **more}


class Process:
    """One server and its log file."""

    def __init__(self, name, argv, folder, user=None, env=None):
        self.name = name
        self.log_path = os.path.join(folder, "log", name + ".log")
        os.makedirs(os.path.dirname(self.log_path), exist_ok=True)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                start_new_session=True, env=owned_environment(folder, **(env or {})), **who)

    def wait_until(self, ready, seconds=15):
        """Wait for `ready()`; an early end or silence is an error with the log's end."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.popen.poll() is not None:
                raise StartError(f"{self.name} ended with {self.popen.returncode}:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise StartError(f"{self.name} is not ready after {seconds} s:\n{self.tail()}")
            time.sleep(0.03)

    def tail(self, lines=15):
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def send(self, sig):
        if self.popen.poll() is None:
            self.popen.send_signal(sig)

    def stop(self, sig=signal.SIGINT, seconds=2):
        """End it politely, then not."""
        self.send(signal.SIGCONT)
        self.send(sig)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def run(argv, folder, user=None, env=None, stdin=None):
    """Run a helper command to its end; its complaint becomes the error."""
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, cwd="/",
                          env=owned_environment(folder, **(env or {})), **who)
    if done.returncode:
        raise StartError(f"{os.path.basename(argv[0])} failed:\n{done.stderr or done.stdout}")
    return done.stdout


def owned(folder):
    """The process ids that carry this sandbox's mark."""
    mark = f"{OWNER}={folder}".encode()
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as f:
                if mark in f.read().split(b"\0"):
                    pids.append(int(entry))
        except OSError:
            continue
    return pids


def signal_all(pids, sig):
    for pid in pids:
        try:
            os.kill(pid, sig)
        except OSError:
            continue


def sweep(folder, seconds=1.5):
    """End every process of the sandbox: SIGINT (PostgreSQL's fast stop), then SIGKILL."""
    left = owned(folder)
    signal_all(left, signal.SIGCONT)
    signal_all(left, signal.SIGINT)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = owned(folder)
    signal_all(left, signal.SIGKILL)


class Keeper:
    """A process that waits for our end and cleans up if we could not."""

    def __init__(self, folder):
        self.popen = subprocess.Popen(
            [sys.executable, "-S", "-E", KEEPER, folder], stdin=subprocess.PIPE,
            start_new_session=True, cwd="/")

    def dismiss(self):
        """All is cleaned up already: let it go without doing anything."""
        self.popen.communicate(b"done")
