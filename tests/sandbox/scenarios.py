"""The situations that a sandbox can start in, as one table.

A scenario is a few settings and, where needed, a function that runs once all
parts are up.  What people then notice follows from the real state by `load`:
repairing the state repairs the platform.
"""
import time
from dataclasses import dataclass, replace

from . import backups
from .app import Load
from .kube import BAD, fixtures
from .redis import HEALTHY, POOR

BACKEND = "flight-search-backend"
BAD_ERRORS = 0.08
HELD = 86  # of 100 connections
DAY = 86400
CRASHED_FOR = 480  # seconds


def nothing(_sandbox):
    pass


@dataclass
class Scenario:
    about: str
    repair: str
    needs_backends: int = 1      # with fewer that are ready, answers are slow
    slow: str = "fast"           # how slow
    needs_failover: bool = False
    hit_rate: float = HEALTHY
    certificate_days: float = 60
    failed_nights: int = 0       # so many nights have no backup, the last one among them
    way: str = None              # how this machine is cut off from the platform
    torn: bool = False           # the newest backup is cut off in the middle
    before: object = nothing     # what happened to the cluster before anybody looks
    after: object = nothing      # what happens once all parts are up


def bad_release(sandbox):
    fixtures.release(sandbox.kube.cluster, 7 * 60, BAD)


def leak_connections(sandbox):
    sandbox.postgres.hold(HELD)


def crash_backends(sandbox):
    with sandbox.kube.cluster.past(CRASHED_FOR):
        sandbox.kube.cluster.crashing.add(BACKEND)


SCENARIOS = {
    "healthy": Scenario("everything inside its baseline", "-"),
    "error-rate": Scenario("a bad release, 7 minutes old, answers 500 to 8 %",
                           f"kubectl rollout undo deployment/{BACKEND}", before=bad_release),
    "latency": Scenario("p95 is about 2.6 s and CPU is high", f"kubectl scale deployment {BACKEND} --replicas=5",
                        needs_backends=5, slow="slow"),
    "crawl": Scenario("as latency, but p95 is about 8.8 s", f"kubectl scale deployment {BACKEND} --replicas=5",
                      needs_backends=5, slow="awful"),
    "database": Scenario(f"a leaking pool holds {HELD} of 100 connections",
                         "kubectl rollout restart deployment/postgres", after=leak_connections),
    "outage": Scenario("the app is down, its pods crash", "./failover-procedure.sh",
                       needs_failover=True, before=crash_backends),
    "cache": Scenario("only 40 % of the cache's reads hit", "kubectl rollout restart deployment/redis",
                      hit_rate=POOR),
    "stale-backup": Scenario("the backup jobs of three nights failed",
                             "kubectl create job --from=cronjob/postgres-backup NAME", failed_nights=3),
    "torn-backup": Scenario("the newest backup is cut off in the middle",
                            "kubectl create job --from=cronjob/postgres-backup NAME", torn=True),
    "certificate": Scenario("the certificate ends in 5 days", "kubectl delete secret flight-search-tls",
                            certificate_days=5),
    "cut-off-proxy": Scenario("all is well, but this machine's proxy is down", "unset https_proxy", way="proxy"),
    "cut-off-dns": Scenario("all is well, but this machine's DNS does not know the names of api and site",
                            "another resolver", way="dns"),
    "cut-off-certificate": Scenario("all is well, but this machine does not trust the certificates that it is shown",
                                    "SSL_CERT_FILE=DIR/tls/ca.crt", way="certificate"),
}


def load(sandbox):
    """What the platform feels, from what is true at the moment."""
    scenario = sandbox.scenario
    down = scenario.needs_failover and not sandbox.failed_over()
    images = sandbox.kube.ready_images(BACKEND)
    if down or not images:
        return Load(up=False, cpu=0.05, memory=0.30)
    felt = Load(memory=0.55)
    bad = sum(image in sandbox.bad_images for image in images) / len(images)
    if bad:
        felt = replace(felt, errors=BAD_ERRORS * bad)
    if len(images) < scenario.needs_backends:
        felt = replace(felt, profile=scenario.slow, cpu=0.92)
    elif scenario.needs_backends > 1:
        felt = replace(felt, cpu=0.92 * (scenario.needs_backends - 2) / len(images))
    return replace(felt, **sandbox.forced)


def prepare_backups(sandbox):
    now = time.time()
    backups.fill(sandbox, now - sandbox.scenario.failed_nights * DAY, sandbox.scenario.torn)
