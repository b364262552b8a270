"""`fsops alert`: the matrix, one alert, what Alertmanager sends, and rules for Prometheus."""
import json
import re
import subprocess
from datetime import datetime, timedelta, timezone

import pytest
import yaml
from helpers import BACKEND, ROOT, fsops, wait_until, write_book
from sandbox.alertmanager import Alertmanager
from sandbox.kube import GOOD

MATRIX = {  # the document's, all seven rows
    "System Down": ("critical", 300), "High Error Rate": ("critical", 300), "Database Down": ("critical", 300),
    "High Response Time": ("warning", 1800), "High CPU Usage": ("warning", 1800), "Backup Failed": ("warning", 1800),
    "Certificate Expiring": ("info", 86400)}
SOON = {"FSOPS_VAR_WINDOW": "4s", "FSOPS_VAR_WATCH_FOR": "2s"}


def shipped(*words, **more):
    return fsops("alert", *words, "-R", ROOT / "runbooks", **more)


def alert(name="Odd", status="firing", url=None, **labels):
    notes = {"runbook_url": url} if url else {}
    return {"status": status, "labels": {"alertname": name, **labels}, "annotations": notes,
            "startsAt": (datetime.now(timezone.utc) - timedelta(minutes=2)).isoformat().replace("+00:00", "Z")}


def payload(*alerts, **more):
    return json.dumps({"version": "4", "status": "firing", "alerts": list(alerts), **more})


# The matrix and one alert

def test_the_matrix_has_all_rows_of_the_document():
    found = {a["name"]: (a["severity"], a["respond_within_seconds"])
             for a in shipped("--format", "json").json["alerts"]}
    assert found == MATRIX
    text = shipped().out
    assert all(name in text for name in MATRIX) and "Execute disaster recovery" in text, text


@pytest.mark.parametrize("typed", ["High Error Rate", "high-error-rate", "high error", "HighErrorRate"])
def test_one_alert_says_what_to_do_by_when(typed):
    before = datetime.now(timezone.utc)
    result = shipped(typed, env={"TZ": "UTC"})
    assert result.status == 0, str(result)
    by = [(before + timedelta(minutes=5, seconds=s)).strftime("%H:%M UTC") for s in (0, result.seconds + 1)]
    assert any(f"respond by  {clock} (in 5m)" in result.out for clock in by), str(result)
    assert result.out.startswith(f"Platform flight-search, runbooks in {ROOT / 'runbooks'}\n"), str(result)
    for line in ("High Error Rate (critical)", "action      Scale resources, investigate",
                 "runbook     high-error-rate", "contact     On-Call Engineer (phone",
                 "type        fsops run high-error-rate\n"):
        assert line in result.out, f"{line}{result}"


def test_an_alerts_own_contact_comes_before_the_escalation():
    found = shipped("Database Down", "--format", "json").json["alerts"][0]
    assert [c["name"] for c in found["contacts"]] == ["dba"]
    assert found["runbook"] == "database-issues" and found["command"] == "fsops run database-issues"


def test_a_wrong_name_gets_a_suggestion():
    result = shipped("high eror rate")
    assert (result.status, result.out) == (64, "") and "did you mean 'High Error Rate'?" in result.err, str(result)
    assert "can be High Error Rate, High Response Time, High CPU Usage" in shipped("high").err


# A payload

VARS = """\
aliases: [mend]
vars:
  pod: {value: none, pattern: '[a-z0-9-]+'}
  who: {value: me}
  text: {value: '', pattern: '.*'}
  pods: {value: 6}
  token: {value: hidden, pattern: '.*', secret: true}
"""


