"""A setting is skipped only if it can be no better than a searched one, and then it is."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from fpbench.runs.sweeps.sweep import Measured, Setting, explore, why_no_better

EXACT = Setting("exact", None, None)


def setting(contents: str, *values: float) -> Setting:
    return Setting(f"{contents}{list(values)}", contents, values)


def measured(rate: float, ms: float, size_bytes: float = 8.0, *, noise: float = 0) -> Measured:
    return Measured((rate,), ((ms - noise, ms + noise),), size_bytes, (100,))


FEW, SOME, MANY = (setting("ivf", probes) for probes in (1, 4, 16))


def test_between_two_that_find_as_much_nothing_is_better() -> None:
    flat = {FEW: measured(0.9, 1), MANY: measured(0.9, 5)}
    assert why_no_better(SOME, flat) == (
        "it finds no more than ivf[16] (90.0 %), and ivf[1] finds as much and is no slower"
    )
    assert why_no_better(SOME, {FEW: measured(0.8, 1), MANY: measured(0.9, 5)}) is None
    assert why_no_better(SOME, {FEW: measured(0.9, 1)}) is None  # it may find more


def test_another_index_may_be_better_than_all_between_two() -> None:
    between = {FEW: measured(0.5, 1), MANY: measured(0.8, 5)}
    other = setting("hnsw", 3)
    reason = why_no_better(SOME, {**between, other: measured(0.8, 1)})
    assert reason is not None
    assert reason.endswith("and hnsw[3] finds as much, is no slower and no larger")
    no_better = [
        measured(0.79, 1),
        measured(0.8, 1.1),
        measured(0.8, 0.9, noise=0.2),
        measured(0.8, 1, 9.0),
        Measured((0.8,)),
    ]
    for one in no_better:
        assert why_no_better(SOME, {**between, other: one}) is None
    # A larger setting of the same index is no faster, whatever was measured.
    assert why_no_better(SOME, {**between, MANY: measured(0.8, 0.5)}) is None


def test_what_differs_in_more_than_the_search_bounds_nothing() -> None:
    flat = {FEW: measured(0.9, 1), MANY: measured(0.9, 5)}
    assert why_no_better(setting("other", 4), flat) is None
    assert why_no_better(Setting("word", "ivf", None), flat) is None
    crossed = {setting("g", 1, 9): measured(0.9, 1), setting("g", 9, 1): measured(0.9, 1)}
    assert why_no_better(setting("g", 4, 4), crossed) is None


def test_each_kind_of_distractors_counts() -> None:
    rates = {FEW: Measured((0.9, 0.5)), MANY: Measured((0.9, 0.6))}
    assert why_no_better(SOME, rates) is None
    assert why_no_better(SOME, {**rates, FEW: Measured((0.9, 0.6))}) is not None


@given(st.lists(st.integers(0, 4), min_size=3, max_size=9), st.integers(0, 8))
def test_of_monotone_settings_the_best_are_searched(steps: Sequence[int], exact: int) -> None:
    """Whatever is skipped, a searched one is as good in rate, time and bytes."""
    settings = [setting("ivf", place) for place in range(len(steps))]
    truth = {
        one: measured(sum(steps[: place + 1]) / 40, 1.0 + place)
        for place, one in enumerate(settings)
    }
    truth[EXACT] = measured(exact / 8, 1e3, 7.0)
    by_name = {one.name: one for one in truth}
    rounds: list[Sequence[str]] = []

    def measure(names: Sequence[str]) -> Mapping[str, Measured]:
        rounds.append(names)
        return {name: truth[by_name[name]] for name in names}

    sweep = explore([EXACT], settings, measure)
    assert sweep.measured.keys() | sweep.skipped.keys() == truth.keys()
    assert not sweep.measured.keys() & sweep.skipped.keys()
    assert sorted(name for names in rounds for name in names) == sorted(
        one.name for one in sweep.measured
    )
    for one in sweep.skipped:
        rate, ms, size = truth[one].rates[0], truth[one].ms, truth[one].size_bytes
        assert any(
            other.rates[0] >= rate and (other.ms or ()) <= (ms or ()) and other.size_bytes <= size
            for other in sweep.measured.values()
            if other.size_bytes is not None and size is not None
        )


def test_settings_between_equal_ones_are_not_searched() -> None:
    settings = [setting("ivf", probes) for probes in range(20)]
    rounds: list[Sequence[str]] = []

    def measure(names: Sequence[str]) -> Mapping[str, Measured]:
        rounds.append(names)
        return {name: measured(0.5, 1.0) for name in names}

    sweep = explore([EXACT], settings, measure)
    assert rounds == [["exact", "ivf[0]", "ivf[19]"]]
    assert len(sweep.skipped) == 18
