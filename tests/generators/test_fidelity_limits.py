"""A generator far from real fingerprints is found by distance, by marginals and by hit rate."""

import pytest
from fidelity_blocks import fidelity, hit_rates, older_hit_rates, statistics

from fpbench.generators.fidelity_limits import find_alarms, find_deviation, find_marginal_alarm
from fpbench.results.fidelity import Fidelity


def block(frechet: float, floor: float = 0.1) -> Fidelity:
    sets = {"gaussian": statistics(frechet=frechet), "real": statistics(frechet=floor)}
    return fidelity(statistics=sets)


@pytest.mark.parametrize(
    ("frechet", "floor"),
    [
        pytest.param(0.05, 0.1, id="nearer than real music"),
        pytest.param(0.49, 0.1, id="within five times the floor"),
        pytest.param(1e-9, 0.0, id="rounding of equal fingerprints"),
    ],
)
def test_a_distance_near_the_floor_is_accepted(frechet: float, floor: float) -> None:
    assert find_deviation(block(frechet, floor), "gaussian") is None


def test_a_distance_far_above_the_floor_is_named_with_its_ratio() -> None:
    assert find_deviation(block(3.0), "gaussian") == (
        "its Frechet distance is 3, 30 times the floor of 0.1"
    )
    assert find_deviation(block(3.0, 0.0), "gaussian") == (
        "its Frechet distance is 3, far above the floor of 0"
    )


def marginals(own: float, floor: float) -> Fidelity:
    sets = {
        "gaussian": statistics(js_marginal=own),
        "real": statistics(js_marginal=floor),
    }
    return fidelity(statistics=sets)


@pytest.mark.parametrize(
    ("own", "floor", "alarm"),
    [
        pytest.param(0.6373, 0.0037, True, id="PeakNetFP, turbo"),
        pytest.param(0.5702, 0.0037, True, id="PeakNetFP, Gaussian"),
        pytest.param(0.0870, 0.0161, False, id="NMFP, Gaussian"),
        pytest.param(0.64, 0.6, False, id="few rows, where real tracks differ as much"),
    ],
)
def test_marginals_far_above_their_floor_are_an_alarm(
    own: float, floor: float, alarm: bool
) -> None:
    found = find_marginal_alarm(marginals(own, floor), "gaussian")
    assert (found is not None) == alarm
    # Hit rates need not be wrong.
    assert find_deviation(marginals(own, floor), "gaussian") is None


def test_an_alarm_has_its_limit() -> None:
    (alarm,) = find_alarms(marginals(0.6373, 0.0037))
    assert (alarm.generator, alarm.statistic, alarm.value) == ("gaussian", "js_marginal", 0.6373)
    assert alarm.limit == pytest.approx(0.2037)
    assert alarm.words == "the JS divergence of its marginals is 0.64 bits, of real ones 0.0037"


def test_a_gap_in_hit_rate_is_named_with_its_size() -> None:
    found = find_deviation(fidelity(hit_rates=[hit_rates([0.05, 0.2])]), "gaussian")
    assert found == (
        "at 1000 distractors its hit rate is 20.0 points above that of real ones within 0.25 s"
    )
    found = find_deviation(fidelity(hit_rates=[hit_rates([-0.2, 0.0])]), "gaussian")
    assert str(found).startswith("at 100 distractors its hit rate is 20.0 points below that of")


@pytest.mark.parametrize(
    ("metric", "tolerance_s", "where"),
    [
        ("hr@1", None, " in the right track"),
        ("hr@10", 0.25, " within 0.25 s (HR@10)"),
    ],
)
def test_a_gap_counts_in_every_metric(metric: str, tolerance_s: float | None, where: str) -> None:
    far = hit_rates([0.2, 0.2], metric=metric, tolerance_s=tolerance_s)
    assert str(find_deviation(fidelity(hit_rates=[hit_rates(), far]), "gaussian")).endswith(where)


def test_a_gap_of_an_older_result_is_named() -> None:
    far, near = older_hit_rates([0.2, 0.2], [0.01, 0.01]), older_hit_rates([0.0, 0.0], [0.01, 0.01])
    found = find_deviation(fidelity(hit_rates=near, hit_rates_in_track=far), "gaussian")
    assert str(found).endswith("of real ones in the right track")
    assert find_deviation(fidelity(hit_rates=far), "gaussian") is not None


@pytest.mark.parametrize("error", [0.05, None])
def test_a_gap_that_few_queries_may_cause_is_accepted(error: float | None) -> None:
    uncertain = hit_rates([0.2, 0.2], [error, error])
    assert find_deviation(fidelity(hit_rates=[uncertain]), "gaussian") is None


@pytest.mark.parametrize("nothing", [None, Fidelity(), Fidelity(hit_rate_gap=0.5)])
def test_what_was_not_measured_is_no_deviation(nothing: Fidelity | None) -> None:
    assert find_alarms(nothing) == []
    assert find_deviation(nothing, "gaussian") is None
