"""`kubectl port-forward` and `kubectl exec`: streams into a pod.

What stands behind a pod is in `reach` (a port) and `programs` (a command);
the sandbox fills both.  Invariant: only programs of that table are run.
"""
import json
import subprocess
import threading
from urllib.parse import parse_qsl

from .errors import ApiError
from .pods import is_sidecar
from .spdy import Session

PROTOCOLS = {"portforward": "portforward.k8s.io", "exec": "v4.channel.k8s.io"}
PIECE = 16384
NOT_FOUND = 126


class Streams:
    def __init__(self):
        self.reach = {}     # `app` label -> function that connects to what the pod stands for
        self.programs = {}  # program -> (command line before the arguments, environment)

    def serve(self, handler, kind, pod, query):
        """Answer the upgrade, then carry streams until the client goes away."""
        if handler.headers.get("Upgrade", "").upper() != "SPDY/3.1":
            # A newer kubectl tries WebSocket first and falls back to SPDY on this.
            raise ApiError(400, "BadRequest", "Upgrade request required: SPDY/3.1")
        handler.send_response(101)
        for name, value in (("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"),
                            ("X-Stream-Protocol-Version", PROTOCOLS[kind])):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.flush()
        handler.close_connection = True
        session = Session(handler.connection)
        carrier = Forward(pod, self.reach) if kind == "portforward" else Execution(pod, query, self.programs)
        session.serve(carrier.opened)


class Forward:
    """Each connection is a pair of streams with one request id: `error` and `data`."""

    def __init__(self, pod, reach):
        self.connect = reach.get(pod["metadata"].get("labels", {}).get("app"))
        self.ports = {str(p["containerPort"]) for c in pod["spec"]["containers"] for p in c.get("ports", [])}
        self.errors = {}

    def opened(self, stream):
        number = stream.headers.get("requestid")
        if stream.headers.get("streamtype") == "error":
            self.errors[number] = stream
        else:
            threading.Thread(target=self.carry, args=(stream, self.errors.pop(number)), daemon=True).start()

    def carry(self, stream, error):
        port = stream.headers.get("port")
        try:
            if port not in self.ports or not self.connect:
                raise ConnectionRefusedError("connection refused")
            behind = self.connect()
        except OSError as e:
            error.write(f"failed to connect to localhost:{port} inside the pod: {e}".encode())
        else:
            threading.Thread(target=feed, args=(stream, behind), daemon=True).start()
            drain(behind, stream)
        stream.close()
        error.close()


def feed(stream, behind):
    """From the client to the pod."""
    try:
        while (data := stream.inbox.get()) is not None:
            behind.sendall(data)
        behind.shutdown(1)
    except OSError:
        pass


def drain(behind, stream):
    """From the pod to the client."""
    try:
        while data := behind.recv(PIECE):
            stream.write(data)
    except OSError:
        pass
    behind.close()


class Execution:
    """One command; it begins when all of its streams are open."""

    def __init__(self, pod, query, programs):
        pairs = parse_qsl(query)
        self.command = [value for name, value in pairs if name == "command"]
        asked = dict(pairs)
        self.wanted = {"error"} | {n for n in ("stdin", "stdout", "stderr") if asked.get(n) in ("1", "true")}
        # A proxy's container has none of the app's programs.
        self.programs = {} if is_sidecar(pod, asked.get("container")) else programs
        self.streams = {}

    def opened(self, stream):
        self.streams[stream.headers.get("streamtype")] = stream
        if self.wanted <= set(self.streams):
            self.wanted = {"nothing more"}
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        name = self.command[0].rsplit("/", 1)[-1]
        if name in self.programs:
            code = self.run_program(*self.programs[name])
        else:
            code = NOT_FOUND
            self.say("stderr", f'exec failed: "{self.command[0]}": executable file not found in $PATH\n'.encode())
        self.streams["error"].write(json.dumps(outcome(code)).encode())
        for stream in self.streams.values():
            stream.close()

    def say(self, name, data):
        if name in self.streams:
            self.streams[name].write(data)

    def run_program(self, front, env):
        child = subprocess.Popen([*front, *self.command[1:]], env=env, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        readers = [threading.Thread(target=self.copy, args=(name, getattr(child, name)), daemon=True)
                   for name in ("stdout", "stderr")]
        for reader in readers:
            reader.start()
        if "stdin" in self.streams:
            threading.Thread(target=self.type_in, args=(child.stdin,), daemon=True).start()
        else:
            child.stdin.close()
        for reader in readers:
            reader.join()
        return child.wait()

    def copy(self, name, pipe):
        while data := pipe.read1(PIECE):
            self.say(name, data)

    def type_in(self, pipe):
        try:
            while (data := self.streams["stdin"].inbox.get()) is not None:
                pipe.write(data)
                pipe.flush()
            pipe.close()
        except OSError:
            pass


def outcome(code):
    """The Status that ends a command."""
    if not code:
        return {"metadata": {}, "status": "Success"}
    return {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": f"command terminated with non-zero exit code: exit status {code}",
            "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
