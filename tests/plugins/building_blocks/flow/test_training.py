"""A training keeps the weights that its schedule asks for, and stops when it says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from jaxtyping import Float32
from torch import Tensor

from fpbench_plugins.building_blocks.flow.network import (
    NetworkShape,
    VelocityNetwork,
    fresh_network,
)
from fpbench_plugins.building_blocks.flow.training import Schedule, TrainingOutcome, train


class Scripted:
    """An objective whose evaluations are known beforehand: one after each step."""

    def __init__(self, network: VelocityNetwork, losses: Sequence[float], copied: Sequence[float],
                 **schedule: Any) -> None:  # fmt: skip
        self._network = network
        self._evaluations = list(zip(losses, copied, strict=True))
        self.judged = 0
        self.schedule = Schedule(
            steps=len(losses),
            evaluate_every=1,
            learning_rate=1e-3,
            weight_decay=0.0,
            **schedule,
        )

    def loss_at(self, step: int) -> Float32[Tensor, ""]:
        return self._network(torch.zeros((1, 3)), torch.zeros(1)).square().sum()

    def judge(self, network: VelocityNetwork) -> dict[str, float]:
        loss, copied = self._evaluations[self.judged]
        self.judged += 1
        return {"held_out": float(loss), "copied": copied}


def outcome(
    folder: Path, losses: Sequence[float], copied: Sequence[float], **schedule: Any
) -> TrainingOutcome:
    network = fresh_network(NetworkShape(dim=3, width=8, depth=1), np.random.default_rng(0))
    objective = Scripted(network, losses, copied, **schedule)
    return train(
        network, objective, checkpoint=folder / "c.pt", key="k", report=lambda _done, _words: None
    )


@pytest.mark.slow
def test_the_lowest_value_within_the_limit_is_kept(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, [3, 2, 1, 4], [0.5, 0.6, 0.7, 0.5], select="held_out", limit=("copied", 0.6)
    )
    assert (found.step, len(found.history)) == (2, 4)


def test_a_second_evaluation_beyond_the_limit_ends_the_training(tmp_path: Path) -> None:
    copied = [0.5, 0.7, 0.6, 0.7, 0.8, 0.9]
    found = outcome(tmp_path, [6, 5, 4, 3, 2, 1], copied, select="held_out", limit=("copied", 0.6))
    assert (found.step, len(found.history)) == (3, 5)


@pytest.mark.parametrize("select", ["held_out", None])
def test_the_least_beyond_is_kept_if_none_is_within(tmp_path: Path, select: str | None) -> None:
    found = outcome(tmp_path, [3, 2, 1], [0.8, 0.7, 0.9], select=select, limit=("copied", 0.6))
    assert (found.step, len(found.history)) == (2, 2)


def test_the_last_weights_within_the_limit_are_kept_without_a_selection(tmp_path: Path) -> None:
    found = outcome(tmp_path, [1, 2, 3], [0.5, 0.6, 0.7], limit=("copied", 0.6))
    assert found.step == 2


def test_without_limit_the_lowest_or_the_last_is_kept(tmp_path: Path) -> None:
    copied = [0.9, 0.9, 0.9]
    assert outcome(tmp_path, [2, 1, 3], copied, select="held_out").step == 2
    (tmp_path / "last").mkdir()
    assert outcome(tmp_path / "last", [2, 1, 3], copied).step == 3
