"""What connections cost: many requests, queries and commands of one run beside one process of the usual client.

The servers are processes of their own. `run.py connections` measures these lines alone.
"""

import asyncio
import contextlib
import multiprocessing
import os
import pathlib
import shlex
import shutil
import ssl
import tempfile

from pair import alone, figure, pair
from sandbox.certs import Certificates
from sandbox.postgres import DATABASE, Postgres
from sandbox.redis import Redis

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Answers(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        self.rest += data
        requests = self.rest.count(b"\r\n\r\n")
        if requests:
            self.rest = self.rest[self.rest.rindex(b"\r\n\r\n") + 4:]
            self.transport.write(ANSWER * requests)


def serve(ports, contexts):
    async def main():
        loop = asyncio.get_running_loop()
        for name, paths in contexts.items():
            context = None
            if paths:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*paths)
            server = await loop.create_server(Answers, "127.0.0.1", 0, ssl=context, backlog=4096)
            ports.send((name, server.sockets[0].getsockname()[1]))
        await asyncio.Event().wait()

    asyncio.run(main())


@contextlib.contextmanager
def web(made):
    """{"http": port, "https": port}, of a process of its own."""
    made.context("server", 5)
    contexts = {"http": None, "https": (made.path("server.crt"), made.path("server.key"))}
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs, contexts), daemon=True)
    process.start()
    try:
        yield dict(ours.recv() for _ in contexts)
    finally:
        process.terminate()
        process.join()


def compare(line, ours, theirs, wanted, env):
    figure(pair(ours, theirs, env), line, wanted)


def book(directory, name, platform, actions, head=""):
    path = pathlib.Path(directory) / name
    path.mkdir()
    (path / "platform.yaml").write_text(f"platform: bench\ntargets:\n  it: {platform}\n")
    (path / "bench.yaml").write_text("runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                                     f"  - step: Many\n    budget: 10m\n{head}    actions:\n"
                                     + "".join(f"      - {action}\n" for action in actions))
    return ["-R", str(path), "run", "bench"]


ONE_BY_ONE = "    sequential: true\n"


def http(binary, directory, env):
    made = Certificates(directory)
    env = {**env, "CURL_CA_BUNDLE": made.bundle}
    with web(made) as ports:
        for what, scheme, count, head, words, wanted in (
                ("20 https one after another / one curl", "https", 20, ONE_BY_ONE, [], 1.2),
                ("200 https at once / curl --parallel", "https", 200, "", ["--parallel"], 1.2),
                ("2,000 http at once / curl --parallel", "http", 2000, "", ["--parallel"], 1.5)):
            url = f"{scheme}://localhost:{ports[scheme]}"
            ours = [binary, *book(directory, f"{scheme}{count}", f'{{http: "{url}"}}', ["http: GET /"] * count, head)]
            config = pathlib.Path(directory) / "urls"
            config.write_text(f'url = "{url}/"\noutput = "/dev/null"\n' * count)
            compare(what, ours, ["curl", "-sS", "-f", *words, "-K", str(config)], wanted, env)


def postgres(binary, directory, env):
    server = Postgres(directory)
    server.start()
    try:
        conninfo = f"host={server.home} user=postgres dbname={DATABASE}"
        ours = [binary, *book(directory, "queries", f'{{postgres: "{conninfo}"}}', ["postgres: SELECT 1"] * 200, ONE_BY_ONE)]
        script = pathlib.Path(directory) / "queries.sql"
        script.write_text("SELECT 1;\n" * 200)
        compare("200 queries / one psql", ours, ["psql", "-X", "-q", "-d", conninfo, "-f", str(script)], 2, env)
    finally:
        server.stop()


def redis(binary, directory, env):
    server = Redis(directory)
    server.start()
    try:
        ours = [binary, *book(directory, "commands", f'{{redis: "unix://{server.socket}"}}', ["redis: PING"] * 2000, ONE_BY_ONE)]
        script = pathlib.Path(directory) / "commands.txt"
        script.write_text("PING\n" * 2000)
        theirs = f"exec redis-cli -s {shlex.quote(server.socket)} <{shlex.quote(str(script))}"
        compare("2,000 commands / one redis-cli", ours, ["sh", "-c", theirs], 2, env)
    finally:
        server.stop()


def net(binary, state):
    env = {**os.environ, "FSOPS_STATE": state}
    for part, program in ((http, "curl"), (postgres, "psql"), (redis, "redis-cli")):
        if not shutil.which(program):
            alone(part.__name__, f"not measured: {program} is not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="fsbn-") as directory:
            os.chmod(directory, 0o755)  # the servers run as somebody else
            part(binary, directory, env)
