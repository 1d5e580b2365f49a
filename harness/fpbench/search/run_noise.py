"""The noise of a run of fingerprints, and of the whole track that it is a part of."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64

from fpbench.plugin.checked import decode_checked
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import CorrelatedNoiseGenerator, Noise
from fpbench.search.sequences import concatenate_runs

NoiseOfRuns = Float32[np.ndarray, "runs run_dim"]

_ROWS_AT_ONCE = 10_000  # fingerprints that are decoded at once


@dataclass(frozen=True, slots=True)
class RunPlaces:
    """Where runs are in synthetic tracks.

    Args:
        kind: Kind of the track of each run.
        row: First row of each run in its track.
    """

    kind: Int64[np.ndarray, " runs"]
    row: Int64[np.ndarray, " runs"]


class RunNoise:
    """Turns standard normal noise into runs of random tracks, each run as one long vector.

    All runs of all kinds are equally probable, as they are among many drawn tracks. The first entry
    of the noise chooses the run. The others become the noise of its fingerprints, whose
    correlations are those of the track at this place. Kinds are in order of their correlation, so
    that a small change of the first entry is a small change of the run.

    Args:
        generator: Generator of the tracks.
        name: Its name in errors.
        length: Fingerprints in a run; some kind of track must have as many.
    """

    def __init__(self, generator: CorrelatedNoiseGenerator, name: str, length: int) -> None:
        self._generator, self._name, self._length = generator, name, length
        kinds = np.flatnonzero(generator.track_lengths >= length)
        factors = [generator.track_factor(kind) for kind in kinds.tolist()]
        alike = [float(np.mean(factor[:, 0])) for factor in factors]  # with the first row
        order = np.argsort(alike, kind="stable")
        self._kinds = kinds[order]
        self._ends = np.cumsum(generator.track_lengths[self._kinds] - length + 1)
        self._factors = np.concatenate([_run_factors(factors[n], length) for n in order.tolist()])

    @property
    def noise_dim(self) -> int:
        """Entries of the noise of a run."""
        return 1 + self._length * self._generator.noise_dim

    @property
    def mean_rows(self) -> float:
        """Fingerprints in the track of a run, on average over runs."""
        lengths = self._generator.track_lengths[self._kinds]
        return float(np.average(lengths, weights=lengths - self._length + 1))

    def decode(self, noise: NoiseOfRuns) -> Vectors:
        """Turn noise into as many runs."""
        runs = np.empty((len(noise), self._length * self._generator.dim), dtype=np.float32)
        at_once = max(1, _ROWS_AT_ONCE // self._length)
        for start in range(0, len(noise), at_once):
            part = slice(start, start + at_once)
            rows = self._rows(noise[part], self._numbers(noise[part]))
            vectors = decode_checked(
                self._generator, self._name, rows.reshape(-1, rows.shape[-1])
            ).reshape(*rows.shape[:2], -1)
            runs[part] = concatenate_runs(vectors)
        return runs

    def find_places(self, noise: NoiseOfRuns) -> RunPlaces:
        """Which run of which kind of track each is."""
        numbers = self._numbers(noise)
        order = np.searchsorted(self._ends, numbers, side="right")
        starts = np.concatenate([[0], self._ends[:-1]])
        return RunPlaces(self._kinds[order], numbers - starts[order])

    def draw_tracks(
        self, noise: NoiseOfRuns, rng: np.random.Generator
    ) -> tuple[Vectors, np.ndarray]:
        """Draw the tracks that runs are a part of; all but the runs is random.

        The noise of a track is drawn as if it had no such run, then moved by what is expected of
        the difference (Matheron's rule).

        Returns:
            The fingerprints, one track after the other, and the number of them in each track.
        """
        places, wanted = self.find_places(noise), self._rows(noise, self._numbers(noise))
        tracks = []
        for kind, row, of_run in zip(places.kind.tolist(), places.row, wanted, strict=True):
            factor = self._generator.track_factor(kind)
            run = slice(int(row), int(row) + self._length)
            fresh = rng.standard_normal((len(factor), of_run.shape[1]), dtype=np.float32)
            rows = factor @ fresh
            rows += _regression(factor, run) @ (of_run - rows[run])
            rows[run] = of_run
            tracks.append(rows)
        lengths = self._generator.track_lengths[places.kind]
        return self._decode_tracks(np.concatenate(tracks)), lengths

    def _decode_tracks(self, noise: Noise) -> Vectors:
        parts = [
            decode_checked(self._generator, self._name, noise[start : start + _ROWS_AT_ONCE])
            for start in range(0, len(noise), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _numbers(self, noise: NoiseOfRuns) -> Int64[np.ndarray, " runs"]:
        from scipy.special import ndtr

        share = ndtr(noise[:, 0].astype(np.float64))
        numbers: Int64[np.ndarray, " runs"] = np.minimum(
            (share * self._ends[-1]).astype(np.int64), self._ends[-1] - 1
        )
        return numbers

    def _rows(
        self, noise: NoiseOfRuns, numbers: Int64[np.ndarray, " runs"]
    ) -> Float32[np.ndarray, "runs length noise_dim"]:
        """The correlated noise of the fingerprints of each run."""
        independent = noise[:, 1:].reshape(len(noise), self._length, -1)
        rows: Float32[np.ndarray, "runs length noise_dim"] = np.matmul(
            self._factors[numbers], independent
        )
        return rows


def _run_factors(
    factor: Float32[np.ndarray, "rows rows"], length: int
) -> Float32[np.ndarray, "runs length length"]:
    """The factor of each run of a track, by the place of its first row."""
    C = _correlations(factor)
    starts = np.arange(len(C) - length + 1)
    rows = starts[:, None] + np.arange(length)
    factors: Float32[np.ndarray, "runs length length"] = np.linalg.cholesky(
        C[rows[:, :, None], rows[:, None, :]]
    ).astype(np.float32)
    return factors


def _regression(
    factor: Float32[np.ndarray, "rows rows"], run: slice
) -> Float32[np.ndarray, "rows length"]:
    """What is expected of all rows of a track, by the rows of a run."""
    C = _correlations(factor)
    found: Float32[np.ndarray, "rows length"] = np.linalg.solve(C[run, run], C[run]).T.astype(
        np.float32
    )
    return found


def _correlations(factor: Float32[np.ndarray, "rows rows"]) -> Float64[np.ndarray, "rows rows"]:
    exact = factor.astype(np.float64)
    C: Float64[np.ndarray, "rows rows"] = exact @ exact.T
    return C
