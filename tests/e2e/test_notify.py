"""What people are told of a run, as it arrives at stand-ins for Slack, PagerDuty, a status page, a watchdog and a
mail server: what is said, again when it fails, and never at the run's cost."""
import base64
import email
import email.policy
import json
import signal
import subprocess
import uuid

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, wait_until, write_book
from sandbox.certs import Certificates
from sandbox.smtp import HANG as MUTE
from sandbox.smtp import SmtpServer
from sandbox.webhooks import HANG, Webhooks

GRACE = 5  # NOTICES_GRACE
KEY = "routing-key-0123456789"
SECRET = "T00000000/B11111111/abcdefghijkl"

FINE = "  - {step: One, exec: 'true', effect: read}\n"
FAILS = FINE + "  - {step: Two, exec: 'false', effect: read}\n"


@pytest.fixture
def hooks():
    server = Webhooks()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def smtp():
    server = SmtpServer().start()
    yield server
    server.stop()


@pytest.fixture
def desk(tmp_path, hooks):
    """`desk(channels, steps)` writes a runbook and its platform; what it returns runs it."""
    address = f"http://127.0.0.1:{hooks.server.port}"
    state = tmp_path / "state"
    env = {"HOOK": address, "SECRET": SECRET, "KEY": KEY, "FSOPS_STATE": str(state)}

    def write(channels, steps=FINE, head="", more=""):
        text = more + "channels:\n" + "".join(f"  {line}\n" for line in channels)
        write_book(tmp_path / "book", steps, head=head, platform_more=text)

        def go(*options, **others):
            return run("book", "-R", tmp_path / "book", *options, env=env, **others)

        go.env, go.more, go.state, go.folder = environment(**env), env, state, tmp_path / "book"
        return go

    return write


SLACK = "slack: {webhook: '${env.HOOK}/slack/${env.SECRET}', on: [%s]}"
PAGER = "pagerduty: {url: '${env.HOOK}/pagerduty', routing_key: '${env.KEY}', on: [%s]}"
MAIL = "mail: {smtp: '%s', from: fsops@example.org, to: [a@example.org, b@example.org], on: [%s]}"


def told(result, channel=None):
    return [(e["about"], e["delivered"]) for e in result.events("notification") if channel in (None, e["channel"])]


def texts(hooks):
    return [h.json["text"] for h in hooks.received]


# ---- what is said ----

def test_slack_is_told_of_what_it_asked_for(desk, hooks):
    result = desk([SLACK % "run.started, failed, run.finished"], FAILS)()
    assert result.status == 2, result
    assert [h.path for h in hooks.received] == ["/slack/" + SECRET] * 3
    started, failed, finished = texts(hooks)
    run_id = result.finished["run"]
    assert started.startswith("*book on test: started*") and run_id in started
    assert failed == f"*book on test: step 'Two' failed*\ntwo: exit status 1\nrun {run_id}"
    assert finished.startswith("*book on test: ended, critical*")
    assert told(result) == [("run.started", True), ("failed", True), ("run.finished", True)]


def test_one_incident_a_run_opened_and_left_open(desk, hooks):
    result = desk([PAGER % "failed, run.finished"], FAILS)()
    first, last = [h.json for h in hooks.to("/pagerduty")]
    assert first["routing_key"] == last["routing_key"] == KEY
    assert first["dedup_key"] == last["dedup_key"] == result.finished["run"]
    assert (first["event_action"], last["event_action"]) == ("trigger", "trigger")
    assert first["payload"]["summary"] == "book on test: step 'Two' failed"
    assert (first["payload"]["severity"], first["payload"]["source"]) == ("critical", "test")


def test_an_incident_is_closed_when_all_is_well_and_none_is_made_up(desk, hooks):
    go = desk([PAGER % "run.started"])
    result = go()
    opened, closed = [h.json for h in hooks.to("/pagerduty")]
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"] and "payload" not in closed
    assert result.status == 0, result
    hooks.received.clear()
    assert desk([PAGER % "failed, run.finished"])().status == 0
    assert not hooks.received


def test_a_person_at_the_terminal_acknowledges(desk, hooks):
    go = desk([PAGER % "run.started"], "  - {step: One, exec: 'true'}\n")
    person = Terminal(FSOPS, "run", "book", "-R", go.folder, env=go.env)
    person.answer("[y]es", "y\r")
    assert person.end() == 0, person.seen
    assert [h.json["event_action"] for h in hooks.received] == ["trigger", "acknowledge", "resolve"]
    assert len({h.json["dedup_key"] for h in hooks.received}) == 1


