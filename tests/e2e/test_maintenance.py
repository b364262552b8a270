"""Weekly and monthly maintenance, the performance review: what they clean up and what they leave, what they find."""
import base64

from helpers import BACKEND, fsops, only_with, run, wait_until
from sandbox.kube import NAMESPACE

WEEKLY = ("weekly-maintenance", "-y", "--yes-destroy")
SECRET = "flight-search-secrets"
INSIDE = {"ok", "info"}


def names(sb, plural):
    return {o["metadata"]["name"] for o in sb.kube.store.list(plural, NAMESPACE)}


def changes(sb):
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations]


def release(sb, *tags):
    """Release after release of the backend; their replica sets, the oldest first."""
    for tag in tags:
        sb.kubectl("set", "image", f"deployment/{BACKEND}", f"backend=flight-search/backend:{tag}")
        sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=30s")
    sets = sb.kube.store.list("replicasets", NAMESPACE, lambda r: r["metadata"]["labels"].get("app") == BACKEND)
    return [r["metadata"]["name"] for r in sorted(
        sets, key=lambda r: int(r["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))]


def jwt_secret(sb):
    return base64.b64decode(sb.kube.state("secrets", SECRET)["data"]["JWT_SECRET"]).decode()


# weekly-maintenance

def half_done_job(sb):
    """One of two successes: what the document's field selector would delete while it runs."""
    job = sb.kube.store.list("jobs", NAMESPACE)[0]
    spec = {**job["spec"], "completions": 2}
    sb.kube.store.create("jobs", {"metadata": {"name": "half-done", "namespace": NAMESPACE}, "spec": spec,
                                  "status": {"succeeded": 1, "active": 1}})


def test_weekly_deletes_what_has_ended_and_nothing_else(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.cluster.run_seconds = 60
    half_done_job(sb)
    sets = release(sb, "v1.1.5", "v1.1.6", "v1.1.7")
    for pod in sb.kube.pods(BACKEND, ready=True):
        sb.kube.cluster.output[pod["metadata"]["name"]] = ["ERROR no fares", "INFO all right", "ERROR 504", "ERROR 504"]
    jobs_before, sets_before, before = names(sb, "jobs"), names(sb, "replicasets"), len(changes(sb))
    env = only_with(tmp_path, trivy="exit 0")
    result = run(*WEEKLY, on=sb, env=env)
    assert result.status == 0 and result.err == "", str(result)
    assert sets_before - names(sb, "replicasets") == set(sets[:2]), "two releases can be gone back to, one is live"
    gone = jobs_before - names(sb, "jobs")
    assert len(gone) == 2 and all("-backup-" in name for name in gone), f"older than 48 h: {gone}"
    assert {m.verb for m in sb.kube.mutations[before:]} <= {"delete", "deletecollection"}
    assert len(sb.kube.pods(BACKEND, ready=True)) == 3, "the live pods were touched"
    told = "".join(e["text"] for e in result.events("action.output", action="recurring"))
    assert [line.split(None, 1) for line in told.splitlines()] == [["6", "ERROR 504"], ["3", "ERROR no fares"]], told
    assert result.step("security/scan")["outcome"] == "passed", "the weekly security checks run inside"
    before = len(changes(sb))
    again = run(*WEEKLY, on=sb, env=env)
    assert again.status == 0 and len(changes(sb)) == before, f"nothing is left to delete{again}"
    undone = sb.kubectl("rollout", "undo", f"deployment/{BACKEND}", "--to-revision=3")
    assert "rolled back" in undone and sb.kube.image(BACKEND).endswith(":v1.1.5"), "two releases back"


def test_weekly_stops_at_a_deletion_that_is_refused(sandbox):
    sb = sandbox()
    sets = release(sb, "v1.1.5", "v1.1.6", "v1.1.7")
    sb.kube.forbid("delete", "jobs")
    result = run(*WEEKLY, on=sb)
    assert result.status == 2, str(result)
    refused = result.events("action.finished", action="delete_jobs", outcome="failed")
    assert len(refused) == 1 and "forbidden" in refused[0]["why"].lower(), str(result)
    assert set(sets) <= names(sb, "replicasets") and "logs" not in result.outcomes("step"), "it went on"


def test_weekly_asks_before_it_deletes(healthy):
    result = run("weekly-maintenance", "-y", on=healthy)
    assert result.status == 77 and "delete job" in result.err and "--yes-destroy" in result.err, str(result)


def test_weekly_finds_a_node_that_lags_behind(sandbox):
    sb = sandbox()
    node = sb.kube.state("nodes", "node-2", "")
    info = {**node["status"]["nodeInfo"], "kubeletVersion": "v1.28.9"}
    sb.kube.store.update("nodes", {**node, "status": {**node["status"], "nodeInfo": info}})
    result = run(*WEEKLY, "--only", "packages", on=sb)
    assert result.status == 1 and result.action("alike")["outcome"] == "failed", str(result)
    assert "cluster-update" in result.finished["left"][0]["text"], str(result)


# monthly-maintenance (that nobody sees the secret: test_secrets.py)

def test_monthly_makes_a_new_secret_and_everybody_has_it(sandbox):
    sb = sandbox()
    old_pods, old = {p["metadata"]["name"] for p in sb.kube.pods(BACKEND)}, jwt_secret(sb)
    result = run("monthly-maintenance", "-y", on=sb)
    assert result.status == 0 and result.err == "", str(result)
    assert jwt_secret(sb) != old and len(base64.b64decode(jwt_secret(sb), validate=True)) == 32
    kept = sb.kube.state("secrets", SECRET)["data"]
    assert base64.b64decode(kept["DATABASE_URL"]) == b"postgres://sandbox", "the other keys stay as they are"
    ready = {p["metadata"]["name"] for p in sb.kube.pods(BACKEND, ready=True)}
    assert len(ready) == 3 and not ready & old_pods, "pods with the old secret serve"
    assert changes(sb) == [("patch", "secrets", SECRET), ("patch", "deployments", BACKEND), ("patch", "secrets", SECRET)]
    assert result.action("ends")["captured"] == {"days_left": 59}
    assert "valid for 59 more days" in result.events("action.output", action="days_left")[0]["text"]
    done = sb.postgres.query("SELECT min(vacuum_count), min(analyze_count) FROM pg_stat_user_tables")[0]
    assert int(done[0]) >= 1 and int(done[1]) >= 1, f"vacuumed, analyzed: {done}"
    assert set(result.levels("after").values()) <= INSIDE, str(result)
    note = sb.kube.state("secrets", SECRET)["metadata"]["annotations"]["flightsearch.com/rotated-at"]
    assert run("security-checks", "--only", "secrets", "--var", "secret_within=1h", on=sb).status == 0, note
    run("monthly-maintenance", "-y", "--only", "rotation", on=sb)
    assert jwt_secret(sb) not in (old, ""), "each run makes its own"


def test_monthly_restarts_nothing_when_the_secret_was_refused(sandbox):
    sb = sandbox()
    old = jwt_secret(sb)
    sb.kube.forbid("patch", "secrets")
    result = run("monthly-maintenance", "-y", on=sb)
    assert result.status == 2 and result.action("new_secret")["outcome"] == "failed", str(result)
    assert changes(sb) == [] and jwt_secret(sb) == old
    assert result.step("maintenance_failed")["outcome"] == "left", f"a person is told{result}"
    assert "vacuum" not in result.commands(), "it went on"


def test_monthly_finds_a_certificate_that_was_not_renewed(sandbox):
    sb = sandbox("certificate")
    result = run("monthly-maintenance", "-y", "--only", "certificates", on=sb)
    assert result.status == 1 and result.action("ends")["outcome"] == "failed", str(result)
    assert any("valid for 4 more days" in item["text"] for item in result.finished["left"]), str(result)


def test_monthly_names_the_tables_that_vacuum_passed_over(sandbox):
    """VACUUM only warns about a table of another owner and ends well."""
    sb = sandbox()
    sb.postgres.query("ALTER DATABASE flight_search_prod OWNER TO CURRENT_USER")  # its owner may vacuum all
    sb.postgres.query("CREATE TABLE audit AS SELECT 1 AS entry")
    result = run("monthly-maintenance", "-y", "--only", "database", on=sb)
    assert result.action("vacuum")["outcome"] == "passed", str(result)
    skipped = result.action("skipped")
    assert skipped["outcome"] == "failed" and [r["relname"] for r in skipped["result"]["rows"]] == ["audit"], str(result)
    assert result.status == 1, str(result)


def test_monthly_changes_no_secret_that_no_pod_would_get(sandbox):
    sb = sandbox()
    old = jwt_secret(sb)
    sb.kube.pause(BACKEND)
    paused = run("monthly-maintenance", "-y", "--only", "rotation", on=sb)
    assert paused.status == 2 and "paused" in paused.action("backend_before")["why"], str(paused)
    sb.kube.pause(BACKEND, False)
    sb.kube.managed(BACKEND, "flux", heals=False)
    managed = run("monthly-maintenance", "-y", "--only", "rotation", on=sb)
    assert managed.status == 2 and "Flux" in managed.action("backend_before")["why"], str(managed)
    assert jwt_secret(sb) == old and changes(sb) == []


def test_monthly_leaves_a_secret_that_another_writes(sandbox):
    sb = sandbox()
    owner = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": SECRET, "uid": "1"}
    old = sb.kube.state("secrets", SECRET)
    sb.kube.store.update("secrets", {**old, "metadata": {**old["metadata"], "ownerReferences": [owner]}})
    result = run("monthly-maintenance", "-y", "--only", "rotation", on=sb)
    assert result.status == 2 and "ExternalSecret" in result.action("secret_owner")["why"], str(result)
    assert changes(sb) == []


def test_weekly_keeps_the_last_success_of_a_cron_job(sandbox):
    """Backups that stopped three days ago: which was the last is what people ask then."""
    sb = sandbox()
    jobs = sorted(n for n in names(sb, "jobs") if n.startswith("postgres-backup"))
    sb.kube.stand_still("cronjobs")
    for job in sb.kube.store.list("jobs", NAMESPACE):
        if job["metadata"]["name"] in jobs[2:]:
            sb.kube.store.delete("jobs", job)
    left = names(sb, "jobs")
    assert run(*WEEKLY, "--only", "clean_up", on=sb).status == 0
    gone = {n for n in left - names(sb, "jobs") if n.startswith("postgres-backup")}
    assert gone == {jobs[0]}


def test_weekly_reads_the_log_of_the_application_not_of_its_proxy(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.sidecar(BACKEND)
    wait_until(lambda: len(sb.kube.pods(BACKEND, ready=True)) == 3, "they are ready")
    for pod in sb.kube.pods(BACKEND, ready=True):
        sb.kube.cluster.output[pod["metadata"]["name"]] = ["ERROR no fares"]
    result = run(*WEEKLY, "--only", "logs", on=sb)
    assert "3 ERROR no fares" in "".join(e["text"] for e in result.events("action.output", action="recurring")), str(result)


# performance-review

def test_performance_review_shows_where_time_goes(healthy):
    result = run("performance-review", on=healthy)
    assert result.status == 0 and result.err == "", str(result)
    assert {e["effect"] for e in result.events("action.started")} == {"read"}
    rows = result.action("slowest")["result"]["rows"]
    assert 1 <= len(rows) <= 10 and rows[0]["mean_time"] >= rows[-1]["mean_time"], str(rows)
    assert {r["tablename"] for r in result.action("columns")["result"]["rows"]} >= {"flights"}
    assert result.step("application")["outcome"] == "left" and len(result.finished["left"]) == 3


def test_performance_review_reads_the_statistics_of_old_servers(sandbox):
    """Until version 1.8 of the extension the column was called mean_time."""
    sb = sandbox()
    sb.postgres.query("DROP EXTENSION pg_stat_statements")
    sb.postgres.query("CREATE EXTENSION pg_stat_statements VERSION '1.7'")
    result = run("performance-review", "--only", "queries", on=sb)
    assert result.status == 0 and result.action("slowest")["result"]["rows"][0]["mean_time"] > 0, str(result)


def test_performance_review_finds_a_cold_cache(sandbox):
    result = run("performance-review", on=sandbox("cache"))
    assert result.status == 1 and result.action("hit_rate")["outcome"] == "failed", str(result)



def test_checks_of_them_look_and_change_nothing(healthy, tmp_path):
    """What cron runs as long as nobody approved the changes."""
    before = len(healthy.kube.mutations)
    for runbook in ("weekly-maintenance", "monthly-maintenance"):
        result = run(runbook, "--check", on=healthy, env=only_with(tmp_path / runbook, trivy="exit 0"))
        assert result.status == 0 and "failed" not in result.outcomes().values(), str(result)
        shown = [e for e in result.events("action.finished") if e["effect"] != "read"]
        assert shown and {e["outcome"] for e in shown} == {"skipped"}, str(result)
        assert len(healthy.kube.mutations) == before


def test_their_schedules_are_the_documents():
    found = {b["name"]: b["schedule"] for b in fsops("list", "--format", "json").json if b["schedule"]}
    assert found == {"daily-health-check": "daily 09:00", "weekly-maintenance": "sunday 02:00",
                     "monthly-maintenance": "first sunday 01:00"}
