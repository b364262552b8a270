"""A proxy that does not let a request through is named: the server behind it was never asked."""
import re

import pytest
from helpers import run, write_book
from raw import Raw, http_answer, http_request
from sandbox.certs import Certificates

NONE = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"))
TUNNEL = b"HTTP/1.1 200 Connection established\r\nX-From: proxy\r\n\r\n"


def saying(answer):
    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
    return talk


@pytest.fixture(scope="module")
def proxies(tmp_path_factory):
    """Certificates, and the address of a proxy for each way in which one answers."""
    made = Certificates(tmp_path_factory.mktemp("proxy"))
    server, stranger = made.context("server", 5), made.context("unknown", 5, "stranger")

    async def nobody(reader, writer):
        await saying(TUNNEL)(reader, writer)
        await reader.read(100)  # the TLS hello

    async def somebody(reader, writer):
        await saying(TUNNEL)(reader, writer)
        await writer.start_tls(server)
        await saying(http_answer(b"ok"))(reader, writer)

    async def no_tls(reader, writer):
        await reader.read(1)
        writer.write(http_answer(b"", "400 Bad Request"))
        await writer.drain()

    talks = {"no_tls": no_tls, "forbids": saying(http_answer(b"by policy", "403 Forbidden")),
             "login": saying(http_answer(b"", "407 Proxy Authentication Required", "Proxy-Authenticate: Basic")),
             "no_way": saying(http_answer(b"", "502 Bad Gateway")), "silent": saying(b""),
             "garbage": saying(b"220 mail.example.org ESMTP\r\n"), "nobody": nobody, "somebody": somebody}
    with Raw() as raw:
        at = {name: f"http://127.0.0.1:{raw.serve(talk)}" for name, talk in talks.items()}
        at["tls"] = f"https://127.0.0.1:{raw.serve(talks['forbids'], ssl=server)}"
        at["tls_stranger"] = f"https://127.0.0.1:{raw.serve(talks['forbids'], ssl=stranger)}"
        at["no_tls"] = at["no_tls"].replace("http:", "https:")
        at["refused"], at["unknown"], at["socks"] = "http://127.0.0.1:1", "http://no-proxy.invalid:3128", "socks5://127.0.0.1:1"
        yield made, at


def ask(folder, env, url="https://127.0.0.1:2/x", **more):
    book = write_book(folder, f"  - {{step: A, id: a, budget: 9s, http: GET {url}}}\n")
    return run("book", "-R", book, env={**NONE, **env}, **more).action("a")


@pytest.mark.parametrize("name, says", [
    ("forbids", r"the proxy 127.0.0.1:\d+ refused to connect \(status 403\)"),
    ("no_way", r"the proxy 127.0.0.1:\d+ refused to connect \(status 502\)"),
    ("login", r"the proxy 127.0.0.1:\d+ wants a login \(status 407\)"),
    ("refused", "the proxy 127.0.0.1:1 refused the connection"),
    ("socks", "the proxy 127.0.0.1:1 refused the connection"),
    ("unknown", "proxy's name.*no-proxy.invalid.*no_proxy"),
    ("silent", r"the proxy 127.0.0.1 port \d+ closed the connection"),
    ("garbage", "the proxy 127.0.0.1|the proxy's"),
    ("tls", r"the proxy 127.0.0.1:\d+ refused to connect \(status 403\)"),
    ("tls_stranger", "certificate of the proxy 127.0.0.1 is not valid"),
    ("no_tls", "TLS handshake with the proxy 127.0.0.1"),
    ("nobody", "127.0.0.1 port 2"),
])
@pytest.mark.parametrize("variable", ["https_proxy", "all_proxy"])
def test_a_proxy_that_does_not_let_it_through(proxies, tmp_path, name, says, variable):
    done = ask(tmp_path, {variable: proxies[1][name], "CURL_CA_BUNDLE": proxies[0].ca})
    assert done["outcome"] == "failed" and re.search(says, done["why"]), done["why"]
    assert ("the proxy" in done["why"]) == (name != "nobody"), done["why"]
    assert done.get("result", {}).get("status") is None


