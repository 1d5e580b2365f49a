"""A comparison of two systems with differences that are known beforehand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fpbench.results.files import read_result
from fpbench.review.compared_results import ComparedResult
from fpbench.review.comparison import Comparison
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.differences import Difference
from fpbench.review.flipped_queries import PairedRanks

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
SIDE = ComparedResult(Path("golden.json"), GOLDEN)
POINT = GOLDEN.curves[0].points[0]


def difference(value: float, low: float, high: float, n: int = 10_000) -> Difference:
    point = dataclasses.replace(POINT, n_distractors=n)
    return Difference(
        metric="hr@1",
        tolerance_s=0.25,
        points=(point, POINT),
        rates=(0.5 + value, 0.5),
        value=value,
        low=low,
        high=high,
        p_value=0.002 if low > 0 else 0.4,
        clear=low > 0,
    )


@pytest.fixture
def comparisons() -> Comparisons:
    one = Comparison(
        names=("a <b>", "c"),
        places=(0, 1),
        sides=(SIDE, SIDE),
        index="exact",
        distractors="synthetic",
        generator="gaussian",
        queries=GOLDEN.queries,
        differences=[difference(0.125, 0.1, 0.15), difference(-0.02, -0.05, 0.01, n=20_000)],
        ranks=[
            PairedRanks(
                tolerance_s=0.25,
                n_distractors=(20_000, 10_000),
                first=np.array([0, 4, 0]),
                second=np.array([0, 0, 20]),
                shortlists=(20, 20),
            )
        ],
        columns={"track": ["x.flac", "y.flac", "z.flac"], "snr_db": [1.0, 2.0, 3.0]},
    )
    return Comparisons([one], 0.99)
