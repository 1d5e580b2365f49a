"""Labels of systems, metrics and rates in tables and figures."""

from collections.abc import Sequence

from fpbench.results.data import QueryInfo
from fpbench.results.document import Curve, Point, Result
from fpbench.results.systems import FingerprinterInfo
from fpbench.units import count_label

FEW = 20
"""Number of groups below which readers are warned."""


def system_label(
    system: FingerprinterInfo, shown: Sequence[FingerprinterInfo], *, dtype: bool
) -> str:
    """Name of a system, with everything that distinguishes it from others of the same name.

    Args:
        system: System to label.
        shown: All systems shown together; ``system`` may be among them.
        dtype: Whether the dtype distinguishes systems.

    Returns:
        A label such as ``nafp (weights 2b432785, width=32)``.
    """
    namesakes = [other for other in shown if other.name == system.name]
    differences = []
    if any(other.weights_sha256 != system.weights_sha256 for other in namesakes):
        digest = system.weights_sha256
        differences.append(f"weights {digest[:8]}" if digest else "weights as shipped")
    differences += [
        f"{key}={value}"
        for key, value in sorted(system.options.items())
        if any(other.options.get(key) != value for other in namesakes)
    ]
    if any(other.version != system.version for other in namesakes):
        differences.append(f"{system.distribution} {system.version}")
    elif system.version == "-" and any(
        other.source_sha256 != system.source_sha256 for other in namesakes
    ):  # the version of a file never changes
        differences.append(f"source {(system.source_sha256 or '?')[:8]}")
    if dtype and any(other.dtype != system.dtype for other in namesakes):
        differences.append(system.dtype)
    return f"{system.name} ({', '.join(differences)})" if differences else system.name


def metric_label(metric: str, tolerance_s: float | None) -> str:
    """Label such as ``HR@1 ±0.25 s``, or ``HR@1 track`` if the start time does not matter."""
    tolerance = "track" if tolerance_s is None else f"±{tolerance_s:g} s"
    return f"{metric.upper()} {tolerance}"


def rate_label(point: Point) -> str:
    """A rate in percent with its interval in brackets.

    An interval without width, which older results may have, is none: it says that tracks agree or
    that there is only one, not that the rate is known. One from 0 to 1 is none, either.
    """
    return rate_in_brackets(point.value, point.ci.low, point.ci.high)


def rate_in_brackets(value: float, low: float, high: float) -> str:
    """A rate in percent with the ends of its interval."""
    if not 0 < high - low < 1:
        return f"{100 * value:.1f} (no interval)"
    return f"{100 * value:.1f} ({100 * low:.1f}–{100 * high:.1f})"  # noqa: RUF001 - a range's dash


def queries_label(queries: QueryInfo) -> str:
    """How many queries there are, and how long they are: ``1000 queries of 1 s``."""
    return f"{count_label(queries.n, 'query', 'queries')} of {queries.length_s:g} s"


def lengths_label(queries: QueryInfo, lengths_s: Sequence[float]) -> str:
    """How many queries there are, of several lengths: ``1000 queries of 1, 2 and 3 s``."""
    *others, last = (f"{length_s:g}" for length_s in lengths_s)
    lengths = f"{', '.join(others)} and {last}" if others else last
    return f"{count_label(queries.n, 'query', 'queries')} of {lengths} s"


def tracks_label(queries: QueryInfo) -> str:
    """How many tracks the queries come from."""
    return count_label(queries.tracks, "track")


def clusters_label(queries: QueryInfo) -> str:
    """What intervals are over: so many groups of tracks, or tracks where groups are unknown."""
    if queries.groups is None:
        return "tracks"
    return count_label(queries.groups, "group")


def few_clusters_note(queries: QueryInfo) -> str | None:
    """Says that intervals are from few groups, or tracks; None if they are not."""
    if (queries.groups or queries.tracks) >= FEW:
        return None
    only = tracks_label(queries) if queries.groups is None else clusters_label(queries)
    return f"only {only}: intervals say little about other music"


def data_label(result: Result) -> str:
    """The dataset of a result, and the authors' protocol if it follows one."""
    protocol = result.protocol
    if protocol is None:
        return result.data.name
    rules = ", official rules" if protocol.rules == "official" else ""
    return f"{result.data.name}, {protocol.name} protocol {protocol.version}{rules}"


def curve_id(result: Result, curve: Curve) -> str:
    """What a curve has of its own in its result, for formats of others: ``hr@1/0.25s/exact/real``.

    One of a protocol begins with it and the length of its queries, such as ``nafp-1/2s``; one of a
    result with several lengths, with the length.
    """
    where = "track" if curve.tolerance_s is None else f"{curve.tolerance_s:g}s"
    name = f"{curve.metric}/{where}/{curve.index}/{curve.distractors}"
    protocol = result.protocol
    if protocol is None:
        several = any(other.query_length_s != curve.query_length_s for other in result.curves)
        return f"{curve.query_length_s:g}s/{name}" if several else name
    rules = "-official" if protocol.rules == "official" else ""
    return f"{protocol.name}-{protocol.version}{rules}/{curve.query_length_s:g}s/{name}"
