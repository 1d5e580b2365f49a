"""A result with some indexes, of which each has a hit rate and costs."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.costs import Costs, IndexCost, Latency
from fpbench.results.document import Result
from fpbench.results.files import read_result

RESULT = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def result_with(*indexes: tuple[str, float, float, float], rows: int = 100_000) -> Result:
    """A result with a curve and a cost for each index.

    Args:
        indexes: Name, hit rate, milliseconds of one query and bytes of each.
        rows: Rows of indexes other than ``exact``, which is timed with 100 000.
    """
    curve = RESULT.curves[0]
    costs = [
        IndexCost(
            index=name,
            distractors=curve.distractors,
            rows=100_000 if name == "exact" else rows,
            bytes_per_fingerprint=size,
            bytes_per_hour=7_200 * size,
            latencies=[Latency(batch=1, ms=ms, low_ms=ms, high_ms=ms, repeats=3)],
            cached=False,
        )
        for name, _, ms, size in indexes
    ]
    curves = [
        replace(curve, index=name, points=[replace(curve.points[-1], value=rate)])
        for name, rate, _, _ in indexes
    ]
    of_run = Costs(
        wall_s=1.0,
        processor_s=1.0,
        peak_memory_bytes=None,
        threads=1,
        load_before=None,
        load_after=None,
        stages=[],
        encoder=None,
        indexes=costs,
        calibration=None,
    )
    return replace(RESULT, curves=curves, costs=of_run)
