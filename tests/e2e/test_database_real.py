"""database-issues on databases that are not the sandbox's simple one: recovering, an operator's, a stateful set, one volume."""
import threading
import time

import pytest
from helpers import run, wait_until
from sandbox import pq

SHORT = ("-y", "--var", "watch_for=1s", "--var", "window=5s")


def issues(sb, *options):
    return run("database-issues", *SHORT, *options, on=sb)


def changes(sb):
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations]


def test_a_server_that_recovers_is_waited_for_and_never_restarted(sandbox):
    sb = sandbox()
    sb.break_part("postgres", "recovering")
    threading.Timer(6, lambda: sb.heal("postgres")).start()
    result = issues(sb)
    assert result.action("ping")["result"]["value"] == "rejecting", str(result)
    assert result.action("recovered")["outcome"] == "passed" and result.step("restart")["outcome"] == "skipped", str(result)
    assert changes(sb) == []


def says_that_it_recovers(sb, over):
    """The database's pod tells of its recovery, and is ready only when it is over."""
    talk = sb.kube.logs.line

    def line(pod, t, container=None):
        ours = pod["metadata"]["labels"].get("app") == "postgres" and not over.is_set()
        return "LOG:  redo starts at 0/16F2A30" if ours else talk(pod, t, container)

    sb.kube.logs.line = line
    sb.kube.cluster.on_start["postgres"] = lambda: over.wait(60)
    for pod in pods_of(sb):
        sb.kube.cluster.remove_pod(pod)


def pods_of(sb):
    return [p for p in sb.kube.cluster.store.list("pods") if p["metadata"].get("labels", {}).get("app") == "postgres"]


def runs_and_is_not_ready(sb):
    statuses = [p["status"] for p in pods_of(sb) if "deletionTimestamp" not in p["metadata"]]
    return bool(statuses) and all(s["phase"] == "Running" and not s["containerStatuses"][0]["ready"] for s in statuses)


def test_a_server_that_recovers_unseen_is_not_restarted_for_its_pod(sandbox):
    """A pod that is not ready has no endpoint: from here there is no answer, and only its log says that it recovers."""
    sb, over = sandbox(), threading.Event()
    says_that_it_recovers(sb, over)
    wait_until(lambda: runs_and_is_not_ready(sb), "a pod that is not ready")
    sb.break_part("postgres", "refuse")
    before = len(sb.kube.mutations)
    threading.Timer(8, lambda: (over.set(), sb.heal("postgres"))).start()
    result = issues(sb)
    assert result.action("ping")["result"]["value"] == "no answer", str(result)
    assert result.action("recovered")["outcome"] == "passed" and result.step("restart")["outcome"] == "skipped", str(result)
    assert result.step("way")["outcome"] == "skipped" and changes(sb)[before:] == [], str(result)


@pytest.mark.parametrize("by, named", [("cloudnative-pg", "CloudNativePG"), ("zalando", "Zalando"), ("crunchy", "Crunchy")])
def test_an_operator_s_database_is_not_restarted_beside_it(sandbox, by, named):
    sb = sandbox("database")
    sb.kube.operated("postgres", by)
    result = issues(sb)
    assert result.action("may_restart")["outcome"] == "failed" and named in result.action("may_restart")["why"], str(result)
    assert changes(sb) == [] and result.status == 2


@pytest.mark.parametrize("what, force", [("pods", "false"), ("pods", "true"), ("pods/log", "false")])
def test_what_could_not_be_looked_for_is_no_leave_to_restart(sandbox, what, force):
    """Neither is an operator that could not be seen "none", nor a log that could not be read one without corruption."""
    sb = sandbox("database")
    sb.kube.operated("postgres", "zalando")
    sb.kube.forbid("read", what)
    result = issues(sb, "--var", "idle_for=1h", "--var", f"force={force}")
    assert changes(sb) == [] and result.status == 2, str(result)
    if force == "true":  # the log, but not who runs the database
        assert result.action("may_restart")["outcome"] == "failed", str(result)
    else:
        assert result.step("restart")["outcome"] == "skipped", str(result)
        assert "only a log that could not be read" in str(result.finished["left"]), str(result)


def test_a_stateful_set_is_restarted_as_one(sandbox):
    sb = sandbox("database")
    sb.kube.stateful("postgres")
    time.sleep(2)
    result = issues(sb)
    assert ("patch", "statefulsets", "postgres") in changes(sb), str(result)
    assert result.action("rolled_out")["outcome"] == "passed", str(result)


def test_two_servers_never_run_on_one_volume(sandbox):
    sb = sandbox("database")
    sb.kube.volume("postgres", "postgres-data")
    result = issues(sb)
    assert "RollingUpdate" in result.action("may_restart")["why"] and changes(sb) == [], str(result)


def test_what_another_tool_writes_is_restarted_there(sandbox):
    sb = sandbox("database")
    sb.kube.managed("postgres", "argocd", heals=False)
    result = issues(sb)
    assert "Argo CD" in result.action("may_restart")["why"] and changes(sb) == [], str(result)


def test_idle_sessions_are_ended_before_anything_is_restarted(sandbox):
    """A pool that leaks: what holds the connections does nothing, and goes before the server has to."""
    sb = sandbox()
    sb.postgres.query("CREATE ROLE leaky LOGIN PASSWORD 'leaky'")
    sb.postgres.query("GRANT pg_signal_backend TO fsops")
    held = [pq.Connection(f"host={sb.postgres.home} user=leaky password=leaky dbname=flight_search_prod")
            for _ in range(84)]
    result = issues(sb, "--var", "idle_for=0s")
    assert len(held) == 84 and result.action("end_idle")["outcome"] == "passed", str(result)
    assert result.action("taken_now")["outcome"] == "passed" and result.step("restart")["outcome"] == "skipped", str(result)
    assert changes(sb) == [] and result.level("db_connections", "after") == "ok"
    assert result.action("room")["outcome"] == "passed"
