"""Draws synthetic fingerprints into a file: the same rows as in a run."""

from dataclasses import dataclass
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.fingerprints.files import resumable_file
from fpbench.generators.files import load_generator
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.prefetch import prefetch
from fpbench.progress import Report
from fpbench.search.distractors import CHUNK, CHUNKS_AT_ONCE, SyntheticDistractors
from fpbench.search.engines.shards import Shard
from fpbench.units import short_size


@dataclass(frozen=True, slots=True)
class Draws:
    """The range of rows in a file, from ``start`` to ``stop`` (exclusive), and their dimension."""

    start: int
    stop: int
    dim: int


def draw_to_file(
    generator: Path,
    out: Path,
    *,
    rows: int,
    shard: str | None = None,
    name: str | None = None,
    catalog: Catalog,
    settings: Settings,
    report: Report,
) -> Draws:
    """Draw rows 0 to ``rows``, or a shard of them.

    A row depends only on the generator, the seed and its number, so a shard is the same on every
    machine. After an interruption, the same call continues where it stopped.

    Args:
        generator: File of a fitted generator, from ``fpbench fit``.
        out: Output file (.npy, .mm or .fbin).
        rows: Number of rows, over all shards.
        shard: ``k/K`` draws only part k of K, counted from 1.
        name: Name of the generator; None reads it from its file.
        settings: Seed, device, dtype, and options of the generator.

    Raises:
        FpbenchError: The generator cannot be loaded or fails, the file cannot be written, or the
            shard does not exist.
    """
    start, stop = shard_rows(rows, shard)
    fitted = load_generator(generator, catalog, settings, name)
    key = content_key(
        generator=file_sha256(generator),
        options=settings.options,
        seed=settings.seed,
        device=settings.device,
        dtype=settings.dtype,
        start=start,
        stop=stop,
    )
    at_once = CHUNKS_AT_ONCE[settings.device]
    sequence = SyntheticDistractors(fitted, generator.name, settings.seed, at_once=at_once)
    with resumable_file(out, rows=stop - start, dim=fitted.dim, key=key, chunk_rows=CHUNK) as file:
        done = file.rows
        for chunk in prefetch(sequence.rows(start + done, stop)):
            file.append(chunk)
            done += len(chunk)
            report(done / (stop - start), f"{short_size(done)} rows")
    return Draws(start, stop, fitted.dim)


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
