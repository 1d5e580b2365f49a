"""Drawn rows are those of the sequence, whether they are read in slices or one by one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fpbench import Vectors
from fpbench.cache import Store
from fpbench.search import drawn_rows
from fpbench.search.drawn_rows import DrawnRows

ALL = np.random.default_rng(0).standard_normal((1_000, 4)).astype(np.float32)


class Counted:
    """A sequence that counts the rows that were read of it."""

    rows_available = None
    read = 0

    def rows(self, start: int, stop: int) -> Iterator[Vectors]:
        for at in range(start, stop, 7):
            self.read += min(at + 7, stop) - at
            yield ALL[at : min(at + 7, stop)]


@pytest.fixture
def drawn() -> DrawnRows:
    return DrawnRows(Counted(), (900, 4))


def test_slices_are_drawn_and_end_with_the_sequence(drawn: DrawnRows) -> None:
    assert (len(drawn), drawn.shape) == (900, (900, 4))
    np.testing.assert_array_equal(drawn[35:95], ALL[35:95])
    np.testing.assert_array_equal(drawn[890:950], ALL[890:900])
    assert drawn[5:5].shape == (0, 4)


def test_stretches_are_kept_once_and_nothing_else(
    drawn: DrawnRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_rows, "CHUNK", 100)
    starts = np.array([700, -2, 30, 32, 700, 36, 795])
    kept = drawn.keep(starts, 6, 798, Store(tmp_path))
    assert kept.kept is not None
    # Rows 0 to 3, 30 to 41, 700 to 705, and 795 to 797 of 798.
    assert len(kept.kept.vectors) == 4 + 12 + 6 + 3
    assert isinstance(drawn.source, Counted)
    assert drawn.source.read == 100 + 98  # the chunks from rows 0 and 700
    ids = np.array([[0, 3, 41], [30, 705, 797]])
    out = np.empty((2, 3, 4), dtype=np.float32)
    kept.take(ids, 0, out, "clip")
    np.testing.assert_array_equal(out, ALL[ids])
    assert list(tmp_path.iterdir()) == []  # the file has no name


@pytest.mark.parametrize("row", [4, 29, 42, 797])
def test_a_row_that_is_not_kept_is_no_other_row(drawn: DrawnRows, tmp_path: Path, row: int) -> None:
    kept = drawn.keep(np.array([-2, 30, 36]), 6, 798, Store(tmp_path))
    with pytest.raises(ValueError, match=f"row {row} is not kept"):
        kept.take(np.array([0, row]), 0, np.empty((2, 4), dtype=np.float32), "clip")


def test_nothing_needs_no_file(drawn: DrawnRows, tmp_path: Path) -> None:
    kept = drawn.keep(np.array([850]), 6, 800, Store(tmp_path))
    assert kept.kept is not None
    assert kept.kept.vectors.shape == (0, 4)


def test_a_sample_is_of_random_chunks_of_the_size(
    drawn: DrawnRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawn_rows, "CHUNK", 100)
    np.testing.assert_array_equal(drawn.sample(250, 300, seed=0), ALL[:250])
    samples = {
        (size, seed): drawn.sample(size, 300, seed) for size in (650, 900) for seed in (0, 1)
    }
    places = {row.tobytes(): number for number, row in enumerate(ALL)}
    for (size, _), sample in samples.items():
        numbers = np.array([places[row.tobytes()] for row in sample])
        assert len(np.unique(numbers)) == 300
        assert numbers.max() < size
    distinct = {sample.tobytes() for sample in samples.values()}
    assert len(distinct) == 4
    np.testing.assert_array_equal(samples[650, 0], drawn.sample(650, 300, seed=0))
