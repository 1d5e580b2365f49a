"""Indexes are listed once for each search, with the options of the config."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Document = dict[str, Any]


def none_listed(document: Document) -> None:
    document["indexes"] = []


def listed_twice(document: Document) -> None:
    document["indexes"] *= 2


def of_no_curve(document: Document) -> None:
    document["indexes"].append({**document["indexes"][0], "name": "hnsw"})


def with_options(document: Document) -> None:
    document["indexes"][0]["requested"] = {"nprobe": "9"}


def trained(document: Document) -> None:
    document["indexes"][0]["trained_on"] = 7


def longer(document: Document) -> None:
    document["indexes"][0]["effective"]["shortlist"] = 1_000


LIES = {
    none_listed: '/indexes is null: the curves give ["exact", "real"], which is missing',
    listed_twice: '/indexes/1 is ["exact", "real"]: this index is listed more than once',
    of_no_curve: '/indexes/1 is ["hnsw", "real"]: the result has no curve of this index',
    with_options: '/indexes/0/requested/nprobe is "9": config.index_options gives null',
    trained: "/indexes/0/trained_on is 7: exact search is not trained",
    longer: "/indexes/0/effective/shortlist is 1000: the evidence gives",
}


@pytest.mark.parametrize(("lie", "line"), LIES.items(), ids=[lie.__name__ for lie in LIES])
def test_a_lie_is_found(
    result: Path,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
    lie: Callable[[Document], None],
    line: str,
) -> None:
    alter(result, lie)
    assert line in problems(result)
