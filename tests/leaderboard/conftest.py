"""Minimal results for tables, by name."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench.results.document import Curve, Interval, Point, Result
from fpbench.results.files import read_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_v1.json"


def point(n: int, value: float) -> Point:
    ci = Interval(level=0.95, low=value - 0.05, high=value + 0.05, method="bootstrap over tracks")
    return Point(
        n_distractors=n,
        n_reference=500,
        hours=(n + 500) / 7200,
        value=value,
        std=None,
        repeats=1,
        n_queries=100,
        ci=ci,
    )


@pytest.fixture
def named() -> Callable[..., Result]:
    """The golden result under another name, with one curve: by distractors, the hit rate."""

    def make(name: str, values: dict[int, float], **changes: object) -> Result:
        base = read_result(GOLDEN)
        curve = Curve(
            distractors="real",
            index="exact",
            metric="hr@1",
            tolerance_s=0.25,
            query_length_s=1.0,
            points=[point(n, value) for n, value in values.items()],
        )
        system = dataclasses.replace(base.fingerprinter, name=name)
        return dataclasses.replace(base, fingerprinter=system, curves=[curve], **changes)

    return make
