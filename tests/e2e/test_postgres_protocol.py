"""A PostgreSQL, or what stands between, that does not say how a statement ended: that is no success, and a change is in
doubt."""
import asyncio
import os
import re
import struct

import pytest
from helpers import run, write_book
from pgwire import ONE_COLUMN, PARSED, WELCOME, done, error, greet, message, ready, row, startup, statement
from raw import Raw

ROWS = PARSED + ONE_COLUMN + row("1")
UNDONE = "did not say that it was done"
DOUBT = "look whether the change was made"
# name: (what is answered to the statement, then the connection is closed; what is said of a read; of a change)
ANSWERS = {
    "proper": (ROWS + done("SELECT 1") + ready(), None, None),
    "tag": (PARSED + message(b"n") + done("DELETE 1") + ready(), None, None),
    "nothing": (ready(), UNDONE, f"{UNDONE}.*{DOUBT}"),
    "parsed": (PARSED + message(b"n") + ready(), UNDONE, f"{UNDONE}.*{DOUBT}"),
    "rows": (ROWS + ready(), UNDONE, f"{UNDONE}.*{DOUBT}"),
    "no_rows": (PARSED + ONE_COLUMN + ready(), UNDONE, f"{UNDONE}.*{DOUBT}"),
    "empty": (PARSED + message(b"n") + message(b"I") + ready(), UNDONE, f"{UNDONE}.*{DOUBT}"),
    "suspended": (ROWS + message(b"s") + ready(), "postgres", "postgres"),
    "error_after": (ROWS + done("DELETE 1") + error("23503", "violates a deferred constraint") + ready(),
                    "deferred constraint", "deferred constraint"),
    "closed_before": (ROWS, "broke while the statement ran", DOUBT),
    "closed_after": (ROWS + done("DELETE 1"), "broke while the statement ran", DOUBT),
    "closed_at_once": (b"", "broke while the statement ran", DOUBT),
}
COPIES = {kind: message(code, b"\0\0\0") for kind, code in (("out", b"H"), ("in", b"G"), ("both", b"W"))}
for _kind, _begun in COPIES.items():
    ANSWERS[f"copy_{_kind}"] = (PARSED + _begun, "COPY can't be used here", "COPY can't be used here")
    ANSWERS[f"copy_{_kind}_after"] = (ROWS + done("SELECT 1") + _begun, "COPY can't be used here", "COPY can't be used here")
PREPARE = {
    "unbegun": done("SET") + ready(),
    "unsaid": ready("T"),
    "begun_only": done("BEGIN") + ready("T"),
}


def books(folder, port, names, action):
    targets = {n: {"postgres": f"host=127.0.0.1 port={port} dbname={n} user=u sslmode=disable"} for n in names}
    actions = "".join(f"      - {{id: {n}, target: {n}, on_failure: continue, postgres: {action}}}\n" for n in names)
    return write_book(folder, f"  - step: All\n    id: all\n    budget: 30s\n    actions:\n{actions}", targets)


@pytest.mark.parametrize("action, side", [("SELECT 1", 1), ("DELETE FROM t WHERE id = 1", 2)])
def test_how_a_statement_ends(tmp_path, action, side):
    async def talk(reader, writer):
        database, _ = await greet(reader, writer)
        writer.write(ANSWERS[database][0])
        await writer.drain()

    with Raw() as raw:
        book = books(tmp_path, raw.serve(talk), ANSWERS, action)
        result = run("book", "-R", book, "-y", "--yes-destroy")
    for name, answer in ANSWERS.items():
        ended, says = result.action(name), answer[side]
        assert ended["outcome"] == ("failed" if says else "passed"), f"{name}{ended}"
        assert not says or re.search(says, ended["why"]), f"{name}: {ended['why']}"


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_instead_of_an_end_does_not_keep_the_cancelling_busy(tmp_path, kind):
    async def talk(reader, writer):
        try:
            await greet(reader, writer)
        except ConnectionError:
            asked.set()
            raise
        await asked.wait()
        writer.write(COPIES[kind])
        await writer.drain()
        await reader.read()

    asked = asyncio.Event()
    with Raw() as raw:
        book = write_book(tmp_path, "  - {step: A, id: a, budget: 1s, postgres: SELECT 1}\n", {
            "db": {"postgres": f"host=127.0.0.1 port={raw.serve(talk)} dbname=d user=u sslmode=disable"}})
        result = run("book", "-R", book)
    assert asked.is_set() and result.action("a")["outcome"] == "timed_out", str(result)


def test_what_a_large_row_takes_to_read_is_not_held_against_the_server(tmp_path):
    """One row of JSON, and a moment later its end: the time that goes by is our own."""
    async def talk(reader, writer):
        await greet(reader, writer)
        json_column = message(b"T", b"\0\1n\0" + struct.pack("!IhIhih", 0, 0, 114, -1, -1, 0))
        writer.write(PARSED + json_column + row("[" + ",".join(["1.7e300"] * 1000000) + "]"))
        await writer.drain()
        await asyncio.sleep(1)
        writer.write(done("SELECT 1") + ready())

    with Raw() as raw:
        result = run("book", "-R", books(tmp_path, raw.serve(talk), ["db"], "SELECT 1"))
    assert result.action("db")["outcome"] == "passed", str(result.action("db"))[:500]


