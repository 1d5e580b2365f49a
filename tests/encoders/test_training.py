"""Trainings resume exactly, and refuse checkpoints of other trainings."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Vectors
from fpbench.encoders.training import TrainingProgress, TrainingSchedule, hit_rate, train

ALWAYS = TrainingSchedule(validate_every=2, validation_pairs=3, checkpoint_every_s=0.0)


class Counter:
    """A trainee whose one weight remembers every step in order."""

    steps = 5
    description: Mapping[str, int] = {}

    def __init__(self) -> None:
        self.weight = np.zeros(1)

    def step(self, number: int, /) -> float:
        self.weight = self.weight * 10 + number + 1
        return float(number)

    def pairs(self, n: int, /) -> tuple[Vectors, Vectors]:
        eye = np.eye(n, dtype=np.float32)
        return eye, eye[::-1].copy()

    def state(self) -> Mapping[str, np.ndarray]:
        return {"weight": self.weight}

    def restore(self, state: Mapping[str, np.ndarray], /) -> None:
        self.weight = state["weight"]

    def save(self, path: Path, done: int, /) -> None:
        path.write_text(f"{self.weight} after {done}")


def finished(trainee: Counter, checkpoint: Path, key: str = "a") -> TrainingProgress:
    *_, progress = train(trainee, checkpoint, plugin="x", key=key, schedule=ALWAYS)
    return progress


@pytest.mark.parametrize("killed_after", [0, 1, 3])
def test_continues_where_it_was_killed(tmp_path: Path, killed_after: int) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    steps = train(Counter(), checkpoint, plugin="x", key="a", schedule=ALWAYS)
    for _ in range(killed_after + 1):
        next(steps)
    steps.close()
    trainee = Counter()
    progress = finished(trainee, checkpoint)
    assert trainee.weight == 12_345
    assert progress.losses == [0, 1, 2, 3, 4]
    assert [step for step, _ in progress.validations] == [2, 4, 5]


def test_a_finished_training_runs_no_more_steps(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    finished(Counter(), checkpoint)
    trainee = Counter()
    finished(trainee, checkpoint)
    assert trainee.weight == 12_345


def test_refuses_a_checkpoint_of_another_training(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    finished(Counter(), checkpoint, key="a")
    with pytest.raises(FpbenchError, match="other settings"):
        finished(Counter(), checkpoint, key="b")


def test_refuses_a_damaged_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    finished(Counter(), checkpoint)
    content = bytearray(checkpoint.read_bytes())
    content[-3] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(FpbenchError, match=r"x\.checkpoint is damaged"):
        finished(Counter(), checkpoint)


def test_refuses_a_file_that_is_not_a_checkpoint(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    checkpoint.write_bytes(b"nothing")
    with pytest.raises(FpbenchError, match="not a training checkpoint"):
        finished(Counter(), checkpoint)


class Slow(Counter):
    def step(self, number: int, /) -> float:
        time.sleep(0.02)
        return super().step(number)

    def pairs(self, n: int, /) -> tuple[Vectors, Vectors]:
        time.sleep(0.02)
        return super().pairs(n)


def test_counts_the_time_of_steps_and_validations_over_all_interruptions(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    steps = train(Slow(), checkpoint, plugin="x", key="a", schedule=ALWAYS)
    for _ in range(4):
        next(steps)
    steps.close()
    assert finished(Slow(), checkpoint).seconds >= 8 * 0.02


@pytest.mark.slow
def test_does_not_count_what_the_caller_does_between_steps(tmp_path: Path) -> None:
    seconds = 0.0
    checkpoint = tmp_path / "x.checkpoint"
    for progress in train(Counter(), checkpoint, plugin="x", key="a", schedule=ALWAYS):
        time.sleep(0.1)
        seconds = progress.seconds
    assert 0 < seconds < 0.3


class Failing(Counter):
    def step(self, number: int, /) -> float:
        raise ZeroDivisionError("no norm")


def test_blames_the_plugin_whose_trainee_fails(tmp_path: Path) -> None:
    message = "plugin 'x' failed while taking training step 0: ZeroDivisionError: no norm"
    with pytest.raises(FpbenchError, match=message):
        finished(Failing(), tmp_path / "x.checkpoint")


class Diverging(Counter):
    def step(self, number: int, /) -> float:
        return [3.0, float("nan")][number]


def test_stops_at_a_loss_that_is_not_finite_before_writing_it(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    steps = train(Diverging(), checkpoint, plugin="x", key="a", schedule=ALWAYS)
    next(steps)
    next(steps)
    written = checkpoint.read_bytes()
    with pytest.raises(FpbenchError, match="loss of training step 1 is nan"):
        next(steps)
    assert checkpoint.read_bytes() == written


class Overflowing(Counter):
    def step(self, number: int, /) -> float:
        self.weight = np.array([np.inf if number == self.steps - 1 else 1.0])
        return 0.0


def test_stops_at_weights_that_are_not_finite_even_in_the_last_step(tmp_path: Path) -> None:
    checkpoint = tmp_path / "x.checkpoint"
    steps = train(Overflowing(), checkpoint, plugin="x", key="a", schedule=ALWAYS)
    for _ in range(Overflowing.steps):
        next(steps)
    written = checkpoint.read_bytes()
    with pytest.raises(FpbenchError, match="weight holds NaN or infinity after step 5"):
        next(steps)
    assert checkpoint.read_bytes() == written


def test_counts_a_hit_only_at_the_query_s_own_row() -> None:
    references = np.eye(4, dtype=np.float32)
    queries = references[[0, 1, 3, 2]]
    assert hit_rate(references, queries) == 0.5
