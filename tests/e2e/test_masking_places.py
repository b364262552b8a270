"""Secrets by where they stand: in the addresses, headers and bodies of channels and in the headers of targets."""
import os
import pathlib
import time

import pytest
from helpers import fsops, run


def book(folder, text, platform):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "platform.yaml").write_text("platform: lab\n" + platform)
    (folder / "book.yaml").write_text("runbook: book\ntitle: Book\nsteps:\n" + text)
    return str(folder)


def printed(tmp_path, platform, text, **env):
    """What a command's TEXT becomes in all that is shown and kept."""
    tmp_path.mkdir(exist_ok=True)
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


@pytest.mark.parametrize("channel, said", [
    ("https://alerts.example.org/incidents?severity=critical", "critical, 3 incidents; Critical INCIDENTS"),
    ("https://alerts.example.org/Incidents/?severity=CRITICAL#critical", "critical, 3 incidents; Critical INCIDENTS"),
    ("https://alerts.example.org/in?key=${word}", "***, 3 incidents; Critical INCIDENTS"),
    ("https://alerts.example.org/${word}", "***, 3 incidents; Critical INCIDENTS"),
    ("https://alerts.example.org/in?key=critical-and-more", "critical, 3 incidents; Critical INCIDENTS ***"),
    ("https://alerts.example.org/in?key=Word${word}", "critical, 3 incidents; Critical INCIDENTS"),
])
def test_plain_words_in_an_address_are_no_secrets(tmp_path, channel, said):
    told = said.replace("***,", "critical,").replace("***", "critical-and-more")
    shown = printed(tmp_path, f"vars: {{word: critical}}\nchannels:\n  hook: {{kind: webhook, url: '{channel}'}}\n",
                    f"<{told}>")
    assert f"<{said}>" in shown and (said == told or f"<{told}>" not in shown), shown


@pytest.mark.parametrize("part", ["abcdefg7", "abcdEfgh", "correct-horse-battery", "0x7f-ab3d"])
def test_what_looks_random_in_an_address_is_a_secret(tmp_path, part):
    for i, channel in enumerate((f"/{part}", f"/in?key={part}")):
        shown = printed(tmp_path / str(i), f"channels:\n  hook: {{kind: webhook, url: 'https://h.example.org{channel}'}}\n",
                        f"<{part}>")
        assert part not in shown and "<***>" in shown, shown


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


THROUGH = """
vars: {k: "${env.PAGE_KEY}", t: "v1 ${env['TK']}", deep: "${vars.k}:${t}", far: "${deep}!", unused: "${env.OPEN}"}
targets:
  api: {http: 'http://127.0.0.1:9', headers: {X-Auth: "%s"}}
channels:
  hook: {kind: webhook, url: 'http://127.0.0.1:9/', headers: {X-Tenant: "%s"}, json: {list: [{routing: "%s"}]}}
"""


@pytest.mark.parametrize("places", [
    ("a${vars.t}", "plain", "${k}"), ("plain", "${vars['t']}", "is ${[vars.k][0]}"), ("a${far}", "plain", "plain"),
    ("plain", "plain", "${far + '?'}"), ("plain", "${vars.deep}", "plain"), ("a${vars['far']}", "plain", "plain")])
def test_what_variables_take_from_the_environment_is_a_secret_where_they_are_used(tmp_path, places):
    said = printed(tmp_path, THROUGH % places, "key pagerkey99 tok tokenvalue7 open-value-8 v1",
                   PAGE_KEY="pagerkey99", TK="tokenvalue7", OPEN="open-value-8")
    assert "pagerkey99" not in said and "tokenvalue7" not in said, said
    assert "key *** tok *** open-value-8 v1" in said, said


def test_all_variables_at_once_are_no_secret_but_for_what_the_environment_gave(tmp_path):
    said = printed(tmp_path, "vars: {plain: an-open-word, key: 'k=${env.PAGE_KEY}'}\nchannels:\n"
                   "  hook: {kind: webhook, url: 'http://127.0.0.1:9/', json: {all: '${vars}'}}\n",
                   "an-open-word pagerkey99", PAGE_KEY="pagerkey99")
    assert "pagerkey99" not in said and "an-open-word ***" in said, said


