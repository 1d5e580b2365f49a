"""What a run cost is said in a few lines."""

from dataclasses import replace
from pathlib import Path

import pytest
from indexes_with_costs import result_with

from fpbench.results.costs import Costs, EncoderCost, IndexCost, Latency, StageCost
from fpbench.results.files import read_result
from fpbench.review.cost_tables import (
    bytes_text,
    cost_tables,
    cost_text,
    index_cost_table,
    speed_text,
)
from fpbench.review.result_tables import result_tables

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def stage(of: str, wall_s: float | None, amount: float | None = 1000.0) -> StageCost:
    return StageCost(
        stage="fingerprinting",
        of=of,
        wall_s=wall_s,
        processor_s=wall_s,
        peak_memory_bytes=None,
        amount=amount,
        total=1000.0,
        unit="fingerprints",
        cached=wall_s is None,
    )


COSTS = Costs(
    wall_s=100.0,
    processor_s=150.0,
    peak_memory_bytes=1_234_000_000,
    threads=2,
    load_before=0.1,
    load_after=1.9,
    stages=[stage("reference", 20.0), stage("queries", None, None), stage("distractors", 1.0)],
    encoder=EncoderCost(audio_s=8_210.0, wall_s=20.0, cached=False),
    indexes=[
        IndexCost(
            index="ivfpq",
            distractors="synthetic",
            rows=100_000,
            bytes_per_fingerprint=72.0,
            bytes_per_hour=518_400.0,
            latencies=[
                Latency(batch=1, ms=1.234, low_ms=1.0, high_ms=2.0, repeats=5),
                Latency(batch=100, ms=0.0567, low_ms=0.05, high_ms=0.06, repeats=5),
            ],
            cached=False,
        )
    ],
    calibration=None,
)


def test_an_older_result_says_nothing() -> None:
    assert cost_tables(RESULT) == []


def test_the_workers_of_a_stage_are_counted() -> None:
    by_workers = replace(COSTS.stages[0], workers=2)
    (text,) = cost_tables(replace(RESULT, costs=replace(COSTS, stages=[by_workers])))
    assert "fingerprinting reference 20 % of 2 workers (50 fingerprints a second)" in text


def test_an_index_that_a_worker_has_timed_is_marked() -> None:
    by_worker = replace(COSTS.indexes[0], worker="a processor, 2 threads")
    (text,) = cost_tables(replace(RESULT, costs=replace(COSTS, indexes=[by_worker])))
    assert "ivfpq, synthetic (a worker) " in text


def test_a_few_lines_say_where_time_went() -> None:
    (text,) = cost_tables(replace(RESULT, costs=COSTS))
    assert text.splitlines()[:4] == [
        "cost of this run: 2 min, 2 min of processors, 2 threads, 1.23 GB of memory at most; "
        "load of the machine 1.9",
        "most of it: fingerprinting reference 20 % (50 fingerprints a second)",
        "from the cache: 1 of 3 stages",
        "fingerprinter: 410 × real time",  # noqa: RUF001 - a product
    ]
    cells = " ".join(text.splitlines()[-1].split())
    assert cells == "ivfpq, synthetic 100 k 1.23 0.0567 72 518 kB -"  # it has no curve
    assert text in result_tables(replace(RESULT, costs=COSTS))


def test_what_is_unknown_is_left_out() -> None:
    unknown = replace(
        COSTS, stages=[], encoder=None, indexes=[], load_after=None, peak_memory_bytes=None
    )
    (text,) = cost_tables(replace(RESULT, costs=unknown))
    assert text == "cost of this run: 2 min, 2 min of processors, 2 threads"
    assert index_cost_table(replace(RESULT, costs=unknown)) is None
    assert speed_text(unknown) == ""


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(None, "-"), (9.04, "9.04 B"), (512.0, "512 B"), (3_686_400.0, "3.69 MB"), (2e9, "2 GB")],
)
def test_sizes_are_short(size_bytes: float | None, text: str) -> None:
    assert bytes_text(size_bytes) == text


def on_front(*indexes: tuple[str, float, float, float]) -> list[str]:
    """The indexes with a star, of some with a name, a hit rate, milliseconds and bytes."""
    table = index_cost_table(result_with(*indexes))
    assert table is not None
    return [line.split(",")[0] for line in table.splitlines()[2:] if line.endswith("*")]


def test_what_no_other_index_beats_has_a_star() -> None:
    exact, fast = ("exact", 0.9, 5.0, 512.0), ("ivf", 0.8, 0.1, 520.0)
    small, bad = ("ivfpq", 0.7, 0.2, 72.0), ("lsh", 0.7, 0.2, 80.0)
    assert on_front(exact, fast, small, bad) == ["exact", "ivf", "ivfpq"]
    assert on_front(exact) == []  # nothing to compare it with


def test_times_of_different_numbers_of_rows_are_not_compared() -> None:
    one, other = (replace(COSTS.indexes[0], index=name) for name in ("ivf", "hnsw"))
    curves = [replace(RESULT.curves[0], index=name) for name in ("ivf", "hnsw")]
    costs = replace(COSTS, indexes=[one, replace(other, rows=1_000_000)])
    table = index_cost_table(replace(RESULT, curves=curves, costs=costs))
    assert table is not None
    assert "*" not in table


def test_the_cost_of_a_system_with_an_index_is_a_few_words() -> None:
    result = replace(RESULT, costs=COSTS)
    assert cost_text(result, "ivfpq", "synthetic") == (
        "410 × real time, 1.23 ms per query among 100 k, 518 kB per hour"  # noqa: RUF001
    )
    assert cost_text(result, "exact", "real") == "410 × real time"  # noqa: RUF001
    assert cost_text(RESULT, "ivfpq", "synthetic") == ""
