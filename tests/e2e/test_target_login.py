"""Targets over HTTP that want to know who asks: headers, bearer, basic, an authority of one's own, a client certificate.
They go to the target's own origin and to no other, and no secret of them is shown."""
import base64
import json
import os
import re
import ssl
import subprocess

import pytest
from helpers import environment, fsops, run, write_book
from raw import Raw, http_answer, http_request
from sandbox.certs import Certificates

TOKEN, PASSWORD = "tok-Zq81-vvTkn", "pw:Zq82/vvPwd"
SECRETS = {"API_TOKEN": TOKEN, "API_PASSWORD": PASSWORD}
ONE = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "1"]}]}}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Two origins that note who asks, one with TLS, and one that wants a client certificate."""
    made = Certificates(tmp_path_factory.mktemp("login"))
    tls, strict = made.context("server", 5), made.context("strict", 5)
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.load_verify_locations(made.ca)
    made.context("client", 5)
    made.context("foreign", 5, "stranger")
    subprocess.run([made.openssl, "ec", "-in", made.path("client.key"), "-aes128", "-passout", "pass:x", "-out",
                    made.path("locked.key")], check=True, capture_output=True)
    asked = []

    def origin(name):
        async def talk(reader, writer):
            head, _ = await http_request(reader)
            line, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v for k, v in (part.split(": ", 1) for part in lines)}
            path = line.split()[1]
            asked.append((name, path, headers))
            if path.startswith("/to/"):
                writer.write(http_answer(b"", "302 Found", f"Location: {at[path[4:]]}/there"))
            elif path == "/echo":
                writer.write(http_answer(f"you are {headers.get('authorization')}".encode()))
            else:
                writer.write(http_answer(json.dumps(ONE).encode()))
            await writer.drain()
        return talk

    with Raw() as raw:
        at = {name: f"http://127.0.0.1:{raw.serve(origin(name))}" for name in ("own", "other")}
        at["tls"] = f"https://127.0.0.1:{raw.serve(origin('tls'), ssl=tls)}"
        at["strict"] = f"https://127.0.0.1:{raw.serve(origin('strict'), ssl=strict)}"
        yield made, at, asked


def go(folder, servers, steps, target, kind="http", at="own", env=None, words=(), **more):
    """Run a book on one target; who was asked, and how it went."""
    made, where, asked = servers
    asked.clear()
    book = write_book(folder, steps, {"api": {kind: where[at], **target}}, **more)
    result = run("book", "-R", book, "-y", *words, env={**SECRETS, "CURL_CA_BUNDLE": made.ca, **(env or {})})
    return list(asked), result


def step(action):
    return f"  - {{step: A, id: a, budget: 9s, {action}}}\n"


LOGINS = {
    "bearer": ({"bearer": "${env.API_TOKEN}"}, f"Bearer {TOKEN}"),
    "basic": ({"basic": {"user": "me", "password": "${env.API_PASSWORD}"}},
              "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()),
    "header": ({"headers": {"Authorization": "Token ${env.API_TOKEN}"}}, f"Token {TOKEN}"),
}


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("kind, action", [
    ("http", "http: GET /x"), ("http", "http: {url: /x, json: {a: 1}}"), ("http", "metrics: all"),
    ("http", "http: POST /x, look: {http: GET /look}, until: status == 200"),
    ("prometheus", "prometheus: up"), ("prometheus", "metrics: all"),
])
def test_every_request_to_the_target_has_them(servers, tmp_path, login, kind, action):
    target, wanted = LOGINS[login]
    headers = {"X-Scope-OrgID": "team", **target.get("headers", {})}
    source = "{http: GET /metric}, value: time" if kind == "http" else "{prometheus: up}"
    asked, result = go(tmp_path, servers, step(action), {**target, "headers": headers}, kind,
                       platform_more=f"metrics: {{m: {{source: {source}, critical: '> 90'}}}}\n")
    assert result.status == 0 and asked, str(result)
    for _, _, seen in asked:
        assert (seen.get("authorization"), seen.get("x-scope-orgid")) == (wanted, "team"), f"{seen}{result}"
    assert TOKEN not in result.out and PASSWORD not in result.out, str(result)


@pytest.mark.parametrize("login", LOGINS)
def test_no_other_origin_gets_them(servers, tmp_path, login):
    target = {**LOGINS[login][0], "headers": {"X-Tenant": "team", **LOGINS[login][0].get("headers", {})}}
    where = servers[1]
    for action, last in ((f"http: GET {where['other']}/x", "other"), (f"http: 'GET {where['own']}/x'", "own"),
                         ("http: {url: /to/other, follow: true}", "other"), ("http: {url: /to/own, follow: true}", "own")):
        asked, result = go(tmp_path, servers, step(action), target)
        assert result.status == 0 and asked[-1][0] == last, str(result)
        for name, _, seen in asked:
            assert ("authorization" in seen and "x-tenant" in seen) == (name == "own"), f"{asked}{result}"


@pytest.mark.parametrize("login", LOGINS)
def test_no_other_origin_gets_them_for_beginning_alike(servers, tmp_path, login):
    """A URL to be asked is no template, whatever it holds, and a longer port is another server."""
    _, where, asked = servers
    book = write_book(tmp_path, step("http: 'GET ${env.PLACE}'"), {"api": {"http": where["other"][:-1], **LOGINS[login][0]}})
    for path in ("/${x}", "/x?${x}", "/x"):
        asked.clear()
        env = {**SECRETS, "PLACE": where["other"] + path}
        result = run("book", "-R", book, "-y", env=env)
        assert [name for name, _, seen in asked if "authorization" not in seen] == ["other"], f"{asked}{result}"
        shown = fsops("run", "book", "-R", book, "--dry-run", env=env)
        assert shown.status == 0 and where["other"] in shown.out, str(shown)
        assert not re.search("Authorization| -u ", shown.out), str(shown)


def test_its_own_origin_gets_them_whatever_the_url_holds(servers, tmp_path):
    for path in ("/${x}", "?${x}"):
        asked, result = go(tmp_path, servers, step("http: 'GET ${env.PLACE}'"), LOGINS["bearer"][0],
                           env={"PLACE": servers[1]["own"].upper().replace("HTTP", "http") + path})
        assert [seen.get("authorization") for _, _, seen in asked] == [LOGINS["bearer"][1]], f"{asked}{result}"


@pytest.mark.parametrize("words", [["--dry-run"], ["--dry-run=sh"]])
@pytest.mark.parametrize("base, url, shown", [
    ("https://h.example/prom", "https://h.example/other/${w}", True), ("https://h.example/prom", "/other/${w}", True),
    ("https://h.example/prom", "HTTPS://h.example:443/?q=${w}", True), ("https://h.example/p", "https://h.example.org/${w}", False),
    ("https://h.example/prom", "https://h.example:8443/${w}", False), ("https://h.example", "https://h.example${w}/x", False),
    ("https://h.example", "https://${w}/h.example", False), ("https://h.example", "https://h.example:${w}/x", False)])
def test_the_dry_run_shows_them_where_the_run_sends_them(tmp_path, words, base, url, shown):
    """What is not known yet behind the host changes nothing at the origin."""
    steps = (f"  - step: A\n    budget: 9s\n    sequential: true\n    actions:\n"
             f"      - {{id: first, exec: [echo, a], effect: read, capture: {{w: stdout}}}}\n"
             f"      - {{id: then, http: 'GET {url}'}}\n")
    book = write_book(tmp_path, steps, {"api": {"http": base, **LOGINS["bearer"][0]}})
    result = fsops("run", "book", "-R", book, *words, env=SECRETS)
    assert result.status == 0 and ("Authorization" in result.out) == shown, str(result)


def test_a_client_certificate_and_authority_are_not_for_another_origin(servers, tmp_path):
    made, where, _ = servers
    target = {"ca": made.ca, "cert": made.path("client.crt"), "key": made.path("client.key")}
    asked, result = go(tmp_path, servers, step(f"http: GET {where['strict']}/x"), target, at="tls")
    assert not asked and "client certificate" in result.action("a")["why"], str(result)
    asked, result = go(tmp_path, servers, step(f"http: GET {where['strict']}/x"), target, at="tls",
                       env={"CURL_CA_BUNDLE": made.stranger})
    assert not asked and "TLS certificate not valid" in result.action("a")["why"], str(result)


def test_the_actions_own_header_wins(servers, tmp_path):
    asked, result = go(tmp_path, servers, step("http: {url: /x, headers: {authorization: Own, x-tenant: b}}"),
                       {"bearer": "${env.API_TOKEN}", "headers": {"X-Tenant": "a", "X-More": "c"}})
    assert (asked[0][2]["authorization"], asked[0][2]["x-tenant"], asked[0][2]["x-more"]) == ("Own", "b", "c"), str(result)


@pytest.mark.parametrize("login", LOGINS)
def test_what_is_shown_has_no_secret(servers, tmp_path, login):
    """Without being listed under `secrets:`; in the plan, in what is kept, and when the server says it back."""
    book = write_book(tmp_path / "r", step("http: GET /echo"), {"api": {"http": servers[1]["own"], **LOGINS[login][0]}})
    env = {**SECRETS, "FSOPS_STATE": str(tmp_path / "state")}
    shown = [fsops("run", "book", "-R", book, *words, env=env)
             for words in (["--dry-run"], ["--dry-run=json"], ["--dry-run=sh"], ["--plain"], ["--report", tmp_path / "r.html"])]
    assert all(result.status == 0 for result in shown), shown
    assert "***" in shown[0].out and "***" not in shown[2].out
    kept = "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file())
    for text in (kept, *(result.out for result in shown)):
        assert TOKEN not in text and PASSWORD not in text


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("kind, action", [("http", "http: GET /x"), ("prometheus", "prometheus: up"), ("http", "metrics: all")])
def test_the_script_of_the_dry_run_logs_in_from_variables(servers, tmp_path, login, kind, action):
    made, where, asked = servers
    target = {kind: where["strict"], **LOGINS[login][0], "ca": made.ca, "cert": made.path("client.crt"),
              "key": made.path("client.key")}
    book = write_book(tmp_path, step(action), {"api": target},
                      platform_more="metrics: {m: {source: {http: GET /metric}, value: time, critical: '> 90'}}\n"
                      if kind == "http" else "")
    script = fsops("run", "book", "-R", book, "--dry-run=sh", env=SECRETS)
    assert script.status == 0 and TOKEN not in script.out and PASSWORD not in script.out, str(script)
    asked.clear()
    done = subprocess.run(["sh", "-s"], input=script.out, env=environment(**SECRETS), text=True, capture_output=True)
    assert done.returncode == 0 and [seen[2]["authorization"] for seen in asked] == [LOGINS[login][1]], f"{done}{asked}"


@pytest.mark.parametrize("more, says", [
    ({}, "want.* a client certificate.*`cert`"),
    ({"cert": "client.crt", "key": "client.key"}, None),
    ({"cert": "both.pem"}, None),
    ({"cert": "client.crt", "key": "server.key"}, "do the target's `cert` and `key` belong together"),
    ({"cert": "client.crt", "key": "locked.key"}, "without a passphrase"),
    ({"cert": "client.key"}, "client certificate can't be used"),
    ({"cert": "nowhere.crt"}, "the target's `cert`: unable to open '.*/nowhere.crt': No such file"),
    ({"cert": "client.crt", "key": "nowhere.key"}, "the target's `key`: unable to open"),
    ({"cert": "client.crt", "key": "client.key", "ca": "nowhere.crt"}, "the target's `ca`: unable to open"),
    ({"cert": "client.crt", "key": "client.key", "ca": "client.key"}, "check the target's `ca`"),
    ({"cert": "client.crt", "key": "client.key", "ca": "stranger.crt"}, "name its file in the target's `ca`"),
    ({"cert": "foreign.crt", "key": "foreign.key"}, "accept the client certificate"),
])
@pytest.mark.parametrize("kind, action", [("http", "http: GET /x"), ("prometheus", "prometheus: up")])
def test_files(servers, tmp_path, more, says, kind, action):
    """Their names are relative to the platform's file, wherever fsops is started."""
    made = servers[0]
    for name in ("client.crt", "client.key", "server.key", "locked.key", "foreign.crt", "foreign.key", "ca.crt", "stranger.crt"):
        (tmp_path / name).symlink_to(made.path(name))
    (tmp_path / "both.pem").write_text((tmp_path / "client.crt").read_text() + (tmp_path / "client.key").read_text())
    _, result = go(tmp_path, servers, step(action), {"ca": "ca.crt", **more}, kind, at="strict", env={"CURL_CA_BUNDLE": None})
    done = result.action("a")
    assert done["outcome"] == ("failed" if says else "passed"), str(result)
    assert not says or re.search(says, done["why"]), done["why"]


