"""A fitted generator on disk: one safetensors file, and beside it JSON on how it came about."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from fpbench.errors import FpbenchError
from fpbench.files import atomic_path, json_safe, write_json
from fpbench.hashing import file_sha256
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.generators import FingerprintGenerator
from fpbench.plugin.loading import PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRecord:
    """How a generator came about.

    Args:
        generator: The entry that made it, and that can load it.
        settings: What was set otherwise than published.
        seed: Of the fit.
        device: It was fitted on.
        dtype: Of the arithmetic.
        fingerprints: Name of the file it was fitted to.
        fingerprints_sha256: Of that file.
        rows: Of that file that it was fitted to.
        dim: Of a row.
        generator_sha256: Of the safetensors file.
        history: What the plugin noted on the way, one object per judgement; may be empty.
    """

    generator: str
    settings: Mapping[str, str]
    seed: int
    device: str
    dtype: str
    fingerprints: str
    fingerprints_sha256: str
    rows: int
    dim: int
    generator_sha256: str
    history: Sequence[Mapping[str, float]]


def save_generator(generator: FingerprintGenerator, path: Path) -> None:
    """Have a generator write itself, so that the file is whole or not there at all.

    Raises:
        FpbenchError: The folder cannot be written.
    """
    with atomic_path(path, ".safetensors") as temporary:
        generator.save(temporary)


def write_record(record: FitRecord, path: Path) -> None:
    """Write the JSON beside generator file ``path``."""
    write_json(record_path(path), json_safe(dataclasses.asdict(record)))


def record_path(path: Path) -> Path:
    """Where the record of a generator file is."""
    return path.with_suffix(".json")


def is_fitted_to(path: Path, fingerprints: Path) -> bool:
    """Whether a generator was fitted to this very file, by the record beside it.

    Raises:
        FpbenchError: The fingerprints cannot be read.
    """
    digest = _read_record(path).get("fingerprints_sha256")
    return digest is not None and digest == file_sha256(fingerprints)


def read_history(path: Path) -> list[dict[str, float]]:
    """The judgements that a plugin kept inside its generator file; empty if it kept none.

    They are ``record.history`` of the JSON under the metadata key ``fpbench``.
    """
    history = _read_metadata(path).get("record", {}).get("history", [])
    return list(history)


def load_generator(
    path: Path, catalog: Catalog, settings: Settings, name: str | None = None
) -> FingerprintGenerator:
    """Load a fitted generator.

    Args:
        path: What ``fpbench fit`` wrote, or a file that the named generator can read.
        name: Of its entry; None to look it up in the record, or in the file itself.

    Raises:
        FpbenchError: No such file, it is damaged, nothing says which generator made it, or it says
            another one than ``name``.
    """
    if not path.is_file():
        raise FpbenchError(f"there is no generator '{path}'", hint="make one with `fpbench fit`")
    recorded = _read_name(path)
    name = name or recorded
    if name is None:
        raise FpbenchError(
            f"nothing says which generator made '{path}'", hint="add --generator NAME"
        )
    offer, _ = catalog.offer("generator", name)
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


def _read_name(path: Path) -> str | None:
    """From the JSON beside a generator, else from the file itself; None if neither says."""
    for recorded in (_read_record(path), _read_metadata(path)):
        name = recorded.get("generator")
        if isinstance(name, str):
            return name
    return None


def _read_record(path: Path) -> dict[str, Any]:
    """The JSON beside a generator; empty if there is none."""
    try:
        found = json.loads(record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read_metadata(path: Path) -> dict[str, Any]:
    """The JSON under metadata key ``fpbench`` of a safetensors file; empty if there is none."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > min(path.stat().st_size, 100_000_000):
                return {}
            header = json.loads(file.read(length))
        found = json.loads(header["__metadata__"]["fpbench"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}
