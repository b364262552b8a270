"""What an API request does to the objects.

CHANGES maps (verb, sub-resource) to a method; a change is made on a copy,
checked, and put back.  Invariant: with `dry` nothing is put back.
"""
import base64
import copy
import time

from . import pods, resources
from .errors import ApiError
from .patches import APPLY, BadPatch
from .selectors import matcher
from .store import Conflict, NotFound
from .workloads import delete_children

MUTATES = {"create", "update", "patch", "delete", "deletecollection"}
SYSTEM_FIELDS = ("uid", "creationTimestamp", "resourceVersion", "generation")


class Actions:
    def __init__(self, cluster, usage, may):
        """`may(verb, resource)`: whether clients have the permission."""
        self.cluster = cluster
        self.may = may
        self.store = cluster.store
        self.computed = {"pods": usage.pods, "nodes": usage.nodes}
        self.reviews = {("authorization.k8s.io", "selfsubjectaccessreviews"): self.rights_of,
                        ("authentication.k8s.io", "selfsubjectreviews"): self.identity_of}

    # Reading

    def list(self, target, matches):
        if target.type.group == resources.METRICS:
            return self.computed[target.type.plural](target.namespace, matches)
        return self.store.list(target.type.plural, target.namespace, matches)

    def get(self, target):
        if target.type.group == resources.METRICS:
            found = self.computed[target.type.plural](
                target.namespace, lambda o: o["metadata"]["name"] == target.name)
            if not found:
                raise ApiError.not_found(target.type, target.name)
            return found[0]
        obj = self.existing(target)
        return scale_of(obj) if target.sub == "scale" else obj

    def existing(self, target):
        try:
            return self.store.get(target.type.plural, target.namespace, target.name)
        except NotFound:
            raise ApiError.not_found(target.type, target.name) from None

    def loggable(self, target, query):
        pod = self.existing(target)
        names = [c["name"] for c in pod["spec"]["containers"]]
        container = query.get("container") or (names[0] if len(names) == 1 else None)
        if not container:
            raise ApiError(400, "BadRequest", f"a container name must be specified for pod {target.name}, choose one "
                           f"of: [{' '.join(names)}]")
        if container not in names:
            raise ApiError(400, "BadRequest", f"container {container} is not valid for pod {target.name}")
        if query.get("previous") == "true" and not pods.restarts_of(pod):
            raise ApiError(400, "BadRequest",
                           f'previous terminated container "{container}" in pod "{target.name}" not found')
        shown = pods.shown_status(pod)
        if shown in ("ContainerCreating", "ImagePullBackOff", "Pending"):
            raise ApiError(400, "BadRequest", f'container "{container}" in pod "{target.name}" is waiting to start: '
                           f"{shown}")
        return pod

    # Changing

    def change(self, verb, target, body, kind, query, dry, user):
        """The answer's object and HTTP status."""
        review = self.reviews.get((target.type.group, target.type.plural))
        if review:
            return {**body, **review(body, user)}, 201
        method = CHANGES.get((verb, target.sub))
        if not method:
            raise ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        with self.store.changed:
            return method(self, target, body, kind.split(";")[0], {**query, **options(verb, body)}, dry)

    def rights_of(self, review, _user):
        asked = review.get("spec", {}).get("resourceAttributes", {})
        sub = asked.get("subresource")
        may = self.may(asked.get("verb", ""), asked.get("resource", "") + (f"/{sub}" if sub else ""))
        return {"status": {"allowed": may}}

    def identity_of(self, _review, user):
        return {"metadata": {"creationTimestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
                "status": {"userInfo": {"username": user, "groups": ["system:authenticated"]}}}

    def create(self, target, body, _kind, _query, dry):
        obj = with_data(copy.deepcopy(body))
        meta = obj.setdefault("metadata", {})
        if target.type.namespaced:
            meta["namespace"] = target.namespace
            if not self.store.find("namespaces", "", target.namespace):
                raise ApiError.not_found(resources.BY_PLURAL["namespaces"], target.namespace)
        if not meta.get("name"):
            meta["name"] = meta.get("generateName", "") + pods.suffix()
        for name in SYSTEM_FIELDS:
            meta.pop(name, None)
        if self.store.find(target.type.plural, meta.get("namespace"), meta["name"]):
            raise ApiError.exists(target.type, meta["name"])
        if dry and target.type.plural == "pods":
            self.cluster.quotas.admit(obj)
        if dry:
            return {**obj, "metadata": {**meta, "uid": "0"}}, 201
        if target.type.plural == "pods":
            defaults = {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "tolerations": []}
            obj["spec"] = {**defaults, **obj["spec"]}
            obj.setdefault("status", {"phase": "Pending"})
            return self.cluster.add_pod(obj), 201
        if target.type.plural == "jobs":
            obj["spec"] = {"completions": 1, "parallelism": 1, "backoffLimit": 6, **obj["spec"]}
        if "spec" in obj:
            obj.setdefault("status", {})
        try:
            return self.store.create(target.type.plural, obj), 201
        except Conflict:
            raise ApiError.exists(target.type, meta["name"]) from None

    def patch(self, target, body, kind, _query, dry):
        return self.put_back(target, self.patched(target, self.existing(target), body, kind), dry)

    def patched(self, target, old, body, kind):
        if kind not in APPLY:
            raise ApiError(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {kind}")
        try:
            return APPLY[kind](old, body)
        except (BadPatch, TypeError, AttributeError) as e:
            raise ApiError.invalid(target.type, target.name, str(e)) from None

    def update(self, target, body, _kind, _query, dry):
        return self.put_back(target, body, dry)

    def put_back(self, target, new, dry):
        old = self.existing(target)
        said = new.get("metadata", {}).get("resourceVersion")  # of a patch, too, that names one
        if said and said != old["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", f'Operation cannot be fulfilled on {target.type.plural} "{target.name}": '
                           "the object has been modified; please apply your changes to the latest version")
        meta = {**new["metadata"], **{k: old["metadata"][k] for k in SYSTEM_FIELDS if k in old["metadata"]}}
        new = {**new, "metadata": meta, "apiVersion": old["apiVersion"], "kind": old["kind"]}
        if (meta.get("name"), meta.get("namespace")) != (target.name, old["metadata"].get("namespace")):
            raise ApiError.invalid(target.type, target.name, "metadata.name: field is immutable")
        if new.get("spec", {}).get("replicas", 0) < 0:
            raise ApiError.invalid(target.type, target.name, "spec.replicas: must be greater than or equal to 0")
        new = with_data(new)
        return (new if dry else self.store.update(target.type.plural, new)), 200

    def scale(self, target, body, kind, _query, dry):
        old = self.existing(target)
        wanted = self.patched(target, scale_of(old), body, kind) if kind in APPLY else body
        new = {**old, "spec": {**old["spec"], "replicas": wanted["spec"].get("replicas", 0)}}
        return scale_of(self.put_back(target, new, dry)[0]), 200

    def evict(self, target, _body, _kind, _query, dry):
        pod = self.existing(target)
        self.cluster.budgets.check_eviction(pod)
        if not dry:
            self.cluster.remove_pod(pod)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201

    def delete(self, target, _body, _kind, query, dry):
        obj = self.existing(target)
        if not dry:
            self.remove(target.type, obj, query)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                "details": {"name": target.name, "group": target.type.group, "kind": target.type.plural,
                            "uid": obj["metadata"]["uid"]}}, 200

    def remove(self, type_, obj, query):
        if type_.plural == "pods" and str(query.get("gracePeriodSeconds")) != "0":
            return self.cluster.remove_pod(obj)
        self.store.delete(type_.plural, obj)
        orphan = query.get("propagationPolicy") == "Orphan" or str(query.get("orphanDependents")).lower() == "true"
        delete_children(self.cluster, obj, orphan)

    def delete_all(self, target, _body, _kind, query, dry):
        for obj in self.store.list(target.type.plural, target.namespace, matcher(query, target.type.plural)):
            if not dry:
                self.remove(target.type, obj, query)
        return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 200


CHANGES = {
    ("create", ""): Actions.create, ("create", "eviction"): Actions.evict,
    ("patch", ""): Actions.patch, ("patch", "status"): Actions.patch, ("patch", "scale"): Actions.scale,
    ("update", ""): Actions.update, ("update", "status"): Actions.update, ("update", "scale"): Actions.scale,
    ("delete", ""): Actions.delete, ("deletecollection", ""): Actions.delete_all,
}


def options(verb, body):
    """DeleteOptions come as body or as query."""
    if not verb.startswith("delete") or not isinstance(body, dict):
        return {}
    return {k: v for k, v in body.items() if k in ("propagationPolicy", "orphanDependents", "gracePeriodSeconds")}


def with_data(obj):
    """A secret's `stringData` is for writing only: it is stored as base64 in `data`."""
    plain = obj.get("stringData")
    if obj.get("kind") != "Secret" or plain is None:
        return obj
    coded = {k: base64.b64encode(v.encode()).decode() for k, v in plain.items()}
    return {**{k: v for k, v in obj.items() if k != "stringData"}, "data": {**obj.get("data", {}), **coded}}


def scale_of(obj):
    chosen = obj["spec"].get("selector", {}).get("matchLabels", {})
    return {"kind": "Scale", "apiVersion": "autoscaling/v1",
            "metadata": {k: obj["metadata"][k] for k in ("name", "namespace", "uid", "resourceVersion",
                                                         "creationTimestamp")},
            "spec": {"replicas": obj["spec"].get("replicas", 1)},
            "status": {"replicas": obj.get("status", {}).get("replicas", 0),
                       "selector": ",".join(f"{k}={v}" for k, v in chosen.items())}}
