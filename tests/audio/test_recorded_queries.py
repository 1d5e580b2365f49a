"""A table of recorded queries is read strictly, and queries are cut where they fit."""

import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench import FpbenchError, RecordedQuery, Track
from fpbench.audio.query_recipe import NAFP, QueryRecipe
from fpbench.audio.recorded_queries import (
    cut_absent,
    cut_queries,
    queries_beside,
    read_recorded_queries,
    select_recordings,
)
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store

RATE_HZ = 1_000
RECIPE = QueryRecipe(
    n_queries=100,
    query_length_s=1.0,
    grid_s=0.5,
    max_offset_s=0.0,
    sample_rate_hz=RATE_HZ,
    degradations=(),
)


def tone(seconds: float, level: float) -> np.ndarray:
    """The highest tone that there is."""
    return level * (-1.0) ** np.arange(round(seconds * RATE_HZ))


def write(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Different lengths give different bytes.
    soundfile.write(path, tone(seconds, 0.1), RATE_HZ)
    return path


@pytest.fixture
def reference(tmp_path: Path) -> list[Track]:
    names = ("reference/a.wav", "reference/b.wav")
    return [Track(name=n, path=write(tmp_path / n, 10.0 + i)) for i, n in enumerate(names)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seconds in (("one", 2.0), ("two", 3.0), ("three", 4.0)):
        write(tmp_path / "phone" / f"{name}.wav", seconds)
    return tmp_path


def table(folder: Path, *rows: str) -> Path:
    path = folder / "queries.csv"
    path.write_text("\n".join(["query,reference,start_s", *rows]))
    return path


def test_a_row_names_a_recording_its_reference_and_its_start(
    folder: Path, reference: list[Track]
) -> None:
    path = table(
        folder,
        "phone/one.wav,reference/b.wav,2.5",
        "phone/two.wav,none,",
        f"phone/three.wav,{reference[0].path},0",
    )
    assert read_recorded_queries(path, reference) == [
        RecordedQuery(
            name="phone/one.wav",
            path=folder / "phone/one.wav",
            reference="reference/b.wav",
            start_s=2.5,
        ),
        RecordedQuery(name="phone/two.wav", path=folder / "phone/two.wav"),
        RecordedQuery(
            name="phone/three.wav", path=folder / "phone/three.wav", reference="reference/a.wav"
        ),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(["no.wav,reference/a.wav,0"], "line 2: query: there is no file", id="file"),
        pytest.param(["a" * 300 + ",none,"], "line 2: query: there is no file", id="too long"),
        pytest.param(
            ["phone/one.wav,a\0,0"], "line 2: column 'reference' holds a zero byte", id="zero byte"
        ),
        pytest.param([",reference/a.wav,0"], "line 2: column 'query' is empty", id="empty"),
        pytest.param(
            ["phone/one.wav,reference/c.wav,0"], "line 2: reference: no reference track", id="track"
        ),
        pytest.param(
            ["phone/one.wav,reference/a.wav,"], "line 2: start_s cannot be ''", id="no start"
        ),
        pytest.param(
            ["phone/one.wav,reference/a.wav,-1"], "line 2: start_s cannot be '-1'", id="negative"
        ),
        pytest.param(["phone/one.wav,reference/a.wav,nan"], "start_s cannot be 'nan'", id="nan"),
        pytest.param(
            ["phone/one.wav,reference/a.wav,10"],
            "line 2: start_s is 10, but 'reference/a.wav' ends at 10 s",
            id="beyond the end",
        ),
        pytest.param(
            ['phone/one.wav,reference/a.wav,"2,5"'], "start_s cannot be '2,5'", id="decimal comma"
        ),
        pytest.param(["phone/one.wav,none,3"], "but the row has no reference", id="start alone"),
        pytest.param(
            ["phone/one.wav,reference/a.wav,0", "phone/../phone/one.wav,reference/b.wav,0"],
            "line 3: query 'phone/../phone/one.wav' is also in line 2",
            id="twice",
        ),
        pytest.param(
            ["phone/one.wav,reference/a.wav,0", "reference/a.wav,reference/b.wav,0"],
            "line 3: query: 'reference/a.wav' is also a reference track",
            id="reference as query",
        ),
        pytest.param([], "lists no queries", id="no rows"),
    ],
)
def test_errors_name_file_row_and_column(
    folder: Path, reference: list[Track], rows: list[str], message: str
) -> None:
    path = table(folder, *rows)
    with pytest.raises(FpbenchError) as err:
        read_recorded_queries(path, reference)
    assert str(path) in err.value.message
    assert message in err.value.message


def test_other_columns_are_named(folder: Path, reference: list[Track]) -> None:
    path = folder / "queries.csv"
    path.write_text("query,ref,start_s\n")
    with pytest.raises(FpbenchError, match="line 1: no column is called 'reference'"):
        read_recorded_queries(path, reference)


def test_names_may_come_from_other_machines(folder: Path, reference: list[Track]) -> None:
    accented = "phone/caf\u00e9.wav"
    write(folder / unicodedata.normalize("NFD", accented), 2.5)
    track = Track(
        name=unicodedata.normalize("NFD", "reference/\u00e9t\u00e9.wav"), path=reference[0].path
    )
    path = folder / "queries.csv"
    rows = ("query;reference;start_s", f"{accented};reference\\\u00e9t\u00e9.wav;0.5", "")
    path.write_text("\r\n".join(rows), encoding="utf-16")
    (query,) = read_recorded_queries(path, [track])
    assert (query.name, query.reference, query.start_s) == (accented, track.name, 0.5)


def test_absolute_recordings_are_named_without_their_folders(
    folder: Path, reference: list[Track]
) -> None:
    path = table(folder, f"{folder / 'phone/one.wav'},reference/b.wav,2", "phone/two.wav,none,")
    names = [query.name for query in read_recorded_queries(path, reference)]
    assert names == ["one.wav", "phone/two.wav"]


@pytest.mark.parametrize("name", ["query.csv", "Queries.csv", "queries.tsv", "QUERIES.xlsx"])
def test_a_table_with_nearly_the_usual_name_is_not_left_out(
    folder: Path, reference: list[Track], name: str
) -> None:
    (folder / name).touch()
    with pytest.raises(FpbenchError, match=r"looks like a table of recorded queries"):
        queries_beside(folder, "queries.csv", reference)
    assert queries_beside(folder, None, reference) == []


def test_only_the_usual_table_may_be_absent(folder: Path, reference: list[Track]) -> None:
    assert queries_beside(folder, "queries.csv", reference) == []
    assert queries_beside(folder, None, reference) == []
    with pytest.raises(FpbenchError, match=r"cannot read .*mine\.csv"):
        queries_beside(folder, "mine.csv", reference)


def test_equal_audio_is_used_once_and_what_cannot_be_read_not_at_all(folder: Path) -> None:
    samples, rate_hz = soundfile.read(folder / "phone/one.wav")
    soundfile.write(folder / "copy.flac", samples, rate_hz)
    (folder / "broken.wav").write_bytes(b"RIFF and nothing")
    names = ("phone/one.wav", "broken.wav", "phone/two.wav", "copy.flac")
    recordings = [RecordedQuery(name=name, path=folder / name) for name in names]
    tracks = [one.track for one in recordings]
    surveys = survey_recordings(Store(folder / "cache"), tracks, lambda _done, _words: None)
    usable, skipped = select_recordings(recordings, surveys)
    assert usable == [recordings[0], recordings[2]]
    assert [one.track for one in skipped] == ["broken.wav", "copy.flac"]
    assert skipped[1].reason == "the same audio as phone/one.wav"


def recording(folder: Path, name: str, start_s: float, reference: str | None) -> RecordedQuery:
    path = folder / "phone" / f"{name}.wav"
    return RecordedQuery(name=name, path=path, reference=reference, start_s=start_s)


def test_queries_are_cut_at_the_grid_where_they_fit(folder: Path) -> None:
    recordings = [
        recording(folder, "one", 3.25, "b"),  # 2 s: at 0, 0.5 and 1
        recording(folder, "two", 0.0, None),
        recording(folder, "three", 8.5, "a"),  # 4 s, but 1.5 s are left of the reference
    ]
    cut = cut_queries(recordings, {"a": (0, 10.0), "b": (1, 11.0)}, RECIPE, tempo=1.0, seed=0)
    assert cut.places.track.tolist() == [0, 0, 0, 2, 2]
    assert cut.places.start_s.tolist() == [0.0, 0.5, 1.0, 0.0, 0.5]
    assert cut.truth.track.tolist() == [1, 1, 1, 0, 0]
    assert cut.truth.start_s.tolist() == [3.25, 3.75, 4.25, 8.5, 9.0]
    assert cut.skipped == []


def test_fewer_queries_are_a_part_of_all(folder: Path) -> None:
    recordings = [recording(folder, "three", 0.0, "a")]
    few = replace(RECIPE, n_queries=3)
    cut = cut_queries(recordings, {"a": (0, 10.0)}, few, tempo=1.0, seed=1)
    assert len(set(cut.places.start_s.tolist())) == 3
    assert cut.places.start_s.tolist() == sorted(cut.places.start_s.tolist())
    assert set(cut.places.start_s.tolist()) <= {0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0}


def test_recordings_without_a_query_are_listed(folder: Path) -> None:
    recordings = [
        recording(folder, "one", 9.5, "a"),
        recording(folder, "two", 0.0, "gone"),
        recording(folder, "three", 0.0, "a"),
    ]
    cut = cut_queries(recordings, {"a": (0, 10.0)}, RECIPE, tempo=1.0, seed=0)
    assert [(one.track, one.reason) for one in cut.skipped] == [
        ("one", "too short: 0.5 s with its reference, 1 s needed"),
        ("two", "its reference gone is skipped"),
    ]
    with pytest.raises(FpbenchError, match="no recorded query can be used: one: too short"):
        cut_queries(recordings[:2], {"a": (0, 10.0)}, RECIPE, tempo=1.0, seed=0)


def test_a_recording_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "phone/one.wav").write_bytes(b"RIFF and nothing")
    with pytest.raises(FpbenchError, match="no recorded query can be used: one: "):
        cut_queries([recording(folder, "one", 0.0, "a")], {"a": (0, 9.0)}, NAFP, tempo=1.0, seed=0)


