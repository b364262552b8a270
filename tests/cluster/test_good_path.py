"""Every runbook where nothing hinders it: it ends well, and did what it is for."""
import threading
import time

import pytest
from helpers import SHIPPED, wait_until
from objects import BACKEND, FRONTEND
from runs import Run, busy, images, replicas, snapshot

# Those that find something in any cluster: no image scanner here, bindings to cluster-admin, tables that are skipped.
WARNS = ("security-checks", "weekly-maintenance", "monthly-maintenance")
PATIENCE = 120
ASKS = {"cluster-update": 77}  # a person, before anything
CHANGE_NOTHING = ("overview", "daily-health-check", "dashboards", "performance-review", "security-checks",
                  "verify-backup", "complete-outage", "database-issues", "high-error-rate", "high-response-time",
                  "cluster-update")


@pytest.mark.parametrize("book", CHANGE_NOTHING)
def test_a_platform_that_is_well_stays_as_it_is(around, book):
    run = Run(around, book).go()
    assert run.result.status <= (book in WARNS) or run.result.status == ASKS.get(book), str(run)
    assert run.changed() == {} and run.lies() == [], str(run)


def test_deploy(cluster):
    run = Run(cluster, "deploy").go()
    assert run.result.status == 0, str(run)
    assert images(cluster) == images(cluster, FRONTEND) == {"v1.2.0"}, str(run)


def test_rollback(cluster):
    cluster.apply("v1.1.5")
    cluster.rolled_out()
    run = Run(cluster, "rollback").go()
    assert run.result.status == 0, str(run)
    assert images(cluster) == images(cluster, FRONTEND) == {"v1.1.4"}, str(run)


def test_high_error_rate_takes_the_bad_release_back(cluster):
    cluster.bad_images.add("flight-search/backend:v1.1.9")
    cluster.apply("v1.1.9")
    cluster.rolled_out()
    all_, failed = ('sum(rate(http_requests_total{job="flight-search-backend"%s}[10s]))' % more
                    for more in ("", ',code=~"5.."'))
    share = f"{failed} / {all_} > 0.06"
    wait_until(lambda: cluster.prometheus.value(share) is not None, "it fails")
    run = Run(cluster, "high-error-rate").go()
    assert run.result.status == 0, str(run)
    assert images(cluster) == {"v1.1.4"}, str(run)


def test_high_response_time_scales(cluster):
    busy(cluster)
    run = Run(cluster, "high-response-time").go()
    assert (replicas(cluster), replicas(cluster, FRONTEND)) == (5, 4), str(run)
    assert run.lies() == [], str(run)


def test_backup(cluster):
    run = Run(cluster, "backup").go()
    assert run.result.status == 0, str(run)
    assert len([k for k in run.changed() if k.startswith("job ")]) == 2, str(run)


@pytest.mark.parametrize("book", ["restore-database", "recover-application"])
def test_recovery(cluster, book):
    run = Run(cluster, book).go()
    assert run.result.status == 0, str(run)
    assert replicas(cluster) == 3 and cluster.postgres.query("SELECT count(*) FROM bookings")[0][0] != "0"


def test_monthly_maintenance(cluster):
    run = Run(cluster, "monthly-maintenance").go()
    assert run.result.status <= 1, str(run)
    assert "secret flight-search-secrets" in run.changed(), str(run)
    assert f"deployment {BACKEND}" in run.changed(), str(run)


def test_weekly_maintenance_keeps_what_rollback_goes_to(cluster):
    for release in ("v1.1.5", "v1.1.6", "v1.1.7"):
        cluster.apply(release)
        cluster.rolled_out()
    run = Run(cluster, "weekly-maintenance").go()
    assert run.result.status <= 1 and run.lies() == [], str(run)
    back = Run(cluster, "rollback").go()
    assert back.result.status == 0 and images(cluster) == {"v1.1.6"}, f"{run}{back}"


def test_security_incident_isolates(cluster):
    run = Run(cluster, "security-incident").go()
    assert run.result.status == 0 and run.lies() == [], str(run)
    assert run.changed() != {}, str(run)


def test_cluster_update_empties_one_node_and_opens_it(cluster):
    node = [name for name in snapshot(cluster) if name.startswith("node ")][-1].split()[1]
    run = Run(cluster, "cluster-update", node=node)
    person = run.terminal()
    deadline = time.monotonic() + PATIENCE
    try:
        while "run finished" not in person.seen and person.read(30) and time.monotonic() < deadline:
            if person.seen[person.looked:].count("[a]bort [?] "):
                person.looked = len(person.seen)
                person.type("d\n")
    finally:
        status = person.end(60)
    assert status == 0, person.seen
    assert not cluster.ask("get", "node", node, "-o", "jsonpath={.spec.unschedulable}"), person.seen


class CertManager(threading.Thread):
    """Issues the certificate once it is asked to by the condition `Issuing`, where no cert-manager runs."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster, self.over, self.asked = cluster, threading.Event(), 0

    def run(self):
        while not self.over.wait(0.5):
            found = self.cluster.json("certificate", "flight-search-tls").get("status", {}).get("conditions", [])
            if any(c["type"] == "Issuing" and c["status"] == "True" for c in found):
                self.asked += 1
                self.cluster.certify(90)


def test_renew_certificate(cluster):
    cluster.certify(5)
    manager = CertManager(cluster)
    manager.start()
    run = Run(cluster, "renew-certificate").go()
    manager.over.set()
    manager.join()
    assert run.result.status == 0 and run.lies() == [] and manager.asked == 1, str(run)
    assert run.result.action("served_now")["outcome"] == "passed", str(run)


def test_every_runbook_has_its_good_path():
    """One that is new comes here, too."""
    here = open(__file__).read()
    assert [book for book in SHIPPED if f'"{book}"' not in here] == []
