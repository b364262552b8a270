"""The figures, each as a ratio against a peer measured in the same run: pair.py says how.

Nothing here passes or fails; it prints a table. `make bench` runs it; `run.py backup memory` measures these two.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(HERE))

import dump  # noqa: E402
import long  # noqa: E402
import net  # noqa: E402
import pods as long_list  # noqa: E402
import servers  # noqa: E402
from pair import alone, figure, heading, pair, peak, run  # noqa: E402
from sandbox import Sandbox  # noqa: E402

BINARY = os.environ.get("FSOPS_BINARY", str(ROOT / "build" / "fsops"))
SILENCE_MAX = 30
PLATFORM = "platform: bench\ntargets:\n  web: {http: \"http://127.0.0.1:%d\"}\n"
LIBRARIES = ["libcurl", "jansson", "yaml-0.1", "libpq", "hiredis", "expat", "zlib", "libssl", "libcrypto"]  # PKGS in the Makefile


def folder(directory, runbook, port=9):
    path = pathlib.Path(directory)
    path.mkdir(exist_ok=True)
    (path / "platform.yaml").write_text(PLATFORM % port)
    (path / "bench.yaml").write_text(runbook)
    return str(path)


def book(steps):
    return f"runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n{steps}"


def step(actions, keys=""):
    lines = "\n".join(f"      - {action}" for action in actions)
    return f"  - step: Bench\n    budget: 10m\n{keys}    actions:\n{lines}\n"


def empty_program(directory):
    """The least that a C program linked to the same libraries can cost."""
    source = pathlib.Path(directory) / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    flags = subprocess.run(["pkg-config", "--libs", *LIBRARIES], check=True, capture_output=True, text=True).stdout.split()
    binary = str(source.with_suffix(""))
    subprocess.run(["gcc", "-O2", "-o", binary, str(source), "-Wl,--no-as-needed", *flags], check=True)
    return binary


def start(directory):
    empty = empty_program(directory)
    for words, wanted in ((["--version"], 1.05), (["list"], 1.25), (["run", "high-error-rate", "--dry-run"], 1.2)):
        common = [] if words[0].startswith("-") else ["-R", str(ROOT / "runbooks")]
        figure(pair([BINARY, *words, *common], [empty]), f"fsops {' '.join(words)} / empty program, same libraries", wanted)


def commands(directory):
    script = pathlib.Path(directory) / "many.sh"
    script.write_text("/bin/true\n" * 200)
    for effect, wanted in (("read", 1.2), ("change", 1.5)):
        runbooks = folder(f"{directory}/{effect}s",
                          book(step([f'{{exec: /bin/true, effect: {effect}}}'] * 200, "    sequential: true\n")))
        figure(pair([BINARY, "-R", runbooks, "run", "bench", "-y"], ["sh", str(script)]), f"200 {effect}s / sh", wanted)
    if not shutil.which("ansible-playbook"):
        alone("ansible-playbook / 200 reads", "not measured: ansible-playbook is not installed")
        return
    tasks = "\n".join("    - command: /bin/true" for _ in range(200))
    playbook = pathlib.Path(directory) / "many.yaml"
    playbook.write_text(f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n{tasks}\n")
    ours = [BINARY, "-R", f"{directory}/reads", "run", "bench"]
    figure(pair(["ansible-playbook", "-i", "localhost,", str(playbook)], ours, fewest=1, most=1),
           "ansible-playbook / 200 reads", "≥ 50")


def reads(directory):
    with servers.slow(0.3) as port:
        def command(name, steps):
            return [BINARY, "-R", folder(f"{directory}/{name}", book(steps), port), "run", "bench"]
        one = command("one", step(["http: GET /slow"]))
        figure(pair(command("many", step(["http: GET /slow"] * 20)), one), "20 reads of 300 ms in a step / one", 1.3)
        loop = "{for_each: lists.range(20), http: \"GET /slow?${item}\"}"
        figure(pair(command("each", step([loop])), one), "20 × 300 ms in a for_each / one", 1.3)
        figure(pair(command("rounds", step(["http: \"GET /slow?${item}\""], "    for_each: lists.range(20)\n")), one),
               "20 × 300 ms in a step's for_each / one", 1.3)


def journal(directory):
    """Both sides are run with the library that tests make journals go wrong with; one writes none."""
    library = directory + "/journal.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, str(ROOT / "tests" / "faults" / "journal.c"), "-ldl"],
                   check=True)
    for count, effect, wanted in ((1000, "read", 1.1), (200, "change", 2)):
        runbooks = folder(directory + "/" + effect, book(step([f'{{exec: "true", effect: {effect}}}'] * count)))
        ours, theirs = ([
            "env", f"LD_PRELOAD={library}", f"FSOPS_TEST_FAULT={fault}:1", BINARY, "-R", runbooks, "run", "bench", "-y"]
            for fault in ("off", "none"))
        figure(pair(ours, theirs), f"{count} {effect}s / the same without a journal", wanted)


def history(directory):
    """100,000 runs: what `history` and `list` cost then, and that of a short one beside them."""
    few, many = long.history(directory + "/few", 20), long.history(directory + "/many", 100_000)
    runbooks = folder(directory + "/history", book(step(['{exec: "true", effect: read}'])))
    for words in (["history"], ["history", "nobody"], ["history", "--failed", "--limit", "0"], ["list"]):
        ours, theirs = (["env", f"FSOPS_STATE={state}", BINARY, *words, "-R", runbooks] for state in (many, few))
        figure(pair(ours, theirs, seconds=3), f"fsops {' '.join(words)}: 100,000 runs / 20", "100 ms")
    for form in ("text", "json"):
        report_memory(f"peak memory of history --limit 0, 100,000 runs, {form}",
                      [BINARY, "history", "--limit", "0", "--format", form], "a few MiB", {**os.environ, "FSOPS_STATE": many})
        report_memory(f"the same of 20 runs, {form}",
                      [BINARY, "history", "--limit", "0", "--format", form], "", {**os.environ, "FSOPS_STATE": few})


def linear(directory):
    """What grows with a run, beside the same of a small one. What is left out by a condition is an event each."""
    env = {**os.environ, "FSOPS_STATE": directory + "/long"}
    for words in (["report"], ["report", "--html"]):
        sides = {}
        for events in (2_000, 32_000):
            left_out = "{for_each: lists.range(%d), exec: \"true\", effect: read, when: \"false\"}" % (events // 4)
            runbooks = folder(f"{directory}/events-{events}", book(step([left_out] * 4)))
            run([BINARY, "-R", runbooks, "run", "bench"], env)
            newest = json.loads(subprocess.run([BINARY, "history", "--limit", "1", "--format", "json"], check=True,
                                               capture_output=True, env=env).stdout)[0]["run"]
            sides[events] = [BINARY, *words, newest]
        figure(pair(sides[32_000], sides[2_000], env, seconds=3, fewest=3),
               f"{' '.join(words)} of 32,000 events / of 2,000", "≤ 16: linear")
    for what, action, options in (("changes in a check", 'exec: "true"', ["--check"]), ("reads that are refused", "http: /", [])):
        each = {}
        for actions in (1_000, 16_000):
            runbooks = folder(f"{directory}/actions-{actions}", book(step([action] * actions)))
            each[actions] = min(run([BINARY, "-R", runbooks, "run", "bench", *options], env).wall for _ in range(2)) / actions
        alone(f"a step of 16,000 {what} / of 1,000, time of one",
              f"{each[16_000] / each[1_000]:5.2f}  ({each[16_000] * 1e6:.0f} / {each[1_000] * 1e6:.0f} µs)", "≤ 1: linear")


@contextlib.contextmanager
def inside(sandbox):
    """The environment of whoever works with this sandbox."""
    kept = os.environ.copy()
    os.environ.update(sandbox.settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


DAILY = """\
kubectl get pods -n flight-search-prod
kubectl get nodes
kubectl get pvc -n flight-search-prod
curl -sS -f {api}/api/health
curl -sS -f {site}/health
curl -sS -f {prometheus}/-/healthy
curl -sS -f {grafana}/api/health
kubectl get jobs -n flight-search-prod | grep backup
aws --endpoint-url {s3} s3 ls s3://flight-search-backups/postgres-backups/ | tail -5
"""


def daily(directory):
    """The daily check against the document's own commands as a script, which look at less and judge nothing."""
    script = pathlib.Path(directory) / "daily.sh"
    with Sandbox("healthy") as sandbox, inside(sandbox):
        text = DAILY.format(**{part: sandbox.address(part, "https" if part in ("api", "site") else "http")
                               for part in ("api", "site", "prometheus", "grafana", "s3")})
        for tools, lines, wanted in (("kubectl, curl, aws", text, 0.10),
                                     ("kubectl, curl", text[:text.index("aws ")], 0.25)):
            if "aws" in tools and not shutil.which("aws"):
                alone(f"daily-health-check / the document's {tools}", "not measured: aws is not installed", f"≤ {wanted:.2f}")
                continue
            script.write_text(lines)
            figure(pair([BINARY, "run", "daily-health-check"], ["sh", str(script)]),
                   f"daily-health-check / the document's {tools}", wanted)


