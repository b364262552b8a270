"""Reads of the API without a kubectl: whoever the kubeconfig says we are, and by which way.

The kubectl in PATH only notes that it was run: what is native never runs it, what is not known whole always does.
"""
import base64
import json
import os
import pathlib
import ssl
import subprocess

import pytest
from helpers import environment, run, wait_until, write_book
from raw import Raw, http_request
from sandbox.certs import Certificates

PLUGIN = """#!/bin/sh
echo x >>"$HERE/starts"
n=$(wc -l <"$HERE/starts")
%s
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%%s"%%s}}' "$token" "$more"
"""


class Api:
    """A list of pods for who has a good token or a certificate; notes who asked."""

    def __init__(self, made):
        self.made, self.asked, self.good = made, [], {"good-token-1"}
        self.tls = made.context("server", 5)
        self.tls.load_verify_locations(made.ca)
        self.tls.verify_mode = ssl.CERT_OPTIONAL

    def clear(self):
        self.asked, self.good = [], {"good-token-1"}

    async def talk(self, reader, writer):
        peer = writer.get_extra_info("ssl_object").getpeercert()
        while True:
            head, _ = await http_request(reader)
            lines = head.split("\r\n")
            said = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if line)}
            self.asked.append({"line": lines[0], "by": peer and dict(p[0] for p in peer["subject"]), **said})
            token = said.get("authorization", "").removeprefix("Bearer ")
            good = peer or token in self.good
            body = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}
                              if good else {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 401,
                                            "reason": "Unauthorized", "message": "Unauthorized"}).encode()
            writer.write(f"HTTP/1.1 {'200 OK' if good else '401 Unauthorized'}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    api = Api(Certificates(tmp_path_factory.mktemp("login")))
    with Raw() as raw:
        api.raw = raw
        api.port = raw.serve(api.talk, ssl=api.tls)
        yield api


@pytest.fixture
def api(at):
    at.clear()
    return at


def config(api, user, **cluster):
    ca = base64.b64encode(open(api.made.ca, "rb").read()).decode()
    about = {"server": f"https://127.0.0.1:{api.port}/base", "certificate-authority-data": ca, **cluster}
    return {"apiVersion": "v1", "kind": "Config", "current-context": "x",
            "clusters": [{"name": "c", "cluster": {k: v for k, v in about.items() if v is not None}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}]}


def alive(pid):
    try:
        return "zombie" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def go(folder, kubeconfig, actions, head="", env=None, budget="90s"):
    """A run of these actions; its kubeconfig is this data, or a list of files for KUBECONFIG."""
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "kubectl").write_text(f"#!/bin/sh\necho \"$@\" >>{folder}/kubectl-ran\nexit 9\n")
    (bin_ / "kubectl").chmod(0o755)
    if isinstance(kubeconfig, dict):
        (folder / "config").write_text(json.dumps(kubeconfig))
        kubeconfig = folder / "config"
    lines = "".join(f"      - {action}\n" for action in actions)
    book = write_book(folder / "books", f"  - step: A\n    id: a\n    budget: {budget}\n{head}    actions:\n{lines}")
    return run("book", "-R", book, "-y",
               env={"PATH": f"{bin_}:{environment()['PATH']}", "KUBECONFIG": str(kubeconfig), **(env or {})})


def read(number, more=""):
    return f"{{id: r{number}, kubectl: get pods -o json, on_failure: continue{more}}}"


def kubectl_ran(folder):
    return (folder / "kubectl-ran").exists()


def plugin(folder, script='token=good-token-1 more='):
    path = folder / "login plugin"
    path.write_text(PLUGIN % script)
    path.chmod(0o755)
    return {"exec": {"command": "./login plugin", "apiVersion": "client.authentication.k8s.io/v1",
                     "interactiveMode": "IfAvailable", "env": [{"name": "HERE", "value": str(folder)}]}}


def starts(folder):
    return len((folder / "starts").read_text().splitlines())


def results(result, count):
    return [result.action(f"r{n}")["result"] for n in range(count)]


def test_a_plugin_is_started_once_for_eleven_reads_at_once(api, tmp_path):
    result = go(tmp_path, config(api, plugin(tmp_path)), [read(n) for n in range(11)])
    assert result.status == 0 and starts(tmp_path) == 1 and not kubectl_ran(tmp_path), str(result)
    assert [r["exit"] for r in results(result, 11)] == [0] * 11 and len(api.asked) == 11
    assert not any("unverified" in r for r in results(result, 11))
    assert {a["line"] for a in api.asked} == {"GET /base/api/v1/namespaces/shop/pods?limit=500 HTTP/1.1"}


