"""Chunks are drawn at their own addresses, and tracks in them are whole."""

import numpy as np
import pytest

from fpbench.randomness import Stream, rng_at
from fpbench.runs.drawn_chunks import row_chunks, track_chunks
from fpbench.search.distractors import CHUNK
from fpbench_plugins.gaussian.generator import GaussianGenerator
from fpbench_plugins.resample.runs import ResampledRuns

LENGTHS = np.array([3_000, 40, 700])


def test_rows_are_those_of_their_chunks() -> None:
    generator = GaussianGenerator(
        np.zeros(3, np.float32), np.eye(3, dtype=np.float32), project=True
    )
    drawn = list(row_chunks(generator, "g", 7, "cpu", (CHUNK, 2 * CHUNK + 5)))
    assert [len(chunk.vectors) for chunk in drawn] == [CHUNK, 5]
    assert [chunk.lengths for chunk in drawn] == [None, None]
    expected = generator.draw(CHUNK, rng_at(7, Stream.DISTRACTOR_CHUNK, 0, 1))
    np.testing.assert_array_equal(drawn[0].vectors, expected)


@pytest.mark.parametrize("stop", [CHUNK, 2 * CHUNK + 5])
def test_tracks_fill_their_chunks_and_are_whole(stop: int) -> None:
    rows = np.zeros((LENGTHS.sum(), 4), dtype=np.float32)
    drawn = list(track_chunks(ResampledRuns(rows, LENGTHS), "g", 7, (0, stop)))
    wanted = [CHUNK] * (stop // CHUNK) + [stop % CHUNK] * (stop % CHUNK > 0)
    for chunk, size in zip(drawn, wanted, strict=True):
        assert chunk.lengths is not None
        assert set(chunk.lengths.tolist()) <= set(LENGTHS.tolist())
        assert len(chunk.vectors) == chunk.lengths.sum()
        assert chunk.lengths[:-1].sum() < size <= chunk.lengths.sum()
