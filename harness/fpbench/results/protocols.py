"""The protocol of a run that evaluates as the authors of a system did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from fpbench.results.fields import Count, DistractorKind, Name, Positive, Rate, Seconds, Words

Rules = Literal["right", "official"]
"""How hits are counted: with the faults of the authors' script corrected, or as it counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRate:
    """One number of the authors' table.

    Args:
        index: Name of the search index.
        metric: Name of the metric in the authors' script, such as ``top1_exact``.
        segments: Fingerprints in a query.
        query_length_s: Length of such a query.
        n_distractors: Number of distractor fingerprints in the database.
        value: Share of hits.
        rules: How they are counted; ``both`` if the script has no fault that changes this metric.
        distractors: Kind of the distractors.
    """

    index: Name
    metric: Name
    segments: Positive
    query_length_s: Seconds
    n_distractors: Count
    value: Rate
    rules: Literal["right", "official", "both"]
    distractors: DistractorKind = "real"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolInfo:
    """The protocol, and its rates under the names that the authors' tables have.

    Args:
        name: Name of the protocol.
        version: A change that can change a number gives it another version.
        source: The authors' script, with its commit.
        rules: How the hits of the result's curves are counted.
        settings: Settings of the protocol that can change its numbers.
        test_ids: How the start rows of the queries were chosen.
        test_ids_sha256: Hash of the start rows, as int64.
        rates: All rates, of every index, kind of distractors, metric, length and size, under either
            rules.
        warnings: What a reader should know of the numbers.
    """

    name: Name
    version: Positive
    source: Words
    rules: Rules
    settings: Mapping[str, bool | int | float | str]
    test_ids: Words
    test_ids_sha256: Name
    rates: Annotated[Sequence[ProtocolRate], Meta(min_length=1, max_length=100_000)]
    warnings: Annotated[Sequence[Words], Meta(max_length=100)] = ()
