"""Draws real fingerprints with replacement.

With up to about a tenth as many draws as stored fingerprints, draws are as good as real
distractors. With more, they repeat. A repeated distractor causes no further miss, so the curve
becomes flat at the hit rate with all stored fingerprints: an upper bound of the hit rate. The
shortlists of an IVF-PQ index, however, fill with copies, so there the hit rate is a lower bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from safetensors.numpy import save_file

from fpbench import (
    FingerprintGenerator,
    FpbenchError,
    GeneratorMethod,
    GeneratorNeed,
    Report,
    Stream,
    Vectors,
    rng_at,
)
from fpbench.plugin.options import refuse_settings_but
from fpbench_plugins.building_blocks.saved_arrays import load_arrays


@dataclass(frozen=True, slots=True, kw_only=True)
class ResampleConfig:
    """Largest number of fingerprints to store and draw from: 2 000 000 of 128 dims take 1 GB."""

    most_rows: int = 2_000_000

    def __post_init__(self) -> None:
        if self.most_rows < 1:
            raise ValueError(f"most_rows must be at least 1, not {self.most_rows}")


DEFAULTS = ResampleConfig()


@dataclass(frozen=True, slots=True)
class ResampleGenerator(FingerprintGenerator):
    """Implements :class:`fpbench.FingerprintGenerator`."""

    rows: Vectors

    @property
    def dim(self) -> int:
        return int(self.rows.shape[1])

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {"rows": len(self.rows)}

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        drawn: Vectors = self.rows[rng.integers(len(self.rows), size=n)]
        return drawn

    def save(self, path: Path, /) -> None:
        save_file({"rows": self.rows}, path)


@dataclass(frozen=True, slots=True)
class ResampleMethod(GeneratorMethod):
    """Implements :class:`fpbench.GeneratorMethod`."""

    learns_from: ClassVar[Sequence[Path]] = ()

    config: ResampleConfig
    options: Mapping[str, str]

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        kept = min(rows, self.config.most_rows)
        return GeneratorNeed(
            fit_seconds=0.0,
            fit_memory_bytes=4.0 * dim * kept,
            stand_in=ResampleGenerator(np.zeros((1, dim), np.float32)),
        )

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        if len(fingerprints) == 0:
            raise FpbenchError(
                "there are no fingerprints to draw from", hint="give the generator more audio"
            )
        rows = np.asarray(fingerprints)
        if len(fingerprints) > self.config.most_rows:
            order = rng_at(seed, Stream.GENERATOR_FIT).permutation(len(fingerprints))
            rows = fingerprints[np.sort(order[: self.config.most_rows])]
        report(1.0, f"{len(rows)} fingerprints stored")
        return ResampleGenerator(np.ascontiguousarray(rows))

    def load(self, path: Path, /) -> FingerprintGenerator:
        saved = load_arrays(path, "resample", {"rows"})
        refuse_settings_but((), self.options, f"generator '{path}'")
        return ResampleGenerator(saved["rows"])
