"""Secrets by where they stand: in the addresses, headers and bodies of channels and in the headers of targets."""
import os
import pathlib

import pytest
from helpers import fsops, run


def book(folder, text, platform):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "platform.yaml").write_text("platform: lab\n" + platform)
    (folder / "book.yaml").write_text("runbook: book\ntitle: Book\nsteps:\n" + text)
    return str(folder)


def printed(tmp_path, platform, text, **env):
    """What a command's TEXT becomes in all that is shown and kept."""
    folder = book(tmp_path / "book", f"  - {{step: Say, budget: 20s, exec: [echo, \"{text}\"], effect: read}}\n", platform)
    env |= {"FSOPS_STATE": str(tmp_path / "state")}
    result = run("book", "-R", folder, env=env)
    assert result.status == 0, str(result)
    dry = fsops("run", "book", "-R", folder, "--dry-run", env=env)
    state = "".join(p.read_text(errors="replace") for p in pathlib.Path(tmp_path / "state").rglob("*") if p.is_file())
    return result.out + result.err + dry.out + dry.err + state


PATH = "services/T000AAA/B000BBB/abcdefghXYZ"


@pytest.mark.parametrize("channel", ["kind: webhook, url", "kind: slack, webhook", "kind: ping, url", "kind: statuspage, url"])
@pytest.mark.parametrize("address", ["${env.HOOK}", "https://hooks.example.org/" + PATH])
def test_the_path_of_a_channel_is_a_secret_without_its_host(tmp_path, channel, address):
    said = printed(tmp_path, f"channels:\n  hook: {{{channel}: '{address}'}}\n", f"POST /{PATH} 404 of hooks.example.org/short",
                   HOOK="https://hooks.example.org/" + PATH)
    assert "abcdefghXYZ" not in said and "POST /*** 404 of hooks.example.org/short" in said, said


def test_the_query_of_a_channel_is_a_secret_and_so_is_each_long_value_in_it(tmp_path):
    said = printed(tmp_path, "channels:\n  hook: {kind: webhook, url: '${env.HOOK}'}\n",
                   "GET /in?room=7&key=query-key-value, query-key-value, room=7, /in",
                   HOOK="https://hooks.example.org/in?room=7&key=query-key-value#top")
    assert "query-key-value" not in said and "GET /in?***, ***, room=7, /in" in said, said


def test_what_a_body_of_a_channel_takes_from_the_environment_is_a_secret(tmp_path):
    said = printed(tmp_path, "channels:\n  hook:\n    kind: webhook\n    url: 'http://127.0.0.1:9/'\n"
                   "    json: {token: '${env.CHTOK}', list: [plain-text, {deep: 'is ${env.CHTOK2}'}]}\n",
                   "body-token-1 body-token-2 plain-text", CHTOK="body-token-1", CHTOK2="body-token-2")
    assert "body-token" not in said and "*** *** plain-text" in said, said


HEADERS = ("headers: {X-Auth: literal-auth-1, Api-Key: \"${env['KEY2']}\", X-Sig-Key: 'v1 ${env.KEY3}', "
           "X-Room: open-room-7, Idempotency-Key: open-key-8, X-Plain: \"${env['KEY4']}\"}")


@pytest.mark.parametrize("where", [
    "channels:\n  hook: {kind: webhook, url: 'http://127.0.0.1:9/', %s}\n",
    "targets:\n  api: {http: 'http://127.0.0.1:9', %s}\n",
])
def test_headers_that_let_somebody_in_are_secrets_in_every_spelling(tmp_path, where):
    said = printed(tmp_path, where % HEADERS, "literal-auth-1 key-value-2 key-value-3 v1 open-room-7 open-key-8",
                   KEY2="key-value-2", KEY3="key-value-3", KEY4="value-4")
    assert "literal-auth-1" not in said and "key-value" not in said, said
    assert "*** *** *** v1 open-room-7 open-key-8" in said, said


def test_what_a_channel_takes_from_the_environment_is_a_secret_in_any_header(tmp_path):
    said = printed(tmp_path, "channels:\n  hook: {kind: webhook, url: 'http://127.0.0.1:9/', %s}\n" % HEADERS,
                   "value-of-4", KEY2="key-value-2", KEY3="key-value-3", KEY4="value-of-4")
    assert "value-of-4" not in said, said


@pytest.mark.parametrize("action", [
    "{http: {url: 'http://127.0.0.1:9/', headers: {X-Auth: literal-auth-1, X-Room: open-room-7}}, severity: info}",
    "{exec: [true, -H, 'X-Auth: literal-auth-1', 'Key: open-room-7'], effect: read}",
])
def test_headers_of_an_action_are_secrets_too(tmp_path, action):
    folder = book(tmp_path / "book", "  - step: Say\n    budget: 20s\n    sequential: true\n    actions:\n      - " + action +
                  "\n      - {exec: [echo, literal-auth-1, open-room-7], effect: read}\n", "")
    env = {"FSOPS_STATE": str(tmp_path / "state")}
    said = "".join(r.out + r.err for r in (run("book", "-R", folder, env=env),
                                           fsops("run", "book", "-R", folder, "--dry-run", env=env)))
    assert "literal-auth-1" not in said and "*** open-room-7" in said, said