KINDS = ["pods", "nodes", "services", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "pvc", "events",
         "ingresses"]


def kubernetes(directory):
    """Eleven lists, each as kubectl shows it."""
    script = pathlib.Path(directory) / "kubectl.sh"
    with Sandbox("healthy") as sandbox, inside(sandbox):
        namespace = "flight-search-prod"
        script.write_text("".join(f"kubectl get {kind} -n {namespace} &\n" for kind in KINDS) + "wait\n")
        runbooks = pathlib.Path(folder(directory + "/kubernetes", book(step([f"kubectl: get {kind}" for kind in KINDS]))))
        context = subprocess.run(["kubectl", "config", "current-context"], check=True, capture_output=True, text=True).stdout
        (runbooks / "platform.yaml").write_text(
            f"platform: bench\ntargets:\n  cluster: {{kubectl: {{context: {context.strip()}, namespace: {namespace}}}}}\n")
        figure(pair([BINARY, "-R", str(runbooks), "run", "bench"], ["sh", str(script)]), "11 reads at once / 11 kubectl at once",
               0.10)


def alive(seconds):
    """Whether there is a `sleep SECONDS`; one that has ended and is not reaped has no arguments."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes() == f"sleep\0{seconds}\0".encode():
                return True
    return False


def wait_until(condition):
    """Seconds until the condition holds, or None when it does not for long."""
    begun = time.perf_counter()
    while not condition():
        if time.perf_counter() - begun > SILENCE_MAX:
            return None
        time.sleep(0.002)
    return time.perf_counter() - begun


def silence_after_step(command, seconds):
    """Run a command whose only step leaves a `sleep SECONDS`: from its end until the sleep is gone."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as child:
        was_there = wait_until(lambda: alive(seconds))
        for line in child.stdout:
            if json.loads(line)["type"] == "step.finished" and was_there is not None:
                return wait_until(lambda: not alive(seconds))
    return None


