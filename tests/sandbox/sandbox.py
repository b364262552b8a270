"""A sandbox: all parts of the platform, started together and taken away together.

Invariant: after `stop`, and after a start that failed, no process, no port and
no file of it is left; the keeper sees to that when we are killed.
"""
import functools
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time

from . import backups, platform_file, scenarios, scripts
from .app import API, GRAFANA, SITE, UPSTREAM, App
from .certs import Certificates
from .faults import Door, tcp, unix
from .kube import BAD, Kube
from .kube.store import moment
from .postgres import DATABASE, USER, Postgres
from .process import Keeper, StartError, find_program, sweep
from .prometheus import Prometheus
from .redis import Redis
from .s3 import S3
from .webhooks import Webhooks

PROGRAMS = ("kubectl", "psql", "openssl", "redis-server", "prometheus", "promtool")
PODS = {"postgres": "postgres", "redis": "redis", "prometheus": "prometheus", "grafana": "grafana",
        "flight-search-backend": "api_plain", "flight-search-frontend": "site_plain"}
# What can be wrong with one part beside what can be wrong with any.
OWN_MODES = {
    ("kube", "forbidden"): lambda sandbox: sandbox.kube.forbid("*"),
    ("kube", "forbid-reads"): lambda sandbox: sandbox.kube.forbid("read"),
    ("kube", "unauthorized"): lambda sandbox: sandbox.kube.lock_out(),
    ("postgres", "recovering"): lambda sandbox: sandbox.postgres.recover(True)}
WAYS = ("proxy", "dns", "certificate")
OLD_MINOR = 20  # the last kubectl that wants cron jobs as v1beta1
HISTORY = 6 * 60  # seconds of metrics from before the start; more than the longest window


