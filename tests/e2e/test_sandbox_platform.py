"""Troubles of the sandbox's platform around its workloads: a database in recovery or an operator's, a machine that is
cut off, quotas, and the rights that every cluster has."""
import json
import os
import subprocess

import pytest

from helpers import BACKEND, wait_until

NAMESPACE = "flight-search-prod"
ERRORS = 'sum(rate(http_requests_total{code=~"5.."}[5s])) / sum(rate(http_requests_total[5s]))'


def call(sb, *words, seconds=20):
    return subprocess.run(words, env=sb.env, capture_output=True, text=True, timeout=seconds)


def psql(sb):
    return call(sb, "psql", "-XtA", "-v", "VERBOSITY=verbose", sb.conninfo, "-c", "SELECT 7")


# The database.

def test_a_database_that_recovers_refuses_every_connection(sandbox):
    sb = sandbox()
    sb.break_part("postgres", "recovering")
    refused = psql(sb)
    assert refused.returncode == 2 and "not accepting connections" in refused.stderr
    assert call(sb, "pg_isready", "-d", sb.conninfo).returncode == 1  # 57P03: it is there, and rejects
    sb.kubectl("rollout", "restart", "deployment/postgres")
    sb.kubectl("rollout", "status", "deployment/postgres", "--timeout=20s")
    assert sb.postgres.restarts == 1 and psql(sb).returncode == 2
    sb.heal("postgres")
    assert psql(sb).stdout == "7\n"
    assert sb.postgres.query("SELECT count(*) > 0 FROM flights") == [["t"]]


@pytest.mark.parametrize("by, owner, label", [
    ("cloudnative-pg", ("Cluster", "postgresql.cnpg.io/v1"), "cnpg.io/cluster"),
    ("zalando", ("postgresql", "acid.zalan.do/v1"), "cluster-name"),
    ("crunchy", ("PostgresCluster", "postgres-operator.crunchydata.com/v1beta1"),
     "postgres-operator.crunchydata.com/cluster")])
def test_a_database_belongs_to_an_operator(sandbox, by, owner, label):
    sb = sandbox()
    sb.kube.operated("postgres", by)
    assert sb.kube.state("deployments", "postgres") is None
    pod = json.loads(sb.kubectl("get", "pods", "-l", "app=postgres", "-o", "json"))["items"][0]
    assert pod["metadata"]["labels"][label] == "postgres"
    above = pod["metadata"]["ownerReferences"][0]
    if above["kind"] == "StatefulSet":
        above = sb.kube.state("statefulsets", above["name"])["metadata"]["ownerReferences"][0]
    assert (above["kind"], above["apiVersion"]) == owner
    sb.kubectl("delete", "pod", pod["metadata"]["name"])
    wait_until(lambda: [p["metadata"]["name"] for p in sb.kube.pods("postgres", ready=True)]
               == [pod["metadata"]["name"]], "it is made again")


# This machine is cut off, and nothing else.

@pytest.mark.parametrize("how, status", [("proxy", 7), ("dns", 6), ("certificate", 60)])
def test_only_the_way_from_here_is_broken(sandbox, how, status):
    sb = sandbox(f"cut-off-{how}")

    def reached():
        return [call(sb, "curl", "-sS", "--max-time", "5", f"{sb.address(part, 'https')}/health").returncode
                for part in ("api", "site")]
    assert reached() == [status] * 2
    assert sb.address("api", "https") in open(sb.platform).read()
    assert sb.prometheus.value("up") == 1
    assert sb.prometheus.value(ERRORS) < 0.01
    for address in (sb.address("prometheus", "http") + "/-/healthy", sb.address("grafana", "http") + "/api/health"):
        assert call(sb, "curl", "-sSf", address).returncode == 0
    assert sb.kubectl("get", "pods") and psql(sb).stdout == "7\n"
    sb.cut_off(None)
    assert reached() == [0, 0] and sb.address("api", "https") in open(sb.platform).read()
    assert "proxy" not in {k.lower() for k in sb.settings if "https" in k.lower()} and os.path.exists(sb.path("env.sh"))


# Namespaces that have limits.

def test_a_quota_refuses_pods_that_do_not_say_what_they_need(sandbox):
    sb = sandbox()
    sb.kube.quota(requests_cpu="20", limits_memory="40Gi")
    bare = call(sb, "kubectl", "run", "probe", "--image=x", "--restart=Never")
    assert bare.returncode == 1 and ('pods "probe" is forbidden: failed quota: compute: must specify limits.memory for: '
                                     "probe; requests.cpu for: probe") in bare.stderr
    sb.kubectl("create", "job", "--from=cronjob/postgres-backup", "by-hand")
    wait_until(lambda: "Error creating: pods" in sb.kubectl("get", "events"), "the job's controller was refused")
    assert "succeeded" not in sb.kube.state("jobs", "by-hand")["status"]
    sb.kube.limits()
    sb.kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=20s")
    wait_until(lambda: sb.kube.state("resourcequotas", "compute")["status"].get("used", {})
               .get("requests.cpu", "0m") != "0m", "what is used is counted")


def test_a_quota_that_is_used_up_stops_a_rollout(sandbox):
    sb = sandbox()
    sb.kube.quota(pods=str(len(sb.kube.store.list("pods", NAMESPACE, lambda p: p["status"]["phase"] == "Running"))))
    sb.kubectl("scale", f"deployment/{BACKEND}", "--replicas=5")
    wait_until(lambda: "exceeded quota: compute, requested: pods=1, used: pods=" in sb.kubectl("get", "events"), "why")
    wait_until(lambda: any(c["type"] == "ReplicaFailure" for c in sb.kube.state("deployments", BACKEND)["status"]
                           ["conditions"]), "the deployment says so")
    assert len(sb.kube.pods(BACKEND)) == 3


# Rights.

def test_a_cluster_has_bindings_of_its_own(healthy):
    found = {b["metadata"]["name"]: b for b in
             json.loads(healthy.kubectl("get", "clusterrolebindings", "-o", "json"))["items"]}
    admins = {name: b["subjects"][0]["name"] for name, b in found.items() if b["roleRef"]["name"] == "cluster-admin"}
    assert admins == {"cluster-admin": "system:masters", "kubeadm:cluster-admins": "kubeadm:cluster-admins"}
    assert "subjects" not in found["system:node"]
    assert found["system:controller:cronjob-controller"]["subjects"][0]["namespace"] == "kube-system"
