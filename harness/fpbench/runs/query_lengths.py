"""The lengths of the queries of a run: the longest is the recipe's, others are cut from it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from fpbench.errors import FpbenchError
from fpbench.results.lengths import QueryLength
from fpbench.runs.config import RunConfig


def ask_longest(config: RunConfig) -> RunConfig:
    """The config with a recipe of the longest of its lengths; one length alone is the recipe's.

    A protocol has rules of its own for its lengths.
    """
    if config.protocol is not None or not config.query_lengths_s:
        return config
    recipe = replace(config.recipe, query_length_s=config.query_lengths_s[-1])
    given = config.recipe_given | {"query_length_s"}
    lengths_s = config.query_lengths_s if len(config.query_lengths_s) > 1 else ()
    return replace(config, recipe=recipe, recipe_given=given, query_lengths_s=lengths_s)


def count_lengths(
    config: RunConfig, count_segments: Callable[[float], int]
) -> Sequence[QueryLength]:
    """All lengths of the queries, ascending, with the fingerprints of each.

    Args:
        config: From :func:`ask_longest`.
        count_segments: Gives the number of fingerprints of queries of a length.

    Raises:
        FpbenchError: Two lengths have equally many fingerprints, so that they are one.
    """
    several = config.query_lengths_s if config.protocol is None else ()
    lengths_s = several or (config.recipe.query_length_s,)
    lengths = [QueryLength(length_s, count_segments(length_s)) for length_s in lengths_s]
    for shorter, longer in pairwise(lengths):
        if shorter.segments >= longer.segments:
            raise FpbenchError(
                f"queries of {shorter.length_s:g} s and of {longer.length_s:g} s both are "
                f"{longer.segments} fingerprints",
                hint="leave out one of --query-lengths",
            )
    return lengths
