"""A result that was read has the path of its file, and is otherwise unchanged."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from fpbench.results.document import Result
from fpbench.results.files import dump_result, read_result, write_result
from fpbench.results.loaded import LoadedResult

GOLDEN = Path(__file__).parents[1] / "golden" / "result_1_0.json"


def test_it_has_the_path_of_its_file() -> None:
    assert LoadedResult.read(GOLDEN).path == GOLDEN


def test_the_path_is_not_part_of_the_document(tmp_path: Path) -> None:
    loaded = LoadedResult.read(GOLDEN)
    assert dump_result(loaded) == GOLDEN.read_text()
    write_result(loaded, tmp_path / "again.json")
    again = LoadedResult.read(tmp_path / "again.json")
    assert again.path != loaded.path
    assert again == loaded


def test_it_has_the_fields_of_a_result() -> None:
    loaded, result = LoadedResult.read(GOLDEN), read_result(GOLDEN)
    assert isinstance(loaded, Result)
    for field in dataclasses.fields(Result):
        assert getattr(loaded, field.name) == getattr(result, field.name)
    assert dataclasses.fields(LoadedResult) == dataclasses.fields(Result)


def test_a_changed_copy_has_no_file() -> None:
    changed = dataclasses.replace(LoadedResult.read(GOLDEN), command="by hand")
    assert changed.path is None
    assert "no file" in repr(changed)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_a_copy_knows_the_file_too(again: Callable[[LoadedResult], LoadedResult]) -> None:
    loaded = LoadedResult.read(GOLDEN)
    assert again(loaded) == loaded
    assert again(loaded).path == GOLDEN


def test_it_is_shown_in_one_line() -> None:
    assert repr(LoadedResult.read(GOLDEN)) == (
        f"<result of spectral-sketch on folder:music: 100 queries, 1 curve, {GOLDEN}>"
    )
