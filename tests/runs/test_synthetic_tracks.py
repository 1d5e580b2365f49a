"""Queries of several fingerprints are searched among runs of synthetic tracks."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from fpbench import validate
from fpbench.audio.query_recipe import QueryRecipe
from fpbench.results.document import Result
from fpbench.review.fidelity_tables import fidelity_tables
from fpbench.review.result_tables import result_tables
from fpbench.runs.planning.plan import make_plan
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]
Measure = Callable[..., Result]


@pytest.fixture
def longer(recipe: QueryRecipe) -> QueryRecipe:
    return replace(recipe, query_length_s=2.0)


def test_runs_of_synthetic_tracks_are_searched_and_judged(
    measure: Measure, longer: QueryRecipe, tmp_path: Path
) -> None:
    result = measure(
        recipe=longer,
        distractors="both",
        sizes=(100, 12_000),
        generator="gaussian-tracks",
        indexes=("exact",),
    )
    kinds = {curve.distractors for curve in result.curves}
    assert kinds == {"real", "synthetic"}
    assert result.fidelity is not None
    tables = result.fidelity.tables()
    assert set(tables[0].hit_rate) == {
        "real",
        "gaussian-tracks",
        "gaussian-tracks, independent",
        "gaussian",
        "resample",
        "resample-runs",
    }
    sequences = result.fidelity.sequences
    assert sequences is not None
    assert list(sequences.lags_s)[:2] == [0.5, 1.0]
    assert set(sequences.similarity) == set(tables[0].hit_rate)
    own, real = (sequences.similarity[name][0] for name in ("gaussian-tracks", "real"))
    assert own == pytest.approx(real, abs=0.1)
    assert [each.segments for each in sequences.shorter] == [1]
    assert "similarity in a track, by lag" in fidelity_tables(result.fidelity)
    validate(tmp_path / "run.json")
    point = result.curves[-1].points[-1]
    assert (point.n_distractors, point.n_reference) == (12_000, 8 * 17)


@pytest.mark.slow
def test_runs_are_simulated_beyond_the_searched_sizes(
    measure: Measure, longer: QueryRecipe, tmp_path: Path
) -> None:
    result = measure(
        recipe=longer,
        distractors="synthetic",
        sizes=(2_000, 20_000),
        beyond=(10**5, 10**9),
        generator="gaussian-tracks",
        indexes=("exact",),
    )
    validate(tmp_path / "run.json")
    (tail,) = result.tails
    assert (tail.searched, tail.drawn) == (20_000, 100_000)
    for check in tail.checks:
        assert abs(check.simulated - check.searched) <= max(4 * check.error, 0.03)
    for curve in result.curves:
        simulated = [point for point in curve.points if point.found == "simulated"]
        assert [point.n_distractors for point in simulated] == [10**5, 10**9]
        values = [point.value for point in curve.points]
        assert all(later <= value + 0.02 for value, later in pairwise(values))
    assert "simulated minus searched at" in result_tables(result)
    of_size = {
        (one.tolerance_s, one.n_distractors, one.found): one.equal_error_rate
        for one in result.false_accepts
    }
    for tolerance_s in (0.25, None):
        known = of_size[tolerance_s, 20_000, "searched"], of_size[tolerance_s, 20_000, "simulated"]
        searched, simulated_rate = (rate.value for rate in known if rate is not None)
        assert simulated_rate == pytest.approx(searched, abs=0.1)
        far = of_size[tolerance_s, 10**9, "simulated"]
        assert far is not None
        assert far.value > simulated_rate


def test_the_plan_foresees_the_simulation_of_runs(prepared: Prepare, longer: QueryRecipe) -> None:
    run = prepared(
        recipe=longer,
        distractors="synthetic",
        sizes=(2_000, 20_000),
        beyond=(10**9,),
        generator="gaussian-tracks",
        seed=7,  # of which nothing is in the cache
    )
    table = make_plan(run).table()
    assert "simulate beyond" in table
    assert "fidelity" in table


def test_a_run_that_names_no_generator_takes_one_of_tracks(
    prepared: Prepare, longer: QueryRecipe
) -> None:
    run = prepared(recipe=longer, distractors="synthetic", seed=5)
    assert run.generator is not None
    assert run.generator.name == "gaussian-tracks"  # of too few fingerprints for a flow
    assert run.generator.reason is not None
    plan = make_plan(run)
    assert "draw gaussian-tracks" in plan.table()
