"""A worker says what each order has cost, and the run adds this up."""

from dataclasses import replace

import numpy as np
import pytest

from fpbench import FingerprintSpec, Segments, Vectors
from fpbench.runs.costs.worker_costs import WorkerCost, WorkerMeter, WorkersTotal

COST = WorkerCost(
    worker="a, 1",
    stage="searching",
    of="exact, real",
    wall_s=2.0,
    processor_s=3.0,
    peak_memory_bytes=100,
    rows=10,
)


class Constant:
    """Embeds every segment in the same vector."""

    spec = FingerprintSpec(sample_rate_hz=100, segment_s=1.0, hop_s=0.5, dim=4)

    def embed(self, segments: Segments, /) -> Vectors:
        return np.full((len(segments), 4), 0.5, dtype=np.float32)


def test_each_order_has_its_own_cost() -> None:
    meter = WorkerMeter()
    fingerprinter = meter.watch_fingerprinter(Constant())
    assert meter.take() == []
    for rows in (3, 5):
        with meter.measure("fingerprinting", ""):
            fingerprinter.embed(np.zeros((rows, 100), np.float32))  # type: ignore[union-attr]
        (cost,) = meter.take()
        assert (cost.stage, cost.rows, cost.audio_s) == ("fingerprinting", rows, rows / 2)
        assert 0 < cost.encoder_s <= cost.wall_s
    assert meter.take() == []


def test_costs_of_workers_add_up_but_for_their_memory() -> None:
    total = WorkersTotal()
    for cost in (COST, COST, replace(COST, worker="b, 2", peak_memory_bytes=200, wall_s=6.0)):
        total.add(cost)
    assert (total.rows, total.processor_s, total.peak_memory_bytes) == (30, 9.0, 200)
    assert total.mean_wall_s == pytest.approx(5.0)
    assert len(total.workers) == 2


def test_nobody_has_taken_nothing() -> None:
    assert (WorkersTotal().mean_wall_s, WorkersTotal().peak_memory_bytes) == (0.0, None)
