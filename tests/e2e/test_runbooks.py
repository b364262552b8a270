"""Each shipped runbook against the scenario it is for: what it found, the change it made as the platform saw it, and
the metrics after. A second run changes nothing."""
import gzip
import os
import time

import pytest
from helpers import BACKEND, FRONTEND, check, fsops, run, wait_until
from sandbox.kube import BAD, GOOD

SOON = ("--var", "window=6s", "--var")  # a few scrapes, one each second
INSIDE = {"ok", "info"}


def changes(sb):
    """What was changed in the cluster, as its API server saw it."""
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations]


def not_passed(result):
    return {name: outcome for name, outcome in result.outcomes().items() if outcome != "passed"}


def assert_quiet(result):
    assert result.err == "", f"something on stderr{result}"


def assert_repaired(result, *metrics):
    assert result.status == 0, f"the run did not end well{result}"
    assert_quiet(result)
    after = result.levels("after")
    for metric in metrics:
        assert after[metric] in INSIDE, f"{metric} is {after[metric]} after the run{result}"
    assert result.finished["exit"] == 0 and result.finished["level"] in INSIDE


def assert_changes_nothing(sb, *words):
    before = changes(sb)
    again = run(*words, on=sb)
    assert again.status == 0, f"the second run{again}"
    assert changes(sb) == before, f"the second run changed something{again}"
    started = [e for e in again.events("action.started") if e["effect"] != "read"]
    assert started == [], f"the second run began a change{again}"
    return again


# high-error-rate

def test_high_error_rate_takes_the_bad_release_back(sandbox):
    sb = sandbox("error-rate")
    result = run("high-error-rate", "-y", *SOON, "watch_for=2s", on=sb)
    assert result.level("error_rate", "before") == "critical"
    assert [e["outcome"] for e in result.events("action.finished", action="logs")] == ["passed"] * 3, "one for each pod"
    codes = {s["code"]: s["value"] for s in result.action("by_code")["result"]["series"]}
    assert codes["500"] / sum(codes.values()) > 0.05, str(result)
    assert {k: result.outcomes()[k] for k in ("database", "cache", "upstream")} == dict.fromkeys(
        ("database", "cache", "upstream"), "passed")
    assert result.step("scale")["outcome"] == "skipped", "there was room enough"
    assert list(result.commands("change").values()) == [
        f"kubectl --context prod --namespace flight-search-prod rollout undo deployment/{BACKEND} --to-revision=2"]
    assert changes(sb) == [("patch", "deployments", BACKEND)]
    assert sb.kube.image(BACKEND) == GOOD
    assert sb.kube.ready_images(BACKEND) == [GOOD] * 3
    assert_repaired(result, "error_rate", "response_time", "cpu", "memory", "availability")
    wait_until(lambda: check("error_rate", "availability", on=sb) == {"error_rate": "ok", "availability": "ok"},
               "`fsops check`, which looks back further, finds all well")
    again = assert_changes_nothing(sb, "high-error-rate", "-y", *SOON, "watch_for=1s")
    assert again.action("undo")["outcome"] == "skipped"
    assert sb.kube.image(BACKEND) == GOOD


def test_high_error_rate_scales_a_backend_without_room(sandbox):
    """Memory is short and the release is old: more pods, and no rollback."""
    sb = sandbox()
    sb.feel(errors=0.03, memory=0.85)
    wait_until(lambda: check("error_rate", "memory", on=sb) == {"error_rate": "warning", "memory": "warning"},
               "errors and memory are above their thresholds")
    result = run("high-error-rate", "-y", "--only", "identify_error_source", "--only", "scale", "--only", "rollback",
                 on=sb)
    assert result.action("scale_up")["outcome"] == "passed", str(result)
    assert result.action("undo")["outcome"] == "skipped", str(result)
    assert sb.kube.replicas(BACKEND) == len(sb.kube.pods(BACKEND, ready=True)) == 6
    assert sb.kube.image(BACKEND) == GOOD
    assert_changes_nothing_scaled(sb)


def assert_changes_nothing_scaled(sb):
    before = changes(sb)
    again = run("high-error-rate", "-y", "--only", "identify_error_source", "--only", "scale", on=sb)
    assert again.step("scale")["outcome"] == "skipped", f"it has 6 pods already{again}"
    assert changes(sb) == before


