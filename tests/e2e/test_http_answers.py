"""Answers over HTTP as they are seldom but rightly given, and as they must not be taken: for everything that speaks HTTP
by the same code (http, prometheus, s3, channels)."""
import json
import re
import subprocess

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, wait_until, write_book
from raw import Raw, http_answer, http_request

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n"
WHOLE = b"\r\n2\r\nok\r\n0\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nX-Kind: hint\r\nLink: </a>\r\n\r\n"
LOST = "closed the connection"
# name: (what the server says, what the action's sentence holds; None: it passes)
ANSWERS = {
    "trailer": (CHUNKS + b"Trailer: X-Sum\r\n" + WHOLE + b"X-Sum: abc\r\n\r\n", None),
    "trailers": (CHUNKS + WHOLE + b"X-Sum: abc\r\nServer-Timing: db;dur=53\r\n\r\n", None),
    "trailers_that_pose": (CHUNKS + WHOLE + b"Content-Length: 77\r\nX-Kind: trailer\r\n\r\n", None),
    "trailers_torn": (CHUNKS + WHOLE + b"X-Sum: a", LOST),
    "trailers_not_ended": (CHUNKS + WHOLE + b"X-Sum: abc\r\n", LOST),
    "chunk_torn": (CHUNKS + b"\r\n5\r\nok", LOST),
    "last_chunk_missing": (CHUNKS + b"\r\n2\r\nok\r\n", LOST),
    "length_twice": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", None),
    "length_list": (HEAD + b"Content-Length: 2, 2\r\n\r\nok", None),
    "lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\nokok", "two different Content-Lengths, 2 and 4"),
    "lengths_swapped": (HEAD + b"Content-Length: 4\r\nContent-Length: 2\r\n\r\nokok", "two different Content-Lengths"),
    "lengths_list": (HEAD + b"Content-Length: 2, 4\r\n\r\nokok", "two different Content-Lengths"),
    "length_word": (HEAD + b"Content-Length: many\r\n\r\nok", "Content-Length"),
    "length_negative": (HEAD + b"Content-Length: -2\r\n\r\nok", "Content-Length"),
    "length_huge": (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nok", "Content-Length"),
    "length_hex": (HEAD + b"Content-Length: 0x2\r\n\r\nok", "Content-Length"),
    # RFC 9112, 6.3: the chunks say where it ends.
    "chunks_and_length": (CHUNKS + b"Content-Length: 2" + b"\r\n" + WHOLE + b"\r\n", None),
    "hints_first": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + http_answer(b"ok"), None),
    "continue_first": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + http_answer(b"ok"), None),
    "hints_with_a_length": (b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n" + http_answer(b"ok"), None),
    "only_hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", LOST),
    "hints_then_torn": (HINTS + b"HTTP/1.1 200 OK\r\nX-Kind: torn\r\n", "among the headers"),
    "hints_then_lengths": (HINTS + HEAD + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\nokok", "two different Content-Lengths"),
    "hints_then_trailers": (HINTS + CHUNKS + b"X-Kind: head\r\n" + WHOLE + b"X-Kind: trailer\r\n\r\n", None),
    "hints_twice_then_short": (HINTS + HINTS + HEAD + b"Content-Length: 9\r\n\r\nok", "after 2 of 9 bytes"),
    "no_length": (HEAD + b"\r\nok", None),
    "no_content": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", None),
    "not_modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", "status 304"),
    "too_short": (HEAD + b"Content-Length: 9\r\n\r\nok", "after 2 of 9 bytes"),
    "old": (b"ok\n", "not HTTP"),
    "head_torn": (b"HTTP/1.1 200 OK\r\nContent-Le", "among the headers"),
    "moved": (http_answer(b"", "301 Moved Permanently", "Location: https://127.0.0.1:1/new"),
              "status 301 Moved Permanently: moved to https://127.0.0.1:1/new: put that into the target"),
    "see_other": (http_answer(b"", "303 See Other", "Location: /new"), "status 303"),
    "redirect": (http_answer(b"", "308 Permanent Redirect", "Location: /new"), "status 308.*put that into the target"),
    "moved_nowhere": (http_answer(b"", "302 Found"), "status 302 Found"),
}


