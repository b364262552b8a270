"""What the API says about itself: /version, /api, /apis and the resource lists.

Invariant: made from the table in resources.py, so that kubectl is never told
of a type that the server does not answer for.
"""
from . import resources

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
READ_VERBS = ["get", "list"]


def version(old):
    minor = "20" if old else "32"
    return {"major": "1", "minor": minor, "gitVersion": f"v1.{minor}.4", "gitCommit": "0", "gitTreeState": "clean",
            "buildDate": "2024-01-01T00:00:00Z", "goVersion": "go1.21", "compiler": "gc", "platform": "linux/amd64"}


def core_versions():
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(old):
    return {"kind": "APIGroupList", "apiVersion": "v1",
            "groups": [group(name, versions) for name, versions in resources.groups(old).items()]}


def group(name, versions):
    offered = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": offered, "preferredVersion": offered[0]}


def resource_list(group_name, version_name, old):
    found = []
    for t in resources.TYPES:
        if t.group == group_name and resources.version_for(t, old) == version_name:
            found.append(entry(t))
            found += [part(t, *sub, old) for sub in t.subresources]
    if not found:
        return None
    name = f"{group_name}/{version_name}" if group_name else version_name
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found}


def entry(t):
    shown = {"name": t.plural, "singularName": t.kind.lower(), "namespaced": t.namespaced, "kind": t.kind,
             "verbs": READ_VERBS if t.group == resources.METRICS else VERBS}
    if t.short:
        shown["shortNames"] = list(t.short)
    if t.categories:
        shown["categories"] = list(t.categories)
    return shown


def part(t, name, group_name, version_name, kind, old):
    if name == "eviction" and old:
        version_name = resources.OLD_EVICTION
    shown = {"name": f"{t.plural}/{name}", "singularName": "", "namespaced": t.namespaced,
             "kind": kind or t.kind, "verbs": ["create", "get", "patch", "update"]}
    if version_name:
        shown["group"], shown["version"] = group_name, version_name
    return shown


def openapi_v2():
    """An OpenAPI document without definitions, in the protobuf form that kubectl asks for."""
    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data
    info = field(1, b"Kubernetes") + field(2, b"v1.20.0")
    return field(1, b"2.0") + field(2, info) + field(8, b"")
