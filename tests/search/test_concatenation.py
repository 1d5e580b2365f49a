"""Distractors and reference are the rows of one database."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from fpbench import Vectors
from fpbench.cache import Store
from fpbench.search.concatenation import Concatenation
from fpbench.search.drawn_rows import DrawnRows

DISTRACTORS = np.arange(12, dtype=np.float32).reshape(6, 2)
REFERENCE = 100 + np.arange(8, dtype=np.float32).reshape(4, 2)


def test_the_reference_follows_the_distractors_in_use() -> None:
    database = Concatenation(DISTRACTORS, REFERENCE, 3)
    whole = np.concatenate([DISTRACTORS[:3], REFERENCE])
    assert len(database) == 7
    for ids in (np.array([[0, 2], [3, 6]]), np.array([1, 1]), np.array([5, 4])):
        np.testing.assert_array_equal(database.take(ids), whole[ids])


def test_chunks_are_any_rows_across_the_border() -> None:
    database = Concatenation(DISTRACTORS, REFERENCE, 3)
    whole = np.concatenate([DISTRACTORS[:3], REFERENCE])
    np.testing.assert_array_equal(np.concatenate(list(database.chunks(1, 6))), whole[1:6])


def test_without_distractors_there_is_the_reference() -> None:
    database = Concatenation(DISTRACTORS[:0], REFERENCE, 0)
    np.testing.assert_array_equal(np.concatenate(list(database.chunks(0, 4))), REFERENCE)


def test_chunks_end_at_the_distractors_in_use_and_with_the_database() -> None:
    database = Concatenation(DISTRACTORS, REFERENCE, 3)
    whole = np.concatenate([DISTRACTORS[:3], REFERENCE])
    for start, stop in ((0, 3), (0, 7), (3, 7), (2, 4), (5, 6), (4, 4)):
        chunks = [np.zeros((0, 2), dtype=np.float32), *database.chunks(start, stop)]
        np.testing.assert_array_equal(np.concatenate(chunks), whole[start:stop])


def test_drawn_distractors_are_taken_where_they_are_kept(tmp_path: Path) -> None:
    def rows(start: int, stop: int) -> Iterator[Vectors]:
        yield DISTRACTORS[start:stop]

    source = SimpleNamespace(rows=rows, rows_available=None)
    drawn = DrawnRows(source, DISTRACTORS.shape).keep(np.array([1]), 2, 5, Store(tmp_path))
    database = Concatenation(drawn, REFERENCE, 5)
    whole = np.concatenate([DISTRACTORS[:5], REFERENCE])
    np.testing.assert_array_equal(np.concatenate(list(database.chunks(0, 9))), whole)
    for ids in (np.array([[1, 2], [5, 8]]), np.array([2, 1]), np.array([6, 5])):
        np.testing.assert_array_equal(database.take(ids), whole[ids])