@pytest.fixture(scope="module")
def server():
    async def talk(reader, writer):
        head, _ = await http_request(reader)
        name = head.split()[1].strip("/")
        asked.append(name)
        writer.write(ANSWERS[name][0])
        await writer.drain()

    asked = []
    with Raw() as raw:
        port = raw.serve(talk)
        yield f"http://127.0.0.1:{port}", asked


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_is_whole_and_what_is_not(server, tmp_path, method):
    actions = "".join(f"      - {{id: {name}, http: {method} /{name}, on_failure: continue}}\n" for name in ANSWERS)
    book = write_book(tmp_path, f"  - step: All\n    id: all\n    budget: 30s\n    actions:\n{actions}",
                      {"web": {"http": server[0]}})
    server[1].clear()
    result = run("book", "-R", book, "-y")
    assert sorted(server[1]) == sorted(ANSWERS), f"each is asked for once{result}"
    for name, (_, piece) in ANSWERS.items():
        done = result.action(name)
        assert done["outcome"] == ("passed" if piece is None else "failed"), f"{name}{done}"
        assert piece is None or re.search(piece, done["why"]), f"{name}: {done['why']}"


IN_DOUBT = "begun, may have taken effect:"


@pytest.mark.parametrize("name", ["moved", "redirect", "see_other", "moved_nowhere"])
def test_a_change_that_was_sent_elsewhere_is_not_among_what_was_changed(server, tmp_path, name):
    """Nor in doubt, where the answer says that the same request is to be sent again (RFC 9110, 15.4)."""
    own = {"FSOPS_STATE": str(tmp_path / "state")}
    book = write_book(tmp_path, f"  - {{step: A, id: a, budget: 9s, http: POST /{name}}}\n", {"web": {"http": server[0]}})
    result = fsops("run", "book", "-R", book, "-y", "--plain", env=own)
    assert result.status == 2 and "changed:" not in result.out and "FAILED" in result.out, str(result)
    assert (IN_DOUBT in result.out) == (name in ("see_other", "moved_nowhere")), str(result)
    report = fsops("report", f"--prom={tmp_path}/p.prom", env=own)
    count = re.search(r"^fsops_run_changes\S* (\d)$", (tmp_path / "p.prom").read_text(), re.M)
    assert count and count[1] == str(int(name in ("see_other", "moved_nowhere"))), str(report)


def test_a_change_that_was_lost_once_stays_in_doubt_when_it_is_then_sent_elsewhere(tmp_path):
    async def talk(reader, writer):
        await http_request(reader)
        asked.append(1)
        writer.write(ANSWERS["head_torn" if len(asked) == 1 else "moved"][0])
        await writer.drain()

    asked = []
    with Raw() as raw:
        book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, http: POST /x, retry: {times: 1, every: 10ms}}\n",
                          {"web": {"http": f"http://127.0.0.1:{raw.serve(talk)}"}})
        result = fsops("run", "book", "-R", book, "-y", "--plain")
    assert len(asked) == 2 and result.status == 2 and IN_DOUBT in result.out, str(result)


def test_a_change_that_was_interrupted_stays_in_doubt_when_it_is_then_sent_elsewhere(tmp_path):
    async def talk(reader, writer):
        await http_request(reader)
        asked.append(1)
        if len(asked) == 1:
            await reader.read()  # until whoever asked is gone
        writer.write(ANSWERS["moved"][0])
        await writer.drain()

    asked = []
    own = {"FSOPS_STATE": str(tmp_path / "state")}
    with Raw() as raw:
        book = write_book(tmp_path / "books", "  - {step: A, id: a, budget: 60s, http: POST /x}\n",
                          {"web": {"http": f"http://127.0.0.1:{raw.serve(talk)}"}})
        child = subprocess.Popen([FSOPS, "run", "book", "-R", book, "-y"], env=environment(**own), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: asked, "the change is in flight")
        child.kill()
        child.wait()
        terminal = Terminal(FSOPS, "resume", "-R", book, "-y", env=environment(**own))
        terminal.answer("[a]bort [?] ", "run\n")
        terminal.answer("[a]bort [?] ", "abort\n")
        assert terminal.end() == 2 and len(asked) == 2, terminal.seen
        assert IN_DOUBT in terminal.seen


