"""No secret in any form in anything that fsops shows, keeps or sends; what is computed from one; who gets which."""
import base64
import html
import http.server
import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import tempfile
import threading
import urllib.parse

import pytest
from helpers import FSOPS, fsops, run

SECRETS = int(os.environ.get("FSOPS_TEST_MASKED", "60"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SIGNS = LETTERS + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


def forms(secret):
    """What Python's library makes of a text with the secret in it, independent of how fsops reads it: {what is printed:
    what of it is nothing but the secret}."""
    data = secret.encode()
    found = {secret, secret.replace("'", "'\\''"), json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[2:-2],
             html.escape(secret), urllib.parse.quote(secret), urllib.parse.quote(secret, safe=""),
             urllib.parse.quote_plus(secret), data.hex(), data.hex().upper(), data.hex(":"), shlex.quote(secret)[1:-1],
             "".join(f"&#{byte};" for byte in data), "".join(f"\\x{byte:02x}" for byte in data),
             json.dumps(secret)[1:-1].translate({ord(c): f"\\u00{ord(c):02x}" for c in "&<>"})}
    found = {form: form for form in found if secret in form or len(form) > len(secret)}
    for before in ("", "u", "us", "user:"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode((before + secret + "\n").encode()).decode()
            found[whole] = whole[(len(before) * 8 + 5) // 6:(len(before) + len(data)) * 8 // 6]
    return found


def some_secrets(count):
    seed = int(os.environ.get("FSOPS_TEST_SEED") or random.SystemRandom().randrange(2 ** 32))
    print(f"seed {seed}")
    chance = random.Random(seed)
    return ["".join(chance.choice(LETTERS if i in (0, 1, size - 1) else SIGNS) for i in range(size))
            for size in (chance.randrange(8, 40) for _ in range(count))]


def leaks(secrets, text):
    return sorted({form for secret in secrets for form in forms(secret).values() if form in text})


@pytest.fixture
def hook():
    """An address that takes messages: (URL, what came)."""
    came = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            came.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/services/T0HOOKPATH/B0SECRETPART", came
        server.shutdown()


def book(folder, text, platform="platform: lab\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "platform.yaml").write_text(platform)
    (folder / "book.yaml").write_text("runbook: book\ntitle: Book\nsteps:\n" + text)
    return str(folder)


def kept(*folders):
    return "\n".join(p.read_text(errors="replace") for f in folders for p in pathlib.Path(f).rglob("*") if p.is_file())


PRINTER = """
import json, os, sys
for line in json.load(open(sys.argv[1])):
    sys.stdout.write(line); sys.stdout.flush()
sys.stderr.write(os.environ["S0"] + " is why\\n")
sys.exit(1)
"""


def test_no_form_of_a_secret_is_in_any_sink(tmp_path, hook):
    secrets = some_secrets(SECRETS)
    env = {f"S{i}": secret for i, secret in enumerate(secrets)} | {"FSOPS_STATE": str(tmp_path / "state"), "HOOK": hook[0]}
    lines = [f"{form}\n" for secret in secrets for form in sorted(forms(secret))]
    text = base64.encodebytes("".join(secrets).encode()).decode()
    # Reads end anywhere.
    whole = "".join(lines) + text
    (tmp_path / "lines").write_text(json.dumps([whole[i:i + 37] for i in range(0, len(whole), 37)]))
    (tmp_path / "printer.py").write_text(PRINTER)
    folder = book(tmp_path / "book", f"""
  - step: Say ${{env.S1}}
    budget: 60s
    actions:
      - {{id: say, exec: [/usr/bin/python3, {tmp_path}/printer.py, {tmp_path}/lines], effect: read, severity: warning}}
      - {{id: told, notify: {{to: hook, text: "S2 is ${{env.S2}} and ${{results.say.stderr}}"}}}}
      - {{id: wrong, exec: ["${{env.S3}}", "${{env.S4.reverse()}}"], effect: read, severity: warning}}
""", "platform: lab\nchannels:\n  hook: {kind: webhook, url: '${env.HOOK}', on: [run.started, failed, run.finished]}\n"
         f"secrets: [{', '.join(f'S{i}' for i in range(SECRETS))}]\n")
    reports = [word for end in ("md", "html", "json", "xml", "prom") for word in ("--report", str(tmp_path / f"out.{end}"))]
    seen = [run("book", "-R", folder, "-y", *reports, env=env)]
    for words in (("--dry-run",), ("--dry-run=sh",), ("--dry-run=json",), ("-q",), ("-y", "--plain", "-v")):
        seen.append(fsops("run", "book", "-R", folder, *words, env=env))
    for words in (["log"], ["report"], ["report", "--json"], ["history"]):
        seen.append(fsops(*words, env=env))
    assert "***" in seen[0].out and seen[0].status == 1, str(seen[0])
    assert len(hook[1]) >= 2, hook[1]
    everything = "\n".join(r.out + r.err for r in seen) + "\n".join(hook[1]) + kept(tmp_path / "state") + "\n".join(
        (tmp_path / f"out.{end}").read_text() for end in ("md", "html", "json", "xml", "prom"))
    assert leaks([*secrets, secrets[4][::-1]], everything) == []
    assert "B0SECRETPART" not in everything


DERIVED = """
  - step: Compute
    budget: 20s
    sequential: true
    actions:
      - id: made
        exec: [echo, "${env.TOK.upperAscii()}", "${env.TOK.substring(1)}", "${env.TOK.split('').join('-')}"]
        effect: read
        capture: {turned: "env.TOK.reverse()", part: "stdout.substring(2, 12)", count: "size(env.TOK)", same: "env.TOK == 'x'"}
      - id: header
        http: {url: "http://127.0.0.1:9/", headers: {X-Basic: "Basic ${base64.encode(bytes('me:' + env.TOK))}"}}
        severity: info
      - {id: again, exec: [echo, "${turned}", "${part}", "${turned.lowerAscii().replace('a', '4')}"], effect: read}
      - {id: each, exec: [echo, "${item}"], effect: read, for_each: "[env.TOK.replace('T', 'tt'), 'plain']"}
      - {id: inside, runbook: {name: inner, vars: {given: "${env.TOK.substring(3)}"}}}
      - {id: plain, exec: [echo, "${count}", "${same}", "${env.TOK.startsWith('q')}"], effect: read}
      - {id: wrong, exec: [echo, "${int(env.TOK.upperAscii())}"], effect: read, severity: info}
"""
INNER = ("runbook: inner\ntitle: Inner\nvars: {given: {required: true}}\nsteps:\n"
         "  - {step: Show, budget: 5s, exec: [echo, \"${given}\"], effect: read}\n")


def test_what_is_computed_from_a_secret_is_one(tmp_path):
    token = "qT0ken&Val7xyz"
    folder = book(tmp_path / "book", DERIVED, "platform: lab\nsecrets: [TOK]\n")
    (tmp_path / "book" / "inner.yaml").write_text(INNER)
    env = {"TOK": token, "FSOPS_STATE": str(tmp_path / "state")}
    report = tmp_path / "out.html"
    result = run("book", "-R", folder, "--report", str(report), env=env)
    others = [fsops("run", "book", "-R", folder, *words, env=env)
              for words in (["--dry-run"], ["--dry-run=sh"], ["--dry-run=json"], ["-v"])]
    everything = "\n".join(r.out + r.err for r in (result, *others)) + kept(tmp_path / "state") + report.read_text()
    turned = token[::-1]
    made = [token, token.upper(), token[1:], token[3:], "-".join(token), turned, turned.lower().replace("a", "4"),
            token.replace("T", "tt")]
    assert leaks(made, everything) == []
    assert base64.b64encode(f"me:{token}".encode()).decode()[4:] not in everything
    # Neither a count nor a comparison is one, nor what stands beside.
    assert [e["text"] for e in result.events("action.output", action="plain")] == ["14 false true\n"], str(result)
    assert "plain" in result.out


# What a shell makes of $S0, and what must not be seen of it then.
TOOLS = {
    "printenv S0 | grep --color=always Word": "hunterPass",
    'printf "user:%s" "$S0" | base64 | xxd -p': "705a584a515958",
    'printf %s "$S0" | xxd -p | xxd -p': "353732353036313733",
    'echo "GET /v1/$(printf %s "$S0" | base64 | base64)"': "YUhWdWRHVn",
    r"""(printf '\377\1'; printf %s "$S0" | base64) | base64""": "ZEdWeVVHRnpj",
    r"""printf '%s\n' '{"k": "hunter\u001b[1mPass\u001b[mWordQ9x"}'""": "WordQ9x",
    "printenv S0 | grep --color=always Word | base64": "aHVudGVy",
    r"printf '\033]8;;http://h/?k=hunter%%50assWordQ9x\033\\here\033]8;;\033\\'": "WordQ9x",
}


@pytest.mark.parametrize("command", TOOLS)
def test_what_tools_make_of_a_secret_is_masked(tmp_path, command):
    folder = book(tmp_path / "book", f"  - step: Say\n    budget: 20s\n    shell: {json.dumps(command + '; echo; echo all said')}\n"
                  "    effect: read\n", "platform: lab\nsecrets: [S0]\n")
    env = {"S0": "hunterPassWordQ9x", "FSOPS_STATE": str(tmp_path / "state")}
    result = fsops("run", "book", "-R", folder, "-v", env=env)
    shown = [line for line in result.out.splitlines() if line.lstrip().startswith("| ")]
    assert result.status == 0 and "***" in "".join(shown) and "all said" in "".join(shown), str(result)
    assert TOOLS[command] not in "".join(shown), str(result)


OWN = """
  - step: Show
    budget: 20s
    sequential: true
    actions:
      - {id: all, exec: [env], effect: read}
      - {id: db, postgres: SELECT 1, severity: info}
      - {id: ask, http: {url: "http://127.0.0.1:9/", headers: {X-Api-Key: key-of-the-house}}, severity: info}
      - {id: files, shell: "cat $PASSFILE; echo key-of-the-house", effect: read}
"""


def test_what_fsops_reads_by_itself_is_a_secret(tmp_path):
    env = {"PGPASSWORD": "pg-env-pass", "FSOPS_REDIS_PASSWORD": "redis-env-pass", "REDISCLI_AUTH": "redis-cli-pass",
           "AWS_SECRET_ACCESS_KEY": "aws-secret-key", "AWS_SESSION_TOKEN": "aws-session-token",
           "https_proxy": "http://me:proxy-pass@127.0.0.1:9", "http_proxy": "me:pass-of-a-proxy@127.0.0.1:9", "FSOPS_STATE": str(tmp_path / "state")}
    folder = book(tmp_path / "book", OWN, "platform: lab\ntargets:\n  db: {postgres: 'host=127.0.0.1 port=9 user=me'}\n")
    result = run("book", "-R", folder, env=env)
    for name in ("pg-env-pass", "redis-env-pass", "redis-cli-pass", "aws-secret-key", "aws-session-token", "proxy-pass", "pass-of-a-proxy",
                 "key-of-the-house"):
        assert name not in result.out + kept(tmp_path / "state"), f"{name}{result}"
    passfile = tmp_path / "pgpass"
    passfile.write_text("127.0.0.1:9:*:me:pass-of-the-file\n")
    passfile.chmod(0o600)
    env = {"PGPASSFILE": str(passfile), "PASSFILE": str(passfile), "FSOPS_STATE": str(tmp_path / "state2")}
    result = run("book", "-R", folder, env=env)
    assert "pass-of-the-file" not in result.out + kept(tmp_path / "state2") and "127.0.0.1:9:*:me:***" in result.out


CREDENTIALS = {
    "DB_PASSWORD": "correct-horse battery staple", "API_TOKEN": "Bearer of-good-news", "Authorization": "Odd5 scheme-of-mine",
    "PROXY_AUTHORIZATION": "Basic dXNlcjpwYXNzd29yZA==", "PROFILE_TOKEN": "tok-of-a-profile", "pass_phrase": "no credential",
    "FILESERVER_PASSWORD": "hunter2hunter2", "FILE_API_TOKEN": "tok-of-file-api", "FILE_PATH_PASSWORD": "pass-of-file-path",
    "TOKEN_PROFILE": "tok-in-profile", "pathToken": "tok-behind-path"}


def test_a_credential_with_blanks_is_one_as_a_whole(tmp_path):
    places = {"TOKEN_FILE": "/run/one/token", "passwordFile": "/run/two/password", "SECRET_FILE_PATH": "/run/three/secret",
              "PASSWORD_FILES": "/run/four/files", "TOKENFILE": "/run/five/token", "credentialPath": "/run/six/login"}
    words = ["correct-horse battery staple", "<correct-horse>", "Bearer of-good-news", "<of-good-news>",
             "<scheme-of-mine>", "<dXNlcjpwYXNzd29yZA==>", "<tok-of-a-profile>", "<no credential>", *places.values(),
             *list(CREDENTIALS.values())[6:]]
    action = {"id": "all", "exec": {"argv": ["echo", *words], "env": {**CREDENTIALS, **places}}, "effect": "read"}
    folder = book(tmp_path / "book", f"  - {{step: Show, budget: 10s, actions: [{json.dumps(action)}]}}\n")
    result = run("book", "-R", folder)

    said = "".join(e["text"] for e in result.events("action.output", action="all", stream="stdout"))
    assert said.split("\n")[0] == ("*** <correct-horse> *** <***> <***> <***> <***> <no credential> "
                                   "/run/one/token /run/two/password /run/three/secret /run/four/files /run/five/token /run/six/login "
                                   "*** *** *** *** ***"), result


CHILDREN = """
  - step: Show
    budget: 20s
    sequential: true
    actions:
      - {id: plain, exec: [env], effect: read}
      - {id: script, shell: "env", effect: read}
      - {id: narrow, exec: [env], effect: read, inherit: [KEEP_*, ONE]}
      - {id: named, exec: [env], effect: read, inherit: [HOOK_URL]}
      - {id: kubectl, kubectl: get pods, severity: info}
      - {id: used, shell: 'echo "$USED_TOO"', effect: read}
"""


def names(result, action):
    text = "".join(e["text"] for e in result.events("action.output", action=action, stream="stdout"))
    return {line.split("=")[0] for line in text.splitlines()}


def test_who_gets_which_variables(tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "kubectl").write_text("#!/bin/sh\nexec env\n")
    (tools / "kubectl").chmod(0o755)
    folder = book(tmp_path / "book", CHILDREN, "platform: lab\ntargets:\n  k: {kubectl: {}, inherit: [LOGIN_*]}\n"
                  "channels:\n  hook: {kind: webhook, url: '${env.HOOK_URL}'}\n"
                  "  mail: {kind: webhook, url: 'http://127.0.0.1:9/', headers: {A: '${env.USED_TOO}'}}\n")
    env = {"HOOK_URL": "http://127.0.0.1:9/secret", "USED_TOO": "some-value", "KEEP_A": "1", "ONE": "1", "OTHER": "1",
           "LOGIN_KEY": "1", "PATH": f"{tools}:{os.environ['PATH']}", "FSOPS_STATE": str(tmp_path / "state"),
           "FSOPS_KUBECTL": "always"}
    result = run("book", "-R", folder, env=env)
    for action in ("plain", "script"):
        assert {"KEEP_A", "ONE", "OTHER", "USED_TOO", "LOGIN_KEY"} <= names(result, action), str(result)
        assert "HOOK_URL" not in names(result, action)
    assert {"KEEP_A", "ONE", "PATH", "FSOPS_CALL"} <= names(result, "narrow")
    assert not {"OTHER", "HOOK_URL", "LOGIN_KEY", "USED_TOO"} & names(result, "narrow")
    assert "HOOK_URL" in names(result, "named")
    assert "LOGIN_KEY" in names(result, "kubectl") and not {"OTHER", "ONE"} & names(result, "kubectl"), str(result)
    assert result.events("action.output", action="used"), str(result)


@pytest.mark.parametrize("action, complaint", [
    ("{exec: [env], effect: read, inherit: [A-B]}", "'inherit' takes names of environment variables"),
    ("{http: 'http://127.0.0.1:9/', inherit: [A]}", "'inherit' is for commands (exec, shell, kubectl): http starts none"),
])
def test_inherit_that_is_wrong_is_named_with_its_place(tmp_path, action, complaint):
    folder = book(tmp_path / "book", f"  - step: A\n    actions:\n      - {action}\n")
    result = fsops("lint", "-R", folder)
    assert result.status == 65 and complaint in result.out + result.err and "book.yaml:6:" in result.out + result.err, \
        str(result)


def test_the_memory_is_closed_to_others_of_the_same_user():
    """As somebody who is not root: a command that fsops starts cannot read the environment of fsops."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="fsops-closed-") as name:
        folder = pathlib.Path(name)
        shutil.copy(FSOPS, folder / "fsops")
        book(folder / "book", "  - step: Look\n    budget: 20s\n    actions:\n"
             "      - {shell: 'cat /proc/$PPID/environ || echo closed; grep -c . /proc/$$/environ', effect: read}\n"
             "  - step: Hang\n    budget: 1s\n    shell: 'setsid sleep 300 & sleep 300'\n    effect: read\n")
        (folder / "state").mkdir()
        subprocess.run(["chmod", "-R", "go+rX", name], check=True)
        words = [str(folder / "fsops"), "run", "book", "-R", str(folder / "book"), "--plain"]
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "65534", name], check=True)
            words = ["setpriv", "--reuid=65534", "--clear-groups", *words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "FSOPS_STATE": str(folder / "state"), "HOME": name})
        assert "closed" in done.stdout and "ended: sleep 300" in done.stdout, done.stdout + done.stderr