def test_a_status_page_gets_its_template(desk, hooks):
    page = ("page: {kind: statuspage, url: '${env.HOOK}/page', method: PATCH, headers: {Authorization: 'OAuth "
            "${env.KEY}'}, on: run.finished, json: {incident: {name: '${message.title}', "
            "status: '${message.action == \"resolve\" ? \"resolved\" : \"investigating\"}', exit: '${message.exit}'}}}")
    desk([page], FAILS)()
    hook, = hooks.received
    assert (hook.method, hook.headers["Authorization"]) == ("PATCH", "OAuth " + KEY)
    assert hook.json == {"incident": {"name": "book on test: ended, critical", "status": "investigating", "exit": 2}}


def test_a_webhook_without_a_template_gets_the_whole_message(desk, hooks):
    desk(["webhook: {url: '${env.HOOK}/any', on: [run.finished]}"])()
    body = hooks.received[0].json
    assert {"event": "run.finished", "action": "resolve", "level": "ok", "exit": 0, "runbook": "book",
            "platform": "test"}.items() <= body.items()
    assert body["time"].endswith("Z") and uuid.UUID(body["rid"])


def test_mail_is_whole_and_for_everybody(desk, smtp):
    steps = FINE + "  - {step: Zwei ü, shell: 'echo; exit 3', effect: read}\n"
    result = desk([MAIL % (smtp.url, "failed")], steps)()
    mail, = smtp.mails
    assert (mail.sender, mail.to) == ("fsops@example.org", ["a@example.org", "b@example.org"])
    message = email.message_from_bytes(mail.data, policy=email.policy.default)
    assert message["Subject"] == "book on test: step 'Zwei ü' failed"
    assert message["To"] == "a@example.org, b@example.org" and message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["zwei: exit status 3", f"run {result.finished['run']}"]
    assert told(result) == [("failed", True)]


def test_a_budget_that_is_over_is_told(desk, hooks):
    steps = "  - {step: Slow, budget: 200ms, exec: sleep 60, effect: read}\n"
    desk([SLACK % "budget.exceeded"], steps)()
    assert texts(hooks)[0].startswith("*book on test: step 'Slow' is out of time*\nover its budget of 200ms\nended: ")


def test_only_of_runbooks_that_are_severe_enough(desk, hooks):
    channel = SLACK.replace("on:", "severity: critical, on:") % "run.started"
    desk([channel])()
    assert not hooks.received
    go = desk([channel])
    book = go.folder / "book.yaml"
    book.write_text(book.read_text().replace("severity: info", "severity: critical"))
    go()
    assert len(hooks.received) == 1


# ---- a step ----

def test_a_step_tells_and_knows_whether_it_arrived(desk, hooks):
    steps = ("  - {step: Tell, notify: {to: [slack, pagerduty], text: 'Down: <!everyone>'}}\n"
             "  - {step: Look, exec: 'true', effect: read, when: results.tell.status == 'delivered'}\n")
    result = desk([SLACK % "", PAGER % ""], steps)()
    assert result.status == 0 and result.outcomes()["look"] == "passed", result
    assert hooks.to("/slack/" + SECRET)[0].json == {"text": "*book on test*\nDown: &lt;!everyone&gt;"}
    assert hooks.to("/pagerduty")[0].json["payload"]["custom_details"]["text"] == "Down: <!everyone>"


def test_the_dry_run_says_who_would_be_told(desk, hooks):
    go = desk([SLACK % "run.started, failed", PAGER % "", "ping: {url: '${env.HOOK}/ping'}"], head="schedule: {daily: '09:00'}")
    out = fsops("run", "book", "-R", go.folder, "--dry-run", env=go.more).out
    assert out.endswith("Tells by itself: slack (run.started, failed), ping (run.started, run.finished).\n"), out
    assert not hooks.received


def test_a_step_that_cannot_tell_is_a_finding(desk, hooks):
    hooks.answers["/slack/" + SECRET] = (404, "no_service")
    result = desk([SLACK % ""], "  - {step: Tell, notify: {to: slack, text: x}}\n" + FINE)()
    assert result.status == 1 and result.outcomes() == {"tell": "failed", "one": "passed"}, result
    assert result.action("tell")["why"] == "channel 'slack': status 404: no_service"
    assert told(result) == [("notify", False)]


