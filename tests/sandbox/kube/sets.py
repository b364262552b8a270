"""StatefulSets and daemon sets: pods that keep their place, and revisions of the template.

Invariant: as in rollout.py, each step depends on the stored objects alone.  A
pod's place (its name, its node) is free only once the pod before is gone.
"""
import copy

from . import pods
from .rollout import budget, owned_by, template_hash, undated

HASH = "controller-revision-hash"


def revision_of(pod):
    return pod["metadata"].get("labels", {}).get(HASH)


class Sets:
    """What both kinds share: ControllerRevisions, and pods made from the template."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for obj in self.cluster.attended(self.plural):
            self.sync(obj, self.revision(obj))

    def revision(self, obj):
        """The name of the revision that holds the object's template: an old one taken up again, or a new one."""
        where = obj["metadata"]["namespace"]
        known = self.store.list("controllerrevisions", where, owned_by(obj))
        data = {"spec": {"template": {**undated(obj["spec"]["template"]), "$patch": "replace"}}}
        newest = max((r["revision"] for r in known), default=0)
        found = next((r for r in known if r["data"] == data), None)
        if not found:
            digest = template_hash(data)
            found = self.store.create("controllerrevisions", {
                "metadata": {"name": f"{obj['metadata']['name']}-{digest}", "namespace": where,
                             "labels": {**obj["spec"]["selector"]["matchLabels"], HASH: digest},
                             "ownerReferences": [pods.owner(obj)]},
                "revision": newest + 1, "data": data})
        elif found["revision"] < newest:
            self.store.update("controllerrevisions", {**found, "revision": newest + 1})
        return found["metadata"]["name"]

    def mine(self, obj):
        """Its pods; those that have failed are taken away, so that others take their place."""
        found = self.store.list("pods", obj["metadata"]["namespace"], owned_by(obj))
        for pod in filter(pods.is_finished, found):
            self.cluster.remove_pod(pod)
        return found

    def pod(self, obj, revision, name, **labels):
        made = pods.from_template(copy.deepcopy(obj["spec"]["template"]), obj)
        meta = made["metadata"]
        meta["name"] = name or meta["name"]
        meta["labels"].update({HASH: revision, **labels})
        return made

    def rolls(self, obj):
        return obj["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"


class StatefulSets(Sets):
    """One pod after the other: up from 0, down and updated from the last."""
    plural = "statefulsets"

    def sync(self, obj, revision):
        mine = {p["metadata"]["name"]: p for p in self.mine(obj)}
        name, wanted = obj["metadata"]["name"], obj["spec"].get("replicas", 1)
        places = [f"{name}-{n}" for n in range(wanted)]
        if self.fill(obj, revision, mine, places):
            surplus = sorted((p for p in mine if p not in places), key=lambda p: int(p.rsplit("-", 1)[1]))
            if surplus:
                self.cluster.remove_pod(mine[surplus[-1]])
            elif self.rolls(obj):
                self.update(mine, places, revision)
        self.say(obj, revision, list(mine.values()), wanted)

    def fill(self, obj, revision, mine, places):
        """Each pod waits until the one before is ready; true when all are."""
        for place in places:
            if place not in mine:
                label = {"statefulset.kubernetes.io/pod-name": place}
                self.cluster.try_pod(obj, self.pod(obj, revision, place, **label))
                return False
            if not pods.is_ready(mine[place]):
                return False
        return True

    def update(self, mine, places, revision):
        for place in reversed(places):
            if revision_of(mine[place]) != revision:
                return self.cluster.remove_pod(mine[place])
        return None

    def say(self, obj, revision, mine, wanted):
        updated = sum(revision_of(p) == revision for p in mine)
        able = sum(map(pods.is_ready, mine))
        old = obj.get("status", {}).get("currentRevision", revision)
        current = revision if updated == able == wanted == len(mine) else old
        status = {"replicas": len(mine), "readyReplicas": able, "availableReplicas": able, "updatedReplicas": updated,
                  "currentReplicas": sum(revision_of(p) == current for p in mine)}
        self.store.update(self.plural, {**obj, "status": {
            "replicas": len(mine), **{k: v for k, v in status.items() if v}, "collisionCount": 0,
            "observedGeneration": obj["metadata"]["generation"], "currentRevision": current,
            "updateRevision": revision}})


class DaemonSets(Sets):
    """One pod a node."""
    plural = "daemonsets"

    def sync(self, obj, revision):
        mine = self.mine(obj)
        where = {p["spec"].get("nodeName") for p in mine}
        nodes = [n["metadata"]["name"] for n in self.store.list("nodes")]
        for node in nodes:
            if node not in where:
                pod = self.pod(obj, revision, None)
                pod["spec"]["nodeName"] = node
                made = self.cluster.try_pod(obj, pod)
                mine += [made] if made else []
        if self.rolls(obj):
            self.update(obj, mine, revision, len(nodes))
        self.say(obj, revision, mine, nodes)

    def update(self, obj, mine, revision, wanted):
        strategy = {"rollingUpdate": {"maxUnavailable": 1, **(obj["spec"].get("updateStrategy", {}).get("rollingUpdate")
                                                              or {})}}
        spare = budget(strategy, wanted, "maxUnavailable", True) - sum(not pods.is_ready(p) for p in mine)
        # An old pod that is not ready goes first; it costs nothing.
        for pod in sorted((p for p in mine if revision_of(p) != revision), key=pods.is_ready):
            if pods.is_ready(pod):
                spare -= 1
            if spare >= 0:
                self.cluster.remove_pod(pod)

    def say(self, obj, revision, mine, nodes):
        able = sum(map(pods.is_ready, mine))
        status = {"currentNumberScheduled": len(mine), "desiredNumberScheduled": len(nodes), "numberReady": able,
                  "numberMisscheduled": 0, "observedGeneration": obj["metadata"]["generation"]}
        counts = {"numberAvailable": able, "numberUnavailable": len(nodes) - able,
                  "updatedNumberScheduled": sum(revision_of(p) == revision for p in mine)}
        self.store.update(self.plural, {**obj, "status": {**status, **{k: v for k, v in counts.items() if v}}})