@pytest.mark.parametrize("how", ["budget", "signal"])
def test_a_plugin_that_nobody_answers_ends_with_the_step(api, tmp_path, how):
    """A device code that nobody types in: the step's time, or a person, ends the plugin, and what is to run always does."""
    user = plugin(tmp_path, 'echo $$ >"$HERE/pid"; sleep 60')
    actions = [read(0), read(1)]
    if how == "signal":
        actions.append(f"{{id: stop, shell: 'until [ -s {tmp_path}/pid ]; do sleep 0.1; done; kill -INT $PPID', effect: read}}")
    result = go(tmp_path, config(api, user), actions, budget="3s" if how == "budget" else "60s")
    assert result.status == (2 if how == "budget" else 130), str(result)
    assert [result.action(f"r{n}")["outcome"] for n in range(2)] == ["timed_out" if how == "budget" else "cancelled"] * 2
    assert how == "signal" or "login plugin' of the kubeconfig has not ended" in result.action("r0")["why"]
    wait_until(lambda: not alive(int((tmp_path / "pid").read_text())), "the plugin has ended")


def test_its_token_is_masked_wherever_it_is_shown(api, tmp_path):
    user = plugin(tmp_path, 'token=good-token-1 more=; echo "$token" >"$HERE/known"; echo "the token is $token" >&2')
    result = go(tmp_path, config(api, user), [read(0), f"{{id: e, exec: [cat, {tmp_path}/known]}}"],
                "    sequential: true\n")
    assert result.status == 0 and "good-token-1" not in result.out + result.err, str(result)
    assert result.action("e")["result"]["stdout"] == "***\n"
    assert "the token is ***" in result.action("r0")["result"]["stderr"]


def shown(result, folder):
    """All that a run has told and kept."""
    kept = [p.read_text(errors="replace") for p in (folder / "state").rglob("*") if p.is_file()]
    assert kept
    return "".join([result.out, result.err, *kept])


SAYS = """token=secret-token-1 more=',"clientKeyData":"secret\\nkey-data"'
echo "it is $token" >&2; echo "with key-data" >&2
"""


@pytest.mark.parametrize("end", ["exit 3", "more='} {'", "kill -9 $$"])
def test_what_it_prints_is_masked_when_it_fails(api, tmp_path, end):
    script = SAYS + """printf '{"status": {"token" : "%s"%s}' "$token" "$more"; """ + end
    result = go(tmp_path, config(api, plugin(tmp_path, script)), [read(0)], env={"FSOPS_STATE": str(tmp_path / "state")})
    got = results(result, 1)[0]
    assert got["exit"] == 1 and "it is ***\nwith ***\n" in got["stderr"], str(result)
    assert "secret-token-1" not in shown(result, tmp_path) and "key-data" not in shown(result, tmp_path)


def test_what_it_is_given_is_masked(api, tmp_path):
    user = plugin(tmp_path, 'env >&2; echo "$@" >&2; token=good-token-1 more=')
    args = {"--oidc-client-secret=": "Given-1", "--token ": "Given-2", "CLIENT_SECRET=": "Given-3", "--private-key ": "Given-4",
            "--password=": "Given=5"}
    env = {"AWS_SECRET_ACCESS_KEY": "Given-6", "MY_TOKEN": "Given-7", "DB_PASSWORD": "Given-8", "ENCRYPTION_KEY": "Given-9"}
    open_ = {"TOKEN_CACHE_DIR": "/open-1", "KEYRING": "open-2", "USE_TOKEN": "true", "CLUSTER": "open-3"}
    user["exec"]["args"] = ["get-token", *" ".join(k + v for k, v in args.items()).split(" "), "--token-file", "/open-4",
                            "--token", "--cluster", "open-5"]
    user["exec"]["env"] += [{"name": k, "value": v} for k, v in {**env, **open_}.items()]
    result = go(tmp_path, config(api, user), [read(0)], env={"FSOPS_STATE": str(tmp_path / "state")})
    said = results(result, 1)[0]["stderr"]
    assert result.status == 0 and "Given" not in shown(result, tmp_path), str(result)
    assert ("get-token --oidc-client-secret=*** --token *** CLIENT_SECRET=*** --private-key *** --password=*** "
            "--token-file /open-4 --token --cluster open-5\n") in said
    assert all(f"{name}=***\n" in said for name in env) and all(f"{k}={v}\n" in said for k, v in open_.items())