class Sandbox:
    def __init__(self, scenario="healthy", folder=None, tunnels=False, old_apis=None):
        """`tunnels`: database and cache are given as in production, behind `kubectl port-forward`.

        `old_apis`: the cluster is of 1.20's age, with groups that are gone since; by default only where kubectl is."""
        if scenario not in scenarios.SCENARIOS:
            raise ValueError(f"no scenario {scenario!r}; there are: {', '.join(scenarios.SCENARIOS)}")
        self.name = scenario
        self.scenario = scenarios.SCENARIOS[scenario]
        self.folder = folder
        self.tunnels = tunnels
        self.old_apis = kubectl_minor() <= OLD_MINOR if old_apis is None else old_apis
        self.bad_images = {BAD}
        self.doors = {}
        self.processes = {}
        self.starting = []
        self.stopped = set()  # parts whose process is stopped (SIGSTOP)
        self.forced = {}  # see `feel`
        self.way = self.scenario.way  # see `cut_off`
        self.undo = []  # what `stop` has to do, last first

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for program in PROGRAMS:
            find_program(program)
        self._make_folder()
        try:
            self._start_parts()
            self._open_doors()
            self._write_files()
        except BaseException:
            self.stop()
            raise
        return self

    def _make_folder(self):
        if self.folder is None:
            self.folder = tempfile.mkdtemp(prefix="fsops-sandbox-")
        self.folder = os.path.abspath(self.folder)
        check_reachable(os.path.dirname(self.folder))
        os.makedirs(self.folder, exist_ok=True)
        if os.listdir(self.folder):
            raise StartError(f"{self.folder} is not empty")
        # Servers run as another user when we are root: they may pass, not look.
        os.chmod(self.folder, stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
        self.keeper = Keeper(self.folder)

    def _start_parts(self):
        """The slow ones at the same time; the app needs the cluster, Prometheus the app."""
        self.postgres = self._part(Postgres(self.folder))
        self.redis = self._part(Redis(self.folder, self.scenario.hit_rate))
        self.starting = [Starting(self.postgres.start), Starting(self.redis.start)]
        self.s3, self.webhooks = self._part(S3(self.folder)), self._part(Webhooks())
        self.s3.start()
        self.webhooks.start()
        self.certificates = Certificates(self.folder)
        self._start_cluster()
        self._start_app()
        self.prometheus = self._part(Prometheus(self.folder))
        self.prometheus.remember(lambda labels: self.app.history(HISTORY, labels), self.metrics_server.port)
        self.app.start()
        self.prometheus.launch(self.metrics_server.port)
        for part in self.starting:
            part.wait()
        self.processes = {p: getattr(self, p) for p in ("postgres", "redis", "prometheus")}
        scenarios.prepare_backups(self)
        self.scenario.after(self)

    def _part(self, part):
        self.undo.append(part.stop)
        return part

    def _start_cluster(self):
        self.kube = Kube(lambda: self.app.load, self.scenario.certificate_days, self.scenario.failed_nights,
                         self.old_apis)
        self.kube.logs.bad_images = self.bad_images
        self.scenario.before(self)
        cluster = self.kube.cluster
        cluster.on_start.update(postgres=self.postgres.restart, redis=self.redis.restart)
        cluster.on_renew = self.renew_certificate
        cluster.on_job.update({"postgres-backup": backups.postgres_job(self), "redis-backup": backups.redis_job(self)})
        self.kube.start(self.certificates.context("kube", 30))
        self.undo.append(self.kube.stop)

    def _start_app(self):
        self.app = self._part(App(lambda: scenarios.load(self), self._version))
        # What cert-manager says of it and what is shown are one certificate.
        ends = self.kube.state("certificates", "flight-search-tls")["status"]["notAfter"]
        self.site_tls = self.certificates.context("site", end=moment(ends))
        serve = self.app.serve
        self.metrics_server = serve(API)
        self.servers = {
            "api": serve(API, self.site_tls), "site": serve(SITE, self.site_tls), "site_plain": serve(SITE),
            "upstream": serve(UPSTREAM), "grafana": serve(GRAFANA),
            "expired": serve(API, self.certificates.context("expired", -1)),
            "stranger": serve(API, self.certificates.context("stranger-site", 60, "stranger"))}

    def _version(self):
        images = self.kube.ready_images(scenarios.BACKEND)
        return images[0].split(":")[1] if images else "none"

    def _open_doors(self):
        behind = {"kube": tcp(self.kube.server.http.port), "api_plain": tcp(self.metrics_server.port),
                  "prometheus": tcp(self.prometheus.port), "postgres": unix(self.postgres.socket),
                  "redis": unix(self.redis.socket), "s3": tcp(self.s3.server.port),
                  "webhooks": tcp(self.webhooks.server.port),
                  **{name: tcp(server.port) for name, server in self.servers.items()}}
        for name, connect in behind.items():
            self.doors[name] = self._part(Door(name, connect))
        self.doors["proxy"] = self._part(Door("proxy", tcp(0)))
        self.doors["proxy"].set_mode("refuse")
        self._open_pods()

    def _open_pods(self):
        """What `kubectl port-forward` and `kubectl exec` reach in which pod."""
        streams = self.kube.streams
        streams.reach.update({app: tcp(self.port(part)) for app, part in PODS.items()})
        database = {**os.environ, "PGHOST": self.postgres.home, "PGUSER": USER,
                    "PGPASSWORD": self.postgres.password}
        streams.programs.update({
            "psql": (["psql", "-X"], database), "pg_isready": (["pg_isready"], database),
            "redis-cli": (["redis-cli", "-s", self.redis.socket], dict(os.environ))})

    # Where things are

    def port(self, part):
        return self.doors[part].port

    def address(self, part, scheme):
        # The certificates are for both names; TLS clients should see one that DNS could give.
        host = "localhost" if scheme == "https" else "127.0.0.1"
        if self.way == "dns" and part in ("api", "site"):
            host = f"{part}.flight-search.invalid"
        return f"{scheme}://{host}:{self.port(part)}"

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def conninfo(self):
        return f"host=127.0.0.1 port={self.port('postgres')} user={USER} dbname={DATABASE}"

    @property
    def platform(self):
        return os.path.join(self.runbooks, "platform.yaml")

    @property
    def runbooks(self):
        """The product's runbooks beside the sandbox's platform.yaml: all that `fsops` needs to be told."""
        return self.path("runbooks")

    @property
    def recovery(self):
        """The disaster recovery folder, with its two scripts."""
        return self.path("disaster-recovery")

    def failed_over(self):
        done = os.path.exists(os.path.join(self.recovery, scripts.MARK))
        if done:
            self.kube.cluster.crashing.discard(scenarios.BACKEND)
        return done

    @property
    def settings(self):
        """The variables that env.sh exports."""
        access, secret = next(iter(self.s3.credentials.items()))
        hook = self.address("webhooks", "http")
        return {
            "KUBECONFIG": self.path("kubeconfig"), "KUBECACHEDIR": self.path("kube-cache"),
            "PGPASSFILE": self.path("pgpass"),
            "AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": self.s3.region,
            "AWS_REGION": self.s3.region, "AWS_EC2_METADATA_DISABLED": "true",
            "SSL_CERT_FILE": self.certificates.bundle, "CURL_CA_BUNDLE": self.certificates.bundle,
            "FSOPS_RUNBOOKS": self.runbooks, "XDG_STATE_HOME": self.path("state"), "SANDBOX_DIR": self.folder,
            "SANDBOX_POSTGRES": self.conninfo,
            "FSOPS_SLACK_WEBHOOK": f"{hook}/slack", "FSOPS_PAGERDUTY_URL": f"{hook}/pagerduty",
            "FSOPS_PAGERDUTY_KEY": "sandbox-routing-key", "FSOPS_PING_URL": f"{hook}/ping", "FSOPS_STATUS_PAGE_URL": f"{hook}/status-page",
            "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost", **self._detour()}

    def _detour(self):
        """What differs in the environment while the way out of this machine is broken."""
        if self.way == "proxy":  # only what is called localhost goes there: api and site
            proxy = f"http://127.0.0.1:{self.port('proxy')}"
            return {"https_proxy": proxy, "HTTPS_PROXY": proxy, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        if self.way == "certificate":
            return {"SSL_CERT_FILE": self.certificates.stranger, "CURL_CA_BUNDLE": self.certificates.stranger}
        return {}

    def cut_off(self, how):
        """Break the way to api and site from this machine alone: a "proxy" that is down, a name that no "dns" knows, a
        "certificate" of an authority that this machine does not trust.  None ends it.

        Take `env` anew afterwards."""
        if how not in (None, *WAYS):
            raise ValueError(f"no way {how!r}; there are: {', '.join(WAYS)}")
        self.way = how
        platform_file.rewrite(self, self.runbooks)
        self._write_env()

    @property
    def env(self):
        """The environment for a program that uses the sandbox."""
        return {**os.environ, **self.settings}

    def feel(self, **values):
        """Force parts of the Load: `feel(errors=0.03, cpu=0.9)`; `feel()` ends it."""
        self.forced = values

    def _write_files(self):
        self.postgres.write_passfile(self.path("pgpass"))
        self.use_context("prod")
        scripts.write(self.recovery, os.path.dirname(self.s3.path(backups.BUCKET, backups.LATEST)),
                      self.conninfo, self.path("pgpass"))
        os.makedirs(self.path("state"))
        platform_file.write(self, self.runbooks)
        self._write_env()
        with open(self.path("state.json"), "w") as f:
            json.dump(self.state(), f, indent=1)

    def _write_env(self):
        with open(self.path("env.sh"), "w") as f:
            f.writelines(f"export {k}='{v}'\n" for k, v in self.settings.items())

    def use_context(self, name):
        """Write the kubeconfig with `name` as its current context."""
        with open(os.open(self.path("kubeconfig"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(self.kube.kubeconfig(self.port("kube"), self.certificates.ca, name))

    def state(self):
        """What state.json holds."""
        return {"scenario": self.name, "about": self.scenario.about, "repair": self.scenario.repair,
                "pid": os.getpid(), "folder": self.folder, "platform": self.platform,
                "runbooks": self.runbooks, "recovery": self.recovery, "ca": self.certificates.ca,
                "postgres": self.conninfo,
                "ports": {name: door.port for name, door in self.doors.items()}, "env": self.settings,
                "broken": {**{name: door.mode for name, door in self.doors.items() if door.mode},
                           **{name: "stop" for name in self.stopped}}}

    # Breaking and healing

    def break_part(self, part, mode):
        """Break a part (a name in `doors`) in one of faults.MODES, or "stop" its process (SIGSTOP)."""
        door = self._door(part)
        if mode == "stop" and part in self.processes:
            self.stopped.add(part)
            self.processes[part].process.send(signal.SIGSTOP)
        elif (part, mode) in OWN_MODES:
            OWN_MODES[part, mode](self)
        else:
            # A part without a process of its own hangs when it is stopped.
            door.set_mode("hang" if mode == "stop" else mode)

    def heal(self, part):
        self._door(part).set_mode(None)
        self.stopped.discard(part)
        if part in self.processes:
            self.processes[part].process.send(signal.SIGCONT)
        if part == "kube":
            self.kube.allow_all()
        if part == "postgres" and self.postgres.recovering:
            self.postgres.recover(False)

    def _door(self, part):
        if part not in self.doors:
            raise ValueError(f"no part {part!r}; there are: {', '.join(self.doors)}")
        return self.doors[part]

    def renew_certificate(self, days=90, end=None):
        """Api and site show a certificate that ends in `days`, or at `end`."""
        self.certificates.renew(self.site_tls, "site", end or time.time() + days * 86400)

    def keep_certificate(self):
        """What ends TLS for api and site goes on with the certificate that it has, whatever is issued."""
        self.kube.cluster.on_renew = None

    def kubectl(self, *words, check=True):
        """Run kubectl; its output."""
        done = subprocess.run(["kubectl", *words], env=self.env, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def warm_discovery(self):
        """From now on kubectl knows the cluster's types without asking for them."""
        self.kubectl("api-resources")

    def stop(self):
        while self.undo:
            self.undo.pop()()
        sweep(self.folder)
        for part in self.starting:
            part.thread.join()  # a start that was broken off: it may have begun one more process
        sweep(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.keeper.dismiss()


@functools.lru_cache(maxsize=None)
def kubectl_minor():
    """The machine's kubectl is of 1.…"""
    said = subprocess.run([find_program("kubectl"), "version", "--client", "-o", "json"], capture_output=True,
                          timeout=20).stdout
    return int(json.loads(said)["clientVersion"]["minor"].rstrip("+"))


def check_reachable(folder):
    """When we are root the servers are not: every folder above must let them pass."""
    while os.geteuid() == 0 and folder != "/":
        if os.path.isdir(folder) and not os.stat(folder).st_mode & stat.S_IXOTH:
            raise StartError(f"{folder} lets only its owner in, and PostgreSQL does not run as root; "
                             "use another folder")
        folder = os.path.dirname(folder)


class Starting:
    """Something that starts in a thread; `wait` raises what went wrong there."""

    def __init__(self, function):
        self.error = None
        self.thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self.thread.start()

    def _run(self, function):
        try:
            function()
        except Exception as e:  # handed over to whoever waits
            self.error = e

    def wait(self):
        self.thread.join()
        if self.error:
            raise self.error
