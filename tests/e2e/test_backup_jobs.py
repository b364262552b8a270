"""Backup jobs as real clusters treat them: adopted, forgotten, suspended, deleted; success needs evidence."""
import threading
import time

import pytest
from helpers import run, wait_until
from sandbox import backups
from sandbox.kube import NAMESPACE

BUCKET = "flight-search-backups"


def meanwhile(act):
    """Do something while a run goes on; the thread is joined by its test."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def jobs(sb, start="manual-backup-"):
    return [j for j in sb.kube.store.list("jobs", NAMESPACE) if j["metadata"]["name"].startswith(start)]


def why(result, action):
    found = result.action(action)
    assert found["outcome"] == "failed", str(result)
    return found["why"]


def test_a_job_that_is_gone_once_it_has_succeeded(sandbox):
    """A time to live of 0: nobody notes the success either. What it left is new and whole."""
    sb = sandbox()
    sb.kube.cluster.vanishing |= {"postgres-backup", "redis-backup"}
    result = run("backup", "-y", on=sb)
    assert result.status == 0 and jobs(sb) == [], str(result)
    assert result.action("postgres_done")["captured"] == {"postgres_said": False}
    assert result.action("postgres_whole")["outcome"] == result.action("redis_file")["outcome"] == "passed"


def test_a_job_that_its_cron_job_does_not_keep(sandbox):
    sb = sandbox()
    for name in ("postgres-backup", "redis-backup"):
        sb.kube.cron(name, successfulJobsHistoryLimit=0)
    result = run("backup", "-y", on=sb)
    assert result.status == 0, str(result)
    if not sb.kube.cluster.old:  # a job that kubectl 1.20 makes is nobody's, and stays
        assert jobs(sb) == [], str(result)
        assert result.action("postgres_done")["captured"] == {"postgres_said": True}
        assert result.action("postgres_whole")["outcome"] == "skipped", "its cron job has seen it succeed"


def test_a_job_that_somebody_deletes_while_it_runs(sandbox):
    sb = sandbox()
    sb.kube.cluster.run_seconds = 600

    def delete():
        wait_until(lambda: jobs(sb), "the job runs")
        sb.kubectl("delete", "job", jobs(sb)[0]["metadata"]["name"])
        sb.kube.cluster.run_seconds = 0.6
    thread = meanwhile(delete)
    result = run("backup", "-y", on=sb)
    thread.join()
    assert "nothing new is there" in why(result, "postgres_file") and result.status == 2, str(result)
    assert result.action("redis_file")["outcome"] == "passed"


def test_a_job_that_is_gone_and_left_half_a_file(sandbox):
    sb = sandbox()
    sb.kube.cluster.vanishing.add("postgres-backup")
    data = backups.dump()
    sb.kube.cluster.on_job["postgres-backup"] = lambda job: sb.s3.put(
        BUCKET, "postgres-backups/flight_search_backup_29990101_020000.sql.gz", data[:len(data) // 2], time.time())
    result = run("backup", "-y", on=sb)
    assert result.status == 2 and "torn" in why(result, "postgres_whole"), str(result)


def test_a_file_of_a_moment_ago_is_not_what_a_job_left(sandbox):
    sb = sandbox()
    sb.kube.cluster.on_job.clear()
    sb.s3.put(BUCKET, backups.name_at(time.time() - 5), backups.dump(), time.time() - 5)
    result = run("backup", "-y", on=sb)
    assert result.status == 2 and "nothing new is there" in why(result, "postgres_file"), str(result)


def test_a_job_that_cannot_be_asked_for_is_not_gone(sandbox):
    sb = sandbox()
    sb.kube.cluster.vanishing.add("postgres-backup")
    sb.kube.forbid("read", "jobs")

    def allow():
        wait_until(lambda: len([r for r in sb.kube.requests if "/jobs/manual-backup-" in r[1]]) > 2, "it was asked")
        sb.kube.allow_all()
    thread = meanwhile(allow)
    result = run("backup", "-y", on=sb)
    thread.join()
    assert result.status == 0 and result.action("postgres_whole")["outcome"] == "passed", str(result)


def test_a_job_that_is_suspended(sandbox):
    """Suspended once it is there: kubectl 1.20 does not know the word, and would leave it out of a template."""
    sb = sandbox()
    sb.kube.cluster.run_seconds = 4

    def suspend():
        wait_until(lambda: jobs(sb), "the job is there")
        sb.kube.change("jobs", jobs(sb)[0]["metadata"]["name"], spec={"suspend": True})
    thread = meanwhile(suspend)
    result = run("backup", "-y", "--var", "start_within=1s", on=sb, timeout=60)
    thread.join()
    assert result.status == 2 and "the job is suspended" in why(result, "postgres_done"), str(result)
    assert result.action("postgres_file")["outcome"] == "skipped"


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_what_a_job_said_whose_pod_is_gone(sandbox, kind):
    """The job's controller deletes the pods of a job that failed for good."""
    sb = sandbox()
    sb.kube.cluster.failing_jobs.add(f"{kind}-backup")
    prefix = {"postgres": "manual-backup-", "redis": "manual-redis-backup-"}[kind]

    def delete():
        def read():
            """The job has failed, and what its pod said was read: a deletion before that would leave nothing to see."""
            if not any(j["status"].get("failed") for j in jobs(sb, prefix)):
                return []
            return [p for p in sb.kube.store.list("pods", NAMESPACE)
                    if p["metadata"]["name"].startswith(prefix) and p["status"].get("phase") == "Failed"
                    and p["metadata"]["name"] in sb.kube.logs.read]
        wait_until(read, "the job has failed and its pod was read", 60)
        for pod in read():
            sb.kube.store.delete("pods", pod)
    thread = meanwhile(delete)
    result = run("backup", "-y", on=sb)
    thread.join()
    assert result.status == 2 and "BackoffLimitExceeded" in why(result, f"{kind}_done"), str(result)
    said = "".join(e["text"] for e in result.events("action.output", action=f"{kind}_says"))
    assert "ERROR failed" in said and result.action(f"{kind}_log")["outcome"] == "failed", str(result)
    described = "".join(e["text"] for e in result.events("action.output", action=f"{kind}_events"))
    assert f"{prefix}{result.finished['run']}" in described
