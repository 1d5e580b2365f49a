"""Generators: turn real fingerprints into synthetic ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.plugin.fingerprinters import Vectors
from fpbench.progress import Report

Noise = Float32[np.ndarray, "rows noise_dim"]

_ROWS_AT_ONCE = 10_000  # a chunk of distractors


@runtime_checkable
class FingerprintGenerator(Protocol):
    """Draws synthetic fingerprints, independent of each other."""

    @property
    def dim(self) -> int: ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes a draw, such as solver and steps, recorded in results."""
        ...

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        """Draw ``n`` finite vectors; equal states of ``rng`` give equal bytes.

        If ``Settings.device`` is a GPU, two threads call this at once, to keep the GPU busy.
        """
        ...

    def save(self, path: Path, /) -> None:
        """Write everything ``load`` needs to one safetensors file."""
        ...


@runtime_checkable
class NoiseGenerator(FingerprintGenerator, Protocol):
    """A generator that turns each row of normal noise into one fingerprint.

    A subclass has :meth:`decode` and inherits :meth:`draw`. The tail of such a generator can be
    simulated: how often it draws a fingerprint that is closer to a query than the right one.
    """

    @property
    def noise_dim(self) -> int:
        """Entries of the noise of one fingerprint."""
        ...

    def decode(self, noise: Noise, /) -> Vectors:
        """Turn standard normal noise into as many finite vectors, each from its own row.

        Threads call this at once, to keep all cores busy. The noise must not be changed or kept.
        """
        ...

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        drawn = np.empty((n, self.dim), dtype=np.float32)
        for start in range(0, n, _ROWS_AT_ONCE):
            rows = min(_ROWS_AT_ONCE, n - start)
            drawn[start : start + rows] = self.decode(draw_noise(rows, self.noise_dim, rng))
        return drawn


@runtime_checkable
class TrackGenerator(FingerprintGenerator, Protocol):
    """A generator that draws tracks, too: consecutive fingerprints that are alike as real ones are.

    Each fingerprint of a track has the distribution of :meth:`draw`. Queries of several
    fingerprints are searched among the runs of such tracks.
    """

    @property
    def track_lengths(self) -> Int64[np.ndarray, " kinds"]:
        """Fingerprints in a track of each kind; a kind may be a track of the fit."""
        ...

    def draw_tracks(
        self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
    ) -> Vectors:
        """Draw a track of each kind that is named, one track after the other.

        Equal kinds and states of ``rng`` give equal bytes. Threads may call it as :meth:`draw`.

        Args:
            kinds: Places in :attr:`track_lengths`; a kind may be named several times.
            rng: Random generator of the draw.
        """
        ...


@runtime_checkable
class CorrelatedNoiseGenerator(NoiseGenerator, TrackGenerator, Protocol):
    """A generator of tracks that decodes the rows of a track from noise that is correlated in time.

    The noise of a track is ``B @ E``: E is standard normal noise, one row for each fingerprint, and
    B is :meth:`track_factor` of the track's kind. So the tail of runs of fingerprints can be
    simulated. A subclass inherits :meth:`draw` and :meth:`draw_tracks`.
    """

    def track_factor(self, kind: int, /) -> Float32[np.ndarray, "rows rows"]:
        """The matrix B of a kind of track. Its rows have the length 1 and are linearly independent.

        It is asked for often, so keep it.
        """
        ...

    def draw_tracks(
        self, kinds: Int64[np.ndarray, " tracks"], rng: np.random.Generator, /
    ) -> Vectors:
        edges = np.concatenate([[0], np.cumsum(self.track_lengths[kinds])])
        noise = draw_noise(int(edges[-1]), self.noise_dim, rng)
        for kind, (start, stop) in zip(kinds.tolist(), pairwise(edges.tolist()), strict=True):
            noise[start:stop] = self.track_factor(kind) @ noise[start:stop]
        return self.decode(noise)


def draw_noise(n: int, noise_dim: int, rng: np.random.Generator) -> Noise:
    """The noise of ``n`` draws, made on the CPU: every device starts from the same noise."""
    return rng.standard_normal((n, noise_dim), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorNeed:
    """Time and memory that a generator needs on this machine, from trials of about a second.

    Args:
        fit_seconds: Maximum time of a fit, which may end early.
        fit_memory_bytes: Peak memory of a fit, without libraries.
        stand_in: Generator that draws as fast as a fitted one, for trials; its draws have no
            meaning.
    """

    fit_seconds: float
    fit_memory_bytes: float
    stand_in: FingerprintGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultGenerator:
    """A generator that a run may use if the user names none.

    A run takes the first, by rank and name, that can be fitted in an hour, or else the last.

    Args:
        name: Name of its entry.
        rank: Place in the order: the better its draws, the lower.
        least_rows: Fewest fingerprints that it is worth fitting to.
        caution: What its draws do to the numbers, to follow "but"; empty for good ones.
        tracks: Whether it is for queries of several fingerprints, because it draws tracks. Only
            such ones are chosen for them, and no such one for queries of a single fingerprint.
    """

    name: str
    rank: int
    least_rows: int = 0
    caution: str = ""
    tracks: bool = False


@runtime_checkable
class GeneratorMethod(Protocol):
    """Makes generators: fits one to fingerprints, or loads a fitted one."""

    @property
    def learns_from(self) -> Sequence[Path]:
        """Files besides the fingerprints that :meth:`fit` learns from, such as a fitted teacher.

        A run refuses them, because they may contain tracks that fidelity is measured with.
        """
        ...

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        """Estimate the cost of a fit to ``rows`` fingerprints of ``dim`` entries, and of draws."""
        ...

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        """Learn from real fingerprints.

        Args:
            fingerprints: Real fingerprints; may be a memory map far larger than memory, so read it
                in chunks. Rows of a track are adjacent. In a run the tracks of a group are
                adjacent, too, if there are enough groups, and groups are in random order: the last
                rows are of random groups.
            seed: Seed of the fit. Equal seeds and fingerprints give equal generators.
            work_dir: Folder for checkpoints, from which the same call resumes after a crash.
            report: Progress callback, to be called now and then.
        """
        ...

    def load(self, path: Path, /) -> FingerprintGenerator:
        """Load a file of :meth:`FingerprintGenerator.save`.

        A run that fits the generator itself passes the settings of the fit to :meth:`fit` only.
        """
        ...


@runtime_checkable
class TrackMethod(GeneratorMethod, Protocol):
    """A method whose generators draw tracks, for which it must know those that it is fitted to."""

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        """Refuse to learn from fingerprints without their tracks.

        Raises:
            FpbenchError: Always.
        """
        raise FpbenchError(
            "a generator of tracks cannot be fitted without knowing where tracks end",
            hint="give the fingerprints with their tracks",
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
    ) -> TrackGenerator:
        """Learn from real tracks; called in place of :meth:`GeneratorMethod.fit`.

        Args:
            fingerprints: As for :meth:`GeneratorMethod.fit`.
            stretches: Number of the stretch of each row: adjacent rows with equal numbers are
                consecutive fingerprints of one track.
            seed: As for :meth:`GeneratorMethod.fit`.
            work_dir: Likewise.
            report: Likewise.
        """
        ...
