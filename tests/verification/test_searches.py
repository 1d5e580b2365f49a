"""Evidence that no index leaves is found; written_lies has more of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fpbench import Candidates
from fpbench.evidence.evidence import Evidence

Write = Callable[..., Path]
Problems = Callable[[Path], str]


def changed_block(evidence: Evidence, **changes: np.ndarray) -> Evidence:
    """Evidence whose first block has other candidates."""
    first, *others = evidence.blocks
    arrays = {"ids": first.ids, "keys": first.keys, "scores": first.scores, **changes}
    return replace(evidence, blocks=[Candidates(**arrays), *others])


def test_keys_of_exact_search_are_negated_scores_and_those_of_others_need_not_be(
    write_run: Write, evidence: Evidence, problems: Problems
) -> None:
    other = changed_block(evidence, keys=evidence.blocks[0].keys - np.float32(1))
    path = write_run("r", {("exact", "real"): other}, [10, 20], [20], generator=None)
    assert "row 0 of block 0: keys of exact search are negated scores" in problems(path)
    path = write_run("r", {("ivf", "real"): other}, [10, 20], [20], generator=None)
    assert problems(path) == ""


def test_an_id_is_there_once(write_run: Write, evidence: Evidence, problems: Problems) -> None:
    twice = evidence.blocks[0].ids.copy()
    twice[1, 3] = twice[1, 2]
    path = write_run(
        "r", {("ivf", "real"): changed_block(evidence, ids=twice)}, [10, 20], [20], generator=None
    )
    assert "row 1 of block 0: ids are there once" in problems(path)


def test_the_score_of_the_match_is_that_of_its_candidate(
    write_run: Write, evidence: Evidence, problems: Problems
) -> None:
    higher = replace(evidence, match_score=evidence.match_score + np.float32(0.1))
    path = write_run("r", {("exact", "real"): higher}, [10, 20], [20], generator=None)
    assert "row 0 of match_score: it is the score of the nearest candidate" in problems(path)


def test_blocks_are_those_of_the_sizes_of_the_config(
    write_run: Write, evidence: Evidence, problems: Problems
) -> None:
    path = write_run("r", {("ivf", "real"): evidence}, [20], [20], generator=None)
    assert "edges of its blocks are those of the sizes of the config" in problems(path)
