"""The Table form of answers: the columns that `kubectl get` prints.

A kind is one line of COLUMNS: (heading, priority, function of the object);
priority 1 is shown with `-o wide` only.
"""
import time

from . import pods
from .store import moment


def seconds_since(text):
    return max(0, int(time.time() - moment(text)))


def duration(s):
    """As short as kubectl writes durations."""
    m, h, d = s // 60, s // 3600, s // 86400
    if s < 120:
        return f"{s}s"
    if m < 10:
        return f"{m}m{s % 60}s" if s % 60 else f"{m}m"
    if m < 180:
        return f"{m}m"
    if h < 8:
        return f"{h}h{m % 60}m" if m % 60 else f"{h}h"
    if h < 48:
        return f"{h}h"
    if d < 8:
        return f"{d}d{h % 24}h" if h % 24 else f"{d}d"
    return f"{d}d" if d < 730 else f"{d // 365}y"


def age(obj):
    return duration(seconds_since(obj["metadata"]["creationTimestamp"]))


def status(name, default=0):
    return lambda o: o.get("status", {}).get(name, default)


def spec(name, default=""):
    return lambda o: o.get("spec", {}).get(name, default)


def containers(field):
    def read(o):
        return ",".join(c[field] for c in o["spec"]["template"]["spec"]["containers"])
    return read


def selector(o):
    chosen = o["spec"].get("selector") or {}
    return ",".join(f"{k}={v}" for k, v in chosen.get("matchLabels", chosen).items()) or "<none>"


def pod_ready(p):
    found = p["status"].get("containerStatuses", [])
    return f"{sum(c['ready'] for c in found)}/{len(p['spec']['containers'])}"


def node_status(n):
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"]["conditions"])
    return ("Ready" if ready else "NotReady") + (",SchedulingDisabled" if n["spec"].get("unschedulable") else "")


def node_roles(n):
    prefix = "node-role.kubernetes.io/"
    return ",".join(k[len(prefix):] for k in n["metadata"].get("labels", {}) if k.startswith(prefix)) or "<none>"


def node_info(name):
    return lambda n: n["status"]["nodeInfo"][name]


def service_ports(s):
    return ",".join(f"{p['port']}/{p.get('protocol', 'TCP')}" for p in s["spec"].get("ports", [])) or "<none>"


def job_duration(j):
    begin, end = (j["status"].get(k) for k in ("startTime", "completionTime"))
    if not begin:
        return ""
    return duration(seconds_since(begin) - (seconds_since(end) if end else 0))


def addresses(e):
    found = [f"{a['ip']}:{p['port']}" for s in e.get("subsets", []) for a in s.get("addresses", [])
             for p in s.get("ports", [])]
    return ",".join(found) or "<none>"


def subjects(kind):
    return lambda b: ", ".join(s["name"] for s in b.get("subjects", []) if s["kind"] == kind)


def about(e):
    return f"{e['involvedObject']['kind'].lower()}/{e['involvedObject']['name']}"


def condition(kind):
    def read(o):
        return next((c["status"] for c in o.get("status", {}).get("conditions", []) if c["type"] == kind), "")
    return read


NAME = ("Name", 0, lambda o: o["metadata"]["name"])
AGE = ("Age", 0, age)
WORKLOAD = [("Containers", 1, containers("name")), ("Images", 1, containers("image")), ("Selector", 1, selector)]
BINDING = [NAME, ("Role", 0, lambda b: f"{b['roleRef']['kind']}/{b['roleRef']['name']}"), AGE,
           ("Users", 1, subjects("User")), ("Groups", 1, subjects("Group")),
           ("ServiceAccounts", 1, subjects("ServiceAccount"))]
