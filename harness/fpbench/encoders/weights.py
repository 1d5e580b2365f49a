"""Weights files: safetensors with metadata on fingerprinter, network and origin."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fpbench.cache import Store
from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file

FORMAT = 1
SUFFIX = ".safetensors"

_KEY = "fpbench"  # one entry, because the order of several would not be the same in every file

_ADVICE = "make the file with `fpbench weights import` or `fpbench train`"

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInfo:
    """The metadata of a weights file.

    Args:
        fingerprinter: Name of the entry that can load it.
        config: Settings that the network must be built with.
        source: The file that it was imported from, or what made it.
        source_sha256: Of that file; of the index file if there are several.
        origin: Where that file can be downloaded.
        licence: None if it is unknown.
    """

    fingerprinter: str
    config: Mapping[str, object]
    source: str
    source_sha256: str | None = None
    origin: str | None = None
    licence: str | None = None


def weights_folder() -> Path:
    """The folder into which weights are downloaded."""
    return Store.open().root / "weights"


def write_weights(path: Path, tensors: Tensors, info: WeightsInfo) -> None:
    """Write a weights file; equal tensors and info give equal bytes.

    Raises:
        FpbenchError: The file cannot be written.
    """
    said = json.dumps({"format": FORMAT} | asdict(info), sort_keys=True)
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    with atomic_file(path) as file:
        file.write(save(arrays, metadata={_KEY: said}))


def read_info(path: Path) -> WeightsInfo:
    """Read a weights file's metadata, and not its tensors.

    Raises:
        FpbenchError: It is not a weights file of fpbench, or it is damaged.
    """
    return _read(path, tensors=False)[1]


def load_weights(path: Path, fingerprinter: str) -> tuple[dict[str, np.ndarray], WeightsInfo]:
    """Read a weights file.

    Args:
        fingerprinter: Name of the entry that it must be for.

    Raises:
        FpbenchError: It is not a weights file of fpbench, is damaged, or is for another
            fingerprinter.
    """
    tensors, info = _read(path, tensors=True)
    if info.fingerprinter != fingerprinter:
        raise FpbenchError(
            f"{path} holds weights of '{info.fingerprinter}', not of '{fingerprinter}'",
            hint=f"take other weights, or --fingerprinter {info.fingerprinter}",
        )
    return tensors, info


def _read(path: Path, *, tensors: bool) -> tuple[dict[str, np.ndarray], WeightsInfo]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            # keys() is a method of the library's own; the object is no mapping.
            names = list(file.keys()) if tensors else []
            arrays = {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as err:
        raise FpbenchError(f"no weights file {path}", hint="see `fpbench weights --help`") from err
    except (SafetensorError, OSError) as err:
        raise FpbenchError(
            f"{path} is not a safetensors file, or is damaged: {err}",
            hint="make one from a checkpoint with `fpbench weights import`",
        ) from err
    if _KEY not in metadata:
        raise FpbenchError(
            f"{path} does not say which fingerprinter its weights are for",
            hint=_ADVICE,
        )
    return arrays, _parse_info(metadata[_KEY], path)


def _parse_info(text: str, path: Path) -> WeightsInfo:
    source = f"{path}: metadata"
    try:
        said = json.loads(text)
    except json.JSONDecodeError as err:
        raise FpbenchError(f"{source}: not JSON: {err}", hint=_ADVICE) from err
    fields = dict(convert(said, Mapping[str, object], source, advice=_ADVICE))
    version = fields.pop("format", None)
    if version != FORMAT:
        raise FpbenchError(
            f"{path} has format {version}, and this fpbench reads format {FORMAT}",
            hint="update fpbench",
        )
    return convert(fields, WeightsInfo, source, advice=_ADVICE)
