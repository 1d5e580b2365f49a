"""A folder becomes a dataset whose tracks have one role each."""

import unicodedata
from dataclasses import replace
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


@pytest.mark.slow
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


MEANT = {
    "Reference": "reference",
    "references": "reference",
    "Refs": "reference",
    "refrence": "reference",
    "distractor": "distractors",
    "DISTRACTORS": "distractors",
    "distactors": "distractors",
    "Noise": "noise",
    "noises": "noise",
    "background-noise": "noise",
    "backgrounds": "noise",
    "impulse-responses": "ir",
    "Impulse Response": "ir",
    "RIRs": "ir",
    "reference_tracks": "reference",
    "Distractor Set": "distractors",
    "train-data": "train",
    "rir": "ir",
    "IR": "ir",
    "Training": "train",
    "train-noise": "train_noise",
    "noise_train": "train_noise",
    "trainIR": "train_ir",
}


@pytest.mark.parametrize("beside", ["reference/a.ogg", "rock/a.ogg"])
@pytest.mark.parametrize("name", MEANT)
def test_a_folder_with_nearly_the_name_of_a_role_is_refused(
    tmp_path: Path, name: str, beside: str
) -> None:
    settings = touch_files(tmp_path, f"{name}/x.wav", beside)
    with pytest.raises(FpbenchError, match=f"is called {MEANT[name]}/") as err:
        create(settings)
    there = "move the files of" if beside.startswith(f"{MEANT[name]}/") else "rename"
    assert f"{there} {name}/ to {MEANT[name]}/" in str(err.value.hint)


def test_all_misspelt_folders_are_named_at_once(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "Noise/x.wav", "Reference/a.ogg", "Distractors/b.ogg")
    with pytest.raises(FpbenchError) as err:
        create(settings)
    hint = "rename Distractors/ to distractors/, rename Noise/ to noise/, rename Reference/ to "
    assert hint in str(err.value.hint)
    music = Settings(argument=settings.argument, options={"near_names": "music"})
    assert len(create(music).reference) + len(create(music).distractors) == 3


@pytest.mark.parametrize("album", ["Noise", "Train", "IR"])
def test_beside_many_albums_a_folder_may_be_one(
    tmp_path: Path, album: str, caplog: pytest.LogCaptureFixture
) -> None:
    albums = [f"album {i}/1.ogg" for i in range(5)]
    dataset = create(touch_files(tmp_path, *albums, f"{album}/1.ogg"))
    assert len(dataset.reference) + len(dataset.distractors) == 6
    assert f"{album}' is taken for an album" in caplog.text
    with pytest.raises(FpbenchError, match="has no role"):
        create(touch_files(tmp_path, "Reference/1.ogg"))


def test_albums_may_have_similar_names(tmp_path: Path) -> None:
    names = ("Preference", "Differences", "Noise Floor", "Air", "Trainspotting", "Irish")
    dataset = create(touch_files(tmp_path, *(f"{name}/1.ogg" for name in names)))
    assert len(dataset.reference) == len(dataset.distractors) == 3


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("Query/1.wav", "db/1.wav"), "Query' has no role"),
        (("queries/1.wav", "db/1.wav"), "queries' has no role"),
        (("query/1.wav", "db/1.wav", "dummy-db/2.wav"), "dummy-db' has no role"),
        (("db/1.wav", "dummy_db/2.wav"), "db' has no role"),
        (("rock/1.wav", "queries/2.wav"), "queries' has no role"),
        (("rock/1.wav", "dummy_db/2.wav"), "dummy_db' has no role"),
        (("music/reference/1.wav", "music/distractors/2.wav"), "one folder too deep"),
        (("music/Reference/1.wav", "music/distractor/2.wav"), "one folder too deep"),
        (("reference/distractors/1.wav",), "lies in reference/, where it has no role"),
        (("reference/1.wav", "train/noise/1.wav"), "lies in train/, where it has no role"),
    ],
)
def test_roles_in_the_wrong_place_are_refused(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(FpbenchError, match=message):
        create(touch_files(tmp_path, *names))


def test_a_role_needs_audio(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "reference/a.ogg", "noise/readme.txt")
    with pytest.raises(FpbenchError, match="noise' holds no audio, but 1 other files"):
        create(settings)
    (tmp_path / "noise/readme.txt").unlink()
    (tmp_path / "ir").mkdir()
    with pytest.raises(FpbenchError, match="holds no audio; it is empty") as err:
        create(settings)
    assert err.value.hint == "put audio there, or remove noise/, ir/"


def test_a_role_is_a_folder(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "a.ogg", "reference")
    with pytest.raises(FpbenchError, match="reference' is a file, but has the name"):
        create(settings)
    (tmp_path / "reference").unlink()
    (tmp_path / "noise").symlink_to(tmp_path / "gone")
    with pytest.raises(FpbenchError, match="noise' is a broken link, but has the name"):
        create(settings)


def test_a_division_is_described(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, *(f"{i}.wav" for i in range(4)))
    assert create(settings).division == (
        "2 tracks are reference and 2 distractors: a hash of the names chooses the reference "
        "(reference_share=0.5)"
    )
    (tmp_path / "queries.csv").write_text("query,reference,start_s\n0.wav,1.wav,3\n")
    assert create(settings).division == (
        "1 tracks are reference and 2 distractors: the tracks that recorded queries match are the "
        "reference"
    )
    divided = touch_files(tmp_path / "divided", "reference/a.ogg", "distractors/b.ogg")
    assert create(divided).division is None


def test_music_that_macos_has_stored_is_divided_alike() -> None:
    names = [f"\u00e9t\u00e9 {i}.wav" for i in range(20)]
    tracks = [Track(name=name, path=Path("x")) for name in names]
    from_macos = [replace(t, name=unicodedata.normalize("NFD", t.name)) for t in tracks]
    chosen = {unicodedata.normalize("NFC", t.name) for t in divide_tracks(from_macos, 0.5)[0]}
    assert chosen == {t.name for t in divide_tracks(tracks, 0.5)[0]}


def test_a_folder_called_db_alone_is_music(tmp_path: Path) -> None:
    dataset = create(touch_files(tmp_path, "db/1.wav", "db/2.wav"))
    assert len(dataset.reference) == len(dataset.distractors) == 1
    assert dataset.queries == []


def test_sub_folders_are_groups_if_there_are_several(tmp_path: Path) -> None:
    settings = touch_files(
        tmp_path,
        "reference/Ann/one/1.ogg",
        "reference/Ann/two/2.ogg",
        "reference/Bob/3.ogg",
        "reference/4.ogg",
        "distractors/all/5.ogg",
        "distractors/all/6.ogg",
    )
    dataset = create(settings)
    groups = {t.name.rpartition("/")[2]: t.group for t in dataset.reference}
    assert groups == {"1.ogg": "Ann", "2.ogg": "Ann", "3.ogg": "Bob", "4.ogg": None}
    assert [t.group for t in dataset.distractors] == [None, None]
    plain = create(replace(settings, options={"groups": "none"}))
    assert {t.group for t in plain.reference} == {None}


def test_folders_of_music_that_is_divided_are_groups(tmp_path: Path) -> None:
    settings = touch_files(tmp_path, "Ann/1.ogg", "Ann/2.ogg", "Bob/3.ogg", "4.ogg")
    dataset = create(settings)
    groups = {t.name: t.group for t in (*dataset.reference, *dataset.distractors)}
    assert groups == {"Ann/1.ogg": "Ann", "Ann/2.ogg": "Ann", "Bob/3.ogg": "Bob", "4.ogg": None}
