"""Reports of runs: what they say, that each of their forms is well-formed whatever was printed, and when they are written."""
import html.parser
import json
import os
import re
import resource
import signal
import stat
import subprocess
import xml.etree.ElementTree as xml

import pytest

from helpers import FSOPS, ROOT, Terminal, environment, fsops, wait_until, write_book

SCHEMA = ROOT / "tests" / "e2e" / "data" / "junit.xsd"
FORMS = ("--markdown", "--html", "--junit", "--json")
FILES = ("r.md", "r.html", "r.json", "r.xml", "r.prom")

# What a command may print to break a report. The last line is no UTF-8; U+FFFE is no character of XML.
NASTY = """plain
<script>alert(1)</script> </details> <!-- & &amp; ]]> </system-out> 'x' "y"
| a | b | \\| `one` ``two``
```
````text
# no heading, [no link](http://example.com) ![no image](x) **no emphasis**
\x1b[31mred\x1b[0m \x07 \x01 \u202egnp \ufffe end
""".encode() + b"\xff\xfe raw\n"

METRICS = """
metrics:
  errors:
    title: Errors | all
    unit: percent
    source: {{exec: [cat, {folder}/errors]}}
    value: double(stdout.trim())
    baseline: "< 1%"
    warning: "> 2%"
    critical: "> 5%"
    runbook: book
  broken: {{unit: count, source: {{exec: ["false"]}}, value: double(stdout.trim()), warning: "> 1", runbook: other}}
"""
STEPS = """
  - step: Look | at <b>it</b>
    id: look
    budget: 1m
    actions:
      - {{id: print, title: "print `it` | all", exec: [cat, {folder}/nasty], effect: read}}
      - {{id: not_now, exec: "true", effect: read, when: "false"}}
      - {{id: minor, exec: [sh, -c, "echo sorry >&2; exit 3"], effect: read, severity: info}}
      - {{id: each, exec: [echo, "${{item}}"], effect: read, for_each: '["a", "b"]'}}
  - step: Change it
    id: change
    budget: 1m
    actions:
      - {{id: repair, title: repair it, effect: change, exec: [sh, -c, "echo 0.5 > {folder}/errors; echo done"]}}
      - {{id: by_hand, manual: "Tell the team\\nand the customers"}}
"""
FAILS = """
  - step: Break
    id: break
    budget: 1m
    actions:
      - {{id: bad, effect: change, exec: [sh, -c, "echo no room >&2; exit 1"]}}
  - {{step: Never, id: never, budget: 1m, exec: "true", effect: read}}
on_failure:
  - {{step: Take it back, id: back, budget: 1m, exec: "true", effect: change}}
"""
WAITS = """
  - step: Wait
    id: wait
    budget: 5m
    actions:
      - {{id: first, exec: [echo, first], effect: change}}
      - {{id: long, effect: change, exec: [sh, -c, "touch {folder}/begun; while kill -0 $PPID; do sleep 0.1; done"]}}
  - {{step: Later, id: later, budget: 1m, exec: "true", effect: read}}
"""


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.state = folder / "state"
        self.env = {"FSOPS_STATE": str(self.state), "TZ": "UTC"}
        (folder / "nasty").write_bytes(NASTY)
        (folder / "errors").write_text("8.1\n")

    def words(self, steps, *options, head="", platform=""):
        books = self.folder / "books"
        write_book(books, "\n  - {step: A, budget: 1m, exec: 'true', effect: read}\n", name="other")
        write_book(books, steps.format(folder=self.folder), head=head,
                           platform_more=platform.format(folder=self.folder))
        return ["run", "book", "-R", books, "-y", *options]

    def run(self, steps, *options, env=None, **parts):
        return fsops(*self.words(steps, *options, **parts), env={**self.env, **(env or {})})

    def start(self, steps, *options):
        """A run that goes on beside the test, once its long change has begun."""
        child = subprocess.Popen([FSOPS, *map(str, self.words(steps, *options))], env=environment(**self.env),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_until((self.folder / "begun").exists, "the long change has begun")
        return child

    @property
    def id(self):
        """Of the newest run."""
        return max(self.state.joinpath("runs").iterdir(), key=lambda path: path.stat().st_mtime_ns).stem

    def report(self, *options, **env):
        result = fsops("report", self.id, *options, env={**self.env, **env})
        assert result.status == 0, str(result)
        return result.out

    def events(self):
        return [json.loads(line) for line in (self.state / "runs" / f"{self.id}.jsonl").read_text().splitlines()]


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: its tags, the cells of its tables, its preformatted texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.rows, self.blocks, self.open = [], [], [], []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "pre":
            self.blocks.append("")

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text += data
        if "pre" in self.open:
            self.blocks[-1] += data
        elif "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    def row(self, first):
        (found,) = [row for row in self.rows if row and row[0] == first]
        return found


def render(markdown):
    """Markdown as GitHub renders it."""
    done = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink", "-e", "tasklist"],
                          input=markdown, capture_output=True, text=True, check=True)
    return Page(done.stdout)