def leftovers(directory):
    for number, (name, before) in enumerate((("daemon", ""), ("daemon that ignores TERM", "trap '' TERM; "))):
        seconds = f"120.{os.getpid()}{number}"  # unlike any other, and over by itself some day
        runbooks = folder(directory + "/leftovers",
                          "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                          "  - step: Overruns\n    budget: 2s\n    effect: read\n    shell: |\n"
                          f"      {before}(setsid sleep {seconds} </dev/null >/dev/null 2>&1 &)\n"
                          "      sleep 60\n")
        command = [BINARY, "-R", runbooks, "run", "bench", "--format", "json"]
        gone = silence_after_step(command, seconds)
        alone(f"overrun: its {name} is gone after the step by",
              "not measured" if gone is None else f"{gone * 1000:.0f} ms", "≤ 1000 ms")


def report_memory(what, command, wanted, env=None, children=False):
    mebibytes, seconds, status = peak(command, env, children)
    alone(what, f"{mebibytes:5.1f} MiB in {seconds:.1f} s, exit status {status}", wanted)


def memory(directory):
    with Sandbox("healthy") as sandbox:
        env = {**os.environ, **sandbox.env}
        report_memory("peak memory of daily-health-check, children included", [BINARY, "run", "daily-health-check"],
                      "≤ 20 MiB", env, children=True)
        report_memory("the same of fsops alone", [BINARY, "run", "daily-health-check"], "", env)
    runbooks = folder(directory + "/huge", book(step(["{exec: head -c 2147483648 /dev/zero, effect: read}"])))
    report_memory("peak memory while a step prints 2 GiB", [BINARY, "-R", runbooks, "run", "bench"], "the same")