@pytest.mark.parametrize("target, says", [
    ({"http": "https://a", "bearer": "abcdef123"}, "the token stands in the file: take it from a variable"),
    ({"http": "https://a", "basic": {"user": "u", "password": "pw123456"}}, "the password stands in the file"),
    ({"http": "https://a", "headers": {"authorization": "Bearer x"}}, "stands in the file"),
    ({"http": "https://a", "bearer": "${env.T}", "basic": {"user": "u", "password": "${env.P}"}}, "one 'Authorization'"),
    ({"http": "https://a", "bearer": "${env.T}", "headers": {"Authorization": "${env.P}"}}, "one 'Authorization'"),
    ({"prometheus": "https://a", "basic": {"user": "u"}}, "password"),
    ({"prometheus": "https://a", "basic": "u:p"}, "basic"),
    ({"prometheus": "https://a", "headers": {"X Y": "z"}}, "'X Y' is no name for an HTTP header"),
    ({"prometheus": "https://a", "headers": {"X": "a\nb"}}, "line break"),
    ({"http": "https://a", "key": "k.pem"}, "name that in 'cert'"),
    ({"http": "http://a", "ca": "ca.pem"}, "'ca' is for https://"),
    ({"http": "https://a", "cert": ""}, "must name a file"),
    ({"http": "https://a", "token": "x"}, "unknown key 'token'"),
])
def test_what_is_wrong_is_said_at_its_place(tmp_path, target, says):
    book = write_book(tmp_path, step("manual: x"), {"api": target})
    result = fsops("lint", "-R", book)
    assert result.status and "platform.yaml:2:" in result.out + result.err and says in result.out + result.err, str(result)


