"""tcp and tls: what listens on a port, and what its certificate says."""
import os
import re
import shutil
import socket
import ssl
import tempfile
import time

import pytest
from helpers import fsops, run, write_book
from raw import Raw
from sandbox.certs import Certificates
from sandbox.postgres import Postgres
from sandbox.process import Process


def go(folder, *actions, env=None, words=()):
    lines = "".join(f"      - {{id: a{i}, {action}}}\n" for i, action in enumerate(actions))
    book = write_book(folder, f"  - step: A\n    budget: 15s\n    actions:\n{lines}")
    done = run("book", "-R", book, *words, env=env or {})
    return [done.action(f"a{i}") for i in range(len(actions))]


def talk(text, close=True):
    async def speak(reader, writer):
        writer.write(text)
        await writer.drain()
        if not close:
            await reader.read()
    return speak


# ---- tcp ----

def test_what_speaks_first_is_its_banner(tmp_path):
    with Raw() as raw:
        ports = [raw.serve(talk(text, close)) for text, close in (
            (b"SSH-2.0-OpenSSH_9.2\r\nmore", False), (b"220 no line", True), (b"", True), (b"x" * 9000, False), (b"\xff\x00k\n", False))]
        done = go(tmp_path, *(f'tcp: "127.0.0.1:{p}", expect: "banner != \'zz\'"' for p in ports))
    assert [d["result"]["banner"] for d in done] == ["SSH-2.0-OpenSSH_9.2", "220 no line", None, "x" * 1024, "\ufffd\x00k"]
    assert all(d["result"]["connected"] and d["result"]["address"] == "127.0.0.1" for d in done)


def test_who_does_not_ask_for_a_banner_waits_for_none(tmp_path):
    with Raw() as raw:
        began = time.monotonic()
        (done,) = go(tmp_path, f'tcp: "127.0.0.1:{raw.serve(talk(b"", False))}", expect: "time < 1.0"')
    assert done["outcome"] == "passed" and time.monotonic() - began < 1.9, done


