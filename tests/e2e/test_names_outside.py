"""Names that come from outside: a value stays in its folder, is no option, and nobody's link is followed."""
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from helpers import FSOPS, Terminal, environment, fsops, wait_until, write_book
from strangers import EVE, ME, ONLY_ROOT, as_user, give, public_folder

NAMES = ["../escaped", "../../escaped", "/tmp/fsops-escaped", "a/b", "..", ".", "a/../b", "x/", "\x00x"]


def steps(value, *actions):
    """A runbook in which `name` is what a server said."""
    said = json.dumps(value)
    lines = "".join(f"      - {action}\n" for action in actions)
    return (f"  - step: Ask\n    budget: 5s\n    actions:\n"
            f"      - {{id: ask, exec: [printf, '%s', {json.dumps(said)}], effect: read, capture: {{name: json}}}}\n"
            f"  - step: Use\n    budget: 5s\n    actions:\n{lines}")


def all_files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# ---- files ----

PATHS = ["kept/${name}", "${name}", "kept/${name}/log", "${name}.d/../../${name}"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_value_does_not_choose_the_folder_of_save(tmp_path, name):
    book = write_book(tmp_path / "r", steps(name, *(
        f"{{id: keep{i}, exec: [echo, evidence], effect: read, save: '{path}'}}" for i, path in enumerate(PATHS))))
    (tmp_path / "in" / "kept").mkdir(parents=True)
    before = all_files(tmp_path)
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=tmp_path / "in")
    for i, path in enumerate(PATHS):
        why = done.action(f"keep{i}").get("why", "")
        assert done.action(f"keep{i}")["outcome"] == "failed", (path, done)
        assert "filled in" in why or "zero byte" in why, (path, done)
    assert all_files(tmp_path) == before and not os.path.exists("/tmp/fsops-escaped"), done


@pytest.mark.parametrize("name, path", [
    ("plain-1.2_x", "kept/${name}.log"), ("with blank é", "kept/${name}"), ("..x", "kept/${name}"),
    ("", "kept/x${name}"), ("x", "kept/..${name}"), (".hidden", "new-${name}/log"), ("5", "${name}.log"),
    (7, "kept/${name}-${run.id}")])
def test_a_value_is_a_part_of_a_name(tmp_path, name, path):
    book = write_book(tmp_path / "r", steps(name, f"{{id: keep, exec: [echo, evidence], effect: read, save: '{path}'}}"))
    (tmp_path / "in" / "kept").mkdir(parents=True)
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=tmp_path / "in")
    assert done.status == 0, done
    wanted = path.replace("${name}", str(name)).replace("${run.id}", done.event("run.started")["run"])
    assert (tmp_path / "in" / wanted).read_text() == "evidence\n"


def test_a_filled_in_folder_that_is_a_link_leads_nowhere(tmp_path):
    book = write_book(tmp_path / "r", steps("case", "{id: keep, exec: [echo, x], effect: read, save: 'kept/${name}/log'}"))
    here, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (here / "kept").mkdir(parents=True)
    (here / "kept" / "case").symlink_to(elsewhere)
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=here)
    assert "'case' in it was filled in and is a link" in done.action("keep")["why"] and not all_files(elsewhere), done
    (here / "kept" / "case").unlink()
    (here / "kept" / "case").mkdir()
    (here / "kept" / "case" / "log").symlink_to(elsewhere / "log")  # dangling
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=here)
    assert "is there already" in done.action("keep")["why"] and not all_files(elsewhere), done
    # a link that the author wrote is the author's
    (here / "kept").rename(here / "real")
    (here / "kept").symlink_to("real")
    (here / "real" / "case" / "log").unlink()
    assert fsops("run", "book", "-R", book, cwd=here).status == 0
    assert (here / "real" / "case" / "log").read_text() == "x\n"


HEAD = "vars: {folder: {help: where evidence goes, default: kept}}\n"


