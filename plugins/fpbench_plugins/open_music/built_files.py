"""The record of a build: what was made of which source."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fpbench import FpbenchError, read_table
from fpbench.files import atomic_file

RECORD = "built.csv"
"""Name of the record in the folder of the set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltFile:
    """A file that a build made.

    Args:
        path: Path in the set's folder.
        sha256: Of the file.
        source_commit: Full name of the commit that has its source.
        source_sha256: Of the source.
        distance_db: Distance of its levels from the listed ones.
    """

    path: str
    sha256: str
    source_commit: str
    source_sha256: str
    distance_db: str


_COLUMNS = tuple(field.name for field in fields(BuiltFile))


def read_built(folder: Path) -> dict[str, BuiltFile]:
    """What earlier builds made in a folder, by path; nothing if there was none.

    Raises:
        FpbenchError: The record cannot be read.
    """
    record = folder / RECORD
    if not record.exists():
        return {}
    try:
        rows = [
            BuiltFile(**dict(zip(_COLUMNS, cells, strict=True)))
            for _, cells in read_table(record, _COLUMNS)
        ]
    except FpbenchError as err:
        raise FpbenchError(err.message, hint=f"remove {record} and build again") from err
    return {row.path: row for row in rows}


def write_built(folder: Path, built: Mapping[str, BuiltFile]) -> None:
    """Write the record."""
    _write_rows(folder / RECORD, [asdict(built[path]) for path in sorted(built)])


def write_manifest(folder: Path, rows: list[dict[str, str]]) -> None:
    """Write the table for the dataset ``manifest``, which also says whom to name."""
    _write_rows(folder / "manifest.csv", rows)


def _write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    if not rows:
        return
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with atomic_file(path, durable=False) as file:
        file.write(text.getvalue().encode())
