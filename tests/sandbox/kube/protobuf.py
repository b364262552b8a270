"""Reads the protobuf bodies that a kubectl newer than 1.31 sends for a few objects.

Only the fields of MESSAGES are known (numbers from the generated.proto files
of k8s.io/api); unknown ones are skipped, as protobuf wants it.
"""
MAGIC = b"k8s\0"
META = ("metadata", "ObjectMeta")
# message: {field number: (name, type)}; a type in a list is repeated, "map" is string to string,
# "quantities" string to quantity.
MESSAGES = {
    "Unknown": {1: ("typeMeta", "TypeMeta"), 2: ("raw", "bytes")},
    "TypeMeta": {1: ("apiVersion", "string"), 2: ("kind", "string")},
    "ObjectMeta": {1: ("name", "string"), 2: ("generateName", "string"), 3: ("namespace", "string"),
                   11: ("labels", "map"), 12: ("annotations", "map"), 13: ("ownerReferences", ["OwnerReference"])},
    "OwnerReference": {1: ("kind", "string"), 3: ("name", "string"), 4: ("uid", "string"),
                       5: ("apiVersion", "string"), 6: ("controller", "bool"), 7: ("blockOwnerDeletion", "bool")},
    "Job": {1: META, 2: ("spec", "JobSpec")},
    "JobSpec": {1: ("parallelism", "int"), 2: ("completions", "int"), 6: ("template", "PodTemplateSpec"),
                7: ("backoffLimit", "int"), 8: ("ttlSecondsAfterFinished", "int"), 10: ("suspend", "bool")},
    "PodTemplateSpec": {1: META, 2: ("spec", "PodSpec")},
    "PodSpec": {2: ("containers", ["Container"]), 3: ("restartPolicy", "string")},
    "Container": {1: ("name", "string"), 2: ("image", "string"), 3: ("command", ["string"]), 4: ("args", ["string"]),
                  8: ("resources", "Resources")},
    "Resources": {1: ("limits", "quantities"), 2: ("requests", "quantities")},
    "Quantity": {1: ("string", "string")},
    "Amount": {1: ("key", "string"), 2: ("value", "Quantity")},
    "Pod": {1: META, 2: ("spec", "PodSpec")},
    "Eviction": {1: META},
    "SelfSubjectAccessReview": {1: META, 2: ("spec", "ReviewSpec")},
    "SelfSubjectReview": {1: META},
    "ReviewSpec": {1: ("resourceAttributes", "ResourceAttributes"), 2: ("nonResourceAttributes", "PathAttributes")},
    "PathAttributes": {1: ("path", "string"), 2: ("verb", "string")},
    "ResourceAttributes": {1: ("namespace", "string"), 2: ("verb", "string"), 3: ("group", "string"),
                           4: ("version", "string"), 5: ("resource", "string"), 6: ("subresource", "string"),
                           7: ("name", "string")},
    "Pair": {1: ("key", "string"), 2: ("value", "string")},
}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field; the value is a number or bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at:at + size], at + size
        yield tag >> 3, value


def decode(value, kind):
    if kind == "string":
        return value.decode()
    if kind == "bool":
        return bool(value)
    return message(value, kind) if kind in MESSAGES else value


def message(data, kind):
    found = {}
    for number, value in fields(data):
        name, type_ = MESSAGES[kind].get(number, (None, None))
        if isinstance(type_, list):
            found.setdefault(name, []).append(decode(value, type_[0]))
        elif type_ == "map":
            pair = message(value, "Pair")
            found.setdefault(name, {})[pair["key"]] = pair.get("value", "")
        elif type_ == "quantities":
            pair = message(value, "Amount")
            found.setdefault(name, {})[pair["key"]] = pair["value"]["string"]
        elif name:
            found[name] = decode(value, type_)
    return found


def parse(body):
    """The object in a body that begins with MAGIC, or None when its kind is not known."""
    envelope = message(body[len(MAGIC):], "Unknown")
    kind = envelope["typeMeta"]["kind"]
    if kind not in MESSAGES:
        return None
    return {**envelope["typeMeta"], **message(envelope["raw"], kind)}
