"""`fsops lint`: errors and advice with their places, in each format, for files and for the whole catalog."""
import json
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FSOPS = os.environ.get("FSOPS_BINARY", os.path.join(ROOT, "build", "fsops"))
SHIPPED = os.path.join(ROOT, "runbooks")

PLATFORM = """\
platform: demo
vars: {backend: web}
targets: {cluster: {kubectl: {context: demo}}, monitor: {prometheus: "http://p"}}
metrics: {load: {source: {prometheus: up}, warning: "> 1"}}
"""
GOOD = "runbook: good\nsteps:\n  - {step: Look, budget: 1m, kubectl: \"get pods -l app=${backend}\"}\n"
ADVICE = "runbook: advice\nsteps:\n  - {step: Look, budget: 1m, kubectl: logs deployment/x -f}\n"
BROKEN = """\
runbook: broken
steps:
  - step: Look
    budget: 1m
    kubectl: logs -f pod/${bakend}
    when: metrics.lod.level == 'ok'
  - step: Unfinished
    budget: soon
    manual: x
"""
BROKEN_SAID = [
    (5, 28, "error", "load", "no such variable: 'bakend'; did you mean 'backend'?"),
    (5, 19, "warning", "endless", "this never ends"),
    (6, 19, "error", "load", "'metrics' has no field 'lod'; did you mean 'load'?"),
    (8, 13, "error", "load", "'budget' must be a duration"),
]


def lint(*args, cwd=ROOT, env=None):
    return subprocess.run([FSOPS, "lint", *map(str, args)], capture_output=True, text=True, timeout=20, cwd=cwd,
                          env={**os.environ, **(env or {})})


@pytest.fixture
def folder(tmp_path):
    books = tmp_path / "books"
    books.mkdir()
    (books / "platform.yaml").write_text(PLATFORM)
    (books / "good.yaml").write_text(GOOD)
    return books


def said(result):
    return [(p["line"], p["col"], p["level"], p["rule"], p["message"]) for p in json.loads(result.stdout)]


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(sorted(found), sorted(expected)):
        assert one[:4] == other[:4] and one[4].startswith(other[4])


def test_what_is_shipped_is_clean():
    result = lint("-R", SHIPPED)
    assert (result.returncode, result.stdout, result.stderr) == (
        0, f"Platform flight-search, runbooks in {SHIPPED}\n", "fsops: 0 errors, 0 warnings\n")
    files = [os.path.join(SHIPPED, name) for name in sorted(os.listdir(SHIPPED)) if name.endswith(".yaml")]
    for words in (["-R", SHIPPED], files):
        quiet = lint("-q", *words)
        assert (quiet.stdout, quiet.stderr) == ("", "")
    for file in files:
        assert lint(file).returncode == 0


def test_statuses(folder):
    assert lint("-R", folder).returncode == 0
    (folder / "advice.yaml").write_text(ADVICE)
    assert lint("-R", folder).returncode == 1
    (folder / "broken.yaml").write_text(BROKEN)
    assert lint("-R", folder).returncode == 65
    assert lint("-R", folder, "--format", "nagios").returncode == 64


def test_text(folder):
    (folder / "broken.yaml").write_text(BROKEN)
    result = lint("-R", "books", cwd=folder.parent)
    head, first = result.stdout.splitlines()[:2]
    assert head == f"Platform demo, runbooks in {folder}"
    assert first.startswith("books/broken.yaml:5:19: warning: this never ends") and first.endswith("[endless]")
    assert "books/broken.yaml:5:28: no such variable: 'bakend'; did you mean 'backend'?\n" in result.stdout
    assert result.stderr == "fsops: 3 errors, 1 warning\n"


def test_json(folder):
    (folder / "broken.yaml").write_text(BROKEN)
    result = lint("-R", folder, "--format", "json")
    same(said(result), BROKEN_SAID)
    assert {p["file"] for p in json.loads(result.stdout)} == {f"{folder}/broken.yaml"}
    assert json.loads(lint("-R", SHIPPED, "--format=json").stdout) == []


