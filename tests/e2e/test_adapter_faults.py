"""Every adapter against every fault: it never passes, one sentence says what and where, a change whose answer is lost is told
as such, and nothing outlasts its time by more than GRACE."""
import concurrent.futures
import itertools
import json
import re

import pytest
from faulty import (FAULTS, HTTP, MAIL, OK, PAGES, POSTGRES_CONNECT, POSTGRES_STATEMENT, REDIS, whole)
from helpers import fsops, run, write_book
from raw import Raw

TIME, TIME_KUBECTL = 0.8, 4.0  # of one action; kubectl takes long to begin
GRACE = 2.0
PATIENCE = 6
CHILD_GRACE = 5.0  # between TERM and KILL
CASES_MIN = 257
AT_ONCE = 12  # reads of one run
PROCESSES = 4
LISTED = b"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
ONE = json.dumps({"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}}).encode()


def http_whole(body):
    return OK + b"Content-Length: %d\r\n\r\n" % len(body) + body


def over_http(body, pages=True):
    answer = http_whole(body)
    torn = whole(answer, [1, 9, len(OK), len(OK) + 9, len(answer) - len(body), len(answer) - 1])
    return FAULTS | HTTP | (PAGES if pages else {}) | torn


def http_target(port):
    return {"http": f"http://127.0.0.1:{port}"}


def pg_target(port):
    return {"postgres": f"host=127.0.0.1 port={port} dbname=d user=u sslmode=disable"}


def s3_target(port):
    return {"s3": "s3://bucket", "region": "r", "endpoint": f"http://127.0.0.1:{port}"}


# name: (its faults, its target, the action, is it a change?)
ADAPTERS = {
    "http": (over_http(b"ok" * 20, False) | {"body_endless": PAGES["body_endless"]}, http_target,
             "http: GET /x, expect: body != ''", False),
    "http_follow": ({"redirect": HTTP["redirect"], "black_hole": FAULTS["black_hole"]}, http_target,
                    "http: {url: /x, follow: true}", False),
    "http_change": (over_http(b"ok" * 20, False), http_target, "http: POST /x", True),
    "https": (FAULTS, lambda port: {"http": f"https://127.0.0.1:{port}"}, "http: GET /x", False),
    "prometheus": (over_http(ONE), lambda port: {"prometheus": f"http://127.0.0.1:{port}"}, "prometheus: up", False),
    "postgres": (FAULTS | POSTGRES_CONNECT | POSTGRES_STATEMENT, pg_target, "postgres: SELECT 1", False),
    "postgres_ping": (FAULTS | POSTGRES_CONNECT, pg_target, "postgres: ping", False),
    "postgres_change": (FAULTS | POSTGRES_CONNECT | POSTGRES_STATEMENT, pg_target, "postgres: UPDATE t SET a = 1 WHERE b = 2", True),
    "redis": (FAULTS | REDIS, lambda port: {"redis": f"redis://127.0.0.1:{port}/0"}, "redis: GET k", False),
    "redis_change": (FAULTS | REDIS, lambda port: {"redis": f"redis://127.0.0.1:{port}/0"}, "redis: SET k v", True),
    "s3_ls": (over_http(LISTED), s3_target, "s3: ls s3://bucket/", False),
    "s3_cp": (over_http(b"backup" * 9, False), s3_target, "s3: cp s3://bucket/key ./FAULT.copy", False),
    "s3_verify": (over_http(b"backup" * 9, False) | {"empty": PAGES["empty"]}, s3_target, "s3: verify s3://bucket/key.gz", False),
    "kubectl": ({name: FAULTS[name] for name in ("black_hole", "close", "garbage", "drip")}
                | {"slow_headers": HTTP["slow_headers"]}, None, "kubectl: --server=http://127.0.0.1:PORT get pods", False),
    "webhook": (FAULTS | HTTP, None, "notify: {to: FAULT, text: hello}", False),
    "mail": (FAULTS | MAIL, None, "notify: {to: FAULT, text: hello}", False),
}
# What the sentence must say, besides where: by the fault, for those that speak HTTP by the same code, and for the others.
LATE = "no answer"
NOT_HTTP = "is not HTTP|longer than what is read"
CLOSED = "closed the connection without an answer"
HALF = "closed the connection half-way"
SAYS_HTTP = {
    "refused": "connection refused", "black_hole": LATE, "close": CLOSED, "close_unheard": CLOSED, "reset": CLOSED,
    "garbage": NOT_HTTP, "garbage_endless": NOT_HTTP, "nul_endless": NOT_HTTP, "drip": NOT_HTTP, "speaks_ssh": NOT_HTTP,
    "tls_alert": NOT_HTTP, "lengths_differ": "two different Content-Lengths", "length_over": "Content-Length", "old": NOT_HTTP,
    "headers_endless": "headers are over", "hints_endless": "headers are over", "header_endless": NOT_HTTP, "slow_headers": LATE,
    "slow_body": LATE, "chunk_too_large": NOT_HTTP, "chunk_negative": NOT_HTTP, "chunk_torn": HALF, "trailer_torn": HALF,
    "redirect": "status 302", "redirect_to_file": "status 301", "status_500": "status 500", "status_none": NOT_HTTP,
    "dies_after_1": CLOSED, "dies_after_17": f"{HALF}, among the headers",
}
SAYS = {
    "http": SAYS_HTTP | {"body_endless": "over 16 MiB"},
    "http_change": SAYS_HTTP,
    "http_follow": {"redirect": "redirected more than 10 times", "black_hole": LATE, "refused": "connection refused"},
    "https": {"refused": "connection refused", "black_hole": LATE, "garbage": "TLS handshake", "speaks_ssh": "TLS handshake",
              "tls_hello_then_silence": LATE, "tls_alert": "TLS handshake", "drip": "TLS|no answer"},
    "prometheus": SAYS_HTTP | {"redirect": "status 302", "page": "not what a Prometheus answers", "empty": "Prometheus",
                               "half_a_text": "not what a Prometheus answers", "body_endless": "over 16 MiB", "deep": "Prometheus",
                               "status_500": "status 500, and not from a Prometheus"},
    "postgres": {"refused": "refused.*running", "black_hole": LATE, "speaks_ssh": "really a PostgreSQL", "garbage": "PostgreSQL",
                 "undone": "did not say that it was done", "refuses": "too many clients", "copy": "COPY can't", "error": "bad",
                 "statement_closed": "broke while the statement ran", "row_torn": "broke while", "statement_unanswered": LATE},
    "postgres_ping": {"refused": "refused.*running", "black_hole": LATE, "refuses": "too many clients"},
    "postgres_change": {"undone": "look whether the change was made", "statement_closed": "look whether the change was made",
                        "statement_reset": "look whether the change was made", "row_torn": "look whether the change was made"},
    "redis": {"refused": "refused.*running", "black_hole": LATE, "garbage": "really a Redis", "list_huge": "over 16 MiB",
              "text_endless": "over 16 MiB", "error": "ERR", "loading": "reading its data from disk", "text_torn": "broke before"},
    "redis_change": {"text_torn": "look whether the change was made", "no_end_closed": "look whether the change was made"},
    "s3_ls": SAYS_HTTP | {"redirect_to_file": "region", "page": "not S3's XML", "empty": "not S3's XML", "body_endless": "over 16 MiB"},
    "s3_cp": SAYS_HTTP | {"redirect_to_file": "region"},
    "s3_verify": {"refused": "connection refused", "black_hole": LATE, "close": CLOSED, "garbage": NOT_HTTP, "slow_headers": LATE},
    "kubectl": {"refused": "refused", "black_hole": LATE},
    "webhook": SAYS_HTTP, "mail": {"refused": "Couldn't connect", "refuses": "554", "black_hole": LATE},
}
# The status line has said that the message was taken, so it is not sent again, whatever comes behind.
TAKEN = {"webhook": {"length_huge", "length_huge_closed", "length_over", "lengths_differ", "headers_endless", "header_endless",
                     "chunk_too_large", "chunk_negative", "chunk_torn", "trailer_torn", "nul_in_head"}}
ENV = {"AWS_ACCESS_KEY_ID": "AKIAXXXXXXXXXXXXXXXX", "AWS_SECRET_ACCESS_KEY": "s" * 40, "PGPASSWORD": "p" * 8}
CHANNELS = {"webhook": "{{kind: webhook, url: 'http://127.0.0.1:{}/x'}}",
            "mail": "{{kind: mail, smtp: 'smtp://127.0.0.1:{}', from: a@example.org, to: [b@example.org]}}"}


def time_of(adapter):
    return TIME_KUBECTL if adapter == "kubectl" else TIME


def one_run(folder, adapter, ports, patience=1):
    """A run of these faults of one adapter: {fault: how its action ended}, and what a person is told."""
    _, target, action, _ = ADAPTERS[adapter]
    time = time_of(adapter) * patience
    targets = {f: target(p) if target else {"kubectl": {}} for f, p in ports.items() if target or adapter == "kubectl"}
    channels = {f: CHANNELS[adapter].format(p) for f, p in ports.items() if adapter in CHANNELS}
    lines = "".join(f"      - {{id: {f}, {f'target: {f}, ' if targets else ''}timeout: {int(time * 1000)}ms, "
                    f"on_failure: continue, {action.replace('FAULT', f).replace('PORT', str(p))}}}\n" for f, p in ports.items())
    more = "channels:\n" + "".join(f"  {f}: {c}\n" for f, c in channels.items()) if channels else ""
    book = write_book(folder, f"  - step: All\n    id: all\n    budget: 60s\n    actions:\n{lines}", targets, platform_more=more)
    env = {**ENV, "FSOPS_STATE": str(folder / "state")}
    result = fsops("run", "book", "--format", "json", "-R", book, "-y", "--yes-destroy", env=env, cwd=folder)
    told = fsops("log", result.finished["run"], "--plain", env=env, cwd=folder)
    return {f: result.action(f) for f in ports}, told.out


def runs(tmp_path, adapter, ports):
    """All faults of an adapter: reads beside each other, changes one after another but in several runs at once."""
    change = ADAPTERS[adapter][3]
    names = iter(ports.items())
    size = -(-len(ports) // PROCESSES) if change else AT_ONCE
    parts = list(iter(lambda: dict(itertools.islice(names, size)), {}))
    with concurrent.futures.ThreadPoolExecutor(PROCESSES) as pool:
        return list(pool.map(lambda part: one_run(tmp_path / f"r{part[0]}", adapter, part[1]), enumerate(parts)))


def was_late(adapter, fault, done):
    """Did its time end before it could fail as it should have?"""
    return done["outcome"] == "timed_out" and not re.search(SAYS[adapter].get(fault, "."), done["why"])


def wrong(adapter, fault, port, done, told):
    """What is not as it must be with one case."""
    why = done.get("why") or ""
    if fault in TAKEN.get(adapter, ()):
        return None if done["outcome"] == "passed" else f"was taken, and {done['outcome']}: {why}"
    if done["outcome"] not in ("failed", "timed_out"):
        return f"{done['outcome']} {why}"
    if not why or any(ord(c) < 32 for c in why):
        return f"not one sentence: {why!r}"
    if not any(place in why for place in (str(port), fault, "s3://bucket")):
        return f"does not say where: {why}"
    if not re.search(SAYS[adapter].get(fault, "."), why):
        return f"does not say what: {why}"
    if done["seconds"] > time_of(adapter) + GRACE and done["outcome"] == "timed_out":
        return f"took {done['seconds']} s: {why}"
    if done["effect"] != "read" and not in_doubt(told, port):
        return f"not in doubt: {why}"
    return None


def in_doubt(told, port):
    """Is the change among those that a person is told may have taken effect, and among no others?"""
    changed, title, begun = told.rpartition("begun, may have taken effect:")
    return bool(title) and str(port) in begun and "changed:" not in changed


def all_of(adapter):
    return {"refused": None} | ADAPTERS[adapter][0]


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_faults(tmp_path, adapter):
    with Raw() as raw:
        ports = {fault: raw.serve(talk) if talk else 1 for fault, talk in all_of(adapter).items()}
        ended = runs(tmp_path, adapter, ports)
        late = {f: ports[f] for done, _ in ended for f, d in done.items() if was_late(adapter, f, d)}
        if late:  # a machine that has no time for us: those again, with patience
            ended = [({f: d for f, d in done.items() if f not in late}, told) for done, told in ended]
            ended.append(one_run(tmp_path / "again", adapter, late, PATIENCE))
    bad = {fault: complaint for done, told in ended for fault in done
           if (complaint := wrong(adapter, fault, ports[fault], done[fault], told))}
    over = max(d["seconds"] for done, _ in ended for f, d in done.items() if f not in late) - time_of(adapter)
    print(f"{adapter}: {len(ports)} cases, {len(bad)} wrong, longest end {over:+.2f} s over its time")
    assert not bad, "\n".join(f"{fault}: {complaint}" for fault, complaint in bad.items())
    assert sum(len(done) for done, _ in ended) == len(ports)


# What a child process can do: (its script for sh, or words; what the sentence says).
CHILDREN = {
    "missing": ("[no-such-program-77]", "no-such-program-77"), "not_executable": ("[/etc/passwd]", "not executable"),
    "folder": ("[/]", "a folder|not executable"), "exit": ("exit 3", "exit status 3"), "killed": ("kill -9 $$", "signal 9|KILL"),
    "aborted": ("kill -6 $$", "signal 6|ABRT"), "hangs": ("sleep 60", LATE), "ignores_term": ("trap '' TERM; sleep 60; sleep 60", LATE),
    "stops": ("kill -STOP $$", LATE), "closes_its_output": ("exec >&- 2>&-; sleep 60", LATE), "floods": ("yes", LATE),
    "floods_errors": ("yes >&2", LATE), "nul_and_no_text": ("printf 'a\\000\\377b'; exit 1", "exit status 1"),
    "grandchild": ("sleep 60 & exit 5", "exit status 5|no answer"), "says_much_and_fails": ("head -c 300000 /dev/zero; exit 4", "exit status 4"),
}


def child_time(fault):
    """Short for those that never end by themselves."""
    return TIME if LATE in CHILDREN[fault][1] else TIME * PATIENCE


@pytest.mark.parametrize("effect, faults", [("read", list(CHILDREN)), ("change", ["missing", "exit", "killed", "hangs", "floods"])])
def test_children(tmp_path, effect, faults):
    script = {f: c if c.startswith("[") else json.dumps(["sh", "-c", c]) for f in faults for c in CHILDREN[f][:1]}
    lines = "".join(f"      - {{id: {f}, timeout: {int(child_time(f) * 1000)}ms, on_failure: continue, effect: {effect}, exec: {c}}}\n"
                    for f, c in script.items())
    book = write_book(tmp_path, f"  - step: All\n    id: all\n    budget: 60s\n    actions:\n{lines}")
    result = run("book", "-R", book, "-y", env={"FSOPS_STATE": str(tmp_path / "state")})
    told = fsops("log", result.finished["run"], "--plain", env={"FSOPS_STATE": str(tmp_path / "state")}).out
    for fault in faults:
        done, says = result.action(fault), CHILDREN[fault][1]
        assert done["outcome"] in ("failed", "timed_out") and re.search(says, done["why"]), f"{fault}: {done}"
        assert done["seconds"] < child_time(fault) + GRACE + (CHILD_GRACE if fault == "ignores_term" else 0), f"{fault}: {done}"
    assert effect == "read" or "begun, may have taken effect:" in told and "changed:" not in told, told


def test_names(tmp_path):
    names = {"unknown": "no-such-host.invalid", "long": "x" * 70 + ".invalid", "dots": "a..invalid"}
    lines = "".join(f"      - {{id: {f}, timeout: 5s, dns: {n}}}\n" for f, n in names.items())
    book = write_book(tmp_path, f"  - step: All\n    id: all\n    budget: 20s\n    actions:\n{lines}")
    result = run("book", "-R", book)
    for fault, name in names.items():
        done = result.action(fault)
        assert done["outcome"] in ("failed", "timed_out") and name in done["why"], f"{fault}: {done}"


def test_there_are_as_many_cases_as_there_must_be():
    assert sum(len(all_of(adapter)) for adapter in ADAPTERS) >= CASES_MIN
