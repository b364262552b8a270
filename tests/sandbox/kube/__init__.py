"""A Kubernetes API server stand-in that the unmodified kubectl talks to.

    resources   the types               discovery  what the API says about itself
    store       objects and watches     selectors, patches, tables, errors
    cluster     controllers             rollout, workloads, cronjobs, certificates, managers, pods
    server      HTTP, tokens, records   actions, logs, usage, protobuf, streams (over spdy)
    fixtures    the Flight Search platform's objects
    knobs       what a test does to them
"""
import json

from . import fixtures, pods
from .cluster import Cluster
from .fixtures import BAD, GOOD, NAMESPACE, STAGING
from .knobs import Knobs
from .server import ApiServer, Face
from .usage import Usage

__all__ = ["Kube", "NAMESPACE", "STAGING", "GOOD", "BAD"]
USERS = {"prod": "on-call", "staging": "developer"}


class Kube(Knobs):
    """The production cluster (and `staging`), with short ways to look at it."""
    namespace = NAMESPACE

    def __init__(self, load, certificate_days=60, failed_nights=0, old_apis=False):
        self.cluster = Cluster("prod", old_apis)
        self.staging = Cluster("staging", old_apis)
        self.store = self.cluster.store
        self.clusters = {c.name: c for c in (self.cluster, self.staging)}
        self.faces = {name: Face(c, Usage(c, load), USERS[name]) for name, c in self.clusters.items()}
        fixtures.production(self.cluster, certificate_days, failed_nights)
        fixtures.staging(self.staging)

    def start(self, tls):
        for cluster in self.clusters.values():
            cluster.start()
        self.server = ApiServer(self.faces, tls)

    def stop(self):
        for cluster in self.clusters.values():
            cluster.stop()
        self.server.stop()

    @property
    def mutations(self):
        """What clients changed in production, in order: verb, resource, namespace, name, body, time, user."""
        return self.faces["prod"].mutations

    @property
    def requests(self):
        """(method, path, query) of every request to production."""
        return self.faces["prod"].requests

    @property
    def logs(self):
        return self.faces["prod"].logs

    @property
    def streams(self):
        return self.faces["prod"].streams

    def state(self, plural, name, namespace=NAMESPACE):
        """An object as it is stored, or None."""
        return self.store.find(plural, namespace, name)

    def replicas(self, name):
        return self.state("deployments", name)["spec"]["replicas"]

    def image(self, name):
        """The image that a deployment asks for."""
        return self.state("deployments", name)["spec"]["template"]["spec"]["containers"][0]["image"]

    def pods(self, app, ready=False):
        """The pods of an app; only the ready ones on request."""
        return self.store.list("pods", NAMESPACE, lambda p: p["metadata"].get("labels", {}).get("app") == app
                               and (pods.is_ready(p) or not ready))

    def ready_images(self, app):
        return [p["spec"]["containers"][0]["image"] for p in self.pods(app, ready=True)]

    def kubeconfig(self, port, ca, current="prod"):
        """A kubeconfig (JSON is YAML) with the contexts prod and staging."""
        where = {"prod": NAMESPACE, "staging": STAGING}
        return json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": current,
            "clusters": [{"name": n, "cluster": {"server": f"https://127.0.0.1:{port}/{n}",
                                                 "certificate-authority": ca}} for n in where],
            "users": [{"name": n, "user": {"token": f"{n}-token"}} for n in where],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n, "namespace": space}}
                         for n, space in where.items()]}, indent=1)
