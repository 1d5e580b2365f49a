"""What plugins hand back, checked once where it comes in."""

import inspect
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float32

from fpbench.errors import FpbenchError
from fpbench.plugin.blame import blame, translate_errors
from fpbench.plugin.datasets import Dataset
from fpbench.plugin.degradations import Degradation
from fpbench.plugin.fingerprinters import Fingerprinter, TrackFingerprinter
from fpbench.plugin.generators import FingerprintGenerator, GeneratorMethod
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.plugin.training import Trainable

_PROTOCOLS: Mapping[str, tuple[type, ...]] = {
    "fingerprinter": (Fingerprinter, TrackFingerprinter),
    "generator": (GeneratorMethod,),
    "index": (BlockIndex, GrowingIndex),
    "dataset": (Dataset,),
    "degradation": (Degradation,),
    "trainable": (Trainable,),
}
"""What an entry of each kind may create."""


_DTYPES = {"ids": np.int64, "keys": np.float32, "scores": np.float32}


def refuse_incomplete(made: object, kind: str, plugin: str, name: str) -> None:
    """Refuse a part of a plugin that lacks something its interface names.

    Args:
        made: What an entry created.
        kind: Of the entry, such as ``index``.
        plugin: What errors call the plugin.
        name: Of the entry.

    Raises:
        FpbenchError: Names what is missing.
    """
    lacks = {protocol.__name__: _missing_members(made, protocol) for protocol in _PROTOCOLS[kind]}
    nearest = min(lacks, key=lambda protocol: len(lacks[protocol]))
    if lacks[nearest]:
        raise FpbenchError(
            f"plugin '{plugin}' breaks a rule: {kind} '{name}' has no {', '.join(lacks[nearest])}",
            hint=f"the interface is fpbench.{nearest}",
        )


def _missing_members(made: object, protocol: type) -> list[str]:
    # Looked up without calling properties, which may be slow or fail before an index is trained.
    return [
        member
        for member in dir(protocol)
        if not member.startswith("_")
        and inspect.getattr_static(made, member, None) is None
        and not hasattr(made, member)
    ]


def search_checked(
    ask: Callable[[], Candidates], plugin: str, *, shape: tuple[int, int], rows: int
) -> Candidates:
    """Ask an index, and refuse what no index may answer.

    Args:
        ask: Searches.
        plugin: What errors call the index's plugin.
        shape: Of each array of the answer: one row for each vector that was looked up.
        rows: In what was searched.

    Raises:
        FpbenchError: It failed, or answered in another shape or dtype, with rows that are not
            there, or with NaN.
    """
    with blame(plugin, f"searching {rows} rows"):
        found: object = ask()
    if not isinstance(found, Candidates):
        raise _broken_answer(plugin, f"answers are Candidates, not {type(found).__name__}")
    for name, dtype in _DTYPES.items():
        array: object = getattr(found, name)
        if not isinstance(array, np.ndarray):
            raise _broken_answer(plugin, f"{name} are a NumPy array, not {type(array).__name__}")
        if (array.dtype, array.shape) != (dtype, shape):
            has = f"{array.dtype} {array.shape}"
            raise _broken_answer(plugin, f"{name} are {np.dtype(dtype)} {shape}, not {has}")
    if found.ids.size and not -1 <= found.ids.min() <= found.ids.max() < rows:
        span = f"{found.ids.min()} to {found.ids.max()}"
        raise _broken_answer(plugin, f"ids are rows searched, 0 to {rows - 1}, or -1, not {span}")
    if np.isnan(found.keys).any() or np.isnan(found.scores).any():
        raise _broken_answer(plugin, "keys and scores are numbers, not NaN")
    return found


def _broken_answer(plugin: str, rule: str) -> FpbenchError:
    return FpbenchError(f"plugin '{plugin}' breaks a rule: {rule}", hint="mend the index's search")


def draw_checked(
    generator: FingerprintGenerator, name: str, rows: int, rng: np.random.Generator
) -> Float32[np.ndarray, "{rows} dim"]:
    """Draw fingerprints, and refuse what no generator may draw.

    May be called from any thread: what the generator prints is not caught.

    Args:
        generator: Any.
        name: What errors call it: its entry or its file.
        rows: How many.
        rng: What they depend on.

    Raises:
        FpbenchError: It failed, or drew another number of rows, another dimension than it says,
            anything but float32, NaN or infinity.
    """
    with translate_errors(f"generator '{name}'", f"drawing {rows} fingerprints"):
        vectors: object = generator.draw(rows, rng)
    if not isinstance(vectors, np.ndarray):
        raise _broken_draw(name, f"draws are a NumPy array, not {type(vectors).__name__}")
    if vectors.dtype != np.float32:
        raise _broken_draw(name, f"draws are float32, not {vectors.dtype}")
    if vectors.shape != (rows, generator.dim):
        raise _broken_draw(
            name, f"draws have the shape ({rows}, {generator.dim}), not {vectors.shape}"
        )
    if not np.isfinite(vectors).all():
        wrong = int(np.count_nonzero(~np.isfinite(vectors).all(axis=1)))
        raise _broken_draw(name, f"draws are finite, but {wrong} of {rows} rows are not")
    return vectors


def _broken_draw(name: str, rule: str) -> FpbenchError:
    return FpbenchError(
        f"generator '{name}' breaks a rule: {rule}",
        hint="fit it again to finite fingerprints, or mend the plugin's draw",
    )
