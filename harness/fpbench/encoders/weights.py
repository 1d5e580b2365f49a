"""Weights files: safetensors with metadata about fingerprinter, network and origin."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from logging import getLogger
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from fpbench.cache import Store
from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.files import write_output
from fpbench.json_documents import parse_json
from fpbench.tensor_files import read_tensors

logger = getLogger(__name__)

FORMAT = 1
SUFFIX = ".safetensors"

_KEY = "fpbench"  # a single metadata entry, because the order of several is not deterministic

_ADVICE = "make the file with `fpbench weights import` or `fpbench train`"

Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsInfo:
    """The metadata of a weights file.

    Args:
        fingerprinter: Name of the fingerprinter that can load the file.
        config: Settings of the network.
        source: The file that was imported, or the program that made the weights.
        source_sha256: Hash of the imported file; of the index file if there are several.
        origin: Download address of the imported file.
        licence: Licence of the weights; None if it is unknown.
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
    text = json.dumps({"format": FORMAT} | asdict(info), sort_keys=True)
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    write_output(path, save(arrays, metadata={_KEY: text}))


def read_info(path: Path) -> WeightsInfo:
    """Read a weights file's metadata without its tensors.

    Raises:
        FpbenchError: The file is not a weights file of fpbench, or is damaged.
    """
    return _read(path, tensors=False)[1]


def load_weights(path: Path, fingerprinter: str) -> tuple[dict[str, np.ndarray], WeightsInfo]:
    """Read a weights file.

    Args:
        fingerprinter: Name of the fingerprinter that the weights must belong to.

    Raises:
        FpbenchError: The file is not a weights file of fpbench, is damaged, or is for another
            fingerprinter.
    """
    tensors, info = _read(path, tensors=True)
    if info.fingerprinter != fingerprinter:
        raise FpbenchError(
            f"{path} holds weights of '{info.fingerprinter}', not of '{fingerprinter}'",
            hint=f"give other weights, or --fingerprinter {info.fingerprinter}",
        )
    return tensors, info


def _read(path: Path, *, tensors: bool) -> tuple[dict[str, np.ndarray], WeightsInfo]:
    if not path.is_file():
        raise FpbenchError(f"no weights file {path}", hint="see `fpbench weights --help`")
    advice = "make one from a checkpoint with `fpbench weights import`"
    file = read_tensors(path, advice=advice, values=tensors)
    if _KEY not in file.metadata:
        raise FpbenchError(
            f"{path} does not name the fingerprinter of its weights",
            hint=_ADVICE,
        )
    if tensors and file.dtypes != ("float32",):
        logger.info("%s holds %s, which become float32", path, " and ".join(file.dtypes))
    return dict(file.tensors), _parse_info(file.metadata[_KEY], path)


def _parse_info(text: str, path: Path) -> WeightsInfo:
    source = f"{path}: metadata"
    try:
        document = parse_json(text)
    except ValueError as err:
        raise FpbenchError(f"{source}: not JSON: {err}", hint=_ADVICE) from err
    fields = dict(convert(document, Mapping[str, object], source, advice=_ADVICE))
    version = fields.pop("format", None)
    if version != FORMAT:
        raise FpbenchError(
            f"{path} has format {version}, but this fpbench reads format {FORMAT}",
            hint="update fpbench",
        )
    return convert(fields, WeightsInfo, source, advice=_ADVICE)
