"""Other people on this machine: the tests run as root, so that each may be one."""
import os
import pathlib
import subprocess
import tempfile

import pytest

from helpers import FSOPS

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be other people, and give files to them")
ME, EVE, COLLEAGUE = 54321, 54322, 54323  # numbers that nobody has


def public_folder():
    """A folder that everybody may come into, unlike those of pytest."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fsops-strangers-"))
    folder.chmod(0o755)
    return folder


def give(path, owner, group=None):
    """All that is in `path`, and itself, to somebody."""
    for folder, folders, files in os.walk(path):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(folder, name), owner, owner if group is None else group, follow_symlinks=False)


def as_user(user, *words, cwd=None, group=None, groups=(), env=None, home=None, umask=None, timeout=60):
    """fsops, run by this user."""
    home = home or cwd
    full = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **(env or {})}

    return subprocess.run([FSOPS, *map(str, words)], cwd=cwd, env={k: v for k, v in full.items() if v is not None},
                          user=user, group=user if group is None else group, extra_groups=list(groups), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          umask=-1 if umask is None else umask)
