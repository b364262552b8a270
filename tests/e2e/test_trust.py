"""Whose runbooks and whose state are used: nobody else's, unless that is said."""
import os
import re
import shutil
import subprocess

import pytest

from helpers import FSOPS
from strangers import COLLEAGUE, EVE, ME, ONLY_ROOT, as_user, give, public_folder

pytestmark = ONLY_ROOT

BOOK = """\
runbook: daily
title: Daily
severity: info
schedule: {{daily: "09:00"}}
steps:
  - step: Look
    budget: 5s
    shell: touch {mark}
    effect: read
"""
PLATFORM = """\
platform: lab
metrics:
  load: {{title: Load, unit: percent, source: {{shell: "touch {mark}; echo 1"}}, value: double(stdout.trim()), baseline: "< 5%"}}
"""
# Each would run, or show, what is written in a runbook, or believe it.
COMMANDS = [["check"], ["list"], ["show", "daily"], ["run", "daily"], ["run", "daily", "--dry-run"],
            ["contacts"], ["links"], ["alert"], ["schedule"], ["escalate"]]


class Place:
    """A folder with ./runbooks and a mark that they leave when they are run."""

    def __init__(self, folder):
        self.folder = folder
        self.books = folder / "runbooks"
        self.mark = folder / "open" / "mark"
        self.books.mkdir()
        self.mark.parent.mkdir()
        self.mark.parent.chmod(0o777)
        (self.books / "platform.yaml").write_text(PLATFORM.format(mark=self.mark))
        (self.books / "daily.yaml").write_text(BOOK.format(mark=self.mark))
        self.home = folder / "home"
        self.home.mkdir()
        give(self.home, ME)
        for path in [self.books, *self.books.iterdir()]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def me(self, *words, cwd=None, **more):
        return as_user(ME, *words, cwd=cwd or self.folder, home=self.home, **more)

    def used(self, *words, **more):
        done = self.me(*(words or ["check"]), **more)
        assert done.returncode == 0 and self.mark.exists(), done
        self.mark.unlink()
        return done

    def refused(self, *words, why, **more):
        done = self.me(*(words or ["check"]), **more)
        assert done.returncode == 65 and not self.mark.exists(), done
        assert why in done.stderr and "fsops config trust " in done.stderr, done
        return done


@pytest.fixture
def place():
    folder = public_folder()
    yield Place(folder)
    shutil.rmtree(folder)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_folder_of_somebody_else_is_not_used(place, words):
    give(place.books, EVE)
    done = place.refused(*words, why=f"belongs to another user (number {EVE})")
    assert f"`fsops config trust {place.books}`" in done.stderr and "daily" not in done.stdout.lower()


def test_it_is_used_when_it_is_mine_or_roots_and_linted_whoever_owns_it(place):
    place.used()
    give(place.books, ME)
    place.used()
    give(place.books, EVE)
    assert place.me("lint").returncode in (0, 1) and not place.mark.exists()


def test_it_is_used_when_it_was_named_whoever_owns_it(place):
    give(place.books, COLLEAGUE)
    place.used("check", "-R", "runbooks")
    place.used("run", "daily", env={"FSOPS_RUNBOOKS": str(place.books)})


@pytest.mark.parametrize("spoilt", ["runbooks", "runbooks/platform.yaml", "."])
@pytest.mark.parametrize("named", [[], ["-R", "runbooks"], ["-P", "runbooks/platform.yaml", "-R", "runbooks"]], ids=str)
def test_what_others_may_change_is_not_used_even_when_it_was_named(place, spoilt, named):
    (place.folder / spoilt).chmod(0o777)
    place.refused("check", *named, why="others may change")
    place.refused("list", *named, why="others may change")


def test_of_a_good_folder_only_the_file_is_not_used(place):
    (place.books / "daily.yaml").chmod(0o666)
    place.used("check")
    place.refused("run", "daily", why="daily.yaml' (`chmod go-w`")
    (place.books / "daily.yaml").chmod(0o644)
    os.chown(place.books / "daily.yaml", EVE, EVE)
    place.refused("run", "daily", "-R", "runbooks", why="belongs to another user")


