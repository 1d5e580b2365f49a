"""A run notices when what degrades its queries changes or breaks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result

from fpbench.results.files import read_result

Run = Callable[..., Result]

DEGRADATION = """
import numpy as np
from fpbench import Entry, hookimpl

class Hum:
    context_s, tempo, recordings = 0.0, 1.0, ()
    def apply(self, samples, context, sample_rate_hz, rng, /):
        LINE

@hookimpl
def fpbench_degradations():
    return [Entry(name="hum", summary="", create=lambda settings: Hum())]
"""


@pytest.mark.slow
def test_queries_are_made_anew_when_a_degradation_changes(
    tmp_path: Path, config: Path, run_on: Run
) -> None:
    hum, own = tmp_path / "hum.py", tmp_path / "own.toml"
    own.write_text(config.read_text().replace('name = "gain"', f'name = "plugin:{hum}"'))

    def hit_rate(line: str) -> float:
        hum.write_text(DEGRADATION.replace("LINE", line))
        shown = run_on(own, "--distractors", "real")
        assert shown.exit_code == 0, shown.stderr
        return read_result(tmp_path / "out" / "result.json").curves[0].points[-1].value

    assert hit_rate("return samples") > 0.9
    assert hit_rate("return rng.standard_normal(len(samples)).astype(np.float32)") < 0.5


@pytest.mark.slow
def test_queries_are_made_anew_when_their_noise_changes(
    tmp_path: Path, config: Path, run_on: Run
) -> None:
    own = tmp_path / "own.toml"
    step = f'name = "noise"\nfolder = "{tmp_path}"\nmin_snr_db = "-20"\nmax_snr_db = "-20"'
    own.write_text(config.read_text().replace('name = "gain"', step))
    keys, contents = [], set()
    for seed in range(2):
        noise = np.random.default_rng(seed).uniform(-1, 1, 16_000)
        soundfile.write(tmp_path / "noise.wav", noise, 16_000)
        cache = ("--cache", tmp_path / "cache")
        assert run_on(own, "--distractors", "none", *cache).exit_code == 0
        contents.add(read_result(tmp_path / "out" / "result.json").data.content)
        keys.append({path.name for path in (tmp_path / "cache" / "queries").rglob("*.npz")})
    assert len(keys[1]) == 2 * len(keys[0])
    # No table may compare the two.
    assert len(contents) == 2


@pytest.mark.slow
def test_a_broken_degradation_is_blamed_by_name(tmp_path: Path, config: Path, run_on: Run) -> None:
    hum, own = tmp_path / "hum.py", tmp_path / "own.toml"
    hum.write_text(DEGRADATION.replace("LINE", "raise KeyError('oops')"))
    own.write_text(config.read_text().replace('name = "gain"', f'name = "plugin:{hum}"'))
    shown = run_on(own)
    assert shown.exit_code == 2
    failed = (
        f"degradation 'plugin:{hum}' failed while degrading the query from reference/00.wav at "
    )
    assert f"{failed}4 s: KeyError: 'oops'" in shown.stderr