def test_a_step_that_hangs_ends_with_its_budget(desk, hooks):
    hooks.answers["/slack/" + SECRET] = HANG
    result = desk([SLACK % ""], "  - {step: Tell, budget: 1s, notify: {to: slack, text: x}}\n")()
    assert result.outcomes() == {"tell": "timed_out"} and result.seconds < 30, result


def test_a_step_goes_on_without_an_answer_and_it_is_still_tried(desk, hooks):
    hooks.answers["/slack/" + SECRET] = [HANG, HANG, (200, "ok")]
    steps = "  - {step: Tell, budget: 2m, notify: {to: slack, text: x}}\n  - {step: Go, exec: sleep 12, effect: read}\n"
    result = desk([SLACK % ""], steps)()
    assert result.outcomes() == {"tell": "failed", "go": "passed"} and result.status == 1, result
    assert "not delivered within 15s; it is still being tried" in result.action("tell")["why"]
    assert 14 < result.action("tell")["seconds"] < 60
    assert told(result) == [("notify", True)] and result.event("notification")["attempts"] == 3


def test_only_looking_tells_nobody_but_the_watchdog(desk, hooks):
    result = desk([SLACK % "run.started, run.finished", "ping: {url: '${env.HOOK}/ping', runs: all}"],
                  "  - {step: Tell, notify: {to: slack, text: x}}\n")("--check")
    assert result.outcomes() == {"tell": "skipped"} and told(result, "slack") == [], result
    assert [h.path.split("?")[0] for h in hooks.received] == ["/ping/start", "/ping/0"]


# ---- when it fails ----

def test_it_is_tried_again(desk, hooks):
    hooks.answers["/slack/" + SECRET] = [(500, "oops"), (429, "slowly"), (200, "ok")]
    result = desk([SLACK % "run.started"], "  - {step: One, exec: sleep 4, effect: read}\n")()
    assert result.status == 0 and len(hooks.received) == 3, result
    fact = result.event("notification")
    assert fact["delivered"] and fact["attempts"] == 3


def test_what_can_never_work_is_not_tried_again(desk, hooks):
    hooks.answers["/slack/" + SECRET] = (403, "invalid_token")
    result = desk([SLACK % "run.finished"])()
    assert result.status == 0 and len(hooks.received) == 1, result
    assert result.event("notification")["why"] == "channel 'slack': status 403: invalid_token"


@pytest.mark.parametrize("where", ["slack", "EHLO", "END", "QUIT"])
def test_a_server_that_hangs_costs_the_grace_and_no_more(desk, hooks, smtp, where):
    """The steps take no longer than without it: the run is over before the grace begins."""
    hooks.answers["/slack/" + SECRET] = HANG
    smtp.answers[where] = MUTE
    channel = SLACK % "run.started" if where == "slack" else MAIL % (smtp.url, "run.started")
    result = desk([channel])()
    assert result.status == 0 and result.finished["seconds"] < GRACE, result
    assert result.seconds < GRACE + 20, result
    delivered = where == "QUIT"
    assert told(result) == [("run.started", delivered)]
    assert delivered or result.event("notification")["why"] == \
        f"channel '{channel.split(':')[0]}': not delivered within 5s after the end of the run"


def test_nobody_there_never_fails_a_run(desk):
    channel = "slack: {webhook: 'http://127.0.0.1:1/x', on: [run.started]}"
    result = desk([channel])()
    assert result.status == 0 and result.seconds < GRACE + 20, result
    fact = result.event("notification")
    assert not fact["delivered"] and fact["attempts"] > 1


def test_a_mail_server_that_is_busy_is_asked_again(desk, smtp):
    smtp.answers["RCPT"] = ["450 later"]
    result = desk([MAIL % (smtp.url, "run.finished")])()
    assert told(result) == [("run.finished", True)] and len(smtp.mails) == 1, result
    assert result.event("notification")["attempts"] == 2


def test_a_mail_server_that_refuses_is_not(desk, smtp):
    smtp.answers["MAIL"] = "550 no such sender"
    result = desk([MAIL % (smtp.url, "run.finished")])()
    fact = result.event("notification")
    assert (fact["delivered"], fact["attempts"]) == (False, 1) and "550" in fact["why"], fact


