"""Text stays text: what somebody wrote as a variable reaches every command as these characters."""
import json
import subprocess
import textwrap

import pytest
from helpers import FSOPS, environment, fsops, wait_until

# Each reads as a number, a truth or nothing to somebody.
WRITTEN = ["3.10", "00501", "915785e5", "0x1F", "0o17", "1_000", "1e3", ".5", "+1", "-0", "1.0", "True", "yes", "no",
           "on", "off", "2026-11-29", "~", "null", "12345678901234567890", "1e400", "0.1", "7", "true", "-3.50"]
PLAIN = [w for w in WRITTEN if w not in ("~", "null")]  # nothing at all is no default


def book(tmp_path, text, name="b", platform="platform: t\n"):
    folder = tmp_path / "books"
    folder.mkdir(exist_ok=True)
    (folder / "platform.yaml").write_text(platform)
    (folder / f"{name}.yaml").write_text(f"runbook: {name}\ntitle: {name}\n" + textwrap.dedent(text))
    return folder


def told(result):
    """What the commands printed, in lines."""
    return [line for e in result.events("action.output") for line in e["text"].splitlines()]


def run(folder, *words, name="b", **more):
    return fsops("run", name, "-R", str(folder), "--format", "json", *words, **more)


def test_a_default_reaches_commands_as_it_is_written(tmp_path):
    vars_ = "\n".join(f"  v{i}: {w}" for i, w in enumerate(PLAIN))
    holes = ", ".join(f'"${{v{i}}}"' for i in range(len(PLAIN)))
    folder = book(tmp_path, f"vars:\n{vars_}\nsteps:\n  - {{step: A, effect: read, exec: [printf, --, '%s\\n', {holes}]}}\n")

    assert told(run(folder)) == PLAIN


@pytest.mark.parametrize("way", ["--var", "the environment", "the platform", "a runbook around", "an alert"])
def test_a_value_reaches_commands_as_it_is_written(tmp_path, way):
    steps = "\n  - {step: A, effect: read, exec: [printf, --, '%s\\n', %s]}" % (
        "%s", ", ".join(f'"${{v{i}}}"' for i in range(len(WRITTEN))))
    declared = "".join(f"  v{i}: {{required: true, pattern: '.+'}}\n" for i in range(len(WRITTEN)))
    folder = book(tmp_path, f"vars:\n{declared}steps:{steps}\n")
    values = {f"v{i}": w for i, w in enumerate(WRITTEN)}

    if way == "--var":
        result = run(folder, *[word for n, w in values.items() for word in ("--var", f"{n}={w}")])
    elif way == "the environment":
        result = run(folder, env={f"FSOPS_VAR_{n.upper()}": w for n, w in values.items()})
    elif way == "the platform":
        lines = "".join(f"  {n}: {w}\n" for n, w in values.items() if w in PLAIN)
        book(tmp_path, f"vars:\n{declared}steps:{steps}\n", platform=f"platform: t\nvars:\n{lines}")
        result = run(folder, *[w for n, v in values.items() if v not in PLAIN for w in ("--var", f"{n}={v}")])
    elif way == "a runbook around":
        inner = ", ".join(f"{n}: {w}" for n, w in values.items() if w in PLAIN)
        rest = ", ".join(f"{n}: '{w}'" for n, w in values.items() if w not in PLAIN)
        book(tmp_path, f"steps:\n  - {{step: A, runbook: {{name: b, vars: {{{inner}, {rest}}}}}}}\n", name="around")
        result = run(folder, name="around")
    else:
        book(tmp_path, f"vars:\n{declared}steps:{steps}\n",
             platform="platform: t\nalerts: [{alert: A, severity: info, action: look, runbook: b}]\n")
        payload = {"version": "4", "status": "firing", "alerts": [
            {"status": "firing", "labels": {"alertname": "A", **values}, "startsAt": "2026-11-29T00:00:00Z"}]}
        result = fsops("alert", "-", "--run", "-R", str(folder), "--format", "json", stdin=json.dumps(payload))
    assert told(result) == WRITTEN, result


@pytest.mark.parametrize("default, given", [
    ("3.9", "3.10"), ("1", "007"), ("12345", "00501"), ("1234567", "915785e5"), ("1.5", "2e0"), ("true", "False"),
    ("00501", "K1A 0B1"), ("915785e5", "abcdef01"), ("0x1F", "0xfe")])
