"""One run with queries of several lengths gives what a run of each length gives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fpbench
from fpbench import FpbenchError, validate
from fpbench.audio.query_recipe import QueryRecipe
from fpbench.progress_display import hide_progress
from fpbench.results.document import Result
from fpbench.results.lengths import QueryLength, query_lengths_s, split_by_length
from fpbench.review.result_tables import result_tables
from fpbench.runs.config import RunConfig
from fpbench.runs.generator import match_queries, queries_by_length
from fpbench.runs.planning.plan import make_plan
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.query_lengths import ask_longest, count_lengths

Prepare = Callable[..., PreparedRun]
Measure = Callable[..., Result]


def test_the_longest_length_is_that_of_the_recipe() -> None:
    config = ask_longest(RunConfig(query_lengths_s=(1.0, 3.0)))
    assert config.recipe.query_length_s == 3.0
    assert config.query_lengths_s == (1.0, 3.0)
    assert ask_longest(RunConfig(query_lengths_s=(3.0,))).query_lengths_s == ()


def test_two_lengths_of_equally_many_fingerprints_are_refused() -> None:
    config = ask_longest(RunConfig(query_lengths_s=(1.0, 1.2)))
    with pytest.raises(FpbenchError, match=r"of 1 s and of 1\.2 s both are 1 fingerprints"):
        count_lengths(config, lambda _length_s: 1)


def test_shorter_queries_are_the_first_seconds_of_the_longest(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    run = prepared(recipe=replace(recipe, query_length_s=2.0), query_lengths_s=(1.0, 2.0))
    assert list(run.source.lengths) == [QueryLength(1.0, 1), QueryLength(2.0, 3)]
    inputs = run.source.build_inputs(run.store, hide_progress)
    shorter, longest = inputs.by_length()
    dim = run.info.dim
    np.testing.assert_allclose(
        shorter.queries, np.sqrt(np.float32(3)) * longest.queries[:, :dim], atol=1e-6
    )
    assert shorter.truth is longest.truth
    assert shorter.query_info.content == longest.query_info.content
    alone = prepared(recipe=recipe).source.build_inputs(run.store, hide_progress)
    # All rows can be found by queries of one fingerprint, as in a run of that length alone.
    np.testing.assert_array_equal(shorter.reference[:], alone.reference[:])
    np.testing.assert_array_equal(shorter.real[:], alone.real[:])


def test_fidelity_judges_the_shorter_queries_that_are_searched(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    run = prepared(recipe=replace(recipe, query_length_s=2.0), query_lengths_s=(1.0, 2.0))
    inputs = run.source.build_inputs(run.store, hide_progress)
    (shorter,) = inputs.shorter
    # As of a system that fingerprints the shorter query in another way than the longer one.
    alone = replace(shorter, queries=-shorter.queries)
    changed = replace(inputs, shorter=[alone], cuts_keep=False)
    (judged,) = queries_by_length(changed, match_queries(changed, 0.25), 0.25)
    assert judged.length == QueryLength(1.0, 1)
    np.testing.assert_array_equal(judged.queries.vectors, alone.queries)
    np.testing.assert_array_equal(judged.queries.reference, shorter.reference[:])
    assert list(judged.queries.matches) == [0.25]


def test_queries_are_cut_for_fidelity_only_where_that_keeps_their_fingerprints(
    prepared: Prepare, recipe: QueryRecipe
) -> None:
    run = prepared(recipe=replace(recipe, query_length_s=2.0))
    inputs = run.source.build_inputs(run.store, hide_progress)
    queries = match_queries(inputs, 0.25)
    assert inputs.cuts_keep
    assert [one.length.segments for one in queries_by_length(inputs, queries, 0.25)] == [1]
    whole = replace(inputs, cuts_keep=False)
    assert list(queries_by_length(whole, queries, 0.25)) == []


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ready-made fingerprints whose queries are so noisy that their length matters."""
    folder = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(0)
    rows = {name: rng.normal(size=(n, 8)) for name, n in (("db", 60), ("dummy_db", 200))}
    rows["query"] = rows["db"] + 1.2 * rng.normal(size=(60, 8))
    for name, each in rows.items():
        unit = each / np.linalg.norm(each, axis=1, keepdims=True)
        np.save(folder / f"{name}.npy", unit.astype(np.float32))
    return folder


