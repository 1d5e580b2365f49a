"""Duplicate files of a dataset are dropped."""

from pathlib import Path

from fpbench.audio.duplicates import drop_duplicates
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.document import Skipped


def tracks(folder: Path, **contents: bytes) -> list[Track]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [Track(name=name, path=folder / name) for name in contents]


def drop(dataset: Dataset) -> tuple[Dataset, list[Skipped]]:
    return drop_duplicates(dataset, lambda _done, _words: None)


def test_keeps_the_first_of_equal_files(tmp_path: Path) -> None:
    reference = tracks(tmp_path, a=b"1", b=b"2", c=b"1")
    distractors = tracks(tmp_path, d=b"3", e=b"2", f=b"3")
    dataset, duplicates = drop(
        Dataset(name="d", reference=reference, distractors=distractors, noise=distractors)
    )
    assert [track.name for track in dataset.reference] == ["a", "b"]
    assert [track.name for track in dataset.distractors] == ["d"]
    assert dataset.noise == distractors
    assert duplicates == [
        Skipped(track="c", reason="the same file as a"),
        Skipped(track="e", reason="the same file as b"),
        Skipped(track="f", reason="the same file as d"),
    ]


def test_keeps_a_track_of_both_lists_in_the_reference(tmp_path: Path) -> None:
    reference = tracks(tmp_path, a=b"1", b=b"2")
    dataset, duplicates = drop(Dataset(name="d", reference=reference, distractors=reference[:1]))
    assert (dataset.reference, dataset.distractors) == (reference, [])
    assert duplicates == [Skipped(track="a", reason="the same file as a")]


def test_reports_every_file(tmp_path: Path) -> None:
    reports: list[tuple[float, str]] = []
    dataset = Dataset(name="d", reference=tracks(tmp_path, a=b"1", b=b"1"))
    drop_duplicates(dataset, lambda *report: reports.append(report))
    assert reports == [(0.5, "1 of 2 files"), (1.0, "2 of 2 files")]


def test_a_file_that_cannot_be_read_is_no_duplicate(tmp_path: Path) -> None:
    missing = [Track(name=n, path=tmp_path / n) for n in ("x", "y")]
    dataset, duplicates = drop(Dataset(name="d", reference=missing))
    assert (dataset.reference, duplicates) == (missing, [])


def test_reads_a_changed_file_again(tmp_path: Path) -> None:
    dataset = Dataset(name="d", reference=tracks(tmp_path, a=b"1", b=b"1"))
    assert len(drop(dataset)[0].reference) == 1
    (tmp_path / "b").write_bytes(b"other")
    assert len(drop(dataset)[0].reference) == 2
