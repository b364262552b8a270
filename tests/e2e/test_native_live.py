"""Reads over the stand-in cluster without a kubectl: what they say, and that kubectl says the same, byte for byte.

Where the machine's kubectl is older than 1.32 its wording differs; there only what is said is looked at.
"""
import json
import re
import subprocess
import time

import pytest
from helpers import environment
from native import NEW, by_fsops, by_kubectl

BACKEND = "flight-search-backend"
POD = rf"{BACKEND}-[a-z0-9]+-[a-z0-9]+"
NONE = r"No resources found in flight-search-prod namespace\.\n"
# (words, exit status, stdout, stderr): patterns of the whole.
FORMS = [
    ("get pods", 0, rf"NAME  .* AGE\n(.*\n)*{POD} .*\n(.*\n)*", ""),
    ("get deployments,replicasets,pods -o wide", 0, r"NAME .*\ndeployment\.apps/.*\n(.*\n)*\nNAME .*\nreplicaset.apps/(.*\n)*", ""),
    ("get hpa,certificate,cronjobs -A", 0, r"NAMESPACE .*\n(.*\n)+", ""),
    ("get certificates", 0, r"NAME .*\n(.*\n)+", ""),
    ("get nodes -o json", 0, r'\{\n    "apiVersion": "v1",\n    "items": \[\n(.*\n)*\}\n', ""),
    ("get all --all-namespaces", 0, r"NAMESPACE .*\n(.*\n)*", ""),
    ("top pods", 0, rf"NAME +CPU\(cores\) +MEMORY\(bytes\) +\n(.*\n)*{POD} .*m .*Mi +\n(.*\n)*", ""),
    ("top pods -A", 0, r"NAMESPACE +NAME +CPU\(cores\) +MEMORY\(bytes\) +\n(.*\n)*", ""),
    (f"top pod -l app={BACKEND} --containers", 0, rf"POD +NAME .*\n({POD} +backend .*\n)+", ""),
    ("top pods --no-headers --sort-by=memory -l app=postgres", 0, r"(postgres.*\n)*", ".*\n?"),
    ("top pods -l app=none", 0, "", NONE),
    ("top pod absent", 1, "", r"Error from server \(NotFound\): .*\n"),
    ("top nodes", 0, r"NAME +CPU\(cores\) +CPU.*MEMORY.*\n(node-\d .*m +\d+% .*Mi +\d+% +\n)+", ""),
    ("top node node-1 --no-headers", 0, r"node-1 .*m +\d+% .*Mi +\d+% +\n", ""),
    (f"logs deployment/{BACKEND} --limit-bytes=20", 0, r"(?s).{20}", rf"Found 3 pods, using pod/{POD}\n"),
    (f"logs deploy/{BACKEND} -c absent", 1, "", rf"Found 3 pods, using pod/{POD}\nerror: container absent is not valid.*\n"),
    (f"logs -l app={BACKEND} -c absent", 1, "", r"error: container absent is not valid.*\n"),
    ("logs -l app=none", 0, "", NONE),
    ("logs absent", 1, "", r'.*"absent" not found.*\n'),
    ("logs deploy/absent -n nowhere", 1, "", r'.*"nowhere" not found.*\n'),
    ("logs widget/x", 1, "", r'error: the server doesn\'t have a resource type "widget"\n'),
    (f"rollout status deployment/{BACKEND}", 0, rf'deployment "{BACKEND}" successfully rolled out\n', ""),
    (f"rollout status deploy {BACKEND} --timeout=20s -w=false", 0, rf'deployment "{BACKEND}" successfully rolled out\n', ""),
    ("rollout status deployment/absent", 1, "", r'Error from server \(NotFound\): deployments.apps "absent" not found\n'),
    ("rollout status deployment/absent -n nowhere", 1, "", r'Error from server \(NotFound\): namespaces "nowhere" not found\n'),
    (f"rollout history deployment/{BACKEND}", 0, rf"deployment.apps/{BACKEND} \nREVISION +CHANGE-CAUSE\n(\d+ +.*\n)+\n", ""),
    ("rollout history deploy absent", 1, "", r'Error from server \(NotFound\): deployments.apps "absent" not found\n'),
    (f"wait --for=condition=ready pod -l app={BACKEND} --timeout=60s", 0, rf"(pod/{POD} condition met\n)+", ""),
    ("wait --for=condition=Ready node/node-1 node/node-2", 0, "node/node-1 condition met\nnode/node-2 condition met\n", ""),
    ("wait --for=condition=Ready=false node/node-1 --timeout=1s", 1, "", "error: timed out waiting for the condition on nodes/node-1\n"),
    (f"wait --for=condition=Never deploy/{BACKEND} pod/absent node/node-1 --timeout=1s", 1, "",
     rf"timed out .* on deployments/{BACKEND}\nError from server \(NotFound\).*\ntimed out .* on nodes/node-1\n"),
    ("wait --for=condition=Ready pod -l app=none", 1, "", "error: no matching resources found\n"),
    ("wait --for=condition=Ready pod/absent -n nowhere", 1, "", r'Error from server \(NotFound\): namespaces "nowhere" not found\n'),
    (f"wait --for=condition=available deploy {BACKEND} flight-search-frontend", 0, r"(deployment\.apps/.* condition met\n){2}", ""),
    (f"wait --for=jsonpath={{.status.replicas}}=3 deploy/{BACKEND}", 0, rf"deployment\.apps/{BACKEND} condition met\n", ""),
    ("wait --for=jsonpath={.status.phase}=Gone pod -l app=postgres --timeout=1s", 1, "", "(.*timed out .* on pods/.*\n)+"),
    ("wait --for=delete pod/absent deploy/absent", 0, "", ""),
    ("wait --for=delete pod -l app=none", 0, "", ""),
    ("wait --for=delete node/node-1 --timeout=1s", 1, "", "error: timed out waiting for the condition on nodes/node-1\n"),
    ("wait --for=create node/node-1", 0, "node/node-1 condition met\n", ""),
    ("auth can-i get pods", 0, "yes\n", ""),
    ("auth can-i delete nodes/node-1 -q", 0, "", "Warning: resource 'nodes' is not namespace scoped\n\n"),
    ("auth can-i get hpa -A", 0, "yes\n", ""),
    ("auth can-i get widgets", 0, "yes\n", "Warning: the server doesn't have a resource type 'widgets'\n\n"),
    ("auth can-i get /healthz", 0, "yes\n", ""),
    ("auth whoami", 0, r"ATTRIBUTE +VALUE\nUsername +.*\nGroups +\[system:authenticated\]\n", ""),
    ("auth whoami -o json", 0, r'\{\n    "kind": "SelfSubjectReview",\n(.*\n)*\}\n', ""),
    ("api-resources", 0, r"NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND\n(.*\n)+", ""),
    ("api-resources -o wide --sort-by=kind", 0, r"NAME .* CATEGORIES\n(.*\n)+", ""),
    ("api-resources --namespaced=false -o name", 0, r"(.*\n)*nodes\n(.*\n)*", ""),
    ("cluster-info", 0, r"Kubernetes control plane is running at https://.*\n(.*\n)*", ""),
]