def test_lint_says_what_others_may_change_as_list_does(place):
    (place.books / "daily.yaml").chmod(0o666)
    (refused, *_) = place.me("list").stderr.splitlines()
    assert "daily.yaml' is not used: others may change" in refused, refused
    for words in ([], ["runbooks/daily.yaml"]):
        done = place.me("lint", *words)
        assert done.returncode == 1 and refused.replace(": ", ": warning: ", 1) in done.stdout, done
    place.books.chmod(0o777)
    done = place.me("lint")  # the folder once, not each file of it
    assert done.returncode == 1 and done.stdout.count("is not used") == 1, done
    assert "runbooks: warning: 'runbooks' is not used" in done.stdout, done


def test_what_is_not_used_as_a_whole_has_no_place_in_it(place):
    (place.books / "daily.yaml").chmod(0o666)
    done = place.refused("run", "daily", why="'daily' cannot be used: runbooks/daily.yaml: 'runbooks/daily.yaml' is not used")
    assert ":0" not in done.stderr, done


def test_a_sticky_folder_above_is_no_fault_but_one_of_runbooks_is(place):
    place.folder.chmod(0o1777)
    place.used()
    place.books.chmod(0o1777)
    place.refused(why="others may change")


def test_a_link_is_followed_to_what_it_names(place):
    elsewhere = place.folder / "elsewhere"
    place.books.rename(elsewhere)
    place.books.symlink_to(elsewhere)
    place.used()
    os.chown(place.books, EVE, EVE, follow_symlinks=False)
    place.refused(why="the link 'runbooks' belongs to another user")
    os.chown(place.books, ME, ME, follow_symlinks=False)
    elsewhere.chmod(0o777)
    place.refused(why=f"others may change '{elsewhere}'")
    elsewhere.chmod(0o755)
    platform = elsewhere / "platform.yaml"
    (place.folder / "real").mkdir()
    platform.rename(place.folder / "real" / "p.yaml")
    platform.symlink_to(place.folder / "real" / "p.yaml")
    place.used()
    (place.folder / "real").chmod(0o777)
    place.refused(why="others may change")


def test_it_is_found_upward_and_checked_there(place):
    inside = place.folder / "a" / "b"
    inside.mkdir(parents=True)
    assert f"runbooks in {place.books}" in place.used(cwd=inside).stdout
    give(place.books, EVE)
    place.refused(cwd=inside, why="'../../runbooks' is not used")
    give(place.books, ME)
    (place.folder / "a" / "runbooks").mkdir()  # of something else: it holds no runbook
    place.used(cwd=inside)


def test_every_folder_above_must_be_mine_or_roots(place):
    os.chown(place.folder, EVE, EVE)
    place.refused(why="belongs to another user")
    place.used("check", "-R", "runbooks")


def test_a_root_who_called_sudo_has_the_files_of_who_called(place):
    give(place.books, COLLEAGUE)
    root = {"cwd": place.folder, "home": place.home}
    assert as_user(0, "list", **root).returncode == 65
    assert as_user(0, "list", **root, env={"SUDO_UID": str(COLLEAGUE)}).returncode == 0
    for other in (str(EVE), "", "x", f"{COLLEAGUE}x"):
        assert as_user(0, "list", **root, env={"SUDO_UID": other}).returncode == 65
    place.refused("list", env={"SUDO_UID": str(COLLEAGUE)}, why="another user")  # who is not root called nobody


def with_users(folder, users, groups, *command, **more):
    """Run a command in a mount namespace in which /etc/passwd and /etc/group have these lines as well."""
    script = ["set -e"]
    for name, lines in (("passwd", users), ("group", groups)):
        copy = folder / name
        copy.write_text(open(f"/etc/{name}").read().rstrip("\n") + "\n" + "\n".join(lines) + "\n")
        copy.chmod(0o644)
        script.append(f"mount --bind {copy} /etc/{name}")
    script.append('exec "$@"')
    return subprocess.run(["unshare", "-m", "sh", "-c", "\n".join(script), "sh", *map(str, command)],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)


