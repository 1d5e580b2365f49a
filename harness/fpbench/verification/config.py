"""Whether a result's config is one of a run, and its status follows from it."""

from collections.abc import Iterator, Mapping

from fpbench.results.lengths import split_by_length
from fpbench.verification.expected import available_distractors, read_settings
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission
from fpbench.verification.system import is_ready_made

_WITH_CHECK = 3  # the first estimator of runs that check their fingerprinter


def check_config(submission: Submission) -> Iterator[Problem]:
    """Settings that comparisons and recomputations read have values that a run accepts."""
    config = submission.result.config
    seed = config.get("seed")
    if type(seed) is not int or not 0 <= seed < 1 << 63:
        rule = "it is a whole number of at least 0, and of 63 bits"
        yield Problem(pointer="/config/seed", value=seed, rule=rule)
    settings = read_settings(submission.result)
    if settings is None:  # the check of the listing says so
        return
    if settings.beyond and settings.beyond[0] <= max(settings.sizes, default=0):
        rule = f"it is beyond config.sizes, up to {max(settings.sizes, default=0)}"
        yield Problem(pointer="/config/beyond", value=list(settings.beyond), rule=rule)
    if settings.beyond and not settings.sizes:
        rule = "there are no distractors"
        yield Problem(pointer="/config/beyond", value=list(settings.beyond), rule=rule)
    if len(set(settings.indexes)) < len(settings.indexes):
        rule = "each index is there once"
        yield Problem(pointer="/config/indexes", value=list(settings.indexes), rule=rule)
    options = config.get("index_options", {})
    if not isinstance(options, Mapping):
        yield Problem(pointer="/config/index_options", value=options, rule="it is a table")


def check_status(submission: Submission) -> Iterator[Problem]:
    """A run is partial if its real curves end below the largest size of the config."""
    result = submission.result
    settings = read_settings(result)
    if settings is None:
        return
    ends_early = any(
        available_distractors(part, settings) is not None for part in split_by_length(result)
    )
    # Sizes that nobody asked for are not missing.
    partial = settings.kinds == ("real",) and ends_early and bool(result.config.get("sizes"))
    status = "partial" if partial else "complete"
    yield from compare("/status", result.status, status, "the end of the real curves")


def check_fingerprinter_check(submission: Submission) -> Iterator[Problem]:
    """The check of the fingerprinter was made, and passed if no rule is broken."""
    result = submission.result
    check = result.check
    if check is None and result.estimator >= _WITH_CHECK and not is_ready_made(result):
        rule = "every run checks its fingerprinter"
        yield Problem(pointer="/check", value=None, rule=rule)
    if check is not None:
        yield from compare("/check/passed", check.passed, not check.broken, "check.broken")
