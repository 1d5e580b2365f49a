"""``fpbench train``."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import click
from tqdm import tqdm

from fpbench.arithmetic import WantedDtype, settled
from fpbench.catalog import Catalog, Offer
from fpbench.cli.fingerprinter_settings import dtype_option, key_values
from fpbench.errors import FpbenchError
from fpbench.identity import file_sha256
from fpbench.interfaces import Settings
from fpbench.store import Store, content_key
from fpbench.training import Rhythm
from fpbench.training import train as trained
from fpbench.training_audio import training_audio
from fpbench.training_report import write_report


@click.command()
@click.option("--fingerprinter", required=True, help="Which to train; see `fpbench plugins`.")
@click.option("--dataset", required=True, help="Such as manifest:FILE.csv, with a train split.")
@click.option(
    "--recipe",
    default="published",
    show_default=True,
    help="One of the plugin's own, or a FILE.toml of settings.",
)
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change one setting.")
@click.option("--steps", type=click.IntRange(1), help="Short for --set steps=N.")
@click.option("--epochs", type=click.IntRange(1), help="Short for --set epochs=N.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Go on from these instead of fresh ones.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@dtype_option
@click.option("--validate-every", type=click.IntRange(1), default=500, show_default=True)
@click.option("--checkpoint-every", type=float, default=60.0, show_default=True, help="Seconds.")
@click.option("--cache-dir", type=click.Path(path_type=Path), help="For decoded audio.")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Weights (.safetensors); curves go beside it as .json and .png.",
)
def train(
    *,
    fingerprinter: str,
    dataset: str,
    recipe: str,
    changes: tuple[str, ...],
    steps: int | None,
    epochs: int | None,
    weights: Path | None,
    seed: int,
    device: str,
    dtype: WantedDtype,
    validate_every: int,
    checkpoint_every: float,
    cache_dir: Path | None,
    output: Path,
) -> None:
    """Train a fingerprinter on the train split of a dataset.

    Killed at any time, the same command goes on from OUTPUT.checkpoint and ends in the same bytes.
    OUTPUT and its curves are written with every checkpoint, so they can be looked at and used
    before the end.
    """
    if weights is not None and weights.resolve() == output.resolve():
        raise FpbenchError(
            f"--weights and -o are the same file {output}, which a checkpoint would replace",
            hint="choose another -o",
        )
    catalog = Catalog.load()
    settled_dtype = settled(dtype, device)
    offer, _ = catalog.offer("trainable", fingerprinter)
    options = {**recipe_options(offer, recipe), **key_values(changes)}
    options |= {key: str(n) for key, n in (("steps", steps), ("epochs", epochs)) if n is not None}
    settings = Settings(
        device=device,
        dtype=settled_dtype,
        weights=weights,
        options=options,
        seed=seed,
        cache_dir=cache_dir,
    )
    store = Store.open(cache_dir)
    trainable = catalog.trainable(fingerprinter, settings)
    opened = catalog.dataset(dataset, Settings(cache_dir=cache_dir))
    audio = training_audio(opened, trainable.sample_rate_hz, seed=seed, store=store)
    trainee = trainable.start(audio)
    described = {
        **trainee.description,
        "fingerprinter": fingerprinter,
        "weights": file_sha256(weights) if weights else None,
        "seed": seed,
        "device": device,
        "dtype": settled_dtype,
    }
    identity = content_key(settings=described, music=[len(track) for track in audio.music])
    rhythm = Rhythm(validate_every=validate_every, checkpoint_every_s=checkpoint_every)
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = output.with_name(output.name + ".checkpoint")
    with tqdm(total=trainee.steps, unit="step", disable=None) as bar:
        for progress in trained(trainee, checkpoint, identity=identity, rhythm=rhythm):
            bar.update(progress.step - bar.n)
            if progress.losses:
                rate = f"{progress.validations[-1][1]:.1%}" if progress.validations else "?"
                bar.set_postfix_str(f"loss {progress.losses[-1]:.3f}, HR@1 {rate}", refresh=False)
            if progress.saved:
                trainee.save(output, progress.step)
                write_report(output, progress, described, audio, trainable.sample_rate_hz)
    checkpoint.unlink()
    click.echo(f"{output}: {progress.step} steps, HR@1 {progress.validations[-1][1]:.1%}")


def recipe_options(offer: Offer, recipe: str) -> dict[str, str]:
    """The settings in a recipe, as ``--set`` would give them.

    Args:
        recipe: A file ending in ``.toml``, or the name of one in the plugin's folder ``recipes``.

    Raises:
        FpbenchError: There is no such recipe, or it is not flat TOML.
    """
    if recipe.endswith(".toml"):
        path = Path(recipe)
        if not path.is_file():
            raise FpbenchError(f"there is no recipe '{path}'", hint="give the path of a TOML file")
        return flat(path.read_text(encoding="utf-8"), recipe)
    folder = files(offer.source.module) / "recipes"
    found = folder / f"{recipe}.toml"
    if not found.is_file():
        items = folder.iterdir() if folder.is_dir() else ()
        names = sorted(
            item.name.removesuffix(".toml") for item in items if item.name.endswith(".toml")
        )
        raise FpbenchError(
            f"'{offer.entry.name}' has no recipe called '{recipe}'",
            hint="it has: " + ", ".join(names) + "; or give a file ending in .toml",
        )
    return flat(found.read_text(encoding="utf-8"), f"recipe '{recipe}'")


def flat(text: str, where: str) -> dict[str, str]:
    """Flat TOML as text values.

    Raises:
        FpbenchError: Not TOML, or a value is a table or a list of tables.
    """
    try:
        values: Mapping[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise FpbenchError(f"{where} is not TOML: {err}", hint="write lines KEY = VALUE") from err
    for key, value in values.items():
        if not isinstance(value, bool | int | float | str):
            raise FpbenchError(
                f"{where}: '{key}' is not a single value", hint="write lines KEY = VALUE"
            )
    return {key: str(value) for key, value in values.items()}