def test_a_folder_that_people_name_may_be_anywhere(tmp_path):
    action = "{id: keep, exec: [echo, x], effect: read, save: '${folder}/out-${name}'}"
    book = write_book(tmp_path / "r", steps("n", action), head=HEAD)
    target = tmp_path / "a" / "b"
    target.parent.mkdir()
    assert fsops("run", "book", "-R", book, "--var", f"folder={target}", cwd=tmp_path).status == 0
    assert (target / "out-n").exists()
    done = fsops("run", "book", "-R", book, "--var", f"folder={tmp_path}/a/../c", "--format", "json", cwd=tmp_path)
    assert done.status == 0 and (tmp_path / "c" / "out-n").exists()
    # … but not one that a server has said, under the same name or through another runbook
    captured = write_book(tmp_path / "r2", steps("../..", action.replace("folder", "name").replace("out-${name}", "out")),
                          head="vars: {name: {help: x, default: kept}}\n")
    done = fsops("run", "book", "-R", captured, "--format", "json", cwd=tmp_path / "a")
    assert "filled in" in done.action("keep")["why"], done
    inner = write_book(tmp_path / "r3", "  - step: A\n    budget: 5s\n    actions:\n      - " +
                       action.replace("-${name}", "") + "\n", head=HEAD, name="inner")
    (inner / "outer.yaml").write_text("runbook: outer\ntitle: Outer\nseverity: info\nsteps:\n" + steps(
        f"{tmp_path}/stolen", "{id: in, runbook: {name: inner, vars: {folder: '${name}'}}}"))
    (tmp_path / "stolen").mkdir()
    done = fsops("run", "outer", "-R", inner, "--format", "json", cwd=tmp_path)
    assert done.status != 0 and not all_files(tmp_path / "stolen"), done


def test_an_item_of_a_list_does_not_choose_the_folder(tmp_path):
    book = write_book(tmp_path / "r", steps(["ok", "../out"], "{id: keep, exec: [echo, x], effect: read, for_each: name, "
                                            "as: one, save: 'kept/${one}'}"))
    (tmp_path / "kept").mkdir()
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=tmp_path)
    assert sorted(e["outcome"] for e in done.events("action.finished", action="keep")) == ["failed", "passed"], done
    assert all_files(tmp_path / "kept") == ["ok"] and not (tmp_path / "out").exists()


class Bucket(http.server.BaseHTTPRequestHandler):
    """One object, whose key the server chooses."""
    key = ""

    def do_GET(self):
        listing = (f"<ListBucketResult><Contents><Key>{self.key}</Key><LastModified>2026-11-20T03:04:05.000Z"
                   "</LastModified><Size>5</Size><ETag>\"x\"</ETag></Contents></ListBucketResult>")
        body = listing.encode() if "list-type" in urllib.parse.urlsplit(self.path).query else b"evil\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


FILES = ["kept/${key}", "${key}", "kept/${key}.gz"]


@pytest.mark.parametrize("key", ["../../ESCAPED", "/etc/fsops-escaped", "a/b", "..", "dump-1.sql"])
def test_a_key_does_not_choose_where_s3_cp_writes(tmp_path, key):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("B", (Bucket,), {"key": key}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    book = write_book(tmp_path / "r", (
        "  - step: Find\n    budget: 9s\n    actions:\n"
        "      - {id: find, s3: ls s3://b/, target: b, capture: {key: latest.key}}\n"
        "  - step: Fetch\n    budget: 9s\n    actions:\n") + "".join(
        f"      - {{id: get{i}, s3: 'cp s3://b/k {file}', target: b}}\n" for i, file in enumerate(FILES)),
        targets={"b": {"s3": "s3://b", "region": "us-east-1", "endpoint": f"http://127.0.0.1:{server.server_port}"}})
    here = tmp_path / "x" / "in"
    (here / "kept").mkdir(parents=True)
    before = set(all_files(tmp_path))
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=here,
                 env={"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"})
    server.shutdown()
    server.server_close()
    wanted = set()
    for i, file in enumerate(FILES):
        name = file.replace("${key}", key)
        if key == "dump-1.sql" or name == "kept/...gz":  # that is a name as well
            wanted.add(f"x/in/{name}")
            assert done.action(f"get{i}")["outcome"] == "passed" and (here / name).read_bytes() == b"evil\n", done
        else:
            assert "filled in" in done.action(f"get{i}")["why"], (file, done)
    assert set(all_files(tmp_path)) - before == wanted, done


