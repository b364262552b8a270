"""What servers answer in forms of their own: a timestamptz as a time, INFO's keys that come again, PromQL with a comment
at its end."""
import subprocess

import pytest
import yaml
from helpers import fsops, run, write_book
from raw import Raw


@pytest.mark.parametrize("text, means", [
    ("2026-11-29 03:00:00+00", "2026-11-29T03:00:00Z"), ("2026-11-29 08:30:00+05:30", "2026-11-29T03:00:00Z"),
    ("2026-11-28 23:30:00-03:30", "2026-11-29T03:00:00Z"), ("2026-11-29 00:00:00.25-03", "2026-11-29T03:00:00.25Z"),
    ("1900-01-01 00:19:32+00:19:32", "1900-01-01T00:00:00Z"), ("2024-02-29 23:59:59.999999+00", "2024-02-29T23:59:59.999999Z"),
    ("2026-11-29T03:00:00Z", "2026-11-29T03:00:00Z"),
])
def test_a_timestamptz_is_a_time(text, means):
    assert fsops("eval", f"string(timestamp('{text}'))").out.strip() == f'"{means}"'


@pytest.mark.parametrize("text, says", [
    ("2026-11-29 03:00:00", "names no time zone"), ("2026-11-29T03:00:00.5", "names no time zone"),
    ("infinity", "'infinity' is no timestamp"), ("-infinity", "'infinity' is no timestamp"),
    ("0044-03-15 00:00:00+00 BC", "out of range"), ("2026-02-29 00:00:00+00", "is no timestamp"),
    ("2026-11-29 03:00:00+", "is no timestamp"), ("2026-11-29 03:00:00+00:", "is no timestamp"),
    ("2026-11-29 03:00:00+25", "is no timestamp"), ("2026-11-29T03:00:00+00", "is no timestamp"),
    ("2026-11-29 03:00:00+00 AD", "is no timestamp"), ("2026-11-29 03:00:00+00:00:00:00", "is no timestamp"),
    ("2026-11-29 ", "is no timestamp"), ("", "is no timestamp"),
])
def test_what_is_no_time_says_why(text, says):
    result = fsops("eval", f"timestamp('{text}')")
    assert result.status and says in result.err, str(result)


def test_a_key_of_info_that_comes_again_is_a_list(tmp_path):
    info = ("# Server\r\nredis_version:7.2.4\r\n# Modules\r\nmodule:name=bf,ver=20612,using=[]\r\nmodule:name=search,ver=20811\r\n"
            "module:name=json,ver=3\r\n# Other\r\nonce:1\r\ntwice:1\r\ntwice:x\r\n").encode()

    async def talk(reader, writer):
        while line := await reader.readline():
            words = [await reader.readline() and (await reader.readline()).strip() for _ in range(int(line[1:]))]
            writer.write(b"$%d\r\n%s\r\n" % (len(info), info) if words[0].upper() == b"INFO" else b"*0\r\n")

    holds = ("info.module.map(m, m.name) == ['bf', 'search', 'json'] && info.once == 1 && info.twice == [1, 'x'] "
             "&& info.redis_version == '7.2.4'")
    with Raw() as raw:
        book = write_book(tmp_path, f'  - {{step: A, id: a, budget: 9s, redis: INFO, expect: "{holds}"}}\n',
                          {"c": {"redis": f"redis://127.0.0.1:{raw.serve(talk)}/0"}})
        result = run("book", "-R", book)
    assert result.status == 0, str(result)


def test_a_comment_at_the_end_of_a_query_hides_nothing(tmp_path):
    levels = {"above": "warning: '> 1', critical: '> 5'", "between": "warning: '!2..3'", "inside": "critical: 4..5"}
    metrics = "".join(f"  {n}: {{title: {n}, unit: count, source: {{prometheus: \"up{{a='#'}} # seen\"}}, {t}}}\n"
                      for n, t in levels.items())
    book = write_book(tmp_path, "  - {step: A, id: a, budget: 9s, manual: x}\n", {"p": {"prometheus": "http://127.0.0.1:1"}},
                      platform_more=f"metrics:\n{metrics}")
    result = fsops("alert", "--prometheus-rules", "-R", book)
    (tmp_path / "rules.yml").write_text(result.out)
    checked = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, f"{checked}{result}"
    rules = yaml.safe_load(result.out)["groups"][0]["rules"]
    assert len(rules) == 4
    for rule in rules:  # what is compared stands outside the comment
        code = " ".join(line.replace("'#'", "").split("#")[0] for line in rule["expr"].split("\n"))
        assert code.count("(") == code.count(")") and any(sign in code for sign in "<>"), rule["expr"]
