"""Lengths of queries. A result with several is split into parts, each a result of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol, TypeVar, runtime_checkable

from fpbench.results.costs import IndexCost
from fpbench.results.decisions import FalseAccepts
from fpbench.results.document import EvidenceInfo, Gap, Result
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.results.fidelity import Fidelity
from fpbench.results.fits import FitRates
from fpbench.results.index_losses import IndexLoss
from fpbench.results.indexes import IndexInfo
from fpbench.results.tails import TailInfo

Block = TypeVar(
    "Block",
    IndexInfo,
    EvidenceInfo,
    Gap,
    IndexLoss,
    TailInfo,
    ExtrapolationInfo,
    FalseAccepts,
    FitRates,
    IndexCost,
)


class QueryLength(NamedTuple):
    """A length of queries, in seconds of audio and in fingerprints."""

    length_s: float
    segments: int


@runtime_checkable
class OfLength(Protocol):
    """A block that names the length of the queries."""

    @property
    def query_length_s(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthPart:
    """The part of a result that is of queries of one length.

    Args:
        result: The part, as the result of a run of this length alone. Its recipe is still that of
            the longest queries, because the shorter ones are cut from them; its fidelity has the
            hit rates of shorter queries.
        places: For each list of the whole result, the place there of each block of the part.
    """

    result: Result
    places: Mapping[str, Sequence[int]]


LISTS: Final = (
    "indexes",
    "evidence",
    "gaps",
    "index_losses",
    "tails",
    "extrapolations",
    "false_accepts",
    "fits/rates",
    "costs/indexes",
)
"""The lists of a result whose blocks name the length of the queries, besides the curves."""


def query_lengths_s(result: Result) -> list[float]:
    """The lengths of the queries of all curves, each once, in the order of the curves."""
    return list(dict.fromkeys(curve.query_length_s for curve in result.curves))


def split_by_length(result: Result) -> Iterator[Result]:
    """A result for each length of its queries.

    Yields:
        The result itself if its queries have one length.
    """
    for part in length_parts(result):
        yield part.result


def length_parts(result: Result) -> Iterator[LengthPart]:
    """The parts of a result, one for each length of its queries.

    A run by a protocol has curves of several lengths, and nothing else that is of one length.

    Yields:
        The result itself if its queries have one length.
    """
    lengths_s = query_lengths_s(result)
    for length_s in lengths_s:
        if len(lengths_s) == 1:
            yield LengthPart(result=result, places={})
        elif result.protocol is not None:
            yield LengthPart(result=_with_own_curves(result, length_s), places={})
        else:
            yield _cut(result, length_s)


def list_of(result: Result, name: str) -> Sequence[OfLength]:
    """One of :data:`LISTS`; empty where the result does not have it."""
    outer, _, inner = name.partition("/")
    found = getattr(result, outer)
    if inner:
        found = () if found is None else getattr(found, inner)
    blocks: Sequence[OfLength] = found
    return blocks


def with_length(blocks: Sequence[Block], length_s: float | None) -> list[Block]:
    """The blocks with this length of the queries."""
    return [replace(block, query_length_s=length_s) for block in blocks]


def _with_own_curves(result: Result, length_s: float) -> Result:
    curves = [curve for curve in result.curves if curve.query_length_s == length_s]
    return replace(result, curves=curves, queries=replace(result.queries, length_s=length_s))


def _cut(result: Result, length_s: float) -> LengthPart:
    """The part of one length of a run that has several."""

    def own(blocks: Sequence[Block]) -> list[Block]:
        return with_length([blocks[place] for place in _places(blocks, result, length_s)], None)

    fits, costs = result.fits, result.costs
    part = replace(
        _with_own_curves(result, length_s),
        fidelity=_fidelity_of(result, length_s),
        indexes=own(result.indexes),
        evidence=own(result.evidence),
        gaps=own(result.gaps),
        index_losses=own(result.index_losses),
        tails=own(result.tails),
        extrapolations=own(result.extrapolations),
        false_accepts=own(result.false_accepts),
        fits=None if fits is None else replace(fits, rates=own(fits.rates)),
        costs=None if costs is None else replace(costs, indexes=own(costs.indexes)),
    )
    places = {name: _places(list_of(result, name), result, length_s) for name in LISTS}
    return LengthPart(
        result=part, places={**places, "curves": _places(result.curves, result, length_s)}
    )


def _fidelity_of(result: Result, length_s: float) -> Fidelity | None:
    """The fidelity with the hit rates of this length, as far as they were judged."""
    fidelity = result.fidelity
    if fidelity is None or length_s == result.queries.length_s:
        return fidelity
    shorter = () if fidelity.sequences is None else fidelity.sequences.shorter
    # Judged ones are shorter by whole hops, which need not give the length of the queries.
    apart_s = result.fingerprinter.hop_s / 2
    own = [one.hit_rates for one in shorter if abs(one.length_s - length_s) < apart_s]
    return replace(fidelity, hit_rates=own, sequences=None)


def _places(blocks: Sequence[OfLength], result: Result, length_s: float) -> list[int]:
    longest_s = result.queries.length_s
    of_blocks = [block.query_length_s or longest_s for block in blocks]
    return [place for place, each in enumerate(of_blocks) if each == length_s]
