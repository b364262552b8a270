"""A Kubernetes API server whose answers are made up for one purpose: that two clients print the same of them.

What it has never changes, so that what kubectl printed of it can be kept (data/kubectl.json). It holds what is
hard to print: long lists, odd texts, numbers that are no integers, tables with broken cells.
"""
import json
import select
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sandbox.kube import protobuf

AGE = "2026-01-02T03:04:05Z"
ODD = "a<b>&c \u2028\u2029 \"q\" \\ \t\x01 é 漢字 \U0001f600 /"


def meta(name, namespace="shop", **more):
    found = {"name": name, "uid": f"uid-{name}", "resourceVersion": "7", "creationTimestamp": AGE,
             "managedFields": [{"manager": "kubectl", "operation": "Update"}], **more}
    return {**found, "namespace": namespace} if namespace else found


def pod(name, namespace="shop", labels=None, **more):
    return {"metadata": meta(name, namespace, labels=labels or {"app": "web", "tier": "front"}, **more),
            "spec": {"containers": [{"name": "main", "image": "web:1", "resources": {}}], "nodeName": "node-1"},
            "status": {"phase": "Running", "conditions": []}}


def workload(name, **more):
    return {"metadata": meta(name), "spec": {"replicas": 2, "template": {"metadata": {"creationTimestamp": None}}},
            "status": {"readyReplicas": 2}, **more}


def with_history(name, kind, **more):
    """One whose revisions are objects of their own."""
    labels = {"app": name}
    return {"metadata": meta(name), "apiVersion": "apps/v1", "kind": kind, **more,
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}


def revision(owner, number, cause=None, controller=True, uid=None):
    """One of OWNER's; of another when UID says so."""
    return {"metadata": meta(f"{owner}-{number}", labels={"app": owner},
                             annotations={"kubernetes.io/change-cause": cause} if cause else {},
                             ownerReferences=[{"uid": uid or f"uid-{owner}", "controller": controller}]),
            "revision": number}


NUMBERS = {"whole": 1, "negative": -0, "float": 1.0, "tiny": 1e-7, "small": 0.000001, "huge": 1e21, "large": 1e20,
           "third": 0.1, "long": 9007199254740993, "beyond": 12345678901234567890, "exp": 1.5e300, "million": 1.5e6, "zero": -0.0}
WIDE = [("Name", "string", "name", 0), ("Ready", "string", "", 0), ("Status", "string", "", 0),
        ("Restarts", "integer", "", 0), ("IP", "string", "", 1), ("Node", "string", "", 1)]


def pod_cells(o):
    return [o["metadata"]["name"], "1/1", o["status"]["phase"], 0, "10.0.0.1", o["spec"]["nodeName"]]


def name_cells(o):
    return [o["metadata"]["name"], "2/2", None]


NAMED = [("Name", "string", "name", 0), ("Ready", "string", "", 0), ("Selector", "string", "", 1)]


