"""Checks of what plugins return, made once, where it is returned."""

import inspect
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame, translate_errors
from fpbench.plugin.builders import DatasetBuilder
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import Fingerprinter, TrackFingerprinter
from fpbench.plugin.generators import (
    FingerprintGenerator,
    GeneratorMethod,
    NoiseGenerator,
    TrackGenerator,
)
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.plugin.tasks import Task
from fpbench.plugin.training import Trainable

_PROTOCOLS: Mapping[str, tuple[type, ...]] = {
    "fingerprinter": (Fingerprinter, TrackFingerprinter),
    "generator": (GeneratorMethod,),
    "index": (BlockIndex, GrowingIndex),
    "dataset": (Dataset,),
    "degradation": (Degradation,),
    "trainable": (Trainable,),
    "task": (Task,),
    "builder": (DatasetBuilder,),
}
"""Interfaces that an object of each kind may have."""

_DTYPES = {"ids": np.int64, "keys": np.float32, "scores": np.float32}


def refuse_incomplete(part: object, kind: str, plugin: str, name: str) -> None:
    """Refuse an object of a plugin that lacks members of its interface.

    Args:
        part: Object that an entry created.
        kind: Kind of the entry, such as ``index``.
        plugin: Name of the plugin in errors.
        name: Name of the entry.

    Raises:
        FpbenchError: Members are missing.
    """
    lacks = {protocol.__name__: _missing_members(part, protocol) for protocol in _PROTOCOLS[kind]}
    nearest = min(lacks, key=lambda protocol: len(lacks[protocol]))
    if lacks[nearest]:
        raise FpbenchError(
            f"plugin '{plugin}' breaks a rule: {kind} '{name}' has no {', '.join(lacks[nearest])}",
            hint=f"implement all of fpbench.{nearest}",
        )


def _missing_members(part: object, protocol: type) -> list[str]:
    # Properties are not called: they may be slow, or fail before an index is trained.
    return [
        member
        for member in dir(protocol)
        if not member.startswith("_")
        and inspect.getattr_static(part, member, None) is None
        and not hasattr(part, member)
    ]


def search_checked(
    search: Callable[[], Candidates], plugin: str, *, shape: tuple[int, int], rows: int
) -> Candidates:
    """Search an index, and refuse invalid candidates.

    Args:
        search: Function that searches the index.
        plugin: Name of the plugin in errors.
        shape: Number of queries and of candidates per query.
        rows: Number of rows that are searched.

    Raises:
        FpbenchError: The search fails, or returns another shape or dtype, invalid ids, or NaN.
    """
    with blame(plugin, f"searching {rows} rows"):
        candidates: object = search()
    return check_candidates(candidates, plugin, shape=shape, rows=rows)


def check_candidates(
    candidates: object, plugin: str, *, shape: tuple[int, int], rows: int
) -> Candidates:
    """Refuse invalid candidates.

    Args:
        candidates: What a search returned.
        plugin: Name of its plugin.
        shape: Number of queries and of candidates per query.
        rows: Number of rows that were searched.

    Raises:
        FpbenchError: As for :func:`search_checked`, but for a search that fails.
    """
    if not isinstance(candidates, Candidates):
        kind = type(candidates).__name__
        raise _search_error(plugin, f"search must return Candidates, not {kind}")
    for name, dtype in _DTYPES.items():
        array: object = getattr(candidates, name)
        if not isinstance(array, np.ndarray):
            kind = type(array).__name__
            raise _search_error(plugin, f"{name} must be a NumPy array, not {kind}")
        if (array.dtype, array.shape) != (dtype, shape):
            actual = f"{array.dtype} {array.shape}"
            raise _search_error(plugin, f"{name} must be {np.dtype(dtype)} {shape}, not {actual}")
    ids = candidates.ids
    if ids.size and not -1 <= ids.min() <= ids.max() < rows:
        span = f"{ids.min()} to {ids.max()}"
        raise _search_error(plugin, f"ids must be row numbers 0 to {rows - 1}, or -1, not {span}")
    if np.isnan(candidates.keys).any() or np.isnan(candidates.scores).any():
        raise _search_error(plugin, "keys and scores must be numbers, not NaN")
    return candidates


def _search_error(plugin: str, rule: str) -> FpbenchError:
    return FpbenchError(
        f"plugin '{plugin}' breaks a rule: {rule}", hint="correct the search of the index"
    )


def draw_checked(
    generator: FingerprintGenerator, name: str, rows: int, rng: np.random.Generator
) -> Float32[np.ndarray, "{rows} dim"]:
    """Draw fingerprints, and refuse invalid ones.

    Any thread may call this, because it does not redirect the generator's output.

    Args:
        generator: Generator to draw from.
        name: Name of the generator in errors: its entry or its file.
        rows: Number of fingerprints.
        rng: Random generator of the draw.

    Raises:
        FpbenchError: The draw fails, or has another number of rows, a dimension other than ``dim``,
            a dtype other than float32, NaN or infinity.
    """
    with translate_errors(f"generator '{name}'", f"drawing {rows} fingerprints"):
        vectors: object = generator.draw(rows, rng)
    return _check_draw(vectors, name, rows, generator.dim)


def draw_tracks_checked(
    generator: TrackGenerator,
    name: str,
    kinds: Int64[np.ndarray, " tracks"],
    rng: np.random.Generator,
) -> Float32[np.ndarray, "rows dim"]:
    """Draw a track of each kind, and refuse invalid ones, as :func:`draw_checked` does."""
    rows = int(generator.track_lengths[kinds].sum())
    with translate_errors(f"generator '{name}'", f"drawing {len(kinds)} tracks"):
        vectors: object = generator.draw_tracks(kinds, rng)
    return _check_draw(vectors, name, rows, generator.dim)


def decode_checked(
    generator: NoiseGenerator, name: str, noise: Float32[np.ndarray, "rows noise_dim"]
) -> Float32[np.ndarray, "rows dim"]:
    """Turn noise into fingerprints, and refuse invalid ones, as :func:`draw_checked` does."""
    with translate_errors(f"generator '{name}'", f"decoding {len(noise)} rows of noise"):
        vectors: object = generator.decode(noise)
    return _check_draw(vectors, name, len(noise), generator.dim)


def _check_draw(vectors: object, name: str, rows: int, dim: int) -> Float32[np.ndarray, "rows dim"]:
    if not isinstance(vectors, np.ndarray):
        raise _draw_error(name, f"draws must be a NumPy array, not {type(vectors).__name__}")
    if vectors.dtype != np.float32:
        raise _draw_error(name, f"draws must be float32, not {vectors.dtype}")
    if vectors.shape != (rows, dim):
        raise _draw_error(name, f"draws must have the shape ({rows}, {dim}), not {vectors.shape}")
    if not np.isfinite(vectors).all():
        invalid = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
        raise _draw_error(name, f"draws must be finite, but {invalid} of {rows} rows are not")
    return vectors


def _draw_error(name: str, rule: str) -> FpbenchError:
    return FpbenchError(
        f"generator '{name}' breaks a rule: {rule}",
        hint="fit it again to finite fingerprints, or correct its draw method",
    )
