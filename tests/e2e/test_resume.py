"""Going on with a run that was interrupted: at every event, at random, with the disk full, on a terminal."""
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest

from helpers import FSOPS, ROOT, Result, Terminal, environment, fsops, wait_until, write_book

# Every shape that a change may have: plain, captured from, of a list with equal items, of a step's list, in
# a runbook inside, of several in one step with reads between them, in `always`.
CHANGE = """{{exec: [sh, -c, 'echo "$1" >> {log}; echo "did $1"', sh, {key}], effect: change, id: {id}{more}}}"""
READ = """{{exec: [sh, -c, 'echo seen'], effect: read, id: {id}{more}}}"""
STEPS = """
  - step: Look and change
    id: one
    budget: 1m
    actions:
      - {r1}
      - {a}
      - {r2}
      - {b}
  - step: Each of a list
    id: two
    when: found == "seen"
    budget: 1m
    actions:
      - {r3}
      - {c}
  - step: For each
    id: three
    for_each: '["x", "y"]'
    as: letter
    budget: 1m
    actions:
      - {d}
      - {e}
  - step: Another runbook
    id: four
    budget: 1m
    actions:
      - {{runbook: {{name: inner, vars: {{word: "${{found}}"}}}}, id: nested}}
  - step: Look at the end
    id: five
    budget: 1m
    actions:
      - {r4}
always:
  - step: At the end
    id: last
    budget: 1m
    actions:
      - {g}
"""
INNER = """
  - step: First inside
    id: in1
    budget: 1m
    actions:
      - {i}
  - step: Second inside
    id: in2
    budget: 1m
    actions:
      - {j}
"""
WHOLE = ["a", "b", "p", "q", "q", "d-x", "e-x", "d-y", "e-y", "i-seen", "j", "g"]


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    """The library that makes writes to a journal go wrong."""
    library = tmp_path_factory.mktemp("faults") / "journal.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "faults" / "journal.c", "-ldl"],
                   check=True)
    return library


