"""`kubectl: get …` without a kubectl prints what kubectl prints: stdout, stderr and exit status, byte for byte."""
import pytest
from helpers import ROOT, run, write_book
from native import NEW, by_fsops, expectation, kept

RECORDS = ROOT / "tests/e2e/data/kubectl.json"
FORMS = """
get pods
get pod
get po -n other
get pods -n nowhere
get pods -A
get pods -o wide
get pods -o wide -A --no-headers
get pods -o=wide --show-labels
get pods -L app
get pods -L app,zone/area -L tier
get pods --label-columns=app --show-labels -A
get pods --no-headers
get pods --show-kind
get deploy --show-kind --no-headers
get pods web-1
get pods web-1 web-2-with-a-longer-name
get pods web-1 absent
get pods absent gone web-1
get pods absent
get pods absent -n nowhere
get pods absent -n default
get pods absent gone -n nowhere -o json
get deploy/absent pod/absent -n nowhere
get pods absent -n nowhere --ignore-not-found
get pods absent gone
get pods absent gone --ignore-not-found
get pods absent --ignore-not-found -o json
get pods absent web-1 --ignore-not-found
get pod/web-1
get pod/web-1 svc/api
get svc/api pod/absent deploy/web
get pod/web-1 pod/web-2-with-a-longer-name svc/web-1 po/web-1
get pods,svc
get pods,svc web-1
get pods,svc,deployments,rs
get deployments,replicasets,pods -l app=web
get pods,po,pod
get secrets,rs
get rs,pods -n other
get rs,secrets -A
get pods,nodes
get pods,nodes -A
get nodes,pods -A
get all
get all -n other
get nodes
get no node-1
get node absent
get pv
get pv,rs
get secrets
get secrets -A
get secrets --no-headers
get secrets --ignore-not-found
get pods -l app=web
get pods -l app=none
get pods --selector=app=web,tier=front -o name
get pods -lapp=web --field-selector metadata.name=web-1
get pods --field-selector=bad=1
get pods --field-selector=bad=1 -o json
get pods --field-selector=bad=1 -l a=b
get pods -o json
get pods -ojson --show-managed-fields
get pods web-1 -o json
get pods web-1 absent -o json
get pods absent gone -o json
get pods absent -o json
get pod/web-1 svc/api -o json
get pods,svc,rs -o json
get deployments -o json
get deployments -o name
get deploy/web -o name
get pods,deploy -o name
get secrets -o json
get secrets -o name
get secrets -o json --ignore-not-found
get cm -o json
get cm odd -o json
get cm/odd -o json --show-managed-fields=true
get nodes -o json
get nodes -o name
get nodes -A
get planes
get planes -o wide --show-labels
get planes.flights.example.com/short
get planes.v1.flights.example.com
get deployments.apps
get deployments.v1.apps web
get Deployments
get widgets
get widgets -o json
get widgets.example.com
get pods,widgets
get widget/x
get pods -n closed
get pods -n closed -o json
get pods -n closed -o name
get pods web-1 -n closed
get pods a b -n closed
get pods,svc,deploy -n closed
get deploy,pods -n shut -o json
get pods -n broken
get pods -n many
get pods -n many -o json
get pods -n many -o name
get pods -n many --chunk-size=100
get pods -n many --chunk-size 0
get pods -n many -l tier=front
get pods -n many -l tier=front -o json
get pods -n torn -o json --chunk-size=0
get pods -A --no-headers=true
get pods --no-headers=false -A=false
get --namespace other pods
get pods -- web-1
get pod web-1 -o jsonpath={.metadata.name}
get pod/web-1 -ojsonpath={.status.phase}
get pod web-1 -o jsonpath={.metadata.absent}
get pod web-1 -o jsonpath={.absent.name}
get pod absent -o jsonpath={.metadata.name}
get pod absent -o jsonpath={.metadata.name} --ignore-not-found
get deploy web -o jsonpath={.spec.replicas}
get pod web-2-with-a-longer-name -o jsonpath={.metadata.labels.zone/area}
get cm odd -o jsonpath={.numbers.long}
get cm odd -o jsonpath={.numbers.beyond}
get pods -Ao name
get -o wide -n=other pods
""".strip().splitlines()
# The connection ends within the second page. kubectl logs that, too, with its clock and the number of its process.
TORN = """
get pods -n torn
get pods -n torn -o json
get pods -n torn -o name
""".strip().splitlines()
# What kubectl itself must do: its own words, or what is not known whole.
LEFT = """
get
get pods -o yaml
get pods -o jsonpath={.items[0].metadata.name}
get pod web-1 -o jsonpath={.metadata.labels}
get pod web-1 -o jsonpath={.metadata}{.spec}
get pod web-1 -o jsonpath={.metadata.name.x}
get cm odd -o jsonpath={.nothing}
get cm odd -o jsonpath={.numbers.third}
get pods -n a%b
get pods -n a/b
get pods -n ..
get pod web-1 web-2-with-a-longer-name -o jsonpath={.metadata.name}
get pods -o custom-columns=N:.metadata.name
get pods web-1 -A
get pods web-1 -l app=web
get pods web-1 svc/api
get pod/a/b
get pods --unknown-flag
get pods --no-headers=maybe
get pods -o json --show-labels
get all/x
get pods --sort-by=.metadata.name
describe pods
""".strip().splitlines()


