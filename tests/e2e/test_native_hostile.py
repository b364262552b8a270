"""Answers of an API server that no server of Kubernetes gives: what is not the answer is never taken for one."""
import json

import pytest
from helpers import run, write_book
from raw import Raw, http_request

GONE = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError", "message": "etcd is gone",
        "code": 500}
POD = {"metadata": {"name": "a", "namespace": "shop", "uid": "1"}, "spec": {}, "status": {}}


def pods(*items, more=None):
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1", **({"continue": more} if more else {})},
            "items": list(items)}


def known(version, *kinds):
    """What the server says it has, truly."""
    verbs = ["create", "get", "list", "watch"]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
        {"name": kind.lower() + "s", "singularName": kind.lower(), "namespaced": True, "kind": kind, "verbs": verbs} for kind in kinds]}


def group(name, version):
    found = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [found], "preferredVersion": found}


DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
        group("apps", "v1"), group("metrics.k8s.io", "v1beta1"), group("authorization.k8s.io", "v1")]},
    "/api/v1": known("v1", "Pod"),
    "/apis/apps/v1": known("apps/v1", "Deployment"),
    "/apis/metrics.k8s.io/v1beta1": known("metrics.k8s.io/v1beta1", "Pod"),
    "/apis/authorization.k8s.io/v1": known("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
}


def wide():
    """A cell of 6 MB above 20,000 short ones: laid out, it would be 120 GB."""
    rows = [{"cells": [text, 1]} for text in ["x" * 6_000_000] + ["b"] * 20_000]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"}, "rows": rows,
            "columnDefinitions": [{"name": name, "type": "string", "format": "", "description": "", "priority": 0}
                                  for name in ("Name", "Age")]}


@pytest.fixture
def go(tmp_path):
    with Raw() as raw:
        def start(action, *answers, **more):
            left = list(answers)

            async def talk(reader, writer):
                while True:
                    head, _ = await http_request(reader)
                    path = head.split()[1].split("?")[0]
                    answer = DISCOVERY.get(path) or (left.pop(0) if len(left) > 1 else left[0])
                    body = json.dumps(answer).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 b"Content-Length: %d\r\n\r\n" % len(body) + body)
                    await writer.drain()

            server = {"server": f"http://127.0.0.1:{raw.serve(talk)}"}
            (tmp_path / "config").write_text(json.dumps(
                {"apiVersion": "v1", "kind": "Config", "current-context": "x",
                 "users": [{"name": "u", "user": {"token": "t"}}],
                 "clusters": [{"name": "c", "cluster": server}],
                 "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}]}))
            book = write_book(tmp_path / "books", f"  - {{step: A, id: a, budget: {more.get('budget', '30s')}, {action}}}\n")
            return run("book", "-R", book, env={"KUBECONFIG": str(tmp_path / "config"), "KUBECACHEDIR": str(tmp_path / "cache"),
                                                  **more.get("env", {})})

        yield start


@pytest.mark.parametrize("words", ["get pods -o json", "get pods -o name", "get pod a -o json", "get pods", "get pods -A -o wide",
                                   "rollout status deployment/a --timeout=20s", "get pod a -o jsonpath={.metadata.name}",
                                   "wait pod/a --for=condition=Ready --timeout=20s"])
def test_a_refusal_with_status_200_is_no_answer(go, words):
    result = go(f"kubectl: '{words}', expect: 'true'", GONE)
    assert result.status == 2 and result.action("a")["outcome"] == "failed", str(result)
    assert result.action("a")["result"]["exit"] != 0


@pytest.mark.parametrize("words", ["wait --for=delete pod/x --timeout=5s", "wait --for=create pod/x --timeout=5s", "top pods",
                                   "rollout status deployment/x --timeout=5s", "rollout history deployment/x", "logs x"])
@pytest.mark.parametrize("answer", [{"message": "please log in"}, [], 1], ids=repr)
def test_a_page_of_something_in_between_says_nothing_of_the_cluster(go, words, answer):
    """Least of all that something is gone."""
    result = go(f"kubectl: '{words}'", answer)
    assert result.status == 2 and result.action("a")["outcome"] == "failed", str(result)
    assert result.action("a")["result"]["via"] == "api" and "no object of the API" in result.action("a")["why"], str(result)


@pytest.mark.parametrize("words", ["wait --for=delete pods -l a=b --timeout=5s", "get pod x -o json", "get pods -o json",
                                   "get pod x -o jsonpath={.message}"])
def test_such_a_page_is_no_object_either(go, words):
    """Whoever says so, fsops or kubectl."""
    result = go(f"kubectl: '{words}'", {"message": "please log in"})
    assert result.status == 2 and result.action("a")["outcome"] == "failed", str(result)


@pytest.mark.parametrize("words", ["auth can-i get pods", "auth can-i get /healthz", "auth whoami", "auth whoami -o json"])
def test_a_review_that_says_nothing_is_left_to_kubectl(go, words):
    result = go(f"kubectl: {words}", {"kind": "Review", "apiVersion": "v1", "status": {}})
    assert result.action("a")["result"]["via"] == "kubectl", str(result)


def test_a_list_whose_second_page_is_a_refusal_is_no_list(go):
    result = go("kubectl: get pods -o json, expect: 'json.items.size() == 1'", pods(POD, more="next"), GONE)
    assert result.status == 2 and result.action("a")["outcome"] == "failed", str(result)


@pytest.mark.parametrize("answer", [[], None, "text", 1, {}, {"items": []}], ids=repr)
@pytest.mark.parametrize("words", ["get pods -o json", "get pod a -o json"])
def test_what_is_no_object_is_no_answer(go, words, answer):
    result = go(f"kubectl: {words}", answer)
    assert result.status == 2 and result.action("a")["outcome"] == "failed", str(result)


def test_a_way_that_is_misspelt_is_told(go):
    result = go("kubectl: get pods", pods(), env={"FSOPS_KUBECTL": "allways"})
    assert result.status == 2 and "FSOPS_KUBECTL may be 'always', not 'allways'" in result.action("a")["why"], str(result)


def test_a_table_that_would_be_endless_is_not_laid_out(go):
    result = go("kubectl: get pods", wide(), budget="4s")
    assert result.seconds < 30 and result.action("a")["outcome"] in ("failed", "timed_out"), str(result)
