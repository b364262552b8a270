"""`fsops config`: what is in use and who said so; the folders that are trusted."""
import json
import os

import pytest

from helpers import FSOPS, fsops, write_book

STEPS = '  - step: Look\n    budget: 5s\n    shell: "true"\n    effect: read\n'


@pytest.fixture
def here(tmp_path):
    """A folder with ./runbooks, and the environment of somebody whose home is it."""
    write_book(tmp_path / "runbooks", STEPS)
    env = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": None, "XDG_STATE_HOME": None, "FSOPS_STATE": None,
           "FSOPS_TRUST": None}

    def config(*words, cwd=tmp_path, **more):
        return fsops("config", *words, cwd=cwd, env={**env, **more})

    config.folder = tmp_path
    return config


def facts(done):
    return json.loads(done.out)


def test_it_says_what_is_used_and_who_said_so(here):
    done = here()
    rows = [line.split() for line in done.out.splitlines()]
    assert done.status == 0, done
    assert rows[:4] == [["runbooks", "~/runbooks", "here"],
                        ["platform", "~/runbooks/platform.yaml", "beside", "the", "runbooks"],
                        ["its", "name", "is", "test"], ["state", "~/.local/state/fsops", "HOME"]]


@pytest.mark.parametrize("words, more, runbooks, platform, state", [
    ([], {}, "here", "beside the runbooks", "HOME"),
    (["-R", "runbooks"], {"XDG_STATE_HOME": "/nonexistent"}, "-R", "beside the runbooks", "XDG_STATE_HOME"),
    (["-P", "runbooks/platform.yaml"], {"FSOPS_STATE": "st"}, "here", "-P", "FSOPS_STATE"),
    ([], {"FSOPS_RUNBOOKS": "runbooks"}, "FSOPS_RUNBOOKS", "beside the runbooks", "HOME"),
])
def test_each_with_its_source(here, words, more, runbooks, platform, state):
    found = facts(here("--format", "json", *words, **more))
    assert [found[part]["from"] for part in ("runbooks", "platform", "state")] == [runbooks, platform, state]
    assert found["runbooks"] == {"path": str(here.folder / "runbooks"), "from": runbooks, "used": True}
    assert found["platform"]["name"] == "test"


def test_from_below_and_from_the_configuration(here):
    below = here.folder / "a" / "b"
    below.mkdir(parents=True)
    found = facts(here("--format", "json", cwd=below))
    assert found["runbooks"] == {"path": str(here.folder / "runbooks"), "from": "a folder above", "used": True}
    (here.folder / ".config").mkdir()
    (here.folder / "runbooks").rename(here.folder / ".config" / "fsops")
    assert facts(here("--format", "json"))["runbooks"]["from"] == "your configuration"
    # a relative one is not valid, by the rules of XDG
    assert facts(here("--format", "json", XDG_CONFIG_HOME="x"))["runbooks"]["from"] == "your configuration"


def test_what_cannot_be_used_is_said_and_is_the_exit_status(here):
    (here.folder / "runbooks").chmod(0o777)
    done = here("--format", "json")
    assert done.status == 65 and "others may change" in done.err, done
    assert facts(done)["runbooks"] == {"path": str(here.folder / "runbooks"), "from": "here", "used": False}
    assert "not used" in here().out


def test_no_value_that_may_be_secret_is_printed(here):
    done = here(FSOPS_REDIS_PASSWORD="hunter2", FSOPS_VAR_token="hunter2", TZ="UTC", REDISCLI_AUTH="hunter2")
    assert "hunter2" not in done.out + done.err and "FSOPS_REDIS_PASSWORD" in done.out, done
    assert any(line.split() == ["TZ", "UTC"] for line in done.out.splitlines())


def test_a_variable_that_reaches_no_runbook_says_so(here):
    write_book(here.folder / "runbooks", STEPS, name="n", head="vars: {my_n: {value: 1}}")
    env = {"FSOPS_VAR_MY_N": "2", "FSOPS_VAR_my_n": "3", "FSOPS_VAR_OTHER": "4"}
    found = {v["name"]: v for v in facts(here("--format", "json", **env))["variables"]}
    assert found["FSOPS_VAR_MY_N"] == {"name": "FSOPS_VAR_MY_N", "value": None, "used": True}
    assert found["FSOPS_VAR_my_n"]["why"] == "that of 'my_n' is FSOPS_VAR_MY_N" and not found["FSOPS_VAR_my_n"]["used"]
    assert found["FSOPS_VAR_OTHER"]["why"] == "no runbook has such a variable"
    text = here(**env).out
    assert "not used: that of 'my_n' is FSOPS_VAR_MY_N" in text and "not used: no runbook has" in text, text
    warned = fsops("run", "n", "--dry-run", cwd=here.folder, env=env)
    assert warned.err == "fsops: warning: FSOPS_VAR_my_n sets no variable: that of 'my_n' is FSOPS_VAR_MY_N\n", warned


def test_trusted_folders_are_listed_added_and_taken_out(here):
    assert here("trust").out == "No folder is trusted.\n"
    (here.folder / "link").symlink_to("runbooks")
    assert here("trust", "link", ".", "link").status == 0
    assert json.loads(here("trust", "--format", "json", FSOPS_TRUST="/usr").out) == [
        {"path": "/usr", "from": "FSOPS_TRUST"}, {"path": str(here.folder / "runbooks"), "from": "config trust"},
        {"path": str(here.folder), "from": "config trust"}]
    assert here("distrust", "runbooks").status == 0
    assert here("trust").out.split() == ["trusted", "~", "config", "trust"]
    file = here.folder / ".config" / "fsops" / "trusted"
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("words, why", [
    (["trust", "/"], "everything"), (["trust", "missing"], "No such file"),
    (["trust", "runbooks/platform.yaml"], "no folder"), (["distrust", "/usr"], "not among the trusted"),
    (["distrust"], "say which folder"), (["turst", "x"], "did you mean"), (["trust", ""], "No such file"),
    (["trust", "two\nlines"], "line break")])
def test_what_cannot_be_trusted_is_said(here, words, why):
    (here.folder / "two\nlines").mkdir()
    done = here(*words)
    assert done.status == 64 and why in done.err, done


def test_a_folder_that_is_gone_can_be_taken_out(here):
    gone = here.folder / "gone"
    gone.mkdir()
    assert here("trust", gone).status == 0
    gone.rmdir()
    assert here("distrust", gone).status == 0 and here("trust").out == "No folder is trusted.\n"


def test_the_command_to_type_is_safe_to_paste(here):
    """The name of the folder is the stranger's."""
    bad = here.folder / "a'; touch PWNED; '"
    bad.mkdir()
    write_book(bad / "runbooks", STEPS).chmod(0o777)
    done = here(cwd=bad)
    typed = done.err.split("type `")[1].split("`\n")[0]
    (here.folder / "bin").mkdir()
    (here.folder / "bin" / "fsops").symlink_to(FSOPS)
    assert os.system(f"cd '{here.folder}' && PATH={here.folder}/bin:$PATH XDG_CONFIG_HOME={here.folder}/c "
                     f"{typed} 2>/dev/null") == 0
    assert not (here.folder / "PWNED").exists()
    assert facts(here("--format", "json", cwd=bad, XDG_CONFIG_HOME=f"{here.folder}/c"))["runbooks"]["used"]
