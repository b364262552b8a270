"""What a runbook expects adds to the adapter's own verdict: what failed by itself is never passed because an answer
happens to fit, and why it failed by itself is always said first."""
import http.server
import json
import os
import re
import threading
import xml.etree.ElementTree as ElementTree

import pytest
from helpers import FSOPS, Terminal, fsops, run, write_book
from sandbox import Sandbox

GOOD = '{"state": "up", "items": []}'


class Answers(http.server.BaseHTTPRequestHandler):
    """GET /503 answers 503, always with a body that looks good; /302 leads to a page that is well."""

    def do_GET(self):
        status = int(self.path.strip("/").split("/")[0])
        self.send_response(status)
        if status // 100 == 3:
            self.send_header("Location", "/200/login")
        self.send_header("Content-Length", str(len(GOOD)))
        self.end_headers()
        self.wfile.write(GOOD.encode())
        self.server.asked.append((self.command, self.path))

    do_POST = do_DELETE = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def sb():
    with Sandbox("healthy") as one:
        yield one


def address(server):
    return f"http://127.0.0.1:{server.server_port}"


def step(action, budget="5s"):
    lines = "\n".join("    " + line for line in action.strip().splitlines())
    return f"  - step: Look\n    id: look\n    budget: {budget}\n{lines}\n"


def look(folder, action, targets, **more):
    """The one action of a runbook, run; its action.finished."""
    book = write_book(folder, step(action), targets)
    return run("book", "-R", book, "-y", "--yes-destroy", **more).action("look")


SAYS = f"""[sh, -c, 'echo "$0"; echo away >&2; exit 3', '{GOOD}']"""
TELLS = "expect: json.items.size() == 0 && json.state == 'up'"

WEB = [
    # the action, how it ends, how its reason begins
    (f"http: GET /503\n{TELLS}", "failed", "status 503 Service Unavailable"),
    (f"http: GET /404\n{TELLS}", "failed", "status 404 Not Found"),
    (f"http: GET /302\n{TELLS}", "failed", "status 302 Found: it leads to .*/200/login"),
    ("http: GET /302", "failed", "status 302 Found: it leads to"),
    (f"http: {{url: /302, follow: true}}\n{TELLS}", "passed", None),
    ("http: POST /307", "failed", "status 307 Temporary Redirect: it leads to .*: put that into the target$"),
    (f"http: POST /503\n{TELLS}", "failed", "status 503"),
    (f"http: GET /200\n{TELLS}", "passed", None),
    # the reason is there, too, when the expression cannot be evaluated
    ("http: GET /503\nexpect: json.deep.er == 1", "failed", "status 503"),
    ("http: GET /200\nexpect: json.deep.er == 1", "failed", "no such key: 'deep'"),
    # what names the status judges it
    ("http: GET /404\nexpect: status == 404", "passed", None),
    ("http: GET /404\nexpect: ['status in [200, 404]', json.state == 'up']", "passed", None),
    ("http: GET /503\nexpect: status == 404", "failed", "status 503 Service Unavailable; expected status == 404"),
    # a field of that name in the body is not the status
    ("http: GET /503\nexpect: \"!has(json.status)\"", "failed", "status 503"),
    ("http: GET /503\nexpect: json.items.all(status, status == 200)", "failed", "status 503"),
    ("http: GET /503\naccept: any", "passed", None),
    (f"http: GET /503\naccept: any\n{TELLS}", "passed", None),
    ("http: GET /503\naccept: any\nexpect: json.state == 'down'", "failed", "status 503.*; expected json.state"),
]

