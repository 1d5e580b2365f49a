"""Makes random parts of a result's evidence again, for maintainers who have the plugin.

Draws have addresses, so any block of distractors can be drawn without those before it. A forger who
does not know which blocks and queries are drawn must get all of them right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from tabulate import tabulate

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence
from fpbench.evidence.files import evidence_name, find_evidence
from fpbench.plugin.datasets import Positions
from fpbench.progress import Stage
from fpbench.results.document import Result
from fpbench.results.lengths import split_by_length
from fpbench.runs.databases import list_databases
from fpbench.runs.empty_indexes import runs_by_length
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import prepare_fitting, search_tasks
from fpbench.search.blocks import match_scores
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import SearchTask, search_again

TOLERANCE = 1e-3
"""Largest difference of two scores that another processor or library may cause."""

_FORGED = (0.01, 0.1, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedSearch:
    """One evidence file, and what was made again of it.

    Args:
        blocks: Number of its blocks.
        drawn: Numbers of those that were searched again.
        queries: Number of its queries.
        asked: Number of those that were searched for.
        largest: Largest difference of a score from that of the evidence.
        problems: What differs by more than :data:`TOLERANCE`, a line each.
    """

    file: str
    blocks: int
    drawn: Sequence[int]
    queries: int
    asked: int
    largest: float
    problems: Sequence[str]

    def undetected(self, share: float) -> float:
        """Probability that no forged block is drawn, if this share of the blocks is forged."""
        forged = round(share * self.blocks)
        return comb(self.blocks - forged, len(self.drawn)) / comb(self.blocks, len(self.drawn))

    def undetected_queries(self, share: float) -> float:
        """Probability that no forged query is drawn, if this share is forged in all blocks."""
        forged = round(share * self.queries)
        return comb(self.queries - forged, self.asked) / comb(self.queries, self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The outcome of an audit.

    Args:
        skipped: What could not be made again, and why, a line each.
    """

    searches: Sequence[AuditedSearch]
    skipped: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        """Whether something was made again, and all of it was as the evidence has it."""
        return bool(self.searches) and not any(one.problems for one in self.searches)

    def text(self) -> str:
        """Tables of what was made again and of what would have slipped through."""
        rows = [
            (
                one.file,
                f"{len(one.drawn)} of {one.blocks}",
                f"{one.asked} of {one.queries}",
                f"{one.largest:.1e}",
                *(f"{100 * one.undetected(share):.0f} %" for share in _FORGED),
                *(f"{100 * one.undetected_queries(share):.0f} %" for share in _FORGED),
            )
            for one in self.searches
        ]
        forged = [f"{100 * x:g} % of {what}" for what in ("blocks", "queries") for x in _FORGED]
        headers = ("evidence", "blocks", "queries", "difference", *forged)
        parts = [tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)]
        parts.append(
            "the last columns: probability that a forgery of this share of blocks, or of queries "
            "in every block, slips through"
        )
        problems = [f"{one.file}: {line}" for one in self.searches for line in one.problems]
        return "\n".join([*parts, *self.skipped, *problems])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How much of a result to make again.

    Args:
        rng: Draws blocks and queries; nobody should be able to foresee it.
        blocks: Number of blocks of each search.
        queries: Number of queries.
    """

    rng: np.random.Generator
    blocks: int
    queries: int

    def choose(self, count: int, wanted: int) -> Int64[np.ndarray, " chosen"]:
        """Some of so many numbers, ascending."""
        return np.sort(self.rng.choice(count, min(count, wanted), replace=False))


def audit(
    prepared: PreparedRun, published: Result, path: Path, sample: Sample, stage: Stage
) -> Audit:
    """Search random blocks again for random queries, and compare with the evidence.

    Args:
        prepared: The run of the result's settings.
        published: The result.
        path: Its file, with the evidence beside it.
        sample: How much to make again.
        stage: Shows progress.

    Raises:
        FpbenchError: The evidence is of other queries or blocks, or is damaged.
    """
    inputs = prepared.source.build_inputs(prepared.store, stage)
    generator, skipped = _find_generator(prepared, inputs, published, stage)
    searches = []
    parts = {part.queries.length_s: part for part in split_by_length(published)}
    for run, of_length in runs_by_length(prepared, inputs):
        part = parts.get(of_length.query_info.length_s, published)
        for database in list_databases(run.config, of_length, generator):
            for task in search_tasks(run, of_length, database):
                found = _find_evidence(task, part, path)
                if isinstance(found, str):
                    skipped.append(f"{task.named.name}, {database.kind}: {found}")
                else:
                    searches.append(_audit_search(task, *found, sample, stage))
    return Audit(searches=searches, skipped=skipped)


def _find_evidence(task: SearchTask, published: Result, path: Path) -> tuple[Evidence, str] | str:
    """The evidence of a search and its file, or why it cannot be audited."""
    name = evidence_name("", task.named.name, task.database.kind)
    info = next((one for one in published.evidence if one.file.endswith(name)), None)
    evidence = find_evidence(path, info) if info else None
    if info is None or evidence is None:
        return "its evidence is missing"
    return (evidence, info.file) if isinstance(evidence, Evidence) else "it does not have blocks"


def _find_generator(
    prepared: PreparedRun, inputs: Inputs, published: Result, stage: Stage
) -> tuple[FittedGenerator | None, list[str]]:
    """The generator of the result; if it cannot be had here, a line that says so."""
    fitting = prepare_fitting(prepared, inputs, stage)
    if fitting is None or published.generator is None:
        return None, []
    generator = fitting.generator()
    if generator.info.weights_sha256 == published.generator.weights_sha256:
        return generator, []
    return None, [
        "synthetic distractors: the generator that is fitted here differs from that of the result; "
        "give its file with --generator-weights"
    ]


def _audit_search(
    task: SearchTask, evidence: Evidence, file: str, sample: Sample, stage: Stage
) -> AuditedSearch:
    inputs, count = task.inputs, len(evidence.query_track)
    if list(evidence.edges) != list(task.edges) or count != len(inputs.queries):
        raise FpbenchError(
            f"{file} has other blocks or queries than a run of the result's settings",
            hint="compare the data: `fpbench reproduce` says what differs",
        )
    drawn = sample.choose(len(evidence.blocks), sample.blocks)
    asked = sample.choose(count, sample.queries)
    per_query = evidence.rows_per_query
    rows = (asked[:, None] * per_query + np.arange(per_query)).ravel()
    before = [evidence.reference, *(evidence.blocks[number] for number in drawn)]
    names = ["the reference", *(f"block {number}" for number in drawn)]
    differences = {
        name: _largest_difference(old.scores[rows], again.scores)
        for name, old, again in zip(
            names, before, search_again(task, drawn.tolist(), asked, stage), strict=True
        )
    }
    truth = Positions(inputs.truth.track[asked], inputs.truth.start_s[asked])
    matches = match_scores(
        inputs.queries[asked], inputs.reference, inputs.reference_positions, truth
    )
    differences["match_score"] = _largest_difference(evidence.match_score[asked], matches)
    return AuditedSearch(
        file=file,
        blocks=len(evidence.blocks),
        drawn=drawn.tolist(),
        queries=count,
        asked=len(asked),
        largest=max(differences.values()),
        problems=[
            f"{name}: scores differ by {difference:.3g}, more than {TOLERANCE:g}"
            for name, difference in differences.items()
            if difference > TOLERANCE
        ],
    )


def _largest_difference(
    before: Float32[np.ndarray, "..."], again: Float32[np.ndarray, "..."]
) -> float:
    """Of sorted scores, so that equal ones may be in any order; inf if their numbers differ."""
    one, other = np.sort(before, axis=-1), np.sort(again, axis=-1)
    with np.errstate(invalid="ignore"):  # of -inf, where there is no candidate
        difference = np.abs(one - other)
    return float(np.max(np.where(one == other, 0.0, difference), initial=0.0))
