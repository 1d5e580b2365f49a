"""The training loop: steps, validation, checkpoints; independent of framework and loss."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file
from fpbench.hashing import content_key, rows_digest
from fpbench.plugin.blame import blame
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.training import Trainee

_STATE = "state."
_CURVES = "curves."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSchedule:
    """When to validate and to save. It does not change the weights.

    Args:
        validate_every: Steps between validations; there is always one after the last step.
        validation_pairs: Number of queries and references of the mini-search.
        checkpoint_every_s: Seconds between checkpoints, the most that a crash loses.
    """

    validate_every: int = 500
    validation_pairs: int = 1000
    checkpoint_every_s: float = 60.0


@dataclass(slots=True)
class TrainingProgress:
    """Progress of a training.

    Args:
        step: Number of finished steps.
        losses: Loss of each finished step.
        validations: Finished steps and hit rate of the mini-search, from 0 to 1.
        seconds: Time of steps and validations, over all interruptions, without checkpoints.
        saved: Whether the checkpoint holds this state, so that the weights can be written, too.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    saved: bool = False


def train(
    trainee: Trainee, checkpoint: Path, *, plugin: str, key: str, schedule: TrainingSchedule
) -> Iterator[TrainingProgress]:
    """Run all steps that are not in the checkpoint, and yield after each.

    Args:
        checkpoint: File that is read first if it exists, and written by schedule and at the end.
        plugin: Name of the trainee's plugin, for errors.
        key: Equal for trainings that have the same states.

    Yields:
        The same object, updated; the first time before any step, with the checkpoint's values.

    Raises:
        FpbenchError: The checkpoint belongs to another training or is not readable, the trainee
            fails, or a loss or the state is not finite: the training stops and writes nothing.
    """
    progress = TrainingProgress()
    if checkpoint.exists():
        with blame(plugin, f"going on from {checkpoint}"):
            progress = resume(trainee, checkpoint, key)
    yield progress
    saved_at = time.perf_counter()
    while progress.step < trainee.steps:
        started_at = time.perf_counter()
        with blame(plugin, f"taking training step {progress.step}"):
            loss = trainee.step(progress.step)
        if not math.isfinite(loss):
            raise _diverged_error(f"the loss of training step {progress.step} is {loss}")
        progress.losses.append(loss)
        progress.step += 1
        finished = progress.step == trainee.steps
        if finished or progress.step % schedule.validate_every == 0:
            with blame(plugin, f"validating after step {progress.step}"):
                rate = hit_rate(*trainee.pairs(schedule.validation_pairs))
            progress.validations.append((progress.step, rate))
        now = time.perf_counter()
        progress.seconds += now - started_at
        progress.saved = finished or now - saved_at >= schedule.checkpoint_every_s
        if progress.saved:
            with blame(plugin, f"handing over its state after step {progress.step}"):
                state = trainee.state()
            not_finite = [name for name, array in state.items() if not np.isfinite(array).all()]
            if not_finite:
                raise _diverged_error(
                    f"{not_finite[0]} holds NaN or infinity after step {progress.step}"
                )
            write_checkpoint(checkpoint, state, progress, key)
            saved_at = now
        yield progress


def _diverged_error(problem: str) -> FpbenchError:
    """The error of a training that has diverged."""
    return FpbenchError(problem, hint="train with a lower learning rate, or look for broken audio")


def hit_rate(references: Vectors, queries: Vectors) -> float:
    """Share of queries whose nearest reference has the same row number."""
    nearest = (queries @ references.T).argmax(axis=1)
    return float(np.mean(nearest == np.arange(len(queries))))


def write_checkpoint(
    path: Path, state: Mapping[str, np.ndarray], progress: TrainingProgress, key: str
) -> None:
    """Write everything that a training needs to continue, in one file and atomically."""
    arrays = {_STATE + name: np.ascontiguousarray(array) for name, array in state.items()}
    arrays[_CURVES + "losses"] = np.array(progress.losses, dtype=np.float64)
    arrays[_CURVES + "validations"] = np.array(progress.validations, dtype=np.float64)
    metadata = {
        "identity": key,
        "step": progress.step,
        "seconds": progress.seconds,
        "digest": _digest(arrays),
    }
    with atomic_file(path) as file:
        file.write(save(arrays, metadata={"fpbench": json.dumps(metadata)}))


def _digest(arrays: Mapping[str, np.ndarray]) -> str:
    return content_key(
        **{name: rows_digest(np.atleast_1d(array)) for name, array in arrays.items()}
    )


def resume(trainee: Trainee, path: Path, key: str) -> TrainingProgress:
    """Restore a trainee's state from a checkpoint.

    Raises:
        FpbenchError: The file is not a checkpoint, is damaged, or belongs to another training.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {})["fpbench"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no dict
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as err:
        raise FpbenchError(
            f"{path} is not a training checkpoint", hint="delete it to start from step 0"
        ) from err
    if metadata.get("digest") not in (None, _digest(arrays)):  # older ones have none
        raise FpbenchError(
            f"{path} is damaged", hint="check the disk, and delete the file to start from step 0"
        )
    if metadata["identity"] != key:
        raise FpbenchError(
            f"{path} belongs to a training with other settings or audio",
            hint="delete it to start from step 0, or choose another --out",
        )
    trainee.restore(
        {
            name.removeprefix(_STATE): array
            for name, array in arrays.items()
            if name.startswith(_STATE)
        }
    )
    validations = arrays[_CURVES + "validations"].reshape(-1, 2)
    return TrainingProgress(
        step=metadata["step"],
        losses=arrays[_CURVES + "losses"].tolist(),
        validations=[(int(step), float(rate)) for step, rate in validations],
        seconds=metadata["seconds"],
        saved=True,
    )
