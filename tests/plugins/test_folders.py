"""A folder becomes a dataset whose tracks have one role each."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FpbenchError, Settings, Track
from fpbench_plugins.folders import create
from fpbench_plugins.folders.dataset import divide_tracks


def touch_files(root: Path, *names: str) -> Settings:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return Settings(argument=str(root))


def test_reads_roles_from_sub_folders(tmp_path: Path) -> None:
    settings = touch_files(
        tmp_path,
        "reference/b/2.ogg",
        "reference/a.WAV",
        "distractors/c.mp3",
        "train/d.flac",
        "noise/e.wav",
        "ir/f.wav",
        "train_noise/g.wav",
        "train_ir/h.wav",
    )
    dataset = create(settings)
    assert [t.name for t in dataset.reference] == ["reference/a.WAV", "reference/b/2.ogg"]
    assert [t.name for t in dataset.distractors] == ["distractors/c.mp3"]
    assert [t.name for t in dataset.train] == ["train/d.flac"]
    assert [t.name for t in dataset.noise] == ["noise/e.wav"]
    assert [t.name for t in dataset.impulse_responses] == ["ir/f.wav"]
    assert [t.name for t in dataset.train_noise] == ["train_noise/g.wav"]
    assert [t.name for t in dataset.train_impulse_responses] == ["train_ir/h.wav"]
    assert dataset.reference[0].path == tmp_path / "reference" / "a.WAV"


def test_divides_music_without_roles_in_half(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, *(f"album/{i}.ogg" for i in range(10)), "noise/rain.wav")
    dataset = create(settings)
    assert len(dataset.reference) == len(dataset.distractors) == 5
    assert len({t.name for t in [*dataset.reference, *dataset.distractors]}) == 10
    assert len(dataset.noise) == 1


def test_ignores_other_and_hidden_files(tmp_path: Path) -> None:
    names = ("reference/a.ogg", "reference/._a.ogg", "cover.jpg", ".Trash-1000/c.wav")
    dataset = create(touch_files(tmp_path, *names))
    assert [t.name for t in dataset.reference] == ["reference/a.ogg"]


def test_follows_links_to_folders(tmp_path: Path) -> None:
    touch_files(tmp_path / "disk", "album/a.ogg", "rain/b.wav")
    settings = touch_files(tmp_path / "music", "reference/c.ogg")
    for link, target in (("noise", "rain"), ("train_noise", "rain"), ("reference/album", "album")):
        (tmp_path / "music" / link).symlink_to(tmp_path / "disk" / target)
    dataset = create(settings)
    assert [t.name for t in dataset.reference] == ["reference/album/a.ogg", "reference/c.ogg"]
    assert [t.name for t in dataset.noise] == ["noise/b.wav"]
    assert [t.name for t in dataset.train_noise] == ["train_noise/b.wav"]


def test_follows_no_link_in_circles(tmp_path: Path) -> None:
    settings = touch_files(tmp_path / "music", "train/a.ogg", "train/b/c.ogg")
    (tmp_path / "music" / "train" / "b" / "all").symlink_to(tmp_path / "music")
    assert [t.name for t in create(settings).train] == ["train/a.ogg", "train/b/c.ogg"]


def test_names_are_sorted_as_text(tmp_path: Path) -> None:
    dataset = create(touch_files(tmp_path, "train/a/2.ogg", "train/a b/1.ogg", "train/a.ogg"))
    assert [t.name for t in dataset.train] == ["train/a b/1.ogg", "train/a.ogg", "train/a/2.ogg"]


@given(n=st.integers(1, 60), seed=st.integers(0, 999))
def test_a_new_track_moves_at_most_one_other(n: int, seed: int) -> None:
    tracks = [Track(name=f"{seed}-{i}", path=Path("x")) for i in range(n + 1)]
    before = {t.name for t in divide_tracks(tracks[:n], 0.5)[0]}
    after = {t.name for t in divide_tracks(tracks, 0.5)[0]}
    assert len(before ^ (after - {tracks[n].name})) <= 1


def test_refuses_music_outside_the_roles(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"lost\.ogg' and 0 more are in no folder with a role"):
        create(touch_files(tmp_path, "reference/a.ogg", "lost.ogg"))


def test_refuses_a_folder_without_music(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="no music in"):
        create(touch_files(tmp_path, "noise/rain.wav"))


def test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="gone' is not a folder"):
        create(Settings(argument=str(tmp_path / "gone")))


def test_refuses_an_impossible_share(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "a.ogg")
    with pytest.raises(FpbenchError, match=r"reference_share=1\.5 is not between 0 and 1"):
        create(Settings(argument=settings.argument, options={"reference_share": "1.5"}))


def test_recorded_queries_beside_the_music_are_no_music(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "a.wav", "b.wav", "c.wav", "phone/q.wav", "phone/x.wav")
    table = "query,reference,start_s\nphone/q.wav,b.wav,3\nphone/x.wav,none,\n"
    (tmp_path / "queries.csv").write_text(table)
    dataset = create(settings)
    assert [t.name for t in dataset.reference] == ["b.wav"]
    assert [t.name for t in dataset.distractors] == ["a.wav", "c.wav"]
    assert [(q.name, q.reference, q.start_s) for q in dataset.queries] == [
        ("phone/q.wav", "b.wav", 3.0),
        ("phone/x.wav", None, 0.0),
    ]


def test_published_pairs_have_equal_names(tmp_path: Path) -> None:
    settings = touch_files(
        tmp_path, "query/x/1.wav", "db/x/1.flac", "db/x/2.flac", "dummy_db/3.wav", "noise/4.wav"
    )
    dataset = create(settings)
    assert [t.name for t in dataset.reference] == ["db/x/1.flac", "db/x/2.flac"]
    assert [t.name for t in dataset.distractors] == ["dummy_db/3.wav"]
    assert [(q.name, q.reference, q.start_s) for q in dataset.queries] == [
        ("query/x/1.wav", "db/x/1.flac", 0.0)
    ]
    touch_files(tmp_path, "query/x/9.wav")
    with pytest.raises(FpbenchError, match=r"9\.wav' has no file of the same name in"):
        create(settings)


def test_a_folder_called_db_alone_is_music(tmp_path: Path) -> None:
    dataset = create(touch_files(tmp_path, "db/1.wav", "db/2.wav"))
    assert len(dataset.reference) == len(dataset.distractors) == 1
    assert dataset.queries == []
