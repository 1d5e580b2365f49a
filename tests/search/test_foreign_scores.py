"""The best score in other tracks, against all scores."""

import numpy as np
import pytest

from fpbench import Candidates, Positions
from fpbench.evidence.truth import distances_s
from fpbench.search.foreign_scores import foreign_scores

TRACKS, ROWS, QUERIES, KEPT = 4, 30, 12, 5


@pytest.mark.parametrize("tracks", [TRACKS, 1])
def test_it_is_the_best_of_all_rows_of_other_tracks(rng: np.random.Generator, tracks: int) -> None:
    reference = rng.standard_normal((tracks * ROWS, 8)).astype(np.float32)
    # Rows of a track are alike, so that many queries see only their own track.
    reference += 3 * rng.standard_normal((tracks, 8)).astype(np.float32).repeat(ROWS, axis=0)
    reference /= np.linalg.norm(reference, axis=1, keepdims=True)
    positions = Positions(np.arange(tracks).repeat(ROWS), np.tile(np.arange(ROWS) * 0.5, tracks))
    own = rng.integers(len(reference), size=QUERIES)
    queries = reference[own] + 0.05 * rng.standard_normal((QUERIES, 8)).astype(np.float32)
    truth = Positions(positions.track[own], positions.start_s[own])
    scores = queries @ reference.T
    ids = np.argsort(-scores, axis=1)[:, :KEPT]
    best = np.take_along_axis(scores, ids, axis=1)
    found = foreign_scores(
        queries,
        reference,
        positions,
        truth,
        candidates=Candidates(ids, -best, best),
        distance_s=distances_s(ids, positions, truth),
    )
    other = truth.track[:, None] != positions.track
    expected = np.where(other, scores, -np.inf).max(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)
