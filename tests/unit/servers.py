#!/usr/bin/python3
"""Servers for the unit tests of the adapters over HTTP, each broken in a way of its own.

    servers.py web [CERT KEY]    the path says how it behaves; with TLS when a certificate is given
    servers.py prometheus        answers by the query's text
    servers.py s3 FOLDER         the sandbox's S3 (botocore checks each signature) with objects in it
    servers.py s3bad             an S3 whose bucket's name says how it misbehaves

Prints its port, serves until its standard input is closed.
"""
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return None
        data += more
        if data[0] == 0x16:  # a TLS handshake, and we speak plain HTTP
            conn.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return None
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    while len(body) < int(headers.get("content-length", 0)):
        body += conn.recv(65536)
    return {"method": method, "target": target, "headers": headers, "body": body.decode("latin-1")}


def reply(conn, status, body=b"", headers=(), length=None):
    lines = ["HTTP/1.1 %d Whatever" % status]
    lines += ["%s: %s" % h for h in headers]
    lines += ["Content-Length: %d" % (len(body) if length is None else length), "", ""]
    conn.sendall("\r\n".join(lines).encode("latin-1") + body)


def reset(conn):
    """Close with a RST instead of a FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def until_closed(conn):
    while conn.recv(65536):
        pass


def large(conn, size):
    reply(conn, 200, b"", length=size)
    block = b"x" * 65536
    while size:
        piece = block[:size]
        conn.sendall(piece)
        size -= len(piece)


def dribble(conn):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello":
        conn.sendall(bytes([byte]))
        time.sleep(0.005)


def web(conn, request):
    path, _, query = request["target"].partition("?")
    if path.startswith("http://"):  # we are somebody's proxy
        path = "/" + path.split("/", 3)[3]
    words = path.split("/")[1:]
    kind, rest = words[0], words[1:]
    head = request["method"] == "HEAD"
    if kind == "ok":
        reply(conn, 200, b"" if head else b'{"status":"ok","n":[1,2.5]}',
              [("Content-Type", "application/json"), ("X-Two", "a"), ("x-two", "b")], length=27)
    elif kind == "echo":
        reply(conn, 200, json.dumps(request).encode())
    elif kind == "status":
        reply(conn, int(rest[0]), b"" if head else b"no")
    elif kind == "slow":
        time.sleep(int(rest[0]) / 1000)
        reply(conn, 200, b"slow")
    elif kind == "text":
        reply(conn, 200, b"caf\xe9 \x00 end")
    elif kind == "hang":
        until_closed(conn)
    elif kind == "half":
        reply(conn, 200, b"0123456789", length=100)
    elif kind == "head":
        conn.sendall(b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Ty")
    elif kind == "reset":
        reply(conn, 200, b"0123456789", length=100)
        time.sleep(0.05)
        reset(conn)
    elif kind == "nothing":
        pass
    elif kind == "garbage":
        conn.sendall(b"\x16\x03garbage, not HTTP\n" * 9)
    elif kind == "dribble":
        dribble(conn)
    elif kind == "large":
        large(conn, int(rest[0]))
    elif kind == "headers":
        reply(conn, 200, b"x", [("X-%d" % i, "y" * 90) for i in range(2700)])
    elif kind == "circle":
        reply(conn, 302, b"round", [("Location", "/circle")])
    elif kind == "to":
        reply(conn, 302, b"elsewhere", [("Location", urllib.parse.unquote(query))])
    else:
        reply(conn, 404, b"what?")


PROMETHEUS = {
    "one": {"resultType": "vector", "result": [{"metric": {"job": "app"}, "value": [1.5, "0.25"]}]},
    "two": {"resultType": "vector", "result": [
        {"metric": {"pod": "a"}, "value": [1, "1"]}, {"metric": {"pod": "b"}, "value": [1, "NaN"]}]},
    "none": {"resultType": "vector", "result": []},
    "nan": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "NaN"]}]},
    "inf": {"resultType": "scalar", "result": [1, "+Inf"]},
    "scalar": {"resultType": "scalar", "result": [1, "42"]},
    "string": {"resultType": "string", "result": [1, "hello"]},
    "matrix": {"resultType": "matrix", "result": [
        {"metric": {"pod": "a"}, "values": [[1, "1"], [2, "3"]]}]},
    "odd": {"resultType": "vector", "result": [{"metric": 7, "value": "what"}]},
    "alien": {"resultType": "tensor", "result": []},
}


def prometheus(conn, request):
    query = urllib.parse.parse_qs(request["body"]).get("query", [""])[0]
    if request["method"] != "POST" or request["target"] != "/base/api/v1/query":
        reply(conn, 404, b"404 page not found")
    elif query in PROMETHEUS:
        reply(conn, 200, json.dumps({"status": "success", "data": PROMETHEUS[query]}).encode())
    elif query == "html":
        reply(conn, 502, b"<html>Bad Gateway</html>")
    elif query == "plain":
        reply(conn, 200, b"hello")
    else:
        reply(conn, 400, json.dumps({"status": "error", "errorType": "bad_data",
                                     "error": "1:1: parse error: unexpected " + query}).encode())


def xml_list(keys, token=None):
    body = "".join("<Contents><Key>%s</Key><LastModified>2026-11-%02dT00:00:00.000Z</LastModified>"
                   "<Size>%d</Size></Contents>" % (k, n % 28 + 1, n) for n, k in enumerate(keys))
    if token:
        body += "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>" % token
    return "<ListBucketResult>%s</ListBucketResult>" % body


def xml_error(code, message="what happened", more=""):
    return "<Error><Code>%s</Code><Message>%s</Message>%s<StringToSign>s3cr3t</StringToSign></Error>" % (
        code, message, more)


BOMB = ("<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'>" +
        "".join("<!ENTITY %s '%s'>" % (b, "&%s;" % a * 10) for a, b in zip("abcdefgh", "bcdefghi")) +
        "]><ListBucketResult><Contents><Key>&i;</Key></Contents></ListBucketResult>")
PLAIN = {
    "bomb": (200, BOMB),
    "torn": (200, xml_list(["a"])[:-30]),
    "html": (200, "<html><body>hello</body></html>"),
    "words": (200, "hello"),
    "nothing": (200, ""),
    "deep": (200, "<ListBucketResult>" + "<a>" * 50),
    "longkey": (200, xml_list(["k" * 5000])),
    "oddsize": (200, xml_list(["a"]).replace("<Size>0", "<Size>-1")),
    "oddtime": (200, xml_list(["a"]).replace("2026-", "yesterday")),
    "tokenless": (200, xml_list(["a"], "x").replace("<NextContinuationToken>x</NextContinuationToken>", "")),
    "circle": (200, xml_list(["a"], "again")),
    "late": (200, xml_error("InternalError")),
    "region": (301, xml_error("PermanentRedirect", "The bucket is elsewhere", "<Region>eu-west-1</Region>")),
    "expired": (400, xml_error("ExpiredToken", "The provided token has expired.")),
    "denied": (403, xml_error("AccessDenied", "Access Denied")),
    "gateway": (502, "<html>Bad Gateway</html>"),
    "bare": (403, ""),
}


def s3bad(conn, request):
    path, _, query = request["target"].partition("?")
    bucket, _, key = path.strip("/").partition("/")
    token = urllib.parse.parse_qs(query).get("continuation-token", ["0"])[0]
    if bucket in PLAIN:
        status, body = PLAIN[bucket]
        reply(conn, status, b"" if request["method"] == "HEAD" else body.encode(), length=len(body))
    elif bucket == "endless":
        first = int(token)
        reply(conn, 200, xml_list(range(first, first + 1000), first + 1000).encode())
    elif bucket == "half":
        reply(conn, 200, b"\x1f\x8b0123456789", length=100)
        conn.close()
    elif bucket == "large":
        large(conn, int(key))
    else:
        until_closed(conn)


TRICKY = ["plain", "a b", "a+b", "a%20b", "100%", "ünï/cödé", "a//b", "./a", "a/../b", "~-._", "q?x=1&y", "#h",
          "(x)[y]{z}", "'quote'\"", "a=b,c;d:e@f!$*", "back\\slash", "tab\there", "<&>", "\u65e5\u672c", "trailing/"]


def fill(store):
    import gzip
    now = 1795000000
    text = b"".join(b"line %d\n" % i for i in range(1, 1001))
    packed = gzip.compress(text)
    for n, key in enumerate(TRICKY):
        store.buckets.setdefault("tricky", {})
        path = os.path.join(store.folder, "tricky-%d" % n)
        os.makedirs(store.folder, exist_ok=True)
        with open(path, "wb") as f:
            f.write(key.encode())
        store.add("tricky", key, len(key.encode()), lambda path=path: open(path, "rb"), now + n)
    for n in range(2500):
        store.buckets.setdefault("many", {})
        store.add("many", "k/%04d" % (n * 7919 % 2500), n, lambda: None, now + n)
    store.make_bucket("empty")
    store.put("backups", "db/old.sql.gz", gzip.compress(b"old"), now)
    store.put("backups", "db/new.sql.gz", packed, now + 60)
    store.add("backups", "db/", 0, lambda: None, now + 120)
    store.put("backups", "other/torn.sql.gz", packed[:-500], now)
    store.put("backups", "other/header.gz", packed[:5], now)
    store.put("backups", "other/flipped.gz", packed[:900] + b"\xff\x00\xff" + packed[903:], now)
    store.put("backups", "other/crc.gz", packed[:-8] + b"\0\0\0\0" + packed[-4:], now)
    store.put("backups", "other/two.gz", packed + gzip.compress(b"tail\n"), now)
    store.put("backups", "other/padded.gz", packed + bytes(100), now)
    store.put("backups", "other/trailing.gz", packed + b"more", now)
    store.put("backups", "other/misnamed.gz", b"plain text\n", now)
    store.put("backups", "other/plain.txt", b"plain text\n", now)
    store.put("backups", "other/empty.gz", b"", now)
    store.put("backups", "other/long.gz", gzip.compress(b"x" * 100000 + b"\nend"), now)
    store.put("backups", "other/large.gz", gzip.compress(b"\x01" * (64 * 1024 * 1024), 1), now)
    store.put("backups", "other/last/ok.gz", packed, now)


def sandbox_s3(folder):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
    from sandbox.s3 import S3
    store = S3(folder)
    fill(store)
    store.start()
    return store.server.server_address[1]


def serve(conn, handler, context):
    try:
        if context:
            conn = context.wrap_socket(conn, server_side=True)
        while True:
            request = read_request(conn)
            if not request:
                return
            handler(conn, request)
            # One request a connection, so that how a reply ends is what was asked for.
            if handler is web:
                return
    except OSError:
        pass
    finally:
        conn.close()


def accept(listener, handler, context):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, handler, context), daemon=True).start()


def main(kind, *files):
    context = None
    if kind == "s3":
        os.write(1, b"%d\n" % sandbox_s3(*files))
        sys.stdin.read()
        os._exit(0)
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    handlers = {"web": web, "prometheus": prometheus, "s3bad": s3bad}
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=accept, args=(listener, handlers[kind], context), daemon=True).start()
    os.write(1, b"%d\n" % listener.getsockname()[1])  # print() would write twice
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
