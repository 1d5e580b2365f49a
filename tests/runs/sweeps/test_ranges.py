"""A file of ranges gives every combination of its values; a fault is named with its place."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.runs.sweeps.ranges import read_sweep


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return tmp_path / "sweep.toml"


def test_every_combination_of_lists_and_ranges_is_a_setting(sweep: Path) -> None:
    sweep.write_text(
        "\ufeff[ivf]\nnlist = [8, 16]\nnprobe = { from = 1, to = 4, times = 2 }\n"
        '["faiss:HNSW8"]\nefSearch = { from = 8, to = 20, step = 8 }\n'
        '["hnsw:links=4"]\nef_search = 9\n'
    )
    assert read_sweep(sweep) == [
        *(f"ivf:nlist={lists},nprobe={probes}" for lists in (8, 16) for probes in (1, 2, 4)),
        *(f"faiss:HNSW8:efSearch={ef}" for ef in (8, 16)),
        "hnsw:ef_search=9,links=4",
    ]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        pytest.param("from=1.1, to=1.3, step=0.1", ["1.1", "1.2", "1.3"], id="decimal step"),
        pytest.param("from=1, to=1.331, times=1.1", ["1", "1.1", "1.21", "1.331"], id="factor"),
        pytest.param("from=0.1234567, to=0.2, step=1", ["0.1234567"], id="seven digits"),
        pytest.param("from=1e6, to=1000001.0, step=1", ["1000000", "1000001"], id="large"),
    ],
)
def test_a_range_has_both_ends_and_no_rounding(sweep: Path, table: str, values: list[str]) -> None:
    sweep.write_text(f"[x]\na = {{ {table} }}\n")
    assert read_sweep(sweep) == [f"x:a={value}" for value in values]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ivf = 3", "'ivf' is no table of settings", id="no table"),
        pytest.param("", "has no settings to sweep", id="nothing"),
        pytest.param("[ivf]\nnprobe = []", "ivf.nprobe has no values", id="no value"),
        pytest.param("[ivf]\nnprobe = ['1,2']", "or a comma in one", id="comma"),
        pytest.param("[ivf]\nnprobe = {from=1, to=9}", "has no range of numbers", id="no step"),
        pytest.param(
            "[ivf]\nnprobe = {from=1, to=9, times=1}", "no increasing range", id="no growth"
        ),
        pytest.param("[ivf]\nnprobe = {from=9, to=1, step=1}", "no increasing range", id="down"),
        pytest.param("[ivf]\nnprobe = {from=1, to=1e9, step=1}", "more than 1000", id="many"),
        pytest.param("[ivf]\nnprobe = {from=nan, to=9, step=1}", "of finite numbers", id="nan"),
        pytest.param("[ivf]\nnprobe = {from=1, to=inf, step=1}", "of finite numbers", id="inf"),
        pytest.param(
            "[ivf]\n" + "".join(f"{key} = {{from=1, to=900, step=1}}\n" for key in "abcdef"),
            "'ivf' has more than 1000 settings",
            id="combinations",
        ),
        pytest.param("[ivf", "is not TOML", id="no TOML"),
    ],
)
def test_a_fault_is_named(sweep: Path, text: str, message: str) -> None:
    sweep.write_text(text)
    with pytest.raises(FpbenchError, match=message) as caught:
        read_sweep(sweep)
    assert "sweep.toml" in caught.value.message


def test_a_file_that_is_not_there_is_named(sweep: Path) -> None:
    with pytest.raises(FpbenchError, match="cannot read"):
        read_sweep(sweep)
