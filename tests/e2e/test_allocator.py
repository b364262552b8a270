"""Another allocator in LD_PRELOAD, as images with jemalloc have it: fsops brings its own malloc(), and is not hurt."""
import os
import subprocess

import pytest
from helpers import FSOPS, ROOT, write_book

BOOK = """
  - step: Look
    budget: 20s
    actions:
      - {id: command, exec: [printf, '{"n": [1, 2, 3]}'], effect: read, expect: json.n.size() == 3}
"""


@pytest.fixture(scope="module")
def preloaded(tmp_path_factory):
    library = tmp_path_factory.mktemp("allocator") / "allocator.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-fno-builtin", "-o", library, ROOT / "tests" / "faults" / "allocator.c"],
                   check=True)
    return {"LD_PRELOAD": str(library)}


@pytest.mark.parametrize("words", [["--version"], ["list"], ["run", "book"], ["eval", "[1, 2].map(x, x * 2)"]], ids=" ".join)
def test_a_preloaded_allocator_does_no_harm(preloaded, tmp_path, words):
    write_book(tmp_path / "book", BOOK)
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "FSOPS_RUNBOOKS": str(tmp_path / "book")}
    done = subprocess.run([FSOPS, *words], env=os.environ | state | preloaded, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stdout, done
