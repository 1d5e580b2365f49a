"""The size of the file of a result, foreseen from the settings of its run."""

from logging import getLogger

from fpbench.evidence.kept_curves import MOST_CURVES
from fpbench.results.document import DEFAULT_SIZES
from fpbench.results.fields import HIT_RANKS, DistractorKind
from fpbench.results.files import MOST_BYTES
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import list_tolerances

# Canonical bytes of each part, of the tasks' runs; those of real systems differ by a tenth.
_ALWAYS = 7_000  # what does not grow with sizes: system, data, config, environment, costs
_POINT = 365  # of a curve
_DECISIONS = 735  # a block of false accepts, without its DET curve
_DET_CURVE = 870
_FIDELITY = 16_000  # of synthetic distractors
_GAP = 245
_FIT_RATE, _FIT_VALUE = 300, 22  # a rate of several fits, and the value of each

logger = getLogger(__name__)


def warn_of_large_result(prepared: PreparedRun, n_real: int) -> None:
    """Say before the work that the result would be too large to be submitted.

    Args:
        prepared: The run.
        n_real: Number of real distractors.
    """
    size, most = estimate_result_bytes(prepared, n_real), MOST_BYTES[".json"]
    if size > most and prepared.config.protocol is None:
        logger.warning(
            "the result will have some %.0f kB, and one that is submitted at most %.0f: to submit "
            "it, use fewer --sizes, --beyond, --index or --query-lengths",
            size / 1000,
            most / 1000,
        )


def estimate_result_bytes(prepared: PreparedRun, n_real: int) -> int:
    """Canonical bytes of the result of a run without a protocol, to a fifth or so.

    Args:
        prepared: The run.
        n_real: Number of real distractors.
    """
    config, tolerances = prepared.config, len(list_tolerances(prepared))
    lengths = len(config.query_lengths_s) or 1
    of_curves = tolerances * len(HIT_RANKS)
    sizes = {kind: _count_sizes(prepared, kind, n_real) for kind in prepared.indexes}
    total = 0
    for kind, indexes in prepared.indexes.items():
        beyond = len(config.beyond)
        blocks = sizes[kind] + (beyond + 1 if beyond and kind == "synthetic" else 0)
        decisions = blocks * _DECISIONS + min(sizes[kind], MOST_CURVES) * _DET_CURVE
        for named in indexes:
            total += of_curves * (sizes[kind] + beyond) * _POINT
            total += tolerances * decisions if named.index.kind == "block" else 0
    synthetic = len(prepared.indexes.get("synthetic", ()))
    if synthetic:
        if "real" in prepared.indexes:
            total += synthetic * of_curves * sizes["real"] * _GAP
        if config.fits > 1:
            rates = synthetic * of_curves * (sizes["synthetic"] + len(config.beyond))
            total += rates * (_FIT_RATE + config.fits * _FIT_VALUE)
    return _ALWAYS + (_FIDELITY if synthetic else 0) + lengths * total


def _count_sizes(prepared: PreparedRun, kind: DistractorKind, n_real: int) -> int:
    """How many sizes are searched; synthetic ones at the number of real ones, too."""
    config = prepared.config
    if config.distractors == "none":
        return 1
    sizes = set(config.sizes or DEFAULT_SIZES)
    if n_real >= max(sizes) or "real" not in prepared.indexes:
        return len(sizes)
    return len({min(n, n_real) for n in sizes} if kind == "real" else sizes | {n_real})
