"""The backups in the bucket: nightly dumps, and what the backup jobs add.

Invariant: a dump is real gzip with SQL that PostgreSQL takes; only a torn one
is cut off.
"""
import gzip
import os
import time

BUCKET = "flight-search-backups"
POSTGRES, REDIS = "postgres-backups/", "redis-backups/"
LATEST = POSTGRES + "latest-backup.sql.gz"
NIGHTS = 7
DAY = 86400
HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = """\
--
-- PostgreSQL database dump
--

-- Dumped from database version 15.6

DROP TABLE IF EXISTS bookings, flights, airports;
"""


def dump():
    with open(os.path.join(HERE, "schema.sql")) as f:
        return gzip.compress((HEAD + f.read() + "\n-- PostgreSQL database dump complete\n").encode(), mtime=0)


def name_at(seconds):
    return f"{POSTGRES}flight_search_backup_{time.strftime('%Y%m%d_%H%M%S', time.gmtime(seconds))}.sql.gz"


def last_night(now):
    """The last 02:00 before `now`."""
    at = now - now % DAY + 2 * 3600
    return at if at <= now else at - DAY


def fill(sandbox, newest, torn):
    """Nightly backups up to `newest`, and none after it; the last one, and its copy, may be torn."""
    data = dump()
    night = last_night(newest)
    for age in range(NIGHTS, -1, -1):
        at = night - age * DAY
        content = data[:len(data) // 2] if torn and age == 0 else data
        sandbox.s3.put(BUCKET, name_at(at), content, min(at + 40, newest))
        sandbox.s3.put(BUCKET, f"{REDIS}redis_backup_{time.strftime('%Y%m%d', time.gmtime(at))}.rdb",
                       b"REDIS0010" + bytes(2000), min(at + 1800, newest))
    sandbox.s3.put(BUCKET, LATEST, content, min(night + 41, newest))


def postgres_job(sandbox):
    def done(_job):
        if sandbox.kube.cluster.offset:
            return  # a night of the past; its file is there already
        now = time.time()
        sandbox.s3.put(BUCKET, name_at(now), dump(), now)
        sandbox.s3.put(BUCKET, LATEST, dump(), now)
    return done


def redis_job(sandbox):
    def done(_job):
        now = time.time()
        sandbox.s3.put(BUCKET, f"{REDIS}redis_backup_{time.strftime('%Y%m%d_%H%M%S', time.gmtime(now))}.rdb",
                       b"REDIS0010" + bytes(2000), now)
    return done
