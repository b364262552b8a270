"""A secret that a run makes is seen by nobody: no command line, environment, terminal, journal, report or core holds it."""
import base64
import os
import pathlib
import re
import resource
import shutil
import threading
import urllib.parse

from helpers import FSOPS, Terminal, environment, fsops, run, write_book

ROTATE = ("monthly-maintenance", "--only", "rotation")
ANY_SECRET = re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=")


class Watch:
    """What `ps` could show while it runs: the command lines and environments of all processes."""

    def __init__(self):
        self.seen, self.ended = set(), threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _look(self):
        while not self.ended.wait(0.01):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for name in ("cmdline", "environ"):
                    try:
                        self.seen.add(pathlib.Path("/proc", pid, name).read_bytes())
                    except OSError:  # it has ended, or is somebody else's
                        pass


def jwt_secret(sb):
    return base64.b64decode(sb.kube.state("secrets", "flight-search-secrets")["data"]["JWT_SECRET"]).decode()


def forms(secret):
    """The ways in which it could be written."""
    raw = base64.b64decode(secret)
    return [secret.encode(), raw, raw.hex().encode(), base64.b64encode(secret.encode()),
            urllib.parse.quote(secret, safe="").encode()]


def assert_hidden(secret, text, where):
    text = text.encode() if isinstance(text, str) else text
    for form in forms(secret):
        assert form not in text, f"the secret is in {where}"


def assert_not_in_files(secret, folder):
    files = [p for p in pathlib.Path(folder).rglob("*") if p.is_file()]
    for path in files:
        assert_hidden(secret, path.read_bytes(), path)
    return files


def slow_kubectl(folder):
    """kubectl that can be looked at for a while: its command line is that of the real one."""
    (folder / "bin").mkdir()
    (folder / "bin" / "kubectl").write_text(f'#!/bin/sh\nsleep 0.3\nexec {shutil.which("kubectl")} "$@"\n')
    (folder / "bin" / "kubectl").chmod(0o755)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "TMPDIR": str(folder), "HOME": str(folder),
            "FSOPS_KUBECTL": "always"}


def test_the_new_secret_is_nowhere_but_in_the_cluster(sandbox, tmp_path):
    sb = sandbox()
    old, env = jwt_secret(sb), slow_kubectl(tmp_path)
    with Watch() as watch:
        result = run(*ROTATE, "-y", on=sb, env=env, cwd=tmp_path)
    assert result.status == 0 and result.action("new_secret")["outcome"] == "passed", str(result)
    new = jwt_secret(sb)
    assert new != old and len(base64.b64decode(new)) == 32
    assert any(b"patch\0secret" in seen for seen in watch.seen), "nobody looked while kubectl ran"
    for seen in watch.seen:
        assert_hidden(new, seen, "a command line or an environment: " + seen[:300].decode(errors="replace"))
    assert_hidden(new, result.out + result.err, "the events")
    for shown in (["log"], ["report", "--html"], ["report", "--junit"], ["report", "--json"], ["report", "--markdown"]):
        told = fsops(*shown, on=sb, env=env, cwd=tmp_path)
        assert told.status == 0 and "monthly-maintenance" in told.out, str(told)
        assert_hidden(new, told.out + told.err, shown)
    kept = assert_not_in_files(new, sb.path("state")) + assert_not_in_files(new, tmp_path)
    assert any(p.suffix == ".jsonl" or "monthly-maintenance" in p.name for p in kept), f"no journal among {kept}"


def test_the_new_secret_is_not_on_the_terminal(sandbox, tmp_path):
    sb = sandbox()
    old, env = jwt_secret(sb), slow_kubectl(tmp_path)
    with Watch() as watch:
        person = Terminal(FSOPS, "run", *ROTATE, "-v", env=environment(sb, **env), cwd=tmp_path)
        for words in ("patch secret", "rollout restart", "annotate secret"):
            person.wait(words, 60)
            person.answer("[a]bort [?] ", "y\n")
        assert person.end(60) == 0, person.seen
    assert jwt_secret(sb) != old and "patch secret" in person.seen
    for shown in (person.seen, *watch.seen):
        assert_hidden(jwt_secret(sb), shown, "what could be seen")
    assert_not_in_files(jwt_secret(sb), sb.path("state"))


