"""Two results of the same queries, compared query by query; differences worked out by hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.errors import ErrorCollector
from fpbench.evidence.evidence import Evidence
from fpbench.hashing import file_sha256
from fpbench.results.files import read_result, write_result
from fpbench.results.systems import GeneratorInfo
from fpbench.review.comparison import Comparison, compare_results
from fpbench.review.comparison_tables import Comparisons
from fpbench.review.differences import Difference

TRACK = [0, 0, 1, 1]
GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")
OTHER_SYSTEM = replace(GOLDEN.fingerprinter, name="random")


@pytest.fixture
def write(write_run: Callable[..., Path]) -> Callable[..., Path]:
    """Writes a result with real distractors."""

    def write(name: str, evidence: Evidence, sizes: list[int], **changes: Any) -> Path:
        given = {"wanted": sizes, "generator": None, **changes}
        return write_run(name, {("exact", "real"): evidence}, sizes, **given)

    return write


@pytest.fixture
def first(write: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    """At 10 distractors ranks 0 0 0 1 and 0 0 2 0, at 20 ranks 0 0 2 1."""
    return write("first", evidence_of([[0, 0, 0, 1], [0, 0, 2, 0]], track=TRACK), [10, 20])


@pytest.fixture
def second(write: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    """At 10 distractors ranks 1 0 0 1 and 0 3 0 0, at 20 ranks 1 3 0 1."""
    evidence = evidence_of([[1, 0, 0, 1], [0, 3, 0, 0]], track=TRACK)
    return write("second", evidence, [10, 20], fingerprinter=OTHER_SYSTEM)


def differences(comparisons: list[Comparison]) -> dict[tuple[str, int], Difference]:
    return {(d.metric, d.points[0].n_distractors): d for c in comparisons for d in c.differences}


def test_a_difference_is_over_the_databases_that_both_results_have(
    first: Path, second: Path
) -> None:
    found = differences(compare_results([first, second], 0.95))
    assert {at: d.value for at, d in found.items()} == {
        ("hr@1", 10): (3 - 2) / 8 + (3 - 3) / 8,
        ("hr@1", 20): 2 / 4 - 1 / 4,
        ("hr@3", 10): (4 - 4) / 8 + (4 - 3) / 8,
        ("hr@3", 20): 4 / 4 - 3 / 4,
        ("hr@10", 10): 0,
        ("hr@10", 20): 0,
    }


def test_two_tracks_give_no_interval(first: Path, second: Path) -> None:
    comparisons = compare_results([first, second], 0.95)
    found = differences(comparisons)["hr@1", 20]
    assert (found.low, found.high, found.clear) == (-1, 1, False)
    assert "+25.0 (no interval)" in repr(Comparisons(comparisons, 0.95))


def test_a_difference_is_clear_if_its_interval_leaves_out_zero(
    write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    track = list(range(8))
    data = {"queries": replace(GOLDEN.queries, n=8, tracks=8)}
    better = write("better", evidence_of([[0] * 8], track=track), [10], **data)
    worse = evidence_of([[1] * 8], track=track)
    other = write("worse", worse, [10], fingerprinter=OTHER_SYSTEM, **data)
    for paths, value in (((better, other), 1), ((other, better), -1)):
        found = differences(compare_results(paths, 0.95))["hr@1", 10]
        assert (found.value, found.clear) == (value, True)
        assert abs(found.low + found.high) < 2  # what other tracks do is not certain


def test_two_tracks_show_no_difference(
    write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    better = write("better", evidence_of([[0] * 4], track=TRACK), [10])
    worse = write("worse", evidence_of([[1] * 4], track=TRACK), [10], fingerprinter=OTHER_SYSTEM)
    found = differences(compare_results([better, worse], 0.95))["hr@1", 10]
    assert (found.value, found.clear) == (1, False)


def test_many_tests_need_smaller_p_values(
    write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    track, data = list(range(7)), {"queries": replace(GOLDEN.queries, n=7, tracks=7)}
    ranks = {"a": 0, "b": 1, "c": 0, "d": 0}
    paths = [
        write(name, evidence_of([[rank] * 7], track=track), [10], **data)
        for name, rank in ranks.items()
    ]
    # All seven tracks agree: 2 of 128 sign patterns. There are three tests, for HR@1, @3 and @10.
    one = differences(compare_results(paths[:2], 0.95))["hr@1", 10]
    assert (one.p_value, one.clear) == (pytest.approx(3 * 2 / 128), True)
    every = compare_results(paths, 0.95)
    assert len(every) == 6
    assert max(d.p_value for c in every for d in c.differences if d.value) == pytest.approx(
        18 * 2 / 128
    )
    assert not any(d.clear for c in every for d in c.differences)
    assert len(compare_results(paths, 0.95, against_first=True)) == 3


def test_one_result_cannot_be_compared(first: Path) -> None:
    with pytest.raises(FpbenchError, match="1 result cannot be compared"):
        compare_results([first], 0.95)


def test_exchanging_the_results_changes_the_sign(first: Path, second: Path) -> None:
    there, back = (
        differences(compare_results(paths, 0.95)) for paths in ((first, second), (second, first))
    )
    for at, one in there.items():
        other = back[at]
        assert (one.value, one.low, one.high) == (-other.value, -other.high, -other.low)


def test_nothing_differs_from_itself(first: Path) -> None:
    for one in differences(compare_results([first, first], 0.95)).values():
        assert (one.value, one.low, one.clear) == (0, -one.high, False)
        assert one.high > 0  # from two tracks that is not certain


def test_a_comparison_names_systems_index_and_generator(first: Path, second: Path) -> None:
    (one,) = compare_results([first, second], 0.95)
    assert one.names == ("spectral-sketch", "random")
    assert (one.index, one.distractors, one.generator) == ("exact", "real", None)
    assert one.queries.n == 4


def test_additional_sizes_do_not_change_a_difference(
    first: Path, write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    # As often as the largest size holds them, 10 distractors are found two and three times.
    longer = evidence_of([[0, 0, 0, 1], [0, 0, 2, 0], [9, 9, 9, 9]], track=TRACK)
    found = differences(compare_results([first, write("longer", longer, [10, 30])], 0.95))
    assert {at[1] for at in found} == {10}
    one = found["hr@1", 10]
    assert (one.value, [point.repeats for point in one.points]) == (0, [2, 3])


def test_databases_of_all_real_distractors_are_compared(
    write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    few, many = (evidence_of([[0] * 4] * blocks, track=TRACK) for blocks in (2, 3))
    first = write("few", few, [10, 20], wanted=[10, 1000])
    second = write("many", many, [10, 30], wanted=[10, 1000])
    found = compare_results([first, second], 0.95)[0].differences
    sizes = {tuple(point.n_distractors for point in one.points) for one in found}
    assert sizes == {(10, 10), (20, 30)}


def test_a_chosen_last_size_does_not_mean_all_real_distractors(
    write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    few, many = (evidence_of([[0] * 4] * blocks, track=TRACK) for blocks in (2, 3))
    first = write("few", few, [10, 20])
    second = write("many", many, [10, 30], wanted=[10, 1000])
    found = compare_results([first, second], 0.95)[0].differences
    assert {tuple(p.n_distractors for p in one.points) for one in found} == {(10, 10)}


@pytest.fixture
def by_generator(
    write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> Callable[..., Path]:
    """Writes a result with real distractors and those of a generator."""
    evidence = evidence_of([[0, 0, 0, 1]], track=TRACK)
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}

    def write(name: str, **changes: Any) -> Path:
        return write_run(name, searches, [10], [10], **changes)

    return write


def resample() -> GeneratorInfo:
    assert GOLDEN.generator is not None
    return replace(GOLDEN.generator, name="resample", parameters={"neighbours": 3})


def test_two_generators_are_compared_with_one_system(by_generator: Callable[..., Path]) -> None:
    paths = by_generator("gaussian"), by_generator("resample", generator=resample())
    real, synthetic = compare_results(paths, 0.95)
    assert real.names == ("spectral-sketch (gaussian.json)", "spectral-sketch (resample.json)")
    assert synthetic.names == (
        "spectral-sketch (generator gaussian, project True)",
        "spectral-sketch (generator resample, neighbours 3)",
    )
    assert synthetic.generator is None


def test_two_systems_are_compared_with_one_generator(by_generator: Callable[..., Path]) -> None:
    paths = by_generator("one"), by_generator("other", fingerprinter=OTHER_SYSTEM)
    assert [c.generator for c in compare_results(paths, 0.95)] == [None, "gaussian"]


def test_two_systems_with_different_generators_are_compared_on_real_distractors(
    by_generator: Callable[..., Path],
) -> None:
    other = by_generator("other", fingerprinter=OTHER_SYSTEM, generator=resample())
    found = compare_results([by_generator("one"), other], 0.95)
    assert [c.distractors for c in found] == ["real"]


def test_other_tracks_are_refused(
    first: Path, write: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    other = write("other", evidence_of([[0] * 4] * 2, track=[0, 1, 1, 1]), [10, 20])
    with pytest.raises(FpbenchError, match="queries from different tracks"):
        compare_results([first, other], 0.95)


def test_different_queries_are_refused(first: Path, second: Path) -> None:
    result = read_result(second)
    write_result(replace(result, config={**result.config, "seed": 7}), second)
    with pytest.raises(FpbenchError, match="differ in audio, queries or seed"):
        compare_results([first, second], 0.95)


def test_results_without_a_common_curve_are_refused(
    first: Path, write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]
) -> None:
    evidence = evidence_of([[0] * 4], track=TRACK)
    ivf = write_run("ivf", {("ivf", "real"): evidence}, [10], [10], generator=None)
    with pytest.raises(FpbenchError, match="no curve in common"):
        compare_results([first, ivf], 0.95)


def test_missing_evidence_is_refused(first: Path, second: Path) -> None:
    first.with_name("first.exact.real.npz").unlink()
    with pytest.raises(FpbenchError, match=r"first\.exact\.real\.npz is not beside"):
        compare_results([first, second], 0.95)


def test_evidence_that_was_never_written_is_named(
    first: Path, second: Path, alter: Callable[..., None]
) -> None:
    alter(first, lambda document: document.update(evidence=[]))
    with pytest.raises(FpbenchError, match=r"first\.exact\.real\.npz is not beside"):
        compare_results([first, second], 0.95)


def test_evidence_without_a_size_of_its_result_is_refused(
    first: Path,
    second: Path,
    write: Callable[..., Path],
    alter: Callable[..., None],
    evidence_of: Callable[..., Evidence],
) -> None:
    write("less", evidence_of([[0, 0, 0, 1]], track=TRACK), [10])
    file = first.with_name("less.exact.real.npz").replace(first.with_name("first.exact.real.npz"))
    sha256 = file_sha256(file)
    alter(first, lambda document: document["evidence"][0].update(sha256=sha256))
    with pytest.raises(FpbenchError, match=r"first\.json: hr@1 .* 'n_distractors' is 20, searched"):
        compare_results([first, second], 0.95)


@pytest.mark.parametrize("level", [0.49, 0.999, 95])
def test_a_level_is_a_share(first: Path, level: float) -> None:
    with pytest.raises(FpbenchError, match=f"level {level} is not from 0.5 to 0.995"):
        compare_results([first, first], float(level))


def test_one_file_does_not_cost_the_others_their_comparison(
    first: Path, second: Path, alter: Callable[..., None]
) -> None:
    cut = first.with_name("cut.json")
    cut.write_text("{")
    lonely = first.with_name("lonely.json")
    lonely.write_text(first.read_text())
    alter(lonely, lambda document: document["evidence"][0].update(file="none.exact.real.npz"))
    edited = first.with_name("edited.json")
    edited.write_text(first.read_text().replace('"status": "complete"', '"status": "partial"'))
    errors = ErrorCollector()
    alone = compare_results([first, second], 0.95)
    found = compare_results([first, cut, second, lonely, edited], 0.95, errors=errors)
    assert [c.differences for c in found] == [c.differences for c in alone]
    with pytest.raises(FpbenchError, match="3 files have errors") as err:
        errors.raise_all()
    assert "cut.json is not JSON" in err.value.message
    assert "not beside" in err.value.message
    assert "edited.json: field 'result_id' is not the hash of the other" in err.value.message


def test_without_its_first_result_nothing_is_compared_with_it(first: Path, second: Path) -> None:
    cut = first.with_name("cut.json")
    cut.write_text("{")
    with pytest.raises(FpbenchError, match=r"cut\.json is not JSON"):
        compare_results([cut, first, second], 0.95, against_first=True, errors=ErrorCollector())
