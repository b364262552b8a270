"""A name may be typed by its beginning, wherever one is typed; and -v cuts nothing on a terminal."""
import pytest
from helpers import FSOPS, Terminal, environment, fsops, write_book

LONG = "a title that is longer than any terminal is wide and goes on and on and on and on and on until its END"


@pytest.fixture
def books(tmp_path):
    folder = write_book(
        tmp_path / "r", f"  - {{step: Look, budget: 9s, effect: read, exec: [echo, '{'x' * 150} END']}}\n", name="restart",
        head="aliases: [again]\n", platform_more=(
            "contacts: {on_call: {title: A, phone: '1'}}\nlinks: {grafana: 'http://g'}\n"
            f"metrics:\n  error_rate: {{title: {LONG}, source: {{shell: 'echo 7'}}, value: 'int(lines[0])', "
            "critical: '> 5'}\n"
            f"alerts: [{{alert: High Error Rate, severity: critical, action: {LONG}, runbook: restart}}]\n"
            "escalation: [{level: 1, contact: on_call}]\n"))
    text = (folder / "restart.yaml").read_text()
    (folder / "restart.yaml").write_text(text.replace("title: restart", f"title: {LONG}"))
    (folder / "rebuild.yaml").write_text(text.replace("restart", "rebuild").replace("again", "anew"))
    assert fsops("run", "restart", "-R", folder, env=state(folder)).status == 0
    return folder


def state(folder):
    return {"FSOPS_STATE": str(folder / ".." / "state")}


@pytest.mark.parametrize("words, status", [
    ("run rest", 0), ("run aga", 0), ("show rest", 0), ("log rest", 0), ("report rest", 0), ("history rest", 0),
    ("check err", 2), ("check Error-Rate", 2), ("alert high", 0), ("contacts on", 0), ("links graf", 0),
    ("escalate rest", 0), ("help hist", 0), ("schema plat", 0)])
def test_the_beginning_of_a_name_is_enough(books, words, status):
    result = fsops(*words.split(), "-R", books, env=state(books)) if not words.startswith(("help", "schema")) \
        else fsops(*words.split())

    assert result.status == status and result.out, result


@pytest.mark.parametrize("words, why", [
    ("run re", "can be rebuild, restart; say which"), ("check eror_rate", "did you mean 'error_rate'?"),
    ("check x", "there is no metric 'x'"), ("run restrat", "did you mean 'restart'?"),
    ("alert hgh error rate", "did you mean 'High Error Rate'?"), ("help chekc", "did you mean 'check'?"),
    ("schema runbok", "did you mean 'runbook'?"), ("log x", "there is no run 'x'"), ("help l", "can be"),
    ("contacts onn_call", "did you mean 'on_call'?"), ("links grafna", "did you mean 'grafana'?")])
def test_a_wrong_one_is_told_what_could_be_meant(books, words, why):
    command, *rest = words.split(" ", 1)
    place = [] if command in ("help", "schema") else ["-R", books]

    result = fsops(command, *rest, *place, env=state(books))

    assert result.status == 64 and why in result.err, result


def test_the_beginning_of_two_runbooks_names_no_run(books):
    assert fsops("run", "rebuild", "-R", books, env=state(books)).status == 0

    assert "several runbooks" in fsops("log", "re", "-R", books, env=state(books)).err
    assert fsops("log", "reb", "-R", books, env=state(books)).status == 0


@pytest.mark.parametrize("words", ["list", "check", "alert", "show restart", "run restart", "log restart", "history"])
def test_v_shows_all_of_it_on_a_terminal(books, words):
    terminal = Terminal(FSOPS, *words.split(), "-R", books, "-v", env=environment(**state(books), NO_COLOR="1"), columns=60)

    terminal.end()

    assert ("END" in terminal.seen or words in ("history", "check")) and "…" not in terminal.seen.replace("${…}", ""), terminal.seen
