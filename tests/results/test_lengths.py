"""A result with queries of several lengths is split into one for each."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.document import EvidenceInfo, Result
from fpbench.results.fidelity import HitRates, Sequences, ShorterQueries
from fpbench.results.files import read_result
from fpbench.results.lengths import length_parts, query_lengths_s, split_by_length, with_length

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_1_0.json")


def of_two_lengths() -> Result:
    """Curves of 1 s, then of 3 s, which are the longest."""
    curves = [
        replace(curve, query_length_s=length_s)
        for length_s in (1.0, 3.0)
        for curve in (GOLDEN.curves[0], replace(GOLDEN.curves[0], metric="hr@3"))
    ]
    evidence = [EvidenceInfo(file=f"{name}.npz", sha256="0" * 64) for name in ("a", "b")]
    return replace(
        GOLDEN,
        curves=curves,
        queries=replace(GOLDEN.queries, length_s=3.0),
        evidence=[*with_length(evidence[:1], 1.0), evidence[1]],
    )


def test_each_part_is_a_result_of_its_length() -> None:
    result = of_two_lengths()
    assert query_lengths_s(result) == [1.0, 3.0]
    shorter, longest = split_by_length(result)
    assert [part.queries.length_s for part in (shorter, longest)] == [1.0, 3.0]
    assert [len(part.curves) for part in (shorter, longest)] == [2, 2]
    assert [info.file for info in shorter.evidence] == ["a.npz"]
    assert shorter.evidence[0].query_length_s is None
    assert [info.file for info in longest.evidence] == ["b.npz"]


def test_parts_know_the_places_of_their_blocks() -> None:
    shorter, longest = length_parts(of_two_lengths())
    assert shorter.places["curves"] == [0, 1]
    assert longest.places["curves"] == [2, 3]
    assert longest.places["evidence"] == [1]


def test_a_result_of_one_length_is_its_only_part() -> None:
    assert [*split_by_length(GOLDEN)] == [GOLDEN]


def test_judged_queries_are_of_the_length_that_they_come_nearest() -> None:
    result = of_two_lengths()
    fidelity = result.fidelity
    assert fidelity is not None
    rates = HitRates(
        metric="hr@1",
        tolerance_s=None,
        sizes=[9],
        hit_rate={"real": [0.5]},
        gap={},
        gap_error={},
        perfect_gap=[None],
        floor=[0.1],
    )
    shorter = [ShorterQueries(segments=1, length_s=0.95, hit_rates=rates)]
    sequences = Sequences(lags_s=[0.5], similarity={}, floor=[None], shorter=shorter)
    judged = replace(result, fidelity=replace(fidelity, sequences=sequences))
    part, _ = split_by_length(judged)
    assert part.fidelity is not None
    assert part.fidelity.hit_rates == [rates]