COMMANDS = [
    (f"exec: {SAYS}\neffect: read\n{TELLS}", "failed", "^exit status 3: away$"),
    (f"exec: {SAYS}\neffect: change\n{TELLS}", "failed", "^exit status 3: away$"),
    ("shell: echo up; exit 3\neffect: read\nexpect: stdout.contains('up')", "failed", "^exit status 3$"),
    ("shell: echo up; exit 3\neffect: change\nexpect: lines.size() == 1", "failed", "^exit status 3$"),
    ("shell: exit 3\neffect: read\nexpect: json.items.size() == 0", "failed", "^exit status 3$"),
    ("shell: exit 3\neffect: read\nexpect: exit == 3", "passed", None),
    ("shell: exit 3\neffect: read\nexpect: exit in [0, 1]", "failed", "^exit status 3; expected exit in"),
    ("shell: echo gone >&2; exit 1\neffect: read\nexpect: stderr.contains('gone')", "passed", None),
    ("shell: exit 3\neffect: read\nexpect: exit == 3 && json.a == 1", "failed", "^exit status 3; no such field 'a'"),
    ("shell: exit 3\neffect: read\naccept: any", "passed", None),
]


@pytest.mark.parametrize("action, outcome, why", WEB + COMMANDS)
def test_a_body_that_fits_makes_no_success(action, outcome, why, web, tmp_path):
    ended = look(tmp_path, action, {"web": {"http": address(web)}})
    assert ended["outcome"] == outcome, ended
    if why:
        assert re.search(why, ended["why"]), ended["why"]


SERVERS = [
    ("redis: LPUSH text 1\nexpect: info == null", "failed", "WRONGTYPE"),
    ("redis: LPUSH text 1\nexpect: reply.startsWith('WRONGTYPE')", "passed", None),
    ("redis: LPUSH text 1\nexpect: reply.startsWith('ERR')", "failed", "WRONGTYPE.*; expected"),
    ("postgres: SELECT 1/0\nexpect: count == 0", "failed", "division by zero"),
    ("prometheus: nothing_of_that_name\nexpect: series.all(s, false)", "failed", "no data"),
    ("prometheus: nothing_of_that_name\naccept: any\nexpect: series.size() == 0", "passed", None),
    ("s3: ls s3://flight-search-backups/nothing/\nexpect: objects.all(o, false)", "failed", "nothing found"),
    ("s3: ls s3://flight-search-backups/nothing/\nexpect: count == 0", "passed", None),
    ("s3: ls s3://no-such-bucket/\nexpect: count == 0", "failed", "NoSuchBucket|no such bucket|404"),
    ("kubectl: get pods\nexpect: lines.size() == 0", "failed", "^exit status 1: .*orbidden"),
    ("kubectl: get pods -o json\nexpect: json.items.size() == 0", "failed", "^exit status 1: .*orbidden"),
    ("kubectl: get pods -o json\nexpect: exit != 0 && stderr.contains('orbidden')", "passed", None),
]


@pytest.fixture(scope="module")
def refused(sb):
    sb.redis.command("SET", "text", "1")
    sb.kube.forbid("list", "pods")
    return sb


def parts(sb):
    at = sb.address
    return {"cluster": {"kubectl": {"context": "prod", "namespace": "flight-search-prod"}},
            "monitor": {"prometheus": at("prometheus", "http")}, "db": {"postgres": sb.conninfo},
            "cache": {"redis": at("redis", "redis") + "/0"},
            "backups": {"s3": "s3://flight-search-backups", "region": sb.s3.region, "endpoint": at("s3", "http")}}


@pytest.mark.parametrize("action, outcome, why", SERVERS)
def test_each_adapter_judges_for_itself_first(action, outcome, why, refused, tmp_path):
    ended = look(tmp_path, action, parts(refused), on=refused)
    assert ended["outcome"] == outcome, ended
    if why:
        assert re.search(why, ended["why"]), ended["why"]


def test_until_waits_for_an_answer_that_was_given(refused, tmp_path):
    """An empty list that was refused is not "none left"; the refusal is the reason."""
    ended = look(tmp_path, "kubectl: get pods -o json\nuntil: json.items.size() == 0\nevery: 1s\ntimeout: 5s",
                 parts(refused), on=refused)
    assert ended["outcome"] == "timed_out" and ended["attempts"] > 1
    assert re.match("exit status 1: .*orbidden.*; the step's time was up before this held", ended["why"]), ended["why"]


