"""Draws real tracks with replacement: a bound of what any generator of tracks can do.

As with single fingerprints, draws repeat where many are drawn, and a curve becomes flat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Int64
from safetensors.numpy import save_file

from fpbench import (
    FpbenchError,
    GeneratorNeed,
    Report,
    Stream,
    TrackGenerator,
    TrackMethod,
    Vectors,
    rng_at,
)
from fpbench.plugin.options import refuse_settings_but
from fpbench.stretches import stretch_edges
from fpbench_plugins.building_blocks.saved_arrays import load_arrays
from fpbench_plugins.resample.generator import ResampleConfig

NAME = "resample-runs"


@dataclass(frozen=True, slots=True)
class ResampledRuns(TrackGenerator):
    """Implements :class:`fpbench.TrackGenerator`.

    Args:
        rows: Fingerprints of all tracks, one track after the other.
        lengths: Fingerprints of each track.
    """

    rows: Vectors
    lengths: Int64[np.ndarray, " kinds"]

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {"rows": len(self.rows), "tracks": len(self.lengths)}

    @property
    def track_lengths(self) -> Int64[np.ndarray, " kinds"]:
        return self.lengths

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        drawn: Vectors = self.rows[rng.integers(len(self.rows), size=n)]
        return drawn

    def draw_tracks(
        self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
    ) -> Vectors:
        first = np.concatenate([[0], np.cumsum(self.lengths)])[kinds]
        tracks = [
            self.rows[start : start + length]
            for start, length in zip(first.tolist(), self.lengths[kinds].tolist(), strict=True)
        ]
        return np.concatenate([self.rows[:0], *tracks])

    def save(self, path: Path, /) -> None:
        save_file({"rows": self.rows, "lengths": self.lengths}, path)


@dataclass(frozen=True, slots=True)
class ResampleRunsMethod(TrackMethod):
    """Implements :class:`fpbench.TrackMethod`."""

    learns_from: ClassVar[Sequence[Path]] = ()

    config: ResampleConfig
    options: Mapping[str, str]

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        kept = min(rows, self.config.most_rows)
        one = np.array([min(rows, 100) or 1], dtype=np.int64)
        return GeneratorNeed(
            fit_seconds=0.0,
            fit_memory_bytes=4.0 * dim * kept,
            stand_in=ResampledRuns(np.zeros((int(one[0]), dim), np.float32), one),
        )

    def fit_tracks(
        self,
        fingerprints: Vectors,
        stretches: Int64[np.ndarray, " rows"],
        /,
        *,
        seed: int,
        work_dir: Path,
        report: Report,
    ) -> ResampledRuns:
        edges = stretch_edges(stretches)
        lengths = np.diff(edges)
        if len(lengths) == 0:
            raise FpbenchError("there are no tracks to draw", hint="give the generator more audio")
        order = rng_at(seed, Stream.GENERATOR_FIT).permutation(len(lengths))
        kept = np.sort(
            order[: max(1, int((lengths[order].cumsum() <= self.config.most_rows).sum()))]
        )
        spans = list(pairwise(edges.tolist()))
        rows = np.concatenate([fingerprints[slice(*spans[track])] for track in kept.tolist()])
        report(1.0, f"{len(rows)} fingerprints stored")
        return ResampledRuns(np.ascontiguousarray(rows), lengths[kept].astype(np.int64))

    def load(self, path: Path, /) -> ResampledRuns:
        saved = load_arrays(path, NAME, {"rows", "lengths"})
        refuse_settings_but((), self.options, f"generator '{path}'")
        lengths = saved["lengths"]
        if lengths.dtype != np.int64 or lengths.ndim != 1 or lengths.sum() != len(saved["rows"]):
            raise FpbenchError(
                f"'{path}': the lengths of tracks do not add up to its rows",
                hint=f"fit it again with `--generator {NAME}`",
            )
        return ResampledRuns(saved["rows"], lengths)
