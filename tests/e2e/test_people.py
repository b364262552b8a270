"""`fsops contacts`, `links` and `escalate`: whom to call, where to look, when the next level comes."""
import re
from datetime import datetime, timedelta, timezone

import pytest
from helpers import ROOT, fsops, write_book

BOOK = "  - {step: S, manual: m}\n"


def shipped(*words, **more):
    return fsops(*words, "-R", ROOT / "runbooks", **more)


def test_contacts_say_how_to_reach_everybody_of_the_document():
    result = shipped("contacts")
    assert result.status == 0 and result.err == "", str(result)
    rows = [re.split(r" {2,}", line) for line in result.out.splitlines()]
    assert ["on_call", "On-Call Engineer", "phone +1-XXX-XXX-XXXX"] in rows
    assert ["security", "Security Team", "email security@flightsearch.com"] in rows
    assert len(rows) == 6 and rows[0][0].startswith("Platform flight-search, runbooks in ")
    assert {c["name"]: c["how"] for c in shipped("contacts", "--format", "json").json}["dba"] == {
        "email": "dba@flightsearch.com"}


def test_a_contact_is_found_by_the_beginning_of_its_name_in_any_case():
    assert shipped("contacts", "DevOps").out.split() == [
        "devops_lead", "DevOps", "Team", "Lead", "email", "devops-lead@flightsearch.com"]
    wrong = shipped("contacts", "dbx")
    assert (wrong.status, wrong.out) == (64, "") and "did you mean 'dba'?" in wrong.err, str(wrong)


def test_one_link_alone_is_its_url_alone():
    assert shipped("links", "grafana").out == "https://monitoring.flightsearch.com/grafana\n"
    assert len(shipped("links").out.splitlines()) == 6  # the first says where from
    assert {"name": "status_page", "url": "https://status.flightsearch.com", "platform": "flight-search",
            "runbooks": str(ROOT / "runbooks")} in shipped("links", "--format", "json").json


def test_a_platform_without_people_says_so(tmp_path):
    book = write_book(tmp_path / "r", BOOK)
    assert fsops("contacts", "-R", book).out == "The platform has no contacts.\n"
    assert fsops("links", "-R", book).out == "The platform has no links.\n"
    result = fsops("escalate", "-R", book)
    assert (result.status, result.out) == (3, "") and "has no 'escalation'" in result.err, str(result)


@pytest.mark.parametrize("words, level, following", [
    (["high-error-rate"], 1, 2),  # an application issue, though it is critical
    (["high-error-rate", "--since", "30m"], 2, 3),
    (["high-error-rate", "--since", "45m"], 3, None),
    (["High Response Time", "--since", "29m"], 1, 2),  # an alert
    (["database"], 2, 3),
    (["outage"], 3, None),  # at once
    (["critical"], 2, 3),
    (["warning", "--since", "31m"], 2, 3),
    (["info", "--since", "31m"], 1, None),  # for business hours
    ([], 1, 2),
])
def test_the_level_now_and_the_next_follow_the_matrix(words, level, following):
    result = shipped("escalate", *words, "--format", "json")
    assert result.status == 0, str(result)
    assert result.json["now"]["level"] == level, str(result)
    assert (result.json["next"] or {}).get("level") == following, str(result)


def test_everybody_of_the_level_is_called_and_the_next_has_its_clock_time():
    began = (datetime.now(timezone.utc) - timedelta(minutes=10)).replace(second=0, microsecond=0)
    result = shipped("escalate", "database-issues", "--at", began.strftime("%Y-%m-%dT%H:%M"), env={"TZ": "UTC"})
    assert result.status == 0, str(result)
    clock = (began + timedelta(minutes=15)).strftime("%H:%M UTC")
    now, following = result.out.split("\nIn ")
    assert now.startswith(f"Platform flight-search, runbooks in {ROOT / 'runbooks'}\ndatabase-issues ("), str(result)
    assert "level 2:\n  DevOps Team Lead  email devops-lead@flightsearch.com\n" in now, str(result)
    assert f"{clock}, level 3:\n" in following, str(result)
    assert "Engineering Manager  page https://flightsearch.pagerduty.com" in following
    assert "Security Team        email security@flightsearch.com" in following


def test_times_are_shown_in_the_engineers_zone():
    assert re.search(r"began at \d\d:\d\d CET", shipped("escalate", env={"TZ": "CET-1"}).out)


@pytest.mark.parametrize("words, says", [
    (["hihg error rate"], "did you mean 'High Error Rate'?"),
    (["high"], "High CPU Usage, high-error-rate, high-response-time; say which"),
    (["ok"], "there is no runbook"),
    (["--at", "25:00"], "--at must be a time"),
    (["--at", "2199-01-01T00:00Z"], "still to come"),
    (["--since", "soon"], "--since must be a duration"),
    (["High"], "'High' can be High Error Rate, High Response Time, High CPU Usage, high-error-rate, high-response-time"),
    (["--since", "5m", "--at", "09:00"], "give one"),
])
def test_what_cannot_be_meant_is_said(words, says):
    result = shipped("escalate", *words)
    assert (result.status, result.out) == (64, ""), str(result)
    assert says in result.err, str(result)


def test_nothing_that_a_contact_says_moves_the_cursor(tmp_path):
    people = 'contacts: {a: {title: "\\e[2JX", phone: "1\\n2"}}\nescalation: [{level: 1, contact: a}]\n'
    book = write_book(tmp_path / "r", BOOK, platform_more=people)
    for command in ("contacts", "escalate"):
        out = fsops(command, "-R", book).out
        assert "\x1b" not in out and r"\x1b[2JX" in out and r"1\n2" in out, out