def test_a_password_is_not_sent_in_the_open(desk, smtp):
    login = ", user: me, password: '${env.KEY}'"
    result = desk([MAIL.replace(", on:", login + ", on:") % (smtp.url, "run.finished")])()
    assert not smtp.mails and "STARTTLS" in result.event("notification")["why"], result
    desk([MAIL.replace(", on:", login + ", starttls: never, on:") % (smtp.url, "run.finished")])()
    assert smtp.mails[0].login, "with `starttls: never` it is"


@pytest.mark.parametrize("authority", ["ca", "stranger"])
def test_a_password_goes_only_to_whom_is_trusted(desk, tmp_path, authority):
    certificates = Certificates(tmp_path)
    server = SmtpServer(tls=certificates.context("mail", 30, authority)).start()
    channel = MAIL.replace(", on:", ", user: me, password: '${env.KEY}', on:") % (server.url, "run.finished")
    go = desk([channel])
    go.more["SSL_CERT_FILE"] = go.more["CURL_CA_BUNDLE"] = certificates.bundle
    result = go()
    server.stop()
    if authority == "ca":
        assert told(result) == [("run.finished", True)], result
        assert base64.b64decode(server.mails[0].login) == b"\0me\0" + KEY.encode()
    else:
        fact = result.event("notification")
        assert not server.mails and (fact["delivered"], fact["attempts"]) == (False, 1), fact


def test_a_hanging_first_message_does_not_hide_that_the_run_ended(desk, hooks):
    """The last one gets its turn although the one before it fails."""
    hooks.answers["/slack/" + SECRET] = [(500, "")] * 2 + [(200, "ok")]
    result = desk([SLACK % "run.started, run.finished"])()
    assert ("run.finished", True) in told(result), result


def test_a_second_signal_does_not_wait(desk, hooks):
    hooks.answers["/slack/" + SECRET] = HANG
    go = desk([SLACK % "run.started"])
    process = subprocess.Popen([FSOPS, "run", "book", "-R", str(go.folder)], env=go.env, stdout=subprocess.DEVNULL)
    wait_until(lambda: hooks.received, "the message has come")
    journal, = (go.state / "runs").glob("*.jsonl")
    wait_until(lambda: '"run.finished"' in journal.read_text(), "the run has ended")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    last = json.loads(journal.read_text().splitlines()[-1])
    assert (last["type"], last["delivered"]) == ("notification", False)
    assert last["why"].endswith("a signal ended the wait")


def test_a_run_that_is_resumed_closes_what_it_opened(desk, hooks, tmp_path):
    steps = "  - {step: Wait, shell: '[ -e %s ] || sleep 60', effect: read}\n" % (tmp_path / "go")
    go = desk([PAGER % "run.started"], steps)
    process = subprocess.Popen([FSOPS, "run", "book", "-R", str(go.folder)], env=go.env, stdout=subprocess.DEVNULL)
    wait_until(lambda: hooks.received, "the incident is open")
    process.kill()
    process.wait()
    (tmp_path / "go").touch()
    assert fsops("resume", "-R", go.folder, env=go.more).status == 0
    sent = [h.json for h in hooks.received]
    assert [s["event_action"] for s in sent] == ["trigger", "trigger", "resolve"]
    assert len({s["dedup_key"] for s in sent}) == 1


# ---- secrets, records ----

def test_no_secret_is_seen_anywhere(desk, hooks):
    hooks.answers["/slack/" + SECRET] = (400, f"bad url /slack/{SECRET} and {KEY}")
    channels = [SLACK % "run.started, run.finished", PAGER % "failed",
                "ping: {url: '${env.HOOK}/ping/${env.SECRET}', runs: all}",
                "webhook: {url: 'http://127.0.0.1:1/${env.SECRET}', headers: {A: '${env.KEY}'}, on: failed}"]
    go = desk(channels, FAILS + "  - {step: Tell, notify: {to: slack, text: 'it is ${env.KEY}'}}\n")
    shown = [go("-v"), fsops("run", "book", "-R", go.folder, "-v", env=go.more),
             fsops("run", "book", "-R", go.folder, "--dry-run", env=go.more),
             fsops("run", "book", "-R", go.folder, "--dry-run=json", env=go.more),
             fsops("run", "book", "-R", go.folder, "--dry-run=sh", env=go.more),
             fsops("report", "book", "--markdown", "-R", go.folder, env=go.more)]
    for result in shown:
        assert SECRET not in result.out + result.err and KEY not in result.out + result.err, result
    assert "NOT told" in shown[1].out, shown[1]
    for path in go.state.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes() and KEY.encode() not in path.read_bytes(), path
    step = [h.json["text"] for h in hooks.received if "it is" in h.body.decode()]
    assert step and all(text.endswith("it is ***") for text in step)