class Case:
    """A runbook of many changes that each leave a line in a log, and what became of its runs."""

    def __init__(self, folder, faults=None):
        self.folder, self.faults = folder, faults
        folder.mkdir(exist_ok=True)
        self.log_file, self.state = folder / "log", folder / "state"
        self.books = folder / "books"
        self.write()

    def write(self, steps=STEPS, inner=INNER, **more):
        def change(name, key, rest=""):
            return CHANGE.format(log=self.log_file, key=key, id=name, more=rest)

        parts = {name: READ.format(id=name, more="") for name in ("r1", "r3", "r4")}
        parts.update(r2=READ.format(id="r2", more=", capture: {found: stdout.trim()}"), a=change("a", "a"), b=change("b", "b"),
                     c=change("c", '"${item}"', """, for_each: '["p", "q", "q"]'"""), d=change("d", '"d-${letter}"'),
                     e=change("e", '"e-${letter}"'), g=change("g", "g"),
                     i=change("i", '"i-${word}"'), j=change("j", "j"))
        parts.update(more)
        write_book(self.books, steps.format(**parts))
        (self.books / "inner.yaml").write_text("runbook: inner\ntitle: inner\nseverity: info\nvars: {word: ''}\nsteps:\n"
                                               + inner.format(**parts))

    @property
    def log(self):
        return self.log_file.read_text().splitlines() if self.log_file.exists() else []

    @property
    def journals(self):
        return sorted((self.state / "runs").glob("*.jsonl")) if self.state.exists() else []

    @property
    def lines(self):
        """The whole lines of the one journal that there is."""
        data = self.journals[0].read_bytes()
        return data[:data.rfind(b"\n") + 1].splitlines()

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]

    def env(self, fault=None):
        env = {"FSOPS_STATE": str(self.state)}
        if fault:
            env.update(LD_PRELOAD=str(self.faults), FSOPS_TEST_FAULT=fault)
        return env

    def start(self, fault=None):
        return fsops("run", "book", "-R", self.books, "-y", env=self.env(fault))

    def resume(self, *options, fault=None):
        return fsops("resume", "-R", self.books, "-y", *options, env=self.env(fault))

    def settle(self):
        """Until nothing that the run began is alive."""
        mark = f"FSOPS_STATE={self.state}".encode()

        def alive():
            for entry in pathlib.Path("/proc").iterdir():
                try:
                    if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                        return True
                except OSError:
                    continue
            return False

        wait_until(lambda: not alive(), "what the run began has ended")

    def in_flight(self):
        """The change that began and has no end, as the journal tells: (action, item, how many like it ended)."""
        open_, ended = {}, {}
        for event in self.events if self.journals else []:
            key = (event.get("action"), json.dumps(event.get("item")))
            if event["type"] == "action.started" and event["effect"] != "read":
                open_[key] = event
            if event["type"] == "action.finished" and event["effect"] != "read":
                open_.pop(key, None)
                ended[key] = ended.get(key, 0) + (event["outcome"] == "passed")
        assert len(open_) <= 1, open_
        for key, event in open_.items():
            return event, ended.get(key, 0)
        return None

    def key_of(self, event):
        """What the change of this event leaves in the log."""
        return re.search(r"sh '?([^']*?)'?$", event["command"]).group(1)

    def go_on(self, fault=None):
        """Resume, as a person would who looks first; the exit status."""
        self.settle()
        flight = self.in_flight()
        if not flight:
            return self.resume(fault=fault).status
        event, ended = flight
        before = self.journals[0].read_bytes()
        refused = self.resume()
        assert refused.status == 77 and event["command"] in refused.err, refused
        assert self.journals[0].read_bytes() == before
        done = self.log.count(self.key_of(event)) > ended
        terminal = Terminal(FSOPS, "resume", "-R", self.books, "-y", env=environment(**self.env(fault)))
        try:
            terminal.answer("INTERRUPTED", "")
            terminal.answer("[a]bort [?] ", "done\n" if done else "run\n")
        except (AssertionError, OSError):
            if not fault:
                raise
        return terminal.end()

    def check_whole(self):
        """Every change once, in the order of the runbook; and a journal whose seals hold."""
        assert self.log == WHOLE
        digest = "0" * 64
        for number, line in enumerate(self.lines, 1):
            event = json.loads(line)
            assert event["prev"] == digest and event["seq"] == number
            digest = hashlib.sha256(line).hexdigest()
        assert event["type"] == "run.finished" and event["outcome"] == "passed", event


def count_writes(folder):
    case = Case(folder)
    assert case.start().status == 0
    case.check_whole()
    return len(case.events)


@pytest.mark.parametrize("kind", ["kill-before", "kill-after", "torn"])
def test_killed_at_every_event(tmp_path, faults, kind):
    writes = count_writes(tmp_path / "whole")
    named = 0
    for n in range(1, writes + 1):
        case = Case(tmp_path / f"{kind}-{n}", faults)
        assert case.start(f"{kind}:{n}").status == -signal.SIGKILL
        if n == 1 and kind != "kill-after":  # nothing is on record
            assert case.resume().status in (64, 65)
            continue
        if n == writes and kind == "kill-after":  # it had ended
            case.check_whole()
            continue
        named += case.in_flight() is not None
        assert case.go_on() == 0, (kind, n, case.log)
        case.check_whole()
    assert named >= len(WHOLE) - 1


@pytest.mark.parametrize("kind", ["full", "short", "sync"])
def test_disk_full_at_every_write(tmp_path, faults, kind):
    """No change without a record of it; what was read goes on; and later the run does."""
    writes = count_writes(tmp_path / "whole") if kind != "sync" else len(WHOLE)
    for n in range(1, writes + 1):
        case = Case(tmp_path / f"{kind}-{n}", faults)
        result = case.start(f"{kind}:{n}")
        began = sum(e["type"] == "action.started" and e["effect"] != "read" for e in case.events) if case.journals else 0
        assert len(case.log) <= began, (n, result)
        assert "this run is not recorded" in result.out, (n, result)
        if case.log != WHOLE:
            assert result.status == 2 and ("not started" in result.out or "No space" in result.out), (n, result)
        if n == 1 and kind != "sync":  # not even its beginning
            assert case.log == [] and case.resume().status in (64, 65)
            continue
        assert case.go_on() == 0, (n, case.log)
        case.check_whole()


