"""What a person writes beside a question: it is on record at once, told in every report, and answers nothing."""
import json
import os
import pwd

import pytest
from helpers import FSOPS, Terminal, environment, fsops, write_book

ASKS = "[a]bort [?] "
STEPS = """\
  - {step: Mend, id: mend, budget: 5m, actions: [{id: fix, exec: "true", effect: change}]}
  - {step: Look, id: look, budget: 5m, actions: [{id: hand, manual: Look at the graphs}]}
"""


@pytest.fixture
def desk(tmp_path):
    class Desk:
        books = write_book(tmp_path / "books", STEPS, head="vars:\n  key: {secret: true, value: '${env.KEY}'}", platform_more="secrets: [KEY]\n")
        env = {"FSOPS_STATE": str(tmp_path / "state"), "KEY": "correct-horse"}

        def start(self, *options):
            return Terminal(FSOPS, "run", "book", "-R", self.books, *options, env=environment(**self.env))

        def notes(self):
            journal, = (tmp_path / "state" / "runs").glob("*.jsonl")
            return [(e["by"], e["step"], e["action"], e["text"]) for e in map(json.loads, journal.read_text().splitlines())
                    if e["type"] == "note"]

        def tell(self, *words):
            return fsops(*words, env=self.env).out
    return Desk()


def test_a_note_is_on_record_and_answers_nothing(desk):
    terminal = desk.start()
    terminal.answer(ASKS, "?\n")
    assert "write a line into the record" in terminal.answer(ASKS, "n\n")
    terminal.answer("Note: ", "yes\n")
    assert "It is on record." in terminal.answer(ASKS, "NOTE  the pods of | zone b\thang, as ‘last’ week \n")
    assert desk.notes()[0] == ("person", "mend", "fix", "yes"), "at once"
    terminal.answer(ASKS, "n\n")
    terminal.answer("Note: ", "  \n")
    assert "Nothing was written." in terminal.answer(ASKS, "n the key is correct-horse\n")
    assert "is on record" in terminal.answer(ASKS, "y\n")
    terminal.answer(ASKS, "note it looks well\n")
    terminal.answer(ASKS, "d\n")
    assert terminal.end() == 0, terminal.seen
    written = ["yes", "the pods of | zone b\thang, as ‘last’ week", "the key is [masked]", "it looks well"]
    assert [note[3].replace("***", "[masked]") for note in desk.notes()] == written, desk.notes()
    assert desk.notes()[3][:3] == ("person", "look", "hand")
    assert "correct-horse" not in desk.tell("log") and "note: it looks well" in desk.tell("log")
    for form in ("--markdown", "--html"):
        text = desk.tell("report", form)
        assert "it looks well" in text and "zone b" in text and "correct-horse" not in text
    line = next(line for line in desk.tell("report").splitlines() if "it looks well" in line)
    assert f"{pwd.getpwuid(os.getuid()).pw_name}@" in line, "and who wrote it"


def test_where_n_is_an_answer_it_stays_one(desk):
    terminal = desk.start("-y")
    terminal.answer(ASKS, "n\n")
    assert terminal.end() == 2 and "a person answered no" in terminal.seen and desk.notes() == [], terminal.seen


def test_a_destruction_wants_its_name_beside_notes_too(desk, tmp_path):
    write_book(desk.books, '  - {step: End, id: end, budget: 5m, actions: [{id: end, exec: "true", effect: destroy}]}\n')
    terminal = desk.start()
    terminal.answer('"?" ', "n\n")
    terminal.answer('"?" ', "note test\n")
    assert "It is on record." in terminal.answer('"?" ', "test\n") and terminal.end() == 0, terminal.seen
    assert desk.notes() == [("person", "end", "end", "test")]


def test_the_end_of_input_inside_a_note_means_abort(desk):
    terminal = desk.start()
    terminal.answer(ASKS, "n\n")
    terminal.answer("Note: ", "\x04")
    assert terminal.end() == 2 and desk.notes() == [], terminal.seen
