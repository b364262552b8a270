"""Several platforms and one set of runbooks: which one it is can't be overlooked, and one has nothing to do with another."""
import itertools
import subprocess

import pytest
from helpers import FSOPS, Terminal, environment, fsops, run

RED, YELLOW = "\x1b[1;7;31m", "\x1b[1;7;33m"
BOOK = """runbook: book
title: Book
severity: info
vars: {from_book: book}
steps:
  - step: Look
    shell: 'echo "it is $from_book"'
    effect: read
  - step: Change
    shell: 'while [ -e "$HOLD" ]; do sleep 0.1; done; echo changed'
    effect: change
  - step: By hand
    manual: Look at the page
"""
METRIC = """metrics:
  load: {unit: count, source: {exec: [echo, "7"]}, value: double(stdout), warning: "> 5"}
"""


@pytest.fixture
def books(tmp_path):
    """A folder with the runbook and three platforms, and their paths."""
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "book.yaml").write_text(BOOK)
    paths = {}
    for name, more in {"shop-production": "", "shop-staging": "vars: {from_book: platform}\n",
                       "pink": "color: magenta\n"}.items():
        paths[name] = folder / f"platform-{name}.yaml"
        paths[name].write_text(f"platform: {name}\n{more}{METRIC}")
    return folder, paths


def words(books, platform, *more):
    return ["-R", books[0], "-P", books[1][platform], *more]


@pytest.mark.parametrize("name, color, code", [("shop-production", "red", RED), ("shop-staging", "yellow", YELLOW),
                                               ("pink", "magenta", "\x1b[1;7;35m")])
def test_a_person_sees_which_one_it_is(books, name, color, code):
    shown = f"{code}{name}\x1b[0m"
    person = Terminal(FSOPS, "run", "book", *words(books, name), env=environment(HOLD=""))
    assert shown in person.wait("Look")
    assert f" on {shown} in step " in person.wait("[a]bort [?] ")
    person.type("y\n")
    assert f" on {shown} in step " in person.wait("[a]bort [?] ")
    person.type("d\n")
    assert person.end() == 0, person.seen
    for line in (["run", "book", "--dry-run"], ["check"]):
        person = Terminal(FSOPS, *line, *words(books, name), env=environment())
        person.end()
        assert shown in person.seen, person.seen
    plan = fsops("run", "book", "--dry-run=json", *words(books, name)).json
    assert (plan["platform"], plan["color"]) == (name, color)


def test_so_does_who_reads_plain_text(books):
    env = {"HOLD": ""}
    on = words(books, "shop-staging")
    assert "Book (info) on shop-staging\n" in fsops("run", "book", "-y", *on, env=env).out
    assert "Dry run of book on shop-staging: " in fsops("run", "book", "--dry-run", *on).out
    assert fsops("check", *on).out.startswith(
        f"Platform shop-staging, runbooks in {books[0]}\nMETRIC")
    assert fsops("check", "--format", "json", *on).json["platform"] == "shop-staging"
    script = fsops("run", "book", "--dry-run=sh", *on).out
    assert "# Book, on shop-staging\n" in script
    assert "run this on $platform?" in script and "platform=shop-staging\n" in script
    plain = Terminal(FSOPS, "run", "book", "--no-color", *on, env=environment(**env))
    assert "change on shop-staging in step Change:" in plain.wait("[a]bort [?] ").replace("\r", "")
    plain.type("a\n")
    plain.end()
    assert "\x1b[1;7" not in plain.seen
    piped = subprocess.Popen([FSOPS, "run", "book", "-y", *on], env=environment(**env), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, text=True)
    assert "asked on shop-staging: Look at the page" in piped.communicate(timeout=30)[0]


def test_events_say_so(books):
    result = run("book", "-y", *words(books, "pink"), env={"HOLD": ""})
    assert (result.event("run.started")["platform"], result.event("run.started")["color"]) == ("pink", "magenta")
    assert {e["platform"] for e in result.events("approval.asked")} == {"pink"}


def test_a_color_that_is_none_is_an_error(books):
    books[1]["pink"].write_text("platform: pink\ncolor: pink\n")
    result = fsops("run", "book", "--dry-run", *words(books, "pink"))
    assert result.status == 65
    assert "platform-pink.yaml:2:8: " in result.err and "red, yellow, green, blue, magenta or cyan" in result.err


# Where a variable's value comes from, the first that there is.
SOURCES = ("option", "environment", "platform", "book")


@pytest.mark.parametrize("there", [c for n in (1, 2, 3) for c in itertools.combinations(SOURCES[:3], n)] + [()],
                         ids=lambda there: "+".join((*there, "book")))
def test_the_order_of_where_values_come_from(books, there):
    platform = "shop-staging" if "platform" in there else "shop-production"
    option = ["--var", "from_book=option"] if "option" in there else []
    env = {"FSOPS_VAR_FROM_BOOK": "environment"} if "environment" in there else {}
    result = run("book", "--check", *option, *words(books, platform), env=env)
    assert result.event("run.started")["vars"] == {"from_book": (*there, "book")[0]}
    assert result.event("action.output", action="look")["text"] == f"it is {(*there, 'book')[0]}\n"


def test_a_run_on_one_does_not_wait_for_the_other(books, tmp_path):
    hold = tmp_path / "hold"
    hold.touch()
    state = {"FSOPS_STATE": str(tmp_path / "state"), "HOLD": str(hold)}
    first = subprocess.Popen([FSOPS, "run", "book", "-y", *words(books, "shop-production")], env=environment(**state),
                             stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    try:
        while "Change" not in first.stdout.readline():
            pass
        same = fsops("run", "book", "-y", *words(books, "shop-production"), env=state)
        assert same.status == 75, same
        other = fsops("run", "book", "-y", *words(books, "shop-staging"), env={**state, "HOLD": ""})
        assert other.status == 0, other
    finally:
        hold.unlink()
        first.communicate(timeout=30)
    assert first.returncode == 0
    table = fsops("history", *words(books, "shop-staging"), env=state).out
    assert "shop-staging" in table and "shop-production" in table