@pytest.fixture
def book(tmp_path):
    """A runbook that writes down what it was given."""
    return write_book(tmp_path / "r", """\
  - {step: Look, exec: [echo, looked], effect: read}
  - step: Act
    exec: [sh, -c, 'echo "$1" >>$OUT', act, "${pod}/${who}"]
""", name="fix", head=VARS,
                      platform_more="""\
alerts:
  - {alert: Pod Sick, severity: critical, respond_within: 5m, runbook: fix, match: {job: web, kind: pod}}
  - {alert: Job Odd, severity: warning, match: {job: web}}
  - {alert: Disk Full, severity: warning, action: Clean up, runbook: fix}
""")


def read(book, text, *words, **more):
    return fsops("alert", "-", *words, "-R", book, stdin=text, **more)


def matched(book, *alerts):
    return read(book, payload(*alerts), "--format", "json")


@pytest.mark.parametrize("one, by, row, runbook", [
    (alert("x", job="web", kind="pod"), "match", "Pod Sick", "fix"),  # the most labels
    (alert("x", job="web", kind="node", url="https://w/fix"), "match", "Job Odd", None),
    (alert("Disk Full", url="https://wiki/runbooks#mend"), "runbook_url", None, "fix"),
    (alert("x", url="https://wiki/runbooks/fix.md?v=2"), "runbook_url", None, "fix"),
    (alert("x", url="https://wiki/fix/"), "runbook_url", None, "fix"),
    (alert("DiskFull", url="https://wiki/other"), "alertname", "Disk Full", "fix"),
])
def test_an_alert_is_matched_by_labels_then_url_then_name(book, one, by, row, runbook):
    result = matched(book, one)
    assert result.status == 0, str(result)
    found, = result.json["alerts"]
    assert (found["matched_by"], found["alert"], found["runbook"]) == (by, row, runbook), str(result)


@pytest.mark.parametrize("one", [
    alert("Disk"),  # no guessing by the beginning of a name
    alert("x", url="https://w/fi"), alert("x", url="https://w/" + "fix" * 200), alert("x", url="#"),
    alert("x", job="web2", kind="pod"),
])
def test_what_matches_nothing_is_named_and_not_ok(book, one):
    result = matched(book, one, alert("Disk Full"))
    assert result.status == 3, str(result)
    assert result.json["unmatched"] == [one["labels"]["alertname"]] and len(result.json["alerts"]) == 1
    assert "matches no alert" in result.err, str(result)
    assert "matches no alert and no runbook" in read(book, payload(one)).out


def test_the_time_to_respond_counts_from_when_it_began(book):
    result = read(book, payload(alert("x", job="web", kind="pod")))
    assert re.search(r"respond by  \d\d:\d\d \S+ \(in (3m0|2m5)\d?s?\)", result.out) or "(in 3m)" in result.out, result


def test_a_label_becomes_a_variable_only_where_its_pattern_fits_whole(book):
    good, = matched(book, alert("Disk Full", pod="web-1")).json["alerts"]
    assert good["vars"] == {"pod": "web-1"} and good["command"] == "fsops run fix --var pod=web-1"
    for value in ("web-1; rm -rf /", "web\n1", "-", "${env.HOME}", "WEB"):
        result = matched(book, alert("Disk Full", pod=value))
        if value == "-":  # a text like any other; the plan keeps it in its word
            assert result.json["alerts"][0]["vars"] == {"pod": "-"}
            continue
        assert result.status == 3 and result.json["alerts"][0]["vars"] is None, str(result)
        assert "does not fit" in result.json["alerts"][0]["problem"], str(result)


@pytest.mark.parametrize("value", ["-x", "a b", "a/b", "../x", "a'b", "a;b", "a$b", "${x}", "a\n", "", "é", "a" * 254])
def test_a_variable_without_a_pattern_takes_only_a_plain_name(book, value):
    result = matched(book, alert("Disk Full", who=value))
    assert result.status == 3 and "without a pattern takes" in result.json["alerts"][0]["problem"], str(result)
    good, = matched(book, alert("Disk Full", who="db-1.shop_2")).json["alerts"]
    assert good["vars"] == {"who": "db-1.shop_2"}
    assert matched(book, alert("Disk Full", who="me")).json["alerts"][0]["vars"] is None, "the default anyway"


