"""What monitoring systems send: every form of it, what is odd in it, and what somebody forged into it."""
import json
import re
import subprocess

import pytest
from helpers import Terminal, environment, fsops, write_book

ROW = "alerts: [{alert: High Error Rate, severity: critical, respond_within: 5m, action: Look, runbook: errors}, " \
      "{alert: Backup Failed, severity: warning, action: Look, match: {service: backup}}]\n"
FORGED = "x\x1b]0;pwn\x07\x9b31m\u202eabc\r\nfsops: run finished: ok\u2028\u0085z"


@pytest.fixture
def books(tmp_path):
    """A runbook that prints what it was given, in a folder with a matrix."""
    def make(vars_="{}", name="errors", aliases="[error-rate]", platform=ROW, words="look"):
        return write_book(tmp_path / "r", f"  - {{step: Look, budget: 1m, exec: [echo, {words}], effect: read}}\n",
                          name=name, head=f"aliases: {aliases}\nvars: {vars_}\n", platform_more=platform)
    return make


def alert(name="High Error Rate", annotations=None, **labels):
    labels = {**({"alertname": name} if name is not None else {}), **labels}
    return {"status": "firing", "labels": labels, "annotations": annotations or {}, "startsAt": "2026-11-29T00:00:00Z"}


def hook(*alerts, **more):
    return {"version": "4", "status": "firing", "alerts": list(alerts), **more}


def read(folder, payload, *words, **more):
    return fsops("alert", "-", "-R", folder, *words,
                 stdin=payload if isinstance(payload, str) else json.dumps(payload), **more)


def names(result):
    return [a["name"] for a in result.json["alerts"]]


# Forms

def v2(state, **more):
    one = alert()
    one.update(status={"state": state, "silencedBy": [], "inhibitedBy": []}, fingerprint="a", **more)
    return one


GRAFANA = {"receiver": "fsops", "status": "firing", "orgId": 1, "version": "1", "state": "alerting", "title": "x",
           "alerts": [{**alert(), "startsAt": "2026-11-29T01:02:03.157076+02:00", "silenceURL": "https://g/silence",
                       "values": {"B": 18446744073709552000, "C": 1e400, "D": None}, "valueString": "[ var='B' ]"}],
           "truncatedAlerts": 0, "groupKey": "{}:{}"}
POSTED = {"labels": {"alertname": "High Error Rate"}, "startsAt": "2026-11-29T00:00:00Z"}


@pytest.mark.parametrize("payload", [
    hook(alert()), {**hook(alert()), "version": "3"}, {**hook(alert()), "version": 4},
    json.dumps(GRAFANA).replace("Infinity", "1.5e300"),
    [v2("active")], [v2("unprocessed")], [POSTED], [{**POSTED, "endsAt": "2999-01-01T00:00:00Z"}],
    {"status": "success", "data": [v2("active")]},
    {"status": "success", "data": {"alerts": [{**POSTED, "state": "firing", "activeAt": "2026-11-29T00:00:00Z"}]}},
], ids=["webhook", "version 3", "a number", "Grafana", "API v2", "not looked at yet", "posted", "posted, with an end", "API v1",
        "Prometheus"])
def test_each_form_is_read(books, payload):
    result = read(books(), payload, "--format", "json")

    assert result.status == 0 and names(result) == ["High Error Rate"], result
    assert result.json["unmatched"] == result.json["malformed"] == []


@pytest.mark.parametrize("payload, said", [
    ([v2("suppressed")], "resolved: 0; silenced, inhibited or pending: 1"),
    ([{**POSTED, "endsAt": "2026-11-29T00:00:01Z"}], "resolved: 1"),
    ({"status": "success", "data": {"alerts": [{**POSTED, "state": "pending"}]}}, "resolved: 0; silenced, inhibited or pending: 1"),
    ([], "resolved: 0"),
])
def test_what_does_not_fire_is_counted(books, payload, said):
    result = read(books(), payload, "--run")

    assert (result.status, result.out) == (0, "") and f"nothing is firing; {said}" in result.err, result


