"""Releases, backups and recovery: each runbook on its good path, and in what can go wrong with it."""
import gzip
import os
import time

import pytest
from helpers import BACKEND, FRONTEND, run, wait_until
from sandbox import backups
from sandbox.kube import GOOD

BUCKET = "flight-search-backups"
NEW = "flight-search/backend:v1.3.0"
QUICK = ("--var", "watch_for=2s", "--var", "window=6s")
OLD = ("--var", "recent=9000h")  # the sandbox's releases are days old
READY = ("--var", "checklist=done")


def changes(sb):
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations]


def made(sb, resource):
    return [m.name for m in sb.kube.mutations if (m.verb, m.resource) == ("create", resource)]


def deploy(sb, *options, version="v1.3.0"):
    return run("deploy", "-y", "--var", f"version={version}", *QUICK, *READY, *options, on=sb)


# deploy and rollback

def test_deploy(sandbox):
    sb = sandbox()
    result = deploy(sb)
    assert result.status == 0, str(result)
    assert sb.kube.image(BACKEND) == NEW and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.3.0"
    assert sb.kube.ready_images(BACKEND) == [NEW] * 3
    run_id = result.finished["run"]
    assert made(sb, "jobs") == [f"pre-deploy-backup-{run_id}"]
    assert made(sb, "pods") == [f"migration-job-{run_id}", f"smoke-test-{run_id}"]
    assert sb.kube.pods("migration-job") == [] and result.action("errors")["outcome"] == "passed"
    assert result.step("checklist")["outcome"] == "skipped" and result.action("frontend_stays")["outcome"] == "passed"
    assert "take_back" not in result.outcomes("step")


def test_deploy_without_migrations(sandbox):
    sb = sandbox()
    result = deploy(sb, "--var", "migrate=false")
    assert result.status == 0 and result.step("migrations")["outcome"] == "skipped", str(result)


@pytest.mark.parametrize("version", ["latest", "v1.3", "v1.3.0 --force", "v1.3.0;reboot", ""])
def test_only_a_version_can_be_deployed(healthy, version):
    before = len(healthy.kube.requests)
    result = deploy(healthy, version=version)
    assert result.status == 64 and "version" in result.err, str(result)
    assert len(healthy.kube.requests) == before


def test_nothing_is_deployed_without_a_backup(sandbox):
    sb = sandbox()
    sb.kube.cluster.failing_jobs.add("postgres-backup")
    result = deploy(sb)
    assert result.status == 2 and result.action("backup_done")["outcome"] == "failed", str(result)
    assert sb.kube.image(BACKEND) == GOOD and "backend_image" not in result.commands()
    assert result.step("take_back")["outcome"] == "skipped", "there was nothing to take back"


def test_nothing_is_deployed_when_the_backup_left_nothing(sandbox):
    sb = sandbox("stale-backup")
    sb.kube.cluster.on_job.clear()
    result = deploy(sb)
    assert result.status == 2 and result.action("backup_there")["outcome"] == "failed", str(result)
    assert "backend_image" not in result.commands()


def test_what_ran_already_is_not_taken_back(sandbox):
    """The same version again, and its smoke test fails: there is nothing to go back to."""
    sb = sandbox()
    sb.kube.cluster.exit_codes["smoke-test"] = 3
    result = deploy(sb, version="v1.1.4")
    assert result.status == 2 and result.step("take_back/backend")["outcome"] == "skipped", str(result)
    assert sb.kube.image(BACKEND) == GOOD and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4"


def test_a_change_that_is_refused_takes_nothing_back(sandbox):
    sb = sandbox()
    sb.kube.forbid("patch", "deployments")
    result = deploy(sb)
    assert result.status == 2 and "forbidden" in result.action("backend_image")["why"], str(result)
    assert result.step("take_back/backend")["outcome"] == "skipped" and sb.kube.image(BACKEND) == GOOD


def test_a_release_that_does_not_start_is_taken_back(sandbox):
    sb = sandbox()
    sb.kube.cluster.bad_images.add(NEW)
    result = deploy(sb, "--var", "backend_within=3s")
    assert result.status == 2 and result.action("backend_ready", step="deploy_backend")["outcome"] == "failed", str(result)
    assert result.step("take_back")["outcome"] == "passed", str(result)
    assert sb.kube.image(BACKEND) == GOOD
    wait_until(lambda: sb.kube.ready_images(BACKEND) == [GOOD] * 3, "the release before serves")
    assert sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4", "the frontend was not touched"
    assert not any(m.name == FRONTEND for m in sb.kube.mutations)