def test_a_read_needs_its_read_only_transaction(tmp_path):
    """If it is not said to have begun, nothing is sent into it."""
    async def talk(reader, writer):
        database = (await startup(reader, writer))["database"]
        writer.write(WELCOME)
        assert "BEGIN READ ONLY" in await statement(reader)
        writer.write(PREPARE[database])
        sent.append(await statement(reader))

    sent = []
    with Raw() as raw:
        result = run("book", "-R", books(tmp_path, raw.serve(talk), PREPARE, "SELECT 1"))
    for name in PREPARE:
        assert result.action(name)["outcome"] == "failed" and UNDONE in result.action(name)["why"], str(result)
    assert not sent


REFUSALS = {  # state, what the server says; what a ping says of it; what a query is advised, and what it is not
    "full": ("53300", "sorry, too many clients already", "rejecting", "max_connections", None),
    "starting": ("57P03", "the database system is starting up", "rejecting", "wait until it is up", None),
    "pooler_full": ("08P01", "no more connections allowed (max_client_conn)", "rejecting", "max_client_conn", "params"),
    "options": ("08P01", "unsupported startup parameter: options", "rejecting", "ignore_startup_parameters", "params"),
    "violation": ("08P01", "invalid command 'SHOW X'", "rejecting", "invalid command", "params"),
    "nobody": ("28P01", "password authentication failed", "accepting", "password", None),
    "no_such": ("3D000", 'database "x" does not exist', "accepting", "psql -l", None),
}


def test_a_server_that_lets_nobody_in_is_no_healthy_one(tmp_path):
    async def talk(reader, writer):
        state, text = REFUSALS[(await startup(reader, writer))["database"]][:2]
        writer.write(error(state, text, "FATAL"))
        await writer.drain()

    with Raw() as raw:
        port = raw.serve(talk)
        pings = run("book", "-R", books(tmp_path / "ping", port, REFUSALS, "ping"))
        queries = run("book", "-R", books(tmp_path / "query", port, REFUSALS, "SELECT 1"))
    for name, (_, text, value, advice, never) in REFUSALS.items():
        ping, query = pings.action(name), queries.action(name)
        assert ping["result"]["value"] == value, f"{name}{ping}"
        assert ping["outcome"] == ("passed" if value == "accepting" else "failed"), f"{name}{ping}"
        shown = str(ping.get("why")) + "".join(e["text"] for e in pings.events("action.output", action=name))
        assert text in shown, f"what it answered is shown: {name}{pings}"
        assert query["outcome"] == "failed" and text in query["why"] and advice in query["why"], f"{name}{query}"
        assert not never or never not in query["why"], f"{name}{query}"


PIPES = {  # what the target says; the environment; where the pipe is
    "PGSERVICEFILE": ("host=127.0.0.1 port=9", {"PGSERVICEFILE": "{d}/fifo", "PGSERVICE": "x"}, "fifo"),
    "of the target": ("service=x", {"PGSERVICEFILE": "{d}/fifo"}, "fifo"),
    "of the target's URL": ("postgres://127.0.0.1:9/?service=x", {"PGSERVICEFILE": "{d}/fifo"}, "fifo"),
    "of one's own": ("service=x", {"HOME": "{d}"}, ".pg_service.conf"),
    "of the system": ("service=x", {"HOME": "{d}", "PGSYSCONFDIR": "{d}"}, "pg_service.conf"),
    "PGSSLROOTCERT": ("host=127.0.0.1 port=9", {"PGSSLROOTCERT": "{d}/fifo"}, "fifo"),
    "sslcert": ("host=127.0.0.1 port=9 sslcert={d}/fifo", {}, "fifo"),
}


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_is_never_opened_for_a_file(tmp_path, name):
    """Nobody writes into it: libpq would wait for that, and nothing else would go on."""
    target, env, pipe = PIPES[name]
    book = write_book(tmp_path / "r", "  - {step: Ask, id: ask, budget: 20s, postgres: ping}\n",
                      {"db": {"postgres": target.format(d=tmp_path)}})
    os.mkfifo(tmp_path / pipe)

    result = run("book", "-R", book, env={k: v.format(d=tmp_path) for k, v in env.items()}, timeout=10)

    why = result.action("ask")["why"]
    assert result.status == 2 and f"'{tmp_path}/{pipe}' is a named pipe, not a file" in why, str(result)


@pytest.mark.parametrize("env", [{"PGPASSFILE": "{d}/fifo"}, {"PGSERVICEFILE": "{d}/fifo"}])
def test_a_pipe_that_libpq_does_not_open_is_in_nobodys_way(tmp_path, env):
    async def talk(reader, writer):
        await greet(reader, writer)
        writer.write(ANSWERS["proper"][0])
        await writer.drain()

    os.mkfifo(tmp_path / "fifo")
    with Raw() as raw:
        book = books(tmp_path / "r", raw.serve(talk), ["proper"], "SELECT 1")
        result = run("book", "-R", book, env={k: v.format(d=tmp_path) for k, v in env.items()}, timeout=10)

    assert result.status == 0, str(result)
