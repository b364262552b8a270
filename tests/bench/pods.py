"""What a long list costs: 2,000 pods as JSON, four pages of them, beside one curl for the same bytes.

The pods are as large as those of a cluster are, what kubectl leaves out (managedFields) among it. The server is a
process of its own. `run.py pods` measures this line alone.
"""

import contextlib
import http.server
import json
import multiprocessing
import os
import pathlib
import tempfile
from urllib.parse import parse_qs, urlsplit

from pair import figure, pair

COUNT, PAGE = 2000, 500
PATH = "/api/v1/namespaces/shop/pods"
WHEN = "2026-01-02T03:04:05Z"
VARIABLES = 8


def pod(n):
    probe = {"failureThreshold": 3, "httpGet": {"path": "/health", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10}
    fields = {f'k:{{"name":"VAR_{i}"}}': {".": {}, "f:name": {}, "f:value": {}} for i in range(VARIABLES)}
    image = "registry.example.com/shop/backend"
    return {
        "metadata": {
            "name": f"backend-7c9d8b6f5d-{n:05d}", "generateName": "backend-7c9d8b6f5d-", "namespace": "shop",
            "uid": f"7a3c1f9e-0000-4000-8000-{n:012d}", "resourceVersion": str(1000000 + n), "creationTimestamp": WHEN,
            "labels": {"app": "backend", "pod-template-hash": "7c9d8b6f5d", "tier": "back"},
            "annotations": {"prometheus.io/port": "8080", "checksum/config": "9f86d081" * 8},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "backend-7c9d8b6f5d",
                                 "uid": "7a3c1f9e-1111-2222-3333-444455556666", "controller": True}],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": WHEN,
                               "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": fields}}}] * 2},
        "spec": {
            "volumes": [{"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}]}}],
            "containers": [{
                "name": "backend", "image": f"{image}:1.42.7", "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                "env": [{"name": f"VAR_{i}", "value": f"--if 'a < {i} && b > 0'"} for i in range(VARIABLES)],
                "resources": {"limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                "livenessProbe": probe, "readinessProbe": probe, "imagePullPolicy": "IfNotPresent",
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "nodeName": f"node-{n % 50}", "securityContext": {}, "schedulerName": "default-scheduler", "priority": 0,
            "tolerations": [{"key": f"node.kubernetes.io/{why}", "operator": "Exists", "effect": "NoExecute",
                             "tolerationSeconds": 300} for why in ("not-ready", "unreachable")]},
        "status": {
            "phase": "Running", "hostIP": "10.0.0.1", "podIP": "10.244.0.7", "podIPs": [{"ip": "10.244.0.7"}],
            "startTime": WHEN, "qosClass": "Burstable",
            "conditions": [{"lastProbeTime": None, "lastTransitionTime": WHEN, "status": "True", "type": kind}
                           for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
            "containerStatuses": [{
                "name": "backend", "state": {"running": {"startedAt": WHEN}}, "lastState": {}, "ready": True,
                "restartCount": 0, "image": f"{image}:1.42.7", "imageID": f"{image}@sha256:{'9f86d081' * 8}",
                "containerID": f"containerd://{'9f86d081' * 8}", "started": True}]}}


def pages():
    """By where they begin."""
    found = {}
    for start in range(0, COUNT, PAGE):
        more = {"continue": str(start + PAGE)} if start + PAGE < COUNT else {}
        found[start] = json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "99", **more},
                                   "items": [pod(n) for n in range(start, start + PAGE)]}, separators=(",", ":")).encode()
    return found


def serve(port):
    lists = pages()

    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            at = urlsplit(self.path)
            answer = lists[int(parse_qs(at.query).get("continue", ["0"])[0])]
            self.send_response(200 if at.path == PATH else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    port.send(server.server_address[1])
    server.serve_forever()


@contextlib.contextmanager
def api():
    """The address of the server."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def config(path, server):
    """A kubeconfig with a token: what is printed is searched for it."""
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "users": [{"name": "it", "user": {"token": "eyJhbGciOiJSUzI1NiJ9." + "c29tZS1zZWNyZXQ" * 40}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it", "namespace": "shop"}}]}))


def pods(binary, state):
    with tempfile.TemporaryDirectory(prefix="fsbn-") as directory, api() as server:
        path = pathlib.Path(directory)
        config(path / "kubeconfig", server)
        (path / "platform.yaml").write_text("platform: bench\ntargets:\n  it: {kubectl: {}}\n")
        (path / "bench.yaml").write_text("runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n  - step: Long\n"
                                         "    budget: 10m\n    actions:\n      - kubectl: get pods -o json\n")
        curl = ["curl", "-sS"]
        for start in range(0, COUNT, PAGE):
            curl += [f"{server}{PATH}?limit={PAGE}&continue={start}", "-o", "/dev/null"]
        env = {**os.environ, "FSOPS_STATE": state, "KUBECONFIG": str(path / "kubeconfig")}
        figure(pair([binary, "-R", directory, "run", "bench"], curl, env), "2,000 pods as JSON / curl for the same bytes", 1.5)
