"""A tier is earned by evidence that agrees."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from written_runs import fill_candidates

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.errors import ErrorCollector
from fpbench.evidence.evidence import Evidence
from fpbench.results.canonical import hash_document
from fpbench.verification import checks
from fpbench.verification.kept_checks import KeptChecks
from fpbench.verification.problems import Problem
from fpbench.verification.validation import check_result
from fpbench_leaderboard.tiers import read_entries


@pytest.fixture
def run(write_run: Callable[..., Path], evidence_of: Callable[..., Evidence]) -> Path:
    known = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    searches = {("exact", "real"): fill_candidates(known)}
    return write_run("r", searches, [10, 20], [10, 30], generator=None)


def tier(path: Path, *, check: bool = True) -> str:
    errors = ErrorCollector()
    (entry,) = read_entries([path], errors, check=check)
    errors.raise_all()
    return entry.tier


def test_numbers_that_follow_from_the_evidence_are_recomputed(run: Path) -> None:
    assert tier(run) == "recomputed"
    assert tier(run, check=False) == "self-reported"
    run.with_name("r.exact.real.npz").unlink()
    assert tier(run) == "self-reported"


def test_a_result_that_its_evidence_contradicts_is_left_out_and_named(run: Path) -> None:
    document = json.loads(run.read_text())
    document["curves"][0]["points"][0]["value"] = 1.0
    document["result_id"] = hash_document(document)
    run.write_text(json.dumps(document))
    errors = ErrorCollector()
    assert read_entries([run], errors, check=True) == []
    with pytest.raises(FpbenchError, match=r"/curves/0/points/0/value is 1\.0"):
        errors.raise_all()


def test_a_result_that_claims_a_task_without_its_settings_is_left_out(
    run: Path, alter: Callable[..., None]
) -> None:
    run.with_name("r.exact.real.npz").unlink()

    def claim(document: dict[str, Any]) -> None:
        document["task"] = {
            "name": "demo-v1",
            "version": 1,
            "content": "1" * 32,
            "data": None,
            "queries": None,
        }
        document["config"]["task"] = "demo-v1"

    alter(run, claim)
    errors = ErrorCollector()
    assert read_entries([run], errors, check=True) == []
    with pytest.raises(FpbenchError, match="/task/content is"):
        errors.raise_all()
    assert tier(run, check=False) == "self-reported"


def test_what_agreed_with_its_evidence_is_not_computed_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptChecks(Store(tmp_path / "cache"))

    def tier_by_notes() -> str:
        errors = ErrorCollector()
        (entry,) = read_entries([run], errors, check=True, kept=kept)
        errors.raise_all()
        return entry.tier

    assert tier_by_notes() == "recomputed"

    def refuse(_: object) -> Iterator[Problem]:
        raise AssertionError("computed again")

    monkeypatch.setattr(checks, "EVIDENCE_CHECKS", (refuse,))
    monkeypatch.setattr(checks, "CHECKS", (*checks.STATED_CHECKS, refuse))
    assert tier_by_notes() == "recomputed"
    with pytest.raises(AssertionError, match="computed again"):
        check_result(run)  # without notes
