"""PodDisruptionBudgets: how many pods may be evicted, in numbers or percent.

Invariant: computed from the pods as they are each time; an eviction counts at
once, because a pod that is terminating is not ready.
"""
import math

from . import pods
from .errors import ApiError
from .selectors import of_object

OWNERS = {"ReplicaSet": "replicasets", "StatefulSet": "statefulsets", "Deployment": "deployments"}


class Budgets:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for budget in self.cluster.attended("poddisruptionbudgets"):
            healthy, wanted, expected = self.counts(budget)
            self.store.update("poddisruptionbudgets", {**budget, "status": {
                "currentHealthy": healthy, "desiredHealthy": wanted, "expectedPods": expected,
                "disruptionsAllowed": max(0, healthy - wanted) if expected else 0,
                "observedGeneration": budget["metadata"].get("generation", 1)}})

    def counts(self, budget):
        """How many are healthy, how many must be, and how many there should be."""
        fits, spec = of_object(budget["spec"].get("selector")), budget["spec"]
        chosen = [p for p in self.store.list("pods", budget["metadata"]["namespace"])
                  if fits(p["metadata"].get("labels")) and not pods.is_finished(p)]
        healthy = sum(map(pods.is_ready, chosen))
        expected = self.expected(chosen)
        if "maxUnavailable" in spec:
            return healthy, max(0, expected - part(spec["maxUnavailable"], expected)), expected
        least = spec.get("minAvailable", 1)
        return healthy, part(least, expected), expected if isinstance(least, str) else len(chosen)

    def expected(self, chosen):
        """The replicas that the controllers of these pods are asked for."""
        found = {}
        for pod in chosen:
            top = self.top(pod)
            found[top["metadata"]["uid"]] = top.get("spec", {}).get("replicas", 1) if top is not pod else 1
        return sum(found.values())

    def top(self, obj):
        owner = pods.controller_of(obj) or {}
        above = owner.get("kind") in OWNERS and self.store.find(
            OWNERS[owner["kind"]], obj["metadata"]["namespace"], owner["name"])
        return self.top(above) if above else obj

    def check_eviction(self, pod):
        """Refuse what the budgets that a pod falls under do not allow."""
        under = [b for b in self.store.list("poddisruptionbudgets", pod["metadata"]["namespace"])
                 if of_object(b["spec"].get("selector"))(pod["metadata"].get("labels"))]
        if pods.is_finished(pod) or not under:
            return
        if len(under) > 1:
            raise ApiError(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction "
                           "subresource does not support.")
        healthy, wanted, _ = self.counts(under[0])
        if healthy - wanted >= 1 or (not pods.is_ready(pod) and healthy >= wanted):
            return
        message = (f"The disruption budget {under[0]['metadata']['name']} needs {wanted} healthy pods and has "
                   f"{healthy} currently")
        raise ApiError(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.",
                       {"causes": [{"reason": "DisruptionBudget", "message": message}]})


def part(value, of):
    return math.ceil(of * int(value[:-1]) / 100) if isinstance(value, str) and value.endswith("%") else int(value)
