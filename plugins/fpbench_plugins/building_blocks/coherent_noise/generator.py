"""Draws tracks by coherent noise, and reads and writes the file of such a generator."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64, Int64
from safetensors.numpy import save_file

from fpbench import CorrelatedNoiseGenerator, FpbenchError, Noise, NoiseGenerator, Vectors
from fpbench.files import temporary_folder
from fpbench.generators.provenance import read_metadata
from fpbench.json_documents import parse_json
from fpbench_plugins.building_blocks.coherent_noise.correlation import noise_factor
from fpbench_plugins.building_blocks.saved_arrays import load_arrays

RECORD = "fpbench"
"""Metadata key of a generator's name and record, as in files of flows."""

_BASE = "base.safetensors"


class CoherentTracks(CorrelatedNoiseGenerator):
    """Implements :class:`fpbench.CorrelatedNoiseGenerator`, with another one's fingerprints.

    Args:
        name: Name of the entry, for the file.
        base: Generator of single fingerprints, and so of those of tracks.
        correlations: Correlation of the noise of rows that are 1, 2, ... apart, in a track of each
            kind; what is beyond its end has no meaning.
        lengths: Fingerprints in a track of each kind.
    """

    def __init__(
        self,
        name: str,
        base: NoiseGenerator,
        correlations: Float32[np.ndarray, "kinds lags"],
        lengths: Int64[np.ndarray, " kinds"],
    ) -> None:
        self.base = base
        self._name, self._correlations, self._lengths = name, correlations, lengths
        self._factors: dict[int, Float32[np.ndarray, "rows rows"]] = {}

    @property
    def dim(self) -> int:
        return self.base.dim

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        return {**self.base.parameters, "tracks": len(self._lengths)}

    @property
    def noise_dim(self) -> int:
        return self.base.noise_dim

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        return self.base.draw(n, rng)

    def decode(self, noise: Noise, /) -> Vectors:
        return self.base.decode(noise)

    @property
    def track_lengths(self) -> Int64[np.ndarray, " kinds"]:
        return self._lengths

    def track_factor(self, kind: int, /) -> Float32[np.ndarray, "rows rows"]:
        # Kept, because to find one takes longer than to draw a track.
        if kind not in self._factors:
            lags = max(0, int(self._lengths[kind]) - 1)
            self._factors[kind] = noise_factor(self._correlations[kind, :lags].astype(np.float64))
        return self._factors[kind]

    def save(self, path: Path, /) -> None:
        with temporary_folder() as folder:
            self.base.save(folder / _BASE)
            base = np.fromfile(folder / _BASE, dtype=np.uint8)
            record = _read_record(folder / _BASE)
        arrays = {"base": base, "correlations": self._correlations, "lengths": self._lengths}
        document = {"generator": self._name, "record": record}
        save_file(arrays, path, metadata={RECORD: json.dumps(document, sort_keys=True)})


def read_tracks(
    path: Path, name: str, load_base: Callable[[Path], NoiseGenerator]
) -> CoherentTracks:
    """Read what :meth:`CoherentTracks.save` wrote.

    Args:
        name: Name of the generator that must have made the file.
        load_base: Loads the generator of single fingerprints from a file of its own.

    Raises:
        FpbenchError: The file is damaged, or another generator made it.
    """
    saved = load_arrays(path, name, {"base", "correlations", "lengths"})
    correlations, lengths = saved["correlations"], saved["lengths"]
    fits = (
        saved["base"].dtype == np.uint8
        and correlations.ndim == 2
        and lengths.dtype == np.int64
        and lengths.shape == correlations.shape[:1]
        and len(lengths) > 0
        and bool(((lengths >= 1) & (lengths <= correlations.shape[1] + 1)).all())
        and bool((np.abs(correlations) <= 1).all())
    )
    if not fits:
        raise FpbenchError(
            f"'{path}' does not hold the tracks of a {name} generator",
            hint=f"fit it again with `--generator {name}`",
        )
    with temporary_folder() as folder:
        saved["base"].tofile(folder / _BASE)
        try:
            base = load_base(folder / _BASE)
        except FpbenchError as err:
            raise FpbenchError(
                f"'{path}' does not hold a generator that {name} can read: {err.message}",
                hint=f"fit it again with `--generator {name}`",
            ) from err
    return CoherentTracks(name, base, correlations, lengths)


def track_correlations(
    similarities: Float64[np.ndarray, "kinds lags"],
    correlations: Callable[[Float64[np.ndarray, "kinds lags"]], Float64[np.ndarray, "kinds lags"]],
) -> Float32[np.ndarray, "kinds lags"]:
    """Correlations of the noise for measured similarities; 0 beyond the end of a track."""
    known = np.isfinite(similarities)
    found = correlations(np.where(known, similarities, 0.0))
    return np.where(known, found, 0.0).astype(np.float32)


def _read_record(path: Path) -> dict[str, Any]:
    """What a generator says of its fit, in its own file; empty if it says nothing."""
    try:
        document = parse_json(read_metadata(path).get(RECORD, "{}"))
    except ValueError:
        return {}
    record = document.get("record", {}) if isinstance(document, dict) else {}
    return record if isinstance(record, dict) else {}