class Kind:
    def __init__(self, group, version, plural, kind, short, namespaced=True, columns=NAMED, cells=name_cells,
                 objects=(), categories=()):
        self.group, self.version, self.plural, self.kind, self.short = group, version, plural, kind, short
        self.namespaced, self.columns, self.cells, self.objects = namespaced, columns, cells, list(objects)
        self.categories = categories

    @property
    def api(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    def known(self):
        return {"name": self.plural, "singularName": self.kind.lower(), "namespaced": self.namespaced,
                "kind": self.kind, "verbs": ["get", "list", "watch"], "shortNames": self.short,
                "categories": list(self.categories)}


# Around the places from where on they are printed with an exponent.
CELL_NUMBERS = [999999.5, 1000000.5, 1e6, 123456789.5, 1e15, 1e20, 1e21, 12345678901234567890, 9007199254740993, 0.0001,
                0.00001, -123456.75, -1234567.5, 0.1]


def odd_cells(o):
    return [o["metadata"]["name"], "two\nlines", "\x1b[31mred", 1.5, True, None, "", "tab\tbed", "é漢字",
            *CELL_NUMBERS][:o["cells"]]


ODD_COLUMNS = [("Name", "string", "name", 0), *((f"C{n}", "string", "", 0) for n in range(2, 10 + len(CELL_NUMBERS)))]

AMOUNTS = ["10", "9", "1.5Gi", "100m", "2Ki", "1k", "abc", "0.5", "1500m", "10.0.0.1", "2026-01-02T03:04:05Z", "n1", "1Mi",
           "20", "b", "3"]


def to_sort(n):
    """What --sort-by finds: many that are the same, some that are not there."""
    few = {"few": "abc"[n * 7 % 3]} if n % 5 else {}
    maybe = {"maybe": n * 13 % 17} if n % 4 else {}
    return {"metadata": meta(f"s{n}"), "spec": {
        "amount": AMOUNTS[n] if n < len(AMOUNTS) else f"{n * 37 % 50}{['m', '', 'k'][n % 3]}", "number": n * 29 % 31 - 3, **few, **maybe,
        "null": None if n % 3 else n * 7 % 5, "text": f"{n * 53 % 97:02d}-{'é' * (n % 3)}", "yes": n % 2 == 0,
        "list": [n * 3 % 8, n % 2, "x"]}}


KINDS = [
    Kind("", "v1", "pods", "Pod", ["po"], columns=WIDE, cells=pod_cells, categories=["all"], objects=[
        pod("web-1"), pod("web-2-with-a-longer-name", labels={"app": "web", "zone/area": "eu"}),
        pod("lone", "other", labels={}), *(pod(f"p{n}", "many") for n in range(1203)),
        *(pod(f"big{n}", "torn", annotations={"note": "<>" * 1500}) for n in range(600)),
        *(pod(f"worse{n}", "spoilt", annotations={"note": "<>" * 1500}) for n in range(600))]),
    Kind("", "v1", "services", "Service", ["svc"], categories=["all"], objects=[workload("api"), workload("web-1")]),
    Kind("", "v1", "configmaps", "ConfigMap", ["cm"], objects=[
        {"metadata": meta("odd", annotations={"text": ODD}), "data": {"<k>": ODD, "": "empty", "é": "", "a": "b\n"},
         "numbers": NUMBERS, "empty": {}, "none": [], "nothing": None, "nested": [[], {}, [[1, {"b": 1, "a": []}]]]}]),
    Kind("", "v1", "secrets", "Secret", []),
    Kind("flights.example.com", "v1", "sorts", "Sort", [], objects=[to_sort(n) for n in range(70)]),
    Kind("", "v1", "nodes", "Node", ["no"], namespaced=False, objects=[
        {"metadata": meta("node-1", None, labels={"zone": "a"})}, {"metadata": meta("node-2", None)}]),
    Kind("", "v1", "persistentvolumes", "PersistentVolume", ["pv"], namespaced=False),
    Kind("", "v1", "namespaces", "Namespace", ["ns"], namespaced=False, objects=[
        {"metadata": meta(name, None)} for name in ("default", "shop", "other", "many")]),
    Kind("apps", "v1", "deployments", "Deployment", ["deploy"], categories=["all"], objects=[
        workload("web", apiVersion="apps/v1", kind="Deployment"), workload("api")]),
    Kind("apps", "v1", "replicasets", "ReplicaSet", ["rs"], categories=["all"]),
    Kind("apps", "v1", "daemonsets", "DaemonSet", ["ds"], objects=[
        with_history("agent", "DaemonSet"), with_history("none", "DaemonSet"), with_history("twice", "DaemonSet")]),
    Kind("apps", "v1", "statefulsets", "StatefulSet", ["sts"], objects=[with_history("db", "StatefulSet")]),
    Kind("apps", "v1", "controllerrevisions", "ControllerRevision", [], objects=[
        revision("agent", 10), revision("agent", 2, "image: <a> & \tb"), revision("agent", 3, "not its own", uid="x"),
        revision("agent", 4, "not led by it", controller=False), revision("db", 1, "first"), revision("db", 2),
        revision("twice", 1, "a"), {**revision("twice", 1, "b"), "revision": 1}]),
    Kind("batch", "v1", "jobs", "Job", [], objects=[
        {"metadata": meta(name, labels={"app": name.split("-")[0]}), "status": {"phase": "Begun"}}
        for name in ("leaving-1", "leaving-2", "staying-1", "staying-2", "starting-1")]),
    Kind("flights.example.com", "v1beta1", "planes", "Plane", ["pl"], columns=ODD_COLUMNS, cells=odd_cells),
    Kind("flights.example.com", "v1beta1", "gates", "Gate", [], namespaced=False, categories=["airport", "all-of-it"]),
    Kind("flights.example.com", "v1", "planes", "Plane", ["pl"], columns=ODD_COLUMNS, cells=odd_cells, objects=[
        {"metadata": meta("long-haul"), "cells": 9}, {"metadata": meta("short"), "cells": 3},
        {"metadata": meta("all"), "cells": 9 + len(CELL_NUMBERS)}]),
]


# Callers who are answered in their own way: each has a context of its name, and a path, for without TLS no client says
# who it is.
CALLERS = ("bare", "denied", "old", "out", "partial", "moved")


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def tear(self, text):
        """The connection ends within an answer."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text) + 1))
        self.end_headers()
        self.wfile.write(text.encode())
        self.close_connection = True

    def refuse(self, code, reason, message, **details):
        self.answer(code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                           "message": message, "reason": reason, "details": details, "code": code})

    def do_GET(self):
        split = urlsplit(self.path)
        words = split.path.strip("/").split("/")
        words = words[1:] if words[0] in CALLERS else words
        self.query = {k: v[-1] for k, v in parse_qs(split.query).items()}
        self.server.asked.append(self.path)
        self.server.peers.append(self.client_address)
        if split.path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif not self.about_itself(words):
            self.about_objects(words)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = protobuf.parse(body) if body.startswith(protobuf.MAGIC) else json.loads(body)
        self.server.asked.append(self.path)
        words = urlsplit(self.path).path.split("/")
        caller, kind = words[1], words[-1]
        if caller == "out":
            return self.refuse(401, "Unauthorized", "Unauthorized")
        if caller == "denied":
            return self.refuse(403, "Forbidden", f'{kind} is forbidden: User "ann" cannot create resource "{kind}"')
        if kind == "selfsubjectreviews":
            return self.about_caller(body, caller)
        if kind == "selfsubjectaccessreviews":
            return self.about_rights(body)
        self.refuse(404, "NotFound", "the server could not find the requested resource")

    def about_caller(self, body, caller):
        if caller == "old":
            return self.refuse(404, "NotFound", "the server could not find the requested resource")
        known = {"username": "ann"} if caller == "bare" else {"uid": "7-a", "username": "ann@example.com", "groups": [
            "system:authenticated", "on <call>"], "extra": {"scopes": ["a", "b"], "example.com/key": ["\x07bell é"]}}
        self.answer(201, {**body, "metadata": {"creationTimestamp": AGE}, "status": {"userInfo": known}})

    def about_rights(self, body):
        about = body["spec"].get("resourceAttributes") or body["spec"]["nonResourceAttributes"]
        name = about.get("name", "")
        status = {"allowed": about["verb"] in ("get", "list", "frob") and about.get("namespace") != "closed"}
        if name == "why":
            status = {"allowed": False, "denied": True, "reason": "a policy says so"}
        if name == "wrong":
            status = {"allowed": False, "reason": "no rule", "evaluationError": "role \"x\" not found"}
        if name == "echo":  # all that it was asked, so that it can be compared
            status = {"allowed": False, "reason": json.dumps({k: v for k, v in about.items() if v}, sort_keys=True)}
        self.answer(201, {**body, "metadata": {}, "status": status})

    def about_itself(self, words):
        """Discovery."""
        groups = {g: sorted({k.version for k in KINDS if k.group == g}) for g in sorted({k.group for k in KINDS} - {""})}
        if words == ["api"]:
            self.answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif words == ["apis"]:
            found = {g: [{"groupVersion": f"{g}/{v}", "version": v} for v in vs] for g, vs in groups.items()}
            self.answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": g, "versions": vs, "preferredVersion": vs[0]} for g, vs in found.items()]})
        elif words == ["version"]:
            self.answer(200, {"major": "1", "minor": "32", "gitVersion": "v1.32.0", "gitCommit": "0", "gitTreeState":
                              "clean", "buildDate": AGE, "goVersion": "go1.23", "compiler": "gc", "platform": "l/a"})
        elif "partial" in self.path and words[:2] == ["apis", "batch"]:
            self.refuse(503, "ServiceUnavailable", "the server is currently unable to handle the request")
        elif len(words) == (2 if words[0] == "api" else 3):
            api = "/".join(words[1:])
            self.answer(200, {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api,
                              "resources": [k.known() for k in KINDS if k.api == api]})
        else:
            return False
        return True

    def about_objects(self, words):
        core = words[0] == "api"
        api = "/".join(words[1:2] if core else words[1:3])
        words = words[2:] if core else words[3:]
        namespace = ""
        if len(words) > 2 and words[0] == "namespaces":
            namespace, words = words[1], words[2:]
        kind = next((k for k in KINDS if k.plural == words[0] and k.api == api), None)
        if not kind:
            return self.refuse(404, "NotFound", "the server could not find the requested resource")
        if namespace in ("closed", "shut"):
            verb = "get" if len(words) > 1 else "list"
            about = f' "{words[1]}"' if len(words) > 1 else ""
            where = f'in API group "{kind.group}" in the namespace "{namespace}"'
            return self.refuse(403, "Forbidden", f'{kind.plural}{"." if kind.group else ""}{kind.group}{about} is '
                               f'forbidden: User "ann" cannot {verb} resource "{kind.plural}" {where}')
        if namespace == "slow" and len(words) > 1:  # what can be got, but not listed
            return self.answer(200, {"kind": kind.kind, "apiVersion": kind.api, "metadata": meta(words[1], namespace)})
        if namespace == "slow":
            time.sleep(1.5)
            return self.refuse(403, "Forbidden", "no")
        if namespace == "broken":
            return self.refuse(500, "InternalError", "Internal error occurred: etcd is gone")
        if len(words) > 1:
            return self.one(kind, namespace, words[1])
        if self.query.get("watch") == "true":
            return self.watch(kind)
        self.list(kind, namespace)

    def watch(self, kind):
        """Nothing ever changes, but an object whose name begins so that goes away soon, or comes to be as wished."""
        name = self.query.get("fieldSelector", "").removeprefix("metadata.name=")
        found = next((o for o in kind.objects if o["metadata"]["name"] == name), None)
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        if name.startswith("leaving"):
            time.sleep(0.2)
            self.send_event("DELETED", {"kind": kind.kind, "apiVersion": kind.api, **found})
        if name.startswith("starting"):
            time.sleep(0.2)
            self.send_event("MODIFIED", {"kind": kind.kind, "apiVersion": kind.api, **found,
                                         "status": {"phase": "Ready"}})
        select.select([self.connection], [], [], 30)

    def send_event(self, kind, found):
        about = {**found["metadata"], "resourceVersion": "100"}
        self.wfile.write(json.dumps({"type": kind, "object": {**found, "metadata": about}}).encode() + b"\n")

    def one(self, kind, namespace, name):
        for o in kind.objects:
            if o["metadata"]["name"] == name and o["metadata"].get("namespace", "") == namespace:
                return self.answer(200, self.table(kind, [o], "") if self.tables() else
                                   {"kind": kind.kind, "apiVersion": kind.api, **o})
        about = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        self.refuse(404, "NotFound", f'{about} "{name}" not found', name=name, kind=kind.plural)

    def list(self, kind, namespace):
        wanted = self.query.get("labelSelector", "")
        fields = self.query.get("fieldSelector", "")
        if "bad" in fields:
            return self.refuse(400, "BadRequest", f'field label not supported: {fields}')
        found = [o for o in kind.objects if namespace in ("", o["metadata"].get("namespace"))]
        for part in filter(None, wanted.split(",")):
            key, _, value = part.partition("=")
            found = [o for o in found if (o["metadata"].get("labels") or {}).get(key) == value]
        if fields.startswith("metadata.name="):
            found = [o for o in found if o["metadata"]["name"] == fields.split("=")[1]]
        start, limit = int(self.query.get("continue", 0)), int(self.query.get("limit", 0))
        if namespace == "many" and self.query.get("labelSelector") == "tier=front" and start:
            return self.refuse(410, "Expired", "The provided continue parameter is too old")
        if namespace == "torn" and start:
            return self.tear(f'{{"kind":"{kind.kind}List","apiVersion":"{kind.api}","items":[{{"metadata":{{}}}},')
        if namespace == "spoilt" and start:
            return self.answer(200, b'{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{}},]}')
        page = found[start:start + limit] if limit else found
        more = {"continue": str(start + limit), "remainingItemCount": len(found) - start - limit} \
            if limit and start + limit < len(found) else {}
        if self.tables():
            return self.answer(200, self.table(kind, page, more))
        about = {"resourceVersion": "99", **more}
        if "." in kind.group:  # a CRD's have their keys in this order, and say what they are
            page = [{"apiVersion": kind.api, "kind": kind.kind, **o} for o in page]
            return self.answer(200, {"apiVersion": kind.api, "items": page, "kind": kind.kind + "List", "metadata": about})
        self.answer(200, {"kind": kind.kind + "List", "apiVersion": kind.api, "metadata": about, "items": page})

    def tables(self):
        return "as=Table" in self.headers.get("Accept", "")

    def table(self, kind, objects, more):
        whole = self.query.get("includeObject") == "Object"
        return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "99", **(more or {})},
                "columnDefinitions": [{"name": n, "type": t, "format": f, "description": n, "priority": p}
                                      for n, t, f, p in kind.columns],
                "rows": [{"cells": kind.cells(o), "object": {
                    **(o if whole else {"metadata": o["metadata"]}),
                    "kind": kind.kind if whole else "PartialObjectMetadata",
                    "apiVersion": kind.api if whole else "meta.k8s.io/v1"}} for o in objects]}


class CannedKube:
    """The server, on a port of its own, and the kubeconfig that leads to it."""

    def __init__(self, folder):
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.http.daemon_threads = True
        self.http.asked, self.http.peers = [], []
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        self.kubeconfig = folder / "kubeconfig"
        self.cache = folder / "cache"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "canned",
            "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{self.port}{path}"}}
                         for name, path in (("c", ""), *((c, f"/{c}") for c in CALLERS))],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "canned", "context": {"cluster": "c", "user": "u", "namespace": "shop"}},
                         *({"name": c, "context": {"cluster": c, "user": "u"}} for c in CALLERS)]}))

    @property
    def env(self):
        return {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(self.cache)}

    def stop(self):
        self.http.shutdown()
        self.http.server_close()