def compare(words, found, server):
    """With what kubectl says now; what tells the time may have moved on between the two."""
    for _ in range(5):
        if timeless(found) == timeless(by_kubectl(words, server)):
            return
        time.sleep(0.3)
        [(_, found)] = by_fsops(server.folder, server, [words]).values()
    assert found == by_kubectl(words, server), words


def timeless(said):
    """Who one is is told with the time of the question."""
    return [re.sub(r'("kind": "SelfSubjectReview",\n.*\n.*\n +"creationTimestamp": )"[^"]*"', r"\1T", str(part)) for part in said]


class Server:
    def __init__(self, sandbox, folder):
        self.sandbox, self.env, self.folder = sandbox, sandbox.env, folder


@pytest.fixture(scope="module")
def server(healthy, tmp_path_factory):
    return Server(healthy, tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def printed(server, tmp_path_factory):
    return by_fsops(tmp_path_factory.mktemp("all"), server, [form[0] for form in FORMS])


@pytest.mark.parametrize("words, code, out, err", FORMS, ids=[form[0] for form in FORMS])
def test_what_is_said(words, code, out, err, printed, server):
    via, found = printed[words]
    assert via == "api"
    assert found[0] == code and re.fullmatch(out, found[1]) and re.fullmatch(err, found[2]), found
    if NEW:
        compare(words, found, server)


FORBIDDEN = ["get pods", "get pods -o json", "get deploy,pods", "get deploy/x", "top pods", "top nodes",
             f"logs deploy/{BACKEND}", "logs -l app=x", f"rollout status deploy/{BACKEND}",
             f"rollout history deploy/{BACKEND}", "wait --for=condition=Ready node/node-1 --timeout=1s", "wait --for=condition=Ready node/node-1 pod/a --timeout=1s"]


def test_forbidden(sandbox, tmp_path):
    server = Server(sandbox(), tmp_path)
    server.sandbox.kube.forbid("read")
    for words, (via, found) in by_fsops(tmp_path, server, FORBIDDEN).items():
        assert via == "api" and found[0] == 1 and "Error from server (Forbidden): " in found[2], (words, found)
        if NEW:
            assert found == by_kubectl(words, server), words


def test_one_that_cannot_be_listed_after_another_is_met(sandbox, tmp_path):
    """kubectl tries until its time is up."""
    server = Server(sandbox(), tmp_path)
    server.sandbox.kube.forbid("list", "deployments")
    words = f"wait --for=condition=Ready node/node-1 deployment/{BACKEND} --timeout=2s"
    [(via, found)] = by_fsops(tmp_path, server, [words]).values()
    assert via == "api" and found == [1, "node/node-1 condition met\n", "error: timed out waiting for the condition on "
                                      f"deployments/{BACKEND}\n"], found
    if NEW:
        assert found == by_kubectl(words, server)


GONE = ["get pods", "get pods web", "get deploy,pods", f"logs deploy/{BACKEND}", f"rollout status deploy/{BACKEND}",
        "wait --for=condition=Ready node/node-1 --timeout=1s"]


def test_nobody_listens(sandbox, tmp_path):
    server = Server(sandbox(), tmp_path)
    server.sandbox.warm_discovery()
    server.sandbox.break_part("kube", "refuse")
    for words, (via, found) in by_fsops(tmp_path, server, GONE).items():
        assert via == "api" and found[:2] == [1, ""] and "was refused - did you specify the right" in found[2], found
        if NEW:
            assert found == by_kubectl(words, server), words


def test_a_rollout_that_goes_on(sandbox, tmp_path):
    """Told as it comes; the end is kubectl's, and so is what it says of one that does not come to an end."""
    server = Server(sandbox(), tmp_path)
    server.sandbox.kube.cluster.ready_delay = 1
    subprocess.run(["kubectl", "rollout", "restart", f"deployment/{BACKEND}"], env=server.env, check=True,
                   capture_output=True)
    [(via, found)] = by_fsops(tmp_path, server, [f"rollout status deployment/{BACKEND} --timeout=60s"]).values()
    lines = found[1].splitlines()
    assert via == "api" and found[0] == 0 and len(lines) > 1, found
    assert all(line.startswith("Waiting for deployment") for line in lines[:-1]), lines
    assert lines[-1] == f'deployment "{BACKEND}" successfully rolled out'
    server.sandbox.kube.stand_still("*")
    subprocess.run(["kubectl", "rollout", "restart", f"deployment/{BACKEND}"], env=server.env, check=True,
                   capture_output=True)
    words = f"rollout status deployment/{BACKEND} --timeout=2s"
    [(via, found)] = by_fsops(tmp_path, server, [words]).values()
    assert (via, found[0]) == ("api", 1) and found[2] == "error: timed out waiting for the condition\n", found
    if NEW:
        assert found == by_kubectl(words, server)


def made(value):
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "passing"}, "data": {"a": value}}
    return f"echo '{json.dumps(found)}' | kubectl create --validate=false -f -"


@pytest.mark.parametrize("what, first, then", (
    ("create", "true", made("b")), ("delete", made("a"), f"kubectl delete configmap passing && {made('b')}"),
    ("jsonpath={.data.a}=c", made("a"), f"kubectl delete configmap passing && {made('b')} && sleep 0.5 && "
                                        f"kubectl delete configmap passing && {made('c')}")),
    ids=("create", "delete", "jsonpath"))
def test_what_comes_and_goes(what, first, then, sandbox, tmp_path):
    """Also when it is made again meanwhile, under the same name."""
    server = Server(sandbox(), tmp_path)
    env = environment(server.sandbox)
    subprocess.run(first, shell=True, env=env, check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen(f"sleep 1; {then}", shell=True, env=env, stdout=subprocess.DEVNULL) as changes:
        [(via, found)] = by_fsops(tmp_path, server, [f"wait --for={what} cm/passing --timeout=30s"]).values()
    assert changes.returncode == 0
    assert via == "api" and found == [0, "configmap/passing condition met\n", ""], found
