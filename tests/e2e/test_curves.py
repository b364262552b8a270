"""Curves of a report: what a Prometheus has kept of the run's metrics, asked once at the end, else what the run saw."""
import json
import re
import signal
import subprocess
import time
from urllib.parse import parse_qs

import pytest

from helpers import FSOPS, environment, fsops, run, wait_until, write_book
from raw import Raw, http_answer, http_request

METRICS = """metrics:
  errors:
    title: Error rate
    unit: percent
    source: {prometheus: errors}
    warning: "> 1%"
    critical: "> 5%"
  queue:
    title: Queue
    source: {prometheus: queue}
    critical: ">= 100"
  twice:
    title: Twice
    source: {prometheus: errors}
    value: value * 2.0
"""
STEPS = """  - {step: Look, id: look, budget: 30s, shell: sleep 6, effect: read}
  - {step: Change, id: change, budget: 9s, title: take it back, exec: "true"}
"""


def series(*samples):
    return {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": list(samples)}]}}


class Prometheus:
    """Errors fall from 8 to 0 and are not scraped for two seconds between; the queue's history is lost."""

    def __init__(self):
        self.asked = []

    async def __call__(self, reader, writer):
        head, body = await http_request(reader)
        path = head.split()[1]
        form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        self.asked.append((path, form))
        status, answer = "200 OK", {"status": "success", "data": {"resultType": "scalar", "result": [time.time(), "8"]}}
        if path.endswith("query_range"):
            begin = int(form["start"])
            answer = series(*[[begin + i, str(8 - 2 * i)] for i in (0, 1, 4)])
            if form["query"] == "queue":
                status, answer = "503 Service Unavailable", {"status": "error", "errorType": "unavailable", "error": "busy"}
        writer.write(http_answer(json.dumps(answer).encode(), status))
        await writer.drain()

    def ranges(self):
        return [form for path, form in self.asked if path.endswith("/api/v1/query_range")]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curves")
    prometheus = Prometheus()
    own = {"FSOPS_STATE": str(folder / "state")}
    with Raw() as raw:
        book = write_book(folder, STEPS, {"prometheus": {"prometheus": f"http://127.0.0.1:{raw.serve(prometheus)}"}},
                          head="metrics: [errors, queue, twice]\n", platform_more=METRICS)
        result = run("book", "-R", book, "-y", env=own)
    page = fsops("report", "--html", "-o", folder / "page.html", env=own)
    assert page.status == 0, str(page)
    return result, prometheus, (folder / "page.html").read_text()


def row(page, title):
    found = re.search(rf"<li><div class=\"label\"><a href=\"#metrics\">{title}</a>.*?</li>", page, re.S)
    assert found, f"no curve of {title}"
    return found[0]


def test_each_source_is_asked_once_for_the_time_of_the_run(told):
    result, prometheus, _ = told
    assert sorted(form["query"] for form in prometheus.ranges()) == ["errors", "queue"]
    for form in prometheus.ranges():
        assert 5 <= int(form["end"]) - int(form["start"]) <= 60 and form["step"] == "1", form


def test_what_was_not_scraped_is_null_and_on_record(told):
    result, _, _ = told
    curve = result.event("metric.curve")
    assert (curve["name"], curve["unit"], curve["step_seconds"]) == ("errors", "percent", 1)
    assert curve["values"][:6] == [8.0, 6.0, None, None, 0.0, None]
    assert curve["seq"] < result.event("run.finished")["seq"]


def test_the_curve_has_gaps_bands_and_the_change(told):
    curve = row(told[2], "Error rate")
    path = re.search(r"class=\"curve\" d=\"([^\"]*)\"", curve)[1]
    assert path.count("M") >= 2, path
    assert "band warning" in curve and "band critical" in curve
    assert re.search(r"class=\"moment changed\".*?take it back", curve, re.S), curve
    assert "as the run saw it" not in curve


def test_without_a_history_the_looks_are_drawn(told):
    curve = row(told[2], "Queue")
    assert "as the run saw it" in curve and curve.count("class=\"dot\"") == 2, curve


def test_another_number_than_the_source_gives_is_drawn_as_the_run_saw_it(told):
    assert "as the run saw it" in row(told[2], "Twice")


class Silent(Prometheus):
    """Never tells how anything went."""

    async def __call__(self, reader, writer):
        head, _ = await http_request(reader)
        if "query_range" in head:
            self.asked.append((head.split()[1], {}))
            await reader.read()
        body = json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [time.time(), "0"]}}).encode()
        writer.write(http_answer(body))
        await writer.drain()


@pytest.mark.parametrize("stopped", [False, True], ids=["waited", "stopped"])
def test_a_source_that_does_not_tell_spoils_nothing(tmp_path, stopped):
    """The run has ended but for its curves: whoever stops it then stops nothing else."""
    prometheus = Silent()
    with Raw() as raw:
        book = write_book(tmp_path, "  - {step: A, id: a, budget: 30s, shell: sleep 6, effect: read}\n",
                          {"prometheus": {"prometheus": f"http://127.0.0.1:{raw.serve(prometheus)}"}},
                          head="metrics: [errors]\n", platform_more=METRICS)
        child = subprocess.Popen([FSOPS, "run", "book", "-R", str(book), "--format", "json"], env=environment(),
                                 stdout=subprocess.PIPE, text=True)
        wait_until(prometheus.ranges, "it is asked how it went")
        if stopped:
            child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    end = json.loads(out.strip().split("\n")[-1])
    assert child.returncode == 0 and (end["type"], end["outcome"], end["level"]) == ("run.finished", "passed", "ok"), out
    assert "metric.curve" not in out


def test_a_short_run_asks_nothing_more(tmp_path):
    prometheus = Prometheus()
    with Raw() as raw:
        book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, exec: 'true', effect: read}\n",
                          {"prometheus": {"prometheus": f"http://127.0.0.1:{raw.serve(prometheus)}"}},
                          head="metrics: [errors]\n", platform_more=METRICS)
        result = run("book", "-R", book)
    assert prometheus.asked and not prometheus.ranges(), str(result)
