"""The HTML report: well-formed, one file that asks for nothing, every link leads somewhere, and text stays text."""
import base64
import hashlib
import html.parser
import json
import re
import signal
import subprocess

import pytest

from helpers import FSOPS, Terminal, environment, fsops, wait_until, write_book

VOID = {"meta", "link", "br", "img", "hr", "input", "wbr"}
SVG_VOID = {"rect", "line", "path"}  # may be closed at once
OUTWARD = {"src", "srcset", "action", "formaction", "data", "poster", "background", "ping", "xlink:href"}

# What could end a text, an attribute, an element or a comment, move or hide text, or is no text at all.
NASTY = ("<b>bold</b> </script><script>alert(1)</script> \"'><img src=x onerror=alert(1)> ]]> --> &amp; &lt; "
         "</pre></details> javascript:x \x1b[31mred\x1b[0m \x07 \u202egnp \u2028")
BYTES = NASTY.encode() + b" \xff\xfe\x80 \x00nul\r\nlast\n"

STEPS = """
  - step: {nasty}
    id: look
    budget: 1m
    actions:
      - {{id: print, title: {nasty}, exec: [cat, {folder}/nasty], effect: read}}
      - {{id: word, exec: [echo, {nasty}], effect: read, expect: "stdout == 'no'", severity: info}}
      - {{id: complain, exec: [sh, -c, "echo sorry >&2; echo done"], effect: read}}
      - {{id: each, exec: [echo, "${{item}}"], effect: read, for_each: '["<i>a</i>", "b"]'}}
      - {{id: keep, exec: [echo, kept], effect: read, save: {folder}/kept.txt}}
      - {{id: not_now, exec: "true", effect: read, when: "false"}}
  - step: Change it
    id: change
    budget: 1m
    actions:
      - {{id: first, title: change it, exec: [sh, -c, "echo changed"], effect: change}}
      - {{id: by_hand, title: Tell them, manual: {nasty}}}
"""
HEAD = """
vars:
  word: {{value: {nasty}}}
"""
WAITS = """
  - step: Wait
    id: wait
    budget: 5m
    actions:
      - {{id: first, exec: [echo, first], effect: change}}
      - {{id: long, effect: change, exec: [sh, -c, "touch {folder}/begun; while kill -0 $PPID; do sleep 0.1; done"]}}
  - {{step: Never reached, id: never, budget: 1m, exec: "true", effect: read}}
"""
MANY = """
  - step: Many
    id: many
    budget: 5m
    actions:
      - {{id: each, exec: [echo, "out ${{item}}"], effect: read, for_each: {items}}}
"""


