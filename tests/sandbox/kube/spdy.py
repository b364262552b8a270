"""SPDY/3.1 as far as `kubectl exec` and `port-forward` need it.

One TLS connection carries many streams, each with headers and bytes both
ways.  Invariant: OpenSSL is never used by two threads at once, so reading
waits with select and everything else holds the lock.
"""
import queue
import select
import ssl
import struct
import threading
import zlib

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1
PIECE = 16384
WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status").split() + [
    "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"]
REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.")
# The dictionary of the specification; both sides must have the same to the byte.
DICTIONARY = b"".join(struct.pack(">I", len(w)) + w.encode() for w in WORDS) + REST.encode()


class Stream:
    def __init__(self, session, number, headers):
        self.session, self.number, self.headers = session, number, headers
        self.inbox = queue.Queue()  # bytes, and None at the end

    def write(self, data):
        for at in range(0, len(data), PIECE):
            self.session.send_data(self.number, data[at:at + PIECE])

    def close(self):
        self.session.send_data(self.number, b"", FIN)


class Session:
    def __init__(self, connection):
        self.connection = connection
        self.lock = threading.Lock()
        self.inflate = zlib.decompressobj(zdict=DICTIONARY)
        self.deflate = zlib.compressobj(zdict=DICTIONARY)
        self.streams = {}

    def serve(self, opened):
        """Read frames until the client goes away; `opened(stream)` is told of each new stream."""
        try:
            while True:
                head = self._read(8)
                flags, length = head[4], int.from_bytes(head[5:8], "big")
                body = self._read(length)
                if head[0] & 0x80:
                    self._control(int.from_bytes(head[2:4], "big"), body, flags, opened)
                else:
                    self._arrived(int.from_bytes(head[:4], "big"), body, flags)
        except OSError:
            for stream in self.streams.values():
                stream.inbox.put(None)

    def _control(self, kind, body, flags, opened):
        if kind == SYN_STREAM:
            number = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
            stream = Stream(self, number, self._headers(body[10:]))
            self.streams[number] = stream
            self._send_control(SYN_REPLY, struct.pack(">I", number), b"\0\0\0\0")
            opened(stream)
            if flags & FIN:
                stream.inbox.put(None)
        elif kind == RST_STREAM:
            self._arrived(int.from_bytes(body[:4], "big"), b"", FIN)
        elif kind == PING:
            self._send(b"\x80\x03" + struct.pack(">HI", PING, len(body)) + body)
        elif kind == GOAWAY:
            raise ConnectionError("the client says goodbye")

    def _headers(self, block):
        data = self.inflate.decompress(block)
        found, at = {}, 4
        for _ in range(int.from_bytes(data[:4], "big")):
            pair = []
            for _ in range(2):
                size = int.from_bytes(data[at:at + 4], "big")
                pair.append(data[at + 4:at + 4 + size].decode())
                at += 4 + size
            found[pair[0].lower()] = pair[1]
        return found

    def _arrived(self, number, data, flags):
        stream = self.streams.get(number)
        if stream and data:
            stream.inbox.put(data)
        if stream and flags & FIN:
            stream.inbox.put(None)

    def _send_control(self, kind, body, block):
        with self.lock:
            packed = self.deflate.compress(block) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
            body += packed
            self.connection.sendall(b"\x80\x03" + struct.pack(">HI", kind, len(body)) + body)

    def send_data(self, number, data, flags=0):
        try:
            self._send(struct.pack(">I", number) + bytes([flags]) + len(data).to_bytes(3, "big") + data)
        except OSError:
            pass  # the reader notices too, and ends the session

    def _send(self, frame):
        with self.lock:
            self.connection.sendall(frame)

    def _read(self, size):
        data = b""
        while len(data) < size:
            if not self.connection.pending():
                select.select([self.connection], [], [])
            with self.lock:
                data += self._receive(size - len(data))
        return data

    def _receive(self, size):
        self.connection.setblocking(False)
        try:
            data = self.connection.recv(size)
        except (ssl.SSLWantReadError, BlockingIOError):
            return b""
        finally:
            self.connection.setblocking(True)
        if not data:
            raise ConnectionError("the client is gone")
        return data
