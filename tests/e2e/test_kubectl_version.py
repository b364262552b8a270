"""kubectl's version is looked at once a run: what is too old, or cannot be told, is a warning and nothing else."""
import json
import os
import re
import shutil
import subprocess

import pytest
from helpers import ROOT, fsops, only_with, run, write_book

HEADER = (ROOT / "include/fsops/plan.h").read_text()
MINIMUM = "1." + re.search(r"^#define KUBECTL_MINOR_MIN (\d+)$", HEADER, re.M)[1]
LOOK = "  - step: Look\n    id: look\n    budget: 20s\n    kubectl: get pods\n"
TARGETS = {"cluster": {"kubectl": {"context": "prod"}}}


def answering(folder, answer, then="echo well"):
    """An environment whose kubectl answers this to `version`, does `then` for the rest, and writes down each call."""
    log = folder / "called"
    script = f'echo "$*" >>{log}\ncase $1 in version) {answer};; *) {then};; esac'
    return only_with(folder / "tools", kubectl=script), log


def says(version):
    answer = {"clientVersion": {"major": "1", "gitVersion": version}, "kustomizeVersion": "v5.5.0"}
    return f"echo '{json.dumps(answer)}'"


def warnings(result):
    return [e["text"] for e in result.events("note") if e["level"] == "warning"]


