"""`fsops eval`: values as JSON, mistakes with a caret under their place, the prompt at a terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FSOPS = os.environ.get("FSOPS_BINARY", os.path.join(ROOT, "build", "fsops"))


def run(*args, stdin="", **options):
    return subprocess.run([FSOPS, "eval", *args], input=stdin, capture_output=True, text=True, timeout=20, **options)


@pytest.fixture
def context(tmp_path):
    path = tmp_path / "context.json"
    path.write_text(json.dumps({
        "backend": "b", "count": 3, "日本": 1, "pods": [{"name": "a", "ready": True}, {"name": "b", "ready": False}]}))
    return str(path)


# ---- values

VALUES = [
    ("1 + 1", 2), ("7u", 7), ("1.5 * 2.0", 3.0), ("'a' + \"b\"", "ab"), ("null", None), ("1 < 2 && true", True),
    ("b'abc'", "YWJj"), ("duration('90s')", "90s"), ("duration('1500ms')", "1.5s"),
    ("timestamp('2026-11-23T09:00:00Z') + duration('1h')", "2026-11-23T10:00:00Z"),
    ("{'a': [1, 2u, 3.0]}", {"a": [1, 2, 3.0]}), ("9223372036854775807", 9223372036854775807),
    ("0.1 + 0.2", 0.1 + 0.2), ("1.0 / 3.0", 1 / 3), ("type(1)", "int"), ("quantity('500m')", "500m"),
    ("now - now == duration('0s')", True), ("now > timestamp('2020-01-01T00:00:00Z')", True),
]


@pytest.mark.parametrize("text,value", VALUES, ids=[text for text, _ in VALUES])
def test_value(text, value):
    result = run(text)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == value
    assert type(json.loads(result.stdout)) is type(value)


def test_context_from_a_file_standard_input_and_a_pipe(context):
    text = "pods.filter(p, !p.ready).map(p, p.name)"
    for result in (run(text, "--context", context), run(text, "--context=-", stdin=open(context).read())):
        assert (result.returncode, json.loads(result.stdout)) == (0, ["b"])
    piped = subprocess.run(["bash", "-c", f'"{FSOPS}" eval "count + 1" --context <(cat {context})'],
                           capture_output=True, text=True, timeout=20)
    assert (piped.returncode, piped.stdout) == (0, "4\n")


def test_now_of_the_context_makes_a_trial_repeatable(tmp_path):
    path = tmp_path / "c.json"
    path.write_text('{"now": "2026-11-23T09:00:00Z"}')
    assert run("now - timestamp('2026-11-23T08:00:00Z') == duration('1h')", "--context", str(path)).stdout == "true\n"
    path.write_text('{"now": "yesterday"}')
    result = run("1", "--context", str(path))
    assert result.returncode == 64 and "'now' in the context must be a time" in result.stderr


def test_without_a_terminal_nothing_moves_the_cursor():
    assert run("'\\u001b[2J'").stdout.lower() == '"\\u001b[2j"\n'


# ---- mistakes

def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


# expression, status, "line:col: sentence", what the caret and the tildes stand under
MISTAKES = [
    ("1 +", 65, "1:4: the expression ends where a value should be", ""),
    ("bakend == 'b'", 65, "1:1: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
    ("count == 3 && bakend", 65, "1:15: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
    ("siz(pods)", 65, "1:1: no such function: siz(); did you mean 'size'?", "siz"),
    ("pods[0].nam", 2, "1:9: no such key: 'nam'", "nam"),
    ("10 / (count - 3)", 2, "1:4: division by zero", "/"),
    ('"日本語" + bakend', 65, "1:9: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
    ('"🙂é" + bakend', 65, "1:8: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
    ("backend == 'b' &&\n  count > 1 &&\n  pods.exists(p, p.name == foo)\n", 65,
     "3:28: no such variable: 'foo'", "foo"),
    ("count > 1\r\n&& bakend", 65, "2:4: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
    ("\tcount\t== 3 && bakend", 65, "1:16: no such variable: 'bakend'; did you mean 'backend'?", "bakend"),
]


@pytest.mark.parametrize("text,status,sentence,under", MISTAKES, ids=[repr(case[0]) for case in MISTAKES])
def test_mistake_has_a_caret_under_its_place(context, text, status, sentence, under):
    result = run(text, "--context", context)
    first, line, caret = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (status, "")
    assert first == f"fsops: expression:{sentence}"
    before = line[:line.rindex(under)] if under else line
    assert caret == " " * width(before) + "^" + "~" * (len(under) - 1)


def test_the_part_of_a_long_line_that_matters(context):
    text = "count + " * 30 + "bakend" + " + count" * 30
    _, line, caret = run(text, "--context", context).stderr.splitlines()
    assert len(line) <= 160 and line.startswith("  ...") and line.endswith("...")
    assert line[caret.index("^"):].startswith("bakend") and caret.endswith("^~~~~~")


def test_names_are_checked_beforehand():
    for expression in ("nothing + 1", "nothing.more", "nothing"):
        result = run(expression)
        assert result.returncode == 65  # as help says of names that are not there
        assert "1:1: no such variable: 'nothing'; give its value with --context FILE.json" in result.stderr
    assert run("true || nothing").returncode == 65
    assert run("true || nothing", "--context=-", stdin="{}").returncode == 65


def test_wrong_usage(tmp_path):
    bad = tmp_path / "bad.json"
    for content, said in (("[1]", "must be a JSON object"), ('{"a":', "is not JSON: line 1"), ("", "is not JSON")):
        bad.write_text(content)
        result = run("1", "--context", str(bad))
        assert result.returncode == 64 and said in result.stderr
    assert run("1", "--context", str(tmp_path / "none")).returncode == 64
    assert run("1", "--context", str(tmp_path)).returncode == 64
    assert run("1", "2").returncode == 64
    assert run("--context=-").returncode == 64
    assert run("--", "-1").stdout == "-1\n"


def test_a_full_disk_is_no_success():
    with open("/dev/full", "w") as full:
        result = subprocess.run([FSOPS, "eval", "1"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert result.returncode == 2 and "unable to write" in result.stderr


# ---- a line each

def test_lines_of_standard_input_go_on_after_a_mistake(context):
    result = run("--context", context, stdin="1 + 1\n\n2 +\n[1, {'a': backend}]\n1 / 0\n'end'")
    assert result.stdout == '2\n[1,{"a":"b"}]\n"end"\n'
    assert result.returncode == 65
    assert "standard input:3:4: " in result.stderr and "standard input:5:3: division by zero" in result.stderr
    assert run(stdin="1/0\n1\n").returncode == 2
    assert run(stdin="").returncode == 0


def test_a_line_without_an_end():
    result = run(stdin="1 + " * 100000)
    assert result.returncode == 65 and "over 64 KiB" in result.stderr


# ---- the prompt

class Terminal:
    """`fsops eval` on a terminal of its own."""

    def __init__(self, *args, env=None):
        self.fd, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [FSOPS, "eval", *args], stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})})
        self.text = ""  # not looked at yet
        self.all = ""

    def expect(self, text, seconds=10):
        deadline = time.monotonic() + seconds
        while text not in self.text:
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} did not come: {self.text!r}"
            try:
                got = os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"{text!r} did not come: {self.text!r}")
            self.text += got
            self.all += got
        self.text = self.text[self.text.index(text) + len(text):]

    def send(self, keys):
        os.write(self.fd, keys.encode() if isinstance(keys, str) else keys)

    def wait_raw(self):
        deadline = time.monotonic() + 10
        while termios.tcgetattr(self.slave)[3] & termios.ICANON:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def leave(self):
        """Ctrl-D at the next prompt: what is typed while a value is being printed is the terminal's, not ours."""
        self.expect("> ")
        self.wait_raw()
        self.send(ctrl("D"))
        return self.end()

    def end(self):
        status = self.process.wait(10)
        after = termios.tcgetattr(self.slave)
        os.close(self.fd)
        os.close(self.slave)
        assert after == self.before, "the terminal is not as it was"
        return status


