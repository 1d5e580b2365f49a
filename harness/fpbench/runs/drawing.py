"""Draws synthetic fingerprints into a file: the same rows as in a run."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file, refuse_unwritable, write_arrays
from fpbench.fingerprints.files import resumable_file
from fpbench.generators.provenance import read_provenance
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.generators import FingerprintGenerator, TrackGenerator
from fpbench.prefetch import prefetch
from fpbench.progress import Report
from fpbench.runs.drawn_chunks import DrawnChunk, GeneratorFile, row_chunks, track_chunks
from fpbench.runs.workers.sent_drawing import draw_with_workers
from fpbench.search.distractors import CHUNK
from fpbench.search.engines.orders import Workers
from fpbench.search.engines.shards import Shard
from fpbench.units import short_size


@dataclass(frozen=True, slots=True)
class Draws:
    """The range of rows in a file, from ``start`` to ``stop`` (exclusive), and their dimension."""

    start: int
    stop: int
    dim: int


@dataclass(frozen=True, slots=True)
class TrackDraws:
    """The tracks in a file: their number, that of their fingerprints, and the dimension."""

    tracks: int
    rows: int
    dim: int


def draw_to_file(
    generator: GeneratorFile,
    out: Path,
    *,
    rows: int,
    shard: str | None = None,
    report: Report,
    workers: Workers | None = None,
) -> Draws:
    """Draw rows 0 to ``rows``, or a shard of them.

    A row depends only on the generator, the seed and its number, so a shard is the same on every
    machine. After an interruption, the same call continues where it stopped.

    Args:
        generator: The fitted generator.
        out: Output file (.npy, .mm or .fbin).
        rows: Number of rows, over all shards.
        shard: ``k/K`` draws only part k of K, counted from 1.
        report: Receives progress.
        workers: Draw; None means this process.

    Raises:
        FpbenchError: The generator cannot be loaded or fails, the file cannot be written, or the
            shard does not exist.
    """
    start, stop = shard_rows(rows, shard)
    fitted, settings = generator.load(), generator.settings
    key = content_key(
        generator=file_sha256(generator.path),
        options=settings.options,
        seed=settings.seed,
        device=settings.device,
        dtype=settings.dtype,
        start=start,
        stop=stop,
    )
    with resumable_file(out, rows=stop - start, dim=fitted.dim, key=key, chunk_rows=CHUNK) as file:
        done = file.rows
        for chunk in _draw_rows(generator, fitted, (start + done, stop), workers):
            file.append(chunk.vectors)
            done += len(chunk.vectors)
            report(done / (stop - start), f"{short_size(done)} rows")
    return Draws(start, stop, fitted.dim)


def _draw_rows(
    generator: GeneratorFile,
    fitted: FingerprintGenerator,
    rows: tuple[int, int],
    workers: Workers | None,
) -> Iterator[DrawnChunk]:
    if workers is not None:
        return draw_with_workers(workers, generator, rows, tracks=False)
    settings = generator.settings
    name, seed, device = generator.path.name, settings.seed, settings.device
    return prefetch(row_chunks(fitted, name, seed, device, rows))


def draw_tracks_to_file(
    generator: GeneratorFile,
    out: Path,
    *,
    rows: int,
    shard: str | None = None,
    report: Report,
    workers: Workers | None = None,
) -> TrackDraws:
    """Draw whole tracks until they have so many fingerprints, or a shard of them.

    Tracks are drawn in chunks, each at an address of its own: its tracks have :data:`CHUNK`
    fingerprints together or, because the last one is whole, a few more. So a shard is the same on
    every machine. All fingerprints of the file are in memory.

    Args:
        generator: The fitted generator, which draws tracks.
        out: Output file (.npz), as of ``fpbench extract``: ``vectors``, and ``track`` with the
            number of each row's track in the file.
        rows: Least number of fingerprints, over all shards.
        shard: As in :func:`draw_to_file`.
        report: Likewise.
        workers: Likewise.

    Raises:
        FpbenchError: As in :func:`draw_to_file`; or the generator draws no tracks.
    """
    if out.suffix != ".npz":
        raise FpbenchError(f"'{out}' cannot say where tracks end", hint="end its name in .npz")
    start, stop = shard_rows(rows, shard)
    fitted = _load_track_generator(generator)
    refuse_unwritable(out, "--out")
    parts: list[Vectors] = []
    lengths: list[Int64[np.ndarray, " tracks"]] = []
    drawn = 0
    if workers is None:
        seed = generator.settings.seed
        chunks = track_chunks(fitted, generator.path.name, seed, (start, stop))
    else:
        chunks = draw_with_workers(workers, generator, (start, stop), tracks=True)
    for vectors, of_chunk in chunks:
        lengths += [] if of_chunk is None else [of_chunk]
        parts.append(vectors)
        drawn += len(vectors)
        report(min(drawn / (stop - start), 1.0), f"{short_size(drawn)} rows")
    of_tracks = np.concatenate(lengths)
    _write_tracks(out, generator.path, np.concatenate(parts), of_tracks)
    return TrackDraws(len(of_tracks), drawn, fitted.dim)


def _write_tracks(
    out: Path, generator: Path, vectors: Vectors, of_tracks: Int64[np.ndarray, " tracks"]
) -> None:
    """Write tracks as ``fpbench extract`` does.

    Args:
        of_tracks: Fingerprints of each track.
    """
    arrays = {
        "vectors": vectors,
        "track": np.repeat(np.arange(len(of_tracks), dtype=np.int32), of_tracks),
    }
    provenance = read_provenance(generator)
    if provenance is not None and provenance.system is not None:
        arrays["system"] = np.array(json.dumps(asdict(provenance.system), sort_keys=True))
    with atomic_file(out) as file:
        write_arrays(file, arrays)


def _load_track_generator(generator: GeneratorFile) -> TrackGenerator:
    fitted = generator.load()
    if not isinstance(fitted, TrackGenerator):
        raise FpbenchError(
            f"'{generator.path}' draws single fingerprints, not tracks",
            hint="leave --tracks out, or fit a generator of tracks, such as rectified-flow-tracks",
        )
    return fitted


def shard_rows(rows: int, shard: str | None) -> tuple[int, int]:
    """The rows [start, stop) of a shard; each shard is a range of whole chunks.

    Raises:
        FpbenchError: ``shard`` is not ``k/K`` with 1 <= k <= K, or K exceeds the number of chunks.
    """
    if shard is None:
        return 0, rows
    part, chunks = Shard.parse(shard), -(-rows // CHUNK)
    if part.of > chunks:
        raise FpbenchError(
            f"{rows} rows are {chunks} chunks of {CHUNK} rows and cannot be split into {part.of} "
            "shards",
            hint=f"use at most {chunks} shards",
        )
    first, last = (chunks * number // part.of for number in (part.number - 1, part.number))
    return first * CHUNK, min(last * CHUNK, rows)