def test_a_number_takes_no_other_label(book):
    result = matched(book, alert("Disk Full", pods="7x"))
    assert result.status == 3, str(result)
    assert result.json["alerts"][0]["problem"] == "the label 'pods' is '7x', and the variable is a whole number"
    assert matched(book, alert("Disk Full", pods="7")).json["alerts"][0]["vars"] == {"pods": "7"}


def test_a_label_never_fills_a_secret_nor_what_the_runbook_does_not_declare(book):
    secret = matched(book, alert("Disk Full", token="hidden"))
    assert secret.status == 3 and "which is a secret" in secret.json["alerts"][0]["problem"], str(secret)
    undeclared = matched(book, alert("Disk Full", namespace="kube-system", window="9s"))
    assert undeclared.status == 0 and undeclared.json["alerts"][0]["vars"] is None, str(undeclared)


def test_a_label_is_a_text_and_never_an_expression(tmp_path, book):
    out = tmp_path / "out"
    act = book / "fix.yaml"
    act.write_text(act.read_text().replace("${pod}/${who}", "${text}"))
    value = "${env.HOME} $(id) `id` \"'; $HOME"
    result = read(book, payload(alert("Disk Full", text=value)), "--run", "-y", env={"OUT": str(out)})
    assert result.status == 0 and out.read_text() == value + "\n", str(result)


def test_the_most_severe_is_run_first(book, tmp_path):
    out = tmp_path / "out"
    text = payload(alert("Nothing"), alert("Disk Full", pod="later"), alert("Pod Sick", pod="first"))
    assert read(book, text, "--run", "-y", env={"OUT": str(out)}).status == 3
    assert out.read_text() == "first/me\nlater/me\n"


def test_run_runs_reads_only_without_y(book, tmp_path):
    out = tmp_path / "out"
    result = read(book, payload(alert("Disk Full", pod="a")), "--run", "--format", "json", env={"OUT": str(out)})
    assert result.status == 0 and not out.exists(), str(result)
    assert result.outcomes() == {"look": "passed", "act": "skipped"}


def test_run_with_y_runs_each_trouble_once_with_its_variables(book, tmp_path):
    out = tmp_path / "out"
    text = payload(alert("Disk Full", pod="a"), alert("x", job="web", kind="pod", pod="a"), alert("Disk Full", pod="b"),
                   alert("Disk Full", pod="C"), alert("Disk Full", "resolved", pod="d"))
    result = read(book, text, "--run", "-y", env={"OUT": str(out)})
    assert result.status == 3, f"one could not be run{result}"
    assert out.read_text() == "a/me\nb/me\n", str(result)


def test_the_status_is_the_worst_of_the_runs(book, tmp_path):
    result = read(book, payload(alert("Disk Full", pod="a"), alert("Nothing")), "--run", "-y",
                  env={"OUT": str(tmp_path / "no" / "such")})
    assert result.status == 2, f"critical is worse than unknown{result}"


def test_an_alert_without_a_runbook_is_left_to_a_person(book):
    result = read(book, payload(alert("x", job="web")), "--run", "-y")
    assert result.status == 3 and "left to a person" in result.err, str(result)
    assert read(book, payload(alert("x", job="web"))).status == 0


def test_nothing_firing_is_well_and_said(book):
    result = read(book, payload(alert("Disk Full", "resolved")))
    assert (result.status, result.out) == (0, "") and "nothing is firing; resolved: 1" in result.err, str(result)
    left_out = read(book, payload(alert("Disk Full"), truncatedAlerts=3))
    assert left_out.status == 3 and "left out 3 alerts" in left_out.err, str(left_out)


