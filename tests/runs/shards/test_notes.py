"""Notes of shards are read in their order, and say which shards are missing."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.runs.shards.notes import (
    ShardNote,
    note_path,
    read_notes,
    refuse_others,
    unfinished,
    write_note,
)
from fpbench.search.engines.shards import Shard

NOTE = ShardNote(
    version="1", code="a", config={"seed": 0}, weights_sha256=None, processor="x", finished=True
)


def test_a_note_reads_as_it_was_written(tmp_path: Path) -> None:
    full = replace(NOTE, inputs="b", generator_sha256="c", searches={"exact, real": "d"})
    for number in (10, 2):
        write_note(tmp_path, Shard(number, 16), full)
    write_note(tmp_path, Shard(1, 3), NOTE)
    assert note_path(tmp_path, Shard(2, 16)) == tmp_path / "2-of-16.json"
    assert read_notes(tmp_path) == {Shard(1, 3): NOTE, Shard(2, 16): full, Shard(10, 16): full}
    assert read_notes(tmp_path / "missing") == {}


def test_all_shards_of_another_run_are_named(tmp_path: Path) -> None:
    notes = {Shard(1, 3): NOTE, Shard(2, 3): replace(NOTE, config={"seed": 1})}
    refuse_others(tmp_path, {Shard(1, 3): NOTE}, replace(NOTE, finished=False))
    with pytest.raises(FpbenchError, match=r"shard 2/3 in .* was made with seed=1, and .* has 0"):
        refuse_others(tmp_path, notes, NOTE)
    with pytest.raises(FpbenchError, match="2 files have errors"):
        refuse_others(tmp_path, notes, replace(NOTE, weights_sha256="w", config={"seed": 2}))


def test_another_processor_is_named_as_a_reason(tmp_path: Path) -> None:
    known = replace(NOTE, inputs="b", generator_sha256="c", searches={})
    other = {Shard(1, 2): replace(known, generator_sha256="d", processor="abacus")}
    with pytest.raises(FpbenchError, match="another fit of the generator, on a abacus, and this"):
        refuse_others(tmp_path, other, known)


def test_shards_are_missing_unless_a_division_is_complete() -> None:
    done, begun = NOTE, replace(NOTE, finished=False)
    assert unfinished({}) == []
    assert unfinished({Shard(1, 3): done, Shard(3, 3): begun}) == [Shard(2, 3), Shard(3, 3)]
    both = {Shard(1, 3): done, Shard(1, 2): done, Shard(2, 2): done}
    assert unfinished(both) == []
