"""Restoring under pods that may still write, or come back; under sessions; with a backup job that is gone."""
import os
import threading
import time

import pytest
from helpers import BACKEND, run, wait_until
from sandbox import backups
from sandbox.kube import NAMESPACE

BUCKET = "flight-search-backups"


def newest(sb):
    return sorted(k for k in sb.s3.keys(BUCKET) if "flight_search_backup" in k)[-1].rsplit("/", 1)[1]


def restore(sb, *options, runbook="restore-database"):
    return run(runbook, "-y", "--yes-destroy", "--var", f"backup={newest(sb)}", *options, on=sb)


def recover(sb, *options):
    return restore(sb, *options, runbook="recover-application")


def after_scaled_down(sb, act, seconds):
    """Do something that long after the backend was scaled down; the time when it was done."""
    done = []

    def go():
        wait_until(lambda: sb.kube.replicas(BACKEND) == 0, "it is scaled down", 60)
        time.sleep(seconds)
        done.append(time.time())
        act()
    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread, done


def began(result, action):
    found = result.event("action.started", action=action)["time"]
    return time.mktime(time.strptime(found[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + 1


def failure(result, action):
    found = result.action(action)
    assert found["outcome"] == "failed", str(result)
    return found["why"]


def test_pods_that_are_being_deleted_may_still_write_and_evicted_ones_do_not(sandbox):
    sb = sandbox()
    sb.kube.evicted(BACKEND)
    sb.kube.cluster.stuck.add(BACKEND)
    thread, done = after_scaled_down(sb, sb.kube.cluster.stuck.clear, 3)
    result = recover(sb)
    thread.join()
    assert result.status == 0, str(result)
    assert began(result, "execute") >= done[0], "it was restored under pods that may write"


def test_a_list_that_is_refused_does_not_say_that_the_pods_are_gone(sandbox):
    sb = sandbox()
    sb.kube.forbid("read", "pods")
    thread, done = after_scaled_down(sb, sb.kube.allow_all, 3)
    result = recover(sb)
    thread.join()
    assert result.status == 0 and began(result, "execute") >= done[0], str(result)


@pytest.mark.parametrize("by, says", [("argocd", "Argo CD (application flight-search)"), ("helm", "Helm"),
                                      ("keda", "ScaledObject")])
def test_whoever_else_scales_the_backend_is_named_first(sandbox, by, says):
    sb = sandbox()
    if by == "keda":
        sb.kube.autoscale(BACKEND, 2, 5, by=by)
    else:
        sb.kube.managed(BACKEND, by, heals=False)
    result = recover(sb)
    assert result.status == 2 and says in failure(result, "scalers") and sb.kube.mutations == [], str(result)
    assert recover(sb, "--var", "force=true").status == 0 and sb.kube.replicas(BACKEND) == 3


def test_pods_that_somebody_puts_back_are_seen_before_the_restore(sandbox):
    sb = sandbox()
    sb.kube.managed(BACKEND, None, after=1.5)
    sb.kube.cluster.run_seconds = 3  # the backup of the present takes longer than that
    result = recover(sb)
    assert result.status == 2 and "execute" not in result.commands(), str(result)
    assert "is to have 3 pods again" in failure(result, "still_down"), str(result)


def test_pods_that_come_back_during_the_restore_are_told_of(sandbox):
    sb = sandbox()
    scale = f"kubectl --context prod -n {NAMESPACE} scale deployment/{BACKEND} --replicas"
    script = os.path.join(sb.recovery, "restore-postgres.sh")
    with open(script, "w") as f:
        f.write(f"#!/bin/sh\nset -e\n{scale}=2\n{scale}=0\n")
    result = recover(sb)
    assert result.status == 2 and result.action("execute")["outcome"] == "passed", str(result)
    assert "during the restore" in failure(result, "stayed_down"), "also when they are gone again"
    assert sb.kube.replicas(BACKEND) == 3 and result.action("as_before")["outcome"] == "passed"


def test_the_number_that_somebody_else_made_of_it_is_told(sandbox):
    sb = sandbox()
    sb.kube.autoscale(BACKEND, 5, 9, after=0.2)
    wait_until(lambda: sb.kube.replicas(BACKEND) == 5, "it has scaled")
    sb.kube.cluster.autoscalers.wanted[(NAMESPACE, BACKEND)] = 7
    sb.kube.stand_still("horizontalpodautoscalers")
    thread, _ = after_scaled_down(sb, sb.kube.go_on, 0)
    result = recover(sb, "--var", "force=true")
    thread.join()
    assert result.status == 2 and "7 pods and not 5" in failure(result, "as_before"), str(result)


def test_a_restore_under_sessions_that_may_write_is_asked_about(sandbox):
    sb = sandbox()
    sb.postgres.hold(2)
    result = restore(sb)
    assert result.status == 77 and "execute" not in result.commands(), str(result)
    assert [r["connections"] for r in result.action("sessions")["result"]["rows"]] == [2]
    agreed = restore(sb, "--var", "under_writers=true", "--var", "keep_present=false")
    assert "execute" in agreed.commands(), str(agreed)


def test_the_present_is_kept_by_a_job_that_is_gone(sandbox):
    sb = sandbox()
    sb.kube.cluster.vanishing.add("postgres-backup")
    result = restore(sb)
    assert result.status == 0 and result.action("kept_whole")["outcome"] == "passed", str(result)


def test_half_of_the_present_is_not_kept(sandbox):
    sb = sandbox()
    data = backups.dump()
    sb.kube.cluster.on_job["postgres-backup"] = lambda job: sb.s3.put(
        BUCKET, backups.name_at(time.time()), data[:len(data) // 2], time.time())
    result = restore(sb)
    assert result.status == 2 and "torn" in failure(result, "kept_whole"), str(result)
    assert "execute" not in result.commands()


@pytest.mark.parametrize("runbook, words", [
    ("recover-application", ("--var", "backup=NEWEST")), ("monthly-maintenance", ()),
    ("security-incident", ("--var", f"deployment={BACKEND}", "--var", "isolate=true", "--var", "scale_down=true"))])
def test_a_check_waits_for_nothing_that_it_does_not_do(healthy, tmp_path, runbook, words):
    words = [word.replace("NEWEST", newest(healthy)) for word in words]
    before = len(healthy.kube.mutations)
    result = run(runbook, "--check", *words, on=healthy, cwd=tmp_path, timeout=60)
    assert result.status == 0 and len(healthy.kube.mutations) == before, str(result)
