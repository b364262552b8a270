"""Every adapter against its part being broken in every way: one clear sentence, the right outcome and status, the run
goes on, and nothing outlasts its step's budget by more than GRACE."""
import hashlib
import os
import pathlib
import re
import subprocess
import threading

import pytest
from helpers import FSOPS, Result, environment, fsops, run, wait_until, write_book
from sandbox import Sandbox

GRACE = 6
BUDGET = 2
READS = {
    "kube": "kubectl: get pods", "api": "{http: GET /health, target: api}",
    "upstream": "{http: GET /health, target: upstream}", "prometheus": "prometheus: up",
    "postgres": "postgres: SELECT 1", "redis": "redis: PING", "s3": "s3: ls s3://flight-search-backups/",
}
# What the sentence must say, for each part and mode. TIME: the step's time was up, whatever else.
TIME = "time was up"
HTTP = {"refuse": "refused.*running", "half": "closed the connection half-way", "die": "closed the connection|reset",
        "garbage": "not HTTP.*check", "hang": TIME, "slow": TIME, "stop": TIME}
SAYS = {
    "kube": {"refuse": "refused", "half": "nable to connect.*(EOF|reset)", "die": "nable to connect.*(EOF|reset)",
             "garbage": "nable to connect", "hang": TIME,
             "slow": TIME, "stop": TIME},
    "api": {**HTTP, "half": "TLS handshake.*failed", "die": "TLS handshake.*failed",
            "garbage": "does this port speak TLS"},
    "upstream": HTTP,
    "prometheus": HTTP,
    "postgres": {"refuse": "refused.*running", "half": "closed the connection.*log", "die": "closed the connection.*log",
                 "garbage": "invalid response.*sslmode", "hang": TIME, "slow": TIME, "stop": TIME},
    "redis": {"refuse": "refused.*running", "half": "broke before the reply was whole",
              "die": "broke before the reply was whole", "garbage": "Protocol error.*really a Redis", "hang": TIME,
              "slow": None, "stop": TIME},  # seven bytes, however slowly, are there in time
    "s3": HTTP,
}
MODES = ("refuse", "hang", "half", "die", "garbage", "slow", "stop")


@pytest.fixture(scope="module")
def broken():
    """A sandbox whose parts are broken by these tests."""
    with Sandbox("healthy") as one:
        yield one


def targets(sb, **more):
    at = sb.address
    return {"cluster": {"kubectl": {"context": "prod", "namespace": "flight-search-prod"}},
            "api": {"http": at("api", "https")}, "upstream": {"http": at("upstream", "http")},
            "monitor": {"prometheus": at("prometheus", "http")}, "db": {"postgres": sb.conninfo},
            "cache": {"redis": at("redis", "redis") + "/0"},
            "backups": {"s3": "s3://flight-search-backups", "region": sb.s3.region, "endpoint": at("s3", "http")},
            **more}


def book(folder, sb, reads, budget=BUDGET, more_targets=None):
    """One step with these reads, and one after it that must run whatever they say."""
    steps = (f"  - step: Look\n    id: look\n    budget: {budget}s\n    actions:\n"
             + "".join(f"      - id: {k}\n        " + "\n        ".join(v.split("\n")) + "\n" for k, v in reads.items())
             + "  - {step: Go on, id: go_on, exec: [/bin/echo, went on], effect: read}\n")
    return write_book(folder, steps, targets(sb, **(more_targets or {})))


def plain(form):
    """`{a: 1, b: 2}` as lines of a block mapping."""
    return "\n".join(part.strip() for part in form.strip("{}").split(", ")) if form.startswith("{") else form


def look(sb, folder, reads, budget=BUDGET, targets=None, **options):
    result = run("book", "-R", book(folder, sb, reads, budget, targets), on=sb, timeout=budget + GRACE + 20, **options)
    assert result.action("go_on")["outcome"] == "passed", f"the run did not go on{result}"
    assert result.step("look")["seconds"] < budget + GRACE, f"it outlasted its budget{result}"
    assert result.err == "", f"a complaint on stderr{result}"
    for name in reads:
        why = result.action(name).get("why")
        assert why is None or ("\n" not in why and len(why) < 600), f"not one sentence: {why!r}"
    return result


