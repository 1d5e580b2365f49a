"""A training loop that can be interrupted at any moment and still ends in the same bytes.

A loss depends on the weights and the number of the step only: its random numbers are drawn at an
address made from that number.
"""

import copy
import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import FpbenchError, Report
from fpbench.cache import read_sealed, write_sealed
from fpbench_plugins.building_blocks.flow.network import VelocityNetwork

_KIND = "checkpoint of a flow"
CHECKPOINT_S = 60.0  # between checkpoints
CHECKPOINT_AFTER_EVALUATION_S = 1.0  # shorter after an evaluation, because evaluations are slow
_BEYOND = 2  # evaluations beyond the limit, one after the other, that end a training
CHECKPOINT_SHARE = 0.05  # of the time, at most, is spent on checkpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Length and learning rate of a training, and which weights it keeps.

    Args:
        steps: Largest number of steps.
        evaluate_every: Steps between evaluations.
        learning_rate: Of AdamW.
        cosine: Whether the rate falls to 0 along half a cosine. Otherwise it is constant.
        weight_decay: Of AdamW.
        average_decay: Of an exponential moving average of the weights, which is evaluated and
            kept instead of them; None means no average.
        select: The statistic that selects the weights to keep: those where it is lowest. None
            keeps the last weights.
        patience: Evaluations without a new lowest value until the training stops; None means that
            it never stops early.
        limit: A statistic and its largest value. Weights beyond are not kept if any are within, and
            a second evaluation beyond, directly after another, ends the training.
    """

    steps: int
    evaluate_every: int
    learning_rate: float
    weight_decay: float
    cosine: bool = False
    average_decay: float | None = None
    select: str | None = None
    patience: int | None = None
    limit: tuple[str, float] | None = None


@runtime_checkable
class Objective(Protocol):
    """What a network learns."""

    @property
    def schedule(self) -> Schedule: ...

    def loss_at(self, step: int) -> Float32[Tensor, ""]:
        """The loss of one step with the network's present weights."""
        ...

    def judge(self, network: VelocityNetwork) -> Mapping[str, float]:
        """Statistics of a network. Equal weights give equal numbers."""
        ...


@dataclass(slots=True)
class _State:
    """What changes during a training, apart from the network and the optimiser."""

    step: int = 0
    loss_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    best_excess: float = math.inf
    best_step: int = 0
    best_weights: dict[str, Tensor] | None = None
    stale: int = 0
    beyond: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOutcome:
    """The outcome of a training.

    Args:
        weights: On the CPU, in float32.
        step: After which the network had these weights.
        history: For each evaluation: ``step``, mean ``loss`` since the one before, and statistics.
    """

    weights: Mapping[str, Tensor]
    step: int
    history: list[dict[str, float]]


def train(
    network: VelocityNetwork,
    objective: Objective,
    *,
    checkpoint: Path,
    key: str,
    report: Report,
) -> TrainingOutcome:
    """Train a network in place. Continue from a checkpoint if there is one.

    Args:
        checkpoint: File that is written from time to time.
        key: Hash of everything that decides the outcome. A checkpoint with another key is refused.

    Raises:
        FpbenchError: The checkpoint belongs to another training, or a loss or a statistic is not
            finite.
    """
    schedule = objective.schedule
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        fused=True,  # one pass over each weight; a third less time per step on CPUs
    )
    average = None if schedule.average_decay is None else copy.deepcopy(network)
    state = _resume(read_checkpoint(checkpoint, key), network, optimiser, average)
    kept = network if average is None else average
    checkpoints = _Checkpoints(checkpoint, key)
    while state.step < schedule.steps and not _is_over(state, schedule):
        loss = _take_step(network, optimiser, objective, state)
        if average is not None and schedule.average_decay is not None:
            _move_average(average, network, schedule.average_decay, state.step)
        evaluated = state.step % schedule.evaluate_every == 0 or state.step == schedule.steps
        if evaluated:
            _evaluate_and_keep(kept, objective, state)
        checkpoints.write_if_due(
            lambda: _checkpoint_content(network, optimiser, average, state), evaluated=evaluated
        )
        report(state.step / schedule.steps, _progress_text(loss, state))
    return _outcome(kept, schedule, state)


def read_checkpoint(path: Path, key: str) -> dict[str, Any] | None:
    """Read the checkpoint of this training; None if there is none, or if it is damaged.

    Raises:
        FpbenchError: The checkpoint belongs to another training.
    """
    content = read_sealed(path, _KIND)
    if content is None:
        return None
    saved: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    if saved.get("key") != key:
        raise FpbenchError(
            f"'{path}' is the checkpoint of another training",
            hint="the data or a setting has changed: use another work folder, or delete this file",
        )
    return saved