def junit(text):
    """The XML, checked against the schema, and with counts that are right."""
    done = subprocess.run(["xmllint", "--noout", "--schema", SCHEMA, "-"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stderr}\n{text}"
    root = xml.fromstring(text)
    for suite in root:
        assert int(suite.get("tests")) == len(suite.findall("testcase")), text
        for count, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(count)) == len(suite.findall(f"testcase/{element}")), text
    for count in ("tests", "failures", "errors"):
        assert int(root.get(count)) == sum(int(suite.get(count)) for suite in root), text
    return root


def results(root):
    """{class.name: (element, message)} of all cases; an element None is a pass."""
    found = {}
    for one in root.iter("testcase"):
        marks = [e for e in one if e.tag in ("failure", "error", "skipped")]
        name = one.get("classname").partition(".")[2] + "/" + one.get("name")
        found[name] = (marks[0].tag, marks[0].get("message")) if marks else (None, None)
    return found


def metrics(text):
    """{name{labels}: value}, after promtool has found no fault in it; without the runbook and the platform."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, f"{done.stdout}{done.stderr}\n{text}"
    assert text.endswith("\n")
    values = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name not in values, line
            values[name.replace('runbook="book",platform="test"', "").replace("{,", "{").replace("{}", "")] = float(value)
    return values


# ---- what they say ----

def test_markdown_of_a_run(case):
    ended = case.run(STEPS, head="metrics: [errors, broken]", platform=METRICS)
    assert ended.status == 3, str(ended)
    page = render(case.report(TZ="XYZ-3"))
    assert page.row("Run")[1] == case.id
    assert page.row("Outcome")[1] == "passed, level unknown, exit status 3"
    began = case.events()[0]["time"][:19].replace("T", " ")
    assert page.row("Began")[1].startswith(f"{began} UTC, ") and page.row("Began")[1].endswith(" XYZ local")
    user = case.events()[0]["by"]
    assert page.row("Run by")[1] == f"{user['user']}@{user['host']}"
    assert page.row("errors") == ["errors", "8.1 %", "critical", "0.5 %", "ok", "better", "< 1%"]
    assert page.row("broken")[1:6] == ["unknown", "unknown", "unknown", "unknown", "same"]
    change = f"sh -c 'echo 0.5 > {case.folder}/errors; echo done'"
    assert f"passed: {change}" in page.text, page.text
    (approval,) = [row for row in page.rows if row[2:3] == ["change"]]
    assert approval[:2] == ["-", "-"] and approval[3] == change, approval
    assert approval[5:] == ["yes", page.row("Run by")[1] + ", beforehand"], approval
    assert "Left to people, not done" in page.text and "and the customers" in page.text
    assert "fsops run other: broken is unknown" in page.text
    told = [row[2] for row in page.rows if len(row) == 3]
    assert [t for t in told if t.startswith("step ")] == [
        "step 1/2 'Look | at <b>it</b>'", "step not so: 'Look | at <b>it</b>'",
        "step 2/2 'Change it'", "step left to a person: 'Change it'"]
    for action in ("passed: print `it` | all (", "skipped: not_now", "not so: minor (", "passed: each (a)",
                   "passed: each (b)", "change begun: repair it", "passed: repair it", "left to a person: by_hand"):
        assert any(t.startswith(action) for t in told), (action, told)


def test_nothing_that_is_printed_breaks_markdown(case):
    case.run(STEPS)
    text = case.report()
    page = render(text)
    assert not {"script", "a", "img", "em"} & set(page.tags), text
    assert page.tags.count("h1") == 1 and page.tags.count("details") == text.count("<details>"), text
    assert len(page.rows) == sum(len(row) > 0 for row in page.rows)
    shown = next(block for block in page.blocks if block.startswith("plain"))
    lines = NASTY.decode(errors="replace").splitlines()
    assert shown.splitlines()[:6] == lines[:6], shown
    assert shown.splitlines()[6] == "\\x1b[31mred\\x1b[0m \\x07 \\x01 \\u202egnp \ufffe end"
    assert "\x1b" not in text and "\u202e" not in text


def test_items_are_told_once_also_among_what_did_not_go_well(case):
    case.run("""
  - {{step: Outer, id: outer, budget: 1m, for_each: '["left", "right"]', on_failure: continue, actions: [
      {{id: alone, exec: ["false"], effect: read}},
      {{id: nested, for_each: '["up", "down"]', exec: ["false"], effect: read}}]}}