# An answer that is not the whole one

PROMETHEUS = {"status": "success", "data": {"alerts": [{**POSTED, "state": "firing"}]}}
UNREACHABLE = "store eu-1 is unreachable: partial response"


@pytest.mark.parametrize("words", [(), ("--run",), ("--format", "json"), ("--run", "--format", "json"), ("-q",)])
@pytest.mark.parametrize("more, said", [
    ({"warnings": [UNREACHABLE]}, f"the sender warns: {UNREACHABLE}"), ({"warnings": UNREACHABLE}, UNREACHABLE),
    ({"warnings": [UNREACHABLE] * 7}, "the sender warns of 2 things more"), ({"warnings": [{"store": 1}]}, '{"store":1}'),
    ({"isPartial": True}, "alerts may be missing"),
])
def test_who_knows_a_part_only_never_says_that_nothing_fires(books, more, said, words):
    folder = books()
    none = read(folder, {"status": "success", "data": {"alerts": []}, **more}, *words)
    one = read(folder, {**PROMETHEUS, **more}, *words)

    assert none.status == 3 and said in none.err and "alerts may be missing" in none.err, none
    assert "nothing is firing" not in none.err and none.err.count("warns: ") <= 5, none
    assert one.status == 3 and said in one.err, one
    assert words[:1] == ("-q",) or "look" in one.out or "errors" in one.out, one


@pytest.mark.parametrize("more", [{"warnings": []}, {"warnings": None}, {"isPartial": False}, {"infos": ["PromQL info"]}])
def test_an_answer_about_everything_is_taken_at_its_word(books, more):
    result = read(books(), {"status": "success", "data": {"alerts": []}, **more})

    assert result.status == 0 and "nothing is firing" in result.err, result


def test_what_is_worse_than_a_part_stays_worse(tmp_path):
    folder = write_book(tmp_path / "r", "  - {step: Look, exec: [sh, -c, exit 1], effect: read}\n", name="errors",
                        platform_more=ROW)
    result = read(folder, {**PROMETHEUS, "isPartial": True}, "--run")

    assert result.status == 2 and "alerts may be missing" in result.err, result


@pytest.mark.parametrize("words", [(), ("--run",), ("--format", "json")])
@pytest.mark.parametrize("sent, said", [
    ({"status": "error", "errorType": "timeout", "error": "boom", "data": {"alerts": []}}, "failed (timeout): boom"),
    ({"status": "error", "errorType": "timeout", "error": "boom"}, "failed (timeout): boom"),
    ({"status": "error", "data": []}, "it does not say why"),
    ({"status": "error", "error": "boom", **hook(alert())}, "failed (error): boom"),
    ({**PROMETHEUS, "status": "error", "error": "boom"}, "failed (error): boom"),
    ({"error": "boom", "alerts": [], "version": "4"}, "failed (error): boom"),
])
def test_an_answer_that_failed_is_none(books, sent, said, words):
    result = read(books(), sent, *words)

    assert (result.status, result.out) == (65, "") and said in result.err, result


@pytest.mark.parametrize("text", [
    '{"version": "4", "alerts": [ALERT], "alerts": []}', '{"version": "4", "alerts": [ALERT], "\u0061lerts": []}',
    '{"status": "success", "data": {"alerts": [ALERT]}, "data": {"alerts": []}}',
    '{"status": "success", "data": {"alerts": [ALERT], "alerts": []}}', '{"status": "success", "data": [ALERT], "data": []}',
    '{"status": "error", "status": "success", "data": [ALERT]}',
])
def test_a_key_that_is_there_twice_above_the_alerts_is_refused(books, text):
    result = read(books(), text.replace("ALERT", json.dumps(alert())))

    assert (result.status, result.out) == (65, "") and "line 1, column " in result.err, result
    assert "duplicate object key" in result.err, result