def test_a_users_own_group_may_write_and_no_other(place):
    """umask 002: a clone of git is drwxrwxr-x, of a group that only its owner is in."""
    for path in [place.books, *place.books.iterdir()]:
        path.chmod(path.stat().st_mode | 0o020)
    give(place.books, ME)
    place.refused(why="others may change")  # nobody knows who is in a group that has no entry
    own = (f"me:x:{ME}:{ME}::/:/bin/false", f"eve:x:{EVE}:{EVE}::/:/bin/false")
    for users, groups, status in [
            (own, [f"me:x:{ME}:"], 0),
            (own, [f"me:x:{ME}:me"], 0),
            (own, [f"me:x:{ME}:me,root"], 0),
            (own, [f"me:x:{ME}:me,eve"], 65),
            (own, [f"me:x:{ME}:nobody-there"], 65),
            ((own[0], f"eve:x:{EVE}:{ME}::/:/bin/false"), [f"me:x:{ME}:"], 65)]:
        done = with_users(place.folder, users, groups, "setpriv", f"--reuid={ME}", f"--regid={ME}", "--clear-groups",
                          "env", f"HOME={place.home}", FSOPS, "list", cwd=place.folder)
        assert done.returncode == status, (users, groups, done)


def test_where_root_has_no_number_the_folders_above_are_its_own(place):
    """In a user namespace into which only this user is mapped, "/" and "/tmp" belong to the number of nobody."""
    give(place.books, ME)
    os.chown(place.folder, ME, ME)
    enter = ["setpriv", f"--reuid={ME}", f"--regid={ME}", "--clear-groups", "unshare", "-U", "--map-current-user"]
    if subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("this machine lets nobody but root make a user namespace")
    enter += ["env", f"HOME={place.home}", FSOPS, "list"]
    for owner, status in ((ME, 0), (EVE, 65)):
        os.chown(place.books / "platform.yaml", owner, owner)
        done = subprocess.run(enter, cwd=place.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60)
        assert done.returncode == status, done