@pytest.fixture(scope="session")
def expected(canned):
    return expectation(RECORDS, FORMS, canned)


@pytest.fixture(scope="session")
def printed(canned, tmp_path_factory):
    return by_fsops(tmp_path_factory.mktemp("native"), canned, FORMS)


@pytest.mark.parametrize("words", FORMS)
def test_it_prints_what_kubectl_prints(words, printed, expected):
    via, found = printed[words]
    assert via == "api"
    assert (found if NEW else kept(found)) == expected[words]


@pytest.mark.skipif(not NEW, reason="needs a kubectl of 1.32")
def test_of_a_list_that_breaks_off_the_whole_pages_are_printed(tmp_path, canned):
    for words, (via, found) in by_fsops(tmp_path, canned, TORN).items():
        status, out, err = by_kubectl(words, canned)
        assert (words, via, found) == (words, "api", [status, out, err[err.index("\n") + 1:]])


def test_much_is_printed_before_all_has_come_and_the_rest_may_be_bad(tmp_path, canned):
    """What is out can't be left to kubectl any more."""
    (via, found), = by_fsops(tmp_path, canned, ["get pods -n spoilt -o json"]).values()
    assert via == "api" and found[0] == 1 and found[1].count('"name": "worse') == 500
    assert found[2] == "error: the rest of the list is nothing that is understood\n"


def test_what_is_not_known_whole_is_left_to_kubectl(tmp_path, canned):
    found = by_fsops(tmp_path, canned, LEFT)
    assert {words: via for words, (via, _) in found.items()} == dict.fromkeys(LEFT, "kubectl")


@pytest.mark.parametrize("how", ({"env": {"FSOPS_KUBECTL": "always"}}, {"target": {"native": False}}))
def test_it_can_be_turned_off(tmp_path, canned, how):
    assert by_fsops(tmp_path, canned, ["get pods"], **how)["get pods"][0] == "kubectl"


def test_what_is_asked_again_has_a_connection_of_its_own(tmp_path, canned):
    canned.http.peers.clear()
    get = "kubectl: [get, pod, {}, -o, name], severity: info, on_failure: continue"
    actions = [f"{{id: a, {get.format('web-1')}}}", f"{{id: b, {get.format('web-1')}}}",
               f"{{id: c, {get.format('absent')}, retry: {{times: 2, every: 50ms}}}}"]
    steps = "  - step: A\n    id: a\n    sequential: true\n    actions:\n" + "".join(f"      - {a}\n" for a in actions)
    result = run("book", "-R", write_book(tmp_path, steps, {"cluster": {"kubectl": {}}}), env=canned.env)
    assert result.action("c")["attempts"] == 3, str(result)
    peers = canned.http.peers  # of what is not there kubectl asks whether its namespace is, too
    assert len(peers) == 8 and len(set(peers[:4])) == 1 and len(set(peers[3:])) == 5, str(result)
