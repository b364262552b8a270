"""What a test does to the cluster: the troubles of real ones, by name.

Each method is a line of the table in ../README.md.  Invariant: a knob changes
objects and settings only; what follows from it is the controllers' doing.
"""
from . import certificates, cronjobs, fixtures, managers, operators, pods, workloads
from .rollout import owned_by

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

    def warn(self, plural, text):
        """Every answer about this type has a warning, as of a version that is deprecated; None ends it."""
        self.faces["prod"].warnings[plural] = text

    def forget_pieces(self):
        """Lists that have begun cannot be continued: 410, as after five minutes in a real cluster."""
        self.faces["prod"].age += 1

    # Controllers

    def stand_still(self, *what):
        """The controllers of these types ("deployments", "statefulsets" ...), of these objects
        ("deployments/redis") or, by "*", all of them do nothing until `go_on`."""
        self.cluster.still |= set(what or ["*"])

    def go_on(self):
        """Controllers that stand still do their work again."""
        self.cluster.still.clear()

    def pause(self, name, paused=True):
        """A paused deployment rolls nothing out; kubectl refuses to undo and to restart it."""
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

    def vanish(self, *names):
        """Jobs of these names, or of these cron jobs, are gone the moment they succeeded."""
        self.cluster.vanishing |= set(names)

    def job(self, name, cron, owned=True, ago=0.0, failed=False):
        """A job of a cron job that ran `ago` seconds ago and is over.  `owned`: the cron job is its controller;
        "reference": a mere owner, as kubectl 1.20 writes it; False: it is nobody's."""
        source = self.store.get("cronjobs", self.namespace, cron)
        with self.cluster.past(max(ago, 1)):
            usual = self.cluster.failing_jobs
            self.cluster.failing_jobs = {name} if failed else set()
            self.store.create("jobs", {**cronjobs.job_of(source, name, owned)})
            self.cluster.settle()
            self.cluster.failing_jobs = usual

    # Certificates

    def issuer(self, how):
        """How requests for certificates end: "works"; "fails", refused by the authority; "hangs", never;
        "not-ready": the ClusterIssuer says that it is not."""
        if how not in certificates.HOW:
            raise ValueError(f"no way {how!r}; there are: {', '.join(certificates.HOW)}")
        self.cluster.issuing = how
        with self.store.changed:
            for one in self.store.list("clusterissuers"):
                made = certificates.issuer(one["metadata"]["name"], self.cluster.now())
                if how == "not-ready":
                    made["status"]["conditions"][0].update(
                        status="False", reason="ErrRegisterACMEAccount",
                        message="Failed to register ACME account: 429 too many registrations")
                self.store.update("clusterissuers", {**one, "status": made["status"]})

    # Pods

    def evicted(self, app, count=1, ago=3600.0):
        """Pods of an app that were evicted `ago` seconds ago and stay; others took their place."""
        pod = self.store.list("pods", self.namespace, lambda p: p["metadata"].get("labels", {}).get("app") == app)[0]
        above = pods.controller_of(pod)
        owner = self.store.get(above["kind"].lower() + "s", self.namespace, above["name"])
        with self.cluster.past(ago):
            return [self.store.create("pods", pods.evicted(owner, owner["spec"]["template"], pod["spec"]["nodeName"],
                                                           self.cluster.now())) for _ in range(count)]

    def sidecar(self, app, container="istio-proxy", default=False):
        """A proxy as the first container of the app's pods, of those that there are and of new ones."""
        def inject(pod):
            return pods.with_sidecar(pod, container, default)
        with self.store.changed:
            self.cluster.sidecars[app] = inject
            for pod in self.pods(app):
                self.store.update("pods", {**inject(pod), "status": pod["status"]})

    def crash(self, *names):
        """Pods of these names, or of apps with these labels, crash from now on."""
        self.cluster.crashing |= set(names)

    def stick(self, *names):
        """Pods of these names or apps stay Terminating once they are deleted, until `let_go`."""
        self.cluster.stuck |= set(names)

    def let_go(self):
        """Pods that stay Terminating end."""
        self.cluster.stuck.clear()

    # Workloads of other kinds

    def workload(self, plural, name, namespace=None, replicas=1, image="registry.k8s.io/pause:3.9"):
        """A deployment, stateful set or daemon set that has been there for an hour; its namespace is made."""
        where = namespace or self.namespace
        made = {"deployments": lambda: fixtures.deployment(name, where, replicas, name, image, 8080),
                "statefulsets": lambda: fixtures.stateful_set(name, where, replicas, image),
                "daemonsets": lambda: fixtures.daemon_set(name, where, image)}[plural]()
        with self.cluster.past(3600):
            if not self.store.find("namespaces", "", where):
                self.store.create("namespaces", fixtures.namespace(where))
            return self.store.create(plural, made)

    def stateful(self, name):
        """Make a deployment a stateful set with the same template."""
        old = self.store.get("deployments", self.namespace, name)
        spec = old["spec"]
        with self.cluster.past(3600):
            self.store.delete("deployments", old)
            workloads.delete_children(self.cluster, old, False)
            return self.store.create("statefulsets", fixtures.stateful_set(
                name, self.namespace, spec["replicas"], None, spec["template"]))

    def recreate(self, name):
        """A deployment ends its old pods before it makes new ones."""
        self.change("deployments", name, spec={"strategy": {"type": "Recreate"}})

    def volume(self, name, claim):
        """Every release of a deployment mounts a ReadWriteOnce volume; a new pod waits while an older one has it."""
        volume = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]}

        def mounted(template):
            return {**template, "spec": {**template["spec"], **volume}}
        with self.store.changed:
            old = self.change("deployments", name, spec={
                "template": mounted(self.state("deployments", name)["spec"]["template"])})
            for rs in self.store.list("replicasets", self.namespace, owned_by(old)):
                self.change("replicasets", rs["metadata"]["name"], spec={"template": mounted(rs["spec"]["template"])})
            for pod in self.pods(old["spec"]["template"]["metadata"]["labels"]["app"]):
                self.store.update("pods", mounted(pod))

    def budget(self, name, app, namespace=None, **spec):
        """A PodDisruptionBudget: `minAvailable` or `maxUnavailable`, a number or "50%"."""
        return self.store.create("poddisruptionbudgets", {
            "metadata": {"name": name, "namespace": namespace or self.namespace},
            "spec": {**spec, "selector": {"matchLabels": {"app": app}}}, "status": {}})

    def operated(self, name, by):
        """A deployment's database belongs to "cloudnative-pg", "zalando" or "crunchy": its pods are theirs."""
        above, made, labels = operators.OPERATORS[by](name)
        old = self.store.get("deployments", self.namespace, name)
        template = operators.labelled(old["spec"]["template"], labels)
        with self.cluster.past(3600):
            self.store.delete("deployments", old)
            workloads.delete_children(self.cluster, old, False)
            if by in operators.OWN_PODS:
                self.cluster.operators.templates[(self.namespace, made)] = (above, template)
                return
            one = fixtures.stateful_set(made, self.namespace, 1, None, template)
            one["spec"]["selector"] = old["spec"]["selector"]
            one["metadata"].update(labels={**old["metadata"]["labels"], **labels}, ownerReferences=[above])
            self.store.create("statefulsets", one)

    # Namespaces

    def quota(self, namespace=None, name="compute", **hard):
        """A ResourceQuota: `requests_cpu="4", limits_memory="8Gi", pods="20"`; "_" stands for "."."""
        return self.store.create("resourcequotas", {
            "metadata": {"name": name, "namespace": namespace or self.namespace}, "status": {},
            "spec": {"hard": {k.replace("_", "."): v for k, v in hard.items()}}})

    def limits(self, namespace=None, default=None, request=None):
        """A LimitRange: the limits and requests of containers that do not say any."""
        rule = {"type": "Container", "default": default or {"cpu": "500m", "memory": "256Mi"},
                "defaultRequest": request or {"cpu": "100m", "memory": "128Mi"}}
        return self.store.create("limitranges", {"metadata": {"name": "defaults",
                                                              "namespace": namespace or self.namespace},
                                                 "spec": {"limits": [rule]}})

    # Help for the above

    def change(self, plural, name, namespace=None, metadata=None, spec=None):
        """Put an object back with other metadata and spec, as if somebody had done it."""
        with self.store.changed:  # or a controller puts back what it has just read
            old = self.store.get(plural, namespace or self.namespace, name)
            return self.store.update(plural, {**old, "metadata": {**old["metadata"], **(metadata or {})},
                                              "spec": {**old["spec"], **(spec or {})}})
