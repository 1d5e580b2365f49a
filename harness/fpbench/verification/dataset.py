"""Whether the numbers of the dataset are possible: fingerprints against hours, tracks and hop."""

from collections.abc import Iterator

from fpbench.plugin.loading import PREFIX
from fpbench.results.document import Result
from fpbench.verification.expected import available_distractors, read_settings
from fpbench.verification.problems import Problem, compare
from fpbench.verification.submission import Submission
from fpbench.verification.system import is_ready_made

_SLACK = 1e-3  # share of the hours, for durations of headers
_MOST_SKIPPED = 0.5  # share of the hours in tracks that are listed as left out
_MOST_SILENT = 0.1  # share of the fingerprints that are silent, where hours of silence are unknown


def check_dataset(submission: Submission) -> Iterator[Problem]:
    """Name, tracks, fingerprints and hours of reference and distractors fit together."""
    result = submission.result
    data, name = result.data, str(result.config.get("dataset"))
    if not name.startswith(PREFIX):
        yield from compare("/data/name", data.name, name, "the config")
    if data.reference_tracks and result.queries.tracks > data.reference_tracks:
        rule = f"data.reference_tracks is {data.reference_tracks}"
        yield Problem(pointer="/queries/tracks", value=result.queries.tracks, rule=rule)
    for side in ("reference", "distractor"):
        yield from _check_side(result, side)
    yield from _check_available(result)


def _check_side(result: Result, side: str) -> Iterator[Problem]:
    """Each track of d seconds has one fingerprint a hop, as long as a segment fits into it."""
    data, system = result.data, result.fingerprinter
    tracks, rows = getattr(data, f"{side}_tracks"), getattr(data, f"{side}_fingerprints")
    hours, silent = getattr(data, f"{side}_hours"), getattr(data, f"{side}_silent_hours")
    if silent is not None and silent > hours:
        rule = f"data.{side}_hours is {hours}"
        yield Problem(pointer=f"/data/{side}_silent_hours", value=silent, rule=rule)
    of_rows = rows * system.hop_s / 3600
    if is_ready_made(result):
        yield from compare(f"/data/{side}_hours", hours, of_rows, "fingerprints and hop")
        return
    if tracks > rows:
        rule = f"data.{side}_fingerprints is {rows}"
        yield Problem(pointer=f"/data/{side}_tracks", value=tracks, rule=rule)
    most = hours * (1 + _SLACK) + tracks * system.hop_s / 3600
    least = hours * (1 - _SLACK) - tracks * (system.segment_s + system.hop_s) / 3600
    # Tracks that were left out may have hours, but have no fingerprints.
    least *= 1.0 if not data.skipped else 1 - _MOST_SKIPPED
    if of_rows > most or (of_rows < least - (silent or 0.0) and rows):
        rule = f"data.{side}_fingerprints are {of_rows:.6g} hours, at fingerprinter.hop_s"
        yield Problem(pointer=f"/data/{side}_hours", value=hours, rule=rule)


def _check_available(result: Result) -> Iterator[Problem]:
    """Real curves end at the number of real distractors, but for silent ones and short runs."""
    data = result.data
    settings = read_settings(result)
    available = None if settings is None else available_distractors(result, settings)
    if available is None:
        return
    least = fewest_searched(result, "distractor") - data.distractors_in_reference
    if not least <= available <= data.distractor_fingerprints:
        rule = f"the real curves end at {available}"
        pointer, value = "/data/distractor_fingerprints", data.distractor_fingerprints
        yield Problem(pointer=pointer, value=value, rule=rule)


def fewest_searched(result: Result, side: str) -> float:
    """Smallest number of fingerprints that are searched, of those that a result says there are.

    Silent ones are not searched, and a query of several has fewer runs than there are fingerprints.

    Args:
        side: ``reference`` or ``distractor``.
    """
    data, system = result.data, result.fingerprinter
    rows: int = getattr(data, f"{side}_fingerprints")
    if result.queries.length_s >= system.segment_s + system.hop_s / 2:
        return 0.0
    if is_ready_made(result):
        return float(rows)
    silent_hours: float | None = getattr(data, f"{side}_silent_hours")
    if silent_hours is None:
        return (1 - _MOST_SILENT) * rows
    return float(rows - silent_hours * 3600 / min(system.hop_s, system.segment_s) - 1)