def test_until_may_judge_what_failed(tmp_path):
    """`until` that names the exit status waits for the very failure."""
    counted = tmp_path / "count"
    script = f"echo >>{counted}; [ $(grep -c . {counted} || true) -lt 3 ]; [ $(wc -l <{counted}) -lt 3 ]"
    ended = look(tmp_path, f"shell: {json.dumps(script)}\neffect: read\nuntil: exit == 1\nevery: 1s", {})
    assert ended["outcome"] == "passed", ended


def test_hold_for_breaks_when_the_answer_is_refused(web, tmp_path):
    ended = look(tmp_path, f"http: GET /503\n{TELLS}\nhold_for: 3s\nevery: 1s", {"web": {"http": address(web)}})
    assert ended["outcome"] == "failed" and ended["attempts"] == 1 and "status 503" in ended["why"]


def test_the_reason_is_the_same_everywhere(web, tmp_path):
    """Terminal, -q, JUnit, Markdown, JSON report and a channel say why it failed, not what could not be evaluated."""
    book = write_book(tmp_path / "book", step("http: GET /503\nexpect: json.deep.er == 1"),
                      {"web": {"http": address(web)}},
                      platform_more=f"channels: {{ops: {{kind: webhook, url: '{address(web)}/200/hook', "
                                    "on: [run.finished]}}\n")
    env = {"FSOPS_STATE": str(tmp_path / "state")}
    texts = [fsops("run", "book", "-R", book, *words, env=env).out for words in ([], ["-q"])]
    texts += [fsops("report", form, env=env).out for form in ("--markdown", "--html", "--junit", "--json")]
    for text in texts:
        assert "status 503 Service Unavailable" in text and "no such key" not in text, text
    assert ElementTree.fromstring(texts[4]).find(".//failure").get("message").count("status 503")


# ---- messages ----

def test_a_message_says_what_a_person_should_know(web, tmp_path):
    action = """\
http: GET /200
expect:
  - json.state == 'up'
  - expression: json.items.size() > 0
    message: "nothing is listed while it is ${json.state}: ask ${who}"
"""
    book = write_book(tmp_path, step(action), {"web": {"http": address(web)}}, head="vars: {who: the team}")
    result = run("book", "-R", book)
    assert result.action("look")["why"] == "nothing is listed while it is up: ask the team"
    dry = fsops("run", "book", "-R", book, "--dry-run").out
    assert "expect: a status of 200 to 299, and json.state == 'up'" in dry
    assert re.search(r"expect: json.items.size\(\) > 0\s+else: nothing is listed", dry), dry
    assert "expected: a status of 200 to 299, and json.state" in fsops("run", "book", "-R", book, "--dry-run=sh").out


def test_a_message_that_cannot_be_filled_in_hides_nothing(web, tmp_path):
    action = "http: GET /200\nexpect: {expression: json.items.size() > 0, message: \"so much: ${json.size_of_it}\"}"
    why = look(tmp_path, action, {"web": {"http": address(web)}})["why"]
    assert why.startswith("expected json.items.size() > 0 (no message: no such key: 'size_of_it'"), why


@pytest.mark.parametrize("expect, says", [
    ("{message: x}", "needs 'expression'|'expression'.*missing"),
    ("{expression: 'true', because: x}", "because"),
    ("[{expression: 'nope > 1'}]", "nope"),
    ("{expression: 'true', message: '${nope}'}", "nope"),
    ("{expression: 'true', message: [a]}", "message"),
])
def test_a_wrong_message_is_named(expect, says, web, tmp_path):
    book = write_book(tmp_path, step(f"http: GET /200\nexpect: {expect}"), {"web": {"http": address(web)}})
    result = fsops("lint", "-R", book)
    assert result.status == 65 and re.search(rf"book.yaml:\d+:\d+: .*({says})", result.out + result.err), str(result)


