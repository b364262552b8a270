"""The cluster's stand-in is not kinder than a real one: what it refuses, what its controllers do and leave undone."""
import subprocess

import pytest

from helpers import BACKEND, wait_until
from sandbox.kube import cronjobs
from sandbox.sandbox import OLD_MINOR, kubectl_minor

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
    assert 'deployments.apps "redis" is forbidden: User "on-call"' in refused(sb, "get", "deployment", "redis")
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
    ("get jobs --field-selector status.failed=1", 'field label "status.failed" not supported for Job'),
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


# Others who write.

MARKS = {"argocd": "argocd.argoproj.io/tracking-id", "argocd-label": "argocd.argoproj.io/instance",
         "flux": "kustomize.toolkit.fluxcd.io/name", "flux-helm": "helm.toolkit.fluxcd.io/name",
         "helm": "meta.helm.sh/release-name"}


def test_a_healer_puts_the_image_and_the_replicas_back(sandbox):
    sb = sandbox()
    old = sb.kube.image(BACKEND)
    sb.kube.managed(BACKEND, "argocd", after=0.5)
    set_image(sb)
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=5")
    assert sb.kube.image(BACKEND) == NEW and sb.kube.replicas(BACKEND) == 5
    wait_until(lambda: (sb.kube.image(BACKEND), sb.kube.replicas(BACKEND)) == (old, 3), "it is healed")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=20s")
    assert sb.kube.ready_images(BACKEND) == [old] * 3


def test_managers_leave_their_marks(sandbox):
    sb = sandbox()
    for by, mark in MARKS.items():
        sb.kube.managed("redis", by, heals=False)
        shown = sb.kube.state("deployments", "redis")["metadata"]
        assert mark in {**shown["annotations"], **shown["labels"]}
    sb.kubectl("scale", "deployment/redis", "--replicas=2")
    assert sb.kube.replicas("redis") == 2


def test_an_autoscaler_scales_back(sandbox):
    sb = sandbox()
    sb.kube.autoscale(BACKEND, 3, 6, wanted=4, after=0.3)
    wait_until(lambda: sb.kube.replicas(BACKEND) == 4, "it is scaled to what the load asks for")
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=9")
    wait_until(lambda: sb.kube.replicas(BACKEND) == 4, "it is scaled back")
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=0")
    wait_until(lambda: "ScalingDisabled" in sb.kubectl("get", "hpa", BACKEND, "-o", "yaml"), "0 switches it off")
    assert sb.kube.replicas(BACKEND) == 0
    sb.kube.autoscale("redis", 1, 3, by="keda")
    assert "scaledobject.keda.sh/name: redis" in sb.kubectl("get", "hpa", "keda-hpa-redis", "-o", "yaml")
    assert "Deployment/redis" in sb.kubectl("get", "hpa")


# Jobs.

def jobs(sb, cron="postgres-backup"):
    return {j["metadata"]["name"] for j in sb.kube.store.list("jobs", NAMESPACE)
            if j["metadata"]["name"].startswith(cron) or "by-hand" in j["metadata"]["name"]}


def by_hand(sb, name="by-hand"):
    if kubectl_minor() > OLD_MINOR:
        sb.kubectl("create", "job", "--from=cronjob/postgres-backup", name)
    else:  # an old one can't read this cluster's cron jobs; what a newer one makes of them
        cron = sb.kube.state("cronjobs", "postgres-backup")
        sb.kube.store.create("jobs", cronjobs.job_of(cron, name, True))


def test_a_cron_job_adopts_jobs_and_keeps_its_limits(sandbox):
    sb = sandbox(old_apis=False)
    nights = jobs(sb)
    assert len(nights) == 3
    before = sb.kube.state("cronjobs", "postgres-backup")["status"]
    by_hand(sb)
    sb.kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=20s")
    wait_until(lambda: len(jobs(sb)) == 3, "the oldest is gone")
    assert jobs(sb) == {"by-hand"} | set(sorted(nights)[1:])
    after = sb.kube.state("cronjobs", "postgres-backup")["status"]
    assert after["lastSuccessfulTime"] > before["lastSuccessfulTime"]
    assert after["lastScheduleTime"] == before["lastScheduleTime"]
    sb.kube.job("by-hand-unowned", "postgres-backup", owned=False, ago=60)
    for n in range(2):
        sb.kube.job(f"by-hand-failed-{n}", "postgres-backup", ago=30 - n, failed=True)
    wait_until(lambda: "by-hand-failed-0" not in jobs(sb), "one failed job is kept")
    assert {"by-hand-unowned", "by-hand-failed-1"} <= jobs(sb)
    assert sb.kube.state("cronjobs", "postgres-backup")["status"]["lastSuccessfulTime"] == after["lastSuccessfulTime"]


@pytest.mark.parametrize("how", [
    lambda sb: sb.kube.cron("postgres-backup", ttlSecondsAfterFinished=0),
    lambda sb: sb.kube.cron("postgres-backup", successfulJobsHistoryLimit=0),
    lambda sb: sb.kube.vanish("by-hand")], ids=["ttl", "history", "vanishing"])
def test_a_job_is_gone_once_it_has_succeeded(sandbox, how):
    sb = sandbox(old_apis=False)
    how(sb)
    newest = max(sb.s3.keys("flight-search-backups"))
    by_hand(sb)
    wait_until(lambda: "by-hand" not in jobs(sb), "the job is gone")
    assert max(sb.s3.keys("flight-search-backups")) >= newest
    wait_until(lambda: not sb.kube.store.list("pods", NAMESPACE, lambda p: "by-hand" in p["metadata"]["name"]),
               "its pods too")
    assert "NotFound" in refused(sb, "wait", "--for=condition=complete", "job/by-hand", "--timeout=2s")


def test_groups_that_are_gone(sandbox):
    sb = sandbox(old_apis=False)
    shown = sb.kubectl("api-versions").split()
    assert {"batch/v1", "policy/v1", "autoscaling/v2"} <= set(shown)
    assert [v for v in shown if "beta" in v] == ["metrics.k8s.io/v1beta1"]
    assert "doesn't have a resource type" in refused(sb, "get", "cronjobs.v1beta1.batch")
    old = sandbox(old_apis=True)
    assert {"batch/v1beta1", "policy/v1beta1"} <= set(old.kubectl("api-versions").split())
    assert "apiVersion: batch/v1beta1" in old.kubectl("get", "cronjob", "postgres-backup", "-o", "yaml")
