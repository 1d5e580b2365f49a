"""The search indexes of a result."""

from collections.abc import Mapping
from dataclasses import dataclass

from fpbench.results.fields import Count, DistractorKind, Name, Seconds, Words


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInfo:
    """A search index, as it searched one kind of distractors.

    Args:
        name: Name in the config and in the curves.
        distractors: Kind of distractors.
        requested: Options that the config gives it.
        effective: All of its parameters, as reported by the search library, and the number of
            candidates that are kept, ``shortlist``.
        trained_on: Number of fingerprints that it was trained on; 0 for an index that needs none,
            None in older results.
        query_length_s: Length of the queries; None if it is that of ``queries``.
    """

    name: Name
    distractors: DistractorKind
    requested: Mapping[Words, Words]
    effective: Mapping[Words, int | float | str]
    trained_on: Count | None = None
    query_length_s: Seconds | None = None
