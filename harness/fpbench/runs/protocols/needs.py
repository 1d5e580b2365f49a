"""Estimate what a run by a protocol searches and draws, more than a run without one."""

from collections.abc import Sequence

from fpbench.plugin.options import apply_options
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import QueryLength
from fpbench.runs.config import RunConfig
from fpbench.runs.needs import Need
from fpbench.runs.protocols.definitions import (
    ICASSP,
    PaperSettings,
    SequenceSettings,
    find_protocol,
)
from fpbench.search.named_indexes import NamedIndex
from fpbench.units import short_size

_ICASSP_IDS = 2_000


def protocol_neighbours(config: RunConfig) -> int:
    """Rows that each fingerprint of a query in a run by a protocol asks for."""
    return _settings(config).neighbours


def asked_rows(config: RunConfig, rows: int, *, segment_s: float, hop_s: float) -> int:
    """Fingerprints of queries that are searched, as far as is known before the run.

    Args:
        config: Settings of a run by a protocol.
        rows: Fingerprints of all queries.
        segment_s: Length of a fingerprint.
        hop_s: Time from one to the next.
    """
    longest = 1 + int((config.query_lengths_s[-1] - segment_s) / hop_s + 1e-6)
    wanted = config.test_ids or ""
    if wanted == ICASSP:
        return min(rows, _ICASSP_IDS * longest)
    return min(rows, int(wanted) * longest) if wanted.isdigit() else rows


def searched_rows(
    config: RunConfig, indexes: Sequence[NamedIndex], kind: DistractorKind, sizes: Sequence[int]
) -> int:
    """Distractors in all databases that an index searches from the first row on.

    Args:
        config: Settings of a run by a protocol.
        indexes: Its indexes, of which the one that searches most counts.
        kind: Kind of the distractors.
        sizes: Their numbers, ascending.
    """
    settings = _settings(config)
    anew = any(
        one.index.kind == "growing" or (settings.retrain and one.index.training_rows > 0)
        for one in indexes
    )
    if not isinstance(settings, PaperSettings):
        return sum(sizes) if anew else sizes[-1]
    if kind == "synthetic":
        return settings.repeats * (sum(sizes) if anew else sizes[-1])
    return sizes[-1] + settings.repeats * sum(sizes[:-1])


def judged_lengths(
    config: RunConfig, *, draws_tracks: bool, segment_s: float, hop_s: float
) -> list[QueryLength]:
    """Lengths of the queries that judge the generator, ascending.

    Args:
        config: Settings of a run by a protocol.
        draws_tracks: Whether the generator does; other ones are judged by single fingerprints.
        segment_s: Length of a fingerprint.
        hop_s: Time from one to the next.
    """
    lengths_s = config.query_lengths_s if draws_tracks else (segment_s,)
    return [
        QueryLength(length_s, 1 + int((length_s - segment_s) / hop_s + 1e-6))
        for length_s in lengths_s
    ]


def keeping_needs(config: RunConfig, asked: int, size: int, dim: int) -> list[Need]:
    """Needs of drawn rows that are kept in a file for the ranking of starts, without drawing them.

    Args:
        config: Settings of the run; one without a protocol keeps none.
        asked: Fingerprints of queries.
        size: Distractors of the largest database.
        dim: Dimensions of a fingerprint.
    """
    if config.protocol is None:
        return []
    settings = _settings(config)
    rows = size  # those around the nearest rows are read, too
    if isinstance(settings, PaperSettings):
        rows = min(size, asked * settings.neighbours)
    return [
        Need(
            stage="rank starts",
            work=f"{short_size(rows)} drawn rows",
            seconds=0.0,
            memory_bytes=0.0,
            disk_bytes=4.0 * dim * rows,
        )
    ]


def _settings(config: RunConfig) -> SequenceSettings:
    settings: SequenceSettings = apply_options(
        find_protocol(str(config.protocol)).settings, config.protocol_options
    )
    return settings
