"""``fpbench train``."""

from dataclasses import replace
from pathlib import Path

import click

from fpbench.cache import Store
from fpbench.cli.options import cache_option, out_option, plugin_settings
from fpbench.encoders.recipes import DEFAULT_RECIPE, override_options, recipe_options
from fpbench.encoders.training import TrainingProgress, TrainingSchedule
from fpbench.encoders.training import train as trained
from fpbench.encoders.training_audio import training_audio
from fpbench.encoders.training_report import report_path, write_report
from fpbench.errors import FpbenchError
from fpbench.files import make_folder, refuse_to_replace
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.progress import progress
from fpbench.review.history_figure import plot_training


@click.command()
@click.option("--fingerprinter", required=True, help="Which to train; see `fpbench plugins`.")
@click.option("--dataset", required=True, help="Such as manifest:FILE.csv, with a train split.")
@click.option(
    "--recipe",
    default=DEFAULT_RECIPE,
    show_default=True,
    help="One of the plugin's own, or a FILE.toml of settings; a plugin without any has its own "
    "defaults.",
)
@click.option("--steps", type=click.IntRange(1), help="Short for --set steps=N.")
@click.option("--epochs", type=click.IntRange(1), help="Short for --set epochs=N.")
@plugin_settings(of="A setting of the training.", weights="Go on from these instead of fresh ones.")
@click.option("--validate-every", type=click.IntRange(1), default=500, show_default=True)
@click.option("--checkpoint-every", type=float, default=60.0, show_default=True, help="Seconds.")
@cache_option()
@out_option(
    "The weights; their curves go beside them as .json and .png.", metavar="FILE.safetensors"
)
def train(
    *,
    fingerprinter: str,
    dataset: str,
    recipe: str,
    steps: int | None,
    epochs: int | None,
    settings: Settings,
    validate_every: int,
    checkpoint_every: float,
    cache: Path | None,
    out: Path,
) -> None:
    """Train a fingerprinter on the train split of a dataset.

    Killed at any time, the same command goes on from FILE.checkpoint and ends in the same bytes.
    FILE and its curves are written with every checkpoint, so they can be looked at and used
    before the end.
    """
    if out.suffix != ".safetensors":
        raise FpbenchError(f"'{out}' cannot hold weights", hint="end its name in .safetensors")
    weights = settings.weights
    if weights is not None and weights.resolve() == out.resolve():
        raise FpbenchError(
            f"--weights and --out are the same file {out}, which a checkpoint would replace",
            hint="choose another --out",
        )
    refuse_to_replace(
        report_path(out), "the curves of this training", key="validations", option="--out"
    )
    catalog = Catalog.load()
    offer, _ = catalog.offer("trainable", fingerprinter)
    typed = dict(settings.options)
    typed |= {key: str(n) for key, n in (("steps", steps), ("epochs", epochs)) if n is not None}
    options = override_options(recipe_options(offer, recipe), typed)
    store = Store.open(cache)
    settings = replace(settings, options=options, cache_dir=store.root)
    trainable = catalog.trainable(fingerprinter, settings)
    opened = catalog.dataset(dataset, Settings(cache_dir=store.root))
    audio = training_audio(opened, trainable.sample_rate_hz, seed=settings.seed, store=store)
    plugin = offer.source.plugin
    with blame(plugin, f"starting to train '{offer.entry.name}'"):
        trainee = trainable.start(audio)
    described = {
        **trainee.description,
        "fingerprinter": fingerprinter,
        "weights": file_sha256(weights) if weights else None,
        "seed": settings.seed,
        "device": settings.device,
        "dtype": settings.dtype,
    }
    identity = content_key(settings=described, audio=audio.key)
    rhythm = TrainingSchedule(validate_every=validate_every, checkpoint_every_s=checkpoint_every)
    make_folder(out.parent)
    checkpoint = out.with_name(out.name + ".checkpoint")
    with progress(f"train {fingerprinter}") as report:
        steps_taken = trained(trainee, checkpoint, plugin=plugin, identity=identity, rhythm=rhythm)
        for now in steps_taken:
            report(now.step / trainee.steps, _words(now, trainee.steps))
            if now.saved:
                with blame(plugin, "saving weights"):
                    trainee.save(out, now.step)
                write_report(out, now, described, audio, trainable.sample_rate_hz)
                plot_training(now.losses, now.validations, out.with_suffix(".png"))
    checkpoint.unlink()
    click.echo(f"{out}: {now.step} steps, HR@1 {now.validations[-1][1]:.1%}")


def _words(now: TrainingProgress, steps: int) -> str:
    words = f"{now.step} of {steps} steps"
    if now.losses:
        words += f", loss {now.losses[-1]:.3f}"
    if now.validations:
        words += f", HR@1 {now.validations[-1][1]:.1%}"
    return words