def test_killed_at_random_again_and_again(tmp_path, faults):
    """FSOPS_KILLS says how many: a few here, a thousand when it is asked for."""
    kills = int(os.environ.get("FSOPS_KILLS", "40"))
    seed = os.environ.get("FSOPS_SEED", "1")
    dice, done, runs, named = random.Random(seed), 0, 0, 0
    while done < kills:
        case = Case(tmp_path / f"run-{runs}", faults)
        runs += 1
        status = case.start(roll(dice)).status
        while not case.journals or not case.lines:  # nothing began
            assert case.log == []
            for empty in case.journals:
                empty.unlink()
            done += 1
            status = case.start(roll(dice)).status
        while case.events[-1]["type"] != "run.finished" or case.events[-1]["resumable"]:
            # 0: all but its last word is on record
            assert status in (-signal.SIGKILL, 0, 1, 2), (seed, done, status)
            done += 1
            case.settle()
            named += case.in_flight() is not None
            status = case.go_on(roll(dice))
        case.check_whole()
    print(f"{done} kills in {runs} runs, {named} times a change was in flight")


def roll(dice):
    return f"{dice.choice(['kill-before', 'kill-after', 'torn', 'full', 'short'])}:{dice.randint(1, 90)}"


SLOW = """{{exec: [sh, -c, 'echo slow >> {log}; sleep 4'], effect: change, id: b}}"""


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143),
                                            (signal.SIGKILL, -9)])
def test_stopped_by_a_signal(tmp_path, number, status):
    case = Case(tmp_path)
    case.write(b=SLOW.format(log=case.log_file))
    child = subprocess.Popen([FSOPS, "run", "book", "-R", case.books, "-y"], env=environment(**case.env()),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: "slow" in case.log, "the slow change has begun")
    child.send_signal(number)
    assert child.wait(30) == status
    case.settle()
    refused = case.resume()
    assert refused.status == 77 and "sleep 4" in refused.err and "one:" in refused.err, refused
    terminal = Terminal(FSOPS, "resume", "-R", case.books, "-y", env=environment(**case.env()))
    terminal.answer("[a]bort [?] ", "done\n")
    assert terminal.end() == 0 and "may have taken effect" not in terminal.seen
    assert case.log == ["a", "slow"] + WHOLE[2:]
    resumed = [e for e in case.events if e["type"] == "run.resumed"]
    assert [c["action"] for c in resumed[0]["interrupted"]] == ["b"] and resumed[0]["changed"] == []
    assert [e["answer"] for e in case.events if e["type"] == "approval.given" and e["action"] == "b"] == ["yes", "done"]


def interrupted(folder, faults, action="b", **parts):
    """A case that was killed right after the change of this name had begun."""
    probe = Case(folder / "probe")
    probe.write(**parts)
    probe.start()
    at = next(n for n, e in enumerate(probe.events, 1) if e["type"] == "action.started" and e["action"] == action)
    case = Case(folder / "case", faults)
    case.write(**parts)
    assert case.start(f"kill-after:{at}").status == -signal.SIGKILL
    case.settle()
    return case


def on_terminal(case, *options):
    return Terminal(FSOPS, "resume", "-R", case.books, "-y", *options, env=environment(**case.env()))