def test_a_release_that_brings_errors_is_taken_back(sandbox):
    sb = sandbox()
    sb.bad_images.add(NEW)
    result = deploy(sb, "--var", "watch_for=8s")
    assert result.status == 2 and result.action("fresh")["outcome"] == "failed", str(result)
    assert sb.kube.image(BACKEND) == GOOD and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4"
    assert result.step("take_back/verify")["outcome"] == "passed", str(result)


@pytest.mark.parametrize("pod, frontend", [("migration-job", False), ("smoke-test", True)])
def test_a_migration_or_a_smoke_test_that_fails(sandbox, pod, frontend):
    sb = sandbox()
    sb.kube.cluster.exit_codes[pod] = 3
    result = deploy(sb)
    assert result.status == 2 and sb.kube.image(BACKEND) == GOOD, str(result)
    undone = [m.name for m in sb.kube.mutations if m.resource == "deployments"]
    assert undone == ([BACKEND, FRONTEND, BACKEND, FRONTEND] if frontend else [BACKEND, BACKEND]), str(result)


def test_rollback(sandbox):
    sb = sandbox()
    sb.kubectl("set", "image", f"deployment/{BACKEND}", f"backend={NEW}")
    sb.kubectl("set", "image", f"deployment/{FRONTEND}", "frontend=flight-search/frontend:v1.3.0")
    result = run("rollback", "-y", on=sb)
    assert result.status == 0, str(result)
    assert sb.kube.image(BACKEND) == GOOD and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4"
    assert sb.kube.ready_images(BACKEND) == [GOOD] * 3
    again = run("rollback", "-y", *OLD, "--var", "frontend_revision=-1", on=sb)
    assert again.status == 0 and sb.kube.image(BACKEND) == "flight-search/backend:v1.1.3", (
        f"a second time is further back, not the bad release again{again}")
    assert sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4"
    third = run("rollback", "-y", *OLD, on=sb)
    assert third.status == 2 and third.action("backend_target")["outcome"] == "failed" and "no release of" in third.action("backend_target")["why"], str(third)
    assert third.commands("change") == {}, "the backend has nothing to go back to, so the frontend stays too"


def test_rollback_to_a_revision(sandbox):
    sb = sandbox()
    there = run("rollback", "-y", "--var", "backend_revision=1", "--var", "frontend_revision=2", on=sb)
    assert there.status == 0 and sb.kube.image(BACKEND) == "flight-search/backend:v1.1.3", str(there)
    assert there.step("frontend")["outcome"] == "skipped", "it runs that one"
    nowhere = run("rollback", "-y", "--var", "backend_revision=77", on=sb)
    assert nowhere.status == 2 and nowhere.commands("change") == {}, str(nowhere)


def test_a_rollback_that_is_refused(sandbox):
    sb = sandbox()
    sb.kube.forbid("patch", "deployments")
    result = run("rollback", "-y", *OLD, on=sb)
    assert result.status == 2 and "forbidden" in result.action("backend_undo")["why"], str(result)
    assert "frontend_undo" not in result.commands() and result.step("failed")["outcome"] == "left"


@pytest.mark.parametrize("words", [("backup",), ("deploy", "--var", "version=v1.3.0"),
                                   ("restore-database", "--var", "backup=NEWEST")])
def test_a_check_waits_for_no_job_that_it_does_not_start(healthy, words):
    words = [word.replace("NEWEST", newest(healthy)) for word in words]
    result = run(*words, "--check", *(QUICK if words[0] == "deploy" else ()), on=healthy)
    assert result.status == 0 and changes(healthy) == [], str(result)
    assert "failed" not in result.outcomes().values()


# backups

def test_backup(sandbox):
    sb = sandbox()
    before = set(sb.s3.keys(BUCKET))
    result = run("backup", "-y", on=sb)
    assert result.status == 0, str(result)
    run_id = result.finished["run"]
    assert made(sb, "jobs") == [f"manual-backup-{run_id}", f"manual-redis-backup-{run_id}"]
    assert len(set(sb.s3.keys(BUCKET)) - before) == 2
    assert result.action("postgres_file")["outcome"] == result.action("redis_file")["outcome"] == "passed"


