"""What a run cost is read back as it was written, and rates follow from it."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.results.costs import Costs, EncoderCost, IndexCost, Latency, StageCost
from fpbench.results.files import read_result, write_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"

STAGE = StageCost(
    stage="fingerprinting",
    of="reference",
    wall_s=2.0,
    processor_s=3.5,
    peak_memory_bytes=10**9,
    amount=600.0,
    total=900.0,
    unit="fingerprints",
    cached=False,
)
INDEX = IndexCost(
    index="exact",
    distractors="real",
    rows=1_000,
    bytes_per_fingerprint=512.0,
    bytes_per_hour=3_686_400.0,
    latencies=[Latency(batch=100, ms=0.5, low_ms=0.4, high_ms=0.7, repeats=5)],
    cached=False,
)
COSTS = Costs(
    wall_s=10.0,
    processor_s=12.0,
    peak_memory_bytes=None,
    threads=2,
    load_before=None,
    load_after=1.5,
    stages=[STAGE],
    encoder=EncoderCost(audio_s=300.0, wall_s=0.5, cached=False),
    indexes=[INDEX],
    calibration=None,
)


def test_costs_survive_a_round_trip(tmp_path: Path) -> None:
    write_result(replace(read_result(GOLDEN), costs=COSTS), tmp_path / "new.json")
    assert read_result(tmp_path / "new.json").costs == COSTS


def test_a_negative_time_is_refused(tmp_path: Path) -> None:
    lie = replace(COSTS, stages=[replace(STAGE, wall_s=-1.0)])
    with pytest.raises(FpbenchError, match=r"costs\.stages\.0\.wall_s"):
        write_result(replace(read_result(GOLDEN), costs=lie), tmp_path / "new.json")


def test_rates_follow_from_times() -> None:
    assert STAGE.per_s == 300
    assert replace(STAGE, wall_s=None).per_s is None
    assert COSTS.encoder is not None
    assert COSTS.encoder.x_real_time == 600


def test_the_time_of_a_batch_is_found() -> None:
    found = COSTS.index("exact", "real")
    assert found is not None
    assert found.latency(100) == INDEX.latencies[0]
    assert found.latency(1) is None
    assert COSTS.index("exact", "synthetic") is None
