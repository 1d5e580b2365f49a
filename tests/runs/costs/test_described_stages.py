"""Stages that draw and search have the work of all their parts, in this process and in workers."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench.runs.costs.described_stages import MeasuredRun, describe_drawing, describe_searches
from fpbench.runs.costs.kept_costs import WatchedStore
from fpbench.runs.costs.measured_parts import MeasuredDistractors, measure_index
from fpbench.runs.costs.measured_stages import MeasuredSearch, MeasuredStage
from fpbench.runs.costs.stage_costs import StageCosts
from fpbench.runs.costs.worker_costs import WorkerCost, WorkersTotal
from fpbench.runs.prepare import PreparedRun
from fpbench.search.distractors import RealDistractors


@pytest.fixture
def run(prepared: Callable[..., PreparedRun], tmp_path: Path) -> MeasuredRun:
    """A run that has searched 30 of 40 rows among synthetic distractors."""
    of_run = prepared()
    (named,) = of_run.indexes["real"]
    index = measure_index(named.index, "exact, synthetic", lambda *_: nullcontext())
    search = MeasuredSearch(
        "exact", "synthetic", keys=["a"], total=40, size=25, earlier=30, measured=[index]
    )
    store = WatchedStore(tmp_path / "cache")
    return MeasuredRun(
        prepared=of_run,
        store=store,
        stages=StageCosts(store),
        searches={("exact", "synthetic", None): search},
    )


def add_worker(run: MeasuredRun, stage: str, of: str, rows: int) -> None:
    cost = WorkerCost(
        worker="a, 1",
        stage=stage,
        of=of,
        wall_s=1.0,
        processor_s=None,
        peak_memory_bytes=None,
        rows=rows,
    )
    run.stages.of_workers.setdefault((stage, of), WorkersTotal()).add(cost)


def test_rows_that_workers_have_searched_count(run: MeasuredRun) -> None:
    add_worker(run, "searching", "exact, synthetic", 10)
    (searching,) = describe_searches(run, {})
    assert (searching.stage, searching.of) == ("searching", "exact, synthetic")
    assert (searching.amount, searching.total) == (40, 40)


def test_what_the_cache_held_of_a_simulation_was_not_simulated(run: MeasuredRun) -> None:
    run.stages.measured["simulating", "exact"] = MeasuredStage(found=3, added=1, times=1)
    _, simulating = describe_searches(run, {("exact", None): 1_000})
    assert (simulating.stage, simulating.of) == ("simulating", "exact")
    assert (simulating.amount, simulating.total) == (250, 1_000)


def test_rows_are_drawn_once_for_all_indexes(run: MeasuredRun, rng: np.random.Generator) -> None:
    source = MeasuredDistractors(
        RealDistractors(rng.standard_normal((20, 8), dtype=np.float32), seed=0)
    )
    assert sum(map(len, source.rows(0, 15))) == 15
    run.sources.append(source)
    add_worker(run, "drawing", "synthetic", 10)
    run.searches["ivf", "synthetic", None] = replace(
        run.searches["exact", "synthetic", None], index="ivf"
    )
    (drawing,) = describe_drawing(run)
    assert (drawing.amount, drawing.total, drawing.processor_s) == (25, 25, None)


def test_real_distractors_are_not_drawn(run: MeasuredRun) -> None:
    run.searches["exact", "synthetic", None].distractors = "real"
    assert describe_drawing(run) == []
