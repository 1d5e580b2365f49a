"""Whether queries are those of the config's recipe, and as many as the evidence has."""

from collections.abc import Iterator, Mapping

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.results.document import Result
from fpbench.verification.lengths import wanted_lengths_s
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission
from fpbench.verification.system import is_ready_made


def check_queries(submission: Submission) -> Iterator[Problem]:
    """Number, length and recipe of the queries are those of the config."""
    result = submission.result
    queries, recipe = result.queries, result.config.get("recipe")
    if not isinstance(recipe, Mapping):
        yield Problem(pointer="/config/recipe", value=recipe, rule="it is a table")
        return
    wanted = recipe.get("n_queries")
    fewer = queries.recordings > 0  # recordings whose reference is skipped give no queries
    if is_ready_made(result):
        yield from _check_ready_made(result)
        fewer = True  # a file may hold fewer
    else:
        yield from compare("/queries/recipe", queries.recipe, recipe, "config.recipe")
        length = recipe.get("query_length_s")
        if queries.length_s not in wanted_lengths_s(result):  # of which each has its own part
            yield from compare("/queries/length_s", queries.length_s, length, "config.recipe")
    if not fewer or not isinstance(wanted, int) or queries.n > wanted:
        yield from compare("/queries/n", queries.n, wanted, "config.recipe")
    if queries.tracks > queries.n or (queries.groups or 1) > queries.tracks:
        rule = f"there are {queries.n} queries and {queries.tracks} tracks"
        value = {"tracks": queries.tracks, "groups": queries.groups}
        yield Problem(pointer="/queries", value=value, rule=rule)


def _check_ready_made(result: Result) -> Iterator[Problem]:
    """Ready-made queries are whole fingerprints, and nothing is drawn or checked."""
    queries, system = result.queries, result.fingerprinter
    if queries.recipe.keys() != {"ready_made"} or not isinstance(queries.recipe["ready_made"], str):
        rule = "ready-made queries have no other recipe"
        yield Problem(pointer="/queries/recipe", value=queries.recipe, rule=rule)
    hops = round((queries.length_s - system.segment_s) / system.hop_s)
    length_s = system.segment_s + max(hops, 0) * system.hop_s
    source = "whole fingerprints"
    yield from compare("/queries/length_s", queries.length_s, length_s, source)
    yield from compare("/queries/recordings", queries.recordings, 0, "ready-made data")
    if result.check is not None:
        rule = "ready-made data has no fingerprinter to check"
        yield Problem(pointer="/check", value=result.check, rule=rule)


def check_query_counts(submission: Submission) -> Iterator[Problem]:
    """Numbers of queries, tracks and groups are those of every evidence file."""
    queries = submission.result.queries
    for search in submission.searches():
        evidence = search.evidence
        group = evidence.query_group
        counts = {
            "n": len(evidence.query_track),
            "tracks": len(np.unique(evidence.query_track)),
            "groups": None if group is None else len(np.unique(group)),
        }
        if isinstance(evidence, Evidence):
            counts["absent"] = 0 if evidence.absent is None else len(evidence.absent.query_track)
        for name, count in counts.items():
            yield from compare(f"/queries/{name}", getattr(queries, name), count)
