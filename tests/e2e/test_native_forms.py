"""wait, rollout history, auth, api-resources and lists of CRDs' objects without a kubectl print what kubectl prints, byte
for byte."""
import os
import re

import pytest
from helpers import ROOT
from native import NEW, by_fsops, expectation, kept

RECORDS = ROOT / "tests/e2e/data/kubectl_forms.json"
FORMS = """
get planes -o json
get planes,gates -A -o name
get pods,planes,gates -n empty -o json
wait --for=delete pod/absent
wait --for=delete pod absent gone -n nowhere
wait --for=DELETE pod -l app=none
wait --for=delete pods --all -n empty
wait --for=delete job/leaving-1
wait --for=delete job leaving-1 absent leaving-2 --timeout=20s
wait --for=delete job -l app=leaving
wait --for=delete job/staying-1 --timeout=2s
wait --for=delete job/staying-1 job/absent --timeout=2s
wait --for=delete job/absent job/staying-1 job/absent job/staying-2 --timeout=5s
wait --for=delete job -l app=staying --timeout=2s
wait --for=delete pod/x -n closed
wait --for=delete pod/x pod/absent -n closed
wait --for=delete widget/x
wait --for=create pod/web-1
wait --for=create deploy web
wait --for=create pod/absent --timeout=2s
wait --for=create pod/absent -n nowhere --timeout=2s
wait --for=create pod/web-1 -n closed --timeout=2s
wait --for=create widget/x
wait --for=jsonpath={.status.phase}=Running pod/web-1
wait --for=jsonpath={.status.phase} pod/web-1
wait --for=jsonpath={.status.phase}="Running" pod/web-1
wait --for=jsonpath={.status.phase}='Running" pod/web-1
wait --for=jsonpath=.status.phase=Running pod/web-1
wait --for=jsonpath=status.phase=Running pod/web-1 pod/web-2-with-a-longer-name
wait --for=jsonpath={status.phase}=Running pods --all
wait --for=jsonpath={.spec.replicas}=2 deploy/web
wait --for=jsonpath={.spec.replicas}=3 deploy/web --timeout=2s
wait --for=jsonpath={.numbers.third}=0.1 cm/odd
wait --for=jsonpath={.numbers.float}=1 cm/odd
wait --for=jsonpath={.numbers.huge}=1e+21 cm/odd
wait --for=jsonpath={.numbers.tiny}=1e-07 cm/odd
wait --for=jsonpath={.numbers.beyond}=1.2345678901234567e+19 cm/odd
wait --for=jsonpath={.numbers.long}=9007199254740993 cm/odd
wait --for=jsonpath={.nothing} cm/odd
wait --for=jsonpath={.nothing}=<nil> cm/odd
wait --for=jsonpath={.data.a}=b cm/odd
wait --for=jsonpath={.metadata.labels.zone/area}=eu pod/web-2-with-a-longer-name
wait --for=jsonpath={.metadata} pod/web-1
wait --for=jsonpath={.metadata}=x pod/web-1
wait --for=jsonpath={.metadata}=x pod/web-1 pod/absent
wait --for=jsonpath={.metadata.name.x}=x pod/web-1 --timeout=2s
wait --for=jsonpath={.spec.containers.name}=main pod/web-1 --timeout=2s
wait --for=jsonpath={.status.phase}=Ready job/starting-1 --timeout=20s
wait --for=jsonpath={.status.phase}=Ready job/leaving-1 job/absent --timeout=2s
wait --for=jsonpath={.a}=b pod/absent
wait --for=jsonpath={.a}=b pod/absent -n closed
wait --for=jsonpath={.a}=b pod -l app=none
wait --for=condition=Ready pods --all -n empty
rollout history ds/agent
rollout history daemonset agent
rollout history ds/none
rollout history sts/db
rollout history statefulsets.apps/db
rollout history ds/absent
rollout history sts absent -n nowhere
rollout history sts absent -n closed
auth can-i get pods
auth can-i get po -n other
auth can-i list deployments.apps -n closed
auth can-i delete deployments.v1.apps
auth can-i delete Pods -q
auth can-i get pods --quiet
auth can-i get pods/why
auth can-i get pods/wrong
auth can-i get pods/echo
auth can-i frob deploy/echo --subresource=scale
auth can-i get deploy.apps/echo -A
auth can-i get pods/echo -n other --subresource log
auth can-i get planes/echo
auth can-i get planes.v1beta1.flights.example.com/echo
auth can-i get gates/echo
auth can-i get nodes/echo
auth can-i frob nodes
auth can-i frob nodes -A
auth can-i escalate deploy
auth can-i get widgets
auth can-i frob Widgets/echo
auth can-i get widgets.a.b/echo
auth can-i get widgets.v1.a.b/echo
auth can-i get users
auth can-i impersonate groups/echo
auth can-i get users.a
auth can-i * *
auth can-i get */echo
auth can-i get *.apps/echo
auth can-i get /healthz
auth can-i post /api/v1/echo
auth can-i list /healthz
auth can-i get pods --context denied
auth can-i get nodes --context denied
auth can-i get pods --context out
auth can-i get -A -- pods
auth whoami
auth whoami --context bare
auth whoami --context out
auth whoami --context denied
auth whoami -o json
auth whoami -ojson --context bare
api-resources
api-resources --no-headers
api-resources -o wide
api-resources -o name
api-resources -o wide --no-headers --sort-by=kind
api-resources --sort-by=name
api-resources --sort-by name -o name
api-resources --namespaced
api-resources --namespaced=false
api-resources --api-group=
api-resources --api-group=apps
api-resources --api-group flights.example.com
api-resources --api-group=none
api-resources --verbs=list,get
api-resources --verbs=list --verbs=create
api-resources --categories=all -o name
api-resources --categories all,airport
api-resources -n other
""".strip().splitlines()
# What kubectl itself must do: its own words, or what is not known whole.
LEFT = r"""
wait --for=delete
wait --for=delete pod
wait --for=delete pod --all -l a=b
wait --for=delete pod/a --timeout=0
wait --for=create pod -l a=b --timeout=1s
wait --for=create pod/a pod/b
wait --for=jsonpath={.metadata.absent}= pod/web-1
wait --for=jsonpath={.a[0]}=x pod/web-1 --timeout=1s
wait --for=jsonpath={.a}{.b}=x pod/web-1 --timeout=1s
wait --for=jsonpath={.a}==x pod/web-1 --timeout=1s
wait --for=jsonpath= pod/web-1
wait --for=ready pod/web-1
rollout history ds/twice
rollout history ds/agent --revision=2
rollout history ds
rollout history pods/web-1
auth can-i --list
auth can-i get
auth can-i get pods a
auth can-i get pods --no-headers
auth can-i get /a --subresource=b
auth can-i get all
auth can-i get pods --as ann
auth whoami x
auth whoami -o yaml
auth whoami --context old
api-resources x
api-resources -o json
api-resources --sort-by=group
api-resources --cached
api-resources --context partial
get pods --context moved
get pod/absent --context moved
wait --for=delete pod/absent --context moved
rollout history ds/agent --context moved
get po"ds
get pods,s\vc
wait --for=delete pöd/x
version
version --client
api-versions
""".strip().splitlines()


