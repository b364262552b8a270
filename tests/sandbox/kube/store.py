"""The objects of one cluster, with resource versions, selection and watches.

Invariant: an object in the store is never changed in place; whoever wants a
change makes a copy and puts it back, so readers need no lock and no copy.
"""
import calendar
import threading
import time
import uuid
from collections import deque, namedtuple

from .resources import BY_PLURAL, api_version

Change = namedtuple("Change", "version plural old new")
REMEMBERED = 20000


class NotFound(KeyError):
    pass


class Conflict(ValueError):
    pass


class Expired(ValueError):
    """A watch from a version that is no longer remembered."""


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def moment(text):
    """The other way round: seconds since 1970."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Store:
    def __init__(self, now=time.time):
        self.now = now
        self.objects = {plural: {} for plural in BY_PLURAL}
        self.version = 1000
        self.changes = deque(maxlen=REMEMBERED)
        self.changed = threading.Condition(threading.RLock())

    def get(self, plural, namespace, name):
        try:
            return self.objects[plural][(namespace or "", name)]
        except KeyError:
            raise NotFound(f"{plural} {name}") from None

    def find(self, plural, namespace, name):
        return self.objects[plural].get((namespace or "", name))

    def list(self, plural, namespace="", matches=lambda obj: True):
        """Objects of a namespace ("" for all), by name."""
        with self.changed:
            found = sorted(self.objects[plural].items())
        return [obj for (where, _), obj in found if (not namespace or where == namespace) and matches(obj)]

    def create(self, plural, obj):
        t = BY_PLURAL[plural]
        meta = {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(self.now()), **obj["metadata"]}
        if "spec" in obj:
            meta.setdefault("generation", 1)
        new = {"apiVersion": api_version(t), "kind": t.kind, **obj, "metadata": meta}
        new["apiVersion"], new["kind"] = api_version(t), t.kind
        with self.changed:
            if self.find(plural, meta.get("namespace"), meta["name"]):
                raise Conflict(meta["name"])
            return self._put(plural, None, new)

    def update(self, plural, new):
        """Replace an object; nothing happens when nothing differs."""
        meta = new["metadata"]
        with self.changed:
            old = self.get(plural, meta.get("namespace"), meta["name"])
            if _content(old) == _content(new):
                return old
            new = {**new, "metadata": dict(meta)}
            if old.get("spec") != new.get("spec") and "generation" in old["metadata"]:
                new["metadata"]["generation"] = old["metadata"]["generation"] + 1
            return self._put(plural, old, new)

    def _put(self, plural, old, new):
        self.version += 1
        new["metadata"]["resourceVersion"] = str(self.version)
        key = (new["metadata"].get("namespace", ""), new["metadata"]["name"])
        self.objects[plural][key] = new
        self._tell(plural, old, new)
        return new

    def delete(self, plural, obj):
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        with self.changed:
            old = self.objects[plural].pop(key, None)
            if old:
                self.version += 1
                last = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self.version)}}
                self._tell(plural, last, None)

    def _tell(self, plural, old, new):
        self.changes.append(Change(self.version, plural, old, new))
        self.changed.notify_all()

    def since(self, version, plural, namespace, matches):
        """Changes after `version` as [(type, object)] and the version reached."""
        with self.changed:
            if self.changes and version < self.changes[0].version - 1:
                raise Expired(version)
            fresh = []
            for change in reversed(self.changes):
                if change.version <= version:
                    break
                if change.plural == plural:
                    fresh.append(change)
            reached = self.version
        found = []
        for change in reversed(fresh):
            event = _event(change, lambda o: o and _inside(o, namespace) and matches(o))
            if event:
                found.append(event)
        return found, reached


def _content(obj):
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k not in ("resourceVersion", "generation")}}


def _inside(obj, namespace):
    return not namespace or obj["metadata"].get("namespace") == namespace


def _event(change, seen):
    """What a watcher who sees only some objects is told of a change."""
    before, after = seen(change.old), seen(change.new)
    if after:
        return ("MODIFIED" if before else "ADDED"), change.new
    if before:
        return "DELETED", change.old if change.new is None else change.new
    return None
