"""A report becomes tables with one column or line per set, in units that people read."""

import dataclasses
from pathlib import Path

import pytest
from fidelity_blocks import fidelity, hit_rates

from fpbench.results.fidelity import Copying, HitRates, Statistics
from fpbench.results.files import read_result
from fpbench.review.fidelity_tables import fidelity_tables, held_out_table


def all_equal(value: float) -> Statistics:
    names = [f.name for f in dataclasses.fields(Statistics) if f.name != "local_dimension"]
    return Statistics(**dict.fromkeys(names, value), local_dimension=(3 * value, None))


REPORT = fidelity(
    rows=300,
    tracks=40,
    statistics={name: all_equal(value) for name, value in (("real", 0.5), ("flow", 0.75))},
    spread={name: all_equal(value) for name, value in (("real", 0.125), ("flow", 0.0))},
    hit_rates=None,
)


def cells(text: str, label: str) -> list[str]:
    """The cells in the line of a label, between columns of two spaces or more."""
    (line,) = (line for line in text.splitlines() if line.startswith(label))
    return [cell.strip() for cell in line.removeprefix(label).split("  ") if cell.strip()]


def test_says_what_was_measured_and_what_a_good_score_is() -> None:
    first = fidelity_tables(REPORT).splitlines()[0]
    assert first.startswith("300 rows per set; 40 real tracks, split into halves 4 times")
    assert "64 bins for each dimension, 200 bins for the similarities of 200000 pairs" in first
    assert "The column 'real' is another half of the real tracks" in first
    assert "A perfect generator would not score the same" in first


def test_groups_are_counted_where_they_are_whole() -> None:
    text = fidelity_tables(dataclasses.replace(REPORT, groups=12))
    assert text.startswith("300 rows per set; 40 real tracks in 12 groups, split into halves")


@pytest.mark.parametrize(
    "label",
    [
        *("Frechet distance", "JS of marginals, bits", "JS of similarities, bits", "precision"),
        *("recall", "density", "coverage", "nearest neighbour"),
    ],
)
def test_every_statistic_has_a_line_with_mean_and_spread_of_each_set(label: str) -> None:
    assert cells(fidelity_tables(REPORT), label) == ["0.5000 +- 0.1250", "0.7500 +- 0.0000"]


def test_local_dimension_has_a_line_for_each_neighbourhood_that_is_full() -> None:
    text = fidelity_tables(REPORT)
    lines = [line for line in text.splitlines() if line.startswith("local dimension")]
    assert [line.split("  ")[0] for line in lines] == [
        "local dimension, k = 10",
        "local dimension, k = 20",
    ]
    assert cells(text, "local dimension, k = 20") == ["infinite", "infinite"]
    assert cells(text, "local dimension, k = 10") == ["1.5", "2.2"]


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
        metric="hr@3",
        tolerance_s=None,
        sizes=(100, 2_000),
        hit_rate={"real": (0.75, 0.5), "flow": (0.76, 0.45)},
        gap={"flow": (0.01, -0.05)},
        gap_error={"flow": (None, 0.0125)},
        perfect_gap=(None, -0.004),
        floor=(0.015, 0.02),
    )
    text = fidelity_tables(dataclasses.replace(REPORT, hit_rates=[rates]))
    assert cells(text, "gap in points, by distractors") == ["100", "2,000"]
    assert cells(text, "HR@3 track of real, %") == ["75.00", "50.00"]
    assert cells(text, "two real halves") == ["+-1.50", "+-2.00"]
    assert cells(text, "if perfect") == ["-0.40"]
    assert cells(text, "flow") == ["+1.00 (no error)", "-5.00 +-1.25"]


def test_a_run_shows_real_distractors_that_the_generator_was_not_fitted_to() -> None:
    golden = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
    tables = [hit_rates(perfect=[None, -0.01]), hit_rates(tolerance_s=None)]
    block = fidelity(tracks=18, groups=7, hit_rates=tables)
    text = held_out_table(dataclasses.replace(golden, fidelity=block))
    assert text is not None
    assert text.startswith("real distractors of 18 tracks in 7 groups that gaussian was not fitted")
    lines = [line.split() for line in text.splitlines() if line.startswith("HR@1 ±0.25 s")]
    # With a thousand groups, half of an interval has 1.96 errors.
    assert [line[3:] for line in lines] == [
        ["100", "50.0", "50.0", "+0.0", "±", "2.0"],
        ["1", "k", "50.0", "52.0", "+2.0", "±", "2.0", "-1.0"],
    ]
    assert held_out_table(golden) is None