PLAIN = [NAME, AGE]
COLUMNS = {
    "pods": [NAME, ("Ready", 0, pod_ready), ("Status", 0, pods.shown_status), ("Restarts", 0, pods.restarts_of), AGE,
             ("IP", 1, status("podIP", "<none>")), ("Node", 1, spec("nodeName", "<none>")),
             ("Nominated Node", 1, lambda p: "<none>"), ("Readiness Gates", 1, lambda p: "<none>")],
    "deployments": [NAME, ("Ready", 0, lambda d: f"{status('readyReplicas')(d)}/{d['spec'].get('replicas', 1)}"),
                    ("Up-to-date", 0, status("updatedReplicas")), ("Available", 0, status("availableReplicas")), AGE,
                    *WORKLOAD],
    "replicasets": [NAME, ("Desired", 0, spec("replicas", 1)), ("Current", 0, status("replicas")),
                    ("Ready", 0, status("readyReplicas")), AGE, *WORKLOAD],
    "daemonsets": [NAME, ("Desired", 0, status("desiredNumberScheduled")),
                   ("Current", 0, status("currentNumberScheduled")), ("Ready", 0, status("numberReady")),
                   ("Up-to-date", 0, status("updatedNumberScheduled")), ("Available", 0, status("numberAvailable")),
                   ("Node Selector", 0, lambda d: "<none>"), AGE, *WORKLOAD],
    "statefulsets": [NAME, ("Ready", 0, lambda s: f"{status('readyReplicas')(s)}/{s['spec'].get('replicas', 1)}"), AGE,
                     ("Containers", 1, containers("name")), ("Images", 1, containers("image"))],
    "poddisruptionbudgets": [NAME, ("Min Available", 0, spec("minAvailable", "N/A")),
                             ("Max Unavailable", 0, spec("maxUnavailable", "N/A")),
                             ("Allowed Disruptions", 0, status("disruptionsAllowed")), AGE],
    "services": [NAME, ("Type", 0, spec("type", "ClusterIP")), ("Cluster-IP", 0, spec("clusterIP")),
                 ("External-IP", 0, lambda s: "<none>"), ("Port(s)", 0, service_ports), AGE, ("Selector", 1, selector)],
    "nodes": [NAME, ("Status", 0, node_status), ("Roles", 0, node_roles), AGE,
              ("Version", 0, node_info("kubeletVersion")),
              ("Internal-IP", 1, lambda n: n["status"]["addresses"][0]["address"]),
              ("External-IP", 1, lambda n: "<none>"), ("OS-Image", 1, node_info("osImage")),
              ("Kernel-Version", 1, node_info("kernelVersion")),
              ("Container-Runtime", 1, node_info("containerRuntimeVersion"))],
    "horizontalpodautoscalers": [
        NAME, ("Reference", 0, lambda h: "{kind}/{name}".format(**h["spec"]["scaleTargetRef"])),
        ("Targets", 0, lambda h: "cpu: <unknown>/70%"), ("MinPods", 0, spec("minReplicas", 1)),
        ("MaxPods", 0, spec("maxReplicas")), ("Replicas", 0, status("currentReplicas")), AGE],
    "jobs": [NAME, ("Completions", 0, lambda j: f"{status('succeeded')(j)}/{j['spec'].get('completions', 1)}"),
             ("Duration", 0, job_duration), AGE, *WORKLOAD],
    "cronjobs": [NAME, ("Schedule", 0, spec("schedule")),
                 ("Suspend", 0, lambda c: str(c["spec"].get("suspend", False))),
                 ("Active", 0, lambda c: len(status("active", [])(c))),
                 ("Last Schedule", 0, lambda c: duration(seconds_since(c["status"]["lastScheduleTime"]))
                  if c.get("status", {}).get("lastScheduleTime") else "<none>"), AGE],
    "persistentvolumeclaims": [NAME, ("Status", 0, status("phase", "Pending")), ("Volume", 0, spec("volumeName")),
                               ("Capacity", 0, lambda p: status("capacity", {})(p).get("storage", "")),
                               ("Access Modes", 0, lambda p: "RWO"),
                               ("StorageClass", 0, spec("storageClassName")), AGE],
    "secrets": [NAME, ("Type", 0, lambda s: s.get("type", "Opaque")),
                ("Data", 0, lambda s: len(s.get("data", {}))), AGE],
    "configmaps": [NAME, ("Data", 0, lambda s: len(s.get("data", {}))), AGE],
    "ingresses": [NAME, ("Class", 0, spec("ingressClassName", "<none>")),
                  ("Hosts", 0, lambda i: ",".join(r["host"] for r in i["spec"]["rules"])),
                  ("Address", 0, lambda i: "203.0.113.10"), ("Ports", 0, lambda i: "80, 443"), AGE],
    "certificates": [NAME, ("Ready", 0, condition("Ready")), ("Secret", 0, spec("secretName")), AGE],
    "certificaterequests": [NAME, ("Ready", 0, condition("Ready")), AGE],
    "issuers": [NAME, ("Ready", 0, condition("Ready")), AGE],
    "clusterissuers": [NAME, ("Ready", 0, condition("Ready")), AGE],
    "endpoints": [NAME, ("Endpoints", 0, addresses), AGE],
    "namespaces": [NAME, ("Status", 0, status("phase", "Active")), AGE],
    "rolebindings": BINDING,
    "clusterrolebindings": BINDING,
    "events": [("Last Seen", 0, lambda e: duration(seconds_since(e["lastTimestamp"]))),
               ("Type", 0, lambda e: e["type"]),
               ("Reason", 0, lambda e: e["reason"]), ("Object", 0, about), ("Message", 0, lambda e: e["message"])],
}


def table(plural, objects, about, whole=False):
    """ABOUT: the metadata of the list. `whole`: rows carry the object, as `kubectl get --sort-by` wants."""
    columns = COLUMNS.get(plural, PLAIN)
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": about,
            "columnDefinitions": [{"name": name, "type": "string", "format": "name" if name == "Name" else "",
                                   "description": name, "priority": priority} for name, priority, _ in columns],
            "rows": [row(columns, obj, whole) for obj in objects]}


def row(columns, obj, whole):
    shown = obj if whole else {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                               "metadata": obj["metadata"]}
    return {"cells": [str(read(obj)) for _, _, read in columns], "object": shown}
