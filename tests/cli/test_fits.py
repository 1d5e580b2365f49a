"""Several fits of a generator, from the run to the check of its result."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fpbench.cli import main
from fpbench.results.files import read_result

Run = Callable[..., Result]


@pytest.mark.slow
def test_a_run_fits_several_generators(tmp_path: Path, config: Path, run_on: Run) -> None:
    path = tmp_path / "fits.json"
    choice = ("--generator", "gaussian", "--sizes", "100,200", "--fits", 3, "--out", path)
    shown = run_on(config, *choice)
    assert shown.exit_code == 0, shown.output
    assert "mean of 3 fits of gaussian, exact" in shown.stdout
    result = read_result(path)
    assert result.fits is not None
    assert len(set(result.fits.weights_sha256)) == 3
    assert result.generator is not None
    assert result.fits.weights_sha256[0] == result.generator.weights_sha256
    curves = {
        (c.metric, c.tolerance_s, p.n_distractors): p.value
        for c in result.curves
        if c.distractors == "synthetic"
        for p in c.points
    }
    assert len(result.fits.rates) == len(curves)
    for rates in result.fits.rates:
        assert rates.values[0] == curves[rates.metric, rates.tolerance_s, rates.n_distractors]
        assert rates.value == pytest.approx(np.mean(rates.values))
        assert rates.low <= rates.value <= rates.high
    assert [info.file for info in result.evidence][-2:] == [
        "fits.exact.synthetic.fit2.npz",
        "fits.exact.synthetic.fit3.npz",
    ]
    valid = CliRunner().invoke(main, ["validate", str(path)])
    assert valid.exit_code == 0, valid.output
    plan = run_on(config, *choice, "--plan")
    assert "3 fits, each" in plan.stdout
    before = path.read_bytes()
    again = run_on(config, *choice)
    document = json.loads(before)
    costs = {name: document[name] for name in ("costs", "result_id")}
    repeated = {**json.loads(path.read_bytes()), **costs}
    assert (again.exit_code, repeated) == (0, document)
    document["fits"]["rates"][0]["values"][1] = 0.123
    path.write_text(json.dumps(document))
    refused = CliRunner().invoke(main, ["validate", str(path)])
    assert refused.exit_code != 0
    assert "/fits/rates/0/values/1" in refused.output


def test_fits_need_synthetic_distractors(config: Path, run_on: Run) -> None:
    refused = run_on(config, "--distractors", "real", "--fits", "2")
    assert (refused.exit_code, "--fits has no effect" in refused.output) == (2, True)
