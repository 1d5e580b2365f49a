"""A result is refused with all its problems, and missing evidence is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.verification.validation import check_result, validate_result

Document = dict[str, Any]


def better(document: Document) -> None:
    point = document["curves"][0]["points"][0]
    point["value"] = point["ci"]["high"] = 1.0


def no_number(document: Document) -> None:
    document["curves"][0]["points"][0]["hours"] = float("nan")


def test_a_result_that_agrees_with_its_evidence_is_valid(result: Path, synthetic: Path) -> None:
    assert validate_result(result) == []
    assert validate_result(synthetic) == []


def test_all_problems_are_told_one_a_line(result: Path, alter: Callable[..., None]) -> None:
    def two_lies(document: Document) -> None:
        better(document)
        document["status"] = "complete"

    alter(result, two_lies)
    lines = check_result(result).lines()
    assert f'{result}: /status is "complete": the end of the real curves gives "partial"' in lines
    assert f"{result}: /curves/0/points/0/value is 1.0: the evidence gives 0.375" in lines
    with pytest.raises(FpbenchError) as err:
        validate_result(result)
    assert err.value.message.splitlines() == lines


def test_what_is_not_a_number_is_refused(result: Path, alter: Callable[..., None]) -> None:
    alter(result, no_number)
    with pytest.raises(FpbenchError, match="NaN is not a number"):
        validate_result(result)


def test_a_result_under_another_name_is_still_checked(
    result: Path, alter: Callable[..., None]
) -> None:
    other = result.rename(result.with_name("other.json"))
    assert validate_result(other) == []
    alter(other, better)
    with pytest.raises(FpbenchError, match="the evidence gives"):
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
