"""A report becomes tables with one column or line per set, in units that people read."""

import dataclasses

import pytest

from fpbench.generators.expected_hit_rates import HitRates
from fpbench.generators.fidelity_report import Copying, FidelityReport, Statistics
from fpbench.review.fidelity_tables import fidelity_tables


def statistics(value: float) -> Statistics:
    names = [f.name for f in dataclasses.fields(Statistics) if f.name != "local_dimension"]
    return Statistics(**dict.fromkeys(names, value), local_dimension=(3 * value, 4 * value))


REPORT = FidelityReport(
    rows=300,
    tracks=40,
    splits=4,
    statistics={"real": statistics(0.5), "flow": statistics(2.25)},
    spread={"real": statistics(0.125), "flow": statistics(0.0)},
    copying={},
    hit_rates=None,
)


def cells(text: str, label: str) -> list[str]:
    """The cells in the line of a label, between columns of two spaces or more."""
    (line,) = (line for line in text.splitlines() if line.startswith(label))
    return [cell.strip() for cell in line.removeprefix(label).split("  ") if cell.strip()]


def test_says_what_was_measured_and_what_a_good_score_is() -> None:
    first = fidelity_tables(REPORT).splitlines()[0]
    assert first.startswith("300 rows per set; 40 real tracks, split into halves 4 times")
    assert "A perfect generator scores like the column 'real'" in first


@pytest.mark.parametrize(
    "label",
    [
        *("Frechet distance", "JS of marginals, bits", "JS of similarities, bits", "precision"),
        *("recall", "density", "coverage", "nearest neighbour"),
    ],
)
def test_every_statistic_has_a_line_with_mean_and_spread_of_each_set(label: str) -> None:
    assert cells(fidelity_tables(REPORT), label) == ["0.5000 +- 0.1250", "2.2500 +- 0.0000"]


def test_local_dimension_has_a_line_for_each_neighbourhood_that_is_full() -> None:
    text = fidelity_tables(REPORT)
    lines = [line for line in text.splitlines() if line.startswith("local dimension")]
    assert [line.split("  ")[0] for line in lines] == [
        "local dimension, k = 10",
        "local dimension, k = 20",
    ]
    assert cells(text, "local dimension, k = 10") == ["1.5", "6.8"]


def test_what_was_not_measured_has_no_table() -> None:
    text = fidelity_tables(REPORT)
    assert "copying" not in text
    assert "HR@1" not in text


def test_copying_is_a_share_and_two_distances() -> None:
    copying = Copying(nearer_training=0.975, distance_training=0.0, distance_held_out=0.25)
    text = fidelity_tables(dataclasses.replace(REPORT, copying={"flow": copying}))
    assert cells(text, "flow") == ["97.5%", "0.0000", "0.2500"]


def test_hit_rates_are_in_percent_and_gaps_in_points() -> None:
    rates = HitRates(
        sizes=(100, 2_000),
        hit_rate={"real": (0.75, 0.5), "flow": (0.76, 0.45)},
        gap={"flow": (0.01, -0.05)},
        gap_error={"flow": (None, 0.0125)},
        floor=(0.015, None),
    )
    text = fidelity_tables(dataclasses.replace(REPORT, hit_rates=rates))
    assert cells(text, "gap in points, by distractors") == ["100", "2,000"]
    assert cells(text, "HR@1 of real, %") == ["75.00", "50.00"]
    assert cells(text, "two real halves") == ["+-1.50"]  # a half has no 2 000 rows
    assert cells(text, "flow") == ["+1.00 (no error)", "-5.00 +-1.25"]