def one(sb, folder, form, *says, outcome="failed", **options):
    """One read, which fails and says so."""
    result = look(sb, folder, {"it": form}, **options)
    ended = result.action("it")
    assert ended["outcome"] == outcome, str(result)
    for words in says:
        assert re.search(words, ended["why"]), f"{words!r} is not in: {ended['why']}"
    assert result.status == 2, str(result)
    return result


@pytest.mark.parametrize("mode", MODES)
def test_every_part_broken_at_once(broken, tmp_path, mode):
    for part in READS:
        broken.break_part(part, mode)
    try:
        result = look(broken, tmp_path, {part: plain(form) for part, form in READS.items()})
    finally:
        for part in READS:
            broken.heal(part)
    for part in READS:
        ended, wanted = result.action(part), SAYS[part][mode]
        if wanted is None:
            assert ended["outcome"] == "passed", f"{part}: {ended}"
            continue
        assert ended["outcome"] == ("timed_out" if wanted is TIME else "failed"), f"{part}: {ended}"
        assert re.search(wanted, ended["why"]), f"{part}: {wanted!r} is not in: {ended['why']}"
        if wanted is not TIME and (part != "kube" or mode == "refuse"):
            assert str(broken.port(part)) in ended["why"] or "127.0.0.1" in ended["why"], f"where? {ended['why']}"
    late = any(SAYS[part][mode] is TIME for part in READS)
    assert result.step("look")["outcome"] == ("timed_out" if late else "failed")
    assert result.status == 2 and result.finished["level"] == "critical"


def test_healed_parts_work_again(broken, tmp_path):
    result = look(broken, tmp_path, {part: plain(form) for part, form in READS.items()}, budget=10)
    assert result.status == 0, str(result)


def test_a_metric_whose_source_is_broken_is_unknown(broken):
    broken.break_part("prometheus", "refuse")
    try:
        result = run("high-error-rate", "--check", "--only", "identify_error_source", on=broken)
        checked = run("overview", on=broken)
    finally:
        broken.heal("prometheus")
    levels = result.levels("before")
    assert levels["error_rate"] == levels["cpu"] == "unknown"
    assert result.status == 3, f"unknown, and nothing worse{result}"
    assert "refused" in result.event("metric.measured", name="cpu", when="before")["error"]
    assert checked.action("metrics")["outcome"] == "failed" and checked.action("api")["outcome"] == "passed"


def test_a_part_that_comes_back_is_reached_by_a_retry(broken, tmp_path):
    broken.break_part("redis", "refuse")
    back = threading.Timer(1, broken.heal, ["redis"])
    back.start()
    try:
        result = look(broken, tmp_path, {"cache": "redis: PING\nretry: {times: 40, every: 200ms}"}, budget=10)
    finally:
        back.join()
        broken.heal("redis")
    ended = result.action("cache")
    assert ended["outcome"] == "passed" and 2 < ended["attempts"] < 41, str(result)


# One fault, one adapter: (the read, what the sentence says, and what is different from the usual).

def other(**target):
    return {"targets": {"other": target}}


