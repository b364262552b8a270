"""The cluster's stand-in is not kinder than a real one: what it refuses, what its controllers do and leave undone."""
import subprocess

import pytest

from helpers import BACKEND, wait_until

NEW = "flight-search/backend:v1.2.0"
NAMESPACE = "flight-search-prod"


def kubectl(sb, *words, seconds=20):
    return subprocess.run(["kubectl", *words], env=sb.env, capture_output=True, text=True, timeout=seconds)


def refused(sb, *words):
    done = kubectl(sb, *words)
    assert done.returncode, done.stdout
    return done.stderr


def set_image(sb, image=NEW):
    sb.kubectl("set", "image", f"deployment/{BACKEND}", f"backend={image}")


# What is refused.

def test_all_reads_are_forbidden_in_the_api_servers_words(sandbox):
    sb = sandbox()
    sb.kube.forbid("read")
    assert ('pods is forbidden: User "on-call" cannot list resource "pods" in API group "" in the namespace '
            f'"{NAMESPACE}"') in refused(sb, "get", "pods")
    assert 'deployments.apps "redis" is forbidden: User "on-call" cannot get' in refused(sb, "get", "deployment", "redis")
    assert "cannot list resource \"nodes\" in API group \"\" at the cluster scope" in refused(sb, "get", "nodes")
    assert kubectl(sb, "auth", "can-i", "list", "pods").stdout == "no\n"
    assert kubectl(sb, "auth", "can-i", "delete", "pods").stdout == "yes\n"
    sb.kubectl("delete", "configmap", "flight-search-config", "--wait=false")
    sb.kube.allow_all()
    assert sb.kubectl("get", "pods")


def test_nobody_is_let_in(sandbox):
    sb = sandbox()
    sb.break_part("kube", "unauthorized")
    assert "You must be logged in to the server" in refused(sb, "get", "pods")
    sb.heal("kube")
    sb.warm_discovery()
    sb.break_part("kube", "unauthorized")
    assert "You must be logged in to the server (Unauthorized)" in refused(sb, "get", "pods")


def test_the_api_is_gone_behind_a_warm_cache(sandbox):
    sb = sandbox()
    sb.warm_discovery()
    seen = len(sb.kube.requests)
    sb.kubectl("get", "pods")
    assert [path for _, path, _ in list(sb.kube.requests)[seen:]] == [f"/api/v1/namespaces/{NAMESPACE}/pods"]
    sb.break_part("kube", "refuse")
    assert "was refused" in refused(sb, "get", "pods")


@pytest.mark.parametrize("words, why", [
    ("get rs --field-selector status.replicas=0", '"status.replicas" is not a known field selector'),
    ("delete deployments --field-selector status.replicas=0", '"status.replicas" is not a known field selector'),
    ("get cronjobs --field-selector status.active=0", "not a known field selector"),
    ("get jobs --field-selector status.failed=1", 'field label "status.failed" not supported for batchv1.Job'),
    ("get nodes --field-selector spec.podCIDR=x", "field label not supported: spec.podCIDR")])
def test_fields_that_nothing_is_selected_by(healthy, words, why):
    assert why in refused(healthy, *words.split())


@pytest.mark.parametrize("words", [
    "get rs --field-selector metadata.name!=x", "get pods --field-selector status.phase=Running,spec.nodeName!=x",
    "get jobs --field-selector status.successful=1", "get secrets --field-selector type=Opaque",
    "get nodes --field-selector spec.unschedulable=false", "get events --field-selector involvedObject.kind=Pod",
    "get services --field-selector spec.type=ClusterIP"])
def test_fields_that_something_is_selected_by(healthy, words):
    assert len(healthy.kubectl(*words.split()).splitlines()) > 1


# Deployments that do not roll.

def test_a_paused_deployment_rolls_nothing_out(sandbox):
    sb = sandbox()
    sb.kube.pause(BACKEND)
    sets = len(sb.kube.store.list("replicasets"))
    old = sb.kube.ready_images(BACKEND)
    set_image(sb)
    wait_until(lambda: sb.kube.state("deployments", BACKEND)["status"].get("updatedReplicas", 0) == 0, "it is seen")
    assert "timed out" in refused(sb, "rollout", "status", f"deployment/{BACKEND}", "--timeout=1s")
    assert sb.kube.ready_images(BACKEND) == old and len(sb.kube.store.list("replicasets")) == sets
    assert "you cannot rollback a paused deployment" in refused(sb, "rollout", "undo", f"deployment/{BACKEND}")
    assert "can't restart paused deployment" in refused(sb, "rollout", "restart", f"deployment/{BACKEND}")
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=5")
    wait_until(lambda: sb.kube.ready_images(BACKEND) == old[:1] * 5, "it is scaled")
    sb.kubectl("rollout", "resume", f"deployment/{BACKEND}")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=20s")
    assert sb.kube.ready_images(BACKEND) == [NEW] * 5


def test_a_controller_that_stands_still_sees_nothing(sandbox):
    sb = sandbox()
    sb.kube.stand_still("deployments")
    old = sb.kube.ready_images(BACKEND)
    set_image(sb)
    assert "timed out" in refused(sb, "rollout", "status", f"deployment/{BACKEND}", "--timeout=1s")
    now = sb.kube.state("deployments", BACKEND)
    assert now["status"]["observedGeneration"] < now["metadata"]["generation"]
    assert now["status"]["updatedReplicas"] == 3 and sb.kube.ready_images(BACKEND) == old
    sb.kube.go_on()
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=20s")
    assert sb.kube.ready_images(BACKEND) == [NEW] * 3
