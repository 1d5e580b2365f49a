"""A run that fails leaves a record that says where and why, and that can be run again."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.progress import Report
from fpbench.results.failures import FailedRun
from fpbench.results.files import read_document, read_result, result_files
from fpbench.runs.config import read_config
from fpbench.runs.execution import execute
from fpbench.runs.failures import failed_path, record_failure
from fpbench.runs.prepare import PreparedRun
from fpbench.verification.validation import check_result

Prepare = Callable[..., PreparedRun]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.fixture
def failed(prepared: Prepare, tmp_path: Path) -> Path:
    """The record of a run whose disk was full."""
    out = tmp_path / "r.json"
    with (
        pytest.raises(FpbenchError, match="disk is full"),
        record_failure(prepared(), out, "fpbench run", stage) as listened,
        listened("exact, real: blocks"),
    ):
        raise FpbenchError("disk is full: /home/ann/cache", hint="free some")
    assert not out.exists()
    return failed_path(out)


def test_the_record_says_stage_and_error_without_folders(failed: Path) -> None:
    assert failed.name == "r.failed.json"
    record = read_document(failed)
    assert isinstance(record, FailedRun)
    assert record.failure.stage == "exact, real: blocks"
    assert record.failure.error == "disk is full: cache"
    assert record.failure.hint == "free some"
    assert record.fingerprinter.name == "small-sketch"


def test_it_is_no_result_and_is_left_out_of_folders(
    failed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(FpbenchError, match="run that failed at 'exact, real: blocks': disk is"):
        read_result(failed)
    with caplog.at_level(logging.WARNING):
        assert result_files(failed.parent) == []
    assert f"left out failed runs: {failed}" in caplog.text


def test_it_is_valid_and_says_what_it_is(failed: Path) -> None:
    findings = check_result(failed)
    assert findings.problems == []
    assert "the run failed at 'exact, real: blocks'" in findings.warnings[0]
    failed.write_text(failed.read_text().replace("free some", "free more"))
    (problem,) = check_result(failed).problems
    assert problem.pointer == "/result_id"


def test_its_settings_are_run_again(failed: Path, prepared: Prepare) -> None:
    config = prepared().config
    elsewhere = {"dataset": config.dataset, "fingerprinter": config.fingerprinter}
    assert read_config(failed, elsewhere) == config


def test_a_bug_is_recorded_and_an_interrupt_is_not(prepared: Prepare, tmp_path: Path) -> None:
    out = tmp_path / "r.json"
    with (
        pytest.raises(KeyboardInterrupt),
        record_failure(prepared(), out, "fpbench run", stage),
    ):
        raise KeyboardInterrupt
    assert not failed_path(out).exists()
    with pytest.raises(IndexError), record_failure(prepared(), out, "fpbench run", stage):
        raise IndexError("3")
    record = read_document(failed_path(out))
    assert isinstance(record, FailedRun)
    assert (record.failure.stage, record.failure.error) == ("start", "IndexError: 3")


def test_a_failing_run_is_recorded_and_a_good_one_removes_the_record(
    prepared: Prepare, tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    figure = tmp_path / "f.png"
    figure.mkdir()  # no figure can have this name
    run = prepared()
    with pytest.raises(FpbenchError, match=r"f\.png"):
        execute(run, out, "fpbench run", stage, figure=figure)
    assert failed_path(out).is_file()
    figure.rmdir()
    execute(run, out, "fpbench run", stage, figure=figure)
    assert out.is_file()
    assert not failed_path(out).exists()