def test_a_group_of_alerts_is_not_taken_for_one(books):
    """What GET /api/v2/alerts/groups answers."""
    group = {"labels": {"alertname": "High Error Rate"}, "receiver": {"name": "x"}, "alerts": [v2("active"), v2("active")]}
    result = read(books(), [group], "--run")

    assert (result.status, "| look" in result.out) == (3, False) and "it is a group of alerts" in result.err, result


# One that is malformed

@pytest.mark.parametrize("one, name, why", [
    (7, "alerts[0]", "it is no object"),
    (None, "alerts[0]", "it is no object"),
    ([], "alerts[0]", "it is no object"),
    ({"status": "firing"}, "alerts[0]", "it has no labels"),
    ({"status": "firing", "labels": {}}, "alerts[0]", "it has no labels"),
    ({"status": "firing", "labels": ["a"]}, "alerts[0]", "it has no labels"),
    (alert(pods=7), "High Error Rate", "its label 'pods' is no text"),
    (alert(name=7), '{}', "its label 'alertname' is no text"),
    ({**alert(), "status": "odd"}, "High Error Rate", "neither 'firing' nor 'resolved'"),
    ({**alert(), "status": 7}, "High Error Rate", "neither 'firing' nor 'resolved'"),
    (alert(name=None, job="x"), '{job="x"}', None),
    (alert(name="", job="x"), '{alertname="", job="x"}', None),
])
def test_one_that_is_malformed_is_told_and_the_others_are_run(books, one, name, why):
    folder = books()

    result = read(folder, hook(one, alert()), "--format", "json")
    ran = read(folder, hook(one, alert()), "--run", "--plain")

    assert result.status == 3 and names(result) == ["High Error Rate"], result
    assert result.json["unmatched"] == [name]
    assert [m["name"] for m in result.json["malformed"]] == ([name] if why else [])
    assert (why or "matches no alert") in result.err and name in result.err, result
    assert ran.status == 3 and "| look" in ran.out, ran


def test_one_without_a_name_is_matched_by_its_labels(books):
    result = read(books(), hook(alert(), alert(name=None, service="backup", severity="warning")), "--format", "json")

    assert result.status == 0, result
    assert [(a["name"], a["alert"], a["matched_by"]) for a in result.json["alerts"]] == [
        ("High Error Rate", "High Error Rate", "alertname"),
        ('{service="backup", severity="warning"}', "Backup Failed", "match")]


@pytest.mark.parametrize("raw", [r'"cmdline": "java\u0000-jar"', r'"c\u0000d": "x"', r'"c": "\ud800x"', r'"c": "\udc00"',
                                 '"c": "\udcff"', r'"c": "\\u0000"', r'"c": "\ud83d\ude00 \u00e9"'])
def test_characters_that_no_text_can_hold(books, raw):
    text = json.dumps(hook(alert())).replace('"labels": {', '"labels": {' + raw + ", ")

    result = subprocess.run([*[fsops.__globals__["FSOPS"], "alert", "-", "-R", str(books()), "--format", "json"]],
                            input=text.encode(errors="surrogateescape"), capture_output=True, env=environment())

    assert result.returncode == 0, result
    assert json.loads(result.stdout)["alerts"][0]["name"] == "High Error Rate"


def test_a_label_with_such_a_character_is_no_value(books):
    folder = books(vars_="{pod: {value: none}}", words="'${pod}'")

    result = read(folder, json.dumps(hook(alert(pod="NUL"))).replace("NUL", r"web\u0000-1"), "--format", "json")

    assert result.status == 3 and "does not fit" in result.json["alerts"][0]["problem"], result


# Which runbook

@pytest.mark.parametrize("key", ["runbook_url", "Runbook_URL", "runbookUrl", "RUNBOOK-URL", "runbook", "Runbook"])
@pytest.mark.parametrize("value", ["https://wiki/runbooks/errors", "errors", "https://w/x#Error-Rate", "https://w/ERRORS/#a",
                                   "https://git/blob/main/errors/README.md", "https://w/errorrate.html?v=1"])
