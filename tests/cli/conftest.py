"""A small folder of music-like noise, and a config that asks short questions about it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from fpbench.cli import main

RATE_HZ = 8_000


def melody(seed: int, seconds: float) -> np.ndarray:
    """Half-second tones of random pitch with overtones: every segment is unlike the others."""
    rng = np.random.default_rng(seed)
    tone = np.arange(RATE_HZ // 2) / RATE_HZ
    notes = []
    for _ in range(round(2 * seconds)):
        pitches_hz = rng.uniform(200, 3_500, 5)
        notes.append(sum(np.sin(2 * np.pi * pitch * tone) for pitch in pitches_hz) / 10)
    return np.concatenate(notes).astype(np.float32)


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder: 8 reference tracks and 16 distractors of 10 s, and one broken file."""
    folder = tmp_path_factory.mktemp("music")
    for part, first, n in (("reference", 0, 8), ("distractors", 100, 16)):
        (folder / part).mkdir()
        for i in range(n):
            soundfile.write(folder / part / f"{i:02}.wav", melody(first + i, 10.0), RATE_HZ)
    (folder / "distractors" / "broken.wav").write_bytes(b"RIFF and then nothing")
    return folder


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 queries, only louder or quieter, so that a run takes a second."""
    path = tmp_path_factory.mktemp("config") / "run.toml"
    path.write_text(
        """
        fingerprinter = "spectral-sketch"
        sizes = [100, 200, 1000]
        index_options.ivf = { nlist = "4", nprobe = "4" }

        [recipe]
        n_queries = 40
        max_offset_s = 0

        [[recipe.degradations]]
        name = "gain"
        """
    )
    return path


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    """`fpbench run` with a cache and a result of its own, and any arguments."""
    out = tmp_path / "out" / "result.json"
    always = ["run", "--cache", tmp_path / "cache", "--out", out]
    return lambda *arguments: CliRunner().invoke(main, [str(a) for a in (*always, *arguments)])


@pytest.fixture
def run_on(run: Callable[..., Result], music: Path) -> Callable[..., Result]:
    """The same on the small folder of music, with a config and any arguments."""
    dataset = f"folder:{music}"
    return lambda config, *arguments: run("--config", config, "--dataset", dataset, *arguments)
