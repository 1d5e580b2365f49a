"""A run with recorded queries finds them, counts the others, and tells query sets apart."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
import soundfile

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import read_evidence
from fpbench.progress import Report
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.run import run_prepared
from fpbench.search.inputs import Inputs
from fpbench.verification.validation import validate_result

Prepare = Callable[..., PreparedRun]

ROWS = (
    "../phone/a.wav,reference/02.wav,1",
    "../phone/b.wav,reference/05.wav,4.5",
    "../phone/x.wav,none,",
)


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def build(run: PreparedRun) -> Inputs:
    return run.source.build_inputs(run.store, stage)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, music: Path) -> Path:
    """The small folder of music, with two recordings of two seconds and one of other music."""
    root = tmp_path_factory.mktemp("recorded")
    folder, phone = root / "dataset", root / "phone"
    folder.mkdir()
    phone.mkdir()
    for role in ("reference", "distractors"):
        (folder / role).symlink_to(music / role)
    for name, source, start_s in (("a", "reference/02", 1.0), ("b", "reference/05", 4.5)):
        samples, rate_hz = soundfile.read(music / f"{source}.wav")
        start = round(start_s * rate_hz)
        soundfile.write(phone / f"{name}.wav", samples[start : start + 2 * rate_hz], rate_hz)
    samples, rate_hz = soundfile.read(music / "distractors" / "03.wav")
    soundfile.write(phone / "x.wav", samples[: 3 * rate_hz], rate_hz)
    write_table(folder, *ROWS)
    return folder


def write_table(folder: Path, *rows: str) -> None:
    (folder / "queries.csv").write_text("\n".join(["query,reference,start_s", *rows]))


@pytest.mark.slow
def test_recordings_are_found_at_their_place(
    recorded: Path, prepared: Prepare, tmp_path: Path
) -> None:
    run = prepared(dataset=f"folder:{recorded}")
    assert run.config.recipe.degradations == ()
    result = run_prepared(run, tmp_path / "result.json", "a test", stage)
    assert result.queries.n == result.config["recipe"]["n_queries"] == 6
    assert (result.queries.recordings, result.queries.without_match) == (2, 1)
    # Three seconds of other music give a second every half second.
    assert result.queries.absent == 5
    absent = result.false_accepts[0].absent
    assert absent is not None
    assert (absent.queries, absent.recordings) == (5, 1)
    evidence = read_evidence(tmp_path / result.evidence[0].file)
    assert isinstance(evidence, Evidence)
    assert evidence.absent is not None
    assert evidence.absent.queries is not None
    assert set(evidence.absent.queries["recording"]) == {"../phone/x.wav"}
    assert validate_result(tmp_path / "result.json") == []
    points = [point for curve in result.curves for point in curve.points]
    assert {(point.n_queries, point.value) for point in points} == {(6, 1.0)}


@pytest.mark.slow
def test_the_truth_is_where_the_recording_was_made(recorded: Path, prepared: Prepare) -> None:
    inputs = build(prepared(dataset=f"folder:{recorded}"))
    assert inputs.truth.track.tolist() == [2, 2, 2, 5, 5, 5]
    assert inputs.truth.start_s.tolist() == [1.0, 1.5, 2.0, 4.5, 5.0, 5.5]


@pytest.mark.slow
def test_another_start_is_another_query_set(recorded: Path, prepared: Prepare) -> None:
    before = build(prepared(dataset=f"folder:{recorded}"))
    write_table(recorded, "../phone/a.wav,reference/02.wav,3", *ROWS[1:])
    after = build(prepared(dataset=f"folder:{recorded}"))
    assert after.key != before.key
    assert after.data.content != before.data.content
    write_table(recorded, *ROWS)
    again = build(prepared(dataset=f"folder:{recorded}"))
    assert (again.key, again.data.content) == (before.key, before.data.content)


@pytest.mark.slow
def test_without_the_table_queries_are_made(recorded: Path, prepared: Prepare) -> None:
    made = prepared(dataset=f"folder:{recorded}", dataset_options={"queries": "none"})
    assert made.config.recipe.n_queries == 20


def test_recorded_queries_are_described_by_track_and_recording(
    recorded: Path, prepared: Prepare
) -> None:
    columns = build(prepared(dataset=f"folder:{recorded}")).query_columns
    assert columns is not None
    assert list(columns) == ["track", "start_s", "recording", "recording_start_s"]
    assert columns["start_s"] == [1.0, 1.5, 2.0, 4.5, 5.0, 5.5]
    assert len(set(columns["recording"])) == len(set(columns["track"])) == 2
    assert columns["recording"] != columns["track"]
