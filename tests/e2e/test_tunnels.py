"""Targets behind `kubectl port-forward`: the unmodified kubectl, a stand-in for the cluster, real servers behind it."""
import json
import os
import shutil
import signal
import stat
import subprocess

import pytest
from helpers import FSOPS, ROOT, check, environment, fsops, run, wait_until, write_book
from sandbox import Sandbox
from sandbox.faults import tcp

CLUSTER = {"kubectl": {"context": "prod", "namespace": "flight-search-prod"}}
DB = {"postgres": "user=fsops dbname=flight_search_prod", "tunnel": "svc/postgres:5432"}
CACHE = {"redis": "redis://redis:6379/0", "tunnel": "svc/redis:6379"}
# What a wrapper of kubectl does when it is to forward; everything else is kubectl's own.
WRAPPER = """#!/bin/sh
case " $* " in *" port-forward "*) echo "$$ $*" >>{log}; {then} ;; esac
exec {kubectl} "$@"
"""


@pytest.fixture(scope="module")
def cluster():
    with Sandbox("healthy", tunnels=True) as one:
        yield one


@pytest.fixture
def kubectl(tmp_path):
    """`kubectl(then)` puts a wrapper in PATH; the environment for it. `.started()`: (pid, words) of each tunnel."""

    class Wrapped:
        log = tmp_path / "started"

        def __call__(self, then=":"):
            path = tmp_path / "bin" / "kubectl"
            path.parent.mkdir(exist_ok=True)
            path.write_text(WRAPPER.format(log=self.log, then=then, kubectl=shutil.which("kubectl")))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return {"PATH": f"{path.parent}:{os.environ['PATH']}"}

        def started(self):
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            return [(int(line.split()[0]), line.split(maxsplit=1)[1]) for line in lines]

        def left(self):
            return [pid for pid, _ in self.started() if alive(pid)]

    return Wrapped()


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def book(folder, steps, **targets):
    return write_book(folder / "book", steps, {"cluster": CLUSTER, "db": DB, "cache": CACHE, **targets})


def steps(*lists):
    return "".join(f"  - step: S{i}\n    actions:\n" + "".join(f"      - {json.dumps(a)}\n" for a in actions)
                   for i, actions in enumerate(lists, 1))


def opened(result):
    return [e["text"] for e in result.events("note") if " is open at 127.0.0.1:" in e["text"]]


def test_metrics_are_measured_through_tunnels(cluster, kubectl):
    assert set(check(on=cluster).values()) == {"ok"}
    fsops("check", "-R", cluster.runbooks, "db_connections", on=cluster, env=kubectl())
    assert len(kubectl.started()) == 1 and not kubectl.left()


def test_actions_share_a_tunnel_and_none_is_left(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps(
        [{"id": "ping", "postgres": "ping"}, {"id": "one", "postgres": "SELECT 1"}, {"id": "cache", "redis": "PING"}],
        [{"id": "two", "postgres": "SELECT 2"}]))
    result = run("book", "-R", here, on=cluster, env=kubectl())
    assert result.status == 0, result
    assert len(opened(result)) == 2, result
    assert sorted(words for _, words in kubectl.started()) == [
        "--context prod --namespace flight-search-prod port-forward --address 127.0.0.1 svc/postgres :5432",
        "--context prod --namespace flight-search-prod port-forward --address 127.0.0.1 svc/redis :6379"]
    assert not kubectl.left()


def test_one_that_no_action_needs_is_not_opened(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "redis": "PING"}], [{"id": "b", "postgres": "ping", "when": "1 > 2"}]))
    assert run("book", "-R", here, on=cluster, env=kubectl()).status == 0
    assert [words.split()[-2] for _, words in kubectl.started()] == ["svc/redis"]


def test_names_of_certificates_are_those_of_the_target(cluster, tmp_path):
    reach = cluster.kube.streams.reach
    plain = reach["grafana"]
    reach["grafana"] = tcp(cluster.servers["site"].port)
    try:
        here = book(tmp_path, steps(
            [{"id": "right", "http": "GET /", "target": "site", "expect": "status == 200"},
             {"id": "wrong", "http": "GET /", "target": "other"}]),
            site={"http": "https://localhost", "tunnel": "deployment/grafana:3000"},
            other={"http": "https://not-its-name.example", "tunnel": "deployment/grafana:3000"})
        result = run("book", "-R", here, on=cluster)
    finally:
        reach["grafana"] = plain
    assert result.action("right")["outcome"] == "passed", result
    assert result.action("wrong")["outcome"] == "failed"
    assert "certificate" in result.action("wrong")["why"]


