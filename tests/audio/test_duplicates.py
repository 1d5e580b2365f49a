"""Files that a dataset has twice count once."""

from pathlib import Path

from fpbench.audio.duplicates import drop_duplicates
from fpbench.plugin.datasets import Dataset, Track
from fpbench.results.document import Skipped


def tracks(folder: Path, **contents: bytes) -> list[Track]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [Track(name=name, path=folder / name) for name in contents]


def once(dataset: Dataset) -> tuple[Dataset, list[Skipped]]:
    return drop_duplicates(dataset, lambda _done, _words: None)


def test_the_first_of_equal_files_stays(tmp_path: Path) -> None:
    reference = tracks(tmp_path, a=b"1", b=b"2", c=b"1")
    distractors = tracks(tmp_path, d=b"3", e=b"2", f=b"3")
    dataset, copies = once(
        Dataset(name="d", reference=reference, distractors=distractors, noise=distractors)
    )
    assert [track.name for track in dataset.reference] == ["a", "b"]
    assert [track.name for track in dataset.distractors] == ["d"]
    assert dataset.noise == distractors
    assert copies == [
        Skipped(track="c", reason="the same file as a"),
        Skipped(track="e", reason="the same file as b"),
        Skipped(track="f", reason="the same file as d"),
    ]


def test_a_track_in_both_lists_stays_in_the_reference(tmp_path: Path) -> None:
    reference = tracks(tmp_path, a=b"1", b=b"2")
    dataset, copies = once(Dataset(name="d", reference=reference, distractors=reference[:1]))
    assert (dataset.reference, dataset.distractors) == (reference, [])
    assert copies == [Skipped(track="a", reason="the same file as a")]


def test_every_file_is_reported(tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    dataset = Dataset(name="d", reference=tracks(tmp_path, a=b"1", b=b"1"))
    drop_duplicates(dataset, lambda *report: told.append(report))
    assert told == [(0.5, "1 of 2 files"), (1.0, "2 of 2 files")]


def test_what_cannot_be_read_is_no_copy(tmp_path: Path) -> None:
    missing = [Track(name=n, path=tmp_path / n) for n in ("x", "y")]
    dataset, copies = once(Dataset(name="d", reference=missing))
    assert (dataset.reference, copies) == (missing, [])


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    dataset = Dataset(name="d", reference=tracks(tmp_path, a=b"1", b=b"1"))
    assert len(once(dataset)[0].reference) == 1
    (tmp_path / "b").write_bytes(b"other")
    assert len(once(dataset)[0].reference) == 2
