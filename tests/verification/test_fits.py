"""Rates of several fits follow from the evidence of all of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from several_fits import with_fit

from fpbench.evidence.evidence import Evidence
from fpbench.plugin.indexes import Candidates
from fpbench.results.files import read_result, write_result


def test_rates_of_fits_follow_from_their_evidence(
    synthetic: Path, evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    whole = with_fit(synthetic, evidence, evidence)
    assert whole.fits is not None
    result, fits, rates = read_result(synthetic), whole.fits, whole.fits.rates
    write_result(whole, synthetic)
    assert problems(synthetic) == ""
    better = [replace(rates[0], values=[rates[0].values[0], 1.0]), *rates[1:]]
    write_result(replace(whole, fits=replace(fits, rates=better)), synthetic)
    assert "/fits/rates/0/values/1 is 1.0" in problems(synthetic)
    write_result(replace(whole, config=result.config), synthetic)
    assert "/config/fits is 1: the result has 2 fits" in problems(synthetic)
    write_result(replace(whole, evidence=result.evidence), synthetic)
    assert "evidence of fit 2 with exact is not listed" in problems(synthetic)


def test_the_first_fit_is_that_of_the_curves(
    synthetic: Path, evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    whole = with_fit(synthetic, evidence, evidence)
    assert whole.fits is not None
    other = replace(whole.fits, weights_sha256=["2" * 64, "1" * 64])
    write_result(replace(whole, fits=other), synthetic)
    assert "/fits/weights_sha256/0 is" in problems(synthetic)


def test_evidence_of_another_fit_is_as_an_index_leaves_it(
    synthetic: Path, evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    first, *others = evidence.blocks
    lower = Candidates(first.ids, first.keys, first.scores - np.float32(0.5))
    forged = replace(evidence, blocks=[lower, *others])
    write_result(with_fit(synthetic, evidence, forged), synthetic)
    assert "keys of exact search are negated scores" in problems(synthetic)


def test_evidence_of_another_fit_is_of_the_same_reference(
    synthetic: Path, evidence: Evidence, problems: Callable[[Path], str]
) -> None:
    other = replace(evidence, match_score=evidence.match_score + np.float32(0.5))
    write_result(with_fit(synthetic, evidence, other), synthetic)
    assert "match_score is the same as in s.exact.synthetic.npz" in problems(synthetic)
