"""Values on their way in and out: JSON that is read alike from everywhere, and what an expression makes that is too
large, too deep or too long is a clear error of its action, in a moment."""
import json
import resource
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from helpers import FSOPS, Result, environment, fsops, write_book

DOUBLES = '.map(a, [a, a, a, a, a, a, a, a])'
BODIES = {
    "nul": (b'{"s": "x\\u0000y", "ok": true}', None),
    "mark": (b'\xef\xbb\xbf{"ok": true}', None),
    "wide": (b'{"limit": 18446744073709551615, "ok": true}', None),
    "beyond": (b'{"s": 1e400, "t": -1e400, "ok": true}', None),
    "utf16": ('{"ok": true}'.encode("utf-16"), "it is in UTF-16 or UTF-32"),
    "bytes": (b'{"ok": "\xff"}', "unable to decode byte 0xff"),
    "twice": (b'{"ok": false,\n "ok": true}', "line 2, column 5 (byte 19): duplicate object key"),
    "half": (b'{"ok": "\\ud800"}', "invalid Unicode"),
    "nan": (b'{"ok": NaN}', "invalid token near 'NaN'"),
    "more": (b'{"ok": true}}', "end of file expected near '}'"),
    "empty": (b'', "it is empty"),
    "deep": (b'[' * 300 + b']' * 300, "nested over 200 levels deep (JSON_READ_DEPTH_MAX)"),
    "many": (b'[' + b'{},' * 400_000 + b'1]', None),
    "too-many": (b'[' + b'{},' * 900_000 + b'1]', "more values than 256 MiB can hold (JSON_READ_GROWTH)"),
}


class Answers(BaseHTTPRequestHandler):
    """Each body under its name."""

    def do_GET(self):
        body = BODIES[self.path[1:].removeprefix("prometheus/api/v1/query") or "nan"][0]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{one.server_address[1]}"
        one.shutdown()


def run_steps(folder, steps, *options, targets="{}", **more):
    """Write a runbook of these steps and run it; its events."""
    write_book(folder, "  " + json.dumps(steps), targets)
    return fsops("run", "book", "-R", str(folder), "--format", "json", *options, **more)


def run_to_file(folder, steps):
    """The same when so much is told that a pipe's reader may be too slow for it."""
    write_book(folder, "  " + json.dumps(steps))
    words = ["run", "book", "-R", str(folder), "--format", "json", "-y"]
    with open(folder / "events", "w+") as out:
        status = subprocess.run([FSOPS, *words], env=environment(), stdout=out, timeout=120).returncode
        out.seek(0)
        return Result(words, status, out.read(), "", 0)


def run_actions(folder, actions, *options, **more):
    return run_steps(folder, [{"step": "one", "id": "one", "budget": "30s", "actions": actions}], *options, **more)


def reads(server, folder):
    """The same bytes from a command and from a server; `expect` looks at them."""
    for name, (body, _) in BODIES.items():
        (folder / name).write_bytes(body)
        expect = {"many": "json.size() > 100000"}.get(name, "json.ok")
        yield {"id": f"{name}_command".replace("-", "_"), "exec": ["cat", str(folder / name)], "effect": "read",
               "expect": expect}
        yield {"id": f"{name}_http".replace("-", "_"), "http": f"{server}/{name}", "expect": expect}


def test_alike_from_everywhere(server, tmp_path):
    result = run_actions(tmp_path / "book", list(reads(server, tmp_path)))
    for name, (_, why) in BODIES.items():
        for way in ("command", "http"):
            ended = result.action(f"{name}_{way}".replace("-", "_"))
            assert ended["outcome"] == ("failed" if why else "passed"), (name, way, ended)
            assert not why or why in ended["why"], (name, way, ended["why"])


@pytest.mark.parametrize("name", [name for name in BODIES if not name.startswith(("many", "too"))])
def test_alike_as_context(tmp_path, name):
    body, why = BODIES[name]
    (tmp_path / "context.json").write_bytes(body)
    result = fsops("eval", "ok", "--context", str(tmp_path / "context.json"))
    assert result.status == (64 if why else 0), result
    assert why in result.err if why else result.json is True


@pytest.mark.parametrize("expression,value", [
    ("limit == 18446744073709551615.0", True), ("type(limit)", "double"), ("limit", 18446744073709551616.0),
    ("s > 1e308 && s == double('Infinity') && t < -1e308", True), ("s", "Infinity"), ("[t]", ["-Infinity"]),
    ("all.s > 1e308", True), ("all", {"s": 1.7976931348623157e308})])
def test_large_numbers_are_doubles(tmp_path, expression, value):
    (tmp_path / "context.json").write_text('{"limit": 18446744073709551615, "s": 1e400, "t": -1e400, "all": {"s": 1e400}}')
    result = fsops("eval", expression, "--context", str(tmp_path / "context.json"))
    assert result.status == 0 and result.json == value, result


def test_prometheus_says_what_is_wrong(server, tmp_path):
    result = run_steps(tmp_path, [{"step": "one", "budget": "30s", "prometheus": "up"}],
                       targets={"monitor": {"prometheus": server + "/prometheus"}})
    assert "what a Prometheus answers, it is not JSON: line 1, column 10 (byte 10): invalid token near 'NaN'" in result.out, result


def test_the_reason_reaches_later_steps(server, tmp_path):
    result = run_steps(tmp_path, [
        {"step": "one", "budget": "30s", "id": "one", "actions": [{"id": "page", "http": server + "/nan"}]},
        {"step": "two", "budget": "30s", "when": "results.page.json.ok", "id": "two", "exec": "true", "effect": "read"}])
    assert "'page' gave no answer (the body is not JSON: line 1, column 10 (byte 10)" in result.step("two")["why"], result


