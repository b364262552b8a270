"""Memory that cannot be had, at any request for it: a clear end. Never a crash, a hang, or an `ok` that would have been
another with memory; the state folder is as good as after a kill.

A part of all requests is tried, spread evenly from a random one on. FSOPS_SWEEP=1 tries so many of each N, 1 for all;
FSOPS_SEED goes again what a failure names.
"""
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest
from helpers import BACKEND, FSOPS, ROOT, environment, write_book
from sandbox import Sandbox

OUT_OF_MEMORY = 71
PATIENCE = 60  # seconds, for one run of a second
TRIES = 10  # of each command, in `make test`
SEED = int(os.environ.get("FSOPS_SEED") or random.randrange(1 << 30))
ALERTS = json.dumps({"version": "4", "status": "firing", "alerts": [
    {"status": "firing", "labels": {"alertname": "Late"}, "startsAt": "2026-01-01T00:00:00Z", "annotations": {}}]})
CONTEXT = json.dumps({"items": [{"n": i, "t": "x" * i} for i in range(20)], "big": 18446744073709551615})
BOOK = """
  - step: Look
    id: look
    budget: 20s
    actions:
      - {id: command, exec: [printf, '{"n": [1, 2, 3], "wide": 18446744073709551615}'], effect: read,
         capture: {list: "json.n.map(x, string(x))"}}
      - {id: web, http: GET /health, target: upstream, expect: status == 200}
      - {id: number, prometheus: up, expect: series.size() > 0}
      - {id: rows, postgres: SELECT 1 AS one, expect: value == 1}
      - {id: ping, redis: PING}
      - {id: info, redis: INFO server, expect: size(info) > 3}
      - {id: objects, s3: ls s3://flight-search-backups/, expect: count > 0}
      - {id: backup, s3: verify s3://flight-search-backups/}
      - {id: each, for_each: list, as: x, exec: [printf, "${x}"], effect: read}
  - step: Change
    id: change
    budget: 20s
    actions:
      - {id: cut, exec: [sh, -c, 'test -n "$ONCE" && kill -9 $PPID; exit 0'], effect: read}
      - {id: touch, exec: ["true"], effect: change}
      - {id: after, exec: [printf, "done ${list.join('-')}"], effect: read}
"""
# Kubernetes by its API, connections that are kept from one read to the next, a for_each at once.
LIVE = f"""
  - step: Cluster
    id: cluster
    budget: 30s
    actions:
      - {{id: pods, kubectl: get pods -A -o json, expect: 'via == "api" && json.items.size() > 3'}}
      - {{id: table, kubectl: get deployments -o wide, expect: via == "api"}}
      - {{id: names, kubectl: get deploy -o name, expect: via == "api", capture: {{names: stdout}}}}
      - {{id: absent, kubectl: get pod absent, expect: 'exit == 1 && via == "api"', capture: {{absent: stderr}}}}
      - {{id: logs, kubectl: logs deployment/{BACKEND} --limit-bytes=20, expect: 'via == "api" && stdout.size() == 20'}}
      - {{id: top, kubectl: top pods, expect: via == "api"}}
      - {{id: nodes, kubectl: top nodes --no-headers, expect: 'via == "api" && stdout.contains("node-1")'}}
      - {{id: rollout, kubectl: rollout status deployment/{BACKEND}, expect: via == "api", capture: {{rolled: stdout}}}}
      - {{id: waited, kubectl: wait --for=condition=Ready node/node-1 --timeout=20s, expect: via == "api",
         capture: {{waited: stdout}}}}
  - step: Kept
    id: kept
    budget: 30s
    sequential: true
    actions:
      - {{id: web, http: GET /health, target: upstream, expect: status == 200}}
      - {{id: web2, http: GET /health, target: upstream, expect: reused}}
      - {{id: rows, postgres: SELECT 1 AS one, expect: value == 1}}
      - {{id: rows2, postgres: SELECT 2 AS two, expect: value == 2}}
      - {{id: ping, redis: PING}}
      - {{id: size, redis: DBSIZE}}
      - {{id: again, kubectl: get nodes -o name, capture: {{again: stdout}}, retry: {{times: 1, every: 10ms}}}}
  - step: Each
    id: each
    budget: 30s
    actions:
      - {{id: asks, for_each: '[1, 2, 3, 4]', as: n, http: 'GET /health?n=${{n}}', target: upstream, capture: {{last: n}}}}
      - {{id: reads, for_each: '[1, 2, 3]', as: n, postgres: {{query: SELECT $1 AS n, params: ['${{n}}']}},
         capture: {{read: value}}}}
      - {{id: gets, for_each: '["node-1", "node-2"]', as: n, kubectl: 'get node ${{n}} -o name', capture: {{got: stdout}}}}
      - {{id: told, effect: read, exec: [printf,
         "${{[names, absent, rolled, waited, again, string(last), string(read), got].join('; ')}}"]}}
"""
METRICS = """metrics:
  one: {title: One, unit: count, source: {exec: [printf, '1']}, value: double(stdout), baseline: "< 2", critical: "> 5"}
alerts: [{alert: Late, severity: warning, respond_within: 5m, action: look, runbook: book}]
"""


