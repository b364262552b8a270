"""What happens to a cluster in the middle of a run, and what others do to it."""
import json
import os
import re
import signal

import pytest
from helpers import wait_until
from objects import BACKEND
from runs import Run, busy, images, replicas

CUT = 'case "$*" in *{words}*) export KUBECONFIG={nobody};; esac'


@pytest.fixture
def cut(cluster):
    """cut(WORDS): the API server is away whenever kubectl is asked this."""
    nobody = cluster.kubeconfig("refused", server="https://127.0.0.1:1")
    return lambda words: CUT.format(words=f"'{words}'", nobody=nobody)


@pytest.fixture
def knobs(cluster):
    """Whether pods do here what the names of their images say, without machines (as under kwok)."""
    cluster.here("run", "knob", "--image=flight-search/backend:v0-crash")
    try:
        wait_until(lambda: "CrashLoopBackOff" in json.dumps(cluster.json("pod", "knob")["status"]), "it crashes", 15)
    except AssertionError:
        pytest.skip("pods do not behave here as their images are called")
    finally:
        cluster.here("delete", "pod", "knob", "--wait=false")


def patch(cluster, what, **change):
    cluster.here("patch", *what.split(), "--type=merge", f"--patch={json.dumps(change)}")


def restored(run):
    return any(b["command"].find("restore-postgres.sh flight") >= 0 for b, _ in run.actions())


def test_recover_application_restores_nothing_under_pods_that_nobody_sees(cluster, cut):
    run = Run(cluster, "recover-application", moment=cut(f"get pods -l app={BACKEND}")).go()
    assert run.result.status == 2 and run.lies() == [] and not restored(run), str(run)
    assert replicas(cluster) == 3, str(run)


def test_recover_application_waits_for_pods_that_do_not_go(cluster):
    pod = cluster.json("pods", "-l", f"app={BACKEND}")["items"][0]["metadata"]["name"]
    patch(cluster, f"pod {pod}", metadata={"finalizers": ["fsops.check/stuck"]})
    run = Run(cluster, "recover-application").go()
    assert run.result.status == 2 and not restored(run), str(run)
    assert replicas(cluster) == 3, str(run)


def test_deploy_says_nothing_of_a_rollout_that_nobody_sees(cluster, cut):
    run = Run(cluster, "deploy", moment=cut("rollout status")).go()
    assert run.result.status == 2 and run.lies() == [], str(run)


@pytest.mark.parametrize("kind", ["nopull", "crash", "never"])
def test_deploy_takes_back_what_does_not_get_ready(cluster, knobs, kind):
    run = Run(cluster, "deploy", version=f"v1.2.0-{kind}").go()
    assert run.result.status == 2 and run.lies() == [], str(run)
    wait_until(lambda: images(cluster) == {"v1.1.4"}, "the release before is back", 60)


@pytest.mark.parametrize("kind", ["fail", "hang"])
def test_deploy_takes_back_what_does_not_migrate(cluster, knobs, kind):
    run = Run(cluster, "deploy", version=f"v1.2.0-{kind}").go()
    assert run.result.status == 2 and run.lies() == [], str(run)
    wait_until(lambda: images(cluster) == {"v1.1.4"}, "the release before is back", 60)
    left = [p["metadata"]["name"] for p in cluster.json("pods")["items"]
            if p["metadata"]["name"].startswith("migration") and p["status"].get("phase") == "Running"
            and not p["metadata"].get("deletionTimestamp")]
    assert all(name in run.result.out for name in left), f"{left} run on, and nobody is told{run}"


@pytest.mark.parametrize("book", ["deploy", "rollback"])
def test_a_paused_deployment_is_left_alone(cluster, book):
    patch(cluster, f"deployment {BACKEND}", spec={"paused": True})
    run = Run(cluster, book).go()
    assert run.result.status in (1, 2) and "paused" in run.result.out, str(run)
    assert f"deployment {BACKEND}" not in run.changed(), str(run)


@pytest.mark.skipif("CONTROLLER_PID" not in os.environ, reason="give CONTROLLER_PID, the controller manager's")
def test_deploy_does_not_believe_a_controller_that_stands_still(cluster):
    pid = int(os.environ["CONTROLLER_PID"])
    try:
        run = Run(cluster, "deploy", moment=f'case "$*" in *"set image"*) kill -STOP {pid};; esac').go()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert run.result.status == 2, str(run)
    said = [e.get("why") or "" for e in run.result.events("step.finished")] + [run.result.finished.get("why") or ""]
    assert not re.search("taken back", " ".join(said)) or images(cluster) == {"v1.1.4"}, str(run)


@pytest.mark.parametrize("book", ["high-response-time", "recover-application"])
def test_an_autoscaler_is_not_fought(cluster, book):
    busy(cluster)
    cluster.here("autoscale", "deployment", BACKEND, "--min=3", "--max=10")
    run = Run(cluster, book).go()
    assert replicas(cluster) == 3, str(run)
    assert run.result.status in (1, 2) or book == "recover-application", str(run)


def test_pods_that_were_evicted_are_a_warning_at_most(cluster):
    pod = cluster.json("pods", "-l", f"app={BACKEND}")["items"][0]["metadata"]["name"]
    cluster.here("patch", "pod", pod, "--subresource=status", "--type=merge", "--patch=" + json.dumps(
        {"status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}}))
    wait_until(lambda: len([p for p in cluster.json("pods", "-l", f"app={BACKEND}")["items"]
                            if p["status"].get("phase") == "Running"]) == 3, "another took its place", 60)
    cluster.rolled_out()
    run = Run(cluster, "daily-health-check").go()
    assert run.result.status <= 1, str(run)
