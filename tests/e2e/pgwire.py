"""PostgreSQL's protocol from the server's side, as bytes: for servers that do not keep to it."""
import struct

SSL_CODES = (80877103, 80877104)
CANCEL_CODE = 80877102


def message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


def done(tag):
    return message(b"C", tag.encode() + b"\0")


def error(state, text, severity="ERROR"):
    return message(b"E", f"S{severity}\0V{severity}\0C{state}\0M{text}\0\0".encode())


def ready(status="I"):
    return message(b"Z", status.encode())


WELCOME = (message(b"R", b"\0\0\0\0") + message(b"S", b"client_encoding\0UTF8\0") + message(b"S", b"server_version\x0015.5\0")
           + message(b"K", b"\0\0\0\1\0\0\0\2") + ready())
PREPARED = done("BEGIN") + done("SET") + ready("T")
ONE_COLUMN = message(b"T", b"\0\1n\0" + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0))
PARSED = message(b"1") + message(b"2")


def row(text):
    return message(b"D", struct.pack("!hI", 1, len(text)) + text.encode())


async def startup(reader, writer):
    """The parameters of the client's first packet; TLS is refused on the way."""
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        body = await reader.readexactly(length - 8)
        if code == CANCEL_CODE:
            raise ConnectionError("it only wants another one cancelled")
        if code not in SSL_CODES:
            words = body.rstrip(b"\0").split(b"\0")
            return {k.decode(): v.decode() for k, v in zip(words[::2], words[1::2])}
        writer.write(b"N")


async def statement(reader):
    """What is asked next: a simple query's text, or that of an extended one up to its Sync."""
    sql = ""
    while True:
        kind = await reader.readexactly(1)
        body = await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0] - 4)
        if kind == b"Q":
            return body[:-1].decode()
        if kind == b"P":
            sql = body.split(b"\0")[1].decode()
        if kind == b"S":
            return sql
        if kind == b"X":
            raise ConnectionError("the client said goodbye")


async def greet(reader, writer):
    """Startup, and fsops's own `BEGIN READ ONLY; SET …`: the database's name and the statement itself."""
    database = (await startup(reader, writer))["database"]
    writer.write(WELCOME)
    sql = await statement(reader)
    while "statement_timeout" in sql:
        writer.write(PREPARED if sql.startswith("BEGIN") else done("SET") + ready())
        sql = await statement(reader)
    return database, sql