def test_a_token_that_has_expired_is_asked_for_again(api, tmp_path):
    user = plugin(tmp_path, """token=good-token-1 more=',"expirationTimestamp":"2020-01-01T00:00:00+02:00"'""")
    result = go(tmp_path, config(api, user), [read(n) for n in range(3)], "    sequential: true\n")
    assert result.status == 0 and starts(tmp_path) == 3 and not kubectl_ran(tmp_path), str(result)


def test_a_token_that_is_refused_is_asked_for_once_more(api, tmp_path):
    result = go(tmp_path, config(api, plugin(tmp_path, "token=good-token-$n more=")), [read(0), read(1)],
                "    sequential: true\n")
    assert result.status == 0 and starts(tmp_path) == 1, str(result)
    second = tmp_path / "second"
    second.mkdir()
    api.good = {"good-token-2"}
    result = go(second, config(api, plugin(second, "token=good-token-$n more=")), [read(n) for n in range(5)])
    assert result.status == 0 and starts(second) == 2, str(result)
    third = tmp_path / "third"
    third.mkdir()
    api.good = set()
    result = go(third, config(api, plugin(third, "token=good-token-$n more=")), [read(0)])
    assert results(result, 1)[0]["exit"] == 1 and starts(third) == 2, str(result)
    assert results(result, 1)[0]["stderr"] == "error: You must be logged in to the server (Unauthorized)\n"


FAILURES = {
    "exit 3": "exec: executable {path} failed with exit code 3",
    "echo no; exit 0": "decoding stdout: it is no ExecCredential in JSON",
    "token= more=": "exec plugin didn't return a token or cert/key pair",
    """token=t more=',"clientKeyData":"k"'""": "exec plugin returned only certificate or key, not both",
}


@pytest.mark.parametrize("script", FAILURES)
def test_a_plugin_that_fails(api, tmp_path, script):
    result = go(tmp_path, config(api, plugin(tmp_path, script)), [read(0)])
    why = FAILURES[script].format(path=tmp_path / "login plugin")
    got = results(result, 1)[0]
    assert got["exit"] == 1 and not kubectl_ran(tmp_path), str(result)
    assert got["stderr"] == f"Unable to connect to the server: getting credentials: {why}\n"


def test_a_plugin_that_is_not_there_says_how_to_get_it(api, tmp_path):
    user = plugin(tmp_path)
    user["exec"].update(command="not-installed-login", installHint="Get it from the shop.")
    got = results(go(tmp_path, config(api, user), [read(0)]), 1)[0]
    first, *_, last = got["stderr"].splitlines()
    assert first == "Unable to connect to the server: getting credentials: exec: executable not-installed-login not found"
    assert last == "Get it from the shop."


def test_a_plugin_is_told_of_the_cluster(api, tmp_path):
    user = plugin(tmp_path, 'printf %s "$KUBERNETES_EXEC_INFO" >"$HERE/info"; token=good-token-1 more=')
    user["exec"]["provideClusterInfo"] = True
    result = go(tmp_path, config(api, user, extensions=[{"name": "client.authentication.k8s.io/exec",
                                                         "extension": {"audience": "shop"}}]), [read(0)])
    info = json.loads((tmp_path / "info").read_text())
    assert result.status == 0 and info["kind"] == "ExecCredential" and info["spec"]["interactive"] is False
    cluster = info["spec"]["cluster"]
    assert cluster["server"] == f"https://127.0.0.1:{api.port}/base" and cluster["config"] == {"audience": "shop"}
    assert base64.b64decode(cluster["certificate-authority-data"]) == open(api.made.ca, "rb").read()


def certificate(api, folder, name="on-call"):
    """A client's certificate and key, by the sandbox's authority."""
    key, request, cert = (str(folder / f"client.{end}") for end in ("key", "csr", "crt"))
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", request, "-subj", f"/CN={name}"], check=True, capture_output=True)
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", api.made.ca, "-CAkey", api.made.path("ca.key"),
                    "-CAcreateserial", "-out", cert, "-days", "5"], check=True, capture_output=True)
    return cert, key