def test_a_patch_that_is_refused_tells_no_secret(sandbox, tmp_path):
    """The server's message holds what it was sent; whatever it was, nobody reads it here."""
    sb = sandbox()
    sb.kube.forbid("patch", "secrets")
    result = run(*ROTATE, "-y", on=sb, env={"HOME": str(tmp_path)})
    assert result.status == 2 and "forbidden" in result.action("new_secret")["why"].lower(), str(result)
    for path in pathlib.Path(sb.path("state")).rglob("*"):
        assert not path.is_file() or not ANY_SECRET.search(path.read_bytes()), path


def test_a_dry_run_makes_none(healthy):
    for form in ("text", "sh", "json"):
        plan = fsops("run", *ROTATE, f"--dry-run={form}", on=healthy)
        assert plan.status == 0 and not ANY_SECRET.search(plan.out.encode()), str(plan)


def test_the_script_of_a_dry_run_makes_its_own_and_shows_it_to_nobody(sandbox, tmp_path):
    sb = sandbox()
    old, env = jwt_secret(sb), slow_kubectl(tmp_path)
    script = tmp_path / "script.sh"
    script.write_text(fsops("run", *ROTATE, "--dry-run=sh", on=sb).out)
    with Watch() as watch:
        person = Terminal("sh", script, env=environment(sb, **env), cwd=tmp_path)
        person.answer("run this on flight-search? [y/N] ", "y\n")
        person.answer("run this on flight-search? [y/N] ", "n\n")
        person.answer("the value of now:", "2026-01-01\n")
        person.answer("run this on flight-search? [y/N] ", "n\n")
        person.end(60)
    assert jwt_secret(sb) != old and len(base64.b64decode(jwt_secret(sb), validate=True)) == 32, person.seen
    for shown in (person.seen, *watch.seen):
        assert_hidden(jwt_secret(sb), shown, "what could be seen")


LEAKY = """\
  - step: Leak it
    id: leak
    budget: 30s
    actions:
      - id: told
        exec: [sh, -c, "tee {kept}; echo; base64 <{kept}; cat {kept} >&2; exit {status}"]
        stdin: '${{random_base64(32)}}'
        effect: change
"""


def test_a_command_that_prints_its_secret_is_masked(tmp_path):
    for status in (0, 1):
        kept, state = tmp_path / f"kept-{status}", tmp_path / f"state-{status}"
        book = write_book(tmp_path / f"book-{status}", LEAKY.format(kept=kept, status=status))
        result = run("book", "-R", book, "-y", env={"FSOPS_STATE": str(state)})
        assert result.status == (2 if status else 0) and "***" in result.out, str(result)
        assert_hidden(kept.read_text(), result.out + result.err, "the events")
        assert assert_not_in_files(kept.read_text(), state), "no journal"


def cores_wanted():
    """As on a machine where people look at cores."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def test_no_core_of_a_child_or_of_fsops_is_written(tmp_path):
    steps = '  - {step: S, id: s, budget: 9s, exec: [sh, -c, "grep -h core /proc/self/limits /proc/$PPID/limits"], effect: read}\n'
    result = run("book", "-R", write_book(tmp_path / "r", steps), preexec_fn=cores_wanted)
    limits = "".join(e["text"] for e in result.events("action.output")).splitlines()
    most = "1" if resource.getrlimit(resource.RLIMIT_CORE)[1] else "0"
    assert [line.split()[4] for line in limits] == [most] * 2, str(result)


def test_no_core_lies_there_after_a_crash(tmp_path):
    steps = "  - {step: S, id: s, budget: 9s, exec: [sh, -c, 'kill -SEGV $$'], effect: change}\n"
    book = write_book(tmp_path / "r", steps)
    assert run("book", "-R", book, "-y", cwd=tmp_path, preexec_fn=cores_wanted).status == 2
    assert [p.name for p in tmp_path.iterdir()] == ["r"]
