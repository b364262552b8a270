"""`fsops schedule --kubernetes`: kubectl accepts it, it starts the runbooks on time, and its accounts may do what the
runbooks' commands ask of the server, and no more: the real kubectl is asked, and what it asks is compared."""
import json
import os
import re
import subprocess

import pytest
import yaml
from clocks import FROM, document, if_due, kubernetes_starts
from helpers import FSOPS, ROOT, environment, fsops
from test_schedule import SCHEDULES, ZONES, books, moments  # noqa: F401 (a fixture)

NAMESPACE = "flight-search-prod"
TARGETS = json.dumps({"cluster": {"kubectl": {"context": "prod", "namespace": NAMESPACE}}})


def objects(*words, **more):
    result = fsops("schedule", "--kubernetes", *words, **more)
    assert (result.status, result.err) == (0, ""), str(result)
    return [o for o in yaml.safe_load_all(result.out) if o]


def of_kind(found, kind):
    return {o["metadata"]["name"]: o for o in found if o["kind"] == kind}


# Time

@pytest.mark.parametrize("zone", ZONES)
def test_cron_jobs_fire_as_the_document_says(books, zone):  # noqa: F811
    jobs = of_kind(objects("-R", books, "--zone", zone), "CronJob")
    assert jobs.keys() == {"fsops-" + n for n in SCHEDULES}
    for name in SCHEDULES:
        spec = jobs["fsops-" + name]["spec"]
        container, = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        assert spec["timeZone"] == zone and {"name": "TZ", "value": zone} in container["env"]
        starts = kubernetes_starts(spec["schedule"], zone)
        if "--if-due" in container["args"]:
            starts = if_due(starts, name, zone)
        assert moments(starts) == moments(document(name, zone)), name
        assert spec["startingDeadlineSeconds"] < 25 * 60, "what comes later is not due any more"
        assert spec["concurrencyPolicy"] == "Forbid"
    assert document(name, zone)[0] > FROM


# The objects

def kubectl_is_old():
    """Before 1.21 it knows no CronJob of batch/v1, and no timeZone at all."""
    version = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, check=True)
    return int(json.loads(version.stdout)["clientVersion"]["minor"].rstrip("+")) < 21


def for_this_kubectl(one):
    old = one["kind"] == "CronJob" and kubectl_is_old()
    return {**one, "apiVersion": "batch/v1beta1"} if old else one


