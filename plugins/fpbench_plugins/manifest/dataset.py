"""Reads a manifest strictly: what is wrong is named by file, line, column and value."""

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from fpbench import Dataset, FpbenchError, Settings, Track, refuse_settings

COLUMNS = ("path", "kind", "split")

SPLITS = {
    "music": ("train", "generator", "test"),
    "noise": ("train", "test"),
    "ir": ("train", "test"),
    "speech": ("train", "test"),
}
"""What each kind can be divided into."""


def open_dataset(settings: Settings) -> Dataset:
    """The tracks of a manifest, in its order, named by the ``path`` column.

    Paths are relative to the manifest's folder. Further columns are ignored.

    Raises:
        FpbenchError: The manifest cannot be read, lacks a column or any music, or has a row with
            an unknown kind or split, a file twice, or one that does not exist.
    """
    refuse_settings(settings, "manifest")
    manifest = Path(settings.argument or "").expanduser()
    if not manifest.is_file():
        raise FpbenchError(f"there is no manifest '{manifest}'", hint="give the path of a CSV file")
    tracks: dict[tuple[str, str], list[Track]] = {
        (kind, split): [] for kind, splits in SPLITS.items() for split in splits
    }
    first_line: dict[str, int] = {}
    missing = []
    for line, row in numbered_rows(manifest):
        path = row["path"]
        file = manifest.parent / path
        real = os.path.realpath(file)
        if real in first_line:
            raise FpbenchError(
                f"{manifest}, line {line}: path '{path}' is listed twice",
                hint=f"it is on line {first_line[real]} already; remove one of the two",
            )
        first_line[real] = line
        if not file.is_file():
            missing.append(f"line {line}: {path}")
        tracks[kind_and_split(row, f"{manifest}, line {line}")].append(Track(name=path, path=file))
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise FpbenchError(
            f"{manifest}: {len(missing)} listed files do not exist: {'; '.join(missing[:5])}{more}",
            hint="paths are relative to the manifest's folder",
        )
    if not any(tracks["music", split] for split in SPLITS["music"]):
        raise FpbenchError(f"{manifest}: no row has kind 'music'", hint="list some music")
    return Dataset(
        name=f"manifest:{settings.argument}",
        reference=tracks["music", "test"],
        distractors=tracks["music", "generator"],
        train=tracks["music", "train"],
        noise=tracks["noise", "test"],
        impulse_responses=tracks["ir", "test"],
        train_noise=tracks["noise", "train"],
        train_impulse_responses=tracks["ir", "train"],
    )


def numbered_rows(manifest: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows below the header, each with its line in the file.

    Raises:
        FpbenchError: Not UTF-8 CSV, or a column of :data:`COLUMNS` is missing, in the header or
            in a row.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            absent = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if absent:
                raise FpbenchError(
                    f"{manifest}, line 1: no column is called '{absent[0]}'",
                    hint="the first line names the columns: " + ",".join(COLUMNS),
                )
            for row in rows:
                empty = [name for name in COLUMNS if not row[name]]
                if empty:
                    raise FpbenchError(
                        f"{manifest}, line {rows.line_num}: column '{empty[0]}' is empty",
                        hint="every row needs " + ", ".join(COLUMNS),
                    )
                yield rows.line_num, row
    except (csv.Error, UnicodeDecodeError) as err:
        raise FpbenchError(f"{manifest}: not CSV in UTF-8: {err}", hint="save it as such") from err


def kind_and_split(row: Mapping[str, str], where: str) -> tuple[str, str]:
    """A row's kind and split.

    Raises:
        FpbenchError: One of them is unknown; the message starts with ``where``.
    """
    kind, split = row["kind"], row["split"]
    if kind not in SPLITS:
        raise FpbenchError(
            f"{where}: column 'kind' cannot be '{kind}'", hint="kinds: " + ", ".join(SPLITS)
        )
    if split not in SPLITS[kind]:
        raise FpbenchError(
            f"{where}: column 'split' cannot be '{split}' where kind is '{kind}'",
            hint=f"splits of {kind}: " + ", ".join(SPLITS[kind]),
        )
    return kind, split