@pytest.mark.parametrize("form", ["--dry-run", "--dry-run=json", "--dry-run=sh", "--check", "--format=json"])
def test_what_is_known_before_is_refused_before(tmp_path, form):
    """Nothing is begun, and the dry run says the same as the run."""
    head = "vars: {name: {help: x, default: good, pattern: '.*'}}\n"
    mark = tmp_path / "mark"
    for action in ("exec: [echo, x], save: 'kept/${name}'", "exec: [echo, '${name}']"):
        book = write_book(tmp_path / "r", f"  - step: First\n    budget: 5s\n    exec: [touch, {mark}]\n    effect: read\n"
                          "  - step: A\n    budget: 5s\n    actions:\n"
                          f"      - {{id: a, {action}, effect: read}}\n", head=head)
        value = "../x" if "save" in action else "-x"
        done = fsops("run", "book", "-R", book, "--var", f"name={value}", form, cwd=tmp_path)
        assert done.status == 65 and f"'{value}' was filled in" in done.err and "'a'" in done.err, done
        assert not mark.exists()
        assert fsops("run", "book", "-R", book, "--dry-run", cwd=tmp_path).status == 0


# ---- options ----

WORDS = [
    ("[tar, cf, /dev/null, '${name}', /etc/hostname]", False),
    ("[echo, x, '${name}']", False),
    ("['${name}']", False),
    ("[sudo, -u, nobody, --, rm, '${name}']", False),
    ("[env, --, rm, '${name}', x]", False),
    ("[env, echo, --, '${name}']", True),
    ("[echo, --, '${name}']", True),
    ("[echo, --, x, '${name}', '${name}']", True),
    ("[echo, '--file=${name}']", True),
    ("[echo, '-n${name}']", True),
    ("[echo, './${name}']", True),
    ("[echo, ' ${name}']", True),
    ("[sh, -c, 'echo \"$1\"', sh, '${name}']", True),
    ("[sh, '${name}']", False),
    ("{argv: [echo, '${name}']}", False),
    ("{argv: [echo, --, '${name}'], env: {X: '${name}'}}", True),
    ('"echo ${name}"', False),
    ('"echo \'${name}x\'"', False),
]


@pytest.mark.parametrize("value", ["--checkpoint-action=exec=touch PWNED", "-rf", "-"])
def test_a_value_is_no_option_of_a_command(tmp_path, value):
    book = write_book(tmp_path / "r", steps(value, *(
        f"{{id: use{i}, exec: {words}, effect: read}}" for i, (words, _) in enumerate(WORDS))).replace("5s", "20s"))
    done = fsops("run", "book", "-R", book, "--format", "json", cwd=tmp_path)
    for i, (words, good) in enumerate(WORDS):
        use = done.action(f"use{i}")
        assert (use["outcome"] == "passed") == good, (words, done)
        assert good or "would read it as an option" in use["why"], (words, done)
    assert not (tmp_path / "PWNED").exists()


def test_nor_is_a_number_an_item_or_what_joins_two_values(tmp_path):
    for value, word in ((-9, "${name}"), (["ok", "-x"], "${one}"), ("", "${name}-x"), ("-", "${''}${name}x")):
        more = "for_each: name, as: one, " if isinstance(value, list) else ""
        word = word.replace("''", "''''") if "''" in word else word
        book = write_book(tmp_path / "r", steps(value, f"{{id: use, {more}exec: [echo, '{word}'], effect: read}}"))
        done = fsops("run", "book", "-R", book, "--format", "json")
        whys = [e.get("why") or "" for e in done.events("action.finished", action="use")]
        assert any("as an option" in why for why in whys), (value, done)


