"""The figures, each as a ratio against a peer measured in the same run.

Machines are noisy: a pair is run in turn (A B A B …) and the median ratio is what counts. Nothing here passes or
fails; it prints. `make bench` runs it.
"""

import os
import pathlib
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

import servers  # noqa: E402
from sandbox import Sandbox  # noqa: E402

BINARY = os.environ.get("FSOPS_BINARY", str(ROOT / "build" / "fsops"))
PLATFORM = "platform: bench\ntargets:\n  web: {http: \"http://127.0.0.1:%d\"}\n"


def run(command, env=None, cwd=None):
    """Wall seconds, peak memory in KiB and exit status of one command, its output thrown away."""
    begun = time.perf_counter()
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(command, stdout=null, stderr=null, stdin=null, env=env, cwd=cwd)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - begun, usage.ru_maxrss, child.returncode


def pairs(ours, theirs, times, **kwargs):
    """Run two commands in turn; the median of each and of the ratio pair by pair."""
    run(ours, **kwargs)
    run(theirs, **kwargs)
    a, b = [], []
    for _ in range(times):
        a.append(run(ours, **kwargs)[0])
        b.append(run(theirs, **kwargs)[0])
    ratio = statistics.median(x / y for x, y in zip(a, b))
    return statistics.median(a), statistics.median(b), ratio


def report(what, ours, theirs, ratio, wanted):
    print(f"{what:<58} {ours * 1000:9.1f} ms  {theirs * 1000:9.1f} ms  {ratio:7.2f}  {wanted}")


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
        report(f"fsops {name} / empty program, same libraries", *pairs(command, [empty], 40), "at most 1.5")


def commands(directory):
    actions = "\n".join("      - {exec: \"true\", effect: read}" for _ in range(200))
    runbooks = folder(directory + "/exec",
                      "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                      f"  - step: Many\n    budget: 10m\n    sequential: true\n    actions:\n{actions}\n")
    ours = [BINARY, "-R", runbooks, "run", "bench"]
    script = pathlib.Path(directory) / "many.sh"
    script.write_text("/bin/true\n" * 200)
    report("200 commands / sh running them", *pairs(ours, ["sh", str(script)], 15), "at most 1.5")
    if not shutil.which("ansible-playbook"):
        print("200 commands / ansible-playbook: not measured, ansible-playbook is not installed")
        return
    tasks = "\n".join("    - command: /bin/true" for _ in range(200))
    playbook = pathlib.Path(directory) / "many.yaml"
    playbook.write_text(f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n{tasks}\n")
    fast = run(ours)[0]
    slow = run(["ansible-playbook", "-i", "localhost,", str(playbook)])[0]
    report("ansible-playbook / 200 commands", slow, fast, slow / fast, "at least 50")


def reads(directory):
    with servers.slow(0.3) as port:
        def runbook(count):
            actions = "\n".join("      - http: GET /slow" for _ in range(count))
            return ("runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                    f"  - step: Reads\n    budget: 1m\n    actions:\n{actions}\n")
        many = [BINARY, "-R", folder(directory + "/many", runbook(20), port), "run", "bench"]
        one = [BINARY, "-R", folder(directory + "/one", runbook(1), port), "run", "bench"]
        report("20 HTTP reads of 300 ms / one of them", *pairs(many, one, 7), "at most 1.3")


def memory(directory):
    with Sandbox("healthy") as sandbox:
        command = [BINARY, "-R", str(sandbox.runbooks), "run", "daily-health-check"]
        _, peak, status = run(command, env={**os.environ, **sandbox.env})
    print(f"{'peak memory of daily-health-check (exit status %d)' % status:<58} {peak / 1024:9.1f} MiB"
          f"{'':<24}under 20 MiB")
    runbooks = folder(directory + "/huge",
                      "runbook: bench\ntitle: Bench\nseverity: info\nsteps:\n"
                      "  - step: Huge\n    budget: 10m\n    exec: head -c 2147483648 /dev/zero\n    effect: read\n")
    seconds, peak, status = run([BINARY, "-R", runbooks, "run", "bench"])
    print(f"{'peak memory while a step prints 2 GiB (exit status %d)' % status:<58} {peak / 1024:9.1f} MiB"
          f"  in {seconds:.1f} s{'':<15}the same")


def main():
    print(f"{'what':<58} {'ours':>12}  {'theirs':>12}  {'ratio':>7}  wanted")
    with tempfile.TemporaryDirectory(prefix="fsops-bench-") as directory:
        for part in (start_up, commands, reads, memory):
            part(directory)


if __name__ == "__main__":
    main()
