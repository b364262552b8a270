"""Shipped runbooks in a hurry: the same steps, actions and conditions, with less time to wait in.

Only text that says how long is changed, so what is tested stays what is shipped.  How old something may be (`26h`,
`recent`, `keep_…`) is no wait and stays as it is.
"""
import re

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
AGES = ("recent", "keep", "old", "backup_within", "secret_within")
# What is looked for, and the longest that stays.
KEYS = {"budget": 12, "timeout": 4, "every": 0.3, "hold_for": 1}
VARIABLES = 4
RETRIES = 2


def shorter(text, most):
    """A duration of at most so many seconds; what is no duration stays."""
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    if not found or int(found[1]) * UNITS[found[2]] <= most:
        return text
    return f"{int(most * 1000)}ms"


def hurried(text, slower=1, budget=KEYS["budget"]):
    """A runbook's text with short waits, or with some that are so much longer."""
    for key, most in {**KEYS, "budget": budget}.items():
        text = re.sub(rf"(?<![\w-])({key}: )(\w+)", lambda m, most=most: m[1] + shorter(m[2], most * slower), text)
    text = re.sub(r"(--timeout=)(\w+)", lambda m: f"{m[1]}{KEYS['timeout'] * slower}s", text)
    text = re.sub(r"(times: )(\d+)", lambda m: m[1] + str(min(int(m[2]), RETRIES)), text)
    most = VARIABLES * slower

    def variable(found):
        if found[2].startswith(AGES) or shorter(found[3], most) == found[3]:
            return found[0]
        return f"{found[1]}{most}s"  # as kubectl knows it, too
    return re.sub(r"^(  (\w+): (?:\{value: )?)(\w+)\b", variable, text, flags=re.M)


def copy(source, target, slower=1, budgets={}):
    """Fill `target` with what `source` holds, hurried; the platform as it is.

    `budgets`: {runbook: seconds of each step}, for those that do more in one than a busy machine can do in a hurry.
    """
    target.mkdir()
    for file in source.glob("*.yaml"):
        text = file.read_text()
        budget = budgets.get(file.stem, KEYS["budget"])
        (target / file.name).write_text(text if file.name == "platform.yaml" else hurried(text, slower, budget))
    for folder in source.glob("*/"):
        if not folder.name.startswith("."):
            copy(folder, target / folder.name, slower, budgets)
    return target