@pytest.mark.parametrize("words, good", [
    ("exec pod/x -- tar cf - ${name}", False), ("exec pod/x -- rm -- ${name}", True),
    ("cp pod/x:/tmp/a kept/${up}", False), ("cp pod/x:/tmp/${up} kept/a", False), ("cp pod/x:/tmp/a kept/${name}", True),
    ("get pods ${name}", False), ("get pods --selector=${name}", True), ("get pods -- ${name}", True)])
def test_kubectl_and_the_command_in_a_container_read_no_value_as_an_option(tmp_path, words, good):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "bin" / "kubectl").chmod(0o755)
    head = "vars: {name: {help: x, default: good, pattern: '.*'}, up: {help: x, default: ../../x}}\n"
    book = write_book(tmp_path / "r", f"  - step: A\n    budget: 5s\n    kubectl: {words}\n    target: k\n",
                      targets={"k": {"kubectl": {"context": "c", "namespace": "n"}}}, head=head)
    done = fsops("run", "book", "-R", book, "--dry-run", "--var", "name=--all",
                 env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "FSOPS_KUBECTL": "always"})
    assert (done.status == 0) == good, done
    assert good or ("is not in the folder" if "${up}" in words else "as an option") in done.err


@pytest.mark.parametrize("path, name, lands", [
    ("${folder}/x.log", "", None), ("${folder}x.log", "", "x.log"), ("kept/${folder}/x.log", "", None),
    ("kept/x${folder}.log", "", "kept/x.log"), ("${folder}/x.log", "out", "out/x.log"), ("${folder}/x.log", "out/", "out/x.log"),
    ("${string(folder)}${folder}/x.log", "", None)])
def test_an_empty_value_moves_no_file_to_another_folder(tmp_path, path, name, lands):
    """Least of all to the root."""
    book = write_book(tmp_path / "r", f"  - step: A\n    budget: 5s\n    actions:\n      - {{id: say, exec: [echo, hi], "
                      f"effect: read, save: '{path}'}}\n", head="vars: {folder: unset}\n")
    done = fsops("run", "book", "-R", book, "--format", "json", "--var", f"folder={name}", cwd=tmp_path)
    if lands:
        assert done.action("say")["outcome"] == "passed" and (tmp_path / lands).read_text() == "hi\n", done
    else:
        assert done.status == 65 and "an empty value" in done.err, done
        assert not list(tmp_path.rglob("*.log"))


def test_a_value_does_not_choose_a_program_of_another_folder(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for path in (tools / "good", tmp_path / "bad"):
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    for name, outcome in (("good", "passed"), ("../bad", "failed"), ("..", "failed")):
        book = write_book(tmp_path / "r", steps(name, f"{{id: use, exec: ['{tools}/${{name}}'], effect: read}}"))
        done = fsops("run", "book", "-R", book, "--format", "json")
        assert done.action("use")["outcome"] == outcome, done
        assert outcome == "passed" or "is not in the folder" in done.action("use")["why"], done


# ---- addresses ----

class Asked(http.server.BaseHTTPRequestHandler):
    """Notes what was asked; answers as a Prometheus does."""

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.seen.append((self.command, self.path, urllib.parse.parse_qs(body).get("query", [""])[0]))
        self.send_response(200)
        reply = b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}'
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def asked():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.seen, server.at = [], f"http://127.0.0.1:{server.server_port}"
    server.targets = {"api": {"http": server.at}, "prom": {"prometheus": server.at}}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


DELETE = "{id: use, http: {method: DELETE, url: '%s'}, target: api}"
ALL = ("run", "book", "-y", "--yes-destroy", "--format", "json")


