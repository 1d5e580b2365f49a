"""Tracks and times of ready-made fingerprints, from a table or from arrays."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from fpbench import FpbenchError, Positions, VectorTracks, read_table
from fpbench.listed_files import composed
from fpbench.tables import show_text
from fpbench_plugins.embeddings.matrices import Matrix

TABLE = "tracks.csv"
"""Table with one line for each row of the matrices."""

COLUMNS = ("file", "track", "start_s")
GROUP = "group"

SEGMENT_COLUMNS = ("filename", "intra_segment_id")

_NO_MATCH = ("", "none")


def read_track_table(table: Path, rows: Mapping[str, int]) -> VectorTracks:
    """Read a table with the columns ``file``, ``track``, ``start_s`` and optionally ``group``.

    The lines of a file are in the order of its rows. Without lines of ``query``, row i of query is
    the degraded row i of db. A query whose track is empty or ``none`` matches nothing. All lines of
    a track that name a group name the same one.

    Lines of ``dummy_db`` are left out if there are no such rows.

    Args:
        table: The table.
        rows: Number of rows of each matrix.

    Raises:
        FpbenchError: The table cannot be read, a line is wrong, or lines are missing.
    """
    tracks: dict[str, list[str]] = {name: [] for name in rows}
    start_s: dict[str, list[float]] = {name: [] for name in rows}
    first_line: dict[str, int] = {}
    groups: dict[str, str] = {}
    for line, (file, listed, time, group) in read_table(table, COLUMNS, optional=(GROUP,)):
        where, track = f"{table}, line {line}", composed(listed)
        if file not in rows:
            raise FpbenchError(
                f"{where}: column 'file' cannot be '{show_text(file)}'",
                hint="choose one of " + ", ".join(rows),
            )
        no_match = track.lower() in _NO_MATCH
        if no_match and file != "query":
            raise FpbenchError(f"{where}: column 'track' is empty", hint="name the track")
        tracks[file].append("" if no_match else track)
        start_s[file].append(0.0 if no_match else _seconds(time, where))
        first_line.setdefault(f"{file} {track}", line)
        if group and not no_match and groups.setdefault(track, group) != group:
            raise FpbenchError(
                f"{where}: column 'group' is '{show_text(group)}', but track '{show_text(track)}' "
                f"is also of '{show_text(groups[track])}'",
                hint="name one group for each track, such as its artist",
            )
    if not rows["dummy_db"]:  # it may be absent, for a run without distractors
        tracks["dummy_db"], start_s["dummy_db"] = [], []
    for name, count in rows.items():
        if len(tracks[name]) != count and (tracks[name] or name == "db"):
            raise FpbenchError(
                f"{table} has {len(tracks[name])} lines for {name}, which has {count} rows",
                hint="write one line for each row, in the order of the rows",
            )
    known = set(tracks["db"])
    for track in tracks["query"]:
        if track and track not in known:
            raise FpbenchError(
                f"{table}, line {first_line[f'query {track}']}: no row of db is of track '{track}'",
                hint="use equal names for query and db, or none for a query without a match",
            )
    names = sorted(known | set(tracks["dummy_db"]))
    index = {name: place for place, name in enumerate(names)} | {"": -1}
    positions = {
        name: Positions(
            np.array([index[track] for track in tracks[name]], dtype=np.int64),
            np.array(start_s[name], dtype=np.float64),
        )
        for name in rows
        if tracks[name]
    }
    found = _combine(names, positions, rows, str(table))
    return replace(found, groups=[groups.get(name) for name in names] if groups else None)


def read_segment_tables(folder: Path, rows: Mapping[str, int], hop_s: float) -> VectorTracks:
    """Read the tables that PeakNetFP's tools write beside each matrix.

    A row's track is the name of its file without folders, its time that of its number in the file.

    Args:
        folder: Contains ``db_segments.csv`` and, for other matrices with rows, theirs.
        rows: Number of rows of each matrix.
        hop_s: Time between the starts of neighbouring rows of a track.

    Raises:
        FpbenchError: A table cannot be read, has not one line for each row, or names a query's
            track that the reference does not have.
    """
    tracks: dict[str, list[str]] = {}
    numbers: dict[str, list[int]] = {}
    for name, count in rows.items():
        table = folder / f"{name}_segments.csv"
        if not count or (name != "db" and not table.is_file()):
            continue
        tracks[name], numbers[name] = [], []
        for line, (file, number) in read_table(table, SEGMENT_COLUMNS):
            if not number.strip().isdigit():
                raise FpbenchError(
                    f"{table}, line {line}: column 'intra_segment_id' cannot be "
                    f"'{show_text(number)}'",
                    hint="write whole numbers, counted from 0 in each file",
                )
            tracks[name].append(PurePosixPath(file.replace("\\", "/")).name)
            numbers[name].append(int(number))
        if len(tracks[name]) != count:
            raise FpbenchError(
                f"{table} has {len(tracks[name])} lines, and its matrix has {count} rows",
                hint="write one line for each row, in the order of the rows",
            )
    strangers = sorted(set(tracks.get("query", ())) - set(tracks["db"]))
    if strangers:
        raise FpbenchError(
            f"{folder / 'query_segments.csv'}: no row of db is of track '{strangers[0]}'",
            hint="use equal file names for query and db",
        )
    names = sorted({one for each in tracks.values() for one in each})
    index = {name: place for place, name in enumerate(names)}
    positions = {
        name: Positions(
            np.array([index[track] for track in tracks[name]], dtype=np.int64),
            np.array(numbers[name], dtype=np.float64) * hop_s,
        )
        for name in tracks
    }
    return _combine(names, positions, rows, str(folder / "db_segments.csv"))


def tracks_of_arrays(matrices: Mapping[str, Matrix]) -> VectorTracks | None:
    """Tracks from the arrays ``track``, ``start_s`` and ``tracks`` of archives.

    Tracks of different archives are the same if their names are, or without names their numbers.

    Returns:
        None if no archive has them.

    Raises:
        FpbenchError: Only the queries or the distractors have tracks, or a track number has no
            name.
    """
    with_tracks = {name: one for name, one in matrices.items() if one.track is not None}
    if not with_tracks:
        return None
    if "db" not in with_tracks:
        raise FpbenchError(
            f"'{next(iter(with_tracks.values())).path}' has tracks, but db has none",
            hint="write track and start_s into db.npz, too",
        )
    texts = {name: _track_texts(one) for name, one in with_tracks.items()}
    known = set(texts["db"])
    strangers = [text for text in texts.get("query", ()) if text and text not in known]
    if strangers:
        raise FpbenchError(
            f"'{matrices['query'].path}': no row of db is of track '{strangers[0]}'",
            hint="use equal names in the array 'tracks' of query and db, or the number -1 for a "
            "query without a match",
        )
    names = sorted(known.union(texts.get("dummy_db", ())))
    index = {name: place for place, name in enumerate(names)} | {"": -1}
    positions = {
        name: Positions(
            np.array([index[text] for text in texts[name]], dtype=np.int64),
            np.asarray(one.start_s, dtype=np.float64),
        )
        for name, one in with_tracks.items()
    }
    for name, one in positions.items():
        if not np.isfinite(one.start_s).all():
            raise FpbenchError(
                f"'{matrices[name].path}': start_s is not finite in row "
                f"{int(np.flatnonzero(~np.isfinite(one.start_s))[0])}",
                hint="write seconds from the start of the track",
            )
    rows = {name: len(one.vectors) for name, one in matrices.items()}
    return _combine(names, positions, rows, str(matrices["db"].path))


def _combine(
    names: list[str], positions: Mapping[str, Positions], rows: Mapping[str, int], source: str
) -> VectorTracks:
    reference = positions["db"]
    query = positions.get("query", reference)
    if len(query.track) != rows["query"]:
        raise FpbenchError(
            f"{source} has tracks of db, but query has another number of rows",
            hint="give tracks of query, too, or as many rows as db",
        )
    _refuse_scattered(reference, names, source)
    distractors = positions.get("dummy_db")
    return VectorTracks(
        names=names,
        query=query,
        reference=reference,
        distractors=None if distractors is None else distractors.track,
    )


def _refuse_scattered(reference: Positions, names: list[str], source: str) -> None:
    """Refuse tracks whose rows are not adjacent, or not in order of time."""
    new = np.flatnonzero(np.diff(reference.track) != 0) + 1
    begun = reference.track[np.concatenate([[0], new])] if len(reference.track) else []
    tracks, counts = np.unique(begun, return_counts=True)
    if (counts > 1).any():
        raise FpbenchError(
            f"{source}: the rows of track '{names[int(tracks[counts.argmax()])]}' are not adjacent",
            hint="sort db by track, then by time",
        )
    backwards = np.flatnonzero((np.diff(reference.start_s) <= 0) & (np.diff(reference.track) == 0))
    if len(backwards):
        raise FpbenchError(
            f"{source}: start_s does not increase after row {int(backwards[0])} of db",
            hint="sort db by track, then by time",
        )


def _track_texts(matrix: Matrix) -> list[str]:
    """The name of each row's track, or its number; empty for -1."""
    numbers = [] if matrix.track is None else matrix.track.tolist()
    if matrix.names is None:
        return ["" if number < 0 else str(number) for number in numbers]
    for row, number in enumerate(numbers):
        if number >= len(matrix.names):
            raise FpbenchError(
                f"'{matrix.path}', row {row}: track {number} has no name",
                hint=f"'tracks' has {len(matrix.names)} names, counted from 0",
            )
    return ["" if number < 0 else matrix.names[number] for number in numbers]


def _seconds(text: str, where: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        raise FpbenchError(
            f"{where}: column 'start_s' cannot be '{show_text(text)}'",
            hint="write seconds from the start of the track",
        )
    return seconds
