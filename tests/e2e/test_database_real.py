"""database-issues on databases that are not the sandbox's simple one: recovering, an operator's, a stateful set, one volume."""
import threading
import time

import pytest
from helpers import run
from sandbox import pq

SHORT = ("-y", "--var", "watch_for=1s", "--var", "window=3s")


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


@pytest.mark.parametrize("by, named", [("cloudnative-pg", "CloudNativePG"), ("zalando", "Zalando"), ("crunchy", "Crunchy")])
def test_an_operator_s_database_is_not_restarted_beside_it(sandbox, by, named):
    sb = sandbox("database")
    sb.kube.operated("postgres", by)
    result = issues(sb)
    assert result.action("may_restart")["outcome"] == "failed" and named in result.action("may_restart")["why"], str(result)
    assert changes(sb) == [] and result.status == 2


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
