"""Reads that only their author can tell to be reads: commands inside a pod, plug-ins of kubectl."""
import json

import pytest
from helpers import fsops, write_book

CLUSTER = {"cluster": {"kubectl": {"context": "prod", "namespace": "etcd"}}}


@pytest.fixture
def book(tmp_path):
    """A runbook of one action; a kubectl that prints its words."""
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text('#!/bin/sh\necho "ran $*"\n')
    kubectl.chmod(0o755)

    def make(words, keys="effect: read", name="book"):
        return write_book(tmp_path / "r", f"  - {{step: Look, budget: 9s, kubectl: {json.dumps(words)}, {keys}}}\n",
                          targets=CLUSTER, name=name, platform_more="alerts: [{alert: A, severity: info, runbook: book}]\n")
    make.env = {"PATH": f"{kubectl.parent}:/usr/bin:/bin", "FSOPS_STATE": str(tmp_path / "state")}
    return make


STATED = [["exec", "etcd-0", "-c", "etcdctl", "--", "etcdctl", "endpoint", "health"], ["exec", "x", "--", "df", "-h"],
          ["exec", "deploy/x", "-it", "--", "sh", "-c", "psql -c 'select 1'"], ["neat", "get", "pods"]]


@pytest.mark.parametrize("words", STATED, ids=" ".join)
def test_a_stated_read_runs_where_reads_run(book, words):
    folder = book(words)

    assert fsops("lint", "-R", folder).status == 0
    for command in (["run", "book", "--check"], ["run", "book"]):
        result = fsops(*command, "-R", folder, "--format", "json", env=book.env)
        assert result.status == 0 and result.action("look")["outcome"] == "passed", result
        started = result.event("action.started")
        assert (started["effect"], started["effect_stated"]) == ("read", True), started
    alert = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "A"}}]}
    result = fsops("alert", "-", "--run", "--plain", "-R", folder, env=book.env, stdin=json.dumps(alert))
    assert result.status == 0 and "ran --context prod" in result.out, result


@pytest.mark.parametrize("words", STATED, ids=" ".join)
def test_the_dry_run_says_who_says_so(book, words):
    folder = book(words)

    assert "effect: as the runbook states it" in fsops("run", "book", "--dry-run", "-R", folder).out
    action = fsops("run", "book", "--dry-run=json", "-R", folder).json["steps"][0]["actions"][0]
    assert (action["effect"], action["effect_stated"]) == ("read", True)


@pytest.mark.parametrize("words", STATED, ids=" ".join)
def test_unstated_it_is_a_change(book, words):
    folder = book(words, "expect: exit == 0")

    result = fsops("run", "book", "--format", "json", "-R", folder, env=book.env)

    assert result.status == 77, result
    assert "effect_stated" not in fsops("run", "book", "--dry-run=json", "-R", folder).out


@pytest.mark.parametrize("words", [
    ["delete", "pod", "x"], ["scale", "deployment", "x", "--replicas=1"], ["cp", "x:/a", "b"], ["debug", "node/n"],
    ["drain", "n"], ["edit", "pod", "x"], ["config", "use-context", "x"], ["exec", "x", "--", "rm", "-rf", "/"],
    ["exec", "x", "--", "/sbin/reboot"], ["exec", "x", "--", "${env.HOME}"], ["exec", "x"], ["${env.HOME}", "x"],
    ["apply", "-f", "x"], ["certificate", "approve", "x"]], ids=" ".join)
def test_what_is_known_to_change_is_no_read(book, words):
    result = fsops("lint", "-R", book(words))

    assert result.status == 65 and "is less than what this does" in result.out + result.err, result
