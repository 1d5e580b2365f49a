"""``fpbench train``."""

from dataclasses import replace
from pathlib import Path

import click

from fpbench.cache import Store
from fpbench.cache_users import use_cache
from fpbench.cli.options import (
    FiniteNumber,
    WholeNumber,
    cache_option,
    channel_option,
    out_option,
    plugin_settings,
)
from fpbench.cli.plugin_command import PluginCommand, write_result
from fpbench.encoders.fingerprinter_training import prepare_training
from fpbench.encoders.recipes import DEFAULT_RECIPE
from fpbench.encoders.training import TrainingProgress, TrainingSchedule
from fpbench.errors import FpbenchError
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.datasets import Channel
from fpbench.plugin.entries import Settings
from fpbench.progress_display import ProgressStages, show_progress
from fpbench.review.history_figure import plot_training
from fpbench.units import count_label


@click.command(cls=PluginCommand)
@click.option(
    "--fingerprinter", required=True, help="Fingerprinter to train; see `fpbench plugins`."
)
@click.option(
    "--dataset", required=True, help="Dataset with a train split, such as manifest:FILE.csv."
)
@channel_option()
@click.option(
    "--recipe",
    default=DEFAULT_RECIPE,
    show_default=True,
    help="Name of a recipe of the plugin, or a TOML file of settings. A plugin without recipes "
    "uses its defaults.",
)
@click.option("--steps", type=WholeNumber(1), help="Same as --set steps=N.")
@click.option("--epochs", type=WholeNumber(1), help="Same as --set epochs=N.")
@plugin_settings(
    of="Set an option of the training; repeat for several.",
    weights="Start from these weights instead of fresh ones.",
)
@click.option(
    "--validate-every",
    type=WholeNumber(1),
    default=500,
    show_default=True,
    help="Steps between validations.",
)
@click.option(
    "--checkpoint-every",
    type=FiniteNumber(min=0),
    default=60.0,
    show_default=True,
    help="Seconds between checkpoints.",
)
@cache_option()
@out_option(
    "Output file for the weights; training curves (.json, .png) are written beside it.",
    metavar="FILE.safetensors",
)
def train(
    *,
    fingerprinter: str,
    dataset: str,
    channel: Channel,
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

    After an interruption, run the same command again: it continues from FILE.checkpoint and writes
    the same bytes as without the interruption. FILE and its curves are written with every
    checkpoint, so you can use them before the end.
    """
    lengths = {"steps": steps, "epochs": epochs}
    given = {name: str(n) for name, n in lengths.items() if n is not None}
    for name in given:
        if name in settings.options:
            raise FpbenchError(f"--{name} and --set {name} are the same", hint="give one of them")
    store = Store.open(cache)
    store.refuse_unwritable()
    click.get_current_context().with_resource(use_cache(store.root))
    training = prepare_training(
        fingerprinter,
        dataset,
        out,
        catalog=Catalog.load(),
        store=store,
        settings=replace(settings, options={**settings.options, **given}, channel=channel),
        recipe=recipe,
        schedule=TrainingSchedule(
            validate_every=validate_every, checkpoint_every_s=checkpoint_every
        ),
        stage=ProgressStages(),
    )
    curves, figures_work = out.with_suffix(".png"), True
    with show_progress(f"train {fingerprinter}") as report:
        for now in training.run():
            report(now.step / training.trainee.steps, _words(now, training.trainee.steps))
            if now.saved and figures_work:
                plot_training(now.losses, now.validations, curves)
                figures_work = curves.exists()  # one warning, not one for every checkpoint
    write_result(f"{out}: {count_label(now.step, 'step')}, HR@1 {now.validations[-1][1]:.1%}")


def _words(now: TrainingProgress, steps: int) -> str:
    words = f"{now.step} of {steps} steps"
    if now.losses:
        words += f", loss {now.losses[-1]:.3f}"
    if now.validations:
        words += f", HR@1 {now.validations[-1][1]:.1%}"
    return words
