"""What a generator draws is checked, and the generator blamed by name, in any thread."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from fpbench import FpbenchError
from fpbench.plugin.checked import draw_checked
from fpbench.prefetch import prefetch
from fpbench.search.distractors import SyntheticDistractors


class Drawing:
    """Draws whatever a function of the number of rows returns."""

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


def test_what_keeps_the_rules_comes_through(rng: np.random.Generator) -> None:
    wanted = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert draw_checked(Drawing(lambda n: wanted), "pen", 3, rng) is wanted


@pytest.mark.parametrize(("make", "rule"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_rule_names_the_generator(
    make: Callable[[int], object], rule: str, rng: np.random.Generator
) -> None:
    with pytest.raises(FpbenchError, match=f"generator 'pen' .*{rule}"):
        draw_checked(Drawing(make), "pen", 4, rng)


@pytest.mark.parametrize(("make", "rule"), FAULTS.values(), ids=FAULTS.keys())
def test_distractors_are_checked_in_another_thread_too(
    make: Callable[[int], object], rule: str
) -> None:
    source = SyntheticDistractors(Drawing(make), "pen", seed=0)
    with pytest.raises(FpbenchError, match=f"generator 'pen' .*{rule}"):
        list(prefetch(source.rows(0, 5)))


def test_drawing_leaves_stdout_as_it_is(rng: np.random.Generator) -> None:
    # Another thread may write results at that moment.
    seen: list[object] = []

    def looking(n: int) -> object:
        seen.append(sys.stdout)
        return np.zeros((n, 2), np.float32)

    draw_checked(Drawing(looking), "pen", 1, rng)
    assert seen == [sys.stdout]
