"""A dry run prints what a run does, and does nothing itself: recorded argv and requests against what was printed."""
import collections
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import time
import threading
import urllib.parse

import pytest
from helpers import BACKEND, FSOPS, NEEDED, SHIPPED, Terminal, environment, fsops, run, write_book
from sandbox.kube import GOOD

END = "END OF CALL"
FORMS = ("text", "sh", "json")
WRAPPER = """#!/bin/sh
# The look at its version, once a run, is no part of what is printed.
[ "$*" = "version --client -o json" ] ||
# Words that end with NUL, and a last one for the end of the call; one write, as calls run side by side.
printf '%s\\0' kubectl "$@" "{end}" >>"{log}"
exec "{real}" "$@"
"""
# `aws s3 ls URL --recursive …`, as far as the printed scripts need it: the real one is no dependency.
AWS = """#!/usr/bin/python3
import sys, urllib.parse, botocore.session
words = sys.argv[1:]
assert words[:2] == ["s3", "ls"] and words[3:4] == ["--recursive"], words
options = dict(zip(words[4::2], words[5::2]))
url = urllib.parse.urlsplit(words[2])
client = botocore.session.get_session().create_client(
    "s3", endpoint_url=options["--endpoint-url"], region_name=options["--region"])
for found in client.list_objects_v2(Bucket=url.netloc, Prefix=url.path.lstrip("/"))["Contents"]:
    print(found["LastModified"], found["Size"], found["Key"])
"""


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def recorded(tmp_path):
    """A kubectl first in PATH that writes down how it was called; `(env, calls)`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "argv"
    log.touch()
    executable(folder / "kubectl", WRAPPER.format(log=log, end=END, real=shutil.which("kubectl")))

    def calls():
        return [tuple(c.split("\0")[:-1]) for c in log.read_text().split(END + "\0") if c]
    return {"PATH": f"{folder}:{os.environ['PATH']}", "FSOPS_KUBECTL": "always"}, calls


def plan_of(runbook, on, *options):
    """{(step, action): command} of the dry run."""
    plan = fsops("run", runbook, "--dry-run=json", *options, on=on).json
    return {(s["id"], a["id"]): a for s in plan["steps"] for a in s["actions"]}


RUNS = [
    ("error-rate", "high-error-rate", "--only", "identify_error_source", "--only", "scale", "--only", "rollback"),
    ("latency", "high-response-time", "--only", "resources", "--only", "scale", "--only", "queries"),
    ("healthy", "database-issues", "--only", "health", "--only", "resources", "--only", "connections"),
    ("healthy", "daily-health-check"), ("healthy", "overview"),
]


def is_planned(planned, command):
    """What is known only then (the item of a list that was looked up) stands as `${…}` in what is printed."""
    shapes = [re.sub(r"\\\$\\\{.*?\\\}", ".+", re.escape(word)) for word in shlex.split(planned)]
    words = shlex.split(command)
    return len(words) == len(shapes) and all(re.fullmatch(s, w, re.S) for s, w in zip(shapes, words))


@pytest.mark.parametrize("scenario, runbook, options", [(s, r, o) for s, r, *o in RUNS])
def test_what_is_printed_is_what_is_executed(sandbox, healthy, recorded, scenario, runbook, options):
    sb = healthy if scenario == "healthy" else sandbox(scenario)
    env, calls = recorded
    plan = plan_of(runbook, sb, *options)
    result = run(runbook, "-y", *options, on=sb, env=env)
    wanted = collections.Counter()
    for started in result.events("action.started"):
        planned = plan[started["step"], started["action"]]
        assert is_planned(planned["command"], started["command"]), f"not as planned: {planned['command']}{result}"
        assert (started["effect"], started["adapter"]) == (planned["effect"], planned["adapter"]), str(result)
        if started["adapter"] == "kubectl":
            of_item = {"item": started["item"]} if "item" in started else {}
            attempts = result.action(started["action"], step=started["step"], **of_item)["attempts"]
            wanted[tuple(shlex.split(started["command"]))] += attempts
    assert wanted, str(result)
    assert collections.Counter(calls()) == wanted, "the argv that kubectl got, and what was printed"
    if scenario != "healthy":
        assert any("undo" in c or "scale" in c for c in calls()), "no change was among them"


def test_what_a_condition_leaves_out_is_not_executed(healthy, recorded):
    env, calls = recorded
    result = run("high-error-rate", "-y", "--only", "identify_error_source", "--only", "rollback", on=healthy, env=env)
    assert result.action("undo")["outcome"] == "skipped"
    assert not any("undo" in c for c in calls()), calls()


# Requests: what fsops sends, and what the printed command sends when it is typed.

class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        kept = {k.lower(): v for k, v in self.headers.items() if k.lower() not in ("user-agent", "accept", "host")}
        body = self.rfile.read(length).decode()
        if "urlencoded" in kept.get("content-type", ""):  # a space is "+" or "%20"
            body = urllib.parse.parse_qsl(body)
            del kept["content-length"]
        self.server.seen.append((self.command, self.path, kept, body))
        body = b'{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


REQUESTS = {
    "path": "http: GET /a/b?c=d&e=%20f", "head": "http: HEAD /health", "delete": "http: DELETE /things/1",
    "headers": "http: {url: /x, headers: {X-One: \"it's\", Accept: text/html, X-Empty: ''}}",
    "body": "http: {method: PUT, url: /x, body: \"a 'quoted' $HOME `id` \\\\ text\\nand a line\"}",
    "json": "http: {method: POST, url: /x, json: {text: \"it's \\u00e4 $(id)\", list: [1, 2.5, null, true]}}",
    "filled": "http: {method: POST, url: '/x?y=${what}', json: {what: '${what}'}}",
    "promql": "prometheus: 'sum(rate(x{code=~\"5..\",a!=\"''\"}[5m])) or vector(0) > 1'",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_printed_request_is_the_one_that_is_sent(tmp_path, recorder, name):
    at = f"http://127.0.0.1:{recorder.server_port}"
    folder = write_book(tmp_path, f"  - step: Ask\n    budget: 10s\n    {REQUESTS[name]}\n",
                        {"web": {"http": at}, "monitor": {"prometheus": at}}, head="vars: {what: \"a&b'c\"}")
    result = run("book", "-y", "--yes-destroy", "-R", folder)
    assert result.status == 0, str(result)
    command = plan_of("book", None, "-R", folder)["ask", "ask"]["command"]
    assert result.event("action.started")["command"] == command
    subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL, timeout=20)
    by_fsops, by_hand = recorder.seen
    assert by_fsops == by_hand, command


@pytest.mark.parametrize("action", [
    "exec: [printf, '[%s]', \"it's\", '$HOME', 'a b', '', '*', \"x\\ny\", '-n', '~']",
    "exec: printf [%s] \"a b\" 'c' \\$HOME ${two_words}",
    "exec: {argv: [sh, -c, 'pwd; echo $GREETING'], cwd: /usr, env: {GREETING: \"hello 'you'\"}}",
])
def test_a_printed_command_does_the_same_by_hand(tmp_path, action):
    folder = write_book(tmp_path, f"  - step: Say\n    id: say\n    budget: 10s\n    {action}\n    effect: read\n",
                        head="vars: {two_words: two words}")
    result = run("book", "-R", folder)
    said = "".join(e["text"] for e in result.events("action.output", stream="stdout"))
    command = plan_of("book", None, "-R", folder)["say", "say"]["command"]
    by_hand = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=20)
    assert result.status == 0 and said and by_hand.stdout == said, f"{command}\n{by_hand.stderr}"


def test_a_shell_step_gets_its_variables_in_the_script_too(tmp_path):
    folder = write_book(tmp_path, """\
  - step: Say
    id: say
    shell: |
      cd /usr; echo "$two_words" | tr a-z A-Z
      pwd
    effect: read
