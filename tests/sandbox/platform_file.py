"""Writes the sandbox's platform.yaml: the product's own, with local addresses.

Only the `targets:` section and three variables differ, so metrics, alerts and
contacts are tested as they are shipped.  Invariant: target names are those of
TARGETS, in the product's file and here.
"""
import json
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PRODUCT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "runbooks")
WINDOW = "10s"
TUNNELS = {"db": {"postgres": "user=fsops dbname=flight_search_prod", "tunnel": "svc/postgres:5432"},
           "cache": {"redis": "redis://redis:6379/0", "tunnel": "svc/redis:6379"}}


def targets(sandbox):
    at = sandbox.address
    return {
        "cluster": {"kubectl": {"context": "prod", "namespace": "flight-search-prod"}},
        "api": {"http": at("api", "https")},
        "site": {"http": at("site", "https")},
        "upstream": {"http": at("upstream", "http")},
        "monitor": {"prometheus": at("prometheus", "http")},
        "prometheus_web": {"http": at("prometheus", "http")},
        "grafana": {"http": at("grafana", "http")},
        **(TUNNELS if sandbox.tunnels else {"db": {"postgres": sandbox.conninfo},
                                            "cache": {"redis": at("redis", "redis") + "/0"}}),
        "backups": {"s3": "s3://flight-search-backups", "region": sandbox.s3.region, "endpoint": at("s3", "http")},
    }


def section(name, entries):
    """A top-level mapping as YAML text, an entry a line (JSON is YAML)."""
    return f"{name}:\n" + "".join(f"  {key}: {json.dumps(value)}\n" for key, value in entries.items())


def replaced(text, name, new):
    """`text` with its top-level section `name` exchanged, or added when it has none."""
    found = re.search(rf"^{name}:.*\n(?:(?:[ \t].*|#.*|[ \t]*)\n)*", text, re.M)
    if not found:
        return text.rstrip("\n") + "\n\n" + new
    kept = "\n" if found[0].endswith("\n\n") else ""
    return text[:found.start()] + new + kept + text[found.end():]


def set_variable(text, name, value):
    """Set the value of a variable: `name: 5m`, or `name:` with `value: 5m` below it."""
    one_line = rf"^(  {name}: (?!\{{))[^\n]*$"
    below = rf"^(  {name}:\n(?:    [^\n]*\n)*?    value: )[^\n]*$"
    for pattern in (below, one_line):
        text = re.sub(pattern, lambda m: m[1] + json.dumps(value), text, flags=re.M)
    return text


def render(sandbox):
    with open(os.path.join(PRODUCT, "platform.yaml")) as f:
        text = f.read()
    text = replaced(text, "targets", section("targets", targets(sandbox)))
    for name, value in (("window", WINDOW), ("domain", "localhost"), ("dr_dir", sandbox.recovery)):
        text = set_variable(text, name, value)
    return text


def write(sandbox, folder):
    """Fill `folder` with links to the product's runbooks and our platform.yaml."""
    os.makedirs(folder)
    for name in os.listdir(PRODUCT):
        if name != "platform.yaml":
            os.symlink(os.path.join(PRODUCT, name), os.path.join(folder, name))
    rewrite(sandbox, folder)


def rewrite(sandbox, folder):
    """Write our platform.yaml again: an address has changed."""
    with open(os.path.join(folder, "platform.yaml"), "w") as f:
        f.write(render(sandbox))
