"""Errors for invalid candidates and invalid draws name the plugin and the rule."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from fpbench import Candidates, FpbenchError
from fpbench.plugin.checked import draw_checked, search_checked
from fpbench.prefetch import prefetch
from fpbench.search.distractors import SyntheticDistractors

SHAPE, ROWS = (3, 2), 10


def good() -> Candidates:
    ids = np.array([[0, 9], [4, -1], [-1, -1]], dtype=np.int64)
    keys = np.where(ids < 0, np.inf, 0).astype(np.float32)
    return Candidates(ids, keys, -keys)


def but(**changes: object) -> Candidates:
    """Invalid candidates, made without the shape checks of the tests."""
    candidates, parts = object.__new__(Candidates), dataclasses.asdict(good()) | changes
    for name, part in parts.items():
        object.__setattr__(candidates, name, part)
    return candidates


def raising() -> Candidates:
    raise ZeroDivisionError("no norm")


def test_valid_candidates_pass_and_output_goes_to_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def search() -> Candidates:
        print("searching")
        return good()

    assert search_checked(search, "x", shape=SHAPE, rows=ROWS).ids[0, 1] == 9
    assert capsys.readouterr() == ("", "searching\n")


@pytest.mark.parametrize(
    ("search", "rule"),
    [
        pytest.param(lambda: good().ids, "search must return Candidates, not ndarray", id="array"),
        pytest.param(lambda: but(ids=[[0, 1]]), "ids must be a NumPy array, not list", id="list"),
        pytest.param(
            lambda: but(scores=np.zeros(SHAPE)),
            r"scores must be float32 \(3, 2\), not float64 \(3, 2\)",
            id="dtype",
        ),
        pytest.param(
            lambda: but(keys=np.zeros((3, 1), dtype=np.float32)),
            r"keys must be float32 \(3, 2\), not float32 \(3, 1\)",
            id="shape",
        ),
        pytest.param(
            lambda: but(ids=np.full(SHAPE, 10)), "0 to 9, or -1, not 10 to 10", id="beyond"
        ),
        pytest.param(
            lambda: but(ids=np.full(SHAPE, -2)), "0 to 9, or -1, not -2 to -2", id="before"
        ),
        pytest.param(
            lambda: but(scores=np.full(SHAPE, np.nan, dtype=np.float32)), "not NaN", id="nan"
        ),
        pytest.param(raising, "failed while searching 10 rows: ZeroDivisionError", id="raises"),
    ],
)
def test_errors_of_a_search_name_the_plugin_and_the_rule(
    search: Callable[[], Candidates], rule: str
) -> None:
    with pytest.raises(FpbenchError, match=f"plugin 'x' .*{rule}"):
        search_checked(search, "x", shape=SHAPE, rows=ROWS)


class FakeGenerator:
    """Draws what a function of the number of rows returns."""

    dim = 2
    parameters: MappingProxyType[str, int] = MappingProxyType({})

    def __init__(self, make: Callable[[int], object]) -> None:
        self._make = make

    def draw(self, n: int, rng: np.random.Generator, /):  # type: ignore[no-untyped-def]
        return self._make(n)

    def save(self, path: Path, /) -> None:
        raise NotImplementedError


def failing(n: int) -> object:
    raise RuntimeError("no more ink")


def half_infinite(n: int) -> object:
    vectors = np.zeros((n, 2), np.float32)
    vectors[::2, 1] = np.inf
    return vectors


FAULTS = {
    "a list": (lambda n: [[0.0, 0.0]] * n, "a NumPy array, not list"),
    "doubles": (lambda n: np.zeros((n, 2)), "float32, not float64"),
    "too few rows": (lambda n: np.zeros((n // 2, 2), np.float32), r"shape \(.*, 2\), not \("),
    "too wide": (lambda n: np.zeros((n, 3), np.float32), r"shape \(.*, 2\), not \(.*, 3\)"),
    "infinite": (half_infinite, "finite, but .* of .* rows are not"),
    "failing": (failing, "failed while drawing .*RuntimeError: no more ink"),
}


def test_a_valid_draw_passes(rng: np.random.Generator) -> None:
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert draw_checked(FakeGenerator(lambda n: vectors), "pen", 3, rng) is vectors


@pytest.mark.parametrize(("make", "rule"), FAULTS.values(), ids=FAULTS.keys())
def test_errors_of_a_draw_name_the_generator_and_the_rule(
    make: Callable[[int], object], rule: str, rng: np.random.Generator
) -> None:
    with pytest.raises(FpbenchError, match=f"generator 'pen' .*{rule}"):
        draw_checked(FakeGenerator(make), "pen", 4, rng)


@pytest.mark.parametrize(("make", "rule"), FAULTS.values(), ids=FAULTS.keys())
def test_draws_in_another_thread_are_checked_too(make: Callable[[int], object], rule: str) -> None:
    source = SyntheticDistractors(FakeGenerator(make), "pen", seed=0)
    with pytest.raises(FpbenchError, match=f"generator 'pen' .*{rule}"):
        list(prefetch(source.rows(0, 5)))


def test_a_draw_does_not_redirect_stdout(rng: np.random.Generator) -> None:
    # Another thread may write results at the same time.
    streams: list[object] = []

    def record_stdout(n: int) -> object:
        streams.append(sys.stdout)
        return np.zeros((n, 2), np.float32)

    draw_checked(FakeGenerator(record_stdout), "pen", 1, rng)
    assert streams == [sys.stdout]
