"""The numbers of a run follow from its evidence, and those of several lengths keep their length."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpbench.progress_display import hide_progress
from fpbench.results.decisions import ErrorRate, FalseAccepts
from fpbench.results.document import Result
from fpbench.results.files import read_result
from fpbench.results.fits import FitRates, GeneratorFits
from fpbench.results.indexes import IndexInfo
from fpbench.runs.costs.run_costs import RunCosts
from fpbench.runs.databases import list_databases
from fpbench.runs.numbers import LengthFindings, Numbers, compute_numbers, join_numbers
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import FurtherFit, search_database
from fpbench.runs.workers.engines import LOCAL

Prepare = Callable[..., PreparedRun]

GOLDEN: Result = read_result(Path(__file__).parents[1] / "golden" / "result_1_0.json")


def search(run: PreparedRun) -> LengthFindings:
    inputs = run.source.build_inputs(run.store, hide_progress)
    (database,) = list_databases(run.config, inputs, None)
    outcomes = search_database(
        run, inputs, database, hide_progress, RunCosts(run), generator=None, choice=LOCAL
    )
    return LengthFindings(inputs=inputs, length_s=None, outcomes=outcomes, fits=[])


def test_rates_are_those_of_a_plain_evaluation(
    prepared_vectors: Prepare, thousand_embeddings: Path
) -> None:
    run = prepared_vectors(sizes=(1000,), indexes=("exact", "ivf"))
    numbers = compute_numbers(run, search(run), None)
    reference, queries, others = (
        np.fromfile(thousand_embeddings / f"{name}.mm", dtype=np.float32).reshape(-1, 8)
        for name in ("db", "query", "dummy_db")
    )
    right = np.sum(queries * reference, axis=1)
    wrong = queries @ reference.T
    # A row beside the right one is within the tolerance of none.
    np.fill_diagonal(wrong, -np.inf)
    best = np.maximum(wrong.max(axis=1), (queries @ others.T).max(axis=1))
    (exact,) = (c for c in numbers.curves if (c.index, c.metric) == ("exact", "hr@1"))
    assert exact.points[-1].value == pytest.approx(np.mean(right > best))
    assert 0 < exact.points[-1].value < 1
    assert (exact.points[-1].n_distractors, exact.points[-1].n_queries) == (1000, 60)
    described = [
        (info.name, info.distractors, info.effective["shortlist"]) for info in numbers.indexes
    ]
    assert described == [("exact", "real", 20), ("ivf", "real", 20)]
    assert numbers.indexes[0].trained_on == 0
    assert {loss.index for loss in numbers.index_losses} == {"ivf"}
    assert {block.index for block in numbers.false_accepts} == {"exact", "ivf"}
    assert (numbers.gaps, numbers.tails, numbers.fits) == ([], [], None)
    assert numbers.extrapolations == []


def test_an_index_is_described_as_it_was_asked_for_and_as_it_searched(
    prepared_vectors: Prepare,
) -> None:
    run = prepared_vectors(indexes=("ivf",), index_options={"ivf": {"nlist": "4"}})
    (info,) = compute_numbers(run, search(run), None).indexes
    assert info.requested == {"nlist": "4"}
    assert info.effective["nlist"] == 4
    assert "nprobe" in info.effective
    assert info.trained_on is not None
    assert info.trained_on > 0


def test_what_is_not_simulated_is_extrapolated_or_says_why_not(prepared_vectors: Prepare) -> None:
    run = prepared_vectors()
    findings = search(run)
    beyond = replace(run, config=replace(run.config, beyond=(10**6,)))
    numbers = compute_numbers(beyond, findings, None)
    assert {info.refused for info in numbers.extrapolations} == {
        "real distractors are of 17 tracks, fewer than 1,000"
    }
    assert len(numbers.extrapolations) == len(numbers.curves)
    assert {p.found for curve in numbers.curves for p in curve.points} == {"searched"}


def test_real_distractors_are_with_the_first_fit(prepared_vectors: Prepare) -> None:
    findings = search(prepared_vectors())
    further = FurtherFit("1" * 64, [])
    assert replace(findings, fits=[further]).by_fit == [findings.outcomes, []]


def rate(value: float) -> FitRates:
    return FitRates(
        index="exact",
        metric="hr@1",
        tolerance_s=0.25,
        n_distractors=10,
        values=[value, value],
        value=value,
        error=0.0,
        level=0.95,
        low=0.0,
        high=1.0,
        method="t",
    )


def numbers_of(length_s: float, value: float, *, fits: bool = True) -> Numbers:
    decisions = FalseAccepts(
        distractors="real",
        index="exact",
        tolerance_s=0.25,
        n_distractors=10,
        databases=1,
        equal_error_rate=ErrorRate(value=value, low=0.0, high=1.0),
        rejects=[],
        accepts_at_smallest=None,
        level=0.95,
        method="jackknife",
    )
    index = IndexInfo(name="exact", distractors="real", requested={}, effective={})
    weights = ["1" * 64, "2" * 64]
    return Numbers(
        curves=[replace(GOLDEN.curves[0], query_length_s=length_s)],
        indexes=[index],
        extrapolations=[],
        tails=[],
        gaps=[],
        index_losses=[],
        false_accepts=[decisions],
        fits=GeneratorFits(weights_sha256=weights, rates=[rate(value)]) if fits else None,
    )


def test_lengths_are_joined_in_their_order_and_named_but_for_the_longest() -> None:
    joined = join_numbers([(1.0, numbers_of(1.0, 0.25)), (None, numbers_of(3.0, 0.5))])
    assert [curve.query_length_s for curve in joined.curves] == [1.0, 3.0]
    assert [info.query_length_s for info in joined.indexes] == [1.0, None]
    found = [(one.query_length_s, one.equal_error_rate.value) for one in joined.false_accepts]
    assert found == [(1.0, 0.25), (None, 0.5)]
    assert joined.fits is not None
    assert joined.fits.weights_sha256 == ["1" * 64, "2" * 64]
    assert [(r.query_length_s, r.value) for r in joined.fits.rates] == [(1.0, 0.25), (None, 0.5)]
    assert joined.gaps == joined.tails == joined.extrapolations == joined.index_losses == []


def test_one_length_is_left_as_it_is() -> None:
    alone = numbers_of(1.0, 0.25)
    assert join_numbers([(None, alone)]) == alone
    assert join_numbers([(None, numbers_of(1.0, 0.25, fits=False))]).fits is None
