"""What a run cost, in a few lines and one table."""

from collections.abc import Iterator

from tabulate import tabulate

from fpbench.results.costs import Costs, IndexCost, Latency, StageCost
from fpbench.results.document import Result
from fpbench.results.fields import DistractorKind
from fpbench.results.lengths import split_by_length
from fpbench.results.names import metric_label
from fpbench.review.operating_points import OperatingPoint, is_on_front, operating_points
from fpbench.units import count_label, short_size, short_time

_MOST_STAGES = 3
_LEAST_SHARE = 0.05


def cost_tables(result: Result) -> list[str]:
    """A table of the indexes below some sentences; none for a result without costs."""
    if result.costs is None:
        return []
    parts = list(split_by_length(result))
    tables = [(part, table) for part in parts if (table := index_cost_table(part)) is not None]
    texts = [
        f"queries of {part.queries.length_s:g} s\n{table}" if len(parts) > 1 else table
        for part, table in tables
    ]
    return ["\n".join([cost_lines(result.costs), *texts])]


def cost_lines(costs: Costs) -> str:
    """What a run cost, where its time went, and the speed of its fingerprinter."""
    return "\n".join(_lines(costs))


def index_cost_table(result: Result) -> str | None:
    """Time, memory and hit rate of each index that was timed; None if none was.

    Where several were timed with as many rows, those on the Pareto front have a star: no other one
    is at least as good, as fast and as small, and better in one of the three.
    """
    points = operating_points(result)
    if not points:
        return None
    rows = [
        (*_index_row(point.cost), _rate_text(point) + " *" * is_on_front(point, points))
        for point in points
    ]
    first = result.curves[0]
    headers = [
        "index in memory",
        "rows",
        "ms per query",
        "of 100 at once",
        "bytes each",
        "per hour",
    ]
    headers.append(metric_label("hr@1", first.tolerance_s))
    aligned = ("left", *["right"] * 6)
    return tabulate(rows, headers=headers, colalign=aligned, disable_numparse=True)


def _rate_text(point: OperatingPoint) -> str:
    if point.rate is None:
        return "-"
    return f"{100 * point.rate:.1f} at {short_size(point.size)}"


def speed_text(costs: Costs) -> str:
    """The speed of the fingerprinter alone, such as ``410 × real time``; empty if unknown."""  # noqa: RUF002
    encoder = costs.encoder
    if encoder is None:
        return ""
    return f"{_short_number(encoder.x_real_time)} × real time"  # noqa: RUF001 - a product


def cost_text(result: Result, index: str, distractors: DistractorKind) -> str:
    """Speed of the fingerprinter and time and size of one index; empty if nothing is known."""
    if result.costs is None:
        return ""
    cost = result.costs.index(index, distractors)
    parts = [speed_text(result.costs)]
    if cost is not None and cost.rows and (latency := cost.latency(1)) is not None:
        parts.append(f"{ms_text(latency)} ms per query among {short_size(cost.rows)}")
    if cost is not None and cost.bytes_per_hour is not None:
        parts.append(f"{bytes_text(cost.bytes_per_hour)} per hour")
    return ", ".join(part for part in parts if part)


def ms_text(latency: Latency | None) -> str:
    """Milliseconds per query; a dash if unknown."""
    return "-" if latency is None else _short_number(latency.ms)


def bytes_text(size_bytes: int | float | None) -> str:
    """A size, such as ``3.69 MB``; a dash if unknown."""
    if size_bytes is None:
        return "-"
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= limit:
            return f"{_short_number(size_bytes / limit)} {unit}"
    return f"{_short_number(size_bytes)} B"


def _lines(costs: Costs) -> Iterator[str]:
    threads = f"{costs.threads} thread{'s' if costs.threads > 1 else ''}"
    memory = costs.peak_memory_bytes
    yield (
        f"cost of this run: {short_time(costs.wall_s)}, "
        f"{short_time(costs.processor_s)} of processors, {threads}"
        + ("" if memory is None else f", {bytes_text(memory)} of memory at most")
        + ("" if costs.load_after is None else f"; load of the machine {costs.load_after:.1f}")
    )
    made = [one for one in costs.stages if not one.cached and _share(one, costs) >= _LEAST_SHARE]
    made.sort(key=lambda one: -_share(one, costs))
    shown = [_stage_text(one, costs) for one in made[:_MOST_STAGES]]
    if shown:
        yield f"most of it: {'; '.join(shown)}"
    cached = sum(one.cached for one in costs.stages)
    if cached:
        yield f"from the cache: {cached} of {len(costs.stages)} stages"
    if costs.encoder is not None:
        when = ", measured by an earlier run" if costs.encoder.cached else ""
        yield f"fingerprinter: {speed_text(costs)}{when}"


def _share(one: StageCost, costs: Costs) -> float:
    """Share of the run's time; drawing and searching go on at the same time."""
    return (one.wall_s or 0.0) / max(costs.wall_s, 1e-9)


def _stage_text(one: StageCost, costs: Costs) -> str:
    text = f"{one.stage} {one.of} {100 * _share(one, costs):.0f} %"
    if one.workers is not None:
        text += f" of {count_label(one.workers, 'worker')}"
    if one.per_s is None:
        return text
    if one.unit == "seconds of audio":
        return f"{text} ({_short_number(one.per_s)} × real time)"  # noqa: RUF001 - a product
    return f"{text} ({short_size(int(float(f'{one.per_s:.3g}')))} {one.unit} a second)"


def _index_row(one: IndexCost) -> tuple[str, ...]:
    notes = ["a worker"] * (one.worker is not None) + ["earlier"] * one.cached
    return (
        f"{one.index}, {one.distractors}" + (f" ({', '.join(notes)})" if notes else ""),
        short_size(one.rows or 0),
        ms_text(one.latency(1)),
        ms_text(one.latency(100)),
        "-" if one.bytes_per_fingerprint is None else _short_number(one.bytes_per_fingerprint),
        bytes_text(one.bytes_per_hour),
    )


def _short_number(value: float) -> str:
    """Three significant digits, and all digits before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
