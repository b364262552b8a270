"""Security incident and security checks: evidence first, isolation by decision, nothing of a secret but its age."""
import hashlib
import os
import pathlib
import stat

import pytest
from helpers import BACKEND, FSOPS, Terminal, environment, only_with, run, wait_until
from sandbox.kube import NAMESPACE

INGRESS = "flight-search-ingress"
ALLOWED = "nginx.ingress.kubernetes.io/whitelist-source-range"
ASK = "[a]bort [?] "
UNATTENDED = ("-y", "--yes-destroy", "--var", f"deployment={BACKEND}", "--var", "isolate=true")


def allowed(sb):
    return sb.kube.state("ingresses", INGRESS)["metadata"]["annotations"].get(ALLOWED)


def names(pods):
    return {p["metadata"]["name"] for p in pods}


def isolated(sb):
    """The pods that were taken out of the service."""
    return [p for p in sb.kube.store.list("pods", NAMESPACE) if "flightsearch.com/quarantine" in p["metadata"]["labels"]]


def assert_not_isolated(sb):
    assert sb.kube.replicas(BACKEND) == 3 and allowed(sb) is None
    assert sb.kube.mutations == []


# security-incident

def test_evidence_is_kept_and_the_pods_are_isolated_as_they_are(sandbox, tmp_path):
    sb = sandbox()
    before = sb.kube.pods(BACKEND)
    pods = [p["metadata"]["name"] for p in before]
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.status == 0 and result.err == "", str(result)
    saved = {e["action"]: e["saved"] for e in result.events("action.finished") if e.get("saved")}
    assert set(saved) == {"logs", "state", "surroundings", "previous_logs"}, str(result)
    for one in saved.values():
        path = tmp_path / one["path"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"] and one["bytes"] == path.stat().st_size
    log = (tmp_path / saved["logs"]["path"]).read_text()
    assert all(name in log for name in pods), "one pod's log is missing"
    assert "kind: RoleBinding" in (tmp_path / saved["surroundings"]["path"]).read_text()
    assert "FATAL exiting" in (tmp_path / saved["previous_logs"]["path"]).read_text(), "of the container that died"
    now = isolated(sb)
    assert {p["metadata"]["uid"] for p in now} == {p["metadata"]["uid"] for p in before}, "their memory and disk are kept"
    assert all(not p["metadata"].get("ownerReferences") and "app" not in p["metadata"]["labels"] for p in now)
    wall, = sb.kube.store.list("networkpolicies", NAMESPACE)
    assert wall["spec"]["podSelector"]["matchLabels"].items() <= now[0]["metadata"]["labels"].items()
    assert set(wall["spec"]["policyTypes"]) == {"Ingress", "Egress"} and not wall["spec"].get("ingress")
    assert sb.kube.replicas(BACKEND) == 3 and not names(sb.kube.pods(BACKEND)) & set(pods), "others took their place"
    assert {"walled", "labelled", "unreached", "blocked"} <= {k for k, v in result.outcomes().items() if v == "passed"}
    assert allowed(sb) == "10.0.0.0/8"
    steps = [e["step"] for e in result.events("step.started")]
    assert steps.index("evidence") < steps.index("isolation") < steps.index("notify")
    told = " ".join(item["text"] for item in result.finished["left"])
    assert "security@flightsearch.com" in told and "--replicas=3" in told, "how to take it back"


def test_new_pods_are_stopped_only_when_that_is_asked_for(sandbox, tmp_path):
    sb = sandbox()
    before = names(sb.kube.pods(BACKEND))
    result = run("security-incident", *UNATTENDED, "--var", "scale_down=true", on=sb, cwd=tmp_path)
    assert result.status == 0 and sb.kube.replicas(BACKEND) == 0 and sb.kube.pods(BACKEND) == [], str(result)
    assert names(isolated(sb)) == before


def test_what_others_would_put_back_or_let_through_is_told(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.managed(BACKEND, "argocd", heals=False)
    sb.kube.store.create("networkpolicies", {
        "metadata": {"name": "allow-dns", "namespace": NAMESPACE},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53}]}]}})
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.status == 1 and "Argo CD" in result.action("hands")["why"], str(result)
    assert "allow-dns" in result.action("policies")["why"] and len(isolated(sb)) == 3