def test_another_server_is_not_asked_through_the_target_s_tunnel(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "http": f"GET {cluster.address('api', 'https')}/api/health"}]),
                site={"http": "https://localhost", "tunnel": "deployment/grafana:3000"})
    assert run("book", "-R", here, on=cluster, env=kubectl()).status == 0
    assert kubectl.started() == []


# auto


def test_auto_is_off_when_the_host_resolves(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "redis": "PING"}]),
                cache={"redis": f"redis://localhost:{cluster.port('redis')}", "tunnel": "auto svc/redis:6379"})
    result = run("book", "-R", here, on=cluster, env=kubectl())
    assert result.status == 0 and kubectl.started() == [], result


@pytest.mark.parametrize("host, asked", [
    ("redis", "--namespace flight-search-prod port-forward"),
    ("redis.flight-search-prod", "--namespace flight-search-prod port-forward"),
    ("redis.flight-search-prod.svc.cluster.local", "--context prod --namespace flight-search-prod port-forward")])
def test_auto_goes_to_the_service_that_the_host_is_the_name_of(cluster, kubectl, tmp_path, host, asked):
    here = book(tmp_path, steps([{"id": "a", "redis": "PING"}]),
                cache={"redis": f"redis://{host}:6379", "tunnel": "auto"})
    result = run("book", "-R", here, on=cluster, env=kubectl())
    assert result.status == 0, result
    assert [words for _, words in kubectl.started() if asked in words and words.endswith("svc/redis :6379")]


# What can go wrong


def test_why_it_cannot_be_opened_is_told(cluster, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "postgres": "ping"}]), db={**DB, "tunnel": "svc/nowhere:5432"})
    why = run("book", "-R", here, on=cluster).action("a")["why"]
    assert "the tunnel to svc/nowhere:5432 can't be opened" in why
    assert 'services "nowhere" not found' in why


def drop(name="drop"):
    """End this run's own port-forwards, as a pod that dies would."""
    return {"id": name, "shell": "kill $(pgrep -P $PPID -f '[p]ort-forward'); sleep 1", "effect": "read"}


def test_one_that_drops_is_opened_once_more(cluster, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "postgres": "ping"}], [drop()], [{"id": "b", "postgres": "SELECT 1"}]))
    result = run("book", "-R", here, on=cluster)
    assert result.status == 0, result
    assert len(opened(result)) == 2
    assert [e for e in result.events("note", level="warning") if "dropped" in e["text"]]


def test_one_that_drops_twice_is_a_failure(cluster, tmp_path):
    ask = {"postgres": "SELECT 1"}
    here = book(tmp_path, steps([{"id": "a", **ask}], [drop()], [{"id": "b", **ask}], [drop("again")],
                                [{"id": "c", **ask}]))
    result = run("book", "-R", here, on=cluster)
    assert result.status == 2
    assert result.outcomes() == {"a": "passed", "drop": "passed", "b": "passed", "again": "passed", "c": "failed"}
    assert "the tunnel to svc/postgres:5432 dropped 2 times" in result.action("c")["why"]


# Not this shell itself, whose words hold the pattern too.
DROP_SOON = "(sleep 3; kill $(pgrep -P $PPID -f '[p]ort-forward')) >/dev/null 2>&1 &"


def test_a_read_that_is_under_way_when_it_drops_is_asked_again(cluster, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "redis": "PING"}], [{"id": "soon", "shell": DROP_SOON, "effect": "read"}],
                                [{"id": "b", "postgres": "SELECT 7 FROM pg_sleep(5)", "expect": "value == 7"}]))
    result = run("book", "-R", here, on=cluster)
    assert result.action("b")["outcome"] == "passed", result
    assert result.action("b")["attempts"] == 1
    assert result.action("b")["seconds"] > 7


def test_a_change_that_is_under_way_when_it_drops_is_not(cluster, tmp_path):
    here = book(tmp_path, steps([{"id": "soon", "shell": DROP_SOON, "effect": "read"}],
                                [{"id": "b", "postgres": "SELECT pg_sleep(5)", "effect": "change"}]))
    result = run("book", "-R", here, "-y", on=cluster)
    assert result.action("b")["outcome"] == "failed", result
    assert "the tunnel to svc/postgres:5432 dropped meanwhile" in result.action("b")["why"]


