"""A fitted generator on disk: one safetensors file, and beside it JSON on how it came about."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fpbench.catalog import Catalog, blaming
from fpbench.errors import FpbenchError
from fpbench.interfaces import FingerprintGenerator, Settings
from fpbench.store import atomic_file


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
        rows: In that file.
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
    temporary = path.with_name(f".{path.stem}.saving.safetensors")
    try:
        generator.save(temporary)
        temporary.replace(path)
    except OSError as err:
        raise FpbenchError(
            f"cannot write {path}: {err.strerror}", hint="check that its folder exists"
        ) from err
    finally:
        temporary.unlink(missing_ok=True)


def write_record(record: FitRecord, path: Path) -> None:
    """Write the JSON beside generator file ``path``."""
    text = json.dumps(dataclasses.asdict(record), indent=1, sort_keys=True) + "\n"
    with atomic_file(record_path(path)) as file:
        file.write(text.encode())


def record_path(path: Path) -> Path:
    """Where the record of a generator file is."""
    return path.with_suffix(".json")


def history_in(path: Path) -> list[dict[str, float]]:
    """The judgements that a plugin kept inside its generator file; empty if it kept none.

    They are ``record.history`` of the JSON under the metadata key ``fpbench``.
    """
    history = _metadata(path).get("record", {}).get("history", [])
    return list(history)


def load_generator(
    path: Path, catalog: Catalog, settings: Settings, name: str | None = None
) -> FingerprintGenerator:
    """Load a fitted generator.

    Args:
        path: What ``fpbench fit`` wrote, or a file that the named generator can read.
        name: Of its entry; None to look it up in the record, or in the file itself.

    Raises:
        FpbenchError: No such file, or nothing says which generator made it.
    """
    if not path.is_file():
        raise FpbenchError(f"there is no generator '{path}'", hint="make one with `fpbench fit`")
    name = name or _recorded_name(path)
    if name is None:
        raise FpbenchError(
            f"nothing says which generator made '{path}'", hint="add --generator NAME"
        )
    method = catalog.generator(name, settings)
    offer, _ = catalog.offer("generator", name)
    with blaming(offer.source.plugin, f"loading '{path}'"):
        return method.load(path)


def _recorded_name(path: Path) -> str | None:
    try:
        recorded = json.loads(record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        recorded = _metadata(path)
    name = recorded.get("generator") if isinstance(recorded, dict) else None
    return name if isinstance(name, str) else None


def _metadata(path: Path) -> dict[str, Any]:
    """The JSON under metadata key ``fpbench`` of a safetensors file; empty if there is none."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(path.stat().st_size, 100_000_000):
            return {}
        try:
            header = json.loads(file.read(length))
            found: dict[str, Any] = json.loads(header["__metadata__"]["fpbench"])
        except (ValueError, KeyError, TypeError):
            return {}
    return found
