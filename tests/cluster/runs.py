"""Running a shipped runbook over the cluster: as whom, through which kubectl, and what it changed."""
import json
import os
import pathlib
import re
import shlex
import subprocess
import tempfile

import hurried
from helpers import FSOPS, Result, Terminal, clip, environment, wait_until
from objects import BACKEND

SLOWER = 4  # pods of a real cluster take seconds
LONG = 240
OPTIONS = {"deploy": {"version": "v1.2.0", "checklist": "done"},
           "security-incident": {"deployment": BACKEND, "isolate": "true"}}
WITH_BACKUP = ("restore-database", "recover-application")
WATCHED = """#!/bin/sh
# Runs kubectl, and notes how it ended.
words=$(printf '\\t%s' "$@")
{moment}
"{kubectl}" "$@"
status=$?
printf '%s%s\\n' "$status" "$words" >>"{log}"
exit "$status"
"""


class Run:
    """One run in a folder of its own."""

    def __init__(self, cluster, book, kubeconfig=None, moment="", **options):
        """`moment`: a line of shell before each kubectl, with its words in "$*"."""
        self.cluster, self.book = cluster, book
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{book}-", dir=cluster.folder))
        self.log = self.folder / "kubectl.log"
        books = hurried.copy(pathlib.Path(cluster.runbooks), self.folder / "runbooks", SLOWER)
        wrapper = self.folder / "bin" / "kubectl"
        wrapper.parent.mkdir()
        wrapper.write_text(WATCHED.format(moment=moment + cluster.patience, kubectl=cluster.program, log=self.log))
        wrapper.chmod(0o755)
        self.env = environment(cluster, KUBECONFIG=kubeconfig or cluster.oncall, HOME=str(self.folder),
                               FSOPS_STATE=str(self.folder / "state"), FSOPS_RUNBOOKS=str(books),
                               PATH=f"{wrapper.parent}:{os.environ['PATH']}")
        self.words = ["run", book, "-y", "--yes-destroy"]
        for name, value in {**self.needed(), **options}.items():
            if re.search(rf"^  {name}:", "".join(f.read_text() for f in (books / "platform.yaml",
                                                                       books / f"{book}.yaml")), re.M):
                self.words += ["--var", f"{name}={value}"]

    def needed(self):
        found = dict(OPTIONS.get(self.book, {}))
        if self.book in WITH_BACKUP:
            keys = self.cluster.s3.keys("flight-search-backups", "postgres-backups/")
            found["under_writers"] = "true"  # nobody is there to be asked about the sandbox's own sessions
            found["backup"] = sorted(k for k in keys if "latest" not in k)[-1].split("/")[1]
        return found

    def go(self):
        self.before = snapshot(self.cluster)
        words = [*self.words, "--format", "json"]
        done = subprocess.run([FSOPS, *words], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", capture_output=True, timeout=LONG)
        self.result = Result(words, done.returncode, done.stdout, done.stderr, 0)
        self.after = snapshot(self.cluster)
        return self

    def terminal(self):
        """The same with a person, who is asked."""
        return Terminal(FSOPS, *self.words, env=self.env, cwd=self.folder)

    def kubectl(self):
        """{words: status of the last run with them}"""
        if not self.log.exists():
            return {}
        lines = [line.split("\t") for line in self.log.read_text().splitlines() if "\t" in line]
        return {tuple(words): int(status) for status, *words in lines if status.isdigit()}

    def actions(self):
        started = {(e["step"], e["action"], e.get("item")): e for e in self.result.events("action.started")}
        for ended in self.result.events("action.finished"):
            began = started.get((ended["step"], ended["action"], ended.get("item")))
            if began:
                yield began, ended

    def lies(self):
        """Actions of kubectl that passed, and kubectl did not."""
        statuses = self.kubectl()
        return [b["command"] for b, e in self.actions() if b["adapter"] == "kubectl" and e["outcome"] == "passed"
                and statuses.get(tuple(shlex.split(b["command"])[1:])) != 0
                and "previous terminated container" not in (e.get("result") or {}).get("stderr", "")]

    def reasons(self):
        return [e["why"] for b, e in self.actions() if b["adapter"] == "kubectl" and e["outcome"] == "failed"]

    def changed(self):
        return {k: (self.before.get(k), v) for k, v in self.after.items() if self.before.get(k) != v}

    def outcomes(self):
        return {f"{e['step']}/{e['action']}": e["outcome"] for _, e in self.actions() if e["outcome"] != "passed"}

    def __str__(self):
        return f"{self.result}\nchanged: {self.changed()}\nkubectl: {clip(str(self.kubectl()))}"


def snapshot(cluster):
    """What a runbook may change: {what: how it is}."""
    found = {}
    listed = cluster.here("get", "deployments,jobs,ingresses,secrets,networkpolicies", "-o", "json")
    for one in json.loads(listed)["items"]:
        meta = one["metadata"]
        key = f"{one['kind'].lower()} {meta['name']}"
        found[key] = {"Deployment": meta.get("generation"), "Job": meta["uid"]}.get(
            one["kind"], [one.get("data"), meta.get("annotations"), one.get("spec")])
    for node in json.loads(cluster.ask("get", "nodes", "-o", "json"))["items"]:
        found[f"node {node['metadata']['name']}"] = node["spec"].get("unschedulable", False)
    found["failed over"] = os.path.exists(os.path.join(cluster.recovery, "failed-over"))
    return found


def busy(cluster):
    """The nodes have much to do, and it is seen."""
    cluster.feel(cpu=0.9)
    wait_until(lambda: (cluster.prometheus.value(
        '1 - sum(rate(node_cpu_seconds_total{mode="idle"}[10s])) / sum(rate(node_cpu_seconds_total[10s]))') or 0) > 0.8,
        "the CPUs are busy", 40)


def images(cluster, name=BACKEND):
    """Those of the pods that are there and not going."""
    pods = cluster.json("pods", "-l", f"app={name}")["items"]
    return {p["spec"]["containers"][0]["image"].split(":")[1] for p in pods
            if not p["metadata"].get("deletionTimestamp") and p["status"].get("phase") == "Running"}


def replicas(cluster, name=BACKEND):
    return cluster.json("deployment", name)["spec"]["replicas"]


