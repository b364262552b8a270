"""Every shipped runbook while a part of the platform cannot be asked: what could not look is never `passed`, a metric
that could not be measured is `unknown`, nothing is changed on the strength of it, and the reason is the real one.

The platform is healthy but for the way to that part, so a change by a runbook that repairs something is always wrong.
Each run has a cluster of its own, so that it is known who changed what; kubectl is watched by a script in its place.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import hurried
import pytest
from helpers import FSOPS, SHIPPED, Result, clip, environment
from sandbox import Sandbox, backups
from sandbox.kube import NAMESPACE, fixtures
from sandbox.kube.cluster import Cluster
from sandbox.kube.server import Face
from sandbox.kube.usage import Usage

AT_ONCE = 5  # runs; most of the time they wait
LONG = 180  # seconds that no hurried run takes
BUDGETS = {"monthly-maintenance": 60}  # a step of it runs a dozen kubectl, one after another
KUBE = ("cluster",)
# What is broken; targets that nobody reaches; the causes of which each reason names one; metrics that cannot be known;
# whether kubectl knows already what the API server has, as after a day's work; whether there is an answer, only a bad one.
Situation = namedtuple("Situation", "break_it targets causes metrics warm answered", defaults=((), False, False))


def doors(*parts):
    """These parts refuse connections."""
    return lambda sb, face: [sb.break_part(part, "refuse") for part in parts]


def forbid(*verbs):
    return lambda sb, face: face.forbidden.update((verb, "*") for verb in verbs)


def answers(status, body):
    """The API, the site and Grafana answer with this; Prometheus' way to the API's numbers is another."""
    return lambda sb, face: sb.app.overrides.update({path: (status, body) for path in ("/api/health", "/health")})


RATES = ("error_rate", "response_time", "cpu", "memory", "availability")
WEB = ("api", "site", "grafana", "upstream")
SITUATIONS = {
    "nothing": Situation(doors(), (), ""),
    "reads-forbidden": Situation(forbid("get", "list", "watch"), KUBE, "(?i)forbidden", (), True),
    "lists-forbidden": Situation(forbid("list", "watch"), (), "(?i)forbidden", (), True),
    "unauthorized": Situation(lambda sb, face: face.tokens.clear(), KUBE, "Unauthorized|asked for the client to provide credentials", (), True),
    "kubernetes-refused": Situation(doors("kube"), KUBE, "refused", (), True),
    "database-gone": Situation(doors("postgres"), ("db",), "(?i)refused", ("db_connections",)),
    "redis-gone": Situation(doors("redis"), ("cache",), "(?i)refused", ("cache_hit_rate",)),
    "prometheus-gone": Situation(doors("prometheus"), ("monitor", "prometheus_web"), "(?i)refused|connect", RATES),
    "s3-gone": Situation(doors("s3"), ("backups",), "(?i)refused|connect", ("backup_age",)),
    "api-and-site-gone": Situation(doors("api", "site"), ("api", "site"), "(?i)refused|connect", ("certificate_days",)),
    "http-503": Situation(answers(503, {"status": "ok"}), ("api", "site"), "503", answered=True),
    "login-page": Situation(answers(302, "<a href=/login>log in</a>"), ("api", "site"), "302", answered=True),
}
# Actions that ask for the certificate only, which any answer shows.
CERTIFICATE = ("served", "served_now")
# The changes that were wanted, whatever else is broken: nobody has to look at the broken part before them. What stands
# in no line is wrong in every situation, and so is what a situation excludes.
Change = namedtuple("Change", "wanted unless most", defaults=((), 9))
BLIND = ("lists-forbidden",)  # the end of a rollout, the pods that are left: none of it could be seen
NO_BACKUP = ("s3-gone",)
# Nobody knows how the release does: that takes nothing back, a person decides.
NOT_JUDGED = ("prometheus-gone", "api-and-site-gone")
CHANGES = {
    "backup": [Change("create jobs manual-(redis-)?backup-")],
    "deploy": [Change("create jobs pre-deploy-backup-"),
               Change("patch deployments flight-search-backend$", BLIND + NO_BACKUP + NOT_JUDGED),
               Change("patch deployments flight-search-backend$", BLIND + NO_BACKUP, 1),
               Change("patch deployments flight-search-frontend$", BLIND + NO_BACKUP + NOT_JUDGED),
               Change("patch deployments flight-search-frontend$", BLIND + NO_BACKUP, 1),
               Change("(create|delete) pods (migration-job|smoke-test)-", BLIND + NO_BACKUP)],
    "monthly-maintenance": [Change("patch secrets flight-search-secrets$", BLIND),
                            Change("patch deployments flight-search-backend$", BLIND),
                            Change("postgres .*(VACUUM|ANALYZE)")],
    "recover-application": [Change("patch deployments/scale flight-search-backend$", NO_BACKUP),
                            Change("create jobs pre-restore-backup-", BLIND + NO_BACKUP),
                            Change("./restore-postgres.sh ", BLIND + NO_BACKUP)],
    "restore-database": [Change("create jobs pre-restore-backup-", NO_BACKUP),
                         Change("./restore-postgres.sh ", NO_BACKUP)],
    "rollback": [Change("patch deployments flight-search-(backend|frontend)$", BLIND)],
    "security-incident": [Change("patch (deployments|deployments/scale|ingresses|pods) flight-search-", BLIND),
                          Change("(create|patch) networkpolicies ", BLIND)],
    "weekly-maintenance": [Change("delete (jobs|replicasets) ", BLIND)],
}
# (situation, runbook): what could not look there only tells a person more, and decides nothing.
DECIDES_NOTHING = {
    ("lists-forbidden", "backup"),  # the jobs' logs
    ("lists-forbidden", "high-response-time"),  # what pods and nodes use
    ("lists-forbidden", "renew-certificate"),  # what was asked for before
}
# Needed, or without them there would be no change to look at.
OPTIONS = {
    "deploy": {"version": "v1.2.0", "checklist": "done"},
    "security-incident": {"deployment": "flight-search-backend", "isolate": "true"},
}
WITH_BACKUP = ("restore-database", "recover-application")
WATCHED = """#!/bin/sh
# Runs kubectl, and notes how it ended.
words=$(printf '\\t%s' "$@")
"{kubectl}" "$@"
status=$?
printf '%s%s\\n' "$status" "$words" >>"{log}"
exit "$status"
"""
SCRIPT = "#!/bin/sh\necho \"$0 $*\" >>scripts-run\n"


class Run:
    """One runbook's run in a situation, in a folder and with a cluster of its own."""

    def __init__(self, book, situation, sandbox, folder):
        self.book, self.situation, self.sandbox = book, situation, sandbox
        self.folder = folder / book
        self.folder.mkdir()

    def prepare(self):
        """Its cluster, its kubeconfig, its scripts, and a kubectl that is watched."""
        sb, cluster = self.sandbox, Cluster(self.book)
        fixtures.production(cluster, sb.scenario.certificate_days, 0)
        theirs = sb.kube.state("certificates", "flight-search-tls")  # the one that the site shows
        cluster.store.update("certificates", {**cluster.store.get("certificates", NAMESPACE, "flight-search-tls"),
                                              "status": theirs["status"]})
        cluster.on_job.update({"postgres-backup": backups.postgres_job(sb), "redis-backup": backups.redis_job(sb)})
        self.face = sb.kube.faces[self.book] = Face(cluster, Usage(cluster, lambda: sb.app.load), "on-call")
        self.face.streams.reach.update(sb.kube.streams.reach)
        self.write_files()
        if self.situation.warm:
            subprocess.run(["kubectl", "api-resources"], env=self.env, capture_output=True, check=True, timeout=60)
            self.log.unlink()

    def write_files(self):
        config = json.loads(pathlib.Path(self.sandbox.path("kubeconfig")).read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.sandbox.port('kube')}/{self.book}"
        config["users"][0]["user"]["token"] = f"{self.book}-token"
        self.write("kubeconfig", json.dumps(config), 0o600)
        self.log = self.folder / "kubectl.log"
        self.write("bin/kubectl", WATCHED.format(kubectl=shutil.which("kubectl"), log=self.log), 0o755)
        for name in os.listdir(self.sandbox.recovery):
            self.write(f"recovery/{name}", SCRIPT, 0o755)
        books = self.folder / "runbooks"
        shutil.copytree(self.folder.parent / "runbooks", books)
        platform = (books / "platform.yaml").read_text()
        (books / "platform.yaml").write_text(platform.replace(self.sandbox.recovery, str(self.folder / "recovery")))
        self.env = environment(self.sandbox, KUBECONFIG=str(self.folder / "kubeconfig"), HOME=str(self.folder),
                               FSOPS_STATE=str(self.folder / "state"),
                               FSOPS_RUNBOOKS=str(books), FSOPS_KUBECTL="always",
                               PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}")

    def write(self, name, text, mode):
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def go(self):
        self.face.cluster.start()
        try:
            self.result = self.run()
        finally:
            self.face.cluster.stop()
        self.started = {(e["step"], e["action"], e.get("item")): e for e in self.result.events("action.started")}
        return self

    def run(self):
        vars_ = {"window": "4s", **OPTIONS.get(self.book, {})}
        if self.book in WITH_BACKUP:
            vars_.update(backup=self.sandbox.whole_backup, under_writers="true")
        words = ["run", self.book, "-y", "--yes-destroy", "--format", "json"]
        known = known_variables(self.folder / "runbooks", self.book)
        for name, value in vars_.items():
            if name in known:
                words += ["--var", f"{name}={value}"]
        done = subprocess.run([FSOPS, *words], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              errors="replace", capture_output=True, timeout=LONG)
        return Result(words, done.returncode, done.stdout, done.stderr, 0)

    def actions(self):
        """(how it began, how it ended) of each action that began, those of runbooks inside, too."""
        for ended in self.result.events("action.finished"):
            began = self.started.get((ended["step"], ended["action"], ended.get("item")))
            if began:
                yield began, ended

    def kubectl(self):
        """{words: status of the last run with them}"""
        if not self.log.exists():
            return {}
        lines = [line.split("\t") for line in self.log.read_text().splitlines() if "\t" in line]
        return {tuple(words): int(status) for status, *words in lines if status.isdigit()}

    def changes(self):
        """What really was changed, as the platform saw it."""
        scripts = self.folder / "recovery" / "scripts-run"
        found = [f"{m.verb} {m.resource} {m.name}" for m in self.face.mutations]
        found += scripts.read_text().splitlines() if scripts.exists() else []
        # Neither of these leaves anything that could be seen from outside while its part is gone.
        return found + [f"{b['adapter']} {b['command']}" for b, e in self.actions()
                        if b["effect"] != "read" and b["adapter"] in ("postgres", "redis") and e["outcome"] == "passed"]

    def __str__(self):
        return f"{self.result}\nchanged: {self.changes()}\nkubectl: {clip(str(self.kubectl()))}"