OWN = """
vars:
  deeper: "${env.DEEP_URL}"
  hook_address: "${deeper}${env.VAR_URL}"
  shared: "${env.SHARED}"
targets:
  api: {http: 'http://127.0.0.1:9', bearer: '${env.API_TOKEN}'}
  two: {http: 'http://127.0.0.1:9', basic: {user: me, password: '${env["API_PASS"]}'}}
  three: {prometheus: 'http://127.0.0.1:9', headers: {X-Auth: '${env.READ_TOO}', X-Key: "${ env [ 'BLANKS' ] }"}}
  at: {http: '${env.PLACE}'}
channels:
  hook: {kind: webhook, url: '${vars.hook_address}', headers: {A: '${shared}'}}
secrets: [API_TOKEN, READ_TOO]
"""
WITHHELD = ["API_TOKEN", "API_PASS", "BLANKS", "DEEP_URL", "VAR_URL"]
GIVEN = ["READ_TOO", "PLACE", "SHARED"]


def test_what_only_fsops_uses_reaches_no_command(tmp_path):
    folder = book(tmp_path / "book", "  - step: Show\n    budget: 20s\n    sequential: true\n    actions:\n"
                  "      - {id: all, shell: 'env | cut -d= -f1; test -n \"$READ_TOO\"', effect: read}\n"
                  "      - {id: uses, exec: [echo, \"${shared}\"], effect: read}\n"
                  "      - {id: named, exec: [env], effect: read, inherit: [API_TOKEN]}\n", OWN)
    env = {name: f"http://{name.lower()}" for name in WITHHELD + GIVEN} | {"FSOPS_STATE": str(tmp_path / "state")}
    result = run("book", "-R", folder, env=env)
    assert result.status == 0, str(result)
    got = {a: "".join(e["text"] for e in result.events("action.output", action=a)) for a in ("all", "named")}
    names = got["all"].split()
    assert [n for n in WITHHELD if n in names] == [] and [n for n in GIVEN if n not in names] == [], got
    assert "API_TOKEN=***" in got["named"], got


@pytest.mark.parametrize("target, action, given", [
    ("inherit: [LOGIN_*]", "", ["LOGIN_KEY"]),
    ("inherit: [LOGIN_*]", ", inherit: [ONE]", ["ONE"]),
    ("inherit: []", "", []),
    ("", "", ["LOGIN_KEY", "ONE", "OTHER"]),
])
def test_every_kubectl_gets_the_environment_that_its_target_says(tmp_path, target, action, given):
    """The one that is asked for its version, too, and the one that keeps a tunnel open."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").write_text(f'#!/bin/sh\nenv | cut -d= -f1 >{tmp_path}/env.$1\ncase $1 in get) echo a;; *) exit 1;; esac\n')
    (tools / "kubectl").chmod(0o755)
    folder = book(tmp_path / "book", "  - step: Look\n    budget: 20s\n    sequential: true\n    actions:\n"
                  f"      - {{id: pods, kubectl: get pods{action}}}\n      - {{id: ask, http: /, target: api, severity: info}}\n",
                  f"targets:\n  k: {{kubectl: {{}}, {target}}}\n"
                  "  api: {http: 'http://api.lab.svc:80', tunnel: svc/api:80}\n")
    env = {"LOGIN_KEY": "1", "ONE": "1", "OTHER": "1", "PATH": f"{tools}:{os.environ['PATH']}",
           "FSOPS_STATE": str(tmp_path / "state")}
    result = run("book", "-R", folder, env=env)
    got = {call: sorted({"LOGIN_KEY", "ONE", "OTHER"} & set((tmp_path / f"env.{call}").read_text().split()))
           for call in ("get", "version", "port-forward")}
    of_target = ["LOGIN_KEY"] if "LOGIN" in target else given
    assert got == {"get": given, "version": given, "port-forward": of_target}, str(result)


def test_a_look_at_the_metrics_masks_the_channels_too(tmp_path):
    folder = book(tmp_path / "book", "  - {step: A, budget: 5s, exec: [true], effect: read}\n",
                  f"channels:\n  hook: {{kind: webhook, url: 'https://hooks.example.org/{PATH}'}}\nmetrics:\n"
                  f"  pods: {{source: {{shell: 'echo at /{PATH} >&2; exit 1'}}, value: lines.size(), baseline: '< 5'}}\n")
    seen = fsops("check", "-R", folder, env={"FSOPS_STATE": str(tmp_path / "state")})
    assert "abcdefghXYZ" not in seen.out + seen.err and "at /***" in seen.out, str(seen)
