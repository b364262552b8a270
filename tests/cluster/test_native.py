"""Reads without a kubectl: what they print of a real API server is what kubectl prints, byte for byte."""
import os
import time

import pytest
from native import by_fsops, by_kubectl

FORMS = """
get pods
get pods -o wide --show-labels
get pods -A -o wide
get pods -A -o json
get all
get all -A -o json
get deploy,rs,sts,ds,pods,svc,ing,hpa,pdb,cm,secrets,jobs,cronjobs,pvc
get deploy,rs,sts,ds,pods,svc,ing,hpa,pdb,cm,secrets,jobs,cronjobs,pvc -o json
get deploy -o json --show-managed-fields
get deploy -o name
get nodes -o wide
get nodes -o json
get namespaces,pv,sc
get sa,roles,rolebindings,clusterroles
get crd
get apiservices
get certificates.cert-manager.io
get endpoints,endpointslices
get pods -l app=flight-search-backend -L app
get pods -l app==,,x
get pods --field-selector bad=1
get pods --field-selector status.phase=Running
get pods -n nowhere
get pod absent -n nowhere
get pod absent
get deploy/flight-search-backend deploy/absent
get nosuch
get widgets.example.com
top pods -l app=none
top pod absent
rollout status deploy/flight-search-backend
rollout status deploy/absent
rollout history deploy/flight-search-backend
rollout history deploy/absent
wait --for=condition=ready pod -l app=flight-search-backend --timeout=20s
wait --for=condition=available deploy flight-search-backend flight-search-frontend --timeout=20s
wait --for=condition=Never deploy/flight-search-backend pod/absent --timeout=1s
logs absent
logs deploy/absent -n nowhere
logs -l app=none
logs deploy/flight-search-backend -c absent
cluster-info
""".strip().splitlines()


class Server:
    def __init__(self, around, kubeconfig):
        # A kubectl of one's own is the one that is compared with.
        self.env = {"KUBECONFIG": kubeconfig, "PATH": f"{os.path.dirname(around.program)}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def server(around):
    return Server(around, around.oncall)


@pytest.fixture(scope="module")
def printed(server, tmp_path_factory):
    return by_fsops(tmp_path_factory.mktemp("all"), server, FORMS)


@pytest.mark.parametrize("words", FORMS)
def test_it_is_what_kubectl_prints(words, server, printed, tmp_path):
    """Ages and amounts go on between the two: then both are asked again."""
    via, found = printed[words]
    assert via == "api"
    for _ in range(5):
        if found == by_kubectl(words, server):
            return
        time.sleep(0.2)
        [(_, found)] = by_fsops(tmp_path, server, [words]).values()
    assert found == by_kubectl(words, server)
