"""``fpbench fit``."""

import shutil
from pathlib import Path

import click

from fpbench.cli.fingerprinter_settings import dtype_option, parse_key_values
from fpbench.cli.progress import progress
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
from fpbench.plugin.devices import WantedDtype, resolve_dtype
from fpbench.plugin.entries import Settings
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
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The generator (.safetensors); its record goes beside it as .json, its curves as .png.",
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Change one setting.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@dtype_option
def fit(
    *,
    name: str,
    fingerprints: Path,
    output: Path,
    pairs: tuple[str, ...],
    seed: int,
    device: str,
    dtype: WantedDtype,
) -> None:
    """Fit a generator to real fingerprints.

    Killed at any time, the same command goes on from OUTPUT.work and ends in the same bytes.
    """
    if output.suffix != ".safetensors":
        raise FpbenchError(
            f"'{output}' cannot hold a generator", hint="end its name in .safetensors"
        )
    refuse_to_replace(
        record_path(output), "the record of this fit", key="generator_sha256", option="-o"
    )
    options = parse_key_values(pairs)
    settled_dtype = resolve_dtype(dtype, device)
    settings = Settings(
        device=device,
        dtype=settled_dtype,
        options=options,
        seed=seed,
    )
    real = read_vectors(fingerprints).vectors
    refuse_not_finite(real, fingerprints)
    catalog = Catalog.load()
    method = catalog.generator(name, settings)
    offer, _ = catalog.offer("generator", name)
    work_dir = make_folder(output.with_name(output.name + ".work"))
    with progress(f"fit {name}") as report, blame(offer.source.plugin, f"fitting '{name}'"):
        generator = method.fit(real, seed=seed, work_dir=work_dir, report=report)
    with blame(offer.source.plugin, f"saving '{name}'"):
        save_generator(generator, output)
    record = FitRecord(
        generator=name,
        settings=options,
        seed=seed,
        device=device,
        dtype=settled_dtype,
        fingerprints=fingerprints.name,
        fingerprints_sha256=file_sha256(fingerprints),
        rows=real.shape[0],
        dim=real.shape[1],
        generator_sha256=file_sha256(output),
        history=read_history(output),
    )
    write_record(record, output)
    if record.history:
        plot_history(record.history, output.with_suffix(".png"))
    shutil.rmtree(work_dir)
    click.echo(f"{output}: {name}, fitted to {len(real)} fingerprints")