""")
    text = case.report()
    bad = text.split("## What did not go well")[1].split("\n## ")[0]
    for part in (bad, text.replace(bad, "")):
        assert "left, up" in part and "right, down" in part, part
        assert re.search(r"alone.*\bleft\b", part) and "left, left" not in part, part


def test_long_output_is_cut_and_says_so(case):
    case.run("\n  - {{step: A, budget: 1m, exec: [seq, '1000'], effect: read}}\n")
    page = render(case.report())
    (block,) = [b for b in page.blocks if b.startswith("1\n")]
    lines = block.splitlines()
    assert lines[59:61] == ["60", "[… 910 lines left out …]"] and lines[61] == "971" and lines[-1] == "1000"
    assert "output, 1000 lines" in page.text
    (case_,) = junit(case.report("--junit")).iter("testcase")
    assert case_.find("system-out").text.splitlines()[-1000:] == [str(n) for n in range(1, 1001)]


def test_junit_of_a_run(case):
    case.run(STEPS, head="metrics: [errors, broken]", platform=METRICS)
    root = junit(case.report("--junit"))
    got = results(root)
    assert got == {
        "look/print `it` | all": (None, None),
        "look/not_now": ("skipped", "skipped: not so: false"),
        "look/minor": ("skipped", got["look/minor"][1]),
        "look/each (a)": (None, None),
        "look/each (b)": (None, None),
        "change/repair it": (None, None),
        "change/by_hand": ("skipped", "left to a person"),
        "metrics/errors": (None, None),
        "metrics/broken": ("error", got["metrics/broken"][1]),
    }
    assert got["look/minor"][1].startswith("only info: not so: "), got
    output = root.find(".//testcase[@name='print `it` | all']/system-out").text
    assert "<script>alert(1)</script> </details> <!-- & &amp; ]]> </system-out>" in output
    assert "\\x1b[31mred" in output and "\\ufffe end" in output
    assert root.find(".//testcase[@name='minor']/system-err").text == "sorry\n"


def test_of_a_failed_run(case):
    assert case.run(FAILS).status == 2
    got = results(junit(case.report("--junit")))
    assert got["break/bad"][0] == "failure" and got["break/bad"][1].startswith("failed: "), got
    assert got["never/Never"] == ("skipped", "not reached: the run ended before it"), got
    assert got["back/back"] == (None, None), got
    page = render(case.report())
    assert page.row("Outcome")[1] == "failed, level critical, exit status 2"
    assert 'After the failure the step "Take it back" was run: passed' in page.text
    assert "no room\n" in page.blocks


def test_json_is_the_events(case):
    ended = case.run(STEPS, "--format", "json")
    assert [json.loads(line) for line in case.report("--json").splitlines()] == ended.all_events


def test_metrics_of_a_run(case):
    case.run(STEPS, head="metrics: [errors, broken]", platform=METRICS)
    file = case.folder / "book.prom"
    assert case.report("--prom", file) == ""
    got = metrics(file.read_text())
    events = case.events()
    assert got["fsops_run_success"] == 0 and got["fsops_run_exit_status"] == 3
    assert got["fsops_run_changes"] == 1 and got["fsops_run_left_to_people"] == 1
    assert got["fsops_run_duration_seconds"] == events[-1]["seconds"]
    assert abs(got["fsops_run_finished_timestamp_seconds"] - os.stat(file).st_mtime) < 60
    assert got['fsops_run_actions{outcome="passed"}'] == 4 and got['fsops_run_actions{outcome="failed"}'] == 1
    assert got['fsops_step_budget_seconds{step="look"}'] == 60
    assert got['fsops_metric_value{metric="errors",unit="percent",when="before"}'] == 8.1
    assert got['fsops_metric_value{metric="errors",unit="percent",when="after"}'] == 0.5
    assert got['fsops_metric_level{metric="errors",unit="percent",when="before"}'] == 2
    assert got['fsops_metric_level{metric="broken",unit="count",when="after"}'] == 3
    assert 'fsops_metric_value{metric="broken",unit="count",when="after"}' not in got
    assert any(name.startswith(f'fsops_run_info{{run="{case.id}",mode="run",outcome="passed",') for name in got)


def test_the_last_success_stays_when_a_later_run_fails(case):
    file = case.folder / "book.prom"
    steps = "\n  - {{step: A, budget: 1m, exec: [cat, {folder}/errors], effect: read}}\n"
    assert case.run(steps, "--report", file).status == 0
    good = metrics(file.read_text())
    assert good["fsops_run_last_success_timestamp_seconds"] == good["fsops_run_finished_timestamp_seconds"]
    (case.folder / "errors").unlink()
    assert case.run(steps, "--report", file).status == 2
    bad = metrics(file.read_text())
    assert bad["fsops_run_success"] == 0 and bad["fsops_run_finished_timestamp_seconds"] > \
        bad["fsops_run_last_success_timestamp_seconds"] == good["fsops_run_last_success_timestamp_seconds"]


def test_which_run(case):
    case.run(STEPS)
    first = case.id
    case.run(FAILS)
    assert case.id in fsops("report", env=case.env).out and case.id in fsops("report", "book", env=case.env).out
    assert first in fsops("report", first, env=case.env).out


def test_a_resumed_run_writes_a_report_of_the_whole(case):
    child = case.start("""
  - step: Wait
    budget: 1m
    actions:
      - {{id: first, exec: [echo, first], effect: change}}
      - {{id: long, effect: read, exec: [sh, -c, "touch {folder}/begun; [ -e {folder}/go ] || while kill -0 $PPID; do sleep 0.1; done"]}}
