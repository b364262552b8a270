"""A connection to Redis is kept for a run: how many are made, what one action leaves to the next (nothing), and what
happens when the server ends it."""
import asyncio
import os
import tempfile

import pytest
from helpers import run, write_book
from raw import Raw, http_request
from sandbox.redis import Redis


@pytest.fixture(scope="module")
def redis():
    with tempfile.TemporaryDirectory(prefix="fsrd-") as folder, Raw() as raw:
        os.chmod(folder, 0o755)  # the server runs as somebody else
        server = Redis(folder)
        server.start()
        functions = {"/kill": lambda: server.command("CLIENT", "KILL", "TYPE", "normal"), "/restart": server.restart}

        async def control(reader, writer):
            head, _ = await http_request(reader)
            await asyncio.get_running_loop().run_in_executor(None, functions[head.split()[1]])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()

        server.control = f"http://127.0.0.1:{raw.serve(control)}"
        yield server
        server.stop()


def go(folder, targets, actions, head="    sequential: true\n"):
    lines = "".join(f"      - {action}\n" for action in actions)
    book = write_book(folder, f"  - step: A\n    id: a\n    budget: 60s\n{head}    actions:\n{lines}", targets)
    return run("book", "-R", book, "-y", "--yes-destroy")


def on(server):
    return {"cache": {"redis": f"unix://{server.socket}"}, "second": {"redis": f"unix://{server.socket}?db=1"},
            "control": {"http": server.control}}


def ask(name, command, more="", target="cache"):
    return f"{{id: {name}, target: {target}, redis: {command}, on_failure: continue{more}}}"


def replies(result, *names):
    return [result.action(name)["result"]["reply"] for name in names]


def test_commands_one_after_another_take_one_connection(redis, tmp_path):
    result = go(tmp_path, on(redis), [ask(f"c{n}", "CLIENT ID") for n in range(20)])
    assert result.status == 0 and len(set(replies(result, *(f"c{n}" for n in range(20))))) == 1, str(result)


def test_an_error_costs_no_connection_and_after_a_change_there_is_a_new_one(redis, tmp_path):
    result = go(tmp_path, on(redis), [ask("set", "SET kept 1"), ask("a", "CLIENT ID"), ask("wrong", "LRANGE kept 0 1"),
                                      ask("b", "CLIENT ID"), ask("flush", "FLUSHDB", target="second"), ask("c", "CLIENT ID")])
    a, b, c = replies(result, "a", "b", "c")
    assert a == b != c, str(result)
    assert "WRONGTYPE" in result.action("wrong")["why"]


@pytest.mark.parametrize("leave, look, wanted", [
    ("CLIENT SETNAME mine", "CLIENT GETNAME", None), ("CLIENT NO-EVICT on", "CLIENT INFO", " flags=U "),
    ("QUIT", "PING", "PONG")])
def test_what_a_command_leaves_is_not_there_for_the_next_one(redis, tmp_path, leave, look, wanted):
    result = go(tmp_path, on(redis), [ask("a", "CLIENT ID"), ask("leave", leave), ask("look", look), ask("b", "CLIENT ID")])
    assert result.status == 0, str(result)
    found = replies(result, "look")[0]
    assert found is None if wanted is None else wanted in found
    a, b = replies(result, "a", "b")
    assert a != b, "it is another connection"


def test_each_database_has_its_own(redis, tmp_path):
    result = go(tmp_path, on(redis), [ask("one", "SET k one"), ask("two", "SET k two", target="second"),
                                      ask("a", "GET k"), ask("b", "GET k", target="second"), ask("c", "GET k")])
    assert replies(result, "a", "b", "c") == ["one", "two", "one"], str(result)


def test_a_connection_that_was_ended_is_made_again(redis, tmp_path):
    end = "{id: end%d, target: control, http: GET /%s}"
    result = go(tmp_path, on(redis), [ask("a", "CLIENT ID"), end % (1, "kill"), ask("b", "CLIENT ID"), ask("set", "SET k 1"),
                                      end % (2, "kill"), ask("again", "SET k 2"), end % (3, "restart"), ask("c", "PING")])
    a, b = replies(result, "a", "b")
    assert result.status == 0 and a != b, str(result)


def test_after_a_change_elsewhere_it_is_made_anew(redis, tmp_path):
    result = go(tmp_path, on(redis), [ask("a", "CLIENT ID"), '{id: move, exec: "true", effect: change}', ask("b", "CLIENT ID")])
    a, b = replies(result, "a", "b")
    assert a != b, str(result)


# ---- servers that die at the worst moment, or have no place ----

class Fake:
    """Notes each connection's commands; `end(number, words)` says whether it closes instead of an answer."""

    def __init__(self, end=lambda number, words: False, pause=0, places=99, hangs=None, answers={}):
        self.hangs, self.answers = hangs, answers
        self.end, self.pause, self.places, self.open = end, pause, places, 0
        self.connections, self.commands, self.impatient = 0, [], False

    async def talk(self, reader, writer):
        self.connections += 1
        number = self.connections
        if self.open >= self.places:
            writer.write(b"-ERR max number of clients reached\r\n")
            return
        self.open += 1
        try:
            while await self.command(reader, writer, number):
                pass
        finally:
            self.open -= 1

    async def command(self, reader, writer, number):
        count = int((await reader.readline())[1:] or b"0")
        words = []
        for _ in range(count):
            size = int((await reader.readline())[1:])
            words.append((await reader.readexactly(size + 2))[:-2].decode())
        if not words:
            return False
        self.commands.append((number, " ".join(words)))
        if words[0] == self.hangs and number == 1:
            await reader.read()
            return False
        if self.end(number, words):
            return False
        await asyncio.sleep(self.pause)
        self.impatient = self.impatient or bool(reader._buffer)
        said = " ".join(words)
        usual = "+PONG\r\n" if words == ["PING"] else "+OK\r\n"
        if words[0] == "PING" and len(words) == 2:
            usual = f"${len(words[1])}\r\n{words[1]}\r\n"
        first, *late = self.answers.get(said, self.answers.get(words[0], usual)).split("|")
        writer.write(first.encode())
        await writer.drain()
        for part in late:
            await asyncio.sleep(0.2)
            writer.write(part.encode())
            await writer.drain()
        return True