@pytest.mark.parametrize("name, url, sent", [
    ("7", "/t/42/items/${name}", "/t/42/items/7"),
    ("#", "/t/42/items/${name}", "/t/42/items/%23"),
    ("?force=true&all=1", "/t/42/items/${name}", "/t/42/items/%3Fforce%3Dtrue%26all%3D1"),
    ("../../7", "/t/42/items/${name}", "/t/42/items/..%2F..%2F7"),
    ("/../../../admin", "/t/42/items/${name}", "/t/42/items/%2F..%2F..%2F..%2Fadmin"),
    ("a b%2f\u00e9", "/t/${name}/x?q=${name}&r=1", "/t/a%20b%252f%C3%A9/x?q=a%20b%252f%C3%A9&r=1"),
    ("", "/t?q=${name}&r=1", "/t?q=&r=1"), ("", "/t/x${name}", "/t/x"), ("..", "/t/${name}x", "/t/..x"),
    (2, "/t/${name}", "/t/2"), (-2.5, "/t/${name}", "/t/-2.5"), ("/p/q?r=s", "${name}", "/p/q?r=s"),
    ("/p", "${name}/q", "/p/q"), ("p/q", "${'/' + name}", "/p/q"),
    ("", "/t/42/items/${name}", None), (".", "/t/${name}/x", None), ("..", "/t/42/items/${name}?x=1", None),
    (".", "/t/.${name}", None), (".", "/t/${name}%%2E", None), ("..", "/t/${name};v=1", None), ("", "/t/${name};v=1", None),
    ("", "${name}/q", None)], ids=repr)
def test_a_value_is_one_part_of_an_address(tmp_path, asked, name, url, sent):
    url = url.replace("%%", "%")
    book = write_book(tmp_path / "r", steps(name, DELETE % url.replace("'", "''")), targets=asked.targets)
    done = fsops(*ALL, "-R", book)
    if sent is None:
        why = done.action("use")["why"]
        assert done.action("use")["outcome"] == "failed" and "was filled in" in why and "`when:`" in why, done
        assert not asked.seen
    else:
        assert asked.seen == [("DELETE", sent, "")], done
        command = done.event("action.started", action="use")["command"]
        assert asked.at + sent in command, command
    plan = fsops("run", "book", "--dry-run=json", "-R", book)
    assert url.split("?")[0] in json.dumps(plan.json, ensure_ascii=False) or url[0] == "$", plan


@pytest.mark.parametrize("host", ["127.0.0.1/x", "evil@127.0.0.1", "127.0.0.1?", "127.0.0.1#", "127.0.0.1\\x", "%31"])
def test_a_value_ends_no_host(tmp_path, asked, host):
    for url in (f"http://${{name}}:{asked.server_port}/x", f"http://${{name}}.invalid:{asked.server_port}/"):
        done = fsops(*ALL, "-R", write_book(tmp_path / "r", steps(host, DELETE % url), targets=asked.targets))
        assert "as a part of the host" in done.action("use")["why"] and not asked.seen, done
    url = f"http://${{name}}:{asked.server_port}/x"
    done = fsops(*ALL, "-R", write_book(tmp_path / "r", steps("127.0.0.1", DELETE % url), targets=asked.targets))
    assert [path for _, path, _ in asked.seen] == ["/x"], done


SAID = "vars: {place: {help: x, default: a/b, pattern: '.*'}}\n"


def test_what_people_say_in_an_address_is_as_they_say_it(tmp_path, asked):
    book = write_book(tmp_path / "r", steps("../n", DELETE % "/${place}/${vars.place}/${name}"), head=SAID, targets=asked.targets)
    fsops(*ALL, "-R", book)
    fsops(*ALL, "-R", book, "--var", "place=c/d?e=")
    assert [path for _, path, _ in asked.seen] == ["/a/b/a/b/..%2Fn", "/c/d?e=/c/d?e=/..%2Fn"]
    plan = fsops("run", "book", "--dry-run", "-R", book)
    assert f"'{asked.at}/a/b/a/b/${{name}}'" in plan.out, plan


def test_nor_does_a_runbook_inside_another_make_one_of_it(tmp_path, asked):
    write_book(tmp_path / "r", "  - {id: use, http: {method: DELETE, url: '/x/${place}'}, target: api}\n".replace(
        "{id", "{step: Use, id"), head=SAID, name="inner", targets=asked.targets)
    book = write_book(tmp_path / "r", steps(
        "../n", "{id: one, runbook: {name: inner, vars: {place: '${name}'}}}",
        "{id: two, runbook: {name: inner, vars: {place: '${place}'}}}",
        "{id: three, runbook: {name: inner, vars: {place: 'x-${name}'}}}",
        "{id: four, runbook: {name: inner, vars: {place: 'c/d'}}}"), head=SAID, targets=asked.targets)
    done = fsops(*ALL, "-R", book)
    assert [path for _, path, _ in asked.seen] == ["/x/..%2Fn", "/x/a/b", "/x/x-..%2Fn", "/x/c/d"], done
    plan = fsops("run", "book", "--dry-run", "-R", book).out
    assert "/x/${name}" in plan and "/x/x-${name}" in plan and "/x/a/b" in plan, plan


