"""The platform's objects for a real cluster: the sandbox's own, in a namespace of their own, without what only a
controller may write."""
import json

from sandbox.kube import NAMESPACE, fixtures
from sandbox.kube.cluster import Cluster

SPACE = "fsops-check"
MARK = "fsops-disposable"
BACKEND, FRONTEND = "flight-search-backend", "flight-search-frontend"
RELEASES = ("v1.1.2", "v1.1.3", "v1.1.4")  # what has run, oldest first
KINDS = {"deployments": ("apps/v1", "Deployment"), "services": ("v1", "Service"),
         "persistentvolumeclaims": ("v1", "PersistentVolumeClaim"), "secrets": ("v1", "Secret"),
         "configmaps": ("v1", "ConfigMap"), "ingresses": ("networking.k8s.io/v1", "Ingress"),
         "cronjobs": ("batch/v1", "CronJob"), "certificates": ("cert-manager.io/v1", "Certificate")}


def custom(kind, scope="Namespaced", group="cert-manager.io"):
    """A type whose objects may hold anything."""
    plural = kind.lower() + "s"
    anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": scope,
                     "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
                     "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}},
                                   "schema": anything}]}}


# cert-manager's types, for clusters that do not run it.
CERT_MANAGER = [custom("Certificate"), custom("CertificateRequest"), custom("Issuer"),
                custom("ClusterIssuer", "Cluster"), custom("Challenge", group="acme.cert-manager.io")]


def platform(releases=RELEASES[-1]):
    """Every object, as text for `kubectl apply`, with this release of backend and frontend."""
    model = Cluster("model")
    fixtures.production(model, 60, 0)
    items = [writable(plural, obj) for plural in KINDS for obj in model.store.list(plural, NAMESPACE)]
    for one in items:
        if one["kind"] == "Deployment":
            use(one, releases)
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": volumes(items) + items})


def writable(plural, obj):
    """What a person would write of an object."""
    version, kind = KINDS[plural]
    kept = {k: v for k, v in obj.items() if k not in ("status", "metadata", "apiVersion", "kind")}
    meta = {"name": obj["metadata"]["name"], "namespace": SPACE, "labels": obj["metadata"].get("labels", {})}
    if kind == "Service":
        kept["spec"] = {k: v for k, v in kept["spec"].items() if k != "clusterIP"}
    if kind == "PersistentVolumeClaim":
        kept["spec"] = {**kept["spec"], "storageClassName": "", "volumeName": f"{SPACE}-{meta['name']}"}
    if kind == "Secret" and obj["type"] == "kubernetes.io/tls":
        kept["type"] = "Opaque"  # there is no certificate in it
    if kind == "CronJob":  # only by hand
        kept["spec"] = {**kept["spec"], "suspend": False}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **kept}


def use(deployment, release):
    """The release's image, and nothing that somebody else set in between."""
    spec = deployment["spec"]
    spec["paused"] = False
    for container in spec["template"]["spec"]["containers"]:
        if container["image"].startswith("flight-search/"):
            container["image"] = f"{container['image'].split(':')[0]}:{release}"
    spec["template"]["spec"]["terminationGracePeriodSeconds"] = 1


def volumes(items):
    """A volume for each claim: a disposable cluster may have nothing that makes one."""
    return [{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": c["spec"]["volumeName"]},
             "spec": {"capacity": c["spec"]["resources"]["requests"], "accessModes": ["ReadWriteOnce"],
                      "storageClassName": "", "persistentVolumeReclaimPolicy": "Retain",
                      "claimRef": {"namespace": SPACE, "name": c["metadata"]["name"]},
                      "hostPath": {"path": f"/tmp/{c['metadata']['name']}"}}}
            for c in items if c["kind"] == "PersistentVolumeClaim"]
