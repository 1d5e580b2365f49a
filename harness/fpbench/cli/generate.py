"""``fpbench generate``."""

from pathlib import Path
from typing import Any

import click

from fpbench.cli.engines import engine_options
from fpbench.cli.options import UserPath, out_option, plugin_settings
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress_display import show_progress
from fpbench.runs.drawing import TrackDraws, draw_to_file, draw_tracks_to_file
from fpbench.runs.drawn_chunks import GeneratorFile
from fpbench.units import count_label, parse_sizes


@click.command(cls=PluginCommand)
@click.argument("generator", type=UserPath())
@click.option(
    "-n", "--rows", "wanted", required=True, help="Number of rows, such as 250000, 1e8, 100M."
)
@out_option(
    "Output file for the fingerprints: .npy, .mm (with _shape.npy) or .fbin; with --tracks .npz."
)
@click.option(
    "--tracks",
    is_flag=True,
    help="Draw whole tracks, until they have --rows fingerprints, and write where they end. For "
    "generators of tracks.",
)
@click.option("--shard", metavar="k/K", help="Only part k of K, counted from 1.")
@click.option("--generator", "name", help="Name of the generator, if its file does not name it.")
@engine_options()
@plugin_settings(of="Set an option of the generator, such as project=false; repeat for several.")
def generate(
    *,
    generator: Path,
    wanted: str,
    out: Path,
    tracks: bool,
    shard: str | None,
    name: str | None,
    settings: Settings,
    **engine: Any,
) -> None:
    """Draw synthetic fingerprints from GENERATOR into a file.

    Row i depends only on the generator, the seed and i. It is the row that `fpbench run` with the
    same seed compares queries with, and a shard is the same on every machine. After an
    interruption, run the same command again: it continues where it stopped.

    With --tracks, the file is like those of `fpbench extract`: `vectors`, and `track` with the
    number of each row's track. Its tracks are in memory until all are drawn, and an interrupted
    command starts again.
    """
    # Imported here, so that `fpbench generate --help` does not wait for SciPy.
    from fpbench.runs.workers.engines import EngineSettings, open_workers

    engines = EngineSettings(**engine)
    engines.refuse_unused()
    draw = draw_tracks_to_file if tracks else draw_to_file
    with (
        open_workers(engines, settings.device) as workers,
        show_progress(f"draw {generator.name}") as report,
    ):
        draws = draw(
            GeneratorFile(path=generator, name=name, settings=settings, catalog=Catalog.load()),
            out,
            rows=_one_size(wanted),
            shard=shard,
            report=report,
            workers=workers,
        )
    if isinstance(draws, TrackDraws):
        of_tracks = f"{count_label(draws.tracks, 'track')} with {draws.rows} rows"
        write_result(f"{out}: {of_tracks} of seed {settings.seed}, dim {draws.dim}")
        return
    rows = f"rows {draws.start} to {draws.stop} of seed {settings.seed}, dim {draws.dim}"
    write_result(f"{out}: {rows}")


def _one_size(text: str) -> int:
    sizes = parse_sizes(text)
    if len(sizes) > 1:
        raise FpbenchError(
            f"'{text}' is more than one number of rows", hint="give one, such as 1e8"
        )
    return sizes[0]
