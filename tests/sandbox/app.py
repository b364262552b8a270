"""The Flight Search application: its endpoints, its metrics and its traffic.

The traffic is made up (counters advance ten times a second); what it does to
people is the `Load` that the platform's rules compute from the real state:
which image runs, how many replicas are ready.  Invariant: counters only grow.
"""
import threading
import time
from collections import deque
from dataclasses import dataclass

from .httpd import Handler, Server

TICK = 0.1
LEAD = 5
RATE = 500  # requests a second
CPUS = 2
MEMORY = 8 * 1024 ** 3
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)
# What share of the requests is answered within each bound.
PROFILES = {
    "fast": (0.50, 0.80, 0.97, 0.995, 1, 1, 1, 1, 1),          # p95 about 0.23 s
    "slow": (0.05, 0.10, 0.20, 0.35, 0.60, 0.90, 0.98, 1, 1),  # p95 about 2.6 s
    "awful": (0.00, 0.01, 0.02, 0.05, 0.10, 0.30, 0.50, 0.80, 1),  # p95 about 8.8 s
}
MEAN = {"fast": 0.08, "slow": 1.1, "awful": 3.6}
HELP = {
    "http_requests_total": ("counter", "Requests by status code."),
    "http_request_duration_seconds": ("histogram", "Time to answer."),
    "node_cpu_seconds_total": ("counter", "Seconds the CPUs spent in each mode."),
    "node_memory_MemTotal_bytes": ("gauge", "Memory in all."),
    "node_memory_MemAvailable_bytes": ("gauge", "Memory that programs can still have."),
}


@dataclass
class Load:
    """What the platform feels at the moment."""
    up: bool = True
    errors: float = 0.0002
    profile: str = "fast"
    cpu: float = 0.35
    memory: float = 0.55


class Counters:
    """Everything that /metrics shows.  Kept as fractions; shown as whole numbers."""

    def __init__(self):
        self.codes = {"200": 0.0, "404": 0.0, "500": 0.0}
        self.buckets = [0.0] * len(BOUNDS)
        self.seconds = 0.0
        self.cpu = {"idle": 0.0, "user": 0.0, "system": 0.0, "iowait": 0.0}
        self.available = MEMORY

    def advance(self, load, seconds):
        requests = RATE * seconds if load.up else 0
        for code, share in (("500", load.errors), ("404", 0.002), ("200", 0.998 - load.errors)):
            self.codes[code] += requests * share
        for i, share in enumerate(PROFILES[load.profile]):
            self.buckets[i] += requests * share
        self.seconds += requests * MEAN[load.profile]
        for mode, share in (("idle", 1 - load.cpu), ("user", load.cpu * 0.8),
                            ("system", load.cpu * 0.18), ("iowait", load.cpu * 0.02)):
            self.cpu[mode] += seconds * share
        self.available = int(MEMORY * (1 - load.memory))

    def text(self):
        lines = []
        for name, samples in self._families():
            kind, about = HELP[name]
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", *samples]
        return "\n".join(lines) + "\n"

    def samples(self):
        return [sample for _, samples in self._families() for sample in samples]

    def _families(self):
        yield "http_requests_total", [
            f'http_requests_total{{code="{code}"}} {int(n)}' for code, n in self.codes.items()]
        yield "http_request_duration_seconds", self._histogram("http_request_duration_seconds")
        yield "node_cpu_seconds_total", [
            f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {n:.3f}'
            for cpu in range(CPUS) for mode, n in self.cpu.items()]
        yield "node_memory_MemTotal_bytes", [f"node_memory_MemTotal_bytes {MEMORY}"]
        yield "node_memory_MemAvailable_bytes", [f"node_memory_MemAvailable_bytes {self.available}"]

    def _histogram(self, name):
        lines = [f'{name}_bucket{{le="{bound}"}} {int(n)}' for bound, n in zip(BOUNDS, self.buckets)]
        total = int(self.buckets[-1])
        return lines + [f'{name}_bucket{{le="+Inf"}} {total}',
                        f"{name}_sum {self.seconds:.3f}", f"{name}_count {total}"]


def with_labels(sample, labels, at):
    """A line of /metrics as the server stores it: with the target's labels and a time."""
    name, value = sample.rsplit(" ", 1)
    inside = name[name.index("{") + 1:-1] + "," if "{" in name else ""
    return f"{name.split('{')[0]}{{{inside}{labels}}} {value} {at}"


class Site(Handler):
    """One handler for every face of the app; `server.routes` says what each answers."""

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.app.requests.append((self.command, path))
        route = self.server.routes.get(path)
        if path in self.server.app.overrides:
            self.answer(*self.server.app.overrides[path])
        elif not route:
            self.answer(404, {"error": "not found"})
        else:
            self.answer(*route(self.server.app))

    do_HEAD = do_GET


def health(app):
    if not app.load.up:
        return 503, {"status": "down"}
    time.sleep({"fast": 0, "slow": 0.3, "awful": 1}[app.load.profile])
    return 200, {"status": "ok", "service": "flight-search", "version": app.version()}


def metrics(app):
    if not app.load.up:
        return 503, "down\n", "text/plain"
    return 200, app.counters.text(), "text/plain; version=0.0.4"


def page(app):
    return (200, "<h1>Flight Search</h1>\n", "text/html") if app.load.up else (503, "down\n", "text/plain")


API = {"/api/health": health, "/health": health, "/metrics": metrics}
SITE = {"/": page, "/health": health}
UPSTREAM = {"/health": lambda app: (200, {"status": "ok"})}
GRAFANA = {"/api/health": lambda app: (200, {"commit": "e7a1c2", "database": "ok", "version": "9.3.2"})}


class App:
    """The backend, the frontend, and the two neighbours that only need a health page."""

    def __init__(self, rule, version):
        """`rule()` gives the Load; `version()` the image tag that answers."""
        self.rule = rule
        self.version = version
        self.load = Load()
        self.played_until = 0.0  # until when the history already says what happens
        self.counters = Counters()
        self.requests = deque(maxlen=5000)
        self.overrides = {}  # path -> (status, body): what a test wants to be answered
        self.ended = threading.Event()
        self.servers = []

    def serve(self, routes, tls=None):
        server = Server(Site, tls, app=self, routes=routes).start()
        self.servers.append(server)
        return server

    def history(self, seconds, labels):
        """The last minutes as OpenMetrics text, as if Prometheus had been there: a sample a second.

        It goes LEAD seconds into the future, because a new Prometheus waits that long before its first scrape.
        """
        self.load = self.rule()
        now = int(time.time())
        self.played_until = time.monotonic() - (time.time() - now) + LEAD
        lines = []
        for at in range(now - seconds, now + LEAD + 1):
            self.counters.advance(self.load, 1)
            lines.append(f"up{{{labels}}} {int(self.load.up)} {at}")
            if self.load.up:
                lines += [with_labels(sample, labels, at) for sample in self.counters.samples()]
        return "\n".join(lines) + "\n# EOF\n"

    def start(self):
        threading.Thread(target=self._traffic, daemon=True).start()

    def _traffic(self):
        before = self.played_until
        while not self.ended.wait(TICK):
            now = time.monotonic()
            self.load = self.rule()
            if now > before:
                self.counters.advance(self.load, now - before)
                before = now

    def stop(self):
        self.ended.set()
        for server in self.servers:
            server.stop()
