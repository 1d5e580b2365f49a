"""Converts the checkpoints that authors publish to safetensors, without running their code."""

import pickle
import re
import struct
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.encoders.archives import find_checkpoint
from fpbench.encoders.tensor_bundle import TensorBundle
from fpbench.encoders.weights import WeightsInfo
from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.plugin.checkpoints import Checkpoint, TensorRule

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_LISTED = 5


@dataclass(frozen=True, slots=True)
class OpenCheckpoint:
    """Tensors of a checkpoint: shapes by name, and a function that reads values."""

    file: Path
    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]


def import_checkpoint(
    layout: Checkpoint, path: Path, *, member: str | None = None, origin: str | None = None
) -> tuple[dict[str, np.ndarray], WeightsInfo]:
    """Read a checkpoint of the authors and convert its tensors by the rules of the layout.

    Args:
        layout: Layout of the checkpoint.
        path: Prefix or index of a TensorFlow checkpoint, a torch file, or a folder or archive that
            contains one of these.
        member: End of the path of the checkpoint to import, if there are several.
        origin: Address that the checkpoint was downloaded from.

    Raises:
        FpbenchError: There is no checkpoint, it is damaged, contains code, or has other tensors
            than the layout, which the message lists.
    """
    open_checkpoint = _open_tensorflow if layout.format == "tensorflow" else _open_torch
    with find_checkpoint(path, layout.format, member) as checkpoint_path:
        checkpoint = open_checkpoint(checkpoint_path, layout)
        sources = _match_rules(layout, checkpoint.shapes, path)
        tensors = _convert(sources, checkpoint, path)
        source = path if path.is_file() else checkpoint.file
        info = WeightsInfo(
            fingerprinter=layout.fingerprinter,
            config=layout.config,
            source=source.name,
            source_sha256=file_sha256(source),
            origin=origin,
            licence=layout.licence,
        )
    return tensors, info


def _open_tensorflow(prefix: Path, layout: Checkpoint) -> OpenCheckpoint:
    bundle = TensorBundle(prefix)
    names = {
        name.removesuffix(_SUFFIX).removeprefix(layout.optional_prefix): name
        for name in bundle.entries
        if name.endswith(_SUFFIX)
    }
    return OpenCheckpoint(
        bundle.index_path,
        {name: bundle.entries[raw].shape for name, raw in names.items()},
        lambda name: bundle.read(names[name]),
    )


def _open_torch(path: Path, layout: Checkpoint) -> OpenCheckpoint:
    content = _unpickle(path)
    if layout.state_key is not None and isinstance(content, Mapping):
        content = content.get(layout.state_key, content)
    if not isinstance(content, Mapping):
        raise FpbenchError(
            f"{path.name} holds no tensors by name, but one {type(content)}",
            hint="use the authors' checkpoint of the network",
        )
    arrays = {
        str(name).removeprefix(layout.optional_prefix): value.numpy()
        for name, value in content.items()
        if hasattr(value, "numpy")
    }
    return OpenCheckpoint(path, {name: a.shape for name, a in arrays.items()}, arrays.__getitem__)


def _unpickle(path: Path) -> Any:
    """Load a torch file; refuse everything but tensors and plain numbers."""
    import torch
    from numpy._core.multiarray import _reconstruct, scalar

    # Types in optimiser states and score lists of NumPy 1 and 2. None of them runs code.
    safe: list[Any] = [np.ndarray, np.dtype, _encode()]
    safe += [type(np.dtype(kind)) for kind in ("f8", "f4", "i8", "i4", "?")]
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
        safe += [(_reconstruct, f"{module}._reconstruct"), (scalar, f"{module}.scalar")]
    try:
        with torch.serialization.safe_globals(safe), warnings.catch_warnings():
            # The warning is about rare pickle protocols; torch refuses what it cannot read.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as err:
        if "Unsupported global" in str(err) or "GLOBAL" in str(err):
            raise FpbenchError(
                f"{path.name} contains code, which was not run: {_first_line(err)}",
                hint="do not trust this file; get a checkpoint without code from its authors",
            ) from err
        raise _damaged_error(path, err) from err
    except (
        *(RuntimeError, EOFError, OSError, ValueError, TypeError, LookupError),
        *(AttributeError, ArithmeticError, AssertionError, struct.error),
    ) as err:
        raise _damaged_error(path, err) from err


def _encode() -> Callable[..., bytes]:
    # Older pickle protocols use this function for bytes; its module is private.
    from _codecs import encode

    return encode


def _damaged_error(path: Path, err: Exception) -> FpbenchError:
    return FpbenchError(
        f"{path.name} is not a torch file, or is damaged: {_first_line(err)}",
        hint="fetch or copy it again",
    )


def _first_line(err: Exception) -> str:
    lines = [line.strip() for line in str(err).splitlines() if line.strip()]
    causes = [line for line in lines if "Unsupported" in line or "GLOBAL" in line]
    return (causes or lines or [type(err).__name__])[0][:200]


# ---------------------------------------------------------------- rules


def _match_rules(
    layout: Checkpoint, shapes: Mapping[str, tuple[int, ...]], path: Path
) -> dict[str, list[tuple[str, TensorRule]]]:
    """The source names and rules of each target."""
    sources: dict[str, list[tuple[str, TensorRule]]] = {}
    missing: list[str] = []
    misshapen: list[str] = []
    known: set[str] = set()
    for rule in layout.tensors():
        names = (rule.source, *rule.aliases)
        known.update(names)
        name = next((name for name in names if name in shapes), None)
        if name is None:
            missing.append(rule.source)
        elif tuple(shapes[name]) != rule.shape:
            misshapen.append(f"{name} is {tuple(shapes[name])}, not {rule.shape}")
        else:
            sources.setdefault(rule.target, []).append((name, rule))
    ignored = re.compile("|".join(f"(?:{pattern})" for pattern in layout.ignored) or r"(?!)")
    unexpected = [name for name in shapes if name not in known and not ignored.fullmatch(name)]
    faults = [
        f"\n  {len(names)} tensors {fault}: {_shorten(names)}"
        for fault, names in (
            ("missing", missing),
            ("unexpected", unexpected),
            ("of wrong shape", misshapen),
        )
        if names
    ]
    if faults:
        raise FpbenchError(
            f"{path} does not fit '{layout.fingerprinter}':" + "".join(faults),
            hint="use the checkpoint of this fingerprinter in the published configuration",
        )
    return sources


def _shorten(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _convert(
    sources: Mapping[str, Sequence[tuple[str, TensorRule]]], checkpoint: OpenCheckpoint, path: Path
) -> dict[str, np.ndarray]:
    tensors = {}
    for target, parts in sources.items():
        arrays = [_apply_rule(checkpoint.read(name), name, rule, path) for name, rule in parts]
        tensors[target] = arrays[0] if len(arrays) == 1 else np.stack(arrays)
    return tensors


def _apply_rule(array: np.ndarray, name: str, rule: TensorRule, path: Path) -> np.ndarray:
    if array.dtype.kind != "f" or not np.isfinite(array).all():
        raise FpbenchError(
            f"{path}: tensor '{name}' has values that are not finite floating-point numbers",
            hint="use an earlier checkpoint: the training that wrote this one has probably failed",
        )
    array = array.astype(np.float32)
    if rule.axes is not None:
        array = array.transpose(rule.axes)
    if rule.target_shape is not None:
        array = array.reshape(rule.target_shape)
    return array
