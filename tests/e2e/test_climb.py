"""Escalation while a run goes on, over a schedule of seconds: who is called, at its time, told once."""
import json
import signal
import subprocess

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, wait_until, write_book
from sandbox.webhooks import HANG, Webhooks

LEVELS = """
contacts:
  on_call: {title: On-Call Engineer, phone: "+1-555"}
  lead: {title: Team Lead, email: lead@example.org}
  manager: {title: Manager, phone: "+1-777"}
escalation:
  - {level: 1, covers: small, contact: on_call, after: 1s}
  - {level: 2, covers: middle, contact: lead, after: 2s}
  - {level: 3, covers: outages, contact: manager, runbooks: [%s]}
channels:
  slack: {webhook: '${env.HOOK}/slack', on: escalated}
"""
WAITS = "  - {step: Wait, exec: sleep %s, effect: read}\n"


@pytest.fixture
def hooks():
    server = Webhooks()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def book(tmp_path, hooks):
    env = {"HOOK": f"http://127.0.0.1:{hooks.server.port}", "FSOPS_STATE": str(tmp_path / "state"), "TZ": "UTC"}

    def write(steps, severity="warning", head="respond_within: 5m", worst="book", levels=LEVELS):
        folder = write_book(tmp_path / "book", steps, head=head, platform_more=levels % worst)
        path = folder / "book.yaml"
        path.write_text(path.read_text().replace("severity: info", f"severity: {severity}"))
        write.env, write.folder, write.full = env, folder, environment(**env)
        return folder

    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "other.yaml").write_text(
        "runbook: other\ntitle: other\nsteps: [{step: A, exec: 'true', effect: read}]\n")
    return write


def levels(result):
    return [(e["level"], e["announce"], e["next"]) for e in result.events("escalated")]


def test_levels_come_at_their_times_and_are_announced(book, hooks):
    result = run("book", "-R", book(WAITS % 4, worst="other"), env=book.env)
    assert levels(result) == [(1, False, 2), (2, True, 3), (3, True, None)], result
    first, second, third = result.events("escalated")
    assert first["since_seconds"] == 0 and second["since_seconds"] >= 1 and third["since_seconds"] >= 3
    assert [w["title"] for w in second["who"]] == ["Team Lead"] and second["who"][0]["how"] == {
        "email": "lead@example.org"}
    assert first["text"].startswith("call On-Call Engineer (phone +1-555); level 2 follows at ")
    assert first["text"].endswith(", in 1s: Team Lead (email lead@example.org)"), first
    texts = [h.json["text"] for h in hooks.received]
    assert [t.splitlines()[0] for t in texts] == ["*book on test: escalation level 2*", "*book on test: escalation level 3*"]
    assert texts[1].splitlines()[1] == "call Manager (phone +1-777)"


def test_it_stops_with_the_run(book, hooks):
    result = run("book", "-R", book(WAITS % 0, worst="other"), env=book.env)
    assert levels(result) == [(1, False, 2)] and not hooks.received, result


def test_an_outage_calls_the_highest_level_at_once(book, hooks):
    result = run("book", "-R", book(WAITS % 0, severity="critical"), env=book.env)
    assert levels(result) == [(3, True, None)], result
    assert "call Manager (phone +1-777)" in hooks.received[0].json["text"]


@pytest.mark.parametrize("what", [
    {"severity": "info"}, {"head": ""}, {"head": "respond_within: 5m\nschedule: {daily: '09:00'}"}])
def test_what_is_no_incident_calls_nobody(book, hooks, what):
    result = run("book", "-R", book(WAITS % 0, worst="other", **what), env=book.env)
    assert not result.events("escalated") and not hooks.received, result


def test_only_looking_calls_nobody(book, hooks):
    result = run("book", "-R", book(WAITS % 0), "--check", env=book.env)
    assert not result.events("escalated") and not hooks.received, result


def test_it_is_shown(book):
    folder = book(WAITS % "1.5", worst="other")
    plain = fsops("run", "book", "-R", folder, env=book.env).out
    assert "escalation level 1: call On-Call Engineer (phone +1-555); level 2 follows at " in plain
    assert "escalation level 2: call Team Lead (email lead@example.org); level 3 follows at " in plain
    quiet = fsops("run", "book", "-R", folder, "-q", env=book.env).out
    assert "level 1" not in quiet and "escalation level 2: call Team Lead" in quiet, quiet
    person = Terminal(FSOPS, "run", "book", "-R", folder, env=book.full, columns=160)
    person.wait("escalation level 2: call Team Lead")
    assert person.end() == 0


def test_a_run_that_is_resumed_tells_no_level_twice(book, hooks, tmp_path):
    steps = "  - {step: Wait, shell: '[ -e %s ] || sleep 60', effect: read}\n" % (tmp_path / "go")
    folder = book(steps, worst="other")
    process = subprocess.Popen([FSOPS, "run", "book", "-R", str(folder)], env=book.full, stdout=subprocess.DEVNULL)
    wait_until(lambda: len(hooks.received) == 1, "level 2 was announced")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    (tmp_path / "go").touch()
    result = fsops("resume", "-R", folder, "--format", "json", env=book.env)
    assert result.status == 0, result
    again = result.events("escalated")[0]
    assert again["since_seconds"] >= 1 and again["announce"] == (again["level"] == 3), again
    assert len(hooks.received) == (2 if again["level"] == 3 else 1)
    journal, = (tmp_path / "state" / "runs").glob("*.jsonl")
    told = [json.loads(line) for line in journal.read_text().splitlines()]
    announced = [e["level"] for e in told if e["type"] == "escalated" and e["announce"]]
    assert len(announced) == len(set(announced))
    report = fsops("report", "--markdown", env=book.env).out
    assert "escalation level 2: call Team Lead" in report


def test_by_hand_it_is_told_when_asked_for(book, hooks):
    folder = book(WAITS % 0, worst="other")
    asked = ["escalate", "book", "-R", folder, "--since", "2s"]
    assert fsops(*asked, env=book.env).status == 0 and not hooks.received
    result = fsops(*asked, "--notify", env=book.env)
    assert result.status == 0 and result.out.endswith("\ntold slack\n"), result
    text, = [h.json["text"] for h in hooks.received]
    assert text.startswith("*book on test: escalation level 2*\ncall Team Lead (email lead@example.org); level 3 follows")
    hooks.answers["/slack"] = (404, "no_team")
    result = fsops(*asked, "--notify", env=book.env)
    assert result.status == 2 and "NOT told: channel 'slack': status 404: no_team" in result.out, result
    result = fsops(*asked, "--notify", "--format", "json", env=book.env)
    assert [(t["channel"], t["delivered"]) for t in result.json["told"]] == [("slack", False)], result


def test_by_hand_without_a_channel_it_is_said_so(book):
    folder = book(WAITS % 0, levels=LEVELS.replace("on: escalated", "on: failed"))
    result = fsops("escalate", "book", "-R", folder, "--notify", env=book.env)
    assert result.status == 2 and "nobody was told" in result.err and "Manager" in result.out, result


def test_by_hand_a_server_that_hangs_is_not_waited_for(book, hooks):
    hooks.answers["/slack"] = HANG
    result = fsops("escalate", "book", "-R", book(WAITS % 0, worst="other"), "--notify", env=book.env)
    assert result.status == 2 and "not delivered within 5s" in result.out and result.seconds < 25, result
