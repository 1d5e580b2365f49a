"""Queries of several lengths: whether the result has those of the config, and its parts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fpbench.results.document import Result
from fpbench.results.lengths import LISTS, length_parts, list_of, query_lengths_s
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission
from fpbench.verification.system import is_ready_made

_CONFIG = "the config"


def check_lengths(submission: Submission) -> Iterator[Problem]:
    """Curves have the lengths of the config, the longest is its recipe's; blocks have no other."""
    result = submission.result
    found, wanted = query_lengths_s(result), wanted_lengths_s(result)
    if wanted:
        yield from compare("/curves", found, wanted, f"{_CONFIG}, as lengths of queries,")
        yield from compare("/queries/length_s", result.queries.length_s, wanted[-1], _CONFIG)
        recipe, longest_s = result.config.get("recipe"), result.config["query_lengths_s"][-1]
        of_recipe = recipe.get("query_length_s") if isinstance(recipe, Mapping) else None
        rule = "config.query_lengths_s"
        yield from compare("/config/recipe/query_length_s", of_recipe, longest_s, rule)
    shorter = set(found) - {result.queries.length_s}
    for name in LISTS:
        for place, block in enumerate(list_of(result, name)):
            if block.query_length_s is not None and block.query_length_s not in shorter:
                rule = f"lengths of shorter queries are {sorted(shorter)}"
                pointer = f"/{name}/{place}/query_length_s"
                yield Problem(pointer=pointer, value=block.query_length_s, rule=rule)


def wanted_lengths_s(result: Result) -> list[float]:
    """The lengths in the config, which are whole fingerprints for ready-made ones; none for one."""
    lengths_s = result.config.get("query_lengths_s") or []
    if not isinstance(lengths_s, list) or not all(map(_is_length, lengths_s)):
        return []
    if not is_ready_made(result):
        return [float(length_s) for length_s in lengths_s]
    system = result.fingerprinter
    hops = [round((length_s - system.segment_s) / system.hop_s) for length_s in lengths_s]
    return [system.segment_s + max(count, 0) * system.hop_s for count in hops]


def _is_length(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def split_submission(
    submission: Submission,
) -> Iterator[tuple[Submission, Mapping[str, Sequence[int]]]]:
    """The submission of each length, as one of that length alone, with the places of its blocks.

    If the config has one length, other ones are for the checks of this length to find.
    """
    if not wanted_lengths_s(submission.result):
        yield submission, {}
        return
    for part in length_parts(submission.result):
        # Fidelity is checked as a whole, because its tables have to agree with each other.
        whole = replace(part.result, fidelity=submission.result.fidelity)
        yield replace(submission, result=whole), part.places


def point_into_whole(problem: Problem, places: Mapping[str, Sequence[int]]) -> Problem:
    """A problem of a part, with the pointer that it has in the whole result."""
    for name, of_whole in places.items():
        found = re.match(rf"/{name}/(\d+)(?=/|$)", problem.pointer)
        if found and int(found[1]) < len(of_whole):
            rest = problem.pointer[found.end() :]
            return replace(problem, pointer=f"/{name}/{of_whole[int(found[1])]}{rest}")
    return problem