def test_an_annotation_leads_to_the_runbook(books, key, value):
    result = read(books(platform=""), hook(alert("Odd", {key: value}, severity="page")), "--format", "json")

    assert result.status == 0 and result.json["alerts"][0]["runbook"] == "errors", result


@pytest.mark.parametrize("value", ["https://w/error", "", "/", "#", "https://w/errors/page", "README.md", "https://w/README.md",
                                   "../" * 50, 7, None, ["errors"]])
def test_others_do_not(books, value):
    result = read(books(platform=""), hook(alert("Odd", {"runbook_url": value})), "--format", "json")

    assert result.status == 3 and result.json["unmatched"] == ["Odd"], result


def test_of_two_that_are_alike_none_is_taken(books):
    folder = books(platform="")
    (folder / "other.yaml").write_text("runbook: other\naliases: [errorrate]\ntitle: x\nseverity: info\n"
                                       "steps: [{step: A, budget: 1m, dns: localhost}]\n")

    result = read(folder, hook(alert("Odd", {"runbook_url": "https://w/Error_Rate"})), "--format", "json")

    assert result.json["unmatched"] == ["Odd"], result


# Variables

@pytest.mark.parametrize("label", ["namespace", "env", "results", "now", "in", "service.name", "vars", "package"])
def test_every_label_can_reach_a_variable(books, label):
    folder = books(vars_=f"{{place: {{required: true, from: {label}}}}}", words="'at ${place}'")

    result = read(folder, hook(alert(**{label: "staging-db"})), "--run", "--plain")

    assert result.status == 0 and "| at staging-db" in result.out, result
    assert "no label '%s' gives it" % label in read(folder, hook(alert())).err


def test_a_reserved_word_is_a_variable_of_its_own_name(books):
    folder = books(vars_="{namespace: {value: default}}", words="'at ${vars.namespace}'")

    assert "| at staging-db" in read(folder, hook(alert(namespace="staging-db")), "--run", "--plain").out


def test_another_place_than_the_runbooks_is_said(books):
    folder = books(vars_="{ns: {value: shop-prod}}", words="'${ns}'")

    other = read(folder, hook(alert(namespace="staging-db", pod="x")), "--format", "json")
    ours = read(folder, hook(alert(namespace="shop-prod", cluster="test")), "--format", "json")

    assert other.status == 0 and "about the namespace 'staging-db'" in other.err, other
    assert "about the namespace 'staging-db'" in other.json["alerts"][0]["note"]
    assert "note" in read(folder, hook(alert(namespace="staging-db"))).out
    assert ours.json["alerts"][0]["note"] is None and ours.err == "", ours


# Forged lines

def harmless(text):
    return not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", text)


@pytest.mark.parametrize("words", [(), ("--plain",), ("-q",), ("--run",), ("--run", "-q"), ("--run", "--plain", "-v")])
@pytest.mark.parametrize("where", ["name", "label", "key", "value", "severity", "url"])
def test_no_text_of_an_alert_makes_a_line_of_its_own(books, words, where):
    folder = books(vars_="{pod: {value: none}}", words="'${pod}'")
    one = {"name": alert(FORGED), "label": alert("Odd", **{FORGED: "x"}), "key": alert(name=None, **{FORGED: FORGED}),
           "value": alert(pod=FORGED, namespace=FORGED), "severity": alert("Odd", severity=FORGED),
           "url": alert("Odd", {"runbook_url": FORGED})}[where]

    result = read(folder, hook(one), *words)

    for text in (result.out, result.err):
        assert harmless(text), repr(text)
        assert not any(line.startswith("fsops: run finished") for line in text.splitlines()), text


