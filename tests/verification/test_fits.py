"""Rates of several fits follow from the evidence of all of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import write_evidence
from fpbench.evidence.fits import fit_rates
from fpbench.hashing import file_sha256
from fpbench.results.document import EvidenceInfo
from fpbench.results.files import read_result, write_result
from fpbench.results.fits import GeneratorFits


def test_rates_of_fits_follow_from_their_evidence(
    synthetic: Path, evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    file = synthetic.with_name("s.exact.synthetic.fit2.npz")
    write_evidence(file, evidence)
    result = read_result(synthetic)
    rates = fit_rates([evidence, evidence], [10, 20], index="exact", tolerance_s=0.25)
    fits = GeneratorFits(weights_sha256=["0" * 64, "1" * 64], rates=rates)
    whole = replace(
        result,
        fits=fits,
        config={**result.config, "fits": 2},
        evidence=[*result.evidence, EvidenceInfo(file=file.name, sha256=file_sha256(file))],
    )
    write_result(whole, synthetic)
    assert problems(synthetic) == ""
    better = [replace(rates[0], values=[rates[0].values[0], 1.0]), *rates[1:]]
    write_result(replace(whole, fits=replace(fits, rates=better)), synthetic)
    assert "/fits/rates/0/values/1 is 1.0" in problems(synthetic)
    write_result(replace(whole, config=result.config), synthetic)
    assert "/config/fits is 1: the result has 2 fits" in problems(synthetic)
    write_result(replace(whole, evidence=result.evidence), synthetic)
    assert "evidence of fit 2 with exact is not listed" in problems(synthetic)
