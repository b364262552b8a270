"""Servers that fail in every way: one coroutine a fault, to be served by `raw.Raw`.

FAULTS are of the connection alone and fit every protocol; HTTP, POSTGRES and REDIS begin as these protocols do and then go
wrong; whole(…) makes those that die in the middle of an answer."""
import asyncio
import contextlib
import os
import socket
import struct

from pgwire import ONE_COLUMN, PARSED, greet, message, row, startup

DRIP = 0.1  # a byte each so many seconds
FLOOD = 65536
OK = b"HTTP/1.1 200 OK\r\n"


async def heard(reader):
    """What the other side says first, or that it says nothing: with mail it is the server who begins."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(reader.read(FLOOD), 0.3)


def reset(writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silence(reader, _=None):
    while await reader.read(FLOOD):
        pass


async def forever(writer, piece, pause=0.0):
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(pause)


def says(text, then=silence):
    """Hear what is asked, say this, and then be silent, close or reset."""
    async def talk(reader, writer):
        await heard(reader)
        writer.write(text)
        await writer.drain()
        await then(reader, writer)
    return talk


async def close(_, writer):
    await asyncio.sleep(0)


async def cut(_, writer):
    await asyncio.sleep(0.05)  # so that what was said arrives before
    reset(writer)


async def half_closed(reader, writer):
    writer.write_eof()
    await silence(reader)


async def close_unheard(_, writer):
    writer.close()


async def reset_unheard(_, writer):
    reset(writer)


def floods(piece, first=b""):
    async def talk(reader, writer):
        await heard(reader)
        writer.write(first)
        await forever(writer, piece)
    return talk


def drips(text, first=b""):
    """A byte at a time, and never an end."""
    async def talk(reader, writer):
        await heard(reader)
        writer.write(first)
        while True:
            for byte in text:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(DRIP)
    return talk


NOISE = bytes(range(128, 256)) * 512

FAULTS = {
    "black_hole": silence, "close_unheard": close_unheard, "reset_unheard": reset_unheard,
    "close": says(b"", close), "reset": says(b"", cut), "half_close": half_closed,
    "garbage": says(b"\x00\xff\x1b[31m garbage \r\n\r\n" * 20, close), "garbage_then_silence": says(os.urandom(300) + b"\n"),
    "garbage_endless": floods(NOISE), "nul_endless": floods(b"\0" * FLOOD), "lines_endless": floods(b"\n" * FLOOD),
    "drip": drips(b"x"), "drip_nul": drips(b"\0"),
    "tls_hello_then_silence": says(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"), "tls_alert": says(b"\x15\x03\x03\0\2\2\x28", close),
    "speaks_ssh": says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "speaks_mail": says(b"421 mail.example.org closing\r\n", close),
}


def whole(answer, offsets):
    """The beginnings of an answer, then the connection ends."""
    return {f"dies_after_{n}": says(answer[:n], close) for n in offsets} | {f"reset_after_{offsets[-1]}": says(answer[:offsets[-1]], cut)}


HTTP = {
    "length_huge": says(OK + b"Content-Length: 9223372036854775807\r\n\r\nabc"),
    "length_huge_closed": says(OK + b"Content-Length: 9223372036854775807\r\n\r\nabc", close),
    "length_over": says(OK + b"Content-Length: 99999999999999999999\r\n\r\nabc", close),
    "lengths_differ": says(OK + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", close),
    "headers_endless": floods(b"".join(b"X-%d: yyyyyyyyyyyyyyyy\r\n" % n for n in range(500)), OK),
    "header_endless": floods(b"y" * FLOOD, OK + b"X-Long: "),
    "hints_endless": floods(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 200),
    "slow_headers": drips(b"X-Slow: yyyyy\r\n", OK),
    "slow_body": drips(b"x", OK + b"Content-Length: 100000\r\n\r\n"),
    "chunk_too_large": says(OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc", close),
    "chunk_negative": says(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n", close),
    "chunk_torn": says(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", close),
    "trailer_torn": says(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: a", close),
    "redirect": says(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n", close),
    "redirect_to_file": says(b"HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", close),
    "old": says(b"hello, this is HTTP/0.9\n", close), "status_500": says(b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nabc", close),
    "status_none": says(b"HTTP/1.1 abc def\r\nContent-Length: 3\r\n\r\nabc", close),
    "nul_in_head": says(b"HTTP/1.1 200 OK\r\nX-\0: a\0b\r\nContent-Length: 9\r\n\r\nab\0", close),
}
# Whole answers over HTTP that are not what was asked for.
PAGES = {
    "page": says(OK + b"Content-Length: 15\r\n\r\n<html>Hi</html>", close),
    "empty": says(OK + b"Content-Length: 0\r\n\r\n", close),
    "half_a_text": says(OK + b"Content-Length: 21\r\n\r\n{\"status\": \"success\", ", close),
    "body_endless": floods(b" " * FLOOD, OK + b"\r\n"), "body_of_nul": says(OK + b"Content-Length: 9\r\n\r\n" + b"\0" * 9, close),
    "deep": says(OK + b"Content-Length: 100000\r\n\r\n" + b"[" * 100000, close),
}


def pg_after(text, then=silence):
    """The statement is heard, then this is said."""
    async def talk(reader, writer):
        await greet(reader, writer)
        writer.write(text)
        await writer.drain()
        await then(reader, writer)
    return talk


def pg_floods(piece, first=b"", connected=True):
    async def talk(reader, writer):
        await (greet if connected else startup)(reader, writer)
        writer.write(first)
        await forever(writer, piece)
    return talk


def pg_says(text, then=silence):
    async def talk(reader, writer):
        await startup(reader, writer)
        writer.write(text)
        await writer.drain()
        await then(reader, writer)
    return talk


NOTICE = message(b"N", b"SNOTICE\0C00000\0Mhello \x1b[31m\0\0")
AUTH = message(b"R", b"\0\0\0\0")

POSTGRES_CONNECT = {
    "no_auth": pg_says(b""), "auth_torn": pg_says(b"R\0\0\0", close), "auth_unknown": pg_says(message(b"R", b"\0\0\0\x63"), close),
    "auth_then_silence": pg_says(AUTH), "auth_then_closed": pg_says(AUTH, close), "auth_huge": pg_says(b"R\x7f\xff\xff\xff" + b"x" * 999),
    "parameters_endless": pg_floods(b"".join(message(b"S", b"p%d\0v\0" % n) for n in range(9999)), AUTH, False),
    "notices_endless": pg_floods(NOTICE * 99, b"", False),
    "refuses": pg_says(message(b"E", b"SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0"), close),
}
POSTGRES_STATEMENT = {
    "statement_unanswered": pg_after(b""), "statement_closed": pg_after(b"", close), "statement_reset": pg_after(b"", cut),
    "notices_after": pg_floods(NOTICE * 99),
    "parameters_after": pg_floods(message(b"S", b"a\0" + b"v" * 99 + b"\0") * 99), "row_torn": pg_after((PARSED + ONE_COLUMN + row("x" * 99))[:60], close),
    "row_huge": pg_after(PARSED + ONE_COLUMN + b"D\x7f\xff\xff\xff\0\1"), "undone": pg_after(PARSED + message(b"Z", b"I")),
    "garbage_after": pg_after(NOISE[:999], close), "copy": pg_after(PARSED + message(b"H", b"\0\0\0") + message(b"d", b"x" * 99)),
    "rows_endless": pg_floods(row("x" * 60000), PARSED + ONE_COLUMN), "error": pg_after(
        message(b"E", b"SERROR\0VERROR\0C42601\0Mbad \x1b]0;x\x07\xff\0\0") + message(b"Z", b"I")),
}

REDIS = {
    "length_negative": says(b"$-2\r\n"), "length_huge": says(b"$9223372036854775807\r\nabc"),
    "list_huge": says(b"*2147483647\r\n"), "list_over": says(b"*4294967296\r\n"), "text_torn": says(b"$5\r\nab", close),
    "text_endless": floods(b"x" * FLOOD, b"$1073741824\r\n"), "deep": says(b"*1\r\n" * 99 + b"+x\r\n"),
    "pushes_endless": floods(b">2\r\n+message\r\n+x\r\n" * 99), "no_end": says(b"+PONG"), "no_end_closed": says(b"+PON", close),
    "error": says(b"-ERR \x1b[2J bad \xff\r\n"), "slow": drips(b"x", b"$1000000\r\n"), "loading": says(b"-LOADING Redis is loading\r\n"),
}


def mail_says(*lines, then=silence):
    """The dialogue up to these answers, one to each command."""
    async def talk(reader, writer):
        for line in lines[:-1]:
            writer.write(line + b"\r\n")
            await reader.readline()
        writer.write(lines[-1])
        await writer.drain()
        await then(reader, writer)
    return talk


MAIL = {
    "greeting_torn": mail_says(b"220 mai", then=close), "greeting_only": mail_says(b"220 mail\r\n"),
    "greeting_drips": drips(b"220-mail\r\n"), "refuses": mail_says(b"554 no\r\n", then=close),
    "lines_endless": floods(b"220-mail\r\n" * 999), "hello_unanswered": mail_says(b"220 mail", b""),
    "sender_refused": mail_says(b"220 mail", b"250 mail", b"550 no\r\n"),
    "recipient_refused": mail_says(b"220 mail", b"250 mail", b"250 ok", b"550 no\r\n"),
    "data_refused": mail_says(b"220 mail", b"250 mail", b"250 ok", b"250 ok", b"451 full\r\n"),
    "text_unanswered": mail_says(b"220 mail", b"250 mail", b"250 ok", b"250 ok", b"354 go\r\n"),
    "text_closed": mail_says(b"220 mail", b"250 mail", b"250 ok", b"250 ok", b"354 go\r\n", then=close),
}
