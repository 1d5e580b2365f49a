"""What results say of each other: one confirms another, or takes its place."""

from collections.abc import Sequence
from dataclasses import replace
from logging import getLogger

from fpbench.results.comparable import ComparisonKey
from fpbench.results.document import Result
from fpbench.results.files import identify
from fpbench.results.provenance import Provenance
from fpbench.review.reproduction import ReproducedPoint, compare_with_rerun
from fpbench_leaderboard.entries import Entry

logger = getLogger(__name__)


def mark_reproduced(entries: Sequence[Entry]) -> list[Entry]:
    """The results, with the tier of those that another one confirms.

    That one is of the same task and the same system, of another submitter, and its numbers follow
    from its evidence. At least one of the two submitters is not an author of the system.
    """
    return [
        replace(entry, tier="reproduced")
        if any(_confirms(other, entry) for other in entries)
        else entry
        for entry in entries
    ]


def _confirms(other: Entry, entry: Entry) -> bool:
    one, again = entry.result, other.result
    return (
        other.tier != "self-reported"
        and one.task is not None
        and one.task == again.task
        and ComparisonKey.of(one) == ComparisonKey.of(again)
        and entry.system == other.system
        and _are_independent(one.provenance, again.provenance)
        and _agree(one, again)
    )


def _are_independent(one: Provenance | None, other: Provenance | None) -> bool:
    if one is None or other is None:
        return False
    is_author = [each.relation == "author" for each in (one, other)]
    return not all(is_author) and one.submitter.casefold() != other.submitter.casefold()


def _agree(one: Result, again: Result) -> bool:
    """Whether both have the same points, and all rates lie within the joint intervals."""
    points = compare_with_rerun(one, again).points
    return len(points) > 0 and all(map(_is_confirmed, points))


def _is_confirmed(point: ReproducedPoint) -> bool:
    """Whether both rates agree; where an interval is unknown, only equal ones do."""
    if point.first is None or point.again is None:
        return False
    if point.first.ci.is_known and point.again.ci.is_known:
        return point.is_within
    return point.first.value == point.again.value


def drop_superseded(entries: Sequence[Entry]) -> list[Entry]:
    """The results that no newer one takes the place of.

    A result takes the place of others of the same system and submitter. Only a maintainer's takes
    that of results which do not say who submitted them.
    """
    # Found anew, so that no result can pass for another one.
    ids = [identify(entry.result) for entry in entries]
    by_id = dict(zip(ids, entries, strict=True))
    gone: set[str] = set()
    for entry in entries:
        for old in () if entry.result.provenance is None else entry.result.provenance.supersedes:
            if old not in by_id:
                continue
            if _may_supersede(entry.result, by_id[old].result):
                gone.add(old)
            else:
                logger.warning(
                    "%s cannot take the place of %s: it is of another system or submitter",
                    entry.path,
                    by_id[old].path,
                )
    return [entry for name, entry in zip(ids, entries, strict=True) if name not in gone]


def _may_supersede(new: Result, old: Result) -> bool:
    who, before = new.provenance, old.provenance
    if who is None or new.fingerprinter.name != old.fingerprinter.name or new is old:
        return False
    if before is None:
        return who.relation == "maintainer"
    return who.submitter.casefold() == before.submitter.casefold()
