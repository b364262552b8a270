"""`deploy` where others write, controllers rest and jobs outlive their commands: it says what was seen, and no more."""
import pathlib
import threading

import pytest
from helpers import BACKEND, FRONTEND, run, wait_until
from sandbox.kube import BAD, GOOD

NEW = "flight-search/backend:v1.3.0"
SOON = ("--var", "watch_for=2s", "--var", "window=6s", "--var", "backend_within=15s")


def deploy(sb, *options):
    return run("deploy", "-y", "--var", "version=v1.3.0", "--var", "checklist=done", *SOON, *options, on=sb)


def changed(sb):
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations if m.resource.startswith("deployments")]


def told(result):
    return "\n".join(item["text"] for item in result.finished["left"])


def test_without_a_person_the_checklist_must_have_been_done(sandbox):
    sb = sandbox()
    result = run("deploy", "-y", "--var", "version=v1.3.0", on=sb)
    assert result.status == 77 and result.finished["outcome"] == "refused", str(result)
    assert sb.kube.mutations == [] and "backend_before" not in result.commands()


@pytest.mark.parametrize("by, name", [("argocd", "Argo CD (application flight-search)"), ("flux", "Flux (Kustomization"),
                                      ("flux-helm", "Flux (HelmRelease"), ("helm", "Helm (release")])
def test_a_deployment_that_is_managed_is_not_deployed_here(sandbox, by, name):
    sb = sandbox()
    sb.kube.managed(BACKEND, by, heals=False)
    result = deploy(sb)
    assert result.status == 2 and name in result.action("backend_before")["why"], str(result)
    assert "--var force=true" in result.action("backend_before")["why"] and sb.kube.mutations == []


def test_it_is_when_it_is_forced(sandbox):
    sb = sandbox()
    sb.kube.managed(BACKEND, "helm", heals=False)
    result = deploy(sb, "--var", "force=true", "--var", "migrate=false")
    assert result.status == 0 and sb.kube.image(BACKEND) == NEW, str(result)


def test_an_image_that_is_put_back_is_not_deployed(sandbox):
    """Without marks: only what runs afterwards tells. Nothing is left of the new release, and that is said as well."""
    sb = sandbox()
    sb.kube.managed(BACKEND, None, after=0.5)
    result = deploy(sb)
    assert result.status == 2, str(result)
    seen = [result.action(a)["outcome"] for a in ("backend_runs", "backend_stays") if a in result.outcomes()]
    assert "failed" in seen or result.outcomes().get("backend_ready") == "failed", str(result)
    assert result.action("rollback", step="take_back")["outcome"] == "passed", "its number has changed, it was found"
    assert "was seen to run again" in told(result), told(result)
    assert sb.kube.image(BACKEND) == GOOD and sb.kube.image(FRONTEND) == "flight-search/frontend:v1.1.4"


def test_a_paused_deployment_is_refused(sandbox):
    sb = sandbox()
    sb.kube.pause(BACKEND)
    result = deploy(sb)
    assert result.status == 2 and "are paused" in result.action("backend_before")["why"], str(result)
    assert sb.kube.mutations == [] and result.step("take_back")["outcome"] == "skipped"
    assert "Nothing of the release was changed" in told(result), told(result)


def test_what_no_controller_has_done_is_neither_deployed_nor_taken_back(sandbox):
    sb = sandbox()
    sb.kube.stand_still("deployments")
    result = deploy(sb, "--var", "backend_within=3s", "--var", "back_within=3s")
    assert result.status == 2 and result.action("backend_ready", step="deploy_backend")["outcome"] == "failed", str(result)
    assert result.action("rollback", step="take_back")["outcome"] == "failed", str(result)
    assert "NOT seen to be taken back" in told(result) and "run again" not in told(result), told(result)


def test_a_fix_is_not_thrown_away_for_the_errors_before_it(sandbox):
    sb = sandbox("error-rate")
    assert sb.kube.image(BACKEND) == BAD
    result = deploy(sb, "--var", "window=10s", "--var", "migrate=false")
    assert result.level("error_rate", "before") == "critical"
    assert result.status == 0 and sb.kube.image(BACKEND) == NEW, str(result)
    assert result.level("error_rate", "after") in ("ok", "info")


def test_a_migration_that_outlives_its_step_is_named(sandbox, tmp_path):
    sb = sandbox()
    book = tmp_path / "runbooks"
    book.mkdir()
    for path in pathlib.Path(sb.runbooks).glob("*.yaml"):
        (book / path.name).write_text(path.read_text())
    text = (book / "deploy.yaml").read_text()
    short = text.replace("    id: migrations\n    budget: 10m", "    id: migrations\n    budget: 5s")
    assert short != text
    (book / "deploy.yaml").write_text(short)
    job = sb.kube.cluster.on_job["postgres-backup"]

    def then_slow(done):  # the backup is over; what runs next takes long
        job(done)
        sb.kube.cluster.run_seconds = 120
    sb.kube.cluster.on_job["postgres-backup"] = then_slow
    result = deploy(sb, "-R", str(book))
    name = f"migration-job-{result.finished['run']}"
    assert result.action("migration")["outcome"] == "timed_out", str(result)
    left = result.action("pods_left")
    assert left["outcome"] == "failed" and name in left["why"], str(result)
    assert [p["metadata"]["name"] for p in sb.kube.store.list("pods", "flight-search-prod", lambda p: p["metadata"]["name"] == name)]
    assert sb.kube.image(BACKEND) == GOOD


def test_a_backup_job_that_is_gone_when_it_succeeded(sandbox):
    sb = sandbox()
    sb.kube.cron("postgres-backup", successfulJobsHistoryLimit=0)
    result = deploy(sb, "--var", "migrate=false")
    assert result.status == 0 and result.action("backup_there")["outcome"] == "passed", str(result)
    assert sb.kube.image(BACKEND) == NEW
    wait_until(lambda: sb.kube.ready_images(BACKEND) == [NEW] * 3, "the new release serves")


def test_a_release_that_nobody_can_look_at_stays_and_that_is_said(sandbox):
    """The monitor goes while the release is looked at: what it does not say is no reason to take anything back."""
    sb = sandbox()
    was = sb.kube.state("deployments", BACKEND)["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    watcher = threading.Thread(target=lambda: (wait_until(lambda: sb.kube.image(FRONTEND).endswith("v1.3.0"), "it is out", 60),
                                               sb.break_part("prometheus", "refuse")))
    watcher.start()
    result = deploy(sb, "--var", "migrate=false")
    watcher.join()
    assert result.status != 0 and sb.kube.image(BACKEND) == NEW, str(result)
    assert f"backend_revision={was}" in told(result) and "was NOT taken back" in told(result), told(result)
