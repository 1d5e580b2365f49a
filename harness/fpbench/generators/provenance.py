"""The system and the fingerprints that a generator was fitted to, kept in the generator's file."""

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from fpbench.conversion import convert
from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.json_documents import parse_json
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.systems import SystemIdentity, read_identity

KEY = "fpbench_fitted_to"
"""Metadata key. Plugins do not write it; :func:`add_provenance` adds it to their files."""

_LARGEST_HEADER = 100_000_000  # bytes, the limit of safetensors


class NotSafetensorsError(ValueError):
    """A file has no header of safetensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a generator was fitted to.

    Args:
        system: The fingerprinter; None if the fingerprints do not name it.
        rows: Number of fingerprints.
        rows_sha256: Hash of the fingerprints, from :func:`rows_sha256`.
    """

    system: SystemIdentity | None
    rows: int
    rows_sha256: str

    def __str__(self) -> str:
        return f"{self.rows} fingerprints of {self.system or 'a system without a name'}"


def rows_sha256(fingerprints: Vectors, rows_at_once: int = 65_536) -> str:
    """SHA-256 of the rows' bytes, in order and little-endian. A memory map will do."""
    digest = hashlib.sha256()
    for start in range(0, len(fingerprints), rows_at_once):
        chunk = fingerprints[start : start + rows_at_once]
        digest.update(np.ascontiguousarray(chunk, dtype="<f4").data)
    return digest.hexdigest()


def add_provenance(path: Path, provenance: Provenance) -> None:
    """Add the provenance to a safetensors file, in place. Equal files give equal bytes.

    Raises:
        NotSafetensorsError: The file is no safetensors file.
        FpbenchError: The file cannot be written.
    """
    with path.open("rb") as file:
        header = _read_header(file)
        metadata = dict(header.get("__metadata__", {}))
        metadata[KEY] = json.dumps(dataclasses.asdict(provenance), sort_keys=True)
        text = json.dumps({**header, "__metadata__": metadata}).encode()
        text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8 bytes
        with atomic_file(path, durable=False) as out:
            out.write(len(text).to_bytes(8, "little") + text)
            shutil.copyfileobj(file, out)


def read_provenance(path: Path) -> Provenance | None:
    """What a generator was fitted to; None if its file does not say so.

    Raises:
        FpbenchError: The provenance is damaged.
    """
    text = read_metadata(path).get(KEY)
    if text is None:
        return None
    try:
        document = parse_json(text)
    except (ValueError, TypeError) as err:
        raise FpbenchError(
            f"'{path}' has damaged metadata: {err}", hint="make it again with `fpbench fit`"
        ) from err
    if isinstance(document, dict):
        document["system"] = read_identity(document.get("system"), str(path))
    return convert(document, Provenance, str(path), where=KEY)


def refuse_other_system(
    what: str,
    provenance: Provenance | None,
    system: SystemIdentity | None,
    *,
    allow: bool = False,
    hint: str,
) -> bool:
    """Refuse a generator that was fitted to another system than the fingerprints it meets.

    Args:
        what: The generator, for the message.
        provenance: What it was fitted to; None if unknown.
        system: System of the fingerprints; None if unknown.
        allow: Whether another system is allowed.
        hint: An instruction for the error.

    Returns:
        Whether the systems differ. Unknown systems do not count as different: fidelity judges them.

    Raises:
        FpbenchError: They differ, and ``allow`` is false.
    """
    fitted_to = None if provenance is None else provenance.system
    if fitted_to is None or system is None or fitted_to.is_same(system):
        return False
    if not allow:
        raise FpbenchError(
            f"{what} was fitted to fingerprints of {fitted_to}, but these are of {system}",
            hint=hint,
        )
    return True


def read_metadata(path: Path) -> Mapping[str, str]:
    """Metadata of a safetensors file; empty if there is none, or if it is another kind of file."""
    try:
        with path.open("rb") as file:
            metadata = _read_header(file).get("__metadata__", {})
    except (OSError, NotSafetensorsError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _read_header(file: IO[bytes]) -> dict[str, Any]:
    """The header of a file that is open at its start; afterwards it is open at the tensors."""
    size_bytes = int.from_bytes(file.read(8), "little")
    if size_bytes > _LARGEST_HEADER:
        raise NotSafetensorsError(f"its header cannot have {size_bytes} bytes")
    try:
        header = parse_json(file.read(size_bytes).decode())
    except ValueError as err:
        raise NotSafetensorsError(str(err)) from err
    if not isinstance(header, dict):
        raise NotSafetensorsError("its header is not a table")
    return header
