"""Training of a fingerprinter, from its name and a dataset to a weights file and a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fpbench.cache import Store
from fpbench.encoders.recipes import DEFAULT_RECIPE, override_options, recipe_options
from fpbench.encoders.training import TrainingProgress, TrainingSchedule, train
from fpbench.encoders.training_audio import training_audio
from fpbench.encoders.training_report import report_path, write_report
from fpbench.encoders.weights import SUFFIX
from fpbench.errors import FpbenchError
from fpbench.files import (
    atomic_path,
    make_folder,
    refuse_to_replace,
    refuse_unwritable,
    remove_stale,
)
from fpbench.hashing import content_key, file_sha256
from fpbench.plugin.blame import blame
from fpbench.plugin.catalog import Catalog
from fpbench.plugin.entries import Settings
from fpbench.plugin.training import Trainee, TrainingAudio
from fpbench.progress import Stage
from fpbench.progress_display import hide_progress


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprinterTraining:
    """A training that is ready to start or to continue.

    Args:
        plugin: Name of the trainee's plugin, for errors.
        settings: All settings that change the weights.
        out: The weights file; the names of checkpoint and report are derived from it.
    """

    trainee: Trainee
    plugin: str
    settings: Mapping[str, bool | int | float | str | None]
    audio: TrainingAudio
    sample_rate_hz: int
    schedule: TrainingSchedule
    out: Path

    def run(self) -> Iterator[TrainingProgress]:
        """Run all remaining steps, and yield after each.

        If ``saved`` is true, the weights and their report have just been written. After an
        interruption, another call continues from the checkpoint and writes the same bytes as
        without the interruption.

        Raises:
            FpbenchError: The checkpoint belongs to another training, or the trainee fails or
                diverges.
        """
        make_folder(self.out.parent)
        checkpoint = self.out.with_name(self.out.name + ".checkpoint")
        key = content_key(settings=self.settings, audio=self.audio.key)
        for progress in train(
            self.trainee, checkpoint, plugin=self.plugin, key=key, schedule=self.schedule
        ):
            if progress.saved:
                with atomic_path(self.out, SUFFIX) as new:
                    with blame(self.plugin, "saving weights"):
                        self.trainee.save(new, progress.step)
                    # The curves of older weights are not left beside the new ones.
                    remove_stale(self.out.with_suffix(".png"), report_path(self.out))
                write_report(self.out, progress, self.settings, self.audio, self.sample_rate_hz)
            yield progress
        checkpoint.unlink()


def prepare_training(
    fingerprinter: str,
    dataset: str,
    out: Path,
    *,
    catalog: Catalog,
    store: Store,
    settings: Settings,
    recipe: str = DEFAULT_RECIPE,
    schedule: TrainingSchedule | None = None,
    stage: Stage = hide_progress,
) -> FingerprinterTraining:
    """Load everything that a training needs, so that errors appear before the first step.

    Args:
        fingerprinter: Name of a trainable fingerprinter.
        dataset: Dataset with a train split, such as ``manifest:FILE.csv``.
        out: Output file for the weights (.safetensors).
        store: Cache for decoded audio.
        settings: Device, dtype, seed, channel of recordings, weights to start from, and options
            that override the recipe.
        recipe: Name of a recipe of the plugin, or a TOML file.
        schedule: When to validate and to save; None means the defaults.
        stage: Shows how files of the dataset are made that do not exist yet, and how they are read.

    Raises:
        FpbenchError: A part does not exist or cannot be loaded, or ``out`` would replace something
            else.
    """
    _refuse_out(out, settings.weights)
    offer, _ = catalog.offer("trainable", fingerprinter)
    options = override_options(recipe_options(offer, recipe), settings.options)
    settings = replace(settings, options=options, cache_dir=store.root)
    settings = catalog.settings_for("trainable", fingerprinter, settings)
    trainable = catalog.trainable(fingerprinter, settings)
    opening = Settings(cache_dir=store.root, channel=settings.channel)
    source = catalog.dataset(dataset, opening)
    source.complete(stage)
    audio = training_audio(
        source, trainable.sample_rate_hz, seed=settings.seed, store=store, stage=stage
    )
    with blame(offer.source.plugin, f"starting to train '{offer.entry.name}'"):
        trainee = trainable.start(audio)
    return FingerprinterTraining(
        trainee=trainee,
        plugin=offer.source.plugin,
        settings={
            **trainee.description,
            "fingerprinter": fingerprinter,
            "weights": file_sha256(settings.weights) if settings.weights else None,
            "seed": settings.seed,
            "device": settings.device,
            "dtype": settings.dtype,
        },
        audio=audio,
        sample_rate_hz=trainable.sample_rate_hz,
        schedule=schedule or TrainingSchedule(),
        out=out,
    )


def _refuse_out(out: Path, weights: Path | None) -> None:
    if out.suffix != SUFFIX:
        raise FpbenchError(f"'{out}' cannot hold weights", hint=f"end its name in {SUFFIX}")
    if weights is not None and weights.resolve() == out.resolve():
        raise FpbenchError(
            f"--weights and --out are the same file {out}, which the training would replace",
            hint="choose another --out",
        )
    refuse_to_replace(
        report_path(out), "the curves of this training", keys={"validations"}, option="--out"
    )
    refuse_unwritable(out, "--out")
