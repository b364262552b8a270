"""Jobs, endpoints, and what a deletion takes with it.

Invariant: as in rollout.py, each step depends on the stored objects alone.
"""
from . import pods, selectors
from .rollout import owned_by
from .store import stamp

UID_LABEL = "batch.kubernetes.io/controller-uid"
CHILDREN = ("replicasets", "pods", "jobs", "controllerrevisions")


class Jobs:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for job in self.cluster.attended("jobs"):
            if not any(c["status"] == "True" and c["type"] != "Suspended"
                       for c in job.get("status", {}).get("conditions", [])):
                self.advance(job)

    def advance(self, job):
        # The API server gives a job the selector of its own pods; `kubectl logs job/…` finds them by it.
        spec = {**job["spec"], "selector": {"matchLabels": {UID_LABEL: job["metadata"]["uid"]}}}
        if spec.get("suspend"):
            held = {"conditions": [self.condition("Suspended", "JobSuspended", "Job suspended")]}
            return self.store.update("jobs", {**job, "spec": spec, "status": held})
        mine = self.store.list("pods", job["metadata"]["namespace"], owned_by(job))
        succeeded = sum(p["status"].get("phase") == "Succeeded" for p in mine)
        failed = sum(p["status"].get("phase") == "Failed" for p in mine)
        active = len(mine) - succeeded - failed
        status = {"startTime": job.get("status", {}).get("startTime") or stamp(self.store.now())}
        if succeeded >= job["spec"].get("completions", 1):
            self.cluster.job_done(job)
            if self.cluster.is_vanishing(job):
                self.store.delete("jobs", job)
                return delete_children(self.cluster, job, False)
            status.update(succeeded=succeeded, completionTime=stamp(self.store.now()),
                          conditions=[self.condition("Complete")])
        elif failed > job["spec"].get("backoffLimit", 6):
            status["conditions"] = [self.condition("Failed", "BackoffLimitExceeded",
                                                   "Job has reached the specified backoff limit")]
        elif not active:
            active = 1 if self.make_pod(job) else 0
        status.update({k: v for k, v in (("active", active), ("failed", failed)) if v})
        self.store.update("jobs", {**job, "spec": spec, "status": status})

    def make_pod(self, job):
        pod = pods.from_template(job["spec"]["template"], job)
        pod["metadata"]["labels"].update({"job-name": job["metadata"]["name"], UID_LABEL: job["metadata"]["uid"]})
        return self.cluster.try_pod(job, pod)

    def condition(self, kind, reason=None, message=None):
        now = stamp(self.store.now())
        made = {"type": kind, "status": "True", "lastProbeTime": now, "lastTransitionTime": now}
        return {**made, "reason": reason, "message": message} if reason else made


class Endpoints:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for service in self.cluster.attended("services"):
            if service["spec"].get("selector"):
                self.refresh(service)

    def refresh(self, service):
        where = service["metadata"]["namespace"]
        fits = selectors.of_object(service["spec"]["selector"])
        found = {True: [], False: []}
        for p in self.store.list("pods", where):
            if fits(p["metadata"].get("labels")) and p["status"].get("podIP") and not pods.is_finished(p):
                found[pods.is_ready(p)].append({"ip": p["status"]["podIP"], "nodeName": p["spec"].get("nodeName")})
        subset = {"ports": [{"name": p.get("name", ""), "port": p["targetPort"], "protocol": "TCP"}
                            for p in service["spec"]["ports"]]}
        subset.update({k: v for k, v in (("addresses", found[True]), ("notReadyAddresses", found[False])) if v})
        name = service["metadata"]["name"]
        old = self.store.find("endpoints", where, name)
        new = {**(old or {"metadata": {"name": name, "namespace": where}}), "subsets": [subset]}
        (self.store.update if old else self.store.create)("endpoints", new)


def delete_children(cluster, parent, orphan):
    """What `propagationPolicy` says about the objects that belong to a deleted one."""
    for plural in CHILDREN:
        for child in cluster.store.list(plural, parent["metadata"].get("namespace"), owned_by(parent)):
            if orphan:
                left = [o for o in child["metadata"]["ownerReferences"] if o["uid"] != parent["metadata"]["uid"]]
                cluster.store.update(plural, {**child, "metadata": {**child["metadata"], "ownerReferences": left}})
            elif plural == "pods":
                cluster.remove_pod(child)
            else:
                cluster.store.delete(plural, child)
                delete_children(cluster, child, False)
