"""``fpbench fit``."""

import shutil
from pathlib import Path

import click

from fpbench.cli.options import out_option, plugin_settings
from fpbench.errors import FpbenchError
from fpbench.files import make_folder, refuse_to_replace
from fpbench.fingerprints.files import read_vectors, refuse_not_finite
from fpbench.generators.files import (
    FitRecord,
    read_history,
    record_path,
    save_generator,
    write_record,
)
from fpbench.hashing import file_sha256
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress import progress
from fpbench.review.history_figure import plot_history


@click.command()
@click.option("--generator", "name", required=True, help="Which kind; see `fpbench plugins`.")
@click.option(
    "--fingerprints",
    required=True,
    type=click.Path(path_type=Path),
    help="Real ones: .npy, .mm, .fbin, or .npz from `fpbench extract`, of which silent ones are "
    "left out.",
)
@out_option(
    "The generator; its record goes beside it as .json, its curves as .png.",
    metavar="FILE.safetensors",
)
@plugin_settings(of="A setting of the generator.")
def fit(*, name: str, fingerprints: Path, out: Path, settings: Settings) -> None:
    """Fit a generator to real fingerprints.

    Killed at any time, the same command goes on from FILE.work and ends in the same bytes.
    """
    if out.suffix != ".safetensors":
        raise FpbenchError(f"'{out}' cannot hold a generator", hint="end its name in .safetensors")
    refuse_to_replace(
        record_path(out), "the record of this fit", key="generator_sha256", option="--out"
    )
    real = read_vectors(fingerprints).vectors
    refuse_not_finite(real, fingerprints)
    catalog = Catalog.load()
    method = catalog.generator(name, settings)
    offer, _ = catalog.offer("generator", name)
    work_dir = make_folder(out.with_name(out.name + ".work"))
    with progress(f"fit {name}") as report, blame(offer.source.plugin, f"fitting '{name}'"):
        generator = method.fit(real, seed=settings.seed, work_dir=work_dir, report=report)
    with blame(offer.source.plugin, f"saving '{name}'"):
        save_generator(generator, out)
    record = FitRecord(
        generator=name,
        settings=settings.options,
        seed=settings.seed,
        device=settings.device,
        dtype=settings.dtype,
        fingerprints=fingerprints.name,
        fingerprints_sha256=file_sha256(fingerprints),
        rows=real.shape[0],
        dim=real.shape[1],
        generator_sha256=file_sha256(out),
        history=read_history(out),
    )
    write_record(record, out)
    if record.history:
        plot_history(record.history, out.with_suffix(".png"))
    shutil.rmtree(work_dir)
    click.echo(f"{out}: {name}, fitted to {len(real)} fingerprints")