def test_trailers_are_not_headers(server, tmp_path):
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, http: GET /trailers_that_pose, "
                      "expect: '!(\"x-kind\" in headers) && body == \"ok\"'}\n", {"web": {"http": server[0]}})
    assert run("book", "-R", book).status == 0


def test_headers_are_those_of_the_answer_not_of_the_hints_before_it(server, tmp_path):
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, http: GET /hints_then_trailers, "
                      "expect: 'headers[\"x-kind\"] == \"head\" && !(\"link\" in headers) && body == \"ok\"'}\n",
                      {"web": {"http": server[0]}})
    result = run("book", "-R", book)
    assert result.status == 0, str(result)


def test_a_message_that_was_answered_with_trailers_is_sent_once(server, tmp_path):
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, notify: {to: [hook], text: hello}}\n", "{}",
                      platform_more=f"channels: {{hook: {{kind: webhook, url: '{server[0]}/trailer'}}}}\n")
    server[1].clear()
    result = run("book", "-R", book, "-y")
    assert result.action("a")["outcome"] == "passed" and server[1].count("trailer") == 1, f"{server[1]}{result}"


TAKEN = ("too_short", "lengths", "chunk_torn", "trailers_torn", "endless")
REFUSED = {"hints_then_refused": "status 403: invalid_token"}
ANSWERS_TO_MESSAGES = {
    "endless": HEAD + b"Content-Length: 9\r\n\r\nok",  # and the connection stays open
    "hints_then_refused": HINTS + b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\ninvalid_token",
}


@pytest.mark.parametrize("name", [*TAKEN, *REFUSED])
def test_a_message_that_the_server_took_is_not_sent_again(tmp_path, name):
    """It has said so with its status, whatever becomes of the rest of the answer; or has said that it never will."""
    async def talk(reader, writer):
        asked.append(await http_request(reader))
        writer.write(ANSWERS_TO_MESSAGES.get(name) or ANSWERS[name][0])
        await writer.drain()
        if name == "endless":
            await reader.read()

    asked = []
    with Raw() as raw:
        more = f"channels: {{hook: {{kind: webhook, url: 'http://127.0.0.1:{raw.serve(talk)}/'}}}}\n"
        text = "  - {step: A, id: a, budget: %s, notify: {to: [hook], text: hello}}\n"
        done = run("book", "-R", write_book(tmp_path, text % "30s", "{}", platform_more=more), "-y").action("a")
        if name == "endless":
            late = run("book", "-R", write_book(tmp_path / "late", text % "1s", "{}", platform_more=more), "-y")
            fact, _ = late.event("notification"), asked.pop()
            assert late.action("a")["outcome"] == "timed_out" and fact["delivered"], f"what is known is said{late}"
    assert len(asked) == 1 and done["outcome"] == ("failed" if name in REFUSED else "passed"), f"{len(asked)}{done}"
    assert name not in REFUSED or REFUSED[name] in done["why"], done


def test_an_answer_that_comes_before_the_request_was_read(tmp_path):
    """The server has made up its mind at the head: what it says counts, and that it did not read on is no matter."""
    async def early(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http_answer(b"too much", "413 Content Too Large"))
        await writer.drain()
        await reader.read(1 << 20)

    with Raw() as raw:
        port = raw.serve(early)
        book = write_book(tmp_path, f"  - {{step: A, id: a, budget: 9s, http: {{url: /x, body: '{'y' * 300000}'}}}}\n",
                          {"web": {"http": f"http://127.0.0.1:{port}"}})
        done = run("book", "-R", book, "-y").action("a")
        assert done["outcome"] == "failed" and "status 413" in done["why"], json.dumps(done)[:500]
