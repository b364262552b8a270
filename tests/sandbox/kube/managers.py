"""Who else writes workloads: GitOps healers, and autoscalers.

Invariant: they change what a person could change, by the same fields; the
rollout that follows is the controllers'.
"""
import time

from .store import NotFound, stamp

RELEASE = "flight-search"


def argocd(obj):
    meta = obj["metadata"]
    return {"argocd.argoproj.io/tracking-id": f"{RELEASE}:apps/{obj['kind']}:{meta['namespace']}/{meta['name']}"}, {}


def flux(obj):
    return {}, {"kustomize.toolkit.fluxcd.io/name": RELEASE, "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


def helm(obj):
    return ({"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": obj["metadata"]["namespace"]},
            {"app.kubernetes.io/managed-by": "Helm"})


def flux_helm(obj):
    annotations, labels = helm(obj)
    return annotations, {**labels, "helm.toolkit.fluxcd.io/name": RELEASE,
                         "helm.toolkit.fluxcd.io/namespace": "flux-system"}


# manager: function object -> (annotations, labels)
MARKS = {"argocd": argocd, "argocd-label": lambda obj: ({}, {"argocd.argoproj.io/instance": RELEASE}), "flux": flux,
         "flux-helm": flux_helm, "helm": helm, None: lambda obj: ({}, {})}


def marked(obj, by):
    """The object's metadata with the marks of a manager."""
    annotations, labels = MARKS[by](obj)
    meta = obj["metadata"]
    return {**meta, "annotations": {**meta.get("annotations", {}), **annotations},
            "labels": {**meta.get("labels", {}), **labels}}


def images(obj):
    return {c["name"]: c["image"] for c in obj["spec"]["template"]["spec"]["containers"]}


def with_images(obj, wanted):
    pod = obj["spec"]["template"]["spec"]
    containers = [{**c, "image": wanted.get(c["name"], c["image"])} for c in pod["containers"]]
    return {**obj["spec"]["template"], "spec": {**pod, "containers": containers}}


class Patience:
    """Somebody who acts on a difference only once it has been there for a while."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.since = None

    def acts(self, differs):
        if not differs:
            self.since = None
            return False
        self.since = self.since or time.monotonic()
        return time.monotonic() - self.since >= self.seconds


class Healers:
    """GitOps controllers that put image and replicas back as they were when they took the object over."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self.healed = {}  # (plural, namespace, name) -> (replicas, images, Patience)

    def take_over(self, plural, obj, after):
        self.healed[(plural, obj["metadata"]["namespace"], obj["metadata"]["name"])] = (
            obj["spec"].get("replicas"), images(obj), Patience(after))

    def step(self):
        for where, (replicas, wanted, patience) in self.healed.items():
            obj = self.store.find(*where)
            if obj and patience.acts((obj["spec"].get("replicas"), images(obj)) != (replicas, wanted)):
                spec = {**obj["spec"], "template": with_images(obj, wanted)}
                if replicas is not None:
                    spec["replicas"] = replicas
                self.store.update(where[0], {**obj, "spec": spec})


class Autoscalers:
    """HorizontalPodAutoscalers: into the limits, and to what the load asks for (`wanted`)."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self.wanted = {}    # (namespace, name) -> replicas that its metric asks for
        self.patience = {}  # the same -> Patience

    def step(self):
        for hpa in self.cluster.attended("horizontalpodautoscalers"):
            self.scale(hpa)

    def scale(self, hpa):
        key = (hpa["metadata"]["namespace"], hpa["metadata"]["name"])
        target = hpa["spec"]["scaleTargetRef"]
        try:
            obj = self.store.get(target["kind"].lower() + "s", key[0], target["name"])
        except NotFound:
            return self.say(hpa, 0, 0, False, "FailedGetScale")
        now = obj["spec"].get("replicas", 1)
        if not now:
            return self.say(hpa, 0, 0, False, "ScalingDisabled")
        desired = min(max(self.wanted.get(key, now), hpa["spec"].get("minReplicas", 1)), hpa["spec"]["maxReplicas"])
        if self.patience.setdefault(key, Patience(1.0)).acts(desired != now):
            self.store.update(target["kind"].lower() + "s", {**obj, "spec": {**obj["spec"], "replicas": desired}})
            self.cluster.event(hpa, "SuccessfulRescale", f"New size: {desired}; reason: cpu resource utilization")
            hpa = {**hpa, "status": {**hpa["status"], "lastScaleTime": stamp(self.store.now())}}
        self.say(hpa, now, desired, True, "ValidMetricFound")

    def say(self, hpa, now, desired, active, reason):
        old = {c["type"]: c for c in hpa.get("status", {}).get("conditions", [])}
        made = {"type": "ScalingActive", "status": str(active), "reason": reason,
                "lastTransitionTime": stamp(self.store.now())}
        if old.get("ScalingActive", {}).get("reason") == reason:
            made = old["ScalingActive"]
        self.store.update("horizontalpodautoscalers", {**hpa, "status": {
            **hpa.get("status", {}), "currentReplicas": now, "desiredReplicas": desired, "conditions": [made],
            "observedGeneration": hpa["metadata"]["generation"]}})


def autoscaler(obj, low, high, by):
    """The HPA of a workload, made by a person or by KEDA."""
    name, where = obj["metadata"]["name"], obj["metadata"]["namespace"]
    meta = {"name": name, "namespace": where, "labels": {}}
    if by == "keda":
        owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": name, "uid": f"keda-{name}",
                 "controller": True, "blockOwnerDeletion": True}
        meta = {"name": f"keda-hpa-{name}", "namespace": where, "ownerReferences": [owner],
                "labels": {"scaledobject.keda.sh/name": name, "app.kubernetes.io/managed-by": "keda-operator"}}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    return {"metadata": meta, "status": {"currentReplicas": 0, "desiredReplicas": 0}, "spec": {
        "scaleTargetRef": {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": name},
        "minReplicas": low, "maxReplicas": high, "metrics": [cpu]}}
