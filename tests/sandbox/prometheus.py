"""The real Prometheus, scraping the app every second.

Invariant: it begins with a past (made by `promtool` from the app's own
counters), so that a rate over minutes is right from the first second on.
"""
import http.client
import json
import os
import random
import signal
import socket
import urllib.parse

from .process import Process, StartError, find_program, give, run, unprivileged_user

JOB = "flight-search-backend"
TRIES = 5
PORTS = (20000, 30000)  # below the range the system takes its own ports from
CONFIG = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
scrape_configs:
  - job_name: {job}
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


ALERTING = """\
rule_files: ["{home}/rules.yml"]
alerting:
  alertmanagers:
    - static_configs:
        - targets: ["127.0.0.1:{port}"]
"""


class Prometheus:
    def __init__(self, folder):
        self.folder = folder
        self.user = unprivileged_user()
        self.home = give(os.path.join(folder, "prometheus"), self.user)
        self.process = None
        self.port = None

    def remember(self, history, app_port):
        """Put `history(labels)`, OpenMetrics text, into the storage as blocks."""
        path = os.path.join(self.home, "history.txt")
        with open(path, "w") as f:
            f.write(history(f'instance="127.0.0.1:{app_port}",job="{JOB}"'))
        run([find_program("promtool"), "tsdb", "create-blocks-from", "openmetrics", path, f"{self.home}/data"],
            self.folder, self.user)

    def launch(self, app_port):
        """Start the server; a port that somebody took meanwhile is tried elsewhere."""
        config = os.path.join(self.home, "prometheus.yml")
        with open(config, "w") as f:
            f.write(CONFIG.format(job=JOB, port=app_port))
        for attempt in range(TRIES):
            self.port = free_port()
            self.process = Process("prometheus", [
                find_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.home}/data",
                f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
                "--rules.alert.resend-delay=1s",  # what fires before Alertmanager is discovered is not lost
            ], self.folder, self.user)
            try:
                return self.process.wait_until(self.answers)
            except StartError:
                if attempt == TRIES - 1 or "address already in use" not in self.process.tail():
                    raise

    def watch(self, rules, alertmanager_port):
        """From now on it evaluates `rules` (YAML text) every second and sends what fires to Alertmanager."""
        with open(os.path.join(self.home, "rules.yml"), "w") as f:
            f.write(rules)
        with open(os.path.join(self.home, "prometheus.yml"), "a") as f:
            f.write(ALERTING.format(home=self.home, port=alertmanager_port))
        self.process.send(signal.SIGHUP)

    def answers(self):
        try:
            return self._get("/-/ready")[0] == 200
        except OSError:
            return False

    def _get(self, path):
        # Not urllib: it would ask a proxy named in the environment.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=3)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def value(self, promql):
        """The first value of an instant query, or None without data."""
        _, body = self._get("/api/v1/query?" + urllib.parse.urlencode({"query": promql}))
        result = json.loads(body)["data"]["result"]
        return float(result[0]["value"][1]) if result else None

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM, 0.5)


def free_port():
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
