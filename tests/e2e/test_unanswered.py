"""What was not answered is nobody's fact: nothing is captured from it, no later condition takes it for data, and a check
does not call it skipped."""
import http.server
import json
import os
import signal
import subprocess
import threading
import time

import pytest
from helpers import FSOPS, Terminal, fsops, only_with, run, wait_until, write_book

EMPTY_LIST = '{"kind": "List", "items": []}'
CHANGE = "{id: change, shell: touch changed, effect: change}"


class Page(http.server.BaseHTTPRequestHandler):
    """Answers every request with its server's status and body."""

    def do_GET(self):
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def page():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.status, server.body = 503, EMPTY_LIST
        server.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def refusing(folder):
    """A kubectl that is refused a list, and prints an empty one, as the real one does."""
    return only_with(folder / "tools", kubectl=f"case $1 in version) exit;; esac; echo '{EMPTY_LIST}'; "
                     "echo 'Error from server (Forbidden): pods is forbidden' >&2; exit 1")


def steps(first, second):
    return (f"  - step: Look\n    id: look\n    budget: 10s\n    actions:\n      - {first}\n"
            f"  - step: Then\n    id: then\n    budget: 10s\n    {second}\n    actions:\n      - {CHANGE}\n")


REFUSED = {"kubectl": "{id: pods, kubectl: get pods -o json, severity: info, CAPTURE}",
           "http": "{id: pods, http: GET /pods, severity: info, CAPTURE}",
           "killed": "{id: pods, shell: 'echo \"{\\\"items\\\": []}\"; kill -9 $$', effect: read, severity: info, CAPTURE}"}


@pytest.mark.parametrize("how", REFUSED)
@pytest.mark.parametrize("capture, when", [
    ("capture: {n: json.items.size()}", "when: n == 0"), ("", "when: results.pods.json.items.size() == 0"),
    ("", "when: results.pods.json.items.all(p, ready(p))")])
def test_nothing_is_known_of_what_was_refused(page, tmp_path, how, capture, when):
    look = REFUSED[how].replace(", CAPTURE", ", " + capture if capture else "")
    book = write_book(tmp_path / "r", steps(look, when), {"web": {"http": page.address}, "c": {"kubectl": {}}})
    result = run("book", "-R", book, "-y", env=refusing(tmp_path), cwd=tmp_path)
    assert not (tmp_path / "changed").exists() and result.status == 2, str(result)
    assert result.step("then")["outcome"] == "failed", str(result)
    assert capture or "'pods' gave no answer" in result.step("then")["why"], str(result)


def test_what_only_was_not_as_expected_is_known(tmp_path):
    look = ("{id: pods, shell: 'echo \"{\\\"items\\\": []}\"', effect: read, severity: info, capture: {n: json.items.size()}, "
            "expect: json.items.size() > 0}")
    book = write_book(tmp_path / "r", steps(look, "when: n == 0 && results.pods.json.items.size() == 0"))
    result = run("book", "-R", book, "-y", cwd=tmp_path)
    assert (tmp_path / "changed").exists() and result.status == 0, str(result)


@pytest.mark.parametrize("action, outcome", [
    ("{kubectl: get pods -o json, until: json.items.size() == 0}", "failed"),
    ("{http: GET /pods, until: json.items.size() == 0}", "failed"),
    ("{shell: echo no, effect: read, until: 'lines[0] == \"yes\"'}", "skipped"),
    ("{shell: exit 1, effect: read, until: exit == 0}", "skipped"),
    ("{metrics: [gone], until: metrics.gone.level == 'ok'}", "failed")])
def test_a_check_does_not_skip_what_was_not_answered(page, tmp_path, action, outcome):
    book = write_book(tmp_path / "r", f"  - step: Wait\n    id: wait\n    budget: 5s\n    actions:\n      - {action}\n",
                      {"web": {"http": page.address}, "c": {"kubectl": {}}},
                      platform_more="metrics: {gone: {source: {http: GET /x}, value: status, baseline: '< 2'}}\n"
                      .replace("status, b", "json.n, b"))
    result = run("book", "--check", "-R", book, env=refusing(tmp_path))
    found, = result.events("action.finished")
    assert found["outcome"] == outcome and (result.status == 0) == (outcome == "skipped"), str(result)


