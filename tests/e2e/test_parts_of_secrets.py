"""The beginning of a secret is as secret as its end, whatever stands behind it."""
import pytest
from helpers import fsops, write_book

TOKEN = "hd4Kp9wz.Qm27vLx0sT.ng8"
PARTS = ("tok.substring(0, 9)", "tok.substring(0, 20)", 'tok.split(".")[0]', "tok.substring(3, 12)", "tok.substring(14)",
         '("id " + tok).substring(0, 14)')


def test_no_part_is_told(tmp_path):
    words = ", ".join(f"'<${{{part}}}> and more'" for part in PARTS)
    steps = f"  - step: Tell\n    budget: 20s\n    exec: [echo, {words}]\n    effect: read\n"
    books = write_book(tmp_path / "books", steps, head=f"vars:\n  tok: {{default: {TOKEN}, secret: true}}\n")
    for form in ((), ("-v",), ("--format", "json")):
        done = fsops("run", "book", "-R", books, *form, env={"FSOPS_STATE": str(tmp_path / "state")})
        assert done.status == 0 and "> and more" in done.out, str(done)
        seen = [TOKEN[i:i + 6] for i in range(len(TOKEN) - 5) if TOKEN[i:i + 6] in done.out + done.err]
        assert not seen, str(done)


# What is made: with which secrets, and what must not be seen.
HOOK = "https://hooks.example/services/T000/B000/XXXX?tok=abc%64efghij"
PAD = "a b c d " * 600
TYPES = {
    "url(env.IT).getEscapedPath()": (HOOK, "T000/B000"),
    "url(env.IT).getQuery()": (HOOK, "abcdefghij"),
    "url(env.IT).getHost()": (HOOK, "hooks"),
    "url(env.IT).getQuery().map(k, k + '!')": ("/?some%2Dname=1", "some-name"),
    "url('http://h/?' + (env.IT + vars.pad).replace(' ', '_').upperAscii())": (TOKEN, "HD4KP9WZ"),
    "string(semver(env.IT, true))": ("v01.2.3-Pre.Release7", "Release7"),
    "semver('1.0.0-' + (env.IT + vars.pad).replace(' ', '').upperAscii())": ("hd4Kp9wz", "HD4KP9WZ"),
    "ip(env.IT)": ("2001:0DB8:0000:0000:1234::00Ff", "1234"),
    "string(cidr(env.IT + '/64').ip())": ("2001:0DB8:0000:0000:1234::00Ff", "1234"),
    "quantity(env.IT).add(quantity('1'))": ("0123456789012345", "123456789012346"),
    "optional.of((vars.pad + env.IT).upperAscii())": (TOKEN, "HD4KP9WZ"),
    "[optional.of({'k': [(vars.pad + env.IT).upperAscii()]})]": (TOKEN, "HD4KP9WZ"),
    "{(vars.pad + env.IT).upperAscii(): 1}": (TOKEN, "HD4KP9WZ"),
    "[" * 20 + "(vars.pad + env.IT).upperAscii()" + "]" * 20: (TOKEN, "HD4KP9WZ"),
}


@pytest.mark.parametrize("made", TYPES)
def test_no_type_takes_a_secret_out(tmp_path, made):
    secret, part = TYPES[made]
    steps = ("  - step: Tell\n    budget: 20s\n    sequential: true\n    actions:\n"
             f"      - {{id: one, exec: [echo, hi], effect: read, capture: {{it: \"{made}\"}}}}\n"
             "      - {id: two, exec: [echo, 'so ${it} is it'], effect: read}\n")
    books = write_book(tmp_path / "books", steps, head=f"vars:\n  pad: {{default: '{PAD}'}}\n")
    (tmp_path / "books" / "platform.yaml").write_text("platform: lab\nsecrets: [IT]\n")
    done = fsops("run", "book", "-R", books, "-v", env={"FSOPS_STATE": str(tmp_path / "state"), "IT": secret})
    assert done.status == 0 and "***" in done.out, str(done)
    assert part not in done.out + done.err, str(done)


def test_what_stands_beside_a_secret_in_a_url_is_shown(tmp_path):
    steps = ("  - step: Tell\n    budget: 20s\n    exec: [echo, \"${url('https://open.example/p?t=' + env.IT).getHost()}\"]\n"
             "    effect: read\n")
    books = write_book(tmp_path / "books", steps)
    (tmp_path / "books" / "platform.yaml").write_text("platform: lab\nsecrets: [IT]\n")
    done = fsops("run", "book", "-R", books, "-v", env={"FSOPS_STATE": str(tmp_path / "state"), "IT": "abcdefghij"})
    assert done.status == 0 and "open.example" in done.out, str(done)


LONG = "".join(f"K{i * 7919 % 97:02d}z" for i in range(40))  # longer than what an error shows of a text


@pytest.mark.parametrize("wrong", [
    "int(env.IT)", "int(env.IT.upperAscii())", "int(('a' + env.IT + vars.pad).upperAscii())", "{'a': 1}[env.IT]", "timestamp(env.IT)",
    "duration(env.IT)", "quantity(env.IT)", "ip(env.IT)", "semver(env.IT)", "url(env.IT)", "ready({'kind': env.IT, 'status': {}})",
    "now.getHours(env.IT)", "[{'kind': env.IT}].releases()"])
def test_no_error_shows_a_part_of_a_secret(tmp_path, wrong):
    steps = ("  - step: Tell\n    budget: 20s\n    actions:\n"
             f"      - {{id: one, exec: [echo, hi], effect: read, capture: {{it: \"{wrong}\"}}}}\n"
             f"      - {{id: two, exec: [echo, hi], effect: read, expect: \"{wrong} == dyn(1)\"}}\n")
    books = write_book(tmp_path / "books", steps, head=f"vars:\n  pad: {{default: '{PAD}'}}\n")
    (tmp_path / "books" / "platform.yaml").write_text("platform: lab\nsecrets: [IT]\n")
    done = fsops("run", "book", "-R", books, "-v", env={"FSOPS_STATE": str(tmp_path / "state"), "IT": LONG})
    assert done.status in (2, 65) and not any(LONG[i:i + 12] in (done.out + done.err).replace("k", "K").replace("Z", "z")
                                              for i in range(0, len(LONG) - 12)), str(done)
