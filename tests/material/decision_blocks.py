"""Decisions by a threshold at one size, with a short curve."""

from dataclasses import replace
from typing import Any

from fpbench.results.decisions import DetCurve, ErrorRate, FalseAccepts


def block(size: int, rejects: float, **changes: Any) -> FalseAccepts:
    rate = ErrorRate(value=0.2, low=0.15, high=0.25)
    rates = [rejects, 0.75 * rejects, 0.5 * rejects]
    made = FalseAccepts(
        distractors="synthetic",
        index="exact",
        tolerance_s=None,
        n_distractors=size,
        databases=3,
        equal_error_rate=replace(rate, value=rejects / 2),
        rejects=[],
        accepts_at_smallest=rate,
        level=0.95,
        method="jackknife",
        det=DetCurve(
            false_accepts=[0.01, 0.1, 0.5],
            false_rejects=rates,
            low=[0.9 * one for one in rates],
            high=[1.1 * one for one in rates],
        ),
    )
    return replace(made, **changes)
