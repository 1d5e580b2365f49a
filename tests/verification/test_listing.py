"""Each curve is listed once, with its evidence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def no_evidence(document: Document) -> None:
    document["evidence"] = []


def evidence_of_nothing(document: Document) -> None:
    document["evidence"].append({"file": "r.ivfpq.real.npz", "sha256": "0" * 64})


def invented_curve(document: Document) -> None:
    document["curves"].append({**document["curves"][0], "index": "ivfpq"})


def a_curve_twice(document: Document) -> None:
    document["curves"].append(document["curves"][0])


CONTRADICTIONS = {
    no_evidence: "/curves/0 is null: no evidence is listed for this curve",
    evidence_of_nothing: '/evidence/1/file is "r.ivfpq.real.npz": no curve belongs to this',
    invented_curve: '/curves/3 is ["ivfpq", "real", 0.25, "hr@1"]: the config gives no such curve',
    a_curve_twice: "this curve is listed twice",
}


@pytest.mark.parametrize(
    ("change", "text"), CONTRADICTIONS.items(), ids=[c.__name__ for c in CONTRADICTIONS]
)
def test_a_curve_without_evidence_is_found(
    result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    change: Callable[[Document], None],
    text: str,
) -> None:
    alter(result, change)
    assert text in problems(result)
