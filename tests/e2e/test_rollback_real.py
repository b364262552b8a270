"""Releases are pod templates: what `rollback`, `high-error-rate` and `weekly-maintenance` go back to and keep."""
import os
import re

import pytest
from helpers import BACKEND, FRONTEND, FSOPS, Terminal, check, environment, run, wait_until
from sandbox.kube import BAD, GOOD, NAMESPACE

NEW = "flight-search/backend:v1.3.0"
OLDER = "flight-search/backend:v1.1.3"
FRONTEND_GOOD = "flight-search/frontend:v1.1.4"
SOON = ("--var", "watch_for=2s", "--var", "window=6s")  # of which a busy machine may miss some scrapes
STEADY = ("--var", "watch_for=2s", "--var", "window=20s")  # for what does not wait until something has left the window


def release(sb, image):
    sb.kubectl("set", "image", f"deployment/{BACKEND}", f"backend={image}")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=60s")


def restart(sb):
    sb.kubectl("rollout", "restart", f"deployment/{BACKEND}")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=60s")


def error_rate(sb, *options):
    return run("high-error-rate", "-y", *SOON, *options, on=sb)


# rollback

def test_only_what_is_recent_is_taken_back(sandbox):
    sb = sandbox()
    release(sb, NEW)
    result = run("rollback", "-y", on=sb)
    assert result.status == 0 and sb.kube.image(BACKEND) == GOOD, str(result)
    assert sb.kube.image(FRONTEND) == FRONTEND_GOOD and result.step("frontend")["outcome"] == "skipped"
    asked = run("rollback", "-y", "--var", "backend_revision=-1", "--var", "frontend_revision=1", on=sb)
    assert asked.status == 0 and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.3", str(asked)


def test_a_restart_is_no_release(sandbox):
    """Neither the one that is taken back, nor a recent one."""
    sb = sandbox()
    restart(sb)
    nothing = run("rollback", "-y", on=sb)
    assert nothing.status == 2 and "younger than" in nothing.action("something")["why"], str(nothing)
    assert nothing.commands("change") == {}
    release(sb, NEW)
    restart(sb)
    result = run("rollback", "-y", on=sb)
    assert result.status == 0 and sb.kube.image(BACKEND) == GOOD, str(result)


def test_a_release_that_differs_in_its_environment_alone(sandbox):
    """The image is the same before and after: the template tells."""
    sb = sandbox()
    sb.kubectl("set", "env", f"deployment/{BACKEND}", "FARES=new")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=60s")
    result = run("rollback", "-y", on=sb)
    assert result.status == 0 and result.action("backend_stays")["outcome"] == "passed", str(result)
    containers = sb.kube.state("deployments", BACKEND)["spec"]["template"]["spec"]["containers"]
    assert not any(e["name"] == "FARES" for c in containers for e in c.get("env", [])), containers


def test_the_question_names_image_and_age_of_the_release(sandbox):
    sb = sandbox()
    release(sb, NEW)
    terminal = Terminal(FSOPS, "run", "rollback", env=environment(sb), columns=200)
    try:
        asked = terminal.answer("[a]bort [?] ", "a\n")
        assert f"{NEW} (made " in asked and "back to revision 2" in asked and f"{GOOD} (made " in asked, asked
    finally:
        if terminal.status is None:
            os.kill(terminal.pid, 9)
            terminal.close()


@pytest.mark.parametrize("runbook", ["rollback", "high-error-rate"])
@pytest.mark.parametrize("how", ["paused", "managed"])
def test_what_would_not_last_is_refused(sandbox, runbook, how):
    sb = sandbox("error-rate")
    if how == "paused":
        sb.kube.pause(BACKEND)
    else:
        sb.kube.managed(BACKEND, "argocd", heals=False)
    result = run(runbook, "-y", *(SOON if runbook != "rollback" else ()), on=sb)
    why = result.action("backend_target" if runbook == "rollback" else "may_undo")["why"]
    assert ("are paused" if how == "paused" else "Argo CD (application flight-search)") in why, str(result)
    assert result.status == 2 and sb.kube.mutations == [] and sb.kube.image(BACKEND) == BAD


def test_what_is_put_back_again_is_not_back(sandbox):
    sb = sandbox()
    release(sb, NEW)
    sb.kube.managed(BACKEND, None, after=0.5)
    result = run("rollback", "-y", on=sb)
    assert result.status == 2 and sb.kube.image(BACKEND) == NEW, str(result)
    outcomes = result.outcomes()
    assert "failed" in (outcomes.get("backend_back"), outcomes.get("backend_stays"), outcomes["backend_ready"])


def test_a_check_of_a_rollback_looks_and_waits_for_nothing(sandbox):
    sb = sandbox()
    release(sb, NEW)
    before = len(sb.kube.mutations)
    result = run("rollback", "--check", on=sb)
    assert result.status == 0 and len(sb.kube.mutations) == before, str(result)
    assert "failed" not in result.outcomes().values() and result.action("backend_undo")["outcome"] == "skipped"


@pytest.mark.parametrize("name", ["backend", "frontend"])
def test_a_revision_that_is_not_there_is_named_with_those_that_are(sandbox, name):
    sb = sandbox()
    result = run("rollback", "-y", "--var", f"{name}_revision=99", on=sb)
    why = result.action(f"{name}_target")["why"]
    assert result.status == 2 and "there is no revision 99" in why and "there are 2, 1, and what runs is 2" in why, str(result)
    assert result.action("something")["outcome"] != "failed" and sb.kube.mutations == [], str(result)
    assert "Nothing was changed." in str(result.finished["left"]), str(result)


# high-error-rate