class Page(html.parser.HTMLParser):
    """A page, read strictly: what is opened is closed in order, ids are one of a kind, nothing leads out."""

    def __init__(self, text):
        super().__init__()
        self.source, self.open, self.ids, self.links = text, [], [], []
        self.elements, self.text, self.texts = [], "", {}
        self.feed(text)
        self.close()
        assert self.open == [], f"never closed: {self.open}"
        assert len(self.ids) == len(set(self.ids)), "an id is there twice"
        assert not [link for link in self.links if link[1:] not in self.ids], "a link leads nowhere"

    def handle_starttag(self, tag, attrs):
        self.begin(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SVG_VOID, f"<{tag}/> is no void element"
        self.begin(tag, attrs)

    def begin(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        assert tag not in ("script", "iframe", "object", "embed", "base", "form", "link"), tag
        assert not OUTWARD & set(names) and "style" not in names, f"<{tag} {attrs}>"
        assert not [name for name in names if name.startswith("on")], f"<{tag} {attrs}>"
        self.elements.append((tag, dict(attrs)))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            elif name == "href":
                assert value.startswith("#"), value
                self.links.append(value)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


class Case:
    def __init__(self, folder):
        self.folder, self.books, self.state = folder, folder / "books", folder / "state"
        self.env = {"FSOPS_STATE": str(self.state), "TZ": "Europe/Berlin"}
        (folder / "nasty").write_bytes(BYTES)

    def words(self, steps, head="", **parts):
        parts = {"folder": self.folder, "nasty": json.dumps(NASTY), **parts}
        write_book(self.books, steps.format(**parts), head=head.format(**parts))
        return ["run", "book", "-R", self.books]

    def run(self, steps, *options, **parts):
        return fsops(*self.words(steps, **parts), *options, env=self.env)

    def resume(self):
        return ["resume", "-R", self.books, "-y"]

    def page(self):
        result = fsops("report", "--html", env=self.env)
        assert result.status == 0 and result.err == "", str(result)
        return Page(result.out)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def shown(text):
    """A text as it stands in the report: what cannot be seen is written out."""
    return re.sub("[\x00-\x1f\x7f\u202e\u2028]",
                  lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def test_everything_is_there_as_text(case):
    case.run(STEPS, "-y", head=HEAD)
    page = case.page()
    assert "<b>bold" not in page.source and page.count("img") == page.count("script") == page.count("i") == 0
    # Title, step, link, command, variable, output, item, what is left to people.
    assert page.text.count(shown(NASTY)) >= 6
    assert "\\x00nul\nlast" in page.text and "<i>a</i>" in page.text
    assert "\x1b" not in page.source and "\u202e" not in page.source and "\0" not in page.source


def test_what_a_postmortem_needs_is_there(case):
    case.run(STEPS, "-y", head=HEAD)
    page = case.page()
    for heading in ("Summary", "Left to people, not done", "Timeline", "Approvals", "Steps and commands", "Saved files",
                    "What happened, in order"):
        assert heading in page.texts["h2"], heading
    assert hashlib.sha256(b"kept\n").hexdigest() in page.text
    assert "approved beforehand" in page.text and "echo changed" in page.text
    assert "sorry" in page.text and page.source.count('class="stderr"') == 1
    assert re.search(r"\d\d:\d\d:\d\d CET", page.text), "the local time is missing"
    assert {"step-1", "step-1-action-1", "step-2-action-1"} <= set(page.ids)
    assert [page.count(tag) for tag in ("h1", "main", "header", "footer", "nav", "figure")] == [1] * 6


def test_the_policy_allows_this_style_sheet_and_nothing_else(case):
    case.run(STEPS, "-y", head=HEAD)
    page = case.page()
    (style,) = re.findall("<style>(.*?)</style>", page.source, re.S)
    (policy,) = [a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"@import|url\((?!#hatch\))|expression|http", style)


def test_people_are_shown_with_the_time_they_took(case):
    terminal = Terminal(FSOPS, *case.words(WAITS.replace("while kill -0 $PPID; do sleep 0.1; done", "true")), env=environment(**case.env))
    terminal.answer("[y]es", "y\n")
    terminal.answer("[y]es", "s\n")
    terminal.end()
    page = case.page()
    assert {"asked-1", "asked-2"} <= set(page.ids)
    assert page.source.count('class="waiting"') >= 3  # two of the approvals, one of an action, and the legend
    assert "skip" in page.text and "yes" in page.text


def test_a_run_that_was_killed_and_gone_on_with(case):
    child = subprocess.Popen([FSOPS, *map(str, case.words(WAITS)), "-y"], env=environment(**case.env),
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    wait_until((case.folder / "begun").exists, "the long change has begun")
    live = case.page()
    assert "It goes on" in live.text and "running" in live.text and "✗ interrupted" not in live.text
    child.send_signal(signal.SIGKILL)
    child.wait()
    page = case.page()
    assert "The run has no end on record" in page.text
    assert "Look first: nobody knows how these changes ended" in page.text
    assert "Never reached" in page.text and "Steps that did not begin" in page.text
    assert "✗ interrupted" in page.text
    terminal = Terminal(FSOPS, *case.resume(), env=environment(**case.env))
    terminal.answer("[a]bort [?] ", "done\n")
    assert terminal.end() == 0
    page = case.page()
    assert "Taken up again" in page.text and "of that, interrupted for" in page.text
    assert 'class="gap"' in page.source and "✗ interrupted" in page.text and "✓ passed" in page.text
    assert "Look first" not in page.text and "Steps that did not begin" not in page.text


def test_a_thousand_actions(case):
    items = json.dumps(json.dumps([f"item {i}" for i in range(1000)]))
    case.run(MANY, items=items)
    page = case.page()
    assert "1000 actions, of which 0 did not go well" in page.text
    assert "step-1-action-1000" in page.ids and "out item 999" in page.text
    assert len(page.source) < 3_000_000
