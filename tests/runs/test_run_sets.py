"""Generators are compared by runs: of their tracks, and of independent draws."""

import numpy as np
import pytest

from fpbench import Settings, TrackMethod
from fpbench.generators.fidelity_report import JudgingSet
from fpbench.generators.sequence_fidelity import TrackSet
from fpbench.results.lengths import QueryLength
from fpbench.runs.run_sets import draw_run_sets
from fpbench_plugins import gaussian, resample


@pytest.mark.filterwarnings("error")
def test_the_runs_own_generator_is_also_compared_without_its_tracks(tmp_path) -> None:
    rows = np.random.default_rng(0).standard_normal((40, 4), dtype=np.float32)
    stretches = np.repeat(np.arange(4), 10)
    method = resample.create_runs(Settings())
    assert isinstance(method, TrackMethod)
    keep = {"seed": 0, "work_dir": tmp_path, "report": lambda _done, _words: None}
    generators = {
        "runs": method.fit_tracks(rows, stretches, **keep),
        "gaussian": gaussian.create(Settings()).fit(rows, **keep),
    }
    single = {name: each.draw(60, np.random.default_rng(1)) for name, each in generators.items()}
    found = draw_run_sets(
        generators,
        single,
        JudgingSet(vectors=np.zeros((32, 12), np.float32), tracks=np.repeat(np.arange(4), 8)),
        real_tracks=TrackSet(vectors=rows, stretches=stretches),
        length=QueryLength(2.0, 3),
        hop_s=0.5,
        seed=0,
    )
    assert list(found.synthetic) == ["runs", "runs, independent", "gaussian"]
    assert {runs.shape for runs in found.synthetic.values()} == {(32, 12)}
    real = {row.tobytes() for row in rows}
    drawn = found.drawn_tracks["runs"]
    assert {row.tobytes() for row in drawn.vectors} <= real
    assert np.bincount(drawn.stretches).tolist() == 4 * [10]
    np.testing.assert_allclose(
        found.synthetic["gaussian"][0, :4] * np.sqrt(3), single["gaussian"][0], rtol=1e-5
    )
