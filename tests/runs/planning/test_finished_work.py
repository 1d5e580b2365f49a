"""What of a run is in the cache, before and after it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.planning.finished_work import FinishedWork, find_finished
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.mark.slow
def test_fits_and_searches_are_found_where_all_of_them_are_finished(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    store = Store(tmp_path / "cache")

    def run(**changes: object) -> PreparedRun:
        return replace(prepared(distractors="both", sizes=(100,), **changes), store=store)

    run()  # what an index imports when it is first created is part of its identity
    assert find_finished(run(), stage) == FinishedWork()
    run_prepared(run(), tmp_path / "result.json", "a test", stage)
    searches = frozenset({("real", "exact", 1), ("synthetic", "exact", 1)})
    assert find_finished(run(), stage) == FinishedWork(fitted=True, searches=searches)
    second_fit = find_finished(run(fits=2), stage)
    assert not second_fit.fitted
    assert second_fit.searches == {("real", "exact", 1)}
