"""The table of all checks of a result; a new kind of check is a module, and a line here."""

from collections.abc import Callable, Iterator, Sequence

from fpbench.verification.agreement import check_agreement
from fpbench.verification.config import check_config, check_fingerprinter_check, check_status
from fpbench.verification.curves import check_curves
from fpbench.verification.dataset import check_dataset
from fpbench.verification.extrapolations import check_extrapolations
from fpbench.verification.false_accepts import check_false_accepts
from fpbench.verification.fidelity import check_fidelity
from fpbench.verification.fidelity_numbers import check_fidelity_numbers
from fpbench.verification.fits import check_fits
from fpbench.verification.gaps import check_gaps
from fpbench.verification.half_sizes import check_half_sizes
from fpbench.verification.identity import check_derived
from fpbench.verification.index_losses import check_index_losses
from fpbench.verification.indexes import check_indexes
from fpbench.verification.lengths import (
    check_lengths,
    point_into_whole,
    split_submission,
)
from fpbench.verification.listing import check_listing
from fpbench.verification.points import check_points
from fpbench.verification.problems import Problem
from fpbench.verification.protocols import check_protocol
from fpbench.verification.queries import check_queries, check_query_counts
from fpbench.verification.searches import check_searches
from fpbench.verification.submission import Submission
from fpbench.verification.system import check_generator, check_system
from fpbench.verification.tails import check_tails
from fpbench.verification.tasks import check_task
from fpbench.verification.timing import check_hop

Check = Callable[[Submission], Iterator[Problem]]
"""Yields problems. It gets every document that keeps the schema, and must not fail on any."""

STATED_CHECKS: Sequence[Check] = (
    check_config,
    check_system,
    check_generator,
    check_dataset,
    check_queries,
    check_fingerprinter_check,
    check_task,
    check_listing,
    check_indexes,
    check_derived,
    check_points,
    check_fidelity,
    check_fidelity_numbers,
)
"""Checks of what a result says of itself, and of tasks that are installed."""

EVIDENCE_CHECKS: Sequence[Check] = (
    check_searches,
    check_agreement,
    check_hop,
    check_query_counts,
    check_curves,
    check_gaps,
    check_index_losses,
    check_fits,
    check_false_accepts,
    check_tails,
    check_extrapolations,
    check_half_sizes,
)
"""Checks of what follows from the evidence. They depend on it and on the result alone."""

CHECKS = (*STATED_CHECKS, *EVIDENCE_CHECKS)

WHOLE_CHECKS: Sequence[Check] = (check_lengths, check_status)
"""Checks of all lengths of the queries together; the others are of one length at a time."""

PROTOCOL_CHECKS: Sequence[Check] = (
    check_system,
    check_dataset,
    check_fingerprinter_check,
    check_task,
    check_generator,
    check_fidelity,
    check_fidelity_numbers,
    check_indexes,
    check_protocol,
)
"""Checks of a run by an authors' protocol, which has other settings and evidence."""


def find_problems(submission: Submission, *, evidence_agrees: bool = False) -> Iterator[Problem]:
    """All problems, each once; those that are found without computing come first.

    Args:
        submission: The result, and what is beside it.
        evidence_agrees: Whether ``EVIDENCE_CHECKS`` are known to find nothing.
    """
    known = set()
    config = submission.result.config
    by_protocol = submission.result.protocol is not None or config.get("protocol") is not None
    checks = STATED_CHECKS if evidence_agrees else CHECKS
    found = _by_protocol(submission) if by_protocol else _by_length(submission, checks)
    for problem in found:
        if str(problem) not in known:
            known.add(str(problem))
            yield problem


def _by_protocol(submission: Submission) -> Iterator[Problem]:
    for check in PROTOCOL_CHECKS:
        yield from check(submission)


def _by_length(submission: Submission, checks: Sequence[Check]) -> Iterator[Problem]:
    for check in WHOLE_CHECKS:
        yield from check(submission)
    parts = list(split_submission(submission))
    for check in checks:
        for part, places in parts:
            for problem in check(part):
                yield point_into_whole(problem, places)