@pytest.mark.parametrize("text, status, says", [
    ("", 65, "is not JSON"),
    ('{"version": "4", "alerts": [{"status":', 65, "line 1"),
    ('"x"', 65, "must be an object with 'alerts'"),
    ("{}", 65, "must be an object with 'alerts'"),
    ('{"status": "success", "data": {}}', 65, "must be an object with 'alerts'"),
    ('{"status": "error", "data": {}}', 65, "failed (error): it does not say why"),
    ('{"version": "4"}', 65, "must be an object with 'alerts'"),
    ('{"version": "5", "alerts": []}', 65, "version is '5'"),
    ('{"alerts": []}', 65, "has no 'version'"),
    ('{"version": 5, "alerts": []}', 65, "version is '5'"),
    (payload(*[alert("Disk Full")] * 1001), 2, "over 1000, the most in one payload"),
    (payload() + " " * (4 * 1024 * 1024), 2, "over 4194304 bytes, the most that is read"),
    (payload(*[alert("Disk Full", pod=f"p{i}") for i in range(17)]), 2, "17 runs, over 16"),
    ("[" * 100000, 2, "is not JSON"),
], ids=lambda v: v[:20] if isinstance(v, str) else None)
def test_a_payload_that_is_wrong_is_refused_whole(book, tmp_path, text, status, says):
    out = tmp_path / "out"
    result = read(book, text, "--run", "-y", "-q", env={"OUT": str(out)})
    assert result.status == status and says in result.err, str(result)
    assert result.out == "" and not out.exists()


def test_nothing_in_a_payload_moves_the_cursor(book):
    result = read(book, payload(alert("\x1b[2J\nDisk"), alert("Disk Full", pod="\x1b[1m")))
    assert "\x1b" not in result.out + result.err and r"\x1b[2J\nDisk" in result.out, str(result)


@pytest.mark.parametrize("words", [["-y", "x"], ["--run"], ["--prometheus-rules", "x"], ["x", "--run", "--yes-destroy"]])
def test_options_that_mean_nothing_together_are_refused(words):
    assert shipped(*words).status == 64


# Prometheus

def test_the_rules_are_what_promtool_accepts_and_name_what_they_leave_out(tmp_path):
    rules = tmp_path / "rules.yml"
    result = shipped("--prometheus-rules")
    assert result.status == 0 and result.err == "", str(result)
    rules.write_text(result.out)
    checked = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, text=True)
    assert checked.returncode == 0 and "12 rules found" in checked.stdout, checked.stdout + checked.stderr
    for left_out in ("db_connections (postgres)", "cache_hit_rate (redis)", "certificate_days (http)",
                     "backup_age (s3)"):
        assert f"#   {left_out}\n" in result.out, str(result)


def test_each_alert_of_the_matrix_has_a_rule_and_a_runbook():
    rules = {}
    for rule in yaml.safe_load(shipped("--prometheus-rules").out)["groups"][0]["rules"]:
        rules.setdefault(rule["alert"], []).append(rule)
    for name, (severity, _) in MATRIX.items():
        assert any(r["labels"]["severity"] == severity and r["annotations"]["runbook_url"] for r in rules[name]), name


