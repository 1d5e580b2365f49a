"""Indexes of FAISS can share their contents."""

import pytest

from fpbench import Settings
from fpbench.plugin.shared_indexes import SharedBlockIndex, SharedIndex
from fpbench_plugins import faiss_indexes


@pytest.mark.parametrize(
    ("name", "of_search"),
    [
        pytest.param("ivf", {"nprobe"}, id="ivf"),
        pytest.param("ivfpq", {"nprobe"}, id="ivfpq"),
        pytest.param("refined", {"nprobe"}, id="ivfpq-rr"),
        pytest.param("hnsw", {"ef_search"}, id="hnsw"),
        pytest.param("lsh", set(), id="lsh"),
    ],
)
def test_an_index_names_the_parameters_of_its_search(name: str, of_search: set[str]) -> None:
    index = getattr(faiss_indexes, f"create_{name}")(Settings())
    assert isinstance(index, SharedIndex)
    assert isinstance(index, SharedBlockIndex) == (index.kind == "block")
    assert set(index.search_parameters) & index.parameters.keys() == of_search
