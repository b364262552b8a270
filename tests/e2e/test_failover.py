"""complete-outage: a failover needs evidence that it is down for others too, not only from here."""
import pytest
from helpers import FSOPS, Terminal, environment, run
from sandbox import Sandbox

SHORT = ("-y", "--yes-destroy", "--var", "window=2s", "--var", "monitor_for=1s")


def outage(sb, *options):
    return run("complete-outage", *SHORT, *options, on=sb)


@pytest.mark.parametrize("how", ["proxy", "dns", "certificate"])
def test_a_machine_that_is_cut_off_fails_nothing_over(how):
    """From inside all is well: only the way from here is broken, or the certificate has ended."""
    with Sandbox("healthy") as sb:
        sb.cut_off(how)
        result = outage(sb)
        assert not sb.failed_over() and "execute" not in result.commands(), str(result)
        assert result.step("failover")["outcome"] == "skipped" and result.action("decide")["outcome"] == "left"
        asked = [item["text"] for item in result.finished["left"] if item["step"] == "evidence"]
        assert "measured inside the cluster: ok (100" in asked[0] and "the API from here: GET" in asked[0], asked


@pytest.mark.parametrize("status", [404, 503])
def test_an_answer_that_is_no_outage_inside_fails_nothing_over(status):
    with Sandbox("healthy") as sb:
        sb.app.overrides.update({"/api/health": (status, "{}"), "/health": (status, "{}")})
        result = outage(sb)
        assert not sb.failed_over() and result.step("failover")["outcome"] == "skipped", str(result)


def test_what_could_not_be_asked_inside_is_no_outage():
    with Sandbox("outage") as sb:
        sb.break_part("prometheus", "refuse")
        result = outage(sb)
        assert result.action("inside")["outcome"] == "failed" and not sb.failed_over(), str(result)
        assert any("could not be asked" in item["text"] for item in result.finished["left"]), str(result)
        forced = outage(sb, "--var", "force=true", "--only", "assess_scope", "--only", "evidence", "--only", "failover")
        assert sb.failed_over() and forced.action("execute")["outcome"] == "passed", str(forced)


def test_a_person_sees_what_speaks_for_it_and_against_it():
    with Sandbox("outage") as sb:
        terminal = Terminal(FSOPS, "run", "complete-outage", "--plain", *SHORT[2:], env=environment(sb))
        for _ in range(2):  # the status page, customers
            terminal.answer("[d]one", "d\n")
        terminal.wait("DESTROY on flight-search")
        terminal.wait("fail over. the API from here: ")
        terminal.wait("measured inside the cluster: critical (0 % answer)")
        terminal.wait("Type flight-search to run it")
        terminal.type("\x03")
        terminal.end()
        assert not sb.failed_over()


def test_people_are_told_before_anything_is_failed_over():
    with Sandbox("outage") as sb:
        result = outage(sb)
        assert result.status == 0 and sb.failed_over(), str(result)
        order = [e["step"] for e in result.events("step.started")]
        assert order.index("communicate") < order.index("failover"), order
        assert len(sb.webhooks.to("/status-page")) == 1, "the status page is told, once"
