"""A result says what its run cost, and what came from the cache at which cost."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from here_workers import HereWorkers

from fpbench.audio.query_recipe import QueryRecipe
from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.results.costs import Costs, StageCost
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared
from fpbench.runs.workers.engines import EngineChoice


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A cache of the test, so that its first run makes everything."""
    return Store(tmp_path / "cache")


def silent(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.fixture
def cost_of(prepared: Callable[..., PreparedRun], tmp_path: Path) -> Callable[..., Costs]:
    """Runs the config with some fields changed."""

    def run_with(**changes: object) -> Costs:
        result = run_prepared(prepared(**changes), tmp_path / "run.json", "fpbench run", silent)
        assert result.costs is not None
        return result.costs

    return run_with


def stage(costs: Costs, name: str, of: str) -> StageCost:
    (found,) = (one for one in costs.stages if (one.stage, one.of) == (name, of))
    return found


@pytest.mark.slow
def test_a_run_says_what_it_made_and_the_next_one_what_was_made(
    cost_of: Callable[..., Costs],
) -> None:
    first = cost_of()
    names = [(one.stage, one.of) for one in first.stages]
    assert names == [
        ("reading", "recordings"),
        ("fingerprinting", "reference"),
        ("fingerprinting", "distractors"),
        ("fingerprinting", "queries"),
        ("near copies", "recordings"),
        ("searching", "exact, real"),
        ("statistics", "curves"),
    ]
    assert not any(one.cached for one in first.stages)
    # 16 distractors of 10 s with 19 fingerprints each, and 8 tracks of the reference.
    assert stage(first, "reading", "recordings").amount == pytest.approx(240, abs=1)
    assert stage(first, "fingerprinting", "distractors").amount == 16 * 19
    assert stage(first, "fingerprinting", "reference").amount == 8 * 19
    assert stage(first, "fingerprinting", "queries").amount == 20
    assert stage(first, "searching", "exact, real").amount == 8 * 19 + 200
    assert sum(one.wall_s or 0 for one in first.stages) <= first.wall_s
    assert sum(one.processor_s or 0 for one in first.stages) <= first.processor_s
    assert first.encoder is not None
    assert first.encoder.audio_s == (16 * 19 + 8 * 19 + 20) / 2
    exact = first.index("exact", "real")
    assert exact is not None
    assert exact.bytes_per_hour == 4 * 16 * 7_200

    again = cost_of()
    kept = [one for one in first.stages if one.stage != "statistics"]
    assert again.stages[:-1] == [replace(one, cached=True) for one in kept]
    assert again.encoder == replace(first.encoder, cached=True)
    assert again.indexes == [replace(exact, cached=True)]

    longer = cost_of(sizes=(100, 300))
    searching = stage(longer, "searching", "exact, real")
    assert not searching.cached
    assert searching.total == 8 * 19 + 300
    assert stage(longer, "fingerprinting", "reference").cached


@pytest.mark.slow
def test_drawing_and_searching_have_costs_of_their_own(cost_of: Callable[..., Costs]) -> None:
    ivf = {"ivf": {"nlist": "4", "nprobe": "4"}}
    costs = cost_of(
        distractors="synthetic",
        generator="gaussian",
        sizes=(10_000,),
        indexes=("exact", "ivf"),
        index_options=ivf,
    )
    assert stage(costs, "fitting", "gaussian").amount == 8 * 19
    assert stage(costs, "fitting", "resample").amount == 8 * 19
    assert not stage(costs, "judging", "generator").cached
    drawing = stage(costs, "drawing", "synthetic")
    assert drawing.amount == 10_000
    assert drawing.processor_s is None
    for index in ("exact", "ivf"):
        assert stage(costs, "searching", f"{index}, synthetic").amount == 8 * 19 + 10_000
        found = costs.index(index, "synthetic")
        assert found is not None
        assert found.rows == 8 * 19 + 10_000
    assert stage(costs, "training", "ivf, synthetic").wall_s
    assert [one.of for one in costs.stages if one.stage == "training"] == ["ivf, synthetic"]


@pytest.mark.slow
def test_what_workers_take_counts_for_the_length_of_their_queries(
    prepared: Callable[..., PreparedRun], recipe: QueryRecipe, tmp_path: Path
) -> None:
    run = prepared(recipe=replace(recipe, query_length_s=2.0), query_lengths_s=(1.0, 2.0))
    choice = EngineChoice(HereWorkers())
    costs = run_prepared(run, tmp_path / "run.json", "fpbench run", silent, choice=choice).costs
    assert costs is not None
    for of in ("exact, real, 1 s", "exact, real"):
        one = stage(costs, "searching", of)
        assert one.workers == 1
        assert one.amount == one.total
    assert {one.query_length_s for one in costs.indexes} == {1.0, None}
    for index in costs.indexes:
        assert index.latency(1)
        assert index.worker