def at(raw, fake):
    port = raw.serve(fake.talk)
    return {"cache": {"redis": f"redis://127.0.0.1:{port}"}, "second": {"redis": f"redis://127.0.0.1:{port}/1"}}


@pytest.mark.parametrize("dies_at", ["PING", "SET", "GET"])
def test_a_change_is_never_sent_twice(tmp_path, dies_at):
    """A change has a connection of its own. A kept one is asked whether it is alive; reads may be asked twice."""
    fake = Fake(lambda number, words: words[0] == dies_at and number == (2 if dies_at == "SET" else 3))
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask("a", "ECHO a"), ask("set", "SET k v"), ask("b", "ECHO b"), ask("get", "GET k")])
    sent = [command for _, command in fake.commands]
    assert sent.count("SET k v") == 1, str(result)
    assert result.outcomes() == {"a": "passed", "set": "failed" if dies_at == "SET" else "passed", "b": "passed",
                                 "get": "passed"}, str(result)
    assert sent.count("GET k") == (2 if dies_at == "GET" else 1)
    if dies_at == "SET":
        assert "look whether" in result.action("set")["why"]


def test_a_read_is_made_once_more_and_not_for_ever(tmp_path):
    fake = Fake(lambda number, words: words[0] == "GET")
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask("a", "ECHO a"), ask("get", "GET k")])
    assert result.action("get")["outcome"] == "failed" and fake.connections == 2, str(result)


def test_two_at_once_never_share_one(tmp_path):
    fake = Fake(pause=0.3)
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask(f"c{n}", "ECHO a") for n in range(4)], head="")
        assert result.status == 0 and fake.connections == 4 and not fake.impatient, str(result)


def test_short_of_clients_an_idle_one_is_given_up(tmp_path):
    fake = Fake(places=1)
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask("a", "ECHO a"), ask("b", "ECHO b", target="second"), ask("c", "SET k v")])
    assert result.outcomes() == {"a": "passed", "b": "passed", "c": "passed"}, str(result)


@pytest.mark.parametrize("again", ["until: 'reply == \"2\"', every: 50ms, timeout: 20s",
                                   "expect: 'reply == \"2\"', retry: {times: 2, every: 50ms}"])
def test_what_is_asked_again_is_asked_of_whoever_is_there_now(tmp_path, again):
    class Numbered(Fake):
        async def command(self, reader, writer, number):
            size = int((await reader.readline())[1:] or b"0")
            for _ in range(2 * size):
                await reader.readline()
            writer.write(b"+%d\r\n" % number)
            return size > 0

    with Raw() as raw:
        result = go(tmp_path, at(raw, Numbered()), [f"{{id: poll, target: cache, redis: ECHO a, {again}}}"])
    assert result.outcomes() == {"poll": "passed"}, str(result)


def test_one_that_has_died_without_a_word_is_given_up_in_time(tmp_path):
    fake = Fake(hangs="PING")
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask("a", "ECHO a"), ask("b", "ECHO b", ", timeout: 30s")])
    assert result.outcomes() == {"a": "passed", "b": "passed"} and fake.connections == 2, str(result)


@pytest.mark.parametrize("answers", [
    {"ECHO a": "+OK\r\n|:99999\r\n"}, {"ECHO a": "+OK\r\n|+PONG\r\n"}, {"ECHO a": "+OK\r\n|$1\r\nx\r\n"},
    {"PING": "+PONG\r\n"}, {"PING": "$4\r\nPONG\r\n"}, {"PING": "$-1\r\n"}, {"PING": "*0\r\n"},
    {"PING": "-ERR wrong number of arguments for 'ping' command\r\n"},
    {"PING": "-NOPERM this user has no permissions to run the 'ping' command\r\n"}])
def test_one_whose_check_gets_another_reply_is_given_up(tmp_path, answers):
    """A reply that comes late would be taken for the next command's, and each one after it for the one before."""
    fake = Fake(answers={**answers, "LLEN x": ":5\r\n"})
    with Raw() as raw:
        result = go(tmp_path, at(raw, fake), [ask("a", "ECHO a"), ask("b", "LLEN x"), ask("c", "LLEN x")])
    assert replies(result, "b", "c") == [5, 5], f"{result}{fake.commands}"
    assert fake.connections >= 2


def test_each_check_asks_for_another_word(tmp_path):
    fake = Fake()
    with Raw() as raw:
        go(tmp_path, at(raw, fake), [ask(f"c{n}", "ECHO a") for n in range(5)])
    words = [command.split() for _, command in fake.commands if command.startswith("PING")]
    assert fake.connections == 1 and len(words) == 4 and len({word for _, word in words}) == 4, fake.commands
