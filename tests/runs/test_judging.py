"""Synthetic fingerprints are compared with real ones that no generator was fitted to."""

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.fingerprints.pairs import VectorPairs
from fpbench.generators.fidelity_report import TooFewError
from fpbench.generators.fitting import fit_baseline
from fpbench.plugin.catalog import Catalog
from fpbench.runs.judging import Judgement, Judges, Training, judge_fingerprints

ROWS_PER_TRACK = 20


def vectors(rows: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((rows, 4)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def judges() -> Judges:
    """16 tracks of 20 fingerprints."""
    real = vectors(16 * ROWS_PER_TRACK, 0)
    return Judges(vectors=real, tracks=np.arange(len(real)) // ROWS_PER_TRACK)


def judge(judges: Judges, synthetic: object, **changes: object) -> Judgement:
    given = {"name": "mine", "catalog": Catalog.load(), "rows": 100, "splits": 2, **changes}
    return judge_fingerprints(synthetic, judges, **given)


def test_without_training_half_of_the_tracks_is_compared(judges: Judges) -> None:
    found = judge(judges, vectors(200, 1), baselines=["resample"])
    assert list(found.sets) == ["real", "synthetic", "resample"]
    judging = {row.tobytes() for row in found.sets["real"]}
    assert len(judging) == 8 * ROWS_PER_TRACK
    assert judging.isdisjoint(row.tobytes() for row in found.sets["resample"])
    assert found.report.tracks == 8


@pytest.mark.slow
def test_with_training_all_tracks_are_compared(judges: Judges) -> None:
    training = vectors(100, 2)
    fit_to = Training(vectors=training)
    found = judge(judges, vectors(200, 1), baselines=["resample"], training=fit_to)
    assert found.sets["real"] is judges.vectors
    fitted = {row.tobytes() for row in training}
    assert {row.tobytes() for row in found.sets["resample"]} <= fitted
    assert found.report.copying.keys() == {"real", "synthetic", "resample"}


@pytest.mark.slow
def test_a_generator_draws_as_many_rows_as_are_real(judges: Judges) -> None:
    gaussian = fit_baseline("gaussian", vectors(100, 3), catalog=Catalog.load(), seed=0)
    found = judge(judges, gaussian, training=Training(vectors=vectors(100, 3)))
    assert found.sets["synthetic"].shape == (16 * ROWS_PER_TRACK, 4)


@pytest.mark.slow
def test_hit_rates_need_queries(judges: Judges) -> None:
    reference = vectors(30, 4)
    asked = Judges(
        vectors=judges.vectors, tracks=judges.tracks, pairs=VectorPairs(reference, reference)
    )
    assert judge(judges, vectors(200, 1)).report.hit_rates is None
    assert judge(asked, vectors(200, 1)).report.hit_rates is not None


def test_dimensions_must_agree(judges: Judges) -> None:
    with pytest.raises(FpbenchError, match="synthetic has 3 columns, real fingerprints have 4"):
        judge(judges, np.ones((200, 3), dtype=np.float32))


def test_too_few_tracks_are_counted(judges: Judges) -> None:
    few = Judges(vectors=judges.vectors[:80], tracks=judges.tracks[:80])
    with pytest.raises(TooFewError, match="4 real tracks are too few to fit baselines"):
        judge(few, vectors(200, 1))
