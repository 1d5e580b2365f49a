"""A generator far from real fingerprints is found by Frechet distance and by hit rate."""

from typing import Any

import pytest

from fpbench.generators.fidelity_limits import find_deviation


def block(frechet: Any, floor: Any = 0.1, gap: Any = (0.0,), error: Any = (0.0,)) -> dict[str, Any]:
    rates = {"sizes": [100, 1000], "gap": {"g": gap}, "gap_error": {"g": error}}
    statistics = {"g": {"frechet": frechet}, "real": {"frechet": floor}}
    return {"statistics": statistics, "hit_rates": rates}


@pytest.mark.parametrize(
    ("frechet", "floor"),
    [
        pytest.param(0.05, 0.1, id="nearer than real music"),
        pytest.param(0.49, 0.1, id="within five times the floor"),
        pytest.param(1e-9, 0.0, id="rounding of equal fingerprints"),
    ],
)
def test_a_distance_near_the_floor_is_accepted(frechet: float, floor: float) -> None:
    assert find_deviation(block(frechet, floor), "g") is None


def test_a_distance_far_above_the_floor_is_named_with_its_ratio() -> None:
    assert find_deviation(block(3.0), "g") == (
        "its Frechet distance is 3, 30 times the floor of 0.1"
    )
    assert find_deviation(block(3.0, 0.0), "g") == (
        "its Frechet distance is 3, far above the floor of 0"
    )


def test_a_gap_in_hit_rate_is_named_with_its_size() -> None:
    found = find_deviation(block(0.1, gap=[0.05, 0.2], error=[0.01, 0.01]), "g")
    assert found == "at 1000 distractors its hit rate is 20.0 points above that of real ones"
    found = find_deviation(block(0.1, gap=[-0.2], error=[0.01]), "g")
    assert found == "at 100 distractors its hit rate is 20.0 points below that of real ones"


def test_a_gap_in_the_right_track_is_named() -> None:
    rates = block(0.1, gap=[0.2], error=[0.01])
    fidelity = block(0.1) | {"hit_rates_in_track": rates["hit_rates"]}
    assert str(find_deviation(fidelity, "g")).endswith("of real ones in the right track")


@pytest.mark.parametrize("error", [0.05, None])
def test_a_gap_that_few_queries_may_cause_is_accepted(error: float | None) -> None:
    assert find_deviation(block(0.1, gap=[0.2], error=[error]), "g") is None


@pytest.mark.parametrize(
    "fidelity",
    [
        {},
        {"statistics": {"g": {"frechet": 1.0}}},
        {"statistics": [], "hit_rates": "none"},
        block(None),
        block("far"),
        block(True),
        block(0.1, gap=None, error=None),
        block(0.1, gap=["1"], error=[None]),
    ],
)
def test_what_was_not_measured_is_no_deviation(fidelity: dict[str, Any]) -> None:
    assert find_deviation(fidelity, "g") is None
