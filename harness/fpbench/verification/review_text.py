"""The review of a change as Markdown that is safe to post, whatever the change holds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from fpbench.results.document import Curve, Result
from fpbench.results.names import metric_label, rate_label
from fpbench.units import short_size
from fpbench.verification.pull_request import Review, Reviewed

MOST_BYTES = 60_000
"""GitHub takes comments of up to 65 536 characters."""

_MOST_LINES = 50  # problems of one result
_LONGEST = 300  # characters of a foreign text
_CUT = "\n\nThe review is longer than a comment may be; run `fpbench review` for all of it.\n"


def review_text(review: Review) -> str:
    """A heading, problems, and how each result compares with the board; at most 60 kB.

    Every text of the change is in a code span, in which GitHub makes no links and calls nobody.
    """
    text = "\n\n".join(_sections(review)) + "\n"
    encoded = text.encode()
    if len(encoded) <= MOST_BYTES:
        return text
    kept = encoded[: MOST_BYTES - len(_CUT.encode())].decode(errors="ignore")
    # Cut at a line's end, so that no code span stays open.
    return kept.rpartition("\n")[0] + _CUT


def code_span(text: str) -> str:
    """A text as code in one line of Markdown, also in a table."""
    printable = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[:_LONGEST])
    if len(text) > _LONGEST:
        printable += " ..."
    longest = max(map(len, re.findall("`+", printable)), default=0)
    fence = "`" * (longest + 1)
    # In a table, a bar ends the cell, also within code.
    inner = printable.replace("|", "\\|")
    return f"{fence} {inner} {fence}"


def _sections(review: Review) -> Iterator[str]:
    yield "## Review of the submission"
    if not review.changed:
        yield "Nothing is changed."
        return
    yield (
        "Everything that a machine can check is in order."
        if review.passed
        else ("**This cannot be merged as it is.**")
    )
    if review.problems:
        yield _bullets(review.problems)
    for reviewed in review.results:
        yield f"### {code_span(reviewed.path)}"
        yield from _of_result(review, reviewed)


def _of_result(review: Review, reviewed: Reviewed) -> Iterator[str]:
    if reviewed.problems:
        yield _bullets(reviewed.problems)
    if reviewed.unchecked:
        yield "Not checked:\n\n" + _bullets(reviewed.unchecked)
    if reviewed.result is None:
        return
    result = reviewed.result
    task = f"task {code_span(result.task.name)}" if result.task else "no task, a free run"
    tier = "self-reported" if reviewed.unchecked else "recomputed from its evidence"
    yield (
        f"{code_span(result.fingerprinter.name)} of {code_span(result.fingerprinter.distribution)} "
        f"{code_span(result.fingerprinter.version)}; {task}; {tier}."
    )
    others = review.comparable(reviewed)
    rows = list(_compare(result, list(others.values())))
    if not rows:
        yield "No result on the board has the same audio and queries."
        return
    headers = ("curve", "distractors", "submitted", "best on the board", "place")
    yield tabulate(
        [row.cells() for row in rows], headers=headers, tablefmt="github", disable_numparse=True
    )
    if any(row.is_outlier for row in rows):
        yield "**Outlier**: the interval lies above that of the best system on the board."


@dataclass(frozen=True, slots=True)
class _Row:
    """One curve of a result at the largest size that the board has, too."""

    label: str
    size: int
    submitted: str
    best: str
    place: str
    is_outlier: bool

    def cells(self) -> Sequence[str]:
        mark = " **outlier**" if self.is_outlier else ""
        return (self.label, short_size(self.size), self.submitted, self.best, self.place + mark)


def _compare(result: Result, others: Sequence[Result]) -> Iterator[_Row]:
    for curve in (curve for curve in result.curves if curve.metric == "hr@1"):
        key = _search_key(result, curve)
        board = [
            (other, own)
            for other in others
            for own in other.curves
            if _search_key(other, own) == key
        ]
        sizes = {point.n_distractors for _, own in board for point in own.points}
        shared = [point for point in curve.points if point.n_distractors in sizes]
        if not shared:
            continue
        point = shared[-1]
        rivals = [
            (own, other.fingerprinter.name)
            for other, curve_ in board
            for own in curve_.points
            if own.n_distractors == point.n_distractors
        ]
        best, name = max(rivals, key=lambda rival: rival[0].value)
        better = sum(rival.value > point.value for rival, _ in rivals)
        where, kind = metric_label(curve.metric, curve.tolerance_s), str(curve.distractors)
        if kind == "synthetic" and result.generator is not None:
            kind += f" of {code_span(result.generator.name)}"
        yield _Row(
            label=f"{where}, {curve.query_length_s:g} s, {code_span(curve.index)}, {kind}",
            size=point.n_distractors,
            submitted=rate_label(point),
            best=f"{rate_label(best)} {code_span(name)}",
            place=f"{better + 1} of {len(rivals) + 1}",
            is_outlier=point.ci.is_known and best.ci.is_known and point.ci.low > best.ci.high,
        )


def _search_key(result: Result, curve: Curve) -> tuple[object, ...]:
    """Equal for curves whose rates answer the same question of comparable results."""
    generator = None if result.generator is None else result.generator.name
    if curve.distractors != "synthetic":
        generator = None
    measure = curve.metric, curve.tolerance_s, curve.query_length_s
    return curve.index, curve.distractors, generator, *measure


def _bullets(lines: Sequence[str]) -> str:
    shown = [f"* {code_span(line)}" for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"* and {len(lines) - _MOST_LINES} more")
    return "\n".join(shown)