def test_an_alerts_label_is_not_what_people_say(tmp_path, asked):
    book = write_book(tmp_path / "r", f"  - {{step: Wait, exec: [sh, -c, 'mkdir {tmp_path}/mark && sleep 60'], "
                      "effect: read, severity: info}\n"
                      "  - {step: Use, id: use, http: {method: DELETE, url: '/x/${place}'}, target: api}\n",
                      head=SAID, targets=asked.targets, platform_more="alerts:\n"
                      "  - {alert: Odd, severity: critical, respond_within: 5m, runbook: book}\n")
    payload = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "Odd", "place": "../y?z"}}]}
    env = {"FSOPS_STATE": str(tmp_path / "state")}
    begun = subprocess.Popen([FSOPS, "alert", "-", "--run", "-y", "--yes-destroy", "-R", book], env=environment(**env),
                             stdin=subprocess.PIPE, text=True)
    begun.stdin.write(json.dumps(payload))
    begun.stdin.close()
    wait_until((tmp_path / "mark").exists, "it has begun")
    begun.terminate()
    begun.wait(30)
    done = fsops("resume", "-y", "--yes-destroy", "-R", book, env=env)  # which knows it, too
    assert [path for _, path, _ in asked.seen] == ["/x/..%2Fy%3Fz"], done


# ---- queries ----

QUERY = "{id: use, prometheus: '%s', target: prom}"
HOSTILE = 'x"} * 0 or vector(0)) or (up{job="y'


@pytest.mark.parametrize("name, query, sent", [
    ("app", 'sum(e{job="${name}"})', 'sum(e{job="app"})'),
    (HOSTILE, 'sum(e{job="${name}"})', 'sum(e{job="' + HOSTILE.replace('"', '\\"') + '"})'),
    ("a'b\"c", "e{job='${name}'}", "e{job='a\\'b\"c'}"),
    ("a\\", 'e{job="${name}",x="y"}', 'e{job="a\\\\",x="y"}'), ("a\nb", 'e{job="${name}"}', 'e{job="a\\nb"}'),
    ("a.*|b+", 'e{job=~"^(${name})$"}', 'e{job=~"^(a.*|b+)$"}'), ('a"b', "e{job=`${name}`}", 'e{job=`a"b`}'),
    ("5m", 'rate(e{q="it\'s # no"}[${name}])', 'rate(e{q="it\'s # no"}[5m])'), (-2.5, "e > ${name}", "e > -2.5"),
    ("up", "${name}", "up"), ("x", "e # it\'s\n  + e{a=\"${name}\"}", "e # it\'s\n  + e{a=\"x\"}"),
    ("a`b", "e{job=`${name}`}", None), ("1) or vector(0", "sum(e > ${name})", None), ("", "e ${name}", None),
    ('"', "e # ${name}", None), ('"', 'e{job="\\${name}"}', None), ("up or vector(0)", "${name}", None)], ids=repr)
def test_a_value_stays_in_its_place_in_a_query(tmp_path, asked, name, query, sent):
    book = write_book(tmp_path / "r", steps(name, "{id: use, prometheus: %s, target: prom}" % json.dumps(query)),
                      targets=asked.targets)
    done = fsops(*ALL, "-R", book)
    if sent is None:
        assert "was filled in" in done.action("use")["why"] and not asked.seen, done
    else:
        assert [query for _, _, query in asked.seen] == [sent], done
        command = done.event("action.started", action="use")["command"]
        assert "query=" + sent.replace("'", "'\\''") in command, command