def test_a_value_for_a_default_that_is_a_number(tmp_path, default, given):
    folder = book(tmp_path, f"""
        vars: {{v: {default}}}
        steps:
          - {{step: A, effect: read, exec: [printf, --, '%s\\n', '${{v}}']}}
        """)

    assert told(run(folder, "--var", f"v={given}")) == [given]


def test_another_kind_than_the_default_is_refused(tmp_path):
    folder = book(tmp_path, "vars: {v: 3, w: true, x: 3.9}\nsteps:\n  - {step: A, effect: read, exec: 'echo ${v}${w}${x}'}\n")

    for words, why in (("v=3.5", "a whole number"), ("v=x", "a whole number"), ("w=yes", "true or false"),
                       ("x=3.9-rc1", "a default in quotes makes it a text")):
        result = run(folder, "--var", words)
        assert result.status == 64 and why in result.err, result


def test_it_is_a_number_where_an_expression_counts_with_it(tmp_path):
    folder = book(tmp_path, """
        vars:
          limit: 1.0
          zip: 00501
          hex: 0x1F
          two: 2.50
          flag: True
          n: {required: true}
          both: [3.10, 007]
        steps:
          - step: A
            effect: read
            when: >-
              limit < 2 && flag && n > 2 && !(n > 3) && two > limit && n == 3 && limit == 1.0 && zip == 501 &&
              -two < 0 && [1, 2, 3][int(n) - 1] == 3 && n in [3] && both.all(x, x > 3) && vars.n + 1 == 4 &&
              math.greatest(n, 2) == 3 && double(two) == 2.5 && (flag ? true : false)
            exec: [printf, --, '%s\\n', "${n + 1}", "${limit * two}", "${int(zip) + 1}", "${'v' + zip}", "${string(two)}",
                   "${zip.size()}", "${zip + hex}"]
        """)

    assert told(run(folder, "--var", "n=003")) == ["4", "2.5", "502", "v00501", "2.50", "5", "005010x1F"]


def test_lists_keep_their_characters(tmp_path):
    folder = book(tmp_path, """
        vars: {versions: [3.10, 3.9, 007, 2, yes], limits: {value: {a: 1.10}}}
        steps:
          - {step: A, for_each: versions, as: v, sequential: true, effect: read, exec: [printf, --, '%s\\n', '${v}']}
          - {step: B, effect: read, exec: [printf, --, '%s\\n', '${limits.a}']}
          - {step: C, effect: read, shell: 'echo "$versions"'}
        """)

    assert told(run(folder)) == ["3.10", "3.9", "007", "2", "yes", "1.10", '["3.10",3.9,"007",2,"yes"]']
    assert told(run(folder, "--var", "versions=[3.10, 1]", "--var", 'limits={"a": 1.20}')) == \
        ["3.10", "1", "1.20", '["3.10",1]']


def test_patterns_are_held_against_the_text(tmp_path):
    folder = book(tmp_path, """
        vars: {v: {value: 3.10, pattern: '^[0-9]+[.][0-9][0-9]$'}}
        steps:
          - {step: A, effect: read, exec: [printf, --, '%s\\n', '${v}']}
        """)

    assert told(run(folder)) == ["3.10"]
    assert told(run(folder, "--var", "v=4.20")) == ["4.20"]
    assert run(folder, "--var", "v=4.2").status == 64


def test_every_form_of_the_dry_run_shows_the_same(tmp_path):
    folder = book(tmp_path, "vars: {v: 3.10, w: 00501}\nsteps:\n  - {step: A, effect: read, exec: [echo, '${v}', '${w}']}\n")

    assert "echo 3.10 00501" in fsops("run", "b", "-R", str(folder), "--dry-run").out
    assert "echo 3.10 00501" in fsops("run", "b", "-R", str(folder), "--dry-run=sh").out
    plan = fsops("run", "b", "-R", str(folder), "--dry-run=json").json
    assert plan["vars"] == {"v": "3.10", "w": "00501"}
    assert plan["steps"][0]["actions"][0]["command"] == "echo 3.10 00501"
    assert "echo 3.10 00501" in fsops("show", "b", "-R", str(folder)).out