def test_what_is_not_set_is_said_once_and_nothing_fails(desk, hooks):
    go = desk(["slack: {webhook: '${env.NOT_SET}', on: [run.started, run.finished]}", SLACK.replace("slack:", "b: {kind: slack}")
               .replace("b: {kind: slack} {", "b: {kind: slack, ") % "run.finished"])
    result = go()
    assert result.status == 0 and len(hooks.received) == 1, result
    note, = result.events("note")
    assert note["text"] == "not told: slack (NOT_SET is not set)" and note["level"] == "info"


def test_the_record_of_a_run_is_whole_with_what_was_told_after_it(desk, hooks):
    go = desk([SLACK % "run.finished"])
    result = go()
    last = result.all_events[-1]
    assert (last["type"], last["about"]) == ("notification", "run.finished")
    log = fsops("log", result.finished["run"], "--verify", env=go.more)
    assert log.status == 0, log
    assert "interrupted" not in fsops("log", result.finished["run"], env=go.more).err
    for _ in "as it was", "made again from the journal":
        entry = fsops("history", "--format", "json", env=go.more).json[0]
        assert (entry["exit"], entry["resumable"]) == (0, False)
        (go.state / "history").unlink()
    assert fsops("resume", result.finished["run"], "-R", go.folder, env=go.more).status != 0
    report = fsops("report", result.finished["run"], "--markdown", env=go.more)
    assert "told channel 'slack'" in report.out, report


# ---- pings ----

def test_a_watchdog_hears_of_the_beginning_and_the_status(desk, hooks):
    channel = ["ping: {url: '${env.HOOK}/ping/abc'}"]
    desk(channel)()
    assert not hooks.received, "it has no schedule"
    desk(channel, FAILS, head="schedule: {daily: '09:00'}")()
    first, last = hooks.received
    assert first.path.split("?")[0] == "/ping/abc/start" and last.path.split("?")[0] == "/ping/abc/2"
    rids = [h.path.split("?rid=")[1] for h in (first, last)]
    assert rids[0] == rids[1] and str(uuid.UUID(rids[0])) == rids[0]
    hooks.received.clear()
    desk(["ping: {url: '${env.HOOK}/ping/abc', runs: all}"])()
    assert [h.path.split("?")[0] for h in hooks.received] == ["/ping/abc/start", "/ping/abc/0"]
    assert rids[0] not in hooks.received[0].path


# ---- the shipped platform ----

def test_an_incident_of_the_shipped_platform_is_told_from_its_beginning_to_its_end(sandbox):
    platform = sandbox("error-rate")
    result = run("high-error-rate", "-y", on=platform)
    slack = [h.json["text"] for h in platform.webhooks.to("/slack")]
    incident = [h.json for h in platform.webhooks.to("/pagerduty")]
    assert slack[0].startswith("*High error rate on ") and ": started*" in slack[0], slack
    assert f": ended, {result.finished['level']}*" in slack[-1], slack
    assert {i["dedup_key"] for i in incident} <= {result.finished["run"]}
    assert {i["routing_key"] for i in incident} <= {"sandbox-routing-key"}
    assert not platform.webhooks.to("/ping/start"), "it is not scheduled"
    first = result.events("escalated")[0]
    assert (first["level"], first["next"], first["who"][0]["title"]) == (1, 2, "On-Call Engineer")
    assert all(e["delivered"] for e in result.events("notification")), result


def test_a_scheduled_run_of_the_shipped_platform_is_pinged(healthy):
    healthy.webhooks.received.clear()
    result = run("daily-health-check", on=healthy)
    paths = [h.path.split("?")[0] for h in healthy.webhooks.received]
    assert paths == ["/ping/start", f"/ping/{result.status}"], result
