"""A log says now and then how far a long command is."""

import pytest

from fpbench.cli import progress as module
from fpbench.cli.progress import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s[0])
    return now_s


def test_a_log_gets_a_line_a_minute(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with progress("draw") as report:
        for clock[0] in range(0, 150, 10):
            report(clock[0] / 600, f"{clock[0]} rows")
    assert capsys.readouterr().err.splitlines() == [
        "draw: 10% after 60 s, 9 min to go, 60 rows",
        "draw: 20% after 2 min, 8 min to go, 120 rows",
    ]


def test_what_was_found_done_is_no_speed(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("draw") as report:
        report(0.5, "50 rows")
        clock[0] = 100.0
        report(0.6, "60 rows")
    assert capsys.readouterr().err == "draw: 60% after 2 min, 7 min to go, 60 rows\n"


def test_a_late_first_report_is_where_counting_starts(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("draw") as report:
        for clock[0], share in ((50.0, 0.25), (100.0, 0.5), (160.0, 0.8)):
            report(share, f"{share} of it")
    assert capsys.readouterr().err.splitlines() == [
        "draw: 50% after 2 min, 2 min to go, 0.5 of it",
        "draw: 80% after 3 min, 40 s to go, 0.8 of it",
    ]


def test_what_stands_still_promises_nothing(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("train") as report:
        clock[0] = 61.0
        report(0.0, "1 000 rows")
    assert capsys.readouterr().err == "train: 0% after 61 s, 1 000 rows\n"