def test_what_is_mounted_read_only_may_have_any_mode(place):
    """As the files of a ConfigMap, whose folder has mode 0777."""
    for path in [place.books, *place.books.iterdir()]:
        path.chmod(0o777)
    command = ["env", f"HOME={place.home}", FSOPS, "check", "-R", "runbooks"]
    mount = f"mount --bind {place.books} {place.books}"
    for options, status in ((mount, 65), (f"{mount} && mount -o remount,bind,ro {place.books}", 0)):
        done = subprocess.run(["unshare", "-m", "sh", "-c", f"{options} && cd \"$PWD\" && exec setpriv --reuid={ME} "
                               f"--regid={ME} --clear-groups \"$@\"", "sh", *command], cwd=place.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert done.returncode == status, done


def test_an_access_list_is_seen(place):
    """With one the bits of the group are those of everybody in it."""
    book = place.books / "daily.yaml"
    entry = (2).to_bytes(4, "little") + b"".join(
        tag.to_bytes(2, "little") + rights.to_bytes(2, "little") + who.to_bytes(4, "little")
        for tag, rights, who in [(1, 6, 2**32 - 1), (2, 6, EVE), (4, 4, 2**32 - 1), (16, 6, 2**32 - 1),
                                 (32, 4, 2**32 - 1)])
    try:
        os.setxattr(book, "system.posix_acl_access", entry)
    except OSError as error:  # a file system that has none has no such hole
        assert error.errno == 95, error
        return
    place.refused("run", "daily", why="others may change")


# ---- trusted folders ----

def test_a_trusted_folder_is_used_with_all_that_is_in_it(place):
    give(place.books, EVE)
    place.books.chmod(0o777)
    done = place.me("config", "trust", "runbooks")
    assert (done.returncode, done.stdout) == (0, "") and str(place.books) in done.stderr
    place.used()
    assert place.me("config", "distrust", place.books).returncode == 0
    place.refused(why="another user")


def test_the_environment_may_say_so_for_a_container(place):
    give(place.books, EVE)
    place.used(env={"FSOPS_TRUST": f"/nonexistent:{place.folder}"})
    place.used(env={"FSOPS_TRUST": f"{place.books}/"})
    for other in (f"{place.books}x", str(place.books)[:-1], "runbooks", "", ":", "//"):
        place.refused(env={"FSOPS_TRUST": other}, why="another user")


@pytest.mark.parametrize("spoil", [
    lambda path: path.chmod(0o666), lambda path: path.parent.chmod(0o777), lambda path: (os.chown(path, EVE, EVE), path.chmod(0o644))])
def test_a_list_that_others_may_write_is_none(place, spoil):
    give(place.books, EVE)
    assert place.me("config", "trust", "runbooks").returncode == 0
    spoil(place.home / ".config" / "fsops" / "trusted")
    place.refused(why="the trusted folders are not known")
    assert place.me("config", "trust", "runbooks").returncode == 65


def test_the_list_is_nobody_elses_to_write_whatever_the_umask(place):
    give(place.books, EVE)
    assert place.me("config", "trust", "runbooks", umask=0).returncode == 0
    place.used()


def test_the_folder_of_the_list_is_no_folder_of_runbooks(place):
    """`config trust` makes ~/.config/fsops, which is also a place of runbooks."""
    shutil.rmtree(place.books)
    done = place.me("list")
    assert place.me("config", "trust", ".").returncode == 0
    assert (place.me("list").stdout, place.me("list").stderr) == (done.stdout, done.stderr)
    own = place.home / ".config" / "fsops"
    (own / "platform.yaml").write_text("platform: own\n")
    assert place.me("list").stdout == f"No runbooks in {own}.\n"


# ---- state ----

def test_the_state_of_somebody_else_is_not_believed(place):
    done = place.used("run", "daily", "--format", "json")
    run = done.stdout.split('"run":"')[1].split('"')[0]
    state = place.home / ".local" / "state" / "fsops"
    reads = (["history"], ["log", run], ["report", run], ["resume", run])
    for words in reads[:3]:
        assert place.me(*words).returncode == 0, words
    for spoil, mend in [
            (lambda: os.chown(state, EVE, EVE), lambda: os.chown(state, ME, ME)),
            (lambda: state.chmod(0o770), lambda: state.chmod(0o700)),
            (lambda: state.parent.chmod(0o777), lambda: state.parent.chmod(0o755)),
            (lambda: os.chown(place.home, EVE, EVE), lambda: os.chown(place.home, ME, ME))]:
        for path in (state, place.home):
            path.chmod(0o755)
        spoil()
        for words in reads:
            done = place.me(*words)
            assert done.returncode not in (0, 1) and "is not used" in done.stderr, (words, done)
        mend()
        assert place.me("history").returncode == 0
    (state / "runs" / f"{run}.jsonl").chmod(0o666)
    assert "is not used" in place.me("log", run).stderr


def test_the_pod_of_a_cron_job_has_its_runbooks_and_its_state(place):
    """What `schedule --kubernetes` sets: a ConfigMap, and an emptyDir in which everybody may write."""
    state = place.folder / "state"
    state.mkdir()
    state.chmod(0o777)
    given = {"FSOPS_STATE": f"{state}/fsops"}
    refused = place.me("run", "daily", "-R", "runbooks", env=given)
    assert "this run is not recorded: " in refused.stdout and "others may change" in refused.stdout, refused
    place.mark.unlink()
    done = place.used("run", "daily", "-R", "runbooks", env={**given, "FSOPS_TRUST": str(state)})
    assert "not recorded" not in done.stdout, done
    script = place.me("schedule", "--kubernetes", "--image", "x", "--zone", "UTC").stdout
    assert re.search(r'name: "?FSOPS_TRUST"?\s+"?value"?: "?/var/lib/fsops"?\n', script), script


# ---- said in every header ----

def test_every_page_says_which_folder_and_platform(place):
    where = f"runbooks in {place.books}"
    for words in (["list"], ["show", "daily"], ["run", "daily"], ["run", "daily", "--dry-run"], ["check"], ["alert"]):
        done = place.me(*words)
        assert where in done.stdout and "lab" in done.stdout, (words, done)
    assert f"# Runbooks in {place.books}" in place.me("run", "daily", "--dry-run=sh").stdout
    for words in (["list"], ["check"], ["run", "daily", "--dry-run"], ["schedule"], ["alert"]):
        done = place.me(*words, "--format", "json")
        assert f'"runbooks": "{place.books}"' in done.stdout and '"platform": "lab"' in done.stdout, (words, done)
    started = place.me("run", "daily", "--format", "json").stdout.splitlines()[0]
    assert f'"runbooks":"{place.books}"' in started and '"platform":"lab"' in started


def test_the_home_folder_is_shown_short(place):
    own = place.home / ".config" / "fsops"
    shutil.copytree(place.books, own)
    shutil.rmtree(place.books)
    give(own, ME)
    assert "Platform lab, runbooks in ~/.config/fsops\n" in place.used("check").stdout