""", head="vars: {two_words: two 'words'}")
    result = run("book", "-R", folder)
    said = "".join(e["text"] for e in result.events("action.output", stream="stdout"))
    assert said == "TWO 'WORDS'\n/usr\n", str(result)
    script = fsops("run", "book", "--dry-run=sh", "-R", folder).out
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=20).stdout.endswith(said)


def test_a_script_is_a_run_and_no_check(tmp_path):
    folder = write_book(tmp_path, """\
  - {step: Told, id: told, when: "!run.check", exec: echo in a run, effect: read}
  - {step: Check, id: check, when: run.check, exec: echo in a check, effect: read}
  - {step: Both, id: both, when: '!run.check || size(run.id) == 0', exec: echo either, effect: read}
  - {step: Asked, id: asked, when: size(run.id) > 0, exec: echo asked, effect: read}
""")
    script = fsops("run", "book", "--dry-run=sh", "-R", folder).out
    assert [line.strip() for line in script.splitlines() if "does it hold" in line] \
        == ["if confirm 'only when !run.check || size(run.id) == 0: does it hold?'; then",
            "if confirm 'only when size(run.id) > 0: does it hold?'; then"], script
    assert "look told echo in a run" in script and "in a check" not in script.replace("# ", ""), script
    assert "left out, it is only for a check: when run.check" in script


class Statuses(http.server.BaseHTTPRequestHandler):
    """GET /N answers N."""

    def do_GET(self):
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello" if self.command == "GET" else b"")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("status, more, passed", [
    (200, "", True), (302, "", False), (503, "", False), (503, "accept: any, expect: status == 503", True),
    (302, "expect: status == 302", True), (503, "expect: status == 503", True), (503, "expect: status == 200", False)])
def test_a_script_calls_good_what_a_run_does(tmp_path, status, more, passed):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Statuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = write_book(tmp_path, f"  - {{step: Get, id: get, http: GET http://127.0.0.1:{server.server_port}/{status}, {more}}}\n")
        assert run("book", "-R", folder).action("get")["outcome"] == ("passed" if passed else "failed")
        script = fsops("run", "book", "--dry-run=sh", "-R", folder).out
        person = Terminal("sh", executable(tmp_path / "script.sh", script), cwd=tmp_path)
        if "expect" in more:  # what failed by itself may be as expected: never guessed, a person says it
            person.answer("is that as expected? [y/N] ", "y\n" if passed else "n\n")
        assert (person.end() == 0) == passed, person.seen
        server.shutdown()


# It touches nothing

def requests_of(sb):
    """How many there were; Prometheus scrapes whatever we do."""
    return [len(sb.kube.requests), sum(path != "/metrics" for _, path in sb.app.requests), len(sb.s3.requests)]


@pytest.mark.parametrize("form", FORMS)
def test_a_dry_run_needs_nothing_and_touches_nothing(healthy, tmp_path, form):
    """Without a network, without a program to run, with nowhere to write: the same text."""
    user = [] if os.geteuid() == 0 else ["-r"]
    bare = environment(healthy, PATH="/nonexistent", HOME=str(tmp_path), TMPDIR=str(tmp_path),
                       KUBECONFIG="/nonexistent", PGPASSFILE="/nonexistent")
    asked = requests_of(healthy)
    for runbook in SHIPPED:
        words = ("run", runbook, *NEEDED.get(runbook, ()), f"--dry-run={form}")
        usual = fsops(*words, on=healthy)
        done = subprocess.run([shutil.which("unshare"), *user, "-n", FSOPS, *words],
                              env=bare, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
        assert usual.status == 0 and usual.out, str(usual)
        assert (done.returncode, done.stdout, done.stderr) == (0, usual.out, ""), runbook
    assert requests_of(healthy) == asked
    assert healthy.kube.mutations == [] and list(tmp_path.iterdir()) == []


def test_a_dry_run_names_everything(healthy):
    """Each step, budget, effect, condition and command of the plan stands in the text."""
    for runbook in SHIPPED:
        needed = NEEDED.get(runbook, ())
        text = fsops("run", runbook, *needed, "--dry-run", on=healthy).out
        plan = fsops("run", runbook, *needed, "--dry-run=json", on=healthy).json
        for step in plan["steps"]:
            assert step["title"] in text and f"[{step['id']}]" in text, f"{runbook}: {step['id']}"
            for action in step["actions"]:
                if action["adapter"] not in ("manual", "runbook"):
                    assert action["command"].split("\n")[0] in text, f"{runbook}: {action['command']}"
    assert f"--context prod --namespace flight-search-prod rollout undo deployment/{BACKEND}" in fsops(
        "run", "high-error-rate", "--dry-run", on=healthy).out


def test_a_value_that_is_not_known_yet_stands_as_its_name(tmp_path):
    folder = write_book(tmp_path, """\
  - step: Find
    id: find
    exec: [echo, it]
    effect: read
    capture: {found: stdout.trim()}
  - step: Use
    id: use
    exec: [echo, "${found}", "${results.find.exit}"]
