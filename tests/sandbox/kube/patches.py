"""The three kinds of patch that kubectl sends: JSON, merge and strategic merge."""
import copy

# The key that tells elements of a list apart, by the list's name (strategic merge).
MERGE_KEYS = {"containers": "name", "initContainers": "name", "env": "name", "volumes": "name",
              "volumeMounts": "mountPath", "ports": "containerPort", "conditions": "type",
              "ownerReferences": "uid", "imagePullSecrets": "name", "secrets": "name"}
UNION = {"finalizers"}


class BadPatch(ValueError):
    pass


def merge(old, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def strategic(old, patch):
    if patch.get("$patch") == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if name.startswith("$deleteFromPrimitiveList/"):
            name = name.split("/", 1)[1]
            result[name] = [x for x in result.get(name, []) if x not in value]
        elif name.startswith("$"):
            continue  # the order of elements and retained keys make no difference here
        elif value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = strategic(result.get(name), value)
        elif isinstance(value, list):
            result[name] = strategic_list(name, result.get(name) or [], value)
        else:
            result[name] = value
    return result


def strategic_list(name, old, patch):
    if name in UNION:
        return old + [x for x in patch if x not in old]
    key = MERGE_KEYS.get(name)
    if not key or not all(isinstance(x, dict) and (key in x or "$patch" in x) for x in patch):
        return copy.deepcopy(patch)
    if any(x.get("$patch") == "replace" for x in patch):
        return [copy.deepcopy(x) for x in patch if "$patch" not in x]
    result = [dict(x) for x in old]
    for item in patch:
        at = next((i for i, x in enumerate(result) if x.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(copy.deepcopy(item))
        else:
            result[at] = strategic(result[at], item)
    return result


def json_patch(old, operations):
    """RFC 6902."""
    result = copy.deepcopy(old)
    for op in operations:
        if op["op"] in ("move", "copy"):
            value = pointer_get(result, op["from"])
            if op["op"] == "move":
                pointer_remove(result, op["from"])
            result = pointer_add(result, op["path"], copy.deepcopy(value))
        elif op["op"] == "test":
            if pointer_get(result, op["path"]) != op["value"]:
                raise BadPatch(f"testing value {op['path']} failed: test failed")
        elif op["op"] == "remove":
            pointer_remove(result, op["path"])
        elif op["op"] == "replace":
            pointer_get(result, op["path"])
            pointer_remove(result, op["path"])
            result = pointer_add(result, op["path"], op["value"])
        elif op["op"] == "add":
            result = pointer_add(result, op["path"], op["value"])
        else:
            raise BadPatch(f"unexpected kind: {op['op']}")
    return result


def tokens(path):
    return [t.replace("~1", "/").replace("~0", "~") for t in path.split("/")[1:]]


def step(node, token):
    try:
        return node[int(token)] if isinstance(node, list) else node[token]
    except (KeyError, IndexError, ValueError, TypeError):
        raise BadPatch(f"the path does not exist: {token}") from None


def pointer_get(doc, path):
    for token in tokens(path):
        doc = step(doc, token)
    return doc


def parent_of(doc, path):
    *front, last = tokens(path)
    for token in front:
        doc = step(doc, token)
    return doc, last


def pointer_add(doc, path, value):
    if not path:
        return value
    node, last = parent_of(doc, path)
    if isinstance(node, list):
        node.insert(len(node) if last == "-" else int(last), value)
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise BadPatch(f"the path does not exist: {path}")
    return doc


def pointer_remove(doc, path):
    node, last = parent_of(doc, path)
    step(node, last)
    del node[int(last) if isinstance(node, list) else last]


APPLY = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge,
    "application/strategic-merge-patch+json": strategic,
}
