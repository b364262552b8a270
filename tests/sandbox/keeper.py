"""Waits for the end of the sandbox that started it, then removes what it left.

Its standard input is a pipe that only the sandbox holds.  "done" means that
the sandbox cleaned up by itself; an end without it means that it was killed.
"""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from process import sweep  # noqa: E402


def main(folder):
    if sys.stdin.buffer.read() == b"done":
        return
    sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