def known_variables(folder, book):
    """Those of the platform and of the runbook."""
    found = set()
    for name in ("platform", book):
        vars_ = re.search(r"^vars:\n((?:[ #].*\n|\n)*)", (folder / f"{name}.yaml").read_text(), re.M)
        found |= set(re.findall(r"^  (\w+):", vars_[1], re.M)) if vars_ else set()
    return found


@pytest.fixture(scope="module", params=SITUATIONS)
def situation(request):
    return request.param


@pytest.fixture(scope="module")
def runs(situation, tmp_path_factory):
    """Every runbook in this situation: begun together, so that they wait together."""
    folder = tmp_path_factory.mktemp(situation)
    with Sandbox() as sb:
        sb.whole_backup = sorted(k for k in sb.s3.keys(backups.BUCKET, backups.POSTGRES)
                                 if k != backups.LATEST)[-1].split("/")[1]
        hurried.copy(pathlib.Path(sb.runbooks), folder / "runbooks", budgets=BUDGETS)
        all_ = [Run(book, SITUATIONS[situation], sb, folder) for book in SHIPPED]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(Run.prepare, all_))
            for one in all_:
                one.situation.break_it(sb, one.face)
            yield {one.book: pool.submit(one.go) for one in all_}


@pytest.fixture(params=SHIPPED)
def book(request):
    return request.param