def test_the_journal_and_resume_keep_it(tmp_path):
    folder = book(tmp_path, """
        vars: {v: 3.9, w: 1}
        steps:
          - {step: A, effect: read, exec: [sh, -c, 'echo begun >>begun; test -e go || sleep 60']}
          - {step: B, effect: read, exec: [printf, --, '%s\\n', '${v}', '${w}', '${v > 3}']}
        """)
    env = {"FSOPS_STATE": str(tmp_path / "state")}
    words = ["run", "b", "-R", str(folder), "--plain", "--var", "v=3.10", "--var", "w=007"]
    child = subprocess.Popen([FSOPS, *words], env=environment(**env), cwd=tmp_path, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL)
    wait_until((tmp_path / "begun").exists, "the first step")
    child.terminate()
    assert child.wait(30) == 143
    (tmp_path / "go").touch()

    again = fsops("resume", "-R", str(folder), "--format", "json", env=env, cwd=tmp_path)

    assert told(again) == ["3.10", "007", "true"], again
    journal, = (tmp_path / "state" / "runs").glob("*.jsonl")
    assert json.loads(journal.read_text().splitlines()[0])["vars"] == {"v": "3.10", "w": "007"}


def test_reserved_words_are_variables(tmp_path):
    names = ["namespace", "package", "import", "for", "if", "as", "while", "in", "true", "null"]
    declared = "".join(f"  {n}: {{value: x-{n}}}\n" for n in names).replace("true:", '"true":').replace("null:", '"null":')
    holes = ", ".join(f"'${{vars[\"{n}\"]}}'" for n in names)
    folder = book(tmp_path, f"vars:\n{declared}steps:\n"
                  f"  - {{step: A, budget: 1m, effect: read, exec: [printf, --, '%s\\n', {holes}, '${{vars.namespace + vars.import}}']}}\n"
                  "  - {step: B, budget: 1m, effect: read, shell: 'echo \"$namespace\"', when: has(vars.package)}\n")

    assert told(run(folder)) == [f"x-{n}" for n in names] + ["x-namespacex-import", "x-namespace"]
    assert told(run(folder, "--var", "namespace=y"))[-1] == "y"
    assert fsops("lint", "-R", str(folder)).status == 0


@pytest.mark.parametrize("where, why", [
    ("exec: [echo, '${namespace}']", "'namespace' is a reserved word; the variable is written vars.namespace"),
    ("exec: [echo, '${vars.namespac}']", "'vars' has no field 'namespac'; did you mean 'namespace'?"),
])
def test_how_a_reserved_word_is_written_is_said(tmp_path, where, why):
    folder = book(tmp_path, f"vars: {{namespace: x}}\nsteps:\n  - {{step: A, effect: read, {where}}}\n")

    result = fsops("lint", "-R", str(folder))

    assert result.status == 65 and why in result.out + result.err, result


def test_a_variable_beside_a_field_of_the_result(tmp_path):
    """`exit` is the result's own; vars.exit is the variable, also for what judges."""
    folder = book(tmp_path, """
        vars: {exit: {value: 3}}
        steps:
          - {step: A, effect: read, exec: [sh, -c, 'exit 3'], expect: vars.exit == 3}
          - {step: B, effect: read, exec: [sh, -c, 'exit 3'], expect: exit == vars.exit}
        """)

    assert run(folder).outcomes() == {"a": "failed", "b": "passed"}


def test_a_captured_one_is_there_too(tmp_path):
    folder = book(tmp_path, """
        steps:
          - {step: A, effect: read, exec: [echo, '007'], capture: {package: stdout.trim()}}
          - {step: B, effect: read, exec: [printf, --, '%s\\n', '${vars.package}', '${vars.package > 6}']}
        """)

    assert told(run(folder)) == ["007", "007", "true"]


@pytest.mark.parametrize("previous, deployed", [("3.1", True), ("'3.1'", True), ("3.10", False), ("'3.10'", False)])
def test_two_variables_are_equal_when_the_same_was_written(tmp_path, previous, deployed):
    folder = book(tmp_path, f"""
        vars: {{version: 3.10, previous: {previous}}}
        steps:
          - {{step: Deploy, when: version != previous, effect: read, exec: [echo, deployed]}}
          - {{step: Look, when: "!(version in [previous])", effect: read, exec: [echo, other]}}
        """)

    assert told(run(folder)) == (["deployed", "other"] if deployed else [])
