"""Reads a manifest strictly. Errors name file, line, column and value."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fpbench import (
    Dataset,
    FpbenchError,
    ListedFiles,
    Settings,
    Track,
    apply_options,
    read_table,
)
from fpbench.audio.recorded_queries import TABLE, queries_beside
from fpbench.conversion import suggest
from fpbench.listed_files import ListedFile, composed, names_without_folders
from fpbench.tables import show_text
from fpbench.user_paths import expand_path

COLUMNS = ("path", "kind", "split")

GROUPS = ("group", "attribution")
"""Columns that may name the group of each track; the first of them that the manifest has."""

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
        queries: Table of recorded queries, relative to the manifest's folder, with the columns
            query, reference and start_s; none means that there are none.
    """

    queries: str | None = TABLE


def open_dataset(settings: Settings) -> Dataset:
    """The tracks of a manifest, in its order and named by the column ``path``.

    Paths are relative to the manifest's folder; for absolute ones, the name leaves out what all of
    them have in common. Groups of tracks are in the column ``group``, or without it in
    ``attribution``; an empty cell means that the group is unknown. Other columns are ignored.

    Raises:
        FpbenchError: The manifest cannot be read; it lacks a column, or has no music; a row has an
            unknown kind or split; or a file is listed twice or does not exist.
    """
    config = apply_options(ManifestConfig(), settings.options)
    manifest = expand_path(settings.argument or "")
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
    roles: list[tuple[str, str]] = []
    found: list[ListedFile] = []
    first_line: dict[str, int] = {}
    missing: list[tuple[int, str]] = []
    files = ListedFiles(manifest.parent)
    groups: list[tuple[str, ...]] = []
    for line, cells in read_table(manifest, COLUMNS, optional=GROUPS):
        where = f"{manifest}, line {line}"
        refuse_empty(cells[: len(COLUMNS)], where)
        path, kind, split, *names_of_group = cells
        file = files.find(path)
        real = os.path.realpath(file.path if file else manifest.parent / path)
        # Two files whose names look the same are one name in a result, too.
        for key in (real, f"name {file.name if file else path}"):
            if first_line.setdefault(key, line) != line:
                raise FpbenchError(
                    f"{where}: path '{show_text(path)}' is listed twice",
                    hint=f"remove this line or line {first_line[key]}",
                )
        if file is None:
            missing.append((line, path))
            continue
        roles.append(check_kind_and_split(kind, split, where))
        groups.append(tuple(names_of_group))
        found.append(file)
    if missing:
        refuse_missing(manifest, missing, files)
    tracks: dict[tuple[str, str], list[Track]] = {
        (kind, split): [] for kind, splits in SPLITS.items() for split in splits
    }
    names = names_without_folders([file.name for file in found])
    for role, name, file, group in zip(roles, names, found, choose_column(groups), strict=True):
        tracks[role].append(Track(name=name, path=file.path, group=group))
    return tracks


def choose_column(rows: Sequence[Sequence[str]]) -> list[str | None]:
    """The first column with any text, of which empty cells are None."""
    for column in zip(*rows, strict=True):
        if any(column):
            return [composed(cell) or None for cell in column]
    return [None] * len(rows)


def refuse_empty(cells: Sequence[str], where: str) -> None:
    """Refuse a row with an empty cell."""
    if "" in cells:
        raise FpbenchError(
            f"{where}: column '{COLUMNS[cells.index('')]}' is empty",
            hint="fill in " + ", ".join(COLUMNS) + " in every row",
        )


def refuse_missing(
    manifest: Path, missing: Sequence[tuple[int, str]], files: ListedFiles
) -> NoReturn:
    """Refuse a manifest that lists files that do not exist."""
    listed = "; ".join(f"line {line}: {show_text(path)}" for line, path in missing[:5])
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    _, path = missing[0]
    other = files.find_in_other_case(path)
    raise FpbenchError(
        f"{manifest}: {len(missing)} listed files do not exist: {listed}{more}",
        hint=f"the file is called '{other}'; write its capitals as they are"
        if other
        else "correct the paths, which are relative to the manifest's folder",
    )


def check_kind_and_split(kind: str, split: str, where: str) -> tuple[str, str]:
    """The kind and split of a row.

    Raises:
        FpbenchError: One of them is unknown. The message starts with ``where``.
    """
    if kind not in SPLITS:
        raise FpbenchError(
            f"{where}: column 'kind' cannot be '{show_text(kind)}'",
            hint=suggest(kind, SPLITS) + "choose one of " + ", ".join(SPLITS),
        )
    if split not in SPLITS[kind]:
        raise FpbenchError(
            f"{where}: column 'split' cannot be '{show_text(split)}' where kind is '{kind}'",
            hint=suggest(split, SPLITS[kind]) + "choose one of " + ", ".join(SPLITS[kind]),
        )
    return kind, split
