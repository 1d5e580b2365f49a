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
        "[ivf]\nnlist = [8, 16]\nnprobe = { from = 1, to = 4, times = 2 }\n"
        '["faiss:HNSW8"]\nefSearch = { from = 8, to = 20, step = 8 }\n'
        '["hnsw:links=4"]\nef_search = 9\n'
    )
    assert read_sweep(sweep) == [
        *(f"ivf:nlist={lists},nprobe={probes}" for lists in (8, 16) for probes in (1, 2, 4)),
        *(f"faiss:HNSW8:efSearch={ef}" for ef in (8, 16)),
        "hnsw:ef_search=9,links=4",
    ]


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
