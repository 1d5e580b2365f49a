"""The parts of all shards are the whole, and no block of a database is in two of them."""

from dataclasses import replace

import pytest

from fpbench import FpbenchError, Settings
from fpbench.plugin.catalog import Catalog
from fpbench.runs.loaded_indexes import load_index
from fpbench.runs.planning.planned_parts import cut_part, refuse_many
from fpbench.search.engines.shards import Shard
from fpbench.search.named_indexes import NamedIndex

EDGES = (0, 100, 300, 1000)


@pytest.fixture(scope="module")
def indexes() -> list[NamedIndex]:
    """Two settings of one filled index, one of another, and one that grows."""
    exact, hnsw = (load_index(name, {}, Catalog.load(), Settings()) for name in ("exact", "hnsw"))
    names = ("a:probes=1", "a:probes=2", "b")
    contents = ("a", "a", "b")
    filled = [
        replace(exact, name=name, contents=of) for name, of in zip(names, contents, strict=True)
    ]
    return [*filled, hnsw]


def test_a_run_searches_all_rows_and_the_reference_with_every_index(
    indexes: list[NamedIndex],
) -> None:
    part = cut_part(60, EDGES, indexes, None)
    assert (part.rows, part.blocks, part.of_blocks) == (1000, 4, 4)
    assert part.references == {named.name: 60 for named in indexes}
    assert part.shard is None


@pytest.mark.parametrize("of", [1, 2, 3, 5])
def test_shards_divide_the_rows_and_the_references_of_what_is_filled(
    indexes: list[NamedIndex], of: int
) -> None:
    parts = [cut_part(60, EDGES, indexes, Shard(number, of)) for number in range(1, of + 1)]
    assert sum(part.rows for part in parts) == 1000
    # Three blocks of distractors and a reference for each of two contents; what grows has none.
    assert {part.of_blocks for part in parts} == {5}
    assert sum(part.blocks for part in parts) == 5
    assert sorted(name for part in parts for name in part.references) == ["a:probes=1", "b"]
    assert {rows for part in parts for rows in part.references.values()} == {60}
    assert [part.shard for part in parts] == [Shard(number, of) for number in range(1, of + 1)]


def test_the_longest_block_is_a_shard_of_its_own(indexes: list[NamedIndex]) -> None:
    first, second = (cut_part(60, EDGES, indexes, Shard(number, 2)) for number in (1, 2))
    assert (first.rows, first.blocks, first.references) == (700, 1, {})
    assert (second.rows, second.blocks) == (300, 4)


def test_without_distractors_only_references_are_divided(indexes: list[NamedIndex]) -> None:
    first, second = (cut_part(60, [0], indexes, Shard(number, 2)) for number in (1, 2))
    assert (first.rows, second.rows) == (0, 0)
    assert first.references == {"a:probes=1": 60}
    assert second.references == {"b": 60}


def test_more_shards_than_blocks_are_refused() -> None:
    refuse_many(Shard(1, 5), 5)
    with pytest.raises(FpbenchError, match="5 blocks, which cannot be divided into 6") as refused:
        refuse_many(Shard(1, 6), 5)
    assert "at most 5 shards" in refused.value.hint
