"""`fsops list` keeps what it shows in the state folder: the same list, and right after every edit."""
import os

import pytest
from helpers import fsops, write_book

STEPS = "  - {step: Look, budget: 3m, exec: 'true', effect: read}\n"


class Place:
    def __init__(self, tmp_path):
        self.books, self.state = tmp_path / "books", tmp_path / "state"
        write_book(self.books, STEPS)
        write_book(self.books, STEPS, name="other")

    def list(self, *options):
        return fsops("list", "-R", self.books, *options, env={"FSOPS_STATE": str(self.state)})

    @property
    def kept(self):
        return self.state / "list"

    def edit(self, old, new, name="book"):
        """Within the same size and second, as an editor that is in a hurry."""
        path = self.books / f"{name}.yaml"
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture(name="place")
def place_(tmp_path):
    place = Place(tmp_path)
    place.first = place.list()
    assert place.first.status == 0 and "3m" in place.first.out, place.first
    return place


def test_it_is_kept_for_oneself_and_says_the_same(place):
    assert place.kept.stat().st_mode & 0o777 == 0o600
    assert place.list().out == place.first.out
    assert place.list("--format", "json").json == fsops("list", "-R", place.books, "--format", "json",
                                                        env={"FSOPS_STATE": str(place.state) + "-none"}).json


def test_what_is_kept_is_used(place):
    """A title that no file has can only come from there."""
    place.kept.write_text(place.kept.read_text().replace('"title":"book"', '"title":"kept"'))
    assert "kept" in place.list().out


@pytest.mark.parametrize("old, new", [("budget: 3m", "budget: 4m"), ("title: book", "title: bo0k"), ("info", "warning")])
def test_an_edit_is_seen_at_once(place, old, new):
    place.edit(old, new)
    assert new.split()[-1] in place.list().out
    place.edit(new, old)
    assert place.list().out == place.first.out


def test_an_edit_that_leaves_no_trace_but_itself_is_seen(place):
    path = place.books / "book.yaml"
    before = path.stat()
    place.edit("budget: 3m", "budget: 4m")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "4m" in place.list().out


def test_a_runbook_that_comes_or_goes_is_seen(place):
    write_book(place.books, STEPS, name="third")
    assert "third" in place.list().out
    (place.books / "third.yaml").unlink()
    assert place.list().out == place.first.out


def test_another_platform_is_another_list(place):
    (place.books / "platform.yaml").write_text("platform: elsewhere\ntargets: {}\n")
    assert "Platform elsewhere" in place.list().out


def test_a_broken_file_is_told_each_time(place):
    place.edit("budget: 3m", "budge: 3m")
    for _ in range(2):
        result = place.list()
        assert result.status == 65 and "broken" in result.out and "budge" in result.err, result
    place.edit("budge: 3m", "budget: 3m")
    assert place.list().out == place.first.out


def test_a_file_that_may_not_be_used_any_more_is_told(place):
    (place.books / "book.yaml").chmod(0o666)
    for _ in range(2):
        result = place.list()
        assert result.status == 65 and "book.yaml" in result.err, result


@pytest.mark.parametrize("damage", ["", "{", '{"rows":[1]}', '{"rows":{}}', "null"])
def test_a_damaged_one_is_not_believed(place, damage):
    text = place.kept.read_text()
    place.kept.write_text(text[:text.rindex('{"platform"')] + damage)
    assert place.list().out == place.first.out


def test_one_that_others_may_write_is_not_believed(place):
    place.kept.write_text(place.kept.read_text().replace('"title":"book"', '"title":"evil"'))
    place.kept.chmod(0o666)
    assert "evil" not in place.list().out


def test_where_nothing_can_be_kept_it_lists_all_the_same(place):
    place.kept.unlink()
    place.kept.mkdir()
    assert place.list().out == place.first.out
    result = fsops("list", "-R", place.books, env={"FSOPS_STATE": "/dev/null/x"})
    assert result.status == 0 and "book" in result.out and "other" in result.out, result
