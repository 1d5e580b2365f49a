"""Progress is a bar if a line can be redrawn, otherwise log lines at intervals."""

import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from fpbench import progress_display
from fpbench.progress_display import LogLines, ProgressStages, hide_progress, show_progress


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_line_has_share_times_and_phrase(clock: Clock) -> None:
    lines = LogLines("draw", clock)
    for clock.now_s in range(0, 130, 10):
        lines.report(clock.now_s / 600, f"{clock.now_s} rows")
    assert lines.line() == "draw: 20% after 2 min, 8 min to go, 120 rows"


def test_earlier_work_does_not_count_for_the_speed(clock: Clock) -> None:
    lines = LogLines("draw", clock)
    lines.report(0.5, "50 rows")
    clock.now_s = 100.0
    lines.report(0.6, "60 rows")
    assert lines.line() == "draw: 60% after 2 min, 7 min to go, 60 rows"


def test_a_late_first_report_is_where_counting_starts(clock: Clock) -> None:
    lines = LogLines("draw", clock)
    for clock.now_s, share in ((50.0, 0.25), (100.0, 0.5), (160.0, 0.8)):
        lines.report(share, f"{share} of it")
    assert lines.line() == "draw: 80% after 3 min, 40 s to go, 0.8 of it"


def test_a_stalled_task_has_no_remaining_time(clock: Clock) -> None:
    lines = LogLines("train", clock)
    lines.report(0.0, "no rows yet")
    clock.now_s = 61.0
    lines.report(0.0, "1 000 rows")
    assert lines.line() == "train: 0% after 61 s, 1 000 rows"


def test_a_task_that_reports_nothing_has_a_line_too(clock: Clock) -> None:
    lines = LogLines("opening the dataset", clock)
    clock.now_s = 10.0
    assert lines.line() == "opening the dataset: running for 10 s"


def test_lines_are_written_without_new_reports(capsys: pytest.CaptureFixture[str]) -> None:
    finished = threading.Event()
    arguments = (finished, 0.01, 0.01)
    writer = threading.Thread(target=LogLines("open").write_until, args=arguments)
    writer.start()
    shown = ""
    while shown.count("\n") < 3:
        time.sleep(0.01)
        shown += capsys.readouterr().err
    finished.set()
    writer.join()
    assert set(shown.splitlines()) == {"open: running for 0 s"}


def test_short_stages_add_up_to_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_display, "FIRST_LINE_S", 0.2)
    stage = ProgressStages()
    shown, number = "", 0
    while not shown:
        number += 1
        with stage(f"stage {number}"):
            time.sleep(0.01)
        shown = capsys.readouterr().err
    assert shown == f"stage {number}: running for 0 s\n"
    assert number > 1


def test_the_first_line_comes_within_ten_seconds() -> None:
    assert progress_display.FIRST_LINE_S < 10


def test_a_short_task_leaves_no_line_and_no_thread(capsys: pytest.CaptureFixture[str]) -> None:
    before = threading.active_count()
    with show_progress("draw") as report:
        report(0.5, "half")
    assert threading.active_count() == before
    assert capsys.readouterr().err == ""


def test_a_notebook_has_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jupyter = ModuleType("IPython")
    jupyter.get_ipython = lambda: SimpleNamespace(config={"IPKernelApp": {}})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", jupyter)
    with show_progress("draw") as report:
        report(0.0, "no rows yet")
        report(1.0, "100 rows")
    shown = capsys.readouterr().err
    assert "draw" in shown
    assert "100%|" in shown
    assert "100 rows" in shown


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    with hide_progress("draw") as report:
        report(0.5, "half")
    assert capsys.readouterr().err == ""


def test_a_program_without_stderr_works(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (None, SimpleNamespace(closed=True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with show_progress("draw") as report:
            report(0.5, "half")


class FullDisk:
    """A stream to a file whose disk is full."""

    def write(self, text: str) -> None:
        raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", FullDisk())
    finished = threading.Event()
    lines = LogLines("draw")
    threading.Timer(0.02, finished.set).start()
    lines.write_until(finished, first_s=0.0, every_s=0.01)
    assert lines.written
