"""A run goes on beyond the sizes that it searches."""

import dataclasses
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import find_evidence, write_evidence
from fpbench.hashing import file_sha256
from fpbench.progress import Report
from fpbench.results.files import read_result, write_result
from fpbench.review.result_tables import result_tables
from fpbench.runs.beyond import beyond_needs
from fpbench.runs.config import RunConfig
from fpbench.runs.planning.plan import make_plan
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared
from fpbench.verification.validation import validate_result

BEYOND = (10_000, 10**9)


def silent(_title: str) -> AbstractContextManager[Report]:
    return nullcontext(lambda _done, _words: None)


@pytest.fixture
def run_beyond(prepared: Callable[..., PreparedRun], tmp_path: Path) -> Callable[..., Path]:
    def run(**changes: object) -> Path:
        fields = {"distractors": "both", "generator": "gaussian", "beyond": BEYOND, **changes}
        out = tmp_path / "result.json"
        run_prepared(prepared(**fields), out, "fpbench run", silent)
        return out

    return run


@pytest.mark.slow
def test_exact_curves_go_on_and_others_end_where_they_are_searched(
    run_beyond: Callable[..., Path],
) -> None:
    out = run_beyond(indexes=("exact", "ivf"), index_options={"ivf": {"nlist": "4", "nprobe": "4"}})
    result = read_result(out)
    found = {
        (curve.index, curve.distractors): [
            point.n_distractors for point in curve.points if point.found == "simulated"
        ]
        for curve in result.curves
    }
    assert found == {
        ("exact", "synthetic"): list(BEYOND),
        ("exact", "real"): [],
        ("ivf", "synthetic"): [],
        ("ivf", "real"): [],
    }
    assert validate_result(out) == []
    (tail,) = result.tails
    assert tail.index == "exact"
    assert tail.decoded > 0
    for check in tail.checks:
        assert abs(check.simulated - check.searched) <= max(4 * check.error, 0.03)
    for curve in result.curves:
        values = [point.value for point in curve.points]
        assert all(later <= value + 0.02 for value, later in pairwise(values))
    text = result_tables(result)
    assert text.count("simulated\n") == len(BEYOND)
    assert "not extrapolated: ivf is an approximate index" in text
    assert "not extrapolated: real distractors are of 1" in text
    assert "simulated minus searched at" in text


@pytest.mark.slow
def test_a_simulated_point_follows_from_the_evidence(run_beyond: Callable[..., Path]) -> None:
    out = run_beyond(distractors="synthetic")
    result = read_result(out)
    evidence = find_evidence(out, result.evidence[0])
    assert isinstance(evidence, Evidence)
    assert evidence.tail is not None
    changed = dataclasses.replace(
        evidence, tail=dataclasses.replace(evidence.tail, log_p=evidence.tail.log_p - 1)
    )
    file = out.with_name(result.evidence[0].file)
    write_evidence(file, changed)
    info = dataclasses.replace(result.evidence[0], sha256=file_sha256(file))
    write_result(dataclasses.replace(result, evidence=[info]), out)
    with pytest.raises(FpbenchError, match="the evidence gives"):
        validate_result(out)


@pytest.mark.slow
def test_a_point_cannot_claim_to_be_searched(run_beyond: Callable[..., Path]) -> None:
    out = run_beyond(distractors="synthetic")
    document = json.loads(out.read_text())
    for point in document["curves"][0]["points"]:
        point["found"] = "searched"
    out.write_text(json.dumps(document))
    with pytest.raises(FpbenchError, match='found is "searched": the evidence gives "simulated"'):
        validate_result(out)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distractors": "none", "generator": None}, "--beyond needs distractors"),
        ({"distractors": "real", "generator": None}, "200 distractors are fewer than 100 k"),
        ({"indexes": ("ivf",)}, "--beyond goes on from an exact search, but the index is ivf"),
        ({"sizes": (1,)}, "the largest of --sizes, but 1 is fewer than 2"),
    ],
)
def test_what_cannot_go_on_is_refused_before_the_work(
    run_beyond: Callable[..., Path], changes: dict[str, object], words: str
) -> None:
    with pytest.raises(FpbenchError, match=words):
        run_beyond(**changes)


@pytest.mark.parametrize(
    ("beyond", "words"),
    [((200, 1000), "not beyond"), ((10**6, 10**5), "not increasing"), ((10**16,), "is above")],
)
def test_sizes_must_be_larger_than_those_that_are_searched(
    config: RunConfig, beyond: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(config, beyond=beyond)


def test_the_plan_foresees_the_simulation(config: RunConfig) -> None:
    assert beyond_needs(config, 1e-5) == []
    near, far = (
        beyond_needs(dataclasses.replace(config, beyond=(size,)), 1e-5)[0].seconds
        for size in (10**6, 10**12)
    )
    assert 0 < near < far
    known = beyond_needs(dataclasses.replace(config, beyond=(10**6,)), 1e-5, simulated=True)
    assert known[0].seconds == 0


@pytest.mark.slow
def test_the_plan_knows_what_is_simulated(
    run_beyond: Callable[..., Path], prepared: Callable[..., PreparedRun]
) -> None:
    fields = {"distractors": "synthetic", "generator": "gaussian"}
    run_beyond(**fields)

    def planned(beyond: tuple[int, ...]) -> dict[str, float]:
        plan = make_plan(prepared(beyond=beyond, **fields))
        return {need.stage: need.seconds for need in plan.needs}

    assert "simulate beyond" not in planned(BEYOND)
    other = planned((*BEYOND, 10**12))
    assert other["simulate beyond"] > 0
    assert not any(stage.startswith("draw") for stage in other)


@pytest.mark.slow
def test_a_generator_without_noise_has_its_searched_curves_and_the_reason(
    run_beyond: Callable[..., Path],
) -> None:
    out = run_beyond(generator="resample", distractors="synthetic")
    result = read_result(out)
    assert not result.tails
    assert {point.found for curve in result.curves for point in curve.points} == {"searched"}
    (reason,) = {info.refused for info in result.extrapolations}
    assert reason == "200 distractors are fewer than 100 k"
    assert validate_result(out) == []


@pytest.mark.slow
def test_a_result_without_simulation_says_nothing_of_it(run_beyond: Callable[..., Path]) -> None:
    document = json.loads(run_beyond(beyond=(), distractors="synthetic").read_text())
    assert "tails" not in document
    assert "beyond" not in document["config"]
