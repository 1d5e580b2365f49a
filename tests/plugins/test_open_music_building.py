"""The set is built from Git repositories, here local ones with a few files."""

import csv
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from fpbench import FpbenchError, Samples
from fpbench_plugins.open_music.building import BuildConfig, OpenMusicBuilder
from fpbench_plugins.open_music.built_files import read_built
from fpbench_plugins.open_music.dataset import dataset_of
from fpbench_plugins.open_music.listing import ListedFile
from fpbench_plugins.open_music.repositories import PartialClone
from fpbench_plugins.open_music.signatures import encode_levels, measure_signature

RATE_HZ = 44_100


def music(seed: int, seconds: float = 3.0) -> Samples:
    """Chords of random tones, which change every quarter of a second, at 44.1 kHz."""
    rng = np.random.default_rng(seed)
    times = np.arange(RATE_HZ // 4) / RATE_HZ
    chords = [
        np.sin(2 * np.pi * rng.uniform(100, 5000, (5, 1)) * times).sum(axis=0)
        for _ in range(round(4 * seconds))
    ]
    return (0.1 * np.concatenate(chords)).astype(np.float32)


def listed(path: str, source: str, samples: Samples, **other: str) -> ListedFile:
    at_16_khz = soxr.resample(samples, RATE_HZ, 16_000, quality="HQ")
    known = {
        "kind": "music",
        "split": "test",
        "repository": "ann/songs",
        "commit": "HEAD",
        "licence": "CC0",
        "attribution": "Ann",
    } | other
    return ListedFile(
        path=path,
        source=source,
        samples=len(at_16_khz),
        signature=encode_levels(measure_signature(at_16_khz)),
        sha256="0" * 64,
        **known,
    )


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    command = ["git", *identity, "-C", folder, *arguments]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.decode().strip()


def commit(repository: Path, rate_hz: int = RATE_HZ, **sources: Samples | None) -> str:
    """Commit files, or their removal, and return the name of the commit."""
    if not repository.exists():
        repository.mkdir(parents=True)
        git(repository, "init", "-q")
        # As on GitHub; Bob's server knows no partial clones, and sends everything.
        for name in ("allowFilter", "allowAnySHA1InWant"):
            git(repository, "config", f"uploadpack.{name}", str(repository.parent.name == "ann"))
    for name, samples in sources.items():
        path = repository / f"{name}.wav"
        path.unlink(missing_ok=True)
        if samples is not None:
            soundfile.write(path, samples, rate_hz, subtype="FLOAT")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "music")
    return git(repository, "rev-parse", "HEAD")


def build(published: Path, folder: Path, *files: ListedFile) -> str:
    folder.mkdir(exist_ok=True)
    by_path = {file.path: file for file in files}
    builder = OpenMusicBuilder(BuildConfig(mirror=published.as_uri()), by_path)
    return builder.build(folder, lambda share, note: None)