class _Checkpoints:
    """Writes a checkpoint from time to time."""

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._written_at, self._writing_s = time.perf_counter(), 0.0

    def write_if_due(self, content: Callable[[], Mapping[str, Any]], *, evaluated: bool) -> None:
        """Write ``content()`` if the last checkpoint is old enough.

        Args:
            evaluated: Whether an evaluation has just been made.
        """
        wait_s = CHECKPOINT_AFTER_EVALUATION_S if evaluated else CHECKPOINT_S
        start = time.perf_counter()
        if start - self._written_at > max(wait_s, self._writing_s / CHECKPOINT_SHARE):
            write_checkpoint(self._path, self._key, content())
            self._written_at = time.perf_counter()
            self._writing_s = self._written_at - start


def _resume(
    saved: Mapping[str, Any] | None,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: nn.Module | None,
) -> _State:
    """Load a checkpoint, if there is one, and return the state of the training."""
    if saved is None:
        return _State()
    network.load_state_dict(saved["network"])
    optimiser.load_state_dict(saved["optimiser"])
    if average is not None:
        average.load_state_dict(saved["average"])
    return _State(**saved["state"])


def _outcome(kept: nn.Module, schedule: Schedule, state: _State) -> TrainingOutcome:
    weights, step = state.best_weights, state.best_step
    if weights is None:
        weights, step = _copy_weights(kept), state.step
    return TrainingOutcome(weights=weights, step=step, history=state.history)


def _take_step(
    network: VelocityNetwork,
    optimiser: torch.optim.Optimizer,
    objective: Objective,
    state: _State,
) -> float:
    schedule = objective.schedule
    if schedule.cosine:
        share = state.step / schedule.steps
        optimiser.param_groups[0]["lr"] = (
            schedule.learning_rate * (1 + math.cos(math.pi * share)) / 2
        )
    network.train()
    loss = objective.loss_at(state.step)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimiser.step()
    value = float(loss.detach())
    state.step += 1
    state.loss_sum += value
    _refuse_not_finite("loss", value, state.step)
    return value


def _evaluate_and_keep(network: VelocityNetwork, objective: Objective, state: _State) -> None:
    schedule = objective.schedule
    network.eval()
    since = state.step - int(state.history[-1]["step"] if state.history else 0)
    statistics = {
        "step": float(state.step),
        "loss": state.loss_sum / since,
        **objective.judge(network),
    }
    for name, value in statistics.items():
        _refuse_not_finite(name, value, state.step)
    state.history.append(statistics)
    state.loss_sum = 0.0
    excess = _excess(statistics, schedule)
    state.beyond = state.beyond + 1 if excess > 0 else 0
    if schedule.select is None and schedule.limit is None:
        return
    # Without a statistic to select by, later weights are better.
    value = -float(state.step) if schedule.select is None else statistics[schedule.select]
    if (excess, value) < (state.best_excess, state.best):
        state.best, state.best_excess, state.best_step = value, excess, state.step
        state.best_weights, state.stale = _copy_weights(network), 0
    else:
        state.stale += 1


def _excess(statistics: Mapping[str, float], schedule: Schedule) -> float:
    """By how much the limit is exceeded; 0 within it."""
    if schedule.limit is None:
        return 0.0
    name, largest = schedule.limit
    return max(statistics[name] - largest, 0.0)


def _refuse_not_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise FpbenchError(f"{name} is {value} at step {step}", hint="set a lower learning_rate")


def _is_over(state: _State, schedule: Schedule) -> bool:
    out_of_patience = schedule.patience is not None and state.stale >= schedule.patience
    return out_of_patience or state.beyond >= _BEYOND


def _move_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the average towards the network: faster at first, to forget the first weights soon."""
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
            slow.lerp_(fast, 1 - decay)


def _copy_weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


def _checkpoint_content(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: nn.Module | None,
    state: _State,
) -> dict[str, Any]:
    return {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": None if average is None else average.state_dict(),
        "state": {name: getattr(state, name) for name in _State.__slots__},
    }


def write_checkpoint(path: Path, key: str, content: Mapping[str, Any]) -> None:
    """Write what :func:`read_checkpoint` reads, completely or not at all."""
    buffer = io.BytesIO()
    torch.save({"key": key, **content}, buffer)
    write_sealed(path, _KIND, buffer.getvalue())


def _progress_text(loss: float, state: _State) -> str:
    words = [f"step {state.step}", f"loss {loss:.4f}"]
    if state.history:
        last = state.history[-1]
        words += [f"{name} {value:.4g}" for name, value in last.items() if name == "frechet"]
    return ", ".join(words)
