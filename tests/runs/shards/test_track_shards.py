"""Shards of tracks are disjoint, end in the bytes of one process, and those of others are named."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.progress import Report
from fpbench.runs.needs import Need
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.shards.track_shards import check_track_shards, fingerprint_shard, share_needs
from fpbench.search.engines.shards import Shard


def stage(_title: str) -> AbstractContextManager[Report]:
    """No progress is shown."""
    return nullcontext(lambda _done, _words: None)


def tracks_of(folder: Path) -> dict[Path, bytes]:
    folder = folder / "tracks"
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.npz")}


@pytest.mark.slow
def test_shards_in_any_order_end_in_the_bytes_of_one_process(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    alone = replace(prepared(), store=Store(tmp_path / "alone"))
    alone.source.build_inputs(alone.store, stage)
    divided = replace(prepared(), store=Store(tmp_path / "divided"))
    out = tmp_path / "r.json"
    counts = [fingerprint_shard(divided, Shard(number, 3), out, stage) for number in (3, 1, 2)]
    assert sum(counts) == 8 + 16 + 1  # a broken one
    assert tracks_of(tmp_path / "divided") == tracks_of(tmp_path / "alone")
    check_track_shards(divided, out)


@pytest.mark.slow
def test_a_shard_of_another_fingerprinter_is_refused_by_name(
    prepared: Callable[..., PreparedRun], tmp_path: Path
) -> None:
    out = tmp_path / "r.json"
    run = replace(prepared(), store=Store(tmp_path / "cache"))
    fingerprint_shard(run, Shard(1, 2), out, stage)
    note = tmp_path / "r.shards" / "tracks" / "1-of-2.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "fingerprinter": "another"}))
    named = r"shard 1/2 in .* was made with other code of the fingerprinter"
    with pytest.raises(FpbenchError, match=named):
        fingerprint_shard(run, Shard(2, 2), out, stage)
    with pytest.raises(FpbenchError, match=named):
        check_track_shards(run, out)


def test_a_shard_needs_its_part_of_what_is_divided() -> None:
    needs = [
        Need(stage=stage, work="8 h of audio", seconds=40.0, memory_bytes=1.0, disk_bytes=8.0)
        for stage in ("read recordings", "fingerprint queries", "fingerprint distractors")
    ]
    shared = share_needs(needs, Shard(3, 4))
    assert [one.stage for one in shared] == ["read recordings", "fingerprint distractors"]
    assert [(one.work, one.seconds, one.disk_bytes) for one in shared] == [
        ("1/4 of 8 h of audio", 10.0, 2.0)
    ] * 2