def test_accept_takes_nothing_but_any(web, tmp_path):
    book = write_book(tmp_path, step("http: GET /200\naccept: all"), {"web": {"http": address(web)}})
    result = fsops("lint", "-R", book)
    assert result.status == 65 and "'accept' must be any" in result.out + result.err, str(result)


# ---- metrics ----

METRICS = """\
metrics:
  plain: {source: {http: GET /503}, value: json.items.size(), baseline: "< 5"}
  status: {source: {http: GET /503}, value: status, baseline: "< 500", critical: ">= 500"}
  any: {source: {http: GET /503, accept: any}, value: json.items.size(), baseline: "< 5"}
  command: {source: {shell: "echo 1; exit 3"}, value: lines.size(), baseline: "< 5"}
  exit: {source: {shell: "exit 3"}, value: exit, baseline: "< 1", warning: ">= 1"}
"""


def test_a_metric_counts_only_what_was_answered(web, tmp_path):
    book = write_book(tmp_path, step("exec: [\"true\"]\neffect: read"), {"web": {"http": address(web)}},
                      platform_more=METRICS)
    result = fsops("check", "-R", book, "--format", "json")
    seen = {m["name"]: (m["level"], m["error"] or "") for m in result.json["metrics"]}
    assert {name: level for name, (level, _) in seen.items()} == {
        "plain": "unknown", "status": "critical", "any": "ok", "command": "unknown", "exit": "warning"}, seen
    assert "status 503" in seen["plain"][1] and "exit status 3" in seen["command"][1]


# ---- a change is made once ----

def test_a_change_is_made_once_and_looked_at_until_it_holds(tmp_path):
    action = ("shell: 'echo made >>made; echo {}'\neffect: change\nexpect: json == {}\nevery: 1s\n"
              "until: json.done\n"
              "look: {shell: 'echo x >>looks; test $(wc -l <looks) -ge 3 && echo \"{\\\"done\\\": true}\"'}")
    book = write_book(tmp_path / "book", step(action, budget="20s"))
    result = run("book", "-R", book, "-y", cwd=tmp_path)
    assert result.status == 0 and result.action("look")["outcome"] == "passed", str(result)
    assert (tmp_path / "made").read_text() == "made\n", "it was made once"
    assert len((tmp_path / "looks").read_text()) == 6, "two looks failed by themselves, the third held"


def test_a_look_may_name_what_the_change_gave(web, tmp_path):
    action = ("http: POST /200/jobs\nuntil: json.state == 'up'\nevery: 1s\n"
              "look: {http: 'GET /200/${json.state}/${json.items.size()}', timeout: 5s}")
    book = write_book(tmp_path, step(action), {"web": {"http": address(web)}})
    assert run("book", "-R", book, "-y").status == 0
    assert web.asked[-2:] == [("POST", "/200/jobs"), ("GET", "/200/up/0")]


def test_a_change_that_fails_is_not_looked_at(web, tmp_path):
    action = "http: POST /503\nuntil: json.state == 'up'\nlook: {http: GET /200/never}"
    ended = look(tmp_path, action, {"web": {"http": address(web)}})
    assert ended["outcome"] == "failed" and "status 503" in ended["why"]
    assert ("GET", "/200/never") not in web.asked


def test_the_time_of_a_look_is_the_step_s(web, tmp_path):
    action = "http: POST /200\nuntil: json.state == 'up'\nlook: {http: GET /503}\nevery: 1s"
    book = write_book(tmp_path, step(action, budget="3s"), {"web": {"http": address(web)}})
    ended = run("book", "-R", book, "-y").action("look")
    assert ended["outcome"] == "timed_out" and ended["attempts"] == 1, ended
    assert "status 503" in ended["why"] and "the step's time was up before this held" in ended["why"]


