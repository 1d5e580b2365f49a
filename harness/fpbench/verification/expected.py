"""The curves and sizes that a run of a config has, so that none is missing and none invented."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fpbench.results.document import DEFAULT_SIZES, Result
from fpbench.results.fields import HIT_RANKS, DistractorKind

Key = tuple[str, DistractorKind, float | None, str]
"""Index, kind of distractors, tolerance and metric of a curve."""

_KINDS: Mapping[object, Sequence[DistractorKind]] = {
    "real": ("real",),
    "synthetic": ("synthetic",),
    "both": ("real", "synthetic"),
    "none": ("real",),  # the reference alone
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a config says of the curves of its run.

    Args:
        indexes: Names of the indexes, in order.
        kinds: Kinds of distractors.
        tolerances_s: Tolerance of the curves, then None for those anywhere in the track.
        sizes: Wanted numbers of distractors, ascending; empty for the reference alone.
        beyond: Larger sizes, which are simulated.
    """

    indexes: Sequence[str]
    kinds: Sequence[DistractorKind]
    tolerances_s: Sequence[float | None]
    sizes: Sequence[int]
    beyond: Sequence[int]

    def keys(self) -> list[Key]:
        """All curves of the run, in order."""
        return [
            (index, kind, tolerance_s, f"hr@{k}")
            for index in self.indexes
            for kind in self.kinds
            for tolerance_s in self.tolerances_s
            for k in HIT_RANKS
        ]

    def searched_sizes(self, kind: DistractorKind, available: int | None) -> list[int]:
        """The sizes that a run searches.

        Args:
            kind: Kind of the distractors.
            available: Number of real distractors; None if they are enough for every size.
        """
        if not self.sizes:
            return [0]
        if available is None or available >= self.sizes[-1]:
            return list(self.sizes)
        if kind == "real":
            return sorted({min(size, available) for size in self.sizes})
        return sorted({*self.sizes, *([available] if "real" in self.kinds else [])})


def read_settings(result: Result) -> Settings | None:
    """The settings in a result's config; None if they are none, which other checks say."""
    config = result.config
    sizes, beyond = config.get("sizes"), config.get("beyond", [])
    indexes = config.get("indexes")
    kinds = _KINDS.get(config.get("distractors")) if _is_text(config.get("distractors")) else None
    tolerance_s = config.get("tolerance_s")
    if not (_ascend(sizes) and _ascend(beyond) and kinds and _is_number_or_none(tolerance_s)):
        return None
    if not isinstance(indexes, list) or not all(map(_is_text, indexes)) or not indexes:
        return None
    none = config["distractors"] == "none"
    within = None if tolerance_s is None else float(tolerance_s)
    anywhere = (None,) if has_tracks(result) else ()
    return Settings(
        indexes=indexes,
        kinds=kinds,
        tolerances_s=list(dict.fromkeys((within, *anywhere))),
        sizes=() if none else (sizes or DEFAULT_SIZES),
        beyond=beyond or (),
    )


def has_tracks(result: Result) -> bool:
    """Whether a match may be anywhere in a track: not on the timeline of ready-made rows."""
    return result.data.reference_tracks > 0


def available_distractors(result: Result, settings: Settings) -> int | None:
    """The number of real distractors, at which real curves end; None if they are enough."""
    if not settings.sizes:
        return None
    ends = [
        point.n_distractors
        for curve in result.curves
        if curve.distractors == "real"
        for point in curve.points
        if point.found == "searched"
    ]
    largest = max(ends, default=None)
    return None if largest is None or largest >= settings.sizes[-1] else largest


def _ascend(value: Any) -> bool:
    """Whether a value is a list of whole numbers of at least 1 that ascend."""
    if not isinstance(value, list) or not all(type(size) is int for size in value):
        return False
    return value == sorted(set(value)) and min(value, default=1) >= 1


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number_or_none(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
