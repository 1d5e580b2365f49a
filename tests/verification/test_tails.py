"""Checks of a simulation follow from the evidence."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from several_fits import with_fit
from written_runs import fill_candidates

from fpbench.evidence.evidence import Evidence
from fpbench.evidence.tail_checks import check_tail
from fpbench.evidence.tails import Tail
from fpbench.results.files import read_result, write_result
from fpbench.results.tails import TailInfo

Document = dict[str, Any]


SIZES = [10, 20, 10**9]


def tail_info(evidence: Evidence) -> TailInfo:
    return TailInfo(
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


def test_checks_are_missing_or_changed(
    write_run: Callable[..., Path],
    evidence: Evidence,
    alter: Callable[..., None],
    problems: Callable[[Path], str],
) -> None:
    tail = Tail(np.array([0.25]), np.full((4, 1, 4), -5.0))
    evidence = replace(evidence, tail=tail)
    path = write_run("s", {("exact", "synthetic"): evidence}, SIZES, [20])
    assert "/tails is []: the evidence of exact is simulated" in problems(path)
    info = tail_info(evidence)
    write_result(replace(read_result(path), tails=[info]), path)
    assert problems(path) == ""

    def other_rate(document: Document) -> None:
        document["tails"][0]["checks"][0]["searched"] = 0.99

    alter(path, other_rate)
    assert "/tails/0/checks/0/searched is 0.99: the evidence gives 0.25" in problems(path)


def with_tail(evidence: Evidence, log_p: np.ndarray) -> Evidence:
    tail = Tail(np.array([0.25]), np.tile(log_p[:, None, None], (1, 1, 4)))
    return replace(evidence, tail=tail)


def test_simulations_of_further_fits_are_of_their_search(
    write_run: Callable[..., Path],
    evidence_of: Callable[..., Evidence],
    problems: Callable[[Path], str],
) -> None:
    misses = 10 * (np.arange(24) % 2)  # rows above the match, of each block
    known = fill_candidates(evidence_of([misses, misses], track=[0, 0, 1, 1] * 6))
    first = with_tail(known, np.where(misses, 0.0, -60.0))
    path = write_run("s", {("exact", "synthetic"): first}, SIZES, [20])
    info = tail_info(first)
    tails = replace(read_result(path), tails=[info])
    write_result(tails, path)
    write_result(with_fit(path, first, first, SIZES), path)
    assert "another simulation" not in problems(path)
    write_result(tails, path)
    easier = with_tail(known, np.full(24, -60.0))
    write_result(with_fit(path, first, easier, SIZES), path)
    (problem,) = (line for line in problems(path).splitlines() if "another simulation" in line)
    assert problem.startswith("/evidence/1/file is ")
    assert "it was searched, too, with 0.5" in problem
