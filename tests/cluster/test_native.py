"""Reads without a kubectl: what they print of a real API server is what kubectl prints, byte for byte."""
import json
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
get certificates.cert-manager.io -o json
get all,certificates -A -o name
get endpoints,endpointslices
get pods -l app=flight-search-backend -L app
get pods -l app==,,x
get pods --field-selector bad=1
get pods --field-selector status.phase=Running
get pods -n nowhere
get pod absent -n nowhere
get pod absent
get deploy/flight-search-backend deploy/absent
get pods -A --sort-by=.metadata.name
get pods -A --sort-by=.status.startTime -o wide
get deploy --sort-by={.spec.replicas}
get nodes --sort-by=.metadata.creationTimestamp -o name
get deploy flight-search-backend -o jsonpath={.spec.template.spec.containers[0].image}
get pods -A -o 'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}'
get nodes -o jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}
get deploy -o jsonpath={.items[0].metadata}
get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,IMAGE:.spec.containers[*].image
get deploy -o custom-columns=NAME:.metadata.name,NONE:.metadata.nothing --no-headers
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
rollout history daemonset/revised
rollout history sts revised
rollout history ds/absent
wait --for=delete pod/absent deploy/absent
wait --for=delete pod -l app=none
wait --for=delete deploy/flight-search-backend --timeout=3s
wait --for=create deploy/flight-search-backend
wait --for=create pod/absent --timeout=2s
wait --for=jsonpath={.spec.serviceName}=revised sts/revised --timeout=20s
wait --for=jsonpath={.status.phase} pods --all --timeout=20s
wait --for=jsonpath={.spec.template}=x deploy/flight-search-backend ds/revised --timeout=20s
wait --for=jsonpath={.a}=b pod/absent -n nowhere
auth whoami
auth can-i get pods
auth can-i delete nodes
auth can-i create deployments.apps -n kube-system
auth can-i get pods/x --subresource=log -A
auth can-i frob widgets
auth can-i list certificates.cert-manager.io -q
auth can-i list events.events.k8s.io
auth can-i impersonate users
auth can-i get /metrics
auth can-i * *
api-resources
api-resources -o wide --sort-by=kind
api-resources -o name --sort-by=name
api-resources --namespaced=false --no-headers
api-resources --verbs=list,delete --api-group=apps
api-resources --categories=all
cluster-info
""".strip().splitlines()



def revised(kind, image, **more):
    """One whose revisions are objects of their own."""
    labels = {"app": "revised"}
    return json.dumps({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "revised", "annotations": {
        "kubernetes.io/change-cause": f"image {image}"}}, "spec": {
            "selector": {"matchLabels": labels}, **more, "template": {
                "metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}}})


class Server:
    def __init__(self, around, kubeconfig):
        # A kubectl of one's own is the one that is compared with.
        self.env = {"KUBECONFIG": kubeconfig, "PATH": f"{os.path.dirname(around.program)}:{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def server(around):
    for image in ("web:1", "web:2"):
        around.here("apply", "--server-side", "-f", "-", stdin=revised("DaemonSet", image))
        around.here("apply", "--server-side", "-f", "-", stdin=revised("StatefulSet", image, serviceName="revised"))
        time.sleep(2)
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