def test_what_variables_are_given_is_a_secret_where_the_default_would_be(tmp_path):
    said = printed(tmp_path, THROUGH % ("plain", "plain", "${k}"), "key given-key-99", FSOPS_VAR_K="given-key-99", PAGE_KEY="1", TK="2", OPEN="3")
    assert "given-key-99" not in said and "key ***" in said, said


@pytest.mark.parametrize("hole", ["deploy_env", "vars.deploy_env", "[env_a][0]", "vars.env_a", "links.env", "'env' + env_a",
                                  "has(env.NOTHING)"])
def test_a_name_that_looks_like_the_environments_makes_no_secret(tmp_path, hole):
    said = printed(tmp_path, "vars: {deploy_env: staging, env_a: staging}\nlinks: {env: 'https://staging'}\n"
                   f"channels:\n  hook: {{kind: webhook, url: 'http://127.0.0.1:9/', headers: {{X-Stage: \"${{{hole}}}\"}}}}\n",
                   "rollout in staging ok, false")
    assert "rollout in staging ok, false" in said and "***" not in said, said


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


def test_names_are_words(tmp_path):
    """A longer name is another one, and a variable is used by any text that has it as a word."""
    folder = book(tmp_path / "book", "  - step: Show\n    budget: 20s\n    actions:\n"
                  "      - {id: all, shell: 'env | cut -d= -f1; : \"$API_KEY_OLD\" MY_KEY', effect: read, title: 'of a-word, ${b}'}\n",
                  "vars: {ab: '${env.ONE}', b: '${env.TWO}', word: '${env.THREE}', KEY: '${env.FOUR}'}\n"
                  "channels:\n  hook: {kind: webhook, url: \"${env.API_KEY}${ab}${vars['b']}${word}${vars.KEY}\"}\n")
    names = ["API_KEY", "API_KEY_OLD", "ONE", "TWO", "THREE", "FOUR"]
    result = run("book", "-R", folder, env={n: f"http://{n.lower()}" for n in names} | {"FSOPS_STATE": str(tmp_path / "state")})
    got = "".join(e["text"] for e in result.events("action.output", action="all")).split()
    assert [n for n in names if n in got] == ["API_KEY_OLD", "TWO", "THREE"], str(result)


def test_many_variables_of_a_channel_take_no_time(tmp_path):
    def took(count):
        names = range(count)
        folder = book(tmp_path / str(count), "  - {step: A, budget: 50s, exec: [true], effect: read}\n",
                      "vars:\n" + "".join(f'  hv{i:05}: "${{env.EV{i:05}}}"\n' for i in names) +
                      "channels:\n  page:\n    kind: webhook\n    url: http://127.0.0.1:9/\n    on: failed\n    json:\n" +
                      "".join(f'      k{i}: "${{vars.hv{i:05}}}"\n' for i in names))
        begin = time.monotonic()
        result = run("book", "-R", folder, env={f"EV{i:05}": f"value-{i}" for i in names} | {"FSOPS_STATE": str(tmp_path / "s")})
        assert result.status == 0, str(result)
        return time.monotonic() - begin
    assert took(1600) < 0.5 + 8 * took(200)


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
    env = {"LOGIN_KEY": "1", "ONE": "1", "OTHER": "1", "PATH": f"{tools}:{os.environ['PATH']}", "FSOPS_KUBECTL": "always",
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


@pytest.mark.parametrize("text", ['${"https://" + domain + "/health"}', "${base + domain}/health",
                                  '${["https:/", domain, "health"].join("/")}'])
def test_an_address_is_no_secret_because_one_begins_like_it(tmp_path, text):
    folder = book(tmp_path / "book", f"  - {{step: A, budget: 5s, exec: [echo, '{text}'], effect: read}}\n"
                  "  - {step: B, id: b, budget: 5s, shell: 'echo \"$base$domain\"', effect: read}\n",
                  "vars: {domain: flights.example.org, base: 'https://'}\nchannels:\n  slack: {webhook: '${env.HOOK}'}\n")
    env = {"HOOK": "https://hooks.example.org/" + PATH, "FSOPS_STATE": str(tmp_path / "state")}
    for words in (("--plain",), ("--dry-run",), ("--dry-run=sh",)):
        seen = fsops("run", "book", "-R", folder, *words, env=env)
        assert seen.status == 0 and "https://flights.example.org/health" in seen.out, str(seen)
        assert "***" not in seen.out and "the value of base" not in seen.out, str(seen)
