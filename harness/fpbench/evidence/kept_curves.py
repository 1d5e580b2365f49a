"""Which curves of false rejects against false accepts a result keeps."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from fpbench.results.decisions import FalseAccepts

MOST_CURVES = 5
"""Curves that a result keeps of one search and tolerance; the others follow from the evidence."""


def keep_curves(blocks: Sequence[FalseAccepts]) -> list[FalseAccepts]:
    """The blocks, of which few have a curve: a result has room for so many only.

    Of one search and tolerance, those of the smallest and largest size keep it, of the largest
    searched one, and some between, spread over the order of sizes.

    Args:
        blocks: Of any searches; sizes of each in ascending order.
    """
    kept = set(_places(blocks))
    return [
        block if place in kept else replace(block, det=None) for place, block in enumerate(blocks)
    ]


def _places(blocks: Sequence[FalseAccepts]) -> Iterator[int]:
    groups: dict[Hashable, list[int]] = {}
    for place, block in enumerate(blocks):
        key = block.index, block.distractors, block.tolerance_s
        groups.setdefault(key, []).append(place)
    for places in groups.values():
        searched = {blocks[p].n_distractors: p for p in places if blocks[p].found == "searched"}
        # A searched size that is also simulated is so for comparison: no figure draws it.
        drawn = [p for p in places if searched.get(blocks[p].n_distractors, p) == p]
        steps = MOST_CURVES - 1 if len(drawn) <= MOST_CURVES else MOST_CURVES - 2
        yield from (drawn[round(step * (len(drawn) - 1) / steps)] for step in range(steps + 1))
        yield max(searched.values(), default=drawn[0])
