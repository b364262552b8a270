"""The sandbox's database, cache, Prometheus, app and bucket around a given cluster.

A thread follows the cluster: the images of the backend's ready pods decide whether the app fails, a backup job puts a
backup into the bucket, a new pod of the database or the cache restarts that server.
"""
import base64
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.request

from objects import BACKEND, RELEASES, SPACE, platform
from sandbox import Sandbox, backups
from sandbox.kube import NAMESPACE, certificates
from sandbox.kube.store import stamp
from sandbox.process import StartError

CONTEXT = "prod"  # as the runbooks' platform names it
OTHERS = ("horizontalpodautoscalers", "networkpolicies", "poddisruptionbudgets")
ROLLED = "180s"
FOLLOWS_FOR_EVER = """
case "$*" in *--follow*)
	for word; do shift; [ "$word" = --follow ] || set -- "$@" "$word"; done;;
esac"""


class Around(Sandbox):
    def __init__(self, kubeconfig, kubectl):
        super().__init__()
        self.given, self.program = kubeconfig, kubectl
        self.bad_release = None
        self.followed = threading.Event()

    # The cluster

    def ask(self, *words, stdin=None, check=True):
        """kubectl as the one who may do everything."""
        done = subprocess.run([self.program, "--kubeconfig", self.given, *words], input=stdin, text=True,
                              capture_output=True, timeout=240)
        if check and done.returncode:
            raise StartError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def here(self, *words, **more):
        return self.ask("--namespace", SPACE, *words, **more)

    def json(self, *words):
        return json.loads(self.here("get", *words, "-o", "json"))

    def set_up(self):
        """Namespace, objects, the releases before the present one, and who may do what."""
        self.clear()
        self.ask("create", "namespace", SPACE)
        for name in ("fsops-oncall", "fsops-nobody"):
            self.here("create", "serviceaccount", name, check=False)
        self.ask("create", "clusterrolebinding", "fsops-oncall", "--clusterrole=cluster-admin",
                 f"--serviceaccount={SPACE}:fsops-oncall", check=False)
        for release in RELEASES:
            self.apply(release)
            self.rolled_out()
        for cron in ("postgres-backup", "redis-backup"):
            self.here("create", "job", f"--from=cronjob/{cron}", f"{cron}-{os.getpid()}")
        self.certify()
        self.have_issuer()
        self.here("wait", "--for=condition=complete", "jobs", "--all", "--timeout=60s")
        self.patience = self.logs_end()
        self.oncall = self.kubeconfig("oncall", token=self.here("create", "token", "fsops-oncall").strip())

    def logs_end(self):
        """What a run puts before each kubectl: nothing where following a log ends with its pod, as a kubelet does it;
        kwok goes on for ever, so there nothing is followed for longer than a moment."""
        pod = next(p for p in self.json("pods")["items"] if p["status"]["phase"] == "Succeeded")
        try:
            subprocess.run([self.program, "--kubeconfig", self.given, "--namespace", SPACE, "logs", "--follow",
                            pod["metadata"]["name"]], stdout=subprocess.DEVNULL, timeout=5, check=True)
        except subprocess.TimeoutExpired:
            return FOLLOWS_FOR_EVER
        return ""

    def clear(self):
        """Nothing is left of a run before."""
        volumes = [v["metadata"]["name"] for v in json.loads(self.ask("get", "pv", "-o", "json"))["items"]
                   if v["metadata"]["name"].startswith(f"{SPACE}-")]
        self.ask("delete", "namespace", SPACE, "--ignore-not-found", "--timeout=120s")
        if volumes:
            self.ask("delete", "pv", *volumes, "--timeout=60s")

    def apply(self, release=RELEASES[-1]):
        self.ask("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=platform(release))

    def rolled_out(self):
        for name in ("flight-search-backend", "flight-search-frontend", "postgres", "redis", "grafana"):
            self.here("rollout", "status", f"deployment/{name}", f"--timeout={ROLLED}")

    def reset(self):
        """As it was after `set_up`, but for what is remembered of before."""
        self.feel()
        self.bad_release = None
        for pod in self.json("pods")["items"]:
            if pod["metadata"].get("finalizers"):
                self.here("patch", "pod", pod["metadata"]["name"], "--type=merge",
                          '--patch={"metadata":{"finalizers":null}}', check=False)
        self.here("delete", ",".join(OTHERS), "--all", "--wait=false", check=False)
        self.delete_by_hand()
        for node in json.loads(self.ask("get", "nodes", "-o", "json"))["items"]:
            if node["spec"].get("unschedulable"):
                self.ask("uncordon", node["metadata"]["name"])
        self.apply()
        self.rolled_out()

    def delete_by_hand(self):
        """Jobs that runs started, and pods that no controller has."""
        jobs = [f"job/{j['metadata']['name']}" for j in self.json("jobs")["items"] if "backup-2" not in
                j["metadata"]["name"] and not j["metadata"]["name"].endswith(f"-backup-{os.getpid()}")]
        pods = [f"pod/{p['metadata']['name']}" for p in self.json("pods")["items"]
                if not p["metadata"].get("ownerReferences") or p["status"].get("reason") == "Evicted"]
        if jobs + pods:  # gone, or the next one finds them in its way
            self.here("delete", "--timeout=60s", *jobs, *pods, check=False)

    def certify(self, days=60):
        """What cert-manager would write of the certificate, which is the one that the site shows."""
        now = int(time.time())
        ready = {"type": "Ready", "status": "True", "reason": "Ready", "message": "up to date",
                 "lastTransitionTime": stamp(now)}
        status = {"conditions": [ready], "notBefore": stamp(now), "notAfter": stamp(now + days * 86400)}
        self.here("patch", "certificate", "flight-search-tls", "--subresource=status", "--type=merge",
                  f"--patch={json.dumps({'status': status})}")
        self.renew_certificate(end=now + days * 86400)

    def have_issuer(self):
        """The one that the certificate names, ready."""
        made = certificates.issuer("letsencrypt-prod", time.time())
        about = {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", **made}
        self.ask("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(about))
        self.ask("patch", "clusterissuer", made["metadata"]["name"], "--subresource=status", "--type=merge",
                 f"--patch={json.dumps({'status': made['status']})}")

    def kubeconfig(self, name, token=None, server=None, context=CONTEXT):
        """The given kubeconfig under one context, with another user or another server."""
        config = json.loads(self.ask("config", "view", "--minify", "--flatten", "--raw", "-o", "json"))
        cluster = config["clusters"][0]["cluster"]
        user = {"token": token} if token else config["users"][0]["user"]
        path = self.path(f"kubeconfig-{name}")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": context,
                       "clusters": [{"name": "c", "cluster": {**cluster, "server": server or cluster["server"]}}],
                       "users": [{"name": "u", "user": user}],
                       "contexts": [{"name": context,
                                     "context": {"cluster": "c", "user": "u", "namespace": SPACE}}]}, f)
        return path

    # The sandbox

    def _write_files(self):
        super()._write_files()
        with open(self.platform) as f:
            text = f.read()
        with open(self.platform, "w") as f:
            f.write(text.replace(NAMESPACE, SPACE))

    def start(self):
        super().start()
        try:
            self.set_up()
            self.kube.ready_images = lambda app: list(self.images)
            self.images = [f"flight-search/backend:{RELEASES[-1]}"]
            threading.Thread(target=self.follow, daemon=True).start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self):
        self.followed.set()
        super().stop()

    def follow(self):
        with open(self.oncall) as f:
            config = json.load(f)
        cluster, token = config["clusters"][0]["cluster"], config["users"][0]["user"]["token"]
        authority = base64.b64decode(cluster.get("certificate-authority-data", "")).decode() or None
        tls = ssl.create_default_context(cadata=authority)

        def items(path):
            asked = urllib.request.Request(cluster["server"] + path, headers={"Authorization": f"Bearer {token}"})
            with urllib.request.urlopen(asked, context=tls, timeout=5) as answer:
                return json.load(answer)["items"]
        seen = Seen(self)
        while not self.followed.wait(0.5):
            try:
                seen.look(items(f"/api/v1/namespaces/{SPACE}/pods"), items(f"/apis/batch/v1/namespaces/{SPACE}/jobs"))
            except OSError:
                continue


