"""An index that a run cannot use is refused before any work."""

from typing import Any

import pytest

from fpbench import FpbenchError, Settings
from fpbench.search.named_indexes import NamedIndex, names_that_fill
from fpbench_plugins import faiss_indexes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"kind": "graph"}, "index 'odd' is of the kind 'graph'", id="kind"),
        pytest.param({"parameters": {"a": None}}, "parameter a of index 'odd' is None", id="value"),
    ],
)
def test_refuses_what_a_result_cannot_describe(changes: dict[str, Any], message: str) -> None:
    index = faiss_indexes.create_l2(Settings())
    odd = type("Odd", (type(index),), changes)
    index.__class__ = odd
    with pytest.raises(FpbenchError, match=message):
        NamedIndex(name="odd", plugin="mine", code="", index=index).check()


def test_the_first_index_of_those_that_share_is_filled() -> None:
    index = faiss_indexes.create_l2(Settings())
    indexes = [
        NamedIndex(name=name, plugin="mine", code="", index=index, contents=contents)
        for name, contents in (("a", "1"), ("b", None), ("c", "1"), ("d", "2"), ("e", None))
    ]
    assert names_that_fill(indexes) == ["a", "b", "d", "e"]
