"""`fsops schedule`: what it prints is accepted, and starts each runbook when the document says, for five years."""
import json
import os
import re
import shutil
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from clocks import FROM, LATE, QUARTER, changes, cron_starts, document, if_due, shown, systemd_starts
from helpers import FSOPS, ROOT, environment, fsops

MACHINE = os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "UTC"
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"]
SCHEDULES = {"daily-health-check": "{daily: '09:00'}", "weekly-maintenance": "{weekly: sunday 02:00}",
             "monthly-maintenance": "{monthly: first sunday 01:00}"}
STEPS = {"daily-health-check": "{step: Look, manual: look}",
         "weekly-maintenance": "{step: Act, exec: [echo, a b], effect: destroy}",
         "monthly-maintenance": "{step: Act, exec: [echo, act], effect: change}"}


def write(folder):
    folder.mkdir()
    (folder / "platform.yaml").write_text("platform: test\ntargets: {}\n")
    for name, schedule in SCHEDULES.items():
        (folder / f"{name}.yaml").write_text(
            f"runbook: {name}\ntitle: The {name}\nseverity: info\nschedule: {schedule}\nsteps:\n  - {STEPS[name]}\n")
    return folder


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    return write(tmp_path_factory.mktemp("schedule") / "r 100%")


def schedule(books, *words, **more):
    result = fsops("schedule", "-R", books, *words, **more)
    assert (result.status, result.err) == (0, ""), str(result)
    return result.out


def lines_of(text):
    """{runbook: (the five fields, the command)}"""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            *spec, command = line.split(" ", 5)
            found[re.search(r" run (\S+)", command).group(1)] = (" ".join(spec), command)
    return found


def moments(starts):
    """As people read them, from the second day on: the first may be half over where the clocks are ahead."""
    return [datetime.fromtimestamp(t, timezone.utc).isoformat() for t in starts if t >= FROM + 2 * 86400]


# cron

@pytest.mark.parametrize("zone", ZONES)
def test_cron_lines_for_the_machines_own_zone_fire_as_the_document_says(books, zone):
    """Those for this machine's zone, on a machine in another one: they name none."""
    found = lines_of(schedule(books, "--zone", MACHINE))
    assert found.keys() == SCHEDULES.keys() and found["daily-health-check"][0] == "0 9 * * *"
    for name, (spec, command) in found.items():
        starts = cron_starts(spec, zone)
        assert ("--if-due" in command) == (name == "monthly-maintenance"), "cron cannot say 'first Sunday'"
        if "--if-due" in command:
            starts = if_due(starts, name, zone)
        assert moments(starts) == moments(document(name, zone)), name


@pytest.mark.parametrize("machine", ["UTC", "America/New_York", "Europe/Berlin"])
@pytest.mark.parametrize("zone", [z for z in ZONES if z != "UTC"])
def test_cron_lines_for_another_zone_fire_as_the_document_says(books, zone, machine):
    if zone == MACHINE:
        zone = "Pacific/Auckland"
    text = schedule(books, "--zone", zone)
    assert f"Times are those of the zone {zone}. Cron goes by this machine's, {MACHINE}" in text
    for name, (spec, command) in lines_of(text).items():
        assert command.startswith(f"TZ={zone} ") and " --if-due" in command
        assert "CRON_TZ" not in text, "Debian's cron does not know it"
        if shown(machine)[0].minute == shown(MACHINE)[0].minute:
            assert moments(if_due(cron_starts(spec, machine), name, zone)) == moments(document(name, zone)), name


def test_a_cron_line_is_a_command_that_sh_runs(books, tmp_path):
    """As cron does it: "%" is a newline unless escaped, and then sh reads the rest."""
    command = lines_of(schedule(books, "--zone", MACHINE))["daily-health-check"][1]
    assert command.startswith(FSOPS + " -q run daily-health-check ") and r"100\%" in command
    done = subprocess.run(["sh", "-c", command.replace(r"\%", "%") + " --dry-run"], env=environment(), cwd="/",
                          capture_output=True, text=True)
    assert done.returncode == 0 and "Look" in done.stdout, done.stdout + done.stderr


def test_a_crontab_says_what_a_person_has_to_set_before_the_runs(books):
    head, _ = schedule(books).split("\n\n", 1)
    assert "is for you to set here, above the runs:\n#PATH=" in head and "\n#KUBECONFIG=" in head, head


