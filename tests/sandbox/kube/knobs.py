"""What a test does to the cluster: the troubles of real ones, by name.

Each method is a line of the table in ../README.md.  Invariant: a knob changes
objects and settings only; what follows from it is the controllers' doing.
"""
from . import cronjobs, managers

READS = ("get", "list", "watch")


class Knobs:
    """The part of `Kube` that makes trouble."""

    # Clients

    def forbid(self, verb, resource="*"):
        """Answer 403 from now on; "*" stands for any, "read" for all verbs that only look."""
        self.faces["prod"].forbidden |= {(v, resource) for v in (READS if verb == "read" else (verb,))}

    def allow_all(self):
        """Nothing is forbidden, and tokens are good again."""
        self.faces["prod"].forbidden.clear()
        self.faces["prod"].locked = False

    def lock_out(self):
        """Answer 401 to everything from now on."""
        self.faces["prod"].locked = True

    # Controllers

    def stand_still(self, *what):
        """The controllers of these types ("deployments", "statefulsets" ...), of these objects
        ("deployments/redis") or, by "*", all of them do nothing until `go_on`."""
        self.cluster.still |= set(what or ["*"])

    def go_on(self):
        self.cluster.still.clear()

    def pause(self, name, paused=True):
        self.change("deployments", name, spec={"paused": paused})

    # Others who write

    def managed(self, name, by, heals=True, after=1.0, plural="deployments"):
        """Give an object the marks of "argocd", "argocd-label", "flux", "flux-helm" or "helm" (None: no marks); image
        and replicas are put back `after` seconds."""
        old = self.store.get(plural, self.namespace, name)
        new = self.store.update(plural, {**old, "metadata": managers.marked(old, by)})
        if heals:
            self.cluster.healers.take_over(plural, new, after)

    def autoscale(self, name, low, high, wanted=None, by=None, after=1.0, plural="deployments"):
        """A HorizontalPodAutoscaler, KEDA's when `by` is "keda", that scales to `wanted` or into its limits."""
        made = managers.autoscaler(self.store.get(plural, self.namespace, name), low, high, by)
        key = (self.namespace, made["metadata"]["name"])
        self.cluster.autoscalers.patience[key] = managers.Patience(after)
        if wanted is not None:
            self.cluster.autoscalers.wanted[key] = wanted
        return self.store.create("horizontalpodautoscalers", made)

    # Jobs

    def cron(self, name, **spec):
        """Change a cron job: its history limits, `suspend`, or the `ttlSecondsAfterFinished` of its jobs."""
        old = self.store.get("cronjobs", self.namespace, name)
        self.store.update("cronjobs", {**old, "spec": cronjobs.with_spec(old, spec)})

    def job(self, name, cron, owned=True, ago=0.0, failed=False):
        """A job of a cron job that ran `ago` seconds ago and is over.  `owned`: the cron job is its controller;
        "reference": a mere owner, as kubectl 1.20 writes it; False: it is nobody's."""
        source = self.store.get("cronjobs", self.namespace, cron)
        with self.cluster.past(max(ago, 1)):
            usual = self.cluster.failing_jobs
            self.cluster.failing_jobs = {name} if failed else set()
            self.store.create("jobs", {**cronjobs.finished_job(source, name, owned)})
            self.cluster.settle()
            self.cluster.failing_jobs = usual

    # Help for the above

    def change(self, plural, name, namespace=None, metadata=None, spec=None):
        """Put an object back with other metadata and spec, as if somebody had done it."""
        old = self.store.get(plural, namespace or self.namespace, name)
        return self.store.update(plural, {**old, "metadata": {**old["metadata"], **(metadata or {})},
                                          "spec": {**old["spec"], **(spec or {})}})
