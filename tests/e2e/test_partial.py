"""An answer about a part of the data (Prometheus' and Thanos' warnings, VictoriaMetrics' isPartial) is shown, and is never
taken for "all is well"."""
import json

import pytest
from helpers import fsops, run, write_book
from raw import Raw, http_answer, http_request

MISSING = "receive series from Addr: store-2: rpc error: code = Unavailable"
# query: what the answer holds beside its one value
MORE = {
    "whole": {}, "warned": {"warnings": [MISSING]}, "vm": {"isPartial": True}, "vm_whole": {"isPartial": False},
    "none": {"warnings": []}, "nothing": {"warnings": None}, "noted": {"infos": ["metric might not be a counter"]},
    "many": {"warnings": [MISSING, "b", "c"]}, "text": {"warnings": MISSING}, "odd": {"warnings": [{"store": MISSING}]},
}
PARTIAL = ("warned", "vm", "many", "text", "odd")
ONE = [{"metric": {}, "value": [1, "0.02"]}]


@pytest.fixture(scope="module")
def server():
    asked = []

    async def talk(reader, writer):
        _, body = await http_request(reader)
        query = body.decode().split("=", 1)[1]
        asked.append(query)
        more = MORE.get(query) or (MORE["warned"] if query == "later" and asked.count("later") < 3
                                   or query == "flaps" and asked.count("flaps") == 3 or query == "empty" else {})
        data = {"resultType": "vector", "result": [] if query == "empty" else ONE}
        writer.write(http_answer(json.dumps({"status": "success", "data": data, **more}).encode()))
        await writer.drain()

    with Raw() as raw:
        yield {"p": {"prometheus": f"http://127.0.0.1:{raw.serve(talk)}"}}


def metrics(*names, more=""):
    return "metrics:\n" + "".join(f"  {n}: {{unit: percent, source: {{prometheus: {n}}}, baseline: '< 0.1%', "
                                  f"critical: '> 5%'{more}}}\n" for n in names)


def action(folder, server, *keys):
    lines = "".join(f"    {key}\n" for key in keys)
    book = write_book(folder, f"  - step: A\n    id: a\n    budget: 9s\n    every: 100ms\n{lines}"
                      .replace("    every: 100ms\n", "" if "every" not in str(keys) else ""), server)
    return run("book", "-R", book)


def test_a_partial_metric_is_unknown_everywhere(server, tmp_path):
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, metrics: all}\n", server, platform_more=metrics(*MORE))
    found = {m["name"]: m for m in fsops("check", "--format", "json", "-R", book).json["metrics"]}
    for name in MORE:
        if name not in PARTIAL:
            assert found[name]["level"] == "ok" and "partial" not in found[name], found[name]
            continue
        assert found[name]["level"] == "unknown" and found[name]["value"] is None and found[name]["partial"] is True
        assert "0.02 %" in found[name]["error"] and "partial" in found[name]["error"], found[name]
        assert name == "vm" or MISSING in str(found[name]["warnings"]) and MISSING in found[name]["error"], found[name]
    assert "(and 2 more)" in found["many"]["error"]
    for words in (["check"], ["check", "--format", "nagios"], ["run", "book", "--plain"]):
        result = fsops(*words, "-R", book)
        assert result.status == 3 and MISSING in result.out and "0.02 %" in result.out, str(result)
    page = tmp_path / "report.html"
    result = fsops("run", "book", "-R", book, "--report", page)
    assert MISSING in page.read_text(), str(result)


def test_a_metric_may_decide_itself(server, tmp_path):
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, metrics: all}\n", server,
                      platform_more=metrics("warned", "vm", more=", value: 'partial ? value + 1.0 : value'"))
    found = fsops("check", "--format", "json", "-R", book).json["metrics"]
    assert [(m["level"], m["value"]) for m in found] == [("info", 1.02)] * 2, found


@pytest.mark.parametrize("name", PARTIAL)
def test_a_partial_answer_of_an_action_is_a_warning(server, tmp_path, name):
    result = action(tmp_path, server, f"prometheus: {name}", "expect: value < 5.0", "capture: {n: value}")
    done = result.action("a")
    assert result.status == 1 and done["outcome"] == "failed" and done["severity"] == "warning", str(result)
    assert "the answer is partial" in done["why"] and "captured" not in done, str(result)
    assert done["result"]["partial"] is True


@pytest.mark.parametrize("name", ["whole", "vm_whole", "none", "nothing", "noted"])
def test_a_whole_answer_is_none(server, tmp_path, name):
    assert action(tmp_path, server, f"prometheus: {name}", "expect: value < 5.0 && partial == false").status == 0


def test_an_expression_that_names_it_decides(server, tmp_path):
    for keys in (["expect: partial && value < 5.0"], ["expect: warnings.size() < 2"], ["accept: any", "expect: value < 5.0"]):
        result = action(tmp_path / "good", server, "prometheus: warned", *keys)
        assert result.status == 0, str(result)
    assert action(tmp_path / "bad", server, "prometheus: empty", "expect: partial").status == 2, "no data is no data"


def test_what_is_not_as_expected_is_as_bad_as_ever(server, tmp_path):
    result = action(tmp_path, server, "prometheus: warned", "expect: value > 5.0")
    done = result.action("a")
    assert result.status == 2 and "severity" in done and done["severity"] == "critical", str(result)
    assert "expected value > 5.0; the answer is partial" in done["why"], done
    done = action(tmp_path / "empty", server, "prometheus: empty").action("a")
    assert "no data" in done["why"] and MISSING in done["why"], done


def test_it_does_not_hold_and_is_waited_for(server, tmp_path):
    result = action(tmp_path / "hold", server, "prometheus: flaps", "expect: value < 5.0", "hold_for: 5s", "every: 50ms")
    assert result.status == 1 and result.action("a")["attempts"] == 3, str(result)
    result = action(tmp_path / "until", server, "prometheus: later", "until: value < 5.0", "every: 50ms")
    assert result.status == 0 and result.action("a")["attempts"] == 3, str(result)


def test_nothing_later_takes_it_for_data(server, tmp_path):
    step = "  - {step: A, id: a, budget: 9s, prometheus: warned, capture: {n: value}}\n"
    for when in ("n < 5.0", "results.a.value < 5.0"):
        book = write_book(tmp_path, step + f"  - {{step: B, id: b, budget: 9s, when: {when}, shell: touch b, effect: change}}\n",
                          server)
        result = run("book", "-R", book, "-y", cwd=tmp_path)
        assert result.step("b")["outcome"] == "failed" and not (tmp_path / "b").exists(), str(result)
