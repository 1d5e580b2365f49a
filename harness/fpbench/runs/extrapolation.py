"""Points of a run beyond the sizes that it searches, where distractors cannot be simulated."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.extrapolation import FEWEST_TRACKS, Extrapolation, refuse_sizes
from fpbench.results.document import DEFAULT_SIZES, Curve
from fpbench.results.extrapolations import ExtrapolationInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.inputs import AudioSource
from fpbench.runs.needs import Need
from fpbench.runs.ready_made import VectorSource
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.sequences import Rows
from fpbench.search.tasks import Database
from fpbench.units import count_label

_SAMPLED_ROWS = 1_000  # of which the lengths are looked at
_UNIT_LENGTH = 1e-3  # tolerance of a length of 1
_SECONDS_A_QUERY = 2e-3  # of ranks in a hundred blocks, and the fit of eleven databases


def refuse_extrapolation(config: RunConfig, source: AudioSource | VectorSource) -> None:
    """Refuse a run none of whose curves can go on beyond the searched sizes, before it begins.

    Only for runs without synthetic distractors that can be simulated.

    Raises:
        FpbenchError: There are too few distractors, or they are of too few tracks.
    """
    largest = (config.sizes or DEFAULT_SIZES)[-1]
    if config.distractors == "real" and isinstance(source, VectorSource):
        largest = max(1, min(largest, len(source.vectors.distractors)))
    reason = refuse_sizes(largest, config.beyond)
    if reason is None and config.distractors == "real":
        reason = _few_tracks(_count_tracks(source))
    if reason is not None:
        raise FpbenchError(
            f"--beyond cannot extrapolate: {reason}",
            hint="leave --beyond out, search more distractors, or simulate those of a generator "
            "with --distractors synthetic",
        )


def extrapolation_needs(config: RunConfig, queries: int) -> list[Need]:
    """Needs of extrapolated curves, if the run may have any."""
    if not config.beyond:
        return []
    return [
        Need(
            stage="extrapolate beyond",
            work=count_label(queries, "query", "queries"),
            seconds=_SECONDS_A_QUERY * queries,
            memory_bytes=0.0,
            disk_bytes=0.0,
            in_result=True,
        )
    ]


def extrapolate_beyond(
    named: NamedIndex,
    database: Database,
    evidence: Evidence | GrownEvidence,
    curves: Sequence[Curve],
    *,
    inputs: Inputs,
    config: RunConfig,
    exact: bool,
) -> tuple[list[Curve], list[ExtrapolationInfo]]:
    """The curves of one search with extrapolated points, and how these were found.

    Args:
        named: The index.
        database: The distractors.
        evidence: Evidence of the search.
        curves: Its curves, up to the largest searched size.
        inputs: Queries and distractors.
        config: Settings of the run.
        exact: Whether the index compares every row with every query.
    """
    if not config.beyond or not database.sizes:
        return list(curves), []
    if not exact or isinstance(evidence, GrownEvidence):
        reason = f"{named.name} is an approximate index"
        return list(curves), [_refused(curve, database.sizes[-1], reason) for curve in curves]
    tracks = len(np.unique(inputs.real_tracks)) if database.kind == "real" else None
    unfit = _few_tracks(tracks) or _other_lengths(inputs)
    extrapolation = Extrapolation(evidence, database.sizes)
    found = [extrapolation.curve(curve, config.beyond, unfit) for curve in curves]
    return [curve for curve, _ in found], [info for _, info in found]


def _refused(curve: Curve, largest: int, reason: str) -> ExtrapolationInfo:
    return ExtrapolationInfo(
        index=curve.index,
        distractors=curve.distractors,
        metric=curve.metric,
        tolerance_s=curve.tolerance_s,
        n_from=largest,
        repeats=1,
        refused=reason,
    )


def _few_tracks(tracks: int | None) -> str | None:
    if tracks is None or tracks >= FEWEST_TRACKS:
        return None
    return f"real distractors are of {tracks:,} tracks, fewer than {FEWEST_TRACKS:,}"


def _count_tracks(source: AudioSource | VectorSource) -> int | None:
    """Tracks of the real distractors; None if they are only known later."""
    if isinstance(source, AudioSource):
        return len(source.dataset.distractors)
    tracks = source.vectors.tracks
    if tracks is None or tracks.distractors is None:
        return None
    return len(np.unique(tracks.distractors))


def _other_lengths(inputs: Inputs) -> str | None:
    """Why scores do not tell distances; None if they do."""
    samples = [_sample(inputs.reference), _sample(inputs.real)]
    lengths = np.linalg.norm(np.concatenate([inputs.queries, *samples]), axis=1)
    if ((lengths == 0) | (np.abs(lengths - 1) <= _UNIT_LENGTH)).all():  # 0 may be silence
        return None
    return "fingerprints do not have the length 1"


def _sample(rows: Rows) -> Float32[np.ndarray, "sample dim"]:
    """Some rows, evenly spaced."""
    numbers = np.linspace(0, len(rows), min(len(rows), _SAMPLED_ROWS), endpoint=False)
    return np.asarray(rows[numbers.astype(np.int64)])
