"""How a run says that it ended: the same everywhere, and never better than it was."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, wait_until, write_book
from sandbox.webhooks import Webhooks

LOOK = "  - {step: Look, exec: 'true'}\n"
# What cannot be told before it runs; how the step ends with it, and what the text says.
UNTOLD = {
    "when of a step": "  - {step: Bad, exec: 'true', effect: read, severity: info, when: run.id > 5}\n",
    "for_each of a step": "  - {step: Bad, for_each: run.id > 5, exec: 'true', effect: read, severity: info}\n",
    "for_each that is no list": "  - {step: Bad, for_each: run.id, exec: 'true', effect: read, severity: info}\n",
    "when of an action":
        "  - {step: Bad, actions: [{id: bad, exec: 'true', effect: read, severity: info, when: run.id > 5}]}\n",
    "for_each of an action":
        "  - {step: Bad, actions: [{id: bad, exec: 'true', effect: read, severity: info, for_each: run.id > 5}]}\n",
    "hold_for":
        "  - {step: Bad, exec: 'true', effect: read, severity: info, expect: exit == 0, hold_for: '${run.id}'}\n",
    "a command": "  - {step: Bad, exec: 'echo ${run.id > 5}', effect: read, severity: info}\n",
    "stdin": "  - {step: Bad, exec: cat, stdin: '${run.id > 5}', effect: read, severity: info}\n",
    "the name of a file": "  - {step: Bad, exec: echo, save: 'x-${run.id > 5}', effect: read, severity: info}\n",
    "an inner runbook": "  - {step: Bad, runbook: inner}\n",
    "always": "  - {step: Fine, exec: 'true', effect: read}\nalways:\n"
              "  - {step: Bad, exec: 'true', effect: read, when: run.id > 5}\n",
}
INNER = "  - {step: Inside, exec: 'true', effect: read, when: run.id > 5}\n"


def reports(id_, env, metrics):
    assert fsops("report", id_, "--prom", metrics, env=env).status == 0
    return {"prom": metrics.read_text(),
            **{form: fsops("report", id_, f"--{form}", env=env).out for form in ("markdown", "html", "junit")}}


@pytest.fixture
def hooks():
    server = Webhooks()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desk(tmp_path, hooks):
    """A runbook in a folder, a state folder, and a webhook that is told of failures and of the end."""
    def make(steps, **more):
        folder = write_book(tmp_path / "books", steps, platform_more=(
            "channels:\n"
            "  hook: {kind: webhook, url: '${env.HOOK}/any', on: [failed, budget.exceeded, run.finished]}\n"),
            **more)
        (folder / "inner.yaml").write_text(f"runbook: inner\ntitle: inner\nseverity: info\nsteps:\n{INNER}")
        make.folder = folder
        make.env = {"FSOPS_STATE": str(tmp_path / "state"), "HOOK": f"http://127.0.0.1:{hooks.server.port}"}
        return folder
    return make


@pytest.mark.parametrize("what", UNTOLD)
def test_what_could_not_be_told_is_a_failure_everywhere(desk, hooks, tmp_path, what):
    folder = desk(UNTOLD[what])
    result = run("book", "-R", folder, env=desk.env, cwd=tmp_path)
    assert (result.finished["outcome"], result.status > 0) == ("failed", True), result
    why = "run.id" if "hold_for" not in what else "hold_for: "
    told = [m.json for m in hooks.received]
    assert [m["event"] for m in told] == ["failed", "run.finished"], told
    assert why in told[0]["text"] and told[1]["text"].startswith("failed after"), told

    texts = reports(result.finished["run"], desk.env, tmp_path / "metrics")
    assert "| Outcome | **failed**" in texts["markdown"]
    bad = texts["markdown"].split("## What did not go well")[1].split("\n## ")[0]
    assert "**failed**" in bad
    bad = texts["html"].split("What did not go well")[1].split("<h3>")[0]
    assert "failed" in bad
    assert re.search(r'failures="[1-9]', texts["junit"]) and 'outcome="failed"' in texts["prom"]

    for quiet in ((), ("-q",)):
        shown = fsops("run", "book", "-R", folder, *quiet, env=desk.env, cwd=tmp_path)
        well = shown.out.split("not well:\n")[1] if not quiet else shown.out
        assert re.search("- (Bad|bad|Inside): " if not quiet else "FAILED", well), shown


def test_a_change_over_a_list_that_cannot_be_told_stops_the_run(desk):
    folder = desk("  - {step: Bad, actions: [{id: bad, exec: 'true', for_each: run.id > 5}]}\n"
                  "  - {step: After, exec: touch after}\n")
    result = run("book", "-R", folder, "-y", env=desk.env, cwd=folder)
    assert result.finished["outcome"] == "failed" and result.status == 2, result
    assert not (folder / "after").exists() and "after" not in result.outcomes("step"), result


def test_a_check_does_not_skip_what_no_change_would_make_known(desk):
    folder = desk("  - {step: Bad, actions: [{id: bad, exec: 'true', effect: read, for_each: run.id > 5}]}\n")
    result = run("book", "-R", folder, "--check", env=desk.env)
    assert result.action("bad")["outcome"] == "failed" and result.status == 2, result


def test_what_is_only_not_so_is_called_failed_nowhere(desk, hooks, tmp_path):
    steps = "  - {step: Find, id: find, exec: 'false', effect: read, severity: info}\n"
    steps += LOOK.replace("}", ", effect: read}")
    folder = desk(steps)
    result = run("book", "-R", folder, env=desk.env)
    assert result.action("find")["outcome"] == "failed" and result.step("find")["severity"] == "info"
    assert (result.status, result.finished["outcome"], result.finished["findings"]) == (0, "passed", 1), result
    assert hooks.received[-1].json["text"].startswith("passed after")
    texts = reports(result.finished["run"], desk.env, tmp_path / "metrics")
    for form in ("markdown", "html"):
        shown = re.sub("(?s)<style>.*?</style>", "", texts[form])  # the channel is told of "failed"; nothing was
        assert not re.search("failed", shown.replace("failed, timed out, interrupted", ""), re.I), shown  # a key
        assert "not so" in texts[form] and "did not go well" not in texts[form]
    assert 'failures="0" errors="0"' in texts["junit"] and "only info: not so" in texts["junit"]
    shown = fsops("run", "book", "-R", folder, env=desk.env)
    assert "FAILED" not in shown.out and "step not so after" in shown.out, shown
    assert ", 1 passed, 1 not so in" in shown.out, shown


# ---- files that are saved ----

def beside(folder):
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".yaml")


@pytest.mark.parametrize("form", [
    "shell: 'echo part; exit 3'", "exec: [echo, part]\n    expect: 'stdout == \"x\"'", "exec: 'false'",
])
def test_what_failed_is_not_under_the_name_that_says_it_is_whole(tmp_path, form):
    step = f"  - step: Keep\n    effect: read\n    save: {tmp_path}/kept/out\n    {form}\n"
    folder = write_book(tmp_path / "b", step)
    result = run("book", "-R", folder)
    saved = result.action("keep").get("saved")
    assert not (tmp_path / "kept" / "out").exists(), result
    if "false" in form:
        assert saved is None and not list((tmp_path / "kept").iterdir()), result
        return
    assert saved["complete"] is False and pathlib.Path(saved["path"]).read_text() == "part\n"
    shown = fsops("report", result.finished["run"], "--html")
    assert "not whole" in shown.out, shown
    shown = fsops("run", "book", "-R", folder).out
    assert re.search(r"not whole, kept as .*/kept/out\.part-", shown), shown


def test_a_check_writes_no_file(tmp_path):
    step = f"  - {{step: Keep, exec: [echo, x], effect: read, save: {tmp_path}/kept/out}}\n"
    folder = write_book(tmp_path / "b", step)
    result = run("book", "-R", folder, "--check")
    assert result.action("keep")["outcome"] == "passed" and "saved" not in result.action("keep")
    assert not (tmp_path / "kept").exists()


# ---- time while a person thinks ----

SLOW = """  - step: Slow
    budget: 1s
    exec: [touch, {touched}]
