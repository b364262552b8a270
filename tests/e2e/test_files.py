"""Files that are wrong: every problem at its place in one go, whatever the file is; and one wrong file stops no other."""
import os
import pwd
import re
import shutil
import subprocess

import pytest
from helpers import FSOPS, Result, environment, fsops, run, write_book

GOOD = "  - {step: Say, exec: [echo, hello], effect: read}\n"
WRONG = """\
runbook: wrong
titel: misspelt
severity: grave
symptoms: one
metrics: [nothing]
vars:
  a: 1
  a: 2
steps:
  - step: First
    id: same
    budget: soon
    exec: [echo, "${missing}"]
  - step: Second
    id: same
    kubectl: get pods
    target: nowhere
  - step: Third
    runbook: nothing
  - step: Fourth
    exec: [ls]
    when: results.same.exit ==
  - step: Fifth
    exec: [ls]
    http: GET /
"""
# line:column and what is said there
PROBLEMS = {
    "2:1": "titel.*did you mean.*title", "3:11": "severity|grave|critical", "4:11": "list", "5:11": "nothing",
    "8:3": "a.*(twice|again|already|duplicate)", "12:13": "soon", "13:21": "missing", "15:9": "same",
    "17:13": "nowhere", "19:14": "nothing", "22:11": None, "25:5": None,
}


def places(text, name):
    """{line:column: message} of a file's problems."""
    return {m[1]: m[2] for m in re.finditer(rf"^\S*{name}:(\d+:\d+): (.*)$", text, re.M)}


def test_all_problems_of_a_file_in_one_go(tmp_path):
    folder = write_book(tmp_path, GOOD)
    (folder / "wrong.yaml").write_text(WRONG)
    result = fsops("run", "wrong", "-R", folder)
    assert result.status == 65 and result.out == "", str(result)
    found = places(result.err, "wrong.yaml")
    assert list(found) == sorted(found, key=lambda p: tuple(map(int, p.split(":")))), "not in order"
    lines = {place.split(":")[0]: f"{place}: {text}" for place, text in found.items()}
    for place, says in PROBLEMS.items():
        line = place.split(":")[0]
        assert line in lines, f"nothing is said of line {line}{result}"
        assert re.search(says or "", lines[line]), f"{place}: {says!r} is not in {lines[line]!r}"
        assert says is None or place in found, f"{place} wanted: {lines[line]}"
    assert re.search(rf"{len(found)} problems", result.err), str(result)


def test_problems_of_both_files_in_one_go(tmp_path):
    folder = write_book(tmp_path, GOOD, platform_more="metricks: {}\nlinks: 7\n")
    (folder / "wrong.yaml").write_text(WRONG)
    result = fsops("list", "-R", folder)
    assert result.status == 65
    assert set(places(result.err, "platform.yaml")) == {"3:1", "4:8"}, str(result)
    # What only a platform that can be used could tell (is there such a metric?) is not guessed at.
    assert {"2:1", "12:13", "15:9", "25:5"} <= set(places(result.err, "wrong.yaml")), str(result)


