"""A large backup for the sandbox's bucket that is made while it is sent.

Its rows are one packed block, again and again: gzip allows members behind each other, and both sides unpack every byte.
"""

import bisect
import gzip
import itertools
import random
import time

BUCKET = "flight-search-backups"
KEY = "postgres-backups/flight_search_backup_20991231_020000.sql.gz"
ROWS = 250_000  # in a block
HEAD = b"--\n-- PostgreSQL database dump\n--\n\nCOPY bookings (id, flight, passenger, price, day) FROM stdin;\n"
TAIL = b"\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n"


class Pieces:
    """A file that is these pieces one after another."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.ends = list(itertools.accumulate(map(len, pieces)))
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def seek(self, offset):
        self.at = offset

    def read(self, most):
        n = bisect.bisect_right(self.ends, self.at)
        if n == len(self.pieces):
            return b""
        left = self.ends[n] - self.at
        start = len(self.pieces[n]) - left
        self.at += min(most, left)
        return self.pieces[n][start:start + most]


def block():
    chance = random.Random(1)
    return "".join(f"{n}\t{chance.randrange(99_999)}\tpassenger {chance.randrange(10 ** 6)}\t"
                   f"{chance.randrange(90_000) / 100}\t2026-11-{chance.randrange(1, 29):02}\n" for n in range(ROWS))


def add(sandbox, size=1 << 30):
    """The newest backup is one of at least `size` bytes from now on; BUCKET/KEY."""
    rows = gzip.compress(block().encode(), 6)
    pieces = [gzip.compress(HEAD), *[rows] * -(-size // len(rows)), gzip.compress(TAIL)]
    sandbox.s3.add(BUCKET, KEY, sum(map(len, pieces)), lambda: Pieces(pieces), time.time() + 5)
    return f"{BUCKET}/{KEY}"