def test_the_end_tells_the_changes_of_the_whole_run(tmp_path, faults):
    """Also those before it was interrupted, and one that a person took as done, in an earlier resume."""
    case = interrupted(tmp_path, faults)
    terminal = Terminal(FSOPS, "resume", "-R", case.books, "-y", env=environment(**case.env("kill-after:6")))
    terminal.answer("[a]bort [?] ", "done\n")
    terminal.end()
    taken, = [e for e in case.events if e["type"] == "action.finished" and e["action"] == "b"]
    assert taken["outcome"] == "passed" and taken["command"].endswith(" sh b"), case.events[-1]
    result = case.resume()
    assert result.status == 0, result
    changed = [line.rsplit(" ", 1)[1].strip("'") for line in result.out.split("changed:\n")[1].splitlines() if "- " in line]
    assert changed == ["a", "b"] + WHOLE[2:]
    told = fsops("log", env=case.env()).out
    assert told.split("changed:\n")[1].count("echo") == 2 * len(WHOLE)


def in_doubt(case, seen):
    """Of the change `b` both the terminal and the log say at the end that nobody knows."""
    for text in (seen, fsops("log", env=case.env()).out):
        end = text.split("begun, may have taken effect:")[1]
        assert end.count("INTERRUPTED: ") == 1 and re.search(r" sh\s+b\b", end), end


def test_run_again_and_then_not_is_still_unknown(tmp_path, faults):
    case = interrupted(tmp_path, faults)
    terminal = Terminal(FSOPS, "resume", "-R", case.books, env=environment(**case.env()))
    terminal.answer("[a]bort [?] ", "run\n")
    terminal.answer("[y]es [s]kip [a]bort [?] ", "skip\n")
    terminal.answer("[y]es [s]kip [a]bort [?] ", "abort\n")
    terminal.answer("[y]es [s]kip [a]bort [?] ", "skip\n")  # in `always`
    assert terminal.end() == 2
    in_doubt(case, terminal.seen)


def test_abort_ends_it_for_good(tmp_path, faults):
    case = interrupted(tmp_path, faults)
    terminal = on_terminal(case)
    shown = terminal.answer("[a]bort [?] ", "abort\n")
    assert "nobody knows how it ended" in shown and 'echo "$1"' in shown
    assert terminal.end() == 2
    assert case.log == ["a", "g"]  # `always` ran
    in_doubt(case, terminal.seen)
    ended = case.resume()
    assert ended.status == 64, ended


def test_what_it_would_have_captured_is_said(tmp_path, faults):
    change = CHANGE.format(log=tmp_path / "case" / "log", key="b", id="b", more=", capture: {number: stdout.trim()}")
    case = interrupted(tmp_path, faults, b=change)
    terminal = on_terminal(case)
    assert "there will be no value of 'number'" in terminal.answer("[a]bort [?] ", "a\n")
    terminal.end()


def test_an_edited_runbook_is_named_and_asked_about(tmp_path, faults):
    case = interrupted(tmp_path, faults, action="c")
    assert case.log == ["a", "b"]
    text = (case.books / "book.yaml").read_text()
    (case.books / "book.yaml").write_text(text.replace('"e-${letter}"', '"f-${letter}"').replace("id: five", "id: six"))
    refused = case.resume()
    assert refused.status == 77 and "nobody to ask" in refused.err
    for part in ("book.yaml has been edited", "step 'three', action 'e': command was", "step 'five': it is gone",
                 "step 'six': it is new"):
        assert part in refused.err, refused
    terminal = on_terminal(case)
    assert "step 'three', action 'e'" in terminal.answer("[y]es [a]bort [?] ", "a\n")
    assert terminal.end() == 77 and case.log == ["a", "b"]
    terminal = on_terminal(case)
    terminal.answer("[y]es [a]bort [?] ", "y\n")
    terminal.answer("[d]one [a]bort [?] ", "run\n")
    assert terminal.end() == 0
    assert case.log == [line.replace("e-", "f-") for line in WHOLE]
    assert case.events[[e["type"] for e in case.events].index("run.resumed")]["changed"]


def test_only_a_comment_was_edited(tmp_path, faults):
    case = interrupted(tmp_path, faults, action="r4")
    (case.books / "inner.yaml").write_text("# looked at\n" + (case.books / "inner.yaml").read_text())
    refused = case.resume()
    assert refused.status == 77 and "inner.yaml has been edited" in refused.err and "no command is another" in refused.err