@pytest.fixture(scope="module")
def song() -> Samples:
    return music(1)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, song: Samples) -> Path:
    """Two repositories: one has the song between silences, the other had it once."""
    folder = tmp_path_factory.mktemp("published")
    silence = np.zeros(RATE_HZ // 2, dtype=np.float32)
    longer = np.concatenate([silence, song, silence])
    commit(folder / "ann" / "songs", first=np.stack([longer, longer], axis=1))
    commit(folder / "bob" / "old", second=song)
    commit(folder / "bob" / "old", second=music(2))
    commit(folder / "bob" / "old", second=None, other=music(3))
    return folder


@pytest.fixture
def head(published: Path) -> str:
    return git(published / "bob" / "old", "rev-parse", "HEAD")


def test_builds_the_listed_stretch_of_a_source(
    published: Path, song: Samples, tmp_path: Path
) -> None:
    start = git(published / "ann" / "songs", "rev-parse", "--short=10", "HEAD")
    file = listed("music/a.ogg", "first.wav", 0.5 * song, commit=start)
    assert build(published, tmp_path / "set", file) == f"open-music:{tmp_path / 'set'}"
    built, rate_hz = soundfile.read(tmp_path / "set" / "music" / "a.ogg", dtype="float32")
    assert (rate_hz, len(built)) == (16_000, file.samples)
    wanted = 0.5 * soxr.resample(song, RATE_HZ, 16_000)
    middle = slice(8_000, 40_000)
    lag = np.argmax(np.correlate(built[middle], wanted[7_900:40_100], "valid"))
    assert abs(lag - 100) <= 80  # 5 ms
    assert np.std(built) == pytest.approx(np.std(wanted), rel=0.1)
    record = read_built(tmp_path / "set")["music/a.ogg"]
    assert record.source_commit.startswith(start)
    assert float(record.distance_db) < 2
    assert not list((tmp_path / "set" / ".sources").iterdir())
    with (tmp_path / "set" / "manifest.csv").open() as lines:
        (row,) = csv.DictReader(lines)
    assert (row["path"], row["kind"], row["attribution"]) == ("music/a.ogg", "music", "Ann")


def test_finds_what_a_repository_had_once(
    published: Path, head: str, song: Samples, tmp_path: Path
) -> None:
    file = listed("music/b.ogg", "second.wav", song, repository="bob/old", commit=head[:10])
    build(published, tmp_path / "set", file)
    (record,) = read_built(tmp_path / "set").values()
    assert record.source_commit == git(published / "bob" / "old", "rev-parse", "HEAD~2")


def test_goes_on_where_it_stopped(
    published: Path, head: str, song: Samples, tmp_path: Path
) -> None:
    start = git(published / "ann" / "songs", "rev-parse", "HEAD")
    first = listed("music/a.ogg", "first.wav", song, commit=start)
    second = listed("music/b.ogg", "second.wav", song, repository="bob/old", commit=head)
    folder = tmp_path / "set"
    with pytest.raises(FpbenchError, match=r"1 of 2 files could not be built: 1 file of bob/gone"):
        build(published, folder, first, replace(second, repository="bob/gone"))
    made = (folder / "music" / "a.ogg").stat().st_mtime_ns
    build(published, folder, first, second)
    assert (folder / "music" / "a.ogg").stat().st_mtime_ns == made
    (folder / "manifest.csv").write_text("of the user")
    build(tmp_path / "nowhere", folder, first, second)  # nothing is missing
    assert (folder / "manifest.csv").read_text() == "of the user"
    (folder / "music" / "a.ogg").write_bytes(b"cut short")
    with pytest.raises(FpbenchError, match=r"ann/songs.*nowhere"):
        build(tmp_path / "nowhere", folder, first, second)


def test_a_damaged_record_of_a_build_is_named(song: Samples, tmp_path: Path) -> None:
    file = listed("music/a.ogg", "first.wav", song)
    (tmp_path / "built.csv").write_text("path,sha256\n")
    with pytest.raises(FpbenchError, match=r"built\.csv") as refusal:
        build(tmp_path, tmp_path, file)
    assert refusal.value.hint == f"remove {tmp_path / 'built.csv'} and build again"


def test_refuses_other_audio_and_names_it(
    published: Path, head: str, song: Samples, tmp_path: Path
) -> None:
    file = listed("music/c.ogg", "other.wav", song, repository="bob/old", commit=head)
    lost = listed("music/d.ogg", "none.wav", song, repository="bob/old", commit=head)
    with pytest.raises(FpbenchError) as refusal:
        build(published, tmp_path / "set", file, lost)
    assert "music/c.ogg from bob/old, other.wav: blob " in refusal.value.message
    assert "(SHA-256 " in refusal.value.message
    assert "is other audio: its levels differ by" in refusal.value.message
    assert f"none.wav: no commit up to {head} has it" in refusal.value.message
    assert not (tmp_path / "set" / "music").exists()


def test_fetches_only_what_is_asked_for(tmp_path: Path) -> None:
    repository = tmp_path / "ann" / "songs"
    name = commit(repository, first=music(1, 0.25), second=music(2, 0.25))
    clone = PartialClone(tmp_path / "clone", repository.as_uri())
    sources = list(clone.versions("first.wav", clone.fetch(name)))
    clone.fetch_files(sources)
    assert clone.read(sources[0]) == (repository / "first.wav").read_bytes()
    absent = git(clone.folder, "rev-list", "--objects", "--all", "--missing=print")
    second = git(repository, "rev-parse", "HEAD:second.wav")
    assert [line for line in absent.splitlines() if line.startswith("?")] == [f"?{second}"]


def test_names_a_commit_that_a_repository_lacks(
    published: Path, song: Samples, tmp_path: Path
) -> None:
    file = listed("music/a.ogg", "first.wav", song, commit="0123456789")
    with pytest.raises(FpbenchError, match=r"ann/songs has no commit 0123456789"):
        build(published, tmp_path / "set", file)


def test_git_may_take_another_url(
    published: Path, song: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{published.as_uri()}/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/")
    commit_name = git(published / "ann" / "songs", "rev-parse", "HEAD")
    file = listed("music/a.ogg", "first.wav", song, commit=commit_name)
    (tmp_path / "set").mkdir()
    builder = OpenMusicBuilder(BuildConfig(), {file.path: file})
    builder.build(tmp_path / "set", lambda share, note: None)
    assert (tmp_path / "set" / "music" / "a.ogg").is_file()


def test_an_impulse_response_begins_2_ms_before_its_onset(published: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    decay = np.exp(-np.arange(16_000) / 2_000) * rng.normal(0, 0.2, 16_000)
    response = np.concatenate([np.zeros(32), [0.9], decay]).astype(np.float32)
    source = np.concatenate([np.zeros(700, dtype=np.float32), 0.5 * response])
    folder = tmp_path / "published"
    name = commit(folder / "ann" / "rooms", 16_000, room=source)
    file = replace(
        listed("ir/room.flac", "room.wav", response, kind="ir", repository="ann/rooms"),
        commit=name,
        samples=len(response),
        signature=encode_levels(measure_signature(response)),
    )
    build(folder, tmp_path / "set", file)
    built, _ = soundfile.read(tmp_path / "set" / "ir" / "room.flac", dtype="float32")
    assert np.argmax(np.abs(built)) == 32
    np.testing.assert_allclose(built, response, atol=0.05)


def test_a_built_set_stands_for_the_listed_one(
    published: Path, song: Samples, tmp_path: Path
) -> None:
    name = git(published / "ann" / "songs", "rev-parse", "HEAD")
    file = listed("music/a.ogg", "first.wav", song, commit=name)
    folder = tmp_path / "set"
    build(published, folder, file)
    dataset = dataset_of(str(folder), {file.path: file})
    assert [track.content for track in dataset.reference] == [file.content]
    assert dataset.reference[0].group == "Ann"
    path = folder / "music" / "a.ogg"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(FpbenchError, match=r"1 files in .* are neither those of open-music-v1"):
        dataset_of(str(folder), {file.path: file})
    path.unlink()
    with pytest.raises(FpbenchError, match=r"lacks 1 of the 1 files of open-music-v1") as refusal:
        dataset_of(str(folder), {file.path: file})
    assert refusal.value.hint == f"run `fpbench data build open-music-v1 --out {folder}`"


def test_without_git_nothing_is_begun(
    published: Path, song: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FpbenchError, match="git is not installed") as failed:
        build(published, tmp_path / "set", listed("a.ogg", "first.wav", song))
    assert failed.value.hint == "install git, and run the same command again"
    assert list((tmp_path / "set").iterdir()) == []


def test_the_reason_of_git_is_shown_and_not_its_advice(song: Samples, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"1 file of ann/songs: git failed for .*: fatal: "):
        build(tmp_path / "nowhere", tmp_path / "set", listed("a.ogg", "first.wav", song))
