"""Whatever engine a run has, with however many workers, it ends in the same bytes."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError, Settings
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.results.document import Result
from fpbench.results.files import dump_result
from fpbench.runs.config import RunConfig
from fpbench.runs.prepare import PreparedRun, prepare
from fpbench.runs.run import run_prepared
from fpbench.runs.workers.engines import LOCAL, EngineChoice, EngineSettings, open_engine
from fpbench.search.engines.processes import ProcessWorkers


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import what indexes need: under pytest a first import reads this file, too."""
    for name in ("exact", "ivf"):
        Catalog.load().index(name, Settings())


@pytest.fixture
def prepared(thousand_embeddings: Path, tmp_path: Path) -> Callable[..., PreparedRun]:
    """Prepares a run; its cache has a name."""

    def prepare_with(cache: str, **changes: Any) -> PreparedRun:
        settings = {"distractors": "real", "sizes": (100, 300, 1000), **changes}
        config = RunConfig(dataset=f"embeddings:{thousand_embeddings}", **settings)
        config = replace(config, recipe=replace(config.recipe, n_queries=10))
        return prepare(config, Catalog.load(), Store(tmp_path / cache), stage)

    return prepare_with


BOTH = {
    "distractors": "both",
    "generator": "gaussian",
    "indexes": ("exact", "ivf"),
    "index_options": {"ivf": {"nlist": "4"}},
}


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_workers_of_ray_end_in_the_bytes_of_one_process(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    changes = {**BOTH, "fits": 2}
    plain = run_prepared(prepared("a", **changes), tmp_path / "a" / "r.json", "x", stage)
    run = prepared("b", **changes)
    with open_engine(EngineSettings("ray", None, 2), run.config) as choice:
        result = run_prepared(run, tmp_path / "b" / "r.json", "x", stage, choice=choice)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.npz")} for name in "ab"
    )
    assert first
    assert first == second
    assert dump_result(replace(plain, costs=None)) == dump_result(replace(result, costs=None))
    assert_costs_of_workers(result, plain)


def assert_costs_of_workers(result: Result, plain: Result) -> None:
    """What workers have made has a cost, and as much of it as in one process."""
    assert result.costs is not None
    assert plain.costs is not None
    shown = {(one.stage, one.of): one for one in result.costs.stages}
    here = {(one.stage, one.of): one for one in plain.costs.stages}
    assert shown.keys() == here.keys()
    by_workers = [key for key in shown if key[0] in ("searching", "drawing", "training")]
    assert len(by_workers) >= 4
    for key in by_workers:
        one = shown[key]
        assert one.workers in (1, 2)
        assert not one.cached
        assert one.wall_s
        assert one.amount == here[key].amount or key[0] == "drawing"
        if key[0] != "drawing":
            assert one.processor_s is not None
            assert one.peak_memory_bytes
    assert len(result.costs.indexes) == len(plain.costs.indexes) == 4
    for of_worker, of_process in zip(result.costs.indexes, plain.costs.indexes, strict=True):
        assert [one.batch for one in of_worker.latencies] == [1, 100]
        assert of_worker.worker is not None
        assert "thread" in of_worker.worker
        assert of_process.worker is None
        assert of_worker.bytes_per_hour is not None


@pytest.mark.slow
def test_a_process_for_each_device_ends_in_the_bytes_of_one_process(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    plain = run_prepared(prepared("a", **BOTH), tmp_path / "a" / "r.json", "x", stage)
    choice = EngineChoice(ProcessWorkers([{}, {}]))  # as with two GPUs, but on the CPU
    run = prepared("b", **BOTH)
    result = run_prepared(run, tmp_path / "b" / "r.json", "x", stage, choice=choice)
    assert dump_result(replace(plain, costs=None)) == dump_result(replace(result, costs=None))
    assert_costs_of_workers(result, plain)


def test_the_local_engine_joins_nothing(prepared: Callable[..., PreparedRun]) -> None:
    with open_engine(EngineSettings(), prepared("a").config) as choice:
        assert choice is LOCAL


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (EngineSettings(workers=2), "--workers has no effect without --engine ray"),
        (EngineSettings("ray"), "has no effect with protocol nafp"),
    ],
)
def test_what_has_no_effect_is_refused(settings: EngineSettings, named: str) -> None:
    config = RunConfig(protocol="nafp", distractors="real")
    with pytest.raises(FpbenchError, match=named), open_engine(settings, config):
        pass


def test_no_workers_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="workers=0 is not positive"):
        EngineSettings("ray", None, 0)
