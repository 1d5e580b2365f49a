"""Maps raw float32 matrices into memory and checks them. The files are never changed."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.format import read_array

from fpbench import Dataset, FpbenchError, Settings, VectorDataset, Vectors, apply_options
from fpbench.array_files import DAMAGE

logger = logging.getLogger(__name__)

CHUNK_ROWS = 65_536  # 32 MB at 128 dims
LENGTH_TOLERANCE = 1e-2  # rounding to float16 changes lengths by less


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingsConfig:
    """What the files do not contain.

    Args:
        hop_s: Time between the starts of neighbouring rows of a track.
        segment_s: Length of the audio that a row describes.
        nan: ``zero``: replace NaN by 0, as GraFPrint's evaluation does, and log how many;
            ``refuse``: stop.
    """

    hop_s: float = 0.5
    segment_s: float = 1.0
    nan: Literal["zero", "refuse"] = "zero"

    def __post_init__(self) -> None:
        for name in ("hop_s", "segment_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name}={getattr(self, name)} is not positive and finite")


def open_dataset(settings: Settings) -> Dataset:
    """The three matrices in the folder ``settings.argument``.

    Raises:
        FpbenchError: A setting is not possible, a file is missing or has another size than its
            shape file says, the shapes do not fit together, or a value is infinite (or NaN, if
            that is refused).

    Source: the files that github.com/mimbres/neural-audio-fp writes.
    """
    config = apply_options(EmbeddingsConfig(), settings.options)
    folder = Path(settings.argument or ".").expanduser()
    if not folder.is_dir():
        raise FpbenchError(
            f"'{folder}' is not a folder", hint="give the folder that contains db.mm"
        )
    query, reference, distractors = (
        map_matrix(folder, name, config) for name in ("query", "db", "dummy_db")
    )
    if query.shape != reference.shape:
        raise FpbenchError(
            f"{folder}: query has shape {query.shape}, db has {reference.shape}",
            hint="both must have equal shapes: row i of query.mm is the degraded row i of db.mm",
        )
    if distractors.shape[1] != reference.shape[1]:
        raise FpbenchError(
            f"{folder}: dummy_db has {distractors.shape[1]} columns, db has {reference.shape[1]}",
            hint="make all three with one fingerprinter",
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
    """A read-only memory map of ``<name>.mm``, without NaN.

    Raises:
        FpbenchError: See :func:`open_dataset`.
    """
    file = folder / f"{name}.mm"
    if not file.is_file():
        raise FpbenchError(
            f"there is no '{file}'", hint="the folder needs query.mm, db.mm and dummy_db.mm"
        )
    shape = read_shape(folder / f"{name}_shape.npy")
    wanted_bytes, size_bytes = shape[0] * shape[1] * 4, file.stat().st_size
    if size_bytes != wanted_bytes:
        raise FpbenchError(
            f"'{file}' has {size_bytes} bytes, but its shape {shape} needs {wanted_bytes}",
            hint="make the file again; NAFP's evaluation script appends db.mm to dummy_db.mm"
            if size_bytes > wanted_bytes
            else "the file is incomplete; make it again",
        )
    if shape[0] == 0:
        return np.zeros(shape, dtype=np.float32)  # an empty file cannot be mapped
    # Copy-on-write: setting values to 0 changes private pages of memory, never the file.
    vectors = np.memmap(file, dtype=np.float32, mode="c", shape=shape)
    n_nan = zero_nan(vectors, file)
    if n_nan and config.nan == "refuse":
        raise FpbenchError(f"'{file}' has {n_nan} NaN", hint="make the file again, or set nan=zero")
    if n_nan:
        logger.warning("%s: %d values are NaN; they are replaced by 0", file, n_nan)
    vectors.flags.writeable = False
    warn_of_unequal_lengths(vectors, file)
    return vectors


def warn_of_unequal_lengths(vectors: Vectors, file: Path) -> None:
    """Log a warning if the first rows have different lengths."""
    lengths = np.linalg.norm(vectors[:CHUNK_ROWS], axis=1)
    shortest, longest = lengths.min(initial=np.inf, where=lengths > 0), lengths.max()
    if longest - shortest > LENGTH_TOLERANCE:
        logger.warning(
            "%s: rows have lengths from %.3g to %.3g. For such rows, exact search (inner products) "
            "and FAISS's indexes (distances) give different rankings",
            file,
            shortest,
            longest,
        )


def read_shape(file: Path) -> tuple[int, int]:
    """Rows and columns from a ``*_shape.npy``.

    Raises:
        FpbenchError: The file is missing or damaged, or does not contain two counts.
    """
    try:
        with file.open("rb") as content:  # np.load would also open an archive
            shape = read_array(content, allow_pickle=False)
    except DAMAGE as err:
        raise FpbenchError(
            f"cannot read '{file}': {err}",
            hint="it must contain the shape of the .mm file with the same name",
        ) from err
    whole = shape.dtype.kind in "iu" and shape.shape == (2,)
    if not whole or shape[0] < 0 or shape[1] < 1:
        raise FpbenchError(
            f"'{file}' contains {shape.tolist()} instead of rows and columns",
            hint="make the file again",
        )
    return int(shape[0]), int(shape[1])


def zero_nan(vectors: np.memmap, file: Path) -> int:
    """Set NaN to 0 in place, chunk by chunk.

    Returns:
        How many there were.

    Raises:
        FpbenchError: A value is infinite.
    """
    n_nan = 0
    for start in range(0, len(vectors), CHUNK_ROWS):
        chunk = vectors[start : start + CHUNK_ROWS]
        # The usual case needs one pass: a sum is finite only if every value is.
        if np.isfinite(np.sum(chunk, dtype=np.float64)):
            continue
        if np.isinf(chunk).any():
            row = start + int(np.argwhere(np.isinf(chunk))[0, 0])
            raise FpbenchError(f"'{file}', row {row}: infinite", hint="make the file again")
        bad = np.isnan(chunk)
        n_nan += int(bad.sum())
        chunk[bad] = 0
    return n_nan