@pytest.mark.parametrize("verb", ["create", "apply"])
def test_kubectls_dry_run_accepts_them(healthy, verb):
    """Without the server's schema, which the stand-in has not; the next test is about the fields."""
    found = [for_this_kubectl(one) for one in objects("-y", "--yes-destroy", "-R", ROOT / "runbooks")]
    text = yaml.safe_dump_all(found)
    done = subprocess.run(["kubectl", "--context", "prod", verb, "--dry-run=client", "--validate=false", "-o", "name",
                           "-f", "-"], input=text, env=healthy.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == len(found), done.stdout
    assert "cronjob.batch/fsops-daily-health-check" in done.stdout and "role.rbac" in done.stdout


LOCAL = {"CronJob": ["set", "image", "fsops=other:1"], "RoleBinding": ["set", "subject", "--serviceaccount=a:b"],
         "ClusterRoleBinding": ["set", "subject", "--serviceaccount=a:b"]}


def test_kubectl_knows_every_field_and_takes_it_as_it_is():
    """It reads an object into its own types, changes one thing and writes it: what it does not know is lost."""
    for one in objects("-y", "--yes-destroy", "-R", ROOT / "runbooks"):
        if one["kind"] not in LOCAL:
            continue
        one = for_this_kubectl(one)
        done = subprocess.run(["kubectl", *LOCAL[one["kind"]], "--local", "-o", "json", "-f", "-"],
                              input=json.dumps(one), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        lost = set(lost_from(one, json.loads(done.stdout)))
        changed = {".spec.jobTemplate.spec.template.spec.containers[0].image"} if one["kind"] == "CronJob" else set()
        assert lost in (changed, changed | {".spec.timeZone"} if kubectl_is_old() and changed else changed)


def lost_from(one, other, path=""):
    """The places in which `other` has not what `one` has."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            yield from lost_from(value, other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        for i, value in enumerate(one):
            yield from lost_from(value, other[i] if i < len(other) else None, f"{path}[{i}]")
    elif one != other:
        yield path


def test_the_config_map_holds_the_runbooks_as_they_are(tmp_path):
    found = objects("-R", ROOT / "runbooks")
    data = of_kind(found, "ConfigMap")["fsops-runbooks"]["data"]
    files = {p.name: p.read_text() for p in (ROOT / "runbooks").glob("*.yaml")}
    assert {name: text for name, text in data.items() if name != "kubeconfig"} == files
    for name, text in data.items():
        (tmp_path / name).write_text(text)
    assert fsops("lint", "-R", tmp_path).status == 0
    # The runbooks' context leads to the cluster that the pod is in.
    shown = subprocess.run(["kubectl", "--kubeconfig", tmp_path / "kubeconfig", "--context", "prod", "config", "view",
                            "--minify", "-o", "json"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    config = json.loads(shown.stdout)
    assert config["clusters"][0]["cluster"]["server"] == "https://kubernetes.default.svc"
    assert config["contexts"][0]["context"]["namespace"] == NAMESPACE
    for job in of_kind(found, "CronJob").values():
        container, = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        env = {e["name"]: e["value"] for e in container["env"]}
        mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
        assert env["KUBECONFIG"] == mounts["runbooks"] + "/kubeconfig"
        assert container["args"][-2:] == ["--runbooks", mounts["runbooks"]]
        assert job["metadata"]["namespace"] == NAMESPACE


@pytest.mark.parametrize("text", ["on", "0x10", "- a", " lead", "a\n\nb\n", "a: b\n# c\n", "é\t", "a\u2028  # b: c", "a\u2029 # b", "a\u0085  # b", "\U0001f600", "~", "1e3", "a\n b", "\n"])
def test_any_text_comes_through(tmp_path, text):
    """As a comment of a runbook, which the ConfigMap holds."""
    book = write(tmp_path, "get pods")
    odd = "".join(f"#{line}\n" for line in text.split("\n"))
    (book / "platform.yaml").write_text((book / "platform.yaml").read_text() + odd + "\n" * text.count("\n"))
    data = of_kind(objects("-R", book), "ConfigMap")["fsops-runbooks"]["data"]
    assert data["platform.yaml"] == (book / "platform.yaml").read_text()


@pytest.mark.parametrize("name", ["a\nb.yaml", "a b.yaml", "é.yaml", b"a\xff.yaml"], ids=ascii)
def test_a_file_that_a_config_map_cannot_name_is_refused(tmp_path, name):
    book = write(tmp_path, "get pods")
    os.rename(book / "book.yaml", os.path.join(os.fsencode(book), os.fsencode(name)))
    result = fsops("schedule", "--kubernetes", "-R", book)
    assert (result.status, result.out) == (65, "") and "cannot be in a ConfigMap" in result.err, str(result)


@pytest.mark.parametrize("image", ["a\nb: c", b"a\xffb"], ids=ascii)
def test_an_image_that_is_no_text_is_refused(tmp_path, image):
    result = fsops("schedule", "--kubernetes", "-R", write(tmp_path, "get pods"), "--image",
                   os.fsdecode(image))
    assert (result.status, result.out) == (64, "") and "the image" in result.err, str(result)


def test_a_command_adds_no_line_to_the_comments(tmp_path):
    out = fsops("schedule", "--kubernetes", "-R", write(tmp_path, "get 'a\\nb: x'")).out
    comment, = (line for line in out.splitlines() if "is not known" in line)
    assert comment.startswith("#   ") and r"the type 'a\nb: x' is not known" in comment, comment


def test_a_name_or_a_folder_that_is_too_large_is_refused(tmp_path):
    book = write(tmp_path, "get pods")
    (book / "other.yaml").write_text("runbook: other\ntitle: o\nseverity: info\nsteps: [{step: S, manual: m}]\n"
                                     + "# filler\n" * 114000)
    (book / "more.yaml").write_text((book / "other.yaml").read_text().replace("other", "more"))
    result = fsops("schedule", "--kubernetes", "-R", book)
    assert result.status == 2 and "over 1 MiB, the most that a ConfigMap can hold" in result.err, str(result)
    long = write(tmp_path / "l", "get pods", name="a" * 60)
    result = fsops("schedule", "--kubernetes", "-R", long)
    assert result.status == 65 and "too long for the name of a CronJob" in result.err, str(result)


# Rights

def write(folder, command, name="book", more=""):
    folder.mkdir(exist_ok=True)
    (folder / "platform.yaml").write_text(f"platform: test\ntargets: {TARGETS}\n")
    (folder / f"{name}.yaml").write_text(
        f"runbook: {name}\ntitle: t\nseverity: info\nschedule: {{daily: '09:00'}}\n"
        f"steps:\n  - {{step: S, kubectl: {json.dumps(command)}{more}}}\n")
    return folder


def allowed(found, account):
    """{(namespace or None, group, resource, verb)} of the roles that the account is bound to."""
    roles = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o
             for o in found if o["kind"] in ("Role", "ClusterRole")}
    rights = set()
    for binding in (o for o in found if o["kind"].endswith("Binding")):
        subject, = binding["subjects"]
        if (subject["kind"], subject["name"]) != ("ServiceAccount", account):
            continue
        namespace = binding["metadata"].get("namespace")
        role = roles[binding["roleRef"]["kind"], namespace, binding["roleRef"]["name"]]
        rights |= {(namespace, g, r, v) for rule in role["rules"] for g in rule["apiGroups"]
                   for r in rule["resources"] for v in rule["verbs"]}
    return rights


VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def asked(face, since):
    """The same of the requests that the server got, as a real one asks its RBAC."""
    found = set()
    for method, path, query in list(face.requests)[since:]:
        words = path.strip("/").split("/")
        prefix = {"api": 2, "apis": 3}.get(words[0], 99)
        if len(words) <= prefix or words[1] == "authorization.k8s.io":  # that one everybody may ask
            continue
        group, rest = (words[1] if prefix == 3 else ""), words[prefix:]
        namespace = None
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        verb = VERBS[method]
        if verb == "get" and len(rest) == 1:
            verb = "watch" if "watch=" in query else "list"
        found.add((namespace, group, "/".join(rest[:1] + rest[2:]), verb))
    return found


def covers(right, request):
    return right[1:] == request[1:] and right[0] in (None, request[0])


def face_of(sandbox):
    return sandbox.kube.faces["prod"] if hasattr(sandbox.kube, "faces") else next(
        iter(sandbox.kube.server.http.kube.faces.values()))


STREAMS = {(f"pods/{part}", "get") for part in ("exec", "attach", "portforward")}  # newer ones open them with GET


def compare(rights, requests, besides=()):
    """Everything that was asked for is allowed; everything allowed was asked for, but what stands in `besides`."""
    missing = [q for q in requests if not any(covers(r, q) for r in rights)]
    assert not missing, f"not allowed: {missing}"
    if kubectl_is_old():
        besides = {*besides, *STREAMS}
    needless = [r for r in rights if not any(covers(r, q) for q in requests) and r[2:] not in besides]
    assert not needless, f"allowed and not needed: {needless}"


BACKEND = "flight-search-backend"
WAITS = {(t, v) for t in ("jobs", "pods", "replicasets") for v in ("get", "list", "watch")}
COMMANDS = {  # a command, and what it is allowed besides what it asks for this time
    "get pods": (), "get pods -o json": (), "get pods,services": (), f"get pod -l app={BACKEND}": (),
    f"get deployment {BACKEND} -o json": (), f"get deploy/{BACKEND} svc/{BACKEND}": (), "get nodes": (),
    "get pods -A": (), "get pods -n kube-system": (), "get pods --namespace=kube-system": (), "get secrets": (),
    "get all": {("replicationcontrollers", "list"), ("horizontalpodautoscalers", "list")},  # types that it has not
    "get deployments.apps": (), "get certificates -o json": (), "get clusterrolebindings -o json": (),
    f"describe pod -l app={BACKEND}": (), f"describe deployment {BACKEND}": (), "describe nodes": (),
    "describe certificate flight-search-tls": (), "describe cronjob postgres-backup": (),
    f"logs deployment/{BACKEND} --tail=5": (), f"logs --previous deployment/{BACKEND} --tail=5": (),
    f"logs -l app={BACKEND} --tail=5": (), "top pods": (), "top pod -l app=postgres": (), "top nodes": (),
    # Some watch even when there is nothing to wait for.
    "wait --for=condition=ready pod -l app=postgres --timeout=5s": (("pods", "watch"),),
    f"wait --for=condition=available deployment/{BACKEND} --timeout=5s": (("deployments", "watch"),), "events": (), "cluster-info": (),
    f"rollout status deployment/{BACKEND} --timeout=20s": (("deployments", "watch"),), f"rollout history deployment/{BACKEND}": (),
    f"rollout restart deployment/{BACKEND}": (), f"rollout undo deployment/{BACKEND}": (),
    f"scale deployment {BACKEND} --replicas=3": (),
    f"scale deployment/{BACKEND} --replicas=2 --current-replicas=3": (),
    f"set image deployment/{BACKEND} backend=x:v1": (), "label pod -l app=postgres a=b": (),
    f"annotate deployment {BACKEND} a=b": (),
    f"patch deployment {BACKEND} -p '{{\"metadata\": {{\"annotations\": {{\"x\": \"y\"}}}}}}'": (),
    "create job --from=cronjob/postgres-backup probe": (), "delete job probe": WAITS,
    "delete pod -l app=flight-search-frontend": WAITS, "cordon node-1": (), "uncordon node-1": (),
    "drain node-1 --ignore-daemonsets --delete-emptydir-data --timeout=30s": (),
    "exec deployment/postgres -- pg_isready": (), "version": (), "api-resources": (), "auth can-i get pods": (),
}


def test_each_command_is_allowed_what_it_asks_for_and_no_more(sandbox, tmp_path):
    sb = sandbox("healthy")
    face = face_of(sb)
    for i, (command, besides) in enumerate(COMMANDS.items()):
        book = write(tmp_path / str(i), command)
        rights = allowed(objects("-R", book, "-y", "--yes-destroy"), "fsops-book")
        since = len(face.requests)
        done = fsops("run", "book", "-y", "--yes-destroy", "-R", book, on=sb)
        if kubectl_is_old() and "kubectl has no command of this name" in done.out:
            continue
        assert done.status == 0, str(done)
        try:
            compare(rights, asked(face, since), besides)
        except AssertionError as e:
            raise AssertionError(f"kubectl {command}: {e}") from None


def test_the_shipped_runbooks_accounts_are_enough_and_not_more(healthy):
    found = objects("-R", ROOT / "runbooks")
    face = face_of(healthy)
    for account in of_kind(found, "ServiceAccount"):
        since = len(face.requests)
        done = fsops("run", account[len("fsops-"):], "--check", on=healthy)
        assert done.status in (0, 1), str(done)
        rights = allowed(found, account)
        requests = asked(face, since)
        if account == "fsops-daily-health-check":
            compare(rights, requests)
        else:  # what is conditional may not have been looked at
            assert not [q for q in requests if not any(covers(r, q) for r in rights)], account
        assert not {v for _, _, _, v in rights} - {"get", "list", "watch"}, "reads only"


def test_only_an_approved_change_is_allowed(tmp_path):
    book = write(tmp_path, f"scale deployment {BACKEND} --replicas=3")
    assert allowed(objects("-R", book), "fsops-book") == set()
    assert (NAMESPACE, "apps", "deployments/scale", "patch") in allowed(objects("-R", book, "-y"), "fsops-book")


@pytest.mark.parametrize("command, why", [
    ("apply -f x.yaml", "--filename says what it is about"), ("get ${kind}", "the type"), ("get widgets", "'widgets'"),
    ("get pods -n ${kind}", "namespace is not known"), ("run x --image=y", "cannot be told"),
    ("get --raw /healthz", "--raw says"), ("get pods --context other", "another cluster"),
    ("frobnicate pods", "cannot be told"), ("--odd-flag get pods", "not sure"),
])
def test_what_cannot_be_told_is_said_and_nothing_is_allowed_for_it(tmp_path, command, why):
    book = write(tmp_path, command, more=", for_each: '[\"pods\"]', as: kind, effect: destroy")
    result = fsops("schedule", "--kubernetes", "-y", "--yes-destroy", "-R", book)
    said = re.findall(r"^#   s: kubectl .* \((.*)\)$", result.out, re.M)
    assert result.status == 0 and len(said) == 1 and why in said[0], str(result)
    assert allowed([o for o in yaml.safe_load_all(result.out) if o], "fsops-book") == set()


def test_the_program_in_the_container_is_the_image_of_the_option(tmp_path):
    book = write(tmp_path, "get pods")
    job = of_kind(objects("-R", book, "--image", "tools/fsops:1"), "CronJob")["fsops-book"]
    container, = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "tools/fsops:1" and container["command"] == ["fsops"]
    words = [FSOPS, *container["args"][:-1], str(book), "--dry-run"]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0 and "get pods" in done.stdout, done.stderr


def test_the_pods_say_what_they_need():
    """In a namespace with a quota those that do not are refused."""
    for name, job in of_kind(objects("-R", ROOT / "runbooks"), "CronJob").items():
        container, = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}, name