def test_check_looks_for_real_and_changes_nothing(bad_release):
    """--check: conditions and captures are real, the change is shown and not made."""
    result = run("high-error-rate", "--check", on=bad_release)
    assert changes(bad_release) == [] and bad_release.kube.image(BACKEND) == BAD
    assert result.level("error_rate", "before") == "critical"
    assert result.step("scale")["outcome"] == "skipped"
    undo = result.action("undo")
    assert undo["outcome"] == "skipped" and "--check" in undo["why"], str(result)
    assert result.action("history")["outcome"] == "passed" and result.action("rolled_out")["outcome"] == "skipped"
    assert result.status == 2, f"the error rate is still critical{result}"


def test_check_of_a_platform_that_is_well_shows_no_change(healthy):
    result = run("high-error-rate", "--check", on=healthy)
    assert result.status == 0, str(result)
    assert "not so" in result.action("undo")["why"], f"the condition was not evaluated{result}"


def test_without_a_person_a_plan_with_changes_is_refused_before_its_first_step(bad_release):
    requests = len(bad_release.kube.requests)
    result = run("high-error-rate", on=bad_release)
    assert result.status == 77, str(result)
    assert result.out == "", f"it began{result}"
    assert "2 changes" in result.err and "-y" in result.err and "--check" in result.err, str(result)
    for command in (f"scale deployment {BACKEND} --replicas=6", f"rollout undo deployment/{BACKEND}"):
        assert command in result.err, str(result)
    assert len(bad_release.kube.requests) == requests, "it asked the cluster something"


def test_changes_approved_beforehand_do_not_include_destruction(healthy):
    result = run("complete-outage", "-y", on=healthy)
    assert result.status == 77, str(result)
    assert "failover-procedure.sh" in result.err and "--yes-destroy" in result.err, str(result)
    assert not healthy.failed_over()


# high-response-time

def test_high_response_time_scales(sandbox):
    sb = sandbox("latency")
    result = run("high-response-time", "-y", *SOON, "watch_for=2s", on=sb)
    assert result.level("response_time", "before") == "warning"
    assert result.level("cpu", "before") == "warning"
    assert changes(sb) == [("patch", "deployments/scale", BACKEND), ("patch", "deployments/scale", FRONTEND)]
    assert (sb.kube.replicas(BACKEND), sb.kube.replicas(FRONTEND)) == (5, 4)
    assert len(sb.kube.pods(BACKEND, ready=True)) == 5
    assert result.action("slowest")["outcome"] == "passed"
    assert result.action("slowest_before_13")["outcome"] == "skipped"
    assert "mean_exec_time" in result.action("slowest")["result"]["rows"][0]
    assert_repaired(result, "response_time", "error_rate", "cpu", "memory")
    again = assert_changes_nothing(sb, "high-response-time", "-y", *SOON, "watch_for=1s")
    assert again.step("scale")["outcome"] == "skipped"


# database-issues

