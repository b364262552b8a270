"""A metric is what was really measured: when its source was refused, failed or is away it is unknown, and says why."""
import json
import re

import pytest
from helpers import fsops, write_book
from sandbox import Sandbox, platform_file

# Each value would be a good number if only what came back were looked at.
SOURCES = {
    "http, status 500": ({"http": "GET /api/broken", "target": "api"}, "json.number", "status 500 Internal Server Error"),
    "http, status 404": ({"http": "GET /nothing", "target": "api"}, "1", "status 404 Not Found"),
    "kubectl, refused": ({"kubectl": "get pods -o json"}, "json.items.size()", "exit status 1: .*orbidden"),
    "kubectl, lines": ({"kubectl": "get pods"}, "lines.size()", "exit status 1: .*orbidden"),
    "kubectl, no such thing": ({"kubectl": "get deployment nothing"}, "lines.size()", "exit status 1: .*not found"),
    "postgres, error": ({"postgres": "SELECT 1/0"}, "count", "division by zero"),
    "postgres, no such table": ({"postgres": "SELECT 1 FROM nothing_at_all"}, "count", "nothing_at_all.*does not exist"),
    "postgres, no row": ({"postgres": "SELECT 1 WHERE false"}, None, "the source gave no number"),
    "redis, error reply": ({"redis": "LLEN text"}, "1", "WRONGTYPE"),
    "prometheus, no data": ({"prometheus": "nothing_at_all"}, "series.size()", "no data"),
    "prometheus, bad query": ({"prometheus": "sum("}, "1", "parse error"),
    "s3, nothing there": ({"s3": "ls s3://flight-search-backups/nothing/"}, "objects.size()", "nothing found"),
    "s3, no such bucket": ({"s3": "ls s3://no-such-bucket/"}, "objects.size()", "404 NoSuchBucket"),
    "s3, no such object": ({"s3": "stat s3://flight-search-backups/nothing"}, "1", "404.*no such object"),
    "exec": ({"exec": ["sh", "-c", "echo 1; exit 3"]}, "lines.size()", "exit status 3"),
    "exec, not there": ({"exec": ["/nonexistent/x"]}, "1", "unable to run '/nonexistent/x'"),
    "shell": ({"shell": "echo 1; echo away >&2; exit 3"}, "int(lines[0])", "exit status 3: away"),
    "shell, killed": ({"shell": "echo 1; kill -9 $$"}, "int(lines[0])", "killed by signal 9"),
    "shell, too slow": ({"shell": "echo 1; sleep 30", "timeout": "1s"}, "int(lines[0])", "within 1s"),
    "dns": ({"dns": "no-such-host.invalid"}, "addresses.size()", "no-such-host.invalid"),
}


@pytest.fixture(scope="module")
def sb():
    with Sandbox("healthy") as one:
        one.app.overrides["/api/broken"] = (500, '{"number": 1}')
        one.redis.command("SET", "text", "1")
        yield one


def measured(*words, on):
    result = fsops("check", "--format", "json", *words, on=on)
    assert result.out, result
    return {m["name"]: m for m in result.json["metrics"]}


def metric(source, value):
    return {"source": source, "baseline": "< 5", **({"value": value} if value else {})}


@pytest.fixture(scope="module")
def answered(sb, tmp_path_factory):
    """Each of SOURCES, measured: all at once."""
    names = {name: f"m{i}" for i, name in enumerate(SOURCES)}
    metrics = {names[name]: metric(source, value) for name, (source, value, _) in SOURCES.items()}
    book = write_book(tmp_path_factory.mktemp("book"), "  - {step: S, budget: 9s, metrics: all}\n",
                      platform_file.targets(sb), platform_more=f"metrics: {json.dumps(metrics)}\n")
    sb.kube.forbid("list", "pods")
    try:
        found = measured("-R", book, on=sb)
    finally:
        sb.kube.allow_all()
    return {name: found[names[name]] for name in SOURCES}


@pytest.mark.parametrize("name", SOURCES)
def test_what_its_source_did_not_answer_is_unknown(answered, name):
    found = answered[name]
    assert found["level"] == "unknown" and found["value"] is None, found
    assert re.search(SOURCES[name][2], found["error"]), found


def test_a_certificate_is_seen_whatever_the_server_answers(sb):
    """TLS worked: how long the certificate lasts is known. Where it did not, nothing is."""
    sb.app.overrides["/api/health"] = (503, '{"status": "starting"}')
    try:
        assert fsops("check", "certificate_days", on=sb).status == 0
        found = measured("certificate_days", on=sb)["certificate_days"]
        assert found["level"] == "ok" and found["value"] > 30 * 86400, found
        sb.renew_certificate(5)
        assert measured("certificate_days", on=sb)["certificate_days"]["level"] == "warning"
    finally:
        del sb.app.overrides["/api/health"]
        sb.renew_certificate(90)


AWAY = ("api", "prometheus", "postgres", "redis", "s3")


def test_no_metric_of_the_platform_is_well_when_nothing_answers(sb):
    for part in AWAY:
        sb.break_part(part, "refuse")
    try:
        result = fsops("check", "--format", "json", on=sb)
    finally:
        for part in AWAY:
            sb.heal(part)
    metrics = result.json["metrics"]
    assert result.status == 3 and {m["level"] for m in metrics} == {"unknown"}, result
    assert all(re.search(r"refused|no answer|not reached|unable", m["error"]) for m in metrics), result
