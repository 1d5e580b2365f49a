"""Whether queries are those of the config's recipe, and as many as the evidence has."""

from collections.abc import Iterator, Mapping

import numpy as np

from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission


def check_queries(submission: Submission) -> Iterator[Problem]:
    """Number, length and recipe of the queries are those of the config."""
    result = submission.result
    queries, recipe = result.queries, result.config.get("recipe")
    if "ready_made" in queries.recipe:  # no recipe, and a file may hold fewer than n_queries
        return
    if not isinstance(recipe, Mapping):
        yield Problem(pointer="/config/recipe", value=recipe, rule="it is a table")
        return
    yield from compare("/queries/recipe", queries.recipe, recipe, "config.recipe")
    length = recipe.get("query_length_s")
    yield from compare("/queries/length_s", queries.length_s, length, "config.recipe")
    wanted = recipe.get("n_queries")
    # Recordings whose reference is skipped give no queries, so there may be fewer than wanted.
    if not queries.recordings or not isinstance(wanted, int) or queries.n > wanted:
        yield from compare("/queries/n", queries.n, wanted, "config.recipe")


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
        for name, count in counts.items():
            yield from compare(f"/queries/{name}", getattr(queries, name), count)