@pytest.mark.parametrize("action, head", [({"timeout": "2s"}, ""), ({}, "    budget: 2s\n")], ids=["timeout", "budget"])
def test_one_that_is_never_ready_ends_at_the_action_s_deadline(cluster, kubectl, tmp_path, action, head):
    text = steps([{"id": "a", "postgres": "ping", **action}]).replace("    actions:", head + "    actions:")
    result = run("book", "-R", book(tmp_path, text), on=cluster,
                 env=kubectl("echo 'the pod is Pending' >&2; exec sleep 1000"), timeout=20)
    assert result.action("a")["outcome"] == "timed_out", result
    assert "the tunnel to svc/postgres:5432 is not ready, kubectl says: the pod is Pending" in result.action("a")["why"]
    assert len(kubectl.started()) == 1 and not kubectl.left()


@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_leaves_none_behind(cluster, kubectl, tmp_path, signals):
    here = book(tmp_path, steps([{"id": "a", "postgres": "ping"}], [{"id": "b", "shell": "sleep 1000", "effect": "read"}]))
    asan = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
    child = subprocess.Popen([FSOPS, "run", "book", "-R", here], stdout=subprocess.PIPE, text=True,
                             env=environment(cluster, **kubectl(), **asan))
    told = ""
    while "step 2/2" not in told:
        told += child.stdout.readline()
    for _ in range(signals):
        child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert kubectl.started()
    wait_until(lambda: not kubectl.left(), "no tunnel is left")


# The dry run


def test_the_dry_run_shows_tunnels_and_opens_none(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "postgres": "ping"}, {"id": "b", "redis": "PING"}]),
                cache={**CACHE, "tunnel": "auto"})
    env = kubectl()
    text = fsops("run", "book", "--dry-run", "-R", here, on=cluster, env=env).out
    forward = "kubectl --context prod --namespace flight-search-prod port-forward --address 127.0.0.1"
    assert f"tunnel   {forward} svc/postgres :5432" in text
    assert "only if: 'redis' does not resolve here" in text
    assert "hostaddr=127.0.0.1 port=${tunnel.db.port}" in text
    told = fsops("run", "book", "--dry-run=json", "-R", here, on=cluster, env=env).json["tunnels"]
    assert [(t["target"], t["command"], t["automatic"]) for t in told] == [
        ("db", f"{forward} svc/postgres :5432", False), ("cache", f"{forward} svc/redis :6379", True)]
    assert kubectl.started() == []


def test_the_script_opens_them_too(cluster, kubectl, tmp_path):
    here = book(tmp_path, steps([{"id": "a", "postgres": "SELECT 42"}, {"id": "b", "redis": "PING"}]),
                cache={**CACHE, "tunnel": "auto"})
    script = tmp_path / "script.sh"
    script.write_text(fsops("run", "book", "--dry-run=sh", "-R", here, on=cluster).out)
    done = subprocess.run(["sh", script], env=environment(cluster, **kubectl()), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert "42" in done.stdout and "PONG" in done.stdout
    wait_until(lambda: not kubectl.left(), "no tunnel is left")


@pytest.mark.parametrize("tunnel, needed", [("svc/postgres:5432", True), ("auto", False)])
def test_a_schedule_in_the_cluster_may_open_what_does_not_resolve_there(cluster, tmp_path, tunnel, needed):
    db = {"postgres": "host=postgres dbname=x", "tunnel": tunnel}
    here = write_book(tmp_path / "book", steps([{"id": "a", "postgres": "ping"}]), {"cluster": CLUSTER, "db": db},
                      head='schedule: {daily: "09:00"}')
    text = fsops("schedule", "--kubernetes", "-R", here, on=cluster).out
    assert "kind: CronJob" in text and ("pods/portforward" in text) == needed


def test_the_shipped_platform_is_reached_from_outside_the_cluster(cluster):
    plan = fsops("run", "daily-health-check", "--dry-run=json", "-R", ROOT / "runbooks", on=cluster).json
    assert {(t["target"], t["to"], t["automatic"]) for t in plan["tunnels"]} >= {
        ("db", "svc/postgres:5432", True), ("cache", "svc/redis:6379", True), ("monitor", "svc/prometheus:9090", True)}