FAULTS = {
    "wrong context": ("kubectl: get pods\ntarget: other", r'context "nowhere" does not exist: see `kubectl config',
                      other(kubectl={"context": "nowhere", "namespace": "x"})),
    "no such object": ("kubectl: get deployment nothing", r'exit status 1: .*NotFound.*"nothing" not found', {}),
    "refused password": ("postgres: SELECT 1", "password authentication failed.*PGPASSWORD",
                         {"env": {"PGPASSFILE": "/nonexistent", "PGPASSWORD": "not-this-one"}}),
    "no password": ("postgres: SELECT 1", "password", {"env": {"PGPASSFILE": "/nonexistent", "HOME": "/nonexistent"}}),
    "unknown host, database": ("postgres: SELECT 1\ntarget: other", "'nowhere.invalid' is unknown.*DNS",
                               other(postgres="host=nowhere.invalid user=x dbname=y")),
    "unknown host, cache": ("redis: PING\ntarget: other", "nowhere.invalid:6379: unknown host.*DNS",
                            other(redis="redis://nowhere.invalid:6379/0")),
    "unknown host, http": ("http: GET http://nowhere.invalid/x", "could not resolve host 'nowhere.invalid'.*DNS", {}),
    "unknown name": ("dns: nowhere.invalid", "unable to resolve 'nowhere.invalid'", {}),
    "query error": ("postgres: SELECT * FROM nothing", r'relation "nothing" does not exist at line 1, column 15', {}),
    "result too large": ("postgres: SELECT repeat('x', 1000000) FROM generate_series(1, 20)",
                         "over 8 MiB.*LIMIT", {"budget": 10}),
    "body too large": ("http: GET /big\ntarget: upstream\nexpect: body.size() > 0", "over 16 MiB", {"budget": 10}),
    "status 404": ("http: GET /nothing\ntarget: upstream", "GET http://127.0.0.1:.*/nothing: status 404 Not Found", {}),
    "bad PromQL": ("prometheus: 'sum('", "prometheus http://127.0.0.1:.*parse error", {}),
    "no data": ("prometheus: nothing_at_all", "no data.*is it scraped", {}),
    "bad redis command": ("redis: GET", "wrong number of arguments.*correct", {}),
    "no such bucket": ("s3: ls s3://nothing/", "s3://nothing/: status 404 NoSuchBucket.*check the bucket", {}),
    "no such object, s3": ("s3: stat s3://flight-search-backups/nothing", "404.*no such object", {}),
    "nothing found": ("s3: ls s3://flight-search-backups/nothing/", "nothing found: check", {}),
    "wrong secret key": ("s3: ls s3://flight-search-backups/", "403 SignatureDoesNotMatch.*secret access key",
                         {"env": {"AWS_SECRET_ACCESS_KEY": "not-this-one"}}),
    "no credentials": ("s3: ls s3://flight-search-backups/", "no AWS credentials: set AWS_ACCESS_KEY_ID",
                       {"env": {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "HOME": "/nonexistent",
                               "AWS_EC2_METADATA_DISABLED": "true"}}),
    "torn backup": ("s3: verify s3://flight-search-backups/torn.sql.gz", "torn.sql.gz: .*the backup is torn", {}),
    "missing command": ("exec: [/nonexistent/x]\neffect: read", "unable to run '/nonexistent/x': No such file", {}),
    "missing kubectl": ("kubectl: get pods", "unable to run 'kubectl': not found in PATH: install it",
                        {"env": {"PATH": "/nonexistent", "FSOPS_KUBECTL": "always"}}),
    "missing folder": ("exec: {argv: [ls], cwd: /nonexistent}\neffect: read", "folder '/nonexistent': No such", {}),
    "killed": ("shell: kill -9 $$\neffect: read", r"killed by signal 9 \(KILL\)", {}),
    "bad JSON": ("kubectl: get pods\nexpect: json.items.size() > 0", "stdout is not JSON", {}),
    "save into nowhere": ("exec: [echo, x]\neffect: read\nsave: /nonexistent/at/all",
                          "unable to save to '/nonexistent/at/all': folder '/nonexistent/at': No such", {}),
    "save over a file": ("exec: [echo, x]\neffect: read\nsave: /etc/passwd",
                         "'/etc/passwd' is there already and is never overwritten", {}),
    "copy over a file": ("s3: cp s3://flight-search-backups/torn.sql.gz /etc/passwd",
                         "'/etc/passwd' is there already and is never overwritten", {}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(broken, tmp_path, name):
    form, says, how = FAULTS[name]
    broken.s3.put("flight-search-backups", "torn.sql.gz", b"\x1f\x8b\x08\x00junk")
    broken.app.overrides["/big"] = (200, "x" * (17 << 20))
    one(broken, tmp_path, form, says, **how)


@pytest.mark.parametrize("part, says", [
    ("expired", "TLS certificate not valid: certificate has expired .*renew"),
    ("stranger", "TLS certificate not valid: .*authority that is not known here"),
    ("api", "TLS certificate not valid: certificate is for another name.*localhost.*not for"),
    ("api_plain", "TLS handshake.*does this port speak TLS"),
])
def test_tls_that_is_not_valid(broken, tmp_path, part, says):
    # The certificates are for localhost and 127.0.0.1; every name below localhost is this machine, too.
    host = "shop.localhost" if part == "api" else "localhost"
    one(broken, tmp_path, f"http: GET https://{host}:{broken.port(part)}/health", says)


def test_a_cluster_that_forbids(broken, tmp_path):
    broken.kube.forbid("list", "secrets")
    try:
        one(broken, tmp_path, "kubectl: get secrets", "Forbidden.*cannot list.*ask for the role")
    finally:
        broken.kube.allow_all()


def test_a_timeout_cancels_the_query_on_the_server(broken, tmp_path):
    one(broken, tmp_path, "postgres: SELECT pg_sleep(61)\ntimeout: 1s", "1s", outcome="timed_out")
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND pid <> pg_backend_pid()"
    wait_until(lambda: broken.postgres.query(running) == [["0"]], "the server has given the query up", 2)


def test_a_read_cannot_write(broken, tmp_path):
    """What only the server can know: a function that writes."""
    broken.postgres.query("CREATE OR REPLACE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'DELETE FROM bookings "
                          "RETURNING 1'")
    count = broken.postgres.query("SELECT count(*) FROM bookings")
    result = run("book", "-R", book(tmp_path, broken, {"it": "postgres: SELECT sneak()"}), "--check", on=broken)
    assert broken.postgres.query("SELECT count(*) FROM bookings") == count, str(result)


def test_no_route(broken, tmp_path):
    """Without any network: each adapter that needs one says so at once."""
    reads = {k: plain(v) for k, v in READS.items() if k in ("upstream", "postgres", "redis", "s3")}
    folder = book(tmp_path, broken, reads)
    done = subprocess.run(alone("-n", FSOPS, "run", "book", "--format", "json", "-R", folder),
                          env=environment(broken), capture_output=True, text=True, timeout=30)
    result = Result(["run", "book"], done.returncode, done.stdout, done.stderr, 0)
    assert result.status == 2 and result.action("go_on")["outcome"] == "passed", str(result)
    for name in reads:
        why = result.action(name).get("why") or ""
        assert re.search("no route|unreachable", why) and re.search("VPN|network", why), f"{name}: {why}{result}"


@pytest.mark.parametrize("form, says", [
    # Evidence: what could be had is kept, and called incomplete.
    ("exec: [head, -c, '9000000', /dev/zero]\neffect: read\nsave: {disk}/out", "the output is incomplete, [1-9][0-9]* bytes are in '.*/out.part-"),
    ("s3: cp s3://flight-search-backups/large {disk}/out", None),
])
def test_a_full_disk(broken, tmp_path, form, says):
    broken.s3.put("flight-search-backups", "large", b"x" * 9000000)
    disk = tmp_path / "disk"
    disk.mkdir()
    folder = book(tmp_path / "book", broken, {"it": form.format(disk=disk)}, 10)
    script = f"mount -t tmpfs -o size=1m none {disk} && {FSOPS} run book -y --format json -R {folder}; s=$?; " \
             f"ls -A {disk} >&2; exit $s"
    done = subprocess.run(alone("-m", "sh", "-c", script), env=environment(broken), capture_output=True, text=True,
                          timeout=30)
    result = Result(["run", "book"], done.returncode, done.stdout, "", 0)
    ended = result.action("it")
    assert ended["outcome"] == "failed" and result.status == 2, str(result)
    assert "No space left on device" in ended["why"] and f"{disk}/out" in ended["why"], ended["why"]
    assert re.search(says or "", ended["why"]), ended["why"]
    left = "out[.]part-.{6}\n" if says else ""
    assert re.fullmatch(left, done.stderr), f"under its name a file is whole: {done.stderr}"


def test_what_was_saved_of_an_action_that_timed_out(broken, tmp_path):
    """It is kept, but not under the name that promises all of it."""
    out = tmp_path / "incident" / "out.log"
    folder = book(tmp_path / "book", broken,
                  {"it": f"shell: echo evidence; sleep 60\neffect: read\ntimeout: 1s\nsave: {out}"}, 20)
    result = fsops("run", "book", "--format", "json", "-R", folder, on=broken)
    saved = result.action("it")["saved"]
    assert result.action("it")["outcome"] == "timed_out" and saved["complete"] is False, str(result)
    assert saved["path"].startswith(f"{out}.part-") and not out.exists()
    assert pathlib.Path(saved["path"]).read_text() == "evidence\n"
    assert saved["sha256"] == hashlib.sha256(b"evidence\n").hexdigest()
    assert os.stat(saved["path"]).st_mode & 0o777 == 0o600 and os.stat(out.parent).st_mode & 0o777 == 0o700


def alone(what, *argv):
    """A command in a name space of its own: -n without a network, -m where mounts are seen by nobody else."""
    user = [] if os.geteuid() == 0 else ["-r"]
    return ["unshare", *user, what, *argv]
