"""Draws ranges of synthetic fingerprints, or of whole tracks, chunk by chunk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from fpbench.generators.files import load_generator
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.checked import draw_tracks_checked
from fpbench.plugin.entries import Settings
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.randomness import Stream, rng_at
from fpbench.search.distractors import CHUNK, CHUNKS_AT_ONCE, SyntheticDistractors
from fpbench.search.track_distractors import choose_kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorFile:
    """A file of a fitted generator, and how it is drawn from.

    Args:
        path: The file, from ``fpbench fit``.
        name: Name of the generator; None reads it from the file.
        settings: Seed, device, dtype, and options of the generator.
        catalog: Knows the generator.
    """

    path: Path
    name: str | None = None
    settings: Settings
    catalog: Catalog

    def load(self) -> FingerprintGenerator:
        """The generator.

        Raises:
            FpbenchError: The file cannot be read, or its plugin fails.
        """
        return load_generator(self.path, self.catalog, self.settings, self.name)


class DrawnChunk(NamedTuple):
    """Fingerprints that were drawn, and the lengths of their tracks; None for single ones."""

    vectors: Vectors
    lengths: Int64[np.ndarray, " tracks"] | None


def row_chunks(
    generator: FingerprintGenerator, name: str, seed: int, device: str, rows: tuple[int, int]
) -> Iterator[DrawnChunk]:
    """Single fingerprints, the same that a run with this seed searches.

    Args:
        generator: A fitted generator.
        name: Its name in errors.
        seed: Seed of every draw.
        device: Device of the generator.
        rows: Number of the first row, and that after the last.
    """
    at_once = CHUNKS_AT_ONCE[device]
    for vectors in SyntheticDistractors(generator, name, seed, at_once=at_once).rows(*rows):
        yield DrawnChunk(vectors, None)


def track_chunks(
    generator: TrackGenerator, name: str, seed: int, rows: tuple[int, int]
) -> Iterator[DrawnChunk]:
    """Whole tracks; the last chunk may be cut.

    Args:
        generator: A fitted generator of tracks.
        name: Its name in errors.
        seed: Seed of every draw.
        rows: Number of the first fingerprint, a multiple of :data:`CHUNK`, and that after the last,
            as if each chunk had :data:`CHUNK` fingerprints.
    """
    start, stop = rows
    for first in range(start, stop, CHUNK):
        rng = rng_at(seed, Stream.DISTRACTOR_CHUNK, 0, first // CHUNK)
        kinds = choose_kinds(generator.track_lengths, CHUNK, 1, rng)
        vectors = draw_tracks_checked(generator, name, kinds, rng)
        lengths = generator.track_lengths[kinds]
        ends = np.cumsum(lengths)
        used = int(np.searchsorted(ends, min(CHUNK, stop - first))) + 1
        yield DrawnChunk(vectors[: ends[used - 1]], lengths[:used])
