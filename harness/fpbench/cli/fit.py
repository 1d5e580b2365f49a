"""``fpbench fit``."""

from logging import getLogger
from pathlib import Path

import click

from fpbench.cli.options import UserPath, out_option, plugin_settings
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.fingerprints.files import read_vectors, refuse_not_finite
from fpbench.generators.fitting import fit_generator, refuse_generator_out
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress_display import show_progress
from fpbench.review.history_figure import plot_history
from fpbench.units import count_label

logger = getLogger(__name__)


@click.command(cls=PluginCommand)
@click.option("--generator", "name", required=True, help="Generator to fit; see `fpbench plugins`.")
@click.option(
    "--fingerprints",
    required=True,
    type=UserPath(),
    help="Real fingerprints: .npy, .mm, .fbin, or .npz from `fpbench extract`, whose silent rows "
    "are left out.",
)
@out_option(
    "Output file for the generator; a record (.json) and curves (.png) are written beside it.",
    metavar="FILE.safetensors",
)
@plugin_settings(of="Set an option of the generator; repeat for several.")
def fit(*, name: str, fingerprints: Path, out: Path, settings: Settings) -> None:
    """Fit a generator to real fingerprints.

    After an interruption, run the same command again: it continues from FILE.work and writes the
    same bytes as without the interruption.
    """
    refuse_generator_out(out)
    file = read_vectors(fingerprints)
    real = file.vectors
    refuse_not_finite(real, fingerprints)
    if file.system is None:
        logger.warning(
            "%s does not name its fingerprinter, so runs cannot refuse this generator for another "
            "one; .npz files of `fpbench extract` name it",
            fingerprints,
        )
    with show_progress(f"fit {name}") as report:
        record = fit_generator(
            name,
            real,
            out,
            source=fingerprints,
            stretches=file.stretches,
            system=file.system,
            catalog=Catalog.load(),
            settings=settings,
            report=report,
        )
    if record.history:
        plot_history(record.history, out.with_suffix(".png"))
    write_result(f"{out}: {name}, fitted to {count_label(len(real), 'fingerprint')}")
