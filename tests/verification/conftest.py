"""Results with their evidence in files, and the problems that checks find in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from written_runs import alter, fill_candidates, write_run

from fpbench.evidence.evidence import Evidence
from fpbench.verification.validation import check_result

__all__ = ["alter", "write_run"]


@pytest.fixture
def evidence(evidence_of: Callable[..., Evidence]) -> Evidence:
    known = evidence_of([[0, 1, 1, None], [0, 0, 4, None]], track=[0, 0, 1, 1])
    return fill_candidates(known)


@pytest.fixture
def result(write_run: Callable[..., Path], evidence: Evidence) -> Path:
    """A result at 10 and 20 real distractors, of 30 that were wanted."""
    return write_run("r", {("exact", "real"): evidence}, [10, 20], [10, 30], generator=None)


@pytest.fixture
def synthetic(write_run: Callable[..., Path], evidence: Evidence) -> Path:
    """A result at 10 and 20 synthetic distractors."""
    return write_run("s", {("exact", "synthetic"): evidence}, [10, 20], [20])


@pytest.fixture
def problems() -> Callable[[Path], str]:
    """All problems of a result, one a line, each as ``POINTER is VALUE: RULE``."""
    return lambda path: "\n".join(str(problem) for problem in check_result(path).problems)


@pytest.fixture
def problems_with(
    alter: Callable[..., None], problems: Callable[[Path], str]
) -> Callable[[Path, str, object], str]:
    """Problems of a result in which a field, such as ``data.name``, has another value."""

    def change(path: Path, field: str, value: object) -> str:
        def set_field(document: dict[str, Any]) -> None:
            block, _, name = field.partition(".")
            document[block][name] = value

        alter(path, set_field)
        return problems(path)

    return change
