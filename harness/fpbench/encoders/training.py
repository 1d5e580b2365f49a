"""Drives a training: steps, validation, checkpoints. Knows no framework and no loss."""

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
from fpbench.plugin.blame import blame
from fpbench.plugin.fingerprinters import Vectors
from fpbench.plugin.training import Trainee

_STATE = "state."
_CURVES = "curves."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSchedule:
    """When to look up from learning. Nothing here changes the weights.

    Args:
        validate_every: Steps between validations; the last step is always followed by one.
        validation_pairs: Size of the mini-search.
        checkpoint_every_s: Seconds that a crash may cost.
    """

    validate_every: int = 500
    validation_pairs: int = 1000
    checkpoint_every_s: float = 60.0


@dataclass(slots=True)
class TrainingProgress:
    """How far a training is.

    Args:
        step: Steps done.
        losses: One for each step done.
        validations: Steps done and hit rate of the mini-search, from 0 to 1.
        seconds: Spent in steps and validations, over all interruptions; not in checkpoints.
        saved: Whether the checkpoint holds just this: a good moment to write the weights, too.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    saved: bool = False


def train(
    trainee: Trainee, checkpoint: Path, *, plugin: str, key: str, schedule: TrainingSchedule
) -> Iterator[TrainingProgress]:
    """Take every step that is not in the checkpoint, yielding after each.

    Args:
        checkpoint: Written now and then, and at the end; read first if it exists.
        plugin: Blamed if the trainee fails.
        key: Equal for trainings that would go through the same states.

    Yields:
        The same object, updated; first before any step, with what the checkpoint held.

    Raises:
        FpbenchError: The checkpoint belongs to another training or is not readable, the trainee
            fails, or a loss or its state is not finite: nothing is learnt after that, and nothing
            is written.
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
            broken = [name for name, array in state.items() if not np.isfinite(array).all()]
            if broken:
                raise _diverged_error(
                    f"{broken[0]} holds NaN or infinity after step {progress.step}"
                )
            write_checkpoint(checkpoint, state, progress, key)
            saved_at = now
        yield progress


def _diverged_error(problem: str) -> FpbenchError:
    """Nothing more can be learnt."""
    return FpbenchError(problem, hint="train with a lower learning rate, or look for broken audio")


def hit_rate(references: Vectors, queries: Vectors) -> float:
    """How often a query's nearest reference is the one with its own number."""
    nearest = (queries @ references.T).argmax(axis=1)
    return float(np.mean(nearest == np.arange(len(queries))))


def write_checkpoint(
    path: Path, state: Mapping[str, np.ndarray], progress: TrainingProgress, key: str
) -> None:
    """Everything needed to go on, in one file that is whole or absent."""
    arrays = {_STATE + name: np.ascontiguousarray(array) for name, array in state.items()}
    arrays[_CURVES + "losses"] = np.array(progress.losses, dtype=np.float64)
    arrays[_CURVES + "validations"] = np.array(progress.validations, dtype=np.float64)
    said = {"identity": key, "step": progress.step, "seconds": progress.seconds}
    with atomic_file(path) as file:
        file.write(save(arrays, metadata={"fpbench": json.dumps(said)}))


def resume(trainee: Trainee, path: Path, key: str) -> TrainingProgress:
    """Put a trainee where a checkpoint left off.

    Raises:
        FpbenchError: The file is no checkpoint, or of another training.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            said = json.loads((file.metadata() or {})["fpbench"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no dict
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as err:
        raise FpbenchError(
            f"{path} is not a training checkpoint", hint="delete it to start afresh"
        ) from err
    if said["identity"] != key:
        raise FpbenchError(
            f"{path} belongs to a training with other settings or audio",
            hint="delete it to start afresh, or choose another --out",
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
        step=said["step"],
        losses=arrays[_CURVES + "losses"].tolist(),
        validations=[(int(step), float(rate)) for step, rate in validations],
        seconds=said["seconds"],
        saved=True,
    )