def commands(book, state):
    """What is tried: its words, and what comes from standard input."""
    at = ("-R", book)
    (state / "context.json").write_text(CONTEXT)
    return {
        "list": (("list", *at), None), "lint": (("lint", *at), None), "show": (("show", "book", *at), None),
        "check": (("check", *at), None), "history": (("history",), None), "log": (("log",), None),
        "dry": (("run", "book", "--dry-run", *at), None), "dry-sh": (("run", "book", "--dry-run=sh", *at), None),
        "dry-json": (("run", "book", "--dry-run=json", *at), None),
        "report": (("report",), None), "report-html": (("report", "--html"), None),
        "report-junit": (("report", "--junit"), None), "report-json": (("report", "--json"), None),
        "alert": (("alert", "Late", *at), None), "alert-payload": (("alert", "-", *at), ALERTS),
        "eval": (("eval", "items.filter(i, i.n > 3).map(i, {'t': i.t, 'q': quantity('1Gi')})", "--context",
                  state / "context.json"), None),
        "run": (("run", "book", "-y", "--format", "json", *at), None),
        "live": (("run", "live", "-y", "--format", "json", *at), None),
        "live-check": (("run", "live", "--check", "--format", "json", *at), None),
        "resume": (("resume", "-y", "--format", "json", *at), None),
    }


WRITES = ("run", "live", "live-check", "resume", "history")


