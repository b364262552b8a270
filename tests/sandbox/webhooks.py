"""Records what is sent to Slack, PagerDuty and the ping address.

Invariant: a request is in `received` before its answer is sent.
"""
import json
import threading
import time
from collections import namedtuple

from .httpd import Handler, Server

HANG = "never answers"
Hook = namedtuple("Hook", "path method headers body json time")


class Recorder(Handler):
    def do_POST(self):
        body = self.read_body()
        hooks = self.server.hooks
        hooks.add(Hook(self.path, self.command, dict(self.headers), body, parsed(body), time.time()))
        answer = hooks.next_answer(self.path.split("?")[0])
        if answer is HANG:
            hooks.stopping.wait()
            self.close_connection = True
        else:
            self.answer(*answer)

    do_GET = do_PUT = do_PATCH = do_POST


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return None


class Webhooks:
    """`received` in order; `answers` maps a path to the (status, body) that it gets, or HANG, or a list of
    these: one a request, the last for all that follow."""

    def __init__(self):
        self.received = []
        self.answers = {"/pagerduty": (202, {"status": "success"})}
        self.arrived = threading.Condition()
        self.stopping = threading.Event()

    def start(self):
        self.server = Server(Recorder, hooks=self).start()

    def add(self, hook):
        with self.arrived:
            self.received.append(hook)
            self.arrived.notify_all()

    def next_answer(self, path):
        answer = self.answers.get(path, (200, "ok", "text/plain"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer

    def to(self, path):
        return [h for h in self.received if h.path.split("?")[0] == path]

    def stop(self):
        self.stopping.set()
        self.server.stop()
