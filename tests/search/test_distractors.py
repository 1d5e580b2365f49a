"""Row i of a sequence of distractors depends on the seed and on i, and on nothing else."""

import threading
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from fpbench import FpbenchError, Vectors
from fpbench.search.distractors import (
    CHUNK,
    RealDistractors,
    SyntheticDistractors,
)


class Dice:
    """Draws vectors of two uniform numbers."""

    dim = 2
    parameters = MappingProxyType({"sides": 6})

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        return rng.random((n, 2), dtype=np.float32)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, 5), (9_990, 10_020), (10_000, 30_000), (3, 25_001), (25_000, 25_000)],
)
def test_a_run_of_rows_is_a_slice_of_the_sequence(start: int, stop: int) -> None:
    source = SyntheticDistractors(Dice(), "dice", seed=1)
    whole = np.concatenate(list(source.rows(0, 30_000)))
    run = np.concatenate([np.empty((0, 2), np.float32), *source.rows(start, stop)])
    np.testing.assert_array_equal(run, whole[start:stop])


def test_seed_and_repeat_give_other_rows() -> None:
    firsts = [
        next(SyntheticDistractors(Dice(), "dice", seed=seed, repeat=repeat).rows(0, 1)).tolist()
        for seed, repeat in [(0, 0), (0, 1), (1, 0)]
    ]
    assert len({str(first) for first in firsts}) == 3


def test_pieces_end_where_chunks_end() -> None:
    lengths = [
        len(rows) for rows in SyntheticDistractors(Dice(), "dice", seed=1).rows(9_000, 20_500)
    ]
    assert lengths == [1_000, CHUNK, 500]


def test_neighbouring_runs_of_one_chunk_take_one_draw() -> None:
    class Counting(Dice):
        draws = 0

        def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
            self.draws += 1
            return super().draw(n, rng)

    dice = Counting()
    source = SyntheticDistractors(dice, "dice", seed=1)
    for start in range(0, 2 * CHUNK, 100):
        list(source.rows(start, start + 100))
    assert dice.draws == 2


def test_chunks_drawn_at_once_are_those_drawn_in_turn() -> None:
    meeting = threading.Barrier(2, timeout=60)

    class Pair(Dice):
        def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
            meeting.wait()  # passes only if another thread draws, too
            return super().draw(n, rng)

    at_once = SyntheticDistractors(Pair(), "dice", seed=1, at_once=2).rows(5_000, 4 * CHUNK)
    in_turn = SyntheticDistractors(Dice(), "dice", seed=1).rows(5_000, 4 * CHUNK)
    for one, other in zip(at_once, in_turn, strict=True):
        np.testing.assert_array_equal(one, other)
    meeting.abort()  # ends the draw after the last chunk


def test_a_failed_draw_shows_when_its_chunk_is_read() -> None:
    class Broken(Dice):
        def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
            return super().draw(n - 1, rng)

    source = SyntheticDistractors(Broken(), "dice", seed=1, at_once=2)
    with pytest.raises(FpbenchError, match=r"draws must have the shape \(10000, 2\)"):
        list(source.rows(0, CHUNK))


def test_real_distractors_are_all_rows_once_in_mixed_order() -> None:
    vectors = np.arange(25_000, dtype=np.float32)[:, None]
    source = RealDistractors(vectors, seed=3)
    rows = np.concatenate(list(source.rows(0, 25_000)))[:, 0]
    np.testing.assert_array_equal(np.sort(rows), vectors[:, 0])
    # A fair mix of both halves right at the start: 5 000 expected, standard deviation 39.
    assert abs(int((rows[:10_000] < 12_500).sum()) - 5_000) < 200
    part = np.concatenate(list(source.rows(9_999, 20_001)))[:, 0]
    np.testing.assert_array_equal(part, rows[9_999:20_001])
    np.testing.assert_array_equal(source.in_order(np.arange(25_000) // 5), rows // 5)


def test_refuses_more_real_distractors_than_there_are() -> None:
    source = RealDistractors(np.zeros((10, 2), dtype=np.float32), seed=0)
    assert source.rows_available == 10
    with pytest.raises(FpbenchError, match="11 real distractors are wanted, but there are 10"):
        next(source.rows(0, 11))
