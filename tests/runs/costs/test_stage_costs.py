"""A stage has the cost that was measured, or the one noted when the cache was filled."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.cache import Store
from fpbench.runs.costs.measured_stages import MeasuredStage
from fpbench.runs.costs.stage_clock import Elapsed
from fpbench.runs.costs.stage_costs import StageCosts
from fpbench.runs.costs.worker_costs import WorkerCost, WorkersTotal

KEY = {"fingerprinter": "mine"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "cache")


def measured(store: Store, wall_s: float, *, times: int = 1) -> StageCosts:
    elapsed = Elapsed(wall_s=wall_s, processor_s=2 * wall_s)
    stage = MeasuredStage(elapsed=elapsed, times=times)
    return StageCosts(store, {("fingerprinting", "reference"): stage})


def test_work_of_this_run_has_its_measured_cost(store: Store) -> None:
    cost = measured(store, 3.0).cost("fingerprinting", "reference", 7, 7, key=KEY)
    assert (cost.wall_s, cost.processor_s, cost.cached) == (3.0, 6.0, False)
    assert (cost.amount, cost.total, cost.unit) == (7.0, 7.0, "fingerprints")


def test_what_the_cache_holds_has_the_cost_that_was_noted(store: Store) -> None:
    first = measured(store, 3.0).cost("fingerprinting", "reference", 7, 7, key=KEY)
    again = measured(store, 0.1).cost("fingerprinting", "reference", 0, 7, key=KEY)
    assert again == replace(first, cached=True)


def test_part_of_the_work_is_not_noted(store: Store) -> None:
    part = measured(store, 3.0).cost("fingerprinting", "reference", 3, 7, key=KEY)
    assert part.wall_s == 3.0
    later = measured(store, 0.1).cost("fingerprinting", "reference", 0, 7, key=KEY)
    assert (later.wall_s, later.processor_s, later.amount) == (None, None, None)
    assert later.cached


def test_a_stage_without_a_measure_counts_as_made_if_it_was_opened(store: Store) -> None:
    stages = StageCosts(store, {("judging", "generator"): MeasuredStage(times=1)})
    assert not stages.cost("judging", "generator", key=KEY).cached
    assert StageCosts(store).cost("judging", "generator", key=KEY).cached


def test_near_copies_count_as_made_if_the_cache_has_more(store: Store) -> None:
    looked = StageCosts(store, {("near copies", "recordings"): MeasuredStage(times=1)})
    assert looked.cost("near copies", "recordings", key=KEY).cached
    added = StageCosts(store, {("near copies", "recordings"): MeasuredStage(times=1, added=1)})
    assert not added.cost("near copies", "recordings", key=KEY).cached


def test_what_is_not_kept_is_listed_for_each_part_of_a_stage(store: Store) -> None:
    stages = measured(store, 3.0)
    stages.measured["statistics", "curves"] = MeasuredStage(elapsed=Elapsed(wall_s=0.5), times=1)
    (cost,) = stages.not_kept("statistics")
    assert (cost.of, cost.wall_s, cost.amount, cost.unit) == ("curves", 0.5, None, "")


def test_the_time_of_workers_counts_once(store: Store) -> None:
    def took(stage: str) -> WorkerCost:
        return WorkerCost(
            worker="a, 1", stage=stage, of="x", wall_s=4.0, processor_s=8.0, peak_memory_bytes=9
        )

    stages = StageCosts(store)
    for stage in ("searching", "fingerprinting"):
        stages.of_workers.setdefault((stage, "x"), WorkersTotal()).add(took(stage))
    searching = stages.cost("searching", "x", 1, 1, key={})
    assert (searching.wall_s, searching.processor_s, searching.workers) == (4.0, 8.0, 1)
    # The stage is open here while workers fingerprint.
    assert stages.cost("fingerprinting", "x", 1, 1, key={}).wall_s == 0.0
