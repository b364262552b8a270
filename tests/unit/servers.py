#!/usr/bin/python3
"""Servers for the unit tests of the adapters over HTTP, each broken in a way of its own.

    servers.py web [CERT KEY]    the path says how it behaves; with TLS when a certificate is given
    servers.py prometheus        answers by the query's text
    servers.py s3                a bucket whose requests' signatures botocore checks

Prints its port, serves until its standard input is closed. Nothing is written to disk.
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
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    handlers = {"web": web, "prometheus": prometheus}
    if kind == "s3":
        import s3_server
        handlers["s3"] = s3_server.handle
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=accept, args=(listener, handlers[kind], context), daemon=True).start()
    os.write(1, b"%d\n" % listener.getsockname()[1])  # print() would write twice
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
