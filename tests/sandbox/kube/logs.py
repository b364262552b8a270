"""What the pods log.

A pod's log is computed from its age: sparse lines long ago, one a second
lately.  Invariant: the same pod says the same at the same moment, so that
`--since` and `--tail` agree with each other.
"""
import time

from . import pods
from .tables import seconds_since

RECENT, RECENT_STEP = 180, 1
LONG_STEP = 600
LIMIT = 14 * 86400

TALK = {
    "flight-search-backend": (
        "INFO GET /api/search?from=FRA&to=JFK 200 84ms", "INFO GET /api/search?from=LIS&to=HND 200 112ms",
        "INFO POST /api/bookings 201 61ms", "INFO GET /api/health 200 1ms", "INFO cache hit search:FRA-JFK"),
    "flight-search-frontend": ("INFO GET / 200 12ms", "INFO GET /search 200 19ms", "INFO GET /health 200 0ms"),
    "postgres": ("LOG:  checkpoint starting: time", "LOG:  checkpoint complete: wrote 112 buffers (0.7%)"),
    "redis": ("* 100 changes in 300 seconds. Saving...", "* Background saving terminated with success"),
}
DEFAULT = ("INFO ready",)
PROXY = ("info Envoy proxy is ready", "info xdsproxy connected to upstream XDS server: istiod.istio-system.svc:15012")
SOMETIMES = {"flight-search-backend": "ERROR upstream api.requesty.com answered 504 after 3000ms"}
SELDOM = 97  # of so many lines, one is the occasional error
BAD = "ERROR GET /api/search 500 TypeError: Cannot read properties of undefined (reading 'fares')"
BAD_EVERY = 12
FATAL = ("INFO starting", "ERROR could not connect to the primary region: connection refused", "FATAL exiting with 1")


class Logs:
    def __init__(self, cluster):
        self.cluster = cluster
        self.bad_images = set()  # images whose pods log errors
        self.read = set()        # names of the pods whose logs were given whole

    def times(self, pod, now):
        born = now - min(seconds_since(pod["metadata"]["creationTimestamp"]), LIMIT)
        recent = max(born, now - RECENT)
        return ([t for t in range(born - born % LONG_STEP + LONG_STEP, recent, LONG_STEP)]
                + list(range(recent, now + 1, RECENT_STEP)))

    def line(self, pod, t, container=None):
        if pods.is_sidecar(pod, container):
            return PROXY[t % len(PROXY)]
        app = pod["metadata"].get("labels", {}).get("app", "")
        talk = TALK.get(app, DEFAULT)
        n = t if t % LONG_STEP else t // LONG_STEP
        if any(c["image"] in self.bad_images for c in pod["spec"]["containers"]) and n % BAD_EVERY == 0:
            return BAD
        if app in SOMETIMES and n % SELDOM == 0:
            return SOMETIMES[app]
        return talk[n % len(talk)]

    def since(self, pod, start, now, container=None):
        return [(t, self.line(pod, t, container)) for t in self.times(pod, now) if t >= start]

    def goes_on(self, pod):
        """Whether more may come: the pod is there and has not ended."""
        now = self.cluster.store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        return bool(now) and not pods.is_finished(now)

    def last_words(self, pod):
        """What somebody who followed the log of a running pod sees when it ends."""
        now = self.cluster.store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        return self.whole(now, False) if now and pods.is_finished(now) and not pods.is_finished(pod) else []

    def whole(self, pod, previous, container=None):
        """[(time, line)] of the container that runs, or of the one before."""
        now = int(time.time())
        if pods.is_sidecar(pod, container):
            return [] if previous else self.since(pod, 0, now, container)
        if previous or pods.shown_status(pod) == "CrashLoopBackOff":
            return [(now - 5, line) for line in FATAL]
        if pod["metadata"]["name"] in self.cluster.output:
            return [(now, line) for line in self.cluster.output[pod["metadata"]["name"]]]
        if pods.is_finished(pod):
            return [(now, "done" if pod["status"]["phase"] == "Succeeded" else "ERROR failed")]
        return self.since(pod, 0, now)


def render(lines, query):
    """Apply --since, --since-time, --tail, --timestamps and --limit-bytes."""
    if "sinceSeconds" in query:
        lines = [x for x in lines if x[0] >= time.time() - int(query["sinceSeconds"])]
    if "tailLines" in query:
        lines = lines[len(lines) - min(len(lines), int(query["tailLines"])):]
    text = "".join(one(t, line, query) for t, line in lines).encode()
    return text[:int(query["limitBytes"])] if "limitBytes" in query else text


def one(t, line, query):
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t))
    prefix = f"{moment}.000000000Z " if query.get("timestamps") == "true" else ""
    return f"{prefix}{moment}Z {line}\n"
