"""The figures, each as a ratio against a peer measured in the same run.

Machines are noisy: a pair is run in turn (A B B A A B …), short commands more often, and two ratios are told: that of
the best times of each side, which noise can only lengthen, and the median pair by pair. They agree on a quiet machine.
Nothing here passes or fails; it prints. `make bench` runs it.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(HERE))

import dump  # noqa: E402
import servers  # noqa: E402
from sandbox import Sandbox  # noqa: E402

BINARY = os.environ.get("FSOPS_BINARY", str(ROOT / "build" / "fsops"))
PAIRS_SECONDS = 10  # for all repetitions of a pair, as far as FEWEST and MOST allow
FEWEST, MOST = 7, 300
SILENCE_MAX = 30
PLATFORM = "platform: bench\ntargets:\n  web: {http: \"http://127.0.0.1:%d\"}\n"


def start(command, env=None):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=env)


def run(command):
    """Wall seconds of one command, its output thrown away."""
    begun = time.perf_counter()
    start(command).wait()
    return time.perf_counter() - begun


def peak(command, env=None):
    """Peak memory in MiB, seconds and exit status.

    The kernel's high-water mark is read while the command runs: what wait4() tells counts the parent's pages too.
    """
    begun = time.perf_counter()
    child = start(command, env)
    highest = 0
    while child.poll() is None:
        with contextlib.suppress(OSError, AttributeError):
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            highest = max(highest, int(re.search(r"VmHWM:\s*(\d+)", status).group(1)))
        time.sleep(0.002)
    return highest / 1024, time.perf_counter() - begun, child.returncode


def pairs(ours, theirs):
    """Run two commands in turn; the best of each, and the median of the ratio pair by pair."""
    run(ours)
    run(theirs)  # both are in the page cache now
    once = run(ours) + run(theirs)
    times = max(FEWEST, min(MOST, round(PAIRS_SECONDS / once)))
    taken = {0: [], 1: []}
    for turn in range(times):
        for side in (0, 1) if turn % 2 else (1, 0):
            taken[side].append(run((ours, theirs)[side]))
    ratio = statistics.median(x / y for x, y in zip(taken[0], taken[1]))
    return min(taken[0]), min(taken[1]), ratio


def few_pairs(ours, theirs, times=3):
    """The same for commands that take long: nothing to warm up, and each only a few times."""
    taken = [(run(ours), run(theirs)) for _ in range(times)]
    return min(x for x, _ in taken), min(y for _, y in taken), statistics.median(x / y for x, y in taken)


def report(what, ours, theirs, median, wanted):
    print(f"{what:<58} {ours * 1000:9.1f} ms  {theirs * 1000:9.1f} ms  {ours / theirs:7.2f}  {median:7.2f}  {wanted}")


def report_alone(what, figure, wanted):
    print(f"{what:<58} {figure:<46}{wanted}")


def folder(directory, runbook, port=9):
    path = pathlib.Path(directory)
    path.mkdir(exist_ok=True)
    (path / "platform.yaml").write_text(PLATFORM % port)
    (path / "bench.yaml").write_text(runbook)
    return str(path)


def empty_program(directory):
    """The least that a C program linked to the same libraries can cost."""
    source = pathlib.Path(directory) / "empty.c"
    source.write_text("int main(void) { return 0; }\n")
    flags = subprocess.run(
        ["pkg-config", "--libs", "libcurl", "jansson", "yaml-0.1", "libpq", "hiredis", "expat", "zlib"],
        check=True, capture_output=True, text=True).stdout.split()
    binary = str(source.with_suffix(""))
    subprocess.run(["gcc", "-O2", "-o", binary, str(source), "-Wl,--no-as-needed", *flags], check=True)
    return binary


def start_up(directory):
    empty = empty_program(directory)
    for name, arguments in (("list", ["list"]),
                            ("dry run", ["run", "high-error-rate", "--dry-run"])):
        command = [BINARY, "-R", str(ROOT / "runbooks"), *arguments]
        report(f"fsops {name} / empty program, same libraries", *pairs(command, [empty]), "at most 1.5")


def commands(directory):
    actions = "\n".join("      - {exec: \"true\", effect: read}" for _ in range(200))
    runbooks = folder(directory + "/exec",
                      "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                      f"  - step: Many\n    budget: 10m\n    sequential: true\n    actions:\n{actions}\n")
    ours = [BINARY, "-R", runbooks, "run", "bench"]
    script = pathlib.Path(directory) / "many.sh"
    script.write_text("/bin/true\n" * 200)
    report("200 commands / sh running them", *pairs(ours, ["sh", str(script)]), "at most 1.5")
    if not shutil.which("ansible-playbook"):
        print("200 commands / ansible-playbook: not measured, ansible-playbook is not installed")
        return
    tasks = "\n".join("    - command: /bin/true" for _ in range(200))
    playbook = pathlib.Path(directory) / "many.yaml"
    playbook.write_text(f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n{tasks}\n")
    fast = run(ours)
    slow = run(["ansible-playbook", "-i", "localhost,", str(playbook)])
    report("ansible-playbook / 200 commands", slow, fast, slow / fast, "at least 50")


def reads(directory):
    with servers.slow(0.3) as port:
        def runbook(count):
            actions = "\n".join("      - http: GET /slow" for _ in range(count))
            return ("runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                    f"  - step: Reads\n    budget: 1m\n    actions:\n{actions}\n")
        many = [BINARY, "-R", folder(directory + "/many", runbook(20), port), "run", "bench"]
        one = [BINARY, "-R", folder(directory + "/one", runbook(1), port), "run", "bench"]
        report("20 HTTP reads of 300 ms / one of them", *pairs(many, one), "at most 1.3")


def journal(directory):
    """Both sides are run with the library that tests make journals go wrong with; one writes none."""
    library = directory + "/journal.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, str(ROOT / "tests" / "faults" / "journal.c"), "-ldl"],
                   check=True)
    for count, effect, wanted in ((1000, "read", "at most 1.1"), (200, "change", "at most 2")):
        actions = "\n".join(f"      - {{exec: \"true\", effect: {effect}}}" for _ in range(count))
        runbooks = folder(directory + "/" + effect,
                          "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                          f"  - step: Many\n    budget: 10m\n    actions:\n{actions}\n")
        ours, theirs = ([
            "env", f"LD_PRELOAD={library}", f"FSOPS_TEST_FAULT={fault}:1", BINARY, "-R", runbooks, "run", "bench", "-y"]
            for fault in ("off", "none"))
        report(f"{count} {effect}s / the same without a journal", *pairs(ours, theirs), wanted)


def history(directory):
    """100,000 runs: what `history` and `list` cost then, and that of an empty one beside them."""
    few, many = directory + "/few", directory + "/many"
    for state, count in ((few, 20), (many, 100_000)):
        os.makedirs(state + "/runs", mode=0o700)
        with open(state + "/history", "w") as file:
            for n in range(count):
                run_id = f"20261123-{n:06}-{'bench' if n % 3 else 'other'}-k3"
                file.write(f"began\t{run_id}\tbench\tbench\t{1764000000000 + n}\n"
                           f"ended\t{run_id}\t{1764000001000 + n}\tok\t0\t0\t{n:064x}\n")
                open(f"{state}/runs/{run_id}.jsonl", "w").close()
    runbooks = folder(directory + "/history", "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                      "  - step: One\n    budget: 1m\n    exec: \"true\"\n    effect: read\n")
    for words in (["history"], ["history", "nobody"], ["history", "--failed", "--limit", "0"],
                  ["list"]):
        ours, theirs = (["env", f"FSOPS_STATE={state}", BINARY, *words, "-R", runbooks] for state in (many, few))
        report(f"fsops {' '.join(words)}: 100,000 runs / 20", *pairs(ours, theirs), "under 100 ms")


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
    with Sandbox("healthy") as sandbox:
        text = DAILY.format(**{part: sandbox.address(part, "https" if part in ("api", "site") else "http")
                               for part in ("api", "site", "prometheus", "grafana", "s3")})
        kept = os.environ.copy()
        os.environ.update(sandbox.settings)
        try:
            for tools, lines in (("kubectl, curl, aws", text), ("kubectl, curl", text[:text.index("aws ")])):
                if "aws" in tools and not shutil.which("aws"):
                    print("daily-health-check / the document's commands: not measured with aws, which is not installed")
                    continue
                script.write_text(lines)
                report(f"daily-health-check / the document's {tools}",
                       *pairs([BINARY, "run", "daily-health-check"], ["sh", str(script)]), "at most 1")
        finally:
            os.environ.clear()
            os.environ.update(kept)


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
        report_alone(f"overrun: its {name} is gone after the step by",
                     "not measured" if gone is None else f"{gone * 1000:9.1f} ms", "at most 1000 ms")


def report_memory(what, command, wanted, env=None):
    mebibytes, seconds, status = peak(command, env)
    report_alone(f"{what} (exit status {status})", f"{mebibytes:9.1f} MiB in {seconds:5.1f} s", wanted)


def memory(directory):
    with Sandbox("healthy") as sandbox:
        report_memory("peak memory of daily-health-check", [BINARY, "run", "daily-health-check"],
                      "under 20 MiB", {**os.environ, **sandbox.env})
    runbooks = folder(directory + "/huge",
                      "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                      "  - step: Huge\n    budget: 10m\n    exec: head -c 2147483648 /dev/zero\n    effect: read\n")
    report_memory("peak memory while a step prints 2 GiB", [BINARY, "-R", runbooks, "run", "bench"], "the same")


def backup(directory):
    """An object of 1 GiB, unpacked about three times that; it is made while it is sent, so it lies nowhere."""
    with Sandbox("healthy") as sandbox:
        key = dump.add(sandbox)
        inside = ["sh", "-c", '. "$0/env.sh"; exec "$@"', sandbox.folder]
        ours = [*inside, BINARY, "run", "verify-backup"]
        url = f"{sandbox.address('s3', 'http')}/{key}"
        fetch = (f"curl -sf --aws-sigv4 aws:amz:{sandbox.s3.region}:s3 -H x-amz-content-sha256:UNSIGNED-PAYLOAD "
                 f'--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" {url}')
        report("verify-backup of 1 GiB / curl | gzip -t", *few_pairs(ours, [*inside, "sh", "-c", f"{fetch} | gzip -t"]),
               "at most 1")
        if shutil.which("aws"):
            fetch = f"aws --endpoint-url {sandbox.address('s3', 'http')} s3 cp s3://{key} -"
            report("verify-backup of 1 GiB / aws s3 cp - | gunzip -t",
                   *few_pairs(ours, [*inside, "sh", "-c", f"{fetch} | gunzip -t"], 1), "at most 1")
        else:
            report_alone("verify-backup of 1 GiB / aws s3 cp - | gunzip -t", "not measured: aws is not installed", "")
        report_memory("peak memory of verify-backup of 1 GiB", [BINARY, "run", "verify-backup"], "under 20 MiB",
                      {**os.environ, **sandbox.env})


def conditions(directory):
    """A condition over 1,000 pods, as a whole process, against jq doing the same on the same file."""
    if not shutil.which("jq"):
        report_alone("a condition over 1,000 pods / jq", "not measured: jq is not installed", "")
        return
    pods = [{"metadata": {"name": f"pod-{n}", "labels": {"app": "backend"}},
             "spec": {"containers": [{"name": "main", "image": "backend:v1"}]},
             "status": {"phase": "Running"}} for n in range(1000)]
    file = pathlib.Path(directory) / "pods.json"
    file.write_text(json.dumps({"items": pods}))
    ours = [BINARY, "eval", "items.filter(p, p.status.phase != 'Running').size() == 0", "--context", str(file)]
    theirs = ["jq", '[.items[] | select(.status.phase != "Running")] | length == 0', str(file)]
    report("a condition over 1,000 pods / jq", *pairs(ours, theirs), "")


def main():
    print(f"{'what':<58} {'ours, best':>12}  {'theirs':>12}  {'ratio':>7}  {'median':>7}  wanted")
    with tempfile.TemporaryDirectory(prefix="fsops-bench-") as directory:
        os.environ["FSOPS_STATE"] = directory + "/state"
        parts = (start_up, commands, reads, journal, history, daily, backup, conditions, leftovers, memory)
        for part in parts:
            if not sys.argv[1:] or part.__name__ in sys.argv[1:]:  # `run.py backup memory` measures these two
                part(directory)


if __name__ == "__main__":
    main()