"""


def test_a_budget_that_is_over_while_a_person_thinks_is_told(desk, hooks, tmp_path):
    folder = desk(SLOW.format(touched=tmp_path / "touched"))
    person = Terminal(FSOPS, "run", "book", "-R", folder, env=environment(**desk.env))
    person.wait("[y]es")
    person.wait("of the step's 1s, a person is waited for")
    wait_until(lambda: hooks.received, "the channel is told while the person still thinks")
    told = hooks.received[0].json
    assert told["event"] == "budget.exceeded" and "a person is waited for" in told["text"]
    person.type("y\r")
    assert person.end() == 0, person.seen
    events = [json.loads(line) for path in (tmp_path / "state" / "runs").glob("*.jsonl") for line in path.open()]
    order = [e["type"] for e in events if e["type"] in ("approval.asked", "budget.exceeded", "approval.given")]
    assert order == ["approval.asked", "budget.exceeded", "approval.given"]
    assert [e["outcome"] for e in events if e["type"] == "step.finished"] == ["passed"]


def test_a_budget_that_ended_a_change_is_told_before_it_is_asked_what_to_do(desk, hooks):
    folder = desk("  - {step: Slow, budget: 1s, exec: sleep 30}\n")
    person = Terminal(FSOPS, "run", "book", "-R", folder, env=environment(**desk.env))
    person.answer("[y]es", "y\r")
    person.wait("[r]etry")
    wait_until(lambda: hooks.received, "the channel is told while the person still thinks")
    assert hooks.received[0].json["event"] == "budget.exceeded"
    assert "ended: sleep 30" in hooks.received[0].json["text"]
    person.type("a\r")
    person.end()


# ---- a check ----

def test_a_check_does_not_say_that_a_person_said_something(desk):
    folder = desk("  - {step: Tell, notify: {to: hook, text: hi}}\n  - {step: Ask, manual: look}\n")
    shown = fsops("run", "book", "-R", folder, "--check", env=desk.env)
    assert "a check tells nobody" in shown.out and "not asked: a check asks nobody" in shown.out, shown
    assert "the person said so" not in shown.out and "there is nobody to ask" not in shown.out, shown
    text = fsops("report", "--markdown", env=desk.env).out
    assert "a check asks nobody" in text and "nobody was there" not in text


# ---- a run that cannot be recorded ----

CHANGES = """  - {step: Change, id: change, exec: [touch, touched], effect: change}
  - {step: Look, id: look, exec: 'true', effect: read}
