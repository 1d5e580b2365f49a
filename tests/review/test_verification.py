"""A result is refused, with the name of the field, if a number contradicts its evidence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.review.verification import validate_result

Document = dict[str, Any]
Change = Callable[[Document], None]


@pytest.fixture
def evidence(evidence_of: Callable[..., Evidence]) -> Evidence:
    return evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])


@pytest.fixture
def result(write_run: Callable[..., Path], evidence: Evidence) -> Path:
    """A result at 10 and 20 real distractors, of 30 that were wanted."""
    return write_run("r", {("exact", "real"): evidence}, [10, 20], [10, 30], generator=None)


@pytest.fixture
def synthetic(write_run: Callable[..., Path], evidence: Evidence) -> Path:
    return write_run("s", {("exact", "synthetic"): evidence}, [10, 20], [20])


def test_a_result_that_agrees_with_its_evidence_is_valid(result: Path, synthetic: Path) -> None:
    assert validate_result(result) == []
    assert validate_result(synthetic) == []


def test_older_results_are_checked_as_they_were_computed(
    write_run: Callable[..., Path], alter: Callable[..., None], evidence_of: Callable[..., Evidence]
) -> None:
    # Of the two databases of ten the second is harder than the one of twenty: the curve rises.
    evidence = evidence_of([[0] * 4, [0] * 4, [3] * 4], track=[0, 0, 1, 1])
    searches = {("exact", "real"): evidence}
    path = write_run("old", searches, [10, 20], [20], generator=None, estimator=1)
    assert "estimator" not in path.read_text()
    assert validate_result(path) == []

    def newer(document: Document) -> None:
        document["estimator"] = 2

    alter(path, newer)
    with pytest.raises(FpbenchError, match=r"at 10 distractors value is 0\.66.*gives 0\.75"):
        validate_result(path)


def test_gaps_follow_from_the_evidence_of_both_kinds(
    write_run: Callable[..., Path], evidence: Evidence, alter: Callable[..., None]
) -> None:
    searches = {("exact", "real"): evidence, ("exact", "synthetic"): evidence}
    path = write_run("both", searches, [10, 20], [20])
    assert validate_result(path) == []

    def smaller(document: Document) -> None:
        document["gaps"][-1]["high"] -= 0.1

    def none(document: Document) -> None:
        del document["gaps"]

    alter(path, smaller)
    with pytest.raises(FpbenchError, match=r"gap of hr@10 .* at 20 distractors: high is 0\.9"):
        validate_result(path)
    alter(path, none)
    with pytest.raises(FpbenchError, match=r"gap of hr@1 with exact at 10 distractors is missing"):
        validate_result(path)


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


def outside_its_interval(document: Document) -> None:
    point(document)["ci"]["low"] = point(document)["value"] + 0.1


def no_evidence(document: Document) -> None:
    document["evidence"] = []


def evidence_of_nothing(document: Document) -> None:
    document["evidence"].append({"file": "r.ivfpq.real.npz", "sha256": "0" * 64})


def invented_curve(document: Document) -> None:
    document["curves"].append({**document["curves"][0], "index": "ivfpq"})


def a_curve_twice(document: Document) -> None:
    document["curves"].append(document["curves"][0])


def sizes_that_fall(document: Document) -> None:
    document["curves"][0]["points"].reverse()


def unknown_size(document: Document) -> None:
    point(document)["n_distractors"] += 1
    point(document)["hours"] += document["fingerprinter"]["hop_s"] / 3600


def unknown_metric(document: Document) -> None:
    document["curves"][0]["metric"] = "hr@2"


def longer_queries(document: Document) -> None:
    document["curves"][0]["query_length_s"] = 9.0


def larger_reference(document: Document) -> None:
    point(document)["n_reference"] *= 10


def smaller_reference(document: Document) -> None:
    point(document)["n_reference"] -= 1


def other_hours(document: Document) -> None:
    point(document)["hours"] *= 2


def more_queries(document: Document) -> None:
    document["queries"]["n"] = 100_000


def more_queries_everywhere(document: Document) -> None:
    more_queries(document)
    for curve in document["curves"]:
        for each in curve["points"]:
            each["n_queries"] = 100_000


def more_queries_in_the_recipe(document: Document) -> None:
    document["queries"]["recipe"]["n_queries"] = 100_000


def more_queries_in_the_config(document: Document) -> None:
    document["config"]["recipe"]["n_queries"] = 100_000


def louder_noise(document: Document) -> None:
    document["queries"]["recipe"]["degradations"] = [{"name": "noise", "max_snr_db": "0"}]


def no_recipe(document: Document) -> None:
    document["config"]["recipe"] = None


def other_tracks(document: Document) -> None:
    document["queries"]["tracks"] += 1


def other_name(document: Document) -> None:
    document["fingerprinter"]["name"] = "mine"


def complete(document: Document) -> None:
    document["status"] = "complete"


def all_wanted_sizes(document: Document) -> None:
    document["config"]["sizes"] = [10, 20]


def sizes_in_words(document: Document) -> None:
    document["config"]["sizes"] = ["all"]


def no_number(document: Document) -> None:
    point(document)["hours"] = float("nan")


def no_seed(document: Document) -> None:
    del document["config"]["seed"]


def negative_seed(document: Document) -> None:
    document["config"]["seed"] = -1


CONTRADICTIONS = {
    better: r"at 10 distractors value is 1\.0, but the evidence gives 0\.375",
    other_spread: r"at 10 distractors std is 0\.0, but the evidence gives 0\.17",
    fewer_repeats: "at 10 distractors repeats is 1, but the evidence gives 2",
    other_interval: r"at 10 distractors ci\.low is",
    outside_its_interval: "outside its interval",
    no_evidence: "no evidence is listed for it",
    evidence_of_nothing: r"no curve belongs to the evidence r\.ivfpq\.real\.npz",
    invented_curve: "with ivfpq, real: no evidence is listed for it",
    a_curve_twice: "it is listed twice",
    sizes_that_fall: r"sizes \[20, 10\] are not in ascending order",
    unknown_size: "the evidence has no database of 11 distractors",
    unknown_metric: "hr@2 within 0.25 s with exact, real: metric hr@2 is unknown",
    longer_queries: "query_length_s is 9, but queries.length_s is 1",
    larger_reference: "n_reference is 5900, but data.reference_fingerprints is 590",
    smaller_reference: "n_reference is 589, but data.reference_fingerprints is 590",
    other_hours: "at 10 distractors hours is .*, but its fingerprints are",
    more_queries: "at 10 distractors n_queries is 4, but queries.n is 100000",
    more_queries_everywhere: "queries.n is 100000, but config.recipe.n_queries is 4",
    more_queries_in_the_recipe: "queries.recipe.n_queries is 100000",
    more_queries_in_the_config: "but config.recipe.n_queries is 100000",
    louder_noise: r"queries.recipe.degradations is \[{'name'",
    no_recipe: "config.recipe is None",
    other_tracks: "queries.tracks is 3, but the evidence has 4 queries from 2 tracks",
    other_name: "fingerprinter.name is 'mine', but config.fingerprinter is 'spectral-sketch'",
    complete: "status is complete, but curves reach 20 of 30 distractors",
    all_wanted_sizes: "status is partial, but curves reach 20 of 20 distractors",
    sizes_in_words: r"config.sizes is \['all'\]",
    no_number: "NaN is not a number",
    no_seed: "config.seed is None",
    negative_seed: "config.seed is -1",
}


@pytest.mark.parametrize(
    ("change", "message"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_changed_number_is_refused(
    result: Path, alter: Callable[..., None], change: Change, message: str
) -> None:
    alter(result, change)
    with pytest.raises(FpbenchError, match=message) as err:
        validate_result(result)
    assert "r.json" in err.value.message


def no_generator(document: Document) -> None:
    document["generator"] = None


def no_fidelity(document: Document) -> None:
    document["fidelity"] = None


def other_generator(document: Document) -> None:
    document["generator"]["name"] = "rectified-flow"


SYNTHETIC_CONTRADICTIONS = {
    no_generator: "distractors are synthetic, but generator is empty",
    no_fidelity: "distractors are synthetic, but fidelity has no statistics",
    other_generator: "generator.name is 'rectified-flow', but config.generator is 'gaussian'",
}


@pytest.mark.parametrize(
    ("change", "message"),
    SYNTHETIC_CONTRADICTIONS.items(),
    ids=[c.__name__ for c in SYNTHETIC_CONTRADICTIONS],
)
def test_synthetic_distractors_need_a_generator_and_its_fidelity(
    synthetic: Path, alter: Callable[..., None], change: Change, message: str
) -> None:
    alter(synthetic, change)
    with pytest.raises(FpbenchError, match=message):
        validate_result(synthetic)


def last_bit(document: Document) -> None:
    interval = point(document)["ci"]
    interval["low"] = float(np.nextafter(interval["low"], 0))


def a_point_less(document: Document) -> None:
    del document["curves"][0]["points"][0]


def name_within_a_file(document: Document) -> None:
    document["config"]["fingerprinter"] = "plugin:models/mine.py"


@pytest.mark.parametrize("change", [last_bit, a_point_less, name_within_a_file])
def test_a_change_without_contradiction_passes(
    result: Path, alter: Callable[..., None], change: Change
) -> None:
    alter(result, change)
    assert validate_result(result) == []


def test_a_result_under_another_name_is_still_checked(
    result: Path, alter: Callable[..., None]
) -> None:
    other = result.rename(result.with_name("other.json"))
    assert validate_result(other) == []
    alter(other, better)
    with pytest.raises(FpbenchError, match="but the evidence gives"):
        validate_result(other)


def test_other_evidence_is_refused(result: Path) -> None:
    file = result.with_name("r.exact.real.npz")
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(FpbenchError, match=r"its SHA-256 differs from the one in r\.json"):
        validate_result(result)


def test_missing_evidence_is_reported(result: Path, alter: Callable[..., None]) -> None:
    result.with_name("r.exact.real.npz").unlink()
    messages = ["r.exact.real.npz is missing, so its curves were not computed again"]
    assert validate_result(result) == messages
    alter(result, better)  # nothing contradicts this without the evidence
    assert validate_result(result) == messages


def test_a_growing_index_has_the_sizes_that_were_searched(
    write_run: Callable[..., Path], evidence: Evidence, alter: Callable[..., None]
) -> None:
    grown = GrownEvidence(
        query_track=evidence.query_track,
        match_score=evidence.match_score,
        sizes=(10, 20),
        candidates=(evidence.reference, evidence.reference),
        distances_s=(evidence.distance_s, evidence.distance_s),
    )
    path = write_run("g", {("hnsw", "real"): grown}, [10, 20], [20], generator=None)
    assert validate_result(path) == []
    alter(path, unknown_size)
    with pytest.raises(FpbenchError, match="no database of 11 distractors"):
        validate_result(path)


def test_synthetic_distractors_that_are_unlike_real_ones_are_refused(
    synthetic: Path, alter: Callable[[Path, Change], None]
) -> None:
    def move_away(document: Document) -> None:
        name = document["generator"]["name"]
        document["fidelity"]["statistics"] = {name: {"frechet": 3.0}, "real": {"frechet": 0.1}}

    alter(synthetic, move_away)
    with pytest.raises(FpbenchError, match=r"unlike real .* is 3, 30 times the floor of 0\.1") as e:
        validate_result(synthetic)
    assert "without --generator-weights" in (e.value.hint or "")


def test_a_generator_of_another_system_must_be_allowed_by_the_config(
    synthetic: Path, alter: Callable[[Path, Change], None]
) -> None:
    def make_foreign(document: Document) -> None:
        document["generator"]["foreign"] = True

    alter(synthetic, make_foreign)
    with pytest.raises(FpbenchError, match=r"config\.foreign_generator is not"):
        validate_result(synthetic)


def test_the_number_of_groups_is_that_of_the_evidence(
    write_run: Callable[..., Path], evidence: Evidence, alter: Callable[..., None]
) -> None:
    grouped = replace(evidence, query_group=evidence.query_track * 0)
    path = write_run("g", {("exact", "real"): grouped}, [10, 20], [20], generator=None)
    with pytest.raises(FpbenchError, match=r"queries\.groups is None, but the evidence has 1"):
        validate_result(path)

    def one(document: Document) -> None:
        document["queries"]["groups"] = 1

    alter(path, one)
    assert validate_result(path) == []

    def more(document: Document) -> None:
        document["queries"]["groups"] = 2

    alter(path, more)
    with pytest.raises(FpbenchError, match=r"queries\.groups is 2, but the evidence has 1"):
        validate_result(path)
