"""Sizes at which hit rates are halved follow from the evidence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.half_sizes import half_sizes
from fpbench.evidence.tail_checks import check_tail
from fpbench.evidence.tails import Tail
from fpbench.results.files import read_result, write_result
from fpbench.results.tails import TailInfo

Document = dict[str, Any]


def test_a_half_size_is_computed_again_unless_the_result_is_older(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    tail = Tail(np.array([0.25]), np.full((4, 1, 4), np.log(1e-8)))
    evidence = replace(evidence, tail=tail)
    path = write_run("s", {("exact", "synthetic"): evidence}, [10, 20, 10**9], [20])
    older = TailInfo(
        index="exact",
        replicates=4,
        particles=8,
        moves=4,
        keep=0.1,
        searched=20,
        decoded=100,
        levels=3,
        accepted=0.4,
        checks=check_tail(evidence, [10, 20], 0.25),
    )
    result = read_result(path)
    result = replace(result, config={**result.config, "beyond": [10**9]}, tails=[older])
    write_result(result, path)
    assert problems(path) == ""
    halves = half_sizes(evidence, [0.25], 10**9)
    write_result(replace(result, tails=[replace(older, half_sizes=halves)]), path)
    assert problems(path) == ""

    def later(document: Document) -> None:
        document["tails"][0]["half_sizes"][0]["size"] *= 2

    alter(path, later)
    assert "/tails/0/half_sizes/0/size is 140612773." in problems(path)