@pytest.mark.parametrize("kind", ["postgres", "redis"])
def test_a_backup_job_that_fails(sandbox, kind):
    sb = sandbox()
    sb.kube.cluster.failing_jobs.add(f"{kind}-backup")
    result = run("backup", "-y", on=sb)
    assert result.status == 2 and result.action(f"{kind}_done")["outcome"] == "failed", str(result)
    said = "".join(e["text"] for e in result.events("action.output", action=f"{kind}_log"))
    assert "ERROR failed" in said and result.step("why")["outcome"] == "left", str(result)
    other = "redis" if kind == "postgres" else "postgres"
    assert result.action(f"{other}_file")["outcome"] == "passed", "the other one is good"


def test_a_backup_job_that_leaves_nothing(sandbox):
    sb = sandbox("stale-backup")
    sb.kube.cluster.on_job.clear()
    result = run("backup", "-y", on=sb)
    assert result.action("postgres_done")["outcome"] == "passed"
    assert result.status == 2 and result.action("postgres_file")["outcome"] == "failed", str(result)


def test_verify_backup(healthy):
    keys = healthy.s3.keys(BUCKET)
    result = run("verify-backup", on=healthy)
    assert result.status == 0, str(result)
    whole = result.action("whole")["result"]
    assert whole["gzip"] and whole["bytes"] > 1000 and "PostgreSQL database dump" in "".join(whole["head"])
    assert healthy.s3.keys(BUCKET) == keys and changes(healthy) == []


def test_verify_a_backup_that_is_named(healthy):
    older = sorted(k for k in healthy.s3.keys(BUCKET) if "flight_search_backup" in k)[0].rsplit("/", 1)[1]
    assert run("verify-backup", "--var", f"backup={older}", on=healthy).status == 0
    missing = run("verify-backup", "--var", "backup=nothing.sql.gz", on=healthy)
    assert missing.status == 2 and missing.action("list")["outcome"] == "failed", str(missing)


def test_verify_finds_a_torn_backup(sandbox):
    sb = sandbox("torn-backup")
    result = run("verify-backup", on=sb)
    assert result.status == 2 and result.action("whole")["outcome"] == "failed", str(result)
    assert result.step("damaged")["outcome"] == "left"


def test_verify_finds_a_backup_that_is_none(sandbox):
    sb = sandbox()
    sb.s3.put(BUCKET, "postgres-backups/latest-backup.sql.gz", gzip.compress(b"pg_dump: error: out of room\n" * 9), time.time())
    result = run("verify-backup", on=sb)
    assert result.status == 2 and "dump" in result.action("whole")["why"], str(result)
    assert result.action("size")["outcome"] == "failed"


def test_verify_finds_a_dump_that_broke_off_before_it_was_packed(sandbox):
    """Whole gzip, the right beginning, and the size of the others: only its last words are missing."""
    sb = sandbox()
    text = gzip.decompress(backups.dump()).replace(b"-- PostgreSQL database dump complete\n", b"")
    sb.s3.put(BUCKET, "postgres-backups/latest-backup.sql.gz", gzip.compress(text), time.time())
    result = run("verify-backup", on=sb)
    assert result.status == 2 and "dump complete" in result.action("whole")["why"], str(result)
    assert result.action("size")["outcome"] == "passed"


# recovery

def newest(sb):
    return sorted(k for k in sb.s3.keys(BUCKET) if "flight_search_backup" in k)[-1].rsplit("/", 1)[1]


def restore(sb, backup=None, *options, runbook="restore-database"):
    return run(runbook, "-y", "--yes-destroy", "--var", f"backup={backup or newest(sb)}", *options, on=sb)


def damage(sb):
    sb.postgres.query("DELETE FROM bookings")
    assert sb.postgres.query("SELECT count(*) FROM bookings") in ([["0"]], [("0",)])


def rows(sb):
    return int(sb.postgres.query("SELECT count(*) FROM bookings")[0][0])


def test_restore_database(sandbox):
    sb = sandbox()
    wanted = rows(sb)
    damage(sb)
    result = restore(sb)
    assert result.status == 0, str(result)
    assert rows(sb) == wanted > 0
    assert made(sb, "jobs") == [f"pre-restore-backup-{result.finished['run']}"], "what was there is kept"
    assert list(result.commands("destroy")) == ["execute"]


def test_restore_needs_consent_of_its_own(healthy):
    result = run("restore-database", "-y", "--var", f"backup={newest(healthy)}", on=healthy)
    assert result.status == 77 and "--yes-destroy" in result.err and changes(healthy) == [], str(result)