@pytest.mark.parametrize("hinder, says", [
    (lambda sb: sb.kube.managed(BACKEND, "argocd", heals=False), re.escape(BAD) + r" \(made .*may have brought the errors, and was not"),
    (lambda sb: sb.kube.pause(BACKEND), re.escape(BAD) + r" \(made .*may have brought the errors, and was not"),
    (lambda sb: sb.kube.forbid("read", "replicasets"), "Whether a recent release brought the errors could not be looked at"),
    (lambda sb: sb.kube.forbid("read", "pods"), "")], ids=["argocd", "paused", "forbidden", "only the pods"])
def test_a_release_that_stays_is_not_said_to_be_innocent(sandbox, hinder, says):
    sb = sandbox("error-rate")
    hinder(sb)
    result = error_rate(sb)
    told = str(result.finished["left"])
    assert "Neither a lack of room" not in told and re.search(says, told), str(result)
    assert bool(says) == ("undo" not in result.commands()), str(result)


def test_a_bad_release_that_was_restarted_is_taken_back_all_the_same(sandbox):
    sb = sandbox("error-rate")
    restart(sb)
    first = error_rate(sb)
    assert first.status == 0 and sb.kube.image(BACKEND) == GOOD, str(first)
    assert first.action("back")["outcome"] == first.action("still_back")["outcome"] == "passed"
    second = error_rate(sb)
    assert second.commands("change") == {} and sb.kube.image(BACKEND) == GOOD, str(second)


def test_an_autoscaler_is_not_worked_against(sandbox):
    sb = sandbox()
    sb.feel(cpu=0.95)
    wait_until(lambda: check("cpu", on=sb)["cpu"] in ("warning", "critical"), "CPUs are busy")
    sb.kube.autoscale(BACKEND, 2, 4, wanted=3)
    result = error_rate(sb)
    assert "HorizontalPodAutoscaler" in result.action("scalers")["why"], str(result)
    assert result.status == 2 and "scale_up" not in result.commands() and sb.kube.replicas(BACKEND) == 3


def test_the_log_of_every_pod_and_of_the_container_that_is_meant(sandbox):
    sb = sandbox("error-rate")
    names = {p["metadata"]["name"] for p in sb.kube.pods(BACKEND)}
    result = error_rate(sb, "--only", "identify_error_source")
    read = [e["command"] for e in result.events("action.started", action="logs")]
    assert len(read) == len(names) and all("-c backend" in c for c in read), str(result)
    assert {n for n in names if any(n in c for c in read)} == names


# high-response-time

@pytest.mark.parametrize("how", ["autoscaler", "keda", "helm"])
def test_pods_are_added_only_where_nobody_else_counts_them(sandbox, how):
    sb = sandbox("latency")
    if how == "helm":
        sb.kube.managed(BACKEND, "helm", heals=False)
    else:
        sb.kube.autoscale(BACKEND, 2, 4, wanted=3, by="keda" if how == "keda" else None)
    before = sb.kube.replicas(BACKEND)
    result = run("high-response-time", "-y", *STEADY, "--only", "resources", "--only", "scale", on=sb)
    named = {"autoscaler": "HorizontalPodAutoscaler", "keda": "KEDA (ScaledObject", "helm": "Helm (release"}[how]
    assert named in result.action("backend_free")["why"] and result.status == 2, str(result)
    assert sb.kube.replicas(BACKEND) == before and "scale_backend" not in result.commands()
    assert result.action("frontend_there")["outcome"] == "passed", "nobody counts those"


def test_pods_that_are_taken_away_again_were_not_added(sandbox):
    sb = sandbox("latency")
    sb.kube.managed(BACKEND, None, after=0.2)
    result = run("high-response-time", "-y", *STEADY, "--only", "resources", "--only", "scale", on=sb)
    assert result.status == 2 and "failed" in (
        result.outcomes().get("backend_there"), result.outcomes().get("backend_scaled")), str(result)


# weekly-maintenance

def test_weekly_keeps_what_rollback_goes_to(sandbox):
    """After a release that was taken back, and restarts: numbers do not tell what came before."""
    sb = sandbox()
    release(sb, NEW)
    run("rollback", "-y", on=sb)
    for _ in range(3):
        restart(sb)
    older = [s["metadata"]["name"] for s in sb.kube.store.list("replicasets", NAMESPACE)
             if s["spec"]["template"]["spec"]["containers"][0]["image"] == OLDER]
    result = run("weekly-maintenance", "-y", "--yes-destroy", "--var", "keep_releases=1", "--only", "clean_up",
                 "--only", "delete_sets", "--only", "still_served", on=sb)
    assert result.status == 0, str(result)
    left = {s["metadata"]["name"] for s in sb.kube.store.list("replicasets", NAMESPACE)}
    assert older and set(older) <= left, "the one before the present one, though its number is the lowest"
    back = run("rollback", "-y", "--var", "recent=9000h", "--var", "frontend_revision=-1", on=sb)
    assert back.status == 0 and sb.kube.image(BACKEND) == OLDER, str(back)


def test_weekly_deletes_the_sets_of_older_releases_as_the_api_server_lets_it(sandbox):
    sb = sandbox()
    release(sb, NEW)
    wait_until(lambda: len(sb.kube.pods(BACKEND)) == 3, "the pods before are gone")
    result = run("weekly-maintenance", "-y", "--yes-destroy", "--var", "keep_releases=1", "--only", "clean_up",
                 "--only", "delete_sets", "--only", "still_served", on=sb)
    images = {s["spec"]["template"]["spec"]["containers"][0]["image"] for s in sb.kube.store.list("replicasets", NAMESPACE)}
    assert result.status == 0 and OLDER not in images and {NEW, GOOD} <= images, str(result)
