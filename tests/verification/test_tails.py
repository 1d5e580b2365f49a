"""Checks of a simulation follow from the evidence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.tail_checks import check_tail
from fpbench.evidence.tails import Tail
from fpbench.results.files import read_result, write_result
from fpbench.results.tails import TailInfo

Document = dict[str, Any]


def test_checks_are_missing_or_changed(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    tail = Tail(np.array([0.25]), np.full((4, 1, 4), -5.0))
    evidence = replace(evidence, tail=tail)
    path = write_run("s", {("exact", "synthetic"): evidence}, [10, 20, 10**9], [20])
    assert "/tails is []: the evidence of exact is simulated" in problems(path)
    info = TailInfo(
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
    write_result(replace(read_result(path), tails=[info]), path)
    assert problems(path) == ""

    def other_rate(document: Document) -> None:
        document["tails"][0]["checks"][0]["searched"] = 0.99

    alter(path, other_rate)
    assert "/tails/0/checks/0/searched is 0.99: the evidence gives 0.25" in problems(path)