@pytest.mark.parametrize("name, series, fires", [
    ("System Down", {}, True),  # nothing is scraped at all: scaled to 0
    ("System Down", {'up{job="flight-search-backend"}': "1x10"}, False),
    ("System Down", {'up{job="flight-search-backend"}': "0x10"}, True),
    ("Database Down", {"pg_up": "0x10"}, True), ("Database Down", {"pg_up": "1x10"}, False),
    ("Backup Failed", {'kube_cronjob_status_last_successful_time{cronjob="postgres-backup"}': "-100000x10"}, True),
    ("Backup Failed", {'kube_cronjob_status_last_successful_time{cronjob="redis-backup"}': "0x10"}, False),
    ("Certificate Expiring",
     {'certmanager_certificate_expiration_timestamp_seconds{name="flight-search-tls"}': "1000000x100"}, True),
    ("Certificate Expiring",
     {'certmanager_certificate_expiration_timestamp_seconds{name="flight-search-tls"}': "9000000x100"}, False),
])
def test_the_rules_fire_when_they_should(name, series, fires, tmp_path):
    """Prometheus itself evaluates them; whoever gets the alert finds the runbook."""
    (tmp_path / "rules.yml").write_text(shipped("--prometheus-rules").out)
    wanted = [r for r in yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"][0]["rules"] if r["alert"] == name]
    queries = " or ".join(f"({r['expr']})" for r in wanted)
    test = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [{
        "interval": "1m", "input_series": [{"series": s, "values": v} for s, v in series.items()],
        "promql_expr_test": [{"expr": f"count(ALERTS{{alertname={json.dumps(name)},alertstate=\"firing\"}}) or vector(0)",
                              "eval_time": "90m" if name.startswith("Cert") else "9m", "exp_samples": [
                                  {"labels": "{}", "value": 1 if fires else 0}]}]}]}
    (tmp_path / "test.yml").write_text(json.dumps(test))
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr + queries
    sent = payload(*(alert(name, url=r["annotations"]["runbook_url"], **r["labels"]) for r in wanted))
    found = shipped("-", "--format", "json", stdin=sent).json
    assert found["unmatched"] == [] and {a["name"] for a in found["alerts"]} == {name}, found


OWN = """\
vars: {{window: 2m}}
alerts:
  - {{alert: Own, severity: critical, action: 'mind {{{{ $labels.pod }}}}', match: {{tier: 1, severity: page}},
     expr: 'rate(x[${{window}}]) > 1', {}}}
"""


