"""Whatever a server or a command answers, the loop is back in time: budgets end and signals are seen."""
import gzip
import pathlib
import socket
import subprocess
import threading
import time
import zlib

import pytest
from helpers import FSOPS, environment, write_book

BUDGET = 2
# What the loop may be kept by one callback, and what may pass until the end: much more than is seen, for busy machines.
TURN = 2
LATE = 20
MIB = 1 << 20
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIATURNS", "AWS_SECRET_ACCESS_KEY": "not-needed-here"}
OBJECT = (b"<Contents><Key>%d</Key><LastModified>2026-11-20T03:04:05.000Z</LastModified><ETag>e</ETag><Size>1</Size>"
          b"</Contents>")
LIST = b"<?xml version='1.0'?><ListBucketResult>"


def endless(piece, head=b""):
    """A body without end, in large writes."""
    yield head
    block = piece * (1 + 65536 // len(piece))
    while True:
        yield block


def crumbs(body):
    """Each byte a chunk of its own."""
    for block in body:
        yield b"".join(b"1\r\n%c\r\n" % byte for byte in block)


def bomb():
    """Gzip that unpacks to a thousand times its size, and does not end."""
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield pack.compress(b"x" * MIB) + pack.flush(zlib.Z_FULL_FLUSH)
    block = pack.compress(b"x" * MIB) + pack.flush(zlib.Z_FULL_FLUSH)
    yield from endless(block)


def head(*more, status="200 OK"):
    return "\r\n".join([f"HTTP/1.1 {status}", *more, "", ""]).encode()


CHUNKED = head("Transfer-Encoding: chunked")


def whole(body, kind="application/json"):
    yield head(f"Content-Length: {len(body)}", f"Content-Type: {kind}") + body


def stream(pieces, begin=head("Connection: close")):
    yield begin
    yield from pieces


class Server:
    """Answers everything with the same bytes."""

    def __init__(self, answer):
        self.answer = answer
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            connection.recv(65536)
            for piece in self.answer():
                connection.sendall(piece)
        except OSError:
            pass
        finally:
            connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


HTTP = "http: GET /\n        target: web\n        expect: "
S3_LS = "s3: ls\n        target: bucket"
VERIFY = "s3: verify x.gz\n        target: bucket"
REDIS = "redis: GET x\n        target: cache"

# What is asked, what is answered.
HOSTILE = {
    "list, a token without end": (S3_LS, lambda: stream(endless(b"x"))),
    "list, a tag without end": (S3_LS, lambda: stream(endless(b"x", b"<"))),
    "list, a comment without end, in crumbs": (S3_LS, lambda: stream(crumbs(endless(b"x", b"<!--")), CHUNKED)),
    "list, text in crumbs": (S3_LS, lambda: stream(crumbs(endless(b"x", LIST)), CHUNKED)),
    "list, attributes": (S3_LS, lambda: stream(endless(b" a='b'", b"<a"))),
    "list, empty elements": (S3_LS, lambda: stream(endless(b"<a/>", LIST))),
    "list, one page of 100,000 objects": (S3_LS + "\n        expect: objects.size() > 0", lambda: whole(
        LIST + b"".join(OBJECT % i for i in range(100000)) + b"</ListBucketResult>", "application/xml")),
    "error, a token without end": (S3_LS, lambda: stream(endless(b"x"), head(status="500 No"))),
    "gzip, a bomb": (VERIFY, lambda: stream(bomb())),
    "gzip, empty members without end": (VERIFY, lambda: stream(endless(gzip.compress(b"")))),
    "gzip, empty blocks without end": (VERIFY, lambda: stream(endless(b"\0\0\0\xff\xff", gzip.compress(b"x")[:10]))),
    "http, a body without end": (HTTP + "body.size() > 0", lambda: stream(endless(b"x"))),
    "http, a body in crumbs": (HTTP + "body.size() > 0", lambda: stream(crumbs(endless(b"x")), CHUNKED)),
    "http, headers without end": (HTTP + "status == 200", lambda: stream(endless(b"a: b\r\n"), b"HTTP/1.1 200 OK\r\n")),
    "http, 100 without end": (HTTP + "status == 200", lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "http, JSON of 16 MiB of digits": (HTTP + "json != null", lambda: whole(b"1" * (15 * MIB))),
    "http, JSON of 16 MiB of a text": (HTTP + "json != null", lambda: whole(b'"' + b"\\u0041" * (2 * MIB) + b'"')),
    "http, JSON of 16 MiB, deep": (HTTP + "json != null", lambda: whole(b"[" * (15 * MIB))),
    "redis, a list without end": (REDIS, lambda: endless(b":1\r\n", b"*99999999\r\n")),
    "redis, lists in lists": (REDIS, lambda: endless(b"*1\r\n")),
    "redis, a text without end": (REDIS, lambda: endless(b"x", b"$500000000\r\n")),
    "redis, a status without end": (REDIS, lambda: endless(b"x", b"+")),
    "redis, a status in pieces": (REDIS, lambda: iter(lambda: b"+" if not time.sleep(0.0001) else b"", None)),
    "command, output without end": ("exec: [yes]\n        effect: read", None),
    "command, one line without end": ("shell: cat /dev/zero | tr '\\0' x\n        effect: read", None),
    "command, zeros without end": ("exec: [cat, /dev/zero]\n        effect: read", None),
    "command, sixty costly captures": (
        "exec: [python3, -c, 'print(chr(97) * 200000)']\n        effect: read\n        capture:\n" + "".join(
            f"          c{i}: lists.range(900).all(i, !stdout.contains(\"aaaaaaaaaaaaab\"))\n" for i in range(60)), None),
    "command, sixty costly conditions": (
        "exec: [python3, -c, 'print(chr(97) * 200000)']\n        effect: read\n        expect:\n" + "".join(
            f"          - lists.range(900).all(i, !stdout.contains(\"aaaaaaaaaaaaab\"))\n" for i in range(60)), None),
    "command, lines of 16 MiB": ("shell: yes '' | head -c 16000000\n        effect: read\n        expect: lines.size() > 0", None),
}


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    library = tmp_path_factory.mktemp("probe") / "turns.so"
    source = pathlib.Path(__file__).with_name("turn_probe.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-o", library, source, "-ldl", "-lpthread"], check=True)
    return library


def targets(port):
    at = f"127.0.0.1:{port}"
    return {"web": {"http": f"http://{at}"}, "monitor": {"prometheus": f"http://{at}"}, "cache": {"redis": f"redis://{at}"},
            "bucket": {"s3": "s3://b", "endpoint": f"http://{at}", "region": "us-east-1"}}


def begin(folder, probe, action, port):
    book = write_book(folder, f"""
  - step: Look
    budget: {BUDGET}s
    actions:
      - id: it
        {action}
  - step: Go on
    actions:
      - {{exec: [echo, went-on], effect: read}}
""", targets(port), platform_more="secrets: [AWS_SECRET_ACCESS_KEY]\n")
    env = environment(LD_PRELOAD=str(probe), TURNS=str(folder / "turns"), ASAN_OPTIONS="verify_asan_link_order=0",
                      **CREDENTIALS)
    return subprocess.Popen([FSOPS, "run", "book", "-R", book, "--plain"], env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_answer_keeps_the_loop(name, probe, tmp_path):
    action, answer = HOSTILE[name]
    with Server(answer) as server:
        began = time.monotonic()
        child = begin(tmp_path, probe, action, server.port)
        out = child.communicate(timeout=60)[0].decode(errors="replace")
        took = time.monotonic() - began
    turn = float((tmp_path / "turns").read_text()) if (tmp_path / "turns").exists() else 0
    assert "went-on" in out
    assert turn < TURN, f"one turn took {turn} s"
    assert took < BUDGET + LATE, out[-2000:]


@pytest.mark.parametrize("name", ["list, text in crumbs", "gzip, a bomb", "http, a body in crumbs", "command, zeros without end"])
def test_a_signal_is_seen(name, probe, tmp_path):
    action, answer = HOSTILE[name]
    with Server(answer) as server:
        child = begin(tmp_path, probe, action, server.port)
        time.sleep(0.7)
        child.terminate()
        asked = time.monotonic()
        child.communicate(timeout=60)
        took = time.monotonic() - asked
    assert child.returncode == 143
    assert took < LATE