def test_who_retries_looks_again_and_makes_no_second_change(tmp_path):
    action = ("shell: echo x >>made\neffect: change\nuntil: exit == 0\nevery: 1s\n"
              "look: {shell: 'echo x >>looks; test -e gate'}")
    book = write_book(tmp_path / "r", step(action, budget="3s"))
    terminal = Terminal(FSOPS, "run", "book", "-R", book, cwd=tmp_path,
                        env={**os.environ, "FSOPS_STATE": str(tmp_path / "state")})
    terminal.answer("[a]bort [?] ", "y\n")
    terminal.wait("[r]etry")
    looks = (tmp_path / "looks").read_text()
    (tmp_path / "gate").touch()
    terminal.answer("[?] ", "r\n")
    assert terminal.end() == 0, terminal.seen
    assert (tmp_path / "made").read_text() == "x\n", "made once"
    assert len((tmp_path / "looks").read_text()) > len(looks)


def test_dry_runs_show_the_look(web, tmp_path):
    action = "http: POST /200\nuntil: json.state == 'up'\nlook: {http: GET /200/job}"
    book = write_book(tmp_path, step(action), {"web": {"http": address(web)}})
    dry = fsops("run", "book", "-R", book, "--dry-run").out
    assert f"look: curl -sS --fail {address(web)}/200/job" in dry and "until: a status of 200 to 299, and json.state" in dry
    script = fsops("run", "book", "-R", book, "--dry-run=sh").out
    assert script.index("change look request curl") < script.index("while :; do") < script.index("look look any request curl"), script
    plan = fsops("run", "book", "-R", book, "--dry-run=json").json
    assert plan["steps"][0]["actions"][0]["look"].endswith("/200/job")


@pytest.mark.parametrize("action, says", [
    ("http: POST /200\nuntil: status == 200", "'until' would make this change again at every look"),
    ("shell: x\nuntil: exit == 0", "'until' would make this change again.*'effect: read'"),
    ("http: POST /200\nexpect: status == 200\nhold_for: 5s", "'hold_for' would make this change again"),
    ("http: GET /200\nuntil: status == 200\nlook: {http: GET /200}", "a read looks by itself"),
    ("http: POST /200\nlook: {http: GET /200}", "'look' needs an 'until'"),
    ("http: POST /200\nuntil: status == 200\nlook: {http: POST /200}", "'look' must only read, but this would change"),
    ("http: POST /200\nuntil: done\nlook: {manual: ready?}", "'manual' belongs into a step"),
    ("http: POST /200\nuntil: rows.size() > 0\nlook: {http: GET /200}", "rows"),
    ("http: POST /200\nuntil: status == 200\nlook: {htp: GET /200}", "unknown key 'htp'"),
])
def test_what_would_repeat_a_change_is_a_mistake(action, says, web, tmp_path):
    book = write_book(tmp_path, step(action), {"web": {"http": address(web)}})
    result = fsops("lint", "-R", book)
    assert result.status == 65 and re.search(says, result.out + result.err), str(result)


def test_a_runbook_inside_that_is_out_of_time_stops_no_run(tmp_path):
    """Its change was not seen to its end: that is a failure, and what is to run always does."""
    folder = write_book(tmp_path / "books", "  - {step: Outer, budget: 1s, runbook: inner}\n"
                        "always:\n  - {step: Open again, id: open, exec: [touch, opened], effect: change}\n"
                        "on_failure:\n  - {step: Tell, id: tell, exec: [touch, told], effect: change}\n")
    write_book(folder, "  - {step: Close, exec: [touch, closed], effect: change}\n"
               "  - {step: Wait, exec: [sleep, '60'], effect: read}\n", name="inner")
    result = run("book", "-y", "-R", folder, cwd=tmp_path)
    assert result.status == 2, str(result)
    assert result.step("open")["outcome"] == result.step("tell")["outcome"] == "passed", str(result)
    assert result.finished["outcome"] == "failed" and (tmp_path / "opened").exists(), str(result)
