"""What a reader asks for: which results, and which rankings of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fpbench.conversion import suggest
from fpbench.errors import FpbenchError
from fpbench.results.fields import DistractorKind
from fpbench.units import parse_sizes
from fpbench_leaderboard.board import TIERS
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.searches import Wanted, search_of

FREE = "free"
"""Instead of the name of a task: runs of no task."""

TRACK = "track"
"""Instead of a tolerance in seconds: any time in the right track."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Options of the command; what is empty or None is not limited.

    Args:
        tasks: Names of tasks, or :data:`FREE`.
        systems: Names of fingerprinters.
        tier: The lowest tier.
        metrics: Metrics such as ``hr@1``, or ``all``.
        tolerances: Seconds, or :data:`TRACK`.
        size: Database size at which systems are ranked, such as ``1M``.
    """

    tasks: Sequence[str] = ()
    systems: Sequence[str] = ()
    tier: str | None = None
    metrics: Sequence[str] = ()
    tolerances: Sequence[str] = ()
    size: str | None = None
    index: str | None = None
    distractors: DistractorKind | None = None
    generator: str | None = None

    def select(self, entries: Sequence[Entry]) -> list[Entry]:
        """The results that are asked for. They alone are ranked.

        Raises:
            FpbenchError: A name is that of no result.
        """
        known = dict.fromkeys(map(_task, entries))
        _refuse_unknown(self.tasks, known, "task", "--task")
        left = [entry for entry in entries if not self.tasks or _task(entry) in self.tasks]
        _refuse_unknown(self.systems, map(_system, left), "system", "--system")
        least = 0 if self.tier is None else _place(self.tier)
        return [
            entry
            for entry in left
            if (not self.systems or _system(entry) in self.systems) and _place(entry.tier) >= least
        ]

    def wanted(self, entries: Sequence[Entry]) -> Wanted:
        """Which rankings of these results are asked for.

        Raises:
            FpbenchError: An option has a value that no curve has, or that is none.
        """
        curves = [(entry.result, curve) for entry in entries for curve in entry.result.curves]
        searches = [search_of(*pair) for pair in curves]
        tolerances = [_tolerance(text) for text in self.tolerances]
        metrics = [] if "all" in self.metrics else [metric.lower() for metric in self.metrics]
        sizes = () if self.size is None else parse_sizes(self.size)
        if len(sizes) > 1:
            raise FpbenchError(f"--size is '{self.size}'", hint="give one size, such as 1M")
        if entries:
            _refuse_unknown(metrics, (curve.metric for _, curve in curves), "metric", "--metric")
            shown = [_tolerance_text(each) for each in tolerances]
            has = (_tolerance_text(curve.tolerance_s) for _, curve in curves)
            _refuse_unknown(shown, has, "tolerance", "--tolerance")
            _refuse_unknown(_one(self.index), (s.index for s in searches), "index", "--index")
            has = (s.generator for s in searches if s.generator is not None)
            _refuse_unknown(_one(self.generator), has, "generator", "--generator")
            there = sorted({point.n_distractors for _, curve in curves for point in curve.points})
            _refuse_unknown(map(str, sizes), map(str, there), "size", "--size")
        return Wanted(
            metrics=metrics,
            tolerances_s=tolerances,
            index=self.index,
            distractors=self.distractors,
            generator=self.generator,
            n_distractors=sizes[0] if sizes else None,
        )


def _task(entry: Entry) -> str:
    return FREE if entry.result.task is None else entry.result.task.name


def _system(entry: Entry) -> str:
    return entry.result.fingerprinter.name


def _place(tier: str) -> int:
    return [str(each) for each in TIERS].index(tier)


def _one(value: _Value | None) -> list[_Value]:
    return [] if value is None else [value]


def _tolerance(text: str) -> float | None:
    if text == TRACK:
        return None
    try:
        return float(text)
    except ValueError as err:
        raise FpbenchError(
            f"--tolerance is '{text}'", hint=f"give seconds, such as 0.25, or {TRACK}"
        ) from err


def _tolerance_text(tolerance_s: float | None) -> str:
    return TRACK if tolerance_s is None else f"{tolerance_s:g}"


def _refuse_unknown(wanted: Iterable[str], known: Iterable[str], what: str, option: str) -> None:
    there = dict.fromkeys(known)
    for name in wanted:
        if name not in there:
            listed = ", ".join(there) or "none"
            raise FpbenchError(
                f"no result has the {what} '{name}'",
                hint=f"{suggest(name, there)}{option} may be: {listed}",
            )
