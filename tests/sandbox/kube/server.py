"""The HTTP face of the API server: who asks, what for, and in which form.

One server carries several clusters, each below a path of its own, as the
contexts of the kubeconfig name them.  Invariant: every change that a client
asked for and got is in `mutations`, in order; refused ones are not.
"""
import json
import select
import threading
import time
from collections import deque, namedtuple
from urllib.parse import parse_qsl, urlsplit

from ..httpd import Handler, Server
from . import discovery, logs, pieces, protobuf, resources, selectors, tables
from .actions import MUTATES, Actions
from .errors import ApiError, status_of
from .store import Expired
from .streams import PROTOCOLS, Streams

Target = namedtuple("Target", "type namespace name sub")
Mutation = namedtuple("Mutation", "verb resource namespace name body time user")
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
PUBLIC = {"version", "healthz", "livez", "readyz"}
POLL = 0.25
WATCH_SECONDS = 1800


class Api(Handler):
    warning = None

    def end_headers(self):
        if self.warning:
            self.send_header("Warning", f'299 - "{self.warning}"')
        super().end_headers()

    def handle_any(self):
        self.warning = None
        body = self.read_body()
        try:
            self.route(body)
        except ApiError as e:
            self.answer(e.code, status_of(e))
        except selectors.BadSelector as e:
            self.answer(400, status_of(ApiError(400, "BadRequest", str(e))))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def route(self, body):
        parts = urlsplit(self.path)
        cluster_name, *words = parts.path.strip("/").split("/")
        self.query = dict(parse_qsl(parts.query))
        self.face = self.server.kube.faces.get(cluster_name)
        if not self.face:
            raise ApiError(404, "NotFound", "the server could not find the requested resource")
        self.face.requests.append((self.command, "/" + "/".join(words), parts.query))
        self.user = self.authenticate(words)
        about = self.about_itself(words)
        if about is not None:
            return self.answer(200, *about)
        self.serve(self.target(words), body)

    def authenticate(self, words):
        said = self.headers.get("Authorization", "")
        if words[:1] and words[0] in PUBLIC and not said:
            return "system:anonymous"
        scheme, _, token = said.partition(" ")
        user = self.face.tokens.get(token) if scheme == "Bearer" else None
        if not user or self.face.locked:
            raise ApiError(401, "Unauthorized", "Unauthorized")
        return user

    def about_itself(self, words):
        """Discovery and health: (body, content type), or None when it is about objects."""
        old = self.face.cluster.old
        if words in (["api"], ["apis"]) and not old and discovery.AGGREGATED in self.headers.get("Accept", ""):
            groups = {"": ["v1"]} if words == ["api"] else resources.groups(old)
            return discovery.aggregated(groups), discovery.AGGREGATED_TYPE
        fixed = {("version",): discovery.version, ("apis",): discovery.group_list}
        if tuple(words) in fixed:
            return (fixed[tuple(words)](old),)
        if words == ["api"]:
            return (discovery.core_versions(),)
        if words[0] in PUBLIC:
            return ("ok", "text/plain")
        if words == ["openapi", "v2"]:
            return (discovery.openapi_v2(), "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
        shown = None
        if words[0] == "api" and len(words) == 2:
            shown = discovery.resource_list("", words[1], old)
        if words[0] == "apis" and len(words) == 3:
            shown = discovery.resource_list(words[1], words[2], old)
        if words[0] == "apis" and len(words) == 2 and words[1] in resources.groups(old):
            shown = {"kind": "APIGroup", "apiVersion": "v1",
                     **discovery.group(words[1], resources.groups(old)[words[1]])}
        return (shown,) if shown else None

    def target(self, words):
        missing = ApiError(404, "NotFound", "the server could not find the requested resource")
        if words[0] == "api" and len(words) > 2:
            group, version, rest = "", words[1], words[2:]
        elif words[0] == "apis" and len(words) > 3:
            group, version, rest = words[1], words[2], words[3:]
        else:
            raise missing
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        rest += [""] * (3 - len(rest))
        self.version = version
        if (group, rest[0]) in self.face.actions.reviews:
            return Target(resources.Type(rest[0], "", group, version, False, (), (), ()), "", "", "")
        found = resources.find(group, version, rest[0], self.face.cluster.old)
        if not found:
            raise missing
        return Target(found, namespace, rest[1], "/".join(rest[2:]).strip("/"))

    def verb(self, target):
        verb = VERBS[self.command]
        if verb == "get" and not target.name:
            return "watch" if self.query.get("watch") in ("true", "1") else "list"
        if verb == "delete" and not target.name:
            return "deletecollection"
        if target.sub in PROTOCOLS:
            return "create"
        return verb

    def serve(self, target, raw):
        verb = self.verb(target)
        self.face.authorize(self.user, verb, target)
        self.warning = self.face.warnings.get(target.type.plural)
        if verb in ("list", "watch"):
            return self.list_or_watch(verb, target)
        if target.sub == "log":
            return self.send_log(target)
        if verb == "get":
            return self.reply(target, self.face.actions.get(target))
        if target.sub in PROTOCOLS:
            pod = self.face.actions.existing(target)
            return self.face.streams.serve(self, target.sub, pod, urlsplit(self.path).query)
        body = parse(raw)
        dry = "dryRun" in self.query
        result, code = self.face.actions.change(verb, target, body, self.headers.get("Content-Type", ""),
                                                self.query, dry, self.user)
        if verb in MUTATES and not dry and target.type.kind:
            self.face.record(verb, target, body, self.user)
        self.reply(target, result, code)

    # Answers

    def wants_table(self):
        return "as=Table" in self.headers.get("Accept", "")

    def shown(self, target, obj):
        """The object under the version that was asked for."""
        if target.type.group and obj.get("kind") == target.type.kind:
            return {**obj, "apiVersion": f"{target.type.group}/{self.version}"}
        return obj

    def reply(self, target, obj, code=200):
        if self.wants_table() and obj.get("kind") == target.type.kind:
            whole = self.query.get("includeObject") == "Object"
            obj = tables.table(target.type.plural, [obj], {"resourceVersion": str(self.face.store.version)}, whole)
        self.answer(code, self.shown(target, obj))

    def matcher(self, target):
        return selectors.matcher(self.query, target.type.plural)

    def list_or_watch(self, verb, target):
        if verb == "watch":
            return self.watch(target)
        found = self.face.actions.list(target, self.matcher(target))
        found, about = pieces.take(found, self.query, self.face.store.version, self.face.age)
        if self.wants_table() and target.type.group != resources.METRICS:
            whole = self.query.get("includeObject") == "Object"
            return self.answer(200, tables.table(target.type.plural, found, about, whole))
        api = f"{target.type.group}/{self.version}" if target.type.group else self.version
        self.answer(200, {"kind": target.type.kind + "List", "apiVersion": api,
                          "metadata": about,
                          "items": [self.shown(target, o) for o in found]})

    def watch(self, target):
        """Stream changes; without a version, begin with what there is."""
        matches, store = self.matcher(target), self.face.store
        version = int(self.query.get("resourceVersion") or 0)
        deadline = time.monotonic() + int(self.query.get("timeoutSeconds") or WATCH_SECONDS)
        told = version
        self.start_stream()
        try:
            if not version:
                with store.changed:
                    version = store.version
                    first = store.list(target.type.plural, target.namespace, matches)
                self.send_events(target, [("ADDED", o) for o in first])
            while time.monotonic() < deadline and not self.gone():
                events, version = store.since(version, target.type.plural, target.namespace, matches)
                self.send_events(target, events)
                told = version if events else self.send_bookmark(target, version, told)
                with store.changed:
                    if store.version == version:
                        store.changed.wait(POLL)
        except Expired:
            self.send_event("ERROR", status_of(ApiError(410, "Expired", "too old resource version")))
        self.end_stream()

    def gone(self):
        """Whether the client hung up: it never sends anything while it watches."""
        return bool(select.select([self.connection], [], [], 0)[0]) or self.face.ended.is_set()

    def send_events(self, target, events):
        for kind, obj in events:
            if self.wants_table():
                about = {"resourceVersion": obj["metadata"]["resourceVersion"]}
                self.send_event(kind, tables.table(target.type.plural, [obj], about,
                                                   self.query.get("includeObject") == "Object"))
            else:
                self.send_event(kind, self.shown(target, obj))

    def send_bookmark(self, target, version, told):
        """What was reached, without any change that the watcher sees; the real one says so once a minute."""
        if self.query.get("allowWatchBookmarks") != "true" or self.wants_table() or version == told:
            return told
        api = f"{target.type.group}/{self.version}" if target.type.group else self.version
        self.send_event("BOOKMARK", {"kind": target.type.kind, "apiVersion": api,
                                     "metadata": {"resourceVersion": str(version), "creationTimestamp": None}})
        return version

    def send_event(self, kind, obj):
        self.send_piece(json.dumps({"type": kind, "object": obj}).encode() + b"\n")

    def send_log(self, target):
        pod = self.face.actions.loggable(target, self.query)
        container = self.query.get("container")
        lines = self.face.logs.whole(pod, self.query.get("previous") == "true", container)
        if self.query.get("follow") != "true":
            self.answer(200, logs.render(lines, self.query), "text/plain")
            return self.face.logs.read.add(target.name)
        self.start_stream(200, "text/plain")
        self.send_piece(logs.render(lines, self.query))
        said = int(time.time())
        while not self.gone() and self.face.logs.goes_on(pod):
            time.sleep(POLL)
            now = int(time.time())
            self.send_piece(logs.render(self.face.logs.since(pod, said + 1, now, container), {}))
            said = now
        self.send_piece(logs.render(self.face.logs.last_words(pod), self.query))
        self.end_stream()
        self.face.logs.read.add(target.name)


def parse(raw):
    if not raw:
        return None
    if raw.startswith(protobuf.MAGIC):
        found = protobuf.parse(raw)
        if found:
            return found
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(415, "UnsupportedMediaType", "the body of the request was in an unknown format") from None


class Face:
    """One cluster as its clients see it: tokens, permissions, records."""

    def __init__(self, cluster, usage, user):
        self.cluster = cluster
        self.store = cluster.store
        self.logs = logs.Logs(cluster)
        self.actions = Actions(cluster, usage, self.may)
        self.streams = Streams()
        self.tokens = {f"{cluster.name}-token": user}
        self.forbidden = set()  # (verb, resource); "*" for any
        self.locked = False     # nobody's token is good any more
        self.warnings = {}      # plural: what every answer about it warns of
        self.age = 0            # lists that began at a lower one cannot be continued
        self.mutations = []
        self.requests = deque(maxlen=5000)
        self.ended = threading.Event()

    def may(self, verb, name):
        return not self.forbidden & {(verb, name), ("*", name), (verb, "*"), ("*", "*")}

    def authorize(self, user, verb, target):
        name = target.type.plural + (f"/{target.sub}" if target.sub else "")
        # What one may do can always be asked (system:basic-user).
        if target.type.kind and not self.may(verb, name):
            raise ApiError.forbidden(user, verb, name, target)

    def record(self, verb, target, body, user):
        name = target.type.plural + (f"/{target.sub}" if target.sub else "")
        named = target.name or ((body or {}).get("metadata", {}).get("name", "") if isinstance(body, dict) else "")
        self.mutations.append(Mutation(verb, name, target.namespace, named, body, time.time(), user))


class ApiServer:
    def __init__(self, faces, tls):
        self.faces = faces
        self.http = Server(Api, tls, kube=self).start()

    def stop(self):
        for face in self.faces.values():
            face.ended.set()
        self.http.stop()
