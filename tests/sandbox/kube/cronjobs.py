"""What the CronJob controller does with jobs, and what ends them: history limits and time to live.

Invariant: a cron job knows those jobs alone that name it as their controller,
whoever made them; others are nobody's and stay.
"""
from . import pods
from .store import moment
from .workloads import delete_children

LIMITS = {"Complete": ("successfulJobsHistoryLimit", 3), "Failed": ("failedJobsHistoryLimit", 1)}


def ended(job):
    """The condition that ended a job, or None."""
    return next((c for c in job.get("status", {}).get("conditions", [])
                 if c["type"] in LIMITS and c["status"] == "True"), None)


class CronJobs:
    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store

    def step(self):
        for job in self.cluster.attended("jobs"):
            if self.is_over(job):
                self.delete(job)
        for cron in self.cluster.attended("cronjobs"):
            mine = self.store.list("jobs", cron["metadata"]["namespace"], lambda j: is_controlled(j, cron))
            self.remember(cron, mine)
            self.forget(cron, mine)

    def is_over(self, job):
        """Whether its time to live has passed since it ended."""
        end = ended(job)
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        return bool(end) and ttl is not None and self.store.now() >= moment(end["lastTransitionTime"]) + ttl

    def remember(self, cron, mine):
        """Manual jobs count for the last success; only the controller's own are ever `active`."""
        status = cron.get("status", {})
        running = {j["metadata"]["uid"] for j in mine if not ended(j)}
        active = [ref for ref in status.get("active", []) if ref["uid"] in running]
        done = [j["status"]["completionTime"] for j in mine if (ended(j) or {}).get("type") == "Complete"]
        last = max([*done, status.get("lastSuccessfulTime", "")], default="")
        status = {k: v for k, v in status.items() if k not in ("active", "lastSuccessfulTime")}
        status.update({k: v for k, v in (("active", active), ("lastSuccessfulTime", last)) if v})
        if self.cluster.old:  # batch/v1beta1 of that age has no such field
            status.pop("lastSuccessfulTime", None)
        self.store.update("cronjobs", {**cron, "status": status})

    def forget(self, cron, mine):
        """Delete the oldest beyond the history limits."""
        for kind, (limit, usual) in LIMITS.items():
            over = sorted((j for j in mine if (ended(j) or {}).get("type") == kind),
                          key=lambda j: (j["status"].get("startTime", ""), j["metadata"]["name"]))
            for job in over[:max(0, len(over) - cron["spec"].get(limit, usual))]:
                self.delete(job)
                self.cluster.event(cron, "SuccessfulDelete", f"Deleted job {job['metadata']['name']}")

    def delete(self, job):
        self.store.delete("jobs", job)
        delete_children(self.cluster, job, False)


def is_controlled(job, cron):
    return (pods.controller_of(job) or {}).get("uid") == cron["metadata"]["uid"]


def owners(cron, owned):
    """The ownerReferences of a job of a cron job: its controller, a mere owner ("reference", as kubectl 1.20), none."""
    if not owned:
        return []
    meta = cron["metadata"]
    ref = {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"]}
    return [ref if owned == "reference" else {**ref, "controller": True}]


def job_of(cron, name, owned):
    """A job as `kubectl create job --from` makes it."""
    template = cron["spec"]["jobTemplate"]
    return {"metadata": {"name": name, "namespace": cron["metadata"]["namespace"],
                         "labels": dict(template.get("metadata", {}).get("labels", {})),
                         "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
                         "ownerReferences": owners(cron, owned)},
            "spec": template["spec"], "status": {}}


def with_spec(cron, changes):
    """A cron job's spec, changed; what is a job's goes into the template."""
    template = cron["spec"]["jobTemplate"]
    ttl = {k: v for k, v in changes.items() if k == "ttlSecondsAfterFinished"}
    rest = {k: v for k, v in changes.items() if k not in ttl}
    return {**cron["spec"], **rest, "jobTemplate": {**template, "spec": {**template["spec"], **ttl}}}
