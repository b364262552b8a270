"""Workloads of the cluster's stand-in that are not plain deployments, and pods that are not simply ready."""
import json
import subprocess

import pytest

from helpers import BACKEND, wait_until

NAMESPACE = "flight-search-prod"
NEW = "flight-search/backend:v1.2.0"


def kubectl(sb, *words, seconds=30):
    return subprocess.run(["kubectl", *words], env=sb.env, capture_output=True, text=True, timeout=seconds)


def refused(sb, *words):
    done = kubectl(sb, *words)
    assert done.returncode, done.stdout
    return done.stderr


def settled(sb, what):
    sb.kubectl("rollout", "status", what, "--timeout=20s")


def names(sb, app, ready=True):
    return {p["metadata"]["name"] for p in sb.kube.pods(app, ready)}


# Pods.

def test_evicted_pods_stay_beside_ready_ones(sandbox):
    sb = sandbox()
    sb.kube.evicted(BACKEND, count=2)
    assert sb.kubectl("get", "pods").count("Evicted") == 2
    settled(sb, f"deployment/{BACKEND}")
    assert len(sb.kube.pods(BACKEND, ready=True)) == 3 and len(sb.kube.pods(BACKEND)) == 5
    sb.kubectl("delete", "pods", "--field-selector", "status.phase=Failed")
    assert len(sb.kube.pods(BACKEND)) == 3


def test_a_sidecar_comes_first(sandbox):
    sb = sandbox()
    sb.kube.sidecar("postgres")
    sb.kube.sidecar(BACKEND, default=True)
    plain = kubectl(sb, "logs", "deployment/postgres")
    assert "checkpoint" not in plain.stdout and ("istio-proxy" in plain.stderr)
    assert "checkpoint" in sb.kubectl("logs", "deployment/postgres", "-c", "postgres")
    pod = json.loads(sb.kubectl("get", "pods", "-l", f"app={BACKEND}", "-o", "json"))["items"][0]
    assert pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "backend"
    assert [c["name"] for c in pod["spec"]["containers"]] == ["istio-proxy", "backend"]
    sb.kubectl("delete", "pod", pod["metadata"]["name"])
    wait_until(lambda: len(sb.kube.pods(BACKEND, ready=True)) == 3, "another took its place")
    assert all(len(p["spec"]["containers"]) == 2 for p in sb.kube.pods(BACKEND))
    assert sb.kubectl("exec", "deployment/postgres", "-c", "postgres", "--", "pg_isready")
    assert kubectl(sb, "exec", "deployment/postgres", "-c", "istio-proxy", "--", "pg_isready").returncode == 126


def test_one_pod_of_several_crashes_and_has_a_log_from_before(sandbox):
    sb = sandbox()
    bad = min(names(sb, BACKEND))
    sb.kube.crash(bad)
    wait_until(lambda: len(names(sb, BACKEND)) == 2, "it crashes")
    assert "FATAL" in sb.kubectl("logs", "--previous", bad)
    assert "FATAL" not in sb.kubectl("logs", max(names(sb, BACKEND)))


def test_pods_that_do_not_end(sandbox):
    sb = sandbox()
    stuck = next(iter(names(sb, "redis")))
    sb.kube.stick(stuck)
    sb.kubectl("scale", "deployment/redis", "--replicas=0")
    assert "timed out" in refused(sb, "wait", "--for=delete", f"pod/{stuck}", "--timeout=1s")
    assert "Terminating" in sb.kubectl("get", "pods", "-l", "app=redis")
    sb.kube.let_go()
    wait_until(lambda: not sb.kube.pods("redis"), "it ends")


# Stateful sets, daemon sets, one volume.

