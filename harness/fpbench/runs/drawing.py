"""Draws synthetic fingerprints into a file: the rows that a run compares queries with."""

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
from fpbench.units import short_size


@dataclass(frozen=True, slots=True)
class Draws:
    """Which rows a file holds, from ``start`` up to ``stop``, and how long each is."""

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

    A row depends on the generator, the seed and its number alone, so a shard is the same wherever
    it is made. Killed at any time, the same call goes on where it stopped.

    Args:
        generator: What ``fpbench fit`` wrote.
        out: ``.npy``, ``.mm`` or ``.fbin``.
        shard: ``k/K``: only the k-th of K parts, counted from 1.
        name: Kind of the generator; None asks its file.
        settings: Seed, device, dtype, and options of the generator.

    Raises:
        FpbenchError: The generator cannot be loaded or fails, the file cannot be written, or there
            is no such shard.
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
        for drawn in prefetch(sequence.rows(start + done, stop)):
            file.append(drawn)
            done += len(drawn)
            report(done / (stop - start), f"{short_size(done)} rows")
    return Draws(start, stop, fitted.dim)


def shard_rows(rows: int, shard: str | None) -> tuple[int, int]:
    """The rows [start, stop) of a shard; shards end at whole chunks, and together are all rows.

    Raises:
        FpbenchError: Not ``k/K`` with 1 <= k <= K, or more shards than chunks.
    """
    if shard is None:
        return 0, rows
    k, slash, K = shard.partition("/")
    if not (slash and k.isdecimal() and K.isdecimal() and 1 <= int(k) <= int(K)):
        raise FpbenchError(f"'{shard}' is no shard", hint="write k/K, such as 1/8 ... 8/8")
    chunks = -(-rows // CHUNK)
    if int(K) > chunks:
        raise FpbenchError(
            f"{rows} rows are {chunks} chunks of {CHUNK} and cannot make {K} shards",
            hint=f"ask for at most {chunks}",
        )
    first, last = (chunks * number // int(K) for number in (int(k) - 1, int(k)))
    return first * CHUNK, min(last * CHUNK, rows)