recovery:
  - {step: Wait, id: wait, budget: 1m, exec: [test, -e, touched], effect: read, until: exit == 0, every: 1s}
"""


def test_a_run_that_cannot_be_recorded_says_so_first_and_asks_nothing(desk, tmp_path):
    folder = desk(CHANGES.replace("touched", str(tmp_path / "touched")))
    (tmp_path / "state").write_text("a file, no folder")
    person = Terminal(FSOPS, "run", "book", "-R", folder, "--report", tmp_path / "r.md", env=environment(**desk.env))
    assert person.end() == 2, person.seen
    assert "this run is not recorded: " in person.seen and "no change is started" in person.seen, person.seen
    assert "Run this?" not in person.seen and "fsops resume" not in person.seen, person.seen
    assert person.seen.index("this run is not recorded") < person.seen.index("Change"), person.seen
    assert not (tmp_path / "touched").exists() and "Wait" not in person.seen
    assert "fsops log" not in (tmp_path / "r.md").read_text() and "fsops resume" not in (tmp_path / "r.md").read_text()
    result = run("book", "-R", folder, "-y", env=desk.env)
    assert result.status == 2 and result.finished["resumable"] is False and result.finished["recorded"] is False
    assert result.outcomes() == {"change": "refused", "look": "passed"}, result


def test_a_full_disk_from_the_start(desk, tmp_path):
    """Nothing of the run is on record: no empty journal is left, and no run is named."""
    folder = desk(CHANGES.replace("touched", str(tmp_path / "touched")))
    (tmp_path / "state").mkdir()
    script = (f"mount -t tmpfs -o size=64k,nr_inodes=64 none {tmp_path}/state && mkdir -m 700 {tmp_path}/state/runs && "
              f"head -c 70000 /dev/zero >{tmp_path}/state/full; {FSOPS} run book -y -R {folder}; s=$?; "
              f"ls -A {tmp_path}/state/runs; exit $s")
    user = [] if os.geteuid() == 0 else ["-r"]
    done = subprocess.run(["unshare", *user, "-m", "sh", "-c", script], env=environment(**desk.env),
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 2 and "this run is not recorded: " in done.stdout, done
    assert "fsops resume" not in done.stdout and ".jsonl\n" not in done.stdout.split("run finished")[1], done
    assert not (tmp_path / "touched").exists()


# ---- going on with files ----

def test_what_is_saved_whole_is_not_in_the_way_of_going_on(desk, tmp_path):
    kept = tmp_path / "kept"
    folder = desk(f"  - step: Keep\n    actions:\n"
                  f"      - {{id: keep, exec: [date, +%N], effect: read, save: {kept}, on_failure: stop}}\n"
                  "      - {id: ask, manual: look}\n")

    def broken_off(*command):
        person = Terminal(FSOPS, *command, "-R", folder, env=environment(**desk.env))
        person.answer("[s]kip", "\x03")
        assert person.end() == 130, person.seen
        return kept.read_text()

    first = broken_off("run", "book")
    assert broken_off("resume") == first
    kept.write_text("another\n")
    person = Terminal(FSOPS, "resume", "-R", folder, env=environment(**desk.env))
    assert person.end() == 2 and "is there already" in person.seen, person.seen
    assert kept.read_text() == "another\n"


# ---- the runbooks that save ----

def test_no_file_that_promises_what_the_cluster_refused(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.forbid("read", "deployments")
    result = run("cluster-update", "-y", "--yes-destroy", on=sb, cwd=tmp_path)
    assert result.action("state")["outcome"] == "failed" and result.status != 0, result
    assert not [p for p in tmp_path.iterdir() if p.suffix == ".yaml"], "no file under its name"
    assert "update" not in result.outcomes("step") and not result.commands("change"), result


@pytest.mark.parametrize("words", [
    ("cluster-update",), ("security-incident", "--var", "deployment=flight-search-backend")])
def test_a_check_of_a_runbook_that_saves_leaves_nothing(healthy, tmp_path, words):
    result = run(*words, "--check", on=healthy, cwd=tmp_path)
    assert result.action("state")["outcome"] == "passed" and not list(tmp_path.iterdir()), result
