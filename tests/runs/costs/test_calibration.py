"""The machine's speed is measured in long runs, and kept for half a day."""

import os
import time
from pathlib import Path

import pytest

from fpbench.cache import Store
from fpbench.runs.costs import calibration as module
from fpbench.runs.costs.calibration import KEPT_S, LEAST_RUN_S, calibration


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A cache of a test, in which a measurement takes a hundredth of a second."""
    monkeypatch.setattr(module, "_PART_S", 0.001)
    monkeypatch.setattr(module, "_SIZE", 32)
    monkeypatch.setattr(module, "_COPY_BYTES", 1 << 16)
    return Store(tmp_path)


def test_a_short_run_does_not_measure(store: Store) -> None:
    assert calibration(store, LEAST_RUN_S / 2) is None


def test_a_long_run_measures_once_for_all(store: Store) -> None:
    found = calibration(store, 2 * LEAST_RUN_S)
    assert found is not None
    assert 0 < found.gflops_low <= found.gflops <= found.gflops_high
    assert 0 < found.copy_gb_s_low <= found.copy_gb_s <= found.copy_gb_s_high
    again = calibration(store, LEAST_RUN_S / 2)
    assert again is not None
    assert (again.gflops, again.copy_gb_s) == (found.gflops, found.copy_gb_s)
    assert again.age_s > 0


def test_an_old_measurement_is_made_again(store: Store) -> None:
    calibration(store, 2 * LEAST_RUN_S)
    (file,) = store.root.rglob("*.npz")
    before = time.time() - 2 * KEPT_S
    os.utime(file, (before, before))
    assert calibration(store, LEAST_RUN_S / 2) is None
    again = calibration(store, 2 * LEAST_RUN_S)
    assert again is not None
    assert again.age_s == 0
