"""Data goes one way through the source, and nothing points back: read off its include lines.

ROOMS, ENGINE and RUN are the allowed orders: what stands on a line may include what stands on it or before it.
What is not in order stands in EXCEPTIONS with its reason, and nothing may stand there that is not needed.
"""
import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
HEADERS = SOURCE.parent / "include"

# The folders of src/.
ROOMS = ["base", "loop", "expr", "metrics", "net", "runbook", "kube", "adapters", "engine", "state", "notify", "ui", "cli"]

# The folders of src/engine/; what lies beside them stands on all.
ENGINE = ["terms", "fill", "secrets", "plan", "resume", "run", "host", "."]

# The levels of src/engine/run/: a folder, or files by their names.
RUN = [
    {"tally", "ceiling", "budget", "save", "output", "events"},
    {"attempt", "tunnels", "judge", "kubectl_version"},  # a tunnel is an attempt that others wait for
    {"measure", "check"},
    {"world", "place", "each", "take", "climb"},
    {"approval", "allowed"},
    {"task"},
    {"lane"},
    {"slot"},
    {"order", "step_run"},
    {"run_state", "run_facts", "run"},
]

# Headers in include/fsops/ that no file of theirs begins with, or files of several rooms do: types, and contracts
# between a room and those that stand on it.
ROOM_OF_HEADER = {
    "adapter": "runbook",  # what the model has to know of an adapter; adapters/ keep it
    "channel": "runbook",  # the same of channels; notify/ sends
    "cli": "cli",
    "kube": "kube",
    "kube_jsonpath": "kube",
    "lint": "runbook",
    "mem": "base",
    "metric": "metrics",
    "model": "runbook",
    "notices": "notify",
    "platform_color": "runbook",
    "question": "engine",
    "zone": "expr",
}

# (who, what): why. WHO is a folder of src/ or the name of a header in include/fsops/.
EXCEPTIONS = {
    ("base", "zone"): "which zone this machine is in: only that is base's, the rest of the header is expr/time's",
    ("engine", "record"): "a run that goes on looks at what is on record; the journal's side makes it of events",
    ("fsops/run.h", "record"): "the same, in the engine's front door",
    ("engine", "notices"): "`notify:` steps send through whoever sends what people are told of the run",
    ("fsops/run.h", "notices"): "the same, in the engine's front door",
    ("fsops/web.h", "node"): "an address is read where it stands in YAML, so that an error knows its place",
}


def includes(path):
    return re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)


def sources(folder=SOURCE):
    return sorted(p for p in folder.rglob("*.[ch]") if p.parent != SOURCE)


def rooms_of_headers():
    """A file begins with the header that says what it is for."""
    rooms = {}
    for path in sources():
        first = re.search(r'^#include ["<]([^">]+)', path.read_text(), re.M)
        if path.suffix == ".c" and first and first[1].startswith("fsops/"):
            rooms.setdefault(Path(first[1]).stem, set()).add(path.relative_to(SOURCE).parts[0])
    rooms = {name: next(iter(where)) for name, where in rooms.items() if len(where) == 1}
    rooms.update(ROOM_OF_HEADER)
    missing = {p.stem for p in (HEADERS / "fsops").glob("*.h")} - set(rooms)
    assert not missing, f"whose headers are these? say it in ROOM_OF_HEADER: {sorted(missing)}"
    return rooms


def room_of(included, by, header_rooms):
    """The folder of src/ that the header is of."""
    if included.startswith("fsops/"):
        return header_rooms[Path(included).stem]
    if (by.parent / included).exists():
        return by.relative_to(SOURCE).parts[0]
    assert (SOURCE / included).exists(), f"{by}: {included} is nowhere"
    return Path(included).parts[0]


def test_no_folder_includes_one_above_it():
    header_rooms = rooms_of_headers()
    wrong, needed = [], set()
    for path in sources() + sorted((HEADERS / "fsops").glob("*.h")):
        public = path.is_relative_to(HEADERS)
        own = header_rooms[path.stem] if public else path.relative_to(SOURCE).parts[0]
        who = f"fsops/{path.name}" if public else own
        for included in includes(path):
            room = room_of(included, path, header_rooms)
            if ROOMS.index(room) <= ROOMS.index(own):
                continue
            if (who, Path(included).stem) in EXCEPTIONS:
                needed.add((who, Path(included).stem))
            else:
                wrong.append(f"{path.relative_to(SOURCE.parent)} ({own}) includes {included} ({room})")
    assert not wrong, "\n".join(wrong)
    assert needed == set(EXCEPTIONS), f"no exception any more: {sorted(set(EXCEPTIONS) - needed)}"


def within(folder, path):
    """The path of a source below FOLDER; None: it is elsewhere."""
    return path.relative_to(folder) if path.is_relative_to(folder) else None


def below(folder):
    """(file, what it includes) for whatever of FOLDER includes something of FOLDER: both as paths below it."""
    for path in sources(folder):
        for included in includes(path):
            beside = path.parent / included
            target = beside if beside.exists() else SOURCE / included
            if target.exists() and within(folder, target):
                yield within(folder, path), within(folder, target)


def assert_order(folder, level_of):
    wrong = [f"{who} includes {what}" for who, what in below(folder) if level_of(what) > level_of(who)]
    assert not wrong, "\n".join(wrong)


def test_no_folder_of_the_engine_includes_one_above_it():
    assert_order(SOURCE / "engine", lambda path: ENGINE.index(path.parts[0] if len(path.parts) > 1 else "."))


def level_of_run(path):
    name = path.parts[0] if len(path.parts) > 1 else path.stem
    levels = [i for i, level in enumerate(RUN) if name in level]
    assert len(levels) == 1, f"which level of RUN is engine/run/{name}?"
    return levels[0]


def test_no_level_of_a_run_includes_one_above_it():
    for path in sources(SOURCE / "engine" / "run"):
        level_of_run(within(SOURCE / "engine" / "run", path))
    assert_order(SOURCE / "engine" / "run", level_of_run)