""")
    plan = plan_of("book", None, "-R", folder)
    assert "${found}" in plan["use", "use"]["command"] and "${results.find.exit}" in plan["use", "use"]["command"]
    result = run("book", "-y", "-R", folder)
    assert result.commands()["use"] == "echo it 0", str(result)


# Secrets

SECRET = "hunter2'hunter 2"


@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run=sh"], ["--dry-run=json"], ["-y"],
                                   ["-y", "--format", "json"], ["-y", "-v"]])
def test_secrets_are_masked(tmp_path, recorder, words):
    folder = write_book(tmp_path, """\
  - step: Tell
    budget: 10s
    actions:
      - {id: head, http: {method: POST, url: /x, headers: {X-Key: "${env.API_KEY}"}, json: {key: "k ${env.API_KEY}"}}}
      - {id: input, exec: [cat], stdin: "the key is ${env.API_KEY}", effect: read}
      - {id: taken, exec: [cat], stdin: "swordfish", effect: read, capture: {word: {value: stdout, secret: true}}}
      - {id: used, exec: [echo, "${word}"], effect: read, when: results.taken.exit == 0}
      - {id: failed, exec: [sh, -c, "echo $API_KEY >&2; exit 1"], effect: read, severity: info}
""", {"web": {"http": f"http://127.0.0.1:{recorder.server_port}"}}, platform_more="secrets: [API_KEY]\n")
    result = fsops("run", "book", *words, "-R", folder, env={"API_KEY": SECRET})
    assert result.status == 0, str(result)
    for text in (result.out, result.err):
        for shape in (SECRET, json.dumps(SECRET)[1:-1], SECRET.replace("'", "'\\''"), "hunter"):
            assert shape not in text, f"{shape!r} is shown{result}"
    # A script that is to be run names the variable.
    assert ('"${API_KEY:?}"' if words == ["--dry-run=sh"] else "***") in result.out, str(result)
    if "-y" in words:
        assert recorder.seen[0][2]["x-key"] == SECRET, "it is masked where it was needed"
        assert "echo swordfish" not in result.out, str(result)


def test_a_script_asks_for_a_secret_under_every_name_of_it(tmp_path):
    folder = write_book(tmp_path / "r", """\
  - step: Use
    budget: 10s
    actions:
      - {id: member, exec: [echo, "m:${vars.made}:${vars.shade}"], effect: read}
      - {id: own, exec: [echo, "o:${made}"], effect: read}
      - {id: script, shell: 'echo "s:$made:$shade"', effect: read}
