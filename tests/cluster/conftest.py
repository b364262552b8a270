"""Which cluster, which kubectl, and whether it may be torn about: asked before anything is done to it."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

from around import Around  # noqa: E402
from objects import CERT_MANAGER, MARK  # noqa: E402

KUBECONFIG = os.environ.get("KUBECONFIG", "")
KUBECTL = os.path.abspath(os.environ.get("KUBECTL") or shutil.which("kubectl") or "kubectl")


def refusal():
    """Why this cluster is left alone; None when it is there to be torn about."""
    if not KUBECONFIG or not os.path.exists(KUBECONFIG):
        return "give a cluster: make check-cluster KUBECONFIG=FILE"
    asked = subprocess.run([KUBECTL, "--kubeconfig", KUBECONFIG, "get", "namespace", "default", "-o",
                            f"jsonpath={{.metadata.labels.{MARK}}}"], capture_output=True, text=True, timeout=60)
    if asked.returncode:
        return f"the cluster cannot be asked: {asked.stderr.strip()}"
    if asked.stdout != "yes":
        return ("these tests drain nodes and delete what they find: mark a cluster that may be lost with "
                f"`kubectl label namespace default {MARK}=yes`")
    return None


def pytest_sessionstart(session):
    why = refusal()
    if why:
        pytest.exit(f"check-cluster: {why}", returncode=2)


@pytest.fixture(scope="session")
def around():
    """The platform in the given cluster, once for all tests."""
    one = Around(KUBECONFIG, KUBECTL)
    one.ask("apply", "--server-side", "-f", "-", stdin="\n".join("---\n" + json.dumps(type_) for type_ in CERT_MANAGER))
    one.ask("wait", "--for=condition=established", "crd", *(type_["metadata"]["name"] for type_ in CERT_MANAGER))
    with one:
        yield one


@pytest.fixture
def cluster(around):
    """The platform as it should be."""
    around.reset()
    return around