def test_a_proxy_for_plain_http(proxies, tmp_path):
    for name, says in (("refused", "the proxy 127.0.0.1:1 refused"), ("silent", "the proxy 127.0.0.1 port"),
                       ("login", "wants a login (status 407)"),
                       ("forbids", "status 403 Forbidden, from or through the proxy 127.0.0.1:")):
        done = ask(tmp_path, {"http_proxy": proxies[1][name]}, "http://127.0.0.1:2/x")
        assert done["outcome"] == "failed" and says in done["why"] and "the proxy 127.0.0.1" in done["why"], done["why"]


def test_a_proxy_that_is_no_prometheus(proxies, tmp_path):
    for name, says in (("login", "wants a login (status 407)"),
                       ("forbids", "status 403, from or through the proxy 127.0.0.1:")):
        book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, prometheus: up}\n",
                          targets={"prometheus": {"prometheus": "http://127.0.0.1:2"}})
        done = run("book", "-R", book, env={**NONE, "http_proxy": proxies[1][name]}).action("a")
        assert done["outcome"] == "failed" and says in done["why"] and "no_proxy" in done["why"] + "no_proxy" * (name == "login"), done


def test_a_proxy_of_an_unknown_kind(tmp_path):
    done = ask(tmp_path, {"https_proxy": "nonsense://someone:hunter2@127.0.0.1:1"})
    assert done["outcome"] == "failed" and "the proxy's URL" in done["why"] and "hunter2" not in done["why"], done["why"]


def test_what_the_proxy_says_of_its_tunnel_is_not_the_answer(proxies, tmp_path):
    done = ask(tmp_path, {"https_proxy": proxies[1]["somebody"], "CURL_CA_BUNDLE": proxies[0].ca})
    assert done["outcome"] == "passed" and "x-from" not in done["result"]["headers"], done


@pytest.mark.parametrize("adapter, answer", [
    ("http: GET http://127.0.0.1:2/x", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), ("prometheus: up", b"HTTP/1.1 200 OK\r\n"),
    ("http: GET http://127.0.0.1:2/x", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
])
def test_a_proxy_that_does_answer_is_not_called_silent(tmp_path, adapter, answer):
    async def slow(reader, writer):
        await http_request(reader)
        writer.write(answer)
        await reader.read()

    with Raw() as raw:
        book = write_book(tmp_path, f"  - {{step: A, id: a, budget: 9s, timeout: 500ms, {adapter}}}\n",
                          {"p": {"prometheus": "http://127.0.0.1:2"}})
        done = run("book", "-R", book, env={**NONE, "all_proxy": f"http://127.0.0.1:{raw.serve(slow)}"}).action("a")
    assert done["outcome"] == "timed_out" and "proxy" not in done.get("why", ""), done


@pytest.mark.parametrize("adapter, url", [("http: GET {}/x", "http"), ("http: GET {}/x", "https"), ("prometheus: up", "https")])
def test_a_proxy_that_does_not_answer_is_named_when_the_time_is_up(tmp_path, adapter, url):
    async def silent(reader, _):
        while await reader.read(1000):
            pass

    with Raw() as raw:
        port = raw.serve(silent)
        book = write_book(tmp_path, f"  - {{step: A, id: a, budget: 9s, timeout: 500ms, {adapter.format(url + '://127.0.0.1:2')}}}\n",
                          {"p": {"prometheus": f"{url}://127.0.0.1:2"}})
        done = run("book", "-R", book, env={**NONE, "all_proxy": f"http://127.0.0.1:{port}"}).action("a")
    assert done["outcome"] == "timed_out" and f"no answer from the proxy 127.0.0.1:{port}" in done["why"], done


def test_where_no_proxy_is_used_none_is_named(proxies, tmp_path):
    done = ask(tmp_path, {"https_proxy": proxies[1]["refused"], "no_proxy": "127.0.0.1"})
    assert "connection refused by 127.0.0.1 port 2" in done["why"] and "proxy" not in done["why"], done["why"]


def test_a_password_of_the_proxy_is_not_told(proxies, tmp_path):
    at = proxies[1]["login"].replace("//", "//me:pw-Secret-77@")
    done = ask(tmp_path, {"https_proxy": at})
    assert "wants a login" in done["why"] and "pw-Secret-77" not in str(done), done