def test_digits_that_are_not_known_reach_no_command(tmp_path):
    result = run_actions(tmp_path, [
        {"id": "ids", "exec": ["printf", '{"id": 12345678901234567890, "small": 9007199254740993, "text": "12345678901234567890"}'],
         "effect": "read", "expect": "json.id > 0"},
        {"id": "wide", "exec": ["echo", "${results.ids.json.id}"], "effect": "read"},
        {"id": "inside", "exec": ["echo", "all: ${results.ids.json}"], "effect": "read"},
        {"id": "exact", "exec": ["echo", "${results.ids.json.small}", "${results.ids.json.text}"], "effect": "read"},
        {"id": "said", "exec": ["echo", "${string(results.ids.json.id)}"], "effect": "read"}])
    for name in ("wide", "inside"):
        assert "holds a number over 64 bits" in result.action(name)["why"], result
        assert not result.events("action.started", action=name)
    assert result.action("exact")["result"]["stdout"] == "9007199254740993 12345678901234567890\n"
    assert result.action("said")["result"]["stdout"] == "12345678901234567168\n"  # the double, digit by digit


# ---- on the way out

def limited(memory):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


@pytest.mark.parametrize("expression", [
    "[1]" + 8 * DOUBLES, "[1]" + 10 * DOUBLES, "[1]" + 40 * ".map(a, {'x': a, 'y': a})",
    "[lists.range(100000).map(x,'aaaaaaaaaa').join()].map(t, lists.range(2000).map(i, t))"])
def test_a_value_is_refused_at_once(expression):
    done = subprocess.run([FSOPS, "eval", expression], capture_output=True, text=True, timeout=60,
                          preexec_fn=None if "asan" in FSOPS else limited(256 << 20))
    assert done.returncode == 2 and done.stdout == "", done
    assert "(EXPR_STEPS_MAX)" in done.stderr or "(EXPR_MEMORY_MAX)" in done.stderr, done.stderr


def test_a_run_refuses_it_and_goes_on(tmp_path):
    huge = "[1]" + 10 * DOUBLES
    result = run_actions(tmp_path, [
        {"id": "capture", "exec": ["true"], "effect": "read", "capture": {"big": huge}},
        {"id": "fill", "exec": ["echo", "${" + huge + "}"], "effect": "read"},
        {"id": "each", "exec": ["true"], "effect": "read", "for_each": huge, "as": "x"},
        {"id": "next", "exec": ["true"], "effect": "read"}])
    for name in ("capture", "fill", "each"):
        assert result.action(name)["outcome"] == "failed" and "EXPR_STEPS_MAX" in result.action(name)["why"], result
    assert result.action("next")["outcome"] == "passed"


def test_ceilings_of_a_run(tmp_path):
    """Each is under the ceilings of one expression; together they are over the run's."""
    (tmp_path / "big.json").write_text(json.dumps(["x" * 1_000_000] * 9))
    (tmp_path / "many.json").write_text(json.dumps(list(range(20000))))
    cat = {"exec": ["cat", str(tmp_path / "big.json")], "effect": "read"}
    result = run_to_file(tmp_path / "book", [{"step": "one", "id": "one", "budget": "60s", "sequential": True, "actions": [
        {"id": "one", **cat, "capture": {"one": "json"}}, {"id": "two", **cat, "capture": {"two": "json"}},
        {"id": "again", **cat, "capture": {"one": "json + ['y']"}},
        {"id": "fill", "http": {"url": "http://127.0.0.1:1/", "method": "POST", "json": ["${one}", "${one}"]},
         "on_failure": "continue"},
        {"id": "many", "exec": ["cat", str(tmp_path / "many.json")], "effect": "read", "capture": {"list": "json"}},
        {"id": "each", "for_each": "list", "as": "x", "exec": ["echo", "${x}"], "effect": "read"},
        {"id": "change", "exec": ["true"], "effect": "change"}]}])
    for name in ("one", "again"):
        ended = result.action(name)
        assert ended["outcome"] == "passed", ended.get("why")
    assert "all variables of a run together are over 16 MiB (RUN_VARS_MAX)" in result.action("two")["why"], result
    assert "what is filled in grew over 16 MiB (EXPAND_MAX)" in result.action("fill")["why"], result
    assert "20000 items, over 10000 (FOR_EACH_MAX)" in result.action("each")["why"], result
    assert result.action("change")["outcome"] == "passed", "the journal was written all the while"


def test_what_is_too_much_to_keep_is_said_when_it_is_asked_for(tmp_path):
    (tmp_path / "big.json").write_text(json.dumps(["x" * 1_000_000] * 9))
    cat = {"exec": ["cat", str(tmp_path / "big.json")], "effect": "read", "expect": "json.size() == 9"}
    result = run_to_file(tmp_path / "book", [
        {"step": "one", "id": "one", "budget": "60s", "sequential": True,
         "actions": [{"id": f"read{i}", **cat} for i in range(9)]},
        {"step": "two", "id": "two", "budget": "30s", "sequential": True, "actions": [
            {"id": "kept", "exec": "true", "effect": "read", "when": "results.read0.json.size() == 9"},
            {"id": "gone", "exec": "true", "effect": "read", "when": "results.read8.json.size() == 9"}]}])
    assert result.action("kept")["outcome"] == "passed"
    assert "'read8' gave no answer (too large to be kept" in result.action("gone")["why"], result