@pytest.mark.parametrize("backup", ["../../etc/passwd", "-rf.sql.gz", "x.sql.gz; rm", "a b.sql.gz"])
def test_a_backup_is_a_file_name(healthy, backup):
    assert restore(healthy, backup).status == 64


def test_restore_of_a_backup_that_is_not_in_the_bucket(sandbox):
    sb = sandbox()
    wanted = rows(sb)
    result = restore(sb, "flight_search_backup_19990101_020000.sql.gz")
    assert result.status == 2 and result.action("backups")["outcome"] == "failed", str(result)
    assert changes(sb) == [] and rows(sb) == wanted and "execute" not in result.commands()
    assert result.step("not_restored")["outcome"] == "left"


def test_restore_of_a_torn_backup(sandbox):
    sb = sandbox("torn-backup")
    wanted = rows(sb)
    result = restore(sb)
    assert result.status == 2 and result.action("whole")["outcome"] == "failed", str(result)
    assert changes(sb) == [] and rows(sb) == wanted


def test_restore_does_not_begin_when_the_present_cannot_be_kept(sandbox):
    sb = sandbox()
    sb.kube.cluster.failing_jobs.add("postgres-backup")
    result = restore(sb)
    assert result.status == 2 and "execute" not in result.commands(), str(result)
    forced = restore(sb, None, "--var", "keep_present=false")
    assert forced.status == 0 and forced.step("keep")["outcome"] == "skipped", str(forced)


def test_what_is_kept_does_not_write_over_what_is_restored(sandbox):
    """The backup job replaces latest-backup.sql.gz: with the present, which is what is to go."""
    sb = sandbox()
    damage(sb)
    result = restore(sb, "latest-backup.sql.gz")
    assert result.status == 2 and result.action("backups")["outcome"] == "failed" and changes(sb) == [], str(result)
    night, job = newest(sb), sb.kube.cluster.on_job["postgres-backup"]

    def over(done):
        job(done)
        sb.s3.put(BUCKET, f"postgres-backups/{night}", b"something else" * 50)
    sb.kube.cluster.on_job["postgres-backup"] = over
    result = restore(sb, night)
    assert result.status == 2 and result.action("untouched")["outcome"] == "failed", str(result)
    assert "execute" not in result.commands() and rows(sb) == 0


def test_restore_does_not_begin_when_nothing_was_kept(sandbox):
    sb = sandbox("stale-backup")
    sb.kube.cluster.on_job.clear()
    result = restore(sb)
    assert result.status == 2 and result.action("there")["outcome"] == "failed", str(result)
    assert "execute" not in result.commands()


def test_a_restore_that_fails_says_how_to_have_the_present_back(sandbox):
    sb = sandbox()
    wanted = rows(sb)
    script = os.path.join(sb.recovery, "restore-postgres.sh")
    with open(script, "w") as f:
        f.write("#!/bin/sh\necho 'connection lost' >&2\nexit 1\n")
    result = restore(sb)
    assert result.status == 2 and result.action("execute")["outcome"] == "failed", str(result)
    left = "".join(item["text"] for item in result.finished["left"])
    assert f"--var backup={newest(sb)}" in left and rows(sb) == wanted, str(result)


def test_recover_application(sandbox):
    sb = sandbox()
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=4")
    wanted = rows(sb)
    damage(sb)
    result = restore(sb, runbook="recover-application")
    assert result.status == 0, str(result)
    assert rows(sb) == wanted and sb.kube.replicas(BACKEND) == 4, "as many as before, not 3"
    scaled = [m.body["spec"]["replicas"] for m in sb.kube.mutations if m.resource == "deployments/scale"][1:]
    assert scaled == [0, 4], str(result)
    wait_until(lambda: len(sb.kube.pods(BACKEND, ready=True)) == 4, "all of them are ready")


def test_the_application_comes_back_when_the_restore_fails(sandbox):
    sb = sandbox()
    os.remove(os.path.join(sb.recovery, "restore-postgres.sh"))
    result = restore(sb, runbook="recover-application")
    assert result.status == 2 and result.step("up")["outcome"] == "passed", str(result)
    assert sb.kube.replicas(BACKEND) == 3


@pytest.mark.parametrize("scenario, backup", [("healthy", "flight_search_backup_19990101_020000.sql.gz"),
                                              ("torn-backup", None)])
def test_the_application_stays_when_there_is_no_good_backup(sandbox, scenario, backup):
    sb = sandbox(scenario)
    result = restore(sb, backup, runbook="recover-application")
    assert result.status == 2 and changes(sb) == [], str(result)
