"""What indexes lose follows from their evidence and that of exact search."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.gaps import SearchedSizes
from fpbench.evidence.index_losses import index_losses

Document = dict[str, Any]


@pytest.fixture
def run(write_run: Callable[..., Path], evidence: Evidence) -> Path:
    """Exact search and an index that finds the same, with what it loses."""
    searched = SearchedSizes(evidence, [10, 20])
    losses = index_losses(searched, searched, index="ivf", distractors="real", tolerance_s=0.25)
    searches = {("exact", "real"): evidence, ("ivf", "real"): evidence}
    return write_run("r", searches, [10, 20], [10, 30], generator=None, index_losses=list(losses))


def test_losses_follow_from_the_evidence_of_both(
    run: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    assert problems(run) == ""

    def smaller(document: Document) -> None:
        document["index_losses"][0]["value"] = -0.5

    def one_less(document: Document) -> None:
        del document["index_losses"][-1]

    def of_exact(document: Document) -> None:
        document["index_losses"].append({**document["index_losses"][0], "index": "exact"})

    alter(run, smaller)
    assert "/index_losses/0/value is -0.5: the evidence gives 0" in problems(run)
    alter(run, one_less)
    assert 'the evidence gives ["ivf", "real", "hr@10", 0.25, 20], which is missing' in problems(
        run
    )
    alter(run, of_exact)
    assert '["exact", "real", "hr@1", 0.25, 10]: the evidence gives no' in problems(run)


def test_older_results_list_none(
    run: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    alter(run, lambda document: document.pop("index_losses"))
    assert problems(run) == ""