def test_a_rule_of_an_alert_is_filled_in_and_keeps_its_labels(tmp_path):
    book = write_book(tmp_path / "r", "  - {step: S, manual: m}\n", platform_more=OWN.format("for: 1m"))
    (tmp_path / "rules.yml").write_text(fsops("alert", "--prometheus-rules", "-R", book).out)
    done = subprocess.run(["promtool", "check", "rules", "rules.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rule, = yaml.safe_load((tmp_path / "rules.yml").read_text())["groups"][0]["rules"]
    assert rule["expr"] == "rate(x[2m]) > 1" and rule["for"] == "60s", rule
    assert rule["annotations"]["summary"] == 'mind {{"{{"}} $labels.pod }}', rule
    assert rule["labels"] == {"tier": "1", "severity": "page", "platform": "test", "rule": "alert"}, rule
    sent = payload(alert("Other", **rule["labels"]))
    found = fsops("alert", "-", "--format", "json", "-R", book, stdin=sent).json
    assert [a["alert"] for a in found["alerts"]] == ["Own"], found


@pytest.mark.parametrize("expr, more, says", [
    ("''", "", "'expr' is empty"), ("up == 0", "for: 5m, expr_: x", "unknown key"),
    ("'rate(x[${windw}])'", "", "did you mean 'window'")])
def test_a_rule_that_cannot_be_one_is_a_mistake(tmp_path, expr, more, says):
    text = OWN.format(more).replace("'rate(x[${window}]) > 1'", expr)
    book = write_book(tmp_path, "  - {step: S, manual: m}\n", platform_more=text)
    result = fsops("lint", "-R", book)
    assert result.status == 65 and says in result.out + result.err, str(result)


def test_for_needs_what_it_holds(tmp_path):
    text = "alerts: [{alert: A, severity: info, for: 5m, match: {a: b}}]\n"
    result = fsops("lint", "-R", write_book(tmp_path, "  - {step: S, manual: m}\n", platform_more=text))
    assert result.status == 65 and "'for' needs an 'expr'" in result.out + result.err, str(result)


def test_no_text_adds_a_line_to_the_rules(tmp_path):
    odd = "x\u0085- alert: y\u2028z\x7f \ufeff\n- alert: z"
    book = write_book(tmp_path / "r", "  - {step: S, manual: m}\n", platform_more=f"""\
alerts:
  - {{alert: Odd, severity: warning, action: {json.dumps(odd)}, expr: up == 0, match: {{{json.dumps(odd)}: {json.dumps(odd)}}}}}
""")
    rule, = yaml.safe_load(fsops("alert", "--prometheus-rules", "-R", book).out)["groups"][0]["rules"]
    assert rule["annotations"] == {"summary": odd} and rule["labels"][odd] == odd, rule


def test_a_warning_is_silent_where_it_is_critical(tmp_path):
    """Prometheus itself evaluates the rules over made-up series."""
    book = write_book(tmp_path / "r", "  - {step: S, manual: m}\n", {"m": {"prometheus": "http://p"}}, platform_more="""\
metrics:
  load: {title: 'Load {{x}} "q"', source: {prometheus: 'load{a="b"}'}, warning: '> 1', critical: '> 5', runbook: book}
  room: {source: {prometheus: room}, warning: '!10..20'}
  made: {source: {prometheus: room}, value: value * 2.0, warning: '> 1'}
""")
    made = fsops("alert", "--prometheus-rules", "-R", book)
    assert made.status == 0 and "#   made (its 'value' is calculated by fsops)" in made.out, str(made)
    (tmp_path / "rules.yml").write_text(made.out)
    title = 'Load {{x}} "q"'

    def fires(minute, name, *found):
        return {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [
            {"exp_labels": {"severity": s, "metric": m, "platform": "test", **more},
             "exp_annotations": notes} for s, m, more, notes in found]}

    def load(severity, value, sign):
        return severity, "load", {"a": "b"}, {
            "runbook_url": "fsops:#book", "summary": f'{title}: {value} (count, {severity} {sign})'}
    test = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [{
        "interval": "1m",
        "input_series": [{"series": 'load{a="b"}', "values": "1 2 6"}, {"series": "room", "values": "10 21 20"}],
        "alert_rule_test": [
            fires(0, title), fires(1, title, load("warning", 2, "> 1")), fires(2, title, load("critical", 6, "> 5")),
            fires(0, "room"), fires(2, "room"),
            fires(1, "room", ("warning", "room", {}, {"summary": "room: 21 (count, warning !10..20)"}))]}]}
    (tmp_path / "test.yml").write_text(json.dumps(test))
    done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr + made.out


def test_what_alertmanager_sends_is_understood_and_repaired(sandbox):
    """The platform's own rules in the real Prometheus, the real Alertmanager, its own payload."""
    sb = sandbox("error-rate")
    manager = Alertmanager(sb).start(fsops("alert", "--prometheus-rules", on=sb).out)
    wait_until(lambda: manager.payloads("firing"), "Alertmanager has posted what fires", 30)
    text = manager.payloads("firing")[-1]
    result = fsops("alert", "-", "--format", "json", on=sb, stdin=text)
    found = {a["name"]: a for a in result.json["alerts"]}
    assert result.status == 0 and result.json["unmatched"] == [], str(result)
    assert (found["High Error Rate"]["runbook"], found["High Error Rate"]["matched_by"]) == ("high-error-rate", "match")
    looked = fsops("alert", "-", "--run", on=sb, stdin=text, env=SOON)
    assert looked.status == 2 and sb.kube.mutations == [], f"it is critical, and only looked at{looked}"
    repaired = fsops("alert", "-", "--run", "-y", on=sb, stdin=text, env=SOON)
    assert repaired.status == 0, str(repaired)
    assert sb.kube.image(BACKEND) == GOOD
    assert "fsops run high-error-rate" in repaired.out and "rollout undo" in repaired.out, str(repaired)
    wait_until(lambda: manager.payloads("resolved"), "Alertmanager has posted that it is over", 60)
    over = fsops("alert", "-", on=sb, stdin=manager.payloads("resolved")[-1])
    assert over.status == 0 and "nothing is firing" in over.err, str(over)