def test_what_people_say_is_a_part_of_the_query_but_for_texts(tmp_path, asked):
    head = "vars: {cond: 'job=\"a\"', text: 'b\"c'}\n"
    book = write_book(tmp_path / "r", steps("n", QUERY % 'sum(e{${cond},x="${text}"})'), head=head, targets=asked.targets)
    done = fsops(*ALL, "-R", book)
    assert [query for _, _, query in asked.seen] == ['sum(e{job="a",x="b\\"c"})'], done


def test_a_metric_and_its_rule_ask_the_same(tmp_path, asked):
    more = ("vars: {cond: 'job=\"a\"', text: 'b\"c'}\nmetrics:\n  m: {source: {prometheus: 'sum(e{${cond},x=\"${text}\"})'}, "
            "critical: '> 5'}\n")
    book = write_book(tmp_path / "r", '  - {step: A, metrics: all}\n', targets={"prom": asked.targets["prom"]}, platform_more=more)
    wanted = 'sum(e{job="a",x="b\\"c"})'
    for words in (("check",), ("run", "book")):
        fsops(*words, "-R", book)
        assert asked.seen.pop()[2] == wanted
    assert json.dumps(wanted)[1:-1] in fsops("alert", "--prometheus-rules", "-R", book).out


# ---- scripts ----

def test_a_script_asks_for_what_it_would_have_to_encode(tmp_path, asked):
    book = write_book(tmp_path / "r", steps("x", DELETE % "/items/${name}", QUERY.replace("use", "look") % 'e{a="${name}"}'),
                      targets=asked.targets)
    script = fsops("run", "book", "--dry-run=sh", "-R", book).out
    path = tmp_path / "script.sh"
    path.write_text(script)
    assert subprocess.run(["sh", "-n", path]).returncode == 0
    person = Terminal("sh", str(path), cwd=tmp_path)
    person.answer("name, that is json:", "../7\n")
    for value in ("..", "a?b", "é", "good-1"):
        person.answer("another value of name, only of A-Za-z0-9._~-:", value + "\n")
    person.answer('type "destroy" to run it:', "destroy\n")
    assert person.end() == 0, person.seen
    assert asked.seen == [("DELETE", "/items/good-1", ""), ("POST", "/api/v1/query", 'e{a="good-1"}')], person.seen
    assert len(re.findall("would be read as something else", person.seen)) == 4, person.seen


# ---- links of strangers ----

@pytest.fixture
def public():
    folder = public_folder()
    yield folder
    shutil.rmtree(folder)


def one_run(public):
    """The environment of ME, who has one run on record, and a sticky folder for everybody."""
    home = public / "home"
    home.mkdir()
    write_book(home / "runbooks", '  - step: Look\n    budget: 5s\n    shell: "true"\n    effect: read\n')
    give(home, ME)
    assert as_user(ME, "run", "book", cwd=home).returncode == 0
    shared = public / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    return home, shared


@ONLY_ROOT
@pytest.mark.parametrize("words", [["report", "-o", "{}"], ["report", "--prom", "{}"],
                                   ["run", "book", "--report", "{}"], ["run", "book", "--junit", "{}"]])
def test_a_report_does_not_follow_a_strangers_link(public, words):
    home, shared = one_run(public)
    mine = home / "precious.md"
    mine.write_text("mine")
    os.chown(mine, ME, ME)
    link = shared / ("r.prom" if "--prom" in words else "r.md")
    for owner, good in ((EVE, False), (ME, True)):
        mine.write_text("mine")
        link.unlink(missing_ok=True)
        link.symlink_to(mine)
        os.chown(link, owner, owner, follow_symlinks=False)
        done = as_user(ME, *[w.format(link) for w in words], cwd=home)
        assert (mine.read_text() != "mine") == good and link.is_symlink(), done
        assert good or (done.returncode != 0 and "link of another user" in done.stderr), done


