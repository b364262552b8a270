"""Pods: how one is made from a template, and what its status is at an age.

Invariant: a status is computed from the pod, its age and what hinders it,
never from an earlier status; so a missed tick changes nothing.
"""
import copy
import random
from dataclasses import dataclass

from .store import stamp

PROXY = "istio/proxyv2"
LETTERS = "bcdfghjklmnpqrstvwxz2456789"


@dataclass
class Hindrance:
    """Why a pod does not get ready: the container's state, and what that shows."""
    state: dict
    restarts: int = 0


def suffix(n=5):
    return "".join(random.choices(LETTERS, k=n))


def owner(obj):
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": obj["metadata"]["name"],
            "uid": obj["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}


def controller_of(obj):
    return next((o for o in obj["metadata"].get("ownerReferences", []) if o.get("controller")), None)


def from_template(template, parent):
    """A new pod of a replica set, daemon set or job."""
    name = parent["metadata"]["name"]
    meta = template.get("metadata", {})
    return {"metadata": {"name": f"{name}-{suffix()}", "generateName": name + "-",
                         "namespace": parent["metadata"]["namespace"],
                         "labels": dict(meta.get("labels", {})), "annotations": dict(meta.get("annotations") or {}),
                         "ownerReferences": [owner(parent)]},
            "spec": {"serviceAccountName": "default", "restartPolicy": "Always", "dnsPolicy": "ClusterFirst",
                     "terminationGracePeriodSeconds": 30, "schedulerName": "default-scheduler", "tolerations": [],
                     **copy.deepcopy(template["spec"])},
            "status": {"phase": "Pending"}}


def is_ready(pod):
    return not pod["metadata"].get("deletionTimestamp") and any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def is_finished(pod):
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def claims(pod):
    """The volume claims that a pod mounts."""
    return {v["persistentVolumeClaim"]["claimName"] for v in pod["spec"].get("volumes", [])
            if "persistentVolumeClaim" in v}


def with_sidecar(pod, name, default):
    """The pod with a proxy as its first container, as an admission webhook puts it there; `default`: kubectl's
    annotation says that the app's own container is the one that is meant."""
    own = pod["spec"]["containers"]
    meta = pod["metadata"]
    if default:
        meta = {**meta, "annotations": {**meta.get("annotations", {}),
                                        "kubectl.kubernetes.io/default-container": own[0]["name"]}}
    proxy = {"name": name, "image": f"{PROXY}:1.20.3", "resources": {}}
    return {**pod, "metadata": meta, "spec": {**pod["spec"], "containers": [proxy, *own]}}


def is_sidecar(pod, container):
    return any(c["name"] == container and c["image"].startswith(PROXY) for c in pod["spec"]["containers"])


def evicted(owner_obj, template, node, now):
    """A pod that the kubelet threw out: it has failed, and stays until somebody deletes it."""
    pod = from_template(template, owner_obj)
    message = "The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi."
    return {**pod, "spec": {**pod["spec"], "nodeName": node},
            "status": {"phase": "Failed", "reason": "Evicted", "message": message, "startTime": stamp(now)}}


def restarts_of(pod):
    return sum(c.get("restartCount", 0) for c in pod["status"].get("containerStatuses", []))


def _conditions(pod, ready, since, reason=None):
    old = {c["type"]: c for c in pod["status"].get("conditions", [])}
    made = []
    for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled"):
        value = "True" if ready or kind in ("Initialized", "PodScheduled") else "False"
        same = kind in old and old[kind]["status"] == value
        condition = {"type": kind, "status": value, "lastProbeTime": None,
                     "lastTransitionTime": old[kind]["lastTransitionTime"] if same else since}
        if value == "False":
            condition["reason"] = reason or "ContainersNotReady"
            condition["message"] = "containers with unready status"
        made.append(condition)
    return made


def _containers(pod, state, ready, restarts, last=None):
    return [{"name": c["name"], "image": c["image"], "imageID": f"docker-pullable://{c['image']}",
             "containerID": f"containerd://{pod['metadata']['uid']}", "ready": ready, "started": "running" in state,
             "restartCount": restarts, "state": state, "lastState": last or {}}
            for c in pod["spec"]["containers"]]


def _status(pod, phase, state, ready, now, restarts=0, reason=None, last=None):
    started = pod["status"].get("startTime") or pod["metadata"]["creationTimestamp"]
    status = {"phase": phase, "hostIP": pod["status"].get("hostIP", ""), "podIP": pod["status"].get("podIP", ""),
              "podIPs": [{"ip": pod["status"].get("podIP", "")}], "qosClass": "Burstable", "startTime": started,
              "conditions": _conditions(pod, ready, stamp(now), reason),
              "containerStatuses": _containers(pod, state, ready, restarts, last)}
    return status


def pending(pod, now, reason="ContainerCreating"):
    return _status(pod, "Pending", {"waiting": {"reason": reason}}, False, now)


def unschedulable(pod, now):
    return {"phase": "Pending", "conditions": [{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastProbeTime": None,
        "lastTransitionTime": stamp(now), "message": "0/3 nodes are available: node(s) were unschedulable."}]}


def running(pod, now, ready):
    state = running_state(pod, now)
    last = pod["status"].get("containerStatuses", [{}])[0].get("lastState")
    return _status(pod, "Running", state, ready, now, restarts_of(pod), last=last)


def running_state(pod, now):
    """A container that runs goes on since the same moment."""
    for container in pod["status"].get("containerStatuses", []):
        if "running" in container["state"]:
            return container["state"]
    return {"running": {"startedAt": stamp(now)}}


def hindered(pod, now, hindrance):
    phase = "Running" if hindrance.restarts else "Pending"
    last = {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": stamp(now - 5),
                           "finishedAt": stamp(now - 2)}} if hindrance.restarts else None
    return _status(pod, phase, hindrance.state, False, now, hindrance.restarts, last=last)


def finished(pod, now, code):
    ended = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed",
                            "startedAt": pod["metadata"]["creationTimestamp"], "finishedAt": stamp(now)}}
    return _status(pod, "Failed" if code else "Succeeded", ended, False, now,
                   reason="PodFailed" if code else "PodCompleted")


def shown_status(pod):
    """The STATUS column of `kubectl get pods`."""
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    if pod["status"].get("reason"):
        return pod["status"]["reason"]
    for container in pod["status"].get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            if state in container["state"]:
                return container["state"][state].get("reason", state)
    return pod["status"].get("phase", "Unknown")