UP, DOWN, RIGHT, LEFT, HOME, END, DELETE = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[3~")


def ctrl(letter):
    return chr(ord(letter) - 64)


# keys, the value they give
EDITS = [
    ("1 + 1", "2"),
    ("12" + HOME + "3" + END + "4", "3124"),
    ("12" + ctrl("A") + "3" + ctrl("E") + "4", "3124"),
    ("12\x1bOH3\x1bOF4", "3124"),
    ("12\x1b[1~3\x1b[4~4", "3124"),
    ("124" + LEFT + "3", "1234"),
    ("14" + LEFT + LEFT + RIGHT + "23", "1234"),
    ("12x\x7f3", "123"),
    ("x123" + HOME + DELETE, "123"),
    ("x123" + HOME + ctrl("D"), "123"),
    ("xyz" + ctrl("U") + "123", "123"),
    ("12345" + LEFT + LEFT + ctrl("K"), "123"),
    ("123 + xyz zy" + ctrl("W") + ctrl("W") + "4", "127"),
    ("size('日本語x" + LEFT + "\x7f" + END + "')", "3"),
    ("size('e\u0301a" + LEFT + LEFT + DELETE + END + "')", "1"),
    ("1\t+\t2", "3"),
    ("12\x1b[99;99X3", "123"),
    (b"1\xff\xc0\x802\x013", "312"),
]


def test_editing():
    terminal = Terminal()
    terminal.expect("> ")
    for keys, value in EDITS:
        terminal.send((keys.encode() if isinstance(keys, str) else keys) + b"\r")
        terminal.expect(f"\n{value}\r\n")
        terminal.expect("> ")
    terminal.send(ctrl("D"))
    assert terminal.end() == 0


def test_history():
    terminal = Terminal()
    terminal.expect("> ")
    for keys, value in (
            ("1 + 1", "2"), ("2 + 2", "4"), (UP, "4"), (UP + UP, "2"), (UP + UP + UP + UP + UP + "0", "11"),
            ("1000" + UP + UP + DOWN + DOWN + " + 1", "1001"), (DOWN + "5", "5")):
        terminal.send(keys + "\r")
        terminal.expect(f"\n{value}\r\n")
        terminal.expect("> ")
    terminal.send(ctrl("D"))
    assert terminal.end() == 0


def test_mistakes_do_not_end_the_prompt(context):
    terminal = Terminal("--context", context)
    terminal.expect("> ")
    terminal.send("bakend\r")
    terminal.expect("line:1:1: no such variable: 'bakend'; did you mean 'backend'?\r\n  bakend\r\n  ^~~~~~\r\n")
    terminal.send("backend\r")
    terminal.expect('\n"b"\r\n')
    terminal.send("1 + 1" + ctrl("C") + "3\r")
    terminal.expect("\n3\r\n")
    assert terminal.leave() == 0


def test_lines_pasted_together():
    terminal = Terminal()
    terminal.wait_raw()
    terminal.send("1 + 1\n2 + 2\n3 + 3\n" + ctrl("D"))
    for value in (2, 4, 6):
        terminal.expect(f"\n{value}\r\n")
    assert terminal.end() == 0


def test_a_line_longer_than_the_terminal():
    terminal = Terminal()
    terminal.expect("> ")
    terminal.send("1 + " * 50 + "1")
    terminal.send("\r")
    terminal.expect("\n51\r\n")
    rows = re.split(r"[\r\n]+|\x1b\[[0-9]*[A-Z]", terminal.all)
    assert len(rows) > 100 and max(map(len, rows)) <= 60
    assert terminal.leave() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_gives_the_terminal_back(number):
    terminal = Terminal()
    terminal.expect("> ")
    terminal.wait_raw()
    terminal.process.send_signal(number)
    assert terminal.end() == -number


def test_stopped_and_continued():
    terminal = Terminal()
    terminal.expect("> ")
    terminal.wait_raw()
    terminal.process.send_signal(signal.SIGSTOP)
    termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.before)
    terminal.process.send_signal(signal.SIGCONT)
    terminal.wait_raw()
    terminal.send("1 + 1\r")
    terminal.expect("\n2\r\n")
    assert terminal.leave() == 0


def test_a_terminal_that_is_gone():
    terminal = Terminal()
    terminal.expect("> ")
    os.close(terminal.slave)
    os.close(terminal.fd)
    assert terminal.process.wait(10) in (0, 2, -signal.SIGHUP)


@pytest.mark.parametrize("args,env", [(["--plain"], {}), ([], {"TERM": "dumb"})])
def test_a_terminal_that_cannot_move_its_cursor(args, env):
    terminal = Terminal(*args, env=env)
    terminal.send("1 + 1\n")
    terminal.expect("\n2\r\n")
    assert "\x1b" not in terminal.text
    terminal.send("\x04")
    assert terminal.end() == 0
