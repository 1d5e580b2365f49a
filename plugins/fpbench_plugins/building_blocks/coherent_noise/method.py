"""Fits coherent noise: any method of single fingerprints, and the similarities within tracks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from fpbench import (
    FingerprintGenerator,
    FpbenchError,
    GeneratorMethod,
    GeneratorNeed,
    NoiseGenerator,
    Report,
    Stream,
    TrackMethod,
    Vectors,
    rng_at,
)
from fpbench.generators.lag_similarities import lag_similarities
from fpbench.plugin.options import refuse_settings_but
from fpbench.runs.trials import draw_seconds
from fpbench.stretches import stretch_edges
from fpbench_plugins.building_blocks.coherent_noise.correlation import tabulate_similarities
from fpbench_plugins.building_blocks.coherent_noise.generator import (
    CoherentTracks,
    read_tracks,
    track_correlations,
)
from fpbench_plugins.building_blocks.validators import require_at_least

PAIRS = 4_096
"""Pairs of noise at each point of the table: similarities are known to about 0.002."""

_TABLE = 6  # address in Stream.GENERATOR_FIT; flows use 0 to 3, runs 4 and 5
_BASE_SHARE = 0.95  # of a fit's time, for progress reports
_DECODES = 32 * PAIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class CoherenceConfig:
    """Settings of coherent noise.

    Args:
        longest: Largest number of fingerprints in a track; a longer one is learnt and drawn as
            several.
        most_tracks: Largest number of tracks that are learnt, spread evenly over all. The factors
            of as many fit in memory.
    """

    longest: int = 128
    most_tracks: int = 2_000

    def __post_init__(self) -> None:
        require_at_least(self, 2, "longest")
        require_at_least(self, 1, "most_tracks")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoherentNoise(TrackMethod):
    """Implements :class:`fpbench.TrackMethod`.

    Args:
        name: Name of the entry.
        base: Fits and loads generators that decode noise.
        config: Settings of the tracks.
        options: The user's settings.
        of_draws: Names of those that apply to a fitted generator, too.
    """

    name: str
    base: GeneratorMethod
    config: CoherenceConfig
    options: Mapping[str, str]
    of_draws: Collection[str] = ()

    @property
    def learns_from(self) -> Sequence[Path]:
        return self.base.learns_from

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        need = self.base.need(rows, dim)
        base = self._noise_generator(need.stand_in)
        kinds = np.full(1, self.config.longest, dtype=np.int64)
        correlations = np.zeros((1, self.config.longest - 1), dtype=np.float32)
        return GeneratorNeed(
            fit_seconds=need.fit_seconds + _DECODES * draw_seconds(base, self.name),
            fit_memory_bytes=need.fit_memory_bytes,
            stand_in=CoherentTracks(self.name, base, correlations, kinds),
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
    ) -> CoherentTracks:
        base = self._noise_generator(
            self.base.fit(
                fingerprints,
                seed=seed,
                work_dir=work_dir,
                report=lambda share, words: report(_BASE_SHARE * share, words),
            )
        )
        report(_BASE_SHARE, "similarities in tracks")
        edges = cut_tracks(stretches, self.config)
        lengths = edges[:, 1] - edges[:, 0]
        lags = max(1, int(lengths.max(initial=0)) - 1)
        table = tabulate_similarities(base, PAIRS, rng_at(seed, Stream.GENERATOR_FIT, _TABLE))
        similarities = np.concatenate(
            [
                lag_similarities(fingerprints[start:stop], np.zeros(stop - start, np.int64), lags)
                for start, stop in edges.tolist()
            ]
        )
        correlations = track_correlations(similarities, table.correlations)
        report(1.0, f"{len(lengths)} tracks")
        return CoherentTracks(self.name, base, correlations, lengths)

    def load(self, path: Path, /) -> CoherentTracks:
        refuse_settings_but(self.of_draws, self.options, f"generator '{path}'")
        return read_tracks(
            path, self.name, lambda file: self._noise_generator(self.base.load(file))
        )

    def _noise_generator(self, generator: FingerprintGenerator) -> NoiseGenerator:
        if not isinstance(generator, NoiseGenerator):
            raise TypeError(f"{type(generator).__name__} does not decode noise")
        return generator


def cut_tracks(
    stretches: Int64[np.ndarray, " rows"], config: CoherenceConfig
) -> Int64[np.ndarray, "tracks 2"]:
    """First row, and the row after the last, of each track to learn.

    A stretch that is longer than allowed is cut into parts of about equal length.
    """
    edges = stretch_edges(stretches)
    tracks: list[tuple[int, int]] = []
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        parts = -(-(stop - start) // config.longest)
        cuts = [start + (stop - start) * part // parts for part in range(parts + 1)]
        tracks += pairwise(cuts)
    if not tracks:
        raise FpbenchError("there are no tracks to learn", hint="give the generator more audio")
    most = min(config.most_tracks, len(tracks))
    chosen = np.arange(most) * len(tracks) // most
    return np.array(tracks, dtype=np.int64)[chosen]
