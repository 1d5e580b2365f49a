"""A result of two fits of one generator."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import write_evidence
from fpbench.evidence.fits import fit_rates
from fpbench.hashing import file_sha256
from fpbench.results.document import EvidenceInfo, Result
from fpbench.results.files import read_result
from fpbench.results.fits import GeneratorFits


def with_fit(
    synthetic: Path, evidence: Evidence, again: Evidence, sizes: Sequence[int] = (10, 20)
) -> Result:
    """A result with the evidence of a second fit, which is written beside it."""
    file = synthetic.with_name("s.exact.synthetic.fit2.npz")
    write_evidence(file, again)
    result = read_result(synthetic)
    assert result.generator is not None
    rates = fit_rates([evidence, again], sizes, index="exact", tolerance_s=0.25)
    return replace(
        result,
        fits=GeneratorFits(weights_sha256=[result.generator.weights_sha256, "1" * 64], rates=rates),
        config={**result.config, "fits": 2},
        evidence=[*result.evidence, EvidenceInfo(file=file.name, sha256=file_sha256(file))],
    )
