"""Whether the rates of several fits of a generator follow from the evidence of all fits."""

from collections.abc import Iterator, Sequence

import numpy as np

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import fit_evidence_name
from fpbench.evidence.fits import fit_rates
from fpbench.evidence.hit_rates import has_size
from fpbench.results.document import Result
from fpbench.results.fits import FitRates
from fpbench.verification.problems import Problem, compare, compare_listed
from fpbench.verification.submission import Search, Submission


def further_fits(result: Result) -> range:
    """Numbers of the fits besides the first; none for one fit."""
    return range(2, 2 if result.fits is None else len(result.fits.weights_sha256) + 1)


def fit_evidence_files(result: Result) -> dict[tuple[str, int], str]:
    """Files of evidence of further fits, by index and number of the fit."""
    indexes = dict.fromkeys(c.index for c in result.curves if c.distractors == "synthetic")
    return {
        (index, fit): info.file
        for index in indexes
        for fit in further_fits(result)
        for info in result.evidence
        if info.file.endswith(fit_evidence_name("", index, fit))
    }


def fit_searches(submission: Submission) -> Iterator[Search]:
    """The searches of further fits whose evidence is there, with the curves of the first fit."""
    result = submission.result
    places = {info.file: place for place, info in enumerate(result.evidence)}
    for (index, _), file in fit_evidence_files(result).items():
        if file in submission.evidence:
            yield Search(
                pointer=f"/evidence/{places[file]}",
                index=index,
                distractors="synthetic",
                curves={
                    f"/curves/{place}": curve
                    for place, curve in enumerate(result.curves)
                    if (curve.index, curve.distractors) == (index, "synthetic")
                },
                evidence=submission.evidence[file],
            )


def check_fits(submission: Submission) -> Iterator[Problem]:
    """Every rate is computed again, for indexes whose evidence of all fits is there."""
    result = submission.result
    wanted = result.config.get("fits", 1)
    fits = len(further_fits(result)) + 1
    if wanted != fits:
        yield Problem(pointer="/config/fits", value=wanted, rule=f"the result has {fits} fits")
    if result.fits is None:
        return
    if result.generator is not None:
        first, of_curves = result.fits.weights_sha256[0], result.generator.weights_sha256
        yield from compare("/fits/weights_sha256/0", first, of_curves, "generator.weights_sha256")
    files = fit_evidence_files(result)
    expected: list[FitRates] = []
    complete: set[str] = set()
    for search in submission.searches():
        if search.distractors != "synthetic":
            continue
        listed = [files.get((search.index, fit)) for fit in further_fits(result)]
        if None in listed:
            rule = f"evidence of fit {listed.index(None) + 2} with {search.index} is not listed"
            yield Problem(pointer="/evidence", value=None, rule=rule)
            continue
        others = [submission.evidence.get(file or "") for file in listed]
        evidence: list[Evidence | GrownEvidence] = [search.evidence]
        evidence += [other for other in others if other is not None]
        if len(evidence) < fits:  # a file is missing, which is said elsewhere
            continue
        sizes = [*search.searched_sizes(), *search.simulated_sizes()]
        tolerances_s = search.tolerances_s()
        if not all(_is_like(search.evidence, each, sizes, tolerances_s) for each in evidence):
            rule = f"the fits with {search.index} have the same queries, sizes and tolerances"
            yield Problem(pointer="/evidence", value=listed, rule=rule)
            continue
        complete.add(search.index)
        for tolerance_s in tolerances_s:
            expected += fit_rates(evidence, sizes, index=search.index, tolerance_s=tolerance_s)
    kept = {n: rates for n, rates in enumerate(result.fits.rates) if rates.index in complete}
    yield from compare_listed("/fits/rates", kept, expected, _key)


def _is_like(
    first: Evidence | GrownEvidence,
    other: Evidence | GrownEvidence,
    sizes: Sequence[int],
    tolerances_s: Sequence[float | None],
) -> bool:
    """Whether two searches are of the same queries, and both have all sizes."""
    return np.array_equal(first.clusters, other.clusters) and all(
        has_size(other, size, tolerance_s) for size in sizes for tolerance_s in tolerances_s
    )


def _key(rates: FitRates) -> tuple[object, ...]:
    return rates.index, rates.metric, rates.tolerance_s, rates.n_distractors
