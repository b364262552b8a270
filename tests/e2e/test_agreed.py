"""What a person must have agreed to before a run goes on, and what a question says about its change."""
import os

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run, write_book

MUST = """\
  - {{step: Agree, id: agree, when: agreed != "yes", manual: [one, two], on_failure: stop}}
  - {{step: Do, id: do, exec: [touch, "{folder}/done"]}}
"""
NAMED = """\
  - step: Look
    id: look
    effect: read
    exec: [echo, "v1 of Monday"]
    capture: {{old: stdout.trim()}}
  - step: Do
    id: do
    title: go back to ${{old}}
    exec: [touch, "{folder}/done"]
  - {{step: Again, id: again, title: plain, exec: [touch, "{folder}/again"]}}
"""


def book(tmp_path, steps):
    return write_book(tmp_path / "book", steps.format(folder=tmp_path), head="vars: {agreed: no}")


@pytest.mark.parametrize("options", [(), ("-y",)])
def test_without_a_person_what_must_be_agreed_to_ends_the_run_as_refused(tmp_path, options):
    result = run("book", "-R", book(tmp_path, MUST), *options)
    if not options:
        assert result.status == 77 and "-y" in result.err, str(result)
        return
    assert result.status == 77 and not os.path.exists(tmp_path / "done"), str(result)
    assert "nobody to ask" in result.finished["why"] and result.finished["outcome"] == "refused" and "do" not in result.commands()


def test_what_was_agreed_to_already_stops_nothing(tmp_path):
    result = run("book", "-R", book(tmp_path, MUST), "-y", "--var", "agreed=yes")
    assert result.status == 0 and os.path.exists(tmp_path / "done"), str(result)


def test_a_check_goes_on_without_the_person(tmp_path):
    result = run("book", "-R", book(tmp_path, MUST), "--check")
    assert result.status == 0 and result.action("agree")["outcome"] == "left", str(result)


def test_a_question_shows_a_title_with_what_was_found_out(tmp_path):
    folder = book(tmp_path, NAMED)
    terminal = Terminal(FSOPS, "run", "book", "-R", folder, env=environment())
    try:
        asked = terminal.answer("[a]bort [?] ", "y\n")
        assert "go back to v1 of Monday" in asked.split("change")[-1], terminal.seen
        terminal.answer("[a]bort [?] ", "y\n")
        assert terminal.end() == 0, terminal.seen
    finally:
        if terminal.status is None:
            os.kill(terminal.pid, 9)
            terminal.close()


def test_a_title_is_filled_in_for_the_record_and_a_wrong_name_in_it_is_a_mistake(tmp_path):
    folder = book(tmp_path, NAMED)
    result = run("book", "-R", folder, "-y")
    assert result.event("action.started", action="do")["title"] == "go back to v1 of Monday", str(result)
    wrong = fsops("lint", "-R", book(tmp_path, NAMED.replace("${{old}}", "${{olt}}")))
    assert wrong.status != 0 and "did you mean 'old'?" in wrong.out + wrong.err, str(wrong)
