"""Draws that repeat learnt rows are told from draws like other real tracks."""

import numpy as np
import pytest

from fpbench import Vectors
from fpbench_plugins.building_blocks.flow.copying import CopyingTest

TRACKS, ROWS, DIM = 60, 30, 16


def tracks(n: int, rng: np.random.Generator) -> Vectors:
    """Rows in the order of tracks; each track keeps to a place of its own."""
    places = np.repeat(rng.standard_normal((n, DIM)), ROWS, axis=0)
    vectors = (places + rng.standard_normal((n * ROWS, DIM)) / 3).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def learn(rng: np.random.Generator) -> Vectors:
    return tracks(TRACKS, rng)


@pytest.fixture
def copying(learn: Vectors, rng: np.random.Generator) -> CopyingTest:
    return CopyingTest(learn, rng)


def test_real_rows_of_other_tracks_give_a_half(
    copying: CopyingTest, rng: np.random.Generator
) -> None:
    assert copying.copied(tracks(200, rng)) == pytest.approx(0.5, abs=0.05)


def test_rows_far_from_all_tracks_give_less_and_copies_most(
    copying: CopyingTest, learn: Vectors, rng: np.random.Generator
) -> None:
    far = rng.standard_normal((500, DIM)).astype(np.float32)
    like = learn + rng.standard_normal(learn.shape).astype(np.float32) / 10
    shares = [copying.copied(rows) for rows in (far, tracks(200, rng), like, learn)]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[2] > 0.9
    assert shares[3] > 0.999


def test_a_tie_counts_half(rng: np.random.Generator) -> None:
    rows = np.zeros((20, 3), dtype=np.float32)
    assert CopyingTest(rows, rng).copied(rows) == 0.5


def test_few_rows_are_enough(rng: np.random.Generator) -> None:
    rows = rng.standard_normal((20, 3)).astype(np.float32)
    assert 0 <= CopyingTest(rows[:10], rng).copied(rows[10:]) <= 1
