"""Rows that workers draw are those of one process, in their order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from here_workers import HereWorkers

from fpbench import FpbenchError, Settings
from fpbench.plugin.catalog import Catalog
from fpbench.runs.drawing import draw_to_file, draw_tracks_to_file
from fpbench.runs.drawn_chunks import GeneratorFile
from fpbench.search.distractors import CHUNK
from fpbench_plugins.gaussian.generator import GaussianGenerator
from fpbench_plugins.resample.runs import ResampledRuns


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    path = tmp_path / "g.safetensors"
    GaussianGenerator(np.zeros(3, np.float32), np.eye(3, dtype=np.float32), project=True).save(path)
    return path


def of_file(path: Path, name: str) -> GeneratorFile:
    return GeneratorFile(path=path, name=name, settings=Settings(seed=7), catalog=Catalog.load())


def draw(generator: Path, out: Path, workers: Any, rows: int = 9 * CHUNK + 5) -> bytes:
    draw_to_file(
        of_file(generator, "gaussian"),
        out,
        rows=rows,
        report=lambda _done, _words: None,
        workers=workers,
    )
    return out.read_bytes()


def test_workers_draw_the_same_bytes(generator: Path, tmp_path: Path) -> None:
    workers = HereWorkers()
    expected = draw(generator, tmp_path / "here.npy", None)
    assert draw(generator, tmp_path / "sent.npy", workers) == expected
    assert workers.carried_out == 3  # four chunks, four, and two


def test_workers_draw_the_same_tracks(tmp_path: Path) -> None:
    path, lengths = tmp_path / "tracks.safetensors", np.array([3_000, 40, 700])
    rows = np.random.default_rng(0).standard_normal((lengths.sum(), 4), dtype=np.float32)
    ResampledRuns(rows, lengths).save(path)
    workers = HereWorkers()
    for name, choice in (("here", None), ("sent", workers)):
        draw_tracks_to_file(
            of_file(path, "resample-runs"),
            tmp_path / f"{name}.npz",
            rows=6 * CHUNK + 5,
            report=lambda _done, _words: None,
            workers=choice,
        )
    assert (tmp_path / "sent.npz").read_bytes() == (tmp_path / "here.npz").read_bytes()
    assert workers.carried_out == 2


def test_another_generator_is_refused_by_name(generator: Path, tmp_path: Path) -> None:
    def other(work: Any) -> Any:
        class Other:
            def open(self, *arguments: Any) -> Any:
                return work.open(*arguments)._replace(identity={"generator 'gaussian'": "other"})

        return Other()

    with pytest.raises(FpbenchError, match="a worker has another generator 'gaussian'"):
        draw(generator, tmp_path / "sent.npy", HereWorkers(other))
