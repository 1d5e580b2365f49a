"""A result with the evidence beside it, as the checks read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.files import evidence_name
from fpbench.evidence.hit_rates import is_searched
from fpbench.evidence.protocol_evidence import ProtocolEvidence
from fpbench.results.document import Curve, EvidenceInfo, Result
from fpbench.results.fields import DistractorKind, Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A result and what is beside it.

    Args:
        path: File of the result.
        evidence: Evidence by file name, as far as its files are there and readable.
        of_protocol: The same of a run by an authors' protocol, which has other evidence.
    """

    path: Path
    result: Result
    evidence: Mapping[str, Evidence | GrownEvidence]
    of_protocol: Mapping[str, ProtocolEvidence] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The seed of the config, which reading a result checks; 0 if there is none."""
        return int(self.result.config.get("seed", 0))

    def searches(self) -> Iterator["Search"]:
        """The searches whose evidence is there, in the order in which the result lists them."""
        for place, info in enumerate(self.result.evidence):
            curves = curves_of(self.result, info)
            if info.file in self.evidence and curves:
                first = next(iter(curves.values()))
                yield Search(
                    pointer=f"/evidence/{place}",
                    index=first.index,
                    distractors=first.distractors,
                    curves=curves,
                    evidence=self.evidence[info.file],
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One index with one kind of distractors: an evidence file, and the curves that follow from it.

    Args:
        pointer: JSON pointer of the evidence file.
        curves: Curves by their JSON pointers.
    """

    pointer: str
    index: str
    distractors: DistractorKind
    curves: Mapping[str, Curve]
    evidence: Evidence | GrownEvidence

    def tolerances_s(self) -> Sequence[float | None]:
        """The tolerances of its curves, each once."""
        return list(dict.fromkeys(curve.tolerance_s for curve in self.curves.values()))

    def searched_sizes(self) -> list[int]:
        """The searched sizes of its curves that the evidence has, ascending.

        A size that it does not have is a problem of its curve.
        """
        return [n for n in self._sizes("searched") if is_searched(self.evidence, n)]

    def simulated_sizes(self) -> list[int]:
        """The sizes of its curves that are said to be simulated, ascending."""
        return self._sizes("simulated")

    def _sizes(self, found: Found) -> list[int]:
        return sorted(
            {
                point.n_distractors
                for curve in self.curves.values()
                for point in curve.points
                if point.found == found
            }
        )


def curves_of(result: Result, info: EvidenceInfo) -> dict[str, Curve]:
    """The curves that follow from an evidence file, by JSON pointer, even if it was renamed."""
    return {
        f"/curves/{place}": curve
        for place, curve in enumerate(result.curves)
        if info.file.endswith(evidence_name("", curve.index, curve.distractors))
    }


def curve_label(curve: Curve) -> str:
    """What a curve is of, for rules."""
    where = "in the track" if curve.tolerance_s is None else f"within {curve.tolerance_s:g} s"
    return f"{curve.metric} {where} with {curve.index}, {curve.distractors}"
