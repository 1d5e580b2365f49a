"""A generator's file is whole, whoever else writes it at the same time."""

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np

from fpbench import Vectors
from fpbench.generators.files import save_generator


class Writing:
    """Writes its text, and waits for something else before it is finished."""

    dim = 2
    parameters = MappingProxyType({"pens": 1})

    def __init__(self, text: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.text, self.meanwhile = text, meanwhile

    def draw(self, n: int, rng: np.random.Generator, /) -> Vectors:
        raise NotImplementedError

    def save(self, path: Path, /) -> None:
        path.write_text(self.text)
        self.meanwhile()


def test_two_may_save_the_same_generator_at_once(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    slow = Writing("slow", lambda: save_generator(Writing("fast"), path))
    save_generator(slow, path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(path.name, "slow")]
