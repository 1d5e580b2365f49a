"""Rows of a file are those of the run's sequence of distractors, whatever the shard."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fpbench import FpbenchError, Settings
from fpbench.plugin.catalog import Catalog
from fpbench.randomness import Stream, rng_at
from fpbench.runs.drawing import draw_to_file, shard_rows
from fpbench.runs.drawn_chunks import GeneratorFile
from fpbench.search.distractors import CHUNK
from fpbench_plugins.gaussian.generator import GaussianGenerator


def test_draws_what_a_run_searches(tmp_path: Path) -> None:
    identity = np.eye(3, dtype=np.float32)
    generator = GaussianGenerator(np.zeros(3, dtype=np.float32), identity, project=True)
    generator.save(tmp_path / "g.safetensors")
    told: list[tuple[float, str]] = []
    draws = draw_to_file(
        GeneratorFile(
            path=tmp_path / "g.safetensors",
            name="gaussian",
            settings=Settings(seed=7),
            catalog=Catalog.load(),
        ),
        tmp_path / "rows.npy",
        rows=CHUNK + 5,
        report=lambda done, words: told.append((done, words)),
    )
    assert (draws.start, draws.stop, draws.dim) == (0, CHUNK + 5, 3)
    rows = np.load(tmp_path / "rows.npy")
    for number, part in enumerate((rows[:CHUNK], rows[CHUNK:])):
        rng = rng_at(7, Stream.DISTRACTOR_CHUNK, 0, number)
        np.testing.assert_array_equal(part, generator.draw(CHUNK, rng)[: len(part)])
    assert [done for done, _ in told] == [CHUNK / (CHUNK + 5), 1.0]


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_shards_end_at_chunks_and_are_all_rows(parts: int) -> None:
    rows = 2 * CHUNK + 17
    shards = [shard_rows(rows, f"{k}/{parts}") for k in range(1, parts + 1)]
    assert shards[0][0] == 0
    assert shards[-1][1] == rows
    for (_, stop), (start, _) in pairwise(shards):
        assert stop == start
        assert stop % CHUNK == 0


@pytest.mark.parametrize("shard", ["0/3", "4/3", "2", "a/b", "1/9"])
def test_an_impossible_shard_is_refused(shard: str) -> None:
    with pytest.raises(FpbenchError, match="shard"):
        shard_rows(3 * CHUNK, shard)