OLD = r"^kubectl {} is too old, fsops needs {}: `create job --from` a CronJob .*batch/v1,.* will not work; install"
UNKNOWN = r"^which version kubectl has is not known \({}.*\): fsops needs {}.*; install"
ANSWERS = {
    "current": (says("v1.34.3"), None),
    "of a vendor": (says("v1.32.4-dispatcher"), None),
    "another vendor's": (says("v1.27.3-gke.100+build"), None),
    "the oldest that does": (says(f"v{MINIMUM}.0"), None),
    "Debian 12's": (says("v1.20.2"), OLD.format(r"1\.20\.2", MINIMUM)),
    "older still": (says("v1.9.11"), r"^kubectl 1\.9\.11 .*CronJob.* and `drain --delete-emptydir-data` will not work"),
    "of the next age": (says("v2.0.0"), None),
    "garbled": ("echo nonsense", UNKNOWN.format("stdout is not JSON", MINIMUM)),
    "empty": (":", UNKNOWN.format("stdout is not JSON: it is empty", MINIMUM)),
    "without a version": ("echo '{\"clientVersion\": {}}'", UNKNOWN.format(".*names none", MINIMUM)),
    "not a version": (says("latest"), UNKNOWN.format(".*names none", MINIMUM)),
    "refused": ("echo 'unknown flag: --client' >&2; exit 1",
                UNKNOWN.format("exit status 1: unknown flag: --client", MINIMUM)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_too_old_is_a_warning_and_nothing_else(tmp_path, name):
    answer, warned = ANSWERS[name]
    env, _ = answering(tmp_path, answer)
    result = run("book", "-R", write_book(tmp_path / "book", LOOK, TARGETS), env=env)
    assert result.status == 0 and result.action("look")["outcome"] == "passed", result
    assert len(warnings(result)) == (warned is not None), result
    assert warned is None or re.search(warned, warnings(result)[0]), warnings(result)


def test_it_is_told_wherever_a_run_is_shown(tmp_path):
    env, _ = answering(tmp_path, says("v1.20.2"))
    env["FSOPS_STATE"] = str(tmp_path / "state")
    book = write_book(tmp_path / "book", LOOK, TARGETS)
    texts = [fsops("run", "book", "-R", book, *words, env=env).out for words in ([], ["-q"], ["--check"])]
    texts += [fsops("log", env=env).out, fsops("report", "--markdown", env=env).out]
    for text in texts:
        assert "kubectl 1.20.2 is too old" in re.sub(r"\s+", " ", text), text


INNER = """
  - step: More
    id: more
    budget: 20s
    actions:
      - {id: again, runbook: other}
      - {id: third, kubectl: get nodes}
"""


def test_it_is_asked_once_a_run(tmp_path):
    """A runbook inside another has the same kubectl; a resumed run may be on another machine, and asks again."""
    env, log = answering(tmp_path, says("v1.20.2"))
    book = write_book(tmp_path / "book", LOOK, TARGETS, name="other")
    write_book(tmp_path / "book", LOOK + INNER, TARGETS)
    result = run("book", "-R", book, env=env)
    assert result.status == 0 and len(warnings(result)) == 1, result
    assert log.read_text().splitlines().count("version --client -o json") == 1


METRICS = """\
metrics:
  pods: {source: {kubectl: get pods}, value: lines.size(), baseline: "< 5"}
  other: {source: {shell: "echo 1"}, value: lines.size(), baseline: "< 5"}
"""
SHELL = "  - step: Look\n    id: look\n    budget: 20s\n    shell: echo well\n    effect: read\n"


@pytest.mark.parametrize("steps, head, asked", [
    (SHELL, "", False), (SHELL, "metrics: [other]", False), (SHELL, "metrics: [pods]", True),
    (SHELL + "  - {step: All, budget: 20s, metrics: all}\n", "", True),
    (SHELL + "  - {step: Some, budget: 20s, metrics: [other]}\n", "", False),
    (SHELL + "on_failure:\n" + LOOK.replace("look", "undo").replace("Look", "Undo"), "", True),
])
def test_only_a_run_that_uses_kubectl_asks(tmp_path, steps, head, asked):
    env, log = answering(tmp_path, says("v1.20.2"))
    book = write_book(tmp_path / "book", steps, TARGETS, head=head, platform_more=METRICS)
    result = run("book", "-R", book, env=env)
    assert result.status == 0, result
    assert bool(warnings(result)) == asked, result
    assert asked == (log.exists() and "version --client" in log.read_text())


def test_a_kubectl_that_is_not_there_is_told_once(tmp_path):
    env, _ = answering(tmp_path, says("v1.20.2"))
    (tmp_path / "tools" / "bin" / "kubectl").unlink()
    result = run("book", "-R", write_book(tmp_path / "book", LOOK, TARGETS), env=env)
    assert "unable to run 'kubectl': not found in PATH" in result.action("look")["why"]
    assert warnings(result) == [], result


def test_one_that_does_not_answer_holds_nothing_up(tmp_path):
    env, log = answering(tmp_path, f"echo $$ >{tmp_path}/pid; exec {shutil.which('sleep')} 60")
    result = run("book", "-R", write_book(tmp_path / "book", LOOK, TARGETS), env=env, timeout=30)
    assert result.status == 0 and warnings(result) == [] and result.seconds < 15, result
    assert "version --client" in log.read_text()
    assert not os.path.exists(f"/proc/{(tmp_path / 'pid').read_text().strip()}"), "it was left behind"


def test_the_minimum_is_named():
    assert f"kubectl` {MINIMUM}" in (ROOT / "README.md").read_text().replace("\n", " ")


@pytest.mark.parametrize("version, said", [
    ("v1.20.2", f"kubectl 1.20.2 .*older than {MINIMUM}.*create job --from"), ("v1.32.4", None),
    (None, "version .*not known")])
def test_the_dependencies_do_not_call_an_old_one_good(tmp_path, version, said):
    """What is installed stays, and what will not work with it is said."""
    # Nothing is installed from here, whatever this machine lacks.
    fakes = {"kubectl": says(version) if version else "exit 1", "apt-get": "exit 1", "id": "echo 0"}
    for name, script in fakes.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([ROOT / ".ci/deps"], env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60)
    if "installing" in done.stdout:
        pytest.skip("this machine lacks what the tests need")
    assert done.returncode == 0, done
    assert bool(said) == bool(done.stdout + done.stderr) and re.search(said or "^$", done.stdout + done.stderr), done