""")
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    (case.folder / "go").touch()
    ended = fsops("resume", "-R", case.folder / "books", "-y", "--report", case.folder / "r.md", "--junit",
                  case.folder / "r.xml", env=case.env)
    assert ended.status == 0, str(ended)
    assert "run taken up again by" in (case.folder / "r.md").read_text()
    assert (case.folder / "r.md").read_text() == case.report()
    assert (case.folder / "r.xml").read_text() == case.report("--junit")
    assert render(case.report()).row("Outcome")[1] == "passed, level ok, exit status 0"
    root = junit(case.report("--junit"))  # what was cut off counts as it ended in the end
    assert root.get("errors") == "0" and results(root) == {"wait/first": (None, None), "wait/long": (None, None)}


def test_a_change_that_was_looked_after_is_no_riddle_any_more(case):
    child = case.start(WAITS)
    child.kill()
    child.communicate()
    assert "Look first" in case.report()
    terminal = Terminal(FSOPS, "resume", "-R", case.folder / "books", "-y", "--report", case.folder / "r.md",
                        env=environment(**case.env))
    terminal.answer("[a]bort [?] ", "done\n")
    assert terminal.end() == 0
    text = (case.folder / "r.md").read_text()
    assert text == case.report() and "Look first" not in text
    asked = [row for row in render(text).rows if row[2:3] == ["interrupted"]]
    assert [row[5] for row in asked] == ["done"], asked
    assert any("asked what to do about the change that was in flight: long" in row[2] for row in render(text).rows
               if len(row) == 3)


# ---- of runs that did not come to their end ----

def test_of_a_run_that_is_alive_and_of_one_that_was_killed(case):
    child = case.start(WAITS)
    try:
        page = render(case.report())
        assert page.row("Outcome")[1] == "running, it goes on" and f"fsops log {case.id} --follow" in page.text
        assert results(junit(case.report("--junit")))["wait/long"] == ("error", "running")
        metrics(fsops("report", case.id, "--prom", case.folder / "a.prom", env=case.env) and
                (case.folder / "a.prom").read_text())
    finally:
        child.kill()
        child.communicate()
    page = render(case.report())
    assert page.row("Outcome")[1] == "interrupted: the run has no end on record"
    assert "Look first: nobody knows how this change ended: " in page.text
    assert f"fsops resume {case.id}: " in page.text
    got = results(junit(case.report("--junit")))
    assert got["wait/first"] == (None, None) and got["wait/long"] == ("error", "interrupted"), got
    assert got["later/Later"][0] == "skipped" and got["run/the run comes to its end"][0] == "error", got
    fsops("report", case.id, "--prom", case.folder / "b.prom", env=case.env)
    values = metrics((case.folder / "b.prom").read_text())
    assert values["fsops_run_success"] == 0 and "fsops_run_exit_status" not in values


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_run_writes_its_reports(case, number, status):
    files = [case.folder / name for name in FILES]
    options = [word for file in files if file.suffix != ".xml" for word in ("--report", file)]
    child = case.start(WAITS, *options, "--junit", files[3])
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == status and not err, (out, err)
    assert render(files[0].read_text()).row("Outcome")[1] == f"cancelled, level unknown, exit status {status}"
    assert case.id in files[1].read_text()
    assert json.loads(files[2].read_text().splitlines()[-1])["exit"] == status
    got = results(junit(files[3].read_text()))
    assert got["wait/long"][0] == "error" and got["later/Later"][0] == "skipped", got
    assert metrics(files[4].read_text())["fsops_run_exit_status"] == status


def test_a_second_signal_does_not_lose_the_report(case, monkeypatch):
    # It ends at once: what the call under way holds goes with the process, which is no leak.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    child = case.start("""
  - step: Wait
    budget: 5m
    actions:
      - {{id: deaf, effect: change, exec: [sh, -c, "trap '' TERM INT HUP; touch {folder}/begun; sleep 300; sleep 300"]}}
