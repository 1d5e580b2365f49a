"""Maps raw float32 matrices into memory, checks them, and leaves the files alone."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fpbench import Dataset, FpbenchError, Settings, VectorDataset, Vectors, apply_options

logger = logging.getLogger(__name__)

CHUNK_ROWS = 65_536  # 32 MB at 128 dims
LENGTH_TOLERANCE = 1e-2  # float16 on the way makes lengths differ by less


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsConfig:
    """What the files do not say themselves.

    Args:
        hop_s: Between the starts of neighbouring rows of a track.
        segment_s: Stretch of audio behind one row.
        nan: ``zero``: count values that are not a number as 0, as GraFPrint's evaluation does,
            and log how many; ``refuse``: stop at them.
    """

    hop_s: float = 0.5
    segment_s: float = 1.0
    nan: Literal["zero", "refuse"] = "zero"

    def __post_init__(self) -> None:
        for name in ("hop_s", "segment_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} is not positive and finite")


def open_dataset(settings: Settings) -> Dataset:
    """The three matrices in ``settings.argument``.

    Raises:
        FpbenchError: A setting cannot be, a file is missing or not of the size its shape file says,
            the shapes do not go together, or a value is infinite (or NaN, if those are refused).

    Source: the layout written by github.com/mimbres/neural-audio-fp.
    """
    config = apply_options(EmbeddingsConfig(), settings.options)
    folder = Path(settings.argument or ".").expanduser()
    if not folder.is_dir():
        raise FpbenchError(f"'{folder}' is not a folder", hint="give the folder of db.mm")
    query, reference, distractors = (
        map_matrix(folder, name, config) for name in ("query", "db", "dummy_db")
    )
    if query.shape != reference.shape:
        raise FpbenchError(
            f"{folder}: query has shape {query.shape}, db has {reference.shape}",
            hint="row i of query.mm must be the degraded row i of db.mm",
        )
    if distractors.shape[1] != reference.shape[1]:
        raise FpbenchError(
            f"{folder}: dummy_db has {distractors.shape[1]} columns, db has {reference.shape[1]}",
            hint="all three must come from one fingerprinter",
        )
    return Dataset(
        name=f"embeddings:{settings.argument}",
        vectors=VectorDataset(
            query=query,
            reference=reference,
            distractors=distractors,
            hop_s=config.hop_s,
            segment_s=config.segment_s,
        ),
    )


def map_matrix(folder: Path, name: str, config: EmbeddingsConfig) -> Vectors:
    """A read-only memory map of ``<name>.mm`` without NaN.

    Raises:
        FpbenchError: See :func:`open_dataset`.
    """
    file = folder / f"{name}.mm"
    if not file.is_file():
        raise FpbenchError(f"there is no '{file}'", hint="it takes query.mm, db.mm and dummy_db.mm")
    shape = read_shape(folder / f"{name}_shape.npy")
    wanted_bytes, size_bytes = shape[0] * shape[1] * 4, file.stat().st_size
    if size_bytes != wanted_bytes:
        raise FpbenchError(
            f"'{file}' has {size_bytes} bytes, its shape {shape} needs {wanted_bytes}",
            hint="extract it again; NAFP's evaluation script appends db.mm to dummy_db.mm"
            if size_bytes > wanted_bytes
            else "it was cut off; extract it again",
        )
    if shape[0] == 0:
        return np.zeros(shape, dtype=np.float32)  # an empty file cannot be mapped
    # Copy-on-write: what is set to 0 changes private pages of memory, never the file.
    vectors = np.memmap(file, dtype=np.float32, mode="c", shape=shape)
    n_nan = zero_nan(vectors, file)
    if n_nan and config.nan == "refuse":
        raise FpbenchError(f"'{file}' has {n_nan} NaN", hint="extract it again, or set nan=zero")
    if n_nan:
        logger.warning("%s: %d values are NaN and count as 0", file, n_nan)
    vectors.flags.writeable = False
    lengths = np.linalg.norm(vectors[:CHUNK_ROWS], axis=1)
    shortest, longest = lengths.min(initial=np.inf, where=lengths > 0), lengths.max()
    if longest - shortest > LENGTH_TOLERANCE:
        logger.warning(
            "%s: rows have lengths from %.3g to %.3g: exact search ranks by inner product, FAISS's "
            "indexes by distance, and for such rows the two disagree",
            file,
            shortest,
            longest,
        )
    return vectors


def read_shape(file: Path) -> tuple[int, int]:
    """Rows and columns from a ``*_shape.npy``.

    Raises:
        FpbenchError: Missing, damaged, or not two counts.
    """
    try:
        shape = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as err:
        raise FpbenchError(
            f"cannot read '{file}': {err}", hint="it must hold the shape of the .mm file beside it"
        ) from err
    whole = shape.dtype.kind in "iu" and shape.shape == (2,)
    if not whole or shape[0] < 0 or shape[1] < 1:
        raise FpbenchError(
            f"'{file}' holds {shape.tolist()}, not rows and columns", hint="extract it again"
        )
    return int(shape[0]), int(shape[1])


def zero_nan(vectors: np.memmap, file: Path) -> int:
    """Set NaN to 0 in place, chunk by chunk, and count them.

    Raises:
        FpbenchError: A value is infinite.
    """
    n_nan = 0
    for start in range(0, len(vectors), CHUNK_ROWS):
        chunk = vectors[start : start + CHUNK_ROWS]
        # One pass when all is well: a sum is finite only if every value is.
        if np.isfinite(np.sum(chunk, dtype=np.float64)):
            continue
        if np.isinf(chunk).any():
            row = start + int(np.argwhere(np.isinf(chunk))[0, 0])
            raise FpbenchError(f"'{file}', row {row}: infinite", hint="extract it again")
        bad = np.isnan(chunk)
        n_nan += int(bad.sum())
        chunk[bad] = 0
    return n_nan