SECRET = """
  - step: With a secret
    id: one
    budget: 1m
    actions:
      - {exec: [sh, -c, 'cat >> LOG'], stdin: "${word}\\n", effect: change, id: first}
  - step: With it again
    id: two
    budget: 1m
    actions:
      - {exec: [sh, -c, 'echo seen'], effect: read, id: look}
      - {exec: [sh, -c, 'cat >> LOG'], stdin: "${word}\\n", effect: change, id: second}
"""


def secret_case(folder, faults, var, *options):
    case = Case(folder, faults)
    case.books.mkdir(exist_ok=True)
    write_book(case.books, SECRET.replace("LOG", str(case.log_file)), head=f"vars:\n  word: {var}")
    for n in range(4, 14):  # right after the first step has ended
        case.state = folder / f"state-{n}"
        case.log_file.unlink(missing_ok=True)
        fsops("run", "book", "-R", case.books, "-y", *options, env=case.env(f"kill-after:{n}"))
        case.settle()
        if case.events[-1]["type"] == "step.finished":
            return case
    raise AssertionError(case.events)


def test_a_secret_is_given_again(tmp_path, faults):
    case = secret_case(tmp_path, faults, "{secret: true, required: true}", "--var", "word=correct-horse")
    assert "correct-horse" not in case.journals[0].read_text()
    missing = case.resume()
    assert missing.status == 64 and "give it again with --var word=" in missing.err, missing
    assert case.resume("--var", "word=correct-horse").status == 0
    assert case.log == ["correct-horse"] * 2


def test_a_secret_that_the_run_made_is_lost(tmp_path, faults):
    case = secret_case(tmp_path, faults, '{secret: true, default: "${random_base64(24)}"}')
    lost = case.resume()
    assert lost.status == 64 and "the run itself made" in lost.err, lost
    assert len(case.log) == 1


def test_another_value_is_refused(tmp_path, faults):
    case = Case(tmp_path, faults)
    case.books.mkdir(exist_ok=True)
    write_book(case.books, STEPS_VAR, head="vars:\n  word: {default: one}")
    fsops("run", "book", "-R", case.books, "--var", "word=two", env=case.env("kill-after:3"))
    refused = case.resume("--var", "word=three")
    assert refused.status == 64 and "'word' was 'two'" in refused.err, refused
    assert "two" in case.resume().out


STEPS_VAR = """
  - step: Say it
    id: say
    budget: 1m
    actions:
      - {exec: [echo, "${word}"], effect: read, id: say}
"""

FAILS = """
  - step: It fails
    id: one
    budget: 1m
    actions:
      - {{exec: [sh, -c, 'echo tried >> {log}; exit 1'], effect: change, id: try}}
  - step: It would follow
    id: two
    budget: 1m
    actions:
      - {{exec: [sh, -c, 'echo wrong >> {log}'], effect: change, id: wrong}}
on_failure:
  - step: Undo one
    id: undo_one
    budget: 1m
    actions:
      - {{exec: [sh, -c, 'echo undo-one >> {log}'], effect: change, id: u1}}
  - step: Undo two
    id: undo_two
    budget: 1m
    actions:
      - {{exec: [sh, -c, 'echo undo-two >> {log}'], effect: change, id: u2}}
"""