def files(folder):
    """All but the list of runbooks that `fsops list` keeps: whatever became of it, it is made anew."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p != folder / "list"}


def same(text):
    """Without what differs from run to run: times, spans, names of runs, digests."""
    if text.startswith('{"v":'):
        events = [json.loads(line) for line in text.splitlines()]
        return sorted(str((e["type"], e.get("step"), e.get("action"), e.get("outcome"), e.get("captured"))) for e in events)
    text = re.sub(r"interrupted, (\d+\w ago|\w+)", "interrupted", text)
    return re.sub(r"[0-9a-f]{8,}|\d+([.:-]\d+)*(ms|s|m|Z)?\b|T\d+", "#", re.sub(r"\s+", " ", text))


class Sweep:
    def __init__(self, folder, sandbox):
        self.folder = pathlib.Path(folder)
        self.library = self.folder / "memory.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", self.library, ROOT / "tests" / "faults" / "memory.c",
                        "-ldl"], check=True)
        at = sandbox.address
        targets = {
            "cluster": {"kubectl": {}}, "upstream": {"http": at("upstream", "http")},
            "monitor": {"prometheus": at("prometheus", "http")},
            "db": {"postgres": sandbox.conninfo}, "cache": {"redis": at("redis", "redis") + "/0"},
            "backups": {"s3": "s3://flight-search-backups", "region": sandbox.s3.region, "endpoint": at("s3", "http")}}
        for name, steps in (("live", LIVE), ("book", BOOK)):
            self.book = write_book(self.folder / "book", steps, targets, name, platform_more=METRICS)
        self.env = environment(sandbox, FSOPS_STATE=None, ONCE=None)
        self.state = self.folder / "state"  # of a run that was killed
        self.state.mkdir(mode=0o700)
        self.commands = commands(self.book, self.state)
        killed = self.start(self.commands["run"], self.state, ONCE="1")
        assert killed.returncode == -9, killed
        self.whole, self.counts = {}, {}
        for name, command in self.commands.items():
            count = self.folder / "count"
            self.whole[name] = self.start(command, self.copy(name, 0), memory="count:1", FSOPS_TEST_MEMORY_COUNT=str(count))
            self.counts[name] = int(count.read_text())
            assert self.whole[name].returncode == 0 and self.counts[name] > 50, self.whole[name]

    def copy(self, name, number):
        folder = self.folder / f"{name}-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.state, folder)
        return folder

    def start(self, command, state, memory=None, **more):
        words, stdin = command
        env = {**self.env, "FSOPS_STATE": str(state), **more}
        if memory:
            env.update(LD_PRELOAD=str(self.library), FSOPS_TEST_MEMORY=memory)
        return subprocess.run([FSOPS, *map(str, words)], env=env, input=stdin or "", text=True, errors="replace",
                              capture_output=True, timeout=PATIENCE)

    def wrong(self, name, mode, at):
        """What is wrong with a run of this command whose request number AT for memory fails; None: nothing."""
        state = self.copy(name, f"{mode}-{at}")
        try:
            return self.look(name, state, f"{mode}:{at}")
        except subprocess.TimeoutExpired:
            return f"{name} {mode}:{at}: still running after {PATIENCE} s"
        finally:
            shutil.rmtree(state)

    def look(self, name, state, memory):
        done = self.start(self.commands[name], state, memory)
        whole = self.whole[name]
        told = f"{name} {memory}: status {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-600:]}"
        if done.returncode < 0 or done.returncode > 128 or done.returncode == 86:
            return "a crash: " + told
        if done.returncode == whole.returncode and same(done.stdout) != same(whole.stdout):
            return "another answer with the same status: " + told
        if done.returncode not in (whole.returncode, OUT_OF_MEMORY) and not done.stderr and '"why"' not in done.stdout:
            return "it does not say why: " + told
        return self.look_at_state(name, state, told)

    def look_at_state(self, name, state, told):
        """What only reads leaves all as it is; of what writes, each run that there is can be read and verified."""
        if name not in WRITES:
            return None if files(state) == files(self.state) else "the state folder has changed: " + told
        history = self.start((("history", "--format", "json"), None), state)
        if history.returncode or history.stderr:
            return f"the history: {history.stdout} {history.stderr}\n{told}"
        for run in json.loads(history.stdout):
            after = self.start((("log", run["run"], "--verify"), None), state)
            if after.returncode:
                return f"the journal of {run['run']}: {after.stdout} {after.stderr}\n{told}"
        return None

    def points(self, name, stride):
        """(mode, number) of the requests that fail in turn."""
        chosen = random.Random(f"{SEED} {name}")
        step = stride or max(1, 2 * self.counts[name] // TRIES)
        for mode in ("once", "from"):
            for at in range(1 + chosen.randrange(step), self.counts[name] + 1, step):
                yield mode, at


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    with Sandbox("healthy") as sandbox:
        yield Sweep(tmp_path_factory.mktemp("memory"), sandbox)


def test_memory_that_cannot_be_had(sweep):
    stride = int(os.environ.get("FSOPS_SWEEP") or 0)
    only = os.environ.get("FSOPS_SWEEP_ONLY", "").split()
    points = [(name, mode, at) for name in sweep.commands if not only or name in only
              for mode, at in sweep.points(name, stride)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        wrong = [one for one in pool.map(lambda point: sweep.wrong(*point), points) if one]
    print(sweep.counts)
    print(f"FSOPS_SEED={SEED}: {len(points)} requests of {sum(sweep.counts.values())} failed in turn: {len(wrong)} wrong")
    assert not wrong, f"FSOPS_SEED={SEED}: {len(wrong)} of {len(points)}:\n" + "\n----\n".join(wrong[:int(os.environ.get("FSOPS_SWEEP_SHOWN", 8))])
