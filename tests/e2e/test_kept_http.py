"""Connections over HTTP are kept for a run: how many are made, what is asked twice and what never is."""
import asyncio
import ctypes
import json
import socket
import ssl
import time

import pytest
from helpers import run, write_book
from raw import Raw, http_request
from sandbox.certs import DAY, Certificates


def go_silent(connection):
    """The kernel drops what comes, unread, and acknowledges nothing: a filter of one instruction that takes no byte."""
    refuse = ctypes.create_string_buffer(b"\x06\x00\x00\x00\x00\x00\x00\x00", 8)
    program = ctypes.create_string_buffer(16)
    ctypes.c_uint16.from_buffer(program, 0).value = 1
    ctypes.c_void_p.from_buffer(program, 8).value = ctypes.addressof(refuse)
    connection.setsockopt(socket.SOL_SOCKET, 26, program.raw)  # SO_ATTACH_FILTER


class Server:
    """Keeps connections, counts them, and notes (connection, method, path) of what it reads.

    /last: it closes after the answer, without a word. /eaten: a second request on a connection is read, and the
    connection closed without an answer. /dropped: so is a first one. /silent: it answers four
    at once, and after that is as good as gone."""

    def __init__(self, made):
        self.connections, self.asked, self.resumed = 0, [], 0
        self.tls = made.context("server", 5)
        self.made = made

    def clear(self):
        self.connections, self.asked, self.resumed = 0, [], 0

    async def talk(self, reader, writer):
        self.connections += 1
        number, requests = self.connections, 0
        peer = writer.get_extra_info("ssl_object")
        self.resumed += bool(peer and peer.session_reused)
        while True:
            head, body = await http_request(reader)
            method, path = head.split()[:2]
            self.asked.append((number, method, path))
            requests += 1
            if path == "/dropped" or (path == "/eaten" and requests > 1):
                return
            while path == "/silent" and self.connections < 4:
                await asyncio.sleep(0.01)
            if path == "/silent":  # what goes out is not filtered; after the answer it could be too late
                go_silent(writer.get_extra_info("socket"))
            answer = json.dumps({"connection": number, "body": body.decode()}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
            await writer.drain()
            if path == "/last":
                return


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    server = Server(Certificates(tmp_path_factory.mktemp("kept")))
    with Raw() as raw:
        server.http = f"http://127.0.0.1:{raw.serve(server.talk)}"
        server.https = f"https://127.0.0.1:{raw.serve(server.talk, ssl=server.tls)}"
        yield server


@pytest.fixture
def server(at):
    at.clear()
    return at


def go(folder, server, actions, scheme="https", head="    sequential: true\n", target=None, **more):
    lines = "".join(f"      - {action}\n" for action in actions)
    book = write_book(folder, f"  - step: A\n    id: a\n    budget: 60s\n{head}    actions:\n{lines}",
                      {"web": {"http": getattr(server, scheme), **(target or {})}}, **more)
    return run("book", "-R", book, "-y", "--yes-destroy", env={"CURL_CA_BUNDLE": server.made.ca})


def read(path, number, more=""):
    return f"{{id: r{number}, http: GET {path}, on_failure: continue{more}}}"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_reads_one_after_another_take_one_connection(server, tmp_path, scheme):
    result = go(tmp_path, server, [read("/", n) for n in range(20)], scheme)
    assert result.status == 0 and server.connections == 1, str(result)
    results = [result.action(f"r{n}")["result"] for n in range(20)]
    assert [r["reused"] for r in results] == [False] + [True] * 19
    ends = {r["tls_expires"] for r in results}
    assert len(ends) == 1 and (scheme == "http") == (ends == {None}), "the certificate is known of each"


def test_many_at_once_take_turns(server, tmp_path):
    result = go(tmp_path, server, [read("/", n) for n in range(120)], "http", "")
    assert result.status == 0 and len(server.asked) == 120, str(result)
    assert server.connections <= 50


def test_a_handshake_that_was_made_is_resumed(server, tmp_path):
    result = go(tmp_path, server, [read("/last", n) for n in range(3)])
    assert result.status == 0 and server.connections == 3 and server.resumed == 2, str(result)
    assert [result.action(f"r{n}")["result"]["reused"] for n in range(3)] == [False] * 3
    assert len({result.action(f"r{n}")["result"]["tls_expires"] for n in range(3)} - {None}) == 1


def test_whoever_asks_for_the_certificate_gets_the_one_that_is_there_now(server, tmp_path):
    server.made.renew(server.tls, "server", time.time() + 5 * DAY)
    look = ", expect: 'tls_expires != null'"
    renewed = tmp_path / "go"

    async def renew(reader, writer):
        await http_request(reader)
        server.made.renew(server.tls, "server", time.time() + 9 * DAY)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    with Raw() as raw:
        url = f"http://127.0.0.1:{raw.serve(renew)}/"
        result = go(renewed, server, [read("/", 0, look), read("/", 1), f"{{id: renew, http: GET {url}}}",
                                      read("/", 2), read("/", 3, look)])
    days = [result.action(f"r{n}")["result"]["tls_expires"] for n in range(4)]
    reused = [result.action(f"r{n}")["result"]["reused"] for n in range(4)]
    assert reused == [False, True, True, False], str(result)
    assert days[0] == days[1] == days[2] < days[3], "a kept connection has the certificate that it began with"


def test_a_read_that_met_a_closed_connection_is_made_once_more(server, tmp_path):
    result = go(tmp_path, server, [read("/last", 0), read("/", 1), read("/eaten", 2), read("/", 3)])
    assert result.status == 0, str(result)
    assert server.asked == [(1, "GET", "/last"), (2, "GET", "/"), (2, "GET", "/eaten"), (3, "GET", "/eaten"),
                            (3, "GET", "/")]


@pytest.mark.parametrize("way", ["closed", "handshake", "tunnel"])
def test_a_connection_that_could_not_be_had_is_tried_once(server, tmp_path, way):
    """Closed before a byte of the answer; before TLS was there; by a proxy, which does not get through."""
    tries = []

    async def talk(reader, writer):
        tries.append(await reader.read(1))
        if way == "tunnel":
            await http_request(reader)
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with Raw() as raw:
        place = f"127.0.0.1:{raw.serve(talk)}"
        url = {"closed": f"http://{place}", "handshake": f"https://{place}", "tunnel": "https://web.example"}[way]
        book = write_book(tmp_path, "  - {step: A, id: a, http: GET /}\n", {"web": {"http": url}})
        result = run("book", "-R", book, env={"https_proxy": f"http://{place}"} if way == "tunnel" else {})
    assert result.action("a")["outcome"] == "failed" and result.action("a")["attempts"] == 1, str(result)
    assert len(tries) == 1, str(result)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_kept_connection_that_is_silently_dead_costs_no_time_out(server, tmp_path, scheme):
    at_once = "".join(f"      - {read('/silent', n)}\n" for n in range(4))
    head = f"    actions:\n{at_once}  - step: B\n    id: b\n    budget: 60s\n    sequential: true\n"
    result = go(tmp_path, server, [read("/", 4, ", timeout: 50s"), read("/", 5)], scheme, head)
    assert result.status == 0 and server.connections == 5, str(result)
    assert server.asked[-2:] == [(5, "GET", "/"), (5, "GET", "/")]
    assert result.action("r4")["seconds"] < 30, str(result)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_change_is_never_sent_twice(server, tmp_path, method, scheme):
    """The server reads it and says nothing: it may have been made. libcurl would send it anew over a kept connection."""
    change = f"{{id: change, http: {method} /eaten, on_failure: continue}}"
    lost = f"{{id: lost, http: {method} /dropped, on_failure: continue}}"
    result = go(tmp_path, server, [read("/", 0), read("/", 1), change, lost, read("/", 2)], scheme)
    sent = [(number, path) for number, sent, path in server.asked if sent == method]
    assert sent == [(2, "/eaten"), (3, "/dropped")], str(result)
    assert result.outcomes() == {"r0": "passed", "r1": "passed", "change": "passed", "lost": "failed", "r2": "passed"}
    assert "closed the connection without an answer" in result.action("lost")["why"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_get_that_is_said_to_change_is_never_sent_twice(server, tmp_path, scheme):
    change = "{id: change, http: GET /eaten, effect: change, on_failure: continue}"
    lost = "{id: lost, http: GET /dropped, effect: change, on_failure: continue}"
    result = go(tmp_path, server, [read("/", 0), read("/", 1), change, lost], scheme)
    assert [(number, path) for number, _, path in server.asked[2:]] == [(2, "/eaten"), (3, "/dropped")], str(result)
    assert result.outcomes() == {"r0": "passed", "r1": "passed", "change": "passed", "lost": "failed"}


def test_what_is_asked_again_is_asked_of_whoever_is_there_now(server, tmp_path):
    result = go(tmp_path, server, ["{id: poll, http: GET /, until: json.connection == 2, every: 50ms, timeout: 20s}",
                                   read("/", 1)])
    assert result.outcomes() == {"poll": "passed", "r1": "passed"}, str(result)


def test_after_a_change_all_is_asked_anew(server, tmp_path):
    """It may have led the name to another server."""
    change = "{id: change, exec: \"true\", effect: change}"
    result = go(tmp_path, server, [read("/", 0), read("/", 1), change, read("/", 2), read("/", 3)])
    assert [result.action(f"r{n}")["result"]["reused"] for n in range(4)] == [False, True, False, True], str(result)


def test_identities_are_not_mixed(server, tmp_path):
    """Who trusts another authority must not use a connection that this one would refuse."""
    server.made.context("client", 5)
    targets = {"own": {"http": server.https}, "strange": {"http": server.https, "ca": server.made.stranger},
               "known": {"http": server.https, "cert": server.made.path("client.crt"),
                         "key": server.made.path("client.key")}}
    lines = "".join(f"      - {{id: {name}{n}, target: {name}, http: GET /, on_failure: continue}}\n"
                    for n in (1, 2) for name in targets)
    book = write_book(tmp_path, f"  - step: A\n    id: a\n    budget: 60s\n    sequential: true\n    actions:\n{lines}",
                      targets)
    result = run("book", "-R", book, env={"CURL_CA_BUNDLE": server.made.ca})
    assert result.outcomes() == {"own1": "passed", "own2": "passed", "known1": "passed", "known2": "passed",
                                 "strange1": "failed", "strange2": "failed"}, str(result)
    by = {name: result.action(name)["result"]["body"] for name in ("own1", "own2", "known1", "known2")}
    assert by["own1"] == by["own2"] != by["known1"] == by["known2"]


# ---- HTTP/2 ----

def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


DATA, HEADERS, RESET, SETTINGS, PING, AWAY = 0, 1, 3, 4, 6, 7
END, ACK = 1, 1
STATUS_200 = b"\x88"


class Two:
    """As little of HTTP/2 as libcurl needs: each stream gets `size` bytes, as far as its windows let them through."""

    def __init__(self, size=0, answer=None):
        self.connections, self.streams, self.posts, self.size = 0, 0, 0, size
        self.answer = answer

    async def talk(self, reader, writer):
        self.connections += 1
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            await http_request(reader)
            self.posts += 1
            return
        await reader.readexactly(24)
        writer.write(frame(SETTINGS, 0, 0))
        windows, first, left = {0: 65535}, 65535, {}
        while True:
            head = await reader.readexactly(9)
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            payload = await reader.readexactly(int.from_bytes(head[:3], "big"))
            if kind == SETTINGS and not flags & ACK:
                for at in range(0, len(payload), 6):
                    if payload[at:at + 2] == b"\0\4":
                        first = int.from_bytes(payload[at + 2:at + 6], "big")
                writer.write(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                writer.write(frame(PING, ACK, 0, payload))
            elif kind == 8:
                windows[stream] = windows.get(stream, first) + int.from_bytes(payload, "big")
            elif kind == HEADERS:
                self.streams += 1
                windows.setdefault(stream, first)
                if self.answer:
                    if self.answer(self, writer, stream):
                        return
                    continue
                left[stream] = self.size
                writer.write(frame(HEADERS, 4, stream, STATUS_200))
            elif kind == RESET:
                left.pop(stream, None)
            self.send(writer, windows, left)
            await writer.drain()

    def send(self, writer, windows, left):
        for stream in list(left):
            while True:
                size = min(left[stream], windows[0], windows[stream], 16384)
                left[stream] -= size
                windows[0] -= size
                windows[stream] -= size
                if size or not left[stream]:
                    writer.write(frame(DATA, 0 if left[stream] else END, stream, b"x" * size))
                if not left[stream]:
                    del left[stream]
                    break
                if not size:
                    break


@pytest.fixture
def two(at, tmp_path):
    """two(server): its address."""
    context = at.made.context("two", 5)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Raw() as raw:
        def serve(server):
            server.made, server.https = at.made, f"https://127.0.0.1:{raw.serve(server.talk, ssl=context)}"
            return server
        yield serve


def test_many_share_one_connection_over_http2(two, tmp_path):
    server = two(Two(size=1000))
    result = go(tmp_path, server, [read("/", n, ", expect: 'body.size() == 1000'") for n in range(40)], head="")
    assert result.status == 0 and (server.connections, server.streams) == (1, 40), str(result)
    assert {result.action(f"r{n}")["result"]["tls_expires"] for n in range(40)} != {None}


def test_large_bodies_over_one_connection_all_come_whole(two, tmp_path):
    """More than a window and more than a turn of the loop: each is held back and goes on."""
    server = two(Two(size=6_000_000))
    result = go(tmp_path, server, [read("/", n, ", expect: 'body.size() == 6000000'") for n in range(6)], head="")
    assert result.status == 0 and (server.connections, server.streams) == (1, 6), str(result)


def test_giving_up_one_leaves_the_others_on_the_connection(two, tmp_path):
    def answer(self, writer, stream):
        if self.streams > 1:  # the first one waits for ever
            writer.write(frame(HEADERS, 4 | END, stream, STATUS_200))

    server = two(Two(answer=answer))
    actions = [read("/", 0, ", timeout: 2s")] + [read("/", n) for n in range(1, 4)]
    result = go(tmp_path, server, actions, head="")
    assert result.outcomes() == {"r0": "timed_out", "r1": "passed", "r2": "passed", "r3": "passed"}, str(result)
    assert server.connections == 1


def test_over_http2_too_a_read_is_made_once_more(two, tmp_path):
    """The connection goes away under the second question, unanswered."""
    def answer(self, writer, stream):
        if self.streams == 2:
            return True
        writer.write(frame(HEADERS, 4 | END, stream, STATUS_200))

    server = two(Two(answer=answer))
    result = go(tmp_path, server, [read("/", n) for n in range(3)])
    assert result.status == 0 and (server.connections, server.streams) == (2, 4), str(result)


def test_over_http2_too_a_silently_dead_connection_costs_no_time_out(two, tmp_path):
    def answer(self, writer, stream):
        writer.write(frame(HEADERS, 4 | END, stream, STATUS_200))
        if self.streams == 1:
            go_silent(writer.get_extra_info("socket"))

    server = two(Two(answer=answer))
    result = go(tmp_path, server, [read("/", 0), read("/", 1, ", timeout: 50s"), read("/", 2)])
    assert result.status == 0 and (server.connections, server.streams) == (2, 3), str(result)
    assert result.action("r1")["seconds"] < 30, str(result)


def test_a_change_shares_no_connection(two, tmp_path):
    """Nobody joins it on its way: libcurl would hold its connection for an old one and send it again."""
    def answer(self, writer, stream):
        writer.write(frame(HEADERS, 4 | END, stream, STATUS_200))

    server = two(Two(answer=answer))
    result = go(tmp_path, server, [read("/", 0), "{id: change, http: POST /, on_failure: continue}", read("/", 1)])
    assert result.outcomes() == {"r0": "passed", "change": "failed", "r1": "passed"}, str(result)
    assert (server.streams, server.posts) == (2, 1)
