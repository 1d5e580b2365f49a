"""Whether what is said of simulated sizes follows from the evidence, and agrees with the search."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.tail_checks import check_tail
from fpbench.results.tails import TailCheck, TailInfo
from fpbench.verification.expected import read_settings
from fpbench.verification.fits import fit_searches
from fpbench.verification.problems import Problem, compare, compare_listed
from fpbench.verification.submission import Search, Submission

_GROWING_VARIANCE = 5  # the first estimator that computes simulated points as it is done now
_FEWEST_QUERIES = 20
_ERRORS = 6.0
_LARGEST = 0.05
"""A simulation that is further from the search than both is of something else."""


def check_tails(submission: Submission) -> Iterator[Problem]:
    """Every simulation belongs to evidence, and every check of one is computed again.

    The result lists the checks of the first fit of the generator; further fits have their own.
    """
    result = submission.result
    counts = Counter(tail.index for tail in result.tails)
    settings = read_settings(result)
    for place, tail in enumerate(result.tails):
        pointer = f"/tails/{place}"
        if counts[tail.index] > 1:
            rule = "this index is listed more than once"
            yield Problem(pointer=f"{pointer}/index", value=tail.index, rule=rule)
        if settings and (not settings.beyond or tail.index not in settings.indexes):
            rule = "the config simulates no sizes beyond those that this index searches"
            yield Problem(pointer=f"{pointer}/index", value=tail.index, rule=rule)
    tails = {tail.index: (f"/tails/{place}", tail) for place, tail in enumerate(result.tails)}
    beyond = bool(settings and settings.beyond)
    searches = [(search, True) for search in submission.searches()]
    searches += [(search, False) for search in fit_searches(submission)]
    for search, of_first in searches:
        pointer, info = tails.get(search.index, ("/tails", None))
        if search.distractors != "synthetic" or not beyond:
            info = None
        evidence = search.evidence
        simulated = isinstance(evidence, Evidence) and evidence.tail is not None
        if simulated != (info is not None):
            rule = f"the evidence of {search.index} is{'' if simulated else ' not'} simulated"
            yield Problem(pointer=pointer, value=list(tails), rule=rule)
        elif info is not None and isinstance(evidence, Evidence):
            yield from _check_tail(
                search, evidence, info, pointer, result.estimator, of_first=of_first
            )


def _check_tail(
    search: Search,
    evidence: Evidence,
    info: TailInfo,
    pointer: str,
    estimator: int,
    *,
    of_first: bool,
) -> Iterator[Problem]:
    """Problems of a simulation.

    Args:
        info: How the simulations of this index were made.
        pointer: Where the result says it.
        of_first: Whether the search is of the first fit, whose checks the result lists.
    """
    tail = evidence.tail
    if tail is None:
        return
    if estimator < _GROWING_VARIANCE:
        rule = (
            f"simulated points are computed by estimator {_GROWING_VARIANCE}: run it again, what "
            "was searched need not be"
        )
        yield Problem(pointer="/estimator", value=estimator, rule=rule)
        return
    file = f"{search.pointer}/file"
    place = f"{pointer}/replicates" if of_first else file
    yield from compare(place, info.replicates, tail.log_p.shape[2])
    if info.searched not in evidence.edges:
        rule = "the evidence has no blocks that end at this number of distractors"
        place = f"{pointer}/searched" if of_first else file
        yield Problem(pointer=place, value=info.searched, rule=rule)
    wanted = [np.inf if t is None else t for t in search.tolerances_s()]
    found = tail.tolerances_s.tolist()
    if sorted(found) != sorted(wanted):
        rule = "the evidence simulates the tolerances of its curves"
        yield Problem(pointer=file, value=list(map(str, found)), rule=rule)
        return
    sizes = search.searched_sizes()
    if not sizes:
        return
    expected = [c for t in search.tolerances_s() for c in check_tail(evidence, sizes, t)]
    place = f"{pointer}/checks" if of_first else file
    if of_first:
        yield from compare_listed(place, dict(enumerate(info.checks)), expected, _key)
    for check in expected if len(evidence.query_track) >= _FEWEST_QUERIES else ():
        apart = abs(check.simulated - check.searched)
        if apart > max(_LARGEST, _ERRORS * check.error):
            rule = f"it was searched, too, with {check.searched:.6g}: this is another simulation"
            yield Problem(pointer=place, value=check.simulated, rule=rule)


def _key(check: TailCheck) -> tuple[object, ...]:
    return check.metric, check.tolerance_s, check.n_distractors