@pytest.mark.parametrize("target, key", [
    ({"bearer": "${env.API_TOKEN}"}, "bearer"), ({"basic": {"user": "ops", "password": "${env.API_TOKEN}"}}, "password"),
    ({"headers": {"X-Auth": "${env.API_TOKEN}"}}, "X-Auth")], ids=["bearer", "basic", "header"])
def test_a_login_that_is_not_set_is_named_and_is_no_fault_elsewhere(servers, tmp_path, target, key):
    asked, result = go(tmp_path, servers, step("http: GET /x"), target, env={"API_TOKEN": None})
    assert not asked and result.action("a")["why"] == f"the target 'api': its `{key}`: API_TOKEN is not set", str(result)
    asked, result = go(tmp_path, servers, step(f"http: GET {servers[1]['other']}/x"), target, env={"API_TOKEN": None})
    assert result.status == 0 and [name for name, *_ in asked] == ["other"], str(result)


@pytest.mark.parametrize("value, says", [
    ("", "`bearer` is empty"), ("two words", "holds a blank"), ("line\nbreak", "holds a blank"), (None, "API_TOKEN")])
def test_a_token_that_is_none(servers, tmp_path, value, says):
    asked, result = go(tmp_path, servers, step("http: GET /x"), {"bearer": "${env.API_TOKEN}"}, env={"API_TOKEN": value})
    assert not asked and says in result.action("a")["why"] and (not value or value not in result.out), str(result)


