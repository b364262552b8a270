"""Fixtures of the end-to-end tests: sandboxes that are gone when a test ends."""
import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from canned_kube import CannedKube  # noqa: E402
from sandbox import Sandbox, postgres  # noqa: E402
from sandbox.process import give, unprivileged_user  # noqa: E402

# Whoever owns this checkout, its runbooks are what is tested.
TRUSTED = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "runbooks")
os.environ["FSOPS_TRUST"] = TRUSTED


# Whatever starts the tests may have had signals ignored (nohup, a shell's background job): what they start would, too.
for _name in ("HUP", "QUIT", "TERM"):
    signal.signal(getattr(signal, f"SIG{_name}"), signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def made_once():
    """What every sandbox would make anew, and always the same."""
    folder = give(tempfile.mkdtemp(prefix="fsops-made-"), unprivileged_user())
    os.environ[postgres.MADE] = os.path.join(folder, "cluster")
    yield
    del os.environ[postgres.MADE]
    shutil.rmtree(folder)


@pytest.fixture
def sandbox():
    """`sandbox("error-rate")` starts one; all of a test's sandboxes end with it."""
    started = []

    def start(scenario="healthy", **options):
        started.append(Sandbox(scenario, **options).start())
        return started[-1]

    yield start
    for one in reversed(started):
        one.stop()


@pytest.fixture(scope="session")
def healthy():
    """One healthy sandbox for all tests that only read."""
    with Sandbox("healthy") as one:
        yield one


@pytest.fixture(scope="session")
def bad_release():
    """One sandbox with a bad release, for all tests that look at it and do not repair it."""
    with Sandbox("error-rate") as one:
        yield one


@pytest.fixture(scope="session")
def canned(tmp_path_factory):
    """An API server whose answers never change."""
    server = CannedKube(tmp_path_factory.mktemp("canned"))
    yield server
    server.stop()
