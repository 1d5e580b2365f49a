"""A name of an index may have settings; a list of values means one index for each of them."""

import pytest

from fpbench import FpbenchError
from fpbench.plugin.index_names import (
    expand_index,
    index_base,
    index_settings,
    requested_options,
)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        pytest.param("ivfpq", ["ivfpq"], id="none"),
        pytest.param("ivfpq:nprobe=5", ["ivfpq:nprobe=5"], id="one"),
        pytest.param("ivf:nprobe=5,20", ["ivf:nprobe=5", "ivf:nprobe=20"], id="two values"),
        pytest.param("ivf:nprobe=5, 5", ["ivf:nprobe=5"], id="equal values"),
        pytest.param(
            "ivf:nprobe=1,2,nlist=8,16",
            [f"ivf:nlist={lists},nprobe={probes}" for lists in (8, 16) for probes in (1, 2)],
            id="every combination, by key",
        ),
        pytest.param("faiss:IVF8,PQ4", ["faiss:IVF8,PQ4"], id="an argument"),
        pytest.param(
            "faiss:IVF8,PQ4:nprobe=1,2",
            ["faiss:IVF8,PQ4:nprobe=1", "faiss:IVF8,PQ4:nprobe=2"],
            id="an argument and values",
        ),
        pytest.param("plugin:x=y.py", ["plugin:x=y.py"], id="a file of a plugin"),
    ],
)
def test_a_list_of_values_is_one_index_for_each(written: str, names: list[str]) -> None:
    assert expand_index(written, "here") == names
    assert [name for one in names for name in expand_index(one, "here")] == names


@pytest.mark.parametrize(
    ("written", "message"),
    [
        pytest.param("ivf:nprobe=", "here: index 'ivf:nprobe=' has no value for 'nprobe'", id="no"),
        pytest.param("ivf:nprobe=1,,2", "has no value for 'nprobe'", id="a gap"),
        pytest.param("ivf:nprobe=1,nprobe=2", "sets 'nprobe' twice", id="twice"),
    ],
)
def test_a_missing_value_and_a_repeated_key_are_named(written: str, message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        expand_index(written, "here")


def test_settings_of_the_name_override_options_of_the_index() -> None:
    name = "faiss:IVF8,PQ4:nprobe=2"
    options = {"faiss:IVF8,PQ4": {"nprobe": "1", "max_codes": "9"}, "ivf": {"nlist": "4"}}
    assert index_base(name) == "faiss:IVF8,PQ4"
    assert index_settings(name) == {"nprobe": "2"}
    assert requested_options(options, name) == {"nprobe": "2", "max_codes": "9"}
    assert requested_options(options, "ivfpq") == {}