""", "--report", case.folder / "r.md")
    child.send_signal(signal.SIGINT)
    wait_until(lambda: any(e["type"] == "note" for e in case.events()), "the first signal was noted")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert render((case.folder / "r.md").read_text()).row("Outcome")[1].startswith("cancelled, ")


@pytest.mark.parametrize("steps, status", [(STEPS, 0), (FAILS, 2)])
def test_a_run_writes_the_same_as_is_reported_later(case, steps, status):
    words = ["--report", case.folder / "r.md", "--report", case.folder / "r.html", "--report", case.folder / "r.json",
             "--junit", case.folder / "r.xml"]
    assert case.run(steps, *words).status == status
    for name, form in zip(("r.md", "r.html", "r.xml", "r.json"), FORMS):
        assert (case.folder / name).read_text() == case.report(form), name
        case.report("-o", case.folder / f"later-{name}")
        assert (case.folder / f"later-{name}").read_text() == (case.folder / name).read_text(), name


# ---- files ----

@pytest.mark.parametrize("option, name, said", [
    ("--report", "x.pdf", "x.pdf' does not say what kind of report it is"),
    ("--report", "md", "md' does not say what kind of report it is"),
    ("--report", "none/x.md", "none/x.md': No such file or directory"),
    ("--junit", "none/x.xml", "none/x.xml': No such file or directory"),
    ("--junit", "folder", "folder': it is there and is no file"),
    ("--report", "folder/pipe.md", "pipe.md': it is there and is no file"),
])
def test_what_cannot_be_written_is_said_before_the_run(case, option, name, said):
    (case.folder / "folder").mkdir()
    os.mkfifo(case.folder / "folder" / "pipe.md")
    ended = case.run(STEPS, option, case.folder / name)
    assert ended.status == (64 if "kind" in said else 2) and said in ended.err, str(ended)
    assert ended.out == "" and not (case.state / "runs").exists() and (case.folder / "errors").read_text() == "8.1\n"
    assert not list(case.folder.glob("**/.fsops*"))


def test_contradictions(case):
    assert "runs nothing" in case.run(STEPS, "--report", case.folder / "a.md", "--dry-run").err
    twice = case.run(STEPS, "--report", case.folder / "a.xml", "--junit", case.folder / "a.xml")
    assert twice.status == 64 and "two reports" in twice.err, str(twice)
    both = fsops("report", "x", "--html", "--junit", env=case.env)
    assert both.status == 64 and "in one form" in both.err, str(both)
    assert fsops("report", "x", "--output", "x.pdf", env=case.env).status == 64
    none = fsops("report", "nobody-knows", env=case.env)
    assert none.status == 64 and none.out == "", str(none)


def test_a_refused_run_leaves_the_report_of_the_one_before(case):
    file = case.folder / "a.md"
    case.run(STEPS, "--report", file)
    before = file.read_text()
    words = [w for w in case.words(STEPS, "--report", file) if w != "-y"]
    assert fsops(*words, env=case.env).status == 77
    assert file.read_text() == before


def test_a_file_is_whole_or_as_it_was(case):
    """The disk is full in the middle of it: the old file stays, and nothing beside it."""
    case.run(STEPS)
    file = case.folder / "out" / "a.md"
    file.parent.mkdir()
    file.write_text("old")

    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    for option in ("--output", "--prom"):
        failed = fsops("report", case.id, option, file, env=case.env, preexec_fn=full)
        assert failed.status == 2 and "a.md': File too large" in failed.err, str(failed)
        assert file.read_text() == "old" and os.listdir(file.parent) == ["a.md"]


def test_a_file_keeps_its_mode_and_its_link(case):
    case.run(STEPS)
    real, link = case.folder / "real.md", case.folder / "link.md"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    case.report("-o", link)
    assert link.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o640 and "# Run report" in real.read_text()
    old = os.umask(0o027)
    try:
        case.report("-o", case.folder / "new.md")
    finally:
        os.umask(old)
    assert stat.S_IMODE((case.folder / "new.md").stat().st_mode) == 0o640


def test_a_report_that_cannot_be_written_any_more_is_no_success(case):
    folder = case.folder / "goes"
    folder.mkdir()
    ended = case.run("\n  - {{step: A, budget: 1m, exec: [rmdir, {folder}/goes], effect: change}}\n",
                     "--report", folder / "a.md")
    assert ended.status == 2 and "a.md': No such file or directory" in ended.err, str(ended)
    assert case.events()[-1]["exit"] == 0


# ---- what must not be in them, and what must ----

def test_no_secret_is_in_a_report(case):
    secret = "s3cr3t-Hamster-42"
    steps = """
  - step: Use it
    budget: 1m
    actions:
      - {{id: say, exec: [sh, -c, 'echo "it is $FSOPS_TOKEN"; echo "$FSOPS_TOKEN" >&2; exit 1'], effect: read}}
      - {{id: words, exec: [echo, "${{env.FSOPS_TOKEN}}"], effect: read}}
      - {{id: hand, manual: "Type ${{env.FSOPS_TOKEN}}"}}
