"""A value reaches a command as it is, or the command does not run: never its beginning, never other digits."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from helpers import fsops, write_book

ZERO = {"name": "prod\0x", "list": ["a", "prod\0x"], "plain": "fine"}
REFUSED = "holds a zero byte"


def run(folder, actions, targets="{}", zero=ZERO, **more):
    """Actions after one that read these values and kept them; the programs that must not run leave a note."""
    (folder / "values.json").write_text(json.dumps(zero))
    tools = folder / "tools"
    tools.mkdir()
    (tools / "kubectl").write_text(f'#!/bin/sh\ncase "$*" in *delete*) echo "$*" >>{folder}/ran;; esac\necho "{{}}"\n')
    (tools / "kubectl").chmod(0o755)
    read = {"step": "read", "id": "read", "budget": "30s", "actions": [
        {"id": "values", "exec": ["cat", str(folder / "values.json")], "effect": "read",
         "capture": {name: f"json.{name}" for name in zero}}]}
    steps = [read, *({"step": one["id"], "id": f"step_{one['id']}", "budget": "30s", "on_failure": "continue", "actions": [one]}
                     for one in actions)]
    write_book(folder, "  " + json.dumps(steps), targets)
    return fsops("run", "book", "-R", str(folder), "--format", "json", "-y", "--yes-destroy",
                 env={"PATH": f"{tools}:/usr/bin:/bin", "FSOPS_STATE": str(folder / "state"),
                      "FSOPS_KUBECTL": "always"}, **more)


def refused(result, name, why=REFUSED):
    assert why in result.action(name)["why"], str(result)
    assert not result.events("action.started", action=name), str(result)


def test_a_zero_byte_cuts_no_word_of_a_command(tmp_path):
    ran = f"echo ran >>{tmp_path}/ran"
    result = run(tmp_path, [
        {"id": "word", "exec": ["sh", "-c", ran, "${name}"]},
        {"id": "inside", "exec": ["sh", "-c", ran, "a-${name}-b"]},
        {"id": "listed", "exec": ["sh", "-c", ran, "${list}"]},
        {"id": "env", "exec": {"argv": ["sh", "-c", ran], "env": {"NAME": "${name}"}}},
        {"id": "given", "exec": ["sh", "-c", f"cat >>{tmp_path}/ran"], "stdin": "${name}"},
        {"id": "kube", "kubectl": "delete namespace ${name}", "when": 'name != "prod"', "target": "here"},
        {"id": "script", "shell": f'{ran}; echo "$name"'},
        {"id": "items", "exec": ["sh", "-c", ran, "${item}"], "for_each": "list"},
        {"id": "good", "exec": ["echo", "${plain}"], "effect": "read"}], targets='{here: {kubectl: {namespace: default}}}')
    for name in ("word", "inside", "listed", "env", "kube", "script"):
        refused(result, name)
    assert REFUSED in str(result.action("given")["why"]), str(result)
    assert result.action("good")["outcome"] == "passed", str(result)
    ran = (tmp_path / "ran").read_text() if (tmp_path / "ran").exists() else ""
    assert ran == "ran\n", ran  # the first of the items, which is whole


class Asked(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as one:
        one.asked = []
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


def test_a_zero_byte_cuts_nothing_of_a_request(tmp_path, server):
    place = f"http://127.0.0.1:{server.server_address[1]}"
    result = run(tmp_path, [
        {"id": "path", "http": place + "/path/${name}"},
        {"id": "header", "http": {"url": place + "/header", "headers": {"X-Name": "${name}"}}},
        {"id": "body", "http": {"url": place + "/body", "method": "POST", "body": "${name}"}},
        {"id": "good", "http": place + "/${plain}"}])
    for name in ("path", "header", "body"):
        refused(result, name)
    assert server.asked == ["/fine"], str(result)


def test_a_script_that_does_not_name_it_runs_without_it(tmp_path):
    result = run(tmp_path, [{"id": "other", "shell": "env | sort", "effect": "read"}])
    lines = result.action("other")["result"]["stdout"].splitlines()
    assert "plain=fine" in lines and not [line for line in lines if line.startswith("name=")], str(result)


WIDE = {"id": 12345678901234567890123, "small": 9007199254740993, "text": "12345678901234567890123"}


def test_a_script_is_given_no_other_digits(tmp_path):
    result = run(tmp_path, [
        {"id": "word", "exec": ["echo", "${id}"], "effect": "read"},
        {"id": "script", "shell": f"echo $id >>{tmp_path}/ran"},
        {"id": "looked", "exec": ["true"], "until": "exit == 0", "look": {"shell": f"echo $id >>{tmp_path}/ran"}, "effect": "change"},
        {"id": "others", "shell": "echo $small $text ${idle-none}; env | grep '^i[d]=' || true", "effect": "read"}],
        zero=WIDE)
    for name in ("word", "script"):
        refused(result, name, "holds a number over 64 bits")
    assert "holds a number over 64 bits" in result.action("looked")["why"], str(result)
    assert not (tmp_path / "ran").exists()
    assert result.action("others")["result"]["stdout"] == "9007199254740993 12345678901234567890123 none\n", str(result)


@pytest.mark.parametrize("value", ["[123456789012345678901]", '["a\\u0000b"]'])
def test_no_variable_of_fsops_itself_stands_in_for_what_a_script_cannot_get(tmp_path, value):
    (tmp_path / "show").write_text('#!/bin/sh\necho "<${ident-none}>"\n')
    (tmp_path / "show").chmod(0o755)
    steps = ["  - step: A", "    budget: 9s", "    sequential: true", "    actions:",
             f"      - {{id: read, exec: [echo, '{value}'], effect: read, capture: {{ident: 'json[0]'}}}}",
             f"      - {{id: ask, shell: '{tmp_path}/show', effect: read}}", ""]
    book = write_book(tmp_path / "book", "\n".join(steps))
    result = fsops("run", "book", "-R", book, env={"ident": "STALE", "FSOPS_STATE": str(tmp_path / "state")})
    assert "<none>" in result.out and "STALE" not in result.out, str(result)
