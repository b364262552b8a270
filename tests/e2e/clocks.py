"""When schedules should fire, and when cron, systemd and Kubernetes start what they are told to.

Each is written from its own documentation, in steps of a quarter of an hour: every time and every
change of clocks here is a multiple of it.  Points of time are seconds since 1970, UTC.
"""
import bisect
import functools
import os
import re
import subprocess
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

QUARTER = 15 * 60
FROM = int(datetime(2027, 1, 1, tzinfo=timezone.utc).timestamp())
UNTIL = int(datetime(2032, 1, 1, tzinfo=timezone.utc).timestamp())  # five years
LATE = 25 * 60  # what --if-due takes for now
SUNDAY = 6  # of datetime.weekday()


def stamp(when):
    return int(when.astimezone(timezone.utc).timestamp())


@functools.lru_cache(None)
def shown(zone):
    """What the clocks of a zone show at each quarter of the five years, without a zone: [datetime]."""
    info = ZoneInfo(zone)
    return [datetime.fromtimestamp(t, info).replace(tzinfo=None) for t in range(FROM, UNTIL, QUARTER)]


def changes(zone, until=UNTIL):
    """The moments at which the clocks are put forward or back."""
    walls = shown(zone)
    return [FROM + i * QUARTER for i in range(1, len(walls))
            if walls[i] - walls[i - 1] != timedelta(seconds=QUARTER) and FROM + i * QUARTER < until]


# The document's three, by runbook

DAYS = {"daily-health-check": lambda day: True,
        "weekly-maintenance": lambda day: day.weekday() == SUNDAY,
        "monthly-maintenance": lambda day: day.weekday() == SUNDAY and day.day <= 7}
TIMES = {"daily-health-check": (9, 0), "weekly-maintenance": (2, 0), "monthly-maintenance": (1, 0)}


@functools.lru_cache(None)
def document(runbook, zone):
    """When it fires: once a day, the first time that the clocks show its time or, where they skip it, a later one."""
    fired, done = [], shown(zone)[0].date()  # the first day may be half over
    for i, wall in enumerate(shown(zone)):
        if (wall.hour, wall.minute) < TIMES[runbook] or wall.date() <= done:
            continue
        done = wall.date()
        if DAYS[runbook](done):
            fired.append(FROM + i * QUARTER)
    return fired


def if_due(starts, runbook, zone):
    """Those of the starts at which `--if-due` lets a run begin."""
    wanted = document(runbook, zone)
    last = [wanted[bisect.bisect_right(wanted, t) - 1] for t in starts]
    return [t for t, fired in zip(starts, last) if t - LATE <= fired <= t]


# cron

def field(text, low, high):
    if text == "*":
        return set(range(low, high + 1))
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def parsed(spec):
    """Five fields as a function of what the clocks show.  Day and weekday: both, or either when both are limited."""
    minute, hour, day, month, weekday = spec.split()
    minutes, hours = field(minute, 0, 59), field(hour, 0, 23)
    days, months, weekdays = field(day, 1, 31), field(month, 1, 12), {d % 7 for d in field(weekday, 0, 7)}
    either = day != "*" and weekday != "*"

    def matches(wall):
        on_day, on_weekday = wall.day in days, (wall.weekday() + 1) % 7 in weekdays
        return (wall.minute in minutes and wall.hour in hours and wall.month in months
                and (on_day or on_weekday if either else on_day and on_weekday))
    return matches


def cron_starts(spec, machine):
    """Debian's cron and cronie (cron(8)): a job at fixed times runs right after a gap that skipped it, and not
    again when the clocks have been put back; one with * for the minute or the hour goes by what the clocks show."""
    matches, step = parsed(spec), timedelta(seconds=QUARTER)
    wild = any(f.startswith("*") for f in spec.split()[:2])
    walls = shown(machine)
    starts, seen = [], walls[0] - step
    for i, wall in enumerate(walls):
        if wild:
            if matches(wall):
                starts.append(FROM + i * QUARTER)
            continue
        while seen < wall:
            seen += step
            if matches(seen):
                starts.append(FROM + i * QUARTER)
    return starts


# Kubernetes

def kubernetes_starts(spec, zone):
    """The CronJob controller (robfig/cron): whenever the clocks of `timeZone` show a time that matches."""
    matches = parsed(spec)
    return [FROM + i * QUARTER for i, wall in enumerate(shown(zone)) if matches(wall)]


# systemd

def systemd_starts(calendar, count):
    """systemd itself says when it would."""
    base = datetime.fromtimestamp(FROM - 1, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    said = subprocess.run(
        ["systemd-analyze", "calendar", f"--base-time={base}", f"--iterations={count}", calendar],
        capture_output=True, text=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"})
    assert said.returncode == 0, said.stderr
    found = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", said.stdout)
    starts = [stamp(datetime.strptime(t, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)) for t in found]
    return [t for t in starts if t < UNTIL]
