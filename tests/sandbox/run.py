"""Start, stop and break a sandbox by hand: `run.py --help`.

This folder holds modules named like others (redis, prometheus), so it is
taken out of the search path and its parent put in.
"""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from sandbox.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