""", head='vars: {made: {value: "x-${env.API_KEY}", secret: true}, shade: {value: sky blue}}', platform_more="secrets: [API_KEY]\n")
    script = fsops("run", "book", "--dry-run=sh", "-R", folder, env={"API_KEY": SECRET}).out
    assert "hunter" not in script and "***" not in script, script
    path = executable(tmp_path / "script.sh", script)
    subprocess.run(["shellcheck", path], check=True, timeout=60)
    person = Terminal("sh", path, cwd=tmp_path)
    person.answer("the value of vars.made: ", "first * one\n")
    person.answer("the value of made: ", "second * two\n")
    assert person.end() == 0, person.seen
    for said in ("m:first * one:sky blue", "o:second * two", "s:second * two:sky blue"):
        assert f"\n{said}\n" in person.seen.replace("\r", ""), person.seen


# The script

@pytest.mark.parametrize("runbook", SHIPPED)
def test_scripts_are_clean(healthy, tmp_path, runbook):
    script = tmp_path / "script.sh"
    script.write_text(fsops("run", runbook, *NEEDED.get(runbook, ()), "--dry-run=sh", on=healthy).out)
    for judge in (["sh", "-n"], ["shellcheck"]):
        judged = subprocess.run([*judge, script], capture_output=True, text=True)
        assert judged.returncode == 0, judged.stdout + judged.stderr


def says_no(person, seconds=90):
    """To every condition; and a list has no items. Until the script has ended."""
    deadline = time.monotonic() + seconds
    while person.read(0.2):
        assert time.monotonic() < deadline, person.seen
        for question, answer in (("[y/N] ", "n\n"), ("(empty: no more): ", "\n")):
            if person.seen[person.looked:].endswith(question):
                person.looked = len(person.seen)
                person.type(answer)


@pytest.mark.parametrize("runbook", ["overview", "daily-health-check"])
def test_a_script_of_reads_works_by_hand(healthy, tmp_path, runbook):
    folder = tmp_path / "bin"
    folder.mkdir()
    executable(folder / "aws", AWS)
    script = executable(tmp_path / "script.sh", fsops("run", runbook, "--dry-run=sh", on=healthy).out)
    person = Terminal(script, env=environment(healthy, PATH=f"{folder}:{os.environ['PATH']}"))
    says_no(person)
    assert person.close() == 0, person.seen
    assert "!! failed" not in person.seen, person.seen
    for shown in (BACKEND, "PONG") if runbook == "overview" else (BACKEND, "flight_search_backup", "keyspace_hits"):
        assert shown in person.seen, person.seen[-2000:]


def test_a_script_changes_what_is_said_and_only_that(sandbox, tmp_path):
    sb = sandbox("error-rate")
    script = executable(tmp_path / "script.sh", fsops(
        "run", "high-error-rate", "--dry-run=sh", "--only", "scale", "--only", "rollback", on=sb).out)
    person = Terminal(script, env=environment(sb))
    person.answer("[y/N] ", "n\n")  # the step "scale": its condition does not hold
    # The take-back's own condition, and that nobody else writes the deployment.
    person.answer("does it hold? [y/N] ", "y\n")
    person.answer("does it hold? [y/N] ", "y\n")
    person.answer("the value of goals[0].revision: ", "2\n")
    assert f"rollout undo deployment/{BACKEND}" in person.wait("? [y/N] ")
    assert sb.kube.mutations == [], "it was done before it was approved"
    person.type("y\n")
    for _ in ("rolled out", "seen to be back"):
        person.answer("does it hold? [y/N] ", "y\n")
    assert person.end(60) == 0, person.seen
    assert [(m.verb, m.name) for m in sb.kube.mutations] == [("patch", BACKEND)] and sb.kube.image(BACKEND) == GOOD


def test_a_script_changes_nothing_without_an_answer(bad_release, tmp_path):
    script = executable(tmp_path / "script.sh", fsops("run", "high-error-rate", "--dry-run=sh", on=bad_release).out)
    done = subprocess.run([script], env=environment(bad_release), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, start_new_session=True)
    assert done.returncode != 0 and bad_release.kube.mutations == [], done.stdout + done.stderr
