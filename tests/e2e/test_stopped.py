"""Runs that are stopped for a while (Ctrl-Z, a frozen machine): what was there in time counts, whatever told of it."""
import concurrent.futures
import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time

from helpers import FSOPS, environment, wait_until, write_book

BUDGET, STOPPED = 2, 2.5  # seconds: the stop goes far beyond the budget


class Run:
    """A run whose fsops, and nothing else, is stopped until its budget is long over."""

    def __init__(self, folder, steps, targets="{}", more=""):
        self.books = write_book(folder / "books", steps, targets=targets)
        if more:
            (self.books / "book.yaml").write_text((self.books / "book.yaml").read_text() + more)
        self.child = subprocess.Popen(
            [FSOPS, "run", "book", "-R", self.books, "-y", "--format", "json"], text=True, stdin=subprocess.DEVNULL,
            env=environment(FSOPS_STATE=str(folder / "state")), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def stop_for(self, seconds=STOPPED):
        os.kill(self.child.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self.child.pid, signal.SIGCONT)

    def end(self):
        out, err = self.child.communicate(timeout=60)
        self.events = [json.loads(line) for line in out.splitlines()]
        self.why = out[-3000:] + err
        return {e["action"]: e["outcome"] for e in self.events if e["type"] == "action.finished"}


def step(action, budget=BUDGET):
    return f"  - step: One\n    budget: {budget}s\n    actions:\n      - {json.dumps(action)}\n"


def commands(folder):
    """Ways of a command to end while nobody reads: each with what its action is expected to become."""
    log = folder / "log"
    return {
        "a change": ({"id": "a", "effect": "change", "exec": ["sh", "-c", f"touch {log}.began; sleep 0.5; echo yes >> {log}"]},
                     "passed"),
        "much output": ({"id": "a", "effect": "read", "expect": "size(stdout) >= 60000",
                         "exec": ["sh", "-c", f"touch {log}.began; sleep 0.5; head -c 60000 /dev/zero | tr '\\0' x"]}, "passed"),
        "it failed": ({"id": "a", "effect": "change", "exec": ["sh", "-c", f"touch {log}.began; sleep 0.5; exit 7"]}, "failed"),
        "its own timeout": ({"id": "a", "effect": "read", "timeout": "1s",
                             "exec": ["sh", "-c", f"touch {log}.began; sleep 0.5"]}, "passed"),
        "until": ({"id": "a", "effect": "read", "until": "exit == 0", "every": "200ms",
                   "exec": ["sh", "-c", f"touch {log}.began; sleep 0.5"]}, "passed"),
        "it still runs": ({"id": "a", "effect": "change", "exec": ["sh", "-c", f"touch {log}.began; sleep 60"]}, "timed_out"),
    }


def try_command(folder, name):
    folder.mkdir()
    action, outcome = commands(folder)[name]
    run = Run(folder, step(action), more="on_failure:\n  - step: Back\n    budget: 5s\n    actions:\n"
              "      - {id: back, effect: change, exec: [\"true\"]}\n")
    wait_until((folder / "log.began").exists, f"{name}: the command has begun")
    run.stop_for()
    outcomes = run.end()
    assert outcomes["a"] == outcome, f"{name}: {run.why}"
    assert ("back" in outcomes) == (action["effect"] == "change" and outcome != "passed"), f"{name}: {run.why}"


def test_commands(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: try_command(tmp_path / name.replace(" ", "-"), name), commands(tmp_path)))


class Http(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.asked.set()
        time.sleep(0.5)
        body = b"y" * 200_000
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_an_answer_of_a_web_server(tmp_path):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Http)
    server.asked = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    run = Run(tmp_path, step({"id": "a", "http": {"method": "POST", "url": url}, "expect": "status == 201"}))
    assert server.asked.wait(10)
    run.stop_for()
    server.shutdown()
    assert run.end() == {"a": "passed"}, run.why


def redis_server(asked):
    """One that answers everything, the last command after a while."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    def talk(peer):
        while data := peer.recv(65536):
            if b"DEL" in data.upper():
                asked.set()
                time.sleep(0.5)
                peer.sendall(b":1\r\n")
            else:
                peer.sendall(b"+OK\r\n" * max(data.count(b"*"), 1))

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def test_an_answer_of_redis(tmp_path):
    asked = threading.Event()
    port = redis_server(asked)
    run = Run(tmp_path, step({"id": "a", "redis": "DEL x", "effect": "change"}),
              targets={"cache": {"redis": f"redis://127.0.0.1:{port}"}})
    assert asked.wait(10), run.child.communicate(timeout=5)
    run.stop_for()
    assert run.end() == {"a": "passed"}, run.why


def test_what_was_not_seen_was_not_held(tmp_path):
    """hold_for: a process that was stopped did not look; it looks anew for the whole time."""
    looks = tmp_path / "looks"
    run = Run(tmp_path, """  - step: One
    budget: 60s
    actions:
      - {id: a, effect: read, expect: "exit == 0", every: 200ms, hold_for: 6s, exec: [sh, -c, "date +%%s.%%N >> %s"]}
""" % looks)
    wait_until(looks.exists, "it has looked")
    run.stop_for(6)
    assert run.end() == {"a": "passed"}, run.why
    times = [float(line) for line in looks.read_text().split()]
    gap = max(range(1, len(times)), key=lambda i: times[i] - times[i - 1])
    assert times[-1] - times[gap] > 5, times


def test_output_without_end_does_not_keep_a_deadline_off(tmp_path):
    began = time.monotonic()
    run = Run(tmp_path, step({"id": "a", "effect": "read", "exec": ["yes"]}, budget=1))
    assert run.end() == {"a": "timed_out"}, run.why
    assert time.monotonic() - began < 15