@pytest.mark.parametrize("inline", [True, False])
def test_client_certificates(api, tmp_path, inline):
    cert, key = certificate(api, tmp_path)
    user = {"client-certificate": "client.crt", "client-key": key}
    if inline:
        user = {f"{k}-data": base64.b64encode(open(tmp_path / v, "rb").read()).decode() for k, v in user.items()}
        for path in (cert, key):
            (tmp_path / path).unlink()
    result = go(tmp_path, config(api, user), [read(0), read(1)], "    sequential: true\n")
    assert result.status == 0 and not kubectl_ran(tmp_path), str(result)
    assert [a["by"] for a in api.asked] == [{"commonName": "on-call"}] * 2


def test_a_client_certificate_that_is_replaced(api, tmp_path):
    """The new one counts; half of it, or none, leaves the old one."""
    next_ = tmp_path / "next"
    next_.mkdir()
    certificate(api, next_, "next")
    cert, key = certificate(api, tmp_path)
    change = "{id: c%d, exec: [sh, -c, '%s']}"
    result = go(tmp_path, config(api, {"client-certificate": cert, "client-key": key}),
                [read(0), change % (1, f"cp {next_}/client.crt {tmp_path}"), read(1),
                 change % (2, f"cp {next_}/client.key {tmp_path}"), read(2), change % (3, f"rm {key}"), read(3)],
                "    sequential: true\n")
    assert result.status == 0 and not kubectl_ran(tmp_path), str(result)
    assert [a["by"]["commonName"] for a in api.asked] == ["on-call", "on-call", "next", "next"]


