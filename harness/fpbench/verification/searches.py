"""Whether evidence is as an index leaves it, and as the config asks."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from fpbench.evidence.block_edges import search_edges
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.truth import ROUNDING_S
from fpbench.plugin.indexes import Candidates
from fpbench.verification.expected import available_distractors, read_settings
from fpbench.verification.fits import fit_searches
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Search, Submission

EXACT = "exact"
SCORE_ROUNDING = 1e-4
"""Difference of scores whose products were added in another order."""


class _Flaw(NamedTuple):
    """What is wrong in an array of evidence, and the first row where it is."""

    array: str
    row: int
    rule: str


def check_searches(submission: Submission) -> Iterator[Problem]:
    """Arrays of every evidence file are candidates of a search of this config."""
    for search in (*submission.searches(), *fit_searches(submission)):
        file = submission.result.evidence[int(search.pointer.rpartition("/")[2])].file
        for flaw in _find_flaws(search):
            rule = f"row {flaw.row} of {flaw.array}: {flaw.rule}"
            yield Problem(pointer=f"{search.pointer}/file", value=file, rule=rule)
        yield from _check_extent(submission, search)


def _check_extent(submission: Submission, search: Search) -> Iterator[Problem]:
    """Sizes, edges of blocks and lengths of shortlists."""
    settings, pointer = read_settings(submission.result), f"{search.pointer}/file"
    if settings is None:
        return
    available = available_distractors(submission.result, settings)
    sizes = settings.searched_sizes(search.distractors, available)
    evidence = search.evidence
    if isinstance(evidence, GrownEvidence):
        shortlist = int(evidence.candidates[0].ids.shape[1])
        yield from compare(pointer, list(evidence.sizes), sizes, "sizes of the config")
    else:
        shortlist = evidence.shortlist
        beyond = bool(settings.beyond)
        edges = search_edges(sizes, beyond=beyond) if sizes != [0] else [0]
        if evidence.edges.tolist() != edges:
            rule = "edges of its blocks are those of the sizes of the config"
            yield Problem(pointer=pointer, value=evidence.edges.tolist(), rule=rule)
    for place, index in enumerate(submission.result.indexes):
        if (index.name, index.distractors) == (search.index, search.distractors):
            claimed = index.effective.get("shortlist")
            yield from compare(f"/indexes/{place}/effective/shortlist", claimed, shortlist)


def _find_flaws(search: Search) -> Iterator[_Flaw]:
    evidence, exact = search.evidence, search.index.partition(":")[0] == EXACT
    n_reference = next(iter(search.curves.values())).points[0].n_reference
    if isinstance(evidence, GrownEvidence):
        for size, candidates in zip(evidence.sizes, evidence.candidates, strict=True):
            array = f"candidates at {size}"
            yield from _in_candidates(array, candidates, n_reference + size, exact=False)
        for size, candidates, distance_s in zip(
            evidence.sizes, evidence.candidates, evidence.distances_s, strict=True
        ):
            wrong = np.isfinite(distance_s) & (candidates.ids >= n_reference)
            rule = "distractors are in no track"
            yield from _rows(f"distances_s at {size}", wrong, rule)
            yield from _in_distances(f"distances_s at {size}", candidates, distance_s)
        return
    yield from _in_candidates("reference", evidence.reference, n_reference, exact=exact)
    yield from _in_distances("distance_s", evidence.reference, evidence.distance_s)
    for number, block in enumerate(evidence.blocks):
        rows = int(evidence.edges[number + 1] - evidence.edges[number])
        yield from _in_candidates(f"block {number}", block, rows, exact=exact)
    yield from _in_matches(evidence, exact=exact)


def _in_candidates(
    array: str, candidates: Candidates, rows: int, *, exact: bool
) -> Iterator[_Flaw]:
    ids, keys, scores = candidates.ids, candidates.keys, candidates.scores
    there = ids >= 0
    yield from _rows(array, (ids < -1) | (ids >= rows), f"ids are below {rows}")
    ordered = np.sort(np.where(there, ids, -1 - np.arange(ids.shape[1])), axis=1)
    yield from _rows(array, ordered[:, 1:] == ordered[:, :-1], "ids are there once")
    finite = np.isfinite(keys) & np.isfinite(scores)
    yield from _rows(array, there & ~finite, "keys and scores are finite numbers")
    empty = np.isposinf(keys) & np.isneginf(scores)
    yield from _rows(array, ~there & ~empty, "a place without an id is empty")
    # Compared, not subtracted: empty places have keys of infinity.
    yield from _rows(array, keys[:, 1:] < keys[:, :-1], "keys ascend")
    if exact:
        unequal = there & (keys != -scores)
        yield from _rows(array, unequal, "keys of exact search are negated scores")
        full = min(rows, ids.shape[1])
        yield from _rows(array, there.sum(axis=1) != full, f"exact search gives {full} candidates")


def _in_distances(array: str, candidates: Candidates, distance_s: np.ndarray) -> Iterator[_Flaw]:
    yield from _rows(array, ~(distance_s >= 0), "distances are at least 0")
    nowhere = (candidates.ids < 0) & ~np.isposinf(distance_s)
    yield from _rows(array, nowhere, "a place without an id is nowhere")


def _in_matches(evidence: Evidence, *, exact: bool) -> Iterator[_Flaw]:
    """Scores of match and foreign row are those of candidates, or of rows that score lower."""
    scores, distance_s = evidence.reference.scores, evidence.distance_s
    impossible = np.isnan(evidence.match_score) | np.isposinf(evidence.match_score)
    yield from _rows("match_score", impossible, "it is a number, or -inf")
    if evidence.rows_per_query != 1:
        return
    there = evidence.reference.ids >= 0
    full = there.all(axis=1)
    # A row that is no candidate scores no more than the last one; an approximate index may miss it.
    unseen = np.where(exact & full, np.where(there, scores, np.inf).min(axis=1), np.inf)
    unseen[exact & ~full] = -np.inf
    nearest = distance_s.min(axis=1, keepdims=True, initial=np.inf)
    in_place = np.isfinite(distance_s) & (distance_s <= nearest + ROUNDING_S)
    yield from _rows(
        "match_score",
        ~_is_one_of(
            evidence.match_score, in_place, scores, np.where(nearest[:, 0] == 0, -np.inf, unseen)
        ),
        "it is the score of the nearest candidate, or no more than the last candidate's",
    )
    if evidence.foreign_score is not None:
        other = np.isinf(distance_s) & there
        best = other & (scores >= np.where(other, scores, -np.inf).max(axis=1, keepdims=True))
        unseen = np.where(other.any(axis=1), -np.inf, unseen)
        yield from _rows(
            "foreign_score",
            ~_is_one_of(evidence.foreign_score, best, scores, unseen),
            "it is the best score of a candidate in another track, or no more than the last one's",
        )


def _is_one_of(
    score: Float32[np.ndarray, " queries"],
    among: Bool[np.ndarray, "queries k"],
    scores: Float32[np.ndarray, "queries k"],
    most: Float32[np.ndarray, " queries"],
) -> Bool[np.ndarray, " queries"]:
    """Whether each score is one of some candidates', or that of another row, which has a limit."""
    # Of an index that finds fewer candidates than are kept, some scores are -inf.
    same = among & np.isclose(scores, score[:, None], rtol=0, atol=SCORE_ROUNDING)
    is_one: Bool[np.ndarray, " queries"] = same.any(axis=1) | (score <= most + SCORE_ROUNDING)
    return is_one


def _rows(array: str, wrong: Bool[np.ndarray, "rows ..."], rule: str) -> Iterator[_Flaw]:
    rows = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))
    if len(rows):
        yield _Flaw(array, int(rows[0]), rule)
