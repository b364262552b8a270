"""Label and field selectors.

Invariant: a field that a real API server cannot select by is refused, as
there: a runbook that works here must work in production.
"""
import re

# Beside COMMON; a type that is not here has those two alone.
FIELDS = {
    "pods": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
             "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    "nodes": ("spec.unschedulable",),
    "jobs": ("status.successful",),
    "secrets": ("type",),
    "namespaces": ("status.phase",),
    "certificates": (),  # the words for a custom resource are others
    "certificaterequests": (), "issuers": (), "clusterissuers": (), "challenges": (),
    "services": ("spec.clusterIP", "spec.type"),
    "events": ("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
               "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
               "reason", "reportingComponent", "source", "type"),
}
COMMON = ("metadata.name", "metadata.namespace")
UNNAMESPACED = ("nodes", "namespaces")  # of FIELDS: they have no metadata.namespace to select by
JOBS = 'field label "{}" not supported for Job'
SOME = "field label not supported: {}"
NONE = '"{}" is not a known field selector: only "metadata.name", "metadata.namespace"'
SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
PAIR = re.compile(r"^\s*([^=!\s]+)\s*(==|=|!=)\s*([^=!]*?)\s*$")


class BadSelector(ValueError):
    pass


def split(text):
    """Split at commas that are not inside parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", text or "") if part.strip()]


def labels(text):
    """A function labels -> bool."""
    tests = [_label_test(part) for part in split(text)]
    return lambda have: all(test(have or {}) for test in tests)


def _label_test(part):
    if m := SET.match(part):
        key, word, values = m[1], m[2], {v.strip() for v in m[3].split(",")}
        return lambda have: (have.get(key) in values) == (word == "in")
    if m := PAIR.match(part):
        key, word, value = m[1], m[2], m[3]
        return lambda have: (have.get(key) == value) == (word != "!=")
    name = part.strip()
    if name.startswith("!"):
        return lambda have: name[1:].strip() not in have
    if re.search(r"\s", name):
        raise BadSelector(f'unable to parse requirement: found {name!r}')
    return lambda have: name in have


def fields(text, plural):
    """A function object -> bool."""
    tests = [_field_test(part, plural) for part in split(text)]
    return lambda obj: all(test(obj) for test in tests)


def _field_test(part, plural):
    m = PAIR.match(part)
    if not m:
        raise BadSelector(f"invalid field selector: {part!r}")
    path, word, value = m[1], m[2], m[3]
    if path not in known(plural):
        words = JOBS if plural == "jobs" else SOME if plural in FIELDS else NONE
        raise BadSelector(words.format(path))
    return lambda obj: (lookup(obj, path, plural) == value) == (word != "!=")


def known(plural):
    """The fields that objects of a type can be selected by."""
    return (COMMON[:1] if plural in UNNAMESPACED else COMMON) + FIELDS.get(plural, ())


def lookup(obj, path, plural):
    if (plural, path) == ("jobs", "status.successful"):
        return str(obj.get("status", {}).get("succeeded", 0))
    if (plural, path) == ("events", "source"):
        return obj.get("source", {}).get("component", "")
    for name in path.split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    if isinstance(obj, bool):
        return str(obj).lower()
    if obj is None:
        return "false" if path in ("spec.unschedulable", "spec.hostNetwork") else ""
    return str(obj)


def of_object(selector):
    """The `spec.selector` of a workload as a function labels -> bool."""
    wanted = (selector or {}).get("matchLabels", {}) if "matchLabels" in (selector or {}) else selector or {}
    return lambda have: bool(wanted) and all((have or {}).get(k) == v for k, v in wanted.items())


def matcher(query, plural):
    """The selectors of a request as one function object -> bool."""
    by_label, by_field = labels(query.get("labelSelector")), fields(query.get("fieldSelector"), plural)
    return lambda obj: by_label(obj["metadata"].get("labels")) and by_field(obj)