def test_only_who_refuses_says_that_nothing_listens(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        refused, closed, unknown, unroutable = go(
            tmp_path, f'tcp: "127.0.0.1:{port}"', f'tcp: "localhost:{port}", expect: "!connected"',
            'tcp: "nowhere.invalid:22", expect: "!connected"', 'tcp: "255.255.255.255:22", expect: "!connected"')
    assert refused["outcome"] == "failed" and "connection refused" in refused["why"] and not refused["result"]["connected"]
    assert closed["outcome"] == "passed"
    assert unknown["outcome"] == "failed" and "could not resolve 'nowhere.invalid'" in unknown["why"], unknown
    assert unroutable["outcome"] == "failed" and re.search("could not connect|no route", unroutable["why"]), unroutable


def test_the_second_address_is_tried_when_the_first_is_silent(tmp_path):
    """`localhost` is ::1 first: what listens on 127.0.0.1 alone is found all the same."""
    with Raw() as raw:
        (done,) = go(tmp_path, f'tcp: "localhost:{raw.serve(talk(b""))}"')
    assert done["outcome"] == "passed" and done["result"]["address"] == "127.0.0.1", done


@pytest.mark.parametrize("address", ["host", "host:", ":1", "host:0", "host:65536", "host:x", "2001:db8::1:80", "http://h:80",
                                     "[::1]", "h h:1", "u@h:1", ""])
@pytest.mark.parametrize("adapter", ["tcp", "tls"])
def test_what_is_no_address_is_said_at_its_place(tmp_path, adapter, address):
    book = write_book(tmp_path, f"  - step: A\n    budget: 5s\n    {adapter}: '{address}'\n")
    done = fsops("run", "book", "-R", book)
    assert done.status == 65 and re.search(r"book.yaml:\d+:\d+: .*HOST:PORT", done.err), done
    book = write_book(tmp_path, f"  - step: A\n    budget: 5s\n    {adapter}: ${{to}}\n", head=f"vars: {{to: {{default: '{address}'}}}}\n")
    done = fsops("run", "book", "-R", book)
    assert done.status == 65 and "HOST:PORT" in done.err, done


def test_a_call_that_is_stopped_leaves_nothing(tmp_path):
    with Raw() as raw:
        port = raw.serve(talk(b"", False))
        tcp, tls = go(tmp_path, f'tcp: "127.0.0.1:{port}", expect: "banner == null", timeout: 300ms',
                      f'tls: "127.0.0.1:{port}", timeout: 300ms')
    assert tcp["outcome"] == tls["outcome"] == "timed_out", (tcp, tls)


# ---- tls ----

@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    made = Certificates(tmp_path_factory.mktemp("ports"))
    contexts = {"good": made.context("good", 20.5), "old": made.context("old", -2), "stranger": made.context("stranger-leaf", 9, "stranger")}
    strict = contexts["strict"] = made.context("strict", 9)
    strict.verify_mode = ssl.CERT_REQUIRED
    strict.load_verify_locations(made.ca)
    twelve = contexts["twelve"] = made.context("twelve", 9)
    twelve.maximum_version = ssl.TLSVersion.TLSv1_2
    with Raw() as raw:
        yield made, {name: raw.serve(talk(b"hi"), ssl=context) for name, context in contexts.items()}, contexts


def test_a_valid_certificate(servers, tmp_path):
    made, at, _ = servers
    good, twelve, strict = go(tmp_path, *(f'tls: "localhost:{at[n]}", expect: "days > 5"' for n in ("good", "twelve", "strict")),
                              env={"CURL_CA_BUNDLE": made.ca})
    assert good["outcome"] == twelve["outcome"] == strict["outcome"] == "passed", (good, twelve, strict)
    seen = good["result"]
    assert seen["protocol"] == "TLSv1.3" and twelve["result"]["protocol"] == "TLSv1.2", seen
    assert 20 < seen["days"] < 21 and seen["names"] == ["localhost", "127.0.0.1"] and seen["problems"] == [], seen
    assert seen["subject"] == "CN=localhost" and seen["issuer"] == "CN=Flight Search sandbox CA", seen
    assert seen["expires"].endswith("Z") and 0 < seen["time"] < 10


def test_each_problem_is_told_in_words(servers, tmp_path):
    made, at, _ = servers
    old, stranger, other, unknown = go(
        tmp_path, f'tls: "127.0.0.1:{at["old"]}"', f'tls: "localhost:{at["stranger"]}"',
        f'tls: {{address: "127.0.0.1:{at["good"]}", name: shop.example.org, ca: {made.ca}}}',
        f'tls: {{address: "localhost:{at["stranger"]}", name: shop.example.org}}', env={"CURL_CA_BUNDLE": made.ca})
    assert old["result"]["problems"] == ["it has expired"] and -3 < old["result"]["days"] < -1, old
    (problem,) = stranger["result"]["problems"]
    assert "issuer is not known here" in problem and stranger["outcome"] == "failed", stranger
    assert other["result"]["problems"] == ["it is for another name (localhost, 127.0.0.1), not for 'shop.example.org'"], other
    assert len(unknown["result"]["problems"]) == 2 and "the certificate is not valid: " in unknown["why"], unknown


def test_a_condition_on_the_problems_judges(servers, tmp_path):
    _, at, _ = servers
    days, problems = go(tmp_path, f'tls: "localhost:{at["stranger"]}", expect: "days > 5"',
                        f'tls: "localhost:{at["stranger"]}", expect: "problems.size() == 1 && days > 5"')
    assert days["outcome"] == "failed" and problems["outcome"] == "passed", (days, problems)


def test_what_is_no_tls_and_what_is_no_file(servers, tmp_path):
    made, at, _ = servers
    with Raw() as raw:
        plain, gone, silent = (raw.serve(talk(text)) for text in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x15\x03\x01\x00\x02\x02\x28"))
        done = go(tmp_path, f'tls: "127.0.0.1:{plain}"', f'tls: "127.0.0.1:{gone}"', f'tls: "127.0.0.1:{silent}"',
                  f'tls: {{address: "127.0.0.1:{at["good"]}", ca: {tmp_path}/none.pem}}', 'tls: "127.0.0.1:1"')
    whys = ["is not TLS", "closed the connection|connection broke", "handshake failed", "none.pem' can't be read", "connection refused"]
    for one, why in zip(done, whys):
        assert one["outcome"] == "failed" and re.search(why, one["why"]), one


@pytest.mark.parametrize("key, says", [("starttls: imap", "postgres or smtp"), ("names: x", "unknown key 'names'"), ("ca: [x]", "ca")])
def test_wrong_keys(tmp_path, key, says):
    book = write_book(tmp_path, f"  - step: A\n    budget: 5s\n    tls: {{address: 'h:1', {key}}}\n")
    done = fsops("lint", "-R", book)
    assert done.status == 65 and says in done.out, done


# ---- starttls ----

@pytest.fixture(scope="module")
def database():
    """A PostgreSQL of its own that listens on a port, with TLS."""
    folder = tempfile.mkdtemp(prefix="fsops-pg-")  # pytest's own folder is closed to PostgreSQL's user
    os.chmod(folder, 0o711)
    made = Certificates(folder)
    made.context("db", 9)
    postgres = Postgres(str(folder))
    postgres._make_cluster()
    files = {}
    for kind in ("crt", "key"):
        files[kind] = os.path.join(postgres.data, f"db.{kind}")
        with open(made.path(f"db.{kind}")) as source, open(files[kind], "w") as out:
            out.write(source.read())
        os.chmod(files[kind], 0o600)
        os.chown(files[kind], os.stat(postgres.data).st_uid, os.stat(postgres.data).st_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"listen_addresses": "127.0.0.1", "port": port, "ssl": "on", "ssl_cert_file": files["crt"], "ssl_key_file": files["key"]}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = Process("postgres", [postgres.program("postgres"), "-D", postgres.data, *words], str(folder), postgres.user)

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    process.wait_until(answers)
    yield made, port
    process.stop()
    shutil.rmtree(folder)


def test_starttls_of_a_real_postgres(database, tmp_path):
    made, port = database
    good, bare = go(tmp_path, f'tls: {{address: "localhost:{port}", starttls: postgres, ca: {made.ca}}}', f'tls: "localhost:{port}"')
    assert good["outcome"] == "passed" and good["result"]["issuer"] == "CN=Flight Search sandbox CA", good
    assert bare["outcome"] == "failed" and "tls localhost:" in bare["why"], bare


def smtp(context, *replies):
    """A mail server: its greeting, and an answer to each line until TLS begins."""
    async def speak(reader, writer):
        for i, reply in enumerate(replies):
            if i:
                await reader.readline()
            writer.write(reply)
            await writer.drain()
        await writer.start_tls(context)
    return speak


HELLO = b"250-mail.example.org\r\n250-SIZE 1\r\n250 STARTTLS\r\n"


@pytest.mark.parametrize("replies, says", [
    ((b"220-welcome\r\n220 mail\r\n", HELLO, b"220 go on\r\n"), None),
    ((b"220 mail\r\n", HELLO, b"454 not now\r\n"), "does not offer TLS by smtp: it answered '454 not now'"),
    ((b"554 go away\r\n",), "it answered '554 go away'"),
    ((b"220 mail\r\n", HELLO, b"220 go on\r\n250 and this is injected\r\n"), "does not offer TLS"),
    ((b"x" * 5000,), "does not offer TLS"),
])
def test_starttls_of_a_mail_server(servers, tmp_path, replies, says):
    made, _, contexts = servers
    with Raw() as raw:
        port = raw.serve(smtp(contexts["good"], *replies))
        (done,) = go(tmp_path, f'tls: {{address: "localhost:{port}", starttls: smtp, ca: {made.ca}}}')
    assert done["outcome"] == ("failed" if says else "passed") and (not says or says in done["why"]), done


def test_a_database_without_tls_says_so(tmp_path):
    with Raw() as raw:
        (done,) = go(tmp_path, f'tls: {{address: "127.0.0.1:{raw.serve(talk(b"N"))}", starttls: postgres}}')
    assert "does not offer TLS by postgres: it answered 'N'" in done["why"], done


def test_the_dry_run_names_openssl_and_nc(tmp_path):
    book = write_book(tmp_path, "  - step: A\n    budget: 5s\n    actions:\n      - {id: a, tcp: '[::1]:22'}\n      - {id: b, tls: "
                      "{address: 'db:5432', starttls: postgres, name: d.example.org, ca: c.pem}}\n")
    done = fsops("run", "book", "-R", book, "--dry-run")
    assert "nc -z ::1 22" in done.out and (
        "openssl s_client -connect db:5432 -servername d.example.org -verify_return_error -verify_hostname d.example.org "
        "-starttls postgres -CAfile c.pem </dev/null") in done.out, done


def test_the_dry_run_tells_host_and_port_apart_also_when_they_are_not_known_yet(tmp_path):
    book = write_book(tmp_path, """  - step: A
    budget: 5s
    actions:
      - {id: find, exec: [echo, '5432'], effect: read, capture: {port: stdout, where: stdout}}
      - {id: a, tcp: '127.0.0.1:${port}'}
      - {id: b, tls: 'db.example.org:${port}'}
      - {id: c, tls: '${where}'}
      - {id: d, tcp: '127.0.0.1:${port == "1" ? "443" : port}'}
""")
    done = fsops("run", "book", "-R", book, "--dry-run")
    assert "nc -z 127.0.0.1 '${port}'" in done.out, done
    assert ("openssl s_client -connect 'db.example.org:${port}' -servername db.example.org -verify_return_error "
            "-verify_hostname db.example.org </dev/null") in done.out, done
    assert "openssl s_client -connect '${where}' -verify_return_error </dev/null" in done.out, done
    assert """nc -z 127.0.0.1 '${port == "1" ? "443" : port}'""" in done.out, done
    script = fsops("run", "book", "-R", book, "--dry-run=sh")
    assert 'nc -z 127.0.0.1 "${v_port}"' in script.out, script
