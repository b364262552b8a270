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


AGGREGATED = "as=APIGroupDiscoveryList"
AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;" + AGGREGATED


def aggregated(groups):
    """All of these groups ({name: versions}) in one answer, as a server since 1.27 has it."""
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
            "items": [{"metadata": {"name": name, "creationTimestamp": None} if name else {"creationTimestamp": None},
                       "versions": [aggregated_version(name, v) for v in versions]}
                      for name, versions in groups.items()]}


def aggregated_version(group_name, version_name):
    listed = (resource_list(group_name, version_name, False) or {"resources": []})["resources"]
    parts = {}
    for r in listed:
        plural, _, sub = r["name"].partition("/")
        if sub:
            parts.setdefault(plural, []).append({"subresource": sub, "responseKind": response_kind(r),
                                                 "verbs": r["verbs"]})
    found = []
    for r in listed:
        if "/" in r["name"]:
            continue
        shown = {"resource": r["name"], "responseKind": response_kind(r), "verbs": r["verbs"],
                 "scope": "Namespaced" if r["namespaced"] else "Cluster", "singularResource": r["singularName"]}
        shown.update({k: r[k] for k in ("shortNames", "categories") if k in r})
        found.append({**shown, "subresources": parts[r["name"]]} if r["name"] in parts else shown)
    return {"version": version_name, "resources": found, "freshness": "Current"}


def response_kind(r):
    return {"group": r.get("group", ""), "version": r.get("version", ""), "kind": r["kind"]}


def openapi_v2():
    """An OpenAPI document without definitions, in the protobuf form that kubectl asks for."""
    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data
    info = field(1, b"Kubernetes") + field(2, b"v1.20.0")
    return field(1, b"2.0") + field(2, info) + field(8, b"")
