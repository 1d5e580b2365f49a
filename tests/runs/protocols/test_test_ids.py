"""Queries begin at the rows of the authors, at all rows, at a drawn number, or at a file's."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fpbench.errors import FpbenchError
from fpbench.runs.protocols.test_ids import ICASSP_FILE, choose_test_ids

choose = partial(
    choose_test_ids,
    default="icassp",
    rows=50,
    longest=19,
    folder=None,
    seed=0,
    official_seed=None,
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_leaves_out_the_last_possible_row_as_the_scripts_do() -> None:
    assert choose("all").rows.tolist() == list(range(31))


def test_a_number_is_drawn_without_repetition() -> None:
    rows = choose("10").rows
    assert len(set(rows.tolist())) == 10
    assert rows.max() < 31
    assert choose("10").rows.tolist() == rows.tolist()
    assert choose("10", seed=1).rows.tolist() != rows.tolist()


def test_a_script_with_a_seed_draws_its_own_numbers() -> None:
    # numpy.random.seed(42); numpy.random.permutation(10)
    rows = choose("4", official_seed=42, rows=29, longest=19).rows
    assert rows.tolist() == [8, 1, 5, 0]


def test_icassp_is_the_file_in_the_dataset_or_below_the_current_folder(here: Path) -> None:
    with pytest.raises(FpbenchError, match=ICASSP_FILE):
        choose("icassp")
    assert choose(None).choice == "all"
    (here / "deep" / "er").mkdir(parents=True)
    np.save(here / "deep" / "er" / ICASSP_FILE, [49, 3])
    assert (choose(None).choice, choose(None).rows.tolist()) == ("icassp", [49, 3])
    (here / "data").mkdir()
    np.save(here / "data" / ICASSP_FILE, [4])
    assert choose("icassp", folder=here / "data").rows.tolist() == [4]


def test_a_file_is_named_without_its_folder(here: Path) -> None:
    np.save(here / "mine.npy", np.array([5, 1]))
    found = choose(str(here / "mine.npy"))
    assert (found.choice, found.rows.tolist()) == ("mine.npy", [5, 1])
    assert found.digest == choose("mine.npy").digest


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        pytest.param(np.array([50]), "test id 50 is no row of the 50", id="beyond"),
        pytest.param(np.array([-1]), "test id -1", id="negative"),
        pytest.param(np.array([0.5]), "float64", id="no whole number"),
        pytest.param(np.zeros((2, 2), dtype=int), "shape", id="two axes"),
        pytest.param(np.array([], dtype=int), "shape", id="empty"),
    ],
)
def test_wrong_files_are_refused(here: Path, ids: np.ndarray, message: str) -> None:
    np.save(here / "ids.npy", ids)
    with pytest.raises(FpbenchError, match=message):
        choose("ids.npy")


def test_what_is_no_array_is_refused(here: Path) -> None:
    (here / "ids.npy").write_text("1, 2")
    with pytest.raises(FpbenchError, match="cannot read test ids"):
        choose("ids.npy")
    with pytest.raises(FpbenchError, match="cannot read test ids"):
        choose("iccasp")


@pytest.mark.parametrize("count", ["0", "32"])
def test_an_impossible_number_is_refused(count: str) -> None:
    with pytest.raises(FpbenchError, match="of 31 possible"):
        choose(count)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(FpbenchError, match="too few"):
        choose("all", rows=19)
