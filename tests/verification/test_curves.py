"""Points follow from the evidence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_runs import fill_candidates

from fpbench.evidence.evidence import Evidence, GrownEvidence

Document = dict[str, Any]


def point(document: Document) -> Document:
    """HR@1 among ten distractors."""
    first: Document = document["curves"][0]["points"][0]
    return first


def better(document: Document) -> None:
    point(document)["value"] = point(document)["ci"]["high"] = 1.0


def other_spread(document: Document) -> None:
    point(document)["std"] = 0.0


def fewer_repeats(document: Document) -> None:
    point(document)["repeats"] = 1


def other_interval(document: Document) -> None:
    point(document)["ci"]["low"] += 0.001


def unknown_size(document: Document) -> None:
    point(document)["n_distractors"] += 1
    point(document)["hours"] += document["fingerprinter"]["hop_s"] / 3600


CONTRADICTIONS = {
    better: "/curves/0/points/0/value is 1.0: the evidence gives 0.375",
    other_spread: "/curves/0/points/0/std is 0.0: the evidence gives 0.17",
    fewer_repeats: "/curves/0/points/0/repeats is 1: the evidence gives 2",
    other_interval: "/curves/0/points/0/ci/low is",
    unknown_size: "/curves/0/points/0/n_distractors is 11: the evidence has no database",
}


@pytest.mark.parametrize(
    ("change", "text"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_changed_number_is_found(
    result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    text: str,
) -> None:
    alter(result, change)
    assert text in problems(result)


def test_the_last_bit_of_a_number_may_differ(
    result: Path, alter: Callable[..., None], problems: Callable[[Path], str]
) -> None:
    def last_bit(document: Document) -> None:
        interval = point(document)["ci"]
        interval["low"] = float(np.nextafter(interval["low"], 0))

    alter(result, last_bit)
    assert problems(result) == ""


def test_older_results_are_checked_as_they_were_computed(
    write_run: Callable[..., Path],
    alter: Callable[..., None],
    evidence_of: Callable[..., Evidence],
    problems: Callable[[Path], str],
) -> None:
    # Of the three databases of ten the last is harder than the one of twenty: the curve rises.
    evidence = fill_candidates(evidence_of([[0] * 4, [0] * 4, [3] * 4], track=[0, 0, 1, 1]))
    searches = {("exact", "real"): evidence}
    path = write_run("old", searches, [10, 20, 30], [30], generator=None, estimator=1)
    assert "estimator" not in path.read_text()
    assert problems(path) == ""

    def newer(document: Document) -> None:
        document["estimator"] = 2

    alter(path, newer)
    assert "/curves/0/points/0/value is 0.66" in problems(path)
    assert "the evidence gives 0.75" in problems(path)


def test_a_growing_index_has_the_sizes_that_were_searched(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    grown = GrownEvidence(
        query_track=evidence.query_track,
        match_score=evidence.match_score,
        sizes=(10, 20),
        candidates=(evidence.reference, evidence.reference),
        distances_s=(evidence.distance_s, evidence.distance_s),
    )
    path = write_run("g", {("hnsw", "real"): grown}, [10, 20], [20], generator=None)
    assert problems(path) == ""
    alter(path, unknown_size)
    assert "the evidence has no database of this size" in problems(path)
