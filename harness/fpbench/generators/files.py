"""Files of a fitted generator: safetensors, and a JSON record of the fit beside it."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from fpbench.errors import FpbenchError
from fpbench.files import atomic_path, write_json
from fpbench.folder_names import change_texts, without_folders
from fpbench.generators.provenance import (
    NotSafetensorsError,
    Provenance,
    add_provenance,
    read_metadata,
)
from fpbench.hashing import file_sha256
from fpbench.json_documents import json_safe, parse_json, read_json
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.loading import PREFIX

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRecord:
    """Record of a fit.

    Args:
        generator: Name of the generator that was fitted, and that can load the file.
        settings: Options that differ from the defaults.
        seed: Seed of the fit.
        device: Device of the fit.
        dtype: Floating-point type of the arithmetic.
        fingerprints: Name of the file with the real fingerprints.
        fingerprints_sha256: Hash of that file.
        system: The fingerprinter, in words; None if the fingerprints do not name it.
        rows: Number of fingerprints in the fit.
        dim: Dimension of a fingerprint.
        generator_sha256: Hash of the safetensors file.
        history: Statistics that the plugin recorded during the fit; may be empty.
    """

    generator: str
    settings: Mapping[str, str]
    seed: int
    device: str
    dtype: str
    fingerprints: str
    fingerprints_sha256: str
    system: str | None = None
    rows: int
    dim: int
    generator_sha256: str
    history: Sequence[Mapping[str, float]]


def save_generator(
    generator: FingerprintGenerator, path: Path, provenance: Provenance | None = None
) -> None:
    """Save a generator atomically, with what it was fitted to.

    Raises:
        FpbenchError: The folder cannot be written.
    """
    with atomic_path(path, ".safetensors") as temporary:
        generator.save(temporary)
        if provenance is None:
            return
        try:
            add_provenance(temporary, provenance)
        except NotSafetensorsError:  # a plugin that breaks a rule; its draws are checked elsewhere
            logger.warning("%s is no safetensors file, so it does not name its system", path)


def write_record(record: FitRecord, path: Path) -> None:
    """Write the JSON beside generator file ``path``."""
    shown = change_texts(record, without_folders)
    write_json(record_path(path), json_safe(dataclasses.asdict(shown)))


def record_path(path: Path) -> Path:
    """Path of the record of a generator file."""
    return path.with_suffix(".json")


def is_fitted_to(path: Path, fingerprints: Path) -> bool:
    """Whether a generator was fitted to this file, according to the record beside it.

    Raises:
        FpbenchError: The fingerprints cannot be read.
    """
    digest = _read_record(path).get("fingerprints_sha256")
    return digest is not None and digest == file_sha256(fingerprints)


def read_history(path: Path) -> list[dict[str, float]]:
    """The history that a plugin stored in its generator file; empty if it stored none.

    It is ``record.history`` of the JSON under the metadata key ``fpbench``.
    """
    history = _read_metadata(path).get("record", {}).get("history", [])
    return list(history)


def load_generator(
    path: Path, catalog: Catalog, settings: Settings, name: str | None = None
) -> FingerprintGenerator:
    """Load a fitted generator.

    Args:
        path: File from ``fpbench fit``, or another file that the named generator can read.
        name: Name of the generator; None reads it from the record or from the file.

    Raises:
        FpbenchError: The file does not exist or is damaged, neither record nor file names the
            generator, or they name another one than ``name``.
    """
    if not path.is_file():
        raise FpbenchError(f"there is no generator '{path}'", hint="make one with `fpbench fit`")
    recorded = read_name(path)
    name = name or recorded
    if name is None:
        raise FpbenchError(
            f"'{path}' and its record do not name the generator", hint="add --generator NAME"
        )
    try:
        offer, _ = catalog.offer("generator", name)
    except FpbenchError as err:
        if name != recorded or not name.startswith(PREFIX):
            raise
        raise FpbenchError(  # the record does not say in which folder the plugin was
            f"'{path}' was made by generator '{name}': {err.message}",
            hint=f"give that file with --generator {PREFIX}PATH",
        ) from err
    known = recorded is not None and not recorded.startswith(PREFIX)
    if known and recorded not in (name, offer.entry.name):
        raise FpbenchError(
            f"'{path}' was made by generator '{recorded}', not '{offer.entry.name}'",
            hint=f"add --generator {recorded}",
        )
    method = catalog.generator(name, settings)
    with blame(offer.source.plugin, f"loading '{path}'"):
        try:
            return method.load(path)
        except (SafetensorError, OSError) as err:
            raise FpbenchError(
                f"cannot read generator '{path}': {err}", hint="make it again with `fpbench fit`"
            ) from err


def read_name(path: Path) -> str | None:
    """The generator's name from the record or from the file itself; None if neither names it."""
    for recorded in (_read_record(path), _read_metadata(path)):
        name = recorded.get("generator")
        if isinstance(name, str):
            return name
    return None


def _read_record(path: Path) -> dict[str, Any]:
    """The JSON beside a generator; empty if there is none."""
    try:
        record = read_json(record_path(path))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _read_metadata(path: Path) -> dict[str, Any]:
    """The JSON under metadata key ``fpbench`` of a safetensors file; empty if there is none."""
    try:
        metadata = parse_json(read_metadata(path).get("fpbench", "{}"))
    except (ValueError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
