"""A search needs more time and space with its queries, rows and blocks."""

from collections.abc import Callable

import pytest

from fpbench.results.lengths import QueryLength
from fpbench.runs.needs import Need
from fpbench.runs.planning.planned_parts import PlannedPart
from fpbench.runs.planning.search_needs import index_need, search_need
from fpbench.runs.prepare import PreparedRun

Prepare = Callable[..., PreparedRun]


def need(*, segments: int, exact: bool) -> Need:
    return search_need(
        "search", 100, 10_000, 8, blocks=1, segments=segments, exact=exact, grown=False
    )


def test_an_approximate_index_searches_each_fingerprint_of_a_query() -> None:
    one, three = need(segments=1, exact=False), need(segments=3, exact=False)
    assert three.seconds == pytest.approx(3 * one.seconds)
    # 20 candidates of an id, a key and a score: 12 bytes each, in the cache and beside the result.
    assert (one.disk_bytes, three.disk_bytes) == (100 * 20 * 12, 3 * 100 * 20 * 12)
    assert one.all_disk_bytes == 2 * one.disk_bytes


def test_evidence_takes_memory_for_each_block() -> None:
    few, many = (
        search_need("search", 1_000, 10**10, 128, blocks=blocks, exact=True, grown=False)
        for blocks in (100, 10_000)
    )
    # As measured with 1000 blocks of 1000 queries: 413 MB more than with 16.
    assert 21 * 20_000 * 9_900 <= many.memory_bytes - few.memory_bytes <= 32 * 20_000 * 9_900


def test_exact_search_takes_a_query_as_one_vector() -> None:
    assert need(segments=3, exact=True).disk_bytes == need(segments=1, exact=True).disk_bytes


def test_another_setting_of_an_index_that_is_filled_only_searches() -> None:
    filling, filled = (
        search_need("s", 100, 10**6, 8, blocks=1, exact=False, grown=False, filled=filled)
        for filled in (False, True)
    )
    assert 0 < filled.seconds < filling.seconds
    assert filled.disk_bytes == filling.disk_bytes


def test_an_index_that_grows_keeps_all_rows_in_memory() -> None:
    one, grown = (
        search_need("s", 100, 10**6, 8, blocks=1, exact=False, grown=grown)
        for grown in (False, True)
    )
    assert grown.memory_bytes - one.memory_bytes == 4.5 * 8 * 10**6
    assert grown.disk_bytes == one.disk_bytes


def planned(rows: int, references: dict[str, int], blocks: int = 2) -> PlannedPart:
    return PlannedPart(rows, blocks, blocks, references, None)


def test_the_reference_is_searched_where_the_part_has_it(prepared_vectors: Prepare) -> None:
    run = prepared_vectors()
    ((exact,),) = run.indexes.values()
    length = QueryLength(1.0, 1)
    with_reference, without = (
        index_need(run, exact, "real", planned(100, references), length=length, n_queries=60)
        for references in ({"exact": 60}, {})
    )
    assert (with_reference.stage, without.stage) == ("search exact", "search exact")
    assert (with_reference.work, without.work) == ("60 queries × 160", "60 queries × 100")  # noqa: RUF001
    assert with_reference.seconds == pytest.approx(1.6 * without.seconds)
    # For each block 20 candidates of each query, 12 bytes each.
    assert without.disk_bytes == 2 * 60 * 20 * 12


def test_what_another_setting_fills_is_only_searched(prepared_vectors: Prepare) -> None:
    names = ("ivf:nlist=4,nprobe=1", "ivf:nlist=4,nprobe=2")
    run = prepared_vectors(indexes=names)
    ((filling, filled),) = run.indexes.values()
    part = planned(300, dict.fromkeys(names, 60))
    first, second = (
        index_need(run, named, "real", part, length=QueryLength(1.0, 1), n_queries=60)
        for named in (filling, filled)
    )
    assert 0 < second.seconds < first.seconds
    assert second.disk_bytes == first.disk_bytes


def test_a_stage_names_the_length_of_the_queries_if_there_are_several(
    prepared_vectors: Prepare,
) -> None:
    run = prepared_vectors(query_lengths_s=(1.0, 2.0), indexes=("ivf:nlist=4",))
    ((ivf,),) = run.indexes.values()
    shorter, longest = (
        index_need(run, ivf, "real", planned(300, {}), length=length, n_queries=50)
        for length in run.source.lengths
    )
    assert shorter.stage == "search ivf:nlist=4, 1 s"
    assert longest.stage == "search ivf:nlist=4, 2 s"
    # At a hop of half a second, 2 s are three fingerprints, each of which is searched.
    assert longest.seconds == pytest.approx(3 * shorter.seconds)