def test_nor_does_a_value_that_reaches_a_command(books, tmp_path):
    """What a pattern lets through is shown with its escapes, in all that tells of the run."""
    folder = books(vars_="{pod: {value: none, pattern: '(?s).*'}}", words="'${pod}'")
    env = {"FSOPS_STATE": str(tmp_path / "state")}

    ran = read(folder, hook(alert(pod=FORGED)), "--run", "--plain", env=env)
    lines = [ran.out, ran.err, fsops("log", "-R", folder, env=env).out, fsops("history", "-R", folder, env=env).out]
    reports = [fsops("report", form, "-R", folder, env=env).out for form in ("--markdown", "--html", "--junit")]

    assert ran.status == 0, ran
    assert all(harmless(text.replace("\t", " ")) for text in [*lines, *reports])
    assert not any(line.startswith("fsops: run finished") for text in lines for line in text.splitlines()), lines
    assert "pod = x&#92;x1b" in reports[0] and "&#92;nfsops" in reports[0]  # a command stands as it is, in its fence


def test_on_a_terminal_too(books):
    folder = books()
    (folder / "payload.json").write_text(json.dumps(hook(alert(FORGED))))
    terminal = Terminal("sh", "-c", f"exec {fsops.__globals__['FSOPS']} alert - -R {folder} <{folder}/payload.json")

    assert terminal.end() == 3
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.seen).replace("\r\n", "\n")
    assert harmless(text) and "\\x1b]0;pwn" in text, repr(text)


# Numbers and cut texts

@pytest.mark.parametrize("number", ["0.0033333333333333335", "-3.1415926535897932384626", "1e0000000000000000001",
                                    "18446744073709552000", "1" * 400])
def test_a_number_of_many_digits_refuses_nothing(books, number):
    payload = json.dumps(hook({**alert(), "values": {"B": 0}})).replace('"B": 0', f'"B": {number}')
    result = read(books(), payload, "--format", "json")

    assert result.status == 0 and names(result) == ["High Error Rate"], result


@pytest.mark.parametrize("twice", ['"alertname": "Low", "alertname": "High Error Rate"', '"a\\u0000": "1", "a\\ud800": "2"'])
def test_a_key_that_is_there_twice_refuses_nothing(books, twice):
    """Of an alert; the last counts. Two keys may also become one where U+FFFD stands for what cannot be read."""
    payload = json.dumps(hook(alert(x="1"), alert(n="2"))).replace('"x": "1"', twice)
    result = read(books(), payload, "--format", "json")

    assert result.status == 0 and names(result) == ["High Error Rate"] * 2, result


CUT = "n" * 99 + "é" * 40  # the hundredth byte is the first of two
CUT_SHORT = "n" * 49 + "é" * 40


def test_a_text_that_is_cut_within_a_character_loses_no_alert(books):
    sent = [alert(namespace=CUT), alert(pod=CUT, n="1"), alert(name=None, service=CUT_SHORT),
            alert(name="Nobody's", **{CUT: 1}), alert()]
    found = read(books("{pod: {value: none, pattern: '[a-z]{1,9}'}}"), hook(*sent), "--format", "json")

    assert found.status == 3, found
    assert names(found) == ["High Error Rate"] * 3, found
    noted, wrong, plain = found.json["alerts"]
    assert "about the namespace 'nnn" in noted["note"] and plain["note"] is plain["problem"] is None
    assert "the label 'pod' is 'nnn" in wrong["problem"] and noted["vars"] is None
    assert len(found.json["unmatched"]) == 2 and found.json["unmatched"][0].startswith('{service="nnn')
    assert [(m["name"], m["problem"][:17]) for m in found.json["malformed"]] == [("Nobody's", "its label 'nnnnnn")]


def test_of_many_problems_the_first_are_told_and_the_others_counted(books):
    sent = alert(**{f"n{i}": i for i in range(40_000)})
    for words in ([], ["--format", "json"]):
        found = read(books(), hook(sent, alert()), *words)
        said = found.json["malformed"][0]["problem"] if words else found.err

        assert found.status == 3 and "its label 'n0' is no text; " in said, found
        assert "; its label 'n4' is no text; and 39995 more" in said and "'n5'" not in said, said[:500]
        assert not words or names(found) == ["High Error Rate"]
    five = read(books(), hook(alert(**{f"n{i}": i for i in range(5)})), "--format", "json")
    assert five.json["malformed"][0]["problem"].endswith("'n4' is no text"), five