def bomb(levels=9, wide=9):
    """"Billion laughs": each list is the one before, nine times."""
    lines = ["l0: &l0 [lol]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * wide)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\nrunbook: bad\n"


BAD = {
    "over 1 MiB": ("x: " + "y" * (1 << 20) + "\n", "over 1048576 bytes"),
    "many small things": ("runbook: bad\nsteps:\n" + "  - {}\n" * 100000, None),
    "alias bomb": (bomb(), None),
    "deep": ("[" * 50000, None),
    "empty": ("", "empty"),
    "only a comment": ("# nothing\n", "empty"),
    "a list": ("- a\n- b\n", "map"),
    "a word": ("hello\n", "map"),
    "not YAML": ("runbook: bad\nsteps: [\n  {a: b\n", None),
    "a tab": ("runbook: bad\nsteps:\n\t- step: x\n", "tab|cannot start any token"),
    "not UTF-8": (b"runbook: bad\ntitle: caf\xe9\n", "UTF-8"),
    "a NUL": (b"runbook: bad\ntitle: a\0b\n", None),
    "UTF-16": ("runbook: bad\ntitle: x\n".encode("utf-16"), None),
    "binary": (bytes(range(256)) * 40, None),
    "two documents": ("runbook: bad\n---\nrunbook: worse\n", "document"),
    "a tag": ("runbook: !!python/object:os.system ls\n", None),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_runbook(tmp_path, kind):
    content, says = BAD[kind]
    folder = write_book(tmp_path, GOOD)
    (folder / "bad.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    for words in (["show", "bad"], ["run", "bad"]):
        # 64: its name can't be read, so there is no such runbook.
        result = fsops(*words, "-R", folder, timeout=10)
        assert result.status in (64, 65) and result.out == "" and "bad" in result.err, str(result)
        assert result.status == 65 or "problem" in result.err, f"not a word of a file that could not be read{result}"
    listed = fsops("list", "-R", folder, timeout=10)
    assert listed.status == 65 and listed.seconds < 5, str(listed)
    assert len(listed.err) < 100000, f"{len(listed.err)} bytes of complaints"
    assert re.search(says or "", listed.err, re.I), f"{says!r} is not in:{listed}"
    assert re.search(r"^\S*bad\.yaml(:\d+:\d+)?: ", listed.err, re.M), f"no place{listed}"
    assert re.search(r"^book ", listed.out, re.M), f"the good one is not listed{listed}"
    good = run("book", "-R", folder)
    assert good.status == 0 and good.action("say")["outcome"] == "passed", f"a bad neighbour stopped it{good}"


@pytest.mark.parametrize("kind", ["empty", "over 1 MiB", "alias bomb", "not YAML", "binary", "a list"])
def test_a_bad_platform(tmp_path, kind):
    content = BAD[kind][0]
    folder = write_book(tmp_path, GOOD)
    (folder / "platform.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    for words in (["list"], ["run", "book"], ["check"]):
        result = fsops(*words, "-R", folder, timeout=10)
        assert result.status == 65 and "platform.yaml" in result.err, str(result)


def test_a_directory_among_the_runbooks_is_none(tmp_path):
    folder = write_book(tmp_path, GOOD)
    (folder / "odd.yaml").mkdir()
    assert "odd" not in fsops("list", "-R", folder).out
    assert run("book", "-R", folder).status == 0


@pytest.mark.parametrize("kind", ["fifo", "dangling link", "loop"])
def test_what_is_no_file_does_not_hang(tmp_path, kind):
    folder = write_book(tmp_path, GOOD)
    if kind == "fifo":
        os.mkfifo(folder / "odd.yaml")
    else:
        (folder / "odd.yaml").symlink_to("odd.yaml" if kind == "loop" else "/nonexistent/x")
    listed = fsops("list", "-R", folder, timeout=10)
    assert listed.status == 65 and "odd.yaml" in listed.err, str(listed)
    assert run("book", "-R", folder, timeout=10).status == 0


def as_nobody(binary, *words):
    """fsops as a user who may not read everything: root reads what nobody may."""
    if os.geteuid() != 0:
        return fsops(*words)
    nobody = pwd.getpwnam("nobody")
    done = subprocess.run([binary, *map(str, words)], env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], cwd="/")
    return Result(words, done.returncode, done.stdout, done.stderr, 0)


@pytest.fixture
def open_folder(tmp_path_factory):
    """A folder that others can pass, with a copy of the binary: its own folder may be shut to them."""
    folder = tmp_path_factory.mktemp("open")
    for part in (folder, *folder.parents):
        if str(part).startswith("/tmp/pytest"):
            part.chmod(0o755)
    shutil.copy(FSOPS, folder / "fsops")
    return folder


def test_an_unreadable_file(open_folder):
    folder = write_book(open_folder / "books", GOOD)
    (folder / "secret.yaml").write_text("runbook: secret\n")
    (folder / "secret.yaml").chmod(0)
    listed = as_nobody(open_folder / "fsops", "list", "-R", folder)
    assert listed.status == 65 and re.search(r"secret\.yaml.*Permission denied", listed.err), str(listed)
    assert as_nobody(open_folder / "fsops", "run", "book", "-R", folder).status == 0
    folder.chmod(0)
    shut = as_nobody(open_folder / "fsops", "list", "-R", folder)
    folder.chmod(0o755)
    assert shut.status in (64, 65) and "Permission denied" in shut.err, str(shut)


@pytest.mark.parametrize("words, says", [
    (["list", "-R", "/nonexistent"], "/nonexistent"),
    (["list", "-R", "{file}"], "looked for a folder at .*book.yaml"),
    (["run", "book", "-P", "/nonexistent/p.yaml", "-R", "{folder}"], "/nonexistent/p.yaml.*No such file"),
    (["run", "book", "-P", "{folder}", "-R", "{folder}"], "director"),
])
def test_places_that_are_none(tmp_path, words, says):
    folder = write_book(tmp_path, GOOD)
    words = [w.format(folder=folder, file=folder / "book.yaml") for w in words]
    result = fsops(*words)
    assert result.status in (64, 65) and re.search(says, result.err), str(result)


# What programs read

def test_list_and_show_as_json(healthy):
    listed = fsops("list", "--format", "json", on=healthy)
    assert listed.status == 0
    books = {b["name"]: b for b in listed.json}
    assert {"complete-outage", "high-error-rate", "database-issues", "high-response-time", "daily-health-check",
            "overview"} <= set(books)
    daily = books["daily-health-check"]
    assert daily["aliases"] == ["daily", "health"] and daily["budget_seconds"] == 300
    assert "09:00" in str(daily["schedule"]) and daily["steps"] and books["overview"]["schedule"] is None
    shown = fsops("show", "daily", "--format", "json", on=healthy).json
    assert [s["id"] for s in shown["steps"]] == ["system_health", "application_health", "monitoring", "backup", "review"]


def test_the_plan_as_json(healthy):
    plan = fsops("run", "high-error-rate", "--dry-run=json", on=healthy).json
    assert plan["runbook"] == "high-error-rate"
    for step in plan["steps"]:
        assert {"id", "title", "budget_seconds", "when", "actions"} <= set(step)
        for action in step["actions"]:
            assert {"id", "adapter", "effect", "command", "when"} <= set(action)
            assert action["effect"] in ("read", "change", "destroy")


PERFDATA = r"'?[^'= ]+'?=(U|-?\d+(\.\d+)?)(s|%|B|c)?(;[^; ]*(;[^; ]*(;[^; ]*(;[^; ]*)?)?)?)?"


@pytest.mark.parametrize("name, status, word", [("healthy", 0, "OK"), ("bad_release", 2, "CRITICAL")])
def test_check_is_a_nagios_plugin(request, name, status, word):
    """The plugin conventions: one line, a status word, perfdata of label=value[unit][;warn[;crit[;min[;max]]]]."""
    result = fsops("check", "--format", "nagios", on=request.getfixturevalue(name))
    assert result.status == status and result.err == "", str(result)
    assert result.out.count("\n") == 1 and result.out.startswith(f"FSOPS {word} - "), str(result)
    text, _, perfdata = result.out.rstrip("\n").partition(" | ")
    assert len(perfdata.split()) == 9 and "|" not in text
    for item in perfdata.split():
        assert re.fullmatch(PERFDATA, item), item
    assert word == "OK" or "error_rate" in text


def test_check_names_the_runbook_of_each_breach(bad_release):
    result = fsops("check", "error_rate", "cpu", "--format", "json", on=bad_release)
    assert result.status == 2 and result.json["level"] == "critical", str(result)
    error_rate, cpu = result.json["metrics"]
    assert error_rate["name"] == "error_rate" and error_rate["runbook"] == "high-error-rate"
    assert 7 < error_rate["value"] < 9 and error_rate["level"] == "critical" and cpu["level"] == "ok"
    assert {"name", "title", "unit", "value", "level", "baseline", "warning", "critical", "runbook", "error"} <= set(cpu)
    table = fsops("check", "error_rate", on=bad_release).out
    assert re.search(r"^error_rate +[78]\S* % +critical .*→ fsops run high-error-rate$", table, re.M), table


@pytest.mark.parametrize("command", ["list", "show", "run", "check", "help"])
def test_each_command_has_help(command):
    helped = fsops(command, "--help")
    assert helped.status == 0 and helped.out.startswith(f"Usage: fsops {command}") and helped.err == ""
    assert "Options:" in helped.out and "Exit status:" in helped.out and "Examples:" in helped.out
    assert fsops("help", command).out == helped.out
    assert max(map(len, helped.out.splitlines())) <= 100