def test_killed_while_it_is_undone(tmp_path, faults):
    """At every event: it fails once, is undone once, and never goes the other way."""
    n, ended = 1, False
    while not ended:
        n += 1
        case = Case(tmp_path / str(n), faults)
        case.books.mkdir(exist_ok=True)
        write_book(case.books, FAILS.format(log=case.log_file))
        status = case.start(f"kill-after:{n}").status
        ended = status == 2 or case.events[-1]["type"] == "run.finished"
        case.settle()
        if not ended:
            flight = case.in_flight()
            if flight:
                word = re.search(r"echo (\S+)", flight[0]["command"]).group(1)
                terminal = on_terminal(case)
                # a failure that is taken as done is none: the person says to run it again
                terminal.answer("[a]bort [?] ", "run\n" if word == "tried" or word not in case.log else "done\n")
                while terminal.read(0.2):
                    if terminal.seen.endswith("[r]etry [s]kip [a]bort [?] "):
                        terminal.type("abort\n")
                        terminal.seen += "\n"
                assert terminal.close() == 2, terminal.seen
            else:
                assert case.resume().status == 2
        log = case.log
        assert log in (["tried", "undo-one", "undo-two"], ["tried", "tried", "undo-one", "undo-two"]), (n, log)
    assert n > 15


def test_wishes_stay(tmp_path, faults):
    case = Case(tmp_path, faults)
    fsops("run", "book", "-R", case.books, "-y", "--only", "three", env=case.env("kill-after:5"))
    case.settle()
    assert case.go_on() == 0
    assert case.log == ["d-x", "e-x", "d-y", "e-y"]


def test_a_check_stays_a_check(tmp_path, faults):
    case = Case(tmp_path, faults)
    fsops("run", "book", "-R", case.books, "--check", env=case.env("kill-after:9"))
    assert case.resume().status == 0
    assert case.log == []


def test_what_cannot_be_gone_on_with(tmp_path, faults):
    case = Case(tmp_path, faults)
    nothing = case.resume()
    assert nothing.status == 64, nothing
    assert case.start().status == 0
    run = case.journals[0].stem
    ended = case.resume(run)
    assert ended.status == 64 and "has ended (passed" in ended.err, ended
    data = case.journals[0].read_bytes()
    lines = data.splitlines(keepends=True)
    case.journals[0].write_bytes(b"".join(lines[:10]).replace(b"seen", b"sEEn"))
    damaged = case.resume(run)
    assert damaged.status == 65 and f"{run}.jsonl:" in damaged.err, damaged
    case.journals[0].write_bytes(b"".join(lines[:10]))
    other = fsops("resume", run, "-P", write_other(tmp_path), "-R", case.books, env=case.env())
    assert other.status == 64 and "is one of platform 'test'" in other.err, other


def write_other(folder):
    (folder / "other.yaml").write_text("platform: other\ntargets: {}\n")
    return folder / "other.yaml"


def test_a_run_that_is_alive(tmp_path):
    case = Case(tmp_path)
    case.write(b=SLOW.format(log=case.log_file))
    child = subprocess.Popen([FSOPS, "run", "book", "-R", case.books, "-y"], env=environment(**case.env()),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: "slow" in case.log, "the slow change has begun")
    alive = case.resume(case.journals[0].stem)
    child.kill()
    child.wait()
    assert alive.status == 75 and "is alive" in alive.err, alive


def test_another_run_has_begun_since(tmp_path, faults):
    """What it found and changed this one does not know: it says so and asks."""
    case = interrupted(tmp_path, faults, action="c")
    first = case.journals[0].stem
    time.sleep(1.1)  # ids sort by the second
    assert case.start().status == 0
    later = next(p.stem for p in case.journals if p.stem != first)
    count = len(case.log)
    refused = case.resume(first)
    assert refused.status == 77 and f"1 run of the same runbook began since, the last is {later}" in refused.err, refused
    terminal = on_terminal(case, first)
    assert later in terminal.answer("[y]es [a]bort [?] ", "a\n")
    assert terminal.end() == 77 and len(case.log) == count


def test_looking_goes_on_without_a_record(tmp_path):
    """No state folder at all: no change is started, every read is."""
    case = Case(tmp_path)
    case.state.write_text("in its place")
    result = case.start()
    assert result.status == 2 and case.log == [], result
    assert "this run is not recorded" in result.out and "not started" in result.out
    assert "may have taken effect" not in result.out, f"what was refused had not begun{result}"
    for name in ("r1", "r2", "r3", "r4"):
        assert f"passed   {name} " in result.out, result
