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
get cm odd -o jsonpath={.numbers.beyond}
get pods -Ao name
get -o wide -n=other pods
""".strip().splitlines()
# The connection ends within the second page. kubectl may log that, too, with its clock and the number of its process.
TORN = """
get pods -n torn
get pods -n torn -o json
get pods -n torn -o name
""".strip().splitlines()
# What kubectl itself must do: its own words, or what is not known whole.
LEFT = r"""
get
get pods -o yaml
get pods -o jsonpath=
get pods -o jsonpath={..name}
get pods -o jsonpath={.items[*].metadata.*}
get pods -o jsonpath={.items[9].metadata.name}
get pods -o jsonpath={.items[0:9].metadata.name}
get pods -o jsonpath={.metadata[0]}
get pods -o jsonpath={.kind[*]}
get pods -o jsonpath={.kind.*}
get pods -o jsonpath={.items[?(@.metadata.name==Ready)]}
get pods -o jsonpath={.items[?(@.metadata.name==5)]}
get pods -o jsonpath={.items[?(@.metadata.name=~"x")]}
get pods -o jsonpath={.items[?(@.metadata=="x")]}
get pods -o jsonpath={.items[?(@.spec.containers[*].name=="x"]}
get pods -o jsonpath={range}{.items[*]}
get pods -o jsonpath={.items[*]}{end}
get pods -o jsonpath={.items[*]
get pods -o jsonpath={.items[*}
get pods -o jsonpath={.items[x]}
get pods -o jsonpath={"\x41"}
get pods -o jsonpath={"a}
get pods -o jsonpath={5.5}
get pods -o jsonpath={name}
get pods -o jsonpath-as-json={.kind}
get pods -o jsonpath-file=/none
get pods -o go-template={{.kind}}
get pods -o custom-columns=
get pods -o custom-columns=N
get pods -o custom-columns=N:
get pods -o custom-columns=N:.a,
get pods -o custom-columns=N:{.a}{.b}
get pods -o custom-columns=N:..name
get pods --sort-by={.a}{.b}
get pods --sort-by=..name
get pods,svc --sort-by=.metadata.name
get sorts --sort-by=.spec.list
get sorts --sort-by=.spec.yes -o name
get cm,sorts --sort-by=.spec.number -o name --template=x
get pods -n a%b
get pods -n a/b
get pods -n ..
get pods web-1 -A
get pods web-1 -l app=web
get pods web-1 svc/api
get pod/a/b
get pods --unknown-flag
get pods --no-headers=maybe
get pods -o json --show-labels
get all/x
describe pods
""".strip().splitlines()
# What is sorted, and what paths find.
FORMS += r"""
get pods --sort-by=.metadata.name
get pods --sort-by=metadata.name
get pods --sort-by={.metadata.name}
get pods --sort-by={metadata.name} -o wide --show-labels
get pods --sort-by .metadata.absent
get pods --sort-by .metadata.absent -o json
get pods -n other --sort-by .metadata.absent
get pods -n other --sort-by .metadata.absent -o json
get pods -n nowhere --sort-by .metadata.name
get pods -n nowhere --sort-by .metadata.name -o json
get pods -n many --sort-by=.metadata.name
get pods -n many --sort-by=.metadata.name -o name
get pods -n many --sort-by=.status.phase -o name
get pods -n many --sort-by=.status.phase
get pods -n many --sort-by=.metadata.uid -o json
get pods -A --sort-by=.metadata.namespace --no-headers
get pods web-1 --sort-by=.metadata.name
get pods web-1 --sort-by=.absent -o json
get pods web-1 absent --sort-by=.metadata.name -o name
get pods,svc -o name --sort-by=.metadata.name
get deploy -o json --sort-by=.spec.replicas
get cm --sort-by=.numbers.whole
get sorts --sort-by=.spec.amount
get sorts --sort-by=.spec.number
get sorts --sort-by=.spec.maybe
get sorts --sort-by=.spec.null
get sorts --sort-by=.spec.text
get sorts --sort-by=.spec.few
get sorts --sort-by=.spec.list[0]
get sorts --sort-by=.spec.amount -o name
get sorts --sort-by=.spec.number -o json
get sorts --sort-by=.spec.maybe -o name
get sorts --sort-by=.spec.null -o name
get sorts --sort-by=.spec.few -o jsonpath={.items[*].spec.few}
get sorts --sort-by=.spec.few -o custom-columns=N:.metadata.name,F:.spec.few
get pods -n closed --sort-by=.metadata.name
get pods -n closed --sort-by=.metadata.name -o json
get widgets --sort-by=.metadata.name
get pod web-1 -o jsonpath={.metadata.name}
get pod/web-1 -ojsonpath={.status.phase}
get pods -o jsonpath={.items[0].metadata.name}
get pods -o jsonpath={.items[*].metadata.name}
get pods -o jsonpath={.items[-1:].metadata.name}
get pods -o jsonpath={.items[-1].metadata.name}
get pods -o jsonpath={.items[0:1].metadata.name}
get pods -o jsonpath={.items[::2].metadata.name}
get pods -o jsonpath={.items[0,1].metadata.name}
get pods -o jsonpath={.items[*]['metadata.name','metadata.uid']}
get pods -o jsonpath={.items[*].metadata['name']}
get pods -o jsonpath={.items[*].metadata.labels}
get pods -o jsonpath={.items[*].metadata.labels.zone/area}
get pods -o jsonpath={.items[*].status.conditions}
get pods -o jsonpath={.items[*]['kind','apiVersion']}
get pods -o jsonpath={.kind}{.apiVersion}{.metadata}
get pods -o jsonpath={}
get pods -o jsonpath={@}
get pods -o jsonpath={$}
get pods -o jsonpath={.}
get pod web-1 -o jsonpath={}
get pod web-1 -o jsonpath={.}
get pod web-1 -o jsonpath={.metadata}
get pod web-1 -o jsonpath={.spec.containers[*].name}
get pod web-1 -o jsonpath=name={.metadata.name},phase={.status.phase}{"\n"}
get pod web-1 -o jsonpath=text
get pod web-1 -o jsonpath={"a\tb\\c\"d"}
get pod web-1 -o jsonpath={'a\tb'}
get pod web-1 -o jsonpath={true}{5}{-3}
get pod web-1 -o jsonpath={.spec.containers[?(@.name=="main")].image}
get pod web-1 -o jsonpath={.spec.containers[?(@.name!="main")].image}
get pod web-1 -o jsonpath={.spec.containers[?(@.name)].image}
get pod web-1 -o jsonpath={.spec.containers[?(@.absent)].image}
get pod web-1 -o jsonpath={.spec.containers[?(@.absent=="x")].image}
get pods -o 'jsonpath={range .items[*]}{.metadata.name}{"\t"}{.status.phase}{"\n"}{end}'
get pods -o 'jsonpath={range .items[*]}{.metadata.name}: {range .spec.containers[*]}{.image} {end}{"\n"}{end}done'
get pods -n nowhere -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}x'
get pods -n many -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'
get pods -n nowhere -o jsonpath={.items[*].metadata.name}
get pods -n nowhere -o jsonpath={}
get sorts -o 'jsonpath={.items[?(@.spec.number>5)].metadata.name}'
get sorts -o 'jsonpath={.items[?(@.spec.number >= 5)].metadata.name}'
get sorts -o 'jsonpath={.items[?(@.spec.few=="b")].metadata.name}'
get sorts -o 'jsonpath={.items[?(@.spec.few<="b")].metadata.name}'
get sorts -o 'jsonpath={.items[?(@.spec.yes==true)].metadata.name}'
get sorts -o 'jsonpath={.items[?(@.spec.yes!=true)].metadata.name}'
get sorts -o 'jsonpath={.items[*].spec.list[*]}'
get sorts -o 'jsonpath={.items[*].spec.list}'
get sorts -o 'jsonpath={.items[*].spec.null}'
get sorts -o 'jsonpath={.items[*].spec.yes}'
get cm odd -o jsonpath={.numbers}
get cm odd -o jsonpath={.numbers.huge}|{.numbers.third}|{.numbers.float}|{.numbers.tiny}|{.numbers.long}|{.numbers.beyond}|{.numbers.large}
get cm -o jsonpath={.items[0].numbers.huge}|{.items[0].numbers.third}|{.items[0].numbers.float}|{.items[0].numbers.tiny}|{.items[0].numbers.long}|{.items[0].numbers.beyond}
get cm odd -o jsonpath={.nothing}{.empty}{.none}{.nested}
get cm odd -o jsonpath={.metadata.annotations.text}
get cm odd -o jsonpath={.metadata.annotations}
get cm odd -o jsonpath={.metadata.managedFields}
get cm odd -o jsonpath={.data.<k>}
get cm odd -o jsonpath={.data.é}
get cm odd -o jsonpath={.data['a']}
get cm odd -o jsonpath={.data.}
get pod absent -o jsonpath={.metadata.name}
get pod absent -o jsonpath={.metadata.name} --ignore-not-found
get pods absent gone -o jsonpath={.items[*].metadata.name}
get pods absent web-1 -o jsonpath={.items[*].metadata.name}
get pods,svc,deploy -o jsonpath={.items[*].kind}
get secrets -o jsonpath={.items} --ignore-not-found
get pods -o custom-columns=N:.metadata.name
get pods -o custom-columns=N:metadata.name,P:{.status.phase},L:.metadata.labels,A:.absent,K:.kind
get pods -o custom-columns=N:.metadata.name --no-headers
get pods web-1 -o custom-columns=NAME:.metadata.name,KIND:kind
get pods absent -o custom-columns=N:.metadata.name
get pods absent gone -o custom-columns=N:.metadata.name
get pods web-1 absent -o custom-columns=N:.metadata.name
get pods absent --ignore-not-found -o custom-columns=N:.metadata.name
get secrets -o custom-columns=N:.metadata.name
get secrets -o custom-columns=N:.metadata.name --no-headers
get secrets -o custom-columns=N:.metadata.name --ignore-not-found
get cm -o custom-columns=T:.metadata.annotations.text,D:.data,N:.numbers,E:.empty,O:.none,X:.nothing,Y:.nested
get cm -o custom-columns=W:.numbers.whole,F:.numbers.float,H:.numbers.huge,I:.numbers.third,L:.numbers.long,B:.data.a,Z:.numbers.negative
get pods -o custom-columns=C:.spec.containers[*].name,I:.spec.containers[0].image,A:.metadata.labels.zone/area
get pods,svc,deploy -o custom-columns=KIND:.kind,NAME:.metadata.name
get sorts -o custom-columns=LONGER-HEADING:.spec.list[*],B:.spec.yes,C:.spec.null,é漢字:.spec.text
get pods -n many -o custom-columns=N:.metadata.name,U:.metadata.uid
get pods -n closed -o custom-columns=N:.metadata.name
get pods -A -o custom-columns=NS:.metadata.namespace,N:.metadata.name
get nodes -o custom-columns=N:.metadata.name,M:.metadata.managedFields[*].manager
get cm -o jsonpath={.items[0].numbers}
get cm -o jsonpath={.items[0].numbers.million}|{.items[0].numbers.zero}|{.items[0].numbers.large}
get cm odd -o jsonpath={.numbers.million}|{.numbers.zero}|{.numbers.negative}
get cm -o custom-columns=M:.numbers.million,Z:.numbers.zero,L:.numbers.large,N:.numbers
get cm odd -o custom-columns=M:.numbers.million,Z:.numbers.zero,L:.numbers.large,N:.numbers
get cm --sort-by=.numbers.million -o jsonpath={.items[0].numbers.million}
""".strip().splitlines()


@pytest.fixture(scope="session")
def expected(canned):
    return expectation(RECORDS, FORMS + TORN, canned)


@pytest.fixture(scope="session")
def printed(canned, tmp_path_factory):
    return by_fsops(tmp_path_factory.mktemp("native"), canned, FORMS + TORN)


@pytest.mark.parametrize("words", FORMS + TORN)
def test_it_prints_what_kubectl_prints(words, printed, expected):
    via, found = printed[words]
    assert via == "api"
    assert (found if NEW else kept(found)) == expected[words]


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
