"""A connection to PostgreSQL is kept for a run: how many are made, what one action leaves to the next (nothing), and what
happens when the server ends it or has none left."""
import asyncio
import os
import tempfile

import pytest
from helpers import run, wait_until, write_book
from pgwire import ONE_COLUMN, PARSED, WELCOME, done, error, message, ready, row, startup, statement
from raw import Raw, http_request
from sandbox import pq
from sandbox.postgres import DATABASE, USER, Postgres

PID = "SELECT pg_backend_pid()"


class Control:
    """`http: GET /NAME` in a runbook calls the function of that name here."""

    def __init__(self, **functions):
        self.functions = functions

    async def talk(self, reader, writer):
        head, _ = await http_request(reader)
        await asyncio.get_running_loop().run_in_executor(None, self.functions[head.split()[1].strip("/")])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()


def terminate(pg):
    pg.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fsops'")
    wait_until(lambda: not pg.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'fsops'"), "it is ended")


@pytest.fixture(scope="module")
def database():
    with tempfile.TemporaryDirectory(prefix="fspg-") as folder:
        os.chmod(folder, 0o755)  # the server runs as somebody else
        pg = Postgres(folder)
        pg.start()
        pg.query(f"CREATE ROLE other; GRANT other TO {USER}; GRANT CREATE ON SCHEMA public TO {USER}")
        with Raw() as raw:
            control = Control(terminate=lambda: terminate(pg), restart=pg.restart)
            pg.control = f"http://127.0.0.1:{raw.serve(control.talk)}"
            yield pg
        pg.stop()


@pytest.fixture(params=[None, 1])
def limited(database, request):
    """The user may have this many connections."""
    database.query(f"ALTER ROLE {USER} CONNECTION LIMIT {request.param or -1}")
    yield database
    database.query(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@pytest.fixture
def one(database):
    database.query(f"ALTER ROLE {USER} CONNECTION LIMIT 1")
    yield database
    database.query(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


def go(folder, pg, actions, head="    sequential: true\n", **targets):
    lines = "".join(f"      - {action}\n" for action in actions)
    conninfo = f"host={pg.home} user={USER} dbname={DATABASE}"
    book = write_book(folder, f"  - step: A\n    id: a\n    budget: 90s\n{head}    actions:\n{lines}",
                      {"db": {"postgres": conninfo}, "control": {"http": pg.control}, **targets})
    return run("book", "-R", book, "-y", "--yes-destroy", env={"PGPASSWORD": pg.password})


def ask(name, sql, more=""):
    return f'{{id: {name}, target: db, postgres: "{sql}", on_failure: continue{more}}}'


def values(result, *names):
    return [result.action(name)["result"]["value"] for name in names]


def test_queries_one_after_another_take_one_connection(limited, tmp_path):
    result = go(tmp_path, limited, [ask(f"q{n}", PID) for n in range(20)])
    assert result.status == 0 and len(set(values(result, *(f"q{n}" for n in range(20))))) == 1, str(result)


def test_a_statement_that_the_server_refuses_costs_no_connection(database, tmp_path):
    result = go(tmp_path, database, [ask("a", PID), ask("wrong", "SELECT nonsense"), ask("b", PID),
                                     ask("c", PID)])
    assert len(set(values(result, "a", "b", "c"))) == 1, str(result)
    assert "nonsense" in result.action("wrong")["why"]


LEFT = {
    "search_path": ("SELECT set_config('search_path', 'pg_catalog', false)", "SELECT current_setting('search_path')"),
    "timeout": ("SET statement_timeout = 77", "SELECT current_setting('statement_timeout') = '77ms'"),
    "name": ("SET application_name = 'x'", "SELECT current_setting('application_name')"),
    "read_only": ("SET default_transaction_read_only = on", "SELECT current_setting('default_transaction_read_only')"),
    "role": ("SET ROLE other", "SELECT current_user"),
    "temporary": ("CREATE TEMP TABLE flights AS SELECT 1", "SELECT count(*) > 1 FROM flights"),
    "prepared": ("PREPARE p AS SELECT 1", "SELECT count(*) FROM pg_prepared_statements"),
    "listen": ("DO $$BEGIN EXECUTE 'LISTEN x'; END$$", "SELECT count(*) FROM pg_listening_channels()"),
    "lock": ("SELECT pg_advisory_lock(7)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
    "sequence": ("SELECT nextval('bookings_id_seq')", "SELECT count(lastval_or_null) FROM lastval_or_null()"),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_an_action_leaves_is_not_there_for_the_next_one(database, tmp_path, what):
    database.query("CREATE OR REPLACE FUNCTION public.lastval_or_null() RETURNS bigint LANGUAGE plpgsql AS "
                   "$$BEGIN RETURN lastval(); EXCEPTION WHEN others THEN RETURN NULL; END$$")
    leave, look = LEFT[what]
    result = go(tmp_path, database, [ask("before", look), ask("leave", leave, ", effect: change"), ask("after", look)])
    assert result.status == 0, str(result)
    before, after = values(result, "before", "after")
    assert before == after, str(result)


def test_a_read_leaves_nothing_either(database, tmp_path):
    result = go(tmp_path, database, [ask("a", "SELECT set_config('search_path', 'x', false), pg_advisory_lock_shared(3)"),
                                     ask("b", "SELECT current_setting('search_path')"), ask("free", PID)])
    assert values(result, "b") != ["x"], str(result)
    wait_until(lambda: not database.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"), "its lock is free")


def test_two_at_once_never_share_one(database, tmp_path):
    result = go(tmp_path, database, [ask(f"q{n}", "SELECT pg_backend_pid(), pg_sleep(0.5)") for n in range(4)], head="")
    assert result.status == 0 and len(set(values(result, *(f"q{n}" for n in range(4))))) == 4, str(result)


def test_a_connection_that_was_ended_is_made_again(database, tmp_path):
    result = go(tmp_path, database, [ask("a", PID), "{id: end, target: control, http: GET /terminate}", ask("b", PID),
                                     "{id: again, target: control, http: GET /restart}", ask("c", PID),
                                     ask("d", "CREATE TABLE IF NOT EXISTS made (n int)", ", effect: change")])
    assert result.status == 0 and len(set(values(result, "a", "b", "c"))) == 3, str(result)


def test_after_a_change_elsewhere_it_is_made_anew(database, tmp_path):
    """The name may lead to another server now (a failover), and a session may begin in another way."""
    result = go(tmp_path, database, [ask("a", PID), '{id: move, exec: "true", effect: change}', ask("b", PID),
                                     ask("own", "CREATE TABLE IF NOT EXISTS made (n int)", ", effect: change"), ask("c", PID)])
    a, b, c = values(result, "a", "b", "c")
    assert len({a, b, c}) == 3, str(result)


def test_what_a_change_makes_the_default_is_seen(one, tmp_path):
    set_, reset = (f"ALTER ROLE {USER} {what}" for what in ("SET work_mem = '7MB'", "RESET work_mem"))
    look = "SELECT current_setting('work_mem')"
    result = go(tmp_path, one, [ask("before", look), ask("set", set_, ", effect: change"), ask("after", look),
                                ask("reset", reset, ", effect: change"), ask("end", look)])
    before, after, end = values(result, "before", "after", "end")
    assert before == end != after == "7MB", str(result)


def test_giving_up_ends_the_connection(database, tmp_path):
    result = go(tmp_path, database, [ask("a", PID), ask("slow", "SELECT pg_sleep(60)", ", timeout: 1s"), ask("b", PID)])
    assert result.action("slow")["outcome"] == "timed_out", str(result)
    a, b = values(result, "a", "b")
    assert a != b
    assert not database.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'")


def test_another_database_is_another_connection(database, tmp_path):
    other = '{id: other, target: db, postgres: {query: "SELECT current_database()", database: postgres}}'
    result = go(tmp_path, database, [ask("a", PID), other, ask("b", "SELECT current_database()"), ask("c", PID)])
    assert values(result, "other", "b") == ["postgres", DATABASE] and len(set(values(result, "a", "c"))) == 1, str(result)


def test_no_kept_connection_is_in_the_way_of_a_change(database, tmp_path):
    """A database can be dropped by whoever means to, although it was just looked into."""
    for name in ("gone", "lost"):
        database.query(f"CREATE DATABASE {name} OWNER {USER}")
    look = '{id: look_%s, target: db, postgres: {query: SELECT 1, database: %s}}'
    drop = f'{{id: drop, exec: [psql, -h, {database.home}, -U, postgres, -c, DROP DATABASE lost], effect: destroy}}'
    result = go(tmp_path, database, [look % ("gone", "gone"), ask("own", "DROP DATABASE gone"),
                                     look % ("lost", "lost"), drop])
    assert result.status == 0, str(result)


# ---- a server that is short of connections ----

def test_short_of_connections_an_idle_one_is_given_up_for_another_database(one, tmp_path):
    other = '{id: other, target: db, postgres: {query: "SELECT current_database()", database: postgres}}'
    result = go(tmp_path, one, [ask("a", PID), other, ask("b", PID), "{id: ping, target: db, postgres: ping}"])
    assert result.status == 0 and values(result, "other", "ping") == ["postgres", "accepting"], str(result)


def test_short_of_connections_actions_at_once_wait_for_each_other(one, tmp_path):
    result = go(tmp_path, one, [ask(f"q{n}", "SELECT pg_backend_pid(), pg_sleep(0.3)") for n in range(4)], head="")
    assert result.status == 0, str(result)


def test_one_that_another_action_uses_is_waited_for_as_long_as_there_is_time(one, tmp_path):
    result = go(tmp_path, one, [ask(f"q{n}", "SELECT pg_sleep(11)", ", timeout: 80s") for n in range(2)], head="")
    assert result.status == 0, str(result)


def test_after_a_ping_notices_come_in_the_same_words(database, tmp_path):
    note = "DO $$BEGIN RAISE NOTICE 'told'; END$$"
    result = go(tmp_path, database, [ask("first", note, ", effect: read"), "{id: ping, target: db, postgres: ping}",
                                     ask("a", PID), ask("note", note, ", effect: read")])
    assert "raise_notice" not in str(result) and "LOCATION" not in str(result), str(result)


def test_who_else_holds_them_is_not_waited_for(one, tmp_path):
    held = pq.Connection(f"host={one.home} user={USER} password={one.password} dbname={DATABASE}")
    result = go(tmp_path, one, [ask("a", PID)])
    held.close()
    assert result.action("a")["outcome"] == "failed", str(result)
    assert "53300" in result.action("a")["why"] or "too many connections" in result.action("a")["why"]
    assert "this run holds" not in result.action("a")["why"]


# ---- servers that die at the worst moment ----

class Dying:
    """Answers statements; the second one's connection ends `at` "clean", "prepare" or "query". Notes each statement."""

    def __init__(self, at, says=b"", hangs=False):
        self.at, self.says, self.connections, self.statements = at, says, 0, []
        self.hangs, self.unheard = hangs, b""

    async def talk(self, reader, writer):
        await startup(reader, writer)
        self.connections += 1
        first = self.connections == 1
        writer.write(WELCOME)
        ended = False
        while True:
            sql = await statement(reader)
            kind = ("prepare" if "statement_timeout" in sql else "clean" if sql in ("ROLLBACK", "DISCARD ALL") else "query")
            if kind == "query":
                self.statements.append(sql)
            if first and kind == self.at and (ended or kind == "clean" and sql == "DISCARD ALL"):
                writer.write(self.says)
                await writer.drain()
                while self.hangs and (more := await reader.read(4096)):
                    self.unheard += more
                return
            if kind == "prepare":
                writer.write((done("BEGIN") + done("SET") + ready("T")) if "BEGIN" in sql else done("SET") + ready())
            elif kind == "clean":
                writer.write(PARSED + message(b"n") + done(sql) + ready())
            else:
                ended = True
                writer.write(PARSED + ONE_COLUMN + row(str(self.connections)) + done("SELECT 1") + ready("T"))
            await writer.drain()


DIED = error("57P01", "terminating connection due to administrator command", "FATAL")


@pytest.mark.parametrize("says", [b"", DIED], ids=["silent", "said"])
@pytest.mark.parametrize("at", ["clean", "prepare", "query"])
def test_made_again_only_when_nothing_of_the_statement_was_sent(tmp_path, at, says):
    server = Dying(at, says)
    with Raw() as raw:
        book = write_book(tmp_path, "  - step: A\n    id: a\n    budget: 60s\n    sequential: true\n    actions:\n"
                          + "".join(f'      - {{id: {name}, postgres: SELECT {name}(), effect: read, on_failure: continue}}\n'
                                    for name in ("first", "second")),
                          {"db": {"postgres": f"host=127.0.0.1 port={raw.serve(server.talk)} user=me dbname=d sslmode=disable"}})
        result = run("book", "-R", book, "-y", env={"PGPASSWORD": "x"})
    assert server.statements == ["SELECT first()", "SELECT second()"], f"each is sent once{result}"
    assert result.action("first")["outcome"] == "passed", str(result)
    second = result.action("second")
    if at == "query":
        assert second["outcome"] == "failed" and server.connections == 1, str(result)
    else:
        assert second["outcome"] == "passed" and server.connections == 2, str(result)


def test_a_late_answer_to_something_else_is_not_taken_for_the_clean_up(tmp_path):
    late = PARSED + message(b"n") + done("UPDATE 1") + ready()
    server = Dying("clean", says=late * 2, hangs=True)
    result = fake(server, tmp_path, ["{id: a, postgres: SELECT 1}", "{id: b, postgres: SELECT 2}"])
    assert result.outcomes() == {"a": "passed", "b": "passed"} and server.connections == 2, str(result)
    assert b"statement_timeout" not in server.unheard, "it was kept, and the next action began on it"


def fake(server, folder, actions, head="    sequential: true\n"):
    with Raw() as raw:
        book = write_book(folder, "  - step: A\n    id: a\n    budget: 60s\n" + head + "    actions:\n"
                          + "".join(f"      - {action}\n" for action in actions),
                          {"db": {"postgres": f"host=127.0.0.1 port={raw.serve(server.talk)} user=me dbname=d sslmode=disable"}})
        return run("book", "-R", book, "-y", env={"PGPASSWORD": "x"})


@pytest.mark.parametrize("again", ["until: 'value == \"2\"', every: 50ms, timeout: 20s",
                                   "expect: 'value == \"2\"', retry: {times: 2, every: 50ms}"])
def test_what_is_asked_again_is_asked_of_whoever_is_there_now(tmp_path, again):
    """Behind an address another server may answer by now."""
    result = fake(Dying("never"), tmp_path, [f"{{id: poll, postgres: SELECT 1, {again}}}"])
    assert result.outcomes() == {"poll": "passed"}, str(result)


@pytest.mark.parametrize("at", ["clean", "prepare"])
def test_one_that_has_died_without_a_word_is_given_up_in_time(tmp_path, at):
    server = Dying(at, hangs=True)
    result = fake(server, tmp_path, ["{id: a, postgres: SELECT 1}", "{id: b, postgres: SELECT 2, timeout: 30s}"])
    assert result.outcomes() == {"a": "passed", "b": "passed"} and server.connections == 2, str(result)


class Full(Dying):
    """Has place for one, and refuses the second before it lets the first one in."""

    def __init__(self):
        super().__init__("never")
        self.seen, self.refused = 0, asyncio.Event()

    async def talk(self, reader, writer):
        self.seen += 1
        if self.seen == 2:
            await startup(reader, writer)
            writer.write(error("53300", "too many connections for role", "FATAL"))
            await writer.drain()
            writer.close()
            self.refused.set()
            return
        await self.refused.wait()
        await super().talk(reader, writer)


def test_who_is_refused_for_one_that_is_not_let_in_yet_asks_again(tmp_path):
    result = fake(Full(), tmp_path, [f"{{id: q{n}, postgres: SELECT 1}}" for n in range(2)], "")
    assert set(result.outcomes().values()) == {"passed"}, str(result)