def test_database_issues_restarts_the_database(sandbox):
    sb = sandbox("database")
    result = run("database-issues", "-y", *SOON, "watch_for=2s", on=sb)
    assert result.level("db_connections", "before") == "warning"
    assert result.action("ping")["outcome"] == "passed"
    taken = result.action("taken")
    assert taken["outcome"] == "failed" and taken["result"]["rows"][0]["connections"] >= 86, str(result)
    assert result.action("holders")["result"]["rows"][0]["connections"] >= 86, str(result)
    assert changes(sb) == [("patch", "deployments", "postgres")]
    assert result.step("corruption")["outcome"] == "skipped"
    held = sb.postgres.query("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
    assert int(held[0][0]) < 20, f"{held} connections are held after the restart"
    assert_repaired(result, "db_connections", "error_rate", "availability")
    again = assert_changes_nothing(sb, "database-issues", "-y", *SOON, "watch_for=1s")
    assert again.step("restart")["outcome"] == "skipped"


def test_database_issues_restarts_nothing_that_only_cannot_be_reached(sandbox):
    """The way to it is broken, its pods are well: a restart would make an outage of that. People look for the way."""
    sb = sandbox()
    sb.break_part("postgres", "refuse")
    result = run("database-issues", "-y", *SOON, "watch_for=1s", on=sb)
    assert result.level("db_connections", "before") == "unknown"
    assert {result.outcomes()[name] for name in ("ping", "taken", "holders", "running")} == {"failed"}
    assert result.step("restart")["outcome"] == "skipped" and changes(sb) == []
    assert result.step("way")["outcome"] == "left", str(result)
    assert result.status != 0


# complete-outage

def test_complete_outage_fails_over(sandbox):
    sb = sandbox("outage")
    result = run("complete-outage", "-y", "--yes-destroy", *SOON, "monitor_for=2s", on=sb)
    assert result.level("availability", "before") == "critical"
    assert result.level("error_rate", "before") == "unknown", "no traffic is no error rate"
    for name in ("api", "site"):
        found = result.action(name, step="assess_scope")
        assert found["outcome"] == "failed" and "503" in found["why"], str(result)
    assert list(result.commands("destroy").values()) == [f"(cd {sb.recovery} && ./failover-procedure.sh)"]
    assert os.path.exists(os.path.join(sb.recovery, "failed-over")) and sb.failed_over()
    assert "failover done" in "".join(e["text"] for e in result.events("action.output", action="execute"))
    assert changes(sb) == [], "the script did it, not kubectl"
    began = [e["action"] for e in result.events("action.started")]
    assert began.index("stakeholders") < began.index("execute"), "people are told before it, not after"
    assert "inside the cluster: critical" in result.event("action.started", action="execute")["title"], "what speaks for it"
    assert result.action("back_to_normal")["outcome"] == "passed"
    assert result.step("health_checks/backup")["outcome"] == "passed", "the daily check runs inside"
    watched = result.action("monitor")
    assert watched["outcome"] == "passed" and 2 <= watched["seconds"] < 6, "2 s were asked for, a look every 10 s"
    left = [item["text"] for item in result.finished["left"]]
    assert "Send customer communication if needed" in left and result.step("communicate")["outcome"] == "left"
    assert any(h.json["text"].startswith("*Outage of ") for h in sb.webhooks.to("/slack")), "stakeholders are told"
    assert_repaired(result, "availability", "error_rate", "response_time", "db_connections")
    again = run("complete-outage", "-y", "--yes-destroy", *SOON, "monitor_for=1s", on=sb)
    assert again.status == 0 and again.step("failover")["outcome"] == "skipped", str(again)
    assert again.step("monitor")["outcome"] == "skipped"


def test_complete_outage_does_not_fail_over_without_its_script(sandbox):
    sb = sandbox("outage")
    os.remove(os.path.join(sb.recovery, "failover-procedure.sh"))
    result = run("complete-outage", "-y", "--yes-destroy", *SOON, "monitor_for=1s", on=sb)
    assert result.status == 2, str(result)
    assert result.action("script")["outcome"] == "failed"
    assert "execute" not in result.commands(), f"it went on without the script{result}"
    assert "failover_failed" in result.outcomes("step"), f"on_failure did not run{result}"
    assert "verify" not in result.outcomes("step"), str(result)
    assert result.finished["level"] == "critical"


# daily-health-check and overview: reads only

def test_daily_health_check_is_ok_and_only_reads(healthy):
    before = len(healthy.kube.requests)
    keys = healthy.s3.keys("flight-search-backups")
    result = run("daily-health-check", on=healthy)
    assert result.status == 0, str(result)
    assert_quiet(result)
    assert set(result.outcomes().values()) == {"passed"}, str(result)
    assert {e["effect"] for e in result.events("action.started")} == {"read"}
    assert {m["name"]: m["level"] for m in result.events("metric.measured")} == dict.fromkeys(
        ("error_rate", "response_time", "cpu", "memory", "db_connections", "cache_hit_rate", "availability",
         "certificate_days", "backup_age"), "ok")
    assert len(healthy.kube.requests) > before and changes(healthy) == []
    assert healthy.s3.keys("flight-search-backups") == keys


def test_runbooks_that_only_read_write_no_file(healthy, tmp_path):
    for runbook in ("daily-health-check", "overview"):
        assert run(runbook, on=healthy, cwd=tmp_path, env={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}).status == 0
    left = [p for p in tmp_path.rglob("*") if ".kube" not in p.parts]  # kubectl keeps its own cache
    assert left == [], f"written: {left}"


def test_daily_health_check_finds_a_stale_backup(sandbox):
    """One that was packed twice from nothing is none."""
    sb = sandbox("stale-backup")
    nothing = gzip.compress(gzip.compress(b""))
    sb.s3.put("flight-search-backups", "postgres-backups/flight_search_backup_empty.sql.gz", nothing, time.time())
    result = run("daily-health-check", on=sb)
    assert result.action("jobs")["outcome"] == result.action("latest")["outcome"] == "failed", str(result)
    assert result.level("backup_age", "step") == "warning"
    assert not_passed(result) == {"jobs": "failed", "latest": "failed", "metrics": "failed"}, "only the backups are wrong"
    assert result.status == 1, f"a missed backup is a warning{result}"
    assert changes(sb) == []


def test_daily_health_check_finds_a_certificate_that_ends(sandbox):
    sb = sandbox("certificate")
    result = run("daily-health-check", on=sb)
    assert result.status == 1 and result.level("certificate_days", "step") == "warning", str(result)


def test_cache_misses_are_found_everywhere(sandbox):
    sb = sandbox("cache")
    checked = fsops("check", on=sb)
    assert checked.status == 1, str(checked)
    assert [line for line in checked.out.splitlines() if "fsops run high-response-time" in line
            and line.startswith("cache_hit_rate")], checked
    daily = run("daily-health-check", on=sb)
    assert daily.status == 1 and daily.level("cache_hit_rate", "step") == "warning", str(daily)
    assert "cache_hit_rate is warning" in daily.action("metrics")["why"]
    slow = run("high-response-time", "-y", on=sb)
    assert slow.status == 1 and slow.action("stats")["outcome"] == "failed", str(slow)
    assert changes(sb) == [], "scaling does not make a cache hit"


def test_overview_shows_everything_at_once(healthy):
    result = run("overview", on=healthy)
    assert result.status == 0, str(result)
    assert set(result.outcomes().values()) == {"passed"}, str(result)
    actions = result.events("action.finished")
    assert result.step("overview")["seconds"] < 0.7 * sum(a["seconds"] for a in actions), "one after another?"
    texts = "".join(e["text"] for e in result.events("action.output", action="all"))
    for kind in ("pod/", "service/", "deployment.apps/", "replicaset.apps/"):
        assert kind + BACKEND in texts, str(result)
    assert changes(healthy) == []


@pytest.mark.parametrize("words", [("overview",), ("high-error-rate", "--only", "identify_error_source")])
def test_the_application_s_log_of_every_pod_the_sick_ones_first(sandbox, words):
    """A proxy is the first container of each pod, and one pod crashes again and again."""
    sb = sandbox()
    sb.kube.sidecar(BACKEND)
    sick = max(p["metadata"]["name"] for p in sb.kube.pods(BACKEND))
    sb.kube.crash(sick)
    wait_until(lambda: len(sb.kube.pods(BACKEND, ready=True)) == 2, "it crashes")
    result = run(*words, on=sb)
    logs = result.events("action.finished", action="logs")
    assert sorted(e["item"] for e in logs) == sorted(p["metadata"]["name"] for p in sb.kube.pods(BACKEND)), str(result)
    assert {e["outcome"] for e in logs} == {"passed"}, str(result)
    first = min(result.events("action.started", action="logs"), key=lambda e: e["number"])
    assert first["item"] == sick, str(result)
    said = "".join(e["text"] for e in result.events("action.output", action="logs"))
    assert "Envoy" not in said and "GET /api" in said, said[:2000]
    assert "FATAL" in "".join(e["text"] for e in result.events("action.output", action="previous_logs", item=sick))


@pytest.mark.parametrize("name, metric", [("healthy", None), ("torn-backup", "latest")])
def test_a_torn_backup_is_told_from_a_whole_one(sandbox, healthy, name, metric):
    sb = healthy if name == "healthy" else sandbox(name)
    result = run("daily-health-check", "--only", "backup", on=sb)
    failed = [k for k, v in result.outcomes().items() if v == "failed"]
    assert failed == ([metric] if metric else []), str(result)
