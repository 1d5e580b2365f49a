"""Rows that two sets have in common are found bit for bit."""

import numpy as np
import pytest

from fpbench.fingerprints import equal_rows
from fpbench.fingerprints.equal_rows import find_equal_rows


@pytest.fixture
def rows(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((50, 8)).astype(np.float32)


def test_finds_the_rows_that_are_among_the_others(rows: np.ndarray) -> None:
    others = rows[[3, 40, 3]]
    assert np.flatnonzero(find_equal_rows(rows, others)).tolist() == [3, 40]


def test_a_bit_makes_another_row_and_a_negative_zero_does_not(rows: np.ndarray) -> None:
    rows[0, 0] = 0.0
    others = rows.copy()
    others[0, 0] = -0.0
    others[1, 7] = np.nextafter(others[1, 7], np.float32(9))
    assert np.flatnonzero(~find_equal_rows(rows, others)).tolist() == [1]


def test_rows_with_one_hash_are_compared(rows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_rows, "_hash_rows", lambda some: np.zeros(len(some), np.uint64))
    assert find_equal_rows(rows[:2], rows[:1]).tolist() == [True, False]


def test_blocks_do_not_count(rows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_rows, "_ROWS_AT_ONCE", 7)
    assert find_equal_rows(rows, rows[20:]).sum() == 30


def test_nothing_is_among_nothing(rows: np.ndarray) -> None:
    assert not find_equal_rows(rows, rows[:0]).any()
    assert len(find_equal_rows(rows[:0], rows)) == 0
