"""The real Alertmanager, for tests that want its own webhook payloads.

Not a part of every sandbox: `Alertmanager(sandbox).start(rules)` adds it to one,
and it ends with that sandbox.  Everything waits a second at most.
"""
import http.client
import os
import signal

from .process import Process, StartError, find_program, give
from .prometheus import TRIES, free_port

CONFIG = """\
route:
  receiver: recorder
  group_by: [platform]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: recorder
    webhook_configs:
      - url: {url}
        send_resolved: true
"""
PATH = "/alertmanager"


class Alertmanager:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.user = sandbox.prometheus.user
        self.home = give(os.path.join(sandbox.folder, "alertmanager"), self.user)

    def start(self, rules):
        """Prometheus of the sandbox watches `rules`; what fires arrives at `payloads`."""
        config = os.path.join(self.home, "alertmanager.yml")
        with open(config, "w") as f:
            f.write(CONFIG.format(url=self.sandbox.address("webhooks", "http") + PATH))
        for attempt in range(TRIES):
            port = free_port()
            process = Process("alertmanager", [
                find_program("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={self.home}/data",
                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=warn",
            ], self.sandbox.folder, self.user)
            try:
                process.wait_until(lambda: answers(port))
                break
            except StartError:
                if attempt == TRIES - 1 or "address already in use" not in process.tail():
                    raise
        self.sandbox.undo.append(lambda: process.stop(signal.SIGTERM, 1))
        self.sandbox.prometheus.watch(rules, port)
        return self

    def payloads(self, status):
        """The bodies that were posted, as text, in order: those of groups that are "firing" or "resolved"."""
        return [h.body.decode() for h in self.sandbox.webhooks.to(PATH) if h.json["status"] == status]


def answers(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