def evaluate(folder: Path, segments: int, queries: int) -> float:
    """HR@1 of queries that begin at the first rows, by the mean inner product of all stretches."""
    query, reference, others = (np.load(folder / f"{n}.npy") for n in ("query", "db", "dummy_db"))

    def stretches(rows: np.ndarray) -> np.ndarray:
        return np.stack([rows[i : i + segments] for i in range(len(rows) - segments + 1)])

    asked = stretches(query)[:queries]
    to_reference = np.einsum("qsd,rsd->qr", asked, stretches(reference))
    to_others = np.einsum("qsd,rsd->qr", asked, stretches(others))
    right = to_reference[np.arange(queries), np.arange(queries)]
    to_reference[np.arange(queries), np.arange(queries)] = -np.inf
    return float(np.mean(right > np.maximum(to_reference.max(axis=1), to_others.max(axis=1))))


def test_each_length_equals_an_evaluation_of_the_same_queries_cut_to_it(
    vectors: Path, tmp_path: Path
) -> None:
    result = fpbench.run(
        dataset=f"embeddings:{vectors}",
        distractors="real",
        query_lengths_s=[1, 2, 3],
        cache=tmp_path / "cache",
        out=tmp_path / "r.json",
        progress=False,
    )
    assert query_lengths_s(result) == [1.0, 2.0, 3.0]
    found = [part.curves[0].points[-1].value for part in split_by_length(result)]
    expected = [evaluate(vectors, segments, queries=56) for segments in (1, 3, 5)]
    assert found == pytest.approx(expected)
    assert expected[0] < expected[1] < expected[2]
    assert {file.name for file in tmp_path.glob("*.npz")} == {
        "r.1s.exact.real.npz",
        "r.2s.exact.real.npz",
        "r.exact.real.npz",
    }
    validate(tmp_path / "r.json")


def test_the_longest_of_several_is_a_run_of_that_length_alone(
    vectors: Path, tmp_path: Path
) -> None:
    several, alone = (
        fpbench.run(
            dataset=f"embeddings:{vectors}",
            distractors="real",
            cache=tmp_path / "cache",
            progress=False,
            **lengths,
        )
        for lengths in ({"query_lengths_s": "1,3"}, {"query_length_s": 3})
    )
    *_, longest = split_by_length(several)
    for name in ("curves", "false_accepts", "indexes", "queries"):
        assert getattr(longest, name) == getattr(alone, name), name
    searched = {one.of: one.cached for one in alone.costs.stages if one.stage == "searching"}
    assert searched == {"exact, real": True}
    # Both have queries of 3 s only; those of 1 s are compared with nothing.
    compared = {one.queries.length_s for one in fpbench.compare(several, alone)}
    assert compared == {3.0}
    tables = result_tables(several)
    assert "exact, real distractors, queries of 1 s" in tables
    assert "56 queries of 1 and 3 s" in tables


@pytest.mark.slow
def test_real_and_synthetic_distractors_with_two_indexes(
    measure: Measure, prepared: Prepare, recipe: QueryRecipe, tmp_path: Path
) -> None:
    settings = {
        "recipe": recipe,
        "query_lengths_s": (1.0, 2.0),
        "distractors": "both",
        "sizes": (100, 12_000),
        "generator": "gaussian-tracks",
        "indexes": ("exact", "ivf"),
        "index_options": {"ivf": {"nlist": "4", "nprobe": "2"}},
        "fits": 2,
        "beyond": (100_000,),
    }
    result = measure(**settings)
    validate(tmp_path / "run.json")
    assert len(result.evidence) == 2 * 2 * (1 + 2)
    shorter, longest = split_by_length(result)
    for part in (shorter, longest):
        assert {curve.distractors for curve in part.curves} == {"real", "synthetic"}
        assert part.gaps
        assert part.index_losses
        assert part.fits is not None
        assert part.fits.rates
        assert [tail.index for tail in part.tails] == ["exact"]
    simulated = [one.of for one in result.costs.stages if one.stage == "simulating"]
    assert simulated == ["exact, 1 s", "exact"]
    again = {need.stage for need in make_plan(prepared(**settings)).needs}
    assert {
        f"search exact, {kind}, {s} s" for kind in ("real", "synthetic") for s in (1, 2)
    } < again
