"""A training loop that can be killed at any moment and ends in the same bytes.

Exact because a loss depends on the weights and the number of the step alone: whatever is random
in it is drawn at an address made from that number.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from jaxtyping import Float32
from torch import Tensor, nn

from fpbench import FpbenchError, Report
from fpbench.files import atomic_file

CHECKPOINT_S = 60.0  # between checkpoints,
CHECKPOINT_AFTER_EVALUATION_S = 1.0  # or so long, right after an evaluation: those are costly,
CHECKPOINT_SHARE = 0.05  # but no more of the time than this

LossAt = Callable[[int], Float32[Tensor, ""]]
"""The loss of one step, with the network as it is."""

Network = TypeVar("Network", bound=nn.Module)

Evaluate = Callable[[Network], Mapping[str, float]]
"""Statistics of a network; equal weights, equal numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast to learn, and which weights to keep.

    Args:
        steps: At most.
        evaluate_every: Steps.
        learning_rate: Of AdamW.
        cosine: Whether the rate falls to 0 along half a cosine, or stays.
        weight_decay: Of AdamW.
        average_decay: Of an exponential moving average of the weights, which is then what is
            evaluated and kept; None for the weights themselves.
        select: The statistic that must be low in what is kept; None keeps the last weights.
        patience: Evaluations without a new low after which to stop; None never stops early.
    """

    steps: int
    evaluate_every: int
    learning_rate: float
    weight_decay: float
    cosine: bool = False
    average_decay: float | None = None
    select: str | None = None
    patience: int | None = None


@dataclass(slots=True)
class _State:
    """What changes while training, apart from the network and the optimiser."""

    step: int = 0
    loss_sum: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best: float = math.inf
    best_weights: dict[str, Tensor] | None = None
    stale: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingOutcome:
    """The outcome.

    Args:
        weights: On the CPU, float32.
        step: When they were that.
        history: Per evaluation: ``step``, mean ``loss`` since the last, and the statistics.
    """

    weights: Mapping[str, Tensor]
    step: int
    history: list[dict[str, float]]


def train(
    network: Network,
    loss_at: LossAt,
    evaluate: Evaluate[Network],
    schedule: Schedule,
    *,
    checkpoint: Path,
    key: str,
    report: Report,
) -> TrainingOutcome:
    """Train a network in place, going on from a checkpoint if there is one.

    Args:
        checkpoint: A file that comes and goes on coming.
        key: Of everything that determines the outcome. A checkpoint with another key is refused.

    Raises:
        FpbenchError: The checkpoint is of another training, or a loss or statistic is not finite:
            nothing is learnt after that.
    """
    optimiser = torch.optim.AdamW(
        network.parameters(),
        lr=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        fused=next(network.parameters()).is_cuda or None,  # one launch instead of hundreds
    )
    average = None if schedule.average_decay is None else copy.deepcopy(network)
    state = _State()
    saved = read_checkpoint(checkpoint, key)
    if saved is not None:
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        if average is not None:
            average.load_state_dict(saved["average"])
        state = _State(**saved["state"])
    saved_at, saving_s = time.perf_counter(), 0.0

    while state.step < schedule.steps and not _out_of_patience(state, schedule):
        loss = _take_step(network, optimiser, loss_at, schedule, state)
        if average is not None and schedule.average_decay is not None:
            _move_average(average, network, schedule.average_decay, state.step)
        evaluated = state.step % schedule.evaluate_every == 0 or state.step == schedule.steps
        if evaluated:
            _evaluate_and_keep(network if average is None else average, evaluate, schedule, state)
        wait_s = CHECKPOINT_AFTER_EVALUATION_S if evaluated else CHECKPOINT_S
        began = time.perf_counter()
        if began - saved_at > max(wait_s, saving_s / CHECKPOINT_SHARE):
            write_checkpoint(
                checkpoint, key, _checkpoint_content(network, optimiser, average, state)
            )
            saved_at = time.perf_counter()
            saving_s = saved_at - began
        report(state.step / schedule.steps, _progress_text(loss, state))
    kept = network if average is None else average
    weights = state.best_weights if schedule.select else _copy_weights(kept)
    best_step = min(state.history, key=lambda entry: entry.get(schedule.select or "", 0.0))["step"]
    return TrainingOutcome(
        weights=weights or _copy_weights(kept),
        step=int(best_step) if schedule.select else state.step,
        history=state.history,
    )


def read_checkpoint(path: Path, key: str) -> dict[str, Any] | None:
    """The checkpoint of this training; None if there is none.

    Raises:
        FpbenchError: It belongs to another training.
    """
    if not path.exists():
        return None
    saved: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    if saved.get("key") != key:
        raise FpbenchError(
            f"'{path}' is the checkpoint of another training",
            hint="the data or a setting changed: use another work folder, or delete it",
        )
    return saved


def _take_step(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    loss_at: LossAt,
    schedule: Schedule,
    state: _State,
) -> float:
    if schedule.cosine:
        share = state.step / schedule.steps
        optimiser.param_groups[0]["lr"] = (
            schedule.learning_rate * (1 + math.cos(math.pi * share)) / 2
        )
    network.train()
    loss = loss_at(state.step)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimiser.step()
    value = float(loss.detach())
    state.step += 1
    state.loss_sum += value
    _refuse_not_finite("loss", value, state.step)
    return value


def _evaluate_and_keep(
    network: Network, evaluate: Evaluate[Network], schedule: Schedule, state: _State
) -> None:
    network.eval()
    since = state.step - int(state.history[-1]["step"] if state.history else 0)
    statistics = {"step": float(state.step), "loss": state.loss_sum / since, **evaluate(network)}
    for name, value in statistics.items():
        _refuse_not_finite(name, value, state.step)
    state.history.append(statistics)
    state.loss_sum = 0.0
    if schedule.select is None:
        return
    if statistics[schedule.select] < state.best:
        state.best, state.stale = statistics[schedule.select], 0
        state.best_weights = _copy_weights(network)
    else:
        state.stale += 1


def _refuse_not_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise FpbenchError(f"{name} is {value} at step {step}", hint="set a lower learning_rate")


def _out_of_patience(state: _State, schedule: Schedule) -> bool:
    return schedule.patience is not None and state.stale >= schedule.patience


def _move_average(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move towards the network, faster at first so that the start is soon forgotten."""
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
    """Write what :func:`read_checkpoint` reads, whole or not at all."""
    with atomic_file(path) as file:
        torch.save({"key": key, **content}, file)


def _progress_text(loss: float, state: _State) -> str:
    words = [f"step {state.step}", f"loss {loss:.4f}"]
    if state.history:
        last = state.history[-1]
        words += [f"{name} {value:.4g}" for name, value in last.items() if name == "frechet"]
    return ", ".join(words)
