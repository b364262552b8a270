"""Every runbook by people who may nothing, whom nobody knows, who reach no API server, or who are elsewhere: nothing is
said to be well that nobody saw, nothing is changed, and the reason is named."""
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from helpers import SHIPPED
from runs import Run

AT_ONCE = 3
WAYS = {"no-rights": "(?i)forbidden", "bad-token": "Unauthorized|asked for the client to provide credentials",
        "refused": "refused",
        "wrong-context": 'context "prod" does not exist|context was not found for specified context'}
# No kubectl in it.
ASK_NO_CLUSTER = ("performance-review", "verify-backup")


def kubeconfig(around, way):
    if way == "no-rights":
        return around.kubeconfig(way, token=around.here("create", "token", "fsops-nobody").strip())
    if way == "bad-token":
        return around.kubeconfig(way, token="nobody-knows-this")
    if way == "refused":
        return around.kubeconfig(way, server="https://127.0.0.1:1")
    return around.kubeconfig(way, context="other")


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    return request.param


@pytest.fixture(scope="module")
def runs(around, way):
    around.reset()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = {book: Run(around, book, kubeconfig(around, way)) for book in SHIPPED}
        yield {book: pool.submit(run.go) for book, run in begun.items()}


@pytest.mark.parametrize("book", SHIPPED)
def test_nobody_is_told_that_all_is_well(runs, way, book):
    run = runs[book].result()
    assert run.lies() == [], str(run)
    assert run.changed() == {}, str(run)
    assert [w for w in run.reasons() if not re.search(WAYS[way], w)] == [], str(run)
    if book not in ASK_NO_CLUSTER:
        assert run.result.status in (1, 2, 3, 77) and run.kubectl(), str(run)
