"""Searches the settings of a sweep, but not those that cannot be better than a searched one.

A parameter that only a search reads, such as ``nprobe`` or ``ef_search``, is taken to be monotone:
with a larger one an index is no faster, and finds no less. So a setting between two that were
searched finds at most what the larger one finds, and takes at least the time of the smaller one. If
a searched setting is as good as that in hit rate, time and bytes, then the setting is skipped: the
smaller one itself, or another index, of which the slowest repeat took no longer than the fastest
repeat of the smaller one.

Source: the operating points of FAISS's ``AutoTune``, which prunes by the same bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Measure = Callable[[Sequence[str]], Mapping[str, "Measured"]]
"""Searches with some settings, by their names."""


class Setting(NamedTuple):
    """A setting of an index.

    Args:
        name: Its name in the run.
        contents: Equal for settings that differ in the search alone; None if that is unknown.
        values: Those of the parameters that only a search reads; None if one is no number.
    """

    name: str
    contents: str | None
    values: tuple[float, ...] | None


class Measured(NamedTuple):
    """What a setting finds and takes, for each kind of distractors.

    Args:
        rates: HR@1 at the largest size.
        ms: Milliseconds of one query, the shortest and the longest of some repeats; None if it was
            not timed.
        size_bytes: Bytes of a fingerprint; None if the index does not say it.
        rows: Rows with which it was timed.
    """

    rates: tuple[float, ...]
    ms: tuple[tuple[float, float], ...] | None = None
    size_bytes: float | None = None
    rows: tuple[int | None, ...] = ()


@dataclass(slots=True)
class Sweep:
    """A sweep on its way.

    Args:
        measured: What was found out about settings that were searched.
        skipped: Why others were not.
    """

    measured: dict[Setting, Measured] = field(default_factory=dict)
    skipped: dict[Setting, str] = field(default_factory=dict)


def explore(given: Sequence[Setting], swept: Sequence[Setting], measure: Measure) -> Sweep:
    """Search the ends of all ranges first, and then halve what lies between them.

    Args:
        given: Settings that are searched in any case, in the first round.
        swept: Settings of which some may be skipped.
        measure: Called once for each round.
    """
    sweep = Sweep()
    left = [one for one in swept if one not in given]
    chosen = [*given, *(one for one in left if _is_end(one, left))]
    while chosen:
        found = measure([one.name for one in chosen])
        sweep.measured |= {one: found[one.name] for one in chosen}
        left = [one for one in left if one not in sweep.measured]
        for one in left:
            reason = why_no_better(one, sweep.measured)
            if reason is not None:
                sweep.skipped[one] = reason
        left = [one for one in left if one not in sweep.skipped]
        chosen = _middles(left)
    return sweep


def why_no_better(setting: Setting, measured: Mapping[Setting, Measured]) -> str | None:
    """Why a setting cannot be better than a measured one; None if it may be."""
    below = [one for one in measured if _is_at_most(one, setting)]
    above = [one for one in measured if _is_at_most(setting, one)]
    if not below or not above:
        return None
    limit = min(above, key=lambda one: measured[one].rates)
    most = tuple(min(rates) for rates in zip(*(measured[a].rates for a in above), strict=True))
    said = f"it finds no more than {limit.name} ({_percent(most)})"
    for one in below:
        if _are_at_least(measured[one].rates, most):
            return f"{said}, and {one.name} finds as much and is no slower"
    for one, known in measured.items():
        if one.contents == setting.contents:
            continue  # if it seems faster than a smaller one, this is noise
        if _are_at_least(known.rates, most) and _is_as_cheap(known, [measured[b] for b in below]):
            return f"{said}, and {one.name} finds as much, is no slower and no larger"
    return None


def _is_as_cheap(known: Measured, below: Sequence[Measured]) -> bool:
    """Whether it takes no more than a setting that is no faster than these, whatever the noise."""
    timed = [one for one in below if one.ms is not None and one.rows == known.rows]
    sizes = [one.size_bytes for one in below if one.size_bytes is not None]
    if known.ms is None or known.size_bytes is None or not timed or not sizes:
        return False
    least_ms = [
        max(shortest for shortest, _ in times)
        for times in zip(*(one.ms or () for one in timed), strict=True)
    ]
    return known.size_bytes <= min(sizes) and all(
        longest <= least for (_, longest), least in zip(known.ms, least_ms, strict=True)
    )


def _is_at_most(one: Setting, other: Setting) -> bool:
    """Whether no parameter of a setting is larger than that of another one, of equal contents."""
    if one.contents is None or one.contents != other.contents:
        return False
    if one.values is None or other.values is None:
        return False
    return all(a <= b for a, b in zip(one.values, other.values, strict=True))


def _are_at_least(rates: Sequence[float], most: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(rates, most, strict=True))


def _is_end(one: Setting, settings: Sequence[Setting]) -> bool:
    """Whether nothing lies below a setting, or nothing above it."""
    others = [other for other in settings if other != one]
    return not any(_is_at_most(other, one) for other in others) or not any(
        _is_at_most(one, other) for other in others
    )


def _middles(left: Sequence[Setting]) -> list[Setting]:
    """The middle one of the settings that are left of each index, in the order of their values.

    Of two, it is the faster one: where it finds all that can be found, the slower ones are skipped.
    """
    groups: dict[str | None, list[Setting]] = {}
    for one in left:
        groups.setdefault(one.contents, []).append(one)
    ordered = (sorted(group, key=lambda one: one.values or ()) for group in groups.values())
    return [group[(len(group) - 1) // 2] for group in ordered]


def _percent(rates: Sequence[float]) -> str:
    return ", ".join(f"{100 * rate:.1f} %" for rate in rates)
