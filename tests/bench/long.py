"""A history of many runs."""

import os


def history(state, count):
    """A state folder with so many runs in its history; some share a name. Their journals are empty."""
    os.makedirs(state + "/runs", mode=0o700)
    os.chmod(state, 0o700)
    names = [f"20261123-{n:06}-{'bench' if n % 3 else 'other'}-k3" for n in range(count)]
    for name in names:
        open(f"{state}/runs/{name}.jsonl", "w").close()
    with open(state + "/history", "w") as file:
        for n, name in enumerate(names):
            file.write(f"began\t{name}\tbench\tbench\t{1764000000000 + n}\n"
                       f"ended\t{name}\t{1764000001000 + n}\tok\t0\t0\t{n:064x}\n")
    return state
