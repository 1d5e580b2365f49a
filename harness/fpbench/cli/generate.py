"""``fpbench generate``."""

from pathlib import Path

import click

from fpbench.cli.options import out_option, plugin_settings
from fpbench.errors import FpbenchError
from fpbench.fingerprints.files import resumable_file
from fpbench.generators.files import load_generator
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.prefetch import prefetch
from fpbench.progress import progress
from fpbench.search.distractors import CHUNK, CHUNKS_AT_ONCE, SyntheticDistractors
from fpbench.units import parse_sizes, short_size


@click.command()
@click.argument("generator", type=click.Path(path_type=Path))
@click.option("-n", "--rows", "wanted", required=True, help="How many, such as 250000, 1e8, 100M.")
@out_option("The fingerprints: .npy, .mm (and _shape.npy) or .fbin.")
@click.option("--shard", metavar="k/K", help="Only the k-th of K parts, counted from 1.")
@click.option("--generator", "name", help="Its kind, where the file does not say.")
@plugin_settings(of="A setting of the generator, such as project=false.")
def generate(
    *,
    generator: Path,
    wanted: str,
    out: Path,
    shard: str | None,
    name: str | None,
    settings: Settings,
) -> None:
    """Draw synthetic fingerprints from GENERATOR into a file.

    Row i depends on the generator, the seed and i alone: it is the row that `fpbench run` with the
    same seed compares queries with, and a shard is the same wherever it is made. Killed at any
    time, the same command goes on where it stopped.
    """
    seed, device = settings.seed, settings.device
    start, stop = shard_rows(_one_size(wanted), shard)
    fitted = load_generator(generator, Catalog.load(), settings, name)
    key = content_key(
        generator=file_sha256(generator),
        options=settings.options,
        seed=seed,
        device=device,
        dtype=settings.dtype,
        start=start,
        stop=stop,
    )
    with (
        resumable_file(out, rows=stop - start, dim=fitted.dim, key=key, chunk_rows=CHUNK) as file,
        progress(f"draw {generator.name}") as report,
    ):
        sequence = SyntheticDistractors(
            fitted, generator.name, seed, at_once=CHUNKS_AT_ONCE[device]
        )
        for rows in prefetch(sequence.rows(start + file.rows, stop)):
            file.append(rows)
            report(file.rows / (stop - start), f"{short_size(file.rows)} rows")
    click.echo(f"{out}: rows {start} to {stop} of seed {seed}, dim {fitted.dim}")


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


def _one_size(text: str) -> int:
    sizes = parse_sizes(text)
    if len(sizes) > 1:
        raise FpbenchError(f"'{text}' is more than one number of rows", hint="write one, as 1e8")
    return sizes[0]