@pytest.fixture
def ran(runs, book):
    return runs[book].result()


def could_not_look(ran, began):
    """Its target is gone, or kubectl says by its exit status that there was no answer."""
    if began.get("target") in ran.situation.targets:
        return not (ran.situation.answered and began["action"] in CERTIFICATE)
    return began["adapter"] == "kubectl" and ran.kubectl().get(tuple(shlex.split(began["command"])[1:])) != 0


def test_what_could_not_look_is_not_passed(situation, book, ran):
    for began, ended in ran.actions():
        if could_not_look(ran, began) and not is_good_news(ended):
            assert ended["outcome"] != "passed", f"{began['command']} passed{ran}"
        asked = began["command"].split()[2:] or ran.situation.metrics
        if began["adapter"] == "metrics" and set(asked) & set(ran.situation.metrics):
            assert ended["outcome"] != "passed", f"{began['command']} passed{ran}"
    for measured in ran.result.events("metric.measured"):
        if measured["name"] in ran.situation.metrics:
            assert measured["level"] == "unknown", f"{measured['name']} could not be measured{ran}"


def is_good_news(ended):
    """kubectl calls it an error that there is no log of a container before, because it was never restarted."""
    return "previous terminated container" in (ended.get("result") or {}).get("stderr", "")


def test_the_reason_is_the_real_one(situation, book, ran):
    for began, ended in ran.actions():
        why = ended.get("why") or ""
        assert "no such field" not in why and "no such key" not in why, f"{began['command']}: {why}{ran}"
        if could_not_look(ran, began) and ended["outcome"] in ("failed", "timed_out"):
            assert re.search(ran.situation.causes, why), f"{began['command']}: {why!r} does not say why{ran}"


def test_nothing_is_changed_on_the_strength_of_it(situation, book, ran):
    left = ran.changes()
    for change in CHANGES.get(book, []):
        if situation not in change.unless:
            fitting = [c for c in left if re.match(change.wanted, c)][:change.most]
            for one in fitting:
                left.remove(one)
    assert left == [], f"changed, and nobody could know that it is right{ran}"


def test_the_run_does_not_end_well(situation, book, ran):
    blind = [e for b, e in ran.actions() if could_not_look(ran, b) and not is_good_news(e)]
    unknown = [m for m in ran.result.events("metric.measured") if m["name"] in ran.situation.metrics]
    if situation == "nothing":
        assert blind == [], f"nothing is broken{ran}"
        assert ran.result.finished["exit"] == ran.result.status, str(ran)
    elif (situation, book) in DECIDES_NOTHING:
        assert ran.result.status == 0 and blind and not unknown, f"it decides something now{ran}"
    elif blind or unknown:
        assert ran.result.status in (1, 2, 3, 77), f"it ended as if it had looked{ran}"