@ONLY_ROOT
def test_nor_one_in_the_strangers_own_folder(public):
    home, shared = one_run(public)
    (home / "precious.md").write_text("mine")
    os.chown(home / "precious.md", ME, ME)
    theirs = shared / "theirs"
    theirs.mkdir()
    (theirs / "r.md").symlink_to(home / "precious.md")
    for path in (theirs, theirs / "r.md"):
        os.chown(path, EVE, EVE, follow_symlinks=False)
    done = as_user(ME, "report", "-o", theirs / "r.md", cwd=home)
    assert "link of another user" in done.stderr and (home / "precious.md").read_text() == "mine", done


@ONLY_ROOT
def test_nor_one_on_the_way_or_one_behind_another(public):
    home, shared = one_run(public)
    (shared / "way").symlink_to(home)
    (shared / "first").symlink_to("second")
    (shared / "second").symlink_to(home / "out.md")
    for name in ("way", "second"):
        os.chown(shared / name, EVE, EVE, follow_symlinks=False)
    os.chown(shared / "first", ME, ME, follow_symlinks=False)
    for path in ("way/x.md", "first", "second/../x.md"):
        done = as_user(ME, "report", "--markdown", "-o", shared / path, cwd=home)
        assert done.returncode != 0 and "link of another user" in done.stderr, (path, done)
    (shared / "loop").symlink_to("loop")
    os.chown(shared / "loop", ME, ME, follow_symlinks=False)
    assert "symbolic links" in as_user(ME, "report", "--markdown", "-o", shared / "loop", cwd=home).stderr


@ONLY_ROOT
def test_what_is_no_link_is_as_it_was(public):
    home, shared = one_run(public)
    give(home, ME)
    for path in (home / "a.md", home / "." / "runbooks" / ".." / "b.md", shared / "c.md"):
        assert as_user(ME, "report", "-o", path, cwd=home).returncode == 0 and path.exists()
    assert as_user(ME, "report", "-o", "d.md", cwd=home).returncode == 0 and (home / "d.md").exists()
    other = home / "other.md"
    os.link(home / "d.md", other)  # a second name keeps what it had
    before = other.read_text()
    (home / "d.md").chmod(0o640)
    assert as_user(ME, "report", "-o", "d.md", cwd=home).returncode == 0
    assert other.read_text() == before and (home / "d.md").stat().st_mode & 0o777 == 0o640
    os.mkfifo(home / "fifo.md")
    os.chown(home / "fifo.md", ME, ME)
    for path in ("fifo.md", "/dev/stdout"):
        done = as_user(ME, "report", "--markdown", "-o", path, cwd=home)
        assert done.returncode == 2 and "is no file" in done.stderr, done


@ONLY_ROOT
def test_the_mode_of_a_strangers_file_is_not_kept(public):
    home, shared = one_run(public)
    shared.chmod(0o777)  # where the file can be replaced
    (shared / "r.md").write_text("")
    (shared / "r.md").chmod(0o666)
    os.chown(shared / "r.md", EVE, EVE)
    assert as_user(ME, "report", "-o", shared / "r.md", cwd=home, umask=0o077).returncode == 0
    info = (shared / "r.md").stat()
    assert (info.st_uid, info.st_mode & 0o777) == (ME, 0o600)


# ---- names that say two things ----

def test_a_report_whose_name_says_another_form_is_a_mistake(tmp_path):
    for name, form in (("r.html", "--markdown"), ("r.md", "--html"), ("r.json", "--junit")):
        done = fsops("report", "-o", tmp_path / name, form)
        assert done.status == 64 and "leave one of the two out" in done.err and not (tmp_path / name).exists(), done


def test_two_alerts_of_one_name_are_seen(tmp_path):
    alerts = ("alerts:\n  - {alert: Pod Down, severity: critical, respond_within: 5m}\n"
              "  - {alert: pod-down, severity: warning, respond_within: 5m%s}\n")
    for more, found in (("", True), (", match: {severity: warning}", False)):
        book = write_book(tmp_path / "r", '  - {step: A, budget: 5s, shell: "true", effect: read}\n',
                          platform_more=alerts % more)
        done = fsops("lint", "-R", book)
        assert ("platform.yaml:5:" in done.out and "is there already, in line 4" in done.out) == found, done
