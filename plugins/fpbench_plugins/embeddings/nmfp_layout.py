"""Reads the folder that NMFP's tools write: a database with a table of tracks, and query files.

| file | content |
| --- | --- |
| ``database/database.mm`` | raw float32, tracks one after the other |
| ``database/database.csv`` | ``audio_path,start_segment,end_segment,emb_dim``, end exclusive |
| ``queries/<xxx>/<id>.npy`` | fingerprints of a query; ``id`` is the stem of its audio |
| ``queries/queries.csv`` | ``audio_path`` and, if known, ``start_segment,end_segment`` |
| ``ground_truth.csv`` | query path, reference path; without it, equal stems belong together |
"""

import csv
import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from fpbench import (
    FpbenchError,
    Positions,
    VectorDataset,
    VectorRecordings,
    VectorTracks,
    read_table,
)
from fpbench_plugins.embeddings.checks import zero_nan
from fpbench_plugins.embeddings.matrices import read_matrix

logger = logging.getLogger(__name__)

_DATABASE = ("audio_path", "start_segment", "end_segment", "emb_dim")


@dataclass(frozen=True, slots=True)
class _Query:
    """A query file: its audio, the database's track, and its first row in that track."""

    audio: str
    track: int
    start_row: int


def is_nmfp_layout(folder: Path) -> bool:
    """Whether a folder has a database and queries as NMFP's tools write them."""
    return (folder / "database" / "database.csv").is_file()


def read_nmfp_layout(folder: Path, hop_s: float, segment_s: float) -> VectorDataset:
    """The database as reference, and all queries one after the other, by their paths.

    Args:
        folder: Contains ``database`` and ``queries``.
        hop_s: Time between the starts of neighbouring rows of a track.
        segment_s: Length of the audio that a row describes.

    Raises:
        FpbenchError: A file is missing or damaged, or the tables do not fit the files.
    """
    names, starts, dim = _read_database_table(folder / "database" / "database.csv")
    path = folder / "database" / "database.mm"
    reference = _read_raw(path, int(starts[-1]), dim)
    queries = _read_queries(folder, names)
    vectors = [_read_query(folder, query.audio, dim) for query in queries]
    rows = np.array([len(one) for one in vectors], dtype=np.int64)
    track = np.repeat(np.arange(len(names)), np.diff(starts))
    within = np.arange(len(track)) - starts[:-1][track]
    recordings = VectorRecordings(
        names=[query.audio for query in queries],
        first_row=np.concatenate([[0], rows.cumsum()])[:-1].astype(np.int64),
        start_row=np.array([query.start_row for query in queries], dtype=np.int64),
    )
    offset = np.arange(rows.sum()) - np.repeat(recordings.first_row, rows)
    start_row = np.repeat(np.maximum(recordings.start_row, 0), rows) + offset
    if (recordings.start_row < 0).any():
        logger.warning(
            "%s: some queries have no start_segment; only rates in the right track mean something",
            folder / "queries" / "queries.csv",
        )
    of_queries = np.repeat(np.array([query.track for query in queries], dtype=np.int64), rows)
    return VectorDataset(
        query=np.concatenate(vectors),
        reference=reference,
        distractors=np.zeros((0, dim), dtype=np.float32),
        hop_s=hop_s,
        segment_s=segment_s,
        tracks=VectorTracks(
            names=names,
            query=Positions(of_queries, start_row * hop_s),
            reference=Positions(track.astype(np.int64), within * hop_s),
        ),
        recordings=recordings,
    )


def _read_database_table(table: Path) -> tuple[list[str], np.ndarray, int]:
    """Names of the tracks, their first rows and the number of all rows, and the dimensions."""
    names, starts, dims = list[str](), [0], set[int]()
    for line, (audio, start, end, dim) in read_table(table, _DATABASE):
        first, last = (_whole(text, table, line) for text in (start, end))
        if first != starts[-1] or last <= first:
            raise FpbenchError(
                f"{table}, line {line}: segments {first} to {last} do not follow {starts[-1]}",
                hint="list the tracks in the order of their rows in database.mm",
            )
        names.append(audio)
        starts.append(last)
        dims.add(_whole(dim, table, line))
    if len(dims) != 1:
        raise FpbenchError(
            f"{table}: emb_dim is {', '.join(map(str, sorted(dims))) or 'nowhere'}",
            hint="extract the database again, with one model",
        )
    if len(set(names)) < len(names):
        raise FpbenchError(f"{table}: a track is listed twice", hint="list each track once")
    return names, np.array(starts, dtype=np.int64), dims.pop()


def _read_raw(path: Path, rows: int, dim: int) -> np.ndarray:
    if not path.is_file() or path.stat().st_size != 4 * rows * dim:
        found = path.stat().st_size if path.is_file() else 0
        raise FpbenchError(
            f"'{path}' has {found} bytes, but its table needs {4 * rows * dim}",
            hint="extract the database again",
        )
    vectors = np.memmap(path, dtype=np.float32, mode="c", shape=(rows, dim))
    zero_nan(vectors, path)
    vectors.flags.writeable = False
    return vectors


def _read_queries(folder: Path, names: list[str]) -> list[_Query]:
    """The query files of the table, sorted by path; those that match no track are left out."""
    table = folder / "queries" / "queries.csv"
    listed = sorted(
        (audio, _whole(start, table, line) if start else -1)
        for line, (audio, start) in read_table(table, ("audio_path",), optional=("start_segment",))
    )
    truth, by_stem = _read_truth(folder), {_stem(name): at for at, name in enumerate(names)}
    queries, lost = [], []
    for audio, start in listed:
        track = by_stem.get(truth.get(_stem(audio), _stem(audio)))
        if track is None:
            lost.append(audio)
        else:
            queries.append(_Query(audio, track, start))
    if lost:
        logger.warning(
            "%d queries match no track of the database and are left out; the first is %s",
            len(lost),
            lost[0],
        )
    if not queries:
        raise FpbenchError(
            f"{table}: no query matches a track of the database",
            hint="give ground_truth.csv, or equal names of queries and tracks",
        )
    return queries


def _read_truth(folder: Path) -> dict[str, str]:
    """Stem of the reference by stem of the query; empty without a file."""
    table = folder / "ground_truth.csv"
    if not table.is_file():
        return {}
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    wrong = next((line for line, row in enumerate(rows, start=2) if len(row) < 2), None)
    if wrong is not None:
        raise FpbenchError(
            f"{table}, line {wrong}: it has no query and reference",
            hint="write two columns, query and reference",
        )
    return {_stem(row[0]): _stem(row[1]) for row in rows}


def _read_query(folder: Path, audio: str, dim: int) -> np.ndarray:
    stem = _stem(audio)
    path = folder / "queries" / stem[:3] / f"{stem}.npy"
    if not path.is_file():
        raise FpbenchError(f"there is no '{path}'", hint="extract the queries again")
    vectors = np.array(read_matrix(path, refuse_nan=False).vectors)
    if vectors.shape[1] != dim:
        raise FpbenchError(
            f"'{path}' has {vectors.shape[1]} columns, the database has {dim}",
            hint="make both with one model",
        )
    return vectors


def _stem(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).stem


def _whole(text: str, table: Path, line: int) -> int:
    if not text.strip().isdigit():
        raise FpbenchError(
            f"{table}, line {line}: '{text}' is no number of segments",
            hint="write whole numbers of at least 0",
        )
    return int(text)
