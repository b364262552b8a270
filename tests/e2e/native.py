"""What the tests of native forms share: the same command by kubectl, and by fsops without it."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

from helpers import environment, run, write_book


def version():
    out = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True)
    found = re.search(r'"gitVersion": "v1\.(\d+)', out.stdout)
    return int(found[1]) if found else 0


NEW = version() >= 32 and not os.environ.get("FSOPS_OLD")


def by_kubectl(words, server):
    """[exit, stdout, stderr]"""
    ended = subprocess.run(["kubectl", *words.split()], env=environment(**server.env), capture_output=True,
                           stdin=subprocess.DEVNULL)
    return [ended.returncode, ended.stdout.decode(), ended.stderr.decode()]


def by_fsops(folder, server, forms, env=None, target=None):
    """{words: (via, [exit, stdout, stderr])} of all in one run."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
    steps = "  - step: all\n    id: all\n    actions:\n" + "".join(
        f"      - {{id: a{n}, kubectl: {json.dumps(words.split())}, severity: info, save: {folder}/{n},\n"
        f"         expect: exit >= 0 && stderr.size() >= 0, capture: {{e{n}: \"[exit, via, stderr]\"}}}}\n"
        for n, words in enumerate(forms))
    result = run("book", "-R", write_book(folder / "book", steps, {"cluster": {"kubectl": target or {}}}),
                 env={**server.env, **(env or {})})
    found = {}
    for n, words in enumerate(forms):
        code, via, err = result.action(f"a{n}")["captured"][f"e{n}"]
        found[words] = via, [code, (folder / str(n)).read_bytes().decode(), err]
    return found