@pytest.mark.parametrize("key", ["certificate-authority", "client-certificate", "client-key", "tokenFile"])
def test_a_named_pipe_is_no_file(api, tmp_path, key):
    """Nobody writes to it: who opens it waits for ever."""
    cert, private = certificate(api, tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    user = {"client-certificate": cert, "client-key": private}
    cluster = {}
    if key == "certificate-authority":
        cluster = {"certificate-authority-data": None, key: str(pipe)}
    else:
        user[key] = str(pipe)
    result = go(tmp_path, config(api, user, **cluster), [read(0)])
    assert result.action("r0")["outcome"] == "failed" and not kubectl_ran(tmp_path) and not api.asked, str(result)
    assert result.action("r0")["why"] == (f"kubectl: the kubeconfig's {key}: unable to read '{pipe}': it is a named pipe, "
                                          "not a file: write what comes out of it to a file")


@pytest.mark.parametrize("text, says", [("", "is empty"), (" \n\t\r\n", "is empty"), ("good\x01token", "is no token")])
def test_a_file_without_a_token_is_not_nobody_s_login(api, tmp_path, text, says):
    (tmp_path / "token").write_bytes(text.encode())
    result = go(tmp_path, config(api, {"tokenFile": "token"}), [read(0)])
    assert result.action("r0")["outcome"] == "failed" and not kubectl_ran(tmp_path) and not api.asked, str(result)
    why = result.action("r0")["why"]
    assert why.startswith(f"kubectl: the kubeconfig's tokenFile '{tmp_path}/token' ") and says in why


def test_a_file_with_a_token_that_is_not_there_is_not_nobody_s_login(api, tmp_path):
    result = go(tmp_path, config(api, {"tokenFile": "token"}), [read(0)])
    assert kubectl_ran(tmp_path) and not api.asked, str(result)


def test_several_files(api, tmp_path):
    whole = config(api, {"token": "good-token-1"})
    (tmp_path / "one").write_text(json.dumps({"users": whole["users"], "contexts": whole["contexts"]}))
    (tmp_path / "two").write_text(json.dumps({**whole, "users": [{"name": "u", "user": {"token": "other"}}]}))
    result = go(tmp_path, f"{tmp_path}/one:{tmp_path}/absent:{tmp_path}/two", [read(0)])
    assert result.status == 0 and not kubectl_ran(tmp_path), str(result)


def test_a_token_in_a_file_is_read_each_time(api, tmp_path):
    (tmp_path / "token").write_text(" good-token-1\n")
    api.good |= {"good-token-2"}
    change = f"{{id: c, exec: [sh, -c, 'echo good-token-2 >{tmp_path}/token']}}"
    result = go(tmp_path, config(api, {"tokenFile": "token"}), [read(0), change, read(1)], "    sequential: true\n")
    assert result.status == 0, str(result)
    assert [a["authorization"] for a in api.asked] == ["Bearer good-token-1", "Bearer good-token-2"]


def test_a_kubeconfig_that_has_changed_is_read_again(api, tmp_path):
    whole = json.dumps(config(api, {"token": "good-token-2"}))
    api.good |= {"good-token-2"}
    (tmp_path / "next").write_text(whole)
    change = f"{{id: c, exec: [cp, {tmp_path}/next, {tmp_path}/config]}}"
    result = go(tmp_path, config(api, {"token": "good-token-1"}), [read(0), change, read(1)],
                "    sequential: true\n")
    assert result.status == 0, str(result)
    assert [a["authorization"] for a in api.asked] == ["Bearer good-token-1", "Bearer good-token-2"]


def test_a_name_of_the_certificate_s_own(api, tmp_path):
    result = go(tmp_path, config(api, {"token": "good-token-1"}, **{"tls-server-name": "localhost"}), [read(0)])
    assert result.status == 0 and api.asked[0]["host"] == f"127.0.0.1:{api.port}", str(result)
    second = tmp_path / "second"
    second.mkdir()
    user = {"token": "good-token-1"}
    got = results(go(second, config(api, user, **{"tls-server-name": "other.example"}), [read(0)]), 1)[0]
    assert got["stderr"] == ("Unable to connect to the server: tls: failed to verify certificate: x509: certificate is "
                             "valid for localhost, not other.example\n")


def test_an_authority_that_is_not_the_server_s(api, tmp_path):
    ca = base64.b64encode(open(api.made.stranger, "rb").read()).decode()
    cluster = {"certificate-authority-data": ca}
    got = results(go(tmp_path, config(api, {"token": "t"}, **cluster), [read(0)]), 1)[0]
    assert got["exit"] == 1 and not api.asked
    assert got["stderr"] == ("Unable to connect to the server: tls: failed to verify certificate: x509: certificate "
                             "signed by unknown authority\n")


def test_a_server_that_is_not_verified_is_on_record(api, tmp_path):
    cluster = {"certificate-authority-data": None, "insecure-skip-tls-verify": True}
    result = go(tmp_path, config(api, {"token": "good-token-1"}, **cluster), [read(0)])
    assert result.status == 0 and result.action("r0")["result"]["unverified"] is True, str(result)
    assert not kubectl_ran(tmp_path)


def test_a_server_that_does_not_shake_hands(api, tmp_path):
    async def silent(reader, writer):
        await reader.read(1 << 20)
        await reader.read(1 << 20)

    with Raw() as raw:
        server = f"https://127.0.0.1:{raw.serve(silent)}"
        got = results(go(tmp_path, config(api, {"token": "t"}, server=server), [read(0)]), 1)[0]
    assert got["stderr"] == "Unable to connect to the server: net/http: TLS handshake timeout\n"


def test_a_proxy_of_the_cluster_s_own(api, tmp_path):
    seen = []

    async def proxy(reader, writer):
        head, _ = await http_request(reader)
        seen.append(head.split("\r\n")[0])
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    with Raw() as raw:
        url = f"http://127.0.0.1:{raw.serve(proxy)}"
        got = results(go(tmp_path, config(api, {"token": "t"}, **{"proxy-url": url}), [read(0)],
                         env={"NO_PROXY": "*"}), 1)[0]
    assert seen == [f"CONNECT 127.0.0.1:{api.port} HTTP/1.1"] and not api.asked
    assert got["stderr"] == "Unable to connect to the server: Proxy Authentication Required\n"


def test_somebody_else(api, tmp_path):
    user = {"token": "good-token-1", "as": "deployer", "as-groups": ["a", "b"], "as-user-extra": {"why/not": ["x"]}}
    result = go(tmp_path, config(api, user), [read(0)])
    assert result.status == 0 and api.asked[0]["impersonate-user"] == "deployer", str(result)
    assert api.asked[0]["impersonate-extra-why%2fnot"] == "x"


@pytest.mark.parametrize("user, cluster", [
    ({"auth-provider": {"name": "gcp"}}, {}),
    ({"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"}}, {}),
    ({"token": "t", "username": "u", "password": "p"}, {}),
    ({"token": "t"}, {"proxy-url": "https://127.0.0.1:1"}),
    ({"token": "t"}, {"certificate-authority-data": "bm8gUEVN"}),
    ({"token": "t"}, {"something-new": True}),
])
def test_what_is_not_known_whole_is_kubectl_s(api, tmp_path, user, cluster):
    got = results(go(tmp_path, config(api, user, **cluster), [read(0)]), 1)[0]
    assert got["exit"] == 9 and kubectl_ran(tmp_path) and not api.asked
