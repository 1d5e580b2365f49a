"""A plan counts a fit and its draws only where something is still to be searched."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fpbench.runs.config import RunConfig
from fpbench.runs.needs import Need
from fpbench.runs.planning.finished_work import FinishedWork
from fpbench.runs.planning.generator_needs import generator_needs
from fpbench.runs.planning.planned_parts import PlannedPart
from fpbench.runs.prepare import PreparedRun
from fpbench.search.engines.shards import Shard
from fpbench_plugins.gaussian.generator import GaussianGenerator

Prepare = Callable[..., PreparedRun]

WHOLE = PlannedPart(300, 3, 3, {"exact": 60}, None)
NOTHING = FinishedWork()
N_REAL = 1000
ONE_ROW_S = 1e-5


@pytest.fixture(autouse=True)
def _known_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fingerprint takes a known time, in place of a trial on this machine."""
    monkeypatch.setattr(
        "fpbench.runs.planning.generator_needs.draw_seconds",
        lambda _generator, _name, segments=1: segments * ONE_ROW_S,
    )


@pytest.fixture
def prepared(prepared_vectors: Prepare) -> Prepare:
    settings = {"distractors": "synthetic", "generator": "gaussian"}
    return lambda **changes: prepared_vectors(**{**settings, **changes})


def needs(
    run: PreparedRun, finished: FinishedWork = NOTHING, part: PlannedPart = WHOLE
) -> tuple[list[Need], list[Need]]:
    assert run.generator is not None
    return generator_needs(run, run.generator, part, N_REAL, finished)


def searched(*segments: int, simulated: bool = False) -> FinishedWork:
    searches = frozenset(("synthetic", "exact", each) for each in segments)
    return FinishedWork(fitted=True, searches=searches, simulated=simulated)


def test_a_run_fits_to_half_of_the_real_distractors_and_draws_all_rows(prepared: Prepare) -> None:
    (fit,), (draw,) = needs(prepared())
    assert (fit.stage, fit.work) == ("fit gaussian", "500 fingerprints")
    assert (draw.stage, draw.work) == ("draw gaussian", "300 fingerprints")
    assert draw.seconds == pytest.approx(300 * ONE_ROW_S)
    assert draw.disk_bytes == 0  # one index draws again rather than read


def test_a_fit_in_the_cache_takes_no_time(prepared: Prepare) -> None:
    (before,), _ = needs(prepared())
    (after,), (draw,) = needs(prepared(), FinishedWork(fitted=True))
    assert before.seconds > after.seconds == 0
    assert draw.seconds > 0


def test_a_loaded_generator_needs_no_fit(prepared: Prepare) -> None:
    run = prepared()
    assert run.generator is not None
    dim = run.info.dim
    loaded = GaussianGenerator(
        np.zeros(dim, dtype=np.float32), np.eye(dim, dtype=np.float32), project=True
    )
    fit, drawing = needs(replace(run, generator=replace(run.generator, generator=loaded)))
    assert fit == []
    assert [need.stage for need in drawing] == ["draw gaussian"]


def test_a_searched_run_needs_neither(prepared: Prepare) -> None:
    assert needs(prepared(), searched(1)) == ([], [])
    assert needs(prepared(beyond=(10**6,)), searched(1, simulated=True)) == ([], [])


def test_the_search_of_real_distractors_is_not_that_of_synthetic_ones(prepared: Prepare) -> None:
    real = FinishedWork(searches=frozenset({("real", "exact", 1)}))
    _, (draw,) = needs(prepared(), real)
    assert draw.seconds > 0


def test_a_searched_run_still_simulates_what_lies_beyond(prepared: Prepare) -> None:
    run = prepared(beyond=(10**6,))
    _, (draw, tail) = needs(run)
    assert [draw.stage, tail.stage] == ["draw gaussian", "simulate beyond"]
    (fit,), rest = needs(run, searched(1))
    assert fit.seconds == 0
    assert rest == [tail]


def test_of_several_lengths_each_names_what_is_simulated(prepared: Prepare) -> None:
    recipe = replace(RunConfig().recipe, n_queries=4, query_length_s=2.0)
    settings = {"generator": "gaussian-tracks", "beyond": (10**6,)}
    run = prepared(recipe=recipe, query_lengths_s=(1.0, 2.0), **settings)
    _, (_, *tails) = needs(run)
    assert [one.stage.partition(", ")[2] for one in tails] == ["1 s", "2 s"]


@pytest.mark.parametrize("finished", [NOTHING, searched(1)], ids=["new", "searched"])
def test_each_fit_has_needs_of_its_own(prepared: Prepare, finished: FinishedWork) -> None:
    _, one = needs(prepared(beyond=(10**6,)), finished)
    _, three = needs(prepared(beyond=(10**6,), fits=3), finished)
    assert [need.stage for need in three] == [need.stage for need in one]
    assert [need.seconds for need in three] == pytest.approx([3 * need.seconds for need in one])


def test_a_shard_draws_its_rows_and_simulates_nothing(prepared: Prepare) -> None:
    part = PlannedPart(100, 1, 4, {}, Shard(1, 4))
    _, (draw,) = needs(prepared(beyond=(10**6,)), part=part)
    assert draw.work == "100 fingerprints"


def test_indexes_share_a_pass_unless_they_grow(prepared: Prepare) -> None:
    run = prepared(indexes=("exact", "hnsw"))
    _, (draw,) = needs(run)
    assert draw.work == "600 fingerprints"
    # A block is kept for the other index.
    assert draw.disk_bytes == 4 * run.info.dim * 600
    part = PlannedPart(300, 3, 4, {}, Shard(1, 2))
    _, (of_shard,) = needs(run, part=part)
    assert of_shard.work == "300 fingerprints"


def test_lengths_are_drawn_one_by_one_until_they_are_searched(prepared: Prepare) -> None:
    run = prepared(generator="gaussian-tracks", query_lengths_s=(1.0, 2.0))
    assert [length.segments for length in run.source.lengths] == [1, 3]
    _, (both,) = needs(run)
    _, (longest,) = needs(run, searched(1))
    _, (shorter,) = needs(run, searched(3))
    assert both.work == "600 fingerprints"
    assert shorter.seconds == pytest.approx(300 * ONE_ROW_S)
    assert longest.seconds == pytest.approx(3 * shorter.seconds)
    assert both.seconds == pytest.approx(shorter.seconds + longest.seconds)
    assert both.memory_bytes == longest.memory_bytes == 3 * shorter.memory_bytes
    assert needs(run, searched(1, 3)) == ([], [])
