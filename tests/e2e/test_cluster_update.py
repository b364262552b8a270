"""The update of the nodes, one at a time and none left closed; the way to the dashboards."""
import os
import socket
import urllib.request

import pytest
from helpers import BACKEND, FSOPS, Terminal, environment, run, wait_until
from sandbox.kube import NAMESPACE

ASK = "[a]bort [?] "
UPDATE = ("cluster-update", "-y", "--yes-destroy")
NODES = ("node-1", "node-2", "node-3")


@pytest.fixture
def person(tmp_path):
    started = []

    def start(sb, *words, command=("run",)):
        started.append(Terminal(FSOPS, *command, *words, env=environment(sb), cwd=tmp_path))
        return started[-1]
    yield start
    for one in started:
        if one.status is None:
            os.kill(one.pid, 9)
            one.close()


def closed(sb):
    """The nodes that take no pods."""
    return [name for name in NODES if sb.kube.state("nodes", name, "")["spec"].get("unschedulable")]


def pods_on(sb, node):
    """What drain has to move: all but the pods of daemon sets and what has ended."""
    return [p["metadata"]["name"] for p in sb.kube.store.list("pods") if p["spec"].get("nodeName") == node
            and p["status"].get("phase") == "Running" and p["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet"]


def nobody_may_go(sb):
    """A disruption budget that needs all of the backend's pods."""
    sb.kube.store.create("poddisruptionbudgets", {
        "metadata": {"name": "backend", "namespace": NAMESPACE},
        "spec": {"minAvailable": 3, "selector": {"matchLabels": {"app": BACKEND}}}})


def new_version(sb, name):
    """What a person does to the node: its kubelet is of the new version."""
    node = sb.kube.state("nodes", name, "")
    info = {**node["status"]["nodeInfo"], "kubeletVersion": "v1.30.1"}
    sb.kube.store.update("nodes", {**node, "status": {**node["status"], "nodeInfo": info}})


def agree(terminal):
    for _ in range(3):
        terminal.answer(ASK, "d\n")


def read_advice(terminal):
    """What is to be done after a failure."""
    terminal.wait("The update stopped")
    for _ in range(2):
        terminal.answer(ASK, "d\n")


# cluster-update

def test_nodes_are_updated_one_at_a_time(sandbox, person, tmp_path):
    sb = sandbox()
    terminal = person(sb, *UPDATE)
    agree(terminal)
    for node in NODES:
        terminal.wait(f"Update {node} now", 60)
        terminal.wait(ASK)
        assert closed(sb) == [node] and pods_on(sb, node) == [], f"while {node} is updated"
        assert len(sb.kube.pods(BACKEND)) >= 3, "the pods are elsewhere"
        new_version(sb, node)
        terminal.type("d\n")
    assert terminal.end(60) == 0, terminal.seen
    assert closed(sb) == [] and len(sb.kube.pods(BACKEND, ready=True)) == 3
    state, = tmp_path.glob("cluster-backup-*.yaml")
    assert state.stat().st_mode & 0o777 == 0o600 and "kind: Deployment" in state.read_text()


def test_nothing_is_drained_while_something_is_broken_in_another_namespace(sandbox, person):
    """The ingress controller is down: it was not looked at, being nobody's in this namespace."""
    sb = sandbox()
    sb.kube.crash("ingress-nginx-controller")
    for pod in sb.kube.store.list("pods", "ingress-nginx"):
        sb.kubectl("-n", "ingress-nginx", "delete", "pod", pod["metadata"]["name"], "--wait=false")
    terminal = person(sb, *UPDATE)
    terminal.wait("not whole: Deployment ingress-nginx/ingress-nginx-controller", 60)
    read_advice(terminal)
    assert terminal.end(60) == 2 and closed(sb) == [], terminal.seen


def test_what_has_one_pod_is_named_before_it_is_evicted(sandbox, person):
    sb = sandbox()
    node = sb.kube.pods("postgres")[0]["spec"]["nodeName"]
    terminal = person(sb, *UPDATE, "--var", f"node={node}")
    agree(terminal)
    shown = terminal.wait(f"Update {node} now", 60)
    assert "have one pod" in shown and f"{NAMESPACE}/postgres" in shown, shown
    assert shown.index("have one pod") < shown.index("kubectl --context prod drain" if "kubectl --context prod drain" in shown
                                                     else "drain node"), "before, not after"


def test_a_drain_that_is_refused_opens_the_node_again(sandbox, person):
    """And leaves alone a node that somebody else closed before."""
    sb = sandbox()
    node = sb.kube.pods(BACKEND)[0]["spec"]["nodeName"]
    other = next(name for name in NODES if name != node)
    sb.kubectl("cordon", other)
    nobody_may_go(sb)
    terminal = person(sb, *UPDATE, "--var", f"node={node}", "--var", "drain_timeout=2s")
    agree(terminal)
    terminal.wait("[r]etry", 60)
    assert node in closed(sb), "drain closed it"
    terminal.answer("[a]bort [?] ", "a\n")
    read_advice(terminal)
    assert terminal.end(60) == 2, terminal.seen
    assert closed(sb) == [other], terminal.seen
    assert "disruption budget" in terminal.seen and f"Update {node} now" not in terminal.seen
    assert len(sb.kube.pods(BACKEND, ready=True)) == 3


def test_a_node_that_could_not_be_updated_is_opened_and_the_next_is_not_touched(sandbox, person):
    sb = sandbox()
    terminal = person(sb, *UPDATE)
    agree(terminal)
    terminal.wait("Update node-1 now", 60)
    terminal.answer(ASK, "n\n")
    read_advice(terminal)
    assert terminal.end(60) == 2 and closed(sb) == [], terminal.seen
    assert "Update node-2" not in terminal.seen


def test_an_update_that_was_broken_off_is_gone_on_with(sandbox, person):
    """Ctrl-C leaves the node as it is and says so; resume goes on with it, without a second drain."""
    sb = sandbox()
    terminal = person(sb, *UPDATE, "--var", "node=node-2")
    agree(terminal)
    terminal.wait("Update node-2 now", 60)
    terminal.wait(ASK)
    terminal.type("\x03")
    assert terminal.end() == 130 and closed(sb) == ["node-2"], terminal.seen
    assert "No node stays closed' (always) was not run" in terminal.seen, terminal.seen
    again = person(sb, command=("resume", "-y", "--yes-destroy"))
    again.wait("Update node-2 now", 60)
    again.answer(ASK, "d\n")
    assert again.end(60) == 0 and closed(sb) == [], again.seen
    assert len([m for m in sb.kube.mutations if m.verb == "patch" and m.resource == "nodes"]) == 2, "closed, opened"


def test_without_a_person_no_node_is_drained(sandbox, tmp_path):
    sb = sandbox()
    result = run(*UPDATE, on=sb, cwd=tmp_path)
    assert result.action("agreed")["outcome"] == "left" and sb.kube.mutations == [], str(result)
    assert "update" not in result.outcomes("step") or result.step("update")["outcome"] == "skipped", str(result)


def test_nothing_is_drained_while_a_deployment_lacks_pods(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.cluster.crashing.add("redis")
    sb.kubectl("rollout", "restart", "deployment/redis")
    wait_until(lambda: "CrashLoop" in sb.kubectl("get", "pods"), "redis crashes")
    result = run(*UPDATE, on=sb, cwd=tmp_path)
    assert result.status == 2 and result.action("whole")["outcome"] == "failed", str(result)
    assert [m.verb for m in sb.kube.mutations] == ["patch"], "only our restart"


# dashboards

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_dashboards_are_open_until_the_person_ends_it(healthy, person):
    port = free_port()
    terminal = person(healthy, "dashboards", "--var", f"port={port}")
    shown = terminal.answer(ASK, "d\n")
    for name in ("System+Overview", "Application+Metrics", "Infrastructure", "Database+Performance", "Business+Metrics"):
        assert f"http://localhost:{port}/dashboards?query={name} " in shown, name

    def answers():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5).status == 200
        except OSError:
            return False
    wait_until(answers, "Grafana answers on this machine")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.seen
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 2)


def test_a_port_that_is_taken_is_said(healthy, person):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        terminal = person(healthy, "dashboards", "--var", f"port={taken.getsockname()[1]}")
        terminal.answer(ASK, "d\n")
        assert terminal.end() == 2, terminal.seen
        assert "already in use" in terminal.seen, terminal.seen


def test_dashboards_without_a_person_open_nothing(healthy):
    result = run("dashboards", on=healthy)
    assert result.status == 0 and "forward" not in result.commands(), str(result)
    assert "Open Grafana" in result.finished["left"][0]["text"]


def test_dashboards_say_when_grafana_is_down(sandbox):
    sb = sandbox()
    sb.kubectl("scale", "deployment", "grafana", "--replicas=0")
    wait_until(lambda: not sb.kube.pods("grafana"), "Grafana is gone")
    result = run("dashboards", on=sb)
    assert result.status == 2 and result.action("service")["outcome"] == "failed", str(result)
    assert "wanted" not in result.commands(), "a way to nothing"
