"""Databases that an operator owns: its marks on them, and its hand.

Invariant: what a known operator (CloudNativePG, Zalando's, Crunchy's) writes on
pods and stateful sets; the custom resource itself is not served.
"""
import copy

from . import pods


def owner(api, kind, name):
    return {"apiVersion": api, "kind": kind, "name": name, "uid": f"{kind.lower()}-{name}", "controller": True,
            "blockOwnerDeletion": True}


CNPG, ZALANDO, CRUNCHY = "cnpg.io", "acid.zalan.do", "postgres-operator.crunchydata.com"


def cloudnative(name):
    return (owner("postgresql.cnpg.io/v1", "Cluster", name), f"{name}-1",
            {f"{CNPG}/cluster": name, f"{CNPG}/instanceName": f"{name}-1", f"{CNPG}/instanceRole": "primary",
             f"{CNPG}/podRole": "instance", "role": "primary", "app.kubernetes.io/managed-by": "cloudnative-pg"})


def zalando(name):
    return (owner(f"{ZALANDO}/v1", "postgresql", name), name,
            {"application": "spilo", "cluster-name": name, "spilo-role": "master", "team": "flight-search"})


def crunchy(name):
    return (owner(f"{CRUNCHY}/v1beta1", "PostgresCluster", name), f"{name}-instance1-x7k2",
            {f"{CRUNCHY}/cluster": name, f"{CRUNCHY}/instance": f"{name}-instance1-x7k2",
             f"{CRUNCHY}/instance-set": "instance1", f"{CRUNCHY}/role": "master", f"{CRUNCHY}/data": "postgres"})


# operator: function of the database's name -> (owner, name of what it makes, labels)
OPERATORS = {"cloudnative-pg": cloudnative, "zalando": zalando, "crunchy": crunchy}
OWN_PODS = {"cloudnative-pg"}  # the others make stateful sets


def labelled(template, labels):
    meta = template.get("metadata", {})
    return {**template, "metadata": {**meta, "labels": {**meta.get("labels", {}), **labels}}}


class Operators:
    """Makes the pods again that an operator has no stateful set for."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.store = cluster.store
        self.templates = {}  # (namespace, pod name) -> (owner, template)

    def step(self):
        for (where, name), (above, template) in self.templates.items():
            if not self.store.find("pods", where, name):
                cluster = {**above, "metadata": {"name": above["name"], "uid": above["uid"], "namespace": where}}
                pod = pods.from_template(copy.deepcopy(template), cluster)
                pod["metadata"].update(name=name, ownerReferences=[above])
                self.cluster.add_pod(pod)
