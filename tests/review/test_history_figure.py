"""Figures of a fit or a training, for any history."""

from pathlib import Path

import numpy as np
import pytest

from fpbench.review.history_figure import plot_history, plot_training, smooth


def test_smooths_over_the_last_fifty() -> None:
    losses = np.concatenate((np.zeros(50), np.full(50, 2.0)))
    means = smooth(losses)
    assert means[[0, 49, 74, 99]].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("validations", [[], [(2, 0.5)]], ids=["none yet", "one"])
def test_a_training_is_a_png_before_its_first_validation(
    tmp_path: Path, validations: list[tuple[int, float]]
) -> None:
    plot_training([1.0, 0.5], validations, tmp_path / "w.png")
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_a_fit_without_losses_is_drawn_too(tmp_path: Path) -> None:
    plot_history([{"step": 1.0, "coverage": 0.5}], tmp_path / "coverage.png")
    history = [{"step": float(n), "train_loss": 1.0, "loss": 2.0, "coverage": 0.5} for n in (1, 2)]
    plot_history(history, tmp_path / "all.png")
    for name in ("coverage", "all"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
