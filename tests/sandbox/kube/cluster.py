"""One cluster: its store, the controllers that move it, and the knobs of tests.

A thread steps the controllers a few times a second.  `past` runs them at once
at an earlier time: that is how a sandbox gets its history.
Invariant: only controllers and API requests change the store.
"""
import contextlib
import itertools
import threading
import time

from . import pods
from .budgets import Budgets
from .certificates import Certificates
from .cronjobs import CronJobs
from .errors import ApiError
from .managers import Autoscalers, Healers
from .operators import Operators
from .pods import Hindrance
from .quotas import Quotas
from .rollout import Rollout
from .store import Store, stamp
from .sets import DaemonSets, StatefulSets
from .workloads import Endpoints, Jobs

TICK = 0.05
REST = 10  # ticks between two looks when nothing moves
SETTLE_STEPS = 60
PULL_FAILS = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
CRASHES = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}


class Cluster:
    def __init__(self, name, old=False):
        """`old`: of 1.20's age."""
        self.name = name
        self.old = old
        self.offset = 0            # how far in the past we are; 0 when live
        self.store = Store(self.now)
        self.ready_delay = 0.6     # seconds until a new pod is ready
        self.run_seconds = 0.6     # seconds a job's pod runs
        self.end_delay = 0.3       # seconds a deleted pod still shows as Terminating
        self.bad_images = set()    # images that can't be pulled
        self.still = set()         # see `attended`
        self.crashing = set()      # names of pods that crash, or `app` labels of such
        self.stuck = set()         # the same of pods that stay Terminating, until they are taken out
        self.sidecars = {}         # `app` label -> function pod -> pod that puts a container beside the app's
        self.failing_jobs = set()  # names of jobs or cron jobs that fail
        self.vanishing = set()     # names of jobs or cron jobs that are gone the moment they succeeded
        self.exit_codes = {}       # pod name, or how it begins -> exit code of a `kubectl run`
        self.output = {}           # pod name -> lines it logs
        self.on_start = {}         # `app` label -> function called when a new pod starts
        self.on_job = {}           # cron job name -> function called when a job of it is done
        self.issuing = "works"     # how requests for certificates end; certificates.HOW
        self.on_renew = None       # function called when a certificate was issued again
        self.born = {}             # pod uid -> monotonic time of its birth
        self.ending = {}           # pod uid -> monotonic time of its end
        self.starting = {}         # pod uid -> thread of its on_start
        self.addresses = itertools.count(10)
        self.ended = threading.Event()
        self.healers, self.autoscalers = Healers(self), Autoscalers(self)
        self.budgets, self.quotas, self.operators = Budgets(self), Quotas(self), Operators(self)
        self.refused = set()       # uids of what had a pod refused
        self.controllers = [Rollout(self), StatefulSets(self), DaemonSets(self), Jobs(self), CronJobs(self),
                            Endpoints(self), self.budgets, self.quotas, self.operators, Certificates(self),
                            self.healers, self.autoscalers]

    def now(self):
        return time.time() - self.offset

    @contextlib.contextmanager
    def past(self, seconds):
        """What is done inside happened `seconds` ago and has settled since."""
        with self.store.changed:
            self.offset = seconds
            yield
            self.settle()
            self.offset = 0

    def settle(self):
        for _ in range(SETTLE_STEPS):
            before = self.store.version
            self.step()
            if self.store.version == before:
                return

    def start(self):
        threading.Thread(target=self._live, daemon=True).start()

    def stop(self):
        self.ended.set()

    def _live(self):
        seen, rest = 0, 0
        while not self.ended.wait(TICK):
            rest += 1
            if self.store.version != seen or rest >= REST or self.is_moving():
                with self.store.changed:
                    seen, rest = self.store.version, 0
                    self.step()

    def is_moving(self):
        """Whether time alone will change something soon."""
        return bool(self.ending) or not all(
            pods.is_ready(p) or pods.is_finished(p) for p in self.store.list("pods"))

    def step(self):
        for controller in self.controllers:
            controller.step()
        for pod in self.store.list("pods"):
            self.advance(pod)

    def attended(self, plural):
        """The objects whose controller does its work: a type, an object ("deployments/redis") or all ("*") may stand
        still."""
        return [o for o in self.store.list(plural)
                if not self.still & {"*", plural, f"{plural}/{o['metadata']['name']}"}]

    # Pods

    def age(self, pod):
        """Seconds since the pod was made, as its delays see it."""
        if self.offset:
            return float("inf")
        return time.monotonic() - self.born.get(pod["metadata"]["uid"], 0)

    def add_pod(self, pod):
        inject = self.sidecars.get(pod["metadata"].get("labels", {}).get("app"))
        pod = self.quotas.admit(inject(pod) if inject else pod)
        node = pod["spec"].get("nodeName") or self.choose_node()
        if node:
            pod["spec"]["nodeName"] = node
            pod["status"] = {"phase": "Pending", "podIP": f"10.244.1.{next(self.addresses)}",
                             "hostIP": self.address_of(node), "startTime": stamp(self.now())}
        pod = self.store.create("pods", pod)
        if not self.offset:
            self.born[pod["metadata"]["uid"]] = time.monotonic()
        self.event(pod, "Scheduled" if node else "FailedScheduling",
                   f"Successfully assigned {pod['metadata']['namespace']}/{pod['metadata']['name']} to {node}"
                   if node else "0/3 nodes are available: node(s) were unschedulable.", node)
        self.run_hook(pod)
        return pod

    def try_pod(self, owner, pod):
        """A controller's attempt to make a pod; None when it was refused, which its owner's events say once."""
        try:
            made = self.add_pod(pod)
        except ApiError as e:
            if owner["metadata"]["uid"] not in self.refused:
                self.refused.add(owner["metadata"]["uid"])
                self.event(owner, "FailedCreate", f"Error creating: {e}")
            return None
        self.refused.discard(owner["metadata"]["uid"])
        return made

    def run_hook(self, pod):
        hook = self.on_start.get(pod["metadata"].get("labels", {}).get("app"))
        if hook and not self.offset:
            thread = threading.Thread(target=hook, daemon=True)
            self.starting[pod["metadata"]["uid"]] = thread
            thread.start()

    def choose_node(self):
        """The node with the fewest pods among those that take any."""
        count = {n["metadata"]["name"]: 0 for n in self.store.list("nodes") if not n["spec"].get("unschedulable")}
        for p in self.store.list("pods"):
            if p["spec"].get("nodeName") in count:
                count[p["spec"]["nodeName"]] += 1
        return min(count, key=count.get) if count else None

    def address_of(self, node):
        return self.store.get("nodes", "", node)["status"]["addresses"][0]["address"]

    def remove_pod(self, pod):
        """Begin the end of a pod: it shows as Terminating for a moment."""
        uid = pod["metadata"]["uid"]
        if uid in self.ending:
            return
        self.ending[uid] = time.monotonic()
        meta = {**pod["metadata"], "deletionTimestamp": stamp(self.now() + 30), "deletionGracePeriodSeconds": 30}
        self.store.update("pods", {**pod, "metadata": meta})
        self.event(pod, "Killing", f"Stopping container {pod['spec']['containers'][0]['name']}")

    def advance(self, pod):
        uid = pod["metadata"]["uid"]
        if uid in self.ending:
            if self.offset or (time.monotonic() - self.ending[uid] > self.end_delay and not called(pod, self.stuck)):
                self.store.delete("pods", pod)
                del self.ending[uid]
        elif not pods.is_finished(pod):
            if not pod["spec"].get("nodeName"):
                pod = self.place(pod)
            self.store.update("pods", {**pod, "status": self.status_now(pod)})

    def place(self, pod):
        node = self.choose_node()
        if not node:
            return pod
        status = {"phase": "Pending", "podIP": f"10.244.1.{next(self.addresses)}", "hostIP": self.address_of(node)}
        self.born[pod["metadata"]["uid"]] = time.monotonic()
        return self.store.update("pods", {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})

    def status_now(self, pod):
        now, age = self.now(), self.age(pod)
        if not pod["spec"].get("nodeName"):
            return pod["status"] if pod["status"].get("conditions") else pods.unschedulable(pod, now)
        hindrance = self.hindrance(pod)
        if hindrance and age > self.ready_delay / 2:
            same = pods.shown_status(pod) == hindrance.state["waiting"]["reason"]
            return pod["status"] if same else pods.hindered(pod, now, hindrance)
        if pod["spec"].get("restartPolicy", "Always") != "Always":
            return self.run_once(pod, now, age)
        if age < self.ready_delay / 2 or (pod["status"].get("phase") == "Pending" and self.waits_for_volume(pod)):
            return pods.pending(pod, now)
        return pods.running(pod, now, age >= self.ready_delay and not self.is_starting(pod))

    def waits_for_volume(self, pod):
        """Whether an older pod still has a ReadWriteOnce volume that this one mounts."""
        wanted, born = pods.claims(pod), self.born.get(pod["metadata"]["uid"], 0)
        return bool(wanted) and any(
            wanted & pods.claims(p) and self.born.get(p["metadata"]["uid"], 0) < born and not pods.is_finished(p)
            for p in self.store.list("pods", pod["metadata"]["namespace"]))

    def run_once(self, pod, now, age):
        if age < self.run_seconds / 2:
            return pods.pending(pod, now)
        if age < self.run_seconds:
            return pods.running(pod, now, False)
        return pods.finished(pod, now, self.exit_code(pod))

    def exit_code(self, pod):
        owner = pods.controller_of(pod) or {"name": ""}
        job = self.store.find("jobs", pod["metadata"]["namespace"], owner["name"])
        if job and self.failing_jobs & {owner["name"], cron_job_of(job)}:
            return 1
        name = pod["metadata"]["name"]
        return next((code for start, code in self.exit_codes.items()
                     if name == start or name.startswith(start + "-")), 0)

    def is_starting(self, pod):
        thread = self.starting.get(pod["metadata"]["uid"])
        return bool(thread and thread.is_alive())

    def hindrance(self, pod):
        if any(c["image"] in self.bad_images for c in pod["spec"]["containers"]):
            return Hindrance(PULL_FAILS)
        if called(pod, self.crashing):
            return Hindrance(CRASHES, restarts=7)
        return None

    def is_vanishing(self, job):
        return bool(self.vanishing & {job["metadata"]["name"], cron_job_of(job)})

    def job_done(self, job):
        hook = self.on_job.get(cron_job_of(job))
        if hook:
            hook(job)

    def event(self, obj, reason, message, about=None):
        """An event as `kubectl describe` shows it."""
        meta = obj["metadata"]
        now = stamp(self.now())
        where = meta.get("namespace", "default")
        kind = "Warning" if reason.startswith("Fail") else "Normal"
        self.store.create("events", {
            "metadata": {"name": f"{meta['name']}.{pods.suffix(16)}", "namespace": where},
            "involvedObject": {"kind": obj["kind"], "namespace": where, "name": meta["name"], "uid": meta["uid"],
                               "apiVersion": obj["apiVersion"]},
            "reason": reason, "message": message, "type": kind, "count": 1, "firstTimestamp": now,
            "lastTimestamp": now, "source": {"component": about or "controller-manager"},
            "reportingComponent": "", "reportingInstance": ""})


def called(pod, names):
    """Whether a set holds the pod's name or its `app` label."""
    return bool(names & {pod["metadata"]["name"], pod["metadata"].get("labels", {}).get("app")})


def cron_job_of(job):
    """The name of the cron job that a job was made from; an old kubectl does not call it the controller."""
    owners = job["metadata"].get("ownerReferences", [])
    return next((o["name"] for o in owners if o["kind"] == "CronJob"), None)