def test_a_crontab_accepts_the_lines(books):
    checked = subprocess.run(["crontab", "-n", "-"], input=schedule(books), capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


# Approval

@pytest.mark.parametrize("options, words", [
    ([], {"weekly-maintenance": "--check", "monthly-maintenance": "--check"}),
    (["-y"], {"weekly-maintenance": "--check", "monthly-maintenance": "--yes"}),
    (["-y", "--yes-destroy"], {"weekly-maintenance": "--yes --yes-destroy", "monthly-maintenance": "--yes"}),
])
def test_changes_are_only_looked_at_unless_they_are_approved(books, options, words):
    found = {entry["runbook"]: " ".join(entry["words"][2:-2]) for entry in
             json.loads(schedule(books, "--format", "json", *options))}
    assert found == {"daily-health-check": "", **words}
    text = schedule(books, *options)
    for name, (_, command) in lines_of(text).items():
        assert found[name] in command
    assert ("Approve with -y --yes-destroy." in text) == ("--yes-destroy" not in options), text


def test_next_is_when_it_fires_next(books):
    now = time.time()
    for entry in json.loads(schedule(books, "--format", "json", "--zone", "Europe/Berlin")):
        expected = next(t for t in document(entry["runbook"], "Europe/Berlin"))
        found = datetime.fromisoformat(entry["next"].replace("Z", "+00:00")).timestamp()
        assert found > now and (found == expected or now < expected), entry
        assert entry["zone"] == "Europe/Berlin"


# --if-due

def dry_run(name, books, at, zone, *words):
    """At another time; whether it would run."""
    command = ["faketime", "-f", f"{at - time.time():+.0f}s", FSOPS, "run", name, "--if-due", "--dry-run", *words,
               "-R", str(books)]
    done = subprocess.run(command, env=environment(TZ=zone, FAKETIME_DONT_RESET="1"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_if_due_lets_a_run_begin_at_its_time_only(books, zone, name):
    """Around the changes of clocks of the first year, and around the times when it fires there."""
    tried = set()
    for change in changes(zone)[:2]:
        around = [t for t in document(name, zone) if abs(t - change) < 86400] or document(name, zone)[:1]
        tried |= {t + k * 2 * QUARTER for t in around for k in (-2, 0, 2)} | {change + k * 4 * QUARTER for k in (-1, 0, 1)}
    began = [t for t in sorted(tried) if dry_run(name, books, t + 5, zone, "-q").stdout]
    assert moments(began) == moments(if_due(sorted(tried), name, zone))
    assert began


def test_if_due_says_when_and_is_silent_with_q(books):
    at = document("weekly-maintenance", "Europe/Berlin")[0]
    late = dry_run("weekly-maintenance", books, at + LATE + 60, "Europe/Berlin")
    assert late.stdout == "" and "is not due: its schedule is sunday 02:00 (Europe/Berlin), next Sun " in late.stderr
    quiet = dry_run("weekly-maintenance", books, at - 60, "Europe/Berlin", "-q")
    assert (quiet.stdout, quiet.stderr) == ("", "")


def test_if_due_never_takes_a_zone_that_is_not_known_for_utc(books):
    result = fsops("run", "daily-health-check", "--if-due", "-R", books, env={"TZ": "Europe/Berlyn"})
    assert result.status == 64 and "TZ is 'Europe/Berlyn'" in result.err, str(result)


def test_if_due_needs_a_schedule():
    result = fsops("run", "overview", "--if-due", "-R", ROOT / "runbooks")
    assert result.status == 64 and "'overview' has no schedule" in result.err, str(result)


# systemd

def units_of(text):
    """{file name: text}"""
    parts = re.split(r"^# (fsops-\S+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_timers_fire_as_the_document_says(books, zone):
    units = units_of(schedule(books, "--systemd", "--zone", zone))
    assert len(units) == 6
    for name in SCHEDULES:
        service = units[f"fsops-{name}.service"]
        calendars = re.findall(r"^OnCalendar=(.*)$", units[f"fsops-{name}.timer"], re.M)
        starts = sorted({t for c in calendars for t in systemd_starts(c, len(document(name, zone)) + 10)})
        assert f"TZ={zone} " in service
        if "--if-due" in service:
            starts = if_due(starts, name, zone)
        assert moments(starts) == moments(document(name, zone)), name


def test_systemd_accepts_the_units(books, tmp_path):
    said = schedule(books, "--systemd", "--zone", "Europe/Berlin", "-y", "--yes-destroy", "--into", tmp_path)
    written = sorted(p.name for p in tmp_path.iterdir())
    assert len(written) == 6 and all(f"fsops-{n}.timer" in said for n in SCHEDULES), written
    printed = units_of(schedule(books, "--systemd", "--zone", "Europe/Berlin", "-y", "--yes-destroy"))
    for name, text in printed.items():
        assert (tmp_path / name).read_text().rstrip("\n") == text.rstrip("\n")
    checked = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.iterdir())],
                             capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
    schedule(books, "--systemd", "--into", tmp_path)  # again: in the place of the old ones
    assert sorted(p.name for p in tmp_path.iterdir()) == written


def test_units_that_cannot_be_written_are_an_error(books, tmp_path):
    result = fsops("schedule", "-R", books, "--systemd", "--into", tmp_path / "none")
    assert result.status == 2 and "unable to write" in result.err and result.out == "", str(result)


# Mistakes

@pytest.mark.parametrize("words, says", [
    (["--zone", "Europe/Berlyn"], "there is no time zone 'Europe/Berlyn' here"),
    (["--zone", "../../etc/passwd"], "there is no time zone"),
    (["--cron", "--systemd"], "give one of them"), (["--into", "x"], "--into goes with --systemd"),
    (["--yes-destroy"], "goes with -y"), (["--systemd", "--format", "json"], "a form of its own"),
])
def test_wrong_usage(books, words, says):
    result = fsops("schedule", "-R", books, *words)
    assert result.status == 64 and says in result.err and result.out == "", str(result)


@pytest.mark.parametrize("name", ["r\n* * * * * root evil", "r\rx", "r\x7f", "r\u0085x", b"r\xff"], ids=ascii)
@pytest.mark.parametrize("form", [["--cron"], ["--systemd"], ["--systemd", "--into", "."], ["--format", "json"]], ids=str)
def test_a_path_that_no_line_can_hold_is_refused(books, tmp_path, name, form):
    """Of the runbooks, the platform file or the program itself."""
    odd = str(tmp_path / os.fsdecode(name))
    shutil.copytree(books, odd)
    shutil.copy(FSOPS, odd + "/fsops")
    for what, command in {
        "the folder of the runbooks": [FSOPS, "schedule", "-R", odd],
        "the platform file": [FSOPS, "schedule", "-R", books, "--platform", odd + "/platform.yaml"],
        "the program's path": [odd + "/fsops", "schedule", "-R", books],
    }.items():
        result = subprocess.run([*command, *form], capture_output=True, env=environment(), cwd=tmp_path)
        assert (result.returncode, result.stdout) == (64, b""), result
        assert what.encode() in result.stderr and b"cannot be written into a timetable" in result.stderr, result
        assert result.stderr.count(b"\n") == 1 and sorted(tmp_path.iterdir()) == [Path(odd)], result


def test_a_runbook_that_cannot_be_read_is_an_error(books, tmp_path):
    broken = shutil.copytree(books, tmp_path / "r")
    (broken / "weekly-maintenance.yaml").write_text("runbook: weekly-maintenance\nschedule: {weekly: 2}\n")
    result = fsops("schedule", "-R", broken)
    assert result.status == 65 and result.out == "" and "weekly-maintenance.yaml:2:" in result.err, str(result)


def test_a_time_that_clocks_put_into_another_day_is_refused(books, tmp_path):
    odd = shutil.copytree(books, tmp_path / "r")
    text = (odd / "daily-health-check.yaml").read_text()
    (odd / "daily-health-check.yaml").write_text(text.replace("09:00", "23:30"))
    assert fsops("schedule", "-R", odd, "--zone", "America/Nuuk").status == 65


# Quiet

def test_a_quiet_run_prints_nothing_when_all_is_well(healthy):
    result = fsops("-q", "run", "daily-health-check", on=healthy)
    assert (result.status, result.out, result.err) == (0, "", ""), str(result)


def test_a_quiet_run_says_what_is_not_well(sandbox):
    result = fsops("-q", "run", "daily-health-check", on=sandbox("stale-backup"))
    assert result.status == 1 and "the latest backup is fresh and whole" in result.out, str(result)
    assert "run finished: warning" in result.out and "System health" not in result.out, f"no more than that{result}"
