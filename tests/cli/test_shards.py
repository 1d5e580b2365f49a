"""`fpbench run --prepare` and `--shard`: one command line, divided between processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main

Run = Callable[..., Result]


@pytest.fixture
def divide(run: Run, thousand_embeddings: Path) -> Run:
    """`fpbench run` among one kind of distractors, with any arguments."""
    dataset = f"embeddings:{thousand_embeddings}"
    common = ("--dataset", dataset, "--queries", 20, "--sizes", "100,500,1000")

    def divide(*arguments: object, distractors: str = "real") -> Result:
        return run(*common, "--distractors", distractors, *arguments)

    return divide


@pytest.mark.parametrize("shard", ["0/3", "4/3", "x", ""])
def test_what_is_no_shard_is_refused(divide: Run, shard: str) -> None:
    shown = divide("--shard", shard)
    assert shown.exit_code == 2
    assert f"Error: '{shard}' is not a shard\nHint: give k/K" in shown.stderr


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (("--shard", "1/3", "--figure", "x.png"), "--figure has no effect with --shard"),
        (("--prepare", "--figure", "x.png"), "--figure has no effect with --prepare"),
        (("--shard", "1/3", "--prepare"), "and this dataset has fingerprints"),
        (("--shard", "1/3", "--prepare", "--fresh"), "--fresh has no effect with --shard"),
        (("--shard", "1/3", "--fresh"), "--fresh has no effect with --shard"),
        (("--shard", "1/3", "--protocol", "nafp"), "divide a run, but not one by protocol nafp"),
        (("--shard", "1/3000"), "blocks, which cannot be divided into 3000 shards"),
    ],
)
def test_what_has_no_effect_is_refused(divide: Run, typed: tuple[str, ...], named: str) -> None:
    shown = divide(*typed)
    assert shown.exit_code == 2, shown.output
    assert named in shown.stderr
    assert "Hint: " in shown.stderr


def test_a_plan_of_a_shard_leaves_out_what_others_do(divide: Run, tmp_path: Path) -> None:
    shown = divide("--shard", "2/3", "--plan")
    assert shown.exit_code == 0, shown.stderr
    assert "search exact" in shown.stdout
    shown = divide("--prepare", "--plan", "--generator", "gaussian", distractors="synthetic")
    assert shown.exit_code == 0, shown.stderr
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:]] == ["fit", "all"]
    assert not list(tmp_path.rglob("*.shards"))


def test_a_shard_says_where_its_blocks_are(divide: Run, tmp_path: Path) -> None:
    shown = divide("--shard", "2/3")
    assert shown.exit_code == 0, shown.stderr
    folder = tmp_path / "out" / "result.shards"
    assert shown.stdout == f"{folder}: shard 2/3, 3 blocks\n"
    assert "when all shards are done, run the same command without --shard" in shown.stderr


def test_a_shard_of_another_run_is_refused_before_anything_is_prepared(
    divide: Run, tmp_path: Path
) -> None:
    assert divide("--shard", "2/3").exit_code == 0
    shown = divide("--shard", "1/3", "--seed", 1, "--cache", tmp_path / "empty")
    assert shown.exit_code == 2
    note = tmp_path / "out" / "result.shards" / "2-of-3.json"
    assert f"shard 2/3 in {note} was made with seed=0, and this run has 1" in shown.stderr


def test_a_shard_without_what_precedes_it_says_how_to_make_it(divide: Run, tmp_path: Path) -> None:
    typed = ("--generator", "gaussian", "--shard", "1/3", "--cache", tmp_path / "empty")
    shown = divide(*typed, distractors="synthetic")
    assert shown.exit_code == 2
    assert "lacks what all shards need: fit gaussian" in shown.stderr
    assert "with --prepare instead of --shard first" in shown.stderr


@pytest.mark.slow
def test_a_shard_that_is_killed_and_run_again_ends_in_the_bytes_of_a_plain_run(
    thousand_embeddings: Path, tmp_path: Path
) -> None:
    sizes = ",".join(str(number) for number in range(10, 310, 10))
    common = ["run", "--dataset", f"embeddings:{thousand_embeddings}", "--distractors", "real"]
    common += ["--queries", "20", "--sizes", sizes]

    def command(name: str, *more: str) -> list[str]:
        cache, out = tmp_path / f"{name}-cache", tmp_path / f"{name}.json"
        return [*common, "--cache", str(cache), "--out", str(out), *more]

    killed = subprocess.Popen(
        [sys.executable, "-m", "fpbench", *command("b", "--shard", "2/3")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / "b.shards").rglob("*.npz")):
        assert killed.poll() is None
        time.sleep(0.001)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    shards = [command("b", "--shard", shard) for shard in ("3/3", "2/3", "1/3")]
    for arguments in (*shards, command("b"), command("a")):
        shown = CliRunner().invoke(main, arguments)
        assert shown.exit_code == 0, shown.output
    a, b = (tmp_path / f"{name}.exact.real.npz" for name in "ab")
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.slow
def test_shards_of_recordings_share_their_fingerprints(
    run_on: Run, config: Path, tmp_path: Path
) -> None:
    places = ("--cache", tmp_path / "cache", "--generator", "gaussian")
    shown = run_on(config, *places, "--shard", "1/2")
    assert shown.exit_code == 2
    assert "fingerprint reference, fingerprint queries, fingerprint distractors" in shown.stderr
    shown = run_on(config, *places, "--prepare")
    assert (shown.exit_code, shown.stdout) == (
        0,
        f"{tmp_path / 'cache'}: ready for --shard 1/K to K/K\n",
    )
    for shard in ("2/2", "1/2"):
        shown = run_on(config, *places, "--shard", shard)
        assert shown.exit_code == 0, shown.stderr
    merged, alone = tmp_path / "out" / "result.json", tmp_path / "alone.json"
    assert run_on(config, *places).exit_code == 0
    assert run_on(config, *places[2:], "--out", alone).exit_code == 0
    for kind in ("real", "synthetic"):
        a, b = (path.with_suffix(f".exact.{kind}.npz") for path in (merged, alone))
        assert a.read_bytes() == b.read_bytes()


@pytest.mark.slow
def test_shards_of_tracks_leave_the_preparation_little_to_do(
    run_on: Run, config: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    places = ("--cache", cache, "--generator", "gaussian", "--prepare")
    shown = run_on(config, *places, "--shard", "1/2", "--plan")
    assert [line.split()[0] for line in shown.stdout.splitlines()[2:-1]] == [
        "read",
        "fingerprint",
        "fingerprint",
    ]
    for shard, tracks in (("2/2", 12), ("1/2", 13)):  # one of them is broken
        shown = run_on(config, *places, "--shard", shard)
        assert shown.exit_code == 0, shown.stderr
        assert shown.stdout == f"{cache}: shard {shard}, {tracks} tracks\n"
    made = {path: path.stat().st_mtime_ns for path in (cache / "tracks").rglob("*.npz")}
    assert len(made) == 24
    shown = run_on(config, *places)
    assert shown.exit_code == 0, shown.stderr
    assert {path: path.stat().st_mtime_ns for path in (cache / "tracks").rglob("*.npz")} == made


@pytest.mark.slow
def test_shards_of_tracks_with_other_settings_are_refused_by_name(
    run_on: Run, config: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = tmp_path / "out" / "result.shards" / "tracks" / "2-of-3.json"
    assert run_on(config, "--prepare", "--shard", "2/3").exit_code == 0
    assert note.is_file()
    for more in ((), ("--shard", "1/3")):
        shown = run_on(config, "--prepare", "--seed", 1, *more)
        assert shown.exit_code == 2
        assert f"shard 2/3 in {note} was made with seed=0, and this run has 1" in shown.stderr
    shown = run_on(config, "--prepare", "--sizes", "50", "--generator", "gaussian")
    assert shown.exit_code == 0, shown.stderr
    assert "lacks shards 1/3, 3/3: this run fingerprints what they have left" in caplog.text
