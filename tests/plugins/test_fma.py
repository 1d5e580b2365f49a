"""FMA's published layout, in miniature."""

import csv
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

import fpbench
from fpbench import Dataset, FpbenchError, Settings
from fpbench.plugin.catalog import Catalog
from fpbench_plugins.fma import create
from fpbench_plugins.fma.faulty_tracks import faulty_tracks

# As in the published table: two levels of names, then a line that only names the index.
HEADER = """,album,set,set,track
,title,split,subset,title
track_id,,,,
"""

ROWS = {
    2: ("test", "small"),
    5: ("training", "small"),
    10: ("validation", "medium"),
    140: ("test", "medium"),
    1482: ("test", "large"),
    155066: ("training", "large"),
}


def miniature(root: Path, *subsets: str) -> Path:
    (root / "fma_metadata").mkdir()
    lines = [f'{n},"An, album",{split},{subset},Song' for n, (split, subset) in ROWS.items()]
    (root / "fma_metadata" / "tracks.csv").write_text(HEADER + "\n".join(lines) + "\n")
    for subset in subsets:
        for number in ROWS:
            path = root / f"fma_{subset}" / f"{number // 1000:03d}" / f"{number:06d}.mp3"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


def open_fma(root: Path, **options: str) -> Dataset:
    return create(Settings(argument=str(root), options=options))


@pytest.mark.parametrize(
    ("subset", "reference"),
    [
        pytest.param("small", ["000002"], id="small"),
        pytest.param("medium", ["000002", "000140"], id="medium contains small"),
        pytest.param("large", ["000002", "000140", "001482"], id="large contains all"),
        pytest.param("full", ["000002", "000140", "001482"], id="full contains all"),
    ],
)
def test_subsets_contain_each_other(tmp_path: Path, subset: str, reference: list[str]) -> None:
    dataset = open_fma(miniature(tmp_path, subset))
    assert [t.name for t in dataset.reference] == reference
    assert dataset.reference[0].path == tmp_path / f"fma_{subset}" / "000" / "000002.mp3"


def test_every_track_has_one_role(tmp_path: Path) -> None:
    root = miniature(tmp_path, "large")
    dataset = open_fma(root)
    lists = (dataset.reference, dataset.distractors, dataset.train)
    assert sorted(t.name for tracks in lists for t in tracks) == [f"{n:06d}" for n in sorted(ROWS)]
    assert "000010" in {t.name for t in dataset.distractors}
    assert [t.name for t in open_fma(root, train_share="1").train] == ["000005", "155066"]
    assert open_fma(root, train_share="0").train == []


def test_says_how_it_is_divided(tmp_path: Path) -> None:
    division = open_fma(miniature(tmp_path, "large"), train_share="1").division
    assert division is not None
    assert division.startswith("3 tracks are reference: the test split; 1 distractors and 2 for")


def test_names_folders_that_are_nearly_fmas(tmp_path: Path) -> None:
    root = miniature(tmp_path, "large")
    (root / "fma_large").rename(root / "FMA-Large")
    with pytest.raises(FpbenchError) as err:
        open_fma(root)
    assert err.value.hint == "rename FMA-Large/ to fma_large/"
    (root / "FMA-Large").rename(root / "fma_large")
    (root / "fma_metadata").rename(root / "fma-metadata")
    with pytest.raises(FpbenchError) as err:
        open_fma(root)
    assert err.value.hint == "rename fma-metadata/ to fma_metadata/"


def test_asks_which_of_several_subsets(tmp_path: Path) -> None:
    root = miniature(tmp_path, "small", "large")
    with pytest.raises(FpbenchError, match="several subsets: small, large"):
        open_fma(root)
    assert len(open_fma(root, subset="small").reference) == 1


def test_names_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="has no folder fma_small"):
        open_fma(tmp_path)
    (tmp_path / "fma_small").mkdir()
    with pytest.raises(FpbenchError, match=r"there is no '.*tracks\.csv'"):
        open_fma(tmp_path)
    with pytest.raises(FpbenchError, match="has none of the tracks"):
        open_fma(miniature(tmp_path))
    with pytest.raises(FpbenchError, match=r"there is no folder '.*fma_full'"):
        open_fma(tmp_path, subset="full")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", r"has no column \('set', 'subset'\)", id="empty"),
        pytest.param(HEADER + "x,a,test,small,b\n", "line 4: not a track", id="number"),
        pytest.param(HEADER + "2,a,dev,small,b\n", "line 4: not a track", id="split"),
        pytest.param(HEADER + "2,a\n", "line 4: not a track", id="cut row"),
    ],
)
def test_refuses_another_table(tmp_path: Path, text: str, message: str) -> None:
    root = miniature(tmp_path, "small")
    (root / "fma_metadata" / "tracks.csv").write_text(text)
    with pytest.raises(FpbenchError, match=message):
        open_fma(root)


def test_a_table_beside_the_folders_has_recorded_queries(tmp_path: Path) -> None:
    root = miniature(tmp_path, "small")
    (root / "q.wav").touch()
    (root / "queries.csv").write_text("query,reference,start_s\nq.wav,000002,2.5\n")
    (query,) = open_fma(root).queries
    assert (query.reference, query.start_s) == ("000002", 2.5)


