"""Whether curves, points and evidence files are those of the config, all of them and no other."""

from collections import Counter
from collections.abc import Iterator, Sequence

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import evidence_name, fit_evidence_name
from fpbench.results.document import Curve, Result
from fpbench.verification.expected import Settings, available_distractors, read_settings
from fpbench.verification.fits import fit_evidence_files
from fpbench.verification.problems import Problem, compare, show_value
from fpbench.verification.submission import Submission, curves_of

_CONFIG = "the config"


def check_listing(submission: Submission) -> Iterator[Problem]:
    """Each curve of the config is there once, each with an evidence file of its own."""
    result = submission.result
    settings = read_settings(result)
    if settings is None:
        rule = "sizes, beyond, indexes, distractors and tolerance_s are settings of a run"
        yield Problem(pointer="/config", value=sorted(map(str, result.config)), rule=rule)
        return
    yield from _check_curves(result, settings)
    yield from _check_evidence(result)
    yield from _check_sizes(submission, settings)


def _check_curves(result: Result, settings: Settings) -> Iterator[Problem]:
    wanted = settings.keys()
    keys = [(c.index, c.distractors, c.tolerance_s, c.metric) for c in result.curves]
    counts = Counter(keys)
    for place, key in enumerate(keys):
        pointer = f"/curves/{place}"
        if key not in wanted:
            yield Problem(pointer=pointer, value=key, rule="the config gives no such curve")
        elif counts[key] > 1:
            yield Problem(pointer=pointer, value=key, rule="this curve is listed twice")
    for key in wanted:
        if key not in counts:
            rule = f"the config gives {show_value(key)}, which is missing"
            yield Problem(pointer="/curves", value=None, rule=rule)


def _check_evidence(result: Result) -> Iterator[Problem]:
    with_evidence: set[str] = set()
    stems = set()
    of_fits = {file: name for name, file in fit_evidence_files(result).items()}
    for place, info in enumerate(result.evidence):
        curves = curves_of(result, info)
        pointer = f"/evidence/{place}/file"
        if info.file in of_fits:
            stems.add(info.file.removesuffix(fit_evidence_name("", *of_fits[info.file])))
        elif not curves:
            rule = "no curve belongs to this evidence"
            yield Problem(pointer=pointer, value=info.file, rule=rule)
        elif with_evidence & curves.keys():
            rule = "other evidence is listed for the same curves"
            yield Problem(pointer=pointer, value=info.file, rule=rule)
        else:
            first = next(iter(curves.values()))
            end = evidence_name("", first.index, first.distractors)
            stems.add(info.file.removesuffix(end))
        with_evidence |= curves.keys()
    if len(stems) > 1:
        rule = "all evidence of a run has the name of its result in front"
        yield Problem(pointer="/evidence", value=sorted(stems), rule=rule)
    for place, _ in enumerate(result.curves):
        if f"/curves/{place}" not in with_evidence:
            rule = "no evidence is listed for this curve"
            yield Problem(pointer=f"/curves/{place}", value=None, rule=rule)


def _check_sizes(submission: Submission, settings: Settings) -> Iterator[Problem]:
    """Points are at the sizes of the config, and the real ones are no more than there are."""
    result = submission.result
    available = available_distractors(result, settings)
    simulated = _simulated_indexes(submission, settings)
    for place, curve in enumerate(result.curves):
        pointer = f"/curves/{place}/points"
        searched = [p.n_distractors for p in curve.points if p.found == "searched"]
        sizes = settings.searched_sizes(curve.distractors, available)
        if searched != sizes:
            rule = f"{_CONFIG} and the number of real distractors give {sizes}"
            yield Problem(pointer=pointer, value=searched, rule=rule)
        beyond = [p.n_distractors for p in curve.points if p.found == "simulated"]
        wanted = list(settings.beyond) if _goes_beyond(curve, simulated) else []
        yield from compare(pointer, beyond, wanted, "config.beyond")
        most, last = result.data.distractor_fingerprints, max(searched, default=0)
        if curve.distractors == "real" and last > most:
            rule = f"data.distractor_fingerprints is {most}"
            yield Problem(pointer=pointer, value=last, rule=rule)


def _goes_beyond(curve: Curve, simulated: Sequence[str]) -> bool:
    return curve.distractors == "synthetic" and curve.index in simulated


def _simulated_indexes(submission: Submission, settings: Settings) -> list[str]:
    """Indexes whose curves go beyond the searched sizes: exact ones, as the evidence shows."""
    if not settings.beyond:
        return []
    known = {
        search.index: isinstance(search.evidence, Evidence) and search.evidence.tail is not None
        for search in submission.searches()
        if search.distractors == "synthetic"
    }
    listed = {tail.index for tail in submission.result.tails}
    described = {
        info.index for info in submission.result.extrapolations if info.distractors == "synthetic"
    }
    return [
        index
        for index in settings.indexes
        if known.get(index, index in listed) or (index == "exact" and index not in described)
    ]
