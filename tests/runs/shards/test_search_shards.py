"""Shards in any order, killed or not, end in the bytes of a plain run; those of others do not."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError, Settings
from fpbench.cache import Store
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Report
from fpbench.results.files import dump_result
from fpbench.runs.config import RunConfig
from fpbench.runs.planning.plan import make_plan
from fpbench.runs.prepare import PreparedRun, prepare
from fpbench.runs.run import run_prepared
from fpbench.runs.shards.search_shards import (
    Shards,
    prepare_searches,
    refuse_undivided,
    search_shard,
    shard_folder,
)
from fpbench.search.engines.shards import Shard

SHARDS = [Shard(number, 3) for number in (1, 2, 3)]


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """Import what indexes need: under pytest a first import reads this file, too."""
    for name in ("exact", "ivf", "hnsw"):
        Catalog.load().index(name, Settings())


@pytest.fixture
def prepared(thousand_embeddings: Path, tmp_path: Path) -> Callable[..., PreparedRun]:
    """Prepares a run, by default among real distractors only; its cache has a name."""

    def prepare_with(cache: str = "cache", *, fresh: bool = False, **changes: Any) -> PreparedRun:
        settings = {"distractors": "real", "sizes": (100, 300, 1000), **changes}
        config = RunConfig(dataset=f"embeddings:{thousand_embeddings}", **settings)
        config = replace(config, recipe=replace(config.recipe, n_queries=10))
        store = Store(tmp_path / cache)
        return prepare(config, Catalog.load(), store, stage, fresh=fresh)

    return prepare_with


def files(folder: Path, suffix: str) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


BOTH = {"distractors": "both", "generator": "gaussian", "indexes": ("exact", "ivf")}


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({**BOTH, "index_options": {"ivf": {"nlist": "4"}}}, id="two indexes"),
        pytest.param({**BOTH, "indexes": ("exact",), "fits": 2, "beyond": (10**5,)}, id="two fits"),
    ],
)
def test_shards_end_in_the_bytes_of_a_plain_run(
    prepared: Callable[..., PreparedRun], tmp_path: Path, changes: dict[str, Any]
) -> None:
    plain = run_prepared(prepared("c1", **changes), tmp_path / "a" / "r.json", "x", stage)
    out = tmp_path / "b" / "r.json"
    prepare_searches(prepared("prepared", **changes), stage)
    for number in (3, 1, 2):
        search_shard(prepared("prepared", **changes), Shard(number, 3), out, stage)
    merged = run_prepared(prepared("c2", **changes), out, "x", stage)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).glob("*.npz")} for name in "ab"
    )
    assert first
    assert first == second
    assert dump_result(replace(plain, costs=None)) == dump_result(replace(merged, costs=None))


class KilledError(Exception):
    """Stands for the end of a process."""


def kill_after(patch: pytest.MonkeyPatch, folder: Path, blocks: int) -> None:
    """End the program before it keeps another block below a folder."""
    rename, left = Path.replace, [blocks]

    def step(file: Path, target: Path) -> Path:
        left[0] -= target.is_relative_to(folder) and target.suffix == ".npz"
        if left[0] < 0:
            raise KilledError
        return rename(file, target)

    patch.setattr(Path, "replace", step)


@pytest.mark.slow
def test_a_killed_shard_goes_on_where_it_stopped(
    prepared: Callable[..., PreparedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = tmp_path / "whole.json", tmp_path / "r.json"
    for shard in SHARDS:
        search_shard(prepared(), shard, whole, stage)
    folder = shard_folder(out)
    with monkeypatch.context() as patch:
        kill_after(patch, folder, 1)
        with pytest.raises(KilledError):
            search_shard(prepared(), SHARDS[1], out, stage)
    (kept,) = folder.rglob("*.npz")
    before = kept.stat().st_ino
    assert json.loads((folder / "2-of-3.json").read_text())["finished"] is False
    for shard in reversed(SHARDS):
        search_shard(prepared(), shard, out, stage)
    assert kept.stat().st_ino == before
    assert files(folder, "") == files(shard_folder(whole), "")


@pytest.mark.slow
def test_a_plan_counts_what_shards_have_searched(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    for shard in SHARDS[:2]:
        search_shard(prepared(), shard, out, stage)
    assert make_plan(prepared(), out=out).search().needs[0].seconds > 0
    search_shard(prepared(), SHARDS[2], out, stage)
    assert make_plan(prepared(), out=out).search().needs[0].seconds == 0
    assert make_plan(prepared()).search().needs[0].seconds > 0


@pytest.mark.slow
def test_what_the_cache_holds_is_not_searched_again(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    run_prepared(prepared(), tmp_path / "r.json", "x", stage)
    search_shard(prepared(), Shard(1, 1), tmp_path / "s.json", stage)
    kept = files(tmp_path / "cache" / "evidence", ".npz")
    assert files(shard_folder(tmp_path / "s.json") / "evidence", ".npz") == kept


@pytest.fixture
def divided(prepared: Callable[..., PreparedRun], tmp_path: Path) -> Path:
    """The result of a run of which shard 2 of 3 is finished."""
    out = tmp_path / "r.json"
    search_shard(prepared(), SHARDS[1], out, stage)
    return out


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"seed": 1}, "with seed=0, and this run has 1", id="seed"),
        pytest.param({"sizes": (100, 500)}, "with sizes=[100, 300, 1000], and", id="sizes"),
        pytest.param({"indexes": ("ivf",)}, "with indexes=['exact'], and", id="index"),
    ],
)
def test_a_shard_with_other_settings_is_refused(
    prepared: Callable[..., PreparedRun], divided: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(FpbenchError) as refused:
        Shards.open(prepared(**changes), divided)
    note = shard_folder(divided) / "2-of-3.json"
    assert f"shard 2/3 in {note} was made {named}" in refused.value.message
    assert refused.value.hint is not None
    assert "run it again with this fpbench and the settings of this run" in refused.value.hint
    with pytest.raises(FpbenchError, match=r"shard 2/3 in .* was made with"):
        search_shard(prepared(**changes), SHARDS[0], divided, stage)
    # The shard itself may be run again with other settings.
    search_shard(prepared(**changes), SHARDS[1], divided, stage)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("version", "0.0.1", r"by fpbench 0\.0\.1 with code"),
        ("code", "0123456789", "with code 01234567, and this is"),
        ("weights_sha256", "0", "with other weights of the fingerprinter"),
        ("inputs", "0", "with other fingerprints of the queries or the reference"),
        ("generator_sha256", "0", "with another fit of the generator"),
        ("searches", {}, "with other code of a plugin"),
    ],
)
def test_a_shard_of_other_code_or_weights_is_refused(
    prepared: Callable[..., PreparedRun], divided: Path, field: str, value: object, named: str
) -> None:
    note = shard_folder(divided) / "2-of-3.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), field: value}))
    with pytest.raises(FpbenchError, match=named):
        run_prepared(prepared(), divided, "x", stage)
    assert not divided.exists()


def test_shards_from_another_kind_of_processor_are_named(
    prepared: Callable[..., PreparedRun], divided: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note = shard_folder(divided) / "2-of-3.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "processor": "abacus"}))
    run = prepared()
    shards = Shards.open(run, divided)
    shards.check(run, run.source.build_inputs(run.store, stage), None)
    assert "shard 2/3 was searched on a abacus" in caplog.text
    assert "lacks shards 1/3, 3/3: this run searches what they have left" in caplog.text


@pytest.mark.slow
def test_all_shards_of_one_division_are_enough(
    prepared: Callable[..., PreparedRun], divided: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        search_shard(prepared(), Shard(number, 2), divided, stage)
    run = prepared()
    Shards.open(run, divided).check(run, run.source.build_inputs(run.store, stage), None)
    assert "lacks" not in caplog.text


def test_a_file_that_is_no_note_is_named(
    prepared: Callable[..., PreparedRun], divided: Path
) -> None:
    note = shard_folder(divided) / "2-of-3.json"
    note.write_text("{}")
    with pytest.raises(FpbenchError, match=r"2-of-3\.json: "):
        Shards.open(prepared(), divided)


def test_a_run_that_makes_everything_again_takes_no_shards(
    prepared: Callable[..., PreparedRun], divided: Path
) -> None:
    assert Shards.open(prepared(fresh=True, seed=1), divided).folders == []


def test_a_shard_needs_a_generator_that_is_fitted(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    run = prepared(distractors="synthetic", generator="gaussian")
    with pytest.raises(FpbenchError, match="lacks what all shards need: generator 'gaussian'") as e:
        search_shard(run, SHARDS[0], tmp_path / "r.json", stage)
    assert e.value.hint is not None
    assert "--prepare" in e.value.hint
    assert not shard_folder(tmp_path / "r.json").exists()


def test_a_folder_that_cannot_be_written_is_one_clear_error(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    shard_folder(tmp_path / "r.json").write_text("a file, not a folder")
    with pytest.raises(FpbenchError, match=r"r\.shards: File exists"):
        search_shard(prepared(), SHARDS[0], tmp_path / "r.json", stage)


def test_a_disk_that_fills_up_is_one_clear_error(
    prepared: Callable[..., PreparedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "r.json", Path.replace

    def fill(file: Path, target: Path) -> Path:
        if target.is_relative_to(shard_folder(out)) and target.suffix == ".npz":
            raise OSError(28, "No space left on device")
        return rename(file, target)

    monkeypatch.setattr(Path, "replace", fill)
    with pytest.raises(FpbenchError, match=r"cannot write .*evidence.*: No space left on device"):
        search_shard(prepared(), SHARDS[0], out, stage)
    assert json.loads((shard_folder(out) / "1-of-3.json").read_text())["finished"] is False


def test_what_has_no_blocks_is_not_divided(
    prepared: Callable[..., PreparedRun], caplog: pytest.LogCaptureFixture
) -> None:
    refuse_undivided(prepared(indexes=("exact", "hnsw")))
    assert "index hnsw is left to the run without --shard" in caplog.text
    with pytest.raises(FpbenchError, match="index 'hnsw' grows with the database"):
        refuse_undivided(prepared(indexes=("hnsw",)))


def test_a_plan_foresees_a_shard(prepared: Callable[..., PreparedRun]) -> None:
    run = prepared(sizes=(10, 1000))
    whole = make_plan(run).search()
    parts = [make_plan(run, shard).search() for shard in SHARDS]
    disk_bytes = sum(part.disk_bytes for part in parts)
    assert disk_bytes == pytest.approx(whole.disk_bytes)
    assert all(part.disk_bytes < whole.disk_bytes / 2 for part in parts)
    with pytest.raises(FpbenchError, match="cannot be divided into 1000 shards"):
        make_plan(run, Shard(1, 1000))