def test_github(folder):
    name = folder / "a,b:c%.yaml"
    name.write_text("runbook: x\nsteps:\n  - {step: S, budget: 1m, kubectl: \"get ${backend\\n100%\"}\n")
    result = lint(name, "--format", "github")
    path = str(folder).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    first = result.stdout.splitlines()[0]
    assert first.startswith(f"::error file={path}/a%2Cb%3Ac%25.yaml,line=3,col=")
    assert all(line.startswith("::") for line in result.stdout.splitlines())
    (folder / "advice.yaml").write_text(ADVICE)
    assert f"::warning file={folder}/advice.yaml,line=3,col=57::this never ends" in \
        lint(folder / "advice.yaml", "--format=github").stdout


def test_a_message_of_several_lines_is_one_annotation(folder):
    bad = folder / "bad.yaml"
    bad.write_text('runbook: x\nsteps:\n  - {step: S, budget: "a\\nb\\r100%", manual: x}\n')
    out = lint(bad, "--format", "github").stdout
    assert len(out.splitlines()) == 1 and "a%0Ab%0D100%25" in out


def test_files_see_the_names_of_their_folder(folder):
    (folder / "broken.yaml").write_text(BROKEN)
    assert lint(folder / "good.yaml").returncode == 0
    result = lint(folder / "broken.yaml", "--format=json")
    same(said(result), BROKEN_SAID)
    assert json.loads(result.stdout)[0]["file"] == str(folder / "broken.yaml")
    same(said(lint("broken.yaml", "--format=json", cwd=folder)), BROKEN_SAID)
    assert len(said(lint(folder / "good.yaml", folder / "broken.yaml", folder / "platform.yaml", "--format=json"))) == 4


def test_a_copy_elsewhere_stands_for_the_original(folder, tmp_path):
    copy = tmp_path / "good.yaml"
    copy.write_text(GOOD.replace("get pods", "get pods -w"))
    result = lint("-R", folder, copy, "--format=json")
    assert [p["rule"] for p in json.loads(result.stdout)] == ["endless"]
    other = tmp_path / "new-one"
    other.write_text(GOOD.replace("runbook: good", "runbook: new"))
    assert lint("-R", folder, other).returncode == 0


def test_a_platform_file(folder, tmp_path):
    other = tmp_path / "staging.yaml"
    other.write_text(PLATFORM.replace('warning: "> 1"', "unit: count"))
    assert [p["rule"] for p in json.loads(lint(other, "--format=json").stdout)] == ["no-threshold"]
    other.write_text(PLATFORM.replace("> 1", "lots"))
    assert [p["line"] for p in json.loads(lint(other, "--format=json").stdout)] == [4]


def test_without_a_platform_a_runbook_is_linted_all_the_same(tmp_path):
    alone = tmp_path / "alone.yaml"
    alone.write_text(ADVICE)
    found = said(lint(alone, "--format=json", cwd=tmp_path, env={"FSOPS_RUNBOOKS": str(tmp_path / "none")}))
    assert {one[3] for one in found} == {"endless", "load"}
    assert any("could not be checked" in one[4] for one in found)


def test_what_is_no_runbook(tmp_path, folder):
    for name, content in (("empty.yaml", ""), ("list.yaml", "- 1\n"), ("bad.yaml", "a: [\n"), ("bin.yaml", "\0\1")):
        (folder / name).write_text(content)
        result = lint(folder / name)
        assert result.returncode == 65 and f"/{name}" in result.stdout
    assert lint(folder / "none.yaml").returncode == 65
    assert lint(folder).returncode == 65


def test_more_problems_than_are_kept(folder):
    (folder / "many.yaml").write_text("runbook: m\nsteps:\n" + "  - {step: S, id: s}\n" * 300)
    result = lint("-R", folder)
    assert result.returncode == 65 and "only the first 200 are shown" in result.stderr


def test_rules_are_listed():
    rules = lint("--rules").stdout.splitlines()
    assert len(rules) >= 12 and all(len(rule.split(None, 1)) == 2 for rule in rules)


def test_advice_on_a_changed_copy_of_what_is_shipped(tmp_path):
    books = tmp_path / "runbooks"
    shutil.copytree(SHIPPED, books)
    for name in os.listdir(books):
        if name.endswith(".yaml"):
            text = (books / name).read_text()
            (books / name).write_text(text.replace("--tail=100", "-f", 1))
    assert lint(cwd=tmp_path, env={"FSOPS_RUNBOOKS": ""}).returncode == 1
