"""Opens a folder of ready-made fingerprints: three matrices, and tracks if they are known."""

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from fpbench import (
    Dataset,
    FpbenchError,
    Settings,
    VectorDataset,
    VectorTracks,
    apply_options,
    is_near_miss,
)
from fpbench.user_paths import expand_path
from fpbench_plugins.embeddings.checks import refuse_zeros, warn_of_unequal_files
from fpbench_plugins.embeddings.matrices import (
    Matrix,
    MmDtype,
    find_matrix,
    no_rows,
    read_matrix,
    require_matrix,
)
from fpbench_plugins.embeddings.nmfp_layout import is_nmfp_layout, read_nmfp_layout
from fpbench_plugins.embeddings.tracks import (
    TABLE,
    read_segment_tables,
    read_track_table,
    tracks_of_arrays,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsConfig:
    """What the files do not contain.

    Args:
        hop_s: Time between the starts of neighbouring rows of a track.
        segment_s: Length of the audio that a row describes.
        mm_dtype: Type of the values in ``.mm`` files, which do not say it.
        nan: ``zero``: replace NaN by 0, as GraFPrint's evaluation does, and log how many;
            ``refuse``: stop.
        query_set: Name of queries and database. Files of two systems with one name share a table
            and can be compared: row i of their queries must be the same query. None means that
            tracks and times tell, or else that only the same files are comparable.
    """

    hop_s: float = 0.5
    segment_s: float = 1.0
    mm_dtype: MmDtype = "float32"
    nan: Literal["zero", "refuse"] = "zero"
    query_set: str | None = None

    def __post_init__(self) -> None:
        for name in ("hop_s", "segment_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} is not positive and finite")


def open_dataset(settings: Settings) -> Dataset:
    """The matrices ``query``, ``db`` and ``dummy_db`` in the folder ``settings.argument``.

    Each is a file in one of the formats of :mod:`fpbench_plugins.embeddings.matrices`; ``dummy_db``
    may be absent. Tracks and times are in ``tracks.csv``, or in the archives (``.npz``).

    Raises:
        FpbenchError: A setting is not possible; a file is missing, damaged, or has another size
            than its shape file says; shapes or tracks do not fit together; or a value is infinite
            (or NaN, if that is refused).

    Source: the files that github.com/mimbres/neural-audio-fp writes.
    """
    config = apply_options(EmbeddingsConfig(), settings.options)
    folder = expand_path(settings.argument or ".")
    if not folder.is_dir():
        raise FpbenchError(
            f"'{folder}' is not a folder", hint="give the folder that contains db.mm"
        )
    if is_nmfp_layout(folder):
        vectors = read_nmfp_layout(folder, config.hop_s, config.segment_s)
        vectors = replace(vectors, query_set=config.query_set)
        return Dataset(name=f"embeddings:{settings.argument}", vectors=vectors)
    read = partial(
        read_matrix,
        refuse_nan=config.nan == "refuse",
        mm_dtype=config.mm_dtype,
        scratch=settings.cache_dir,
    )
    query, reference = (read(require_matrix(folder, name)) for name in ("query", "db"))
    dummy = find_matrix(folder, "dummy_db")
    distractors = no_rows(reference) if dummy is None else read(dummy)
    tracks = _find_tracks(folder, query, reference, distractors, config.hop_s)
    _refuse_shapes(folder, query, reference, distractors)
    measured = [(one.path, one.lengths) for one in (reference, distractors, query)]
    refuse_zeros(measured)
    warn_of_unequal_files(measured[:2])
    return Dataset(
        name=f"embeddings:{settings.argument}",
        vectors=VectorDataset(
            query=query.vectors,
            reference=reference.vectors,
            distractors=distractors.vectors,
            hop_s=config.hop_s,
            segment_s=config.segment_s,
            tracks=tracks,
            query_set=config.query_set,
        ),
    )


def _find_tracks(
    folder: Path, query: Matrix, reference: Matrix, distractors: Matrix, hop_s: float
) -> VectorTracks | None:
    """Tracks from the table, or from arrays beside the vectors; None if neither has them."""
    table = folder / TABLE
    rows = {"query": query, "db": reference, "dummy_db": distractors}
    if not table.is_file():
        _refuse_near_table(folder)
        if (folder / "db_segments.csv").is_file():
            return read_segment_tables(
                folder, {name: len(one.vectors) for name, one in rows.items()}, hop_s
            )
        return tracks_of_arrays(rows)
    with_arrays = [one.path.name for one in rows.values() if one.track is not None]
    if with_arrays:
        raise FpbenchError(
            f"'{table}' and {with_arrays[0]} both have tracks", hint="keep one of them"
        )
    return read_track_table(table, {name: len(one.vectors) for name, one in rows.items()})


def _refuse_near_table(folder: Path) -> None:
    """Refuse a table that is nearly called :data:`TABLE`, which would be left out unsaid."""
    for path in sorted(folder.iterdir()):
        near = is_near_miss(path.name, TABLE) or path.stem == Path(TABLE).stem
        if near and path.suffix.lower() in (".csv", ".tsv", ".txt"):
            raise FpbenchError(
                f"'{path}' is not read: the table of tracks is called {TABLE}",
                hint="rename it, or move it elsewhere",
            )


def _refuse_shapes(
    folder: Path,
    query: Matrix,
    reference: Matrix,
    distractors: Matrix,
) -> None:
    columns = reference.vectors.shape[1]
    for name, matrix in (("query", query), ("dummy_db", distractors)):
        if matrix.vectors.shape[1] != columns:
            raise FpbenchError(
                f"{folder}: {name} has {matrix.vectors.shape[1]} columns, db has {columns}",
                hint="make all of them with one fingerprinter",
            )
