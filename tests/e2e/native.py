"""What the tests of native forms share: the same command by kubectl, and by fsops without it.

What kubectl prints of what never changes (canned_kube.py) comes from the machine's own when that is 1.32 or newer; else
from data/, which `FSOPS_RECORD=1 pytest test_native_….py` writes (with a kubectl of 1.32).
"""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

from helpers import environment, run, write_book


def version():
    out = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True)
    found = re.search(r'"gitVersion": "v1\.(\d+)', out.stdout)
    return int(found[1]) if found else 0


# What kubectl logs of its own doings: with the time and its process id, and not each time.
LOGGED = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\.go:\d+\] .*\n", re.M)
NEW = version() >= 32 and not os.environ.get("FSOPS_OLD")


def split(words):
    """At blanks, but for those between single quotes."""
    return [quoted or word for quoted, word in re.findall(r"'([^']*)'(?=\s|$)|(\S+)", words)]


def by_kubectl(words, server):
    """[exit, stdout, stderr], without what it logs."""
    ended = subprocess.run(["kubectl", *split(words)], env=environment(**server.env), capture_output=True,
                           stdin=subprocess.DEVNULL)
    return [ended.returncode, ended.stdout.decode(), LOGGED.sub("", ended.stderr.decode())]


def kept(result):
    """[exit, stdout, stderr] as it is kept in the file: of what is long its digest."""
    return [v if isinstance(v, int) or len(v) < 3000 else hashlib.sha256(v.encode()).hexdigest() for v in result]


def expectation(records, forms, server):
    """{words: [exit, stdout, stderr]} of kubectl."""
    if not NEW:
        return json.loads(records.read_text())
    with ThreadPoolExecutor(4) as pool:  # many of them wait
        found = dict(zip(forms, pool.map(lambda words: by_kubectl(words, server), forms)))
    if os.environ.get("FSOPS_RECORD"):
        records.write_text(json.dumps({w: kept(r) for w, r in found.items()}, indent=0, sort_keys=True) + "\n")
    return found


def by_fsops(folder, server, forms, env=None, target=None):
    """{words: (via, [exit, stdout, stderr])} of all in one run."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
    steps = "  - step: all\n    id: all\n    actions:\n" + "".join(
        f"      - {{id: a{n}, kubectl: {json.dumps(split(words))}, severity: info, save: {folder}/{n},\n"
        f"         expect: exit >= 0 && stderr.size() >= 0, capture: {{e{n}: \"[exit, via, stderr]\"}}}}\n"
        for n, words in enumerate(forms))
    result = run("book", "-R", write_book(folder / "book", steps, {"cluster": {"kubectl": target or {}}}),
                 env={**server.env, **(env or {})})
    found = {}
    for n, words in enumerate(forms):
        code, via, err = result.action(f"a{n}")["captured"][f"e{n}"]
        found[words] = via, [code, (folder / str(n)).read_bytes().decode(), err]
    return found
