"""The sandbox itself, seen through the real clients: each scenario shows its fault and is repaired by its
repair command, each part breaks and heals, and nothing is left behind."""
import os
import pathlib
import pwd
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import botocore.exceptions
import botocore.session
import pytest

from sandbox import SCENARIOS, Sandbox, StartError
from sandbox import process as processes
from sandbox.backups import BUCKET
from sandbox.kube import BAD, GOOD

ERRORS = '100 * sum(rate(http_requests_total{code=~"5.."}[5s])) / sum(rate(http_requests_total[5s]))'
P95 = "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5s])))"
CPU = '100 * (1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5s])))'
MEMORY = "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)"
UP = "up"
RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sandbox", "run.py")
BACKEND = "flight-search-backend"


def wait_until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def run(sb, *argv, seconds=20):
    return subprocess.run(argv, env=sb.env, capture_output=True, text=True, timeout=seconds)


def curl(sb, url, *options):
    return run(sb, "curl", "-sS", "--max-time", "3", *options, url)


def psql(sb, sql, conninfo=None):
    return run(sb, "psql", "-XtA", conninfo or sb.conninfo, "-c", sql)


def redis(sb, *words):
    return run(sb, "redis-cli", "-p", str(sb.port("redis")), *words)


def connections(sb):
    return float(psql(sb, "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity "
                          "WHERE backend_type = 'client backend'").stdout)


def hit_rate(sb):
    stats = dict(line.split(":") for line in redis(sb, "info", "stats").stdout.split() if ":" in line)
    hits, misses = int(stats["keyspace_hits"]), int(stats["keyspace_misses"])
    return 100 * hits / (hits + misses)


def s3(sb, secret=None):
    client = botocore.session.get_session().create_client(
        "s3", region_name=sb.s3.region, endpoint_url=sb.address("s3", "http"),
        aws_access_key_id=sb.settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or sb.settings["AWS_SECRET_ACCESS_KEY"])
    return client


def newest_backup(sb):
    found = s3(sb).list_objects_v2(Bucket=BUCKET, Prefix="postgres-backups/")["Contents"]
    return max(found, key=lambda o: o["LastModified"])


def backup_age(sb):
    return time.time() - newest_backup(sb)["LastModified"].timestamp()


def backup_is_whole(sb):
    body = s3(sb).get_object(Bucket=BUCKET, Key=newest_backup(sb)["Key"])["Body"].read()
    return subprocess.run(["gzip", "-t"], input=body, capture_output=True).returncode == 0


def certificate_days(sb):
    port = sb.port("api")
    shown = subprocess.run(f"openssl s_client -connect localhost:{port} </dev/null 2>/dev/null "
                           "| openssl x509 -noout -enddate", shell=True, capture_output=True, text=True).stdout
    end = time.strptime(shown.strip().split("=")[1], "%b %d %H:%M:%S %Y %Z")
    return (time.mktime(end) - time.time()) / 86400


# Scenarios: what is wrong, the repair, and the same look afterwards.

def kubectl(*words):
    return lambda sb: sb.kubectl(*words)


