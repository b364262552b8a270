"""A list in pieces: `limit`, and `continue` with what the server said of the rest.

Invariant: a token is the server's own; one that is too old or somebody else's is refused as by the real one.
"""
import base64
import json

from .errors import ApiError

TOO_OLD = ("The provided continue parameter is too old to display a consistent list result. You can start a new list "
           "without the continue parameter, or use the continue token in this response to retrieve the remainder of "
           "the results. Continuing with the provided token results in an inconsistent list - objects that were "
           "created, modified, or deleted between the time the first chunk was returned and now may show up in the "
           "list.")


def key(obj):
    return [obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]


def token(version, last, age):
    said = {"rv": version, "start": last, "age": age}
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


def read(text, age):
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, start, own = int(said["rv"]), list(said["start"]), int(said["age"])
    except (ValueError, KeyError, TypeError):
        raise ApiError(400, "BadRequest", "continue key is not valid") from None
    if own < age:
        raise ApiError(410, "Expired", TOO_OLD)
    return version, start


def take(found, query, version, age):
    """(objects of this piece, metadata of the list)"""
    start = None
    if query.get("continue"):
        version, start = read(query["continue"], age)
    rest = [o for o in found if start is None or key(o) > start]
    limit = int(query.get("limit") or 0)
    about = {"resourceVersion": str(version)}
    if not limit or len(rest) <= limit:
        return rest, about
    about["continue"] = token(version, key(rest[limit - 1]), age)
    # With a selector the real one does not know how many there are.
    if not query.get("labelSelector") and not query.get("fieldSelector"):
        about["remainingItemCount"] = len(rest) - limit
    return rest[:limit], about
