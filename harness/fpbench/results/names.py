"""What to call systems and measures where several are shown together."""

from collections.abc import Sequence

from fpbench.results.document import FingerprinterInfo


def system_label(
    system: FingerprinterInfo, shown: Sequence[FingerprinterInfo], *, dtype: bool
) -> str:
    """A system's name, with whatever sets it apart from others of that name.

    Args:
        shown: All systems beside it; itself may be among them.
        dtype: Whether arithmetic sets systems apart.

    Returns:
        Such as ``nafp (weights 2b432785, width=32)``.
    """
    namesakes = [other for other in shown if other.name == system.name]
    said = []
    if any(other.weights_sha256 != system.weights_sha256 for other in namesakes):
        digest = system.weights_sha256
        said.append(f"weights {digest[:8]}" if digest else "weights as shipped")
    said += [
        f"{key}={value}"
        for key, value in sorted(system.options.items())
        if any(other.options.get(key) != value for other in namesakes)
    ]
    if any(other.version != system.version for other in namesakes):
        said.append(f"{system.distribution} {system.version}")
    elif system.version == "-" and any(
        other.source_sha256 != system.source_sha256 for other in namesakes
    ):  # a file has no version that changes with it
        said.append(f"source {(system.source_sha256 or '?')[:8]}")
    if dtype and any(other.dtype != system.dtype for other in namesakes):
        said.append(system.dtype)
    return f"{system.name} ({', '.join(said)})" if said else system.name


def metric_label(metric: str, tolerance_s: float | None) -> str:
    """Such as ``HR@1 ±0.25 s``, or ``HR@1 track`` where a match may be anywhere in it."""
    where = "track" if tolerance_s is None else f"±{tolerance_s:g} s"
    return f"{metric.upper()} {where}"
