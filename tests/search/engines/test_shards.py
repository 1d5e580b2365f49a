"""Shards divide all blocks evenly, whatever is done already, and are read from their folder."""

from pathlib import Path

import numpy as np
import pytest
from block_searches import Scan, Slices, unit
from hypothesis import given
from hypothesis import strategies as st

from fpbench import FpbenchError
from fpbench.cache import Store
from fpbench.evidence.block_edges import block_edges
from fpbench.search.blocks import BlockSearch, CandidateStore
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, search_missing
from fpbench.search.engines.shards import FolderEngine, Shard


@given(lengths=st.lists(st.integers(0, 100), max_size=30), of=st.integers(1, 9))
def test_every_block_is_in_exactly_one_shard(lengths: list[int], of: int) -> None:
    shares = [Shard(number, of).share(lengths) for number in range(1, of + 1)]
    assert sorted(place for share in shares for place in share) == list(range(len(lengths)))
    rows = [sum(lengths[place] for place in share) for share in shares]
    assert max(rows) - min(rows) <= max(lengths, default=0)


def test_shards_of_a_large_run_take_equally_long() -> None:
    lengths = np.diff(block_edges([10_000, 100_000, 1_000_000, 10**7, 10**8])).tolist()
    rows = [sum(lengths[i] for i in Shard(n, 16).share(lengths)) for n in range(1, 17)]
    assert max(rows) - min(rows) <= 10**6  # the longest block


@pytest.mark.parametrize(
    "text", ["0/3", "4/3", "x", "1", "1/", "/3", "1/0", "-1/3", "1.0/3", "²/3"]
)
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(FpbenchError, match="is not a shard") as refused:
        Shard.parse(text)
    assert refused.value.hint == "give k/K, from 1/8 to 8/8 for 8"


def test_a_shard_reads_as_it_is_written() -> None:
    assert str(Shard.parse("3/16")) == "3/16"


def test_what_is_in_a_folder_need_not_be_searched(tmp_path: Path) -> None:
    rng, edges = np.random.default_rng(5), [0, 100, 200, 300]
    queries, source = unit(10, rng), Slices(unit(300, rng))
    there, here = (
        BlockSearch(Scan(), CandidateStore(store=Store(tmp_path / name), key="x", k=5), "scan")
        for name in ("there", "here")
    )
    wanted = list(search_missing(cut_blocks([there], source, edges[:3]), queries, [LocalEngine()]))
    source.read.clear()
    engines = [FolderEngine(Store(tmp_path / "there")), LocalEngine()]
    cells = list(search_missing(cut_blocks([here], source, edges), queries, engines))
    assert source.read == [(200, 300)]
    for actual, expected in zip(cells[:2], wanted, strict=True):
        np.testing.assert_array_equal(actual.candidates.ids, expected.candidates.ids)
        np.testing.assert_array_equal(actual.candidates.keys, expected.candidates.keys)
