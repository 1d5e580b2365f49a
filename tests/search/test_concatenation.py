"""Distractors and reference are the rows of one database."""

import numpy as np

from fpbench.search.concatenation import Concatenation

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