class Seen:
    """What was seen of the cluster so far, and what follows from what is new."""

    def __init__(self, sandbox):
        self.sandbox, self.jobs, self.parts = sandbox, None, {}
        self.put = {"postgres-backup": backups.postgres_job(sandbox), "redis-backup": backups.redis_job(sandbox)}
        self.restart = {"postgres": sandbox.postgres.restart, "redis": sandbox.redis.restart}

    def look(self, pods, jobs):
        ready = [p for p in pods if is_ready(p)]
        self.sandbox.images[:] = [p["spec"]["containers"][0]["image"] for p in ready if app(p) == BACKEND]
        # While it runs: when it has succeeded its backup must be there.
        done = {j["metadata"]["uid"]: j for j in jobs if "fail" not in image(j["spec"]["template"])}
        for uid in set(done) - (self.jobs if self.jobs is not None else set(done)):
            for owner in done[uid]["metadata"].get("ownerReferences", []):
                self.put.get(owner["name"], lambda _: None)(None)
        self.jobs = (self.jobs or set()) | set(done)
        for name, restart in self.restart.items():
            now = {p["metadata"]["uid"] for p in ready if app(p) == name}
            if now and self.parts.get(name) and not now & self.parts[name]:
                threading.Thread(target=restart, daemon=True).start()
            self.parts[name] = now or self.parts.get(name)


def image(template):
    return template["spec"]["containers"][0]["image"]


def app(pod):
    return pod["metadata"].get("labels", {}).get("app")


def is_ready(pod):
    return not pod["metadata"].get("deletionTimestamp") and any(
        c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