def backup(directory):
    """An object of 1 GiB, unpacked about three times that; it is made while it is sent, so it lies nowhere."""
    with Sandbox("healthy") as sandbox:
        key = dump.add(sandbox)
        within = ["sh", "-c", '. "$0/env.sh"; exec "$@"', sandbox.folder]
        ours = [*within, BINARY, "run", "verify-backup"]
        url = f"{sandbox.address('s3', 'http')}/{key}"
        fetch = (f"curl -sf --aws-sigv4 aws:amz:{sandbox.s3.region}:s3 -H x-amz-content-sha256:UNSIGNED-PAYLOAD "
                 f'--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" {url}')
        figure(pair(ours, [*within, "sh", "-c", f"{fetch} | gzip -t"], fewest=3, most=3),
               "verify-backup of 1 GiB / curl | gzip -t", 1)
        if shutil.which("aws"):
            fetch = f"aws --endpoint-url {sandbox.address('s3', 'http')} s3 cp s3://{key} -"
            figure(pair(ours, [*within, "sh", "-c", f"{fetch} | gunzip -t"], fewest=1, most=1),
                   "verify-backup of 1 GiB / aws s3 cp - | gunzip -t", 1)
        else:
            alone("verify-backup of 1 GiB / aws s3 cp - | gunzip -t", "not measured: aws is not installed", "≤ 1")
        report_memory("peak memory of verify-backup of 1 GiB", [BINARY, "run", "verify-backup"], "≤ 20 MiB",
                      {**os.environ, **sandbox.env})


def conditions(directory):
    """A condition over 1,000 pods, as a whole process, against jq doing the same on the same file."""
    if not shutil.which("jq"):
        alone("a condition over 1,000 pods / jq", "not measured: jq is not installed")
        return
    pods = [{"metadata": {"name": f"pod-{n}", "labels": {"app": "backend"}},
             "spec": {"containers": [{"name": "main", "image": "backend:v1"}]},
             "status": {"phase": "Running"}} for n in range(1000)]
    file = pathlib.Path(directory) / "pods.json"
    file.write_text(json.dumps({"items": pods}))
    ours = [BINARY, "eval", "items.filter(p, p.status.phase != 'Running').size() == 0", "--context", str(file)]
    theirs = ["jq", '[.items[] | select(.status.phase != "Running")] | length == 0', str(file)]
    figure(pair(ours, theirs, seconds=5), "a condition over 1,000 pods / jq")


def connections(directory):
    net.net(BINARY, directory + "/state")


def pods(directory):
    long_list.pods(BINARY, directory + "/state")


PARTS = (start, commands, reads, connections, kubernetes, pods, daily, memory, linear, history, journal, backup, conditions,
         leftovers)


def main():
    heading()
    with tempfile.TemporaryDirectory(prefix="fsops-bench-") as directory:
        os.environ["FSOPS_STATE"] = directory + "/state"
        for part in PARTS:
            if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
                part(directory)


if __name__ == "__main__":
    main()
