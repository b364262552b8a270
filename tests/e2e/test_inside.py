"""A runbook inside another one: what reaches it."""
from helpers import fsops, run, write_book


def test_a_platform_s_variable_that_is_given_reaches_it(tmp_path):
    say = "  - {step: Say, id: say, budget: 1m, exec: [echo, '${where}'], effect: read}\n"
    write_book(tmp_path, say, name="inner")
    write_book(tmp_path, say, name="own", head="vars: {where: mine}")  # a platform's counts for all
    book = write_book(tmp_path, "  - {step: Inside, budget: 1m, runbook: inner}\n"
                                "  - {step: Own, budget: 1m, runbook: own}\n"
                                "  - {step: Asked, budget: 1m, runbook: {name: inner, vars: {where: asked}}}\n",
                      name="outer", platform_more="vars: {where: here}\n")
    result = run("outer", "-R", book, "--var", "where=there")
    said = [e["text"].strip() for e in result.events("action.output")]
    assert said == ["there", "there", "asked"], str(result)
    dry = fsops("run", "outer", "-R", book, "--var", "where=there", "--dry-run").out
    assert dry.count("echo there") == 2 and "echo asked" in dry, dry
