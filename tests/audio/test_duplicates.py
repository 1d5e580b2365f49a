"""Tracks with equal decoded audio are one."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from fpbench.audio.duplicates import drop_duplicates
from fpbench.audio.survey import survey_recordings
from fpbench.cache import Store
from fpbench.plugin.datasets import Dataset, RecordedQuery, Track
from fpbench.results.data import Skipped

RATE_HZ = 1_000


def track(folder: Path, name: str, seed: int, **kind: str) -> Track:
    """Half a second of noise, as 16-bit numbers."""
    noise = np.random.default_rng(seed).integers(-9_000, 9_000, RATE_HZ // 2)
    path = folder / f"{name}.{kind.get('format', 'wav').lower()}"
    soundfile.write(path, noise.astype(np.int16), RATE_HZ, **kind)
    return Track(name=name, path=path)


def drop(dataset: Dataset, folder: Path) -> tuple[Dataset, list[Skipped]]:
    tracks = [*dataset.reference, *dataset.distractors]
    surveys = survey_recordings(Store(folder / "cache"), tracks, lambda _done, _words: None)
    return drop_duplicates(dataset, surveys)


def test_keeps_the_first_of_equal_recordings(tmp_path: Path) -> None:
    reference = [track(tmp_path, name, seed) for name, seed in (("a", 1), ("b", 2), ("c", 1))]
    distractors = [track(tmp_path, name, seed) for name, seed in (("d", 3), ("e", 2), ("f", 3))]
    dataset, duplicates = drop(
        Dataset(name="d", reference=reference, distractors=distractors, noise=distractors), tmp_path
    )
    assert [one.name for one in dataset.reference] == ["a", "b"]
    assert [one.name for one in dataset.distractors] == ["d"]
    assert dataset.noise == distractors
    assert duplicates == [
        Skipped(track="c", reason="the same audio as a"),
        Skipped(track="e", reason="the same audio as b"),
        Skipped(track="f", reason="the same audio as d"),
    ]


def test_container_and_tags_do_not_count(tmp_path: Path) -> None:
    wav, flac = track(tmp_path, "wav", 1), track(tmp_path, "flac", 1, format="FLAC")
    with soundfile.SoundFile(tmp_path / "tagged.flac", "w", RATE_HZ, 1, "PCM_16") as file:
        file.title = "another title"
        file.write(soundfile.read(wav.path, dtype="int16")[0])
    tagged = Track(name="tagged", path=tmp_path / "tagged.flac")
    assert tagged.path.read_bytes() != flac.path.read_bytes()
    dataset, duplicates = drop(
        Dataset(name="d", reference=[wav], distractors=[flac, tagged]), tmp_path
    )
    assert dataset.distractors == []
    assert [one.reason for one in duplicates] == ["the same audio as wav"] * 2


def test_keeps_a_track_of_both_lists_in_the_reference(tmp_path: Path) -> None:
    reference = [track(tmp_path, "a", 1), track(tmp_path, "b", 2)]
    queries = [RecordedQuery(name="q", path=tmp_path / "q.wav", reference="b")]
    dataset, duplicates = drop(
        Dataset(name="d", reference=reference, distractors=reference[:1], queries=queries), tmp_path
    )
    assert (dataset.reference, dataset.distractors) == (reference, [])
    assert duplicates == [Skipped(track="a", reason="the same audio as a")]
    assert dataset.queries == queries


def test_recorded_queries_follow_the_track_that_stays(tmp_path: Path) -> None:
    reference = [track(tmp_path, "a", 1), track(tmp_path, "b", 1)]
    query = RecordedQuery(name="q", path=tmp_path / "q.wav", reference="b", start_s=2.5)
    dataset, _ = drop(Dataset(name="d", reference=reference, queries=[query]), tmp_path)
    (followed,) = dataset.queries
    assert (followed.reference, followed.start_s) == ("a", 2.5)


@pytest.mark.parametrize("content", [None, b"", b"RIFF and nothing"])
def test_what_cannot_be_read_is_no_duplicate(tmp_path: Path, content: bytes | None) -> None:
    unreadable = [Track(name=n, path=tmp_path / n) for n in ("x", "y")]
    for one in unreadable:
        if content is not None:
            one.path.write_bytes(content)
    dataset, duplicates = drop(Dataset(name="d", reference=unreadable), tmp_path)
    assert (dataset.reference, duplicates) == (unreadable, [])


def test_silent_tracks_are_no_duplicates_because_a_run_leaves_them_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(RATE_HZ), RATE_HZ)
    silent = [Track(name=name, path=tmp_path / f"{name}.wav") for name in ("a", "b")]
    assert drop(Dataset(name="d", distractors=silent), tmp_path)[1] == []


def test_reads_a_changed_file_again(tmp_path: Path) -> None:
    dataset = Dataset(name="d", reference=[track(tmp_path, "a", 1), track(tmp_path, "b", 1)])
    assert len(drop(dataset, tmp_path)[0].reference) == 1
    track(tmp_path, "b", 2)
    assert len(drop(dataset, tmp_path)[0].reference) == 2
