"""A run by a protocol searches its databases as often as it trains, fills or repeats."""

from typing import Any

import pytest

from fpbench import Settings
from fpbench.plugin.catalog import Catalog
from fpbench.results.fields import DistractorKind
from fpbench.runs.config import RunConfig
from fpbench.runs.protocols.needs import asked_rows, keeping_needs, searched_rows
from fpbench.search.named_indexes import NamedIndex

SIZES = [100, 1_000]


def config(protocol: str, **changes: Any) -> RunConfig:
    lengths_s = changes.pop("query_lengths_s", (1.0,))
    return RunConfig(
        protocol=protocol, distractors="synthetic", query_lengths_s=lengths_s, **changes
    )


def named(name: str) -> NamedIndex:
    index = Catalog.load().index(name, Settings())
    return NamedIndex(name=name, plugin="test", code="1", index=index)


@pytest.mark.parametrize(
    ("protocol", "index", "options", "kind", "rows"),
    [
        pytest.param("nafp", "l2", {}, "real", 1_000, id="one pass"),
        pytest.param("nafp", "ivf", {}, "synthetic", 1_100, id="trained for each size"),
        pytest.param("nafp", "ivf", {"retrain": "no"}, "real", 1_000, id="trained once"),
        pytest.param("nafp", "hnsw", {"retrain": "no"}, "real", 1_100, id="filled for each size"),
        pytest.param("paper", "l2", {}, "real", 1_500, id="five parts of the real ones"),
        pytest.param("paper", "l2", {}, "synthetic", 5_000, id="five draws"),
        pytest.param("paper", "ivf", {}, "synthetic", 5_500, id="trained for each size of each"),
        pytest.param("paper", "l2", {"repeats": "2"}, "synthetic", 2_000, id="two draws"),
    ],
)
def test_rows_are_counted_as_often_as_they_are_searched(
    protocol: str, index: str, options: dict[str, str], kind: DistractorKind, rows: int
) -> None:
    of_run = config(protocol, protocol_options=options)
    assert searched_rows(of_run, [named(index)], kind, SIZES) == rows


def test_queries_share_rows_and_cannot_have_more_than_there_are() -> None:
    def asked(test_ids: str | None) -> int:
        of_run = config("nafp", query_lengths_s=(1.0, 2.0), test_ids=test_ids)
        return asked_rows(of_run, 10_000, segment_s=1.0, hop_s=0.5)

    assert [asked(wanted) for wanted in ("100", "icassp", "9000", "all", None)] == [
        300,
        6_000,
        10_000,
        10_000,
        10_000,
    ]


def test_kept_rows_grow_with_the_queries_up_to_all() -> None:
    (few,) = keeping_needs(config("paper"), 100, 10**6, 128)
    assert few.disk_bytes == 100 * 20 * 128 * 4
    (all_of_them,) = keeping_needs(config("paper"), 10**6, 10**6, 128)
    assert all_of_them.disk_bytes == 10**6 * 128 * 4
    assert keeping_needs(RunConfig(), 100, 10**6, 128) == []
