"""Deployments and replica sets: rollouts the way the real controllers do them.

A deployment has a replica set for each template it ever had; a rollout grows
the newest and shrinks the others, never below what must stay available.
Invariant: a step depends on the stored objects alone, so it can be repeated.
"""
import copy
import hashlib
import json
import math
import time

from . import pods, selectors
from .store import stamp

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
DEADLINE = 600


def template_hash(template):
    digest = hashlib.sha1(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(pods.LETTERS[b % len(pods.LETTERS)] for b in digest[:10])


def plain_template(rs):
    """A replica set's template as the deployment had it, without the hash."""
    template = copy.deepcopy(rs["spec"]["template"])
    template.get("metadata", {}).get("labels", {}).pop(HASH, None)
    return template


def undated(template):
    """Without the `creationTimestamp: null` that kubectl sends and the API server drops."""
    meta = {k: v for k, v in template.get("metadata", {}).items() if k != "creationTimestamp"}
    return {**template, "metadata": meta}


def has_template(rs, deployment):
    return undated(plain_template(rs)) == undated(deployment["spec"]["template"])


def revision(obj):
    return int(obj["metadata"].get("annotations", {}).get(REVISION, 0))


def owned_by(parent):
    uid = parent["metadata"]["uid"]
    return lambda obj: any(o["uid"] == uid for o in obj["metadata"].get("ownerReferences", []))


def budget(strategy, wanted, name, round_up):
    """maxSurge or maxUnavailable as a number of pods."""
    value = (strategy.get("rollingUpdate") or {}).get(name, "25%")
    if isinstance(value, str) and value.endswith("%"):
        share = wanted * int(value[:-1]) / 100
        return math.ceil(share) if round_up else math.floor(share)
    return int(value)


def count(rs):
    return rs["spec"].get("replicas", 0)


def ready(rs):
    return rs["status"].get("readyReplicas", 0)


NO_SET = {"metadata": {"uid": None, "name": ""}, "status": {}}  # of a template that was never rolled out


class Rollout:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self.progress = {}  # deployment uid -> (what it looked like, since when)

    def step(self):
        for deployment in self.cluster.attended("deployments"):
            self.deployment(deployment)
        for rs in self.cluster.attended("replicasets"):
            self.replica_set(rs)

    def deployment(self, d):
        sets = self.store.list("replicasets", d["metadata"]["namespace"], owned_by(d))
        if d["spec"].get("paused"):
            newest = next((s for s in sets if has_template(s, d)), None)
            self.scale_paused(d, sets)
        else:
            newest = self.newest_set(d, sets)
            self.roll(d, newest, [s for s in sets if s["metadata"]["uid"] != newest["metadata"]["uid"]])
        everything = self.store.list("replicasets", d["metadata"]["namespace"], owned_by(d))
        self.deployment_status(d, newest and newest["metadata"]["uid"], everything)

    def newest_set(self, d, sets):
        """The set with the deployment's template: an old one taken up again, or a new one."""
        number = max([revision(s) for s in sets], default=0)
        for s in sets:
            if has_template(s, d):
                if revision(s) < number:
                    s = self.annotate("replicasets", s, {**s["metadata"]["annotations"], REVISION: str(number + 1)})
                break
        else:
            s = self.make_set(d, number + 1)
        self.annotate("deployments", d, {**d["metadata"].get("annotations", {}), REVISION: str(revision(s))})
        return s

    def annotate(self, plural, obj, annotations):
        current = self.store.get(plural, obj["metadata"]["namespace"], obj["metadata"]["name"])
        return self.store.update(plural, {**current, "metadata": {**current["metadata"], "annotations": annotations}})

    def make_set(self, d, number):
        digest = template_hash(d["spec"]["template"])
        template = copy.deepcopy(d["spec"]["template"])
        labels = {**template.get("metadata", {}).get("labels", {}), HASH: digest}
        template.setdefault("metadata", {})["labels"] = labels
        kept = {k: v for k, v in d["metadata"].get("annotations", {}).items() if k == "kubernetes.io/change-cause"}
        return self.store.create("replicasets", {
            "metadata": {"name": f"{d['metadata']['name']}-{digest}", "namespace": d["metadata"]["namespace"],
                         "labels": labels, "annotations": {**kept, REVISION: str(number)},
                         "ownerReferences": [pods.owner(d)]},
            "spec": {"replicas": 0, "selector": {"matchLabels": {**d["spec"]["selector"]["matchLabels"], HASH: digest}},
                     "template": template},
            "status": {"replicas": 0}})

    def scale_paused(self, d, sets):
        """A paused deployment rolls nothing out, but the pods that it has are scaled."""
        grown = max(sets, key=lambda s: (count(s), revision(s)), default=None)
        if grown:
            self.resize(d, grown, max(0, count(grown) + d["spec"].get("replicas", 1) - sum(map(count, sets))))

    def roll(self, d, newest, old):
        wanted = d["spec"].get("replicas", 1)
        strategy = d["spec"].get("strategy", {})
        if strategy.get("type") == "Recreate":
            return self.recreate(d, newest, old, wanted)
        total = count(newest) + sum(map(count, old))
        surge, spare = budget(strategy, wanted, "maxSurge", True), budget(strategy, wanted, "maxUnavailable", False)
        if count(newest) > wanted:
            self.resize(d, newest, wanted)
        else:
            room = wanted + surge - total
            self.resize(d, newest, min(wanted, count(newest) + max(0, room)))
        unready_new = count(newest) - ready(newest)
        can_go = total - (wanted - spare) - unready_new
        for s in sorted(old, key=ready):
            gone = min(count(s), max(0, can_go))
            self.resize(d, s, count(s) - gone)
            can_go -= gone

    def recreate(self, d, newest, old, wanted):
        """First none of the old, then all of the new."""
        for s in old:
            self.resize(d, s, 0)
        if not any(s["status"].get("replicas", 0) for s in old):
            self.resize(d, newest, wanted)

    def resize(self, d, rs, n):
        if count(rs) == n:
            return
        word = "up" if n > count(rs) else "down"
        self.store.update("replicasets", {**rs, "spec": {**rs["spec"], "replicas": n}})
        self.cluster.event(d, "ScalingReplicaSet", f"Scaled {word} replica set {rs['metadata']['name']} to {n}")

    def deployment_status(self, d, newest_uid, sets):
        d = self.store.get("deployments", d["metadata"]["namespace"], d["metadata"]["name"])
        newest = next((s for s in sets if s["metadata"]["uid"] == newest_uid), NO_SET)
        wanted = d["spec"].get("replicas", 1)
        total = sum(s["status"].get("replicas", 0) for s in sets)
        able = sum(map(ready, sets))
        counts = {"replicas": total, "updatedReplicas": newest["status"].get("replicas", 0),
                  "readyReplicas": able, "availableReplicas": able, "unavailableReplicas": max(0, wanted - able)}
        done = counts["updatedReplicas"] == wanted == able == total
        status = {"observedGeneration": d["metadata"]["generation"], **{k: v for k, v in counts.items() if v},
                  "conditions": [self.available(d, able, wanted), self.progressing(d, newest, counts, done),
                                 *newest["status"].get("conditions", [])]}
        self.store.update("deployments", {**d, "status": status})

    def available(self, d, able, wanted):
        enough = able >= wanted - budget(d["spec"].get("strategy", {}), wanted, "maxUnavailable", False)
        return self.condition(d, "Available", "True" if enough else "False",
                              "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
                              f"Deployment {'has' if enough else 'does not have'} minimum availability.")

    def progressing(self, d, newest, counts, done):
        """Without progress for `progressDeadlineSeconds` a rollout has failed."""
        looks = (newest["metadata"]["uid"], d["metadata"]["generation"], tuple(counts.values()))
        uid = d["metadata"]["uid"]
        if self.progress.get(uid, (None,))[0] != looks:
            self.progress[uid] = (looks, time.monotonic())
        late = time.monotonic() - self.progress[uid][1] > d["spec"].get("progressDeadlineSeconds", DEADLINE)
        name = newest["metadata"]["name"]
        if d["spec"].get("paused"):
            return self.condition(d, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
        if done:
            return self.condition(d, "Progressing", "True", "NewReplicaSetAvailable",
                                  f'ReplicaSet "{name}" has successfully progressed.')
        if late:
            return self.condition(d, "Progressing", "False", "ProgressDeadlineExceeded",
                                  f'ReplicaSet "{name}" has timed out progressing.')
        return self.condition(d, "Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')

    def condition(self, d, kind, value, reason, message):
        old = next((c for c in d.get("status", {}).get("conditions", []) if c["type"] == kind), None)
        if old and (old["status"], old["reason"], old["message"]) == (value, reason, message):
            return old
        now = stamp(self.store.now())
        since = old["lastTransitionTime"] if old and old["status"] == value else now
        return {"type": kind, "status": value, "reason": reason, "message": message,
                "lastUpdateTime": now, "lastTransitionTime": since}

    def replica_set(self, rs):
        namespace = rs["metadata"]["namespace"]
        self.release(rs)
        mine = [p for p in self.store.list("pods", namespace, owned_by(rs)) if not pods.is_finished(p)]
        live = [p for p in mine if not p["metadata"].get("deletionTimestamp")]
        live += self.adopt(rs)
        missing = rs["spec"].get("replicas", 1) - len(live)
        refused = False
        for _ in range(missing):
            made = self.cluster.try_pod(rs, pods.from_template(rs["spec"]["template"], rs))
            if not made:
                refused = True
                break
            live.append(made)
        # Those that are not ready, and then the youngest, are the first to go.
        live.sort(key=lambda p: (pods.is_ready(p), -self.cluster.age(p)))
        for p in live[:max(0, -missing)]:
            self.cluster.remove_pod(p)
        live = live[max(0, -missing):]
        able = sum(map(pods.is_ready, live))
        counts = {"fullyLabeledReplicas": len(live), "readyReplicas": able, "availableReplicas": able}
        status = {"replicas": len(live), "observedGeneration": rs["metadata"]["generation"],
                  **{k: v for k, v in counts.items() if v}}
        if refused:
            status["conditions"] = [self.condition(rs, "ReplicaFailure", "True", "FailedCreate", "pods are forbidden")]
        self.store.update("replicasets", {**rs, "status": status})

    def release(self, rs):
        """Pods whose labels fit no more are let go, and live on without an owner."""
        fits = selectors.of_object(rs["spec"]["selector"])
        for p in self.store.list("pods", rs["metadata"]["namespace"], owned_by(rs)):
            if not fits(p["metadata"].get("labels")):
                left = [o for o in p["metadata"]["ownerReferences"] if o["uid"] != rs["metadata"]["uid"]]
                self.store.update("pods", {**p, "metadata": {**p["metadata"], "ownerReferences": left}})

    def adopt(self, rs):
        """Pods that fit and belong to nobody, as left by a deletion that orphans."""
        fits = selectors.of_object(rs["spec"]["selector"])
        taken = []
        for p in self.store.list("pods", rs["metadata"]["namespace"]):
            if not pods.controller_of(p) and fits(p["metadata"].get("labels")) and not pods.is_finished(p):
                taken.append(self.store.update("pods", {
                    **p, "metadata": {**p["metadata"], "ownerReferences": [pods.owner(rs)]}}))
        return taken
