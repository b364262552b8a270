"""A small Flight Search platform that can be broken.

    with Sandbox("error-rate") as sb:
        subprocess.run([...], env=sb.env)
        assert sb.kube.mutations[0].verb == "patch"
"""
from .sandbox import Sandbox
from .process import StartError
from .scenarios import SCENARIOS

__all__ = ["Sandbox", "StartError", "SCENARIOS"]
