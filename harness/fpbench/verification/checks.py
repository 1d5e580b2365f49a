"""The table of all checks of a result; a new kind of check is a module, and a line here."""

from collections.abc import Callable, Iterator, Sequence

from fpbench.verification.config import check_names, check_seed, check_status
from fpbench.verification.curves import check_curves
from fpbench.verification.false_accepts import check_false_accepts
from fpbench.verification.fidelity import check_fidelity
from fpbench.verification.fidelity_numbers import check_fidelity_numbers
from fpbench.verification.gaps import check_gaps
from fpbench.verification.half_sizes import check_half_sizes
from fpbench.verification.listing import check_listing
from fpbench.verification.points import check_points
from fpbench.verification.problems import Problem
from fpbench.verification.queries import check_queries, check_query_counts
from fpbench.verification.submission import Submission
from fpbench.verification.tails import check_tails
from fpbench.verification.tasks import check_task

Check = Callable[[Submission], Iterator[Problem]]
"""Yields problems. It gets every document that keeps the schema, and must not fail on any."""

CHECKS: Sequence[Check] = (
    # What the result says of itself.
    check_seed,
    check_names,
    check_status,
    check_task,
    check_listing,
    check_points,
    check_queries,
    check_fidelity,
    check_fidelity_numbers,
    # What follows from the evidence that is there.
    check_query_counts,
    check_curves,
    check_gaps,
    check_false_accepts,
    check_tails,
    check_half_sizes,
)


def run_checks(submission: Submission) -> list[Problem]:
    """All problems that the checks find, each once."""
    found = (problem for check in CHECKS for problem in check(submission))
    return list({str(problem): problem for problem in found}.values())
