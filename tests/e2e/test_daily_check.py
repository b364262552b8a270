"""The daily check in clusters that are well and look otherwise, and the other way round."""
import pytest
from helpers import BACKEND, run, wait_until
from sandbox.kube import NAMESPACE


def check(sb, step, *options):
    return run("daily-health-check", "--only", step, *options, on=sb)


def not_passed(result):
    return {k: v for k, v in result.outcomes().items() if v != "passed"}


def why(result, action):
    found = result.action(action)
    assert found["outcome"] == "failed", str(result)
    return found["why"]


def claim(name, phase="Pending"):
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "status": {"phase": phase},
            "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "wait-for-first-consumer",
                     "resources": {"requests": {"storage": "1Gi"}}}}


def forget(sb, kind):
    """The cluster has kept no job of this cron job."""
    for job in sb.kube.store.list("jobs", NAMESPACE):
        if job["metadata"]["name"].startswith(kind):
            sb.kube.store.delete("jobs", job)


def test_an_evicted_pod_is_a_warning(sandbox):
    sb = sandbox()
    sb.kube.evicted(BACKEND)
    result = check(sb, "system_health")
    assert result.status == 1 and set(not_passed(result)) == {"left_over"}, str(result)
    assert "(Evicted)" in why(result, "left_over")


def test_a_claim_that_nobody_uses_may_wait(sandbox):
    sb = sandbox()
    sb.kube.store.create("persistentvolumeclaims", claim("later"))
    assert check(sb, "system_health").status == 0
    pod = sb.kube.pods(BACKEND)[0]
    uses = {"name": "data", "persistentVolumeClaim": {"claimName": "later"}}
    sb.kube.store.update("pods", {**pod, "spec": {**pod["spec"], "volumes": [uses]}})
    result = check(sb, "system_health")
    assert result.status == 2 and "later (Pending)" in why(result, "volumes"), str(result)


def test_a_claim_whose_volume_is_lost(sandbox):
    sb = sandbox()
    sb.kube.store.create("persistentvolumeclaims", claim("gone", "Lost"))
    assert "gone (Lost)" in why(check(sb, "system_health"), "volumes")


def test_pods_that_come_and_go_are_no_failure(sandbox):
    """An autoscaler adds some, and one is being deleted; after a while they would be one."""
    sb = sandbox()
    sb.kube.cluster.ready_delay = sb.kube.cluster.end_delay = 600
    sb.kubectl("delete", "pod", sb.kube.pods(BACKEND)[0]["metadata"]["name"], "--wait=false")
    sb.kube.autoscale(BACKEND, 5, 9, after=0.1)
    wait_until(lambda: len(sb.kube.pods(BACKEND)) > 4, "pods are added")
    result = check(sb, "system_health")
    assert result.status == 1 and set(not_passed(result)) == {"complete"}, str(result)
    late = check(sb, "system_health", "--var", "ready_within=0s")
    assert late.status == 2 and BACKEND in why(late, "pods"), str(late)


def test_pods_that_are_not_even_there(sandbox):
    sb = sandbox()
    sb.kube.stand_still("deployments")
    sb.kube.workload("deployments", "ghost", NAMESPACE, replicas=2)
    result = check(sb, "system_health")
    assert result.status == 2 and "Deployment ghost" in why(result, "serving"), str(result)


@pytest.mark.parametrize("kind, status, reason, bad", [
    ("ScalingLimited", "True", "TooManyReplicas", True), ("ScalingLimited", "True", "TooFewReplicas", False),
    ("ScalingActive", "False", "FailedGetResourceMetric", True), ("ScalingActive", "False", "ScalingDisabled", False)])
def test_an_autoscaler_without_room_or_measures_is_a_warning(sandbox, kind, status, reason, bad):
    sb = sandbox()
    sb.kube.stand_still("horizontalpodautoscalers")
    hpa = sb.kube.autoscale(BACKEND, 1, 3)
    said = {"type": kind, "status": status, "reason": reason, "message": ""}
    sb.kube.store.update("horizontalpodautoscalers", {**hpa, "status": {**hpa["status"], "conditions": [said]}})
    result = check(sb, "system_health")
    assert result.status == (1 if bad else 0), str(result)
    if bad:
        assert reason in why(result, "autoscalers")


def test_a_backup_made_by_hand_is_one(sandbox):
    sb = sandbox()
    sb.kube.stand_still("cronjobs")
    cron = sb.kube.state("cronjobs", "postgres-backup")
    forget(sb, "postgres-backup")
    if not sb.kube.cluster.old:  # nor are they needed when the cron job has seen the success
        assert check(sb, "backup").status == 0
    sb.kube.store.update("cronjobs", {**cron, "status": {}})
    assert "has not succeeded for 26h" in why(check(sb, "backup"), "jobs")
    sb.kube.job("by-hand", "postgres-backup", ago=3600)
    assert check(sb, "backup").status == 0


def test_a_failure_counts_until_a_success_by_hand(sandbox):
    sb = sandbox()
    sb.kube.job("nightly", "postgres-backup", ago=60, failed=True)
    assert "none has succeeded since" in why(check(sb, "backup"), "jobs")
    sb.kube.job("by-hand", "postgres-backup", ago=5)
    assert check(sb, "backup").status == 0


def test_a_backup_that_is_switched_off_is_a_warning(sandbox):
    sb = sandbox()
    sb.kube.cron("redis-backup", suspend=True)
    result = check(sb, "backup")
    assert result.status == 1 and "suspended" in why(result, "jobs"), str(result)