def test_pods_that_kept_their_label_are_named(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.forbid("patch", "pods")
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.status == 2 and "not isolated: " + BACKEND in result.action("labelled")["why"], str(result)
    assert result.step("isolation_failed")["outcome"] == "left" and allowed(sb) == "10.0.0.0/8", "the rest is done"


def test_a_pod_that_was_going_before_is_no_failure_of_the_isolation(sandbox, tmp_path):
    sb = sandbox()
    going = sb.kube.pods(BACKEND)[0]
    sb.kube.stick(BACKEND)
    sb.kube.cluster.remove_pod(going)
    wait_until(lambda: len(sb.kube.pods(BACKEND, ready=True)) == 3 and len(sb.kube.pods(BACKEND)) == 4, "another is there")
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.action("labelled")["outcome"] == "passed", str(result)
    assert going["metadata"]["name"] in result.action("pods")["captured"]["going"], str(result)


def test_without_all_of_the_evidence_nothing_is_isolated(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.forbid("get", "pods/log")
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.status == 2 and result.action("logs")["outcome"] == "failed", str(result)
    assert result.step("isolation")["outcome"] == "skipped" and result.step("notify")["outcome"] == "left"
    assert_not_isolated(sb)


def test_people_are_told_also_when_nothing_is_known(sandbox, tmp_path):
    sb = sandbox()
    result = run("security-incident", "-y", "--yes-destroy", "--var", "deployment=nope", on=sb, cwd=tmp_path)
    assert result.status == 2 and result.action("before")["outcome"] == "failed", str(result)
    assert result.action("notify")["outcome"] == "left" and result.action("take_back")["outcome"] == "skipped"
    assert len([one for one in result.finished["left"] if one["step"] == "notify"]) == 4, str(result)


def test_an_isolation_that_is_refused_is_said(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.forbid("patch", "ingresses")
    result = run("security-incident", *UNATTENDED, on=sb, cwd=tmp_path)
    assert result.status == 2 and result.action("block")["outcome"] == "failed", str(result)
    assert result.step("isolation_failed")["outcome"] == "left", str(result)
    assert len(isolated(sb)) == 3 and result.action("blocked")["outcome"] == "failed", "what was done stays done"


@pytest.fixture
def person(tmp_path):
    started = []

    def start(sb, *words):
        started.append(Terminal(FSOPS, "run", *words, env=environment(sb), cwd=tmp_path))
        return started[-1]
    yield start
    for one in started:
        if one.status is None:
            os.kill(one.pid, 9)
            one.close()


def test_a_person_decides_on_isolation(sandbox, person, tmp_path):
    sb = sandbox()
    terminal = person(sb, "security-incident", "--var", f"deployment={BACKEND}")
    assert "Are the pods of flight-search-backend to be isolated" in terminal.answer(ASK, "s\n")
    for _ in range(5):
        terminal.answer(ASK, "d\n")
    assert terminal.end() == 0, terminal.seen
    assert_not_isolated(sb)
    folder, = tmp_path.glob("incident-*")
    assert len(list(folder.iterdir())) == 4 and stat.S_IMODE(folder.stat().st_mode) == 0o700, "the evidence is kept"


def test_a_person_decides_on_each_part_of_it(sandbox, person):
    sb = sandbox()
    terminal = person(sb, "security-incident", "--var", f"deployment={BACKEND}")
    terminal.answer(ASK, "d\n")
    assert "let nothing in or out" in terminal.answer(ASK, "y\n")
    assert "as they are" in terminal.answer(ASK, "y\n")
    assert "close the whole site, for every customer" in terminal.answer(ASK, "y\n")
    assert "to be stopped altogether" in terminal.answer(ASK, "d\n")
    terminal.wait("--replicas=0")
    terminal.wait(BACKEND)
    assert sb.kube.replicas(BACKEND) == 3, "its name is asked for"
    terminal.type(f"{BACKEND}\n")
    wait_until(lambda: allowed(sb) == "10.0.0.0/8" and sb.kube.replicas(BACKEND) == 0, "it is isolated and stopped")
    assert len(isolated(sb)) == 3


@pytest.mark.parametrize("words, says", [([], "deployment"), (["--var", "deployment=--all"], "deployment")])
def test_the_deployment_must_be_named(healthy, words, says):
    result = run("security-incident", "-y", "--yes-destroy", *words, on=healthy)
    assert result.status == 64 and says in result.err and result.out == "", str(result)


# security-checks

TRIVY = 'for image; do :; done; echo "$image" >>"{log}"; case $image in {bad}) echo "CVE-2021-44228 CRITICAL"; exit 1;; esac'


def scanner(folder, bad="none"):
    return TRIVY.format(log=pathlib.Path(folder) / "scanned", bad=bad)


def test_security_checks_scan_what_runs_and_read_only(healthy, tmp_path):
    before = len(healthy.kube.mutations)
    result = run("security-checks", on=healthy, env=only_with(tmp_path, trivy=scanner(tmp_path)))
    assert result.status == 0 and result.err == "", str(result)
    assert sorted((tmp_path / "scanned").read_text().split()) == [
        "flight-search/backend:v1.1.4", "flight-search/frontend:v1.1.4"], "what runs, not :latest"
    assert {e["effect"] for e in result.events("action.started")} == {"read"} and len(healthy.kube.mutations) == before
    shown = "".join(e["text"] for e in result.events("action.output"))
    for name in ("flight-search-deployers", "flight-search-monitoring", "JWT_SECRET:", "flight-search-secrets"):
        assert name in shown, name


def test_no_value_of_a_secret_is_asked_for_or_shown(healthy):
    result = run("security-checks", on=healthy)
    for value in healthy.kube.state("secrets", "flight-search-secrets")["data"].values():
        assert value not in result.out, "the value of a secret"
    assert "sandbox-jwt-secret" not in result.out


def test_security_checks_find_a_vulnerable_image(healthy, tmp_path):
    fake = only_with(tmp_path, docker='test "$2" = version || { test "$2" = cves; eval "image=\\${$#}"; echo "$image"; '
                                      'case $image in *backend*) exit 2;; esac; }')
    result = run("security-checks", "--only", "scan", on=healthy, env=fake)
    assert result.status == 1, str(result)
    found = {e["item"]: e["outcome"] for e in result.events("action.finished", action="scout")}
    assert found == {"flight-search/backend:v1.1.4": "failed", "flight-search/frontend:v1.1.4": "passed"}


def test_without_a_scanner_it_says_that_nothing_was_scanned(healthy, tmp_path):
    result = run("security-checks", on=healthy, env=only_with(tmp_path, docker="exit 1"))
    assert result.status == 1 and "no image was scanned" in result.action("scanners")["why"], str(result)


def test_security_checks_find_old_secrets_and_masters_of_the_cluster(sandbox, tmp_path):
    sb = sandbox()
    sb.kube.store.create("clusterrolebindings", {
        "metadata": {"name": "helper"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}]})
    result = run("security-checks", "--var", "secret_within=720h", on=sb,
                 env=only_with(tmp_path, trivy=scanner(tmp_path)))
    assert result.status == 1, str(result)
    failed = {k for k, v in result.outcomes().items() if v == "failed"}
    assert failed == {"cluster_bindings", "ages"}, str(result)
    assert "ServiceAccount default (by helper)" in result.action("cluster_bindings")["why"]
    assert "helper" in [e["item"] for e in result.events("action.finished", action="ours_in_cluster")]


@pytest.mark.parametrize("group, found", [("kubeadm:cluster-admins", False), ("system:serviceaccounts", True)])
def test_the_cluster_s_own_masters_are_no_finding(sandbox, group, found):
    sb = sandbox()
    sb.kube.store.create("clusterrolebindings", {
        "metadata": {"name": "more-admins"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "Group", "name": group, "apiGroup": "rbac.authorization.k8s.io"}]})
    result = run("security-checks", "--only", "access", on=sb)
    assert result.status == (1 if found else 0), str(result)


def test_lists_that_are_refused_find_nothing_and_say_so(sandbox):
    sb = sandbox()
    sb.kube.forbid("read")
    result = run("security-checks", "--only", "access", "--only", "secrets", on=sb)
    assert result.status == 2 and "passed" not in result.outcomes().values(), str(result)