def fail_over(sb):
    done = subprocess.run(["./failover-procedure.sh"], cwd=sb.recovery, env=sb.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def make_backup(sb):
    sb.kubectl("create", "job", "--from=cronjob/postgres-backup", "by-hand")
    sb.kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=20s")


CASES = {
    "error-rate": (lambda sb: sb.prometheus.value(ERRORS), lambda v: 7 < v < 9, lambda v: v < 0.1,
                   kubectl("rollout", "undo", f"deployment/{BACKEND}")),
    "latency": (lambda sb: sb.prometheus.value(P95), lambda v: 2 < v < 5, lambda v: v < 0.5,
                kubectl("scale", "deployment", BACKEND, "--replicas=5")),
    "crawl": (lambda sb: sb.prometheus.value(P95), lambda v: v > 5, lambda v: v < 0.5,
              kubectl("scale", "deployment", BACKEND, "--replicas=5")),
    "outage": (lambda sb: sb.prometheus.value(UP), lambda v: v == 0, lambda v: v == 1, fail_over),
    "database": (connections, lambda v: 80 < v < 95, lambda v: v < 20,
                 kubectl("rollout", "restart", "deployment/postgres")),
    "cache": (hit_rate, lambda v: 38 < v < 42, lambda v: v > 90,
              kubectl("rollout", "restart", "deployment/redis")),
    "stale-backup": (backup_age, lambda v: v > 2 * 86400, lambda v: v < 60, make_backup),
    "torn-backup": (backup_is_whole, lambda v: not v, lambda v: v, make_backup),
    "certificate": (certificate_days, lambda v: 4 < v < 6, lambda v: v > 80,
                    kubectl("delete", "secret", "flight-search-tls")),
}


def test_every_scenario_has_a_case():
    cut_off = {name for name, scenario in SCENARIOS.items() if scenario.way}  # in test_sandbox_kube.py
    assert set(CASES) | {"healthy"} | cut_off == set(SCENARIOS)


@pytest.mark.parametrize("name", CASES)
def test_scenario_shows_its_fault_and_is_repaired(sandbox, name):
    look, is_wrong, is_well, repair = CASES[name]
    sb = sandbox(name)
    assert is_wrong(look(sb))
    repair(sb)

    def well():
        try:
            return is_well(look(sb))
        except (ArithmeticError, ValueError, AttributeError, KeyError, TypeError):
            return False  # the server is just restarting
    wait_until(well)


def test_healthy_is_inside_its_baseline(healthy):
    value = healthy.prometheus.value
    assert value(ERRORS) < 0.1
    assert value(P95) < 0.5
    assert value(CPU) < 70
    assert value(MEMORY) < 80
    assert value(UP) == 1
    assert connections(healthy) < 80
    assert hit_rate(healthy) > 90
    assert backup_age(healthy) < 26 * 3600
    assert backup_is_whole(healthy)
    assert certificate_days(healthy) > 30


def test_outage_is_seen_everywhere(sandbox):
    sb = sandbox("outage")
    assert curl(sb, sb.address("api", "https") + "/api/health", "-f").returncode == 22
    assert "CrashLoopBackOff" in sb.kubectl("get", "pods")
    fail_over(sb)
    wait_until(lambda: curl(sb, sb.address("api", "https") + "/api/health", "-f").returncode == 0)
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=20s")


def test_a_broken_release_shows_in_logs_and_history(sandbox):
    sb = sandbox("error-rate")
    assert sb.kube.image(BACKEND) == BAD
    assert "ERROR" in sb.kubectl("logs", f"deployment/{BACKEND}", "--tail=100")
    sb.kubectl("rollout", "undo", f"deployment/{BACKEND}")
    sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=20s")
    assert sb.kube.ready_images(BACKEND) == [GOOD] * 3
    assert [(m.verb, m.resource, m.name) for m in sb.kube.mutations] == [("patch", "deployments", BACKEND)]


# Kubernetes: the document's commands.

READS = [
    "get nodes", "get nodes -o wide", "get pods", "get services", "cluster-info", "get pods -n ingress-nginx",
    f"logs deployment/{BACKEND} --tail=100", f"logs --previous deployment/{BACKEND}",
    f"logs deployment/{BACKEND} --since=168h", "logs deployment/postgres --tail=50",
    f"rollout history deployment/{BACKEND}", f"rollout status deployment/{BACKEND}",
    "top pod", "top pods", "top nodes", "describe pod -l app=postgres", "get pvc", "get jobs", "get certificates",
    "describe certificate flight-search-tls", "get all", "get all -o yaml", "get all --all-namespaces -o yaml",
    "get rolebindings", "get clusterrolebindings", "get secrets", "describe secret flight-search-secrets",
    "get events", "get rs", "get cronjobs", "get ingress", "describe node node-1", f"describe deployment {BACKEND}",
    "version", "api-resources", "get pods -o json", "get deployment postgres -o yaml",
    "wait --for=condition=ready pod -l app=postgres --timeout=5s",
]


@pytest.mark.parametrize("words", READS)
def test_kubectl_reads(healthy, words):
    assert healthy.kubectl(*words.split())


# Each is a story: the next command stands on what the last one did.
STORIES = {
    "deploy": [
        "create job --from=cronjob/postgres-backup pre-deploy-backup",
        "wait --for=condition=complete job/pre-deploy-backup --timeout=20s",
        f"set image deployment/{BACKEND} backend=flight-search/backend:v1.2.0",
        f"rollout status deployment/{BACKEND} --timeout=20s",
        "run migration-job --image=flight-search/backend:v1.2.0 --rm -it --restart=Never -- npm run migrate",
        "set image deployment/flight-search-frontend frontend=flight-search/frontend:v1.2.0",
        "rollout status deployment/flight-search-frontend --timeout=20s",
        f"rollout undo deployment/{BACKEND}", f"rollout status deployment/{BACKEND} --timeout=20s",
    ],
    "scale": [
        f"scale deployment {BACKEND} --replicas=6", f"rollout status deployment/{BACKEND} --timeout=20s",
        f"scale deployment {BACKEND} --replicas=0", f"wait --for=delete pod -l app={BACKEND} --timeout=20s",
        f"scale deployment {BACKEND} --replicas=3", f"rollout status deployment/{BACKEND} --timeout=20s",
    ],
    "maintain": [
        "delete jobs --field-selector status.successful=1", "delete rs --all --cascade=false",
        'patch secret flight-search-secrets -p={"data":{"JWT_SECRET":"bmV3"}}',
        f"rollout restart deployment/{BACKEND}", f"rollout status deployment/{BACKEND} --timeout=20s",
        'patch ingress flight-search-ingress --patch={"metadata":{"annotations":{"nginx.ingress.kubernetes.io/'
        'whitelist-source-range":"10.0.0.0/8"}}}',
    ],
    "nodes": [
        "cordon node-3", "uncordon node-3", "drain node-2 --ignore-daemonsets --delete-emptydir-data",
        "uncordon node-2", "wait --for=condition=ready node/node-2 --timeout=5s",
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_kubectl_changes(sandbox, name):
    sb = sandbox()
    for words in STORIES[name]:
        sb.kubectl(*words.split())
    if name == "scale":
        assert sb.kube.replicas(BACKEND) == len(sb.kube.pods(BACKEND, ready=True)) == 3
    if name == "nodes":
        assert all(p["spec"]["nodeName"] != "node-2" for p in sb.kube.pods(BACKEND))
    if name == "maintain":
        assert sb.kube.state("secrets", "flight-search-secrets")["data"]["JWT_SECRET"] == "bmV3"


def test_an_image_that_cannot_be_pulled_never_gets_ready(sandbox):
    sb = sandbox()
    sb.kube.cluster.bad_images.add("flight-search/backend:v9.9.9")
    sb.kubectl("set", "image", f"deployment/{BACKEND}", "backend=flight-search/backend:v9.9.9")
    with pytest.raises(RuntimeError, match="timed out"):
        sb.kubectl("rollout", "status", f"deployment/{BACKEND}", "--timeout=3s")
    assert "ImagePullBackOff" in sb.kubectl("get", "pods")
    assert len(sb.kube.pods(BACKEND, ready=True)) == 3


def test_jobs_and_pods_can_fail(sandbox):
    sb = sandbox()
    sb.kube.cluster.failing_jobs.add("postgres-backup")
    sb.kube.cluster.exit_codes["migration-job"] = 3
    sb.kubectl("create", "job", "--from=cronjob/postgres-backup", "doomed")
    sb.kubectl("wait", "--for=condition=failed", "job/doomed", "--timeout=20s")
    done = run(sb, "kubectl", "run", "migration-job", "--image=x", "--rm", "-i", "--restart=Never", "--", "true")
    assert done.returncode == 3


def test_strangers_and_forbidden_things_are_refused(sandbox):
    sb = sandbox()
    sb.kube.forbid("delete", "jobs")
    refused = run(sb, "kubectl", "delete", "jobs", "--all")
    assert refused.returncode == 1 and "is forbidden" in refused.stderr
    wrong = run(sb, "kubectl", "--token", "wrong", "get", "pods")
    assert wrong.returncode == 1 and "Unauthorized" in wrong.stderr
    unknown = run(sb, "kubectl", "get", "pods", "--field-selector", "spec.image=x")
    assert unknown.returncode == 1 and "field label not supported" in unknown.stderr
    assert sb.kube.mutations == []


def test_forbidden_for_everybody_until_healed(sandbox):
    sb = sandbox()
    sb.break_part("kube", "forbidden")
    assert "is forbidden" in run(sb, "kubectl", "get", "pods").stderr
    sb.heal("kube")
    assert sb.kubectl("get", "pods")


def test_load_can_be_forced(sandbox):
    sb = sandbox()
    sb.feel(errors=0.03, cpu=0.9, memory=0.85)
    wait_until(lambda: 2.5 < sb.prometheus.value(ERRORS) < 3.5)
    assert sb.prometheus.value(MEMORY) > 80
    sb.feel()
    wait_until(lambda: sb.prometheus.value(ERRORS) < 0.1)


def test_staging_is_another_cluster(healthy):
    assert BACKEND in healthy.kubectl("--context", "staging", "get", "deployments")
    assert "No resources" in run(healthy, "kubectl", "--context", "staging", "-n", "flight-search-prod", "get",
                                 "pods").stderr


def test_exec_runs_the_pods_own_programs(healthy):
    assert "accepting connections" in healthy.kubectl("exec", "deployment/postgres", "--", "pg_isready")
    assert healthy.kubectl("exec", "deployment/redis", "--", "redis-cli", "ping") == "PONG\n"
    assert run(healthy, "kubectl", "exec", "deployment/postgres", "--", "psql", "-d", "none").returncode == 2
    assert run(healthy, "kubectl", "exec", "deployment/redis", "--", "/bin/bash").returncode == 126


@pytest.mark.parametrize("service, port, path", [("grafana", 3000, "/api/health"), ("prometheus", 9090, "/-/healthy")])
def test_port_forward(healthy, service, port, path):
    forward = subprocess.Popen(["kubectl", "port-forward", f"svc/{service}", f":{port}"], env=healthy.env,
                               stdout=subprocess.PIPE, text=True)
    try:
        local = forward.stdout.readline().split(" -> ")[0].rsplit(":", 1)[1]
        for _ in range(3):
            assert curl(healthy, f"http://127.0.0.1:{local}{path}", "-f").returncode == 0
    finally:
        forward.kill()
        forward.communicate()


# The database, the cache, the bucket, the app.

def test_postgres_wants_the_password_and_is_not_root(healthy):
    assert "password" not in healthy.conninfo
    assert psql(healthy, "SELECT count(*) > 0 FROM pg_stat_statements").stdout.strip() == "t"
    assert psql(healthy, "VACUUM ANALYZE flights").returncode == 0
    denied = subprocess.run(["psql", "-w", healthy.conninfo, "-c", "SELECT 1"], capture_output=True,
                            env={**healthy.env, "PGPASSFILE": "/nonexistent"})
    assert denied.returncode == 2
    uid = os.stat(f"/proc/{healthy.postgres.process.popen.pid}").st_uid
    assert pwd.getpwuid(uid).pw_name != "root"


def test_restore_script_restores(sandbox):
    sb = sandbox()
    psql(sb, "DELETE FROM bookings")
    done = subprocess.run(["./restore-postgres.sh", "latest-backup.sql.gz"], cwd=sb.recovery, env=sb.env,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert psql(sb, "SELECT count(*) FROM bookings").stdout.strip() == "100"
    missing = subprocess.run(["./restore-postgres.sh", "none.sql.gz"], cwd=sb.recovery, capture_output=True)
    assert missing.returncode == 1


def test_s3_pages_and_gives_objects(sandbox):
    sb = sandbox()
    for n in range(1005):
        sb.s3.add("many", f"folder/key {n:04}+ä", 1, lambda: open(os.devnull, "rb"))
    client = s3(sb)
    pages = list(client.get_paginator("list_objects_v2").paginate(Bucket="many", Prefix="folder/"))
    assert [len(p["Contents"]) for p in pages] == [1000, 5]
    assert pages[1]["Contents"][-1]["Key"] == "folder/key 1004+ä"
    sb.s3.put("many", "a/b c.txt", b"0123456789")
    assert client.head_object(Bucket="many", Key="a/b c.txt")["ContentLength"] == 10
    assert client.get_object(Bucket="many", Key="a/b c.txt", Range="bytes=2-4")["Body"].read() == b"234"
    folders = client.list_objects_v2(Bucket="many", Delimiter="/")["CommonPrefixes"]
    assert [f["Prefix"] for f in folders] == ["a/", "folder/"]


@pytest.mark.parametrize("call, code", [
    (lambda sb: s3(sb, "wrong").list_objects_v2(Bucket=BUCKET), "SignatureDoesNotMatch"),
    (lambda sb: s3(sb).list_objects_v2(Bucket="none"), "NoSuchBucket"),
    (lambda sb: s3(sb).get_object(Bucket=BUCKET, Key="none"), "NoSuchKey"),
])
def test_s3_refuses(healthy, call, code):
    with pytest.raises(botocore.exceptions.ClientError) as e:
        call(healthy)
    assert e.value.response["Error"]["Code"] == code


def test_s3_wants_a_signature(healthy):
    assert curl(healthy, healthy.address("s3", "http") + f"/{BUCKET}", "-o", "/dev/null", "-w",
                "%{http_code}").stdout == "403"


@pytest.mark.parametrize("part, status", [("api", 0), ("site", 0), ("expired", 60), ("stranger", 60)])
def test_certificates_are_checked(healthy, part, status):
    assert curl(healthy, healthy.address(part, "https") + "/health").returncode == status


def test_neighbours_answer(healthy):
    for part, path in (("upstream", "/health"), ("grafana", "/api/health"), ("prometheus", "/-/healthy")):
        assert curl(healthy, healthy.address(part, "http") + path, "-f").returncode == 0


def test_webhooks_are_recorded(healthy):
    curl(healthy, healthy.address("webhooks", "http") + "/slack", "--json", '{"text": "hello"}')
    assert healthy.webhooks.to("/slack")[-1].json == {"text": "hello"}


# Breaking and healing.

# What curl's exit status is: 7 refused, 28 timed out, 18 partial, 52 empty, 56 reset, 1 not HTTP.
BREAKS = {"refuse": {7}, "hang": {28}, "half": {18, 52}, "die": {56, 18, 52}, "garbage": {1},
          "slow": {28}, "stop": {28}}


@pytest.mark.parametrize("mode", BREAKS)
def test_a_part_breaks_and_heals(healthy, mode):
    url = healthy.address("prometheus", "http") + "/api/v1/query?query=up"
    healthy.break_part("prometheus", mode)
    try:
        assert curl(healthy, url).returncode in BREAKS[mode]
    finally:
        healthy.heal("prometheus")
    wait_until(lambda: curl(healthy, url, "-f").returncode == 0)


def test_a_hanging_database_goes_on_when_healed(sandbox):
    sb = sandbox()
    sb.break_part("postgres", "stop")
    waiting = subprocess.Popen(["psql", "-XtA", sb.conninfo, "-c", "SELECT 7"], env=sb.env, stdout=subprocess.PIPE)
    time.sleep(0.5)
    assert waiting.poll() is None
    sb.heal("postgres")
    assert waiting.communicate(timeout=10)[0].strip() == b"7"


# Nothing is left behind.

@pytest.fixture
def place():
    """A folder that the servers' user can pass; pytest's own lets only root in."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def start_command(folder, scenario="healthy"):
    return subprocess.Popen([sys.executable, RUN, scenario, "--dir", folder], stdout=subprocess.PIPE, text=True)


def test_several_at_once(sandbox):
    first, second = sandbox("error-rate"), sandbox("healthy")
    first.kubectl("scale", "deployment", "redis", "--replicas=2")
    assert (first.kube.replicas("redis"), second.kube.replicas("redis")) == (2, 1)
    assert not set(d.port for d in first.doors.values()) & set(d.port for d in second.doors.values())


def test_stop_leaves_nothing():
    sb = Sandbox().start()
    folder, port = sb.folder, sb.port("api_plain")
    began = time.monotonic()
    sb.stop()
    assert time.monotonic() - began < 4
    assert not os.path.exists(folder) and processes.owned(folder) == []
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_runner_leaves_nothing(place, sig):
    folder = str(place / "sb")
    child = start_command(folder)
    assert child.stdout.readline().startswith("sandbox: healthy")
    assert len(processes.owned(folder)) >= 3
    child.send_signal(sig)
    child.wait(10)
    wait_until(lambda: not os.path.exists(folder) and processes.owned(folder) == [], 5)


@pytest.mark.parametrize("after", [0.1, 0.4, 0.8])
def test_a_start_that_is_broken_off_leaves_nothing(place, after):
    folder = str(place / "sb")
    child = start_command(folder)
    time.sleep(after)
    child.terminate()
    child.wait(10)
    wait_until(lambda: not os.path.exists(folder) and processes.owned(folder) == [], 5)


def test_a_start_that_fails_half_way_leaves_nothing(place, monkeypatch):
    def fail(*_):
        raise StartError("no")
    monkeypatch.setattr("sandbox.prometheus.Prometheus.launch", fail)
    folder = str(place / "sb")
    with pytest.raises(StartError):
        Sandbox(folder=folder).start()
    assert not os.path.exists(folder) and processes.owned(folder) == []


def test_a_folder_in_use_is_left_alone(place):
    (place / "precious").write_text("x")
    with pytest.raises(StartError, match="not empty"):
        Sandbox(folder=str(place)).start()
    assert (place / "precious").exists()


def test_command_line(place):
    folder = str(place / "sb")

    def command(*words):
        return subprocess.run([sys.executable, RUN, *words], capture_output=True, text=True, timeout=60)
    started = command("cache", "--dir", folder, "--background")
    assert started.returncode == 0 and f". {folder}/env.sh" in started.stdout, started.stderr
    assert command("break", "redis", "refuse", "--dir", folder).returncode == 0
    assert "broken: refuse" in command("status", folder).stdout
    assert command("break", "redis", "nonsense", "--dir", folder).returncode == 1
    assert command("heal", "redis", "--dir", folder).returncode == 0
    assert command("turn", "autoscale", "redis", "2", "high=3", "--dir", folder).returncode == 0
    assert "there are: forbid" in command("turn", "nonsense", "--dir", folder).stderr
    listed = command("list").stdout
    assert "cut-off-dns" in listed and "managed             name by heals=True" in listed
    shell = subprocess.run(f". {folder}/env.sh; kubectl get hpa redis", shell=True, capture_output=True)
    assert shell.returncode == 0
    assert command("stop", folder).returncode == 0
    assert not os.path.exists(folder) and processes.owned(folder) == []
    assert command("status", folder).returncode == 1
