"""Generators: real fingerprints in, synthetic ones out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from fpbench.plugin.fingerprinters import Vectors
from fpbench.progress import Report


@runtime_checkable
class FingerprintGenerator(Protocol):
    """Draws synthetic fingerprints, independent of each other."""

    @property
    def dim(self) -> int: ...

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """Everything that shapes a draw, such as solver and steps, for results."""
        ...

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        """``n`` vectors, finite; equal states of ``rng`` give equal bytes.

        Where ``Settings.device`` is a GPU, two threads draw at once, so that it never waits.
        """
        ...

    def save(self, path: Path, /) -> None:
        """Write everything ``load`` needs to one safetensors file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorNeed:
    """What a generator takes on this machine, from trials of a second or so.

    Args:
        fit_seconds: At most; a fit may end early.
        fit_memory_bytes: At the peak, without libraries.
        stand_in: Draws as fast as a fitted one, whatever it draws.
    """

    fit_seconds: float
    fit_memory_bytes: float
    stand_in: FingerprintGenerator


@runtime_checkable
class GeneratorMethod(Protocol):
    """A way to make generators: fit one to fingerprints, or load a fitted one."""

    @property
    def learns_from(self) -> Sequence[Path]:
        """Files that :meth:`fit` learns from besides the fingerprints, such as a fitted teacher.

        A run refuses them, because they may know the tracks that the generator is judged by.
        """
        ...

    def need(self, rows: int, dim: int, /) -> GeneratorNeed:
        """What fitting to ``rows`` fingerprints of ``dim`` entries takes, and drawing after it."""
        ...

    def fit(
        self, fingerprints: Vectors, /, *, seed: int, work_dir: Path, report: Report
    ) -> FingerprintGenerator:
        """Learn from real fingerprints.

        Args:
            fingerprints: May be a memory map far larger than memory; read in chunks.
            seed: Equal seeds and fingerprints give equal generators.
            work_dir: For checkpoints: after a crash the same call goes on from there.
            report: Call now and then.
        """
        ...

    def load(self, path: Path, /) -> FingerprintGenerator:
        """Read what :meth:`FingerprintGenerator.save` wrote.

        A run that fitted the generator itself gives the settings of the fit to :meth:`fit` only.
        """
        ...
