"""Searches of one run are paired: kinds of distractors, and indexes with exact search."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from fpbench.progress import Report
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared


@pytest.mark.slow
def test_an_index_is_compared_with_exact_search_of_its_distractors(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    def silent(_title: str) -> AbstractContextManager[Report]:
        return nullcontext(lambda _done, _words: None)

    run = prepared(sizes=(100,), indexes=("hnsw", "exact"))
    result = run_prepared(run, tmp_path / "run.json", "fpbench run", silent)
    assert [(loss.index, loss.n_distractors, loss.metric) for loss in result.index_losses] == [
        ("hnsw", 100, metric) for _ in range(2) for metric in ("hr@1", "hr@3", "hr@10")
    ]
    assert {loss.distractors for loss in result.index_losses} == {"real"}
    assert result.gaps == ()  # there is one kind of distractors
