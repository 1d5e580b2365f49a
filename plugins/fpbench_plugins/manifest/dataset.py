"""Reads a manifest strictly. Errors name file, line, column and value."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fpbench import Dataset, FpbenchError, Settings, Track, apply_options
from fpbench.audio.recorded_queries import TABLE, queries_beside

COLUMNS = ("path", "kind", "split")

SPLITS = {
    "music": ("train", "generator", "test"),
    "noise": ("train", "test"),
    "ir": ("train", "test"),
    "speech": ("train", "test"),
}
"""The possible splits of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestConfig:
    """Where recorded queries are.

    Args:
        queries: Table of recorded queries, relative to the manifest's folder: a CSV file with the
            columns query, reference and start_s; none means that there are none.
    """

    queries: str | None = TABLE


def open_dataset(settings: Settings) -> Dataset:
    """The tracks of a manifest, in its order and named by the column ``path``.

    Paths are relative to the manifest's folder. Other columns are ignored.

    Raises:
        FpbenchError: The manifest cannot be read; it lacks a column, or has no music; a row has an
            unknown kind or split; or a file is listed twice or does not exist.
    """
    config = apply_options(ManifestConfig(), settings.options)
    manifest = Path(settings.argument or "").expanduser()
    if not manifest.is_file():
        raise FpbenchError(f"there is no manifest '{manifest}'", hint="give the path of a CSV file")
    tracks = read_tracks(manifest)
    if not any(tracks["music", split] for split in SPLITS["music"]):
        raise FpbenchError(f"{manifest}: no row has kind 'music'", hint="add rows with music")
    return Dataset(
        name=f"manifest:{settings.argument}",
        reference=tracks["music", "test"],
        distractors=tracks["music", "generator"],
        train=tracks["music", "train"],
        noise=tracks["noise", "test"],
        impulse_responses=tracks["ir", "test"],
        train_noise=tracks["noise", "train"],
        train_impulse_responses=tracks["ir", "train"],
        queries=queries_beside(manifest.parent, config.queries, tracks["music", "test"]),
    )


def read_tracks(manifest: Path) -> dict[tuple[str, str], list[Track]]:
    """The tracks of each kind and split.

    Raises:
        FpbenchError: See :func:`open_dataset`.
    """
    tracks: dict[tuple[str, str], list[Track]] = {
        (kind, split): [] for kind, splits in SPLITS.items() for split in splits
    }
    first_line: dict[str, int] = {}
    missing = []
    for line, row in numbered_rows(manifest):
        path = row["path"]
        file = manifest.parent / path
        if "\0" in path:
            raise FpbenchError(
                f"{manifest}, line {line}: path {path!r} holds a zero byte",
                hint="save the manifest as CSV in UTF-8",
            )
        real = os.path.realpath(file)
        if real in first_line:
            raise FpbenchError(
                f"{manifest}, line {line}: path '{path}' is listed twice",
                hint=f"remove this line or line {first_line[real]}",
            )
        first_line[real] = line
        if not is_file(file):
            missing.append(f"line {line}: {path}")
        tracks[kind_and_split(row, f"{manifest}, line {line}")].append(Track(name=path, path=file))
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise FpbenchError(
            f"{manifest}: {len(missing)} listed files do not exist: {'; '.join(missing[:5])}{more}",
            hint="correct the paths, which are relative to the manifest's folder",
        )
    return tracks


def is_file(path: Path) -> bool:
    """Whether there is such a file; not if its name is too long, or its folder cannot be read."""
    try:
        return path.is_file()
    except OSError:
        return False


def numbered_rows(manifest: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows below the header, each with its line number.

    Raises:
        FpbenchError: The file is not CSV in UTF-8, or a column of :data:`COLUMNS` is missing in
            the header or in a row.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            absent = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if absent:
                raise FpbenchError(
                    f"{manifest}, line 1: no column is called '{absent[0]}'",
                    hint="name the columns in the first line: " + ",".join(COLUMNS),
                )
            for row in rows:
                empty = [name for name in COLUMNS if not row[name]]
                if empty:
                    raise FpbenchError(
                        f"{manifest}, line {rows.line_num}: column '{empty[0]}' is empty",
                        hint="fill in " + ", ".join(COLUMNS) + " in every row",
                    )
                yield rows.line_num, row
    except OSError as err:
        raise FpbenchError(
            f"cannot read {manifest}: {err.strerror}", hint="check its permissions"
        ) from err
    except (csv.Error, UnicodeDecodeError) as err:
        raise FpbenchError(
            f"{manifest}: not CSV in UTF-8: {err}", hint="save it as CSV in UTF-8"
        ) from err


def kind_and_split(row: Mapping[str, str], where: str) -> tuple[str, str]:
    """The kind and split of a row.

    Raises:
        FpbenchError: One of them is unknown. The message starts with ``where``.
    """
    kind, split = row["kind"], row["split"]
    if kind not in SPLITS:
        raise FpbenchError(
            f"{where}: column 'kind' cannot be '{kind}'", hint="choose one of " + ", ".join(SPLITS)
        )
    if split not in SPLITS[kind]:
        raise FpbenchError(
            f"{where}: column 'split' cannot be '{split}' where kind is '{kind}'",
            hint="choose one of " + ", ".join(SPLITS[kind]),
        )
    return kind, split