def test_a_page_that_says_success_is_no_prometheus(page, tmp_path):
    page.body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {}, "value": [1, "1"]}]}})
    source = "metrics: {m: {source: {prometheus: up}, baseline: '< 5'}}\n"
    book = write_book(tmp_path / "r", "  - {step: Ask, id: ask, budget: 5s, prometheus: up}\n",
                      {"m": {"prometheus": page.address}}, platform_more=source)
    ended = run("book", "-R", book).action("ask")
    assert ended["outcome"] == "failed" and "503" in ended["why"], ended
    measured, = fsops("check", "-R", book, "--format", "json").json["metrics"]
    assert measured["level"] == "unknown", measured
    page.status, page.body = 200, page.body[:-1] + ', "warnings": ["partial: a store is down"]}'
    asked = run("book", "-R", book)
    assert asked.action("ask")["severity"] == "warning", str(asked)
    assert "partial: a store is down" in "".join(e["text"] for e in asked.events("action.output")), str(asked)


def test_a_part_of_an_object_is_not_the_object(page, tmp_path):
    page.status, page.body = 206, "abc"
    book = write_book(tmp_path / "r", f"  - {{step: Get, id: get, budget: 5s, s3: cp s3://b/k {tmp_path}/k, effect: change}}\n",
                      {"s": {"s3": "s3://b", "endpoint": page.address, "region": "r"}})
    result = run("book", "-y", "-R", book, env={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    assert result.action("get")["outcome"] == "failed" and "206" in result.action("get")["why"], str(result)
    assert not (tmp_path / "k").exists()


def test_an_error_within_a_reply_of_redis_is_one(healthy, tmp_path):
    script = "return {1, {redis.pcall('LPUSH', 'k')}}"
    book = write_book(tmp_path, f"  - step: Run\n    id: run\n    budget: 5s\n    redis: [EVAL, \"{script}\", '0']\n",
                      {"cache": {"redis": f"redis://127.0.0.1:{healthy.port('redis')}/0"}})
    result = run("book", "-y", "-R", book, on=healthy)
    assert result.action("run")["outcome"] == "failed" and "wrong number of arg" in result.action("run")["why"].lower(), str(result)


def test_a_step_that_cannot_be_told_counts_outside_too(tmp_path):
    write_book(tmp_path, "  - {step: X, id: x, exec: 'true', effect: read}\n"
                         "  - {step: Told, id: told, when: results.x.json.y, exec: 'true', effect: read}\n", name="inner")
    book = write_book(tmp_path, "  - {step: All, id: all, runbook: inner, accept: any, expect: 'true'}\n", name="outer")
    result = run("outer", "-R", book)
    assert result.status == 2 and result.finished["outcome"] == "failed" and result.finished["level"] == "critical", str(result)


@pytest.mark.parametrize("action", ["{metrics: [m], expect: metrics.m.value > 3}",
                                    "{runbook: inner, expect: level == 'warning'}"])
def test_what_is_well_and_not_as_expected_is_a_failure(tmp_path, action):
    write_book(tmp_path, "  - {step: X, id: x, exec: 'true', effect: read}\n", name="inner")
    book = write_book(tmp_path, f"  - step: Look\n    id: look\n    budget: 5s\n    actions:\n      - {action}\n",
                      platform_more="metrics: {m: {source: {shell: echo 1}, value: 'int(lines[0])', baseline: '< 5'}}\n")
    result = run("book", "-R", book)
    assert result.status == 2 and result.finished["level"] == "critical", str(result)
    told = fsops("run", "book", "-R", book).out
    assert "expected" in told[told.index("not well:"):], told


def test_a_change_inside_is_not_made_again_at_every_look(tmp_path):
    write_book(tmp_path, "  - {step: X, id: x, shell: echo x >>made, effect: change}\n", name="inner")
    for wait in ("until: level == 'ok'", "hold_for: 3s, expect: level == 'ok'"):
        book = write_book(tmp_path, f"  - step: All\n    id: all\n    actions:\n      - {{runbook: inner, {wait}}}\n")
        result = fsops("run", "book", "-y", "-R", book, cwd=tmp_path)
        assert result.status != 0 and "again at every look" in result.err, str(result)
    assert not (tmp_path / "made").exists()


def test_a_signal_after_the_last_step_stops_nothing(tmp_path):
    env = only_with(tmp_path / "tools", kubectl="case $1 in version) touch asked; sleep 5;; esac; echo well")
    book = write_book(tmp_path / "r", "  - {step: Look, id: look, budget: 5s, kubectl: get pods}\n", {"c": {"kubectl": {}}})
    env = {**os.environ, **env, "FSOPS_STATE": str(tmp_path / "state")}
    env["PATH"] += f":{os.environ['PATH']}"
    begun = subprocess.Popen([FSOPS, "run", "book", "-R", book, "--format", "json"], env=env, cwd=tmp_path,
                             stdout=subprocess.PIPE, text=True)
    for line in begun.stdout:
        if '"step.finished"' in line:
            begun.send_signal(signal.SIGINT)
            break
    rest = begun.stdout.read()
    assert begun.wait(20) == 0 and '"outcome":"passed"' in rest.splitlines()[-1], rest


# A look is part of its change

def changing(look, until="exit == 0", budget="20s", more=""):
    return (f"  - step: Make\n    id: make\n    budget: {budget}\n    shell: echo x >>made\n    effect: change\n"
            f"    every: 1s\n    until: {until}\n    look: {look}\n{more}")


def test_a_look_has_the_runbook_s_variables(tmp_path):
    look = "{shell: 'echo \"look $greeting\"'}"
    book = write_book(tmp_path / "r", changing(look, "stdout.contains('look hello')"), head="vars: {greeting: hello}")
    assert run("book", "-y", "-R", book, cwd=tmp_path).status == 0
    named = write_book(tmp_path / "n", changing("{exec: [echo, 'see ${greeting}']}", "stdout.contains('hello')"),
                       head="vars: {greeting: hello}")
    assert "look: echo 'see hello'" in fsops("run", "book", "--dry-run", "-R", named).out


def test_a_look_through_a_tunnel_opens_it_in_the_script_too(tmp_path):
    book = write_book(tmp_path, changing("{http: GET /up, target: w}", "status == 200"), {
        "c": {"kubectl": {"context": "prod", "namespace": "n"}},
        "w": {"http": "http://w", "tunnel": "svc/w:80"}})
    assert "port-forward" in fsops("run", "book", "--dry-run", "-R", book).out
    assert "tunnel kubectl" in fsops("run", "book", "--dry-run=sh", "-R", book).out


def test_a_look_by_kubectl_asks_for_its_version(tmp_path):
    old = json.dumps({"clientVersion": {"gitVersion": "v1.18.0"}})
    env = only_with(tmp_path / "tools", kubectl=f"case $1 in version) echo '{old}';; *) echo well;; esac")
    book = write_book(tmp_path / "r", changing("{kubectl: get pods}"), {"c": {"kubectl": {}}})
    notes = [e["text"] for e in run("book", "-y", "-R", book, env=env, cwd=tmp_path).events("note")]
    assert any("1.18.0 is too old" in text for text in notes), notes


def test_a_run_that_was_killed_while_it_looked_looks_on(tmp_path):
    """The change was made: it is not made again, nobody is asked about it, and what it gave is still known."""
    book = write_book(tmp_path / "r", "  - step: Make\n    id: make\n    budget: 60s\n    shell: 'echo x >>made; echo \"{\\\"id\\\": 7}\"'\n"
                      "    effect: change\n    every: 1s\n    until: exit == 0\n"
                      "    look: {exec: [sh, -c, 'echo $0 >>looks; test -e gate', '${json.id}']}\n")
    env = {**os.environ, "FSOPS_STATE": str(tmp_path / "state")}
    begun = subprocess.Popen([FSOPS, "run", "book", "-y", "-R", book], env=env, cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_until(lambda: (tmp_path / "looks").exists(), "it looks")
    begun.kill()
    begun.wait()
    time.sleep(0.2)
    looks = len((tmp_path / "looks").read_text())
    threading.Timer(2, (tmp_path / "gate").touch).start()
    done = subprocess.run([FSOPS, "resume", "-y", "-R", book], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "made").read_text() == "x\n" and len((tmp_path / "looks").read_text()) > looks
    assert set((tmp_path / "looks").read_text().split()) == {"7"}
    told = subprocess.run([FSOPS, "report", "--markdown"], env=env, cwd=tmp_path, text=True, capture_output=True, timeout=20)
    assert told.returncode == 0 and "made, now looked at" in told.stdout, told


def test_a_look_that_hangs_is_named(tmp_path):
    book = write_book(tmp_path / "r", changing("{exec: [sleep, '77']}", budget="2s"))
    result = run("book", "-y", "-R", book, cwd=tmp_path)
    why = result.action("make")["why"]
    assert "no answer" in why and "before this held: exit == 0" in why, why
    ended, = result.events("budget.exceeded")
    assert "sleep 77" in str(ended["ended"]) and "echo x" not in str(ended["ended"]), ended


def test_a_script_does_not_look_for_what_was_declined(tmp_path):
    book = write_book(tmp_path / "r", changing("{exec: [echo, looked]}"))
    script = tmp_path / "script.sh"
    script.write_text(fsops("run", "book", "--dry-run=sh", "-R", book).out)
    person = Terminal("sh", script, cwd=tmp_path)
    person.answer("[y/N] ", "n\n")
    assert person.end() == 0 and "looked\r\n" not in person.seen.replace("echo looked", ""), person.seen
    assert not (tmp_path / "made").exists()


def test_a_reason_is_said_once(tmp_path):
    action = "  - {step: Wait, id: wait, budget: 2s, shell: exit 1, effect: read, until: exit == 0, every: 1s}\n"
    why = run("book", "-R", write_book(tmp_path, action)).action("wait")["why"]
    assert why.count("exit == 0") == 1 and why.startswith("exit status 1"), why


def test_a_person_is_asked_with_the_title_filled_in(tmp_path):
    book = write_book(tmp_path / "r", "  - step: Ask\n    id: ask\n    actions:\n      - {manual: ready?, title: 'the title of ${x}'}\n",
                      head="vars: {x: \"one\\ntwo\"}")
    person = Terminal(FSOPS, "run", "book", "-R", book, env={**os.environ, "FSOPS_STATE": str(tmp_path / "s")})
    shown = person.wait("ready?")
    person.answer("[?] ", "d\n")
    person.end()
    assert "the title of one two" in shown + person.seen, person.seen


def test_a_file_that_may_grow_no_more_is_told(tmp_path):
    book = write_book(tmp_path / "r", "  - {step: Say, id: say, budget: 20s, shell: 'seq 1 20000', effect: read}\n"
                      "  - {step: Change, id: change, budget: 5s, shell: touch changed, effect: change}\n")
    done = subprocess.run(["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", FSOPS, "run", "book", "-y", "-R", book], cwd=tmp_path,
                          env={**os.environ, "FSOPS_STATE": str(tmp_path / "state")}, capture_output=True, text=True, timeout=60)
    assert done.returncode > 0 and "run finished" in done.stdout, done
    assert not (tmp_path / "changed").exists(), "no change without a record"


def test_what_was_not_well_before_it_was_cut_off_is_told_at_the_end(tmp_path):
    book = write_book(tmp_path / "r", "  - {step: First, id: first, budget: 5s, shell: 'echo broken >&2; exit 3', effect: read, severity: warning}\n"
                      "  - {step: Minor, id: minor, budget: 5s, shell: exit 4, effect: read, severity: info}\n"
                      "  - {step: Untold, id: untold, when: 'results.first.json.x == 1', shell: 'true', effect: read}\n"
                      "  - {step: Wait, id: wait, budget: 60s, shell: 'touch waits; test -e gate || sleep 60', effect: read}\n")
    env = {**os.environ, "FSOPS_STATE": str(tmp_path / "state")}
    begun = subprocess.Popen([FSOPS, "run", "book", "-R", book], env=env, cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_until(lambda: (tmp_path / "waits").exists(), "it waits")
    begun.kill()
    begun.wait()
    (tmp_path / "gate").touch()
    done = subprocess.run([FSOPS, "resume", "-R", book], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60)
    told = done.stdout[done.stdout.index("not well:"):]
    assert done.returncode == 2 and "First: exit status 3: broken" in told, done.stdout
    assert "Untold: 'first' gave no answer" in told and "exit status 4" not in told, done.stdout
    again = subprocess.run([FSOPS, "log"], env=env, cwd=tmp_path, text=True, capture_output=True, timeout=20).stdout
    assert again[again.rindex("not well:"):].count("First: exit status 3") == 1, again
