"""renew-certificate: issued, refused, never answered, not to be asked from here, and issued but not shown."""
import os
import pathlib
import shutil
import subprocess
import threading

import hurried
from helpers import run, wait_until

NAME = "flight-search-tls"


def renew(sb, *options):
    return run("renew-certificate", "-y", *options, on=sb)


def renew_in_a_hurry(sb, folder):
    return run("renew-certificate", "-y", "-R", hurried.copy(pathlib.Path(sb.runbooks), folder), on=sb)


def asked(sb):
    """How often somebody asked for a new certificate."""
    return [(m.verb, m.resource, m.name) for m in sb.kube.mutations if m.resource.startswith("certificates")]


def secret_of(sb):
    return sb.kube.state("secrets", NAME)["metadata"]["resourceVersion"]


def knows_status():
    """Debian's kubectl is older than `--subresource`."""
    told = subprocess.run(["kubectl", "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=20)
    return int(told.stdout.split('"minor": "')[1].split('"')[0].rstrip("+")) >= 24


KNOWS_STATUS = knows_status()


def assert_too_old(sb, result):
    """What is left for an old kubectl: nothing is changed, and it is told what can."""
    assert result.status == 2 and "cmctl renew" in result.action("may_ask")["why"] and asked(sb) == [], str(result)


def test_a_certificate_that_ends_is_renewed_and_seen_on_the_site(sandbox):
    sb = sandbox("certificate")
    result = renew(sb)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.status == 0 and asked(sb) == [("patch", "certificates/status", NAME)], str(result)
    assert result.action("issued")["outcome"] == result.action("served_now")["outcome"] == "passed", str(result)
    assert result.level("certificate_days", "before") == "warning" and result.level("certificate_days", "after") == "ok"
    kept = sb.kube.state("certificates", NAME)["status"]["conditions"]
    assert [c["type"] for c in kept] == ["Ready"], "what it was asked with is gone again"
    assert not [m for m in sb.kube.mutations if m.resource == "secrets" and m.verb == "delete"]


def test_one_that_lasts_is_left_alone(sandbox):
    sb = sandbox()
    result = renew(sb)
    assert result.status == 0 and result.step("renew")["outcome"] == "skipped" and asked(sb) == [], str(result)
    assert result.action("served_now")["outcome"] == "passed", str(result)


def test_one_that_lasts_is_renewed_when_it_is_wanted(sandbox):
    sb = sandbox()
    before = sb.kube.state("certificates", NAME)["status"]["notAfter"]
    result = renew(sb, "--var", "force=true")
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.status == 0 and sb.kube.state("certificates", NAME)["status"]["notAfter"] > before, str(result)


def test_what_the_authority_refuses_is_told_and_the_old_one_stays(sandbox):
    sb = sandbox("certificate")
    sb.kube.issuer("fails")
    secret, result = secret_of(sb), renew(sb)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert "CAA record" in result.action("issued")["why"] and result.status == 2, str(result)
    assert result.outcomes("step").get("shown") is None, "nothing to be seen"
    assert result.action("escalate") and secret_of(sb) == secret and len(asked(sb)) == 1, str(result)
    again = renew(sb)  # the mark of the failure is no request that is under way
    assert len(asked(sb)) == 2 and again.action("ask")["outcome"] == "passed", str(again)


def test_an_issuer_that_is_not_ready_is_not_asked(sandbox):
    sb = sandbox("certificate")
    sb.kube.issuer("not-ready")
    result = renew(sb)
    assert "too many registrations" in result.action("issuer_state")["why"], str(result)
    assert result.status == 2 and asked(sb) == [], str(result)
    if KNOWS_STATUS:
        assert "clusterissuer/letsencrypt-prod is not ready" in result.action("may_ask")["why"], str(result)


def test_an_issuer_that_nobody_may_see_hinders_nothing(sandbox):
    sb = sandbox("certificate")
    sb.kube.forbid("read", "clusterissuers")
    result = renew(sb)
    assert "forbidden" in result.action("issuer_state")["why"], str(result)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.action("issued")["outcome"] == "passed" and result.status == 1, str(result)


def test_one_that_is_never_answered_runs_out_of_time(sandbox, tmp_path):
    sb = sandbox("certificate")
    sb.kube.issuer("hangs")
    result = renew_in_a_hurry(sb, tmp_path / "books")
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.action("ended")["outcome"] == "timed_out" and len(asked(sb)) == 1, str(result)
    assert result.outcomes().get("issued") != "passed", str(result)


def test_what_somebody_else_has_asked_for_is_waited_for(sandbox):
    """The condition as `cmctl renew` writes it."""
    sb = sandbox("certificate")
    sb.kube.stand_still("certificates")
    with sb.kube.store.changed:
        old = sb.kube.state("certificates", NAME)
        status = {**old["status"], "conditions": [*old["status"]["conditions"], {"type": "Issuing", "status": "True"}]}
        sb.kube.store.update("certificates", {**old, "status": status})
    threading.Timer(4, sb.kube.go_on).start()
    result = renew(sb)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.action("ask")["outcome"] == "skipped" and asked(sb) == [], str(result)
    assert result.action("issued")["outcome"] == "passed" and result.status == 0, str(result)


def test_what_somebody_else_has_written_meanwhile_is_not_written_over(sandbox, tmp_path):
    """Between the look and the change: the version that was read is not the one that is there."""
    sb, bin_ = sandbox("certificate"), tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "kubectl").write_text(f'#!/bin/sh\ncase "$*" in *"patch certificate"*) touch {tmp_path}/now; '
                                  f'while [ ! -e {tmp_path}/go ]; do sleep 0.05; done;; esac\n'
                                  f'exec {shutil.which("kubectl")} "$@"\n')
    (bin_ / "kubectl").chmod(0o755)

    def write():
        wait_until((tmp_path / "now").exists, "it is about to ask", 60)
        sb.kube.change("certificates", NAME, metadata={"annotations": {"somebody": "else"}})
        (tmp_path / "go").touch()
    if KNOWS_STATUS:
        threading.Thread(target=write, daemon=True).start()
    result = run("renew-certificate", "-y", on=sb, env={"PATH": f"{bin_}:{os.environ['PATH']}"})
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.status == 2 and "has been modified" in result.action("ask")["why"], str(result)
    assert "issued" not in result.commands() and result.action("escalate")["outcome"] == "left", str(result)


def test_one_that_was_never_issued_is_asked_for(sandbox):
    sb = sandbox()
    sb.kube.stand_still("certificates")
    with sb.kube.store.changed:
        old = sb.kube.state("certificates", NAME)
        sb.kube.store.update("certificates", {k: v for k, v in old.items() if k != "status"})
    sb.kube.go_on()
    result = renew(sb)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.action("ask")["outcome"] == result.action("issued")["outcome"] == "passed", str(result)


def test_what_is_issued_and_not_shown_is_told(sandbox, tmp_path):
    sb = sandbox("certificate")
    sb.keep_certificate()
    result = renew_in_a_hurry(sb, tmp_path / "books")
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    assert result.action("issued")["outcome"] == "passed" and result.action("served_now")["outcome"] == "timed_out", str(result)
    assert result.action("reload") and result.status == 2 and result.level("certificate_days", "after") == "warning"


def test_a_check_asks_for_nothing(sandbox):
    sb = sandbox("certificate")
    result = run("renew-certificate", "--check", on=sb)
    if not KNOWS_STATUS:
        return assert_too_old(sb, result)
    outcomes = result.outcomes()
    assert asked(sb) == [] and outcomes.get("ask", "skipped") == "skipped", str(result)
    assert not {outcomes.get(a) for a in ("ended", "issued", "served_now")} & {"passed", "failed", "timed_out"}, str(result)
