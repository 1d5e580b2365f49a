"""A sweep leaves a run with the settings that are worth it, whose searches are in the cache."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.runs.arguments import config_from_arguments
from fpbench.runs.prepare import prepare
from fpbench.runs.run import run_prepared
from fpbench.runs.sweeps.swept_run import sweep_indexes
from fpbench.verification.validation import validate_result


@pytest.mark.slow
def test_what_was_skipped_is_in_no_result_and_nothing_is_searched_twice(
    thousand_embeddings: Path, tmp_path: Path
) -> None:
    titles: list[str] = []

    def stage(title: str) -> AbstractContextManager[Report]:
        titles.append(title)
        return nullcontext(lambda _done, _words: None)

    swept = [f"ivf:nlist=4,nprobe={probes}" for probes in (1, 2, 4, 8, 16, 32)]
    given = {
        "dataset": f"embeddings:{thousand_embeddings}",
        "distractors": "real",
        "sizes": [500],
        "indexes": ["exact", *swept],
    }
    catalog = Catalog.load()
    config = config_from_arguments(None, given, "the command line", catalog)
    prepared = prepare(config, catalog, Store(tmp_path / "cache"), stage)
    run, sweep = sweep_indexes(prepared, swept, stage)
    # There are four lists, so that more than four change nothing.
    assert {one.name for one in sweep.skipped} >= {swept[3], swept[4]}
    assert set(run.config.indexes) == {"exact", *swept} - {one.name for one in sweep.skipped}

    titles.clear()
    result = run_prepared(run, tmp_path / "run.json", "run", stage)
    assert not any("training" in title for title in titles)
    assert result.costs is not None
    assert all(one.cached and one.latencies for one in result.costs.indexes)
    assert list(dict.fromkeys(curve.index for curve in result.curves)) == list(run.config.indexes)
    assert {one.index for one in result.index_losses} == {*run.config.indexes} - {"exact"}
    assert validate_result(tmp_path / "run.json") == []

    titles.clear()
    again, _ = sweep_indexes(prepare(config, catalog, run.store, stage), swept, stage)
    assert again.config == run.config
    assert not any("training" in title for title in titles)
