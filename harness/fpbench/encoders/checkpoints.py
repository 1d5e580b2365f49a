"""Converts the checkpoints that authors publish to safetensors, without running their code."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fpbench.encoders.archives import find_checkpoint
from fpbench.encoders.pickles import CodeInPickleError
from fpbench.encoders.tensor_bundle import TensorBundle
from fpbench.encoders.torch_files import open_torch_file
from fpbench.encoders.torch_tensors import TorchTensor
from fpbench.encoders.weights import WeightsInfo
from fpbench.errors import FpbenchError
from fpbench.hashing import file_sha256
from fpbench.plugin.checkpoints import Checkpoint, TensorRule
from fpbench.stand_ins import refuse_stand_in

_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
_LISTED = 5

# A checkpoint of a training has for each weight two moments of Adam, and perhaps a mean and a
# copy, in float32 or float64; and counters, scores and a description of the network.
_BYTES_PER_WEIGHT = 40
_OTHER_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class OpenCheckpoint:
    """Tensors of a checkpoint: shapes by name, and a function that reads values."""

    file: Path
    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]


def size_limit(layout: Checkpoint) -> int:
    """Largest size of a genuine checkpoint of this layout, in bytes, unpacked."""
    weights = sum(math.prod(rule.shape) for rule in layout.tensors())
    return _BYTES_PER_WEIGHT * weights + _OTHER_BYTES


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
        FpbenchError: There is no checkpoint, it is damaged, is larger than one of this layout can
            be, contains code, or has other tensors than the layout, which the message lists.
    """
    limit = size_limit(layout)
    open_checkpoint = _open_tensorflow if layout.format == "tensorflow" else _open_torch
    with (
        find_checkpoint(path, layout.format, member, limit) as checkpoint_path,
        open_checkpoint(checkpoint_path, layout, limit) as checkpoint,
    ):
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


@contextmanager
def _open_tensorflow(prefix: Path, layout: Checkpoint, _limit: int) -> Iterator[OpenCheckpoint]:
    bundle = TensorBundle(prefix)
    names = {
        name.removesuffix(_SUFFIX).removeprefix(layout.optional_prefix): name
        for name in bundle.entries
        if name.endswith(_SUFFIX)
    }
    yield OpenCheckpoint(
        bundle.index_path,
        {name: bundle.entries[raw].shape for name, raw in names.items()},
        lambda name: bundle.read(names[name]),
    )


@contextmanager
def _open_torch(path: Path, layout: Checkpoint, limit: int) -> Iterator[OpenCheckpoint]:
    with ExitStack() as stack:
        refuse_stand_in(path)
        with _torch_errors(path):
            file = stack.enter_context(open_torch_file(path, limit))
        tensors = _named_tensors(file.content, layout, path)

        def read(name: str) -> np.ndarray:
            with _torch_errors(path):
                return file.read(tensors[name])

        yield OpenCheckpoint(path, {name: t.shape for name, t in tensors.items()}, read)


@contextmanager
def _torch_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except CodeInPickleError as err:
        raise FpbenchError(
            f"{path.name} contains code, which was not run: {err}",
            hint="do not trust this file; get a checkpoint without code from its authors",
        ) from err
    except (ValueError, OSError) as err:
        raise FpbenchError(
            f"{path.name} is not a torch file, or is damaged: {err}",
            hint="fetch or copy it again",
        ) from err


def _named_tensors(content: object, layout: Checkpoint, path: Path) -> dict[str, TorchTensor]:
    if layout.state_key is not None and isinstance(content, Mapping):
        content = content.get(layout.state_key, content)
    if not isinstance(content, Mapping):
        raise FpbenchError(
            f"{path.name} holds no tensors by name, but one {type(content).__name__}",
            hint="use the authors' checkpoint of the network",
        )
    return {
        str(name).removeprefix(layout.optional_prefix): value
        for name, value in content.items()
        if isinstance(value, TorchTensor)
    }


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