PIPE = "it is a named pipe, not a file: write what comes out of it to a file"


@pytest.mark.parametrize("key", ["ca", "cert", "key"])
@pytest.mark.parametrize("kind, action", [("http", "http: GET /x"), ("prometheus", "prometheus: up")])
def test_a_named_pipe_is_no_file(servers, tmp_path, key, kind, action):
    """Nobody writes to it: who opens it waits for ever."""
    made, pipe = servers[0], tmp_path / "pipe"
    os.mkfifo(pipe)
    files = {"ca": made.ca, "cert": made.path("client.crt"), "key": made.path("client.key"), key: str(pipe)}
    asked, result = go(tmp_path, servers, step(action), files, kind, at="strict")
    assert not asked and result.action("a")["why"].endswith(f": the target's `{key}`: unable to read '{pipe}': {PIPE}"), str(result)


@pytest.mark.parametrize("variable", ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_named_pipe_is_no_authority_of_the_machine(servers, tmp_path, variable):
    os.mkfifo(tmp_path / "pipe")
    env = {"CURL_CA_BUNDLE": None, variable: str(tmp_path / "pipe")}
    for action in ("http: GET /x", f"tls: '{servers[1]['tls'].removeprefix('https://')}'"):
        asked, result = go(tmp_path, servers, step(action), {}, at="tls", env=env)
        assert not asked and PIPE in result.action("a")["why"], str(result)
    asked, result = go(tmp_path, servers, step("http: GET /x"), {}, env=env)
    assert result.status == 0 and len(asked) == 1, "without TLS nobody is to be trusted"


def test_a_named_pipe_is_no_authority_for_a_look(servers, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    address = servers[1]["tls"].removeprefix("https://")
    _, result = go(tmp_path, servers, step(f"tls: {{address: '{address}', ca: {tmp_path}/pipe}}"), {})
    assert PIPE in result.action("a")["why"], str(result)


def test_an_empty_certificate_is_none(servers, tmp_path):
    (tmp_path / "empty").touch()
    asked, result = go(tmp_path, servers, step("http: GET /x"), {"cert": str(tmp_path / "empty")}, at="tls")
    assert not asked and result.action("a")["why"].endswith(f"the target's `cert`: the file '{tmp_path}/empty' is empty"), str(result)
