"""A fidelity block finds its hit rates by metric and tolerance, also in older results."""

import pytest
from fidelity_blocks import fidelity, hit_rates, older_hit_rates

from fpbench.results.fidelity import Fidelity

WITHIN, IN_TRACK = older_hit_rates([0.0, 0.1], [0.1, 0.1]), older_hit_rates([0.0, 0.2], [0.1, 0.1])


def test_hit_rates_are_found_by_metric_and_tolerance() -> None:
    tables = [hit_rates(metric="hr@3"), hit_rates(tolerance_s=None)]
    block = fidelity(hit_rates=tables)
    assert block.expected("hr@3", 0.25, of_run=0.25) is tables[0]
    assert block.expected("hr@1", None, of_run=0.25) is tables[1]
    assert block.expected("hr@1", 0.25, of_run=0.25) is None


def test_older_hit_rates_are_of_the_first_rank_within_the_tolerance_of_the_run() -> None:
    block = fidelity(hit_rates=WITHIN, hit_rates_in_track=IN_TRACK)
    assert block.expected("hr@1", 0.5, of_run=0.5) is WITHIN
    assert block.expected("hr@1", None, of_run=0.5) is IN_TRACK
    assert block.expected("hr@3", 0.5, of_run=0.5) is None
    assert block.tables() == ()


@pytest.mark.parametrize("nothing", [Fidelity(), fidelity(hit_rates=None)])
def test_what_was_not_measured_is_none(nothing: Fidelity) -> None:
    assert nothing.expected("hr@1", None, of_run=0.25) is None
    assert nothing.of("rectified-flow") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"floor": [0.1]}, "for each of one or more sizes"),
        ({"sizes": [], "floor": [], "perfect_gap": []}, "for each of one or more sizes"),
        ({"gap_error": {}}, "not of the same sets"),
        ({"hit_rate": {"gaussian": [0.5, 0.5]}}, "not of the same sets"),
    ],
)
def test_ragged_hit_rates_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hit_rates(**changes)  # type: ignore[arg-type]