def test_a_stateful_set_rolls_one_after_the_other(sandbox):
    sb = sandbox()
    sb.kube.workload("statefulsets", "queue", replicas=3)
    assert names(sb, "queue") == {"queue-0", "queue-1", "queue-2"}
    first = {p["metadata"]["name"]: p["metadata"]["uid"] for p in sb.kube.pods("queue")}
    sb.kubectl("rollout", "restart", "statefulset/queue")
    wait_until(lambda: {p["metadata"]["uid"] for p in sb.kube.pods("queue")} & set(first.values())
               == {first["queue-0"], first["queue-1"]}, "the last one goes first")
    settled(sb, "statefulset/queue")
    assert names(sb, "queue") == set(first)
    assert not {p["metadata"]["uid"] for p in sb.kube.pods("queue")} & set(first.values())
    assert sb.kubectl("rollout", "history", "statefulset/queue").count("\n1") == 1
    sb.kubectl("set", "image", "statefulset/queue", "queue=queue:2")
    settled(sb, "statefulset/queue")
    sb.kubectl("rollout", "undo", "statefulset/queue")
    settled(sb, "statefulset/queue")
    assert sb.kube.ready_images("queue") == ["registry.k8s.io/pause:3.9"] * 3
    sb.kubectl("scale", "statefulset/queue", "--replicas=1")
    wait_until(lambda: names(sb, "queue", ready=False) == {"queue-0"}, "it is scaled down")


def test_a_database_as_a_stateful_set_is_restarted(sandbox):
    sb = sandbox("database")
    sb.kube.stateful("postgres")
    assert names(sb, "postgres") == {"postgres-0"} and sb.kube.state("deployments", "postgres") is None
    sb.kubectl("rollout", "restart", "statefulset/postgres")
    settled(sb, "statefulset/postgres")
    assert int(sb.postgres.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = '" + BACKEND
                                 + "'")[0][0]) == 0


@pytest.mark.parametrize("plural, name", [("statefulsets", "queue"), ("daemonsets", "agent")])
def test_other_controllers_stand_still_too(sandbox, plural, name):
    sb = sandbox()
    sb.kube.workload(plural, name)
    sb.kube.stand_still("*")
    sb.kubectl("rollout", "restart", f"{plural}/{name}")
    assert "timed out" in refused(sb, "rollout", "status", f"{plural}/{name}", "--timeout=1s")
    now = sb.kube.state(plural, name)
    assert now["status"]["observedGeneration"] < now["metadata"]["generation"]
    sb.kube.go_on()
    settled(sb, f"{plural}/{name}")


def test_a_daemon_set_rolls_node_by_node(sandbox):
    sb = sandbox()
    sb.kube.workload("daemonsets", "agent", "monitoring")
    before = {p["metadata"]["uid"] for p in sb.kube.store.list("pods", "monitoring")}
    assert len(before) == 3
    sb.kubectl("-n", "monitoring", "rollout", "restart", "daemonset/agent")
    sb.kubectl("-n", "monitoring", "rollout", "status", "daemonset/agent", "--timeout=20s")
    after = sb.kube.store.list("pods", "monitoring")
    assert len(after) == 3 and not {p["metadata"]["uid"] for p in after} & before


def test_two_pods_never_share_a_volume(sandbox):
    sb = sandbox()
    sb.kube.volume("postgres", "postgres-data")
    old = names(sb, "postgres")
    assert sb.kubectl("rollout", "history", "deployment/postgres").count("\n1") == 1  # no release of its own
    sb.kubectl("rollout", "restart", "deployment/postgres")
    assert "timed out" in refused(sb, "rollout", "status", "deployment/postgres", "--timeout=2s")
    assert names(sb, "postgres") == old
    assert "Pending" in {p["status"]["phase"] for p in sb.kube.pods("postgres")}
    sb.kubectl("rollout", "undo", "deployment/postgres")
    settled(sb, "deployment/postgres")
    sb.kube.recreate("postgres")
    sb.kubectl("rollout", "restart", "deployment/postgres")
    settled(sb, "deployment/postgres")
    assert names(sb, "postgres", ready=False) != old


# Budgets.

@pytest.mark.parametrize("spec, allowed", [({"minAvailable": "50%"}, 1), ({"minAvailable": 3}, 0),
                                           ({"maxUnavailable": "34%"}, 2), ({"maxUnavailable": 0}, 0)])
def test_budgets_count_in_numbers_and_percent(sandbox, spec, allowed):
    sb = sandbox()
    sb.kube.budget("backend", BACKEND, **spec)
    wait_until(lambda: sb.kube.state("poddisruptionbudgets", "backend")["status"]
               .get("disruptionsAllowed") == allowed, "its status says so")
    node = sb.kube.pods(BACKEND)[0]["spec"]["nodeName"]
    drained = kubectl(sb, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data",
                      f"--timeout={20 if allowed else 2}s")
    assert (drained.returncode == 0) == (allowed > 0)
    if not allowed:
        assert "Cannot evict pod as it would violate the pod's disruption budget." in drained.stderr