@pytest.fixture(scope="module")
def expected(canned):
    return expectation(RECORDS, FORMS, canned)


@pytest.fixture(scope="module")
def printed(canned, tmp_path_factory):
    return by_fsops(tmp_path_factory.mktemp("native"), canned, FORMS)


@pytest.mark.parametrize("words", FORMS)
def test_it_prints_what_kubectl_prints(words, printed, expected):
    via, found = printed[words]
    assert via == "api"
    assert (found if NEW else kept(found)) == expected[words]


def test_what_is_not_known_whole_is_left_to_kubectl(tmp_path, canned):
    found = by_fsops(tmp_path, canned, LEFT)
    assert {words: via for words, (via, _) in found.items()} == dict.fromkeys(LEFT, "kubectl")


def test_an_api_server_that_sends_us_elsewhere_is_kubectls(tmp_path, canned):
    words = "get pods web-1 absent -n shop --context moved"
    [(via, found)] = by_fsops(tmp_path, canned, [words]).values()
    assert (via, found[0]) == ("kubectl", 1) and "web-1" in found[1]


def test_a_wait_that_kubectl_goes_on_with_has_what_is_left_of_its_time(tmp_path, canned):
    fake = tmp_path / "kubectl"
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)
    forms = ["wait --for=condition=Ready pod/a -n slow --timeout=20s", "wait --for=delete -n slow -- pod/a"]
    found = by_fsops(tmp_path, canned, forms, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    for words, most in zip(forms, (20, 30)):
        via, (code, out, _) = found[words]
        assert (via, code) == ("kubectl", 0)
        before, _, behind = words.partition(" -- ")
        given, left = re.fullmatch(r"(.*) --timeout=(\d+)ms(?: -- pod/a)?\n", out).groups()
        assert given == before and ("-- pod/a" in out) == bool(behind)
        assert most - 10 < int(left) / 1000 <= most - 1.5