def test_tracks_of_one_artist_are_a_group(tmp_path: Path) -> None:
    root = miniature(tmp_path, "large")
    assert {t.group for t in open_fma(root).reference} == {None}
    table = root / "fma_metadata" / "tracks.csv"
    first, second, third, *rows = table.read_text().splitlines()
    lines = [f"{first},artist", f"{second},id", f"{third},"]
    artists = ("7", "8", "8", "7", "", "9")
    lines += [f"{row},{artist}" for row, artist in zip(rows, artists, strict=True)]
    table.write_text("\n".join(lines) + "\n")
    assert [t.group for t in open_fma(root).reference] == ["7", "7", None]


FAULTY = {5574: "training", 133297: "test", 155051: "validation"}


def with_faulty(root: Path, *subsets: str) -> Path:
    """The miniature with three tracks more, which are on the list of faulty clips."""
    miniature(root, *subsets)
    with (root / "fma_metadata" / "tracks.csv").open("a") as table:
        for number, split in FAULTY.items():
            table.write(f'{number},"An, album",{split},small,Song\n')
    for subset in subsets:
        for number in FAULTY:
            path = root / f"fma_{subset}" / f"{number // 1000:03d}" / f"{number:06d}.mp3"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return root


def names(dataset: Dataset) -> set[str]:
    return {t.name for t in (*dataset.reference, *dataset.distractors, *dataset.train)}


def test_clips_with_known_faults_are_dropped_if_wanted(tmp_path: Path) -> None:
    root = with_faulty(tmp_path, "small", "full")
    kept, dropped = (open_fma(root, subset="small", known_faults=o) for o in ("keep", "drop"))
    assert names(kept) - names(dropped) == {"005574", "133297", "155051"}
    assert names(dropped) == {"000002", "000005"}
    whole = open_fma(root, subset="full", known_faults="drop")
    assert names(whole) >= {"005574", "133297", "155051"}


def test_the_list_of_faults_says_why_and_who_found_it() -> None:
    text = resources.files("fpbench_plugins.fma").joinpath("faulty.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == len(faulty_tracks("small")) == 168
    assert all(row["source"].startswith("github.com/mdeff/fma/issues/") for row in rows)
    assert faulty_tracks("small")[133297].startswith("cut beyond the end: 600 s in the table and")


def test_a_lacking_file_is_refused_if_all_are_wanted(tmp_path: Path) -> None:
    root = miniature(tmp_path, "small")
    assert len(open_fma(root, missing="refuse").reference) == 1
    (root / "fma_small" / "000" / "000005.mp3").unlink()
    assert len(open_fma(root).reference) == 1
    with pytest.raises(FpbenchError, match=r"lacks 1 of 2 tracks, such as 000005\.mp3") as refusal:
        open_fma(root, missing="refuse")
    assert "sha1sum -c checksums" in refusal.value.hint


def test_noise_comes_from_the_generated_library(tmp_path: Path) -> None:
    root = miniature(tmp_path, "small")
    settings = Settings(argument=str(root), cache_dir=tmp_path, options={"noises": "2"})
    dataset = create(settings)
    assert (len(dataset.noise), len(dataset.impulse_responses)) == (2, 0)
    assert dataset.pending is not None
    assert dataset.pending.count == 4  # the noises for training are made with them
    with pytest.raises(FpbenchError, match="noises=-1 is negative"):
        open_fma(root, noises="-1")


@pytest.mark.parametrize("subset", ["small", "medium", "large"])
def test_a_task_asks_for_tracks_that_are_no_distractors(subset: str, tmp_path: Path) -> None:
    root = with_faulty(tmp_path, "small", "medium", "large")
    task = Catalog.load().task(f"fma-{subset}-v1")
    assert task.settings["dataset"] == "fma"
    options = {name: str(value) for name, value in task.settings["dataset_options"].items()}
    dataset = create(Settings(argument=str(root), cache_dir=tmp_path, options=options))
    roles = [{t.name for t in some} for some in (dataset.reference, dataset.distractors)]
    assert "000002" in roles[0]
    assert not roles[0] & roles[1]
    assert not names(dataset) & {f"{number:06d}" for number in FAULTY}
    assert len(dataset.noise) == 14
    assert dataset.queries == []


@pytest.mark.slow
def test_a_task_runs_on_a_miniature(tmp_path: Path, small_sketch: str) -> None:
    """With music of five seconds in the place of the clips, and fewer distractors and queries."""
    root = with_faulty(tmp_path, "small")
    rng = np.random.default_rng(0)
    for path in sorted((root / "fma_small").glob("*/*.mp3")):
        pitches = rng.uniform(200, 3000, (20, 1))
        times = np.arange(11_025) / 44_100
        tones = np.sin(2 * np.pi * pitches * times).reshape(-1)
        soundfile.write(path, (0.3 * tones).astype(np.float32), 44_100, format="MP3")
    (root / "fma_small" / "133" / "133297.mp3").write_bytes(b"nothing")
    task = Catalog.load().task("fma-small-v1").settings
    options = task["dataset_options"] | {"noises": 2, "train_share": 0}
    result = fpbench.run(
        fingerprinter=small_sketch,
        dataset=f"fma:{root}",
        dataset_options=options,
        distractors="real",
        sizes=[5],
        recipe={**task["recipe"], "n_queries": 20},
        cache=tmp_path / "cache",
        progress=False,
    )
    assert (result.data.reference_tracks, result.data.distractor_tracks) == (1, 1)
    assert result.data.skipped == []
    assert result.queries.n == 20