def write_parts(path: Path, *parts: tuple[float, float]) -> Path:
    """A recording of parts, each with an amplitude and a length in seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = [tone(seconds, level) for level, seconds in parts]
    soundfile.write(path, np.concatenate(samples), RATE_HZ)
    return path


def test_queries_have_sound_in_the_recording_and_in_its_reference(
    folder: Path, tmp_path: Path
) -> None:
    def of(name: str, *parts: tuple[float, float]) -> RecordedQuery:
        path = write_parts(tmp_path / f"{name}.wav", *parts)
        return RecordedQuery(name=name, path=path, reference="a", start_s=1.0)

    recordings = [
        of("half", (0.1, 2.0), (0.0, 2.0)),
        of("loud", (0.2, 4.0)),
        of("silent", (0.0, 4.0)),
    ]
    tracks = [one.track for one in recordings]
    surveys = survey_recordings(Store(tmp_path / "cache"), tracks, lambda *_: None)
    cut = cut_queries(
        recordings,
        {"a": (0, 10.0)},
        RECIPE,
        tempo=1.0,
        seed=0,
        surveys=surveys,
        silent_s={"a": [(3.0, 10.0)]},
    )
    # The reference is silent from 3 s on, which is 2 s after the recordings start.
    assert cut.places.track.tolist() == [0, 0, 0, 1, 1, 1]
    assert cut.places.start_s.tolist() == [0.0, 0.5, 1.0, 0.0, 0.5, 1.0]
    assert cut.silent == (7 - 3) + (7 - 3) + 7
    assert [one.track for one in cut.skipped] == ["silent"]
    assert cut.skipped[0].reason.startswith("silent: no query has enough sound")


def test_a_recording_whose_channels_cancel_is_left_out(tmp_path: Path) -> None:
    left = tone(2.0, 0.1)
    soundfile.write(tmp_path / "q.wav", np.stack([left, -left], axis=1), RATE_HZ)
    query = RecordedQuery(name="q", path=tmp_path / "q.wav", reference="a")
    chosen = replace(query, channel="left")
    store = Store(tmp_path / "cache")
    surveys = survey_recordings(store, [query.track, chosen.track], lambda *_: None)
    usable, skipped = select_recordings([query], surveys)
    assert usable == []
    assert skipped[0].reason.startswith("its channels cancel")
    assert select_recordings([chosen], surveys) == ([chosen], [])


def test_queries_that_match_nothing_are_cut_from_their_own_recordings(tmp_path: Path) -> None:
    recordings = []
    for name, seconds, match in (("a", 2.0, "reference"), ("b", 3.0, None), ("c", 0.5, None)):
        path = tmp_path / f"{name}.wav"
        soundfile.write(
            path, np.random.default_rng(0).uniform(-1, 1, round(8_000 * seconds)), 8_000
        )
        recordings.append(RecordedQuery(name=name, path=path, reference=match, start_s=0.0))
    recipe = replace(NAFP, query_length_s=1.0, n_queries=10)
    places = cut_absent(recordings, recipe, tempo=1.0, seed=0, surveys={})
    assert places.track.tolist() == [1] * 5  # the last one is too short
    assert places.start_s.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    few = cut_absent(recordings, replace(recipe, n_queries=2), tempo=1.0, seed=0, surveys={})
    assert len(few.track) == 2