"""
    files = [case.folder / name for name in FILES]
    options = [word for file in files for word in ("--report", file)]
    case.run(steps, *options, env={"FSOPS_TOKEN": secret}, platform="secrets: [FSOPS_TOKEN]\n")
    texts = [file.read_text() for file in files] + [case.report(form) for form in FORMS]
    assert not [text for text in texts if secret in text]
    assert "it is ***" in texts[0].replace("\\*", "*") and "it is ***" in texts[3]


def edit(lines):
    lines[3] = lines[3].replace("passed", "failed") if "passed" in lines[3] else lines[3].replace("look", "book")


def drop(lines):
    del lines[4]


def garble(lines):
    lines[4] = "{not an event"


def tear(lines):
    lines[-1] = lines[-1][:-20]


@pytest.mark.parametrize("harm, said", [
    (edit, "it does not follow the line before it"), (drop, "it does not follow the line before it"),
    (garble, "Lines that cannot be read: 1."), (tear, "The last line is torn"),
])
def test_a_journal_that_was_harmed_is_told(case, harm, said):
    case.run(STEPS, head="metrics: [errors, broken]", platform=METRICS)
    journal = case.state / "runs" / f"{case.id}.jsonl"
    lines = journal.read_text().splitlines()
    harm(lines)
    journal.write_text("\n".join(lines) + ("" if harm is tear else "\n"))
    told = fsops("report", case.id, env=case.env)
    assert told.status == 0 and said in told.err, str(told)
    assert "The journal is not as it was written." in render(told.out).text and said in render(told.out).text
    junit(case.report("--junit"))
    for form in FORMS:
        case.report(form)


def test_what_is_no_journal_is_refused(case):
    case.run(STEPS)
    (case.state / "runs" / f"{case.id}.jsonl").write_text("nothing\n{}\n")
    told = fsops("report", case.id, env=case.env)
    assert told.status == 65 and "no event can be read" in told.err and told.out == "", str(told)
