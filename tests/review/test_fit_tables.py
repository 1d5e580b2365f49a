"""The mean over fits in a table."""

from dataclasses import replace
from pathlib import Path

from fpbench.results.files import read_result
from fpbench.results.fits import FitRates, GeneratorFits
from fpbench.review.fit_tables import fit_tables

GOLDEN = read_result(Path(__file__).parents[1] / "golden" / "result_v1.json")


def test_a_table_has_the_mean_of_each_size() -> None:
    rates = FitRates(
        index="exact",
        metric="hr@1",
        tolerance_s=0.25,
        n_distractors=10_000,
        values=[0.4, 0.6],
        value=0.5,
        error=0.1,
        level=0.95,
        low=0.3,
        high=0.7,
        method="x",
    )
    fits = GeneratorFits(weights_sha256=["0" * 64, "1" * 64], rates=[rates])
    (table,) = fit_tables(replace(GOLDEN, fits=fits))
    assert table.startswith("mean of 2 fits of gaussian, exact; ± standard error between fits")
    assert "10 k  50.0 (30.0–70.0) ± 10.0" in table  # noqa: RUF001
    assert fit_tables(GOLDEN) == []


def test_a_simulated_size_is_marked() -> None:
    rates = FitRates(
        index="exact",
        metric="hr@1",
        tolerance_s=0.25,
        n_distractors=10**9,
        values=[0.4, 0.6],
        value=0.5,
        error=0.1,
        level=0.95,
        low=0.3,
        high=0.7,
        method="x",
    )
    curve = GOLDEN.curves[0]
    far = replace(curve.points[0], n_distractors=10**9, found="simulated")
    fits = GeneratorFits(weights_sha256=["0" * 64, "1" * 64], rates=[rates])
    result = replace(GOLDEN, fits=fits, curves=[replace(curve, points=[*curve.points, far])])
    assert "1 B (simulated)" in fit_tables(result)[0]
