"""Whether the evidence files of one run agree: same queries, same reference."""

from collections.abc import Iterator

import numpy as np

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.plugin.indexes import Candidates
from fpbench.verification.fits import fit_searches
from fpbench.verification.problems import Problem
from fpbench.verification.searches import EXACT, SCORE_ROUNDING
from fpbench.verification.submission import Search, Submission


def check_agreement(submission: Submission) -> Iterator[Problem]:
    """Every evidence file has the queries of the first, and the same scores of the same rows."""
    searches = [*submission.searches(), *fit_searches(submission)]
    for search in searches[1:]:
        other = searches[0]
        pointer = f"{search.pointer}/file"
        file, first = (_file(submission, one) for one in (search, other))
        for name in _unequal(search.evidence, other.evidence):
            rule = f"{name} is the same as in {first}"
            yield Problem(pointer=pointer, value=file, rule=rule)
        if not _same_rows(search, other):
            rule = f"rows of the reference have the scores and distances that {first} has"
            yield Problem(pointer=pointer, value=file, rule=rule)
    yield from _check_exact(submission, searches)
    yield from _check_foreign_scores(submission, searches)


def _unequal(evidence: Evidence | GrownEvidence, other: Evidence | GrownEvidence) -> Iterator[str]:
    """Names of what is the same for all searches of a run, and is not."""
    for name in ("query_track", "query_group", "match_score"):
        one, two = getattr(evidence, name), getattr(other, name)
        if not _are_equal(one, two):
            yield name
    if evidence.queries != other.queries:
        yield "queries"


def _are_equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether both are close, or neither is there."""
    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=SCORE_ROUNDING))


def _same_rows(search: Search, other: Search) -> bool:
    """Whether rows of the reference that both found have the same scores and distances."""
    sides = [_reference(one.evidence) for one in (search, other)]
    if any(side is None for side in sides):
        return True
    (one, distance_s), (two, other_s) = (side for side in sides if side is not None)
    if len(one.ids) != len(two.ids):
        return True  # searched fingerprint by fingerprint, or as a whole
    for column in range(two.ids.shape[1]):
        same = (one.ids == two.ids[:, column, None]) & (one.ids >= 0)
        row, place = np.nonzero(same)
        scores = np.abs(one.scores[row, place] - two.scores[row, column])
        with np.errstate(invalid="ignore"):
            apart = np.abs(distance_s[row, place] - other_s[row, column])
        both = np.isinf(distance_s[row, place]) & np.isinf(other_s[row, column])
        if (scores > SCORE_ROUNDING).any() or not (both | (apart <= SCORE_ROUNDING)).all():
            return False
    return True


def _reference(evidence: Evidence | GrownEvidence) -> tuple[Candidates, np.ndarray] | None:
    if isinstance(evidence, GrownEvidence):
        return None  # distractors are among its candidates, and its scores are its own
    return evidence.reference, evidence.distance_s


def _is_exact(search: Search) -> bool:
    return search.index.partition(":")[0] == EXACT


def _check_foreign_scores(submission: Submission, searches: list[Search]) -> Iterator[Problem]:
    """Exact searches know the best row of another track; an approximate index may miss it."""
    known = [(s, s.evidence) for s in searches if isinstance(s.evidence, Evidence)]
    exact = next((one for one in known if _is_exact(one[0])), None)
    for search, evidence in known:
        other_search, other = exact or known[0]
        score, best = evidence.foreign_score, other.foreign_score
        if score is None and best is None:
            continue
        if score is None or best is None or len(score) != len(best) or _is_exact(search):
            agree, relation = _are_equal(score, best), "the same as"
        else:
            agree = exact is None or bool((score <= best + SCORE_ROUNDING).all())
            relation = "at most what it is"
        if not agree:
            file, first = (_file(submission, one) for one in (search, other_search))
            rule = f"foreign_score is {relation} in {first}"
            yield Problem(pointer=f"{search.pointer}/file", value=file, rule=rule)


def _check_exact(submission: Submission, searches: list[Search]) -> Iterator[Problem]:
    """Exact search finds the same rows of the reference, whatever the distractors are."""
    exact = [s for s in searches if _is_exact(s)]
    for search in exact[1:]:
        sides = [_reference(one.evidence) for one in (search, exact[0])]
        if any(side is None for side in sides):
            continue
        (one, _), (two, _) = (side for side in sides if side is not None)
        if one.ids.shape != two.ids.shape or not (one.ids == two.ids).all():
            rule = "exact search finds the same rows of the reference with any distractors"
            file = _file(submission, search)
            yield Problem(pointer=f"{search.pointer}/file", value=file, rule=rule)


def _file(submission: Submission, search: Search) -> str:
    return submission.result.evidence[int(search.pointer.rpartition("/")[2])].file
